"""taplog: reads the Test Anything Protocol, as Check and tests/lib/tap.py write it. Pure."""

import collections
import re

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"

# One test. `reason` is why it was skipped, or why it failed where the runner itself says so.
Point = collections.namedtuple("Point", "state name reason")

POINT = re.compile(r"(not )?ok \d+ *-? *(.*)")
SKIP = re.compile(r"#\s*skip\w*\b[: ]*(.*)", re.IGNORECASE)
PLAN = re.compile(r"1\.\.(\d+)\s*(?:#\s*skip\w*\b[: ]*(.*))?$", re.IGNORECASE)
NO_REASON = "no reason given"


def failure(name, reason):
    return Point(FAILED, name, reason)


def skip(name, reason):
    return Point(SKIPPED, name, reason or NO_REASON)


def parse(text):
    """The tests that were reported, in order."""
    points = []
    for line in text.splitlines():
        found = POINT.match(line)
        if found:
            points.append(point(bool(found[1]), found[2]))
    return points


def point(failed, words):
    """The TODO directive is not honoured: an expected failure is a failure."""
    skipped = SKIP.search(words)
    if skipped and not failed:
        return skip(words[: skipped.start()].strip(), skipped[1].strip())
    return Point(FAILED if failed else PASSED, words.strip(), "")


def plan(text):
    """How many tests were announced; None where nothing was."""
    found = [PLAN.match(line) for line in text.splitlines()]
    found = [f for f in found if f]
    return int(found[-1][1]) if found else None


def skips_all(text):
    """The reason of `1..0 # SKIP reason`; empty where there is no such plan."""
    for line in text.splitlines():
        found = PLAN.match(line)
        if found and found[1] == "0":
            return (found[2] or NO_REASON).strip()
    return ""


def skip_reason(text):
    """The last line "SKIP: reason" of a program that ended with exit code 77."""
    reasons = [line[len("SKIP:"):].strip() for line in text.splitlines()
               if line.startswith("SKIP:")]
    return reasons[-1] if reasons else NO_REASON
