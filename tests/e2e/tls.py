"""TLS: brink run and brink hold against brink target, openssl s_server and nginx; every bad
certificate has its own reason; the wire carries no plain text."""

import contextlib
import os
import socket
import subprocess
import tempfile
import threading

import brink
import certs
import servers
import tap
import tls_servers

authority = certs.Authority()
SERVER = authority.make("server")
CLIENT = authority.make("client")
STRANGERS = authority.self_signed("stranger", "CN=a stranger")
SECRET = "/a-path-that-nobody-may-read"


def secured(*flags):
    return servers.Target("--tls-cert", SERVER[0], "--tls-key", SERVER[1], *flags)


def https(server):
    return f"https://localhost:{server.port}"


def trusted(url, *flags, **options):
    return brink.load(url, "--http1.1", "--cacert", authority.ca, *flags, **options)


def failures(summary):
    return {f["reason"]: f["count"] for f in summary["tls"]["failures"]}


class Openssl(servers.Daemon):
    """openssl s_server, which answers every request with a page of its own."""

    def __init__(self, certificate, *flags):
        self.certificate = certificate
        self.flags = flags

    def begin(self):
        self.port = servers.free_port()
        self.child = subprocess.Popen(
            [authority.openssl, "s_server", "-accept", f"127.0.0.1:{self.port}", "-www", "-quiet",
             "-cert", self.certificate[0], "-key", self.certificate[1], *self.flags],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tap.await_true(lambda: servers.answers(self.port, self.child), servers.START_S,
                       "openssl s_server is up")

    def clean(self):
        pass


# --- versions and ciphers -----------------------------------------------------------------

@tap.test
def every_version_and_cipher_is_spoken_with_the_target():
    names = {"aes128": "AES-128-GCM", "aes256": "AES-256-GCM", "chacha20": "ChaCha20-Poly1305"}
    with secured() as target:
        for version in ("1.2", "1.3"):
            for cipher, name in names.items():
                summary = trusted(https(target) + "/body/100KiB", "-n", "200", "-c", "4", "--tls-max",
                                  version, "--ciphers", cipher, code=0)
                tap.equal(brink.outcomes(summary), {"ok": 200}, f"{version} {cipher}")
                tap.equal(summary["tls"]["version"], "TLSv" + version, "version")
                tap.equal(summary["tls"]["cipher"], name, "cipher")
                tap.equal(summary["latency"]["tls_handshake"]["count"], 4, "handshakes timed")


@tap.test
def the_target_is_understood_by_openssl_in_both_versions():
    with secured() as target:
        for version in ("-tls1_2", "-tls1_3"):
            done = subprocess.run(
                [authority.openssl, "s_client", "-connect", f"127.0.0.1:{target.port}", version,
                 "-CAfile", authority.ca, "-verify_return_error", "-ign_eof", "-quiet"],
                input="GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                capture_output=True, text=True, timeout=10)
            tap.contains(done.stdout, "HTTP/1.1 200 OK", f"answer with {version}: {done.stderr}")


@tap.test
def large_bodies_pass_both_ways():
    with tempfile.NamedTemporaryFile() as body, secured() as target:
        body.write(os.urandom(3 << 20))
        body.flush()
        summary = trusted(https(target) + "/body/5MiB", "-n", "8", "-c", "2", "--data-file",
                          body.name, code=0)
        tap.equal(brink.outcomes(summary), {"ok": 8}, "outcomes")
        tap.check(summary["bytes"]["received"] > 8 * (5 << 20), "bytes received")


@tap.test
def pipelined_requests_pass():
    with secured() as target:
        summary = trusted(https(target) + "/", "-n", "1000", "-c", "4", "--pipeline", "8", code=0)
        tap.equal(brink.outcomes(summary), {"ok": 1000}, "outcomes")


# --- handshakes ---------------------------------------------------------------------------

@tap.test
def full_and_resumed_handshakes_are_counted_as_nginx_counts_them():
    for version in ("1.2", "1.3"):
        with tls_servers.Nginx(authority, SERVER) as nginx:
            summary = trusted(https(nginx) + "/", "-n", "100", "-c", "2", "-t", "1",
                              "--no-keepalive", "--resume", "--tls-max", version, code=0)
            resumed = sum(line.startswith("r") for line in nginx.log())
        tap.equal(summary["tls"]["full"] + summary["tls"]["resumed"], 100, "handshakes")
        tap.equal(summary["tls"]["resumed"], resumed, f"resumed with {version}")
        tap.check(resumed >= 90, f"only {resumed} of 100 were resumed with {version}")


@tap.test
def without_resume_every_handshake_is_full():
    with secured() as target:
        summary = trusted(https(target) + "/", "-n", "50", "-c", "2", "--no-keepalive", code=0)
    tap.equal(summary["tls"]["full"], 50, "full")
    tap.equal(summary["tls"]["resumed"], 0, "resumed")


@tap.test
def handshakes_only_send_nothing_else():
    with secured() as target:
        summary = trusted(https(target) + "/", "-n", "100", "-c", "4", "--handshakes-only", code=0)
    tap.equal(brink.outcomes(summary), {"ok": 100}, "outcomes")
    tap.equal(summary["tls"]["full"], 100, "full handshakes")
    tap.equal(summary["bytes"]["sent"], 0, "bytes of requests")


# --- certificates -------------------------------------------------------------------------

def refused(certificate, reason, *flags, detail=""):
    with Openssl(certificate, *flags) as server:
        summary = trusted(https(server) + "/", "-n", "4", "-c", "1", code=3)
    tap.equal(brink.outcomes(summary), {"tls_certificate": 4}, reason)
    tap.equal(failures(summary), {reason: 4}, "reason")
    tap.contains(summary["tls"]["failures"][0]["detail"], detail, "detail")


@tap.test
def every_bad_certificate_has_a_reason_of_its_own():
    for kind in ("wrong_host", "expired", "not_yet_valid", "bad_usage"):
        refused(authority.make(kind), kind)
    refused(authority.self_signed("self", "CN=localhost", "-addext",
                                  "subjectAltName=DNS:localhost"), "self_signed")


@tap.test
def an_untrusted_root_and_a_missing_intermediate_are_told_by_the_issuers_name():
    refused(authority.make("server", "of_stranger", issuer=STRANGERS), "no_issuer",
            detail="a stranger")
    middle = authority.intermediate()
    leaf = authority.make("server", "of_intermediate", issuer=middle)
    refused(leaf, "no_issuer", detail="intermediate")
    with Openssl(leaf, "-cert_chain", middle[0]) as server:
        summary = trusted(https(server) + "/", "-n", "4", "-c", "1", code=0)
    tap.equal(brink.outcomes(summary), {"ok": 4}, "with the intermediate")


@tap.test
def insecure_accepts_what_was_refused():
    with Openssl(authority.make("expired", "expired2")) as server:
        summary = brink.load(https(server) + "/", "--http1.1", "-k", "-n", "4", "-c", "1", code=0)
    tap.equal(brink.outcomes(summary), {"ok": 4}, "outcomes")


@tap.test
def what_no_side_can_agree_on_is_named():
    with Openssl(SERVER, "-tls1_3") as server:
        summary = trusted(https(server) + "/", "-n", "2", "-c", "1", "--tls-max", "1.2", code=3)
    tap.equal(failures(summary), {"protocol_version": 2}, "version")
    with Openssl(SERVER, "-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256") as server:
        summary = trusted(https(server) + "/", "-n", "2", "-c", "1", "--ciphers", "chacha20",
                          code=3)
    tap.equal(failures(summary), {"handshake_alert": 2}, "cipher")
    with servers.Target() as target:
        summary = trusted(https(target) + "/", "-n", "2", "-c", "1", code=3)
    tap.equal(failures(summary), {"not_tls": 2}, "plain http")


# --- client certificates ------------------------------------------------------------------

@tap.test
def a_client_certificate_is_accepted_refused_and_missed_by_the_target():
    stranger = authority.make("client", "strange_client", issuer=STRANGERS)
    with secured("--client-ca", authority.ca) as target:
        for version in ("1.2", "1.3"):
            flags = ("-n", "20", "-c", "2", "--tls-max", version)
            url = https(target) + "/"
            summary = trusted(url, *flags, "--cert", CLIENT[0], "--key", CLIENT[1], code=0)
            tap.equal(brink.outcomes(summary), {"ok": 20}, f"accepted with {version}")
            summary = trusted(url, *flags, "--cert", stranger[0], "--key", stranger[1], code=3)
            tap.equal(set(failures(summary)), {"unknown_ca"}, f"refused with {version}")
            summary = trusted(url, *flags, code=3)
            tap.check(set(failures(summary)) <= {"certificate_required", "handshake_alert"},
                      f"missing with {version}: {failures(summary)}")


@tap.test
def a_directory_gives_each_connection_a_certificate_in_turn():
    with tempfile.TemporaryDirectory() as folder:
        for name in ("one", "two", "three"):
            for part in authority.make("client", name):
                os.rename(part, os.path.join(folder, os.path.basename(part)))
        with tls_servers.Nginx(authority, SERVER, verify=True) as nginx:
            trusted(https(nginx) + "/", "-n", "30", "-c", "6", "--cert-dir", folder, code=0)
            seen = {line.split("CN=")[1] for line in nginx.log()}
    tap.equal(seen, {"one", "two", "three"}, "subjects that nginx saw")


@tap.test
def files_that_will_not_do_are_named():
    url = "https://localhost:1/"
    for flags, words in (
            (("--cert", "/nowhere.pem"), "/nowhere.pem"),
            (("--cert", SERVER[0], "--key", CLIENT[1]), "not the key of the certificate"),
            (("--cert", SERVER[1]), "no certificate in it"),
            (("--cacert", "/dev/null"), "no certificate in it"),
            (("--key", SERVER[1]), "--key without --cert"),
            (("--cert-dir", "/proc/self/fdinfo"), "--cert-dir"),
            (("--ciphers", "rc4"), "'rc4' is unknown")):
        result = brink.run(["run", url, *flags])
        tap.equal(result.code, 2, f"exit code of {flags}: {result}")
        tap.contains(result.err, words, f"message for {flags}")
    result = brink.run(["run", "http://localhost:1/", "-k"])
    tap.equal(result.code, 2, "exit code of -k with http")
    tap.contains(result.err, "plain http has no TLS", "message")


# --- ends ---------------------------------------------------------------------------------

@tap.test
def an_end_without_close_notify_truncates_what_only_the_end_delimits():
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"
    for properly, outcome in ((True, "ok"), (False, "truncated")):
        def talk(sock, server, properly=properly):
            secure = servers.secured(sock, *SERVER, ragged=True)
            secure.recv(4096)
            secure.sendall(head)
            with contextlib.suppress(OSError):
                if properly:
                    secure.unwrap()
                secure.shutdown(socket.SHUT_RDWR)
            secure.close()
        with servers.Raw(talk) as server:
            summary = trusted(https(server) + "/", "-n", "1", "-c", "1")
        tap.equal(brink.outcomes(summary), {outcome: 1}, f"properly: {properly}")


# --- the wire -----------------------------------------------------------------------------

class Relay:
    """Passes bytes on to a port and keeps them."""

    def __init__(self, port):
        self.to = port
        self.seen = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.to))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self.pass_on, args=pair, daemon=True).start()

    def pass_on(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.seen += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


@tap.test
def the_wire_carries_no_plain_text_and_the_relay_would_see_it():
    with servers.Target() as target, Relay(target.port) as relay:
        brink.load(f"http://localhost:{relay.port}{SECRET}", "-n", "10", "-c", "2", code=0)
        tap.check(SECRET.encode() in relay.seen and b"HTTP/1.1 200" in relay.seen, "plain http")
    for version in ("1.2", "1.3"):
        with secured() as target, Relay(target.port) as relay:
            trusted(f"https://localhost:{relay.port}{SECRET}", "-n", "10", "-c", "2", "--tls-max",
                    version, code=0)
            tap.check(len(relay.seen) > 2000, "the relay saw the connections")
            tap.check(SECRET.encode() not in relay.seen and b"HTTP/1.1" not in relay.seen,
                      f"plain text on the wire with {version}")


@tap.test
def no_key_stands_in_any_report():
    with open(CLIENT[1], encoding="ascii") as file:
        lines = [line for line in file.read().splitlines() if "-----" not in line]
    with secured("--client-ca", authority.ca) as target:
        for form in ("text", "json", "csv"):
            result = brink.run(["run", https(target) + "/", "-n", "10", "-c", "2", "--cacert",
                                authority.ca, "--cert", CLIENT[0], "--key", CLIENT[1],
                                "--format", form, "-v"])
            for line in lines:
                tap.check(line not in result.out + result.err, f"a line of the key in {form}")


# --- holding, and the kernel --------------------------------------------------------------

@tap.test
def connections_are_held_over_tls():
    with secured() as target:
        result = brink.run(["hold", https(target) + "/", "-c", "2000", "-d", "1s", "--verify",
                            "--cacert", authority.ca, "--format", "json", "--accept-saturated"],
                           timeout=60)
    summary = brink.summary_of(result)
    tap.equal(brink.outcomes(summary), {"ok": 2000}, "each is asked at the end")
    tap.equal(summary["connections"]["lost"], 0, "lost")
    tap.equal(summary["tls"]["full"], 2000, "handshakes")


@tap.test
def fifty_thousand_are_held_in_user_space():
    """Idle connections in bounded memory: buffers and OpenSSL's objects are given back."""
    tap.need_long()
    count = 50_000 if not tap.SANITIZER else 2_000
    with servers.Target("--tls-cert", SERVER[0], "--tls-key", SERVER[1], "--max-connections",
                        str(count + 1000), listen="0.0.0.0:0") as target:
        result = brink.run(["hold", f"https://localhost:{target.port}/", "--to",
                            f"127.0.0.1-127.0.0.4:{target.port}", "-c", str(count), "-d", "1s",
                            "--verify", "--ktls", "off", "--cacert", authority.ca, "--format",
                            "json", "--accept-saturated"], timeout=300)
    summary = brink.summary_of(result)
    tap.equal(brink.outcomes(summary), {"ok": count}, "each is asked at the end")
    connections = summary["connections"]
    tap.equal((connections["failed"], connections["lost"]), (0, 0), "failed and lost")
    tap.equal(summary["tls"]["full"], count, "handshakes")
    memory = summary["hold"]["memory"]
    print(f"# {count} connections: {memory}", flush=True)
    tap.between(memory["user_bytes_per_connection"], 1, 1600 if not tap.SANITIZER else 1 << 20,
                "bytes a connection")


@tap.test
def ktls_is_used_or_it_is_said_why_not():
    with secured() as target:
        auto = trusted(https(target) + "/", "-n", "10", "-c", "2", code=0)
        on = brink.run(["run", https(target) + "/", "-n", "10", "--ktls", "on", "--cacert",
                        authority.ca])
    if auto["tls"]["ktls_tx"]:
        tap.equal(on.code, 0, "exit code where the kernel has TLS")
    else:
        tap.contains(auto["tls"]["note"], "kTLS is not used", "note")
        tap.equal(on.code, 4, f"exit code where the kernel has none: {on}")
        tap.contains(on.err, "--ktls on:", "message")


tap.main()
