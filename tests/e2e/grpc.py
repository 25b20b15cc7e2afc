"""brink run --grpc against a server of Python's grpcio: all four kinds of calls, statuses and their
words, deadlines, limits, metadata, reflection; and bad input."""

import os
import subprocess
import tempfile

import brink
import tap

HERE = os.path.dirname(os.path.abspath(__file__))
PROTOS = os.path.join(HERE, "..", "data", "grpc")
CALLS = os.path.join(PROTOS, "calls.proto")
SERVER = os.path.join(HERE, "..", "lib", "grpc_server.py")
PYTHON = "/usr/bin/python3"  # whose modules are the distribution's
LOAD = ("-c", "2", "-m", "4", "-n", "200")


class Server:
    """The server, in a process of its own."""

    def __init__(self, reflection="none"):
        self.set = tempfile.NamedTemporaryFile(suffix=".protoset")  # pylint: disable=R1732
        subprocess.run(["protoc", f"-I{PROTOS}", "--include_imports",
                        f"--descriptor_set_out={self.set.name}", "calls.proto"], check=True)
        self.child = subprocess.Popen([PYTHON, SERVER, self.set.name, reflection],
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def __enter__(self):
        port = self.child.stdout.readline().strip()
        if not port:
            self.__exit__()
            raise tap.Skip("python3-grpcio is not installed")
        self.url = "http://127.0.0.1:" + port.decode()
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait(10)
        self.child.stdout.close()
        self.set.close()


def call(server, method, *flags, source=("--proto", CALLS), load=LOAD, code=None):
    return brink.load(server.url, "--grpc", f"calls.Calls/{method}", *source, *load, *flags,
                      code=code)


KINDS = [("Unary", ("--data", '{"s": "x", "many_i64": [1, "2"]}'), 1),
         ("Down", ("--data", '{"s": "x"}'), 5),
         ("Up", ("--data", '[{"i32": 1}, {"i32": 2}]'), 1),
         ("Up", ("--data", '{"i32": 1}\n{"i32": 2}'), 1),
         ("Up", ("--data", "[]"), 1),
         ("Both", ("--data", '[{"i32": 1}, {}, {"i32": 2}]'), 3),
         ("Both", ("--data", '{"i32": 1}', "--messages", "20"), 20)]


@tap.test
def calls_of_all_four_kinds_end_ok():
    with Server() as server:
        for method, flags, messages in KINDS:
            s = call(server, method, *flags, code=0)
            tap.equal(brink.outcomes(s), {"ok": 200}, f"outcomes of {method}")
            tap.equal(s["grpc_status"], {"OK": 200}, f"statuses of {method}")
            tap.equal(s["messages"], 200 * messages, f"messages of {method} {flags}")
            tap.equal(s["latency"]["message"]["count"], 200 * messages, "latencies of messages")
            tap.equal(s["protocol"], "grpc", "protocol")


FAILURES = [("Fail", "UNAVAILABLE", "down f\u00fcr now [31m", 0),
            ("Missing", "UNIMPLEMENTED", None, 0),
            ("Half", "DATA_LOSS", "the rest is gone", 200)]


@tap.test
def a_status_is_a_failure_with_its_words():
    with Server() as server:
        for method, status, words, messages in FAILURES:
            s = call(server, method, code=3)
            tap.equal(brink.outcomes(s), {"grpc_status": 200}, f"outcomes of {method}")
            tap.equal(s["grpc_status"], {status: 200}, f"statuses of {method}")
            tap.equal(s["status"], {"200": 200}, "statuses of HTTP")
            tap.equal(s["messages"], messages, "messages")
            if words:
                tap.equal(s["grpc_message"], {status: words}, "words")


@tap.test
def the_report_tells_statuses_and_words():
    with Server() as server:
        out = brink.run(["run", server.url, "--grpc", "calls.Calls/Fail", "--proto", CALLS,
                         *LOAD]).out
    tap.check("gRPC status   UNAVAILABLE: 200\n" in out, out)
    tap.check("down f\u00fcr now [31m\n" in out, out)


def told(server, *flags):
    """What the server was told, in its own words."""
    s = call(server, "Tell", *flags, load=("-c", "1", "-n", "1"), code=3)
    tap.equal(brink.outcomes(s), {"grpc_status": 1}, "outcomes")
    return s["grpc_message"]["INVALID_ARGUMENT"]


@tap.test
def the_server_is_told_metadata_deadline_and_messages():
    with Server() as server:
        got = told(server, "-H", "x-key: v 1", "--data", '{"i32": 5}', "--messages", "3")
        tap.check(got.startswith("x-key=v 1 user-agent=grpc-brink/"), got)
        tap.check(got.endswith(" 3 2805"), got)
        got = told(server, "--grpc-timeout", "100s", "-H", "user-agent: mine", "--data", "[]")
        tap.check(got.startswith("user-agent=mine"), got)
        tap.check(" deadline=100 0 -" in got, got)
        text = "a" * 50
        got = told(server, "--grpc-compress", "gzip", "--data", f'{{"s": "{text}"}}')
        tap.check(got.endswith(" 1 4a32" + "61" * 50), got)


@tap.test
def a_deadline_that_passes_is_a_failure():
    with Server() as server:
        s = call(server, "Slow", "--grpc-timeout", "200ms", load=("-c", "1", "-n", "2"), code=3)
        tap.equal(s["grpc_status"], {"DEADLINE_EXCEEDED": 2}, "statuses")
        s = call(server, "Slow", "--grpc-timeout", "5s", "--timeout", "200ms",
                 load=("-c", "1", "-n", "2"), code=3)
        tap.equal(brink.outcomes(s), {"timeout": 2}, "outcomes where brink gave up first")


@tap.test
def a_message_past_the_limit_is_too_large():
    with Server() as server:
        s = call(server, "Long", "--grpc-message-max", "64KiB", code=3)
        tap.equal(brink.outcomes(s), {"too_large": 200}, "outcomes")
        s = call(server, "Long", code=0)
        tap.equal(brink.outcomes(s), {"ok": 200}, "outcomes below the usual limit")


@tap.test
def a_server_is_asked_for_its_methods():
    for version in ("v1", "v1alpha"):
        with Server(version) as server:
            s = call(server, "Unary", "--data", '{"s": "x", "known": {"lasts": "1s"}}',
                     source=("--reflect",), code=0)
            tap.equal(s["grpc_status"], {"OK": 200}, f"statuses, by {version}")
            r = brink.run(["run", server.url, "--grpc", "calls.Other/Unary", "--reflect"])
            tap.equal(r.code, 2, f"exit code: {r}")
            tap.check("no such thing here" in r.err, r.err)
    with Server("none") as server:
        r = brink.run(["run", server.url, "--grpc", "calls.Calls/Unary", "--reflect"])
        tap.equal(r.code, 1, f"exit code: {r}")
        tap.check("UNIMPLEMENTED" in r.err and "--proto" in r.err, r.err)


@tap.test
def a_descriptor_set_does_without_protoc():
    with Server() as server:
        s = brink.load(server.url, "--grpc", "calls.Calls.Unary", "--protoset", server.set.name,
                       *LOAD, env={"PATH": "/nonexistent"}, code=0)
        tap.equal(s["grpc_status"], {"OK": 200}, "statuses")


URL = "http://127.0.0.1:9"
UNARY = ("--grpc", "calls.Calls/Unary")
REFUSED = [
    (("run", URL, *UNARY), "one of --proto FILE, --protoset FILE, or --reflect"),
    (("run", URL, *UNARY, "--proto", CALLS, "--reflect"), "more than one of"),
    (("run", URL + "/x", *UNARY, "--proto", CALLS), "leave the path out"),
    (("run", URL, "--grpc", "Unary", "--proto", CALLS), "pkg.Service/Method"),
    (("run", URL, "--grpc", "calls.Calls/Unarry", "--proto", CALLS), "calls.Calls/Unary?"),
    (("run", URL, *UNARY, "--proto", "/nonexistent.proto"), "protoc says"),
    (("run", URL, *UNARY, "--protoset", "/nonexistent"), "--protoset /nonexistent"),
    (("run", URL, *UNARY, "--protoset", CALLS), "not a descriptor set"),
    (("run", URL, *UNARY, "--proto", CALLS, "--data", '{"i32": "x"}'), '--data: $.i32: "x"'),
    (("run", URL, *UNARY, "--proto", CALLS, "--data", "[{}]"), "takes one message"),
    (("run", URL, *UNARY, "--proto", CALLS, "--messages", "2"), "leave --messages out"),
    (("run", URL, *UNARY, "--proto", CALLS, "--grpc-compress", "br"), "neither gzip nor identity"),
    (("run", URL, *UNARY, "--proto", CALLS, "--http2"), "leave the other out"),
    (("run", URL, *UNARY, "--proto", CALLS, "-X", "GET"), "a call is a POST"),
    (("run", URL, "--proto", CALLS), "add --grpc PKG.SVC/METHOD"),
    (("hold", URL, "-c", "1", *UNARY), "brink run --grpc calls it"),
]


@tap.test
def what_cannot_be_called_is_refused_with_the_way_out():
    for args, words in REFUSED:
        r = brink.run(list(args))
        tap.equal(r.code, 2, f"exit code: {r}")
        tap.check(words in r.err, f"{words}: {r}")
    r = brink.run(["run", URL, *UNARY, "--proto", CALLS], env={"PATH": "/nonexistent"})
    tap.equal(r.code, 2, f"exit code: {r}")
    tap.check("protobuf-compiler" in r.err and "--protoset" in r.err, r.err)


@tap.test
def a_scenario_of_grpc_is_refused_with_the_way_out():
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(f"version: 1\ntarget: {URL}\nprotocol: grpc\nrequests: [{{path: /}}]\n")
        file.flush()
        r = brink.run(["run", file.name])
    tap.equal(r.code, 2, f"exit code: {r}")
    tap.check(":3:" in r.err and "--grpc PKG.SVC/METHOD" in r.err, r.err)


@tap.test
def a_rehearsal_asks_nobody():
    r = brink.run(["run", URL, *UNARY, "--reflect", "--dry-run"])
    tap.equal(r.code, 0, f"exit code: {r}")
    tap.check("grpc" in r.out, r.out)


tap.main()
