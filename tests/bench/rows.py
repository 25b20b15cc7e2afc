"""rows: what is measured, what is hoped for (goal) and what fails the bench (gate)."""

import json
import os
import statistics

import measure
import peers
import streams
import watching

CLOSE_SECONDS = 2  # few enough connections for the ports of one address
WATCHED_S = 30
LAG_RATE, LAG_CONNECTIONS, LAG_ROUNDS = 5000, 10, 3
FLOOR_CONNECTIONS = 64
ECHO = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "data/echo.proto")


class Bench:
    """What the rows measure with."""

    def __init__(self, machine, server, folder, args):
        self.machine = machine
        self.server = server
        self.folder = folder  # of the binaries
        self.rounds = args.rounds
        self.seconds = args.seconds
        self.brink = peers.Brink(folder + "/brink")

    def program(self, *command):
        """What one of our own benchmark programs printed."""
        run = measure.generate([f"{self.folder}/{command[0]}", *command[1:]], self.seconds)
        return json.loads(run.out)


class Row:
    """One line of the result."""

    def __init__(self, bench, against, connections, measure_it, goal=None, gate=None, peer=None,
                 streams=1):
        self.bench = bench
        self.against = against
        self.connections = connections
        self.measure = measure_it
        self.goal, self.gate = goal, gate
        self.streams = streams
        self.peer = peer and peers.PEERS[peer]
        at = f" at {connections}" if connections else ""
        each = f" -m {streams}" if streams > 1 or "HTTP/2" in bench else ""
        self.name = f"{bench}{at}{each}, against {against}"

    def missing(self):
        return self.peer.name if self.peer and not self.peer.installed() else None


def figures(bench, row, comparison):
    """Of a comparison, the keys that every row of that kind has."""
    c = comparison
    return {
        "rounds": bench.rounds,
        "brink_us": round(c.ours, 4), "other_us": round(c.theirs, 4),
        "ratio": round(c.ratio, 3),
        "ratio_min": round(c.low, 3), "ratio_max": round(c.high, 3),
        "goal": row.goal, "goal_met": None if row.goal is None else c.ratio >= row.goal,
        "gate": row.gate, "ok": row.gate is None or c.ratio >= row.gate,
    }


# --- each kind of row ---------------------------------------------------------------------

def keep_alive(bench, row):
    return against_peer(bench, row, bench.seconds)


def connection_per_request(bench, row):
    return against_peer(bench, row, CLOSE_SECONDS, "--no-keepalive")


def against_peer(bench, row, seconds, *flags, scheme="http"):
    """With the handshakes of the latest run of either side, as the server saw them."""
    shaken = {}

    def ours():
        cost = bench.server.us_per_request(
            lambda url: bench.brink.run(row.connections, seconds, url, *flags), scheme)
        shaken["brink"] = bench.server.full, bench.server.resumed
        return cost

    def theirs():
        cost = bench.server.us_per_request(
            lambda url: row.peer.run(row.connections, seconds, url), scheme)
        shaken["other"] = bench.server.full, bench.server.resumed
        return cost

    line = figures(bench, row, measure.compare(bench.machine, bench.rounds, ours, theirs))
    if scheme == "https":
        for side, (full, resumed) in shaken.items():
            line[side + "_full"], line[side + "_resumed"] = full, resumed
    return line


def tls_keep_alive(bench, row):
    return against_peer(bench, row, bench.seconds, "-k", "--http1.1", scheme="https")


def tls_full(bench, row):
    return against_peer(bench, row, CLOSE_SECONDS, "-k", "--http1.1", "--no-keepalive", scheme="https")


def tls_resumed(bench, row):
    return against_peer(bench, row, CLOSE_SECONDS, "-k", "--http1.1", "--no-keepalive", "--resume",
                        scheme="https")


def against_kernel(bench, row):
    """floor.c moves as many bytes a request as brink and nginx do."""
    first = bench.brink.run(row.connections, 1, bench.server.fresh_url()).summary
    requests = first["requests"]["ok"]
    sizes = [round(first["bytes"][way] / requests) for way in ("sent", "received")]

    def ours():
        return bench.server.us_per_request(
            lambda url: bench.brink.run(row.connections, bench.seconds, url))

    def kernel():
        return bench.program("floor", *sizes, bench.seconds, row.connections)["client_us"]

    return figures(bench, row, measure.compare(bench.machine, bench.rounds, ours, kernel))


def parser(bench, row):
    """The program compares the two parsers itself; each run of it is a round."""
    pairs = []
    for _ in range(bench.rounds):
        bench.machine.await_quiet()
        said = bench.program("h1_parse")
        pairs.append((said["ns_per_response"] / 1e3, said["http_parser_ns_per_response"] / 1e3))
    return figures(bench, row, measure.Comparison(pairs))


def precision(bench, row):
    """How late requests are sent that are due at even instants, and what punctuality costs: the
    median round. `lag` is brink's own figure, due instant to write."""
    lags, cores, costs = [], [], []
    for _ in range(LAG_ROUNDS):
        bench.machine.await_quiet()
        run = bench.brink.run(row.connections, bench.seconds, bench.server.fresh_url(),
                              "-R", LAG_RATE, "--spin", row.against.split()[-1])
        generator = run.summary["generator"]
        lags.append([generator.get(f"lag_{which}_us") for which in ("p50", "p99", "max")])
        cores.append(run.cpu_s / run.summary["elapsed_s"])
        costs.append(run.cpu_s / run.summary["requests"]["ok"] * 1e6)
    p50, p99, most = (median(values) for values in zip(*lags))
    return {"rounds": LAG_ROUNDS, "rate_rps": LAG_RATE, "brink_us": round(median(costs), 3),
            "lag_p50_us": p50, "lag_p99_us": p99, "lag_max_us": most,
            "cores": round(median(cores), 3), "goal": None, "gate": None, "ok": True}


def watched(*flags):
    """With an agent against without: a ratio is of connections per CPU second."""
    def measure_it(bench, row):
        comparison, more = watching.compare(bench, row.connections, flags)
        return {**figures(bench, row, comparison), **more}
    return measure_it


def watching_many(bench, row):
    """The agent's own CPU while nothing but it happens; two sockets a connection."""
    share, values = watching.share_over(bench, row.connections, WATCHED_S)
    return {"sockets": values["established"], "time_wait": values["time_wait"],
            "walk_every_s": values["walk_every_s"], "window_s": WATCHED_S,
            "agent_cores": round(share, 4), "goal": row.goal,
            "goal_met": share <= row.goal, "gate": row.gate, "ok": share <= row.gate}


def h2_cleartext(bench, row):
    return figures(bench, row, streams.over_cleartext(bench, row))


def h2_tls(bench, row):
    return figures(bench, row, streams.over_tls(bench, row))


def message(*flags, scheme="http"):
    """A row of what one message costs, echoed by our own target: the median round."""
    def measure_it(bench, row):
        costs = streams.of_a_message(bench, row, scheme, *flags)
        return {"rounds": bench.rounds, "brink_us": round(statistics.median(costs), 3),
                "us_min": round(costs[0], 3), "us_max": round(costs[-1], 3),
                "goal": None, "gate": None, "ok": True}
    return measure_it


def median(values):
    return None if None in values else statistics.median(values)


def sentence(line):
    """A row for people."""
    if "skipped" in line:
        return "skipped: " + line["skipped"]
    if "failed" in line:
        return "could not be measured: " + line["failed"]
    noise = ", noisy" if line["noisy"] else ""
    if "sockets" in line:
        verdict = "" if line["ok"] else f", ABOVE THE GATE of {line['gate']}"
        return (f"{line['agent_cores']:.2%} of a core over {line['sockets']:,} sockets, walked "
                f"every {line['walk_every_s']:.1f} s{verdict}{noise}")
    if "us_min" in line:
        return f"{line['brink_us']:.3g} µs ({line['us_min']:.3g} to {line['us_max']:.3g}){noise}"
    if "ratio" not in line:
        return (f"late by {line['lag_p50_us']} µs P50, {line['lag_p99_us']} P99, "
                f"{line['lag_max_us']} max; {line['cores']:.3f} cores{noise}")
    verdict = "" if line["ok"] else f", BELOW THE GATE of {line['gate']}"
    hope = f", goal {line['goal']}" if line["goal"] else ""
    if "brink_full" in line:
        hope += (f"; full+resumed {line['brink_full']}+{line['brink_resumed']} to "
                 f"{line['other_full']}+{line['other_resumed']}")
    return (f"{line['brink_us']:.3g} to {line['other_us']:.3g} µs: {line['ratio']:.2f} "
            f"({line['ratio_min']:.2f} to {line['ratio_max']:.2f}{hope}{verdict}{noise})")


ROWS = [
    Row("keep-alive", "wrk", 1, keep_alive, peer="wrk"),
    Row("keep-alive", "wrk", 64, keep_alive, 1.5, 1.25, peer="wrk"),
    Row("keep-alive", "wrk", 256, keep_alive, 1.6, 1.3, peer="wrk"),
    Row("keep-alive", "wrk", 1024, keep_alive, 1.6, 1.3, peer="wrk"),
    Row("keep-alive", "h2load --h1", 64, keep_alive, peer="h2load --h1"),
    Row("keep-alive", "haload", 64, keep_alive, peer="haload"),
    Row("connection per request", "wrk", 64, connection_per_request, 1.4, 1.2,
        peer="wrk, Connection: close"),
    Row("TLS keep-alive", "wrk", 64, tls_keep_alive, 1.4, 1.1, peer="wrk"),
    Row("TLS full handshakes", "h2load", 64, tls_full, 1.2, 1.0, peer="h2load -n N -c N"),
    Row("TLS resumed handshakes", "wrk", 64, tls_resumed, 1.3, 1.0, peer="wrk, Connection: close"),
    Row("HTTP/2", "h2load", 64, h2_cleartext, 1.2, 1.1, peer="h2load", streams=1),
    Row("HTTP/2", "h2load", 64, h2_cleartext, None, None, peer="h2load", streams=10),
    Row("HTTP/2", "h2load", 64, h2_cleartext, 1.4, 1.1, peer="h2load", streams=100),
    Row("TLS HTTP/2", "h2load", 64, h2_tls, 1.2, 1.0, peer="h2load", streams=1),
    Row("TLS HTTP/2", "h2load", 64, h2_tls, 1.2, 1.0, peer="h2load", streams=10),
    Row("TLS HTTP/2", "h2load", 64, h2_tls, 1.2, 1.0, peer="h2load", streams=100),
    Row("WebSocket echo", "nobody", 64, message("--ws")),
    Row("gRPC unary", "nobody", 64, message("--grpc", "brink.Echo/Unary", "--proto", ECHO, "--data", '{"n": 1}')),
    Row("fraction of the floor", "the kernel alone", FLOOR_CONNECTIONS, against_kernel, 0.70),
    Row("parser", "http_parser", None, parser),
    Row("sending on time", "--spin off", LAG_CONNECTIONS, precision),
    Row("sending on time", "--spin auto", LAG_CONNECTIONS, precision),
    Row("sending on time", "--spin busy", LAG_CONNECTIONS, precision),
    Row("agent, core programs", "none", 64, watched(), 0.95, 0.95),
    Row("agent, synq and cpu too", "none", 64,
        watched("--bpf", "netwatch,sockiter,synq,cpu")),
    Row("agent-100k", "idle sockets", 50_000, watching_many, 0.03, 0.03),
]
