"""brink target on one port: HTTP/1.1, HTTP/2, gRPC and WebSocket, as clients that are not ours ask
for them: curl, h2load, gRPC's and the websockets library of Python, each where it is installed."""

import json
import os
import subprocess
import sys
import tempfile
import textwrap

import brink
import certs
import servers
import tap

PYTHONS = [sys.executable, "/usr/bin/python3"]  # where Debian's packages are
SERVICE = ("--servers", "4", "--service-time", "1ms")  # a capacity of 4000/s


def curl(url, *flags):
    """(body, status, HTTP version)"""
    command = [tap.need_command("curl"), "-sS", "-k", "-m", "20", "--noproxy", "*",
               "-w", "\n%{http_code} %{http_version}", *flags, url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    tap.equal(done.returncode, 0, f"exit code of curl: {done.stderr}")
    body, _, last = done.stdout.rpartition("\n")
    status, version = last.split()
    return body, int(status), version


def python_with(module):
    for python in PYTHONS:
        if os.access(python, os.X_OK) and not subprocess.run(
                [python, "-c", f"import {module}"], capture_output=True).returncode:
            return python
    raise tap.Skip(f"Python's {module} is not installed")


def python(module, program, *words):
    """What a program that needs the module prints, as JSON."""
    done = subprocess.run([python_with(module), "-c", textwrap.dedent(program), *map(str, words)],
                          capture_output=True, text=True, timeout=60)
    tap.equal(done.returncode, 0, f"exit code: {done.stderr}")
    return json.loads(done.stdout)


def tls_target(*flags):
    certificate, key = certs.Authority().self_signed("target", "CN=localhost")
    return servers.Target("--tls-cert", certificate, "--tls-key", key, *flags)


def https(target):
    return f"https://{target.address}:{target.port}"


# --- HTTP/2 ---------------------------------------------------------------------------------


@tap.test
def curl_is_answered_by_prior_knowledge_by_upgrade_and_over_http1():
    with servers.Target("--header", "X-Kind: Test") as target:
        for flags, version in ((["--http2-prior-knowledge"], "2"), (["--http2"], "2"),
                               (["--http1.1"], "1.1")):
            tap.equal(curl(target.url + "/body/10", *flags), ("x" * 10, 200, version),
                      f"answer with {flags}")
            tap.equal(curl(target.url + "/status/404", *flags)[1], 404, "status")
            head, status, _ = curl(target.url + "/body/10", "-I", *flags)
            tap.equal(status, 200, "status of HEAD")
            tap.contains(head.lower(), "content-length: 10", "the head")
            tap.contains(head.lower(), "x-kind: test", "the head")
        stats = target.stats()
        tap.equal(stats["requests"], 9, "requests")
        tap.equal(stats["answers"], 9, "answers")
        tap.equal(stats["h2_streams"], 6, "streams")
        tap.equal(stats["bad_requests"], 0, "bad requests")


@tap.test
def alpn_decides_over_tls():
    with tls_target() as target:
        for flag, version in (("--http2", "2"), ("--http1.1", "1.1"), ("--no-alpn", "1.1")):
            tap.equal(curl(https(target) + "/", flag), ("xx", 200, version), f"answer with {flag}")
        body, _, _ = curl(https(target) + "/body/3MiB", "--http2")
        tap.equal(len(body), 3 << 20, "bytes of a body over TLS")


@tap.test
def bodies_pass_the_windows_both_ways():
    with servers.Target() as target, tempfile.NamedTemporaryFile() as file:
        file.write(b"y" * (5 << 20))
        file.flush()
        # curl 7.88 takes 32 KiB at most right behind the 101.
        for flag, size in (("--http2-prior-knowledge", 5 << 20), ("--http2", 20000)):
            body, status, _ = curl(f"{target.url}/body/{size}", flag, "--data-binary",
                                   "@" + file.name)
            tap.equal((len(body), status), (size, 200), f"bytes and status with {flag}")


@tap.test
def h2load_gets_all_it_asks_for():
    h2load = tap.need_command("h2load")
    with servers.Target() as target:
        done = subprocess.run([h2load, "-n", "5000", "-c", "5", "-m", "100", target.url + "/"],
                              capture_output=True, text=True, timeout=60)
        tap.contains(done.stdout, "5000 succeeded, 0 failed, 0 errored", "what h2load says")
        tap.equal(target.stats()["answers"], 5000, "answers")


@tap.test
def the_capacity_holds_over_http2():
    with servers.Target(*SERVICE) as target:
        within = brink.load(target.url + "/", "--http2", "-m", "20", "-c", "4", "-R", "3000", "-d",
                            "2s", code=0)
        tap.equal(set(brink.outcomes(within)), {"ok"}, "outcomes below the capacity")
        tap.between(within["rate"]["achieved_rps"], 2700, 3050, "achieved at -R 3000")
        beyond = brink.load(target.url + "/", "--http2", "-m", "20", "-c", "4", "-d", "2s", code=0)
        tap.between(beyond["rate"]["achieved_rps"], 3000, 4100, "achieved, asked for all it has")
        tap.equal(set(brink.outcomes(beyond)), {"ok"}, "outcomes at the capacity")


@tap.test
def what_finds_the_queue_full_is_shed_and_counted():
    with servers.Target(*SERVICE, "--queue", "8", "--retry-after", "1s") as target:
        summary = brink.load(target.url + "/", "--http2", "-m", "50", "-c", "4", "-R", "6000", "-d",
                             "1s")
        stats = target.stats()
        tap.check(summary["outcomes"]["shed"] > 0, "nothing was shed")
        tap.equal(summary["outcomes"]["shed"], stats["answers_503"], "shed, against the target")
        tap.equal(set(brink.outcomes(summary)) - {"ok", "shed"}, set(), "other outcomes")


@tap.test
def a_goaway_after_so_many_requests_loses_none():
    with servers.Target("--h2-goaway-after", "50") as target:
        result = brink.run(["run", target.url + "/", "--http2", "-m", "8", "-c", "4", "-n", "1000",
                            "--format", "json", "--accept-saturated"])
        # Requests that a GOAWAY left out are sent once more.
        tap.equal(brink.outcomes(result.json), {"ok": 1000}, f"outcomes: {result}")
        stats = target.stats()
        tap.equal(stats["requests"], 1000, "requests")
        tap.check(stats["h2_connections"] >= 20, f"connections: {stats['h2_connections']}")


# --- gRPC -----------------------------------------------------------------------------------

GRPC = """
    import grpc, json, sys
    channel = grpc.insecure_channel(sys.argv[1])
    def call(kind, path, given, **more):
        return getattr(channel, kind)(path, None, None)(given, timeout=20, **more)
    def text(messages):
        return [m.decode() for m in messages]
    def code(path):
        try:
            call("unary_unary", path, b"x")
            return 0
        except grpc.RpcError as error:
            return error.code().value[0]
    three = [b"1", b"2", b"3"]
    large = b"l" * 3000000
    json.dump({
        "unary": text([call("unary_unary", "/a.B/Unary", b"hello")]),
        "large": call("unary_unary", "/a.B/Unary", large) == large,
        "gzip": text([call("unary_unary", "/a.B/Any", b"z" * 1000,
                           compression=grpc.Compression.Gzip)]),
        "server": text(call("unary_stream", "/a.B/ServerStream", b"s")),
        "asked": text(call("unary_stream", "/a.B/Any", b"s",
                           metadata=(("brink-messages", "3"),))),
        "client": text([call("stream_unary", "/a.B/ClientStream", iter(three))]),
        "bidi": text(call("stream_stream", "/a.B/Bidi", iter(three))),
        "codes": [code("/brink.Status/%d" % n) for n in (0, 5, 14)],
    }, sys.stdout)
    """


@tap.test
def grpc_echoes_all_four_kinds_and_fails_as_asked():
    with servers.Target() as target:
        got = python("grpc", GRPC, f"{target.address}:{target.port}")
        tap.equal(got, {"unary": ["hello"], "large": True, "gzip": ["z" * 1000],
                        "server": ["s"] * 10, "asked": ["s"] * 3, "client": ["3"],
                        "bidi": ["1", "2", "3"], "codes": [0, 5, 14]}, "echoes")
        tap.equal(target.stats()["grpc_messages"], 14, "messages")


@tap.test
def grpc_takes_its_service_time_whatever_the_method():
    with servers.Target("--service-time", "300ms") as target:
        seconds = python("grpc", """
            import grpc, json, sys, time
            channel = grpc.insecure_channel(sys.argv[1])
            grpc.channel_ready_future(channel).result(timeout=20)
            took = []
            for path in ("/a.B/Unary", "/a.B/Any"):
                start = time.monotonic()
                channel.unary_unary(path, None, None)(b"x", timeout=20)
                took.append(time.monotonic() - start)
            json.dump(took, sys.stdout)
            """, f"{target.address}:{target.port}")
        tap.check(min(seconds) >= 0.3, f"seconds: {seconds}")


@tap.test
def grpc_is_turned_away_as_unavailable():
    with servers.Target("--servers", "1", "--service-time", "2s", "--queue", "0") as target:
        codes = python("grpc", """
            import grpc, json, sys
            channel = grpc.insecure_channel(sys.argv[1])
            ask = channel.unary_unary("/a.B/Unary", None, None)
            calls = [ask.future(b"x", timeout=20) for _ in range(5)]
            json.dump(sorted(call.code().value[0] for call in calls), sys.stdout)
            """, f"{target.address}:{target.port}")
        tap.equal(codes, [0, 14, 14, 14, 14], "codes")


@tap.test
def grpc_of_a_kind_that_is_not_known_is_415():
    with servers.Target() as target:
        _, status, _ = curl(target.url + "/a.B/Unary", "--http2-prior-knowledge", "-H",
                            "Content-Type: application/grpc-web", "-d", "x")
        tap.equal(status, 415, "status")


# --- WebSocket ------------------------------------------------------------------------------

WEBSOCKET = """
    import asyncio, json, ssl, sys, websockets
    async def talk(url):
        got = {}
        unverified = ssl._create_unverified_context() if url.startswith("wss") else None
        async with websockets.connect(url, subprotocols=["one", "two"], max_size=None,
                                      ssl=unverified) as socket:
            got["subprotocol"] = socket.subprotocol
            got["extensions"] = len(socket.extensions)
            await socket.send("hello")
            got["text"] = await socket.recv()
            large = bytes(range(256)) * 12000
            await socket.send(large)
            got["large"] = await socket.recv() == large
            await socket.send(["frag", "ment", "s"])
            got["fragments"] = await socket.recv()
            await asyncio.wait_for(await socket.ping(), 10)
        got["close"] = socket.close_code
        async with websockets.connect(url, max_size=None, ssl=unverified) as socket:
            try:
                await socket.send(b"x" * 4000001)
                await socket.recv()
            except websockets.ConnectionClosed as closed:
                got["too large"] = closed.code
        return got
    json.dump(asyncio.run(talk(sys.argv[1])), sys.stdout)
    """


def judge_websocket(target, url):
    got = python("websockets", WEBSOCKET, url + "/any/path")
    tap.equal(got, {"subprotocol": "one", "extensions": 0, "text": "hello", "large": True,
                    "fragments": "fragments", "close": 1000, "too large": 1009}, "echoes")


@tap.test
def websockets_echo():
    with servers.Target("--ws-max-message", "4000000") as target:
        judge_websocket(target, f"ws://{target.address}:{target.port}")
        stats = target.stats()
        tap.equal((stats["ws_connections"], stats["ws_messages"]), (2, 3), "counts")


@tap.test
def websockets_echo_over_tls():
    with tls_target("--ws-max-message", "4000000") as target:
        judge_websocket(target, f"wss://{target.address}:{target.port}")


tap.main()
