"""An app that a shell loop starts again whenever it ends, as people do it; the loop counts how often."""

import os
import signal
import subprocess
import tempfile

from . import process
from .app import node_environment, script_path
from .ports import free_port

# The app dies with its loop, and the loop with the test.
_LOOP = 'while :; do setpriv --pdeathsig KILL node "$0" >/dev/null; echo "$?" >>"$1"; done'


class Restarted:
    def __init__(self, name, script="app.js"):
        self.name = name
        self._script = script
        self._port = free_port()
        self.address = f"127.0.0.1:{self._port}"
        self._deaths = tempfile.NamedTemporaryFile(prefix="frontdoor-e2e-deaths-")
        self._loop = None

    def __enter__(self):
        environment = node_environment(NAME=self.name, HOST="127.0.0.1", PORT=str(self._port))
        self._loop = process.spawn(["bash", "-c", _LOOP, script_path(self._script), self._deaths.name],
                                   env=environment, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self._loop.kill()
        self._loop.wait()
        self._deaths.close()

    def deaths(self):
        """Exit statuses of the lives that have ended, oldest first."""
        with open(self._deaths.name, encoding="ascii") as file:
            return [int(line) for line in file.read().split()]

    def kill(self):
        """From outside, as the kernel does when memory runs out."""
        for pid in process.children(self._loop.pid):
            os.kill(pid, signal.SIGKILL)


def deaths(apps):
    return sum(len(app.deaths()) for app in apps)
