"""servers: real servers on loopback for as long as a `with` block lasts.

    with servers.Target("--fault", "reset") as target: brink.load(target.url)
    with servers.Nginx(worker_connections=64) as nginx: nginx.requests()
    with servers.Haproxy(maxconn=64) as haproxy: haproxy.requests()
    with servers.Raw(handler) as raw: ...          handler(sock, server): one connection

Each stops what it started by its process id and removes its files."""

import csv
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import urllib.request

import brink
import tap

START_S = 5.0 if not tap.SANITIZER else 20.0


def free_port(address="127.0.0.1"):
    """A port nobody listens on just now: for programs that cannot choose one themselves."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as s:
        s.bind((address, 0))
        return s.getsockname()[1]


def get(url, timeout=5):
    """The body of a GET, outside of any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=timeout) as answer:
        return answer.read().decode()


class Daemon:
    """A child that serves. Subclasses say how it is started and when it is ready."""

    child = None

    def __enter__(self):
        try:
            self.begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        self.clean()

    def stop(self, number=signal.SIGTERM):
        """Ends the child, by force when it does not obey."""
        if self.child is None or self.child.poll() is not None:
            return
        self.child.send_signal(signal.SIGCONT)
        self.child.send_signal(number)
        try:
            self.child.wait(3)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def signal(self, number):
        self.child.send_signal(number)

    def clean(self):
        """Removes what begin() made."""


class Target(Daemon):
    """`brink target`. Words given are its flags; `prefix` runs it elsewhere (a namespace)."""

    def __init__(self, *flags, listen="127.0.0.1:0", prefix=()):
        self.flags = list(flags)
        self.listen = listen
        self.prefix = list(prefix)
        self.errors = None

    def begin(self):
        self.errors = tempfile.TemporaryFile("w+")
        command = self.prefix + [brink.PATH, "target", "--listen", self.listen] + self.flags
        self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=self.errors, text=True)
        line = self.child.stdout.readline().strip()
        found = re.fullmatch(r"listening on (.+):(\d+)", line)
        if not found:
            self.child.kill()
            self.errors.seek(0)
            raise tap.Failure(f"brink target said {line!r}\n{self.errors.read()}")
        self.address = found[1]
        self.port = int(found[2])
        self.url = f"http://{self.address}:{self.port}"

    def clean(self):
        if self.child:
            self.child.stdout.close()
        if self.errors:
            self.errors.seek(0)
            said = self.errors.read()
            self.errors.close()
            if "Sanitizer" in said or "runtime error:" in said:
                raise tap.Failure("brink target: " + said)

    def stats(self):
        """Its own counts. The question counts as a connection, not as a request."""
        return json.loads(get(self.url + "/stats"))


class Nginx(Daemon):
    """nginx with one worker, everything in a folder of its own; answers 200 to any path.

    `http` are further lines for the http block, `location` replaces the lines of `location /`."""

    def __init__(self, worker_connections=1024, http="", location="return 200 'hello\\n';"):
        self.program = tap.need_command("nginx")
        self.worker_connections = worker_connections
        self.http = http
        self.location = location
        self.folder = None

    def begin(self):
        self.folder = tempfile.TemporaryDirectory(prefix="brink-nginx-")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        path = os.path.join(self.folder.name, "nginx.conf")
        with open(path, "w", encoding="ascii") as conf:
            conf.write(self.configuration())
        self.child = subprocess.Popen([self.program, "-p", self.folder.name, "-c", path,
                                       "-e", "error.log"], stdin=subprocess.DEVNULL)
        tap.await_true(lambda: answers(self.port, self.child), START_S, "nginx is up")

    def configuration(self):
        spools = "".join(f"{kind}_temp_path spool-{kind};\n" for kind in
                         ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.geteuid() == 0 else ""
        return f"""
daemon off; {user} worker_processes 1; pid nginx.pid; error_log error.log;
events {{ worker_connections {self.worker_connections}; }}
http {{
{spools} access_log off; default_type text/plain;
{self.http}
server {{
    listen 127.0.0.1:{self.port};
    location = /status {{ stub_status; }}
    location / {{ {self.location} }}
}}
}}
"""

    def requests(self):
        """Requests read so far, this question included."""
        lines = get(self.url + "/status").splitlines()
        return int(lines[2].split()[2])

    def clean(self):
        if self.folder:
            self.folder.cleanup()


class Haproxy(Daemon):
    """haproxy that answers 200 itself, or asks a backend; counts are read from its administration socket."""

    def __init__(self, maxconn=1000, backend=None):
        """`backend`: lines of a backend that it passes requests on to, instead."""
        self.program = tap.need_command("haproxy")
        self.maxconn = maxconn
        self.backend = backend
        self.folder = None

    def begin(self):
        self.folder = tempfile.TemporaryDirectory(prefix="brink-haproxy-")
        self.control = os.path.join(self.folder.name, "control")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        path = os.path.join(self.folder.name, "haproxy.cfg")
        with open(path, "w", encoding="ascii") as conf:
            conf.write(self.configuration())
        self.child = subprocess.Popen([self.program, "-db", "-f", path],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
        tap.await_true(self.is_up, START_S, "haproxy is up")

    def configuration(self):
        serve = ('    http-request return status 200 content-type text/plain string "hello"'
                 if not self.backend else "    default_backend behind")
        behind = f"backend behind\n{self.backend}" if self.backend else ""
        return f"""
global
    stats socket {self.control} mode 600 level admin
    nbthread 1
    maxconn 2000
defaults
    mode http
    timeout client 60s
    timeout server 60s
    timeout connect 5s
frontend web
    bind 127.0.0.1:{self.port}
    maxconn {self.maxconn}
    backlog 1024
{serve}
{behind}
"""

    def is_up(self):
        """Asked through the administration socket: a probe of the port would be counted."""
        alive(self.child)
        try:
            return "CumReq" in self.ask("show info")
        except OSError:
            return False

    def ask(self, command):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            s.connect(self.control)
            s.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: s.recv(65536), b"")).decode()

    def frontend(self):
        """The frontend's row of `show stat`, by column."""
        rows = csv.DictReader(self.ask("show stat").lstrip("# ").splitlines())
        return next(row for row in rows if row["svname"] == "FRONTEND")

    def requests(self):
        return int(self.frontend()["req_tot"])

    def clean(self):
        if self.folder:
            self.folder.cleanup()


class Raw:
    """A threaded socket server for what no real server does: handler(sock, server) owns one
    connection, which is closed when it returns."""

    def __init__(self, handler):
        self.handler = handler
        self.count = 0  # the handler's own to keep, under `lock`
        self.lock = threading.Lock()
        self.listener = None

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept, which close alone would not
        self.thread.join()
        self.listener.close()

    def serve(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.handle, args=(sock,), daemon=True).start()

    def handle(self, sock):
        with sock:
            try:
                self.handler(sock, self)
            except OSError:
                pass  # the client went first

    def counted(self):
        """One request more was read."""
        with self.lock:
            self.count += 1


def secured(sock, certificate, key, ragged=False):
    """The server's side of TLS over an accepted socket. `ragged`: a bare FIN is no error."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context.wrap_socket(sock, server_side=True, suppress_ragged_eofs=ragged)


def read_request(sock):
    """The head of one request without a body; empty when the client is done."""
    head = b""
    while b"\r\n\r\n" not in head:
        more = sock.recv(4096)
        if not more:
            return b""
        head += more
    return head


def alive(child):
    if child.poll() is not None:
        raise tap.Failure(f"{child.args[0]} ended with exit code {child.returncode}")


def answers(port, child):
    """Whether somebody accepts on the port; a child that ended never will."""
    alive(child)
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def accepted(port):
    """How many connections to a local port have been accepted and stand, as the kernel sees it:
    those still in the accept queue have no inode yet."""
    count = 0
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in list(table)[1:]:
            row = line.split()
            local, state, inode = row[1], row[3], row[9]
            count += local.endswith(f":{port:04X}") and state == "01" and inode != "0"
    return count
