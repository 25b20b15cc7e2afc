"""WebSocket, from the upgrade to the close: against a server whose frames are written by hand, and
against python3-websockets where it is installed."""

import os
import subprocess
import tempfile

import brink
import certs
import servers
import tap
import ws_servers

REQUESTS = 40


def load(url, *flags, code=0, requests=REQUESTS):
    return brink.load(url, "-n", requests, "-c", 4, "-d", "3s", "--timeout", "500ms", "--agent",
                      "none", *flags, code=code)


def all_ok(url, *flags):
    summary = load(url, *flags)
    tap.equal(brink.outcomes(summary), {"ok": REQUESTS}, f"outcomes of {url} {flags}")
    tap.equal(summary["protocol"], "ws", "protocol")
    tap.check(summary["rate"]["achieved_rps"] > 0, "answers without a status count in the rate")
    return summary


def left_politely(server, summary):
    """Connections that stood were left with a close frame of 1000; one that is just writing when it
    is closed goes without."""
    count = summary["connections"]["opened"]
    if summary["hold"] and summary["hold"]["reset"]:  # this host's TIME_WAIT is nearly full
        return
    tap.await_true(lambda: sum(server.closes.values()) >= count - 1 - count // 20, 3,
                   f"close frames of {count}")
    tap.equal(set(server.closes), {1000}, "close codes of the client")
    tap.equal(server.wrong, [], "what the client did wrong")


@tap.test
def an_echo_is_an_answer():
    for flags in ((), ("-m", "8"), ("--ws-binary",), ("--data", "grüße"), ("--data", "")):
        with ws_servers.Server() as server:
            summary = all_ok(server.url + "/echo", *flags)
            tap.equal(server.count, REQUESTS, "messages that arrived")
            tap.equal(summary["ws_close"], {}, "closes by the peer")
            left_politely(server, summary)


@tap.test
def an_http_url_becomes_one_of_websocket_by_a_flag():
    with ws_servers.Server() as server:
        summary = all_ok(server.url.replace("ws:", "http:") + "/echo", "--ws")
        tap.check(summary["target"].startswith("ws://"), f"target {summary['target']}")


@tap.test
def long_messages_and_fragments_come_back_whole():
    with tempfile.NamedTemporaryFile() as file, ws_servers.Server() as server:
        file.write(os.urandom(300_000))
        file.flush()
        all_ok(server.url + "/echo", "--data-file", file.name, "--ws-binary")
        all_ok(server.url + "/pieces")
        all_ok(server.url + "/flood")


@tap.test
def a_connection_may_be_for_one_message():
    with ws_servers.Server() as server:
        summary = all_ok(server.url + "/echo", "--no-keepalive")
        tap.equal(summary["connections"]["opened"], REQUESTS, "connections")
        left_politely(server, summary)


@tap.test
def what_is_no_echo_fails_the_check_unless_any_answer_will_do():
    with ws_servers.Server() as server:
        summary = load(server.url + "/other", code=3)
        tap.equal(brink.outcomes(summary), {"check_failed": REQUESTS}, "outcomes")
        all_ok(server.url + "/other", "--ws-any-answer")
        all_ok(server.url + "/chatty", "--ws-any-answer")


@tap.test
def close_codes_are_told():
    for code, key in ((1000, "1000"), (1001, "1001"), (1013, "1013"), (4000, "other")):
        with ws_servers.Server() as server:
            summary = load(f"{server.url}/close/{code}", code=3)
            tap.equal(brink.outcomes(summary), {"ws_close": REQUESTS}, f"outcomes with {code}")
            tap.equal(list(summary["ws_close"]), [key], "codes")
            tap.check(summary["ws_close"][key] >= REQUESTS, f"closes: {summary['ws_close']}")
            tap.await_true(lambda s=server: s.closes[code] >= REQUESTS - 4, 3, "closes answered")


def meets(name, code):
    with ws_servers.Server() as server:
        summary = load(f"{server.url}/bad/{name}", code=3)
        want = "too_large" if code == 1009 else "malformed"
        tap.equal(brink.outcomes(summary), {want: REQUESTS}, "outcomes")
        tap.await_true(lambda: server.closes[code] >= REQUESTS - 4, 3,
                       f"closed with {code}: {server.closes}")
        tap.equal(set(server.closes), {code}, "close codes of the client")


for _name, (_, _code) in ws_servers.BAD.items():
    tap.add(f"{_name} is closed with {_code}", lambda n=_name, c=_code: meets(n, c))


@tap.test
def a_second_answer_is_desync():
    with ws_servers.Server() as server:
        summary = load(server.url + "/twice", code=None)
        got = brink.outcomes(summary)
        tap.check("ok" in got and set(got) <= {"ok", "desync", "peer_closed"}, f"outcomes {got}")


@tap.test
def silence_is_a_timeout_and_an_end_without_a_close_frame_is_told():
    with ws_servers.Server() as server:
        summary = load(server.url + "/silent", code=3, requests=4)
        tap.equal(brink.outcomes(summary), {"timeout": 4}, "outcomes")
        summary = load(server.url + "/gone", code=3)
        tap.equal(brink.outcomes(summary), {"peer_closed": REQUESTS}, "outcomes")


@tap.test
def an_upgrade_that_is_declined_has_its_status():
    for status, outcome in ((404, "http_4xx"), (500, "http_5xx"), (503, "shed"), (429, "shed"),
                            (200, "malformed")):
        with ws_servers.Server() as server:
            summary = load(f"{server.url}/decline/{status}", code=3, requests=8)
            tap.equal(brink.outcomes(summary), {outcome: 8}, f"outcomes with {status}")
            tap.equal(list(summary["status"]), [str(status)], "statuses")


@tap.test
def an_upgrade_that_is_wrong_is_malformed():
    for name in ws_servers.GREETINGS:
        with ws_servers.Server() as server:
            summary = load(f"{server.url}/greet/{name}", code=3, requests=8)
            tap.equal(brink.outcomes(summary), {"malformed": 8}, f"outcomes with {name}")


@tap.test
def a_subprotocol_is_the_one_asked_for():
    with ws_servers.Server() as server:
        all_ok(server.url + "/subprotocol/chat", "--ws-subprotocol", "chat")
        for path in ("/subprotocol/other", "/echo"):
            summary = load(server.url + path, "--ws-subprotocol", "chat", code=3, requests=8)
            tap.equal(brink.outcomes(summary), {"malformed": 8}, f"outcomes of {path}")


@tap.test
def a_rate_is_of_each_connection():
    with ws_servers.Server() as server:
        summary = brink.load(server.url + "/echo", "-c", 8, "--ws-rate", "25", "-d", "1s",
                             "--agent", "none", code=0)
        tap.equal(summary["rate"]["offered_rps"], 200, "due a second")
        tap.equal(brink.outcomes(summary), {"ok": 200}, "outcomes")
        tap.equal(summary["model"], "open", "model")


@tap.test
def over_tls_as_well():
    authority = certs.Authority()
    with ws_servers.Server(secure=authority.make("server")) as server:
        for flags in ((), ("-m", "4"), ("--ktls", "off"), ("--no-keepalive",)):
            all_ok(server.url + "/echo", "--cacert", authority.ca, *flags)
        # a connection may still be greeting when the last request is done: three may, in three runs
        tap.await_true(lambda: server.closes[1000] >= 3 + REQUESTS, 3, "close frames")
        tap.equal(server.wrong, [], "what the client did wrong")
        summary = hold(server.url + "/echo", "--cacert", authority.ca, "--ping", "200ms", "--verify")
        tap.equal(summary["connections"]["lost"], 0, "lost")
        summary = load(server.url + "/close/1001", "--cacert", authority.ca, code=3)
        tap.equal(list(summary["ws_close"]), ["1001"], "codes")


def hold(url, *flags, connections=100):
    result = brink.run(["hold", url, "-c", connections, "-d", "1s", "--agent", "none", "--format",
                        "json", "--accept-saturated", *flags], timeout=60)
    tap.equal(result.code, 0, f"exit code: {result}")
    return brink.summary_of(result)


@tap.test
def a_hold_pings_and_verifies():
    for flags in (("--ping", "200ms", "--verify"), ("--verify",), ("--lean", "--ping", "500ms")):
        with ws_servers.Server() as server:
            summary = hold(server.url + "/echo", *flags)
            tap.equal(summary["hold"]["open_at_end"], 100, "open at the end")
            tap.equal(summary["connections"]["lost"], 0, "lost")
            tap.equal(set(brink.outcomes(summary)), {"ok"}, "outcomes")
            tap.equal(server.count, 0, "messages: pings are none")
            left_politely(server, summary)


@tap.test
def a_scenario_may_be_of_websocket():
    with ws_servers.Server() as server, tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(f"target: {server.url}/echo\nprotocol: ws\nrate: 100\nduration: 1s\n"
                   "executor: constant-arrival-rate\nconnections: 4\n")
        file.flush()
        summary = brink.load(file.name, "--agent", "none", code=0)
        tap.equal(brink.outcomes(summary), {"ok": 100}, "outcomes")
        file.write("requests: [{path: /}]\n")
        file.flush()
        result = brink.run(["run", file.name])
        tap.equal(result.code, 2, f"exit code: {result}")
        tap.contains(result.err, "requests: a WebSocket", "the error")


PEER = """
import asyncio, sys, websockets
async def echo(socket, *_):
    async for message in socket:
        await socket.send(message)
async def main():
    async with websockets.serve(echo, "127.0.0.1", 0, subprotocols=["chat"]) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()
asyncio.run(main())
"""


class Peer(servers.Daemon):
    """python3-websockets' echo, which compresses where it may. Debian's, for Debian's python3."""

    def begin(self):
        self.child = subprocess.Popen(["/usr/bin/python3", "-c", PEER], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        port = self.child.stdout.readline().strip()
        if not port:
            said = self.child.stderr.read()
            raise tap.Skip("python3-websockets is not installed") if "ModuleNotFound" in said \
                else tap.Failure(said)
        self.url = f"ws://127.0.0.1:{port}/"

    def clean(self):
        self.child.stdout.close()
        self.child.stderr.close()


@tap.test
def a_server_of_other_hands_is_understood():
    with Peer() as peer:
        for flags in ((), ("-m", "16"), ("--ws-binary",), ("--ws-deflate",),
                      ("--ws-deflate", "--ws-binary", "-m", "4", "--data", "x" * 5000),
                      ("--ws-subprotocol", "chat"), ("--no-keepalive",)):
            all_ok(peer.url, *flags)
        summary = hold(peer.url, "--ping", "500ms", "--verify", connections=300)
        tap.equal(summary["connections"]["lost"], 0, "lost")
        tap.equal(set(brink.outcomes(summary)), {"ok"}, "outcomes")


tap.main()
