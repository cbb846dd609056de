#!/usr/bin/env python3
"""The commands of the README and of docs/first-app.md, run as they stand there: in a network namespace of their own, where the
ports that they name are free."""

import os
import re
import signal

from support import eventually, main
from support.walk import ROOT, Walk, blocks, commands

APP = os.path.join(ROOT, "examples", "node-article", "server.js")
# Commands of the README that need root, a Debian of their own or half an hour, and which acceptance test runs them there.
ELSEWHERE = {
    "./scripts/demo": ("fresh-machine", "./scripts/demo"),
    "./scripts/test": ("fresh-machine", "./scripts/test"),
    "./scripts/package": ("package", "scripts/package"),
    "sudo apt install ./build/package/frontdoor_*.deb": ("package", "apt-get install -qq -y --no-install-recommends ./frontdoor_*.deb"),
    "scripts/acceptance chaos-minute": ("chaos-minute", ""),
}


class Readme(Walk):
    def put_app(self):
        with open(APP, encoding="utf-8") as file:
            self.put("server.js", file.read())

    def both_up(self):
        eventually(lambda: "2 of 2 up" in self.run_it("frontdoor status").stdout, "two instances")

    def test_no_command_of_the_readme_is_left_out(self):
        run_below = {"frontdoor run -i 2 -- node server.js", "frontdoor run .", "frontdoor status", "frontdoor logs -f",
                     "frontdoor restart app", "frontdoor shutdown", "frontdoor check --config fd.toml", "frontdoor --config fd.toml",
                     "frontdoor version"}
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
            inline = re.findall(r"`((?:\./|sudo |scripts/|frontdoor |docker )[^`]+)`", file.read())
        self.assertEqual({*commands("README.md"), *inline}, run_below | set(ELSEWHERE))
        for command, (test, words) in ELSEWHERE.items():
            with open(os.path.join(ROOT, "tests", "acceptance", test), encoding="utf-8") as file:
                self.assertIn(words, file.read(), command)

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
