"""The target's kernel beside the client: samples of an agent on the generator's clock, agents that
go and come back, and this host sampled without one."""

import datetime
import signal
import socket
import time

import agents
import brink
import certs
import netns
import servers
import tap

AWAY_S = 1234  # seconds that the agent's monotonic clock is ahead
ERROR_US = 50
FREEZE_S = 0.5


def ahead():
    """A prefix for a process whose CLOCK_MONOTONIC is AWAY_S ahead."""
    tap.need_root("make a time namespace")
    return [tap.need_command("unshare"), "--time", "--monotonic", str(AWAY_S), "--fork",
            "--kill-child", "--"]


def watched(url, agent, seconds, *flags, **options):
    """A run under way that listens to an agent."""
    return brink.start(["run", url, "-c", "4", "-R", "2000", "-d", f"{seconds}s", "--format",
                        "json", "--agent", agent, "--accept-saturated", *flags], **options)


def told(result):
    """Its summary, and what it says of the agent."""
    summary = brink.summary_of(result)
    return summary, summary["agents"][0]


@tap.test
def the_clocks_offset_is_known_to_50_us_under_load():
    with netns.Namespace() as space, servers.Target(prefix=space.prefix) as target:
        with agents.Agent(None, "--no-bpf", prefix=ahead() + space.prefix) as agent:
            errors = []
            with brink.start(["run", target.url, "-c", "64", "-d", "30s", "--agent", "none"],
                             prefix=space.prefix) as load:
                for _ in range(9):
                    run = brink.run(["run", target.url, "-c", "1", "-n", "10", "--format", "json",
                                     "--agent", agent.url], prefix=space.prefix)
                    clock = told(run)[1]["clock"]
                    errors.append(clock["offset_us"] - AWAY_S * 1e6)
                    tap.check(abs(errors[-1]) <= clock["bound_us"], f"within its bound: {clock}")
                load.signal(signal.SIGINT)
                load.finish(10)
    print("# errors in us: " + " ".join(f"{e:.1f}" for e in errors))
    tap.between(max(errors, key=abs), -ERROR_US, ERROR_US, f"error in us, of {errors}")


def first_row(values, holds):
    return next((i for i, value in enumerate(values) if value is not None and holds(value)), None)


def stopped_for(target, seconds):
    """Stops the target's process; the wall clock's second of that."""
    target.signal(signal.SIGSTOP)
    at_s = time.time()
    time.sleep(seconds)
    target.signal(signal.SIGCONT)
    return at_s


def started_s(summary):
    return datetime.datetime.fromisoformat(summary["started_at"].replace("Z", "+00:00")).timestamp()


@tap.test
def a_freeze_of_the_target_stands_in_both_timelines_within_100_ms():
    with servers.Target() as target:
        with agents.Agent(None, "--no-bpf", "--pid", str(target.child.pid)) as agent:
            with watched(target.url, agent.url, 3) as run:
                time.sleep(1.2)
                at_s = stopped_for(target, FREEZE_S)
                summary, _ = told(run.finish(20))
    line = summary["timeline"]
    tap.equal(line["row_s"], 0.1, "seconds a row")
    truth = (at_s - started_s(summary)) / line["row_s"]
    client = first_row(line["ended"][5:], lambda n: n == 0) + 5
    kernel = first_row(line["kernel"]["process_stopped"], lambda n: n > 0)
    print(f"# rows of 100 ms: stopped at {truth:.1f}, client {client}, kernel {kernel}")
    tap.between(client - truth, -1, 1.5, "row of the client's silence, less the truth")
    tap.between(kernel - truth, -1, 1.5, "row of the kernel's stop, less the truth")
    tap.between(sum(1 for n in line["kernel"]["process_stopped"] if n), 4, 7, "rows stopped")


@tap.test
def a_lost_agent_makes_the_report_incomplete():
    with servers.Target() as target, agents.Agent(None, "--no-bpf") as agent:
        with watched(target.url, agent.url, 3) as run:
            time.sleep(1)
            agent.kill()
            result = run.finish(20)
    summary, said = told(result)
    tap.equal(result.code, 8, "exit code")
    tap.equal((said["lost"], said["complete"]), (True, False), "lost, complete")
    tap.check(any("lost" in gap for gap in summary["gaps"]), f"gaps: {summary['gaps']}")
    tap.check(summary["requests"]["ok"] > 4000, "the load went on")


@tap.test
def an_agent_that_came_back_leaves_a_gap_that_is_named():
    listen = f"127.0.0.1:{servers.free_port()}"
    with servers.Target() as target:
        with agents.Agent(None, "--no-bpf", listen=listen) as agent:
            run = watched(target.url, agent.url, 4)
            time.sleep(1)
            agent.kill()
        with run, agents.Agent(None, "--no-bpf", listen=listen):
            result = run.finish(20)
    summary, said = told(result)
    tap.equal(result.code, 0, "exit code")
    tap.equal((said["lost"], said["complete"]), (False, False), "lost, complete")
    tap.check(said["missed"] > 0 and said["cuts"] > 0, f"missed, cuts: {said}")
    tap.check(any("missing" in gap for gap in summary["gaps"]), f"gaps: {summary['gaps']}")


@tap.test
def an_agent_cut_off_for_five_seconds_has_lost_nothing():
    with netns.Namespace() as space, servers.Target(prefix=space.prefix) as target:
        with agents.Agent(None, "--no-bpf", prefix=space.prefix) as agent:
            rules = [["INPUT", "-p", "tcp", end, str(agent.port), "-j", "DROP"]
                     for end in ("--dport", "--sport")]
            iptables = tap.need_command("iptables")
            with watched(target.url, agent.url, 9, prefix=space.prefix) as run:
                time.sleep(1)
                for rule in rules:
                    space.run(iptables, "-A", *rule)
                time.sleep(5)
                for rule in rules:
                    space.run(iptables, "-D", *rule)
                result = run.finish(30)
    _, said = told(result)
    tap.equal((said["complete"], said["missed"]), (True, 0), "complete, missed")
    tap.check(said["cuts"] >= 1, f"times cut off: {said['cuts']}")
    tap.between(said["samples"], 85, 95, "samples of 9 s")


@tap.test
def an_agent_beyond_loopback_is_asked_with_certificates():
    authority = certs.Authority()
    cert, key = authority.make("server")
    with servers.Target() as target, agents.Agent(
            None, "--no-bpf", "--tls-cert", cert, "--tls-key", key, "--client-ca", authority.ca,
            listen="0.0.0.0:0") as agent:
        url = f"https://127.0.0.1:{agent.port}"
        own = authority.make("client")
        flags = ["--agent-cacert", authority.ca, "--agent-cert", own[0], "--agent-key", own[1]]
        with watched(target.url, url, 1, *flags) as run:
            tap.equal(told(run.finish(20))[1]["complete"], True, "complete")
        with watched(target.url, url, 1, "--agent-cacert", authority.ca) as run:
            refused = run.finish(20)
    tap.equal(refused.code, 4, "exit code without a certificate")
    tap.contains(refused.err, url, "the error")


@tap.test
def what_is_no_agent_is_refused_before_the_start():
    with servers.Target() as target:
        for text, code in (("http://127.0.0.1:1", 4), (target.url, 4), ("ftp://127.0.0.1", 2),
                           ("http://127.0.0.1:9464/metrics", 2)):
            result = brink.run(["run", target.url, "-n", "1", "--agent", text])
            tap.equal(result.code, code, f"exit code with {text}")
            tap.contains(result.err, text, "the error")
        tap.equal(target.stats()["requests"], 1, "requests: the question of its clock alone")


@tap.test
def a_target_on_this_host_is_watched_without_an_agent():
    with netns.Namespace() as space, servers.Target(prefix=space.prefix) as target:
        run = brink.run(["run", target.url, "-c", "8", "-d", "2s", "-v", "--format", "json"],
                        prefix=space.prefix)
        summary, said = told(run)
        tap.equal((said["agent"], said["complete"]), ("local", True), "agent, complete")
        for figure in ("syn_recv", "accept_queue", "accept_queue_limit", "time_wait",
                       "retransmitted_segments", "softirq_share"):
            tap.check(figure in said["kernel"], f"{figure} in {said['kernel']}")
        for word in ("syn_recv", "accept", "time_wait", "retransmits", "conntrack", "softirq"):
            tap.contains(run.err, word, "the live text")
        none = brink.load(target.url, "-n", "10", "--agent", "none", prefix=space.prefix)
        tap.equal(none["agents"], [], "agents with --agent none")


@tap.test
def an_overflowing_accept_queue_is_seen_beside_the_client():
    """Raw sockets that listen and never accept: the client's connections fill their queue."""
    with netns.Namespace() as space:
        space.sysctl("net.core.somaxconn", "16")
        with space.inside():
            listener = socket.socket()
        with listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(16)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            run = brink.run(["run", url, "-c", "61", "-d", "3s", "--timeout", "1s",
                             "--connect-timeout", "1s", "--format", "json"], prefix=space.prefix)
    kernel = brink.summary_of(run)["agents"][0]["kernel"]
    tap.equal(kernel["accept_queue_limit"], 16, "limit")
    tap.between(kernel["accept_queue"], 17, 18, "queue: one more, or two that came at once")
    tap.check(kernel["listen_overflows"] > 0, f"overflows: {kernel}")


tap.main()
