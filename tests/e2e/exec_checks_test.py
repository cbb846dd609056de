#!/usr/bin/env python3
"""Health checks that are commands: as whom and with what they run, what decides, and what becomes of those that hang, flood,
fork or can not be started at all. Nothing of one is left."""

import json
import os
import shutil
import signal
import tempfile
import unittest

from support import App, Frontdoor, curl, eventually, http_get, main
from support import pool as remote_pool
from support import process as processes
from support.admin import api, command
from support.app import INSTANCE
from support.instances import events, front_door, pids
from support.metrics import ask, metrics
from support.process import alive

NOBODY = 65534


def lines_of(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []


class Checks(unittest.TestCase):
    def setUp(self):
        self.directory = os.path.realpath(tempfile.mkdtemp(prefix="frontdoor-checks-"))
        os.chmod(self.directory, 0o777)
        self.addCleanup(shutil.rmtree, self.directory)

    def path(self, name):
        return os.path.join(self.directory, name)

    def says(self, text):
        """What the script `verdict` does from now on."""
        with open(self.path("verdict.new"), "w", encoding="ascii") as file:
            file.write(text)
        os.replace(self.path("verdict.new"), self.path("verdict"))

    def check(self, script=None, more=""):
        """Of 100 ms each; runs `verdict` unless it is another script."""
        words = ["sh", "-c", script] if script else ["sh", self.path("verdict")]
        return ('[pool.app.health_check]\ntype = "exec"\n' + f"command = {json.dumps(words)}\n"
                f'interval = "100ms"\ninterval_down = "100ms"\ntimeout = "10s"\n{more}\n')

    def instances(self, check, count=1, more="", env=""):
        return (f'[pool.app]\ncommand = {json.dumps(INSTANCE)}\ninstances = {count}\nenv = {{ {env} }}\n{more}\n{check}')

    def remotes(self, apps, check, more=""):
        return remote_pool(upstreams=apps, health="", more=more + check)

    def row(self, door):
        return api(door, "status")[1]["pools"][0]["upstreams"][0]

    def nothing_is_left(self, door):
        """Below the launcher there is the front door, and the instances."""
        known = {front_door(door)} | {e["pid"] for e in events(door, "instance started")}

        def left():
            return [pid for pid in processes.children(door.pid) if pid not in known and alive(pid)]

        eventually(lambda: not left(), "that nothing of a check is left", pause=0.05)


class Runs(Checks):
    def test_as_its_instance_and_is_told_where_that_is(self):
        env = self.path("env")
        script = f"test -e {env} || {{ env; pwd; id -u; }} > {env}.new; mv {env}.new {env} 2>/dev/null; cat /dev/stdin; true"
        more = f'directory = "{self.directory}"\n' + ('user = "nobody"\n' if os.geteuid() == 0 else "")
        with Frontdoor(self.instances(self.check(script), env='RELEASE = "7"', more=more)) as door:
            (pid,) = pids(door, 1).values()
            told = eventually(lambda: lines_of(env), "what it found")
            port = json.loads(http_get(door.address, "/").text)["PORT"]
            for line in ("RELEASE=7", "FRONTDOOR_INSTANCE=app.1", "NODE_APP_INSTANCE=0", f"PORT={port}",
                         "FRONTDOOR_HOST=127.0.0.1", f"FRONTDOOR_ADDRESS=127.0.0.1:{port}"):
                self.assertIn(line, told)
            if os.geteuid() == 0:
                self.assertIn("HOME=/nonexistent", told)
                self.assertEqual(told[-1], str(NOBODY))
            self.assertEqual(told[-2], self.directory)
            self.assertFalse([line for line in told if line.startswith("NOTIFY_SOCKET")])
            # It is no process of the instance, which is stopped and started without it.
            self.assertTrue(alive(pid))

    def test_for_upstreams_that_somebody_else_runs_with_what_the_pool_says(self):
        env = self.path("env")
        with App("a") as app:
            config = self.remotes([app], self.check(f"env > {env}.new; mv {env}.new {env}"), 'env = { TOKEN = "secret" }\n')
            with Frontdoor(config) as door:
                door.wait_until_serving([app])
                told = lines_of(env)
                host, _, port = app.address.rpartition(":")
                for line in ("TOKEN=secret", f"PORT={port}", f"FRONTDOOR_HOST={host}", f"FRONTDOOR_ADDRESS={app.address}"):
                    self.assertIn(line, told)
                self.assertFalse([line for line in told if line.startswith("FRONTDOOR_INSTANCE=")])
                self.assertNotIn("secret", command("config", "show", "--config", door.config_file).stdout)

    def test_a_pool_may_hold_both_and_each_is_checked(self):
        script = "echo $FRONTDOOR_ADDRESS >> " + self.path("asked")
        with App("a") as app:
            config = self.instances("", more=f'upstreams = ["{app.address}"]') + self.check(script)
            with Frontdoor(config) as door:
                eventually(lambda: [u["state"] for u in api(door, "status")[1]["pools"][0]["upstreams"]] == ["up", "up"], "both")
                asked = set(lines_of(self.path("asked")))
                self.assertEqual(len(asked), 2)
                self.assertIn(app.address, asked)


class Decides(Checks):
    def test_its_exit_status_and_its_last_line_says_why(self):
        self.says("exit 0")
        with App("a") as app, Frontdoor(self.remotes([app], self.check())) as door:
            door.wait_until_serving([app])
            self.says("echo looking; echo the queue is full >&2; exit 3")
            down = eventually(lambda: events(door, "upstream down"), "that it is taken out")[0]
            self.assertEqual((down["reason"], down["last_words"]), ("3 of 3 probes failed: exit 3", "the queue is full"))
            row = self.row(door)
            self.assertEqual((row["state"], row["reason"]), ("down", down["reason"]))
            why = command("why", "app", door=door)
            self.assertIn("exit 3: the queue is full", why.stdout)
            self.assertIn("its check command (sh)", why.stdout)
            self.assertIn(f"run it by hand: PORT={app.address.rpartition(':')[2]} FRONTDOOR_ADDRESS={app.address} sh", why.stdout)
            self.says("exit 0")
            eventually(lambda: len(events(door, "upstream up")) == 2, "that it returns")
            self.says("kill -SEGV $$")
            down = eventually(lambda: events(door, "upstream down")[1:], "that it is taken out again")[0]
            self.assertEqual(down["reason"], "3 of 3 probes failed: SIGSEGV")

    def test_what_it_writes_is_told_to_who_is_trusted(self):
        self.says("echo hunter2; exit 3")
        token = "0123456789abcdef"
        config = f'[admin]\naddress = "127.0.0.1:0"\nsocket = "off"\ntoken = "{token}"\n' + self.remotes(["127.0.0.1:1"], self.check())
        with Frontdoor(config) as door:
            signed_in = [("Authorization", f"Bearer {token}")]
            eventually(lambda: events(door, "upstream down"), "the verdict")
            for target in "/api/v1/events", "/api/v1/why":
                self.assertIn('"last_words":"hunter2"', ask(door, target, signed_in).text)
            for target in "/api/v1/events", "/api/v1/events?form=lines", "/api/v1/why", "/api/v1/status", "/metrics":
                answer = ask(door, target)
                self.assertEqual(answer.status, 200, target)
                self.assertNotIn("hunter2", answer.text, target)

    def test_an_instance_gets_requests_once_it_passes(self):
        self.says("echo still warming up; exit 1")
        with Frontdoor(self.instances(self.check())) as door:
            eventually(lambda: events(door, "instance started"), "its start")
            eventually(lambda: lines_of(self.path("verdict")) and self.row(door)["state"] == "starting", "that it starts")
            self.assertEqual(events(door, "instance up"), [])
            self.says("exit 0")
            self.assertEqual(curl(door.address, "/").status, 200)
            self.assertEqual(len(events(door, "instance started")), 1)

    def test_one_that_does_not_end_is_an_instance_that_hangs(self):
        self.says("exit 0")
        check = self.check().replace('timeout = "10s"', 'timeout = "300ms"')
        with Frontdoor(self.instances(check, more='hung_grace = "200ms"\nstop_timeout = "300ms"')) as door:
            (before,) = pids(door, 1).values()
            self.says('[ "$FRONTDOOR_INSTANCE" = app.1 ] && [ -e ' + self.path("well") + " ] && exit 0; echo waiting; sleep 1000")
            down = eventually(lambda: events(door, "upstream down", reason="3 of 3 probes failed: probe timed out", last_words="waiting"), "the verdict")
            self.assertTrue(down)
            eventually(lambda: events(door, "instance hangs and is replaced", pid=before), "that it is replaced")
            with open(self.path("well"), "w", encoding="ascii"):
                pass
            eventually(lambda: not alive(before), "its end")
            pids(door, 1)
            self.nothing_is_left(door)

    def test_what_can_not_be_run_says_nothing_of_the_upstream_and_is_told_once(self):
        self.says("exit 0")
        with App("a") as app:
            config = self.remotes([app], self.check().replace('["sh", ', f'["{self.path("checker")}", '))
            with open(self.path("checker"), "w", encoding="ascii") as file:
                file.write("#!/bin/sh\nexit 0\n")
            os.chmod(self.path("checker"), 0o755)
            with Frontdoor(config) as door:
                door.wait_until_serving([app])
                os.unlink(self.path("checker"))
                told = eventually(lambda: events(door, "health check cannot be run, and says nothing"), "that it is told")
                self.assertEqual(told[0]["reason"], f"command not found: {self.path('checker')}")
                discarded = eventually(lambda: len(events(door, "probe discarded")) >= 5 and events(door, "probe discarded"), "more of them")
                self.assertEqual(discarded[0]["reason"], told[0]["reason"])
                self.assertEqual(len(events(door, "health check cannot be run, and says nothing")), 1)
                self.assertEqual((self.row(door)["state"], http_get(door.address, "/").status), ("up", 200))


class Bounded(Checks):
    def test_after_its_time_it_is_killed_with_all_that_it_has_started(self):
        # A child in a session of its own, and one that has forked twice and wiped its environment.
        script = (f"setsid sleep 1000 & echo $! >> {self.path('pids')}; (setsid sh -c 'env -i sleep 1000 & echo $! >> "
                  f"{self.path('pids')}' &); echo $$ >> {self.path('pids')}; trap '' TERM; sleep 1000; sleep 1000")
        with App("a") as app:
            check = self.check(script).replace('timeout = "10s"', 'timeout = "400ms"')
            with Frontdoor(self.remotes([app], check)) as door:
                down = eventually(lambda: events(door, "upstream down"), "the verdict")[0]
                self.assertEqual(down["reason"], "3 of 3 probes failed: probe timed out")
                early = [int(line) for line in lines_of(self.path("pids"))][:9]
                eventually(lambda: not any(alive(pid) for pid in early), "that those of the first three are gone", pause=0.05)
                eventually(lambda: events(door, "a health check left processes behind, which are killed"), "that it is told")
            self.assertFalse([pid for pid in lines_of(self.path("pids")) if alive(int(pid))])

    def test_one_that_leaves_a_daemon_behind_is_followed(self):
        script = f"(setsid sh -c 'sleep 1000 & echo $! >> {self.path('pids')}' > /dev/null 2>&1 &); exit 0"
        with App("a") as app, Frontdoor(self.remotes([app], self.check(script))) as door:
            door.wait_until_serving([app])
            first = int(eventually(lambda: lines_of(self.path("pids")), "its daemon")[0])
            eventually(lambda: not alive(first), "its end", pause=0.05)

    def test_a_few_run_at_a_time(self):
        # Each says that it runs and waits to be let go.
        script = f"mkdir {self.path('running')}/$PORT; while ! test -e {self.path('go')}; do sleep 0.05; done; rmdir {self.path('running')}/$PORT"
        os.mkdir(self.path("running"))
        addresses = [f"127.0.0.1:{port}" for port in range(1, 13)]
        with Frontdoor(self.remotes(addresses, self.check(script))) as door:
            eventually(lambda: len(os.listdir(self.path("running"))) == 4, "four of them")
            for _ in range(20):
                self.assertEqual(self.row(door)["state"], "unknown")
                self.assertLessEqual(len(os.listdir(self.path("running"))), 4)
            with open(self.path("go"), "w", encoding="ascii"):
                pass
            eventually(lambda: len(events(door, "upstream up")) == 12, "that all have had their turn")

    def test_a_flood_of_output_costs_little(self):
        script = "yes 'a very long line of a check that says too much' | head -n 80000; echo enough; exit 1"
        with App("a") as app, Frontdoor(self.remotes([app], self.check(script).replace('timeout = "10s"', 'timeout = "60s"'))) as door:
            down = eventually(lambda: events(door, "upstream down"), "the verdict", timeout=60)[0]
            self.assertEqual((down["reason"], down["last_words"]), ("3 of 3 probes failed: exit 1", "enough"))
            self.assertLess(processes.rss_kib(front_door(door)), 150_000)

    def test_again_and_again_it_leaves_nothing(self):
        self.says("sleep 0 & echo well; exit 0")
        with App("a") as app, Frontdoor(self.remotes([app], self.check())) as door:
            def count(at_least):
                eventually(lambda: self.passed(door) >= at_least, f"{at_least} checks", timeout=60)
                return len(processes.open_fds(door.pid)), len(processes.open_fds(front_door(door)))

            early = count(5)
            late = count(45)
            # One or two may be under way at each count; between the two there are forty.
            self.assertLess(abs(late[0] - early[0]), 20)
            self.assertLess(abs(late[1] - early[1]), 20)
            door.reload("[pool.app]\nupstreams = [\"127.0.0.1:9\"]\n")
            self.nothing_is_left(door)
            eventually(lambda: processes.children(door.pid) == [front_door(door)], "that the last one is reaped, too")

    def passed(self, door):
        return metrics(door)["frontdoor_health_checks_total", "result=passed"]


class Around(Checks):
    def test_a_stop_ends_the_check_that_runs(self):
        script = f"echo $$ >> {self.path('pids')}; sleep 1000"
        with App("a") as app:
            check = self.check(script).replace('timeout = "10s"', 'timeout = "1000s"')
            with Frontdoor(self.remotes([app], check)) as door:
                eventually(lambda: lines_of(self.path("pids")), "a check")
                door.terminate()
                self.assertEqual(door.wait(), 0)
            self.assertFalse([pid for pid in lines_of(self.path("pids")) if alive(int(pid))])

    def test_a_crash_of_the_front_door_ends_it_and_checks_go_on(self):
        script = f"echo $$ >> {self.path('pids')}; test -e {self.path('go')} || sleep 1000"
        with App("a") as app:
            check = self.check(script).replace('timeout = "10s"', 'timeout = "1000s"')
            with Frontdoor(self.remotes([app], check)) as door:
                (running,) = [int(line) for line in eventually(lambda: lines_of(self.path("pids")), "a check")]
                with open(self.path("go"), "w", encoding="ascii"):
                    pass
                os.kill(front_door(door), signal.SIGKILL)
                eventually(lambda: not alive(running), "the end of the check that nobody waits for")
                eventually(lambda: events(door, "upstream up"), "that it is checked")
                self.assertEqual(events(door, "a process that no pool names is ended"), [])

    def test_a_reload_to_it_waits_for_a_restart_where_no_process_can_be_started(self):
        self.says("exit 1")
        with App("a") as app, Frontdoor(self.remotes([app], "")) as door:
            door.wait_until_serving([app])
            door.reload(self.remotes([app], self.check()))
            (waits,) = eventually(lambda: events(door, "waits for an upgrade or a restart"), "that it is told")
            self.assertEqual((waits["key"], waits["runs"], waits["file"]), ("health_check.command", "connects", "exec, by a restart only"))
            eventually(lambda: self.row(door)["state"] == "up" and http_get(door.address, "/").status == 200, "that it is connected to")

    def test_a_reload_that_brings_a_pool_runs_its_checks_as_it_says_from_the_first_one_on(self):
        self.says("exit 0")
        asked = self.path("asked")
        script = f"echo $(id -u) $TOKEN $PWD >> {asked}"
        user = 'user = "nobody"\n' if os.geteuid() == 0 else ""
        with App("a") as app:
            before = self.remotes([app], self.check())
            routes = '[[route]]\npath = "/new"\npool = "new"\n[[route]]\npool = "app"\n'
            new = (f'[pool.new]\nupstreams = ["{app.address}"]\ndirectory = "{self.directory}"\nenv = {{ TOKEN = "its" }}\n{user}'
                   + self.check(script).replace("pool.app", "pool.new"))
            with Frontdoor(before) as door:
                door.wait_until_serving([app])
                door.reload(before + new + routes)
                eventually(lambda: len(lines_of(asked)) >= 3, "its checks")
                uid = NOBODY if user else os.geteuid()
                self.assertEqual(set(lines_of(asked)), {f"{uid} its {self.directory}"})

    def test_a_reload_to_another_command_holds_from_the_next_check_on_and_touches_no_process(self):
        self.says("exit 0")
        with Frontdoor(self.instances(self.check())) as door:
            before = pids(door, 1)
            door.reload(self.instances(self.check("echo of the new kind; exit 4")))
            eventually(lambda: events(door, "upstream down", reason="3 of 3 probes failed: exit 4", last_words="of the new kind"), "the new one")
            self.assertEqual([e["pid"] for e in events(door, "instance started")], list(before.values()))


if __name__ == "__main__":
    main()
