#!/usr/bin/env python3
"""`frontdoor reload`, `config diff` and `healthcheck`, and the requests behind them, against the real program."""

import json
import os
import re
import socket
import subprocess
import tempfile
import unittest

from support import App, Frontdoor, binary, curl, eventually, main, pool
from support.admin import api, command
from support.app import script_path
from support.instances import events, who


class Reload(unittest.TestCase):
    def test_tells_what_has_changed_and_what_waits(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            door.wait_until_serving([app])
            same = command("reload", door=door)
            self.assertEqual((same.returncode, same.stderr), (0, ""))
            self.assertRegex(same.stdout, r"^reloaded \S+fd\.toml, generation 2\n  nothing has changed\n$")
            door.head = door.head.replace("workers = 2", "workers = 3")
            door.write_config(pool(upstreams=[app], more="max_in_flight = 7\n"))
            diff = command("config", "diff", door=door)
            self.assertEqual(diff.returncode, 0)
            self.assertIn("  [pool.app] max_in_flight: 0 -> 7\n", diff.stdout)
            self.assertIn("  waits for an upgrade or a restart:\n    workers: 2 -> 3\n", diff.stdout)
            self.assertEqual(api(door, "status")[1]["config_generation"], 2, "it has only looked")
            done = command("reload", door=door)
            self.assertEqual(done.stdout.splitlines()[1:], diff.stdout.splitlines())
            self.assertIn("max_in_flight: 0 -> 7", events(door, "reloaded")[-1]["changes"])
            (act, *_) = events(door, "operator")
            self.assertEqual(act["action"], "reload")
            body = json.loads(command("reload", "--json", door=door).stdout)
            self.assertEqual((body["ok"], body["changes"], body["waits_for_upgrade_or_restart"]), (True, [], ["workers: 2 -> 3"]))

    def test_of_errors_tells_all_of_them_with_positions_and_changes_nothing(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            door.wait_until_serving([app])
            door.write_config(pool(upstreams=[app], more="max_in_fligth = 7\nhold = 3\n"))
            for words in (["reload"], ["config", "diff"]):
                done = command(*words, door=door)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertRegex(done.stderr, r"fd\.toml:\d+:\d+: .*max_in_fligth.*did you mean \"max_in_flight\"")
                self.assertRegex(done.stderr, r"fd\.toml:\d+:\d+: .*hold")
                self.assertIn("the file has errors", done.stderr)
                self.assertEqual("nothing was reloaded, what ran before goes on" in done.stderr, words == ["reload"])
            status, body = api(door, "reload", "POST")
            self.assertEqual((status, body["error"], len(body["diagnostics"]) >= 2), (422, "config_has_errors", True))
            os.unlink(door.config_file)
            gone = command("reload", door=door)
            self.assertEqual(gone.returncode, 1)
            self.assertIn("No such file or directory", gone.stderr)
            self.assertEqual(curl(door.address, "/").status, 200)

    def test_config_diff_refuses_what_a_reload_refuses(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door, socket.create_server(("127.0.0.1", 0)) as other:
            door.wait_until_serving([app])
            head = door.head.replace('listen = "127.0.0.1:0"\n', "") + '[[listener]]\naddress = "127.0.0.1:0"\n'
            taken = other.getsockname()[1]
            for address in (f"127.0.0.1:{taken}", "unix:/nowhere/at/all"):
                door.head = head + f'[[listener]]\naddress = "{address}"\n'
                door.write_config(pool(upstreams=[app]))
                for words in (["config", "diff"], ["reload"]):
                    done = command(*words, door=door)
                    self.assertEqual((done.returncode, done.stdout), (1, ""), words)
                    self.assertRegex(done.stderr, rf"fd\.toml:\d+:\d+: cannot listen on {re.escape(address)}: ")
                    self.assertIn("not every listener can be as the file says", done.stderr)
            door.head = head + f'[[listener]]\naddress = "127.0.0.1:{taken}"\n'
            door.write_config(pool(upstreams=[app]))
            other.close()
            diff = command("config", "diff", door=door)
            self.assertEqual((diff.returncode, diff.stderr), (0, ""))
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", taken))
            done = command("reload", door=door)
            self.assertEqual(done.stdout.splitlines()[1:], diff.stdout.splitlines())
            self.assertEqual(curl(f"127.0.0.1:{taken}", "/").status, 200)

    def test_waits_for_the_instances_that_it_replaces(self):
        config = '[pool.app]\ncommand = {}\nenv = {{ VERSION = "{}" }}\n'
        good = json.dumps(["node", script_path("instance.js")])
        with Frontdoor(config.format(good, 1)) as door:
            before = eventually(lambda: who(door), "the instance")["pid"]
            door.write_config(config.format(good, 2))
            done = command("reload", door=door)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertNotIn('"2"', done.stdout)
            self.assertNotEqual(who(door)["pid"], before)
            door.write_config(config.format(json.dumps(["sh", "-c", "echo no; echo never; exit 3"]), 2))
            done = command("reload", door=door)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertRegex(done.stdout, r"^reloaded \S+, generation 3\n  \[pool\.app\] command: ", "it holds")
            told = done.stderr.splitlines()
            self.assertRegex(told[0], r"^app\.1 does not come up, the old ones stay: exited 3 before listening; it said: no$")
            self.assertEqual(told[1], "    never")
            self.assertRegex(told[2], r"^frontdoor: \S+fd\.toml: the config is applied, but not every instance comes up as it says$")
            self.assertEqual(len(told), 3, done.stderr)
            self.assertEqual(curl(door.address, "/").status, 200, "the old one stays")

    def test_fails_with_what_never_was_up(self):
        good = f'[pool.app]\ncommand = {json.dumps(["node", script_path("instance.js")])}\n'
        worker = '[pool.worker]\nport = "none"\ncommand = ["sh", "-c", "{}"]\n'
        with Frontdoor(good) as door:
            eventually(lambda: who(door), "the instance")
            for status, what in ((3, "a new pool"), (4, "a pool in a crash loop that gets another command")):
                door.write_config(good + worker.format(f"exit {status}"))
                done = command("reload", door=door)
                self.assertEqual(done.returncode, 1, what)
                self.assertRegex(done.stderr, r"^worker\.1 does not come up: ", what)
                self.assertIn("not every instance comes up as it says", done.stderr)
            unchanged = command("reload", door=door)
            self.assertEqual((unchanged.returncode, unchanged.stderr), (0, ""), "its crash loop is an older one")

    def test_does_not_fail_with_the_restart_of_another_pool(self):
        waits = json.dumps(["sh", "-c", "while ! test -e go; do sleep 0.05; done; exec node " + script_path("instance.js")])
        fails = json.dumps(["sh", "-c", "test -e broken && exit 3; exec node " + script_path("instance.js")])
        with tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
            text = (f'[pool.app]\ndirectory = "{directory}"\nenv = {{ VERSION = "%s" }}\ncommand = {waits}\n'
                    f'[[route]]\npath = "/"\npool = "app"\n'
                    f'[pool.other]\ndirectory = "{directory}"\ncommand = {fails}\n[[route]]\npath = "/other"\npool = "other"\n')
            self.restart_another_while_reloading(directory, text)

    def restart_another_while_reloading(self, directory, text):
        go, broken = (os.path.join(directory, name) for name in ("go", "broken"))
        open(go, "w").close()
        with Frontdoor(text % 1) as door:
            eventually(lambda: [p["state"] for p in api(door, "processes")[1]["processes"]] == ["up", "up"], "both")
            os.unlink(go)
            door.write_config(text % 2)
            reload = subprocess.Popen([binary(), "reload", "--socket", door.admin_socket], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)
            try:
                eventually(lambda: len(events(door, "instance started")) >= 3, "the new one, which waits")
                open(broken, "w").close()
                self.assertEqual(command("restart", "other", door=door).returncode, 1)
                self.assertIsNone(reload.poll(), "it still waits for its own")
            finally:
                open(go, "w").close()
                out, err = reload.communicate(timeout=60)
            self.assertEqual((reload.returncode, err), (0, ""), out)

    def test_takes_no_pool_as_pm2_does(self):
        with Frontdoor(pool(upstreams=["127.0.0.1:1"])) as door:
            done = command("reload", "app", door=door)
            self.assertEqual(done.returncode, 2)
            self.assertIn("frontdoor restart app", done.stderr)
            self.assertEqual(api(door, "reload")[0], 405)

    def test_without_a_file_is_told(self):
        with App("a") as app, tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
            environment = dict(os.environ, RUNTIME_DIRECTORY=directory, XDG_RUNTIME_DIR=directory)
            running = subprocess.Popen([binary(), "proxy", "--listen", "127.0.0.1:0", "--to", app.address], env=environment,
                                       stderr=subprocess.DEVNULL)
            try:
                path = os.path.join(directory, "admin.sock" if os.geteuid() == 0 else "frontdoor/admin.sock")
                eventually(lambda: os.path.exists(path), "its socket")
                done = command("reload", "--socket", path)
                self.assertEqual(done.returncode, 1)
                self.assertIn("the config was not read from a file", done.stderr)
                kept = command("drain", f"app/{app.address}", "--yes", "--no-wait", "--socket", path)
                self.assertIn("this will not survive a restart: the config was not read from a file", kept.stderr)
            finally:
                running.terminate()
                running.wait()


class Restart(unittest.TestCase):
    def test_shows_last_words_that_no_terminal_obeys(self):
        words = json.dumps(["sh", "-c", r"printf 'no\033[2J\n'; exit 3"])
        with Frontdoor(f"[pool.app]\ncommand = {words}\n") as door:
            done = command("restart", "app", door=door)
            self.assertEqual(done.returncode, 1)
            self.assertIn("it said: no", done.stderr)
            self.assertNotIn("\x1b", done.stderr)


class Logs(unittest.TestCase):
    def test_are_opened_anew(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            log = os.path.join(door.directory, "access.log")
            door.write_config(pool(upstreams=[app], more=f'[access_log]\noutput = "{log}"\n'))
            self.assertEqual(command("reload", door=door).returncode, 0)
            eventually(lambda: os.path.exists(log), "the log")
            os.rename(log, log + ".1")
            self.assertEqual(api(door, "logs:reopen", "POST"), (200, {"ok": True, "reopened": True}))
            eventually(lambda: os.path.exists(log), "the new log")


class Health(unittest.TestCase):
    def test_is_an_exit_status(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            door.wait_until_serving([app])
            for words in (["healthcheck"], ["healthcheck", "--ready"]):
                done = command(*words, door=door)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
            command("maintenance", "app", door=door)
            self.assertEqual(command("healthcheck", door=door).returncode, 0)
            refused = command("healthcheck", "--ready", door=door)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("not ready: pool app: none of 1 upstreams is up", refused.stderr)
            command("ready", "app", door=door)
            app.kill()
            eventually(lambda: command("healthcheck", "--ready", door=door).returncode == 1, "that it is not ready")
            address = door.admin_address
            for more, said in (((), "healthy\n"), (("--ready",), "")):
                asked = command("healthcheck", "--address", address, *more)
                self.assertEqual((asked.returncode, asked.stdout), (1 if more else 0, said))
            self.assertIn("not ready: ", asked.stderr)
            clients = command("healthcheck", "--address", door.address)
            self.assertEqual(clients.returncode, 1, "another server than the admin side")
        self.assertIn("Connection refused", command("healthcheck", "--address", address).stderr)
        gone = command("healthcheck", door=door)
        self.assertEqual(gone.returncode, 1)
        self.assertTrue(gone.stderr)

    def test_answers_as_readyz_does(self):
        def ready(door):
            done = command("healthcheck", "--ready", door=door)
            self.assertEqual(command("healthcheck", "--ready", "--address", door.admin_address).returncode, done.returncode)
            return done
        node = json.dumps(["node", script_path("instance.js")])
        with Frontdoor(f'[pool.app]\nidle_stop = "200ms"\ncommand = {node}\n') as door:
            eventually(lambda: events(door, "pool is idle, its instances stop until the next request"), "its sleep")
            eventually(lambda: api(door, "status")[1]["pools"][0]["upstreams"][0]["state"] == "idle", "that it is over")
            self.assertEqual(ready(door).returncode, 0, "the next request wakes it")
        worker = '[pool.worker]\nport = "none"\ncommand = ["sleep", "1000"]\n'
        with Frontdoor(pool(upstreams=["127.0.0.1:1"]) + worker) as door:
            state = lambda name: [p["upstreams"][0]["state"] for p in api(door, "status")[1]["pools"] if p["name"] == name]
            eventually(lambda: (state("app"), state("worker")) == (["down"], ["up"]), "that only the worker is up")
            self.assertIn("not ready: pool app: none of 1 upstreams is up", ready(door).stderr)

    def test_drain_is_not_ready(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app], more='[timeouts]\ndrain_delay = "8s"\n')) as door:
            door.wait_until_serving([app])
            self.assertEqual(api(door, "drain", "POST")[0], 202)
            eventually(lambda: "not ready: draining" in command("healthcheck", "--ready", door=door).stderr, "that it drains")
            self.assertEqual(command("healthcheck", door=door).returncode, 0)


if __name__ == "__main__":
    main()
