"""TLS against servers of other hands: both versions, mutual TLS accepted, refused and missing,
resumption. nginx and haproxy are always there; the others where they are installed."""

import brink
import certs
import tap
import tls_servers

authority = certs.Authority()
SERVER = authority.make("server")
CLIENT = authority.make("client")
STRANGE = authority.make("client", "strange", issuer=authority.self_signed("stranger", "CN=a stranger"))
VERSIONS = ("1.2", "1.3")


def load(server, *flags, **options):
    return brink.load(server.url + "/", "--http1.1", "--cacert", authority.ca, *flags, **options)


def both_versions(kind):
    with kind(authority, SERVER) as server:
        for version in VERSIONS:
            summary = load(server, "-n", "400", "-c", "8", "--tls-max", version, code=0)
            tap.equal(brink.outcomes(summary), {"ok": 400}, f"outcomes with {version}")
            tap.equal(summary["tls"]["version"], "TLSv" + version, "version")


def resumption(kind):
    with kind(authority, SERVER) as server:
        for version in VERSIONS:
            summary = load(server, "-n", "60", "-c", "2", "-t", "1", "--no-keepalive", "--resume",
                           "--tls-max", version, code=0)
            tap.equal(brink.outcomes(summary), {"ok": 60}, f"outcomes with {version}")
            tls = summary["tls"]
            tap.equal(tls["full"] + tls["resumed"], 60, f"handshakes with {version}")
            tap.check(tls["resumed"] >= 50, f"only {tls['resumed']} of 60 resumed with {version}")


def mutual(kind):
    with kind(authority, SERVER, verify=True) as server:
        for version in VERSIONS:
            flags = ("-n", "6", "-c", "2", "--tls-max", version)
            good = load(server, *flags, "--cert", CLIENT[0], "--key", CLIENT[1], code=0)
            tap.equal(brink.outcomes(good), {"ok": 6}, f"accepted with {version}")
            bad = load(server, *flags, "--cert", STRANGE[0], "--key", STRANGE[1], code=3)
            none = load(server, *flags, code=3)
            if kind is tls_servers.Nginx:
                said_with_400(bad, f"refused with {version}")
                said_with_400(none, f"missing with {version}")
            else:
                said_by_alert(bad, {"unknown_ca", "certificate_refused"}, f"refused with {version}")
                said_by_alert(none, {"certificate_required", "handshake_alert",
                                     "certificate_refused"}, f"missing with {version}")


def said_with_400(summary, what):
    tap.equal(brink.outcomes(summary), {"http_4xx": 6}, what)
    tap.contains(" ".join(summary["notes"]), "client certificate", f"notes where {what}")


def said_by_alert(summary, reasons, what):
    tap.equal(brink.outcomes(summary), {"tls_handshake": 6}, what)
    seen = {failure["reason"] for failure in summary["tls"]["failures"]}
    tap.check(seen and seen <= reasons, f"{what}: {seen}, expected of {reasons}")


for _kind in tls_servers.ALL:
    _name = _kind.__name__.lower()
    tap.add(f"{_name} is spoken with in both versions", lambda k=_kind: both_versions(k))
    tap.add(f"{_name} resumes in both versions", lambda k=_kind: resumption(k))
for _kind in tls_servers.DEMANDING:
    tap.add(f"{_kind.__name__.lower()} accepts, refuses and misses a client certificate",
            lambda k=_kind: mutual(k))

tap.main()
