"""`brink hold` where something runs out: warned of before the start, survived, classed, and with a
remedy."""

import re

import brink
import cgroup
import netns
import servers
import tap
from holds import MANY, SOURCES, all_answered, hold, local, roomy


def planned(result, limiter):
    """What the plan says of a limiter, before the start."""
    found = re.search(rf"^\s*{limiter}\b.*(?:\n(?!\S).*)*", result, re.M)
    tap.check(found, f"the plan names {limiter}: {result}")
    return found[0]


def held_to(limiter, outcome, count, url, *flags, prefix=(), env=None, timeout=60):
    """A hold that meets a limit: warned of before, survived, classed, and with a remedy."""
    flags = ["-c", str(count), "-d", "1s", "-t", "1", *flags]
    plan = brink.run(["hold", url, *flags, "--dry-run"], prefix=prefix, env=env)
    tap.contains(planned(plan.out, limiter), "BINDS", "the plan")
    summary, result = hold(url, *flags, prefix=prefix, env=env, timeout=timeout)
    failed = summary["hold"]["failed_by"]
    tap.check(failed.get(outcome, 0) > 0, f"failed by class: {failed}")
    tap.check(limiter in summary["generator"]["limits"], f"{summary['generator']}")
    tap.equal(result.code, 6, "exit code: the generator was the limit")
    tap.check(summary["connections"]["open_max"] > 0, "some were open")
    return summary


@tap.test
def a_hundred_ports_are_told_of_before_and_after():
    with netns.Namespace() as space:
        space.sysctl("net.ipv4.ip_local_port_range", "40000 40099")
        with servers.Target("--threads", "1", prefix=space.prefix) as target:
            summary = held_to("ports", "ports_exhausted", 300, target.url + "/",
                              prefix=space.prefix)
    tap.between(summary["connections"]["open_max"], 98, 100, "open")


@tap.test
def connection_tracking_that_is_full_is_told_of_before_and_after():
    key = "/proc/sys/net/netfilter/nf_conntrack_max"
    try:
        before = open(key, encoding="ascii").read()
    except OSError as error:
        raise tap.Skip(f"no connection tracking in this kernel: {error}") from error
    iptables = tap.need_command("iptables")
    with netns.Namespace() as space:
        space.run(iptables, "-A", "OUTPUT", "-m", "conntrack", "--ctstate", "NEW", "-j", "ACCEPT")
        with open(key, "w", encoding="ascii") as file:
            file.write("1000")
        try:
            with servers.Target("--threads", "1", prefix=space.prefix) as target:
                summary = held_to("conntrack_local", "connect_timeout", 1500, target.url + "/",
                                  "--connect-timeout", "1s", prefix=space.prefix)
        finally:
            with open(key, "w", encoding="ascii") as file:
                file.write(before)
    tap.between(summary["connections"]["open_max"], 900, 1000, "open")


@tap.test
def descriptors_are_told_of_before_and_after():
    """256 of them hold many rings of 256 connections, but not any number."""
    limited = ["sh", "-c", 'ulimit -n 64 && exec "$@"', "sh"]
    with roomy() as target:
        held_to("descriptors", "descriptors_exhausted", 5000, local(target), prefix=limited)


@tap.test
def under_a_limit_of_256_descriptors_ten_thousand_are_held():
    limited = ["sh", "-c", 'ulimit -n 256 && exec "$@"', "sh"]
    with roomy() as target:
        count = min(MANY, 10_000)
        summary, _ = hold(local(target), "-c", str(count), "-d", "1s", "--verify", "-t", "1",
                          prefix=limited)
    all_answered(summary, count)
    tap.check(summary["generator"]["rings"] >= count // 256, f"rings: {summary['generator']}")


@tap.test
def a_cgroup_that_runs_out_of_memory_stops_the_opening_and_not_the_process():
    if tap.SANITIZER:
        raise tap.Skip("a sanitizer needs the memory itself")
    with roomy() as target, cgroup.Memory(96 << 20) as group:
        summary = held_to("memory", "memory_exhausted", 50000, local(target), "--source", SOURCES,
                          prefix=group.prefix)
    tap.check(summary["connections"]["open_max"] > 1000, "those that fit were opened")


tap.main()
