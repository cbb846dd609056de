"""The binary under test with a config of its own, on ports the kernel chose; its two logs are lists of dicts."""

import functools
import json
import os
import shutil
import signal
import subprocess
import tempfile

from . import process
from .client import http_get
from .main import binary
from .process import eventually


@functools.cache
def sanitized(path=None):
    """Whether the binary carries a sanitizer: memory and time mean something else then."""
    with open(path or binary(), "rb") as file:
        head = file.read()
    return b"libasan.so" in head or b"libtsan.so" in head or b"__asan_init" in head or b"__tsan_init" in head


_CHECK = '{ path = "/healthz", interval = "500ms", interval_down = "200ms", timeout = "500ms" }'


def pool(name="app", upstreams=(), health=_CHECK, more=""):
    """A [pool.*] table. Upstreams are apps or addresses; health "" = none."""
    addresses = [getattr(upstream, "address", upstream) for upstream in upstreams]
    check = f"health_check = {health}\n" if health else ""
    return f"[pool.{name}]\nupstreams = {json.dumps(addresses)}\n{check}{more}\n"


class Frontdoor:
    """with Frontdoor(pool("app", apps)) as door: door.address, door.events(), door.access(), …

    `config` is what follows the listener; `listeners` replaces the default one.
    """

    def __init__(self, config, listeners='listen = "127.0.0.1:0"\n', options=(), workers=2, open_files=None, prefix=(),
                 pass_fds=()):
        self.directory = tempfile.mkdtemp(prefix="frontdoor-e2e-")
        self.config_file = os.path.join(self.directory, "fd.toml")
        self.ready_file = os.path.join(self.directory, "ready")
        self.stdout_file = os.path.join(self.directory, "stdout")
        self.stderr_file = os.path.join(self.directory, "stderr")
        self.admin_socket = os.path.join(self.directory, "admin.sock")
        self.state_file = os.path.join(self.directory, "state.json")
        self.options = options
        # As `ulimit -n`: soft and hard, or it would raise the one to the other.
        self.prefix = [*prefix, *(["prlimit", f"--nofile={open_files}:{open_files}"] if open_files else [])]
        self.pass_fds = pass_fds
        self.head = f"workers = {workers}\n{listeners}"
        self.addresses = {}
        self.process = None
        self.expected_status = 0  # None = any
        self.write_config(config)

    # The [log] table makes events parse; a test that brings its own is left alone.
    def write_config(self, config):
        log = "" if "[log]" in config else '[log]\nformat = "json"\nlevel = "debug"\n'
        # Not where those of this machine's user are: tests run side by side.
        log += "" if "[admin]" in config else f'[admin]\nsocket = {json.dumps(self.admin_socket)}\nstate_file = {json.dumps(self.state_file)}\naddress = "127.0.0.1:0"\n'
        with open(self.config_file + ".new", "w", encoding="utf-8") as file:
            file.write(self.head + config + log)
        os.replace(self.config_file + ".new", self.config_file)

    def spawn(self, stdout=None, stdin=subprocess.DEVNULL, config=None):
        """Starts it without waiting for anything. stdout: another place than the file that access() reads."""
        with open(self.stdout_file, "wb") as out, open(self.stderr_file, "wb") as err:
            self.process = process.spawn(
                [*self.prefix, binary(), "--config", config or self.config_file, "--ready-file", self.ready_file, *self.options],
                stdin=stdin, stdout=out if stdout is None else stdout, stderr=err, pass_fds=self.pass_fds)
        return self

    def wait_until_ready(self):
        eventually(self._is_ready, "the ready file")
        return self

    def start(self):
        return self.spawn().wait_until_ready()

    def _is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"frontdoor ended with {self.process.returncode}:\n{self.stderr()}")
        try:
            with open(self.ready_file, encoding="utf-8") as file:
                text = file.read()
        except FileNotFoundError:
            return False
        self.addresses = dict(line.split(" ", 1) for line in text.splitlines())
        return text.endswith("\n")

    @property
    def pid(self):
        return self.process.pid

    @property
    def address(self):
        """Of the only listener."""
        (address,) = self.addresses.values()
        return address

    def wait_until_serving(self, apps, target="/"):
        """Until each of these apps has answered: the first probes have passed."""
        missing = {app.name for app in apps}

        def all_seen():
            response = http_get(self.address, target)
            missing.discard(response.header("X-App"))
            return not missing

        eventually(all_seen, f"answers from {sorted(missing)}", pause=0.002)
        return self

    def reload(self, config):
        """Writes the config, sends SIGHUP and returns the events it caused, once one of them says how it went."""
        before = len(self.events())
        self.write_config(config)
        self.process.send_signal(signal.SIGHUP)
        return eventually(lambda: [e for e in self.events()[before:] if "reload" in json.dumps(e).lower()],
                          "an event about the reload")

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout=30.0):
        return self.process.wait(timeout)

    def stderr(self):
        with open(self.stderr_file, encoding="utf-8", errors="replace") as file:
            return file.read()

    def events(self):
        """Complete lines of the event log. A line that is no JSON object is an event of its own: {"text": line}."""
        return list(_parse_lines(self.stderr_file))

    def access(self):
        return list(_parse_lines(self.stdout_file))

    @property
    def admin_address(self):
        """Where /metrics is, on the port that the kernel chose."""
        event = [e for e in self.events() if e.get("event") == "admin address"][-1]
        return event["url"].removeprefix("http://")

    def rss_kib(self):
        return process.rss_kib(self.pid)

    def fds(self):
        return process.open_fds(self.pid)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind, *_):
        if kind:
            ended = self.process.poll()
            state = "is alive" if ended is None else f"had ended with {ended}"
            print(f"--- frontdoor {state}; its event log:\n{self.stderr()[-6000:]}---", flush=True)
        status = self.close()
        # A sanitizer's report, an assertion or a crash while ending is a failure of whatever test it was.
        if kind is None and self.expected_status not in (None, status):
            raise AssertionError(f"frontdoor ended with {status}:\n{self.last_stderr[-6000:]}")

    def close(self):
        status = process.end(self.process, patience=30) if self.process else None
        self.last_stderr = self.stderr() if self.process else ""
        shutil.rmtree(self.directory, ignore_errors=True)
        return status


def _parse_lines(path):
    with open(path, "rb") as file:
        content = file.read()
    for line in content[:content.rfind(b"\n") + 1].splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            value = {"text": line.decode("utf-8", "replace")}
        yield value if isinstance(value, dict) else {"text": line.decode("utf-8", "replace")}
