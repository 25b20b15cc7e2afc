"""measure: what a process cost, on a machine that others use too.

    machine.keep_to_server_cpu()            this script, and every server it starts
    machine.await_quiet()                   within a budget for each row of the bench
    run = generate([...])                   a generator on the other cpu; run.cpu_s, run.out
    compare(rounds, ours, theirs)           interleaved rounds, each a pair of µs per request

CPU seconds are those the kernel charged (rusage of wait4): rates mean nothing on a shared machine,
and soft interrupts are charged to whoever runs."""

import os
import statistics
import subprocess
import tempfile
import time

GENERATOR_CPU, SERVER_CPU = 0, 1
BUSY = 0.15  # of both cpus: more than that is somebody else's work
SLACK_S = 20  # that a run may take beyond its duration


class Unfit(Exception):
    """A run that cannot be counted, and why."""


class Run:
    """A process that ended with exit code 0."""

    def __init__(self, command, cpu_s, out):
        self.command = command
        self.cpu_s = cpu_s
        self.out = out


def generate(command, seconds, environment=None):
    """Runs a generator to its end on its cpu; the CPU time is its own, start to end."""
    command = ["taskset", "-c", str(GENERATOR_CPU)] + [str(word) for word in command]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                 env=environment)
        usage = await_end(child, seconds + SLACK_S)
        out.seek(0)
        err.seek(0)
        said, complaint = out.read(), err.read()
    if child.returncode != 0:
        raise Unfit(f"{' '.join(command)}: exit code {child.returncode}: "
                    f"{(complaint or said).strip()[-300:]}")
    return Run(command, usage.ru_utime + usage.ru_stime, said)


def await_end(child, limit_s):
    """Its rusage; one that does not end is killed and does not count. The child stays a zombie
    until wait4, for that is what tells its usage."""
    handle = os.pidfd_open(child.pid)
    try:
        deadline = time.monotonic() + limit_s
        while os.waitid(os.P_PIDFD, handle, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() > deadline:
                child.kill()
                child.wait()
                raise Unfit(f"{' '.join(child.args)}: still running after {limit_s} s")
            time.sleep(0.02)
    finally:
        os.close(handle)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return usage


class Machine:
    """The two cpus, and how long this bench has waited for others to leave them alone."""

    def __init__(self, patience_s):
        self.patience_s = patience_s
        self.left_s = patience_s
        self.noisy = False

    def keep_to_server_cpu(self):
        allowed = os.sched_getaffinity(0)
        if not {GENERATOR_CPU, SERVER_CPU} <= allowed:
            raise Unfit(f"cpus {GENERATOR_CPU} and {SERVER_CPU} are needed, {sorted(allowed)} "
                        "allowed")
        os.sched_setaffinity(0, {SERVER_CPU})

    def new_row(self):
        self.left_s = self.patience_s
        self.noisy = False

    def await_quiet(self):
        """Not by the load average, which remembers for minutes what this bench itself did. When
        the row's patience is spent, measures all the same, and `noisy` says so."""
        while busy() > BUSY:
            if self.left_s <= 0:
                self.noisy = True
                return
            time.sleep(1)
            self.left_s -= 1.3


def busy(window_s=0.3):
    """The share of all cpus in use over a window in which this script does nothing."""
    before = cpu_ticks()
    time.sleep(window_s)
    total, idle = (after - b for after, b in zip(cpu_ticks(), before))
    return 1 - idle / total if total else 0.0


def cpu_ticks():
    with open("/proc/stat", encoding="ascii") as stat:
        ticks = [int(word) for word in stat.readline().split()[1:9]]
    return sum(ticks), ticks[3] + ticks[4]  # idle, iowait


class Comparison:
    """Paired figures of some rounds: µs of CPU per request, ours and theirs."""

    def __init__(self, pairs):
        self.ours = statistics.median(p[0] for p in pairs)
        self.theirs = statistics.median(p[1] for p in pairs)
        ratios = [theirs / ours for ours, theirs in pairs]
        self.ratio = statistics.median(ratios)
        self.low, self.high = min(ratios), max(ratios)


def compare(machine, rounds, ours, theirs):
    """Each round runs both, taking turns at being first. Callables return µs per request."""
    pairs = []
    for number in range(rounds):
        machine.await_quiet()
        if number % 2:
            second, first = theirs(), ours()
        else:
            first, second = ours(), theirs()
        pairs.append((first, second))
    return Comparison(pairs)
