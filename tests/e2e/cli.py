"""The command line: what is wrong is named and ends with its exit code, before anything is sent."""

import contextlib
import os
import re

import brink
import netns
import servers
import tap

URL = "http://127.0.0.1:9/"
COMMANDS = ("run", "target", "version")


def refused(args, code, *words, prefix=()):
    """It ends at once with this exit code, says why on standard error, and nothing else."""
    result = brink.run(args, timeout=10, prefix=prefix)
    tap.check(result.code == code, f"exit code {code} expected: {result}")
    tap.equal(result.out, "", f"standard output of {' '.join(args)}")
    for word in words:
        tap.contains(result.err, word, "the message")
    tap.check(len(result.err.splitlines()) <= 4, f"more than an error and a hint: {result}")
    return result


@tap.test
def an_unknown_flag_is_named():
    refused(["run", URL, "--nope"], 2, "--nope")
    refused(["run", URL, "-Z"], 2, "-Z")
    refused(["target", "--nope"], 2, "--nope")
    refused(["version", "--nope"], 2, "--nope")


@tap.test
def an_unknown_command_is_named():
    refused(["rnu", URL], 2, "rnu")


@tap.test
def without_a_command_the_usage_is_an_error():
    result = brink.run([])
    tap.equal(result.code, 2, "exit code")
    tap.contains(result.err, "run", "the usage")


BAD_VALUES = [
    ("-c", "0"), ("-c", "-1"), ("-c", "ten"), ("-c", ""), ("-c", "99999999999999999999"),
    ("-t", "x"), ("-t", "100000"), ("-d", "5parsec"), ("-d", "-1s"), ("-d", "1s2"),
    ("-n", "1.5"), ("-n", "x"), ("-n", "-5"), ("-R", "fast"), ("-R", "-1"), ("-R", "nan"),
    ("-R", "inf"), ("--timeout", ""), ("--timeout", "0"), ("--connect-timeout", "never"),
    ("--warmup", "x"), ("--think", "x"), ("--seed", "x"), ("--pipeline", "0"),
    ("--pipeline", "65"), ("--expect-status", "99"), ("--expect-status", "600"),
    ("--expect-status", "ok"), ("--threshold", "p(99)"), ("--threshold", "p(101)<1s"),
    ("--threshold", "fast"), ("--threshold", "p(99)<"), ("--format", "xml"),
    ("-H", "no colon"), ("-H", "Bad Name: x"), ("-H", ": x"), ("-H", "X: a\r\nY: b"),
    ("-X", "GE T"), ("-X", ""), ("--data-file", "/nonexistent/body"), ("--connect-to", "nowhere"),
    ("--connect-to", "127.0.0.1:99999"), ("--allow-target", "300.0.0.0/8"),
    ("--allow-target", "10.0.0.0/33"), ("--max-rate", "x"), ("--max-connections", "x"),
    ("--pin", "x"), ("--pin", "5-2"), ("--spin", "x"),
]
LONG_NAMES = {"-H": "header", "-X": "--method"}  # as messages may put it
for _flag, _value in BAD_VALUES:
    def bad_value(flag=_flag, value=_value):
        result = refused(["run", URL, flag, value], 2)
        names = [flag, LONG_NAMES.get(flag, flag)] + ([value] if value else [])
        tap.check(any(name in result.err for name in names),
                  f"the message names neither flag nor value: {result}")
    tap.add(f"{_flag} does not take {_value!r}", bad_value)


@tap.test
def a_flag_without_its_value_is_named():
    for flag in ("-c", "--threshold", "--format"):
        refused(["run", URL, flag], 2, flag)


@tap.test
def exactly_one_url_is_wanted():
    refused(["run"], 2)
    refused(["run", URL, "http://127.0.0.1:10/"], 2)


@tap.test
def a_bad_url_is_named():
    for url in ("http://", "ftp://127.0.0.1/", "http://127.0.0.1:99999/",
                "http://user:secret@127.0.0.1/"):
        result = refused(["run", url], 2)
        tap.check("secret" not in result.err, f"a password in the message: {result}")


@tap.test
def a_name_that_does_not_resolve_is_an_error():
    result = brink.run(["run", "http://no-such-host.invalid/", "-n", "1"])
    tap.check(result.code in (1, 3), f"exit code 1 or 3 expected: {result}")
    tap.contains(result.err + result.out, "no-such-host.invalid", "the message")


@tap.test
def help_is_a_result():
    for args in (["--help"], ["-h"], ["help"]):
        result = brink.run(args)
        tap.equal((result.code, result.err), (0, ""), f"exit code and errors of {args}")
        for command in COMMANDS:
            tap.contains(result.out, command, f"help by {args}")
    for command, flags in (("run", "-c -t -d -n -R --poisson --seed --warmup --think -H -X --data "
                            "--data-file --no-keepalive --pipeline --connect-to --timeout "
                            "--connect-timeout --expect-status --threshold --shed-ok "
                            "--accept-saturated --spin --pin --allow-target --max-rate "
                            "--max-connections --dry-run --format"),
                           ("target", "--listen --body --status --service-time --servers --queue "
                            "--threads --max-connections --max-requests --duration --fault "
                            "--list-faults")):
        result = brink.run([command, "--help"])
        tap.equal((result.code, result.err), (0, ""), f"exit code and errors of {command} --help")
        for flag in flags.split():
            tap.contains(result.out, flag, f"{command} --help")


@tap.test
def the_version_is_told():
    result = brink.run(["version"])
    tap.equal((result.code, result.err), (0, ""), "exit code and errors")
    tap.check(re.match(r"brink +0\.\d+\.\d+$", result.out.splitlines()[0]), f"version: {result}")


@tap.test
def a_dry_run_sends_nothing_and_prints_every_value():
    with servers.Raw(lambda sock, server: server.counted()) as raw:
        result = brink.run(["run", raw.url + "/x", "--dry-run", "-c", "7", "-R", "123",
                            "--threshold", "p(99)<42ms"])
        tap.equal(result.code, 0, f"exit code: {result}")
        tap.equal(raw.count, 0, "connections made")
    for word in (str(raw.port), "7", "123", "p(99)<42ms", "10s"):
        tap.contains(result.out, word, "the values")


@tap.test
def a_full_disk_is_an_error():
    for args in (["--help"], ["version"], ["run", URL, "--dry-run"], ["run", "--help"],
                 ["target", "--list-faults"]):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = brink.run(args, stdout=full)
        tap.check(result.code == 1, f"exit code 1 expected: {result}")
        tap.contains(result.err, "No space left", "the message")


@tap.test
def a_reader_that_left_is_an_error_and_no_crash():
    """SIGPIPE must not cost the exit code."""
    reading, writing = os.pipe()
    os.close(reading)
    with servers.Target() as target, os.fdopen(writing, "w") as closed:
        result = brink.run(["run", target.url, "-n", "10"], stdout=closed)
    tap.check(result.code == 1, f"exit code 1 expected: {result}")


@contextlib.contextmanager
def cage():
    """A place from which no packet gets out, whatever brink does: a namespace without a route;
    where that cannot be had, a dry run."""
    if os.geteuid() != 0:
        yield (), ["--dry-run"]
        return
    with netns.Namespace() as ns:
        yield ns.prefix, []


@tap.test
def a_target_that_is_not_allowed_is_refused():
    cases = [
        (["http://192.0.2.1/"], "192.0.2.1"),
        (["http://10.0.0.1:8080/"], "10.0.0.1"),
        (["http://10.0.0.1/", "--allow-target", "192.168.0.0/16"], "10.0.0.1"),
        (["http://[2001:db8::1]/"], "2001:db8::1"),
        (["http://0.0.0.1/"], "0.0.0.1"),
        ([URL, "--connect-to", "10.0.0.1:80"], "10.0.0.1"),
    ]
    with cage() as (prefix, flags):
        for args, word in cases:
            result = refused(["run", *args, *flags, "-d", "1s"], 4, word, "--allow-target",
                             prefix=prefix)
            tap.check(result.seconds < 1, f"not refused before the start: {result}")


@tap.test
def a_public_address_is_refused_whatever_is_allowed():
    with cage() as (prefix, flags):
        refused(["run", "http://198.51.100.1/", "--allow-target", "0.0.0.0/0", *flags, "-d", "1s"],
                4, "198.51.100.1", prefix=prefix)


@tap.test
def a_private_address_that_is_allowed_is_tried():
    """In the cage there is no way to it: that is data, and exit code 3."""
    with cage() as (prefix, flags):
        if flags:
            raise tap.Skip("root needed to make a network namespace")
        result = brink.run(["run", "http://10.0.0.1/", "--allow-target", "10.0.0.0/8", "-n", "5",
                            "-d", "1s", "--format", "json"], prefix=prefix)
        summary = brink.summary_of(result)
    tap.equal(set(brink.outcomes(summary)), {"connect_unreachable"}, "outcomes")
    tap.equal(result.code, 3, "exit code")


@tap.test
def nothing_is_sent_to_a_refused_target():
    strace = tap.need_command("strace")
    with cage() as (prefix, flags):
        traced = [*prefix, strace, "-f", "-e", "trace=connect,sendto,sendmsg,io_uring_enter"]
        result = brink.run(["run", "http://192.0.2.1/", *flags, "-d", "1s"], prefix=traced,
                           env={"ASAN_OPTIONS": "detect_leaks=0"})
    if "ptrace" in result.err:
        raise tap.Skip("strace cannot attach here")
    tap.equal(result.code, 4, f"exit code: {result}")
    calls = [line for line in result.err.splitlines() if "192.0.2.1" in line and "(" in line]
    sent = [line for line in calls if "connect(" in line or "send" in line.split("(")[0]]
    tap.equal(sent, [], "system calls with the address")


@tap.test
def the_caps_on_load_are_held():
    refused(["run", URL, "-R", "1000", "--max-rate", "500"], 4, "--max-rate")
    refused(["run", URL, "-c", "100", "--max-connections", "50"], 4, "--max-connections")


tap.main()
