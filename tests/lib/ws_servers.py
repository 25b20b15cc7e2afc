"""ws_servers: a WebSocket server whose frames are written by hand: what it says is chosen by the
path, one behaviour each, so that no library stands between a fault and the client.

    with ws_servers.Server() as server: brink.load(server.url + "/echo")
    server.closes          how often a client's close frame had which code

Paths: /echo; /close/CODE closes after the first message; /bad/NAME answers the first message with
the bytes of BAD; /silent; /chatty speaks unasked; /decline/STATUS; /greet/NAME an upgrade that is
wrong; /subprotocol/NAME; /gone ends without a close frame; /flood pings without end."""

import base64
import collections
import hashlib
import struct

import servers

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

# What breaks the protocol, and the code that it must be closed with.
BAD = {
    "masked": (b"\x81\x81\0\0\0\0x", 1002),
    "rsv1": (b"\xc1\x01x", 1002),
    "rsv2": (b"\xa1\x01x", 1002),
    "opcode-3": (b"\x83\x00", 1002),
    "opcode-11": (b"\x8b\x00", 1002),
    "fragmented-ping": (b"\x09\x00", 1002),
    "long-ping": (b"\x89\x7e\x00\x7e" + bytes(126), 1002),
    "continuation": (b"\x80\x01x", 1002),
    "nested": (b"\x01\x01x\x81\x01x", 1002),
    "long-length": (b"\x81\x7e\x00\x01x", 1002),
    "close-1-byte": (b"\x88\x01\x03", 1002),
    "close-1005": (b"\x88\x02\x03\xed", 1002),
    "close-2999": (b"\x88\x02\x0b\xb7", 1002),
    "close-reason": (b"\x88\x03\x03\xe8\xff", 1007),
    "utf8": (b"\x81\x02\xc3\x28", 1007),
    "utf8-cut": (b"\x81\x01\xc3", 1007),
    "too-large": (b"\x82\x7f" + struct.pack(">Q", 1 << 40) + b"x", 1009),
}
GREETINGS = {
    "accept": {"Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
    "no-accept": {"Sec-WebSocket-Accept": None},
    "no-upgrade": {"Upgrade": None},
    "h2c": {"Upgrade": "h2c"},
    "no-connection": {"Connection": None},
    "extension": {"Sec-WebSocket-Extensions": "permessage-deflate"},
    "subprotocol": {"Sec-WebSocket-Protocol": "chat"},
}


def frame(opcode, payload=b"", fin=True):
    n = len(payload)
    if n < 126:
        length = bytes([n])
    elif n < 65536:
        length = b"\x7e" + struct.pack(">H", n)
    else:
        length = b"\x7f" + struct.pack(">Q", n)
    return bytes([0x80 * fin | opcode]) + length + payload


def unmask(payload, key):
    n = len(payload)
    mask = int.from_bytes((key * (n // 4 + 1))[:n], "big")
    return (int.from_bytes(payload, "big") ^ mask).to_bytes(n, "big")


class Client:
    """One accepted connection."""

    def __init__(self, sock):
        self.sock = sock
        self.rest = b""

    def take(self, n):
        while len(self.rest) < n:
            more = self.sock.recv(65536)
            if not more:
                raise ConnectionError
            self.rest += more
        taken, self.rest = self.rest[:n], self.rest[n:]
        return taken

    def head(self):
        while b"\r\n\r\n" not in self.rest:
            more = self.sock.recv(65536)
            if not more:
                raise ConnectionError
            self.rest += more
        text, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = text.decode().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines[1:])
        return lines[0].split()[1], {name.lower(): value for name, value in fields.items()}

    def frame(self):
        """(opcode, payload) of the next one; RFC 6455 5.1: a client masks."""
        first, second = self.take(2)
        if not second & 0x80 or first & 0x70:
            raise ValueError("a frame that is not masked, or has reserved bits")
        n = second & 0x7f
        if n == 126:
            n = struct.unpack(">H", self.take(2))[0]
        elif n == 127:
            n = struct.unpack(">Q", self.take(8))[0]
        key = self.take(4)
        return first & 15, unmask(self.take(n), key)


class Server(servers.Raw):
    """`secure` is a certificate and its key: wss."""

    def __init__(self, secure=None):
        super().__init__(Server.serve_one)
        self.secure = secure
        self.closes = collections.Counter()
        self.wrong = []  # what clients did that RFC 6455 forbids
        self.keys = set()
        self.scheme = "wss" if secure else "ws"

    def __enter__(self):
        super().__enter__()
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        return self

    def serve_one(sock, self):  # pylint: disable=no-self-argument
        if self.secure:
            sock = servers.secured(sock, *self.secure, ragged=True)
        client = Client(sock)
        try:
            path, fields = client.head()
            self.note_key(fields)
            if self.greet(client, path, fields):
                self.talk(client, path)
        except ValueError as wrong:
            self.wrong.append(str(wrong))

    def note_key(self, fields):
        key = fields.get("sec-websocket-key", "")
        with self.lock:
            if len(base64.b64decode(key)) != 16 or key in self.keys:
                self.wrong.append(f"key {key!r}")
            self.keys.add(key)

    def greet(self, client, path, fields):
        _, kind, *rest = path.split("/")
        if kind == "decline":
            client.sock.sendall(f"HTTP/1.1 {rest[0]} No\r\nContent-Length: 0\r\n"
                                f"{'Retry-After: 1' if rest[0] == '503' else 'X: y'}\r\n\r\n".encode())
            return False
        accept = hashlib.sha1(fields["sec-websocket-key"].encode() + GUID).digest()
        answer = {"Upgrade": "websocket", "Connection": "Upgrade",
                  "Sec-WebSocket-Accept": base64.b64encode(accept).decode()}
        if kind == "subprotocol":
            answer["Sec-WebSocket-Protocol"] = rest[0]
        if kind == "greet":
            answer.update(GREETINGS[rest[0]])
        lines = [f"{name}: {value}" for name, value in answer.items() if value is not None]
        client.sock.sendall(("HTTP/1.1 101 Switching Protocols\r\n" +
                             "\r\n".join(lines) + "\r\n\r\n").encode())
        return True

    def talk(self, client, path):
        _, kind, *rest = path.split("/")
        if kind == "chatty":
            client.sock.sendall(frame(TEXT, b"unasked"))
        while True:
            opcode, payload = client.frame()
            if opcode == CLOSE:
                self.closed(client, payload)
                return
            if opcode == PING:
                client.sock.sendall(frame(PONG, payload))
            elif opcode in (TEXT, BINARY):
                self.counted()
                self.answer(client, kind, rest, opcode, payload)

    def closed(self, client, payload):
        with self.lock:
            self.closes[struct.unpack(">H", payload[:2])[0] if payload else 1005] += 1
        client.sock.sendall(frame(CLOSE, payload))

    def answer(self, client, kind, rest, opcode, payload):
        if kind == "bad":
            client.sock.sendall(BAD[rest[0]][0])
        elif kind == "close":
            client.sock.sendall(frame(CLOSE, struct.pack(">H", int(rest[0])) + b"bye"))
        elif kind == "gone":
            raise ConnectionError
        elif kind == "other":
            client.sock.sendall(frame(opcode, payload + b"!"))
        elif kind == "twice":
            client.sock.sendall(frame(opcode, payload) * 2)
        elif kind == "flood":
            client.sock.sendall(frame(PING, b"x" * 125) * 2000 + frame(opcode, payload))
        elif kind == "pieces":
            client.sock.sendall(frame(opcode, payload[:3], False) + frame(PING, b"?") +
                                frame(0, b"", False) + frame(0, payload[3:]))
        elif kind != "silent":
            client.sock.sendall(frame(opcode, payload))
