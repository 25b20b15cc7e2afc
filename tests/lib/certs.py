"""certs: a certification authority, certificates for servers and clients, and bad ones of every
kind, made by openssl in a folder that lasts as long as the program.

    authority = certs.Authority()
    authority.ca                      the root's certificate
    authority.make("expired")         (certificate, key), files in PEM form"""

import atexit
import os
import subprocess
import tempfile

import tap

SERVER = "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n"
CLIENT = "extendedKeyUsage=clientAuth\n"
KINDS = {  # extensions, further words for `openssl ca`-less signing
    "server": SERVER,
    "client": CLIENT,
    "wrong_host": "subjectAltName=DNS:elsewhere.example\nextendedKeyUsage=serverAuth\n",
    "bad_usage": "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=clientAuth\n",
    "expired": SERVER,
    "not_yet_valid": SERVER,
}
VALID = {"expired": ("20200101000000Z", "20210101000000Z"),
         "not_yet_valid": ("20900101000000Z", "20910101000000Z")}


class Authority:
    def __init__(self):
        self.openssl = tap.need_command("openssl")
        self.folder = tempfile.TemporaryDirectory(prefix="brink-certs-")
        atexit.register(self.folder.cleanup)
        self.ca, self.ca_key = self.self_signed("ca", "CN=brink test root")
        self.serial = 1

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def run(self, *words):
        done = subprocess.run([self.openssl, *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        tap.equal(done.returncode, 0, f"openssl {' '.join(words)}: {done.stderr}")

    def self_signed(self, name, subject, *words):
        certificate, key = self.path(name + ".pem"), self.path(name + ".key")
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-days", "30", "-subj", "/" + subject, "-keyout", key, "-out", certificate, *words)
        return certificate, key

    def make(self, kind, name=None, issuer=None, extensions=None):
        """A certificate of a kind, signed by the root or by another (certificate, key)."""
        name = name or kind
        certificate, key = self.path(name + ".pem"), self.path(name + ".key")
        request, settings = self.path(name + ".csr"), self.path(name + ".cnf")
        ca, ca_key = issuer or (self.ca, self.ca_key)
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        index, serial = self.path(name + ".index"), self.path(name + ".serial")
        with open(index, "w", encoding="ascii"):
            pass
        with open(serial, "w", encoding="ascii") as file:
            self.serial += 1
            file.write(f"{self.serial:04x}\n")
        with open(settings, "w", encoding="ascii") as file:
            file.write("[ca]\ndefault_ca=it\n[it]\npolicy=any\ndefault_md=sha256\n"
                       f"database={index}\nserial={serial}\nnew_certs_dir={self.folder.name}\n"
                       "[any]\ncommonName=supplied\n[ext]\n" + (extensions or KINDS[kind]))
        begin, end = VALID.get(kind, ("20200101000000Z", "20900101000000Z"))
        self.run("ca", "-batch", "-notext", "-config", settings, "-extensions", "ext", "-cert", ca,
                 "-keyfile", ca_key, "-startdate", begin, "-enddate", end, "-in", request,
                 "-out", certificate)
        return certificate, key

    def intermediate(self):
        return self.make("intermediate", extensions="basicConstraints=critical,CA:true\n")
