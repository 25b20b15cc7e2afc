"""The honesty suite: the ways in which load generators commonly flatter a target, or themselves,
each brought about for real. What users of the service would have felt must stand in the report,
and what was the generator's own doing must be said to be so."""

import signal
import time

import brink
import cgroup
import netns
import servers
import tap

S = 1_000_000  # us


def sleep_until(instant):
    """The stimulus of these tests is time itself; everything else is waited for."""
    time.sleep(max(0.0, instant - time.monotonic()))


def under_way(port, count=1):
    """Waits until a run has its connections."""
    tap.await_true(lambda: servers.accepted(port) >= count, 5, "the run is under way")


def run_args(url, *flags):
    return ["run", url, *flags, "--format", "json", "--accept-saturated"]


def freeze(target, process, from_s, for_s, timeout):
    """Stops the target for a while, counted from when the run is under way."""
    under_way(target.port)
    start = time.monotonic()
    sleep_until(start + from_s)
    target.signal(signal.SIGSTOP)
    sleep_until(start + from_s + for_s)
    target.signal(signal.SIGCONT)
    result = process.finish(timeout)
    return brink.summary_of(result), result


# --- time that the target was away ----------------------------------------------------------


@tap.test
def three_seconds_stopped_are_in_the_intended_latency():
    """1000/s for 9 s, stopped for 3 of them: a third of all requests was due in the stop and
    waited from 3 s down to nothing, so that 1 % of all waited for 2.91 s or more."""
    with servers.Target() as target:
        args = run_args(target.url, "-R", "1000", "-c", "10", "-d", "9s")
        with brink.start(args) as process:
            summary, _ = freeze(target, process, 3, 3, 20)
    p99 = summary["latency"]["intended"]["p99_us"]
    tap.between(p99, 2.6 * S, 3.1 * S, "p99 of the intended latency")
    tap.between(summary["latency"]["intended"]["max_us"], 2.9 * S, 3.6 * S, "its maximum")
    tap.between(summary["requests"]["intended"], 8999, 9001, "requests that were due")
    tap.check(summary["latency"]["service"]["p99_us"] < p99 / 2,
              f"service latency counts from the writing: {summary['latency']['service']}")


@tap.test
def two_seconds_frozen_are_the_maximum_in_a_closed_loop():
    with servers.Target() as target:
        with brink.start(run_args(target.url, "-c", "10", "-d", "3s")) as process:
            summary, _ = freeze(target, process, 0.5, 2.1, 20)
    for kind in ("intended", "service"):
        tap.check(summary["latency"][kind]["max_us"] >= 2 * S,
                  f"maximum of {kind}: {summary['latency'][kind]}")


@tap.test
def a_target_that_dies_and_comes_back_is_reported_as_both():
    with servers.Target() as target:
        args = run_args(target.url, "-R", "500", "-c", "10", "-d", "3s", "--timeout", "500ms")
        with brink.start(args) as process:
            under_way(target.port)
            start = time.monotonic()
            sleep_until(start + 0.8)
            target.stop(signal.SIGKILL)
            sleep_until(start + 1.6)
            with servers.Target(listen=f"127.0.0.1:{target.port}") as again:
                result = process.finish(20)
                served_again = again.stats()["requests"]
    summary = brink.summary_of(result)
    outcomes = brink.outcomes(summary)
    tap.equal(result.code, 0, f"exit code: {result}")
    tap.between(summary["requests"]["intended"], 1499, 1501, "requests that were due")
    tap.check(served_again >= 300, f"{served_again} requests after it came back: {result}")
    tap.between(outcomes["ok"], 700, 1300, f"answers, of {outcomes}")
    tap.check(outcomes.get("connect_refused", 0) > 50, f"refusals while it was away: {outcomes}")
    tap.check(summary["connections"]["lost"] + summary["requests"]["failed"] > 0,
              f"connections that it took along: {summary['connections']}")
    tap.check(summary["connections"]["reopened"] >= 1, f"{summary['connections']}")


# --- connections that are not there ---------------------------------------------------------


def beyond_the_limit(server):
    """200 connections asked of a server that has 64; the report has to say in words that they
    were fewer."""
    summary = brink.load(server.url + "/", "-c", "200", "-d", "2s", "--timeout", "1s", "-t", "1")
    connections = summary["connections"]
    tap.equal(connections["asked"], 200, "connections asked for")
    fewer = {str(connections[key]) for key in ("open_max", "active_max")} - {"200"}
    remarks = [note for note in summary["notes"] if fewer & set(note.split())]
    tap.check(remarks, f"{connections}, and no remark tells: {summary['notes']}")
    return summary


@tap.test
def connections_beyond_nginxs_limit_are_not_claimed():
    """nginx closes what it accepts beyond worker_connections; some of the 64 are its own. For a
    moment the kernel has all 200 open: that many answered at once there are never."""
    with servers.Nginx(worker_connections=64) as nginx:
        summary = beyond_the_limit(nginx)
    connections = summary["connections"]
    tap.between(connections["active_max"], 40, 64, f"connections answered at once: {connections}")
    tap.check(connections["lost"] > 100, f"connections that nginx closed: {connections}")
    tap.check(summary["requests"]["failed"] > 0, f"failures: {summary['requests']}")


@tap.test
def connections_in_haproxys_queue_are_open_but_not_active():
    """Beyond maxconn haproxy does not accept: the kernel completes the connection, nobody
    answers. Open it is; active it is not."""
    with servers.Haproxy(maxconn=64) as haproxy:
        summary = beyond_the_limit(haproxy)
        sessions = int(haproxy.frontend()["smax"])
    connections = summary["connections"]
    tap.equal(sessions, 64, "sessions at once that haproxy saw")
    tap.between(connections["active_max"], 60, 64, f"connections answered at once: {connections}")
    tap.equal(connections["open_max"], 200, "connections open at once")
    tap.check(summary["outcomes"].get("timeout", 0) > 100, f"{brink.outcomes(summary)}")


def on_a_hundred_ports(form):
    with netns.Namespace() as ns:
        ns.sysctl("net.ipv4.ip_local_port_range", "40000 40099")
        with servers.Target(prefix=ns.prefix) as target:
            return brink.run(["run", target.url + "/", "-c", "300", "-d", "1s", "--format", form],
                             prefix=ns.prefix)


@tap.test
def a_hundred_ports_make_a_hundred_connections_and_an_invalid_result():
    result = on_a_hundred_ports("json")
    summary = brink.summary_of(result)
    tap.equal(result.code, 6, f"exit code: {result}")
    tap.check(summary["outcomes"].get("ports_exhausted", 0) > 0, f"{brink.outcomes(summary)}")
    tap.between(summary["connections"]["open_max"], 99, 100, "connections open at once")
    tap.equal(summary["connections"]["asked"], 300, "connections asked for")
    tap.equal(summary["rate"]["error_rate"], 0, "error rate: the target did nothing wrong")
    tap.check(summary["generator"]["saturated"], "the generator was the limit")
    tap.check("ports" in summary["generator"]["limits"], f"{summary['generator']['limits']}")


@tap.test
def the_text_says_how_many_ports_there_are_and_what_to_do():
    result = on_a_hundred_ports("text")
    tap.equal(result.code, 6, f"exit code: {result}")
    said = result.out + result.err
    for word in ("port", "100", "40000", "40099", "ip_local_port_range"):
        tap.contains(said, word, "the report")


# --- answers that are none ------------------------------------------------------------------


@tap.test
def nothing_but_503_is_an_error_rate_of_one():
    with servers.Target("--status", "503") as target:
        summary = brink.load(target.url + "/", "-n", "500", "-c", "10", code=3)
    tap.equal(summary["rate"]["error_rate"], 1.0, "error rate")
    tap.equal(brink.outcomes(summary), {"http_5xx": 500}, "outcomes")
    tap.equal(summary["status"], {"503": 500}, "answers by status")


@tap.test
def nothing_but_503_fails_even_where_thresholds_hold():
    """Of several exit codes, 3 comes before 99."""
    with servers.Target("--status", "503") as target:
        brink.load(target.url + "/", "-n", "100", "--threshold", "errors<1%", code=3)
        brink.load(target.url + "/", "-n", "100", "--threshold", "p(99)<10s", code=3)


@tap.test
def some_503_are_an_error_rate_of_their_share():
    with servers.Target("--fault", "status-429:50%") as target:
        summary = brink.load(target.url + "/", "-n", "2000", "-c", "10", code=0)
        tap.between(summary["rate"]["error_rate"], 0.4, 0.6, "error rate")
        brink.load(target.url + "/", "-n", "2000", "-c", "10", "--threshold", "errors<1%", code=99)
        brink.load(target.url + "/", "-n", "2000", "-c", "10", "--threshold", "errors<1%",
                   "--shed-ok", code=0)


@tap.test
def a_refused_connection_is_a_failure_and_not_a_busy_loop():
    port = servers.free_port()
    summary = brink.load(f"http://127.0.0.1:{port}/", "-c", "10", "-d", "1s", code=3)
    tap.equal(set(brink.outcomes(summary)), {"connect_refused"}, "outcomes")
    tap.equal(summary["rate"]["error_rate"], 1.0, "error rate")
    tap.check(summary["generator"]["cpu_s"] < 0.7 or tap.SANITIZER,
              f"a loop that burns a core: {summary['generator']}")


@tap.test
def a_thousand_interim_answers_count_as_no_answer():
    interim = b"HTTP/1.1 100 Continue\r\n\r\n" * 1000
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    def answer(sock, server):
        while servers.read_request(sock):
            server.counted()
            sock.sendall(interim + final)

    with servers.Raw(answer) as raw:
        summary = brink.load(raw.url + "/", "-n", "300", "-c", "4", code=0)
    tap.equal(brink.outcomes(summary), {"ok": 300}, "outcomes")
    tap.equal(raw.count, 300, "requests that the server read")
    tap.equal(summary["requests"]["sent"], 300, "requests sent")
    tap.equal(summary["status"], {"200": 300}, "answers by status")


@tap.test
def a_truncated_body_is_never_ok():
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100

    def truncate(at):
        def answer(sock, server):
            if servers.read_request(sock):
                server.counted()
                sock.sendall(whole[:at])
        return answer

    for at in (1, 16, 17, 40, len(whole) - 100, len(whole) - 1):
        with servers.Raw(truncate(at)) as raw:
            summary = brink.load(raw.url + "/", "-n", "20", "-c", "4", code=3)
        tap.equal(brink.outcomes(summary), {"truncated": 20}, f"outcomes of {at} bytes")
        tap.equal(raw.count, 20, "requests that the server read")


# --- the report is written ------------------------------------------------------------------


def stopped(number, frozen, signals=1):
    """A run that gets a signal (or two) while its target answers, or does not."""
    with servers.Target() as target:
        with brink.start(run_args(target.url, "-c", "10", "-d", "30s")) as process:
            under_way(target.port, 10)
            time.sleep(0.2)
            if frozen:
                target.signal(signal.SIGSTOP)
            start = time.monotonic()
            process.signal(number)
            if signals == 2:
                time.sleep(0.05)
                process.signal(number)
            result = process.finish(10)
            return result, time.monotonic() - start


@tap.test
def the_first_signal_ends_in_a_report_within_a_second():
    for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        for frozen in (False, True):
            result, seconds = stopped(number, frozen)
            summary = brink.summary_of(result)
            tap.equal(result.code, code, f"exit code: {result}")
            tap.check(seconds < 1.0 * (4 if tap.SANITIZER else 1),
                      f"{seconds:.2f} s after the signal, frozen: {frozen}")
            tap.check(summary["requests"]["ok"] > 100, f"{summary['requests']}")
            tap.equal(summary["elapsed_s"] < 5, True, "elapsed time is what elapsed")


@tap.test
def the_second_signal_quits_at_once():
    for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        result, seconds = stopped(number, frozen=True, signals=2)
        tap.check(result.code in (code, -number), f"exit code {code} expected: {result}")
        tap.check(seconds < 0.5 * (4 if tap.SANITIZER else 1), f"{seconds:.2f} s")


@tap.test
def a_report_that_cannot_be_written_is_an_error():
    with servers.Target() as target:
        for form in ("text", "json", "csv", "hdr"):
            with open("/dev/full", "w", encoding="ascii") as full:
                result = brink.run(["run", target.url, "-n", "50", "--format", form],
                                   stdout=full)
            tap.equal(result.code, 1, f"exit code of {form}: {result}")
            tap.contains(result.err, "No space left", "the message")


# --- the generator's own limits -------------------------------------------------------------


SQUEEZED = ("-R", "20000", "-c", "32", "-d", "3s", "--timeout", "2s")


@tap.test
def a_generator_held_to_a_tenth_of_a_core_says_so():
    with servers.Target() as target, cgroup.Quota(percent=10) as quota:
        args = ["run", target.url + "/", *SQUEEZED, "--format", "json"]
        result = brink.run(args, prefix=quota.prefix)
    summary = brink.summary_of(result)
    tap.equal(result.code, 6, f"exit code: {result}")
    tap.check(summary["generator"]["saturated"], "the generator was the limit")
    tap.check("cpu" in summary["generator"]["limits"], f"limits: {summary['generator']}")


@tap.test
def a_generator_at_its_ease_is_not_accused():
    """The opposite: a light load must be found valid. The machine may be busy just then, so one
    attempt in three has to do."""
    with servers.Target() as target:
        for _ in range(3):
            result = brink.run(["run", target.url + "/", "-R", "200", "-c", "4", "-d", "1s",
                                "--format", "json"])
            summary = brink.summary_of(result)
            if not summary["generator"]["saturated"]:
                tap.equal(result.code, 0, f"exit code: {result}")
                return
    raise tap.Failure(f"three times saturated at 200/s: {result}")


@tap.test
def a_descriptor_limit_is_the_generators_and_not_the_targets():
    """50 descriptors, 200 connections asked for. Direct ones would suffice: a ring has as many of
    its own as the limit says, and there may be several rings."""
    limited = ["sh", "-c", 'ulimit -n 50 && exec "$@"', "sh"]
    with servers.Target() as target:
        result = brink.run(["run", target.url + "/", "-c", "200", "-n", "2000", "--format",
                            "json", "--timeout", "2s"], prefix=limited,
                           env={"BRINK_DISABLE": "direct"})
    if result.code in (1, 4):  # refused in words is honest too
        tap.contains(result.err, "descriptor", "the message")
        return
    summary = brink.summary_of(result)
    tap.equal(result.code, 6, f"exit code: {result}")
    tap.check(summary["outcomes"].get("descriptors_exhausted", 0) > 0, f"outcomes: {result}")
    tap.equal(summary["rate"]["error_rate"], 0, "error rate")
    tap.check("descriptors" in summary["generator"]["limits"], f"{summary['generator']}")


tap.main()
