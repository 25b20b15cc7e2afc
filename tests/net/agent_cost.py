"""What an agent that watches many sockets costs. tests/bench has what it costs a load."""

import tap
import watch

CONNECTIONS = 50_000  # two sockets each
WATCHED_S = 20
CORE_SHARE = 0.03


@tap.test
def a_hundred_thousand_sockets_cost_at_most_three_per_cent_of_a_core():
    tap.need_long()
    tap.need_root("load programs")
    if tap.SANITIZER:
        raise tap.Skip("a sanitizer costs more than what it watches")
    with watch.Watcher() as agent, watch.held(CONNECTIONS):
        share = watch.share_of_a_core(agent, WATCHED_S)
        values = watch.values(agent)
    tap.check(values["established"] >= 2 * CONNECTIONS, f"watched: {values}")
    print(f"# {share:.2%} of a core", flush=True)
    tap.between(share, 0.0001, CORE_SHARE, "share of a core")


tap.main()
