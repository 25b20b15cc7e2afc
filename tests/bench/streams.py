"""streams: HTTP/2 against h2load, and what a message costs over gRPC and WebSockets.

Over cleartext the server is nghttpd, whose packets dominate least: it answers many streams in one.
It counts nothing, so that each generator's own count of answers is what its CPU is divided by; both
were held against nginx's count in the rows over TLS."""

import os
import re
import subprocess
import tempfile

import measure
import servers
import tap

STREAMS = (1, 10, 100)


class Nghttpd(servers.Daemon):
    """Serves a file of two bytes over HTTP/2 without TLS."""

    def begin(self):
        self.folder = tempfile.TemporaryDirectory(prefix="brink-nghttpd-")
        with open(os.path.join(self.folder.name, "ok"), "w", encoding="ascii") as file:
            file.write("ok")
        self.port = servers.free_port()
        self.url = f"http://127.0.0.1:{self.port}/ok"
        self.child = subprocess.Popen(
            [tap.need_command("nghttpd"), "--no-tls", "-a", "127.0.0.1", "-d", self.folder.name,
             str(self.port)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        tap.await_true(lambda: servers.answers(self.port, self.child), servers.START_S, "nghttpd")

    def clean(self):
        self.folder.cleanup()


def h2load(connections, seconds, streams, url):
    return ["h2load", "-t1", f"-c{connections}", "-m", str(streams), "-D", str(seconds), url]


def h2load_us(bench, row, url):
    """CPU of a run over the answers that it counted; failures are no answers."""
    run = measure.generate(h2load(row.connections, bench.seconds, row.streams, url), bench.seconds)
    found = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored", run.out)
    if not found or int(found[3]) or int(found[4]) or not int(found[2]):
        raise measure.Unfit(f"h2load: {found and found[0]}")
    return run.cpu_s / int(found[2]) * 1e6


def brink_us(bench, row, url, *flags):
    run = bench.brink.run(row.connections, bench.seconds, url, *flags)
    return run.cpu_s / run.summary["requests"]["ok"] * 1e6


def over_cleartext(bench, row):
    """h2c: brink against h2load on nghttpd, a pair a round."""
    flags = ["--http2", "-m", row.streams]
    with Nghttpd() as server:
        return measure.compare(bench.machine, bench.rounds,
                               lambda: brink_us(bench, row, server.url, *flags),
                               lambda: h2load_us(bench, row, server.url))


def over_tls(bench, row):
    """h2: the same over TLS on nginx, which counts the requests of either."""
    def ours():
        return bench.server.us_per_request(
            lambda url: bench.brink.run(row.connections, bench.seconds, url, "-k", "--http2", "-m",
                                        row.streams), "https")

    def theirs():
        return bench.server.us_per_request(
            lambda url: measure.generate(h2load(row.connections, bench.seconds, row.streams, url),
                                         bench.seconds), "https")

    return measure.compare(bench.machine, bench.rounds, ours, theirs)


def of_a_message(bench, row, scheme, *flags):
    """CPU of the generator for each message that came back from our own target; no peer."""
    costs = []
    with servers.Target(prefix=["taskset", "-c", str(measure.SERVER_CPU)]) as target:
        url = target.url.replace("http", scheme)
        for _ in range(bench.rounds):
            bench.machine.await_quiet()
            costs.append(brink_us(bench, row, url, *flags))
    return sorted(costs)


