"""A hundred thousand WebSockets, held and pinged, on our own target."""

import brink
import tap
from holds import MANY, SOURCES, hold, roomy


@tap.test
def a_hundred_thousand_websockets_are_pinged_every_thirty_seconds_and_none_is_lost():
    tap.need_long()
    with roomy() as target:
        url = f"ws://127.0.0.1:{target.port}/"
        summary, _ = hold(url, "-c", str(MANY), "-d", "61s", "--ping", "30s", "--verify",
                          "--source", SOURCES, "-t", "1", timeout=240)
        stats = target.stats()
    connections = summary["connections"]
    tap.equal(connections["opened"], MANY, "opened")
    tap.equal((connections["failed"], connections["lost"]), (0, 0), "failed and lost")
    tap.equal(summary["hold"]["open_at_end"], MANY, "open at the end")
    tap.equal(set(brink.outcomes(summary)), {"ok"}, "outcomes of pings and of the last round")
    tap.check(summary["requests"]["ok"] >= 3 * MANY - MANY // 100,
              f"each was pinged twice and asked once more: {summary['requests']}")
    tap.check(stats["ws_connections"] >= MANY, f"upgraded: {stats}")
    print(f"# {summary['generator']['bytes_per_idle_connection']} bytes of user memory each")


tap.main()
