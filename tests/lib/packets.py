"""packets: TCP segments written by hand, for what no socket does. Only ever sent within the
namespaces that a test has made."""

import random
import socket
import struct

SYN = 0x02


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(source, destination, ports, flags, wrong=False):
    """A segment without options or data; `wrong`: with a checksum that does not hold."""
    sequence = random.getrandbits(32)

    def head(check):
        return struct.pack("!HHIIBBHHH", ports[0], ports[1], sequence, 0, 5 << 4, flags, 64240,
                           check, 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(destination)
    pseudo += struct.pack("!BBH", 0, socket.IPPROTO_TCP, 20)
    check = checksum(pseudo + head(0))
    return head(check ^ 0x1234 if wrong else check)


def send_syns(space, source, destination, port, count, wrong=False, first=20000):
    """SYNs from `count` source ports. Their answers must not be reset: the caller drops RSTs."""
    with space.inside():
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    with raw:
        for i in range(count):
            raw.sendto(segment(source, destination, (first + i, port), SYN, wrong),
                       (destination, 0))
