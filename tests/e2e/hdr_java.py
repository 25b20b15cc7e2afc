"""The HDR log that brink writes, read by HdrHistogram's own reader in Java."""

import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

import tap

JAR = "/usr/share/java/hdrhistogram.jar"  # Debian's libhdrhistogram-java
READER = "org.HdrHistogram.HistogramLogProcessor"
WRITER = os.path.join(os.environ.get("BRINK_BUILD", "build/release"), "tests/unit/test_hdr")
TAGS = ["connect", "intended", "service"]

# What the writer says of a tag: percent -> us, and us -> how many values are not above it.
Expected = collections.namedtuple("Expected", "quantiles below")


def read_with_java(log, *options):
    command = [shutil.which("java"), "-cp", JAR, READER, "-i", log, "-outputValueUnitRatio", "1",
               *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    tap.equal((done.returncode, done.stderr), (0, ""), f"exit code and errors of {READER}")
    return done.stdout


def write_log(log):
    done = subprocess.run([WRITER, "--write", log], stdout=subprocess.PIPE, text=True,
                          timeout=60, check=True)
    expected = {tag: Expected({}, {}) for tag in TAGS}
    for line in done.stdout.splitlines():
        kind, tag, key, value = line.split()
        of_tag = expected[tag]
        (of_tag.quantiles if kind == "quantile" else of_tag.below)[float(key)] = int(value)
    return expected


def the_tags_are_found(log):
    tap.equal(read_with_java(log, "-listtags").split("\n")[1:-1], TAGS, "tags")


def counts_agree(log, tag, expected):
    """Every row: a value, its percentile, and how many values are not above it."""
    rows = re.findall(r"^([\d.]+),[\d.]+,(\d+),", read_with_java(log, "-csv", "-tag", tag), re.M)
    tap.check(len(rows) > 30, f"only {len(rows)} rows")
    for value, below in rows:
        tap.equal(int(below), expected.below.get(float(value)), f"values not above {value} us")
    total = max(expected.below.values())
    tap.equal(int(rows[-1][1]), total, "values in all")


def percentiles_agree(log, tag, expected):
    """The last interval's line ends in the percentiles of all: T:count ( 50% ... Max )."""
    out = log + "." + tag
    read_with_java(log, "-tag", tag, "-o", out)
    with open(out, encoding="ascii") as lines:
        found = re.search(r" T:(\d+) \( (.*) \)$", lines.read().splitlines()[-1])
    tap.check(found, "no percentiles in the output")
    tap.equal(int(found[1]), max(expected.below.values()), "values in all")
    tap.equal([float(value) for value in found[2].split()], list(expected.quantiles.values()),
              "percentiles " + ", ".join(f"{percent:g}" for percent in expected.quantiles))


def skip_all(reason):
    print(f"SKIP: {reason}")
    sys.exit(77)


def main():
    if not shutil.which("java"):
        skip_all("java is not installed")
    if not os.access(JAR, os.R_OK):
        skip_all("libhdrhistogram-java is not installed")
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "brink.hlog")
        expected = write_log(log)
        tap.add("java_finds_the_tags", lambda: the_tags_are_found(log))
        for tag in TAGS:
            tap.add(f"java_counts_the_values_of_{tag}_alike",
                    lambda tag=tag: counts_agree(log, tag, expected[tag]))
            tap.add(f"java_reads_the_same_percentiles_of_{tag}",
                    lambda tag=tag: percentiles_agree(log, tag, expected[tag]))
        tap.main()


if __name__ == "__main__":
    main()
