"""What the agent counts, held against the truth: workloads of a known size, prime where it may be,
in two namespaces. Three agents look at once: with programs in the kernel, without, and as an
ordinary user. The table at the end has a row for each figure."""

import concurrent.futures as futures
import contextlib
import os
import select
import socket
import struct
import sys
import threading

import agents
import cgroup
import netns
import packets
import tap

TARGET, CLIENT = "10.77.0.1", "10.77.0.2"
PORT = 8080
TABLE = []


class Scene:
    """A target's namespace and a client's, joined; three agents in the first."""

    def __init__(self, *flags, ordinary=True):
        self.stack = contextlib.ExitStack()
        self.flags = flags
        self.ordinary = ordinary  # whether there is an agent of an ordinary user

    def __enter__(self):
        try:
            return self.build()
        except BaseException:
            self.stack.close()
            raise

    def build(self):
        enter = self.stack.enter_context
        self.target = enter(netns.Namespace())
        self.client = enter(netns.Namespace())
        self.devices = netns.link(self.target, TARGET + "/24", self.client, CLIENT + "/24")
        self.agents = {"bpf": enter(agents.Agent(self.target, "--bpf", "all", *self.flags)),
                       "no-bpf": enter(agents.Agent(self.target, "--no-bpf", *self.flags))}
        if self.ordinary:
            self.agents["user"] = enter(agents.Agent(
                self.target, "--bpf", "all", *self.flags, ordinary=True))
        self.probe_losses(False)
        self.before = {}
        self.before, self.began = self.samples(), self.counters()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def counters(self):
        """The kernel's own of the target's namespace."""
        text = self.target.run("nstat", "-asz")
        return {line.split()[0]: int(line.split()[1]) for line in text.splitlines()
                if not line.startswith("#")}

    def nstat(self, *names):
        """What they have grown by since the agents run."""
        found = self.counters()
        return [found[name] - self.began[name] for name in names]

    def probe_losses(self, on):
        """Off but where it is the matter: on a slow machine the connection over which an agent in
        the namespace is asked would be probed too, between a sample and the truth."""
        self.target.sysctl("net.ipv4.tcp_early_retrans", "3" if on else "0")

    def iptables(self, space, *rule):
        space.run(tap.need_command("iptables"), *rule)

    def listen(self, backlog, port=PORT, space=None):
        with (space or self.target).inside():
            listener = socket.socket()
        self.stack.callback(listener.close)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("0.0.0.0", port))
        listener.listen(backlog)
        return listener

    def begin(self, count, port=PORT, space=None, address=TARGET):
        """So many connects, none of them waited for."""
        begun = []
        with (space or self.client).inside():
            for _ in range(count):
                s = socket.socket()
                s.setblocking(False)
                s.connect_ex((address, port))
                begun.append(s)
                self.stack.callback(s.close)
        return begun

    def samples(self):
        """What each agent says: gauges, and what its counters have grown by since the start."""
        with futures.ThreadPoolExecutor() as pool:
            asked = {name: pool.submit(agent.sample) for name, agent in self.agents.items()}
        said = {name: future.result() for name, future in asked.items()}
        for name, values in said.items():
            for key, value in self.before.get(name, {}).items():
                if "_total" in key and key in values:
                    values[key] -= value
        return said


def source(scene, name, key):
    """Told with the first sample, and anew each second."""
    metric = key.split("{")[0]
    return tap.await_true(lambda: scene.agents[name].hello["sources"].get(metric), 3,
                          f"{name} tells the source of {metric}")


def held(scene, samples, key, truth, where, slack=0, among=("bpf", "no-bpf", "user")):
    """A row for each agent; they must all tell the truth."""
    for name in among:
        counted = samples[name].get(key)
        tap.check(counted is not None, f"{name} has no {key}")
        TABLE.append((key, name, source(scene, name, key), counted, truth, where))
        tap.between(counted, truth - slack, truth + slack, f"{key} of {name}, truth by {where}")


def unknown(scene, samples, key, why, among=("no-bpf", "user")):
    """A row for each agent that cannot tell this: it has no value, and its reason says why."""
    metric = key.split("{")[0]
    for name in among:
        hello = scene.agents[name].hello
        reason = hello["gaps"].get(metric) or hello["limits"].get(metric, "")
        TABLE.append((key, name, "none", "n/a", None, reason))
        tap.check(key not in samples[name], f"{name} tells {key}: {samples[name].get(key)}")
        tap.contains(reason, why, f"the reason of {name} for {key}")


def is_open(s):
    return bool(select.select([], [s], [], 5)[1]) and not s.getsockopt(socket.SOL_SOCKET,
                                                                      socket.SO_ERROR)


def no_resets(scene):
    """The client's kernel knows nothing of raw SYNs, and would reset what they open."""
    scene.iptables(scene.client, "-A", "OUTPUT", "-p", "tcp", "--tcp-flags", "RST", "RST", "-j",
                   "DROP")


@tap.test
def half_open_connections_are_101_and_so_are_their_syn_ack_retransmits():
    with Scene() as scene:
        scene.target.sysctl("net.ipv4.tcp_synack_retries", "2")
        no_resets(scene)
        scene.listen(128)
        packets.send_syns(scene.client, CLIENT, TARGET, PORT, 101)
        samples = scene.samples()
        held(scene, samples, "syn_recv_sockets", 101, "SYNs sent")
        held(scene, samples, f'syn_queue_length{{port="{PORT}"}}', 101, "SYNs sent")
        held(scene, samples, 'tcp_sockets{state="SYN_RECV"}', 101, "SYNs sent")
        held(scene, samples, "syn_received_total", 101, "SYNs sent", among=["bpf"])
        unknown(scene, samples, "syn_received_total", "half_opened was not loaded")
        held(scene, samples, 'tcp_opens_total{direction="passive"}', 0, "none was answered")
        tap.await_true(lambda: scene.nstat("TcpExtTCPSynRetrans") == [202], 10, "two each")
        samples = scene.samples()
        held(scene, samples, 'tcp_retransmits_total{kind="syn_ack"}', 202, "nstat",
             among=["bpf"])
        held(scene, samples, 'tcp_retransmits_total{kind="syn"}', 0, "none", among=["bpf"])
        held(scene, samples, 'tcp_retransmits_total{kind="syn_or_syn_ack"}', 202, "nstat",
             among=["no-bpf", "user"])
        unknown(scene, samples, 'tcp_retransmits_total{kind="syn_ack"}', "are one number")


def queue_of(backlog, asked):
    with Scene() as scene:
        scene.target.sysctl("net.ipv4.tcp_syncookies", "0")
        scene.listen(backlog)
        begun = scene.begin(asked)
        tap.check(all(is_open(s) for s in begun[:backlog + 1]), "as many as the queue admits")
        samples = scene.samples()
        port = f'{{port="{PORT}"}}'
        held(scene, samples, "accept_queue_length" + port, backlog + 1, "backlog + 1")
        held(scene, samples, "accept_queue_limit" + port, backlog, "listen()")
        held(scene, samples, "not_accepted_sockets", backlog + 1, "backlog + 1")
        tap.await_true(lambda: scene.nstat("TcpExtListenOverflows")[0] >= asked - backlog - 1, 10,
                       "those that found it full")
        for s in begun:  # so that no SYN is sent again while three agents are read
            s.close()
        samples = scene.samples()
        overflows, drops = scene.nstat("TcpExtListenOverflows", "TcpExtListenDrops")
        held(scene, samples, "listen_overflows_total", overflows, "nstat")
        held(scene, samples, "listen_drops_total", drops, "nstat")
        held(scene, samples, "listener_drops_total" + port, drops, "nstat")


@tap.test
def an_accept_queue_of_4_is_seen_full_and_overflowing():
    queue_of(4, 4 + 1 + 7)


@tap.test
def an_accept_queue_of_128_is_seen_full_and_overflowing():
    queue_of(128, 128 + 1 + 23)


@tap.test
def sockets_in_time_wait_are_307():
    with Scene() as scene:
        listener = scene.listen(512)
        begun = scene.begin(307)
        for _ in begun:
            listener.accept()[0].close()  # the target's end closes first
        for s in begun:
            s.setblocking(True)
            s.recv(1)
            s.close()
        samples = scene.samples()
        listed = scene.target.run("ss", "-Htan", "state", "time-wait").count("\n")
        tap.equal(listed, 307, "listed by ss")
        held(scene, samples, "time_wait_sockets", 307, "connections closed")
        held(scene, samples, 'tcp_sockets{state="TIME_WAIT"}', 307, "connections closed")
        held(scene, samples, 'tcp_opens_total{direction="passive"}', 307, "connections")
        held(scene, samples, 'tcp_closes_total{first="this_end"}', 307, "connections",
             among=["bpf"])
        unknown(scene, samples, 'tcp_closes_total{first="this_end"}', "state_changed was not")


@tap.test
def syns_sent_again_are_13_and_no_syn_ack():
    with Scene() as scene:
        scene.target.sysctl("net.ipv4.tcp_syn_retries", "1")
        if os.path.exists("/proc/sys/net/ipv4/tcp_syn_linear_timeouts"):  # Linux 6.5
            scene.target.sysctl("net.ipv4.tcp_syn_linear_timeouts", "0")
        scene.iptables(scene.client, "-A", "INPUT", "-p", "tcp", "-j", "DROP")
        begun = scene.begin(13, space=scene.target, address=CLIENT)
        tap.await_true(lambda: scene.nstat("TcpExtTCPSynRetrans") == [13], 10, "one each")
        samples = scene.samples()
        held(scene, samples, 'tcp_retransmits_total{kind="syn"}', 13, "nstat", among=["bpf"])
        held(scene, samples, 'tcp_retransmits_total{kind="syn_ack"}', 0, "none", among=["bpf"])
        held(scene, samples, 'tcp_opens_total{direction="active"}', 13, "connects")
        tap.equal(len(begun), 13, "connects")


def send_through_loss(scene, port, size, chunk, probability):
    """The target answers with so much, of which the client's end loses a part. Nothing of the
    handshake: a SYN-ACK that answers a SYN sent again is in no counter of timeouts."""
    scene.iptables(scene.client, "-F", "INPUT")
    listener = scene.listen(8, port)
    begun = scene.begin(1, port)[0]
    server = listener.accept()[0]
    scene.iptables(scene.client, "-A", "INPUT", "-p", "tcp", "-m", "statistic", "--mode",
                   "random", "--probability", probability, "-j", "DROP")
    server.settimeout(60)
    begun.setblocking(True)
    begun.settimeout(60)
    for at in range(0, size, chunk):
        part, got = min(chunk, size - at), 0
        sender = threading.Thread(target=server.sendall, args=(b"x" * part,))
        sender.start()
        while got < part:
            got += len(begun.recv(1 << 20))
        sender.join()


@tap.test
def data_sent_again_is_told_by_kind():
    with Scene() as scene:
        for name in ("tso", "gso"):  # a packet a segment, so that loss and counts are of one
            for space, device in zip((scene.target, scene.client), scene.devices):
                space.run(tap.need_command("ethtool"), "-K", device, name, "off")
        scene.probe_losses(True)
        send_through_loss(scene, PORT, 4 << 20, 1 << 20, "0.02")  # long ones: fast retransmits
        send_through_loss(scene, PORT + 1, 60 * 1000, 1000, "0.25")  # short: probes and timeouts
        scene.probe_losses(False)
        samples = scene.samples()
        total, fast, slow, timeouts, probes = scene.nstat(
            "TcpRetransSegs", "TcpExtTCPFastRetrans", "TcpExtTCPSlowStartRetrans",
            "TcpExtTCPTimeouts", "TcpExtTCPLossProbes")
        kinds = {key: value for key, value in samples["bpf"].items()
                 if key.startswith("tcp_retransmits_total")}
        tap.equal(sum(kinds.values()), total, f"all kinds against RetransSegs: {kinds}")
        kind = 'tcp_retransmits_total{kind="%s"}'
        held(scene, samples, kind % "fast", fast, "nstat", 1, among=["bpf"])
        held(scene, samples, kind % "rto", slow + timeouts, "nstat", 1, among=["bpf"])
        again = total - fast - slow - timeouts  # a probe may also send what was never sent
        held(scene, samples, kind % "tlp", again, "nstat", 1, among=["bpf"])
        tap.between(again, 0, probes, "probes that sent again")
        tap.check(fast and timeouts and probes, f"each kind: {fast} {timeouts} {probes}")
        for name, truth in (("fast", fast), ("timeout", timeouts), ("tlp", probes)):
            held(scene, samples, kind % name, truth, "nstat", among=["no-bpf", "user"])
        unknown(scene, samples, kind % "rto", "counts once whatever was sent for it")
        held(scene, samples, "tcp_retransmitted_segments_total", total, "nstat")


@tap.test
def resets_are_told_by_direction_and_reason():
    with Scene() as scene:
        scene.begin(17, port=4444)  # nobody listens there
        listener = scene.listen(64)
        begun = scene.begin(19 + 11)
        taken = [listener.accept()[0] for _ in begun]
        for s in begun[:19]:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
        for s, end in zip(begun[19:], taken[19:]):
            s.setblocking(True)
            s.sendall(b"unread")
            tap.check(select.select([end], [], [], 5)[0], "it came")
            end.close()  # with unread bytes: a reset
        samples = scene.samples()
        sent = 'resets_total{direction="sent",reason="%s"}'
        by_counter = ["no-bpf", "user"]
        became = scene.agents["bpf"].hello["programs"]["reset_sent"]
        if "before Linux 6.10" in became:  # its tracepoint is silent without a socket
            by_counter.append("bpf")
        else:
            held(scene, samples, sent % "no_socket", 17, "connects", among=["bpf"])
            held(scene, samples, sent % "tcp_abort_on_close", 11, "closes", among=["bpf"])
        held(scene, samples, 'resets_total{direction="received",reason="any"}', 19, "closes",
             among=["bpf"])
        held(scene, samples, sent % "any", scene.nstat("TcpOutRsts")[0], "nstat",
             among=by_counter)
        unknown(scene, samples, sent % "no_socket", "neither reasons")
        unknown(scene, samples, 'resets_total{direction="received",reason="any"}',
                "nor those received")
        tap.equal(scene.nstat("TcpOutRsts"), [28], "RSTs sent, by nstat")


@tap.test
def a_full_table_of_connection_tracking_is_seen_by_two_sources():
    path = "/proc/sys/net/netfilter/nf_conntrack_max"
    try:
        with open(path, encoding="ascii") as file:
            before = file.read()
    except OSError as error:
        raise tap.Skip(f"no connection tracking in this kernel: {error}") from error
    with Scene() as scene:
        scene.target.sysctl("net.ipv4.tcp_syncookies", "0")
        scene.iptables(scene.target, "-A", "INPUT", "-m", "conntrack", "--ctstate", "NEW", "-j",
                       "ACCEPT")
        scene.listen(512)
        scene.samples()  # what stands already is tracked from here on
        with open(path, "w", encoding="ascii") as file:
            file.write("60")
        try:
            tracked = int(scene.target.read_sysctl("net.netfilter.nf_conntrack_count"))
            for s in scene.begin(101):
                s.close()  # at once, so that no SYN is sent again
            samples = scene.samples()
        finally:
            with open(path, "w", encoding="ascii") as file:
                file.write(before)
        drops = 101 - (60 - tracked)
        by_kernel = sum(int(line.split()[10], 16) for line in scene.target.run(
            "cat", "/proc/net/stat/nf_conntrack").splitlines()[1:])
        tap.equal(by_kernel, drops, "dropped, by /proc/net/stat/nf_conntrack")
        held(scene, samples, "conntrack_entries_limit", 60, path)
        held(scene, samples, "conntrack_entries", 60, "the limit")
        held(scene, samples, "conntrack_drops_total", drops, "connects beyond it")
        held(scene, samples, 'skb_drops_total{reason="netfilter_drop"}', drops,
             "connects beyond it", among=["bpf"])
        held(scene, samples, 'log_events_total{pattern="conntrack_full"}', 1, "at least one",
             slack=1000, among=["bpf"])


@tap.test
def syn_cookies_are_told_where_the_syn_queue_is_full():
    with Scene() as scene:
        no_resets(scene)
        scene.listen(8)
        packets.send_syns(scene.client, CLIENT, TARGET, PORT, 200)
        samples = scene.samples()
        cookies, = scene.nstat("TcpExtSyncookiesSent")
        tap.equal(cookies, 191, "SYN cookies by nstat")
        held(scene, samples, "syn_recv_sockets", 9, "backlog + 1")
        held(scene, samples, "syn_cookies_sent_total", 191, "nstat")
        held(scene, samples, 'syn_queue_full_total{action="cookie"}', 191, "nstat")
        held(scene, samples, "syn_received_total", 9, "backlog + 1", among=["bpf"])


@tap.test
def dropped_packets_are_told_by_reason():
    with Scene() as scene:
        scene.listen(64)
        packets.send_syns(scene.client, CLIENT, TARGET, PORT, 29, wrong=True)
        with scene.client.inside():
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with udp:
            for port, count in ((5555, 23), (6666, 31)):
                if port == 6666:
                    scene.iptables(scene.target, "-A", "INPUT", "-p", "udp", "--dport", "6666",
                                   "-j", "DROP")
                for _ in range(count):
                    udp.sendto(b"x", (TARGET, port))
        samples = scene.samples()
        drops = 'skb_drops_total{reason="%s"}'
        held(scene, samples, drops % "tcp_csum", 29, "packets sent", among=["bpf"])
        held(scene, samples, drops % "no_socket", 23, "packets sent", among=["bpf"])
        held(scene, samples, drops % "netfilter_drop", 31, "packets sent", among=["bpf"])
        unknown(scene, samples, drops % "no_socket", "dropped was not loaded")


@tap.test
def what_is_of_other_ports_is_left_out_or_said_to_be_counted():
    with Scene("--port", str(PORT)) as scene:
        listeners = scene.listen(64), scene.listen(64, PORT + 1)
        begun = scene.begin(5) + scene.begin(7, PORT + 1)
        tap.check(all(is_open(s) for s in begun), "all are open")
        samples = scene.samples()
        held(scene, samples, 'tcp_opens_total{direction="passive"}', 5, "connects to the port",
             among=["bpf"])
        held(scene, samples, 'tcp_opens_total{direction="passive"}', 12, "connects to both ports",
             among=["no-bpf", "user"])
        for name in ("no-bpf", "user"):
            tap.contains(scene.agents[name].hello["limits"]["tcp_opens_total"], "of every port",
                         f"the limit of {name}")
        tap.contains(scene.agents["bpf"].hello["limits"]["skb_drops_total"], "of every port",
                     "the limit of drops")
        held(scene, samples, 'tcp_sockets{state="ESTABLISHED"}', 5, "connects to the port")
        held(scene, samples, "not_accepted_sockets", 5, "connects to the port")
        held(scene, samples, f'accept_queue_length{{port="{PORT}"}}', 5, "connects to the port")
        for name, values in samples.items():
            tap.check(f'accept_queue_length{{port="{PORT + 1}"}}' not in values,
                      f"{name} tells of the other port")
        tap.equal(len(listeners), 2, "listeners")


@tap.test
def what_another_cgroup_does_is_left_out():
    # ip netns exec, by which an ordinary user comes to be there, hides the hierarchy.
    with cgroup.V2() as theirs, Scene("--cgroup", theirs.path, ordinary=False) as scene:
        with theirs.joined():
            listener = scene.listen(64)
        other = scene.listen(64, PORT + 1)
        begun = scene.begin(5) + scene.begin(7, PORT + 1)
        tap.check(all(is_open(s) for s in begun), "all are open")
        samples = scene.samples()
        held(scene, samples, 'tcp_opens_total{direction="passive"}', 5,
             "connects to the cgroup's socket", among=["bpf"])
        held(scene, samples, "syn_received_total", 5, "connects to the cgroup's socket",
             among=["bpf"])
        for name in scene.agents:
            tap.contains(scene.agents[name].hello["limits"]["tcp_sockets"], "every cgroup",
                         f"the limit of {name}")
        held(scene, samples, 'tcp_opens_total{direction="passive"}', 12, "connects to both",
             among=["no-bpf"])
        tap.check(listener is not other, "two listeners")


def figure(value):
    return value if isinstance(value, str) else "-" if value is None else f"{value:g}"


def print_table():
    """A row: the metric, which agent, what it counted from which source, the truth and whose."""
    print(f"# {'metric':58} {'agent':7} {'source':8} {'counted':>8} {'truth':>8}  by, or why n/a")
    for key, name, where, counted, truth, by in TABLE:
        print(f"# {key:58} {name:7} {where:8} {figure(counted):>8} {figure(truth):>8}  {by}")


if __name__ == "__main__":
    try:
        tap.main()
    finally:
        print_table()
        sys.stdout.flush()
