#!/usr/bin/env python3
"""The program as a shell sees it: exit statuses, and what goes to which stream. Usage: program_test.py FRONTDOOR"""

import os
import pty
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
        self.assertEqual(done.stderr, 'frontdoor: unknown option "--conifg", did you mean "--config"?\n'
                                      "Try frontdoor help run for what there is.\n")
        self.assertEqual((run().returncode, run().stderr), (2, "frontdoor: say what to run, for instance: frontdoor "
                         "--config fd.toml\nTry frontdoor --help for what there is.\n"))
        self.assertEqual(run("run", "-i", "none", "--", "node", "server.js").returncode, 2)
        self.assertEqual(run("proxy", "--listen", ":99999", "--to", ":1").returncode, 2)

    def test_a_command_line_that_makes_no_config_is_explained_like_a_file(self):
        done = run("proxy", "--listen", ":0", "--to", ":3001", "--to", ":3001")
        self.assertEqual((done.returncode, done.stderr.splitlines()), (78, [
            '<command line>:5:32: "localhost:3001" is in this pool twice, first at <command line>:5:14; to send it more '
            "requests, give it a weight", "<command line>: 1 error, nothing was started"]))

    def test_check_counts_what_it_found(self):
        done = run("check", "--config", self.file(GOOD))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(done.stdout.endswith("ok, 1 listener, 1 route, 1 pool, 1 upstream\n"), done.stdout)
        both = run("check", "--config", self.file(GOOD + 'command = "true"\ninstances = 2\n')).stdout
        self.assertTrue(both.endswith("1 pool, 1 upstream, 2 instances\n"), both)
        only = run("check", "--config", self.file('listen = ":8080"\n[pool.app]\ncommand = "true"\n')).stdout
        self.assertTrue(only.endswith("1 pool, 1 instance\n"), only)

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

    def test_who_makes_three_mistakes_reads_three_lines_that_tell_what_to_do(self):
        file = self.file("""listen = ":8080"

[pool.app]
upstreams = ["127.0.0.1:3000", "127.0.0.1"]

[pool.app.health_check]
intervall = "2s"
timeout = 500
""")
        expected = f"""\
{file}:4:32: bad address "127.0.0.1": the port is missing, as in "127.0.0.1:80"
{file}:7:1: unknown key "intervall", did you mean "interval"?
{file}:8:11: timeout: a duration needs quotes and a unit: "500ms", "500s" or "500m"
{file}: 3 errors, nothing was started
"""
        for command in ["check"], ["run"], [], ["config", "show"]:
            done = run(*command, "--config", file)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (78, "", expected), command)

    def test_a_log_that_cannot_be_written_is_found_by_check_and_before_a_start(self):
        bad = GOOD + '[access_log]\noutput = "/no/such/directory/access.log"\n'
        expected = ('<stdin>:5:10: output: the access log cannot be written: the directory "/no/such/directory" does not '
                    "exist\n<stdin>: 1 error, nothing was started\n")
        for command in ["check"], ["run"], []:
            done = run(*command, "--config", "-", text=bad)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (78, "", expected), command)
        self.assertEqual(run("config", "show", "--config", "-", text=bad).returncode, 0)

    def test_a_passed_socket_is_no_matter_of_the_file_and_missed_by_run(self):
        config = GOOD.replace(":0", "fd:web")
        self.assertEqual(run("check", "--config", "-", text=config).returncode, 0)
        done = run("run", "--config", "-", text=config)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot listen on fd:web: no sockets were passed to this process (LISTEN_FDS); a .socket unit does that",
                      done.stderr)

    def test_to_end_with_a_child_there_must_be_one(self):
        done = run("run", "--exit-with-child", "--config", "-", text=GOOD)
        self.assertEqual((done.returncode, done.stderr),
                         (2, "frontdoor: --exit-with-child needs a command, in a [pool.NAME] or behind --\n"))
        done = run("run", "--exit-with-child=yes", "--config", "-", text=GOOD)
        self.assertEqual((done.returncode, done.stderr.splitlines()[0]), (2, "frontdoor: --exit-with-child takes no value"))

    def test_a_string_without_an_end_is_told_in_plain_words(self):
        done = run("check", "--config", "-", text=GOOD.replace(':0"', ":0"))
        self.assertEqual(done.stderr.splitlines()[0],
                         '<stdin>:1:10: the string that begins here has no closing " on its line')

    def test_check_prints_warnings_beside_errors_and_they_alone_are_no_failure(self):
        warned = GOOD + 'health_check = { fall = 1 }\n'
        warning = ("warning: [pool.app.health_check] fall = 1 takes the only upstream out after one failed check; "
                   "3 is the default")
        done = run("check", "--config", "-", text=warned)
        self.assertEqual((done.returncode, done.stderr), (0, f"<stdin>:2:7: {warning}\n"))
        done = run("check", "--config", "-", text="workers = 0\n" + warned)
        self.assertEqual((done.returncode, done.stderr.splitlines()),
                         (78, ["<stdin>:1:11: workers: 0 is too small, the least is 1", f"<stdin>:3:7: {warning}",
                               "<stdin>: 1 error, nothing was started"]))

    def test_check_warns_of_what_could_not_be_started_now(self):
        config = 'listen = ":0"\n[pool.app]\ncommand = "/no/such/app"\n[pool.job]\ncommand = "sh"\ndirectory = "/no/such"\n' \
                 '[[route]]\npath = "/job"\npool = "job"\n[[route]]\npool = "app"\n'
        done = run("check", "--config", "-", text=config)
        self.assertEqual((done.returncode, done.stderr.splitlines()),
                         (0, ['<stdin>:3:11: warning: command: "/no/such/app" does not exist',
                              '<stdin>:6:13: warning: directory: "/no/such" does not exist']))
        shown = run("config", "show", "--config", "-", text=config)
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))

    def test_colours_need_a_terminal_and_no_no_color(self):
        for environment, coloured in [({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]:
            terminal, ours = pty.openpty()
            done = subprocess.run([PROGRAM, "--help"], stdout=ours, timeout=20,
                                  env={**os.environ, "TERM": "xterm", **environment})
            os.close(ours)
            shown = os.read(terminal, 65536)
            os.close(terminal)
            self.assertEqual((done.returncode, b"\033[" in shown), (0, coloured), environment)

    def test_a_config_that_can_not_be_read_is_status_78(self):
        done = run("check", "--config", "/nowhere/fd.toml")
        self.assertEqual((done.returncode, done.stderr), (78, "/nowhere/fd.toml: No such file or directory\n"))
        self.assertEqual(run("--config", "/").stderr, "/: Is a directory\n")
        self.assertEqual(run("--config", "/proc/self/mem").stderr, "/proc/self/mem: Input/output error\n")
        self.assertEqual(run("--config", "/dev/zero").stderr, "/dev/zero: it is larger than 4 MiB\n")

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
