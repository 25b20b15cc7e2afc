"""The programs of bpf/ on the kernels of other Debian releases, each in a guest of qemu: which of
them load, and tests/net/counts.py there. Two tables at the end. Takes minutes: `make guest-bpf`."""

import functools
import os
import re
import sys

import brink
import debian
import qemu
import tap
import taplog

KERNELS = {"6.1": "bookworm", "6.12": "bookworm-backports"}  # the suite that has it

# What a kernel is known not to take, and why: the beginning of the refusal.
REFUSED = {
    "6.1": {"reset_sent": "before Linux 6.10 it would miss resets without a socket"},
    "6.12": {},
}
OBJECTS = "netwatch,synq,sockiter,cpu,sched"
PATIENCE = 10  # no instruction is run as it is
COUNTS_S = 900
SAID = {}  # by version, for the tables: the kernel's release, and what its guest said
PROGRAM = re.compile(r"^  (\w+) +(\w+) +(.+)$", re.M)


@functools.cache
def guest(version):
    """What one says of its programs and of the counts. Whoever asks judges it, so that a guest that
    fails is booted for one test alone."""
    qemu.need()
    kernel = debian.kernel(KERNELS[version], version)
    path = os.path.realpath(brink.PATH)
    counts = " ".join((f"BRINK={path} BRINK_PATIENCE={PATIENCE} LC_ALL=C.UTF-8",
                       f"PYTHONPATH={brink.ROOT}/tests/lib PYTHONDONTWRITEBYTECODE=1",
                       sys.executable, "tests/net/counts.py"))
    said = qemu.run(kernel, f"modprobe -d {kernel.tree} nf_conntrack; {path} agent --bpf {OBJECTS} "
                    f"--list-programs; {counts}", brink.ROOT, COUNTS_S)[1]
    SAID[version] = kernel.release, said
    return said


def programs(said):
    """Each, as "object name", and what became of it."""
    return {f"{where} {name}": became.strip() for where, name, became in PROGRAM.findall(said)}


def every_program_loads(version):
    said = guest(version)
    became = programs(said)
    tap.check(len(became) >= 16, f"only {len(became)} programs:\n{said[-3000:]}")
    for name, outcome in became.items():
        wanted = REFUSED[version].get(name.split()[1], "loaded")
        tap.check(outcome.startswith(wanted), f"{name}: {outcome}; expected: {wanted}")


def every_count_holds(version):
    said = guest(version)
    points = taplog.parse(said)
    tap.check(points and len(points) == taplog.plan(said), f"not all tests ran:\n{said[-3000:]}")
    tap.check(qemu.MARK in said, f"the guest did not come to its end:\n{said[-3000:]}")
    wrong = re.findall(r"^(?:not ok|ok .*# SKIP).*\n(?:# (?:line|Traceback).*\n)?", said, re.M)
    tap.check(not wrong, f"on {version}:\n{''.join(wrong)}")


def print_counts():
    for release, said in SAID.values():
        print(f"# counts on {release}:")
        for line in re.findall(r"^(?:not )?ok .*|^# .*", said, re.M):
            print("#   " + line.removeprefix("# "))


def print_programs():
    tables = {release: programs(said) for release, said in SAID.values()}
    names = dict.fromkeys(name for table in tables.values() for name in table)
    print(f"# {'program':32}" + "  ".join(tables))
    for name in names:
        became = {release: table.get(name, "is missing") for release, table in tables.items()}
        row = "  ".join(("loaded" if each == "loaded" else "refused").ljust(len(release))
                        for release, each in became.items())
        print(f"# {name:32}{row}".rstrip())
        for release, each in became.items():
            if each != "loaded":
                print(f"#   {release}: {each}")


for _version in KERNELS:
    tap.add(f"the programs load on {_version}, but those that are known not to",
            functools.partial(every_program_loads, _version))
    tap.add(f"the counts hold on {_version}", functools.partial(every_count_holds, _version))


if __name__ == "__main__":
    try:
        tap.main()
    finally:
        if SAID:
            print_counts()
            print_programs()
