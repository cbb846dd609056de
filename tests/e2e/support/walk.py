"""A shell as a reader of the documentation has one: in a directory of its own, in which `frontdoor` is the program under test, and in a
network namespace, where the ports that are named are free."""

import os
import re
import subprocess
import tempfile
import unittest

from . import process as processes
from .app import node_environment
from .main import binary
from .network import NetworkNamespace, network_namespaces_are_allowed
from .process import eventually

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))


def blocks(page, language):
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        return re.findall(rf"^(?://[^\n]*\n)?```{language}\n(.*?)^```$", file.read(), re.S | re.M)


def commands(page):
    """Of its blocks for a shell, without comments."""
    return [line.split(" #")[0].strip() for block in blocks(page, "sh") for line in block.splitlines() if line.strip()]


@unittest.skipUnless(network_namespaces_are_allowed(), "this user may not make network namespaces")
class Walk(unittest.TestCase):
    hosts = ""  # lines of /etc/hosts there, beside localhost

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="frontdoor-walk-")
        self.addCleanup(self.directory.cleanup)
        bin_directory = os.path.join(self.directory.name, "bin")
        os.mkdir(bin_directory)
        os.symlink(os.path.abspath(binary()), os.path.join(bin_directory, "frontdoor"))
        self.put("hosts", "127.0.0.1 localhost\n" + self.hosts)
        self.environment = node_environment(PATH=bin_directory + ":" + os.environ["PATH"], HOME=self.directory.name,
                                            XDG_RUNTIME_DIR=self.directory.name, RUNTIME_DIRECTORY=self.directory.name)
        namespace = NetworkNamespace()
        self.addCleanup(namespace.close)
        # Nor does it find a frontdoor of another test in the machine's usual place.
        self.inside = [*namespace.inside, "unshare", "--mount", "sh", "-c",
                       'mount -t tmpfs none /run && mount --bind "$0" /etc/hosts && exec "$@"', os.path.join(self.directory.name, "hosts")]

    def start(self, command, log=None, **variables):
        """In the background. log: a file in the directory for what it writes."""
        out = subprocess.DEVNULL
        if log:
            out = open(os.path.join(self.directory.name, log), "wb")
            self.addCleanup(out.close)
        running = processes.spawn([*self.inside, "sh", "-c", "exec " + command], cwd=self.directory.name,
                                  env={**self.environment, **variables}, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.addCleanup(processes.end, running, 30)
        return running

    def run_it(self, command, timeout=60):
        return subprocess.run([*self.inside, "sh", "-c", command], cwd=self.directory.name, env=self.environment, timeout=timeout,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def succeeds(self, command):
        done = self.run_it(command)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    def wait_until_answered(self, port=8080):
        eventually(lambda: self.run_it(f"curl -fsS http://127.0.0.1:{port}/").returncode == 0, f"an answer on port {port}")

    def put(self, name, text, mode=0o644):
        path = os.path.join(self.directory.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
