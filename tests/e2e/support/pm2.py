"""pm2 as people use it, for comparisons: cluster mode, a daemon and a home of its own. scripts/install-deps pm2 puts it
where this looks for it."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile

from . import process
from .app import node_environment

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
_PM2 = os.path.join(_ROOT, "build", "pm2", "node_modules", ".bin", "pm2")


class Pm2:
    def __init__(self, script, instances, port, options=(), **environment):
        if not os.path.exists(_PM2):
            raise SystemExit("pm2 is not installed: scripts/install-deps pm2")
        self.address = f"127.0.0.1:{port}"
        self._home = tempfile.mkdtemp(prefix="frontdoor-pm2-")
        self._environment = node_environment(PM2_HOME=self._home, PM2_DISABLE_VERSION_CHECK="true", PORT=str(port),
                                             **environment)
        self._start = ["start", script, "--name", "app", "-i", str(instances), *options]
        self.daemon = None

    def run(self, *words, **environment):
        done = subprocess.run([_PM2, *words], env={**self._environment, **environment}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
        return done.returncode, done.stdout

    def workers(self):
        return process.children(self.daemon)

    def __enter__(self):
        try:
            status, said = self.run(*self._start)
            with contextlib.suppress(FileNotFoundError), open(os.path.join(self._home, "pm2.pid"), encoding="ascii") as file:
                self.daemon = int(file.read())
            if status or not self.daemon:
                raise RuntimeError(f"pm2 start ended with {status}:\n{said}")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Its daemon first, then whatever that left behind."""
        if self.daemon:
            left = self.workers()
            for pid in (self.daemon, *left):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.eventually(lambda: not any(os.path.exists(f"/proc/{pid}") and not _is_zombie(pid)
                                               for pid in (self.daemon, *left)), "the end of pm2")
        shutil.rmtree(self._home, ignore_errors=True)


def _is_zombie(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()[0] == "Z"
    return True
