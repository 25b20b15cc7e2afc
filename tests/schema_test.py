"""tests/lib/schema.py: a summary that is right passes, and each way to be wrong is named."""

import copy
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "lib"))

import schema  # noqa: E402
import tap  # noqa: E402

EMPTY = dict.fromkeys(schema.LATENCY, None) | {"count": 0}
SERIES = {"count": 9, "min_us": 1, "mean_us": 2.5, "p50_us": 2, "p90_us": 3, "p95_us": 3,
          "p99_us": 4, "p999_us": 5, "p9999_us": 5, "max_us": 5}
SOUND = {
    "schema": "brink.summary/1", "command": "run", "version": "0.1.0",
    "target": "http://127.0.0.1:8080/", "protocol": "h1", "model": "open",
    "tls": {"version": None, "cipher": None, "ktls_tx": False, "ktls_rx": False, "note": ""},
    "started_at": "2026-01-01T00:00:00.000Z", "elapsed_s": 1.0,
    "connections": {"asked": 4, "opened": 4, "open_max": 4, "active_max": 3, "failed": 0,
                    "lost": 0, "reopened": 0},
    "requests": {"intended": 10, "sent": 9, "ok": 5, "failed": 2, "shed": 1,
                 "generator_side": 1, "in_flight_at_stop": 1},
    "rate": {"offered_rps": 10, "achieved_rps": 8.0, "error_rate": 0.375},
    "outcomes": {"ok": 5, "shed": 1, "timeout": 1, "peer_reset": 1, "ports_exhausted": 1},
    "status": {"200": 5, "429": 1}, "bytes": {"sent": 1, "received": 1},
    "latency": {"intended": SERIES, "service": SERIES, "connect": SERIES,
                "tls_handshake": EMPTY, "first_byte": SERIES},
    "generator": {"cpu_s": 0.1, "cpu_us_per_request": 6.5, "threads": 1, "rings": 1,
                  "rss_bytes": 1, "bytes_per_idle_connection": 100, "lag_p99_us": 1,
                  "slots_left": 0, "saturated": False, "limits": []},
    "thresholds": [{"expression": "errors<1", "ok": True, "value": 0.375}],
    "stages": [], "find": None, "diagnosis": None, "gaps": [], "notes": [],
    "exit_code": 0,
}


def with_change(path, value):
    """The sound summary with one value replaced, or a key removed (value None at a number)."""
    summary = copy.deepcopy(SOUND)
    *parents, key = path.split(".")
    place = summary
    for parent in parents:
        place = place[parent]
    if value is KeyError:
        del place[key]
    else:
        place[key] = value
    return summary


@tap.test
def a_sound_summary_passes():
    tap.equal(schema.problems(SOUND), [], "problems")


@tap.test
def every_key_that_is_missing_is_named():
    for key, below in schema.SHAPE.items():
        paths = [f"{key}.{name}" for name in below] if isinstance(below, dict) else []
        for path in [key] + paths:
            found = schema.problems(with_change(path, KeyError))
            tap.check(f"{path} is missing" in found, f"without {path}: {found}")


@tap.test
def a_value_of_the_wrong_type_is_named():
    for path, value in (("elapsed_s", "1"), ("elapsed_s", True), ("requests.sent", 1.5),
                        ("generator.saturated", 0), ("connections", []), ("target", None)):
        found = schema.problems(with_change(path, value))
        tap.check(found and path in found[0], f"{path} = {value!r}: {found}")


@tap.test
def what_does_not_add_up_is_named():
    cases = [
        ("requests.intended", 11, "sum of its parts"),
        ("requests.failed", 1, "sum of its parts"),
        ("requests.sent", 12, "more sent than intended"),
        ("outcomes.timeout", 2, "outcomes add up to"),
        ("outcomes.bad_luck", 0, "bad_luck"),
        ("outcomes", {"ok": 5, "shed": 1, "timeout": 3}, "requests.failed"),
        ("rate.error_rate", 0.3, "error_rate"),
        ("rate.offered_rps", None, "offered_rps"),
        ("model", "closed", "offered_rps"),
        ("connections.active_max", 5, "more active than open"),
        ("status", {"20": 1}, "status 20"),
        ("exit_code", 2, "exit_code"),
        ("schema", "brink.summary/2", "schema"),
        ("latency.service.p90_us", 9, "not monotone"),
        ("latency.service.mean_us", 9, "mean"),
        ("latency.service.p99_us", None, "lacks p99_us"),
        ("latency.tls_handshake.max_us", 0, "empty"),
        ("thresholds", [{"expression": "x"}], "thresholds: ok is missing"),
    ]
    for path, value, words in cases:
        found = schema.problems(with_change(path, value))
        tap.check(any(words in problem for problem in found), f"{path} = {value!r}: {found}")


@tap.test
def shed_requests_may_be_left_out_of_the_error_rate():
    tap.equal(schema.problems(with_change("rate.error_rate", 2 / 8)), [], "problems")


tap.main()
