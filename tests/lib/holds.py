"""holds: `brink hold` against a roomy target, for the tests of it."""

import brink
import servers
import tap

MANY = 5_000 if tap.SANITIZER else 100_000
SOURCES = "127.0.0.1-127.0.0.8"


def hold(url, *flags, timeout=60, prefix=(), env=None):
    """A hold to its end: summary and what was said on the way."""
    args = ["hold", url, *flags, "--format", "json"]
    result = brink.run(args, timeout=timeout, prefix=prefix, env=env)
    return brink.summary_of(result), result


def roomy(*flags, port=0):
    """A target with room for everybody, on every local address."""
    return servers.Target("--threads", "1", "--max-connections", str(MANY + 1000), *flags,
                          listen=f"0.0.0.0:{port}")


def local(target):
    return f"http://127.0.0.1:{target.port}/"


def all_answered(summary, count):
    connections = summary["connections"]
    tap.equal(connections["opened"], count, "opened")
    tap.equal((connections["failed"], connections["lost"]), (0, 0), "failed and lost")
    tap.equal(summary["hold"]["open_at_end"], count, "open at the end")
    tap.equal(brink.outcomes(summary), {"ok": count}, "outcomes of the last round")
