"""HTTP/2 against servers of other hands: nginx (its GOAWAY after every thousand requests, bodies),
haproxy, nghttpd, in clear text and over TLS, in a closed loop and an open one; the protocol that
ALPN chooses. Prints a table of all loads."""

import os
import subprocess
import tempfile

import brink
import certs
import servers
import tap
import tls_servers

authority = certs.Authority()
SERVER = authority.make("server")
SECONDS = "5s" if tap.LONG else "1s"
LOADS = (("-m", "1"), ("-m", "10"), ("-m", "100"), ("-m", "10", "-R", "500"))


class Nginx(servers.Nginx):
    """With prior knowledge."""

    def __init__(self, **options):
        super().__init__(http="client_max_body_size 10m;", **options)

    def configuration(self):
        listen = f"listen 127.0.0.1:{self.port}"
        return super().configuration().replace(listen, listen + " http2")


class NginxTls(tls_servers.Nginx):
    def configuration(self):
        return super().configuration().replace(" ssl;", " ssl http2;", 1)


class Haproxy(servers.Haproxy):
    def configuration(self):
        bind = f"bind 127.0.0.1:{self.port}"
        return super().configuration().replace(bind, bind + " proto h2")


class Nghttpd(servers.Daemon):
    """nghttpd, which serves one page of a kibibyte and one of a mebibyte."""

    def __init__(self, secure=False):
        self.program = tap.need_command("nghttpd")
        self.secure = secure
        self.folder = None

    def begin(self):
        self.folder = tempfile.TemporaryDirectory(prefix="brink-nghttpd-")
        for name, size in (("index.html", 1 << 10), ("large", 1 << 20)):
            with open(os.path.join(self.folder.name, name), "wb") as page:
                page.write(b"x" * size)
        self.port = servers.free_port()
        scheme = "https" if self.secure else "http"
        self.url = f"{scheme}://localhost:{self.port}"
        words = [str(self.port), SERVER[1], SERVER[0]] if self.secure else ["--no-tls", str(self.port)]
        self.child = subprocess.Popen(
            [self.program, "-d", self.folder.name, "-a", "127.0.0.1", *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tap.await_true(lambda: servers.answers(self.port, self.child), servers.START_S,
                       "nghttpd is up")

    def clean(self):
        if self.folder:
            self.folder.cleanup()


def load(url, *flags, **options):
    secure = ("--cacert", authority.ca) if url.startswith("https") else ()
    return brink.load(url, *secure, *flags, **options)


def row(name, summary):
    requests = summary["requests"]
    print(f"# {name:44} {summary['protocol']:4} {requests['ok']:>8} ok {requests['failed']:>4} "
          f"failed {summary['rate']['achieved_rps']:>9.0f}/s")


def all_loads(name, make):
    with make() as server:
        for flags in LOADS:
            summary = load(server.url + "/", "--http2", "-c", "4", "-t", "1", "-d", SECONDS, *flags,
                           code=0)
            row(f"{name} {' '.join(flags)}", summary)
            tap.equal(summary["protocol"], "h2", "protocol")
            tap.equal(summary["requests"]["failed"], 0, f"failed, of {brink.outcomes(summary)}")


for _name, _make in {
        "nginx": Nginx, "haproxy": Haproxy, "nghttpd": Nghttpd,
        "nginx over TLS": lambda: NginxTls(authority, SERVER),
        "nghttpd over TLS": lambda: Nghttpd(secure=True)}.items():
    tap.add(f"{_name} answers every request, however many at once",
            lambda n=_name, m=_make: all_loads(n, m))


@tap.test
def bodies_go_and_large_answers_come():
    with tempfile.NamedTemporaryFile() as body, Nghttpd() as server:
        body.write(b"b" * 300000)
        body.flush()
        for name, words in (("up", ("/", "--data-file", body.name)), ("down", ("/large",))):
            summary = load(server.url + words[0], "--http2", "-c", "2", "-m", "10", "-n", "200",
                           *words[1:], code=0)
            row(f"nghttpd, {name}", summary)
            tap.equal(brink.outcomes(summary), {"ok": 200}, name)
            moved = summary["bytes"]["sent" if name == "up" else "received"]
            tap.check(moved > 200 * (300000 if name == "up" else 1 << 20), f"{moved} bytes {name}")


@tap.test
def alpn_chooses_where_nobody_says():
    with NginxTls(authority, SERVER) as both, tls_servers.Nginx(authority, SERVER) as old:
        for server, flags, protocol in ((both, (), "h2"), (old, (), "h1"),
                                        (both, ("--http1.1",), "h1")):
            summary = load(server.url + "/", "-n", "50", "-c", "2", *flags, code=0)
            tap.equal(summary["protocol"], protocol, f"protocol with {flags}")
            tap.equal(brink.outcomes(summary), {"ok": 50}, "outcomes")
            told = "ALPN" in " ".join(summary["notes"])
            tap.equal(told, not flags, f"a note on the choice, of {summary['notes']}")


@tap.test
def a_server_that_does_not_take_http2_fails_with_its_reason():
    with tls_servers.Nginx(authority, SERVER) as old:
        summary = load(old.url + "/", "--http2", "-n", "10", "-c", "2", code=3)
    tap.equal(brink.outcomes(summary), {"tls_handshake": 10}, "outcomes")
    tap.equal({f["reason"] for f in summary["tls"]["failures"]}, {"no_alpn"}, "reasons")


@tap.test
def a_dry_run_asks_nobody():
    result = brink.run(["run", "https://localhost:1/", "--dry-run"])
    tap.equal(result.code, 0, "exit code")
    tap.contains(result.out, "h1 or h2, by ALPN", "what it would speak")


tap.main()
