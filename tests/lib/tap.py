"""tap: tests as functions whose names are sentences; runs them and prints TAP.

    @tap.test
    def a_refused_connection_is_the_targets_failure():
        tap.equal(summary["outcomes"]["ok"], 0, "answers that were ok")

    tap.main()

A test fails by an exception (the checks below raise Failure) and is skipped by Skip. Words on
the command line choose tests whose names contain one of them; -l lists the names."""

import os
import signal
import sys
import time
import traceback

LONG = os.environ.get("BRINK_LONG") == "1"
PATIENCE = float(os.environ.get("BRINK_PATIENCE", "1"))  # deadlines are so many times longer
SANITIZER = os.path.basename(os.environ.get("BRINK_BUILD", "")) in ("asan", "tsan")

_tests = []


class Failure(Exception):
    """What was expected and was not so."""


class Skip(Exception):
    """This cannot be tested here, and why."""


def test(function):
    """Decorator: declares a test."""
    add(function.__name__, function)
    return function


def add(name, function):
    """Declares a test by name, for tables of cases."""
    _tests.append((name.replace("_", " "), function))


def main():
    words = sys.argv[1:]
    if words == ["-l"]:
        print("\n".join(name for name, _ in _tests))
        return
    signal.signal(signal.SIGTERM, _stop)  # a killed script still removes what it set up
    words = [word.replace("_", " ") for word in words]
    chosen = [t for t in _tests if not words or any(word in t[0] for word in words)]
    print(f"1..{len(chosen)}", flush=True)
    failed = sum([not _run(i + 1, *chosen[i]) for i in range(len(chosen))])
    sys.exit(1 if failed or not chosen else 0)


def _stop(number, _frame):
    sys.exit(128 + number)


def _run(number, name, function):
    start = time.monotonic()
    try:
        function()
    except Skip as reason:
        _say(f"ok {number} - {name} # SKIP {reason}")
        return True
    except Failure as failure:
        _say(f"not ok {number} - {name}")
        _say(f"# line {_line(failure)}: {failure}".replace("\n", "\n#   "))
        return False
    except Exception:  # pylint: disable=broad-except
        _say(f"not ok {number} - {name}")
        _say("# " + traceback.format_exc().rstrip().replace("\n", "\n# "))
        return False
    _say(f"ok {number} - {name} ({time.monotonic() - start:.1f} s)")
    return True


def _line(failure):
    """Where in the script itself."""
    script = os.path.realpath(sys.argv[0])
    frames = traceback.extract_tb(failure.__traceback__)
    return next((f.lineno for f in reversed(frames) if os.path.realpath(f.filename) == script), 0)


def _say(text):
    print(text, flush=True)


def check(condition, what):
    if not condition:
        raise Failure(what)


def equal(got, want, what):
    if got != want:
        raise Failure(f"{what}: {got!r}, expected {want!r}")


def between(got, low, high, what):
    if not low <= got <= high:
        raise Failure(f"{what}: {got!r}, expected {low!r} to {high!r}")


def contains(text, part, what):
    if part not in text:
        raise Failure(f"{what} does not contain {part!r}:\n{text}")


def need_root(what):
    if os.geteuid() != 0:
        raise Skip(f"root needed to {what}")


def need_command(name):
    """The path of a program that the test cannot do without."""
    folders = os.environ.get("PATH", "").split(":") + ["/usr/sbin", "/sbin"]
    for folder in folders:
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            return path
    raise Skip(f"{name} is not installed")


def need_long():
    if not LONG:
        raise Skip("a long test: make check-long")


def await_true(condition, seconds, what):
    """Waits for a condition with a deadline; returns what it returned."""
    seconds *= PATIENCE
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {seconds:g} s")
        time.sleep(0.01)
