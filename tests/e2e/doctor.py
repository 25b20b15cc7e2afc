"""brink doctor: says before the start what will bind, and is right about it; sends nothing."""

import os
import resource
import shutil
import subprocess
import tempfile

import brink
import cgroup
import netns
import tap

URL = "http://127.0.0.1:9/"
UNPRIVILEGED = 65534


def doctor(*args, code=None, **options):
    """The findings as JSON, held to their form and to the exit code."""
    result = brink.run(["doctor", *args, "--format", "json"], **options)
    found = result.json
    tap.equal(found["schema"], "brink.doctor/1", "schema")
    tap.equal(found["exit_code"], result.code, "exit code in the findings and of the process")
    tap.equal(result.code, 4 if found["first"] else 0, f"exit code: {result}")
    if code is not None:
        tap.equal(result.code, code, f"exit code: {result}")
    in_order(found)
    return found


def in_order(found):
    bounds = [row["allows"] for row in found["limits"] if row["allows"] is not None]
    tap.equal(bounds, sorted(bounds), "limits, the first to bind first")
    tap.equal(found["allows"], bounds[0] if bounds else None, "what is allowed")
    for row in found["limits"]:
        binds = row["allows"] is not None and row["allows"] < found["connections"]
        tap.equal(row["binds"], binds, f"binds of {row}")
        tap.check(row["evidence"] and row["source"], f"no evidence or source: {row}")
        tap.check(row["remedy"] or not binds, f"it binds and has no remedy: {row}")


def limit(found, limiter, source=""):
    rows = [r for r in found["limits"] if r["limiter"] == limiter and source in r["source"]]
    tap.check(rows, f"no {limiter} from {source!r}: {found['limits']}")
    return rows[0]


def with_limit(soft):
    """A prefix that lowers RLIMIT_NOFILE."""
    return ["sh", "-c", f'ulimit -n {soft}; exec "$@"', "sh"]


@tap.test
def a_few_connections_bind_nothing():
    found = doctor("-c", "10", URL, code=0)
    tap.equal(found["first"], None, "first limiter")
    tap.equal(found["io_uring"]["available"], True, "io_uring")
    result = brink.run(["doctor", "-c", "10", URL])
    tap.equal(result.code, 0, "exit code")
    tap.contains(result.out, "10 connections: nothing binds", "the verdict")


@tap.test
def without_a_count_ten_thousand_are_meant_and_it_says_so():
    tap.equal(doctor()["connections"], 10000, "connections")
    tap.contains(brink.run(["doctor"]).out, "10,000 connections, the default", "the text")


@tap.test
def both_ends_count_where_the_target_is_here():
    for url, here in ((URL, True), ("http://[::1]:9/", True), ("http://localhost:9/", True),
                      ("http://192.0.2.1/", False), ("http://nobody.invalid/", False)):
        found = doctor("-c", "10", url)
        tap.equal(found["target_local"], here, f"whether {url} is here")
        queues = [r for r in found["limits"] if r["limiter"] == "accept_queue"]
        tap.equal(bool(queues), here, f"accept queue of {url}")
    tap.equal(doctor("-c", "10")["target"], None, "target")


@tap.test
def secrets_of_the_url_are_not_repeated():
    result = brink.run(["doctor", "-c", "10", "http://127.0.0.1:9/x?token=hunter2"])
    tap.check("hunter2" not in result.out + result.err, f"the token is repeated: {result}")


@tap.test
def sources_and_destinations_multiply_ports():
    one = limit(doctor("-c", "10", URL), "ports")["allows"]
    args = ("-c", "10", "--source", "127.0.0.1-127.0.0.10", "--to",
            "127.0.0.1:9-12", URL)
    tap.equal(limit(doctor(*args), "ports")["allows"], 40 * one, "of 40 pairs")


@tap.test
def the_sources_it_advises_suffice():
    found = doctor("-c", "1M", URL)
    words = limit(found, "ports")["remedy"].split()
    tap.equal(words[0], "--source", "the remedy's first word")
    advised = words[1].rstrip(",")
    again = doctor("-c", "1M", "--source", advised, URL)
    tap.equal(limit(again, "ports")["binds"], False, f"ports bind with --source {advised}")


@tap.test
def a_hundred_ports_are_seen_to_bind():
    with netns.Namespace() as ns:
        ns.sysctl("net.ipv4.ip_local_port_range", "40000 40099")
        found = doctor("-c", "200", URL, prefix=ns.prefix, code=4)
        tap.equal((found["first"], found["allows"]), ("ports", 100), "what binds first")
        tap.contains(limit(found, "ports")["evidence"], "40000 40099", "the evidence")
        ns.sysctl("net.ipv4.ip_local_reserved_ports", "8080,40010-40029")
        found = doctor("-c", "200", URL, prefix=ns.prefix)
        tap.equal(found["allows"], 80, "ports without the reserved")
        doctor("-c", "200", "--source", "127.0.0.1-127.0.0.3", URL, prefix=ns.prefix, code=0)


@tap.test
def a_low_limit_of_descriptors_is_multiplied_by_rings():
    found = doctor("-c", "60000", "--source", "127.0.0.1-127.0.0.9", URL, prefix=with_limit(256))
    row = limit(found, "descriptors", "RLIMIT_NOFILE")
    if "rings" not in row["evidence"]:
        raise tap.Skip("no direct descriptors here")
    tap.equal(row["allows"], (256 - 32) * 256, "connections that 256 descriptors allow")
    tap.equal(row["binds"], True, "whether it binds")
    tap.contains(row["remedy"], "ulimit -n 512", "the remedy")


@tap.test
def plain_descriptors_are_one_each():
    found = doctor("-c", "1000", URL, prefix=with_limit(256), env={"BRINK_DISABLE": "direct"},
                   code=4)
    tap.equal((found["first"], found["allows"]), ("descriptors", 224), "what binds first")
    tap.contains(limit(found, "descriptors", "RLIMIT")["remedy"], "ulimit -n 2048", "the remedy")
    tap.check("direct" in found["io_uring"]["missing"], "direct is not said to be missing")


@tap.test
def an_ordinary_user_is_told_what_could_not_be_read():
    tap.need_root("become somebody else")
    setpriv = tap.need_command("setpriv")
    who = [setpriv, f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups",
           "--inh-caps=-all"]
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # where the user may go
        os.chmod(folder, 0o755)
        copy = shutil.copy(brink.PATH, folder)
        reads_as(who + ["sh", "-c", f'shift; exec {copy} "$@"', "sh"])


def reads_as(who):
    found = doctor("-c", "10", URL, prefix=who, code=0)
    tap.equal(found["facts"]["slab_bytes"], None, "slabs")
    tap.equal(found["facts"]["files_exempt"], 0, "exemption from fs.file-max")
    tap.check(limit(found, "descriptors", "file-max")["allows"] is not None, "fs.file-max bounds")
    result = brink.run(["doctor", "-c", "10", URL], prefix=who)
    tap.contains(result.out, "slab_bytes               n/a (/proc/slabinfo: Permission denied)",
                 "what is not known")


@tap.test
def a_table_of_conntrack_that_is_full_of_nothing_yet_still_binds():
    with netns.Namespace() as ns:
        path = "/proc/sys/net/netfilter/nf_conntrack_max"
        if not os.path.exists(path):
            raise tap.Skip("conntrack is not loaded")
        track(ns)
        with open(path, encoding="ascii") as file:
            table = int(file.read())
        row = limit(doctor("-c", "4M", URL, prefix=ns.prefix), "conntrack_local")
        tap.equal(row["allows"], table, "connections that the table allows")
        tap.contains(row["remedy"], "sysctl -w net.netfilter.nf_conntrack_max=", "the remedy")


def track(ns):
    iptables = tap.need_command("iptables")
    done = subprocess.run(ns.prefix + [iptables, "-A", "INPUT", "-m", "conntrack", "--ctstate",
                                       "NEW", "-j", "ACCEPT"], capture_output=True, check=False)
    if done.returncode != 0:
        raise tap.Skip(f"no rule that tracks: {done.stderr.decode().strip()}")


@tap.test
def the_memory_limit_of_a_cgroup_is_seen_to_bind():
    with cgroup.Memory(256 << 20) as group:
        found = doctor("-c", "100k", "--source", "127.0.0.1-127.0.0.30", URL,
                       prefix=group.prefix, code=4)
        row = limit(found, "memory", group.path)
        tap.equal(row["binds"], True, f"whether it binds: {row}")
        tap.between(row["allows"], 10000, 60000, "connections that 256 MiB allow")
        tap.contains(row["remedy"], f"> {group.path}/memory.", "the remedy")
        tap.equal(found["facts"]["cgroup_memory_limit_bytes"], 256 << 20, "the limit")


@tap.test
def without_io_uring_it_says_why_and_allows_nothing():
    strace = tap.need_command("strace")
    with tempfile.TemporaryDirectory() as folder:
        prefix = [strace, "-f", "-o", os.path.join(folder, "log"), "-e", "trace=io_uring_setup",
                  "-e", "inject=io_uring_setup:error=EPERM"]
        if subprocess.run(prefix[:4] + ["true"], capture_output=True,
                          check=False).returncode != 0:
            raise tap.Skip("strace cannot attach here")
        found = doctor("-c", "1", URL, prefix=prefix, env={"ASAN_OPTIONS": "detect_leaks=0"},
                       code=4)
    tap.equal((found["first"], found["allows"]), ("ring", 0), "what binds first")
    tap.contains(limit(found, "ring")["remedy"], "kernel.io_uring_disabled", "the remedy")
    tap.equal(found["io_uring"]["available"], False, "io_uring")


@tap.test
def it_connects_to_nothing_and_sends_nothing():
    strace = tap.need_command("strace")
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        result = brink.run(["doctor", "-c", "10", "http://nobody.invalid/"],
                           prefix=[strace, "-f", "-o", log, "-e",
                                   "trace=connect,sendto,sendmsg,sendmmsg,io_uring_enter"],
                           env={"ASAN_OPTIONS": "detect_leaks=0"})
        if not os.path.exists(log) or "ptrace" in result.err:
            raise tap.Skip("strace cannot attach here")
        with open(log, encoding="utf-8", errors="replace") as lines:
            calls = [line for line in lines if "(" in line and "+++" not in line]
    tap.equal(calls, [], "calls that may send")


@tap.test
def wrong_usage_is_named():
    for args, word in ((["a", "b"], '"b"'), (["--format", "csv"], "csv"), (["-c", "0"], "0"),
                       (["--source", "nowhere", URL], "nowhere"), (["--source", "all"], "all"),
                       (["--to", "127.0.0.1"], "127.0.0.1"), (["ftp://x/"], "ftp"),
                       (["--source", "192.0.2.7", "http://192.0.2.1/"], "192.0.2.7")):
        result = brink.run(["doctor", *args])
        tap.equal(result.code, 2, f"exit code: {result}")
        tap.equal(result.out, "", f"standard output: {result}")
        tap.contains(result.err, word, "the message")


@tap.test
def its_figures_are_this_processs_own():
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    facts = doctor("-c", "10", URL)["facts"]
    tap.equal(facts["nofile_soft"], soft, "RLIMIT_NOFILE")
    with open("/proc/sys/net/core/somaxconn", encoding="ascii") as file:
        tap.equal(facts["somaxconn"], int(file.read()), "somaxconn")


tap.main()
