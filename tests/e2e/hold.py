"""`brink hold`: connections that are opened, kept, asked, lost and opened again."""

import re
import signal
import time

import brink
import servers
import tap
from holds import MANY, SOURCES, all_answered, hold, local, roomy


@tap.test
def a_hundred_thousand_are_held_for_thirty_seconds_and_each_answers():
    with roomy() as target:
        summary, _ = hold(local(target), "-c", str(MANY), "-d", "30s", "--verify", "--source",
                          SOURCES, "-t", "1")
        tap.await_true(lambda: target.stats()["connections_open"] == 1, 5, "all are closed")
        stats = target.stats()
    all_answered(summary, MANY)
    tap.check(stats["connections_accepted"] >= MANY, f"accepted: {stats}")
    tap.check(summary["hold"]["held_s"] >= 29.9, f"held: {summary['hold']}")
    tap.equal(summary["generator"]["slots_left"], 0, "slots left")
    if not tap.SANITIZER:
        tap.check(summary["generator"]["rings"] > 1, "several rings under the descriptor limit")
        tap.between(summary["generator"]["bytes_per_idle_connection"], 1, 270,
                    "bytes a connection, the program's own 16 MB among them")


@tap.test
def a_lean_hold_answers_as_well_and_notices_losses():
    with roomy("--lean") as target:
        summary, _ = hold(local(target), "-c", "3000", "-d", "1s", "--verify", "--lean")
    all_answered(summary, 3000)


@tap.test
def connections_are_asked_in_turn_at_a_rate():
    with roomy() as target:
        summary, _ = hold(local(target), "-c", "500", "-d", "2s", "--request-rate", "1000")
        stats = target.stats()
    tap.between(summary["requests"]["ok"], 1900, 2001, "requests in two seconds")
    tap.equal(summary["requests"]["failed"], 0, "failed")
    tap.check(stats["requests"] >= summary["requests"]["ok"], f"{stats}")


@tap.test
def a_ping_asks_each_connection_every_period():
    with roomy() as target:
        summary, _ = hold(local(target), "-c", "400", "-d", "2s", "--ping", "1s")
    tap.between(summary["requests"]["ok"], 780, 801, "400 connections, twice each")


@tap.test
def churn_closes_and_opens_again():
    with roomy() as target:
        summary, _ = hold(local(target), "-c", "1000", "-d", "2s", "--churn", "10%/s")
        stats = target.stats()
    tap.between(summary["connections"]["reopened"], 150, 201, "100 a second, two seconds")
    tap.equal(summary["connections"]["lost"], 0, "lost")
    tap.check(stats["connections_accepted"] >= 1000 + summary["connections"]["reopened"],
              f"{stats}")


@tap.test
def a_stated_pace_of_opening_is_kept():
    with roomy() as target:
        summary, _ = hold(local(target), "-c", "1000", "-d", "100ms", "--connect-rate", "1000")
    tap.between(summary["hold"]["opening_s"], 0.9, 1.6, "1000 at 1000 a second")


def totals(said, word):
    """The number behind a word in the last progress line that has it; 0: none."""
    found = re.findall(word + r"\s+([\d,]+)", said)
    return int(found[-1].replace(",", "")) if found else 0


def dies_and_comes_back(count, lean):
    flags = ["--lean"] if lean else []
    with roomy(*flags) as first:
        port = first.port
        with brink.start(["hold", local(first), "-c", count, "--source", SOURCES, "--no-warm",
                          "--format", "json", *flags]) as load:
            tap.await_true(lambda: first.stats()["connections_open"] > count, 60, "all are open")
            first.signal(signal.SIGKILL)
            killed = time.monotonic()
            lines = []
            for line in load.child.stderr:
                lines.append(line)
                if totals(line, "lost") >= count:
                    break
            noticed = time.monotonic() - killed
            with roomy(*flags, port=port) as second:
                tap.await_true(lambda: second.stats()["connections_open"] > count, 60,
                               "all are open again")
                load.signal(signal.SIGINT)
                result = load.finish(timeout=60)
    summary = brink.summary_of(result)
    print(f"# {count:,} losses told {noticed:.2f} s after the kill", flush=True)
    lost = summary["hold"]["lost_by"]
    limit = 6 if tap.SANITIZER else 3 if lean else 2  # of 100,000 the kernel alone takes 1.3 s
    tap.check(noticed <= limit, f"{noticed:.1f} s until the line that told of all: {lines[-3:]}")
    tap.check(summary["connections"]["lost"] >= count, f"lost: {summary['connections']}")
    tap.equal(sum(lost.values()), summary["connections"]["lost"], f"by class: {lost}")
    tap.check(set(lost) <= {"peer_reset", "peer_closed"}, f"by class: {lost}")
    tap.equal(summary["connections"]["reopened"], summary["connections"]["lost"], "reopened")
    tap.equal(result.code, 130, "exit code after SIGINT")


@tap.test
def a_target_that_is_killed_loses_all_and_all_are_opened_again():
    dies_and_comes_back(3000, lean=False)


@tap.test
def so_it_is_where_nothing_is_armed_on_idle_connections():
    dies_and_comes_back(3000, lean=True)


@tap.test
def a_hundred_thousand_losses_are_told_within_two_seconds():
    tap.need_long()
    dies_and_comes_back(MANY, lean=False)


@tap.test
def with_nothing_armed_it_takes_a_second_more_at_most():
    tap.need_long()
    dies_and_comes_back(MANY, lean=True)


tap.main()
