"""Nothing is left over after a hundred thousand connections, on either side."""

import brink
import servers
import tap

CONNECTIONS = 100_000


def others_open(target):
    """Connections that the target has open, but for the one that asks."""
    return target.stats()["connections_open"] - 1


def nothing_is_left(*flags, disable=""):
    with servers.Target() as target:
        summary = brink.load(target.url + "/", "-n", str(CONNECTIONS), "-c", "200",
                             "--no-keepalive", *flags, env={"BRINK_DISABLE": disable},
                             timeout=600, code=0)
        tap.await_true(lambda: others_open(target) == 0, 5, "the target's connections end")
        stats = target.stats()
    tap.equal(brink.outcomes(summary), {"ok": CONNECTIONS}, "outcomes")
    tap.equal(summary["connections"]["opened"], CONNECTIONS, "connections opened")
    tap.equal(summary["generator"]["slots_left"], 0, "ring slots never given back")
    tap.check(stats["connections_accepted"] >= CONNECTIONS, f"the target's count: {stats}")
    tap.check(summary["generator"]["rss_bytes"] < 64 << 20 or tap.SANITIZER,
              f"memory: {summary['generator']['rss_bytes']}")


@tap.test
def a_hundred_thousand_connections_leave_nothing_behind():
    tap.need_long()
    nothing_is_left()


@tap.test
def nor_do_they_on_two_threads_without_direct_descriptors():
    tap.need_long()
    nothing_is_left("-t", "2", disable="direct")


@tap.test
def a_million_requests_leave_nothing_behind():
    tap.need_long()
    with servers.Target() as target:
        summary = brink.load(target.url + "/", "-n", "1M", "-c", "64", timeout=600, code=0)
    tap.equal(brink.outcomes(summary), {"ok": 1_000_000}, "outcomes")
    tap.equal(summary["generator"]["slots_left"], 0, "ring slots never given back")


tap.main()
