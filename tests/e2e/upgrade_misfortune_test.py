#!/usr/bin/env python3
"""An upgrade that goes wrong, or comes at a bad moment: the old one serves on and the operator is told why, whoever is killed
there is one of each instance and one that serves, and in the end nothing is left."""

import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import unittest

from support import App, Client, FixedRate, Upgradable, binary, eventually, http_get, main, pool, sanitized
from support import process as processes
from support.admin import api, command
from support.instances import events, pids
from support.app import INSTANCE, script_path
from upgrade_test import DRAIN, WithDoors, instances


def in_background(work):
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def nobody_asks(path):
    """No connection by which somebody has asked over the admin socket is open any more."""
    with open("/proc/net/unix", encoding="utf-8") as table:
        connected = [line for line in table if line.split()[5] == "03" and line.rstrip().endswith(path)]
    return not connected


def leave_descriptors(door, room):
    """So many, to a process that runs; the limit of before."""
    pid = door.pid
    eventually(lambda: nobody_asks(door.admin_socket), "that the last connection is closed")
    taken = processes.open_fds(pid)
    most = next(fd for fd in range(1 << 20) if sum(free not in taken for free in range(fd)) == room and fd not in taken)
    done = subprocess.run(["prlimit", f"--pid={pid}", "--nofile", "--noheadings", "--output=SOFT"], capture_output=True, text=True, check=True)
    limit_descriptors(pid, most)
    return int(done.stdout)


def listening_inode(port):
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table]
    return next(row[9] for row in rows if row[1] == f"0100007F:{port:04X}" and row[3] == "0A")


def limit_descriptors(pid, most):
    subprocess.run(["prlimit", f"--pid={pid}", f"--nofile={most}:"], check=True)


class TheNewOneFails(WithDoors):
    def serves_on(self, door, old):
        self.assertEqual(door.serving(), old)
        self.assertEqual(http_get(door.address).status, 200)

    def test_at_its_start_and_the_reason_is_told(self):
        for _, door in self.doors():
            old = door.serving()
            # Where it is no frontdoor its last words are told, too.
            said = "printf 'no library\\033[1m of that name\\ntoken: abc\\n' >&2\n"
            words = "no library of that name; token: …"
            cases = [("exit 3\n", (), "exit status 3"), (said + "exit 3\n", (), f"with exit status 3: {words}"),
                     ("kill -SEGV $$\n", (), "SIGSEGV"), (said + "kill -SEGV $$\n", (), f"(SIGSEGV): {words}"),
                     ("exec sleep 60\n", ("--within", "1"), "did not serve in time"),
                     (said + "exec sleep 60\n", ("--within", "1"), f"did not serve in time: {words}")]
            for text, options, reason in cases:
                with self.subTest(text):
                    door.script(text)
                    done = door.upgrade(*options)
                    self.assertEqual(done.returncode, 1)
                    self.assertIn(reason, done.stderr)
                    self.assertTrue([e for e in events(door, "upgrade failed, this process serves on") if reason in e["reason"]])
                    self.serves_on(door, old)
            door.point_to(binary())
            _, new = door.upgraded()
            self.assertNotEqual(new, old, "and then it succeeds")

    def test_because_it_is_not_there_or_no_program(self):
        for _, door in self.doors():
            old = door.serving()
            os.unlink(door.program)
            self.assertIn("No such file", door.upgrade().stderr)
            text = os.path.join(door.directory, "text")
            with open(text, "w", encoding="utf-8") as file:
                file.write("no program")
            door.point_to(text)
            self.assertIn("Permission denied", door.upgrade().stderr)
            os.chmod(text, 0o755)
            self.assertIn("can not be executed", door.upgrade().stderr)
            self.serves_on(door, old)

    def test_because_of_its_config_and_operators_are_heard_again(self):
        for _, door in self.doors():
            old = door.serving()
            good = door.head
            door.head = "listne = 1\n" + good
            door.write_config(instances())
            done = door.upgrade()
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r"does not take the config \(exit status 78\): \S+fd\.toml:1:1: .*listne")
            self.assertIn("listne", events(door, "upgrade failed, this process serves on")[-1]["reason"])
            self.assertIn("listne", door.stderr(), "with its place")
            self.serves_on(door, old)
            upstream = api(door, "status")[1]["pools"][0]["upstreams"][0]["name"]
            self.assertEqual(command("weight", f"app/{upstream}", "2", door=door).returncode, 0)

    def test_because_an_address_is_taken(self):
        with Client(self.enterContext(App("other")).address) as other:
            for _, door in self.doors():
                old = door.serving()
                before = door.addresses
                door.head += f'[[listener]]\naddress = "127.0.0.1:0"\n[[listener]]\naddress = "{other.address}"\n'
                door.head = door.head.replace('listen = "127.0.0.1:0"\n', "")
                door.write_config(door.config)
                done = door.upgrade()
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertRegex(done.stderr, rf"exit status 1: cannot listen on {other.address}: address in use by ")
                self.assertTrue([e for e in door.events() if "address in use" in json.dumps(e)])
                self.assertEqual(door.addresses, before)
                self.serves_on(door, old)

    def test_because_there_are_no_descriptors(self):
        for _, door in self.doors():
            old = door.serving()
            # Of the process that starts the new one: for whoever asks it over the admin socket. A check that was under way when
            # they were counted leaves one more, which is half of the pair that is needed.
            before = leave_descriptors(door, 1)
            done = door.upgrade()
            limit_descriptors(door.pid, before)
            self.assertEqual((done.returncode, "Too many open files" in done.stderr), (1, True), done.stderr)
            self.serves_on(door, old)
            door.upgraded()

    def test_where_its_end_would_be_taken_for_the_end_of_the_service(self):
        app = self.enterContext(App("app"))
        with Upgradable(pool("app", [app]), prefix=["sh", "-c", 'SYSTEMD_EXEC_PID=$$ exec "$@"', "sh"]) as door:
            old = door.serving()
            status, answer = api(door, "upgrade", "POST", {})
            self.assertEqual((status, answer["error"]), (409, "main_process"))
            self.assertIn("Type=notify", door.upgrade().stderr)
            self.serves_on(door, old)

    def test_when_it_has_just_got_the_instances(self):
        """The old one has them again: it hears what they write, starts them, and does what operators ask for."""
        code = "import time\\nn = 0\\nwhile True:\\n  print('line', n, 'x' * 2000, flush=True)\\n  n += 1\\n  time.sleep(0.01)"
        writes = f'[pool.writes]\ncommand = ["python3", "-c", "{code}"]\nport = "none"\nmin_uptime = "10ms"\n'
        listeners = '[[listener]]\nname = "web"\naddress = "127.0.0.1:0"\n'
        with Upgradable(DRAIN + instances(2) + writes, listeners=listeners) as door:
            eventually(lambda: len(events(door, "instance up")) == 3, "all of them")
            before = pids(door, 2)
            old = door.serving()
            # What the new one has is not what the old one has.
            good = door.head
            door.head += '[[listener]]\nname = "other"\naddress = "127.0.0.1:0"\n'
            door.write_config(door.config)
            for pid in before.values():
                os.kill(pid, signal.SIGSTOP)  # no verdict: it waits a second before it says that it serves
            answers = []
            asking = in_background(lambda: answers.append(door.upgrade()))
            start = eventually(lambda: events(door, "a new front door starts beside the old one"), "the new one")[0]
            eventually(lambda: len(events(door, "instance started")) == 6, "that it has the instances", pause=0.002)
            os.kill(start["pid"], signal.SIGKILL)
            asking.join()
            for pid in before.values():
                os.kill(pid, signal.SIGCONT)
            self.assertEqual((answers[0].returncode, "SIGKILL" in answers[0].stderr), (1, True), answers)
            self.assertEqual((pids(door, 2), door.serving()), (before, old))

            def lines():
                with open(door.stdout_file, encoding="utf-8") as file:
                    return re.findall(r"(?m)^writes.1 +\| line (\d+) ", file.read())
            count = len(lines())
            eventually(lambda: len(lines()) > count + 100, "more than a pipe holds")
            seen = lines()
            self.assertEqual(len(set(seen)), len(seen), "each once")
            self.assertEqual(command("logs", "app.2", door=door).stdout, "app.2 | listening\n", "what it has said before")
            os.kill(before["app.1"], signal.SIGKILL)
            after = eventually(lambda: pids(door, 2)["app.1"] != before["app.1"] and pids(door, 2), "another one")
            self.assertEqual(len(events(door, "instance ended", instance="app.1", end="SIGKILL")), 1)
            done = command("restart", "app.2", door=door)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotEqual(pids(door, 2)["app.2"], after["app.2"])
            after = pids(door, 2)
            door.head = good
            door.reload(door.config)
            self.assertEqual(pids(door, 2), after)
            killed = door.serving()
            os.kill(killed, signal.SIGKILL)  # what the launcher keeps is right, too
            eventually(lambda: door.serving() not in (None, killed), "the next front door")
            self.assertEqual(pids(door, 2), after)
            door.upgraded()
            self.assertEqual(pids(door, 2), after)

    def test_when_it_has_just_got_the_instances_no_request_is_lost(self):
        """Those of two pools, of which none waits for anything: what is known of the instances stays known, and each pool has
        all of its own at any time."""
        deaf = self.enterContext(socket.create_server(("127.0.0.1", 0)))  # no verdict: it waits a second before it serves
        passed = '["python3", "' + script_path("starting.py") + '"]'
        config = DRAIN + f'''
[[route]]
path = "/api"
pool = "api"
[[route]]
path = "/deaf"
pool = "deaf"
[[route]]
pool = "app"
[pool.app]
command = {json.dumps(INSTANCE)}
instances = 2
hold.timeout = "0s"
health_check = {{ path = "/slow", timeout = "5s" }}
[pool.api]
command = {passed}
env = {{ HOW = "passed" }}
port = "listen_fds"
instances = 2
hold.timeout = "0s"
health_check = {{ path = "/healthz", timeout = "5s" }}
[pool.deaf]
upstreams = ["127.0.0.1:{deaf.getsockname()[1]}"]
health_check = {{ path = "/", timeout = "60s" }}
'''
        with Upgradable(config) as door:
            eventually(lambda: len(events(door, "instance up")) == 4, "all of them")
            old = door.serving()
            # Over connections that there are: what the new one accepts before it serves dies with it.
            each = {"rate": 100, "connections": 64}
            with FixedRate(door.address, "/", **each) as app, FixedRate(door.address, "/api", **each) as api_load:
                answers = []
                asking = in_background(lambda: answers.append(door.upgrade()))
                start = eventually(lambda: events(door, "a new front door starts beside the old one"), "the new one")[0]
                eventually(lambda: len(events(door, "instance started")) == 8, "that it has the instances", pause=0.002)
                os.kill(start["pid"], signal.SIGKILL)
                asking.join()
                eventually(lambda: len(events(door, "instance started")) == 12, "that the old one has them again")
                reports = app.finish_after(1.5), api_load.finish()
            self.assertEqual((answers[0].returncode, "SIGKILL" in answers[0].stderr), (1, True), answers)
            self.assertEqual(door.serving(), old)
            self.assertEqual([report["failures"] for report in reports], [[], []])
            # Of what was passed to them nothing is left in what has let go of it.
            port = int(events(door, "instance started", instance="api.2")[0]["address"].rpartition(":")[2])
            passed = f"socket:[{listening_inode(port)}]"
            self.assertIn(passed, processes.open_fds(old).values())
            self.assertEqual(command("scale", "api", "1", door=door).returncode, 0)
            eventually(lambda: passed not in processes.open_fds(old).values(), "that it is closed")

    def test_when_it_has_served_it_is_started_anew_from_its_own_program(self):
        with Upgradable(DRAIN + instances(2)) as door:
            before = pids(door, 2)
            _, new = door.upgraded()
            door.script("exit 3\n")  # whatever its path leads to by now
            os.kill(new, signal.SIGKILL)
            eventually(lambda: events(door, "the front door crashed and is started anew"), "the word")
            self.assertEqual(pids(door, 2), before)


    @unittest.skipUnless(os.geteuid() == 0, "only root gives a file capabilities")
    def test_when_it_has_served_though_the_kernel_hides_its_program(self):
        """As it hides that of a file with capabilities, which a launcher without them may not look at."""
        if sanitized():
            self.skipTest("the search for leaks may not look at such a process either")
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o755)
            programs = [os.path.join(directory, name) for name in ("old", "new")]
            for program in programs:
                shutil.copy(binary(), program)
            try:  # cap_net_bind_service, permitted and effective (struct vfs_cap_data)
                os.setxattr(programs[1], "security.capability", struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0))
            except OSError as error:
                self.skipTest(f"no capabilities here: {error}")
            door = Upgradable(DRAIN + '[pool.app]\ncommand = ["sleep", "1000"]\nport = "none"\nmin_uptime = "10ms"\n',
                              prefix=["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"])
            os.chmod(door.directory, 0o777)
            os.chmod(door.config_file, 0o644)
            door.point_to(programs[0])
            with door:
                eventually(lambda: events(door, "instance up"), "its instance")
                door.point_to(programs[1])
                _, new = door.upgraded()
                door.script("exit 3\n")  # whatever its path leads to by now
                os.kill(new, signal.SIGKILL)
                eventually(lambda: events(door, "the front door crashed and is started anew"), "the word")
                after = eventually(lambda: door.serving() not in (None, new) and door.serving(), "the next one")
                self.assertTrue(os.path.samefile(f"/proc/{after}/exe", programs[1]))

    def test_because_it_does_not_understand_what_the_launcher_has(self):
        """The launcher asks it before it gives up its place."""
        for content in (b"", b"\0" * 100, b"\1\0\0\0" + b"\xff" * 64):
            state = os.memfd_create("state")
            os.write(state, content)
            asked = subprocess.run([binary(), "launcher-check"], env={**os.environ, "FRONTDOOR_LAUNCHER_STATE_FD": str(state)},
                                   pass_fds=(state,), capture_output=True, check=False)
            os.close(state)
            self.assertEqual((asked.returncode, asked.stdout), (1, b""))
        self.assertEqual(subprocess.run([binary(), "launcher-check"], capture_output=True, check=False).returncode, 2, "no word for people")


class AtABadMoment(WithDoors):
    def test_while_another_one_is_under_way(self):
        for _, door in self.doors():
            door.script("exec sleep 60\n")
            first = in_background(lambda d=door: d.upgrade("--within", "3"))
            eventually(lambda d=door: events(d, "upgrade"), "its begin")
            status, answer = api(door, "upgrade", "POST", {"within_seconds": 5})
            self.assertEqual((status, answer["error"]), (409, "under_way"))
            upstream = api(door, "status")[1]["pools"][0]["upstreams"][0]["name"]
            refused = command("weight", f"app/{upstream}", "2", door=door)
            self.assertEqual((refused.returncode, "an upgrade is under way" in refused.stderr), (1, True), refused)
            os.kill(door.pid, signal.SIGUSR2)
            first.join()
            self.assertEqual(http_get(door.address).status, 200)

    def test_while_the_one_before_drains(self):
        for _, door in self.doors():
            with Client(door.address) as first, Client(door.address) as second:
                self.assertEqual((first.get("/").status, second.get("/").status), (200, 200))
                olds = [door.upgraded()[0] for _ in range(3)]
                self.assertEqual(first.get("/").status, 200, "the oldest still serves")
                self.assertEqual(second.get("/").status, 200)
            for old in olds:
                self.gone(old)
            self.assertEqual(http_get(door.address).status, 200)

    def test_while_the_one_before_has_drained_too_often(self):
        for name, door in self.doors(more='[timeouts]\ndrain = "60s"\n'):
            clients = [Client(door.address, timeout=60)]
            self.assertEqual(clients[0].get("/").status, 200)
            for _ in range(8):
                door.upgraded()
                clients.append(Client(door.address, timeout=60))
                self.assertEqual(clients[-1].get("/").status, 200)
            done = door.upgrade()
            self.assertEqual((done.returncode, "too many of before are still draining" in done.stderr), (1, True), done.stderr)
            for client in clients:
                client.close()

            def again():
                _, answer = api(door, "upgrade", "POST", {})
                if answer.get("pid") and name.startswith("without"):
                    door.others.append(answer["pid"])
                return not answer.get("error")
            eventually(again, "that it may again", pause=0.5)

    def test_while_the_config_is_being_changed(self):
        """Behind the new one's reading it, and before its first look whether it is another one by now."""
        with Upgradable(DRAIN + instances(1), options=["--watch"]) as door:
            def told():
                return len(events(door, "connection limit"))  # of a listener, and so behind the reading of the config
            before = told()
            asking = in_background(door.upgrade)
            new = eventually(lambda: events(door, "a new front door starts beside the old one"), "the new one", pause=0.001)[0]["pid"]
            eventually(lambda: told() > before, "that it has read the config", pause=0.001)
            os.kill(new, signal.SIGSTOP)
            door.write_config('[timeouts]\ndrain = "7s"\n' + instances(1))
            os.kill(new, signal.SIGCONT)
            asking.join()
            eventually(lambda: door.serving() == new, "that it serves")
            eventually(lambda: events(door, "reloaded"), "the change")
            self.assertEqual(command("config", "diff", door=door).returncode, 0)

    def test_while_instances_roll(self):
        with Upgradable(DRAIN + instances(2, 'env = { LATE = "700" }')) as door:
            before = pids(door, 2)
            rolling = in_background(lambda: command("restart", "app", door=door))
            eventually(lambda: len(events(door, "instance started")) > 2, "the first new one")
            old, _ = door.upgraded()
            rolling.join()
            after = pids(door, 2)
            self.assertEqual(set(before.values()) & set(after.values()), set())
            self.gone(old)
            self.assertEqual(pids(door, 2), after)

    def test_when_the_new_config_rolls_them_idle_clients_of_the_old_one_lose_nothing(self):
        with Upgradable('[timeouts]\ndrain = "20s"\n' + instances(2)) as door, Client(door.address) as idle:
            self.assertEqual(idle.get("/").status, 200)
            before = pids(door, 2)
            door.write_config('[timeouts]\ndrain = "20s"\n' + instances(2, 'env = { RELEASE = "2" }'))
            door.upgraded()
            eventually(lambda: not set(before.values()) & set(pids(door, 2).values()), "the new release")
            self.assertTrue(idle.at_end(), "it is closed while it has asked nothing, for its instances are gone")

    def test_while_an_instance_crashes_again_and_again(self):
        with Upgradable(DRAIN + instances(1) + '[pool.bad]\ncommand = ["sh", "-c", "sleep 0.05; exit 4"]\nport = "none"\n') as door:
            before = pids(door, 1)
            def ends():
                return [e for e in door.events() if e.get("pool") == "bad" and e.get("event") in ("instance ended", "instance is in a crash loop")]
            eventually(lambda: len(ends()) >= 3, "some ends")
            for _ in range(2):
                old, _ = door.upgraded()
                self.gone(old)
                count = len(ends())
                eventually(lambda c=count: len(ends()) > c, "one more", timeout=60)
            self.assertEqual(pids(door, 1), before)
            all_ends = len(ends())
            started = {e["pid"] for e in events(door, "instance started", pool="bad")}
            self.assertIn(len(started) - all_ends, (0, 1, 2), "each life ends once, and is told once")

    def test_while_a_health_check_runs_as_a_process(self):
        check = '[pool.app.health_check]\ntype = "exec"\ncommand = ["sh", "-c", "sleep 1000"]\ntimeout = "100s"\n'
        app = self.enterContext(App("app"))
        with Upgradable(DRAIN + f'[pool.app]\nupstreams = ["{app.address}"]\n' + check) as door:
            def running():
                parents = [door.pid]
                return [child for parent in parents for child in processes.children(parent) if processes.comm(child) in ("sh", "sleep")]
            first = eventually(running, "the check")
            old, _ = door.upgraded()
            eventually(lambda: all(not processes.alive(pid) for pid in first), "its end")
            self.assertTrue(eventually(running, "the new one's check"))
            self.gone(old)
            self.assertEqual(events(door, "a health check was killed and does not end"), [])
            self.assertEqual(events(door, "a process that no pool names is ended"), [])

    def test_with_a_reload_meanwhile_that_one_is_the_new_one_s(self):
        for _, door in self.doors():
            old = door.serving()
            door.script(f'sleep 1; exec "{binary()}" "$@"\n')
            asking = in_background(lambda d=door: d.upgrade())
            eventually(lambda d=door: events(d, "upgrade"), "its begin")
            os.kill(door.pid, signal.SIGHUP)
            asking.join()
            new = eventually(lambda d=door, o=old: d.serving() if d.serving() != o else None, "the new one")
            if api(door, "status")[1]["main_pid"] != door.pid:
                door.others.append(new)
            eventually(lambda d=door: events(d, "reloaded"), "the reload")
            self.gone(old)
            self.assertEqual(http_get(door.address).status, 200)

    def test_it_is_stopped_in_the_middle(self):
        for _, door in self.doors():
            door.script("exec sleep 60\n")
            asking = in_background(lambda d=door: d.upgrade())
            eventually(lambda d=door: events(d, "upgrade"), "its begin")
            door.terminate()
            self.assertEqual(door.wait(), 0)
            asking.join()

    def test_it_is_stopped_while_the_old_one_drains_and_nothing_is_left(self):
        with Upgradable('[timeouts]\ndrain = "3s"\n' + instances(2)) as door, Client(door.address) as idle:
            idle.get("/")
            before = pids(door, 2)
            old, new = door.upgraded()
            door.terminate()
            self.assertEqual(door.wait(), 0)
            for pid in (old, new, *before.values()):
                self.assertFalse(processes.alive(pid))

    def test_the_old_one_is_killed_while_it_drains(self):
        for name, door in self.doors():
            with Client(door.address) as idle:
                idle.get("/")
                old, new = door.upgraded()
                os.kill(old, signal.SIGKILL)
                if name.startswith("with "):
                    eventually(lambda d=door: events(d, "the old front door ended with clients on it"), "the word")
                else:
                    door.process.wait(10)
                    door.expected_status = None
                self.assertEqual((http_get(door.address).status, door.serving()), (200, new))

    def test_the_new_one_is_killed_while_the_old_one_drains_and_nobody_waits_in_vain(self):
        app = self.enterContext(App("app"))
        with Upgradable('[timeouts]\ndrain = "60s"\n' + pool("app", [app])) as door, Client(door.address) as idle:
            idle.get("/")
            _, new = door.upgraded()
            os.kill(new, signal.SIGKILL)
            self.assertEqual(door.process.wait(30), 1, "whoever looks after it hears that it has failed")
            door.expected_status = None
            self.assertEqual(len(events(door, "the new process has crashed and nobody serves: this one ends at once")), 1)

    def test_the_launcher_is_killed_in_the_middle_and_nothing_is_left(self):
        for wait_for, text in (("upgrade", "exec sleep 60\n"), ("upgraded: a new process serves, this one finishes what it has begun", "")):
            with self.subTest(wait_for), Upgradable('[timeouts]\ndrain = "1s"\n' + instances(2)) as door, Client(door.address) as idle:
                idle.get("/")
                before = pids(door, 2)
                if text:
                    door.script(text)
                asking = in_background(lambda d=door: d.upgrade("--within", "20"))
                eventually(lambda w=wait_for, d=door: events(d, w), "its begin")
                fronts = [pid for pid in processes.children(door.pid) if pid not in before.values()]
                door.process.kill()
                door.process.wait()
                for pid in (*before.values(), *fronts):
                    eventually(lambda p=pid: not processes.alive(p), f"the end of {pid}", timeout=60)
                asking.join()
                door.expected_status = None


if __name__ == "__main__":
    main()
