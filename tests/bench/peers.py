"""peers: the generators that are compared: how each is started, and what in its report means that
its run must not be counted. Requests are counted by the server, alike for all of them."""

import json
import os
import re
import shutil

import certs
import measure
import servers

CLOSE = "Connection: close"  # wrk ignores a header without the space
HANDSHAKES = 2000
IN_FLIGHT = 64  # connections that a run's end may cut off before their first request


class Peer:
    """One generator. `complaint` finds, in its report, requests that failed."""

    def __init__(self, name, command, complaint):
        self.name = name
        self.command = command  # (connections, seconds, url) to words
        self.complaint = re.compile(complaint)

    def installed(self):
        return shutil.which(self.name) is not None

    def run(self, connections, seconds, url):
        """`url` may be https; no generator verifies the certificate."""
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


def h2load_handshakes(_connections, _seconds, url):
    """One request on each of as many connections, all open at once."""
    return ["h2load", "-t1", "-n", str(HANDSHAKES), "-c", str(HANDSHAKES), url]


def haload(connections, seconds, url):
    return ["haload", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", url]


WRK_COMPLAINT = r"(Non-2xx|Socket errors).*"
PEERS = {
    "wrk": Peer("wrk", wrk, WRK_COMPLAINT),
    "wrk, Connection: close": Peer("wrk", wrk_close, WRK_COMPLAINT),
    "h2load --h1": Peer("h2load", h2load, r".*\b[1-9]\d* (failed|errored|timeout).*"),
    "h2load": Peer("h2load", h2load, r".*\b[1-9]\d* (failed|errored|timeout).*"),
    "h2load -n N -c N": Peer("h2load", h2load_handshakes,
                             r".*\b[1-9]\d* (failed|errored|timeout).*"),
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


# A character for each connection's first request over TLS: `r` where the session was reused.
HANDSHAKE_LOG = """
map $https$connection_requests $shaken { on1 1; default 0; }
log_format handshake $ssl_session_reused;
access_log handshakes.log handshake if=$shaken;
"""


class Server(servers.Nginx):
    """nginx that answers `ok` from memory, on as many addresses as there are runs that close
    their connections: TIME_WAIT of one run takes no port from the next."""

    ADDRESSES = 32

    def __init__(self):
        super().__init__(worker_connections=4096, location="return 200 'ok\\n';",
                         http="keepalive_requests 2000000000; keepalive_timeout 1h;" + HANDSHAKE_LOG)
        self.authority = certs.Authority()
        self.certificate, self.key = self.authority.make("server")
        self.tls_port = servers.free_port()
        self.address = 1

    def configuration(self):
        listen = "".join(f"listen 127.0.0.{n}:{self.port} backlog=4096; "
                         f"listen 127.0.0.{n}:{self.tls_port} ssl http2 backlog=4096; "
                         for n in range(1, self.ADDRESSES + 1))
        listen += (f"ssl_certificate {self.certificate}; ssl_certificate_key {self.key}; "
                   "ssl_protocols TLSv1.3;")
        text = super().configuration().replace("access_log off;", "")
        return text.replace(f"listen 127.0.0.1:{self.port};", listen)

    def fresh_url(self, scheme="http"):
        self.address = self.address % self.ADDRESSES + 1
        port = self.tls_port if scheme == "https" else self.port
        return f"{scheme}://127.0.0.{self.address}:{port}/"

    def handshakes(self):
        """(full, resumed) of all connections that asked for something."""
        with open(os.path.join(self.folder.name, "handshakes.log"), encoding="ascii") as log:
            text = log.read()
        return text.count("."), text.count("r")

    def us_per_request(self, generate, scheme="http"):
        """CPU of a run over the requests that arrived here during it."""
        before, shaken = self.requests(), self.handshakes()
        run = generate(self.fresh_url(scheme))
        run.requests = self.requests() - before - 1  # the second question counts itself
        if run.requests < 1000:
            raise measure.Unfit(f"{run.requests} requests arrived of {' '.join(run.command)}")
        self.full, self.resumed = (now - then for now, then in zip(self.handshakes(), shaken))
        self.hold_to(run)
        return run.cpu_s / run.requests * 1e6

    def hold_to(self, run):
        """What brink reports of its handshakes is what this server saw of them."""
        said = getattr(run, "summary", {}).get("tls")
        if said and not 0 <= said["full"] + said["resumed"] - self.full - self.resumed <= IN_FLIGHT:
            raise measure.Unfit(f"brink: {said['full']} full handshakes and {said['resumed']} "
                                f"resumed; nginx: {self.full} and {self.resumed}")
