#!/usr/bin/env python3
"""The commands of the README and of docs/first-app.md, run as they stand there: in a network namespace of their own, where the
ports that they name are free."""

import os
import re
import signal
import subprocess
import tempfile
import unittest

from support import binary, eventually, main
from support import process as processes
from support.app import node_environment
from support.network import NetworkNamespace, network_namespaces_are_allowed

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
APP = os.path.join(ROOT, "examples", "node-article", "server.js")

def blocks(page, language):
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        return re.findall(rf"^(?://[^\n]*\n)?```{language}\n(.*?)^```$", file.read(), re.S | re.M)


def commands(page):
    """Of its blocks for a shell, without comments."""
    return [line.split(" #")[0].strip() for block in blocks(page, "sh") for line in block.splitlines() if line.strip()]


@unittest.skipUnless(network_namespaces_are_allowed(), "this user may not make network namespaces")
class Walk(unittest.TestCase):
    """A shell in a directory of its own, in which `frontdoor` is the program under test."""

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="frontdoor-readme-")
        self.addCleanup(self.directory.cleanup)
        bin_directory = os.path.join(self.directory.name, "bin")
        os.mkdir(bin_directory)
        os.symlink(os.path.abspath(binary()), os.path.join(bin_directory, "frontdoor"))
        self.environment = node_environment(PATH=bin_directory + ":" + os.environ["PATH"], HOME=self.directory.name,
                                            XDG_RUNTIME_DIR=self.directory.name, RUNTIME_DIRECTORY=self.directory.name)
        namespace = NetworkNamespace()
        self.addCleanup(namespace.close)
        # Nor does it find a frontdoor of another test in the machine's usual place.
        self.inside = [*namespace.inside, "unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /run && exec "$@"', "sh"]

    def start(self, command, **variables):
        running = processes.spawn([*self.inside, "sh", "-c", "exec " + command], cwd=self.directory.name,
                                  env={**self.environment, **variables}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
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

    def put(self, name, text):
        with open(os.path.join(self.directory.name, name), "w", encoding="utf-8") as file:
            file.write(text)

    def put_app(self):
        with open(APP, encoding="utf-8") as file:
            self.put("server.js", file.read())

    def both_up(self):
        eventually(lambda: "2 of 2 up" in self.run_it("frontdoor status").stdout, "two instances")

    def test_readme_your_app(self):
        said = commands("README.md")
        self.put_app()
        for start in "frontdoor run -i 2 -- node server.js", "frontdoor run .":
            self.assertIn(start, said)
        with self.subTest("frontdoor run ."):
            running = self.start("frontdoor run .")
            self.wait_until_answered()
            running.send_signal(signal.SIGINT)
            running.wait(30)
        running = self.start("frontdoor run -i 2 -- node server.js")
        self.both_up()
        for command in "frontdoor status", "frontdoor restart app":
            self.assertIn(command, said)
            self.succeeds(command)
        self.assertIn("frontdoor logs -f", said)
        eventually(lambda: "listening on" in self.run_it("timeout 2 frontdoor logs -f").stdout, "its lines")
        self.assertIn("frontdoor shutdown", said)
        self.succeeds("frontdoor shutdown")
        running.wait(30)

    def test_readme_apps_that_run_already(self):
        said = commands("README.md")
        (config,) = blocks("README.md", "toml")
        self.put("fd.toml", config)
        self.put_app()
        for port in re.findall(r"localhost:(\d+)", config):
            self.start("node server.js", PORT=port)
        for command in "frontdoor check --config fd.toml", "frontdoor version":
            self.assertIn(command, said)
            self.succeeds(command)
        self.assertIn("frontdoor --config fd.toml", said)
        self.start("frontdoor --config fd.toml")
        self.wait_until_answered()
        seen = set()
        eventually(lambda: seen.add(self.succeeds("curl -fsS http://127.0.0.1:8080/")) or len(seen) == 3, "all three")

    def test_the_first_app(self):
        page = "docs/first-app.md"
        (app,) = blocks(page, "js")
        (config,) = blocks(page, "toml")
        start, restart, check, serve, _ = commands(page)
        self.put("server.js", app)
        running = self.start(start)
        self.both_up()
        self.wait_until_answered()
        crash = self.run_it("curl -sS http://127.0.0.1:8080/crash").stdout
        self.assertRegex(crash, r"^502 Bad Gateway \(query_of_death, request \w+\)")
        self.wait_until_answered()
        eventually(lambda: self.run_it("frontdoor status").stdout.count("SIGABRT") >= 2, "that both have ended by it")
        self.both_up()
        self.succeeds(restart)
        # A new copy that does not come up changes nothing.
        self.put("server.js", "syntax error" + app)
        failed = self.run_it(restart)
        self.assertEqual(failed.returncode, 1)
        self.assertIn("SyntaxError", failed.stdout + failed.stderr)
        self.wait_until_answered()
        self.put("server.js", app)
        running.send_signal(signal.SIGINT)
        self.assertEqual(running.wait(30), 0)
        self.put("fd.toml", config)
        self.succeeds(check)
        self.start(serve)
        self.wait_until_answered()


if __name__ == "__main__":
    main()
