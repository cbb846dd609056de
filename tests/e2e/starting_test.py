#!/usr/bin/env python3
"""Where an instance listens, when it is ready, as whom it runs, and what a failed start says."""

import datetime
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from support import App, FixedRate, Frontdoor, binary, curl, eventually, get, main
from support.app import PYTHON, script_path
from support.instances import events, front_door

APP = script_path("starting.py")


def pool(name="app", instances=1, command=None, env="", more=""):
    command = json.dumps(command or [*PYTHON, APP])
    return f"[pool.{name}]\ncommand = {command}\ninstances = {instances}\nenv = {{ {env} }}\n{more}\n"


def found(door, path="/"):
    return json.loads(get(door.address, path))


def all_found(door, count):
    """By the instances' names, once each of them has answered."""
    answers = {}

    def all_seen():
        answer = found(door)
        answers[answer["env"]["FRONTDOOR_INSTANCE"]] = answer
        return len(answers) == count

    eventually(all_seen, f"answers from {count} instances")
    return answers


def event(door, name, **fields):
    return eventually(lambda: events(door, name, **fields), f"the event {name} {fields}")[0]


def told(door, name, reason):
    """An event that says so. On a busy machine a first start may have been too late to be seen at the same point."""
    return eventually(lambda: [e for e in events(door, name) if re.search(reason, e["reason"])],
                      f"{name}: {reason}")


def control(*words):
    return subprocess.run([binary(), *words], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)


def moment(entry):
    return datetime.datetime.fromisoformat(entry["time"].replace("Z", "+00:00")).timestamp()


class UnixSockets(unittest.TestCase):
    def test_each_instance_has_one_in_a_directory_of_its_own(self):
        with Frontdoor(pool(instances=2, more='port = "unix"')) as door:
            answers = all_found(door, 2)
            paths = [answer["env"]["PORT"] for answer in answers.values()]
            self.assertEqual(len(set(paths)), 2)
            for path in paths:
                self.assertEqual(os.stat(os.path.dirname(path)).st_mode & 0o777, 0o700)
            base = os.path.dirname(os.path.dirname(paths[0]))
            up = event(door, "instance started", instance="app.1")
            self.assertEqual(up["address"], "unix:" + answers["app.1"]["env"]["PORT"])
        self.assertFalse(os.path.exists(base), "all of it goes in the end")

    def test_node_listens_on_it_as_it_is(self):
        with Frontdoor(pool(command=["node", script_path("instance.js")], more='port = "unix"')) as door:
            self.assertTrue(json.loads(get(door.address))["PORT"].endswith("/app.1/http.sock"))

    def test_a_kill_leaves_a_stale_socket_that_is_in_nobody_s_way(self):
        with Frontdoor(pool(instances=2, more='port = "unix"')) as door, \
                FixedRate(door.address, rate=100, seconds=30) as load:
            before = all_found(door, 2)["app.1"]
            os.kill(before["pid"], signal.SIGKILL)
            eventually(lambda: len(events(door, "instance up", instance="app.1")) == 2, "its replacement")
            after = all_found(door, 2)["app.1"]
            self.assertEqual(after["env"]["PORT"], before["env"]["PORT"])
            self.assertNotEqual(after["pid"], before["pid"])
            self.assertEqual(load.finish()["failures"], [])

    def test_a_roll_has_both_and_removes_the_old_one(self):
        with Frontdoor(pool(more='port = "unix"')) as door:
            before = found(door)
            door.reload(pool(env='RELEASE = "2"', more='port = "unix"'))
            event(door, "instance stopped")
            after = found(door)
            self.assertNotEqual(after["env"]["PORT"], before["env"]["PORT"])
            eventually(lambda: not os.path.exists(os.path.dirname(before["env"]["PORT"])), "the end of the old directory")

    def test_a_change_to_it_rolls(self):
        with Frontdoor(pool()) as door:
            self.assertTrue(found(door)["env"]["PORT"].isdigit())
            door.reload(pool(more='port = "unix"'))
            event(door, "instance stopped")
            self.assertIn("/app.1/", found(door)["env"]["PORT"])

    def test_a_crash_of_the_front_door_keeps_them(self):
        with Frontdoor(pool(instances=2, more='port = "unix"')) as door:
            before = all_found(door, 2)
            base = os.path.dirname(os.path.dirname(before["app.1"]["env"]["PORT"]))
            killed = front_door(door)
            os.kill(killed, signal.SIGKILL)
            eventually(lambda: front_door(door) not in (None, killed), "another front door")
            door.wait_until_ready()
            after = all_found(door, 2)
            self.assertEqual({n: a["pid"] for n, a in before.items()}, {n: a["pid"] for n, a in after.items()})
            with Frontdoor(pool(more='port = "unix"')) as other:  # clears nothing away that lives
                self.assertNotIn(base, found(other)["env"]["PORT"])
            all_found(door, 2)
        self.assertFalse(os.path.exists(base))


class Surroundings(unittest.TestCase):
    """What an instance is started with."""

    def test_a_user_has_its_own_home_and_groups(self):
        if os.geteuid() != 0:
            self.skipTest("only root becomes somebody else")
        cases = [("auto", "health_check", ""), ("unix", "notify", 'SAYS = "READY=1"'), ("listen_fds", "health_check", 'HOW = "passed"')]
        for port, ready, env in cases:
            with self.subTest(port=port, ready=ready), Frontdoor(pool(
                    env=env,
                    more=f'user = "nobody"\nport = "{port}"\nready = "{ready}"\nhealth_check = "/healthz"\numask = "027"\n'
                         'rlimits = { nofile = "256:512", core = 0 }\n')) as door:
                answer = found(door)
                nobody = pwd.getpwnam("nobody")
                self.assertEqual((answer["uid"], answer["gid"]), (nobody.pw_uid, nobody.pw_gid))
                self.assertEqual(answer["groups"], sorted(os.getgrouplist("nobody", nobody.pw_gid)))
                env = answer["env"]
                self.assertEqual((env["USER"], env["LOGNAME"], env["HOME"]), ("nobody", "nobody", nobody.pw_dir))
                self.assertEqual((answer["umask"], answer["nofile"], answer["core"]), ("027", [256, 512], [0, 0]))

    def test_a_user_that_does_not_exist_is_named_before_anything_starts(self):
        door = Frontdoor(pool(more='user = "nobdy"'))
        door.expected_status = None
        door.spawn()
        self.assertEqual(door.wait(), 78)
        self.assertIn('user: there is no user "nobdy" on this machine', door.stderr())
        door.close()

    def test_it_inherits_nothing(self):
        # Nothing is blocked or ignored, and there is nothing but 0 to 2 (3 is the directory that ls reads).
        command = ["sh", "-c", f"grep -E 'Sig(Blk|Ign)' /proc/self/status; ls -x /proc/self/fd; exec python3 {APP}"]
        with Frontdoor(pool(command=command)) as door:
            found(door)
            lines = [line["text"].partition(" | ")[2] for line in door.access() if "text" in line]
            self.assertEqual([line.split() for line in lines if line.startswith("Sig")],
                             [["SigBlk:", "0" * 16], ["SigIgn:", "0" * 16]])
            self.assertIn(["0", "1", "2", "3"], [line.split() for line in lines])

    def test_each_port_is_its_own_whatever_the_surroundings_say(self):
        with tempfile.NamedTemporaryFile("w", suffix=".env") as file:
            file.write("PORT=81\nTOKEN=secret\n")
            file.flush()
            os.environ["PORT"] = "80"
            try:
                with Frontdoor(pool(instances=2, env='PORT = "82"', more=f'env_file = "{file.name}"')) as door:
                    ports = {answer["env"]["PORT"] for answer in all_found(door, 2).values()}
                    self.assertEqual(len(ports), 2)
                    self.assertFalse(ports & {"80", "81", "82"})
                    self.assertEqual(len(events(door, "PORT of frontdoor's own environment is not passed on: each instance "
                                                      "gets its own")), 1)
                    self.assertEqual(door.stderr().count("PORT has no effect"), 2, "each once: by the launcher, and not by the front door again")
            finally:
                del os.environ["PORT"]

    def test_another_content_of_the_env_file_rolls_at_a_reload(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "app.env")

            def write(text):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)

            write("TOKEN='one secret'\nA=file\nB=file\n")
            config = pool(env='B = "env"', more=f'env_file = "{path}"')
            with Frontdoor(config) as door:
                before = found(door)
                self.assertEqual([before["env"][k] for k in ("TOKEN", "A", "B")], ["one secret", "file", "env"])
                door.reload(config)
                self.assertEqual(found(door)["pid"], before["pid"], "the same content touches nothing")
                write("TOKEN='another secret'\nA=file\nB=file\n")
                door.reload(config)
                event(door, "instance stopped")
                self.assertEqual(found(door)["env"]["TOKEN"], "another secret")
                write("TOKEN another secret\n")
                door.reload(config)
                event(door, "reload refused, the old config stays")
                self.assertNotIn("secret", door.stderr())

    def test_a_profile_is_chosen_on_the_command_line(self):
        config = pool(env='A = "1"', more='[pool.app.profile.production]\nenv = { A = "2" }\ninstances = 2\n')
        with Frontdoor(config, options=["--env", "production"]) as door:
            self.assertEqual({a["env"]["A"] for a in all_found(door, 2).values()}, {"2"})
            door.reload(config)
            self.assertEqual(len(all_found(door, 2)), 2, "a reload keeps it")
        with Frontdoor(config) as door:
            self.assertEqual(found(door)["env"]["A"], "1")

    def test_as_many_as_usable_cpus(self):
        one = str(min(os.sched_getaffinity(0)))
        with Frontdoor(pool(instances='"max"'), prefix=["taskset", "-c", one]) as door:
            event(door, "instance up")
            told = json.loads(control("status", "--json", "--socket", door.admin_socket).stdout)
            self.assertEqual((told["pools"][0]["instances"], len(told["pools"][0]["upstreams"])), (1, 1))

    def test_the_directory_is_looked_up_at_each_start(self):
        with tempfile.TemporaryDirectory() as directory:
            releases = [os.path.join(directory, name) for name in ("r1", "r2")]
            for release in releases:
                os.mkdir(release)
            current = os.path.join(directory, "current")
            os.symlink(releases[0], current)
            with Frontdoor(pool(more=f'directory = "{current}"')) as door:
                before = found(door)
                self.assertEqual(before["cwd"], releases[0])
                os.symlink(releases[1], current + ".new")
                os.replace(current + ".new", current)
                os.kill(before["pid"], signal.SIGKILL)
                self.assertEqual(found(door)["cwd"], releases[1])


class Readiness(unittest.TestCase):
    def test_one_that_awaits_its_word_gets_nothing_before(self):
        with Frontdoor(pool(env='LATE = "0.3", SAYS = "READY=1,STATUS=warm"', more='ready = "notify"')) as door:
            answer = found(door)
            up = event(door, "instance up")
            self.assertEqual(up["pid"], answer["pid"])
            self.assertIn("/notify.sock", answer["env"]["NOTIFY_SOCKET"])
            told = json.loads(control("status", "--json", "--socket", door.admin_socket).stdout)
            self.assertEqual(told["pools"][0]["upstreams"][0]["says"], "warm")
            self.assertIn("says: warm", control("status", "--socket", door.admin_socket).stdout)

    def test_listening_without_the_word_is_not_enough(self):
        with Frontdoor(pool(more='ready = "notify"\nstart_timeout = "600ms"')) as door:
            told(door, "instance is not ready in time", r"pid \d+ listens on 127.0.0.1:\d+, but has not said READY=1")
            self.assertEqual(events(door, "instance up"), [])

    def test_the_word_without_listening_is_not_enough(self):
        with Frontdoor(pool(env='HOW = "nowhere", SAYS = "READY=1"', more='ready = "notify"\nstart_timeout = "600ms"')) as door:
            told(door, "instance is not ready in time", r"nothing of it listens anywhere, expected PORT=\d+")

    def test_a_helper_of_it_may_speak_for_it_and_nobody_else(self):
        with Frontdoor(pool(env='SAYS = "READY=1"', more='ready = "notify"')) as door:
            to = found(door)["env"]["NOTIFY_SOCKET"]
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stranger:
                stranger.sendto(b"STOPPING=1", to)
            heard = event(door, "a process that is not of the instance speaks for it, unheard")
            self.assertEqual(heard["pid"], os.getpid())
            self.assertEqual(get(door.address, "/healthz") is not None, True)

    @unittest.skipUnless(shutil.which("systemd-notify"), "there is no systemd-notify")
    def test_systemd_notify_may_say_it(self):
        command = ["sh", "-c", f"python3 {APP} & sleep 0.2; systemd-notify --ready; wait"]
        with Frontdoor(pool(command=command, more='ready = "notify"')) as door:
            found(door)
            event(door, "instance up")

    def test_one_that_says_that_it_stops_gets_nothing_more(self):
        with Frontdoor(pool(instances=2, env='SAYS = "READY=1"', more='ready = "notify"\nstop_timeout = "2s"')) as door:
            all_found(door, 2)
            gone = found(door, "/notify/STOPPING=1")
            name = gone["env"]["FRONTDOOR_INSTANCE"]
            event(door, "instance says that it stops", instance=name)
            for _ in range(6):
                self.assertNotEqual(found(door)["pid"], gone["pid"])
            # It does not stop by itself: then it is asked to, and another one takes its place.
            eventually(lambda: len(events(door, "instance up", instance=name)) == 2, "its successor")

    def test_more_time_may_be_asked_for(self):
        with Frontdoor(pool(env='LATE = "0.2", HOW = "nowhere", SAYS = "EXTEND_TIMEOUT_USEC=1000000"',
                            more='ready = "notify"\nstart_timeout = "700ms"')) as door:

            def lives():
                started = {e["pid"]: moment(e) for e in events(door, "instance started")}
                return [moment(e) - started.get(e["pid"], moment(e)) for e in events(door, "instance is not ready in time")]

            eventually(lambda: any(life > 1.1 for life in lives()), "one that was waited for")

    def test_a_crash_of_the_front_door_does_not_forget_the_word(self):
        with Frontdoor(pool(env='SAYS = "READY=1"', more='ready = "notify"\nstart_timeout = "5s"')) as door:
            before = found(door)
            killed = front_door(door)
            os.kill(killed, signal.SIGKILL)
            eventually(lambda: front_door(door) not in (None, killed), "another front door")
            door.wait_until_ready()
            self.assertEqual(found(door)["pid"], before["pid"])
            found(door, "/notify/STOPPING=1")
            event(door, "instance says that it stops")

    def test_one_that_only_has_to_listen_may_fail_its_check(self):
        check = 'health_check = { path = "/healthz", interval = "60s" }\n'
        with Frontdoor(pool(env='HEALTH = "500"', more=f'ready = "listen"\n{check}')) as door:
            found(door)

    def test_a_worker_without_a_port_is_up_when_it_has_lived(self):
        worker = pool("worker", env='HOW = "nowhere", PORT = "9"', more='port = "none"\nmin_uptime = "300ms"')
        with Frontdoor(pool() + worker) as door:
            self.assertEqual(found(door)["env"]["FRONTDOOR_INSTANCE"], "app.1")
            up = event(door, "instance up", instance="worker.1")
            started = event(door, "instance started", instance="worker.1")
            self.assertGreaterEqual(moment(up) - moment(started), 0.29)
            os.kill(up["pid"], signal.SIGKILL)
            eventually(lambda: len(events(door, "instance up", instance="worker.1")) == 2, "that it is started again")
            changed = pool("worker", env='HOW = "nowhere", RELEASE = "2"', more='port = "none"\nmin_uptime = "300ms"')
            door.reload(pool() + changed)
            event(door, "instance stopped", instance="worker.1")
            killed = front_door(door)
            os.kill(killed, signal.SIGKILL)
            eventually(lambda: front_door(door) not in (None, killed), "another front door")
            door.wait_until_ready()
            self.assertEqual(events(door, "a process that no pool names is ended"), [])

    def test_a_worker_s_operations_need_no_requests(self):
        worker = pool("worker", env='HOW = "nowhere"', more='port = "none"\nmin_uptime = "100ms"')
        with Frontdoor(pool() + worker) as door:
            event(door, "instance up", instance="worker.1")
            for words in (("restart", "worker"), ("scale", "worker", "3"), ("stop", "worker"), ("start", "worker")):
                done = control(*words, "--socket", door.admin_socket)
                self.assertEqual(done.returncode, 0, f"{words}: {done.stderr}")
            rows = json.loads(control("status", "--json", "--socket", door.admin_socket).stdout)["pools"][1]["upstreams"]
            self.assertEqual([(row["name"], row["address"], row["state"]) for row in rows],
                             [(f"worker.{number}", "", "up") for number in (1, 2, 3)])

    def test_a_worker_that_does_not_live_ends_its_roll_and_no_other(self):
        def config(worker, release):
            return pool(env=f'RELEASE = "{release}"') + pool("worker", command=["sh", "-c", worker],
                                                             more='port = "none"\nmin_uptime = "1h"\nready = "notify"\n')

        with Frontdoor(config(f"SAYS=READY=1 HOW=nowhere exec python3 {APP}", 1)) as door:
            old = event(door, "instance up", instance="worker.1")["pid"]
            door.reload(config("echo broken; exit 3", 2))
            eventually(lambda: found(door)["env"]["RELEASE"] == "2", "the other pool's new release")
            failed = event(door, "the new instance does not come up, the old ones stay", pool="worker")
            self.assertIn("exited 3 before READY=1", failed["reason"])
            self.assertEqual(failed["last_words"], "broken")
            self.assertEqual(os.stat(f"/proc/{old}").st_uid, os.geteuid(), "the old one goes on")

    def test_workers_alone_are_all_there_is(self):
        with Frontdoor(pool("worker", env='HOW = "nowhere"', more='port = "none"\nmin_uptime = "100ms"')) as door:
            event(door, "instance up", instance="worker.1")
            self.assertEqual(curl(door.address, "/").status, 404)

    def test_a_pool_may_have_servers_that_somebody_else_runs_as_well(self):
        with App("remote") as remote, Frontdoor(pool(more=f'upstreams = ["{remote.address}"]')) as door:
            seen = set()

            def both():
                seen.add(get(door.address)[:1])
                return len(seen) == 2

            eventually(both, "an answer of each")

    def test_a_worker_may_say_it(self):
        worker = pool("worker", env='HOW = "nowhere", SAYS = "READY=1"', more='port = "none"\nready = "notify"\nmin_uptime = "1h"')
        with Frontdoor(pool() + worker) as door:
            event(door, "instance up", instance="worker.1")


class PassedSockets(unittest.TestCase):
    POOL = 'port = "listen_fds"\nhealth_check = { path = "/healthz", interval_down = "100ms", timeout = "500ms" }\n'

    def test_an_app_takes_the_socket_that_it_was_passed(self):
        with Frontdoor(pool(instances=2, env='HOW = "passed"', more=self.POOL)) as door:
            answers = all_found(door, 2)
            for answer in answers.values():
                env = answer["env"]
                self.assertEqual((env["LISTEN_FDS"], env["LISTEN_PID"], env["LISTEN_FDNAMES"]), ("1", str(answer["pid"]), "app"))
            self.assertNotEqual(answers["app.1"]["env"]["PORT"], answers["app.2"]["env"]["PORT"])

    def test_nobody_hangs_on_the_socket_of_one_that_has_died(self):
        with Frontdoor(pool(instances=2, env='HOW = "passed"', more=self.POOL)) as door, \
                FixedRate(door.address, rate=100, seconds=30) as load:
            answers = all_found(door, 2)
            os.kill(answers["app.1"]["pid"], signal.SIGKILL)
            eventually(lambda: len(events(door, "instance up", instance="app.1")) == 2, "its successor")
            after = all_found(door, 2)["app.1"]
            self.assertEqual(after["env"]["PORT"], answers["app.1"]["env"]["PORT"])
            self.assertEqual(load.finish()["failures"], [])

    def test_what_waited_on_it_is_refused_and_never_carried_out(self):
        # One that never accepts: a connection waits, its process dies, and the next one does not find it.
        command = ["sh", "-c", f"if [ -e $MARK ]; then exec python3 {APP}; fi; touch $MARK; sleep 1000"]
        with tempfile.TemporaryDirectory() as directory:
            mark = os.path.join(directory, "mark")
            with Frontdoor(pool(command=command, env=f'HOW = "passed", MARK = "{mark}"', more=self.POOL)) as door:
                pid = event(door, "instance started")["pid"]
                eventually(lambda: os.path.exists(mark), "that it runs")
                port = int(event(door, "instance started")["address"].rpartition(":")[2])
                with socket.create_connection(("127.0.0.1", port)) as waiting:
                    waiting.sendall(b"GET /die HTTP/1.1\r\nHost: x\r\n\r\n")
                    os.kill(pid, signal.SIGKILL)
                    with self.assertRaises(ConnectionResetError):
                        waiting.recv(1)
                found(door)
                self.assertEqual(len(events(door, "instance started")), 2, "nobody has asked the next one to die")

    def test_a_crash_of_the_front_door_keeps_it(self):
        with Frontdoor(pool(env='HOW = "passed"', more=self.POOL)) as door:
            before = found(door)
            killed = front_door(door)
            os.kill(killed, signal.SIGKILL)
            eventually(lambda: front_door(door) not in (None, killed), "another front door")
            door.wait_until_ready()
            self.assertEqual(found(door)["pid"], before["pid"])
            os.kill(before["pid"], signal.SIGKILL)
            after = found(door)
            self.assertNotEqual(after["pid"], before["pid"])
            self.assertEqual(after["env"]["PORT"], before["env"]["PORT"])

    def test_a_wrapper_that_keeps_it_is_told_apart(self):
        command = ["sh", "-c", f"python3 {APP}; true"]
        with Frontdoor(pool(command=command, env='HOW = "passed"', more=self.POOL + 'start_timeout = "1500ms"\n')) as door:
            told(door, "instance is not ready in time", r"LISTEN_PID names pid \d+, which has started pid \d+: .*exec")


class Diagnoses(unittest.TestCase):
    def test_what_a_start_that_is_late_looks_like(self):
        cases = [('HOW = "elsewhere"', "", r"^pid \d+ listens on 127\.0\.0\.1:\d+, expected PORT=\d+: let it listen on \$PORT, "),
                 ('HOW = "six"', "", r"^pid \d+ listens on \[::1\]:\d+, IPv6 only; expected 127\.0\.0\.1:\d+$"),
                 ('HOW = "six", SIX = "::"', "", r"^pid \d+ listens on \[::\]:\d+, IPv6 only; expected 127\.0\.0\.1:\d+$"),
                 ('HOST = "127.0.0.2"', "", r"^pid \d+ listens on 127\.0\.0\.2:\d+ only; expected 127\.0\.0\.1:\d+$"),
                 ('HOW = "nowhere"', "", r"^nothing of it listens anywhere, expected PORT=\d+$"),
                 ('HEALTH = "500"', 'health_check = "/healthz"\n', r"its probe does not pass: status 500$"),
                 ('HOW = "elsewhere"', 'port = "unix"\n', r"^pid \d+ listens on 127\.0\.0\.1:\d+, expected PORT=/.*only a number")]
        for env, more, reason in cases:
            with self.subTest(env=env, more=more), Frontdoor(pool(env=env, more=more + 'start_timeout = "1s"')) as door:
                told(door, "instance is not ready in time", reason)
                if "HOW" in env and "nowhere" not in env or "HOST" in env:
                    told(door, "instance is not ready yet", reason)

    def test_one_that_ignores_its_port_is_told_long_before_it_is_given_up(self):
        # As `run -- node server.js` finds it: an app that listens where it always did.
        with Frontdoor(pool(env='HOW = "elsewhere"', more='start_timeout = "1h"')) as door:
            hint = event(door, "instance is not ready yet")["reason"]
            self.assertRegex(hint, r"^pid \d+ listens on 127\.0\.0\.1:\d+, expected PORT=\d+: let it listen on \$PORT, as by "
                                   r"sh -c 'exec app --port \$PORT'$")
            told = json.loads(control("status", "--json", "--socket", door.admin_socket).stdout)
            self.assertEqual(told["pools"][0]["upstreams"][0]["reason"], hint)
            self.assertIn(hint, control("status", "--socket", door.admin_socket).stdout)

    def test_one_that_finds_its_address_in_use_is_told_of_port(self):
        with socket.create_server(("127.0.0.1", 0)) as other, \
                Frontdoor(pool(env=f'HOW = "{other.getsockname()[1]}"')) as door:
            self.assertRegex(event(door, "instance ended")["reason"],
                             r"^exited 1 before listening; it found an address in use and did not try PORT=\d+: let it listen on \$PORT")

    def test_one_that_ends_before(self):
        cases = [(["true"], "", r"^exited 0 before listening$"),
                 (["sh", "-c", "exit 3"], "", r"^exited 3 before listening$"),
                 (["sh", "-c", "kill -9 $$"], "", r"^ended by SIGKILL before listening$"),
                 (["true"], 'ready = "notify"', r"^exited 0 before READY=1$"),
                 (["sh", "-c", f"python3 {APP} & exit 0"], "",
                  r"^exited 0 before listening, and left pid \d+ \(\w+\) behind: it must stay in the foreground$")]
        for command, more, reason in cases:
            with self.subTest(command=command, more=more), Frontdoor(pool(command=command, more=more)) as door:
                self.assertRegex(event(door, "instance ended")["reason"], reason)

    def test_a_script_whose_interpreter_is_missing(self):
        with tempfile.TemporaryDirectory() as directory:
            script = os.path.join(directory, "app.sh")
            with open(script, "w", encoding="ascii") as file:
                file.write("#!/usr/bin/nod\n")
            os.chmod(script, 0o755)
            with Frontdoor(pool(command=[script])) as door:
                self.assertEqual(event(door, "instance cannot be started")["reason"],
                                 f"bad interpreter: {script} wants /usr/bin/nod, which does not exist")

    def test_a_port_that_somebody_else_took_is_named_and_another_one_used(self):
        with Frontdoor(pool(more='[pool.app.restart]\nbackoff_min = "500ms"\n')) as door:
            before = found(door)
            port = int(before["env"]["PORT"])
            os.kill(before["pid"], signal.SIGKILL)
            taken = socket.socket()
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

            def take():
                try:
                    taken.bind(("127.0.0.1", port))
                    return True
                except OSError:
                    return False

            with taken:
                eventually(take, "the port")
                taken.listen()
                moved = event(door, "the port of an instance is taken, it gets another one")
                self.assertIn(f"port {port} is held by pid {os.getpid()} (", moved["reason"])
                self.assertNotEqual(found(door)["env"]["PORT"], str(port))


class Places(unittest.TestCase):
    def test_one_pool_s_instances_that_are_never_ready_delay_no_other_pool(self):
        stuck = pool("stuck", instances=3, env='HOW = "nowhere"', more='max_starting = 1\nstart_timeout = "1h"')
        routes = '[[route]]\npath = "/stuck"\npool = "stuck"\n[[route]]\npool = "app"\n'
        more = "max_starting = 1"
        with Frontdoor(routes + stuck + pool(instances=2, more=more)) as door:
            before = all_found(door, 2)
            door.reload(routes + stuck + pool(instances=2, env='RELEASE = "2"', more=more))
            eventually(lambda: len(events(door, "instance stopped")) == 2, "the end of the old ones")
            after = all_found(door, 2)
            self.assertFalse({a["pid"] for a in before.values()} & {a["pid"] for a in after.values()})
            self.assertEqual(len(events(door, "instance started", pool="stuck")), 1)
            door.expected_status = None


if __name__ == "__main__":
    main()
