#!/usr/bin/env python3
"""What can happen to an app, one after another: each has the line in the event log that an operator looks for, its state, and
its row in `frontdoor status`. How each is dealt with in depth is the matter of other tests."""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import unittest

from support import Frontdoor, binary, curl, eventually, get, main
from support.app import script_path

APP = script_path("instance.js")


def pool(command=None, instances=1, env="", more=""):
    command = json.dumps(command or ["node", APP])
    return f"[pool.app]\ncommand = {command}\ninstances = {instances}\nenv = {{ {env} }}\n{more}\n"


QUICKLY = '[pool.app.restart]\nbackoff_min = "10ms"\nbackoff_max = "50ms"\ncrash_loop_after = 3\n'


def node(script):
    return ["node", "-e", script]


def read(path):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(path, encoding="ascii") as file:
        return file.read()
    return ""


class Misery(unittest.TestCase):
    @contextlib.contextmanager
    def app(self, *arguments, **more):
        with Frontdoor(pool(*arguments, **more)) as self.door:
            yield

    def row(self, name="app.1"):
        done = subprocess.run([binary(), "status", "--json", "--socket", self.door.admin_socket], capture_output=True,
                              text=True, timeout=60, check=True)
        rows = [row for of in json.loads(done.stdout)["pools"] for row in of["upstreams"] if row["name"] == name]
        return rows[-1] if rows else {}

    def becomes(self, state, **fields):
        """The row, once the instance is in that state (and has these fields)."""
        def there():
            row = self.row()
            return row if row.get("state") == state and all(row.get(key) == value for key, value in fields.items()) else None

        return eventually(there, f"the state {state} {fields}", timeout=40, pause=0.05)

    def line(self, event, **fields):
        """The first such line of the event log."""
        def there():
            return [e for e in self.door.events() if e.get("event") == event and all(e.get(k) == v for k, v in fields.items())]

        return eventually(there, f"the line {event} {fields}", timeout=40)[0]

    def is_gone(self, pid):
        def gone():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                    return file.read().rpartition(")")[2].split()[0] == "Z"
            return True

        eventually(gone, f"the end of {pid}")

    def test_a_crash_while_it_serves(self):
        with self.app():
            pid = self.becomes("up")["pid"]
            self.assertEqual(curl(self.door.address, "/die", "-d", "").status, 502)
            self.assertEqual(self.line("instance ended", instance="app.1")["end"], "exit 7")
            row = self.becomes("up", restarts=1)
            self.assertEqual(row["last_end"], "exit 7")
            self.assertNotEqual(row["pid"], pid)

    def test_a_kill(self):
        with self.app():
            os.kill(self.becomes("up")["pid"], signal.SIGKILL)
            self.line("upstream down", reason="its process has ended")
            self.assertEqual(self.line("instance ended", instance="app.1")["end"], "SIGKILL")
            self.assertEqual(self.becomes("up", restarts=1)["last_end"], "SIGKILL")

    def test_a_crash_at_its_start(self):
        with self.app(node("throw new Error('no database')"), more=QUICKLY):
            line = self.line("instance is in a crash loop")
            self.assertEqual((line["end"], line["lives"]), ("exit 1", 3))
            self.assertIn("Error: no database", line["last_words"])
            row = self.becomes("crash loop")
            self.assertEqual((row["last_end"], row["requests"]), ("exit 1", 0))

    def test_a_slow_start(self):
        with self.app(env='LATE = "1500"'):
            row = self.becomes("starting")
            self.assertEqual(row["restarts"], 0)
            self.assertEqual(curl(self.door.address, "/").status, 200)  # waits for it
            self.line("instance up", pid=row["pid"])
            self.becomes("up")

    def test_a_start_without_an_end(self):
        with self.app(env='WITHOUT_LISTENING = "1"', more='start_timeout = "300ms"\n' + QUICKLY):
            self.assertEqual(self.line("instance is not ready in time")["start_timeout_ms"], 300)
            self.assertGreaterEqual(self.becomes("crash loop")["restarts"], 1)

    def test_no_such_command(self):
        with self.app(["no-such-command"], more=QUICKLY):
            self.assertEqual(self.line("instance cannot be started")["reason"], "command not found: no-such-command")
            row = self.becomes("crash loop")
            self.assertEqual((row["pid"], row["memory_bytes"]), (None, None))

    def test_exit_0_that_is_to_be_followed_by_a_start(self):
        with self.app(node("process.exit(0)"), more=QUICKLY):
            self.assertEqual(self.line("instance is in a crash loop")["end"], "exit 0")
            self.assertEqual(self.becomes("crash loop")["last_end"], "exit 0")

    def test_exit_0_that_ends_it(self):
        with self.app(["sh", "-c", "sleep 0.2; exit 0"], more='[pool.app.restart]\npolicy = "on_failure"\n'):
            self.assertEqual(self.line("instance ended")["next_ms"], -1)
            row = self.becomes("done")
            self.assertEqual((row["pid"], row["last_end"], row["restarts"]), (None, "exit 0", 0))

    def test_it_ignores_its_stop_signal(self):
        with self.app(env='STUBBORN = "1"', more='stop_timeout = "200ms"'):
            pid = self.becomes("up")["pid"]
            subprocess.run([binary(), "stop", "app", "--socket", self.door.admin_socket], capture_output=True, timeout=60, check=True)
            self.assertEqual(self.line("instance did not stop in time and is killed")["pid"], pid)
            self.assertEqual(self.becomes("stopped")["pid"], None)
            self.is_gone(pid)

    def test_it_forks_and_its_children_fork(self):
        with tempfile.TemporaryDirectory() as directory:
            # A daemon as they are made: a session of its own, and its parent has ended.
            told = os.path.join(directory, "pid")
            command = ["sh", "-c", f"setsid sh -c '(sleep 1000 & echo $! >{told})'; exec node {APP}"]
            with self.app(command):
                self.becomes("up")
                daemon = int(eventually(lambda: read(told), "the daemon"))
                helper = int(get(self.door.address, "/helper"))
                eventually(lambda: self.row()["processes"] >= 2, "its child in the row", pause=0.1)
                os.kill(self.row()["pid"], signal.SIGKILL)
                self.line("instance ended", end="SIGKILL")
                for pid in (daemon, helper):
                    self.is_gone(pid)
                self.becomes("up", restarts=1)

    # What hangs is seen by its check, stays in its row as what it is, and is replaced.
    HANGS = ('health_check = { path = "/", interval = "100ms", interval_down = "100ms", timeout = "300ms" }\n'
             'hung_grace = "1s"\nstop_timeout = "300ms"\n')

    def hangs(self, pid):
        reason = "3 of 3 probes failed: probe timed out"
        row = self.becomes("down", pid=pid, reason=reason)
        self.assertEqual((row["restarts"], row["last_end"]), (0, None))
        self.line("upstream down", reason=reason)
        self.line("instance hangs and is replaced", pid=pid)
        self.is_gone(pid)
        row = self.becomes("up")
        self.assertNotEqual(row["pid"], pid)
        self.assertEqual(row["last_reason"], "hung: " + reason)

    def test_it_is_stopped_by_somebody(self):
        with self.app(more=self.HANGS):
            pid = self.becomes("up")["pid"]
            os.kill(pid, signal.SIGSTOP)
            self.hangs(pid)

    def test_it_spins(self):
        script = ("require('http').createServer((q, s) => { if (q.url === '/spin') for (;;); s.end('ok'); })"
                  ".listen(process.env.PORT, '127.0.0.1')")
        drain = '[timeouts]\ndrain = "500ms"\n'  # what is on it will not be finished
        with self.app(node(script), more='retry = { attempts = 0 }\n' + self.HANGS + drain):
            pid = self.becomes("up")["pid"]
            with subprocess.Popen(["curl", "-s", "-o", "/dev/null", f"http://{self.door.address}/spin"]) as spinning:
                self.hangs(pid)
                spinning.wait(60)

    def test_it_leaks_memory(self):
        script = ("const kept = []; require('http').createServer((q, s) => { if (q.url === '/leak') kept.push(Buffer.alloc(200 << 20, 1));"
                  " s.end('ok'); }).listen(process.env.PORT, '127.0.0.1')")
        with self.app(node(script), more='max_memory = "180MiB"'):
            pid = self.becomes("up")["pid"]
            self.assertEqual(curl(self.door.address, "/leak").status, 200)
            told = self.line("instance uses too much memory", instance="app.1")
            self.is_gone(pid)
            row = self.becomes("up")
            self.assertNotEqual(row["pid"], pid)
            self.assertRegex(row["last_reason"], r"^max_memory: \d+")
            self.assertEqual(told["max_memory"], "180MiB")
            self.assertLess(row["memory_bytes"] or 0, 180 << 20)

    def test_it_takes_the_wrong_port(self):
        script = "require('http').createServer((q, s) => s.end('ok')).listen(0, '127.0.0.1')"
        with self.app(node(script)):
            said = self.line("instance is not ready yet")
            self.assertRegex(said["reason"], r"^pid \d+ listens on 127\.0\.0\.1:\d+, expected PORT=\d+")
            self.assertEqual(self.becomes("starting", reason=said["reason"])["restarts"], 0)

    def test_it_floods_its_output(self):
        script = ("require('http').createServer((q, s) => s.end('ok')).listen(process.env.PORT, '127.0.0.1');"
                  "setInterval(() => { for (let i = 0; i < 2000; i++) console.log('x'.repeat(200)); }, 1)")
        with self.app(node(script)):
            self.becomes("up")
            for _ in range(5):
                self.assertEqual(curl(self.door.address, "/").status, 200)
            self.assertEqual(self.becomes("up")["restarts"], 0)


if __name__ == "__main__":
    main()
