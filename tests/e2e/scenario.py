"""brink run SCENARIO: a load described in a file, and what is said of one that is wrong."""

import json
import os
import re
import signal
import tempfile

import brink
import servers
import tap

USERS = 'id,name,spare\n1,Ann,x\n2,"Bob, B",y\n3,Cid,z\n'
WHOLE = """
version: 1
target: {url}
protocol: h1
data: {{users: {{file: users.csv, order: shuffle}}}}
executor: ramping-arrival-rate
connections: 64
threads: 1
timeout: 5s
connect_timeout: 2s
warmup: 0s
seed: 7
poisson: false
keepalive: true
shed_ok: false
check: 50%
start: 100
stages:
  - {{duration: 500ms, target: 400}}
  - {{duration: 500ms, target: 400}}
  - {{duration: 500ms, target: 800}}
  - {{duration: 500ms, target: 0, watch: 1s}}
requests:
  - {{method: GET, path: "/v1/r?id=${{users.id}}&s=${{seq}}&u=${{uuid}}&r=${{rand 1 100}}&n=${{now}}",
      headers: {{X-Name: "n ${{users.name}}"}}, think: 1ms,
      expect: {{status: 200, body_contains: x, header: [content-length, 'Content-Length: 2']}}}}
  - {{method: POST, path: /v1/orders, body_file: order.json, weight: 2, idempotent: true,
      capture: {{answers: $.answers}}}}
  - {{path: "/stats", capture: {{seen: $.requests}}, expect: {{json: $.requests}}}}
  - {{path: "/seen/${{seen}}"}}
retries: {{max: 2, budget: 10%, idempotency_key: true}}
thresholds:
  http_req_failed: ['rate<0.05']
  http_req_duration: [{{threshold: 'p(99)<500', abortOnFail: true, delayAbortEval: 1s}}]
find: {{variable: rate, from: 1000, to: 2k, factor: 2, hold: 1s, confirm: 2, resolution: 5%,
       break_errors: 5%, break_throughput: 95%, queue_ratio: 4, recover: 5s, watch: 1s}}
agents: [local]
guards: {{allow_targets: [127.0.0.0/8], max_rate: 50k, max_connections: 1000,
         stop_if: ["errors>50% for 10s"], read_only_if: ["p(99)>2s for 5s"]}}
"""


class Folder:
    """Files of a scenario, for as long as a `with` block lasts."""

    def __init__(self, **files):
        self.files = files

    def __enter__(self):
        self.kept = tempfile.TemporaryDirectory(prefix="brink-scenario-")
        for name, text in self.files.items():
            self.write(name.replace("_", "."), text)
        return self

    def __exit__(self, *_):
        self.kept.cleanup()

    def path(self, name):
        return os.path.join(self.kept.name, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)


def load(path, *flags, command="run", timeout=60):
    args = [command, path, *flags, "--format", "json", "--accept-saturated"]
    result = brink.run(args, timeout=timeout)
    return brink.summary_of(result), result


@tap.test
def a_scenario_with_every_key_runs():
    with servers.Target() as target, Folder(users_csv=USERS, order_json='{"n":"${users.name}"}') as f:
        f.write("s.yaml", WHOLE.format(url=target.url))
        summary, result = load(f.path("s.yaml"))
        stats = target.stats()
    tap.equal(result.code, 0, f"exit code of {result}")
    names = [stage["name"] for stage in summary["stages"]]
    tap.equal(names, ["ramp", "plateau", "breaking", "recovery", "watch"], "stages")
    tap.equal(summary["aftermath"], None, "aftermath")
    tap.equal([t["ok"] for t in summary["thresholds"]], [True, True], "thresholds")
    tap.check(any("spare" in note for note in summary["notes"]), f"notes: {summary['notes']}")
    tap.check(summary["requests"]["ok"] > 700, f"requests: {summary['requests']}")
    tap.check(stats["requests"] > 500, f"what the target saw: {stats}")


@tap.test
def the_stages_carry_what_was_asked():
    text = """
target: {url}
stages: [{{duration: 1s, target: 1000}}, {{duration: 1s, target: 1000}}, {{duration: 1s, target: 0}}]
"""
    with servers.Target() as target, Folder() as f:
        f.write("s.yaml", text.format(url=target.url))
        summary, _ = load(f.path("s.yaml"))
    counts = [stage["intended"] for stage in summary["stages"]]
    for count, due in zip(counts, (500, 1000, 500)):
        tap.between(count, due * 0.8, due * 1.2, f"requests of a stage, of {counts}")
    tap.between(summary["requests"]["intended"], 1995, 2005, "requests in all")


@tap.test
def stages_come_from_the_command_line_too():
    with servers.Target() as target:
        flags = ("--stage", "1m:1000", "--stage", "1m:0", "--time-scale", "0.01")
        summary, _ = load(target.url + "/", *flags)
        tap.between(summary["requests"]["intended"], 595, 605, "requests")
        flags = ("--executor", "ramping-connections", "--stage", "500ms:40", "--stage", "500ms:40")
        summary, _ = load(target.url + "/", *flags)
    tap.equal(summary["model"], "closed", "model")
    tap.equal(summary["connections"]["open_max"], 40, "connections at most")


@tap.test
def a_flag_goes_before_the_scenario():
    with servers.Target() as target, Folder() as f:
        f.write("s.yaml", f"target: {target.url}\nrate: 100\nduration: 30s\n"
                          "executor: constant-arrival-rate\n")
        summary, _ = load(f.path("s.yaml"), "-d", "1s", "-R", "500")
    tap.between(summary["requests"]["intended"], 499, 501, "requests")


@tap.test
def rows_that_are_unique_are_used_once():
    rows = "id\n" + "".join(f"{i}\n" for i in range(200))
    with servers.Raw(collect) as server, Folder(ids_csv=rows) as f:
        f.write("s.yaml", f"target: http://127.0.0.1:{server.port}\n"
                          "data: {ids: {file: ids.csv, order: unique}}\nconnections: 4\n"
                          "duration: 20s\nrequests: [{path: '/${ids.id}'}]\n")
        SEEN.clear()
        summary, result = load(f.path("s.yaml"), timeout=15)
    tap.equal(sorted(int(path[1:]) for path in SEEN), list(range(200)), "rows that were used")
    tap.equal(summary["requests"]["ok"], 200, f"answers of {result}")
    tap.check(any("used once" in note for note in summary["notes"]), f"{summary['notes']}")


SEEN = []


def collect(sock, server):
    """Answers every request, and keeps its path."""
    while True:
        request = servers.read_request(sock)
        if not request:
            return
        SEEN.append(request.split()[1].decode())
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


@tap.test
def a_captured_value_is_told_in_later_requests():
    def answer(sock, server):
        while True:
            request = servers.read_request(sock)
            if not request:
                return
            SEEN.append(request.split()[1].decode())
            body = b'{"order": {"ids": [{"id": "A-77"}]}}'
            head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            sock.sendall(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
    with servers.Raw(answer) as server, Folder() as f:
        f.write("s.yaml", f"target: http://127.0.0.1:{server.port}\nconnections: 1\n"
                          "requests:\n  - {path: /make, capture: {order: '$.order.ids[0].id'}}\n"
                          "  - {path: '/of/${order}'}\n")
        SEEN.clear()
        load(f.path("s.yaml"), "-n", "50")
    tap.equal(SEEN[0], "/make", "the first request")
    tap.equal(set(SEEN), {"/make", "/of/A-77"}, "paths")


@tap.test
def retries_keep_to_their_budget_and_their_key():
    keys = []

    def answer(sock, server):
        while True:
            request = servers.read_request(sock)
            if not request:
                return
            key = re.search(rb"Idempotency-Key: (\S+)", request)[1]
            keys.append(key)
            status = b"200 OK" if keys.count(key) > 1 or len(keys) % 4 else b"500 Oops"
            sock.sendall(b"HTTP/1.1 %s\r\nContent-Length: 2\r\n\r\nok" % status)
    with servers.Raw(answer) as server, Folder() as f:
        f.write("s.yaml", f"target: http://127.0.0.1:{server.port}\nconnections: 2\n"
                          "requests: [{method: POST, path: /, body: x}]\n"
                          "retries: {max: 2, budget: 10%, idempotency_key: true}\n")
        summary, _ = load(f.path("s.yaml"), "-n", "1000", "-t", "1")
    requests = summary["requests"]
    tap.equal(requests["intended"], 1000, "requests")
    tap.between(requests["retries"], 50, 101, "retries: 10 % at most")
    tap.equal(len(keys), 1000 + requests["retries"], "requests that came")
    tap.equal(len(set(keys)), 1000, "keys: one for each request, however often it is made")
    tap.check(any("retries" in note for note in summary["notes"]), f"{summary['notes']}")


@tap.test
def a_threshold_that_fails_may_end_the_load():
    with servers.Target("--status", "500") as target, Folder() as f:
        f.write("s.yaml", f"target: {target.url}\nrate: 500\nexecutor: constant-arrival-rate\n"
                          "duration: 30s\nthresholds: {http_req_failed: [{threshold: 'rate<0.05', "
                          "abortOnFail: true, delayAbortEval: 1s}]}\n"
                          "requests: [{path: /, expect: {status: 500}}, {path: /}]\n")
        summary, result = load(f.path("s.yaml"))
    tap.equal(result.code, 99, f"exit code of {result}")
    tap.between(result.seconds, 1, 5, "seconds until it ended")


@tap.test
def a_guard_ends_the_load_within_a_second():
    with servers.Target("--status", "500") as target:
        flags = ("-R", "500", "-d", "30s", "--stop-if", "errors>50% for 2s", "--expect-status", "200")
        summary, result = load(target.url + "/", *flags)
        tap.equal(result.code, 3, "exit code where nothing ever succeeded")
        tap.between(result.seconds, 2, 4, "seconds until it ended")
    with servers.Target("--fault", "status-503-retry:80%") as target:
        flags = ("-R", "500", "-d", "30s", "--stop-if", "errors>50% for 2s")
        summary, result = load(target.url + "/", *flags)
    tap.equal(result.code, 5, f"exit code of {result}")
    tap.between(summary["elapsed_s"], 2, 3.2, "seconds until it ended")


@tap.test
def only_safe_methods_go_on_while_latency_is_high():
    with servers.Target("--service-time", "300ms") as target, Folder() as f:
        f.write("s.yaml", f"target: {target.url}\nrate: 200\nexecutor: constant-arrival-rate\n"
                          "duration: 4s\nrequests: [{path: /}, {method: POST, path: /, body: x}]\n"
                          "guards: {read_only_if: ['p(99)>100ms for 1s']}\n")
        summary, _ = load(f.path("s.yaml"))
        f.write("s.yaml", f"target: {target.url}\nrate: 200\nexecutor: constant-arrival-rate\n"
                          "duration: 4s\nrequests: [{method: POST, path: /, body: x}]\n"
                          "guards: {read_only_if: ['p(99)>100ms for 1s']}\n")
        posts, _ = load(f.path("s.yaml"))
    tap.check(any("only safe methods" in note for note in summary["notes"]), f"{summary['notes']}")
    tap.equal(summary["requests"]["held_back"], 0, "held back where a safe one can go instead")
    # without any answers the condition no longer holds: then it is tried again
    tap.between(posts["requests"]["held_back"], 100, 560, "held back where there is none")


@tap.test
def a_search_takes_a_scenario():
    with servers.Target("--servers", "1", "--service-time", "1ms", "--queue", "30") as target, \
            Folder() as f:
        f.write("s.json", json.dumps({
            "target": target.url, "requests": [{"path": "/a?${seq}"}, {"path": "/b"}],
            "find": {"from": 200, "hold": "1s", "watch": "0s", "confirm": 1}}))
        summary, _ = load(f.path("s.json"), command="find", timeout=100)
    tap.between(summary["find"]["breaking_point"]["value"], 930, 1070, "breaks at")


@tap.test
def a_dry_run_of_a_scenario_sends_nothing():
    with servers.Target() as target, Folder(users_csv=USERS, order_json="x") as f:
        f.write("s.yaml", WHOLE.format(url=target.url))
        result = brink.run(["run", f.path("s.yaml"), "--dry-run"])
        tap.equal(target.stats()["requests"], 0, "requests")
    tap.equal(result.code, 0, f"{result}")


K6 = """import http from ‘k6/http’;
import { check, sleep } from 'k6';
export const options = {
  stages: [
    { duration: '2m', target: 1000 },
    { duration: ‘5m’, target: 5000 },
    { duration: "2m", target: 10000 },
    { duration: '2m', target: 0 },
  ],
};
export default function () {
  const res = http.get(`URL/v1/resource`);
  check(res, { 'status is 200': (r) => r.status === 200 });
  sleep(0.1);
}
"""


@tap.test
def a_script_of_k6_becomes_a_scenario_that_runs():
    with servers.Target("--max-connections", "20k") as target, Folder() as f:
        f.write("k6.js", K6.replace("URL", target.url))
        result = brink.run(["import", "k6", f.path("k6.js")])
        tap.equal(result.code, 0, f"{result}")
        f.write("s.yaml", result.out)
        args = ["run", f.path("s.yaml"), "--time-scale", "0.01", "--format", "json",
                "--accept-saturated"]
        summary = brink.summary_of(brink.run(args, timeout=60))
    tap.equal([s["target"] for s in summary["stages"]], [1000, 5000, 10000, 0], "stages")
    tap.between(summary["connections"]["open_max"], 9900, 10000, "connections at most")
    tap.equal(set(brink.outcomes(summary)), {"ok"}, "outcomes")


BROKEN_K6 = [
    ("import ws from 'k6/ws';", 1, "k6/http"),
    ("import http from 'k6/http';\nlet x = Math.random();", 2, "Math"),
    ("export const options = { scenarios: {} };", 1, "scenarios"),
    ("export const options = {\n stages: [{ duration: '2 moons', target: 5 }] };", 2, "2 moons"),
    ("export const options = { vus: 'ten' };", 1, "number"),
    ("export default function () {\n  http.get('http://127.0.0.1/');\n  for (;;) {}\n}", 3, "for"),
    ("export default function () {\n  http.batch([]);\n}", 2, "batch"),
    ("export default function () {\n  http.get(url);\n}", 2, "url"),
    ("export default function () {\n  check(res, {});\n}", 2, "res"),
    ("export default function () {\n  sleep(1);\n}", 2, "sleep"),
    ("export default function () { }", 1, "no request"),
    ("export default function () {\n  http.get('http://127.0.0.1/\n", 2, "string"),
    ("export const options = { thresholds: { http_req_duration: ['p99<5'] } };", 1, "p99"),
]


@tap.test
def what_k6_can_do_and_a_scenario_cannot_is_refused_by_line():
    with Folder() as f:
        for text, line, word in BROKEN_K6:
            f.write("k6.js", text)
            result = brink.run(["import", "k6", f.path("k6.js")])
            tap.equal(result.code, 2, f"exit code of {result}")
            tap.contains(result.err, f"k6.js:{line}:", f"the error of {text!r}")
            tap.contains(result.err, word, f"the error of {text!r}")
            tap.equal(result.out, "", "output")


T = "target: http://127.0.0.1:1\n"
R = T + "requests:\n"
# What is wrong, where (line:column), and words that the error says.
BROKEN = [
    ("", "1:1", ["empty", "target"]),
    ("version: 1\n", "1:1", ["target"]),
    ("[1, 2]\n", "1:1", ["mapping"]),
    ("target: [x\n", "2:1", ["not YAML"]),
    (T + "\tversion: 1\n", "2:1", ["not YAML"]),
    (T + "version: 2\n", "2:10", ["2", "1"]),
    (T + "protocl: h1\n", "2:1", ["protocl", "protocol"]),
    (T + "protocol: h7\n", "2:11", ["h7", "h1", "h2", "grpc", "ws"]),
    (T + "protocol: grpc\n", "2:11", ["grpc", "brink run URL --grpc"]),
    (T + "target: x\n", "2:1", ["target", "twice"]),
    (T + "executor: constant\n", "2:11", ["constant-arrival-rate", "ramping-connections"]),
    (T + "executor: ramping-arrival-rate\n", "1:1", ["stages"]),
    (T + "executor: constant-arrival-rate\n", "1:1", ["rate"]),
    (T + "executor: constant-connections\nstages: [{duration: 1s, target: 1}]\n", "3:9",
     ["ramping"]),
    (T + "stages: {duration: 1s}\n", "2:9", ["list"]),
    (T + "stages: [{duration: 2 moons, target: 1}]\n", "2:21", ["2 moons", "10s"]),
    (T + "stages: [{duration: 1s}]\n", "2:10", ["target"]),
    (T + "stages: [{duration: 1s, target: -4}]\n", "2:33", ["-4", "number"]),
    (T + "stages: [{duraton: 1s, target: 1}]\n", "2:11", ["duraton", "duration"]),
    (T + "stages: [{duration: 1s, target: 1, watch: 1s}, {duration: 1s, target: 1}]\n", "2:9",
     ["watch", "last"]),
    (T + "rate: fast\n", "2:7", ["fast", "number"]),
    (T + "connections: 0\n", "2:14", ["0", "from 1"]),
    (T + "connections: 1.5\n", "2:14", ["1.5", "whole number"]),
    (T + "duration: 10q\n", "2:11", ["10q", "duration"]),
    (T + "poisson: maybe\n", "2:10", ["maybe", "true or false"]),
    (T + "tls: {cacert: nowhere.pem}\n", "2:15", ["nowhere.pem", "readable file"]),
    (T + "tls: {ktls: perhaps}\n", "2:13", ["perhaps", "auto, on, off"]),
    (T + "tls: {max: 1.1}\n", "2:12", ["1.1", "1.2", "1.3"]),
    (T + "data: {u: {file: nowhere.csv}}\n", "2:18", ["nowhere.csv", "readable file"]),
    (T + "data: {u: {file: users.csv, order: random}}\n", "2:36", ["random", "shuffle"]),
    (T + "data: {u: {order: shuffle}}\n", "2:11", ["u", "file"]),
    (T + "data: {u: {file: ragged.csv}}\n", "2:11", ["ragged.csv", "line 3"]),
    (R + "  - {path: nowhere}\n", "3:5", ["nowhere", "/"]),
    (R + "  - {path: '/${users.id}'}\n", "3:5", ["users.id", "captured"]),
    (R + "  - {path: '/${uuid'}\n", "3:5", ["${uuid", "}"]),
    (R + "  - {path: '/${rand 5 1}'}\n", "3:5", ["rand 5 1", "rand LOW HIGH"]),
    (R + "  - {path: '/a b'}\n", "3:5", ["/a b"]),
    (R + "  - {weight: 0}\n", "3:14", ["0", "from 1"]),
    (R + "  - {body: x, body_file: users.csv}\n", "3:5", ["body_file", "not both"]),
    (R + "  - {capture: {a: id}}\n", "3:19", ["id", "$.id"]),
    (R + "  - {expect: {status: 99}}\n", "3:23", ["99", "from 100"]),
    (R + "  - {expect: {json: a.b=1}}\n", "3:21", ["a.b=1", "$.id"]),
    (R + "  - {expect: {json: [$.a=1, '$.b>1']}}\n", "3:29", ["$.b>1", "!="]),
    (R + "  - {expect: {header: 'ETag:'}}\n", "3:23", ["ETag:", "value"]),
    (R + "  - {expect: {body_contains: ''}}\n", "3:30", ["empty"]),
    (R + "  - {expect: {body_contain: x}}\n", "3:15", ["did you mean body_contains"]),
    (T + "check: 5\n", "2:8", ["5", "percentage"]),
    (T + "check: 101%\n", "2:8", ["101%", "at most 100%"]),
    (R + "  - {headers: {'X Y': z}}\n", "3:5", ["X Y"]),
    (T + "data: {u: {file: users.csv}}\nrequests: [{path: '/${u.name}'}]\n", "3:12",
     ["users.csv", "row 3", "name", "path"]),
    (T + "retries: {max: many}\n", "2:16", ["many", "whole number"]),
    (T + "retries: {budget: 5}\n", "2:19", ["5", "percentage"]),
    (T + "thresholds: {http_req_duration: ['p(99)~500']}\n", "2:34", ["p(99)~500"]),
    (T + "thresholds: {http_req_failed: 'rate<1'}\n", "2:31", ["list"]),
    (T + "thresholds: {latency: ['p(99)<5']}\n", "2:24", ["latency"]),
    (T + "find: {variable: size}\n", "2:18", ["size", "rate, connections"]),
    (T + "guards: {stop_if: ['errors>50% for ever']}\n", "2:20", ["ever", "duration"]),
    (T + "guards: {allow_targets: [10.0.0.0/99]}\n", "2:26", ["10.0.0.0/99"]),
    (T + "agents: ['ftp://127.0.0.1:9464']\n", "2:10", ["ftp", "http"]),
    (T + "agents: [http://127.0.0.1:9464/metrics]\n", "2:10", ["path", "port"]),
]


@tap.test
def a_broken_scenario_is_told_of_in_one_line():
    tap.check(len(BROKEN) >= 40, "forty at least")
    with Folder(users_csv=USERS, ragged_csv="a,b\n1,2\n3\n") as f:
        for text, where, words in BROKEN:
            f.write("s.yaml", text)
            result = brink.run(["run", f.path("s.yaml")])
            tap.equal(result.code, 2, f"exit code for {text!r}: {result}")
            lines = result.err.splitlines()
            tap.equal(len(lines), 1, f"lines of the error for {text!r}: {result.err}")
            tap.contains(lines[0], f"s.yaml:{where}: ", f"the error for {text!r}")
            for word in words:
                tap.contains(lines[0], word, f"the error for {text!r}")


@tap.test
def a_scenario_that_is_not_there_is_named():
    result = brink.run(["run", "nowhere/s.yaml"])
    tap.equal(result.code, 2, f"{result}")
    tap.contains(result.err, "nowhere/s.yaml", "the error")


@tap.test
def a_signal_in_the_middle_of_stages_reports_those_that_were():
    with servers.Target() as target:
        args = ["run", target.url + "/", "--stage", "500ms:100", "--stage", "20s:100",
                "--format", "json", "-v"]
        with brink.start(args) as process:
            tap.await_true(lambda: target.stats()["requests"] > 60, 10, "the second stage began")
            process.signal(signal.SIGTERM)
            summary = brink.summary_of(process.finish(timeout=10))
    tap.equal(len(summary["stages"]), 2, f"stages: {summary['stages']}")


tap.main()
