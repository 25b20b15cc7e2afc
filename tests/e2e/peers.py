"""Every endpoint of a set of real servers, each by its own protocol, under a load of two seconds:
0 failures where there should be none, the right class where there should. PEERS names the program
that starts them (`up NAME...`, `list`, `down`); without it all is skipped. Those that run already
are left alone. Prints a table."""

import os
import socket
import subprocess

import brink
import tap

PEERS = os.environ.get("PEERS")
FOLDER = os.environ.get("PEERS_DIR",
                        os.path.join(os.environ.get("TMPDIR", "/tmp"), "brink-peers"))
CERTS = os.path.join(FOLDER, "certs")
CA = ("--cacert", os.path.join(CERTS, "ca.pem"))
CLIENT = ("--cert", os.path.join(CERTS, "client.pem"), "--key", os.path.join(CERTS, "client.key"))
PROTO = ("--proto", os.path.join(FOLDER, "grpc", "echo.proto"))
START_S = 20
SHORT = ("-c", "2", "-n", "20", "--timeout", "500ms")


class Endpoint:
    """`want` is the one class that all requests shall end in, or a set of those allowed; `reason`
    that of a handshake."""

    def __init__(self, server, port, want, *flags, path="/", scheme="http", reason=None):
        self.server, self.port, self.flags = server, port, flags
        self.want = want if isinstance(want, set) else {want}
        self.reason = reason
        self.url = f"{scheme}://localhost:{port}{path}"
        self.name = f"{server} {port}{path if path != '/' else ''} {self.protocol()}"

    def protocol(self):
        known = {"--http2": "h2", "--http1.1": "h1", "--h2c-upgrade": "upgrade", "--ws": "ws",
                 "--grpc": "grpc"}
        spoken = [name for flag, name in known.items() if flag in self.flags]
        secure = self.url.startswith(("https", "wss"))
        mutual = ", with a certificate" if "--cert" in self.flags else ""
        return (spoken or ["by ALPN"])[0] + (" over TLS" if secure else "") + mutual


def plain(server, port, path="/", kinds=("--http1.1",)):
    return [Endpoint(server, port, "ok", kind, path=path) for kind in kinds]


def secure(server, port, path="/", kinds=("--http1.1", "--http2")):
    both = [Endpoint(server, port, "ok", kind, *CA, path=path, scheme="https") for kind in kinds]
    return both + [Endpoint(server, port, "ok", *CA, path=path, scheme="https")]


def mutual(server, port, path, want, reason=None):
    return [Endpoint(server, port, "ok", "--http2", *CA, *CLIENT, path=path, scheme="https"),
            Endpoint(server, port, want, "--http2", *CA, *SHORT, path=path, scheme="https",
                     reason=reason)]


MISSING = {"certificate_required", "handshake_alert", "certificate_refused"}
PAGE = "/index.html"

ENDPOINTS = [
    *plain("nginx", 21080, "/ok"),
    Endpoint("nginx", 21080, "http_5xx", "--http1.1", *SHORT, path="/500"),
    Endpoint("nginx", 21080, {"peer_closed", "peer_reset"}, "--http1.1", *SHORT, path="/reset"),
    Endpoint("nginx", 21080, "timeout", "--http1.1", *SHORT, path="/slow/1m.bin"),
    *plain("nginx", 21081, "/", ("--http2",)),
    Endpoint("apache", 23080, "ok", "--http2", "-m", "10", path="/1m.bin"),
    *secure("nginx", 21443, "/ok"),
    *mutual("nginx", 21444, "/", "http_4xx"),
    *plain("haproxy", 22080), *plain("haproxy", 22081, "/", ("--http2",)),
    *secure("haproxy", 22443), *mutual("haproxy", 22444, "/", "tls_handshake", MISSING),
    Endpoint("haproxy", 22090, "timeout", "--http1.1", *SHORT, path="/silent"),
    Endpoint("haproxy", 22090, {"peer_closed", "peer_reset", "http_4xx"}, "--http1.1", *SHORT,
             path="/reject"),
    Endpoint("haproxy", 22090, "timeout", "--http1.1", *SHORT, path="/tarpit"),
    Endpoint("haproxy", 22090, "shed", "--http1.1", *SHORT, path="/429"),
    Endpoint("haproxy", 22090, {"ok", "http_5xx", "shed"}, "--http1.1", *SHORT, path="/flaky"),
    *plain("apache", 23080, PAGE, ("--http1.1", "--http2", "--h2c-upgrade")),
    *secure("apache", 23443, PAGE), *mutual("apache", 23444, PAGE, "tls_handshake", MISSING),
    *plain("h2o", 24080, PAGE, ("--http1.1", "--http2", "--h2c-upgrade")),
    *secure("h2o", 24443, PAGE),
    *plain("lighttpd", 25080, PAGE, ("--http1.1", "--http2")), *secure("lighttpd", 25443, PAGE),
    *plain("caddy", 26080, "/", ("--http1.1", "--http2")), *secure("caddy", 26443),
    *mutual("caddy", 26444, "/", "tls_handshake", MISSING),
    *plain("nghttpdc", 27080, PAGE, ("--http2",)),
    *secure("nghttpd", 27443, PAGE, ("--http2",)),
    Endpoint("nghttpd", 27443, {"peer_closed", "tls_handshake"}, "--http1.1", *CA, *SHORT, path=PAGE,
             scheme="https"),
    *mutual("nghttpdm", 27444, PAGE, "tls_handshake", MISSING),
    *[Endpoint(f"bad_{kind}", port, "tls_certificate", "--http1.1", *CA, *SHORT, scheme="https",
               reason={reason})
      for port, kind, reason in (
          (28600, "wronghost", "wrong_host"), (28601, "untrusted", "no_issuer"),
          (28602, "badeku", "bad_usage"), (28603, "expired", "expired"),
          (28604, "future", "not_yet_valid"), (28605, "selfsigned", "self_signed"),
          (28606, "nochain", "no_issuer"))],
    *[Endpoint(server, port, "ok", "--grpc", "echo.Echo/Unary", *PROTO, "--data",
               '{"n": 1}', *(CA if scheme == "https" else ()), *more, path="",
               scheme=scheme)
      for server, port, scheme, more in (
          ("grpcpy", 21091, "http", ()), ("grpcjs", 21092, "http", ()),
          ("grpccc", 21093, "http", ()), ("nginx", 21082, "http", ()),
          ("grpcpy", 21446, "https", ()), ("grpcpy", 21447, "https", CLIENT),
          ("grpcjs", 21448, "https", ()), ("nginx", 21445, "https", ()))],
    *[Endpoint(server, port, "ok", "--ws", *more, path=path, scheme=scheme)
      for server, port, scheme, path, more in (
          ("wsjs", 21090, "ws", "/", ()), ("wsjs", 21094, "ws", "/", ()),
          ("wsjs", 21449, "wss", "/", CA), ("wspy", 21095, "ws", "/", ()),
          ("nginx", 21080, "ws", "/ws", ()))],
]


def is_up(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


_started = set()


def need(endpoint):
    if not PEERS:
        raise tap.Skip("PEERS names no program that starts the peers")
    for flag in ("--grpc", "--ws"):
        if flag in endpoint.flags and flag not in brink.run(["run", "--help"]).out:
            raise tap.Skip("not spoken yet")
    names = [endpoint.server]
    if endpoint.server == "nginx" and "--grpc" in endpoint.flags:
        names.append("grpcpy")
    if endpoint.server == "nginx" and "--ws" in endpoint.flags:
        names.append("wsjs")
    for name in names:
        if name in _started or is_up(port_of(name)):
            continue
        _started.add(name)
        subprocess.run([PEERS, "up", name], cwd=os.path.dirname(PEERS), check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=120)
        tap.await_true(lambda n=name: is_up(port_of(n)), START_S, f"{name} is up")


def port_of(name):
    return next(e.port for e in ENDPOINTS if e.server == name)


def load(endpoint):
    need(endpoint)
    result = brink.run(["run", endpoint.url, "-c", "4", "-d", "2s", "--format", "json",
                        *endpoint.flags])
    summary = result.json
    outcomes = {name: n for name, n in summary["outcomes"].items() if n}
    requests = summary["requests"]
    reasons = {f["reason"] for f in (summary["tls"] or {}).get("failures", [])}
    print(f"# {endpoint.name:52} {summary['protocol']:5} {requests['intended']:>8} "
          f"{requests['failed'] + requests['shed']:>6}  {', '.join(sorted(outcomes))} "
          f"{', '.join(sorted(reasons))}".rstrip())
    tap.check(outcomes and set(outcomes) <= endpoint.want,
              f"{endpoint.name}: {outcomes}, wanted {endpoint.want}\n{result.err}")
    if endpoint.reason:
        tap.check(reasons and reasons <= endpoint.reason,
                  f"{endpoint.name}: {reasons}, wanted {endpoint.reason}")


print(f"# {'endpoint':52} {'proto':5} {'requests':>8} {'failed':>6}  class, reason")
for _endpoint in ENDPOINTS:
    tap.add(f"{_endpoint.name} ends in {' or '.join(sorted(_endpoint.want))}",
            lambda e=_endpoint: load(e))


try:
    tap.main()
finally:
    if _started:
        subprocess.run([PEERS, "down"], cwd=os.path.dirname(PEERS), check=False,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
