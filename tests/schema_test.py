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
    "tls": {"version": None, "cipher": None, "ktls_tx": False, "ktls_rx": False, "note": "",
            "full": 0, "resumed": 0, "failures": []},
    "started_at": "2026-01-01T00:00:00.000Z", "elapsed_s": 1.0,
    "connections": {"asked": 4, "opened": 4, "open_max": 4, "active_max": 3, "failed": 0,
                    "lost": 0, "reopened": 0},
    "requests": {"intended": 10, "sent": 9, "ok": 5, "failed": 2, "shed": 1,
                 "generator_side": 1, "in_flight_at_stop": 1},
    "rate": {"offered_rps": 10, "achieved_rps": 8.0, "error_rate": 0.375},
    "outcomes": {"ok": 5, "shed": 1, "timeout": 1, "peer_reset": 1, "ports_exhausted": 1},
    "status": {"200": 5, "429": 1}, "grpc_status": {}, "ws_close": {}, "grpc_message": {}, "messages": 0,
    "bytes": {"sent": 1, "received": 1},
    "latency": {"intended": SERIES, "service": SERIES, "connect": SERIES,
                "tls_handshake": EMPTY, "first_byte": SERIES, "message": EMPTY},
    "generator": {"cpu_s": 0.1, "cpu_us_per_request": 6.5, "threads": 1, "rings": 1,
                  "rss_bytes": 1, "bytes_per_idle_connection": 100, "lag_p99_us": 1,
                  "slots_left": 0, "saturated": False, "limits": []},
    "checks": [{"expression": "header ETag", "failed": 0, "checked": 8}],
    "thresholds": [{"expression": "errors<1", "ok": True, "value": 0.375}],
    "stages": [], "find": None, "diagnosis": None, "gaps": [], "notes": [],
    "exit_code": 0, "hold": None,
    "agents": [{"agent": "local", "host": "h", "release": "6.1", "clock": None, "samples": 2,
                "missed": 0, "cuts": 0, "lost": False, "complete": True, "why": None,
                "kernel": None, "sources": {}, "events": [], "events_seen": 0}],
    "timeline": {"row_s": 0.1, "rows": 2, "ended": [2, 3], "failed": [0, 1], "p99_us": [4, None],
                 "kernel": {"syn_recv": [None, 0]}},
}
HELD = {
    "opening_s": 1.5, "held_s": 30.0, "closing_s": 0.5,
    "established_rps": {"mean": 20000.0, "first_tenth": 21000.0, "last_tenth": None},
    "open_at_end": 4, "failed_by": {"connect_refused": 2, "ports_exhausted": 1},
    "lost_by": {"peer_reset": 2},
    "memory": {"user_bytes_per_connection": 100.4, "kernel_bytes_per_connection": None,
               "both_ends": True, "warm_bytes": 0, "cold_share": None},
    "tcp_memory_pressures": 0, "time_wait_overflows": 0, "reset": False,
}
SOUND_HOLD = copy.deepcopy(SOUND) | {
    "command": "hold", "hold": HELD,
    "connections": SOUND["connections"] | {"failed": 3, "lost": 2, "reopened": 2},
}


def with_change(path, value, sound=SOUND):
    """The sound summary with one value replaced, or a key removed (value KeyError)."""
    summary = copy.deepcopy(sound)
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
        ("checks", [{"expression": "x"}], "checks: failed is missing"),
        ("checks", [{"expression": "x", "failed": 2, "checked": 1}], "more failed than were"),
        ("checks", [{"expression": "x", "failed": 1, "checked": 1}], "more failed than ended"),
        ("thresholds", [{"expression": "x"}], "thresholds: ok is missing"),
        ("timeline.ended", [1], "columns of"),
        ("timeline.ended", [1, 1000], "more ended"),
        ("agents", [{"agent": "local"}], "agents: host is missing"),
        ("agents", [SOUND["agents"][0] | {"missed": 1}], "complete, and yet not"),
    ]
    for path, value, words in cases:
        found = schema.problems(with_change(path, value))
        tap.check(any(words in problem for problem in found), f"{path} = {value!r}: {found}")


@tap.test
def shed_requests_may_be_left_out_of_the_error_rate():
    tap.equal(schema.problems(with_change("rate.error_rate", 2 / 8)), [], "problems")


@tap.test
def a_sound_hold_passes():
    tap.equal(schema.problems(SOUND_HOLD), [], "problems")
    touched = HELD["memory"] | {"warm_bytes": 4096, "cold_share": 0.0}
    tap.equal(schema.problems(with_change("hold.memory", touched, SOUND_HOLD)), [], "problems")


@tap.test
def every_key_of_a_hold_that_is_missing_is_named():
    for key, below in schema.HOLD.items():
        paths = [f"hold.{key}.{name}" for name in below] if isinstance(below, dict) else []
        for path in [f"hold.{key}"] + paths:
            found = schema.problems(with_change(path, KeyError, SOUND_HOLD))
            tap.check(f"{path} is missing" in found, f"without {path}: {found}")


@tap.test
def what_is_wrong_with_a_hold_is_named():
    cases = [
        ("hold", None, "command hold with hold None"),
        ("command", "run", "command run with hold"),
        ("hold.reset", 0, "hold.reset"),
        ("hold.held_s", None, "hold.held_s"),
        ("hold.failed_by", {"connect_refused": 2}, "hold.failed_by adds up to 2"),
        ("hold.lost_by.peer_reset", 3, "hold.lost_by adds up to 3"),
        ("hold.lost_by", {"ok": 2}, "hold.lost_by.ok is not"),
        ("hold.failed_by", {"bad_luck": 3}, "hold.failed_by.bad_luck is not"),
        ("hold.open_at_end", 5, "open_at_end"),
        ("hold.established_rps.last_tenth", 0, "last_tenth is 0, not null"),
        ("hold.memory.kernel_bytes_per_connection", 0.0, "not null"),
        ("hold.memory.user_bytes_per_connection", 120.0, "the hold measured 120.0"),
        ("hold.memory.cold_share", 0.5, "without memory that was touched"),
        ("hold.memory.warm_bytes", 4096, "without memory that was touched"),
        ("hold.memory", HELD["memory"] | {"warm_bytes": 1, "cold_share": 1.5}, "cold_share is"),
    ]
    for path, value, words in cases:
        found = schema.problems(with_change(path, value, SOUND_HOLD))
        tap.check(any(words in problem for problem in found), f"{path} = {value!r}: {found}")


tap.main()
