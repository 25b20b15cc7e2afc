"""cgroup: a control group with a cpu quota, so that a test can starve a process of cpu.

    with cgroup.Quota(percent=10) as quota:
        brink.run([...], prefix=quota.prefix)

Takes whichever hierarchy has the cpu controller: v2, or v1 on a machine that still has both."""

import os

import tap

PERIOD_US = 100_000


class Quota:
    """A group whose processes together get `percent` of one core. `prefix` runs a command in
    it. Removed at the end, when the command must be gone."""

    def __init__(self, percent):
        tap.need_root("make a cgroup")
        self.quota_us = PERIOD_US * percent // 100
        self.path = None

    def __enter__(self):
        root, version = hierarchy()
        self.path = os.path.join(root, f"brink-test-{os.getpid()}")
        try:
            os.mkdir(self.path)
            if version == 2:
                self.write("cpu.max", f"{self.quota_us} {PERIOD_US}")
            else:
                self.write("cpu.cfs_period_us", PERIOD_US)
                self.write("cpu.cfs_quota_us", self.quota_us)
        except OSError as error:
            self.__exit__()
            raise tap.Skip(f"no cgroup with a cpu quota: {error}") from error
        enter = 'echo $$ >"$0/cgroup.procs" && exec "$@"'
        self.prefix = ["sh", "-c", enter, self.path]
        return self

    def __exit__(self, *_):
        if os.path.isdir(self.path):
            tap.await_true(self.removed, 5, f"{self.path} is empty and removed")

    def removed(self):
        try:
            os.rmdir(self.path)
            return True
        except OSError:
            return False  # a process is still ending

    def write(self, name, value):
        with open(os.path.join(self.path, name), "w", encoding="ascii") as file:
            file.write(str(value))


def hierarchy():
    """Where the cpu controller lives, and its version."""
    for device, path, kind, options in mounts():
        if kind == "cgroup2" and has_cpu(path):
            return path, 2
        if kind == "cgroup" and "cpu" in options.split(","):
            return path, 1
    raise tap.Skip("no cgroup hierarchy with the cpu controller")


def mounts():
    with open("/proc/mounts", encoding="utf-8") as table:
        return [line.split()[:4] for line in table]


def has_cpu(path):
    """Whether groups below the v2 root can be given a cpu quota, switched on where it is not."""
    try:
        with open(path + "/cgroup.controllers", encoding="ascii") as file:
            if "cpu" not in file.read().split():
                return False
        with open(path + "/cgroup.subtree_control", "w", encoding="ascii") as file:
            file.write("+cpu")
        return True
    except OSError:
        return False
