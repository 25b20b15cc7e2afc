"""The agent as a program: what it may do, what it refuses, what it keeps for a reader that was cut
off, what Prometheus makes of it, what it costs."""

import glob
import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

import agents
import brink
import certs
import cgroup
import netns
import servers
import tap

SCRAPED_S = 30


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


@tap.test
def after_its_start_it_has_no_capability_and_an_ordinary_uid():
    tap.need_root("load programs")
    with agents.Agent(None) as agent:
        agent.sample()  # it works so, BPF and all
        for task in glob.glob(f"/proc/{agent.pid}/task/*"):
            status = status_of(f"{agent.pid}/task/{os.path.basename(task)}")
            tap.check("0" not in status["Uid"].split(), f"uid: {status['Uid']}")
            tap.check("0" not in status["Gid"].split(), f"gid: {status['Gid']}")
            tap.equal(status["Groups"].split(), [], "further groups")
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                tap.equal(int(status[name], 16), 0, name)
            tap.equal(status["NoNewPrivs"], "1", "NoNewPrivs")
        programs = agent.hello["programs"]
        tap.check("loaded" in programs.values(), f"programs: {programs}")


@tap.test
def capabilities_of_an_ordinary_user_are_given_up_too():
    tap.need_root("give them")
    caps = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
            "--inh-caps=-all,+bpf,+perfmon,+net_admin", "--ambient-caps=+bpf,+perfmon,+net_admin"]
    with agents.Agent(None, prefix=caps) as agent:
        status = status_of(agent.pid)
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            tap.equal(int(status[name], 16), 0, name)
        tap.equal((status["Uid"].split()[0], status["NoNewPrivs"]), ("65534", "1"), "uid, nnp")
        tap.check("loaded" in agent.hello["programs"].values(), "it had loaded programs with them")


BUSY = "import os\nos.write(1, b'.')\nwhile True: pass"


@tap.test
def a_units_processes_are_watched_and_its_quota_is_seen_to_hold_them_back():
    with cgroup.Unit(percent=20) as unit:
        child = subprocess.Popen(unit.prefix + [sys.executable, "-c", BUSY],
                                 stdout=subprocess.PIPE)
        try:
            child.stdout.read(1)
            with agents.Agent(None, "--no-bpf", "--unit", unit.name) as agent:
                name = open(f"/proc/{child.pid}/comm", encoding="ascii").read().strip()
                key = f'process_cpu_seconds_total{{process="{name}"}}'
                before = agent.sample()
                after = agent.sample()
                used_s = after[key] - before[key]
                held_s = (after["cgroup_cpu_throttled_seconds_total"]
                          - before["cgroup_cpu_throttled_seconds_total"])
                tap.check(used_s > 0, f"CPU time of {name}: {used_s}")
                tap.check(held_s > used_s, f"held back {held_s} s, and ran {used_s} s")
                tap.check(after[f'process_open_files{{process="{name}"}}'] >= 3, "descriptors")
        finally:
            child.kill()
            child.wait()


@tap.test
def every_value_has_its_source_and_every_gap_its_reason():
    with agents.Agent(None, "--no-bpf") as agent:
        values = agent.sample()
        hello = agent.lines(since=0)[0]
        for name, reason in hello["gaps"].items():
            tap.check(reason, f"the reason of {name}")
            tap.check(name not in hello["sources"], f"{name} is n/a or has a source")
        text = agent.get("/metrics")
        told = set(re.findall(r'source_info{group="(\w+)"', text))
        tap.equal(told - set(hello["sources"]) - set(hello["gaps"]), set(), "told of, with nothing")
        tap.equal(set(hello["sources"]) | set(hello["gaps"]), told, "all are told of")
        sometimes = "disk_await_seconds"  # of the requests since the last look, if there were any
        for name, reason in hello["gaps"].items():
            if name == sometimes:
                continue
            tap.contains(text, f"# brink_target_{name} n/a ({reason})\n", "the reason in /metrics")
            tap.check(f"\nbrink_target_{name}" not in text, f"{name} has a value and is n/a")
        for name in hello["limits"]:
            tap.check(name in hello["sources"], f"{name} is told in part, so it has a source")
        for key in values:
            if not key.startswith(sometimes):
                tap.check(key.split("{")[0] in hello["sources"], f"the source of {key}")


@tap.test
def what_listens_beyond_loopback_wants_certificates_of_both_ends():
    refused = brink.run(["agent", "--listen", "0.0.0.0:0"])
    tap.equal(refused.code, 2, "exit code")
    tap.contains(refused.err, "--client-ca", "the way out")
    authority = certs.Authority()
    cert, key = authority.make("server")
    with agents.Agent(None, "--no-bpf", "--tls-cert", cert, "--tls-key", key, "--client-ca",
                      authority.ca, listen="0.0.0.0:0") as agent:
        trusted = ssl.create_default_context(cafile=authority.ca)
        url = f"https://127.0.0.1:{agent.port}/v1/clock"
        try:
            urllib.request.urlopen(url, context=trusted, timeout=5)
            raise tap.Failure("it answered without a certificate")
        except (urllib.error.HTTPError, ssl.SSLError, ConnectionError):
            pass
        trusted.load_cert_chain(*authority.make("client"))
        with urllib.request.urlopen(url, context=trusted, timeout=5) as answer:
            tap.check(json.load(answer)["received_ns"] > 0, "a clock")
        stranger = ssl.create_default_context(cafile=authority.ca)
        stranger.load_cert_chain(*certs.Authority().make("client"))
        try:
            urllib.request.urlopen(url, context=stranger, timeout=5)
            raise tap.Failure("it answered a stranger")
        except (urllib.error.HTTPError, ssl.SSLError, ConnectionError):
            pass


@tap.test
def wrong_flags_are_named():
    for flags, says in ((["--netns", "nowhere"], "nowhere"), (["--user", "nobody-at-all"], "nobody-at-all"),
                        (["--log-file", "/nowhere/x"], "/nowhere/x"),
                        (["--unit", "nowhere"], "nowhere.service"), (["--pid", "4194304"], "4194304"),
                        (["--cgroup", "/nowhere"], "/nowhere"), (["--user", "root"], "root")):
        if flags[0] == "--user" and os.geteuid() != 0:
            continue
        result = brink.run(["agent", "--listen", "127.0.0.1:0", *flags])
        tap.equal(result.code, 2, f"exit code of {flags}")
        tap.contains(result.err, says, f"the error of {flags}")


@tap.test
def a_query_that_is_no_number_is_refused_and_an_unknown_page_named():
    with agents.Agent(None, "--no-bpf") as agent:
        for path, status in (("/v1/samples?since=-1", 400), ("/v1/samples?lines=x", 400),
                             ("/", 404), ("/v1/samples?since=99999999999999999999", 400)):
            where = agent.connection()
            where.request("GET", path)
            tap.equal(where.getresponse().status, status, f"status of {path}")
            where.close()
        where = agent.connection()
        where.request("POST", "/metrics")
        tap.equal(where.getresponse().status, 405, "status of a POST")
        where.close()


def numbers(lines):
    return [line["seq"] for line in lines]


@tap.test
def a_reader_cut_off_for_five_seconds_has_lost_nothing():
    with agents.Agent(None, "--no-bpf") as agent:
        first = numbers(agent.lines(since=0, count=5)[1])
        cut = time.monotonic()
        agent.kept.close()
        agent.kept = None
        tap.await_true(lambda: time.monotonic() - cut > 5, 10, "cut off")
        hello, rest = agent.lines(since=first[-1], count=60)
        tap.equal(hello["lost"], None, "lost")
        tap.equal(numbers(rest), list(range(first[-1] + 1, first[-1] + 61)), "numbers")
        instants = [line["boundary_ns"] for line in rest]
        steps = {b - a for a, b in zip(instants, instants[1:])}
        tap.check(all(step % 100_000_000 == 0 for step in steps), f"aligned: {steps}")


@tap.test
def a_stream_whose_packets_are_lost_for_five_seconds_goes_on_without_a_gap():
    with netns.Namespace() as space, agents.Agent(space, "--no-bpf", ordinary=True) as agent:
        where = agent.connection()
        where.request("GET", "/v1/samples?since=0")
        answer = where.getresponse()
        answer.readline()
        read = [json.loads(answer.readline())["seq"] for _ in range(10)]
        rule = ["INPUT", "-i", "lo", "-j", "DROP"]
        space.run(tap.need_command("iptables"), "-A", *rule)
        cut = time.monotonic()
        tap.await_true(lambda: time.monotonic() - cut > 5, 10, "cut off")
        space.run(tap.need_command("iptables"), "-D", *rule)
        read += [json.loads(answer.readline())["seq"] for _ in range(80)]
        tap.equal(read, list(range(1, 91)), "numbers")
        where.close()


@tap.test
def a_restarted_agent_is_another_one_and_tells_all_that_it_has():
    listen = f"127.0.0.1:{servers.free_port()}"
    with agents.Agent(None, "--no-bpf", listen=listen) as agent:
        before, lines = agent.lines(since=0, count=3)
        agent.kill(signal.SIGKILL)
    with agents.Agent(None, "--no-bpf", listen=listen) as agent:
        agent.lines(since=0, count=8)  # it has more lines by then than the first was asked for
        asked = f"{lines[-1]['seq']}&agent={before['agent']}"
        after, more = agent.lines(since=asked, count=3)
        tap.check(before["agent"] != after["agent"], "another life")
        tap.equal((after["lost"], numbers(more)), (None, [1, 2, 3]), "from its first line on")
        tap.check(more[0]["boundary_ns"] > lines[-1]["boundary_ns"], "on the same clock: the gap")


@tap.test
def a_signal_ends_it_while_a_reader_waits():
    with agents.Agent(None, "--no-bpf") as agent:
        where = agent.connection()
        where.request("GET", "/v1/samples?since=0")
        answer = where.getresponse()
        answer.readline()
        agent.child.send_signal(signal.SIGTERM)
        tap.equal(agent.child.wait(timeout=5), 0, "exit code")
        where.close()


@tap.test
def the_kernels_log_and_a_file_are_placed_in_time():
    tap.need_root("write to /dev/kmsg")
    with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        with agents.Agent(None, "--no-bpf", "--log-file", log.name, "--log-pattern",
                          "pause=Full GC") as agent:
            os.chmod(log.name, 0o644)
            since = agent.lines(since=0)[0]["next"] - 1
            wrote_ns = time.monotonic_ns()
            log.write("12.3: [Full GC (System.gc()) 500ms]\n")
            log.flush()
            with open("/dev/kmsg", "w", encoding="ascii") as kmsg:
                kmsg.write("<6>TCP: test: Possible SYN flooding on port 1. (a test of brink)\n")
            events = [event for line in agent.lines(since=since, count=6)[1]
                      for event in line.get("events", [])]
            found = {event["pattern"]: event for event in events}
            for name in ("pause", "syn_flooding"):
                tap.check(name in found, f"{name} in {events}")
                tap.between((found[name]["at_ns"] - wrote_ns) / 1e6, 0, 400, f"ms until {name}")
            tap.equal(agent.sample()['log_events_total{pattern="pause"}'], 1, "counted")


JOURNALCTL = """#!/bin/sh
echo "$@" >{folder}/flags
id -u >{folder}/uid
echo "connect() failed: no live upstreams while connecting"
exec sleep 60
"""


@tap.test
def a_units_journal_is_followed_by_an_ordinary_reader():
    with tempfile.TemporaryDirectory(prefix="brink-journal-") as folder:
        os.chmod(folder, 0o777)
        with open(folder + "/journalctl", "w", encoding="ascii") as file:
            file.write(JOURNALCTL.format(folder=folder))
        os.chmod(folder + "/journalctl", 0o755)
        path = ["env", f"PATH={folder}:{os.environ['PATH']}"]
        with agents.Agent(None, "--no-bpf", "--no-kernel-log", "--journal", "nginx.service",
                          prefix=path) as agent:
            tap.await_true(lambda: agent.sample().get(
                'log_events_total{pattern="no_live_upstreams"}') == 1, 10, "the line is counted")
            with open(folder + "/flags", encoding="ascii") as file:
                tap.contains(file.read(), "-u nginx.service", "asked of journalctl")
            with open(folder + "/uid", encoding="ascii") as file:
                tap.check(file.read().strip() != "0", "it is not root's")


def promtool(text):
    done = subprocess.run([tap.need_command("promtool"), "check", "metrics"], input=text,
                          capture_output=True, text=True, check=False)
    tap.equal((done.returncode, done.stdout + done.stderr), (0, ""), "promtool check metrics")


@tap.test
def promtool_has_nothing_to_say_of_its_metrics():
    for flags in ([], ["--bpf", "all"], ["--no-bpf"], ["--pid", str(os.getpid())]):
        with agents.Agent(None, *flags) as agent:
            promtool(agent.get("/metrics"))


@tap.test
def prometheus_scrapes_it_for_half_a_minute():
    prometheus = tap.need_command("prometheus")
    with agents.Agent(None) as agent, tempfile.TemporaryDirectory(prefix="brink-prom-") as folder:
        port = servers.free_port()
        with open(folder + "/p.yml", "w", encoding="ascii") as file:
            file.write("global: {scrape_interval: 1s}\nscrape_configs:\n"
                       "- job_name: brink\n  static_configs:\n"
                       f"  - targets: ['127.0.0.1:{agent.port}']\n")
        child = subprocess.Popen([prometheus, "--config.file", folder + "/p.yml",
                                  "--storage.tsdb.path", folder + "/data",
                                  "--web.listen-address", f"127.0.0.1:{port}"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def ask(query):
            url = f"http://127.0.0.1:{port}/api/v1/query?query={query}"
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    return json.load(answer)["data"]["result"]
            except OSError:
                return []

        def value(query):
            found = ask(query)
            return float(found[0]["value"][1]) if found else 0

        try:
            tap.await_true(lambda: value("count_over_time(up[60s])") >= SCRAPED_S, SCRAPED_S + 30,
                           "scrapes")
            tap.equal(value("min_over_time(up[60s])"), 1, "every scrape")
            tap.equal(value("brink_target_up"), 1, "brink_target_up")
            tap.check(value("count({__name__=~'brink_target_.%2B'})") > 100, "series")
            tap.check(value("increase(brink_target_agent_cpu_seconds_total[20s])") > 0, "its cost")
            tap.check(value("rate(brink_target_tcp_segments_total[20s])") > 0, "segments")
        finally:
            child.terminate()
            child.wait()


@tap.test
def an_agent_enters_the_targets_namespace_and_answers_outside():
    with netns.Namespace() as space, agents.Agent(space) as agent:
        values = agent.sample()
        tap.equal(values['tcp_sockets{state="LISTEN"}'], 0, "listeners there")
        http.client.HTTPConnection("127.0.0.1", agent.port, timeout=5).connect()


tap.main()
