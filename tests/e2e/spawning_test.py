#!/usr/bin/env python3
"""When the kernel refuses to start an instance, when one starts and dies again and again, and what instances leave behind."""

import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from support import Frontdoor, binary, curl, eventually, get, main, quick, sanitized, say
from support import process as processes
from support.admin import command
from support.app import INSTANCE, INSTANCE_LINE, script_path
from support.instances import events, front_door
from support.process import alive

NOBODY = 54321  # a user without any other process


def pool(command, instances=1, more="", name="app"):
    return f"[pool.{name}]\ncommand = {json.dumps(command)}\ninstances = {instances}\n{more}\n"


def shell(script):
    return ["sh", "-c", script]


def read_number(path):
    def there():
        try:
            with open(path, encoding="ascii") as file:
                return int(file.read() or 0)
        except (FileNotFoundError, ProcessLookupError):
            return 0
    return eventually(there, path)


def kill_both(door, serving):
    """The launcher and the front door, so that neither sees the other's end and clears up."""
    for pid in (door.pid, serving):
        os.kill(pid, signal.SIGSTOP)
    # In this order: a stopped one whose parent has ended is let go on by the kernel, with a SIGHUP.
    for pid in (serving, door.pid):
        os.kill(pid, signal.SIGKILL)


class Refused(unittest.TestCase):
    def test_without_processes_it_says_so_waits_and_goes_on_when_there_are_some(self):
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o755)
            program = os.path.join(directory, "frontdoor")
            shutil.copy(binary(), program)  # where that user may read it
            app = os.path.join(directory, "instance.js")
            shutil.copy(script_path("instance.js"), app)
            door = Frontdoor(pool(["node", app], more='restart = { backoff_min = "20ms", backoff_max = "50ms" }'),
                             prefix=["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "sh", "-c",
                                     f'shift; exec {program} "$@"', "-"])

            def limit(processes_of_its_user):
                subprocess.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "prlimit", "--pid",
                                str(door.pid), f"--nproc={processes_of_its_user}"], check=True)
            os.chmod(door.directory, 0o777)
            os.chmod(door.config_file, 0o644)
            with door:
                pid = json.loads(get(door.address))["pid"]
                limit("1:")
                os.kill(pid, signal.SIGKILL)
                failed = eventually(lambda: len(events(door, "instance cannot be started")) >= 3 and
                                    events(door, "instance cannot be started"), "that it is tried again")
                self.assertEqual(failed[0]["reason"], "no process can be started: Resource temporarily unavailable")
                limit(f"{resource.getrlimit(resource.RLIMIT_NPROC)[1]}:".replace("-1", "unlimited"))
                self.assertNotEqual(json.loads(get(door.address))["pid"], pid)

    def test_without_descriptors_it_says_so_waits_and_goes_on_when_there_are_some(self):
        for who in "the launcher", "the front door":
            with self.subTest(who), Frontdoor(pool(INSTANCE, more='restart = { backoff_min = "20ms", backoff_max = "50ms" }')) as door:
                pid = json.loads(get(door.address))["pid"]
                poor = door.pid if who == "the launcher" else front_door(door)
                before = resource.prlimit(poor, resource.RLIMIT_NOFILE)
                resource.prlimit(poor, resource.RLIMIT_NOFILE, (3, before[1]))  # as many as it polls
                os.kill(pid, signal.SIGKILL)
                failed = eventually(lambda: len(events(door, "instance cannot be started")) >= 3 and
                                    events(door, "instance cannot be started"), "that it is tried again")
                self.assertEqual(failed[0]["reason"], "no process can be started: Too many open files")
                resource.prlimit(poor, resource.RLIMIT_NOFILE, before)
                eventually(lambda: len(events(door, "instance up")) == 2, "its successor")
                self.assertNotEqual(json.loads(get(door.address))["pid"], pid)

    def test_without_descriptors_one_that_is_to_stop_is_not_forgotten(self):
        with Frontdoor(pool(INSTANCE, more='stop_timeout = "300ms"')) as door:
            app = json.loads(get(door.address))["pid"]
            poor = front_door(door)
            before = resource.prlimit(poor, resource.RLIMIT_NOFILE)
            resource.prlimit(poor, resource.RLIMIT_NOFILE, (3, before[1]))
            door.terminate()
            eventually(lambda: events(door, "instance did not stop in time and is killed"), "that its time is over")
            self.assertTrue(alive(app), "there was nothing to hold it by")
            resource.prlimit(poor, resource.RLIMIT_NOFILE, before)
            self.assertEqual(door.wait(), 0)
            self.assertFalse(alive(app))

    def test_a_low_limit_of_open_files_is_enough_for_an_app_and_reaches_it(self):
        with Frontdoor(pool(shell(f"ulimit -n; exec {INSTANCE_LINE}")), open_files=64) as door:
            self.assertEqual(curl(door.address, "/").status, 200)
            self.assertIn("app.1 | 64", [line.get("text", "") for line in door.access()])

    def test_the_launcher_s_own_limit_is_not_what_an_app_finds(self):
        with Frontdoor(pool(shell(f"ulimit -Sn; exec {INSTANCE_LINE}")), prefix=["prlimit", "--nofile=256:4096"]) as door:
            self.assertEqual(curl(door.address, "/").status, 200)
            self.assertIn("app.1 | 256", [line.get("text", "") for line in door.access()])
            with open(f"/proc/{door.pid}/limits", encoding="ascii") as file:
                self.assertRegex(file.read(), r"Max open files +4096 +4096")


class LeftBehind(unittest.TestCase):
    def left(self, script, found_with_its_life=True):
        """Runs an instance whose script writes a pid into $F, and ends the instance by force. That process has ended when the
        next life has begun; or, where it is not surely found, when frontdoor has."""
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "pid")
            command = shell(f"export F={path}; test -e $F.done || {{ {script} \n}}; exec {INSTANCE_LINE}")
            with Frontdoor(pool(command)) as door:
                pid = read_number(path)
                instance = json.loads(get(door.address))["pid"]
                self.assertTrue(alive(pid))
                with open(path + ".done", "w", encoding="ascii"):
                    pass
                os.kill(instance, signal.SIGKILL)
                eventually(lambda: len(events(door, "instance up")) == 2, "the next life")
                lives = alive(pid)
                door.terminate()
                self.assertEqual(door.wait(), 0)
                self.assertFalse(alive(pid), "nothing outlives frontdoor")
            if found_with_its_life:
                self.assertFalse(lives)

    def test_a_child(self):
        self.left("sleep 1000 & echo $! > $F")

    def test_one_that_has_wiped_its_environment(self):
        self.left("env -i sleep 1000 & echo $! > $F")

    def test_one_in_a_session_of_its_own(self):
        self.left("setsid sh -c 'echo $$ > $F; exec sleep 1000' &")

    def test_one_that_has_forked_twice(self):
        self.left("(setsid sh -c 'sleep 1000 & echo $! > $F' &)")

    def test_one_that_has_done_both_but_was_seen_below_its_parent(self):
        self.left("setsid sh -c 'echo $$ > $F; exec env -i sleep 1000' &")

    def test_one_that_has_done_all_three(self):
        self.left("(setsid sh -c 'env -i sleep 1000 & echo $! > $F' &)")

    def test_what_has_shed_the_limit_too_is_found_at_the_end_of_all(self):
        self.left("(setsid sh -c 'env -i prlimit --rttime=1000000: sleep 1000 & echo $! > $F' &)",
                  found_with_its_life=False)  # found all the same when somebody looks while its parents live

    def test_in_a_crash_loop_none_pile_up(self):
        # As daemons do it, and sooner than anybody could look: forked twice, a session of its own, a fresh environment.
        with tempfile.TemporaryDirectory() as directory:
            script = f"cd {directory}; (setsid sh -c 'env -i sleep 1000 & echo $! >> pids; touch '$$ &); " \
                "while ! test -e $$; do :; done; exit 3"
            config = pool(shell(script), more='[pool.app.restart]\nbackoff_min = "1ms"\nbackoff_max = "1ms"\n')
            with Frontdoor(config) as door:
                eventually(lambda: len(events(door, "instance is in a crash loop")) >= 10, "ten lives")
                with open(f"{directory}/pids", encoding="ascii") as file:
                    helpers = [int(line) for line in file]
                self.assertGreaterEqual(len(helpers), 10)
                self.assertLessEqual(sum(alive(pid) for pid in helpers), 2, "those of the life that has just ended")
                said = events(door, "an instance that ended has left processes behind, which are stopped")
                self.assertTrue(said)
                self.assertEqual(said[0]["instance"], "app.1")
                self.assertGreaterEqual(said[0]["processes"], 1)  # or what is about to become it, on a busy machine

    def test_a_parent_that_stops_alone_leaves_no_server_on_the_port(self):
        # As a framework's command line does (Unitech/pm2#6084): the parent ends at its stop signal, its server does not.
        parent = f"trap 'exit 0' TERM; setsid {INSTANCE_LINE} & wait"
        with Frontdoor(pool(shell(parent), more='env = { STUBBORN = "1", RELEASE = "1" }\nstop_timeout = "300ms"')) as door:
            old = json.loads(get(door.address))
            door.reload(pool(shell(parent), more='env = { STUBBORN = "1", RELEASE = "2" }\nstop_timeout = "300ms"'))
            eventually(lambda: not alive(old["pid"]), "the end of the old server")
            new = json.loads(get(door.address))
            self.assertEqual(new["RELEASE"], "2")
            door.terminate()
            self.assertEqual(door.wait(), 0)
            self.assertFalse(alive(new["pid"]))

    def test_with_both_of_its_own_processes_killed_the_app_is_asked_to_stop(self):
        door = Frontdoor(pool(INSTANCE))
        door.expected_status = None
        with door:
            pid = json.loads(get(door.address))["pid"]
            serving = front_door(door)
            kill_both(door, serving)
            eventually(lambda: not alive(pid), "the app's end")

    def test_with_both_of_its_own_processes_killed_at_once_no_process_of_the_app_is_left(self):
        # By one signal to all of the group that the test made: neither sees the other's end. The app ends by the signal that
        # the kernel sends it, and takes what it has started along, as an app that is asked to stop does.
        script = f"sleep 1000 & child=$!; {INSTANCE_LINE} & app=$!; trap 'kill $child $app; exit 0' TERM; echo $child > $F; wait"
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "pid")
            door = Frontdoor(pool(shell(f"export F={path}; {script}"), instances=1))
            door.expected_status = None
            with door:
                get(door.address)
                helper, serving = read_number(path), front_door(door)
                kill_both(door, serving)
                instance = events(door, "instance started")[0]["pid"]
                eventually(lambda: not alive(instance) and not alive(helper), "the end of the app and of its child")
                eventually(lambda: not alive(serving) and not alive(door.pid), "the end of both")

    def test_who_starts_it_again_behind_that_is_in_nobody_s_way(self):
        # As a service manager does, but without its control group: an app that ignores its stop signal is left, on its port. So are
        # the files of the sockets.
        with tempfile.TemporaryDirectory() as directory:
            stubborn = pool(INSTANCE, more='env = { STUBBORN = "1" }\nstop_timeout = "300ms"')
            with Frontdoor(stubborn, listeners=f'listen = "unix:{directory}/web"\n') as door:
                left, serving = json.loads(get(door.address)), front_door(door)
                kill_both(door, serving)
                door.process.wait()
                eventually(lambda: not alive(serving), "the end of both")
                try:
                    self.assertTrue(alive(left["pid"]))
                    os.remove(door.ready_file)
                    door.start()
                    answer = json.loads(get(door.address))
                    self.assertNotEqual((answer["pid"], answer["PORT"]), (left["pid"], left["PORT"]))
                    self.assertEqual(command("status", door=door).returncode, 0)
                finally:
                    os.kill(left["pid"], signal.SIGKILL)


class Reserved(unittest.TestCase):
    def test_a_port_is_kept_from_other_front_doors_for_as_long_as_an_instance_has_it(self):
        def reserved():
            with open("/proc/net/unix", encoding="ascii", errors="replace") as file:
                return re.findall(r"@frontdoor-port-(\d+)", file.read())

        with Frontdoor(pool(INSTANCE)) as door:
            first = json.loads(get(door.address))["PORT"]
            self.assertEqual(reserved().count(first), 1)
            crashed = front_door(door)
            os.kill(crashed, signal.SIGKILL)
            eventually(lambda: front_door(door) not in (None, crashed), "the next front door")
            self.assertEqual(json.loads(get(door.address))["PORT"], first)
            self.assertEqual(reserved().count(first), 1, "the launcher has it over a crash")
            self.assertEqual(command("restart", "app", door=door).returncode, 0)
            second = json.loads(get(door.address))["PORT"]
            eventually(lambda: first not in reserved(), "that the place that is left is anybody's again")
            self.assertEqual(reserved().count(second), 1)
        self.assertNotIn(second, reserved())


class Leaks(unittest.TestCase):
    def test_an_app_that_listens_dies_again_and_again_and_leaks_no_port(self):
        with Frontdoor(pool(INSTANCE, more='[pool.app.restart]\nbackoff_min = "1ms"\nbackoff_max = "5ms"\n')) as door:
            def after(pid):
                return eventually(lambda: (lambda its: its["pid"] != pid and its)(json.loads(get(door.address))), "its next life")

            life = after(0)
            first = life["PORT"]
            for _ in range(12 if quick() else 200):
                os.kill(life["pid"], signal.SIGKILL)
                life = after(life["pid"])
                self.assertEqual(life["PORT"], first, "a place is kept over crashes")
            ports = [first]
            for _ in range(4 if quick() else 40):
                self.assertEqual(command("restart", "app", door=door).returncode, 0)
                ports.append(json.loads(get(door.address))["PORT"])
            self.assertEqual(len(events(door, "the port of an instance is taken, it gets another one")), 0)
            for port in ports[:-1]:
                with self.subTest(port=port), self.assertRaises(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", int(port))).close()

    def test_a_crash_again_and_again_leaks_nothing(self):
        cycles = 100 if quick() else 1_000
        config = pool(shell("sleep 0 & exit 3"), more='[pool.app.restart]\nbackoff_min = "1ms"\nbackoff_max = "1ms"\ncrash_loop_after = 2\n')
        with Frontdoor(config) as door:
            def lives():
                with open(door.stderr_file, "rb") as file:
                    counts = re.findall(rb'"lives":(\d+)', file.read()[-4096:])
                return int(counts[-1]) if counts else 0

            def measure(after):
                eventually(lambda: lives() >= after, f"{after} lives", timeout=600)
                os.kill(front_door(door), signal.SIGSTOP)  # it holds still for the count
                found = {name: (len(processes.open_fds(pid)), processes.rss_kib(pid))
                         for name, pid in (("launcher", door.pid), ("front door", front_door(door)))}
                os.kill(front_door(door), signal.SIGCONT)
                return found
            early = measure(20)
            late = measure(20 + cycles)
            for name in early:
                say(f"{name}: {early[name][0]} -> {late[name][0]} descriptors, {early[name][1]} -> {late[name][1]} KiB")
                # One life's worth may be there in one count and not in the other.
                self.assertLessEqual(abs(late[name][0] - early[name][0]), 8, name)
                if not sanitized():
                    self.assertLessEqual(late[name][1] - early[name][1], 2_048 if quick() else 4_096, name)
            zombies = lambda: [pid for pid in processes.children(door.pid) if not alive(pid)]
            eventually(lambda: len(zombies()) <= 1, "that what has ended is reaped")  # each life leaves two, for a moment
            door.reload(pool(INSTANCE))
            self.assertEqual(curl(door.address, "/").status, 200)
            eventually(lambda: len(processes.children(door.pid)) == 2, "that the one that crashed has been cleared away")
            fits = len(processes.open_fds(door.pid))
            for release in range(2, 6 if quick() else 40):
                door.reload(pool(INSTANCE, more=f'env = {{ RELEASE = "{release}" }}'))
                eventually(lambda: json.loads(get(door.address)).get("RELEASE") == str(release), "the next release")
            eventually(lambda: len(processes.children(door.pid)) == 2, "that only the front door and one instance are left")
            eventually(lambda: len(processes.open_fds(door.pid)) <= fits, "that no release has left a descriptor")


if __name__ == "__main__":
    main()
