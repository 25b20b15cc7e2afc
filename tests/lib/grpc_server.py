"""grpc_server SET REFLECTION: a gRPC server on a free port of loopback, which it prints: service
calls.Calls of tests/data/grpc/calls.proto, messages as they come. REFLECTION is v1, v1alpha or none;
what it tells is in the descriptor set SET. Run by the system's own Python, for its grpcio."""

import sys
import time
from concurrent import futures

import grpc


def fields(data):
    """The fields of a message that are bytes: (number, bytes)."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            varint()
        elif tag & 7 == 2:
            length = varint()
            yield tag >> 3, data[at:at + length]
            at += length
        else:
            at += 8 if tag & 7 == 1 else 4


def field(number, data):
    length, out = len(data), b""
    while length > 0x7f:
        out += bytes([length & 0x7f | 0x80])
        length >>= 7
    return bytes([number << 3 | 2]) + out + bytes([length]) + data


def unary(message, _):
    return message


def down(message, _):
    for _ in range(5):
        yield message


def up(messages, _):
    last = b""
    for last in messages:
        pass
    return last


def both(messages, _):
    yield from messages


def fail(_, context):
    context.abort(grpc.StatusCode.UNAVAILABLE, "down f\u00fcr now\x1b[31m")


def half(message, context):
    yield message
    context.abort(grpc.StatusCode.DATA_LOSS, "the rest is gone")


def slow(message, context):
    time.sleep(min(context.time_remaining() or 0, 5))
    time.sleep(0.3)
    return message


def long(_, __):
    return field(9, b"x" * 100000)


def tell(messages, context):
    """Fails with what it was told: metadata, deadline, messages."""
    metadata = dict(context.invocation_metadata())
    known = [f"{k}={metadata[k]}" for k in ("x-key", "user-agent", "grpc-encoding") if k in metadata]
    left = context.time_remaining()
    if left is not None and left < 3600:
        known.append(f"deadline={left:.0f}")
    got = list(messages)
    context.abort(grpc.StatusCode.INVALID_ARGUMENT,
                  " ".join(known + [str(len(got)), got[-1].hex() if got else "-"]))


def reflect(files):
    names = {next(data for number, data in fields(f) if number == 1): f for f in files}

    def info(requests, _):
        for request in requests:
            asked = dict(fields(request))
            if 4 in asked:
                found = names.get(b"calls.proto") if asked[4] == b"calls.Calls" else None
            else:
                found = names.get(asked.get(3))
            yield (field(4, field(1, found)) if found else
                   field(7, b"\x08\x05" + field(2, b"no such thing here")))
    return info


def main():
    kinds = {"Unary": (grpc.unary_unary_rpc_method_handler, unary),
             "Down": (grpc.unary_stream_rpc_method_handler, down),
             "Up": (grpc.stream_unary_rpc_method_handler, up),
             "Both": (grpc.stream_stream_rpc_method_handler, both),
             "Fail": (grpc.unary_unary_rpc_method_handler, fail),
             "Half": (grpc.unary_stream_rpc_method_handler, half),
             "Slow": (grpc.unary_unary_rpc_method_handler, slow),
             "Long": (grpc.unary_unary_rpc_method_handler, long),
             "Tell": (grpc.stream_unary_rpc_method_handler, tell)}
    services = {"calls.Calls": {name: handler(f) for name, (handler, f) in kinds.items()}}
    if sys.argv[2] != "none":
        with open(sys.argv[1], "rb") as file:
            files = [data for _, data in fields(file.read())]
        services[f"grpc.reflection.{sys.argv[2]}.ServerReflection"] = {
            "ServerReflectionInfo": grpc.stream_stream_rpc_method_handler(reflect(files))}
    server = grpc.server(futures.ThreadPoolExecutor(16))
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(name, methods) for name, methods in services.items()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


main()
