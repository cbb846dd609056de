"""One Node app (apps/app.js or another of them) as a process that can be killed, stopped and started again where it
was."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys

from . import process
from .ports import free_port

_APPS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "apps")


def script_path(script):
    return os.path.join(_APPS, script)


# An app that frontdoor starts itself, apps/instance.js or its like: for suites that ask nothing of its language the one that starts
# in a quarter of the time. Of the system's Python: another one may lie where only root enters.
_PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
PYTHON = [_PYTHON, "-I", "-S"]
INSTANCE = [*PYTHON, script_path("instance.py")]
INSTANCE_LINE = shlex.join(INSTANCE)


def node_environment(**more):
    # Where Debian's packages are; a Node from elsewhere does not look there by itself.
    return dict(os.environ, NODE_PATH="/usr/share/nodejs", **more)


class App:
    def __init__(self, name, host="127.0.0.1", path=None, port=None, script="app.js", environment=None):
        self.name = name
        self.environment = environment or {}  # see apps/app.js for what it heeds
        self.host = host
        self.path = path
        self.script = script
        self.port = port or (None if path else free_port(host))
        self.process = None

    @property
    def address(self):
        """As an upstream in the config."""
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def start(self):
        environment = node_environment(NAME=self.name, HOST=self.host, PORT=self.path or str(self.port),
                                       **self.environment)
        self.process = process.spawn(["node", script_path(self.script)], env=environment, stdout=subprocess.PIPE,
                                     text=True)
        line = self.process.stdout.readline().strip()
        if line != f"listening {self.address}":
            self.close()
            raise RuntimeError(f"app {self.name} said {line!r} and not that it listens on {self.address}")
        return self

    def kill(self):
        """As the kernel does when memory runs out."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Hangs: accepts connections (the kernel does) and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def restart(self):
        self.close()
        return self.start()

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None
        if self.path:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()


@contextlib.contextmanager
def apps(count, prefix="app", **options):
    """So many of them, called app1, app2, …"""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(App(f"{prefix}{number}", **options)) for number in range(1, count + 1)]
