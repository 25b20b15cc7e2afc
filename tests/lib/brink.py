"""brink: runs the program under test, and reads what it says.

    r = brink.run(["run", url, "-n", "10"])       r.code, r.out, r.err, r.json, r.seconds
    s = brink.load(url, "-n", "10")               the summary, held to its schema
    with brink.start(["run", url]) as p: ...      p.signal(SIGTERM), p.finish() -> as run

BRINK names the binary; it must be an absolute path."""

import json
import os
import signal
import subprocess
import time

import schema
import tap

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
PATH = os.environ.get("BRINK", os.path.join(ROOT, "build/release/brink"))
GRACE_S = 2.0  # what a run may take beyond its duration
if tap.SANITIZER:
    GRACE_S = 6.0


class Result:
    """How a process ended."""

    def __init__(self, args, code, out, err, seconds):
        self.args = args
        self.code = code
        self.out = out
        self.err = err
        self.seconds = seconds

    @property
    def json(self):
        try:
            return json.loads(self.out)
        except ValueError as error:
            raise tap.Failure(f"not JSON ({error}): {self}") from error

    def __str__(self):
        return (f"{' '.join(self.args)}\nexit code {self.code} after {self.seconds:.2f} s\n"
                f"{self.out}{self.err}".rstrip())


class Process:
    """A process under way; leaving the `with` block kills what is left of it."""

    def __init__(self, args, prefix=(), env=None, stdout=subprocess.PIPE, cwd=None):
        self.args = [PATH] + [str(a) for a in args]
        environment = dict(os.environ, **(env or {}))
        self.start = time.monotonic()
        self.child = subprocess.Popen(list(prefix) + self.args, stdin=subprocess.DEVNULL,
                                      stdout=stdout, stderr=subprocess.PIPE, text=True,
                                      errors="replace", env=environment, cwd=cwd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        self.child.communicate()

    def signal(self, number):
        self.child.send_signal(number)

    def finish(self, timeout):
        """Waits for the end and returns the Result; a crash or a hang is a failure."""
        try:
            out, err = self.child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            self.child.kill()
            out, err = self.child.communicate()
            late = Result(self.args, None, out or "", err or "", time.monotonic() - self.start)
            raise tap.Failure(f"still running after {timeout} s: {late}") from error
        seconds = time.monotonic() - self.start
        result = Result(self.args, self.child.returncode, out or "", err or "", seconds)
        no_crash(result)
        return result


def no_crash(result):
    deadly = result.code is not None and result.code < 0
    if deadly and -result.code not in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        raise tap.Failure(f"died of {signal.Signals(-result.code).name}: {result}")
    for sign in ("Sanitizer", "runtime error:", "Assertion "):
        if sign in result.err:
            raise tap.Failure(f"{sign}: {result}")


def start(args, **options):
    return Process(args, **options)


def run(args, timeout=30, **options):
    with Process(args, **options) as process:
        return process.finish(timeout)


def load(url, *flags, timeout=30, prefix=(), env=None, code=None):
    """`brink run URL FLAGS`: its summary, checked. This machine may be busy, so that the
    generator's own limits do not decide the exit code; `code` is what it must be, if given."""
    args = ["run", url, *flags, "--format", "json", "--accept-saturated"]
    result = run(args, timeout=timeout, prefix=prefix, env=env)
    summary = summary_of(result)
    if code is not None:
        tap.check(result.code == code, f"exit code {code} expected: {result}")
    return summary


def summary_of(result):
    """The summary that a run wrote, held to its schema and to the process's exit code."""
    summary = result.json
    wrong = schema.problems(summary)
    tap.check(not wrong, "summary: " + "; ".join(wrong) + f"\n{result}")
    tap.equal(summary["exit_code"], result.code, "exit code in the summary and of the process")
    return summary


def outcomes(summary):
    """The outcomes that occurred, without the zeros."""
    return {name: n for name, n in summary["outcomes"].items() if n}


def words(args):
    """The first word of each line that `brink ARGS` prints: a list made for scripts."""
    result = run(args)
    tap.equal(result.code, 0, f"exit code of {' '.join(args)}")
    return [line.split()[0] for line in result.out.splitlines() if line.strip()]
