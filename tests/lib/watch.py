"""watch: an agent that is read while it watches, sockets for it to watch, and what it costs.

    with watch.Watcher() as agent, watch.held(50_000):     100,000 sockets, both ends being here
        watch.share_of_a_core(agent, 20)                   0.01: one per cent"""

import contextlib
import http.client
import re
import signal
import threading
import time

import agents
import brink
import servers
import tap

PORTS_A_PAIR = 12_500  # what one (source, destination, port) is asked for
SETTLE_S = 3  # that readers need to find their pace, once what they read has grown


class Watcher(agents.Agent):
    """An agent with its usual programs, or those that `flags` name, all of them loaded, and one
    reader of its stream. Inside the `with` block it has sampled everything, and its reader is up
    to date."""

    def __init__(self, prefix=(), flags=()):
        self.reader = threading.Thread(target=self._read)
        self.read = 0
        super().__init__(None, *flags, prefix=prefix)

    def __enter__(self):
        try:
            self.programs = self._programs()
            self.reader.start()
            tap.await_true(lambda: self.read > 2, agents.START_S, "samples arrive")
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_):
        self.kill()  # which ends the stream
        self.reader.join()

    def _programs(self):
        """How many; none of them was refused."""
        programs = self.lines(since=0)[0]["programs"]
        refused = {name: why for name, why in programs.items() if why != "loaded"}
        tap.check(programs and not refused, f"not loaded: {refused or 'any program'}")
        return len(programs)

    def _read(self):
        stream = self.connection()
        with contextlib.suppress(OSError, http.client.HTTPException):
            stream.request("GET", "/v1/samples")
            for _ in stream.getresponse():
                self.read += 1
        stream.close()


@contextlib.contextmanager
def held(connections, prefixes=((), ())):
    """Inside, so many stand between a generator and a target, whose commands the prefixes begin:
    two sockets each."""
    of_generator, of_target = prefixes
    last = -(-connections // PORTS_A_PAIR)
    with servers.Target("--threads", "1", "--max-connections", str(connections + 1000),
                        listen="0.0.0.0:0", prefix=of_target) as target:
        hold = ["hold", f"http://127.0.0.1:{target.port}/", "-c", str(connections), "-t", "1",
                "--to", f"127.0.0.1-127.0.0.{last}:{target.port}"]
        already = sockets()
        with brink.start(hold, prefix=of_generator) as generator:
            tap.await_true(lambda: over(generator) or sockets() - already >= 2 * connections,
                           20 + connections / 5000, f"{2 * connections:,} sockets stand")
            tap.check(not over(generator), "the hold goes on")
            yield
            tap.check(not over(generator), "the hold went on")
            generator.signal(signal.SIGINT)
            generator.finish(20 + connections / 5000)


def over(process):
    return process.child.poll() is not None


def sockets():
    """Of TCP that stand, in this namespace."""
    with open("/proc/net/sockstat", encoding="ascii") as lines:
        return int(re.search(r"TCP: inuse (\d+)", lines.read())[1])


def share_of_a_core(agent, seconds):
    """Of the agent's process: its reads, its walk over the sockets, its answers."""
    time.sleep(SETTLE_S)
    cpu_s, start = agents.cpu_seconds(agent.pid), time.monotonic()
    time.sleep(seconds)
    return (agents.cpu_seconds(agent.pid) - cpu_s) / (time.monotonic() - start)


def values(agent):
    """Of its latest walk: sockets that stand, those that wait after their end, its period."""
    agent.kept = None  # which the agent closed, if nothing was asked for long
    text = agent.get("/metrics")

    def value(name):
        return float(re.search(rf"^brink_target_{name} (.*)$", text, re.MULTILINE)[1])

    return {"established": int(value(r'tcp_sockets\{state="ESTABLISHED"\}')),
            "time_wait": int(value(r'tcp_sockets\{state="TIME_WAIT"\}')),
            "walk_every_s": value(r'sample_interval_seconds\{reader="iter_tcp"\}')}
