"""The origin and the three proxies: a template of bench/conf/ filled in, a process, and a wait until it answers."""

import http.client
import os
import shutil
import ssl
import subprocess
import tempfile

from . import processes
from .processes import LOAD_CORE, PROXY_CORE

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROXIES = ("frontdoor", "nginx", "haproxy")
FILES = {"64k": 64 * 1024, "1m": 1024 * 1024}


def frontdoor_binary():
    return os.environ.get("FRONTDOOR") or os.path.join(ROOT, "build", "release", "cli", "frontdoor")


def check_programs(*names):
    """What is missing is said before anything is started."""
    if not os.access(frontdoor_binary(), os.X_OK):
        raise SystemExit(f"no program at {frontdoor_binary()}: scripts/build first, or set FRONTDOOR")
    missing = [name for name in names if not shutil.which(name)]
    if missing:
        raise SystemExit(f"not installed: {', '.join(missing)}. scripts/install-deps bench installs them")


# How each is told to speak HTTP/2 to its upstream, by prior knowledge.
_H2C = {"frontdoor.toml": 'protocol = "h2c"', "haproxy.cfg": " proto h2"}


# How each proxy's listener is told of TLS: in its line, and behind it. All three offer what their OpenSSL does, and HTTP/2
# to those who ask for it.
_TLS = {
    "frontdoor.toml": ('tls = { cert = "@DIRECTORY@/cert.pem", key = "@DIRECTORY@/key.pem" }', ""),
    "nginx.conf": (" ssl http2", "ssl_certificate @DIRECTORY@/cert.pem; ssl_certificate_key @DIRECTORY@/key.pem; "
                           "ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets on;"),
    "haproxy.cfg": (" ssl crt @DIRECTORY@/both.pem alpn h2,http/1.1", ""),
}


# How each is told to write an access log, and how not to. nginx's "on" is its default: a write for each line.
ACCESS_LOGS = {
    "frontdoor.toml": {"off": 'output = "off"', "on": 'output = "@DIRECTORY@/access.log"'},
    "nginx.conf": {"off": "access_log off;", "on": "access_log @DIRECTORY@/access.log combined;",
                   "buffered": "access_log @DIRECTORY@/access.log combined buffer=64k flush=1s;"},
}


def trusting_context():
    """Of clients: nobody's certificate is looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _make_certificate(directory):
    cert, key = os.path.join(directory, "cert.pem"), os.path.join(directory, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                    "-out", cert, "-days", "30", "-subj", "/CN=bench.test", "-addext", "subjectAltName=DNS:bench.test,IP:127.0.0.1"],
                   check=True, capture_output=True)
    with open(os.path.join(directory, "both.pem"), "w", encoding="utf-8") as both:
        for path in (cert, key):
            with open(path, encoding="utf-8") as file:
                both.write(file.read())


class _DidNotStart(Exception):
    pass


class Server:
    """A process with a directory of its own, listening on 127.0.0.1:port."""

    def __init__(self, template, command, core, prefix=(), upstream="", patience=20.0, tls=False, log="off", h2c=False):
        self.directory = tempfile.mkdtemp(prefix="frontdoor-bench-")
        os.chmod(self.directory, 0o755)
        self.port = processes.free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.tls = tls
        self.h2c_address = f"127.0.0.1:{processes.free_port()}"  # an origin's
        self._upstream_speaks = _H2C.get(template, "") if h2c else ""
        self.url = f"{'https' if tls else 'http'}://{self.address}"
        if tls:
            _make_certificate(self.directory)
        self.socket = os.path.join(self.directory, "origin.sock")
        config = os.path.join(self.directory, template)
        self._fill_in(template, config, upstream, log)
        self._stderr = open(os.path.join(self.directory, "stderr"), "w+", encoding="utf-8", errors="replace")
        self.process = processes.spawn(
            processes.on_core(core, [*prefix, *(word.replace("@CONFIG@", config) for word in command)]),
            cwd=self.directory, stdout=self._stderr, stderr=self._stderr)
        try:
            processes.eventually(self._answers, f"answer from {command[0]}", patience)
        except BaseException as problem:
            self._stderr.seek(0)
            said = self._stderr.read()[-4000:]
            self.close()
            if isinstance(problem, _DidNotStart):
                raise SystemExit(f"{command[0]} {problem}:\n{said}") from None
            raise
        self.pids = processes.family(self.process.pid)

    def _fill_in(self, template, config, upstream, log):
        with open(os.path.join(ROOT, "bench", "conf", template), encoding="utf-8") as file:
            text = file.read()
        # nginx started by root would give its worker to somebody who may not read a private directory.
        values = {"LISTEN": self.address, "H2C": self.h2c_address, "UPSTREAM": upstream, "PROTOCOL": self._upstream_speaks,
                  "DIRECTORY": self.directory, "SOCKET": self.socket,
                  "USER": "user root;" if os.geteuid() == 0 else ""}
        values["TLS"], values["TLS_FILES"] = _TLS[template] if self.tls else ("", "")
        values["ACCESS_LOG"] = ACCESS_LOGS[template][log] if template in ACCESS_LOGS else ""
        for name, value in (*values.items(), ("DIRECTORY", self.directory)):  # again: in what was filled in
            text = text.replace(f"@{name}@", value)
        with open(config, "w", encoding="utf-8") as file:
            file.write(text)

    def _answers(self):
        if self.process.poll() is not None:
            raise _DidNotStart(f"ended with {self.process.returncode} before it served")
        try:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=trusting_context()) \
                if self.tls else http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            connection.request("GET", "/small", headers={"Connection": "close"})
            status = connection.getresponse().status
            connection.close()
            return status == 200
        except OSError:
            return False

    def close(self):
        processes.end(self.process)
        self._stderr.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Origin(Server):
    def __init__(self):
        super().__init__("origin.conf", ["nginx", "-c", "@CONFIG@"], LOAD_CORE)
        os.mkdir(os.path.join(self.directory, "files"))
        for name, size in FILES.items():
            with open(os.path.join(self.directory, "files", name), "wb") as file:
                file.write(b"0123456789abcdef" * (size // 16))


def start_peer_for_failover(name, apps):
    """nginx or HAProxy before several apps, for when these fail. On any core, as everything else then."""
    between, template, command = {
        "nginx": ("; server ", "nginx-failover.conf", ["nginx", "-c", "@CONFIG@"]),
        "haproxy": ("\n    server app", "haproxy-failover.cfg", ["haproxy", "-db", "-f", "@CONFIG@"]),
    }[name]
    # HAProxy wants a name for each server as well.
    addresses = [f"{number} {app.address}" if name == "haproxy" else app.address for number, app in enumerate(apps, 1)]
    return Server(template, command, None, upstream=between.join(addresses))


def start_proxy(name, origin, unix=False, prefix=(), patience=20.0, tls=False, log="off", h2c=False):
    """prefix: a tool that runs the program, such as valgrind. tls: what its clients speak. h2c: what is spoken to the origin.
    log: see ACCESS_LOGS."""
    unix_prefix = {"frontdoor": "unix:", "nginx": "unix:", "haproxy": "unix@"}[name]
    upstream = unix_prefix + origin.socket if unix else origin.h2c_address if h2c else origin.address
    template, command = {
        "frontdoor": ("frontdoor.toml", [frontdoor_binary(), "--config", "@CONFIG@"]),
        "nginx": ("nginx.conf", ["nginx", "-c", "@CONFIG@"]),
        "haproxy": ("haproxy.cfg", ["haproxy", "-db", "-f", "@CONFIG@"]),
    }[name]
    return Server(template, command, PROXY_CORE, prefix, upstream, patience, tls, log, h2c)
