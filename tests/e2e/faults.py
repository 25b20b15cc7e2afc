"""Every fault of brink target, against the class that each must get: never a crash, never a
hang, never a broken answer that counts as ok, and books that balance.

The table below is our own reading of RFC 9112 and of the outcomes' meaning, so that a wrong row
in the target's table does not go unnoticed. A fault that is not in it fails."""

import brink
import servers
import tap

REQUESTS = 20
TIMEOUT_S = 0.3
DURATION_S = 1.0
RSS_MAX = 64 << 20  # a hostile answer must not make memory grow

# Outcomes by fault; more than one where it is a race, or where RFC 9112 leaves the choice.
EXPECTED = {
    "peer_reset": "rst-request rst-head rst-body rst-chunk",
    "peer_reset connect_reset write_failed": "rst-accept",
    "peer_closed peer_reset write_failed": "fin-accept",
    "peer_closed": "fin-request half-close-request",
    "truncated": "fin-head fin-body fin-chunk fin-last-chunk",
    "malformed":
        "cl-negative cl-plus cl-letters cl-overflow cl-differ cl-and-te te-after-chunked "
        "bad-chunk chunk-overflow chunk-no-crlf nul-header cr-header obs-fold bare-lf "
        "space-colon no-colon http09 http2-version status-2-digits status-4-digits status-999 "
        "garbage",
    "too_large": "header-64k headers-10000 headers-endless trailers-endless flood-1xx-endless",
    "desync": "surplus two-answers",
    # What was sent before the request and is read behind it cannot be told from its answer.
    "desync ok": "unasked",
    "desync malformed": "status-204-body",
    "timeout": "silent slow cl-huge body-endless",
    "shed": "status-503-retry status-429",
    "ok malformed": "cl-same cl-list no-reason",
    # The next request may be on its way before the end of the connection is seen.
    "ok peer_closed": "fin-after half-close",
    "ok peer_reset write_failed": "rst-after",
    "ok":
        "flood-1xx gzip-bomb trickle empty-reason lower-case no-space "
        "empty-body early-hints chunked chunked-ext-trailers gzip-chunked close-delimited "
        "http10 status-304-length",
}
CLASSES = {name: set(classes.split())
           for classes, names in EXPECTED.items() for name in names.split()}


def meet(fault, *flags, connections=4):
    """A short run against a target that does nothing but this."""
    with servers.Target("--fault", fault) as target:
        result = brink.run(["run", target.url + "/", "-c", connections, "-n", REQUESTS,
                            "-d", f"{DURATION_S}s", "--timeout", f"{int(TIMEOUT_S * 1000)}ms",
                            "--format", "json", "--accept-saturated", *flags])
    summary = brink.summary_of(result)
    ended_in_time(result)
    return summary, result


def ended_in_time(result):
    limit = DURATION_S + brink.GRACE_S
    tap.check(result.seconds < limit, f"took more than {limit} s: {result}")


def judge(name, classes):
    summary, result = meet(name)
    got = set(brink.outcomes(summary))
    tap.check(got, f"nothing ended: {result}")
    tap.check(got <= classes, f"{name}: outcomes {got}, expected {classes}: {result}")
    if classes == {"ok"}:
        tap.equal(summary["outcomes"]["ok"], REQUESTS, f"{name}: answers that were ok")
    if "ok" not in classes:
        tap.equal(result.code, 3, f"{name}: exit code where no request succeeded")
        tap.equal(summary["rate"]["error_rate"], 1.0, f"{name}: error rate")
    if not tap.SANITIZER:
        tap.check(summary["generator"]["rss_bytes"] < RSS_MAX, f"{name}: memory: {result}")


def case(name, classes):
    tap.add(f"{name} ends as {' or '.join(sorted(classes))}", lambda: judge(name, classes))


# Met over HTTP/2 alone. What was left out or refused may be tried again, and is, until its time is
# over.
OVER_HTTP2 = {
    "rst-stream": {"stream_reset"},
    "refused-stream": {"stream_reset"},
    "goaway": {"goaway"},
}


@tap.test
def every_fault_of_the_target_has_an_expectation_here():
    tap.equal(set(brink.words(["target", "--list-faults"])), set(CLASSES) | set(OVER_HTTP2),
              "names of faults")


for _name, _classes in CLASSES.items():
    case(_name, _classes)


def judge_over_http2(name, classes):
    with servers.Target("--fault", name) as target:
        result = brink.run(["run", target.url + "/", "--http2", "-m", "2", "-c", "2", "-n",
                            REQUESTS, "-d", f"{DURATION_S}s", "--timeout",
                            f"{int(TIMEOUT_S * 1000)}ms", "--format", "json",
                            "--accept-saturated"])
    ended_in_time(result)
    got = set(brink.outcomes(result.json))
    tap.check(got and got <= classes, f"{name}: outcomes {got}, expected {classes}: {result}")


for _name, _classes in OVER_HTTP2.items():
    tap.add(f"{_name} over HTTP/2 ends as {' or '.join(sorted(_classes))}",
            lambda name=_name, classes=_classes: judge_over_http2(name, classes))


@tap.test
def a_timeout_is_recorded_at_its_value():
    summary, _ = meet("silent")
    for kind in ("intended", "service"):
        tap.between(summary["latency"][kind]["min_us"], TIMEOUT_S * 1e6 - 2000, 1e6,
                    f"fastest of {kind}")


@tap.test
def a_broken_threshold_is_exit_code_99_where_some_requests_succeed():
    _, result = meet("rst-body:50%", "--threshold", "errors<1%")
    tap.equal(result.code, 99, f"exit code: {result}")


@tap.test
def a_mixture_of_faults_balances_on_two_threads():
    mixture = ["rst-body:10%", "fin-head:10%", "bad-chunk:10%", "surplus:10%", "silent:2%",
               "two-answers:5%", "fin-accept:5%", "status-429:5%", "trickle:5%"]
    flags = [word for fault in mixture for word in ("--fault", fault)]
    with servers.Target(*flags) as target:
        for pipeline in ("1", "8"):
            result = brink.run(["run", target.url + "/", "-c", "32", "-t", "2", "-R", "2000",
                                "--pipeline", pipeline, "-d", f"{DURATION_S}s", "--timeout",
                                "300ms", "--format", "json", "--accept-saturated"])
            summary = brink.summary_of(result)
            ended_in_time(result)
            tap.check(len(brink.outcomes(summary)) >= 5, f"outcomes: {result}")
            tap.check(summary["outcomes"]["ok"] > 0, f"none was ok: {result}")


tap.main()
