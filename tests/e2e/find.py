"""brink find against targets whose capacity is known."""

import signal

import brink
import cgroup
import servers
import tap
from finds import QUEUE, QUICK, TIMES, breaks_near, find, knee_below

LIMITED_TIMES = 10 if tap.LONG else 1


@tap.test
def the_capacity_of_a_target_is_found_by_rate():
    for _ in range(TIMES):
        with servers.Target(*QUEUE) as target:
            summary, result = find(target.url + "/")
        tap.equal(result.code, 0, f"exit code of {result}")
        knee_below(summary, breaks_near(summary, 4000, 0.05))
        tap.between(result.seconds, 0, 60, "seconds that the search took")
        tap.check(summary["find"]["shedding"], "it is said to shed what is too much")
        tap.equal(summary["find"]["breaking_point"]["reason"], "error_rate", "reason")
        tap.between(summary["find"]["recovery_s"], 0, 1, "recovery")


@tap.test
def the_capacity_of_a_target_is_found_by_connections():
    for _ in range(TIMES):
        with servers.Target("--servers", "64", "--service-time", "10ms") as target:
            summary, result = find(target.url + "/", "--variable", "connections")
        tap.equal(result.code, 0, f"exit code of {result}")
        point = breaks_near(summary, 64, 0.05)
        tap.equal(point["reason"], "throughput", "reason")
        knee_below(summary, point)
        tap.between(result.seconds, 0, 60, "seconds that the search took")


@tap.test
def a_target_that_never_breaks_has_no_breaking_point():
    with servers.Target() as target:
        summary, result = find(target.url + "/", "--to", "800", "--hold", "1s", "--watch", "1s")
    tap.equal(result.code, 0, f"exit code of {result}")
    tap.equal(summary["find"]["breaking_point"], None, "breaking point")
    tap.equal(summary["find"]["steps"][-1]["value"], 800, "the last load")


@tap.test
def a_squeezed_generator_never_leads_to_a_verdict():
    for _ in range(LIMITED_TIMES):
        with servers.Target(*QUEUE) as target, cgroup.Quota(percent=20) as quota:
            summary, result = find(target.url + "/", prefix=quota.prefix)
        tap.equal(result.code, 6, f"exit code of {result}")
        tap.equal(summary["find"]["breaking_point"], None, "breaking point")
        tap.check(summary["find"]["generator_limited"], "the generator was the limit")
        tap.check("cpu" in summary["generator"]["limits"], f"limits: {summary['generator']}")


@tap.test
def a_signal_ends_a_search_with_what_it_found():
    with servers.Target(*QUEUE) as target:
        with brink.start(["find", target.url + "/", "--format", "json", "-v"]) as process:
            tap.await_true(lambda: target.stats()["requests"] > 300, 20, "some steps are over")
            process.signal(signal.SIGINT)
            result = process.finish(timeout=10)
    summary = brink.summary_of(result)
    tap.equal(result.code, 130, "exit code")
    tap.check(summary["find"]["steps"], "the steps that were finished")
    tap.equal(summary["find"]["breaking_point"], None, "breaking point")


@tap.test
def the_text_shows_table_curve_and_points():
    with servers.Target(*QUEUE) as target:
        result = brink.run(["find", target.url + "/", *QUICK, "--confirm", "1"], timeout=150)
    for text in ("VERDICT     breaks at", "KNEE", "RECOVERY", "GENERATOR", "broken (error_rate)",
                 "latency, o p50, * p99"):
        tap.contains(result.out, text, "the report")


@tap.test
def what_a_search_cannot_do_is_refused():
    url = "http://127.0.0.1:1/"
    for flags, word in ((("--factor", "1"), "--factor"), (("--from", "10", "--to", "5"), "--from"),
                        (("-R", "5"), "-R"), (("--variable", "rats"), "rats"),
                        (("--variable", "connections", "-c", "5"), "--connections"),
                        (("--to", "90k", "--max-rate", "10"), "--max-rate")):
        result = brink.run(["find", url, *flags])
        tap.check(result.code in (2, 4), f"refused: {result}")
        tap.contains(result.err, word, "the error")


tap.main()
