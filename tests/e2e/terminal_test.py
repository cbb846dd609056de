#!/usr/bin/env python3
"""frontdoor on a terminal: a real pty, of which the program is the foreground group, as a shell starts it."""

import errno
import fcntl
import json
import os
import pty
import signal
import subprocess
import tempfile
import termios
import unittest

from support import binary, curl, eventually, get, main
from support import process as processes
from support.app import node_environment, script_path
from support.process import alive

APP = script_path("instance.js")

# Reads standard input, sets raw mode where it can, and opens the terminal itself; then serves as any app.
EAGER = """
import http.server, os, sys, termios, tty
said = [repr(sys.stdin.read())]
for what in (lambda: tty.setraw(0), lambda: open("/dev/tty")):
    try:
        what(); said.append("done")
    except (OSError, termios.error) as error:
        said.append(type(error).__name__)
print("eager", *said, flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


class Terminal:
    """with Terminal("run", …) as it: a program that has a terminal of its own to control it."""

    def __init__(self, *words, command=None, prefix=(), stop_background_output=False):
        self.directory = tempfile.TemporaryDirectory(prefix="frontdoor-terminal-")
        self.ready_file = os.path.join(self.directory.name, "ready")
        self.words = [*prefix, binary(), *words, "--ready-file", self.ready_file]
        if command:
            self.words += ["--", *command]
        self.keyboard, self.screen = pty.openpty()
        if stop_background_output:
            mode = termios.tcgetattr(self.screen)
            mode[3] |= termios.TOSTOP
            termios.tcsetattr(self.screen, termios.TCSANOW, mode)
        self.mode = termios.tcgetattr(self.screen)
        self.shown = b""

    def __enter__(self):
        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self.process = subprocess.Popen(self.words, stdin=self.screen, stdout=self.screen, stderr=self.screen,
                                        preexec_fn=own_terminal, cwd=self.directory.name, env=node_environment(TERM="xterm", NO_COLOR="1"))
        os.set_blocking(self.keyboard, False)
        eventually(self._is_ready, "the ready file")
        with open(self.ready_file, encoding="utf-8") as file:
            self.address = file.read().split()[1]
        return self

    def _is_ready(self):
        self.read()
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}: {self.shown.decode(errors='replace')}")
        return os.path.exists(self.ready_file)

    def read(self):
        """All that the screen has shown so far."""
        while self.keyboard >= 0:
            try:
                self.shown += os.read(self.keyboard, 65536)
            except OSError as error:
                if error.errno in (errno.EAGAIN, errno.EIO):
                    break
                raise
        return self.shown.decode(errors="replace").replace("\r\n", "\n")

    def type(self, text):
        os.write(self.keyboard, text)

    def close_window(self):
        """The terminal is gone: nobody holds the other end any more."""
        os.close(self.screen)
        os.close(self.keyboard)
        self.screen = self.keyboard = -1

    def wait(self):
        eventually(lambda: self.read() is not None and self.process.poll() is not None, "its end")
        return self.process.returncode

    def tree(self):
        found, todo = [], [self.process.pid]
        while todo:
            children = processes.children(todo.pop())
            found += children
            todo += children
        return found

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                eventually(lambda: self.read() is not None and self.process.poll() is not None, "its end")
            finally:
                processes.end(self.process)
        for fd in self.keyboard, self.screen:
            if fd >= 0:
                os.close(fd)
        self.directory.cleanup()


class OnATerminal(unittest.TestCase):
    def test_ctrl_c_reaches_the_app_once_and_ends_all(self):
        with Terminal("run", "-i", "2", "--listen", "127.0.0.1:0", command=["node", APP]) as terminal:
            eventually(lambda: terminal.read().count("instance up") == 2, "both instances")
            tree = terminal.tree()
            self.assertEqual(len(tree), 3)
            terminal.type(b"\x03")
            self.assertEqual(terminal.wait(), 0)
            for name in "app.1", "app.2":
                self.assertEqual(terminal.read().count(f"{name} | SIGTERM number"), 1, terminal.read())
                self.assertIn(f"{name} | last words", terminal.read())
            self.assertNotIn("SIGINT", terminal.read().replace("signal=SIGINT", ""), "that one is for frontdoor alone")
            self.assertFalse([pid for pid in tree if alive(pid)])

    def test_a_second_ctrl_c_does_not_wait(self):
        with Terminal("run", "--listen", "127.0.0.1:0", command=["node", APP]) as terminal:
            eventually(lambda: "instance up" in terminal.read(), "the instance")
            hanging = subprocess.Popen(["curl", "-s", f"http://{terminal.address}/slow?ms=60000"], stdout=subprocess.DEVNULL)
            tree = terminal.tree()
            terminal.type(b"\x03")
            eventually(lambda: "draining" in terminal.read(), "the drain")
            terminal.type(b"\x03")
            self.assertEqual(terminal.wait(), 0)
            self.assertFalse([pid for pid in tree if alive(pid)])
            hanging.kill()
            hanging.wait()

    def test_an_app_that_wants_the_terminal_is_neither_stopped_nor_given_it(self):
        with Terminal("run", "--listen", "127.0.0.1:0", command=["python3", "-c", EAGER]) as terminal:
            eventually(lambda: "eager" in terminal.read(), "what the app found")
            self.assertIn("eager '' error OSError", terminal.read())
            self.assertEqual(curl(terminal.address, "/").status, 200)
            self.assertEqual(termios.tcgetattr(terminal.screen), terminal.mode)
            terminal.type(b"\x03")
            terminal.wait()
            self.assertEqual(termios.tcgetattr(terminal.screen), terminal.mode)

    def test_a_terminal_that_stops_background_output_stops_nobody(self):
        with Terminal("run", "--listen", "127.0.0.1:0", command=["node", APP], stop_background_output=True) as terminal:
            self.assertEqual(curl(terminal.address, "/").status, 200)
            self.assertIn("listening", terminal.read())
            for pid in [terminal.process.pid, *terminal.tree()]:
                with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                    self.assertNotEqual(file.read().rpartition(")")[2].split()[0], "T", pid)

    def test_closing_it_ends_a_command_and_its_children(self):
        with Terminal("run", "--listen", "127.0.0.1:0", command=["node", APP]) as terminal:
            helper = int(get(terminal.address, "/helper"))
            tree = terminal.tree()
            terminal.close_window()
            self.assertEqual(terminal.wait(), 0)
            self.assertFalse([pid for pid in [*tree, helper] if alive(pid)])

    def test_with_a_config_closing_it_reads_the_config_again(self):
        with tempfile.TemporaryDirectory() as directory:
            log = os.path.join(directory, "access.log")
            file = os.path.join(directory, "fd.toml")

            def write(release):
                with open(file, "w", encoding="utf-8") as out:
                    out.write(f'listen = "127.0.0.1:0"\n[access_log]\noutput = "{log}"\n[pool.app]\n'
                              f'command = ["node", "{APP}"]\nenv = {{ RELEASE = "{release}" }}\n')
            for prefix in [], ["nohup"]:
                with self.subTest(prefix=prefix):
                    write("1")
                    with Terminal("run", "--config", file, prefix=prefix) as terminal:
                        self.assertEqual(json.loads(get(terminal.address))["RELEASE"], "1")
                        write("2")
                        terminal.close_window()
                        eventually(lambda: json.loads(get(terminal.address))["RELEASE"] == "2", "the new release")

    def test_under_nohup_a_command_outlives_its_terminal(self):
        with Terminal("run", "--listen", "127.0.0.1:0", command=["node", APP], prefix=["nohup"]) as terminal:
            before = json.loads(get(terminal.address))["pid"]
            terminal.close_window()
            # Its end, if it came, would come before the answer to a signal that was sent later.
            terminal.process.send_signal(signal.SIGHUP)
            self.assertEqual(json.loads(get(terminal.address))["pid"], before)
            self.assertIsNone(terminal.process.poll())
            terminal.process.send_signal(signal.SIGTERM)
            self.assertEqual(terminal.wait(), 0)
            self.assertFalse(alive(before))


if __name__ == "__main__":
    main()
