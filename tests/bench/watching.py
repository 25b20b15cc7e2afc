"""watching: what an agent costs the load that it watches.

CPU is that of a control group (v2) with both ends and the agent in it, to the microsecond, and of
ksoftirqd: a program in the kernel is charged to whoever runs it, be it the generator, the target or
a soft interrupt in either. Loading the programs is not in it, as the agent has sampled before a run
begins. What an interrupt does to an idle cpu is in no group: `busy_ratio` is of all that was not
idle, by /proc/stat, which counts in ticks and counts what others do."""

import contextlib
import os
import re
import statistics
import subprocess
import time

import agents
import brink
import cgroup
import measure
import servers
import tap
import watch

ADDRESSES = 16  # of the target, in one round: its connections in TIME_WAIT leave ports enough
CONNECTIONS_MIN = 1000  # in a slice that counts
OTHERS_MAX = 0.05  # of both cpus: a round in which others used more is repeated, with patience
START_S = 2  # of the load, before it counts; and for the agent to come
GRACE_S = 30


class Account:
    """A control group. `prefix` runs a command in it."""

    def __enter__(self):
        root = next((path for _, path, kind, _ in cgroup.mounts() if kind == "cgroup2"), None)
        if not root or os.geteuid() != 0:
            raise measure.Unfit("root and a cgroup2 are needed")
        self.path = os.path.join(root, f"brink-bench-{os.getpid()}")
        os.mkdir(self.path)
        self.prefix = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', self.path]
        return self

    def __exit__(self, *_):
        tap.await_true(self.removed, 5, f"{self.path} is empty and removed")

    def removed(self):
        with contextlib.suppress(OSError):  # a process is still ending
            os.rmdir(self.path)
        return not os.path.isdir(self.path)

    def cpu_s(self):
        with open(self.path + "/cpu.stat", encoding="ascii") as stat:
            return int(re.search(r"usage_usec (\d+)", stat.read())[1]) / 1e6


def softirqd_s():
    """CPU of the threads that the kernel passes soft interrupts on to."""
    found = subprocess.run(["pgrep", "-x", r"ksoftirqd/\d+"], capture_output=True, text=True,
                           check=False).stdout.split()
    return sum(int(on_cpu(pid)) for pid in found) / 1e9


def on_cpu(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as stat:
        return stat.read().split()[0]


def busy_s():
    total, idle = measure.cpu_ticks()
    return (total - idle) / os.sysconf("SC_CLK_TCK")


class Slice:
    """What was used, and how many connections carried a request, between begin and end."""

    def __init__(self, account, target):
        self.account, self.target = account, target
        self.connections = 0
        self.own_s = self.busy_s = self.elapsed_s = 0

    def take(self, seconds):
        """Adds so much time of the load to what was taken before."""
        before = self.now()
        time.sleep(seconds)
        after = self.now()
        spent = [b - a for a, b in zip(before, after)]
        self.connections += spent[0]
        self.own_s += spent[1]
        self.busy_s += spent[2]
        self.elapsed_s += spent[3]

    def now(self):
        return (self.target.stats()["requests"], self.account.cpu_s() + softirqd_s(), busy_s(),
                time.monotonic())

    def us(self, cpu_s):
        """A connection's share."""
        if self.connections < CONNECTIONS_MIN:
            raise measure.Unfit(f"{self.connections} connections carried a request")
        return cpu_s / self.connections * 1e6


class Round:
    """One run of the load: half a slice without an agent, a slice with one, the other half. So
    what drifts, drifts into both; and a slice is long enough for a walk over all sockets, which
    comes the less often the dearer it is."""

    def __init__(self, bench, connections, account, target, number, flags):
        self.bench, self.account, self.target = bench, account, target
        self.flags = flags
        self.slice_s = 3 * bench.seconds
        self.alone, self.watched = Slice(account, target), Slice(account, target)
        net, port = f"127.0.{number % 250 + 1}", target.port
        self.load = ["-t", "1", "-c", str(connections), "-d", f"{self.load_s()}s", "-q",
                     "--format", "json", "--accept-saturated", "--no-keepalive",
                     f"--to={net}.1-{net}.{ADDRESSES}:{port}", f"http://{net}.1:{port}/"]

    def load_s(self):
        return 2 * self.slice_s + 3 * START_S

    def take(self):
        pinned = ["taskset", "-c", str(measure.GENERATOR_CPU)]
        with brink.start(["run", *self.load],
                         prefix=[*self.account.prefix, *pinned]) as generator:
            time.sleep(START_S)
            self.alone.take(self.slice_s / 2)
            self.take_watched()
            self.alone.take(self.slice_s / 2)
            result = generator.finish(self.load_s() + GRACE_S)
        wrong = {name: n for name, n in brink.outcomes(result.json).items() if name != "ok"}
        if wrong:
            raise measure.Unfit(f"brink: {wrong}")

    def take_watched(self):
        with watch.Watcher(self.account.prefix, self.flags) as agent:
            before_s = agents.cpu_seconds(agent.pid)
            self.watched.take(self.slice_s)
            self.agent_cores = (agents.cpu_seconds(agent.pid) - before_s) / self.watched.elapsed_s
            self.programs = agent.programs

    def pair(self):
        """µs of CPU a connection, with an agent and without."""
        return tuple(part.us(part.own_s) for part in (self.watched, self.alone))

    def busy_ratio(self):
        return self.alone.us(self.alone.busy_s) / self.watched.us(self.watched.busy_s)

    def others(self):
        """Their share of both cpus, in the slice where it was greater."""
        return max((part.busy_s - part.own_s) / part.elapsed_s / 2
                   for part in (self.watched, self.alone))


def compare(bench, connections, flags):
    """The comparison, with an agent against without, and further figures."""
    brink.PATH = bench.brink.path
    rounds = []
    with Account() as account, servers.Target("--threads", "1", listen="0.0.0.0:0",
                                              prefix=account.prefix) as target:
        for number in range(bench.rounds):
            rounds.append(undisturbed(bench, connections, account, target, number, flags))
    return measure.Comparison([r.pair() for r in rounds]), {
        "busy_ratio": round(statistics.median(r.busy_ratio() for r in rounds), 3),
        "agent_cores": round(statistics.median(r.agent_cores for r in rounds), 4),
        "others": round(max(r.others() for r in rounds), 3), "programs": rounds[0].programs}


def undisturbed(bench, connections, account, target, number, flags):
    """A round, again and again until nobody else used the machine or patience is spent."""
    while True:
        bench.machine.await_quiet()
        taken = Round(bench, connections, account, target, number, flags)
        taken.take()
        if taken.others() <= OTHERS_MAX:
            return taken
        if bench.machine.left_s <= 0:
            bench.machine.noisy = True
            return taken
        bench.machine.left_s -= taken.load_s()


def share_over(bench, connections, seconds):
    """The agent's share of a core beside so many idle connections, and the sockets that it saw."""
    brink.PATH = bench.brink.path
    on = [["taskset", "-c", str(cpu)] for cpu in (measure.GENERATOR_CPU, measure.SERVER_CPU)]
    with watch.Watcher() as agent, watch.held(connections, prefixes=on):
        bench.machine.await_quiet()
        return watch.share_of_a_core(agent, seconds), watch.values(agent)
