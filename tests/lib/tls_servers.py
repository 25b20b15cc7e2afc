"""tls_servers: real servers that speak TLS on loopback, each in a folder of its own, for as long as
a `with` block lasts. All answer 200 to `/`.

    with tls_servers.Apache(authority, ("server.pem", "server.key"), verify=True) as server:
        server.url

`verify` has the server demand a client certificate of the authority's."""

import os
import subprocess
import tempfile

import servers
import tap


class Nginx(servers.Nginx):
    """nginx, which logs who resumed and who presented what; `lines` join its server block."""

    def __init__(self, authority, certificate, verify=False, lines=()):
        super().__init__()
        self.certificate = certificate
        self.lines = list(lines)
        if verify:
            self.lines += ["ssl_verify_client on", f"ssl_client_certificate {authority.ca}"]

    def begin(self):
        super().begin()
        self.url = f"https://localhost:{self.port}"

    def configuration(self):
        lines = "".join(f"    {line};\n" for line in self.lines)
        text = super().configuration()
        text = text.replace("access_log off;", "log_format tls '$ssl_session_reused "
                            "$ssl_client_s_dn'; access_log access.log tls;")
        return text.replace(
            f"listen 127.0.0.1:{self.port};",
            f"listen 127.0.0.1:{self.port} ssl;\n    ssl_certificate {self.certificate[0]};\n"
            f"    ssl_certificate_key {self.certificate[1]};\n"
            f"    ssl_protocols TLSv1.2 TLSv1.3;\n{lines}")

    def log(self):
        with open(os.path.join(self.folder.name, "access.log"), encoding="utf-8") as file:
            return file.read().splitlines()


class Haproxy(servers.Haproxy):
    """haproxy, which wants certificate and key in one file."""

    def __init__(self, authority, certificate, verify=False):
        super().__init__()
        self.words = f" ca-file {authority.ca} verify required" if verify else ""
        self.pem = authority.path("haproxy.pem")
        with open(self.pem, "w", encoding="ascii") as out:
            for part in certificate:
                with open(part, encoding="ascii") as file:
                    out.write(file.read())

    def begin(self):
        super().begin()
        self.url = f"https://localhost:{self.port}"

    def configuration(self):
        bind = f"bind 127.0.0.1:{self.port}"
        return super().configuration().replace(bind, f"{bind} ssl crt {self.pem}{self.words}")


class Configured(servers.Daemon):
    """A server that is started with a file of settings and one page to serve. Subclasses give the
    program, its words and the file's text."""

    program = None
    folder = None

    def __init__(self, authority, certificate, verify=False):
        self.path = tap.need_command(self.program)
        self.ca = authority.ca
        self.certificate, self.key = certificate
        self.verify = verify

    def begin(self):
        self.folder = tempfile.TemporaryDirectory(prefix=f"brink-{self.program}-")
        os.chmod(self.folder.name, 0o755)  # some give up root before they read the page
        self.port = servers.free_port()
        self.url = f"https://localhost:{self.port}"
        self.put("index.html", "hello\n")
        settings = self.put("settings", self.configuration(self.folder.name))
        with open(os.path.join(self.folder.name, "said"), "w", encoding="utf-8") as said:
            self.child = subprocess.Popen(
                [self.path, *self.words(settings)], stdin=subprocess.DEVNULL, stdout=said,
                stderr=said, env=dict(os.environ, HOME=self.folder.name))
        tap.await_true(lambda: servers.answers(self.port, self.child), servers.START_S,
                       f"{self.program} is up")

    def put(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def words(self, settings):
        raise NotImplementedError

    def configuration(self, folder):
        raise NotImplementedError

    def clean(self):
        if self.folder:
            self.folder.cleanup()


class Apache(Configured):
    program = "apache2"

    def words(self, settings):
        return ["-DFOREGROUND", "-f", settings]

    def configuration(self, folder):
        modules = "".join(f"LoadModule {name}_module modules/mod_{name}.so\n" for name in
                          ("mpm_event", "authz_core", "dir", "ssl", "socache_shmcb"))
        verify = f"SSLVerifyClient require\nSSLCACertificateFile {self.ca}" if self.verify else ""
        user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
        return f"""ServerRoot /usr/lib/apache2
PidFile {folder}/pid
DefaultRuntimeDir {folder}
Mutex file:{folder} default
ErrorLog {folder}/error.log
{modules}{user}
Listen 127.0.0.1:{self.port}
ServerName localhost
DocumentRoot {folder}
DirectoryIndex index.html
MaxKeepAliveRequests 0
StartServers 1
SSLSessionCache shmcb:{folder}/sessions(512000)
SSLEngine on
SSLCertificateFile {self.certificate}
SSLCertificateKeyFile {self.key}
{verify}
<Directory {folder}>
 Require all granted
</Directory>
"""


class H2o(Configured):
    """h2o, whose version 2.2 asks nobody for a certificate."""

    program = "h2o"

    def words(self, settings):
        return ["-c", settings]

    def configuration(self, folder):
        user = "user: root\n" if os.geteuid() == 0 else ""
        return f"""num-threads: 1
pid-file: {folder}/pid
error-log: {folder}/error.log
{user}listen:
  host: 127.0.0.1
  port: {self.port}
  ssl:
    certificate-file: {self.certificate}
    key-file: {self.key}
hosts:
  default:
    paths:
      /:
        file.dir: {folder}
"""


class Lighttpd(Configured):
    program = "lighttpd"

    def __init__(self, *words, **options):
        super().__init__(*words, **options)
        if not os.path.exists("/usr/lib/lighttpd/mod_openssl.so"):
            raise tap.Skip("lighttpd is not installed with its module mod_openssl")

    def words(self, settings):
        return ["-D", "-f", settings]

    def configuration(self, folder):
        verify = f"""ssl.verifyclient.activate = "enable"
ssl.verifyclient.enforce = "enable"
ssl.verifyclient.ca-file = "{self.ca}"
""" if self.verify else ""
        return f"""server.modules += ( "mod_openssl", "mod_indexfile" )
server.document-root = "{folder}"
server.bind = "127.0.0.1"
server.port = {self.port}
server.errorlog = "{folder}/error.log"
server.max-keep-alive-requests = 100000
index-file.names = ( "index.html" )
ssl.engine = "enable"
ssl.openssl.ssl-conf-cmd = ( "MinProtocol" => "TLSv1.2" )
ssl.pemfile = "{self.certificate}"
ssl.privkey = "{self.key}"
{verify}"""


class Caddy(Configured):
    program = "caddy"

    def words(self, settings):
        return ["run", "--config", settings, "--adapter", "caddyfile"]

    def configuration(self, folder):
        verify = f"""client_auth {{
   mode require_and_verify
   trusted_ca_cert_file {self.ca}
  }}""" if self.verify else ""
        return f"""{{
 admin off
 auto_https off
 storage file_system {folder}
 servers {{
  protocols h1
 }}
}}
https://localhost:{self.port} {{
 bind 127.0.0.1
 tls {self.certificate} {self.key} {{
  {verify}
 }}
 respond "hello"
}}
"""


ALL = (Nginx, Haproxy, Apache, H2o, Lighttpd, Caddy)
DEMANDING = (Nginx, Haproxy, Apache, Lighttpd, Caddy)
