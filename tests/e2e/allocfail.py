"""Every allocation of set-up fails once: no crash, and a clean exit with a word about it.

Counts through the allocations that the program itself makes (tests/preload/failmalloc.c) until a
run ends before the nth: then every one has had its turn."""

import os
import tempfile

import brink
import servers
import tap

RUNS_MAX = 3000
LIBRARY = os.path.join(os.environ.get("BRINK_BUILD", "build/release"),
                       "tests/preload/failmalloc.so")


def one_run(args, number, log):
    """The result, and where the allocation failed; None when none did."""
    with open(log, "w", encoding="ascii"):
        pass
    result = brink.run(args, env={"LD_PRELOAD": LIBRARY, "FAILMALLOC_N": str(number),
                                  "FAILMALLOC_LOG": log})
    with open(log, encoding="ascii") as place:
        return result, place.read().strip()


def every_one_fails(args):
    """Returns how many there were."""
    if tap.SANITIZER:
        raise tap.Skip("a sanitizer has its own allocator")
    tap.check(os.access(LIBRARY, os.R_OK), f"{LIBRARY} was not built")
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1, RUNS_MAX):
            result, place = one_run(args, number, os.path.join(folder, "place"))
            if not place:
                tap.equal(result.code, 0, f"exit code where nothing failed: {result}")
                break
            wrong += judge(result, f"allocation {number}, at {place}")
        else:
            raise tap.Failure(f"more than {RUNS_MAX} allocations")
    tap.check(not wrong, "\n".join(wrong))
    return number - 1


def judge(result, which):
    """What is wrong with the end of a run: it has to do without, to tell at run time, or to count
    it as the generator's own limit. It is never the user's mistake (2) or a refusal (4)."""
    if result.code not in (0, 1, 3, 6):
        return [f"{which}: not an exit code for a lack of memory: {result}"]
    if result.code == 1 and "memory" not in result.err.lower():
        return [f"{which}: the message does not say what is lacking: {result}"]
    if result.code != 1 and not result.out:
        return [f"{which}: no report: {result}"]
    return []


@tap.test
def every_allocation_of_a_dry_run_may_fail():
    count = every_one_fails(["run", "http://127.0.0.1:9/", "--dry-run", "-H", "X-One: 1",
                             "--threshold", "p(99)<1s", "--allow-target", "10.0.0.0/8"])
    tap.check(count > 0, "no allocation was counted")


@tap.test
def every_allocation_of_a_small_run_may_fail():
    with servers.Target() as target:
        count = every_one_fails(["run", target.url + "/", "-n", "10", "-c", "2", "-t", "2",
                                 "--data", "x", "--timeout", "1s", "--format", "json",
                                 "--accept-saturated"])
    tap.check(count > 5, f"only {count} allocations were counted")


@tap.test
def every_allocation_of_the_list_of_features_may_fail():
    every_one_fails(["version", "--features"])


tap.main()
