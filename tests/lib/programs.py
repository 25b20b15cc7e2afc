"""programs: which test programs there are, and one run of one of them.

A program is a Check binary, the simulator, or a Python script; all print TAP. Each runs in a
process group of its own, with its output in a file: whatever it leaves behind is killed by that
group, and an orphan that still holds a pipe cannot hang the suite."""

import os
import select
import signal
import subprocess
import sys
import tempfile
import time

import taplog

SKIPPED = 77  # exit code: nothing to test here, the last "SKIP: reason" line says why
GRACE_S = 5  # between SIGTERM, which lets a script clean up, and SIGKILL


class Program:
    """Name, command and environment of one test program."""

    def __init__(self, name, command, environment, parallel=False):
        self.name = name
        self.command = command
        self.environment = environment
        self.parallel = parallel  # not sensitive to what else runs on the machine


class Report:
    """What became of a program: a taplog.Point for each test, its output, how long it took."""

    def __init__(self, program, points, output, seconds):
        self.program = program
        self.points = points
        self.output = output
        self.seconds = seconds
        self.failed = [p for p in points if p.state == taplog.FAILED]
        self.skipped = [p for p in points if p.state == taplog.SKIPPED]
        self.passed = [p for p in points if p.state == taplog.PASSED]

    def word(self):
        if self.failed:
            return "failed"
        return "passed" if self.passed else "skipped"


# Tests fork where threads have run; a second signal quits without joining anybody.
# TSan cannot see the atomics by which OpenSSL, not built for it, publishes what it has parsed.
TSAN = "die_after_fork=0:report_thread_leaks=0:ignore_noninstrumented_modules=1"


def find(root, build, long):
    """All programs of the tree, from the sources: what was not built fails instead of missing."""
    check = check_environment(build)
    found = []
    for source in sources(root, "tests/unit", "test_", ".c"):
        binary = os.path.join(build, source[: -len(".c")])
        found.append(Program(short(source)[: -len(".c")], [binary], check, parallel=True))
    if sources(root, "tests/sim", "", ".c"):
        binary = os.path.join(build, "tests/sim/test_sim")
        seeds = "10000" if long else "200"
        found.append(Program("sim/test_sim", [binary, "--seeds", seeds], check))
    if sources(root, "tests/search", "", ".c"):
        binary = os.path.join(build, "tests/search/test_search")
        seeds = "1000" if long else "40"
        found.append(Program("search/test_search", [binary, "--seeds", seeds], check))
    scripts = sources(root, "tests", "", "_test.py")
    for room in ("e2e", "net", "honesty"):
        scripts += sources(root, "tests/" + room, "", ".py")
    environment = script_environment(root, build, long)
    for script in scripts:
        command = [sys.executable, os.path.join(root, script)]
        found.append(Program(short(script), command, environment))
    return found


def sources(root, folder, begin, end):
    """Files of root/folder that begin and end so, as paths below root, in order."""
    path = os.path.join(root, folder)
    names = sorted(os.listdir(path)) if os.path.isdir(path) else []
    return [folder + "/" + n for n in names if n.startswith(begin) and n.endswith(end)]


def short(source):
    return source[len("tests/"):]


def check_environment(build):
    """Check prints TAP alone. Forking a child for each test is left to the sanitizers' builds:
    there a leak is charged to the test that leaked; elsewhere it only costs time."""
    environment = dict(os.environ, CK_TAP_LOG_FILE_NAME="-", CK_VERBOSITY="silent")
    environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    if os.path.basename(build) not in ("asan", "tsan"):
        environment["CK_FORK"] = "no"
    else:  # slower by a factor
        environment["CK_TIMEOUT_MULTIPLIER"] = "10"
        environment.setdefault("TSAN_OPTIONS", TSAN)
    return environment


def script_environment(root, build, long):
    environment = dict(os.environ, BRINK=os.path.join(build, "brink"), BRINK_BUILD=build,
                       PYTHONPATH=os.path.join(root, "tests/lib"), PYTHONDONTWRITEBYTECODE="1",
                       LC_ALL="C.UTF-8")  # words of strerror(3) are compared
    environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    environment.setdefault("TSAN_OPTIONS", TSAN)
    environment.pop("BRINK_LONG", None)
    if long:
        environment["BRINK_LONG"] = "1"
    return environment


def run(program, timeout_s):
    """Runs it to its end, or kills its group at the timeout, and judges what it said."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as output:
        try:
            child = subprocess.Popen(program.command, env=program.environment, stdout=output,
                                     stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                     start_new_session=True)
        except OSError as error:
            why = f"cannot be started: {error.strerror} ({program.command[0]}); was it built?"
            return Report(program, [taplog.failure(program.name, why)], why, 0.0)
        in_time = await_end(child, timeout_s)
        seconds = time.monotonic() - start
        output.seek(0)
        text = output.read().decode(errors="replace")
    points = taplog.parse(text)
    points += verdict(program, child.returncode, text, points, None if in_time else timeout_s)
    return Report(program, points, text, seconds)


def await_end(child, timeout_s):
    """True when it ended by itself. Its group is gone afterwards in any case; the leader is
    reaped last, so that the group's number cannot have passed to somebody else."""
    ended = select.poll()
    handle = os.pidfd_open(child.pid)
    ended.register(handle, select.POLLIN)
    try:
        in_time = bool(ended.poll(timeout_s * 1000))
        if not in_time:
            os.killpg(child.pid, signal.SIGTERM)
            ended.poll(GRACE_S * 1000)
        return in_time
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        os.close(handle)


def verdict(program, code, text, points, timed_out_s):
    """Points for what a program says with its end rather than with a line of TAP."""
    if timed_out_s is not None:
        return [taplog.failure(program.name, f"still running after {timed_out_s} s, killed")]
    if code == SKIPPED:
        return [taplog.skip(program.name, taplog.skip_reason(text))]
    if code < 0:
        name = signal.Signals(-code).name
        hint = " (CK_FORK=yes shows in which test)" if program.parallel else ""
        return [taplog.failure(program.name, f"died of {name}{hint}")]
    planned = taplog.plan(text)
    if planned is not None and planned != len(points):
        return [taplog.failure(program.name, f"{planned} tests planned, {len(points)} reported")]
    if code != 0 and not any(p.state == taplog.FAILED for p in points):
        return [taplog.failure(program.name, f"exit code {code}")]
    if not points and not taplog.skips_all(text):
        return [taplog.failure(program.name, "reported no test at all")]
    if not points:
        return [taplog.skip(program.name, taplog.skips_all(text))]
    return []
