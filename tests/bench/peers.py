"""peers: the generators that are compared: how each is started, and what in its report means that
its run must not be counted. Requests are counted by the server, alike for all of them."""

import json
import os
import re
import shutil

import measure
import servers

CLOSE = "Connection: close"  # wrk ignores a header without the space


class Peer:
    """One generator. `complaint` finds, in its report, requests that failed."""

    def __init__(self, name, command, complaint):
        self.name = name
        self.command = command  # (connections, seconds, url) to words
        self.complaint = re.compile(complaint)

    def installed(self):
        return shutil.which(self.name) is not None

    def run(self, connections, seconds, url):
        run = measure.generate(self.command(connections, seconds, url), seconds)
        found = self.complaint.search(run.out)
        if found:
            raise measure.Unfit(f"{self.name}: {found[0].strip()}")
        return run


def wrk(connections, seconds, url, *more):
    return ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", *more, url]


def wrk_close(connections, seconds, url):
    return wrk(connections, seconds, url, "-H", CLOSE)


def h2load(connections, seconds, url):
    return ["h2load", "--h1", "-t1", f"-c{connections}", "-D", str(seconds), url]


def haload(connections, seconds, url):
    return ["haload", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", url]


WRK_COMPLAINT = r"(Non-2xx|Socket errors).*"
PEERS = {
    "wrk": Peer("wrk", wrk, WRK_COMPLAINT),
    "wrk, Connection: close": Peer("wrk", wrk_close, WRK_COMPLAINT),
    "h2load --h1": Peer("h2load", h2load, r".*\b[1-9]\d* (failed|errored|timeout).*"),
    "haload": Peer("haload", haload, r".*\b[1-9]\d* (failed|errors).*"),
}


class Brink:
    """The program under test, from a copy: somebody may build it anew meanwhile."""

    def __init__(self, path):
        self.path = path

    def run(self, connections, seconds, url, *flags):
        command = [self.path, "run", "-t", "1", "-c", connections, "-d", f"{seconds}s", "-q",
                   "--format", "json", "--accept-saturated", *flags, url]
        run = measure.generate(command, seconds, own_environment())
        run.summary = json.loads(run.out)
        wrong = {name: n for name, n in run.summary["outcomes"].items() if n and name != "ok"}
        if wrong:
            raise measure.Unfit(f"brink: {wrong}")
        return run


def own_environment():
    """No flag of the program comes from outside."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BRINK")}


class Server(servers.Nginx):
    """nginx that answers `ok` from memory, on as many addresses as there are runs that close
    their connections: TIME_WAIT of one run takes no port from the next."""

    ADDRESSES = 32

    def __init__(self):
        super().__init__(worker_connections=4096, location="return 200 'ok\\n';",
                         http="keepalive_requests 2000000000; keepalive_timeout 1h;")
        self.address = 1

    def configuration(self):
        listen = "".join(f"listen 127.0.0.{n}:{self.port} backlog=4096; "
                         for n in range(1, self.ADDRESSES + 1))
        return super().configuration().replace(f"listen 127.0.0.1:{self.port};", listen)

    def fresh_url(self):
        self.address = self.address % self.ADDRESSES + 1
        return f"http://127.0.0.{self.address}:{self.port}/"

    def us_per_request(self, generate):
        """CPU of a run over the requests that arrived here during it."""
        before = self.requests()
        run = generate(self.fresh_url())
        run.requests = self.requests() - before - 1  # the second question counts itself
        if run.requests < 1000:
            raise measure.Unfit(f"{run.requests} requests arrived of {' '.join(run.command)}")
        return run.cpu_s / run.requests * 1e6
