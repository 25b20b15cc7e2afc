"""finds: `brink find` and what is asked of it, for the tests of it."""

import brink
import tap

TIMES = 10 if tap.LONG else 1
QUEUE = ("--servers", "4", "--service-time", "1ms", "--queue", "64")  # 4,000 requests/s
QUICK = ("--from", "1000", "--watch", "1s", *(() if tap.LONG else ("--hold", "1s")))


def find(url, *flags, prefix=(), timeout=150):
    """A search to its end: its summary, and the result."""
    args = ["find", url, *flags, "--format", "json"]
    result = brink.run(args, timeout=timeout, prefix=prefix)
    return brink.summary_of(result), result


def breaks_near(summary, truth, off):
    """The breaking point, within a share of the truth."""
    point = summary["find"]["breaking_point"]
    tap.check(point is not None, f"a breaking point: {summary['find']}")
    tap.between(point["value"], truth * (1 - off), truth * (1 + off), f"breaks at, of {point}")
    return point


def knee_below(summary, point):
    knee = summary["find"]["knee"]
    tap.check(knee is not None and knee["value"] < point["value"],
              f"the knee {knee} is below the breaking point {point}")
