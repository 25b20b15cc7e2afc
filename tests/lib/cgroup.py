"""cgroup: a control group with a limit, so that a test can starve a process.

    with cgroup.Quota(percent=10) as quota:          # of one core
        brink.run([...], prefix=quota.prefix)
    with cgroup.Memory(64 << 20) as group: ...       # bytes

Takes whichever hierarchy has the controller: v2, or v1 on a machine that still has both."""

import contextlib
import os

import tap

PERIOD_US = 100_000


class Group:
    """A group of its own. `prefix` runs a command in it. Removed at the end, when the command
    must be gone."""

    controller = None

    def __init__(self):
        tap.need_root("make a cgroup")
        self.path = None

    def __enter__(self):
        root, version = hierarchy(self.controller)
        self.path = os.path.join(root, f"brink-test-{os.getpid()}")
        return self.prepare(version)

    def prepare(self, version):
        try:
            os.mkdir(self.path)
            self.limit(version)
        except OSError as error:
            self.__exit__()
            raise tap.Skip(f"no cgroup with a limit of {self.controller}: {error}") from error
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


class Quota(Group):
    """Processes that together get `percent` of one core."""

    controller = "cpu"

    def __init__(self, percent):
        super().__init__()
        self.quota_us = PERIOD_US * percent // 100

    def limit(self, version):
        if version == 2:
            self.write("cpu.max", f"{self.quota_us} {PERIOD_US}")
        else:
            self.write("cpu.cfs_period_us", PERIOD_US)
            self.write("cpu.cfs_quota_us", self.quota_us)


class Memory(Group):
    """Processes that together may use so many bytes."""

    controller = "memory"

    def __init__(self, limit_bytes):
        super().__init__()
        self.limit_bytes = limit_bytes

    def limit(self, version):
        self.write("memory.max" if version == 2 else "memory.limit_in_bytes", self.limit_bytes)


class Unit(Group):
    """A group where systemd would keep that of a unit, with a quota. `name` is the unit's."""

    controller = "cpu"

    def __init__(self, percent):
        super().__init__()
        self.quota_us = PERIOD_US * percent // 100
        self.name = f"brink-test-{os.getpid()}.service"

    def __enter__(self):
        root, version = hierarchy(self.controller)
        self.slice = os.path.join(root, "brinktest.slice")
        try:
            os.makedirs(self.slice, exist_ok=True)
        except OSError as error:
            raise tap.Skip(f"no cgroup: {error}") from error
        if version == 2:
            has(self.slice, self.controller)
        self.path = os.path.join(self.slice, self.name)
        return self.prepare(version)

    def limit(self, version):
        Quota.limit(self, version)

    def __exit__(self, *_):
        super().__exit__()
        os.rmdir(self.slice)


class V2:
    """A group of the v2 hierarchy, without limits."""

    def __enter__(self):
        tap.need_root("make a cgroup")
        self.mount = next((path for _, path, kind, _ in mounts() if kind == "cgroup2"), None)
        if not self.mount:
            raise tap.Skip("no cgroup2 is mounted")
        self.path = os.path.join(self.mount, f"brink-test-{os.getpid()}")
        try:
            os.mkdir(self.path)
        except OSError as error:
            raise tap.Skip(f"no cgroup: {error}") from error
        return self

    def __exit__(self, *_):
        os.rmdir(self.path)

    @contextlib.contextmanager
    def joined(self):
        """Sockets made within are this group's. Of the whole process."""
        with open("/proc/self/cgroup", encoding="ascii") as file:
            own = next(line.rstrip("\n")[3:] for line in file if line.startswith("0::"))
        enter(self.path)
        try:
            yield self
        finally:
            enter(self.mount + own)


def enter(path):
    with open(path + "/cgroup.procs", "w", encoding="ascii") as file:
        file.write("0")


def hierarchy(controller):
    """Where a controller lives, and its version."""
    for _, path, kind, options in mounts():
        if kind == "cgroup2" and has(path, controller):
            return path, 2
        if kind == "cgroup" and controller in options.split(","):
            return path, 1
    raise tap.Skip(f"no cgroup hierarchy with the {controller} controller")


def mounts():
    with open("/proc/mounts", encoding="utf-8") as table:
        return [line.split()[:4] for line in table]


def has(path, controller):
    """Whether groups below the v2 root can be limited so, switched on where it is not."""
    try:
        with open(path + "/cgroup.controllers", encoding="ascii") as file:
            if controller not in file.read().split():
                return False
        with open(path + "/cgroup.subtree_control", "w", encoding="ascii") as file:
            file.write("+" + controller)
        return True
    except OSError:
        return False
