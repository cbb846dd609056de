#!/usr/bin/env python3
"""Every command of examples/node-article/README.md is run, in its order, and what stands below it must come: the same
lines, but for numbers, paths and request ids. Then the promise of that page under load."""

import os
import pty
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from support import FixedRate, binary, eventually, free_port, http_get, main
from support import process as processes
from support.app import node_environment
from support.metrics import Scrape

EXAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "node-article")
COMMANDS = ("node", "frontdoor", "curl", "wrk", "sed", "npm")


def steps():
    """(command or None, lines below it) of each console block; None: more of what the server wrote."""
    with open(os.path.join(EXAMPLE, "README.md"), encoding="utf-8") as file:
        blocks = re.findall(r"^```console\n(.*?)^```$", file.read(), re.DOTALL | re.MULTILINE)
    for block in blocks:
        command, said = None, []
        for line in block.splitlines():
            if line.startswith("$ "):
                if command or said:
                    yield command, said
                command, said = line[2:], []
            else:
                said.append(line)
        yield command, said


def shape(line):
    """What of a line is the same in each run."""
    failed = re.match(r"curl: \((\d+)\)", line)
    if failed:
        return "curl failed: " + "x" * int(failed.group(1))
    line = re.sub(r"\b[0-9a-f]{32}\b", "ID", line)
    line = re.sub(r"[KMG]B read", "B read", line)
    line = re.sub(r"[^\s\"=]*/(?=server\.js)", "", line)
    return re.sub(r"[\d,]*\d(\.\d+)?", "0", line).rstrip()


class Server:
    """What the page starts in its first shell, on a terminal, so that it writes what a person would read."""

    def __init__(self, command, directory):
        self.command = command
        self._out = b""
        self._ready = os.path.join(os.path.dirname(directory), "ready")  # not in what may be watched
        words = command.split()
        environment = node_environment(NO_COLOR="1", TERM="xterm")
        self.address = None
        if words[0] == "node":
            port = free_port()
            environment["PORT"] = str(port)
            self.address = f"127.0.0.1:{port}"
        else:
            at = 2 if words[1] == "run" else 1
            options = ["--ready-file", self._ready]
            if "--config" not in words:  # there the file says it
                options += ["--listen", "127.0.0.1:0"]
            words = [binary(), *words[1:at], *options, *words[at:]]
        ours, theirs = pty.openpty()
        self.process = processes.spawn(words, cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, args=(ours,), daemon=True)
        self._reader.start()
        if self.address:
            eventually(self._answers, f"an answer of {command}")
        else:
            eventually(self._is_ready, f"the ready file of {command}")

    def _read(self, fd):
        while True:
            try:
                block = os.read(fd, 65536)
            except OSError:  # the last one has closed it
                block = b""
            if not block:
                return os.close(fd)
            self._out += block

    def _answers(self):
        try:
            return http_get(self.address).status == 200
        except OSError:
            return False

    def _is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.command} ended with {self.process.returncode}:\n{self.output()}")
        if not os.path.exists(self._ready):
            return False
        with open(self._ready, encoding="utf-8") as file:
            text = file.read()
        self.address = text.split()[1] if text.endswith("\n") else None
        return self.address

    def output(self):
        return self._out.decode("utf-8", "replace").replace("\r\n", "\n")

    def expect(self, lines):
        """Each of these lines comes, in whatever order: there are several processes that write."""
        def missing():
            shapes = {shape(line) for line in self.output().splitlines()}
            return [line for line in lines if shape(line) not in shapes]

        try:
            eventually(lambda: not missing(), "the lines of the page")
        except AssertionError:
            raise AssertionError(f"{self.command}: not said: {missing()}\n--- but:\n{self.output()}") from None

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        self._reader.join(10)


class Article(unittest.TestCase):
    def setUp(self):
        self.directory = os.path.join(os.path.realpath(tempfile.mkdtemp(prefix="frontdoor-article-")), "node-article")
        shutil.copytree(EXAMPLE, self.directory)
        self.addCleanup(shutil.rmtree, os.path.dirname(self.directory))
        config = os.path.join(self.directory, "fd.toml")
        with open(config, encoding="utf-8") as file:
            text = file.read()
        with open(config, "w", encoding="utf-8") as file:
            file.write(text.replace(":8080", ":0"))
        self.server = None

    def start(self, command):
        self.stop()
        self.server = Server(command, self.directory)
        self.addCleanup(lambda: processes.end(self.server.process, patience=30))

    def stop(self):
        if self.server:
            self.server.stop()

    def spawn(self, command):
        command = re.sub(r"(127\.0\.0\.1|localhost):\d+", self.server.address, command)
        command = re.sub(r"^frontdoor ", f"'{binary()}' ", command)
        command = re.sub(r"^curl ", "curl -sS ", command)  # no meter, which a terminal would not get either
        return processes.spawn(["sh", "-c", command], cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)

    def check(self, command, running, said):
        output, _ = running.communicate(timeout=60)
        self.assertEqual([shape(line) for line in output.splitlines()], [shape(line) for line in said], f"{command}:\n{output}")

    def test_each_command_of_the_page_does_what_the_page_says(self):
        beside = None  # a load that runs while the next block does
        for command, said in steps():
            if command is None:
                self.server.expect(said)
                continue
            self.assertIn(command.split()[0], COMMANDS)
            if re.match(r"node |frontdoor (run |--config)", command):
                self.start(command)
                self.server.expect(said)
            elif command.startswith("wrk "):
                beside = (command, self.spawn(command), said)
                time.sleep(0.5)  # nothing waits for this: the load shall be there before what comes beside it
            else:
                self.check(command, self.spawn(command), said)
                if beside and "/read" in command:
                    self.check(*beside)
                    beside = None
        self.assertIsNone(beside)
        self.stop()

    def test_behind_frontdoor_nobody_else_notices(self):
        self.start("frontdoor run -i 2 -- node server.js")
        with FixedRate(self.server.address, rate=200, seconds=60) as load:
            for _ in range(3):
                self.assertEqual(http_get(self.server.address, "/read").status, 502)
                eventually(self.all_are_back, "those that it ended")
            seen = load.finish()
        self.assertGreaterEqual(self.server.output().count("instance ended"), 3)
        # Exactly those fail that were refused as suspects, and besides the three that kill there is none: unless the machine is so
        # busy that no GET at all is answered between two deaths, since then one that was on both can not be told from the killer
        # (ADR 0007). That is no matter of the number of requests, so the counts must meet and not a share.
        (admin,) = re.findall(r"admin address  url=http://([\d.:]+)", self.server.output())
        counts = Scrape(http_get(admin, "/metrics", host="127.0.0.1").text)
        refused = counts["frontdoor_responses_own_total", "outcome=query_of_death"]
        self.assertEqual(seen["failed"], refused - 3, seen["failures"])
        self.assertEqual(counts.nonzero("frontdoor_responses_own_total", "outcome"), {"query_of_death": refused})
        self.assertEqual([f for f in seen["failures"] if f["reason"] != "Failed: status 502"], [])
        self.assertIn("ENOENT: no such file or directory", self.server.output())
        self.stop()

    def all_are_back(self):
        said = self.server.output()
        ended = said.count("instance ended") - said.count("instance ended with requests on it")
        return said.count("instance up") == 2 + ended

    def test_directly_on_node_the_site_is_gone_for_everyone(self):
        self.start("node server.js")
        with self.assertRaises((OSError, EOFError)):
            http_get(self.server.address, "/read")
        self.assertEqual(self.server.process.wait(20), 1)
        with self.assertRaises(OSError):
            http_get(self.server.address)


if __name__ == "__main__":
    main()
