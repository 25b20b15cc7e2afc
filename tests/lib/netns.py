"""netns: network namespaces, so that a test can turn the kernel's screws without touching the
machine. Root only; everything made is removed.

    with netns.Namespace() as ns:
        ns.sysctl("net.ipv4.ip_local_port_range", "40000 40099")
        brink.run([...], prefix=ns.prefix)
"""

import contextlib
import ctypes
import itertools
import os
import subprocess

import tap

_numbers = itertools.count(1)


def ip(*args):
    """Runs ip(8); a failure is a skip, since the kernel or a container forbids it."""
    done = subprocess.run([tap.need_command("ip"), *args], capture_output=True, text=True)
    if done.returncode != 0:
        raise tap.Skip(f"ip {' '.join(args)}: {done.stderr.strip()}")
    return done.stdout


class Namespace:
    """A namespace with its loopback up. `prefix` runs a command inside."""

    def __init__(self):
        tap.need_root("make a network namespace")
        self.name = f"brink-test-{os.getpid()}-{next(_numbers)}"
        self.prefix = [tap.need_command("ip"), "netns", "exec", self.name]

    def __enter__(self):
        ip("netns", "add", self.name)
        try:
            ip("-n", self.name, "link", "set", "lo", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run([self.prefix[0], "netns", "del", self.name], check=False)

    def run(self, *command):
        """Runs a command inside and returns what it printed."""
        done = subprocess.run(self.prefix + list(command), capture_output=True, text=True)
        if done.returncode != 0:
            raise tap.Failure(f"{' '.join(command)} in {self.name}: {done.stderr.strip()}")
        return done.stdout

    @contextlib.contextmanager
    def inside(self):
        """Sockets made within stay in this namespace. Of the calling thread alone."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net", "rb") as own:
            with open(f"/run/netns/{self.name}", "rb") as other:
                if libc.setns(other.fileno(), 0) != 0:
                    raise tap.Failure(f"setns: {os.strerror(ctypes.get_errno())}")
            try:
                yield self
            finally:
                libc.setns(own.fileno(), 0)

    def sysctl(self, key, value):
        self.run("sysctl", "-q", "-w", f"{key}={value}")

    def read_sysctl(self, key):
        return self.run("sysctl", "-n", key).strip()


def link(a, address_a, b, address_b):
    """Joins two namespaces by a veth pair; addresses with their prefix length (10.9.0.1/24).
    The pair goes with whichever namespace goes first. Returns the two device names."""
    number = next(_numbers)
    names = [f"bt{os.getpid() % 100000}x{number}{end}" for end in "ab"]
    ip("link", "add", names[0], "netns", a.name, "type", "veth",
       "peer", "name", names[1], "netns", b.name)
    for space, name, address in ((a, names[0], address_a), (b, names[1], address_b)):
        ip("-n", space.name, "address", "add", address, "dev", name)
        ip("-n", space.name, "link", "set", name, "up")
    return names
