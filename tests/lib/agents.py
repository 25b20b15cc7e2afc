"""agents: `brink agent` in a namespace, and what it says.

    with agents.Agent(space, "--no-bpf") as agent:
        values = agent.sample()          {"syn_recv_sockets": 101.0, ...}, all read after the call
        agent.get("/metrics"), agent.hello, agent.lines(since=0, count=3)"""

import contextlib
import http.client
import json
import math
import os
import re
import subprocess
import tempfile
import time

import brink
import tap

START_S = 10.0
ORDINARY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]


class Agent:
    """A process that samples; leaving the `with` block ends it. `space` may be None: here.
    It is asked over one connection that stays, so that asking opens and closes nothing there."""

    def __init__(self, space, *flags, ordinary=False, listen="127.0.0.1:0", prefix=()):
        self.inside = space if ordinary else None  # who may not enter it must begin in it
        command = list(prefix) + (space.prefix + ORDINARY if ordinary else [])
        command += [brink.PATH, "agent", "--listen", listen, *flags]
        command += ["--netns", space.name] if space and not ordinary else []
        self.kept = None
        self.usual = None  # what the first sample told of
        self.output = tempfile.TemporaryFile(mode="w+")
        self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.output,
                                      stderr=subprocess.STDOUT, text=True)
        self.pid = self.child.pid
        try:
            found = tap.await_true(self._listening, START_S, "the agent listens")
        except BaseException:
            self.kill()
            raise
        self.host, self.port = found[1], int(found[2])
        self.url = f"http://{self.host}:{self.port}"

    def _listening(self):
        text = self.said()
        if self.child.poll() is not None:
            raise tap.Failure(f"the agent ended with {self.child.returncode}: {text}")
        return re.search(r"listening on https?://([0-9.]+):(\d+)", text)

    def said(self):
        self.output.seek(0)
        return self.output.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self, number=9):
        if self.child.poll() is None:
            self.child.send_signal(number)
        self.child.wait()

    def connection(self):
        """A new one."""
        where = http.client.HTTPConnection(self.host, self.port, timeout=30)
        with self.inside.inside() if self.inside else contextlib.nullcontext():
            where.connect()
        return where

    def get(self, path):
        self.kept = self.kept or self.connection()
        try:
            self.kept.request("GET", path)
            answer = self.kept.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError):  # silent for half a minute
            self.kept = self.connection()
            self.kept.request("GET", path)
            answer = self.kept.getresponse()
        text = answer.read().decode()
        tap.equal(answer.status, 200, f"status of {path}: {text}")
        return text

    def lines(self, since=None, count=1):
        """The first line of a stream, and so many samples."""
        asked = f"/v1/samples?lines={count}" + ("" if since is None else f"&since={since}")
        parsed = [json.loads(line) for line in self.get(asked).splitlines()]
        return parsed[0], parsed[1:]

    @property
    def hello(self):
        return self.lines(since=0)[0]

    def sample(self):
        """Every value, read after this call: counters each 100 ms, gauges each second. What costs
        the agent too much here it reads as seldom as it says, and that is waited for."""
        values, asked_ns = {}, time.monotonic_ns()
        lines = self.lines(count=13)[1]
        slowest_s = max(value for line in lines for key, value in line["values"].items()
                        if key.startswith("sample_interval_seconds"))
        left = math.ceil(slowest_s * 10) if slowest_s > 1 else 0
        while lines:
            for line in lines:
                if line["began_ns"] >= asked_ns:
                    values.update(line["values"])
            told = self.usual is not None and self.usual <= values.keys()
            count = 0 if told else min(left, 3)
            lines = self.lines(since=line["seq"], count=count)[1] if count else []
            left -= count
        self.usual = self.usual or set(values)
        return values


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        words = file.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
