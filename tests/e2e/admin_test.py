#!/usr/bin/env python3
"""The admin socket and the commands that use it, against the real program: what people type, and what an accident or an
enemy does to it."""

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import unittest

from support import App, FixedRate, Frontdoor, binary, curl, eventually, free_port, get, main
from support import pool as remote_pool
from support import process as processes
from support.admin import command
from support.app import INSTANCE, node_environment, script_path
from support.instances import events, front_door
from support.process import alive

APP = script_path("instance.js")
NOBODY = 65534


def pool(name="app", instances=2, command=None, env="", more=""):
    command = json.dumps(command or INSTANCE)
    return f"[pool.{name}]\ncommand = {command}\ninstances = {instances}\nenv = {{ {env} }}\n{more}\n"


def ask(path, request, limit=1 << 20):
    """Raw bytes to the socket, and all that comes back."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(path)
        try:
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before it had read all
        answer = b""
        while len(answer) < limit:
            try:
                block = connection.recv(65536)
            except ConnectionResetError:
                break
            if not block:
                break
            answer += block
    return answer


def request(path, target, method="GET", head="", body=b""):
    head += f"Content-Length: {len(body)}\r\n" if body else ""
    answer = ask(path, f"{method} {target} HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode() + body)
    status = int(answer.split()[1]) if answer else 0
    text = answer.partition(b"\r\n\r\n")[2]
    return status, json.loads(text) if text.startswith(b"{") else text


def status(door):
    code, body = request(door.admin_socket, "/api/v1/status")
    assert code == 200, body
    return body


def instances(door, name="app"):
    (found,) = [p for p in status(door)["pools"] if p["name"] == name]
    return {u["name"]: u for u in found["upstreams"]}


def all_up(door, count):
    return eventually(lambda: [u for u in instances(door).values() if u["state"] == "up"].__len__() == count, f"{count} up")


class Status(unittest.TestCase):
    def test_of_instances(self):
        with Frontdoor(pool()) as door:
            all_up(door, 2)
            for _ in range(4):
                self.assertEqual(curl(door.address, "/").status, 200)
            told = status(door)
            self.assertEqual((told["main_pid"], told["state"], told["command_line"][0]), (door.pid, "running", "--config"))
            self.assertEqual(told["listeners"][0]["address"], door.address)
            rows = instances(door)
            self.assertEqual(sorted(rows), ["app.1", "app.2"])
            self.assertEqual(sum(row["requests"] for row in rows.values()), 4)
            for row in rows.values():
                self.assertGreater(row["memory_bytes"], 4 << 20)
                self.assertGreaterEqual(row["cpu_percent"], 0)
                self.assertEqual((row["restarts"], row["last_end"]), (0, None))
                os.kill(row["pid"], 0)
            shown = command("status", "--socket", door.admin_socket)
            self.assertEqual((shown.returncode, shown.stderr), (0, ""))
            self.assertRegex(shown.stdout, r"pool app  2 of 2 up")
            self.assertRegex(shown.stdout, r"(?m)^  app\.1 +:\d+ +up ")
            self.assertNotIn("\033", shown.stdout)
            self.assertEqual(json.loads(command("status", "--json", "--socket", door.admin_socket).stdout)["pid"], told["pid"])

    def test_of_one_that_ends_again_and_again(self):
        with Frontdoor(pool(instances=1, command=["sh", "-c", "exit 3"], more='[pool.app.restart]\nbackoff_min = "10ms"\n'
                            'backoff_max = "50ms"\ncrash_loop_after = 3\n')) as door:
            row = eventually(lambda: (lambda its: its["state"] == "crash loop" and its)(instances(door)["app.1"]), "the crash loop")
            self.assertEqual(row["last_end"], "exit 3")
            self.assertGreaterEqual(row["restarts"], 2)
            # It is started again and again, and starts for a moment each time.
            eventually(lambda: "crash loop" in command("status", "--socket", door.admin_socket).stdout, "its line")

    def test_of_upstreams_that_somebody_else_runs(self):
        with App("a") as app, Frontdoor(remote_pool(upstreams=[app])) as door:
            door.wait_until_serving([app])
            (row,) = status(door)["pools"][0]["upstreams"]
            self.assertEqual((row["state"], row["address"], "pid" in row), ("up", app.address, False))
            self.assertGreaterEqual(row["requests"], 1)
            refused = command("logs", "--socket", door.admin_socket)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("runs no instances here", refused.stderr)
            for words in (["restart", "app"], ["restart", "app", "--now"], ["stop", "app"], ["start", "app"], ["scale", "app", "3"],
                          ["scale", "app", "+1"], ["restart", "app.1"]):
                refused = command(*words, "--socket", door.admin_socket)
                self.assertEqual((refused.returncode, refused.stdout), (1, ""), words)
                self.assertIn('does not run the pool "app": it has no command', refused.stderr, words)

    def test_names_that_are_nearly_right(self):
        with Frontdoor(pool(instances=1)) as door:
            done = command("restart", "ap", "--socket", door.admin_socket)
            self.assertEqual((done.returncode, done.stderr), (1, 'frontdoor: there is no pool "ap", did you mean "app"?\n'))
            for words in (["restart", "ap", "--now"], ["stop", "ap"], ["start", "ap"], ["scale", "ap", "2"], ["logs", "ap"], ["drain", "ap/1"],
                          ["ready", "ap"], ["maintenance", "ap"], ["why", "ap"]):
                done = command(*words, "--socket", door.admin_socket)
                self.assertEqual(done.returncode, 1, words)
                self.assertIn('there is no pool "ap", did you mean "app"?', done.stderr, words)
            done = command("restart", "ap.1", "--socket", door.admin_socket)
            self.assertEqual((done.returncode, done.stderr), (1, 'frontdoor: there is no pool "ap", did you mean "app.1"?\n'))
            done = command("restart", "shop", "--socket", door.admin_socket)
            self.assertEqual((done.returncode, done.stderr), (1, 'frontdoor: there is no pool "shop", only "app"\n'))
            self.assertEqual(len(events(door, "instance started")), 1, "nothing was done by any of them")
            done = command("stop", "app.7", "--socket", door.admin_socket)
            self.assertEqual((done.returncode, done.stderr), (1, 'frontdoor: the pool "app" has no instance 7, only 1 to 1\n'))
            done = command("scale", "app", "-1", "--socket", door.admin_socket)
            self.assertEqual((done.returncode, done.stderr),
                             (1, "frontdoor: a pool has at least one instance; stop ends them all\n"))


class Finding(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="fd-e2e-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.env = {**os.environ, "RUNTIME_DIRECTORY": self.directory}

    def start(self, more=""):
        """A frontdoor that makes its socket in the usual place, which is this test's."""
        os.environ["RUNTIME_DIRECTORY"] = self.directory
        try:
            door = Frontdoor('[pool.app]\nupstreams = ["127.0.0.1:9"]\n[admin]\n' + more).start()
        finally:
            del os.environ["RUNTIME_DIRECTORY"]
        self.addCleanup(door.close)
        return door

    def sockets(self):
        return sorted(name for name in os.listdir(self.directory) if name.endswith(".sock"))

    def test_none_one_and_several(self):
        # Others may run on this machine, so "none" is shown for a path.
        none = command("status", "--socket", os.path.join(self.directory, "admin.sock"))
        self.assertEqual(none.returncode, 1)
        self.assertIn("there is no socket at", none.stderr)
        first = self.start()
        self.assertEqual(self.sockets(), ["admin.sock"])
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.directory, "admin.sock")).st_mode), 0o600)
        second = self.start()
        self.assertEqual(self.sockets(), [f"admin-{second.pid}.sock", "admin.sock"])
        several = command("status", env=self.env)
        self.assertEqual(several.returncode, 1)
        self.assertIn("several frontdoors are running, say which:\n", several.stderr)
        for door, name in ((first, "admin.sock"), (second, f"admin-{second.pid}.sock")):
            self.assertRegex(several.stderr, rf"  --socket \S*{name}\n      pid {door.pid}, {door.address}: frontdoor --config ")
        self.assertLessEqual(max(len(line) for line in several.stderr.splitlines() if "--socket" not in line), 80)
        for door, name in ((first, "admin.sock"), (second, f"admin-{second.pid}.sock")):
            told = json.loads(command("status", "--json", "--socket", os.path.join(self.directory, name)).stdout)
            self.assertEqual(told["main_pid"], door.pid)
        for door in (first, second):
            door.terminate()
            self.assertEqual(door.wait(), 0)
        self.assertEqual(self.sockets(), [])

    def test_each_command_says_that_none_is_running(self):
        path = os.path.join(self.directory, "admin.sock")
        for words in (["status"], ["status", "--json"], ["restart", "app"], ["stop", "app"], ["start", "app"], ["scale", "app", "2"],
                      ["logs"], ["logs", "-f"], ["events"], ["why"], ["top"], ["reload"], ["shutdown"], ["drain", "app/1"],
                      ["ready", "app/1"], ["maintenance", "app"], ["weight", "app/1", "2"], ["healthcheck"]):
            none = command(*words, "--socket", path)
            self.assertEqual((none.returncode, none.stdout), (1, ""), words)
            self.assertIn(f"there is no socket at {path}", none.stderr, words)
        # What looks for one by itself says where it has looked, and how one is started.
        with tempfile.TemporaryDirectory() as empty:
            env = {name: value for name, value in os.environ.items() if name not in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR")}
            alone = command("status", env={**env, "RUNTIME_DIRECTORY": empty})
            # One that runs on this machine, in its usual places, is found.
            self.assertEqual(alone.returncode, 0 if alone.stderr == "" else 1, alone.stderr)
            if "no frontdoor is running" in alone.stderr:
                self.assertIn(empty, alone.stderr)
                self.assertIn("frontdoor run starts one, --socket PATH names one elsewhere", alone.stderr)
            started = command("start", "server.js", "--socket", path)
            self.assertIn("A program is started with: frontdoor run --detach -- node server.js", started.stderr)

    def test_what_a_killed_one_left_is_replaced(self):
        first = self.start()
        first.expected_status = None
        first.process.kill()
        first.process.wait()
        self.assertEqual(self.sockets(), ["admin.sock"])
        dead = command("status", "--socket", os.path.join(self.directory, "admin.sock"))
        self.assertEqual(dead.returncode, 1)
        self.assertIn("nobody listens at", dead.stderr)
        second = self.start()
        self.assertEqual(self.sockets(), ["admin.sock"])
        told = json.loads(command("status", "--json", "--socket", os.path.join(self.directory, "admin.sock")).stdout)
        self.assertEqual(told["main_pid"], second.pid)

    def test_a_successor_takes_over_from_one_that_is_leaving(self):
        with App("a") as app:
            old = Frontdoor(remote_pool(upstreams=[app], health="") + '[timeouts]\ndrain = "20s"\n[admin]\nsocket = '
                            + json.dumps(os.path.join(self.directory, "admin.sock")) + "\n").start()
            self.addCleanup(old.close)
            with socket.create_connection(old.address.rsplit(":", 1)) as slow:
                slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")  # its drain has something to wait for
                old.terminate()
                eventually(lambda: events(old, "draining"), "the drain")
                following = Frontdoor(remote_pool(upstreams=[app], health="") + "[admin]\nsocket = "
                                      + json.dumps(os.path.join(self.directory, "admin.sock")) + "\n").start()
                self.addCleanup(following.close)
            self.assertEqual(old.wait(), 0)
            told = json.loads(command("status", "--json", "--socket", os.path.join(self.directory, "admin.sock")).stdout)
            self.assertEqual(told["main_pid"], following.pid)

    def test_one_without_a_socket_serves_all_the_same(self):
        with Frontdoor('[pool.app]\nupstreams = ["127.0.0.1:9"]\n[admin]\nsocket = "/proc/no/such.sock"\n') as door:
            (warning,) = events(door, "there is no admin socket: status, restart and the like will not find this process")
            self.assertEqual(warning["level"], "warn")
        with Frontdoor('[pool.app]\nupstreams = ["127.0.0.1:9"]\n[admin]\nsocket = "off"\n') as door:
            self.assertFalse([e for e in door.events() if "admin socket" in e.get("event", "")])

    def test_a_front_door_that_crashed_is_found_again(self):
        with Frontdoor(pool(instances=1)) as door:
            all_up(door, 1)
            killed = status(door)["pid"]
            os.kill(killed, signal.SIGKILL)
            eventually(lambda: front_door(door) not in (None, killed), "another front door")
            door.wait_until_ready()
            again = eventually(lambda: command("status", "--json", "--socket", door.admin_socket).stdout, "its status")
            self.assertEqual(json.loads(again)["main_pid"], door.pid)
            self.assertNotEqual(json.loads(again)["pid"], killed)

    def test_what_was_stopped_or_scaled_stays_so_over_a_crash(self):
        def crash(door):
            killed = front_door(door)
            os.kill(killed, signal.SIGKILL)
            eventually(lambda: front_door(door) not in (None, killed), "another front door")
            door.wait_until_ready()
            eventually(lambda: command("status", "--socket", door.admin_socket).returncode == 0, "its status")

        with Frontdoor(pool(instances=1)) as door:
            all_up(door, 1)
            self.assertEqual(command("scale", "app", "3", "--socket", door.admin_socket).returncode, 0)
            self.assertEqual(command("stop", "app.2", "--socket", door.admin_socket).returncode, 0)
            before = {name: instance["pid"] for name, instance in instances(door).items()}
            crash(door)
            eventually(lambda: {name: each["pid"] for name, each in instances(door).items()} == before, "the same ones")
            self.assertEqual(command("stop", "app", "--socket", door.admin_socket).returncode, 0)
            crash(door)
            self.assertRegex(command("status", "--socket", door.admin_socket).stdout, r"\(stopped by \S+, \d+s ago\)")
            self.assertEqual(command("start", "app", "--socket", door.admin_socket).returncode, 0)
            all_up(door, 3)


class Logs(unittest.TestCase):
    def test_lines_of_all_of_one_and_as_json(self):
        with Frontdoor(pool()) as door:
            all_up(door, 2)
            lines = command("logs", "--socket", door.admin_socket).stdout.splitlines()
            self.assertEqual(sorted(lines), ["app.1 | listening", "app.2 | listening"])
            self.assertEqual(command("logs", "app.2", "--socket", door.admin_socket).stdout, "app.2 | listening\n")
            self.assertEqual(command("logs", "-n", "0", "--socket", door.admin_socket).stdout, "")
            (line,) = command("logs", "-n", "1", "--json", "app.1", "--socket", door.admin_socket).stdout.splitlines()
            line = json.loads(line)
            self.assertEqual((line["instance"], line["stream"], line["text"]), ("app.1", "stdout", "listening"))
            wrong = command("logs", "web", "--socket", door.admin_socket)
            self.assertEqual((wrong.returncode, wrong.stderr), (1, 'frontdoor: there is no pool "web", only "app"\n'))

    def test_of_an_instance_or_a_pool_that_writes_nothing_here_are_refused(self):
        with Frontdoor(pool() + '[pool.remote]\nupstreams = ["127.0.0.1:9"]\n[[route]]\npool = "app"\n') as door:
            all_up(door, 2)
            for words, why in ((["app.9"], 'the pool "app" has no instance 9, only 1 to 2'), (["app.0"], "instances count from 1"),
                               (["remote"], 'frontdoor does not run the pool "remote": it has no command')):
                for how in [], ["-f"]:
                    refused = command("logs", *how, *words, "--socket", door.admin_socket)
                    self.assertEqual((refused.returncode, refused.stdout, refused.stderr), (1, "", f"frontdoor: {why}\n"), words)
            self.assertEqual(command("scale", "app", "1", "--socket", door.admin_socket).returncode, 0)
            eventually(lambda: sorted(instances(door)) == ["app.1"], "the end of app.2")
            self.assertIn("app.2 | listening", command("logs", "app.2", "--socket", door.admin_socket).stdout, "what it wrote is kept")

    def test_followed(self):
        app = 'let n = 0; setInterval(() => console.log("tick " + ++n), 20)'
        with Frontdoor(pool(instances=1, command=["node", "-e", app])) as door:
            following = processes.spawn([binary(), "logs", "-f", "-n", "1", "--socket", door.admin_socket],
                                        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
            try:
                ticks = [int(following.stdout.readline().split()[-1]) for _ in range(20)]
                self.assertEqual(ticks, list(range(ticks[0], ticks[0] + 20)))
            finally:
                processes.end(following)
                following.stdout.close()

    def test_a_reader_that_is_too_slow_misses_lines_and_holds_nobody_up(self):
        app = ("const line = 'x'.repeat(1000); let n = 0; const go = () => { for (let i = 0; i < 50; i++) "
               "process.stdout.write(++n + ' ' + line + '\\n'); setTimeout(go, 1) }; go(); "
               "require('http').createServer((q, r) => r.end(String(n))).listen(process.env.PORT)")
        with Frontdoor(pool(instances=1, command=["node", "-e", app])) as door, \
                socket.socket(socket.AF_UNIX) as slow:
            all_up(door, 1)
            slow.connect(door.admin_socket)
            slow.sendall(b"GET /api/v1/logs?follow=1&form=text HTTP/1.1\r\nHost: x\r\n\r\n")
            slow.recv(10)
            before = int(get(door.address))
            eventually(lambda: int(get(door.address)) > before + 5000, "an app that goes on writing", timeout=60)
            read = b""
            slow.settimeout(30)
            while b"left out here" not in read:
                block = slow.recv(1 << 20)
                self.assertTrue(block, "cut before it was told what it missed")
                read = read[-100:] + block

    def test_one_who_leaves_gives_the_place_back(self):
        with Frontdoor(pool(instances=1)) as door:
            all_up(door, 1)
            fds = len(door_fds(door))
            for _ in range(3):
                readers = []
                for _ in range(16):
                    reader = socket.socket(socket.AF_UNIX)
                    reader.connect(door.admin_socket)
                    reader.sendall(b"GET /api/v1/logs?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n")
                    self.assertIn(b"200 OK", reader.recv(65536))
                    readers.append(reader)
                code, body = request(door.admin_socket, "/api/v1/logs?follow=1")
                self.assertEqual((code, body["error"]), (503, "too_many_readers"))
                self.assertEqual(request(door.admin_socket, "/api/v1/status")[0], 200)
                for reader in readers:
                    reader.close()
                eventually(lambda: len(door_fds(door)) <= fds + 1, "the places back")


def connected(one, path):
    try:
        one.connect(path)
    except BlockingIOError:  # the backlog is full
        return False
    return True


def door_fds(door):
    return processes.open_fds(front_door(door))


class Enemies(unittest.TestCase):
    def test_what_is_no_request_gets_an_answer_that_says_so(self):
        with Frontdoor('[pool.app]\nupstreams = ["127.0.0.1:9"]\n') as door:
            path = door.admin_socket
            cases = [
                ("GET", "/api/v2/status", "", b"", 404, "no_such_path"),
                ("GET", "/nothing", "", b"", 404, "no_such_path"),
                ("GET", "//api/v1/status", "", b"", 404, "no_such_path"),
                ("GET", "/api/v1/../v1/status", "", b"", 404, "no_such_path"),
                ("GET", "/api/v1/status%00", "", b"", 400, "bad_target"),
                ("GET", "/api/v1/%", "", b"", 400, "bad_target"),
                ("GET", "http://x/api/v1/status", "", b"", 400, "bad_target"),
                ("POST", "/api/v1/status", "", b"", 405, "wrong_method"),
                ("GET", "/api/v1:shutdown", "", b"", 405, "wrong_method"),
                ("GET", "/api/v1/pools/app:restart", "", b"", 405, "wrong_method"),
                ("DELETE", "/api/v1/pools/app:restart", "", b"", 405, "wrong_method"),
                ("POST", "/api/v1/pools/app:scale", "", b"", 400, "bad_instances"),
                ("POST", "/api/v1/pools/app:scale", "", b'{"instances": 2000}', 400, "bad_instances"),
                ("POST", "/api/v1/pools/app:scale", "", b'{"instances": 2}', 409, "not_supervised"),
                ("POST", "/api/v1/pools/app:scale", "", b"[2]", 400, "bad_body"),
                ("POST", "/api/v1/pools/app:scale", "", b"instances=2", 400, "bad_body"),
                ("POST", "/api/v1/pools/app:scale", "", b"[" * 1000, 400, "bad_body"),
                ("POST", "/api/v1/pools/app/instances/x:stop", "", b"", 404, "no_such_instance"),
                ("POST", "/api/v1/pools/nope:stop", "", b"", 404, "no_such_pool"),
                ("GET", "/api/v1/logs?lines=x", "", b"", 400, "bad_lines"),
                ("GET", "/api/v1/logs?instance=-1", "", b"", 400, "bad_instance"),
                ("GET", "/api/v1/logs?form=xml", "", b"", 400, "bad_form"),
                ("GET", "/api/v1/status", "Origin: http://evil\r\n", b"", 403, "not_allowed"),
                ("GET", "/api/v1/status", "X-Forwarded-For: 1.2.3.4\r\n", b"", 403, "not_allowed"),
                ("POST", "/api/v1:shutdown", "Via: 1.1 proxy\r\n", b"", 403, "not_allowed"),
                ("GET", "/api/v1/status", "X: " + "y" * 20000 + "\r\n", b"", 431, "head_too_large"),
                ("POST", "/api/v1:shutdown", "", b"x" * 300_000, 413, "body_too_large"),
                ("GET", "/api/v1/" + "a" * 20000, "", b"", 431, "head_too_large"),
            ]
            for method, target, head, body, code, word in cases:
                with self.subTest(target=target[:40], word=word):
                    got, answer = request(path, target, method, head, body)
                    self.assertEqual((got, answer["error"]), (code, word))
                    self.assertTrue(answer["message"])
            for garbage in (b"\x16\x03\x01\x02\x00" * 10 + b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 100):
                self.assertRegex(ask(path, garbage), rb"^HTTP/1\.1 400 ")
            self.assertEqual(request(path, "/api/v1/status")[0], 200)

    def test_our_own_front_door_is_no_way_to_the_socket(self):
        with Frontdoor('[pool.app]\nupstreams = ["unix:/tmp/none"]\n') as door:
            door.reload(f'[pool.app]\nupstreams = ["unix:{door.admin_socket}"]\n')
            answer = eventually(lambda: (lambda r: r if r.status == 403 else None)(curl(door.address, "/api/v1/status")),
                                "the refusal")
            self.assertIn("not_allowed", str(answer.body))

    def test_thousands_who_say_nothing_keep_nobody_out(self):
        with Frontdoor('[pool.app]\nupstreams = ["127.0.0.1:9"]\n') as door:
            silent = []
            try:
                for _ in range(1000):
                    one = socket.socket(socket.AF_UNIX)
                    one.settimeout(10)
                    eventually(lambda: connected(one, door.admin_socket), "a place in the backlog")
                    one.sendall(b"GET /api")
                    silent.append(one)
                self.assertEqual(request(door.admin_socket, "/api/v1/status")[0], 200)
                self.assertLess(len(door.fds()), 200)
                self.assertEqual(command("status", "--socket", door.admin_socket).returncode, 0)
                # The last ones have their time, and then they are closed, too.
                eventually(lambda: silent[-1].recv(10) == b"", "the end of a silent one")
            finally:
                for one in silent:
                    one.close()

    def test_another_user_is_refused_by_the_file_and_by_the_kernel_s_word(self):
        if os.geteuid() != 0:
            self.skipTest("needs to become another user")
        with Frontdoor('[pool.app]\nupstreams = ["127.0.0.1:9"]\n') as door:
            code = ("import os, socket, sys\nos.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
                    "s = socket.socket(socket.AF_UNIX)\n"
                    "try: s.connect(sys.argv[1])\nexcept PermissionError: print('no'); sys.exit()\n"
                    "s.sendall(b'GET /api/v1/status HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')\nprint(s.recv(4096).decode())\n")
            os.chmod(door.directory, 0o755)
            run = lambda: subprocess.run(["python3", "-c", code, door.admin_socket], capture_output=True, text=True, check=True)
            self.assertEqual(run().stdout, "no\n")
            os.chmod(door.admin_socket, 0o666)
            self.assertRegex(run().stdout, r"^HTTP/1\.1 403 ")
            # The commands say whose word that is.
            program = os.path.join(door.directory, "frontdoor")
            shutil.copy(binary(), program)  # where that user may read it
            for words in ("shutdown",), ("status",), ("restart", "app"), ("logs",):
                done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, *words, "--socket",
                                       door.admin_socket], capture_output=True, text=True, timeout=20, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, "^frontdoor: this user may not ")

    def test_the_members_of_a_group_may_be_let_in(self):
        if os.geteuid() != 0:
            self.skipTest("needs to become another user")
        with Frontdoor('[pool.app]\nupstreams = ["127.0.0.1:9"]\n[admin]\nsocket = "SOCKET"\ngroup = "daemon"\n'
                       .replace("SOCKET", os.path.join(tempfile.mkdtemp(prefix="fd-e2e-"), "a.sock"))) as door:
            path = events(door, "admin socket")[0]["path"]
            self.addCleanup(shutil.rmtree, os.path.dirname(path))
            os.chmod(os.path.dirname(path), 0o755)
            import grp
            daemon = grp.getgrnam("daemon").gr_gid
            code = ("import os, socket, sys\nos.setgroups([int(sys.argv[2])]); os.setgid(65534); os.setuid(65534)\n"
                    "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
                    "s.sendall(b'GET /api/v1/status HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')\nprint(s.recv(40).decode())\n")
            done = subprocess.run(["python3", "-c", code, path, str(daemon)], capture_output=True, text=True, check=True)
            self.assertRegex(done.stdout, r"^HTTP/1\.1 200 ")


class Operations(unittest.TestCase):
    def test_a_restart_replaces_each_and_tells_how_it_went(self):
        with Frontdoor(pool()) as door, FixedRate(door.address, rate=100, seconds=60) as load:
            all_up(door, 2)
            eventually(lambda: any(row["requests"] for row in instances(door).values()), "the load begins")
            before = {name: row["pid"] for name, row in instances(door).items()}
            done = command("restart", "app", "--socket", door.admin_socket)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"(?m)^  app\.1 (starting|up)( \(pid \d+\))?$")  # states of less than a look are not seen
            # Such apps are up in 0.2 s, in which a load on a busy machine may have asked for nothing.
            self.assertRegex(done.stdout, r"(?m)^restarted app in \d+\.\d s, 2 replaced; (no requests meanwhile|requests meanwhile: "
                             r"\d+ served, \d+ held, \d+ replayed, 0 lost)$")
            after = {name: row["pid"] for name, row in instances(door).items()}
            self.assertEqual(sorted(after), ["app.1", "app.2"])
            self.assertFalse(set(before.values()) & set(after.values()))
            self.assertEqual(load.finish()["failures"], [])

    def test_one_instance_at_once(self):
        with Frontdoor(pool()) as door:
            all_up(door, 2)
            before = {name: row["pid"] for name, row in instances(door).items()}
            done = command("restart", "app.2", "--now", "--json", "--socket", door.admin_socket)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(json.loads(done.stdout)["ok"])
            all_up(door, 2)
            after = {name: row["pid"] for name, row in instances(door).items()}
            self.assertEqual(after["app.1"], before["app.1"])
            self.assertNotEqual(after["app.2"], before["app.2"])

    def test_a_release_that_does_not_come_up_is_status_1_with_its_last_words(self):
        with tempfile.TemporaryDirectory() as directory:
            script = os.path.join(directory, "app.js")
            shutil.copy(APP, script)
            with Frontdoor(pool(instances=1, command=["node", script])) as door:
                all_up(door, 1)
                before = instances(door)["app.1"]["pid"]
                with open(script, "w", encoding="ascii") as file:
                    file.write('console.error("no such module: oh dear"); process.exit(4)\n')
                done = command("restart", "app", "--socket", door.admin_socket)
                self.assertEqual(done.returncode, 1)
                self.assertIn("oh dear", done.stderr)
                self.assertEqual(instances(door)["app.1"]["pid"], before)
                code, body = request(door.admin_socket, "/api/v1/pools/app:restart", "POST")
                self.assertEqual((code, body["error"]), (500, "operation_failed"))

    def test_scale_stop_and_start(self):
        with Frontdoor(pool(instances=1)) as door:
            all_up(door, 1)
            self.assertEqual(command("scale", "app", "+2", "--socket", door.admin_socket).returncode, 0)
            all_up(door, 3)
            self.assertEqual(command("scale", "app", "-1", "--socket", door.admin_socket).returncode, 0)
            eventually(lambda: sorted(instances(door)) == ["app.1", "app.2"], "two")
            self.assertEqual(request(door.admin_socket, "/api/v1/pools/app:scale", "POST", body=b'{"instances": 1}')[0], 200)
            eventually(lambda: sorted(instances(door)) == ["app.1"], "one")
            self.assertEqual(command("stop", "app", "--socket", door.admin_socket).returncode, 0)
            eventually(lambda: instances(door)["app.1"]["pid"] is None, "its end")
            self.assertRegex(command("status", "--socket", door.admin_socket).stdout, r"\(stopped by \S+, \d+s ago\)")
            self.assertEqual(command("start", "app", "--socket", door.admin_socket).returncode, 0)
            all_up(door, 1)

    def test_what_is_planned_is_no_warning(self):
        with Frontdoor(pool()) as door:
            all_up(door, 2)
            for words in (["restart", "app"], ["restart", "app", "--now"], ["scale", "app", "1"], ["stop", "app"], ["start", "app"]):
                done = command(*words, "--socket", door.admin_socket)
                self.assertEqual(done.returncode, 0, done.stderr)
                lines = done.stdout.splitlines()
                self.assertEqual(len(lines), len(set(lines)), f"{words}: nothing is told twice")
                self.assertNotRegex(done.stdout, r"(?m) starting$")
            self.assertRegex(done.stdout, r"(?m)^started app in \d+\.\d s; no requests meanwhile$")
            self.assertEqual([e for e in door.events() if e.get("level") in ("warn", "error")], [])

    def test_a_client_that_leaves_cancels_nothing(self):
        with Frontdoor(pool(env='LATE = "500"')) as door:
            all_up(door, 2)
            before = {row["pid"] for row in instances(door).values()}
            with socket.socket(socket.AF_UNIX) as impatient:
                impatient.connect(door.admin_socket)
                impatient.sendall(b"POST /api/v1/pools/app:restart?progress=1 HTTP/1.1\r\nHost: x\r\n\r\n")
                impatient.recv(65536)
            eventually(lambda: all_up(door, 2) and not before & {row["pid"] for row in instances(door).values()}, "all replaced")


class Ending(unittest.TestCase):
    def test_shutdown_finishes_the_requests_and_returns_when_all_is_over(self):
        with Frontdoor(pool(instances=1)) as door:
            all_up(door, 1)
            (row,) = instances(door).values()
            answers = []
            asking = threading.Thread(target=lambda: answers.append(curl(door.address, "/slow")))
            asking.start()
            eventually(lambda: instances(door)["app.1"]["in_flight"] == 1, "the request")
            done = command("shutdown", "--socket", door.admin_socket)
            asking.join()
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, rf"^pid {door.pid} finishes its requests and ends, in \d+s at most\nended\n$")
            self.assertEqual(answers[0].status, 200)
            self.assertFalse(alive(row["pid"]))
            self.assertEqual(door.wait(1), 0)
            self.assertFalse(os.path.exists(door.admin_socket))

    def test_a_second_run_on_the_same_address_names_the_first(self):
        with tempfile.TemporaryDirectory() as directory:
            env = {**node_environment(), "RUNTIME_DIRECTORY": directory}
            address = f"127.0.0.1:{free_port()}"
            words = ["run", "--listen", address, "--", "node", APP]
            first = processes.spawn([binary(), *words], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
            try:
                eventually(lambda: command("status", env=env).returncode == 0 or os.listdir(directory), "the first")
                path = os.path.join(directory, "admin.sock")
                eventually(lambda: command("status", "--socket", path).returncode == 0, "its status")
                second = command(*words, env=env)
                self.assertEqual(second.returncode, 1)
                self.assertIn("another frontdoor serves there", second.stderr)
                self.assertIn(f'"pid":"{first.pid}"', second.stderr)
                self.assertIn(f"frontdoor run --listen {address} -- node {APP}", second.stderr)
                self.assertIn(f"frontdoor shutdown --socket {path}", second.stderr)
                third = command("run", "--detach", *words[1:], env=env)
                self.assertEqual(third.returncode, 1)
                self.assertNotIn('{"', third.stderr, "for people")
                self.assertIn("error another frontdoor serves there", third.stderr)
                self.assertIn(f'end_it_with="frontdoor shutdown --socket {path}"', third.stderr)
                self.assertEqual(command("shutdown", "--socket", path).returncode, 0)
                self.assertEqual(first.wait(30), 0)
            finally:
                processes.end(first, patience=30)


class Detached(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="fd-e2e-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.env = {**node_environment(), "RUNTIME_DIRECTORY": self.directory, "XDG_STATE_HOME": self.directory}
        self.path = os.path.join(self.directory, "admin.sock")
        self.output = os.path.join(self.directory, "frontdoor", "127.0.0.1-0.log")

    def end(self):
        self.assertEqual(command("shutdown", "--socket", self.path).returncode, 0)

    def test_returns_when_all_is_up(self):
        done = command("run", "--detach", "-i", "2", "--listen", "127.0.0.1:0", "--", "node", APP, env=self.env)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        try:
            pid = int(re.search(r"in the background, pid (\d+), on 127\.0\.0\.1:\d+\n", done.stdout).group(1))
            self.assertIn(self.output, done.stdout)
            told = json.loads(command("status", "--json", "--socket", self.path).stdout)
            self.assertEqual((told["main_pid"], [u["state"] for u in told["pools"][0]["upstreams"]]), (pid, ["up", "up"]))
            self.assertEqual(os.getsid(pid), pid)
            self.assertNotIn("--detach", told["command_line"])
            with open(self.output, encoding="utf-8") as file:
                self.assertIn("app.1 | listening", file.read())
            self.assertEqual(json.loads(get(told["listeners"][0]["address"]))["tty"], False)
        finally:
            self.end()
        self.assertFalse(alive(pid))

    def test_names_its_socket_where_no_command_would_look(self):
        config, path = os.path.join(self.directory, "fd.toml"), os.path.join(self.directory, "elsewhere.sock")
        with open(config, "w", encoding="ascii") as file:
            file.write(f'listen = "127.0.0.1:0"\n[admin]\nsocket = "{path}"\naddress = "off"\n[pool.app]\nupstreams = ["127.0.0.1:1"]\n')
        done = command("run", "--detach", "--config", config, env=self.env)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertIn(f"  look   frontdoor status --socket {path}\n  logs   frontdoor logs --socket {path} -f    (all output: ", done.stdout)
        self.assertEqual(command("shutdown", "--socket", path).returncode, 0)

    def test_a_job_that_has_done_its_work_is_no_failure(self):
        config = os.path.join(self.directory, "fd.toml")
        with open(config, "w", encoding="ascii") as file:
            file.write('listen = "127.0.0.1:0"\n[pool.job]\ncommand = "true"\nport = "none"\nrestart.policy = "never"\n')
        done = command("run", "--detach", "--config", config, env=self.env)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        try:
            again = command("restart", "job", "--socket", self.path)
            self.assertEqual((again.returncode, again.stderr), (0, ""), again.stdout)
            status = command("status", "--socket", self.path).stdout
            self.assertRegex(status, r"job\.1 +- +done ")
            self.assertNotIn("frontdoor why", status)
            with open(self.output, encoding="utf-8") as file:
                self.assertNotIn("restart failed", file.read())
        finally:
            self.end()

    def test_says_why_it_is_not_up_and_leaves_nothing(self):
        done = command("run", "--detach", "--listen", "127.0.0.1:0", "--", "sh", "-c", "echo oh dear >&2; exit 3", env=self.env)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("not up: app.1 ends again and again, last with exit 3; nothing is left running", done.stderr)
        self.assertIn("app.1 ! oh dear", done.stderr)
        self.assertFalse(os.path.exists(self.path))

    def test_a_second_interrupt_ends_at_once_what_does_not_stop(self):
        config = os.path.join(self.directory, "fd.toml")
        with open(config, "w", encoding="ascii") as file:
            file.write('listen = "127.0.0.1:0"\n[pool.app]\nstart_timeout = "10m"\nstop_timeout = "10m"\n'
                       """command = ["sh", "-c", "trap '' TERM INT; echo deaf; while :; do sleep 1; done"]\n""")
        said = os.path.join(self.directory, "said")

        def has_said():
            with open(said, encoding="utf-8") as file:
                return file.read()

        def main_pid():
            told = command("status", "--json", "--socket", self.path).stdout
            return told and "app.1 | deaf" in command("logs", "--socket", self.path).stdout and json.loads(told)["main_pid"]

        child = None
        with open(said, "wb") as stderr:
            running = processes.spawn([binary(), "run", "--detach", "--config", config], env=self.env, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=stderr)
        try:
            child = eventually(main_pid, "an app that is deaf")
            running.send_signal(signal.SIGINT)
            waits = "frontdoor: not up: what it has started is being stopped; Ctrl-C ends it at once\n"
            eventually(lambda: has_said() == waits, "its word that it waits")
            running.send_signal(signal.SIGINT)
            self.assertEqual(running.wait(60), 1)
            self.assertIn("frontdoor: not up: interrupted; nothing is left running\n", has_said())
            self.assertFalse(alive(child))
        finally:
            processes.end(running)
            if child and alive(child):
                os.kill(child, signal.SIGTERM)
                os.kill(child, signal.SIGINT)  # both: at once
                eventually(lambda: not alive(child), "its end")

    def test_a_command_that_is_not_there_is_told(self):
        config = os.path.join(self.directory, "fd.toml")
        with open(config, "w", encoding="ascii") as file:
            file.write('listen = "127.0.0.1:0"\n[pool.app]\ncommand = "no-such-command"\n')
        done = command("run", "--detach", "--config", config, env=self.env)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not up: app.1 cannot be started: command not found: no-such-command; nothing is left", done.stderr)

    def test_a_command_behind_the_dashes_that_is_not_there_starts_nothing(self):
        for how in ["--detach"], []:
            done = command("run", *how, "--listen", "127.0.0.1:0", "--", "nod", env=self.env)
            self.assertEqual((done.returncode, done.stdout), (127, ""))
            self.assertRegex(done.stderr, r"^frontdoor: command not found: nod, did you mean -- \w+\?\n$")
            done = command("run", *how, "--listen", "127.0.0.1:0", "--", APP, env=self.env)
            self.assertEqual((done.returncode, done.stderr),
                             (126, f"frontdoor: not executable: {APP}, did you mean -- node {APP}?\n"))
        self.assertFalse(os.path.exists(self.output))

    def test_an_address_in_use_is_told(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = command("run", "--detach", "--listen", f"127.0.0.1:{port}", "--", "node", APP, env=self.env)
            self.assertEqual(done.returncode, 1)
            self.assertIn("it ended with status 1", done.stderr)
            self.assertIn("address in use", done.stderr)

    def test_a_second_one_at_the_same_address_says_so_and_nothing_of_the_first(self):
        address = f"127.0.0.1:{free_port()}"
        words = ["run", "--detach", "--listen", address, "--", "node", APP]
        first = command(*words, env=self.env)
        self.assertEqual((first.returncode, first.stderr), (0, ""), first.stdout)
        pid = re.search(r"pid (\d+)", first.stdout).group(1)
        try:
            get(address)
            done = command(*words, env=self.env)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            said = done.stderr.splitlines()
            self.assertEqual(said[0], f"frontdoor: not up: {address} is another frontdoor's, pid {pid}; nothing is left running")
            self.assertRegex(said[1], rf"^  it is   frontdoor run --listen {address} -- node {APP}, in /")
            self.assertEqual(said[2], f"  end it  frontdoor shutdown --socket {self.path}")
            self.assertIn("its last lines (" + os.path.join(self.directory, "frontdoor", address.replace(":", "-") + "-2.log"), said[3])
            self.assertNotIn("app.1 |", done.stderr, "what the first one's instance has written")
            self.assertEqual(command("status", "--socket", self.path).returncode, 0)
        finally:
            self.end()

    def test_a_config_with_errors_starts_nothing(self):
        done = command("run", "--detach", "--config", "/dev/null", env=self.env)
        self.assertEqual(done.returncode, 78)

    def test_its_output_is_bounded(self):
        app = ("const line = 'x'.repeat(1000) + '\\n'; let n = 0; const go = () => { for (let i = 0; i < 500; i++) "
               "process.stdout.write(line); if (++n < 60) setTimeout(go, 20) }; "
               "require('http').createServer((q, r) => { if (n === 0) go(); r.end(String(n)) }).listen(process.env.PORT)")
        done = command("run", "--detach", "--listen", "127.0.0.1:0", "--", "node", "-e", app, env=self.env)
        self.assertEqual(done.returncode, 0, done.stderr)
        try:
            address = json.loads(command("status", "--json", "--socket", self.path).stdout)["listeners"][0]["address"]
            eventually(lambda: int(get(address)) == 60, "30 MB of output", timeout=60)
            eventually(lambda: os.path.exists(self.output + ".1") and os.path.getsize(self.output) < 20 << 20, "a rotation")
            self.assertLess(os.path.getsize(self.output + ".1"), 30 << 20)
        finally:
            self.end()
        with open(self.output, encoding="utf-8", errors="replace") as file:
            self.assertIn("stopped", file.read())  # the new file is where it goes on


class Unit(unittest.TestCase):
    def test_does_what_the_command_does(self):
        with tempfile.TemporaryDirectory() as directory:
            done = command("run", "-i", "2", "--print-unit", "--", "node", "my server.js", "100%", cwd=directory)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(f"WorkingDirectory={directory}\n", done.stdout)
            self.assertIn(f'ExecStart={os.path.realpath(binary())} run -i 2 -- node "my server.js" 100%%\n', done.stdout)
            if shutil.which("systemd-analyze") is None:
                self.skipTest("there is no systemd-analyze to verify it")
            file = os.path.join(directory, "shop.service")
            with open(file, "w", encoding="utf-8") as unit:
                unit.write(done.stdout)
            verified = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True, check=False)
            self.assertNotIn("shop.service", verified.stderr)


if __name__ == "__main__":
    main()
