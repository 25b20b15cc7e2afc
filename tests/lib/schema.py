"""schema: holds a summary (`--format json`) to brink.summary/1: keys, types, and books that
balance. Pure: takes the parsed JSON, returns a list of what is wrong with it."""

NUMBER = (int, float)
MAYBE_TEXT = (str, type(None))
MAYBE_NUMBER = (int, float, type(None))
MAYBE_OBJECT = (dict, type(None))

SHAPE = {
    "schema": str, "command": str, "version": str, "target": str, "protocol": str, "model": str,
    "started_at": str, "elapsed_s": NUMBER, "exit_code": int,
    "tls": {"version": MAYBE_TEXT, "cipher": MAYBE_TEXT, "ktls_tx": bool, "ktls_rx": bool,
            "note": str, "full": int, "resumed": int, "failures": list},
    "connections": dict.fromkeys(
        ("asked", "opened", "open_max", "active_max", "failed", "lost", "reopened"), int),
    "requests": dict.fromkeys(
        ("intended", "sent", "ok", "failed", "shed", "generator_side", "in_flight_at_stop"), int),
    "rate": {"offered_rps": MAYBE_NUMBER, "achieved_rps": NUMBER, "error_rate": NUMBER},
    "outcomes": dict, "status": dict, "grpc_status": dict, "grpc_message": dict, "messages": int,
    "ws_close": dict,
    "bytes": {"sent": int, "received": int},
    "latency": {"intended": dict, "service": dict, "connect": dict, "tls_handshake": dict,
                "first_byte": dict, "message": dict},
    "generator": {"cpu_s": NUMBER, "cpu_us_per_request": NUMBER, "threads": int, "rings": int,
                  "rss_bytes": int, "bytes_per_idle_connection": int, "lag_p99_us": NUMBER,
                  "slots_left": int, "saturated": bool, "limits": list},
    "checks": list, "thresholds": list, "stages": list, "find": MAYBE_OBJECT, "diagnosis": MAYBE_OBJECT,
    "gaps": list, "notes": list, "hold": MAYBE_OBJECT, "agents": list,
    "timeline": {"row_s": NUMBER, "rows": int, "ended": list, "failed": list, "p99_us": list,
                 "kernel": dict},
}
AGENT = {"agent": str, "host": str, "release": str, "clock": MAYBE_OBJECT, "samples": int,
         "missed": int, "cuts": int, "lost": bool, "complete": bool, "why": MAYBE_TEXT,
         "kernel": MAYBE_OBJECT, "sources": dict, "events": list, "events_seen": int}
HOLD = {
    "opening_s": NUMBER, "held_s": NUMBER, "closing_s": NUMBER,
    "established_rps": dict.fromkeys(("mean", "first_tenth", "last_tenth"), MAYBE_NUMBER),
    "open_at_end": int, "failed_by": dict, "lost_by": dict,
    "memory": {"user_bytes_per_connection": MAYBE_NUMBER,
               "kernel_bytes_per_connection": MAYBE_NUMBER, "both_ends": bool,
               "warm_bytes": int, "cold_share": MAYBE_NUMBER},
    "tcp_memory_pressures": MAYBE_NUMBER, "time_wait_overflows": MAYBE_NUMBER, "reset": bool,
}
FIND = {
    "variable": str, "steps": list, "knee": MAYBE_OBJECT, "breaking_point": MAYBE_OBJECT,
    "queueing_from": MAYBE_NUMBER, "unresponsive_from": MAYBE_NUMBER, "recovery_s": MAYBE_NUMBER,
    "returns_at": MAYBE_NUMBER, "shedding": bool, "generator_limited": bool,
    "aftermath": MAYBE_OBJECT,
}
STEP = {
    "value": NUMBER, "offered_rps": NUMBER, "achieved_rps": NUMBER, "ok_rps": NUMBER,
    "p50_us": MAYBE_NUMBER, "p99_us": MAYBE_NUMBER, "count": int, "error_rate": NUMBER,
    "refused_rate": NUMBER, "state": str, "reason": MAYBE_TEXT, "drifting": bool,
    "returning": bool,
}
POINT = {"value": NUMBER, "low": NUMBER, "high": NUMBER}
STATES = {"ok", "queueing", "broken", "unresponsive", "generator_limited"}
REASONS = {"error_rate", "queueing", "throughput", "unresponsive"}
LATENCY = ("count", "min_us", "mean_us", "p50_us", "p90_us", "p95_us", "p99_us", "p999_us",
           "p9999_us", "max_us")
MONOTONE = ("min_us", "p50_us", "p90_us", "p95_us", "p99_us", "p999_us", "p9999_us", "max_us")

GENERATOR_SIDE = {"ports_exhausted", "descriptors_exhausted", "memory_exhausted", "generator"}
TARGET_SIDE = set(
    "dns connect_refused connect_timeout connect_unreachable connect_reset tls_handshake "
    "tls_certificate write_failed peer_reset peer_closed truncated goaway stream_reset timeout "
    "malformed too_large desync http_4xx http_5xx grpc_status ws_close check_failed "
    "unsent".split())
OUTCOMES = {"ok", "shed"} | TARGET_SIDE | GENERATOR_SIDE
EXIT_CODES = {0, 3, 5, 6, 8, 70, 99, 130, 143}


def problems(summary):
    """What is wrong with a summary, in words; an empty list when nothing is."""
    found = list(_shape(summary, SHAPE, ""))
    if found:
        return found  # the sums below rely on the shape
    found += _labels(summary)
    found += _books(summary)
    found += _rates(summary)
    for name, series in summary["latency"].items():
        found += _latency(name, series)
    found += _thresholds(summary["thresholds"])
    found += _checks(summary)
    found += _hold(summary)
    found += _find(summary)
    found += _kernel(summary)
    return found


def _shape(value, shape, path):
    for key, want in shape.items():
        where = f"{path}{key}"
        if key not in value:
            yield f"{where} is missing"
        elif isinstance(want, dict):
            if isinstance(value[key], dict):
                yield from _shape(value[key], want, where + ".")
            else:
                yield f"{where} is not an object"
        elif not _is(value[key], want):
            yield f"{where} is {value[key]!r}"


def _is(value, want):
    """isinstance, but true and false are no numbers."""
    kinds = want if isinstance(want, tuple) else (want,)
    return bool in kinds if isinstance(value, bool) else isinstance(value, kinds)


def _labels(s):
    if s["schema"] != "brink.summary/1":
        yield f"schema is {s['schema']}"
    if s["model"] not in ("open", "closed"):
        yield f"model is {s['model']}"
    if (s["model"] == "open") != (s["rate"]["offered_rps"] is not None):
        yield f"model {s['model']} with offered_rps {s['rate']['offered_rps']}"
    if s["exit_code"] not in EXIT_CODES:
        yield f"exit_code {s['exit_code']} is not one of a finished run"
    for name in set(s["outcomes"]) - OUTCOMES:
        yield f"outcome {name} is not documented"
    for code in s["status"]:
        if not (code.isdigit() and len(code) == 3):
            yield f"status {code} is not a status"
    for code, count in s["ws_close"].items():
        if not (code == "other" or "1000" <= code <= "1015") or count <= 0:
            yield f"ws_close {code}: {count} is no count of a close code"


def _checks(s):
    """An answer that fails a check is looked at by it, and ends as check_failed."""
    for check in s["checks"]:
        missing = [f"checks: {key} is missing" for key in ("expression", "failed", "checked")
                   if key not in check]
        yield from missing
        if missing:
            return
        if check["failed"] > check["checked"]:
            yield f"checks: more failed than were looked at: {check}"
    if sum(c["failed"] for c in s["checks"]) > s["outcomes"].get("check_failed", 0):
        yield f"checks: more failed than ended so: {s['checks']}"


def _books(s):
    """Every intended request ends in exactly one outcome, or is in flight at the stop."""
    requests, outcomes = s["requests"], s["outcomes"]
    ended = sum(requests[k] for k in ("ok", "failed", "shed", "generator_side"))
    if requests["intended"] != ended + requests["in_flight_at_stop"]:
        yield f"intended is not the sum of its parts: {requests}"
    if sum(outcomes.values()) != ended:
        yield f"outcomes add up to {sum(outcomes.values())}, requests ended are {ended}"
    parts = {"ok": {"ok"}, "shed": {"shed"}, "failed": TARGET_SIDE,
             "generator_side": GENERATOR_SIDE}
    for part, names in parts.items():
        total = sum(outcomes.get(name, 0) for name in names)
        if requests[part] != total:
            yield f"requests.{part} is {requests[part]}, its outcomes add up to {total}"
    if requests["sent"] > requests["intended"]:
        yield f"more sent than intended: {requests}"
    if any(n < 0 for n in list(requests.values()) + list(outcomes.values())):
        yield f"a negative count: {requests} {outcomes}"
    if s["connections"]["active_max"] > s["connections"]["open_max"]:
        yield f"more active than open: {s['connections']}"


def _rates(s):
    """error_rate = (failed + shed) / (ok + failed + shed)."""
    requests = s["requests"]
    bad = requests["failed"] + requests["shed"]
    judged = bad + requests["ok"]
    rate = s["rate"]["error_rate"]
    allowed = {bad / judged, requests["failed"] / judged} if judged else {0.0}  # --shed-ok
    if not any(abs(rate - a) < 1e-4 for a in allowed):
        yield f"error_rate is {rate}, of {bad} bad in {judged}"


def _latency(name, series):
    if series.get("count") == 0:  # nothing of the kind was measured: null, never 0
        if any(series.get(key, "missing") is not None for key in LATENCY[1:]):
            yield f"latency.{name} is empty and yet says {series}"
        return
    missing = [key for key in LATENCY if not _is(series.get(key), NUMBER)]
    if missing:
        yield f"latency.{name} lacks {' '.join(missing)}"
        return
    values = [series[key] for key in MONOTONE]
    if values != sorted(values):
        yield f"latency.{name} is not monotone: {series}"
    if not series["min_us"] <= series["mean_us"] <= series["max_us"]:
        yield f"latency.{name}: the mean is outside of min and max: {series}"


def _thresholds(rows):
    for row in rows:
        shape = {"expression": str, "ok": bool, "value": MAYBE_NUMBER}
        yield from _shape(row, shape, "thresholds: ")


def _find(s):
    """A search has its object, anything else has null."""
    find = s["find"]
    if (s["command"] == "find") != (find is not None):
        yield f"command {s['command']} with find {find}"
    if find is None:
        return
    yield from _shape(find, FIND, "find.")
    for step in find["steps"]:
        yield from _shape(step, STEP, "find.steps: ")
        broken = step["state"] in ("broken", "unresponsive")
        if step["state"] not in STATES or broken != (step["reason"] in REASONS):
            yield f"find.steps: state and reason of {step}"
    for name in ("knee", "breaking_point"):
        point = find[name]
        if point is None:
            continue
        yield from _shape(point, POINT, f"find.{name}.")
        if not point["low"] <= point["value"] <= point["high"]:
            yield f"find.{name} lies outside of its interval: {point}"
    if find["breaking_point"] and find["breaking_point"]["reason"] not in REASONS:
        yield f"find.breaking_point: reason {find['breaking_point']}"


def _kernel(s):
    """Agents, and columns of one length."""
    for agent in s["agents"]:
        yield from _shape(agent, AGENT, "agents: ")
        if "missed" in agent and agent["complete"] == (agent["lost"] or agent["missed"] > 0):
            yield f"agents: complete, and yet not: {agent}"
    line = s["timeline"]
    columns = [line["ended"], line["failed"], line["p99_us"], *line["kernel"].values()]
    if any(len(column) != line["rows"] for column in columns):
        yield f"timeline: columns of {[len(c) for c in columns]}, not {line['rows']}"
    if sum(line["ended"]) > sum(s["outcomes"].values()):
        yield "timeline: more ended than there are outcomes"


def _hold(s):
    """A hold has its object, a run has null."""
    hold = s["hold"]
    if (s["command"] == "hold") != (hold is not None):
        yield f"command {s['command']} with hold {hold}"
    if hold is None:
        return
    wrong = list(_shape(hold, HOLD, "hold."))
    yield from wrong or _hold_figures(s, hold)


def _hold_figures(s, hold):
    for part in ("failed", "lost"):
        causes, count = hold[part + "_by"], s["connections"][part]
        for name in set(causes) - TARGET_SIDE - GENERATOR_SIDE:
            yield f"hold.{part}_by.{name} is not a documented cause"
        if sum(causes.values()) != count:
            yield f"hold.{part}_by adds up to {sum(causes.values())}, connections.{part} is {count}"
    if hold["open_at_end"] > s["connections"]["asked"]:
        yield f"hold.open_at_end is {hold['open_at_end']}, more than were asked for"
    yield from _hold_unknowns(hold)
    memory, reserved = hold["memory"], s["generator"]["bytes_per_idle_connection"]
    user = memory["user_bytes_per_connection"]
    if user is not None and abs(user - reserved) > 0.5:
        yield f"bytes_per_idle_connection is {reserved}, the hold measured {user}"
    if (memory["cold_share"] is None) != (memory["warm_bytes"] == 0):
        yield f"hold.memory.cold_share without memory that was touched: {memory}"
    if not 0 <= (memory["cold_share"] or 0) <= 1:
        yield f"hold.memory.cold_share is {memory['cold_share']}"


def _hold_unknowns(hold):
    """What could not be had is null, never 0."""
    memory = {key: hold["memory"][key]
              for key in ("user_bytes_per_connection", "kernel_bytes_per_connection")}
    for name, value in {**hold["established_rps"], **memory}.items():
        if value is not None and value <= 0:
            yield f"hold: {name} is {value}, not null"
