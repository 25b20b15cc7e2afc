"""What a body says it is, and what answers must say: over HTTP/1.1 and HTTP/2, in whole and in
part, with flags and from a scenario."""

import os
import re
import socket
import tempfile

import brink
import certs
import servers
import tap
import tls_servers

BODY = '{"a": {"b": 1, "s": "one"}, "list": [true, null]}'
GOOD = ("--expect-json", "$.a.b=1", "--expect-json", "$.a.s!=two", "--expect-json", "$.list[1]",
        "--expect-body-contains", '"s": "one"', "--expect-header", "x-kind: test")
LONG = 80_000  # more than what is kept of an answer


class Speaker:
    """Answers by path over HTTP/1.1, and keeps the heads of the requests. Every answer to requests
    that came together goes out in one piece, or in many."""

    def __init__(self, pieces=0):
        self.heads = []
        self.pieces = pieces

    def __call__(self, sock, server):
        pending, numbers = b"", {}
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            more = sock.recv(65536)
            if not more:
                return
            pending += more
            out = b""
            while b"\r\n\r\n" in pending:
                head, _, rest = pending.partition(b"\r\n\r\n")
                length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
                length = int(length[1]) if length else 0
                if len(rest) < length:
                    break
                pending = rest[length:]
                self.heads.append(head.decode())
                method, path = head.decode().split()[:2]
                numbers[path] = numbers.get(path, 0) + 1
                out += answer(method, path, numbers[path])
            size = self.pieces or len(out)
            for at in range(0, len(out), max(size, 1)):
                sock.sendall(out[at:at + size])


def answer(method, path, number):
    head = "HTTP/1.1 200 OK\r\nX-Kind: test\r\n"
    body = BODY
    if path == "/early":
        head = "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" + head
    if path == "/turns":  # every second one says something else
        body = BODY.replace("1", str(number % 2))
    if path == "/long":
        body = '{"pad": "' + "x" * LONG + '", "end": 1}'
    if path == "/chunked":
        half = len(body) // 2
        parts = "".join(f"{len(p):x}\r\n{p}\r\n" for p in (body[:half], body[half:]))
        return f"{head}Transfer-Encoding: chunked\r\n\r\n{parts}0\r\n\r\n".encode()
    head += f"Content-Length: {len(body)}\r\n\r\n"
    return (head + ("" if method == "HEAD" else body)).encode()


def spoken(path, *flags, pieces=0, code=None, connections=4):
    with servers.Raw(Speaker(pieces)) as server:
        return brink.load(server.url + path, "-c", str(connections), "-n", "400", *flags,
                          code=code)


def by(summary):
    """The checks of a summary: (failed, checked) by expression."""
    return {c["expression"]: (c["failed"], c["checked"]) for c in summary["checks"]}


# --- what a body says it is ------------------------------------------------------------------

TYPES = {"x.json": "application/json", "x.xml": "application/xml", "x.txt": "text/plain",
         "x.html": "text/html", "x.pb": "application/x-protobuf", "x.csv": "text/csv",
         "x.bin": "application/octet-stream", "x.yaml": "application/yaml",
         "x.form": "application/x-www-form-urlencoded", "X.JSON": "application/json",
         "a.json/x": None, "plain": None, "x.strange": None, ".json": "application/json"}


def types_of(speaker):
    return {line.partition(": ")[2] for head in speaker.heads for line in head.split("\r\n")
            if line.lower().startswith("content-type:")}


def sent_with(*flags):
    speaker = Speaker()
    with servers.Raw(speaker) as server:
        brink.load(server.url + "/", "-n", "3", "-c", "1", *flags, code=0)
    tap.equal(len(speaker.heads), 3, "requests")
    return types_of(speaker)


@tap.test
def a_file_has_the_content_type_of_its_name():
    with tempfile.TemporaryDirectory(prefix="brink-checks-") as folder:
        os.mkdir(os.path.join(folder, "a.json"))
        for name, kind in TYPES.items():
            path = os.path.join(folder, name)
            with open(path, "w", encoding="ascii") as file:
                file.write("{}")
            tap.equal(sent_with("--data-file", path), {kind} if kind else set(), f"of {name}")


@tap.test
def a_header_of_the_users_goes_before_it():
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(b"{}")
        file.flush()
        tap.equal(sent_with("--data-file", file.name, "-H", "content-type: a/b"), {"a/b"}, "given")
        tap.equal(sent_with("--data", "{}"), set(), "of a text")


# --- HTTP/1.1 --------------------------------------------------------------------------------

@tap.test
def answers_that_say_what_they_must_are_ok():
    for path in ("/", "/chunked", "/early"):
        for pieces in (0, 7):
            summary = spoken(path, *GOOD, pieces=pieces, code=0)
            tap.equal(brink.outcomes(summary), {"ok": 400}, f"outcomes of {path}")
            tap.equal(set(by(summary).values()), {(0, 400)}, f"checks of {path}")


@tap.test
def an_answer_that_fails_one_is_told_by_that_one():
    for flag, text, label in (("json", "$.a.b=2", "json $.a.b=2"),
                              ("body-contains", "two", 'body contains "two"'),
                              ("header", "X-Kind: tests", "header X-Kind: tests"),
                              ("header", "X-Early", "header X-Early")):
        summary = spoken("/early", *GOOD, f"--expect-{flag}", text, code=3)
        tap.equal(brink.outcomes(summary), {"check_failed": 400}, f"outcomes of {text}")
        failed = {name: count for name, count in by(summary).items() if count[0]}
        tap.equal(failed, {label: (400, 400)}, f"the check of {text}")
        tap.equal(summary["status"], {"200": 400}, "statuses")


@tap.test
def an_answer_to_head_has_a_head_alone():
    summary = spoken("/", "-X", "HEAD", "--expect-header", "X-Kind: test", code=0)
    tap.equal(brink.outcomes(summary), {"ok": 400}, "outcomes")
    summary = spoken("/", "-X", "HEAD", "--expect-body-contains", "a", code=3)
    tap.equal(brink.outcomes(summary), {"check_failed": 400}, "outcomes with a body asked")


@tap.test
def pipelined_answers_are_told_apart():
    for pieces in (0, 13, 100):
        summary = spoken("/turns", "--pipeline", "8", "--expect-json", "$.a.b=1", pieces=pieces,
                         connections=1)
        tap.equal(brink.outcomes(summary), {"ok": 200, "check_failed": 200}, "outcomes")
        tap.equal(by(summary), {"json $.a.b=1": (200, 400)}, "checks")


@tap.test
def an_answer_without_a_length_is_checked_at_its_end():
    def until_closed(sock, _):
        if servers.read_request(sock):
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + BODY.encode())
    with servers.Raw(until_closed) as server:
        summary = brink.load(server.url + "/", "-n", "50", "--expect-json", "$.a.b=1", code=0)
    tap.equal(by(summary), {"json $.a.b=1": (0, 50)}, "checks")


@tap.test
def a_long_answer_is_judged_only_where_its_beginning_decides():
    summary = spoken("/long", "--expect-header", "X-Kind", "--expect-body-contains", "pad",
                     "--expect-json", "$.end=1", code=0)
    tap.equal(brink.outcomes(summary), {"ok": 400}, "outcomes")
    tap.equal(by(summary), {"header X-Kind": (0, 400), 'body contains "pad"': (0, 400),
                            "json $.end=1": (0, 0)}, "checks")
    tap.contains(" ".join(summary["notes"]), "400 of 400 answers could not be checked", "notes")
    summary = spoken("/long", "--expect-header", "Nowhere", code=3)
    tap.equal(brink.outcomes(summary), {"check_failed": 400}, "outcomes by a header")


@tap.test
def a_share_of_the_answers_is_looked_at():
    with servers.Target("--body", "100") as target:
        for share, least, most in (("1%", 185, 215), ("25%", 4980, 5020), ("100%", 20000, 20000)):
            summary = brink.load(target.url + "/", "-n", "20k", "-c", "16", "-t", "2", "--check",
                                 share, "--expect-body-contains", "y")
            failed, checked = by(summary)['body contains "y"']
            tap.between(checked, least, most, f"answers looked at with {share}")
            tap.equal(failed, checked, "failed, of those looked at")
            tap.equal(brink.outcomes(summary).get("check_failed"), failed, "outcomes")
            tap.equal(summary["requests"]["ok"], 20000 - failed, "the others")


@tap.test
def the_status_goes_first():
    with servers.Target("--status", "404") as target:
        summary = brink.load(target.url + "/", "-n", "10", "--expect-body-contains", "x", code=3)
        tap.equal(brink.outcomes(summary), {"http_4xx": 10}, "outcomes")
        tap.equal(by(summary), {'body contains "x"': (0, 0)}, "checks")
        summary = brink.load(target.url + "/", "-n", "10", "--expect-status", "404",
                             "--expect-body-contains", "x", code=0)
    tap.equal(by(summary), {'body contains "x"': (0, 10)}, "checks of the status asked for")


@tap.test
def the_report_for_people_tells_them_too():
    with servers.Target() as target:
        result = brink.run(["run", target.url + "/", "-n", "10", "--expect-body-contains", "y",
                            "--expect-header", "Content-Length"])
    tap.contains(result.out, "Checks        10 answers were looked at", "the report")
    tap.check(re.search(r'10 of 10 failed +body contains "y"', result.out), result.out)
    tap.check(re.search(r"0 of 0 failed +header Content-Length", result.out), result.out)


# --- HTTP/2 ----------------------------------------------------------------------------------

authority = certs.Authority()
LOCATION = f"add_header X-Kind test; default_type application/json; return 200 '{BODY}';"


def over_h2(location=LOCATION):
    server = tls_servers.Nginx(authority, authority.make("server"))
    server.location = location
    plain = server.configuration

    def configuration():
        return plain().replace(" ssl;", " ssl http2;", 1)
    server.configuration = configuration
    return server


@tap.test
def answers_over_http2_are_held_to_the_same():
    with over_h2() as server:
        flags = ("--http2", "-m", "10", "-c", "4", "-n", "1000", "--cacert", authority.ca)
        summary = brink.load(server.url + "/", *flags, *GOOD, "--expect-header",
                             "Content-Type: application/json", code=0)
        tap.equal(brink.outcomes(summary), {"ok": 1000}, "outcomes")
        tap.equal(summary["protocol"], "h2", "protocol")
        tap.equal(set(by(summary).values()), {(0, 1000)}, "checks")
        summary = brink.load(server.url + "/", *flags, *GOOD, "--expect-json", "$.a.b=2", code=3)
        tap.equal(brink.outcomes(summary), {"check_failed": 1000}, "outcomes")
        summary = brink.load(server.url + "/", *flags, "--check", "10%", "--expect-json", "$.a.b=2")
        tap.between(brink.outcomes(summary)["check_failed"], 95, 105, "failed of a tenth")


@tap.test
def a_file_has_its_content_type_over_http2_too():
    with over_h2("return 200 '$content_type';") as server, \
            tempfile.NamedTemporaryFile(suffix=".xml") as file:
        file.write(b"<a/>")
        file.flush()
        summary = brink.load(server.url + "/", "--http2", "-n", "50", "--cacert", authority.ca,
                             "--data-file", file.name, "--expect-body-contains",
                             "application/xml", code=0)
    tap.equal(brink.outcomes(summary), {"ok": 50}, "outcomes")


@tap.test
def long_answers_over_http2_are_noted():
    with over_h2("root .;") as server:
        with open(os.path.join(server.folder.name, "long"), "w", encoding="ascii") as file:
            file.write("x" * LONG)
        summary = brink.load(server.url + "/long", "--http2", "-n", "50", "--cacert", authority.ca,
                             "--expect-body-contains", "y", "--expect-header", "Content-Length",
                             code=0)
    tap.equal(by(summary), {'body contains "y"': (0, 0), "header Content-Length": (0, 50)}, "checks")
    tap.contains(" ".join(summary["notes"]), "50 of 50 answers could not be checked", "notes")


# --- a scenario ------------------------------------------------------------------------------

@tap.test
def each_request_of_a_scenario_has_its_own():
    speaker = Speaker()
    with servers.Raw(speaker) as server, tempfile.TemporaryDirectory(prefix="brink-checks-") as d:
        path = os.path.join(d, "s.yaml")
        with open(os.path.join(d, "b.xml"), "w", encoding="ascii") as file:
            file.write("<a/>")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"target: {server.url}\ncheck: 50%\nconnections: 2\nrequests:\n"
                       "  - {path: /good, expect: {json: [$.a.b=1, $.a.s=one], header: X-Kind}}\n"
                       "  - {path: /bad, expect: {status: 200, json: $.a.b=2}}\n"
                       "  - {path: /chunked, capture: {b: $.a.s}, expect: {json: $.a.b=1}}\n"
                       "  - {method: POST, path: '/of/${b}', body_file: b.xml}\n")
        summary = brink.load(path, "-n", "2000", "--expect-body-contains", "list")
    counts = by(summary)
    bad = len([h for h in speaker.heads if h.startswith("GET /bad ")])
    failed, checked = counts["json $.a.b=2"]
    tap.equal(failed, checked, "failed of what always fails")
    tap.between(checked, bad * 0.35, bad * 0.65, f"looked at, of {bad}")
    tap.equal(brink.outcomes(summary), {"ok": 2000 - failed, "check_failed": failed}, "outcomes")
    tap.equal(counts["json $.a.b=1"][0] + counts["json $.a.s=one"][0], 0, "failed of good ones")
    tap.check(counts['body contains "list"'][1] > counts["json $.a.b=1"][1], f"of all: {counts}")
    tap.equal(types_of(speaker), {"application/xml"}, "content types")
    tap.check(any("/of/one " in head for head in speaker.heads), "captured besides")


# --- what is refused -------------------------------------------------------------------------

@tap.test
def what_is_no_check_is_refused_with_a_way_out():
    for flags, words in ((("--expect-json", "a.b=1"), ("--expect-json", "a.b=1", "$.")),
                         (("--expect-json", "$.a>1"), ("=", "!=")),
                         (("--expect-header", "X-Kind:"), ("X-Kind:", "value")),
                         (("--expect-body-contains", ""), ("--expect-body-contains", "empty")),
                         (("--check", "5%"), ("--check", "--expect-json")),
                         (("--check", "half", "--expect-header", "A"), ("half", "percentage")),
                         (("--check", "0%", "--expect-header", "A"), ("0%", "bounds")),
                         (("--handshakes-only", "--expect-header", "A"), ("--handshakes-only",))):
        result = brink.run(["run", "https://127.0.0.1:1/", *flags])
        tap.equal(result.code, 2, f"exit code of {flags}: {result}")
        for word in words:
            tap.contains(result.err, word, f"the error of {flags}")


tap.main()
