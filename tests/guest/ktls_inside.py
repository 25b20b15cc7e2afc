"""What is tested within the guest, where the kernel has TLS: brink hands its keys to it."""

import os
import socket
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))

import brink
import servers
import tap

CA, CERT, KEY = (os.environ[f"BRINK_TEST_{name}"] for name in ("CA", "CERT", "KEY"))
SECRET = "/a-path-that-nobody-may-read"
CIPHERS = ("aes128", "aes256", "chacha20")


def target(ktls):
    return servers.Target("--tls-cert", CERT, "--tls-key", KEY, "--ktls", ktls)


def load(server, path, *flags, **options):
    return brink.load(f"https://localhost:{server.port}{path}", "--http1.1", "--cacert", CA, *flags,
                      **options)


def spoken(theirs, ours, version, cipher):
    with target(theirs) as server:
        summary = load(server, "/body/20000", "-n", "100", "-c", "4", "--ktls", ours, "--tls-max",
                       version, "--ciphers", cipher, code=0)
    tap.equal(brink.outcomes(summary), {"ok": 100}, "outcomes")
    tap.equal(summary["tls"]["version"], "TLSv" + version, "version")
    tap.equal((summary["tls"]["ktls_tx"], summary["tls"]["ktls_rx"]), (ours == "on",) * 2, "kTLS")
    tap.equal(summary["generator"]["slots_left"], 0, "slots left")


for _version in ("1.2", "1.3"):
    for _cipher in CIPHERS:
        for _theirs, _ours in (("off", "on"), ("on", "off"), ("on", "on")):
            tap.add(f"{_version} {_cipher}: target ktls {_theirs}, generator {_ours}",
                    lambda a=(_theirs, _ours, _version, _cipher): spoken(*a))


@tap.test
def without_what_it_takes_auto_falls_back_and_on_refuses():
    lacking = {"BRINK_DISABLE": "multishot"}
    with target("on") as server:
        summary = load(server, "/", "-n", "20", "-c", "2", env=lacking, code=0)
        tap.equal(brink.outcomes(summary), {"ok": 20}, "outcomes")
        tap.equal(summary["tls"]["ktls_tx"], False, "kTLS")
        tap.contains(summary["tls"]["note"], "multishot", "note")
        refused = brink.run(["run", f"https://localhost:{server.port}/", "--http1.1", "--cacert", CA, "--ktls",
                             "on"], env=lacking)
    tap.equal(refused.code, 4, f"exit code: {refused}")
    tap.contains(refused.err, "multishot", "message")


@tap.test
def connections_live_on_direct_descriptors():
    """On this kernel they are dialled with plain ones, and moved once the kernel has the keys."""
    with target("off") as server, brink.start(
            ["hold", f"https://localhost:{server.port}/", "-c", "300", "-d", "20s", "--cacert", CA,
             "--ktls", "on"]) as hold:
        def open_there():
            return int(server_open(server)) >= 300
        tap.await_true(open_there, 30, "300 connections are open")
        descriptors = os.listdir(f"/proc/{hold.child.pid}/fd")
        tap.check(len(descriptors) < 100, f"{len(descriptors)} descriptors for 300 connections")


def server_open(server):
    """Connections that stand on the target's port, as the kernel lists them."""
    wanted = f":{server.port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as table:
        return sum(1 for line in table if line.split()[1].endswith(wanted)
                   and line.split()[3] == "01")


class Sniffer:
    """Everything that passes on lo."""

    def __enter__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind(("lo", 0))
        return self

    def __exit__(self, *_):
        self.socket.close()

    def seen(self):
        self.socket.setblocking(False)
        found = b""
        try:
            while True:
                found += self.socket.recv(70000)
        except BlockingIOError:
            return found


@tap.test
def the_wire_carries_no_plain_text_and_the_sniffer_would_see_it():
    with servers.Target() as server, Sniffer() as sniffer:
        brink.load(server.url + SECRET, "-n", "5", "-c", "1", code=0)
        seen = sniffer.seen()
    tap.check(SECRET.encode() in seen and b"HTTP/1.1 200" in seen, "plain http is seen")
    for version in ("1.2", "1.3"):
        with target("on") as server, Sniffer() as sniffer:
            load(server, SECRET, "-n", "5", "-c", "1", "--ktls", "on", "--tls-max", version, code=0)
            seen = sniffer.seen()
        tap.check(len(seen) > 2000, "the connection is seen")
        tap.check(SECRET.encode() not in seen and b"HTTP/1.1" not in seen,
                  f"plain text on the wire with {version}")


def ended_by(version, properly):
    """An answer that only the end delimits, from a peer in user space."""
    told = []

    def talk(sock, _server):
        secure = servers.secured(sock, CERT, KEY)
        secure.recv(4096)
        secure.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
        try:
            if properly:
                secure.unwrap()
                told.append(True)
        except (OSError, ValueError):
            told.append(False)
        try:
            secure.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        secure.close()
    with servers.Raw(talk) as server:
        summary = load(server, "/", "-n", "1", "-c", "1", "--ktls", "on", "--tls-max", version)
    return brink.outcomes(summary), told


@tap.test
def close_notify_is_told_from_truncation():
    for version in ("1.2", "1.3"):
        tap.equal(ended_by(version, True)[0], {"ok": 1}, f"close_notify with {version}")
        tap.equal(ended_by(version, False)[0], {"truncated": 1}, f"bare FIN with {version}")


@tap.test
def our_close_notify_reaches_a_peer_in_user_space():
    for version in ("1.2", "1.3"):
        ends = []

        def talk(sock, _server, ends=ends):
            secure = servers.secured(sock, CERT, KEY)
            secure.recv(4096)
            secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            try:
                ends.append(secure.recv(4096))
            except ssl.SSLError as error:
                ends.append(error)
            secure.close()
        with servers.Raw(talk) as server:
            load(server, "/", "-n", "1", "-c", "1", "--ktls", "on", "--tls-max", version, code=0)
            tap.await_true(lambda ends=ends: ends, 5, "the peer saw the end")
        tap.equal(ends[0], b"", f"what the peer saw with {version}")


def resident(url, count, *flags):
    """Of the generator while it holds so many, in bytes."""
    result = brink.run(["hold", url, "-c", str(count), "-d", "1s", "--verify", "--format", "json",
                        "--accept-saturated", *flags], timeout=90)
    summary = brink.summary_of(result)
    tap.equal(brink.outcomes(summary), {"ok": count}, "each is asked at the end")
    tap.equal(summary["connections"]["lost"], 0, "lost")
    return summary["hold"]["memory"]["user_bytes_per_connection"] * count


def user_bytes(url, *flags):
    """What a connection more costs: libraries and tables of the process cost the same either way."""
    few, many = resident(url, 200, *flags), resident(url, 2200, *flags)
    return (many - few) / 2000


@tap.test
def two_thousand_are_held_in_the_user_memory_of_plain_ones():
    """What malloc keeps of the handshakes differs from run to run; the least of three counts."""
    with servers.Target() as plain:
        base = user_bytes(plain.url + "/")
    measured = []
    with target("off") as server:
        while len(measured) < 3 and (not measured or min(measured) > base * 1.1):
            measured.append(user_bytes(f"https://localhost:{server.port}/", "--cacert", CA,
                                       "--ktls", "on"))
    ktls = ", ".join(f"{each:.0f}" for each in measured)
    print(f"# user memory: {base:.0f} bytes a plain connection, {ktls} with kTLS", flush=True)
    tap.check(min(measured) <= base * 1.1, f"{ktls} bytes with kTLS, {base:.0f} plain")


tap.main()
