#!/usr/bin/env python3
"""The program as a shell sees it: exit statuses, and what goes to which stream. Usage: program_test.py FRONTDOOR"""

import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
GOOD = 'listen = ":0"\n[pool.app]\nupstreams = ["localhost:3000"]\n'


def run(*words, text="", environment=None):
    return subprocess.run([PROGRAM, *words], input=text, capture_output=True, text=True, timeout=20,
                          env={**os.environ, **(environment or {})})


class Program(unittest.TestCase):
    def file(self, text):
        file = tempfile.NamedTemporaryFile("w", suffix=".toml")
        self.addCleanup(file.close)
        file.write(text)
        file.flush()
        return file.name

    def test_help_goes_to_standard_output(self):
        for words in (["--help"], ["help"], ["proxy", "--help"], ["help", "config", "show"]):
            done = run(*words)
            self.assertEqual((done.returncode, done.stderr), (0, ""), words)
            self.assertIn("Usage:", done.stdout)

    def test_nothing_is_coloured_for_a_pipe(self):
        self.assertNotIn("\033", run("--help").stdout)

    def test_version_names_what_it_was_built_from(self):
        self.assertRegex(run("version").stdout, r"(?s)frontdoor \d+\.\d+.*commit .*g\+\+ .*Boost 1\.")

    def test_a_wrong_command_line_is_status_2_and_names_what_was_meant(self):
        done = run("--conifg", "fd.toml")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn('did you mean "--config"?', done.stderr)
        self.assertEqual(run().returncode, 2)
        self.assertEqual(run("run", "--", "node", "server.js").returncode, 2)
        self.assertEqual(run("proxy", "--listen", ":99999", "--to", ":1").returncode, 2)

    def test_check_counts_what_it_found(self):
        done = run("check", "--config", self.file(GOOD))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("ok, 1 listener, 1 route, 1 pool, 1 upstream", done.stdout)

    def test_check_reads_standard_input(self):
        self.assertEqual(run("check", "--config", "-", text=GOOD).stdout.split(":")[0], "<stdin>")

    def test_every_error_of_a_config_is_told_at_once_with_status_78(self):
        bad = GOOD.replace("upstreams", "upstraems") + '\n[timeouts]\nconnect = "1 parsec"\n'
        for command in (["check"], ["run"], [], ["config", "show"]):
            done = run(*command, "--config", self.file(bad))
            self.assertEqual((done.returncode, done.stdout), (78, ""), command)
            self.assertRegex(done.stderr, r":3:\d+: .*upstraems.*did you mean \"upstreams\"")
            self.assertRegex(done.stderr, r":6:\d+: ")
            self.assertIn("nothing was started", done.stderr)

    def test_a_config_that_can_not_be_read_is_status_78(self):
        done = run("check", "--config", "/nowhere/fd.toml")
        self.assertEqual((done.returncode, done.stderr), (78, "/nowhere/fd.toml: No such file or directory\n"))
        self.assertEqual(run("--config", "/").returncode, 78)

    def test_config_show_fills_in_the_defaults(self):
        done = run("config", "show", "--config", "-", text=GOOD)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn('client_header = "10s"', done.stdout)

    def test_output_that_can_not_be_written_is_a_failure(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "version"], stdout=full, timeout=20)
        self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    unittest.main()
