#!/usr/bin/env python3
"""`frontdoor top` and `frontdoor status --watch`: on a terminal, into a pipe, and when frontdoor goes away."""

import os
import pty
import signal
import subprocess
import termios
import threading
import unittest

from support import App, Frontdoor, binary, eventually, get, main, pool
from support.admin import command


class Screen:
    """A command on a terminal of 24 lines; what it has written so far is `shown`."""

    def __init__(self, *words, door):
        self.keyboard, self.terminal = pty.openpty()
        termios.tcsetwinsize(self.terminal, (24, 100))
        self.mode = termios.tcgetattr(self.terminal)
        self.process = subprocess.Popen([binary(), *words, "--socket", door.admin_socket], stdin=self.terminal,
                                        stdout=self.terminal, stderr=self.terminal)
        self.shown = b""
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        while True:
            try:
                block = os.read(self.keyboard, 65536)
            except OSError:
                return
            self.shown += block

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)
        self.reader.join()
        os.close(self.keyboard)

    def pages(self):
        return self.shown.count(b"\033[H")


class Live(unittest.TestCase):
    def test_top_shows_rates_until_q(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            door.wait_until_serving([app])
            with Screen("top", door=door) as screen:
                eventually(lambda: screen.pages() >= 1, "the first page")
                eventually(lambda: get(door.address, "/") and b"0 req/s" not in screen.shown.split(b"\033[H")[-1] and
                           screen.pages() > 1, "a rate")
                self.assertIn(app.address.encode(), screen.shown)
                os.write(screen.keyboard, b"xq")
                self.assertEqual(screen.process.wait(20), 0)
                self.assertEqual(termios.tcgetattr(screen.terminal), screen.mode, "the terminal is as it was")
                eventually(lambda: screen.shown.endswith(b"\033[?25h"), "the cursor")

    def test_a_signal_ends_it_in_order(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            with Screen("status", "--watch", door=door) as screen:
                eventually(lambda: screen.pages() >= 2, "two pages")
                screen.process.send_signal(signal.SIGINT)
                self.assertEqual(screen.process.wait(20), 0)
                self.assertEqual(termios.tcgetattr(screen.terminal), screen.mode)

    def test_into_a_pipe(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            door.wait_until_serving([app])
            once = command("top", door=door)
            self.assertEqual((once.returncode, once.stderr), (0, ""))
            self.assertRegex(once.stdout, r"(?m)^app  \S+ +up +\d")
            self.assertNotIn("\033", once.stdout)
            watching = subprocess.Popen([binary(), "status", "--watch", "--socket", door.admin_socket], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
            for line in watching.stdout:
                if line.startswith("pool app"):
                    break
            door.terminate()
            _, error = watching.communicate(timeout=20)
            self.assertEqual(watching.returncode, 1)
            self.assertIn("does not answer any more", error)
            self.assertEqual(door.wait(), 0)


if __name__ == "__main__":
    main()
