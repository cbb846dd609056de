#!/usr/bin/env python3
"""Instances that frontdoor starts itself: they get traffic when they are up, are started again when they end, and nothing
of them is left behind, whoever is killed."""

import json
import os
import signal
import subprocess
import tempfile
import unittest

from support import FixedRate, Frontdoor, binary, curl, eventually, get, http_get, main
from support import process as processes
from support.admin import api, command
from support.app import INSTANCE, INSTANCE_LINE, node_environment
from support.instances import events, front_door, pids, who
from support.process import alive


def pool(name="app", instances=2, command=None, env="", more=""):
    command = json.dumps(command or INSTANCE)
    return f"[pool.{name}]\ncommand = {command}\ninstances = {instances}\nenv = {{ {env} }}\n{more}\n"


QUICK = '[pool.app.restart]\nbackoff_min = "10ms"\n'
GUARDED = ["sh", "-c", f'[ -z "$BROKEN" ] || exit 3; exec {INSTANCE_LINE}']  # it can not even start where BROKEN is set


def get_release(door):
    return who(door)["RELEASE"]


def first_answer(path):
    try:
        return http_get(f"unix:{path}")
    except (FileNotFoundError, ConnectionRefusedError):  # it is not there yet
        return None


class Instances(unittest.TestCase):
    def test_each_has_a_place_of_its_own(self):
        with Frontdoor(pool(env='RELEASE = "1", PORT = "80"')) as door:
            answers = {}

            def both():
                answer = who(door)
                answers[answer["FRONTDOOR_INSTANCE"]] = answer
                return len(answers) == 2

            eventually(both, "answers from both")
            first, second = answers["app.1"], answers["app.2"]
            self.assertEqual((first["FRONTDOOR_INSTANCE"], first["NODE_APP_INSTANCE"]), ("app.1", "0"))
            self.assertEqual((second["FRONTDOOR_INSTANCE"], second["NODE_APP_INSTANCE"]), ("app.2", "1"))
            self.assertNotEqual(first["PORT"], second["PORT"])
            self.assertEqual((first["RELEASE"], first["tty"]), ("1", False))
            with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
                self.assertLess(int(first["PORT"]), int(file.read().split()[0]))
            for line in ("app.1 | listening", "app.2 | listening"):
                eventually(lambda: line in [text.get("text", "") for text in door.access()], line)

    def test_requests_wait_for_the_first_one_that_is_up(self):
        with Frontdoor(pool(env='LATE = "700"')) as door:
            self.assertEqual(curl(door.address, "/").status, 200)

    def test_the_first_client_waits_until_the_instances_have_names(self):
        # It comes in the moment in which the socket is there, long before the ready file.
        with tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
            path = os.path.join(directory, "door")
            for _ in range(5):
                door = Frontdoor(pool(instances=1), f'listen = "unix:{path}"\n')
                try:
                    door.spawn()
                    self.assertEqual(eventually(lambda: first_answer(path), "the listener", pause=0.0005).status, 200)
                finally:
                    door.close()

    def test_a_kill_costs_no_get_and_is_made_good(self):
        with Frontdoor(pool()) as door, FixedRate(door.address, rate=200, seconds=30) as load:
            before = pids(door, 2)
            os.kill(before["app.1"], signal.SIGKILL)
            (ended,) = eventually(lambda: events(door, "instance ended"), "the end")
            self.assertEqual((ended["instance"], ended["end"]), ("app.1", "SIGKILL"))
            eventually(lambda: len(events(door, "instance up", instance="app.1")) == 2, "its replacement")
            after = pids(door, 2)
            self.assertNotEqual(after["app.1"], before["app.1"])
            self.assertEqual(after["app.2"], before["app.2"])
            self.assertEqual(load.finish()["failures"], [])

    def test_an_end_is_told_with_its_status_and_last_words(self):
        command = ["sh", "-c", "echo to be expected; echo oh dear >&2; exit 3"]
        with Frontdoor(pool(instances=1, command=command, more='[pool.app.restart]\nbackoff_min = "10ms"\n'
                            'backoff_max = "50ms"\ncrash_loop_after = 3\n')) as door:
            loop = eventually(lambda: events(door, "instance is in a crash loop"), "the crash loop")[0]
            self.assertEqual((loop["end"], loop["last_words"], loop["lives"]), ("exit 3", "oh dear", 3))
            eventually(lambda: len(events(door, "instance is in a crash loop")) > 2, "that it is not given up")

    def test_what_can_not_be_started_says_why(self):
        with tempfile.TemporaryDirectory() as directory:
            plain = os.path.join(directory, "plain")
            with open(plain, "w", encoding="ascii"):
                pass
            cases = [(["no-such-command"], "", "command not found: no-such-command"),
                     ([plain], "", f"not executable: {plain}"),
                     (["true"], f'directory = "{directory}/none"', f"directory {directory}/none: No such file or directory")]
            for command, more, reason in cases:
                with self.subTest(reason=reason), Frontdoor(pool(instances=1, command=command, more=more)) as door:
                    failed = eventually(lambda: events(door, "instance cannot be started"), "the reason")[0]
                    self.assertEqual(failed["reason"], reason)

    def test_one_that_is_not_ready_in_time_is_stopped_and_started_again(self):
        with Frontdoor(pool(instances=1, env='WITHOUT_LISTENING = "1"', more='start_timeout = "300ms"')) as door:
            eventually(lambda: events(door, "instance is not ready in time"), "that it is late")
            eventually(lambda: len(events(door, "instance started")) >= 2, "another start")


class Stopping(unittest.TestCase):
    def test_the_app_is_asked_once_and_heard_to_its_end(self):
        door = Frontdoor(pool(instances=1))
        with door:
            (pid,) = pids(door, 1).values()
            door.terminate()
            self.assertEqual(door.wait(), 0)
            lines = [line.get("text", "") for line in door.access()]
            self.assertEqual([line for line in lines if "SIGTERM" in line], ["app.1 | SIGTERM number 1"])
            self.assertIn("app.1 | last words", lines)
            self.assertEqual(events(door, "instance stopped")[0]["end"], "exit 0")
            self.assertFalse(alive(pid))

    def test_one_that_does_not_listen_is_killed(self):
        with Frontdoor(pool(instances=1, env='STUBBORN = "1"', more='stop_timeout = "200ms"')) as door:
            (pid,) = pids(door, 1).values()
            door.terminate()
            self.assertEqual(door.wait(), 0)
            self.assertEqual(events(door, "instance stopped")[0]["end"], "SIGKILL")
            self.assertFalse(alive(pid))

    def test_nothing_of_its_tree_is_left(self):
        # The shell dies of the signal and passes it on to nobody.
        command = ["sh", "-c", f"{INSTANCE_LINE}; true"]
        with Frontdoor(pool(instances=1, command=command)) as door:
            (app,) = pids(door, 1).values()
            helper = int(get(door.address, "/helper"))
            door.terminate()
            self.assertEqual(door.wait(), 0)
            self.assertFalse(alive(app))
            self.assertFalse(alive(helper))
            self.assertIn("app.1 | last words", [line.get("text", "") for line in door.access()])

    def test_a_helper_may_be_left_on_purpose(self):
        with Frontdoor(pool(instances=1, more='kill_mode = "process"')) as door:
            pids(door, 1)
            helper = int(get(door.address, "/helper"))
            door.terminate()
            door.wait()
            self.assertTrue(alive(helper))
            os.kill(helper, signal.SIGKILL)


    def test_a_helper_that_was_left_on_purpose_outlives_restarts_and_a_crash(self):
        config = pool(instances=1, more='kill_mode = "process"\n[pool.app.restart]\nbackoff_min = "10ms"\n')
        with Frontdoor(config) as door:
            (first,) = pids(door, 1).values()
            helper = int(get(door.address, "/helper"))
            self.addCleanup(lambda: alive(helper) and os.kill(helper, signal.SIGKILL))
            for words in (("restart", "app"), ("restart", "app.1", "--now"), ("stop", "app"), ("start", "app")):
                done = command(*words, door=door)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(alive(helper), words)
            (last,) = pids(door, 1).values()
            self.assertNotEqual(first, last)
            os.kill(last, signal.SIGKILL)
            eventually(lambda: events(door, "instance ended", end="SIGKILL"), "a crash")
            pids(door, 1)
            self.assertTrue(alive(helper))
            self.assertEqual([e["event"] for e in door.events() if "left" in e.get("event", "")], [])

    def test_the_stop_signal_is_the_one_that_the_app_listens_for_and_its_exit_status_is_told(self):
        # Each handler ends with a status of its own; of the other signals it hears nothing.
        script = ("const http = require('http'); let n = 0;"
                  "for (const s of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGUSR2', 'SIGHUP'])"
                  "  process.on(s, () => { console.log('heard ' + s + ' number ' + ++n); setTimeout(() => process.exit(40 + s.length), 50); });"
                  "http.createServer((q, r) => r.end(String(process.pid))).listen(process.env.PORT, '127.0.0.1')")
        for name, signal_name in (("SIGINT", "SIGINT"), ("QUIT", "SIGQUIT"), ("SIGUSR2", "SIGUSR2"), ("1", "SIGHUP")):
            with self.subTest(stop_signal=name), Frontdoor(pool(instances=1, command=["node", "-e", script], env='RELEASE = "1"',
                                                                more=f'stop_signal = "{name}"')) as door:
                first = int(get(door.address))
                for times, words in enumerate((("restart", "app"), ("stop", "app")), 1):
                    self.assertEqual(command(*words, door=door).returncode, 0)
                    stopped = eventually(lambda times=times: len(events(door, "instance stopped")) == times and
                                         events(door, "instance stopped"), "the end")
                    self.assertEqual(stopped[-1]["end"], f"exit {40 + len(signal_name)}")
                self.assertFalse(alive(first))
                lines = [line.get("text", "") for line in door.access()]
                self.assertEqual([line for line in lines if "heard" in line], [f"app.1 | heard {signal_name} number 1"] * 2)
                row = api(door, "status")[1]["pools"][0]["upstreams"][0]
                self.assertEqual((row["state"], row["last_end"]), ("stopped", f"exit {40 + len(signal_name)}"))


class Changes(unittest.TestCase):
    def test_another_command_replaces_the_instances_without_a_lost_request(self):
        with Frontdoor(pool(env='RELEASE = "1"')) as door, FixedRate(door.address, rate=200, seconds=60) as load:
            before = set(pids(door, 2).values())
            door.reload(pool(env='RELEASE = "2"'))
            eventually(lambda: len(events(door, "instance stopped")) == 2, "the end of the old ones")
            after = set(pids(door, 2).values())
            self.assertFalse(before & after)
            self.assertEqual(who(door)["RELEASE"], "2")
            self.assertEqual(load.finish()["failures"], [])

    def test_a_release_that_never_comes_up_changes_nothing(self):
        with Frontdoor(pool()) as door:
            before = pids(door, 2)
            door.reload(pool(env='WITHOUT_LISTENING = "1"', more='start_timeout = "300ms"'))
            eventually(lambda: events(door, "the new instance does not come up, the old ones stay"), "the verdict")
            self.assertEqual(pids(door, 2), before)

    def failed_change(self, door):
        try:
            status, told = api(door, "status")
        except OSError:  # the next front door is not there yet
            return None
        return told["pools"][0]["failed_change"] if status == 200 else None

    # The old ones stay, and so does what they are: a crash after the change that failed must not make an outage of it.
    def test_what_ends_after_a_change_that_failed_comes_back_as_what_served(self):
        bad = pool(command=GUARDED, env='RELEASE = "2", BROKEN = "1"', more=QUICK)
        with Frontdoor(pool(command=GUARDED, env='RELEASE = "1"', more=QUICK)) as door:
            before = pids(door, 2)
            self.assertIsNone(self.failed_change(door))
            door.write_config(bad)
            self.assertEqual(command("reload", door=door).returncode, 1)
            failed = self.failed_change(door)
            self.assertEqual((failed["what"], failed["keys"]), ("config changed", "env"))
            self.assertIn("exited 3 before listening", failed["reason"])
            started = len(events(door, "instance started"))
            for name in ("app.1", "app.2"):
                os.kill(before[name], signal.SIGKILL)
            eventually(lambda: len(events(door, "instance up")) == 4, "their successors")
            after = pids(door, 2)
            self.assertFalse(set(before.values()) & set(after.values()))
            self.assertEqual(len(events(door, "instance started")), started + 2)  # and none as the config says
            self.assertEqual(who(door)["RELEASE"], "1")
            # So is one that is new.
            self.assertEqual(command("scale", "app", "+1", door=door).returncode, 0)
            self.assertEqual({get_release(door) for _ in range(6)}, {"1"})
            # A restart asks again.
            self.assertEqual(command("restart", "app", door=door).returncode, 1)
            self.assertEqual(set(pids(door, 3).values()) & set(after.values()), set(after.values()))
            self.assertGreater(self.failed_change(door)["since"], failed["since"])
            door.reload(pool(command=GUARDED, env='RELEASE = "3"', more=QUICK))
            eventually(lambda: {get_release(door) for _ in range(6)} == {"3"}, "the release that was mended")
            eventually(lambda: self.failed_change(door) is None, "nothing to tell any more")

    def test_what_ends_while_a_new_one_is_not_proved_comes_back_as_what_served(self):
        with Frontdoor(pool(env='RELEASE = "1"', more=QUICK)) as door:
            before = pids(door, 2)
            door.reload(pool(env='RELEASE = "2", WITHOUT_LISTENING = "1"', more='start_timeout = "60s"\nmax_starting = 4\n' + QUICK))
            eventually(lambda: len(events(door, "instance started")) == 3, "the new one")
            for pid in before.values():
                os.kill(pid, signal.SIGKILL)
            eventually(lambda: len(events(door, "instance up")) == 4, "successors of the old ones")
            self.assertEqual(len(pids(door, 2)), 2)
            self.assertEqual({get_release(door) for _ in range(4)}, {"1"})
            door.reload(pool(env='RELEASE = "1"', more=QUICK))  # taken back

    def test_a_front_door_that_crashes_after_a_change_that_failed_knows_what_served(self):
        with Frontdoor(pool(command=GUARDED, env='RELEASE = "1"', more=QUICK)) as door:
            before = pids(door, 2)
            door.reload(pool(command=GUARDED, env='RELEASE = "2", BROKEN = "1"', more=QUICK))
            eventually(lambda: self.failed_change(door), "the verdict")
            killed = front_door(door)
            os.kill(killed, signal.SIGKILL)
            eventually(lambda: front_door(door) not in (None, killed), "another front door")
            door.wait_until_ready()
            eventually(lambda: self.failed_change(door), "its verdict")
            for pid in before.values():
                os.kill(pid, signal.SIGKILL)
            eventually(lambda: set(pids(door, 2).values()).isdisjoint(before.values()), "their successors")
            self.assertEqual({get_release(door) for _ in range(4)}, {"1"})

    def test_a_front_door_that_crashes_beside_a_file_that_has_changed_serves_on_with_what_runs(self):
        """The file says `ready = "notify"` by then, which those that run have never been told to say."""
        with Frontdoor(pool(command=GUARDED, env='RELEASE = "1"', more=QUICK)) as door:
            before = pids(door, 2)
            door.write_config(pool(command=GUARDED, env='RELEASE = "2", BROKEN = "1"', more='ready = "notify"\n' + QUICK))
            killed = front_door(door)
            os.kill(killed, signal.SIGKILL)
            eventually(lambda: front_door(door) not in (None, killed), "another front door")
            door.wait_until_ready()
            self.assertEqual({get_release(door) for _ in range(4)}, {"1"})
            eventually(lambda: self.failed_change(door), "the verdict")
            self.assertEqual({get_release(door) for _ in range(4)}, {"1"})
            self.assertEqual(pids(door, 2), before)

    def test_a_change_that_fails_half_way_is_told_as_one_of_the_config(self):
        half = ["sh", "-c", f'[ -z "$BROKEN" ] || [ $FRONTDOOR_INSTANCE = app.1 ] || exit 3; exec {INSTANCE_LINE}']
        with Frontdoor(pool(command=half, env='RELEASE = "1"', more=QUICK)) as door:
            before = pids(door, 2)
            door.write_config(pool(command=half, env='RELEASE = "2", BROKEN = "1"', more=QUICK))
            self.assertEqual(command("reload", door=door).returncode, 1)
            failed = self.failed_change(door)
            self.assertEqual((failed["what"], failed["keys"], failed["instance"]), ("config changed", "env", "app.2"))
            after = pids(door, 2)
            self.assertNotEqual(after["app.1"], before["app.1"])
            self.assertEqual(after["app.2"], before["app.2"])
            os.kill(before["app.2"], signal.SIGKILL)
            eventually(lambda: pids(door, 2)["app.2"] != before["app.2"], "its successor, as it was")
            self.assertEqual({get_release(door) for _ in range(6)}, {"1", "2"})
            still = self.failed_change(door)
            self.assertEqual([still[key] for key in ("what", "keys", "instance")], ["config changed", "env", "app.2"])

    def test_a_change_that_failed_is_told_wherever_one_looks(self):
        with Frontdoor(pool(command=GUARDED, env='RELEASE = "1"', more=QUICK)) as door:
            pids(door, 2)
            door.reload(pool(command=GUARDED, env='RELEASE = "2", BROKEN = "1"', more=QUICK))
            eventually(lambda: self.failed_change(door), "the verdict")
            for words in (("status",), ("why", "app"), ("why",), ("config", "diff")):
                done = command(*words, door=door)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("config change failed (env): app.1 does not come up: exited 3 before listening", done.stdout, words)
                self.assertIn("one that ends is started again as it was", done.stdout, words)
            for words in (("status",), ("why", "app")):
                self.assertIn("then: frontdoor reload", command(*words, door=door).stdout, words)

    def test_a_restart_that_failed_is_told_as_long_as_an_old_one_stays(self):
        with tempfile.TemporaryDirectory() as directory:
            wrong = os.path.join(directory, "wrong")
            line = f'[ ! -e {wrong} ] || exit 3; exec {INSTANCE_LINE}'
            with Frontdoor(pool(instances=1, command=["sh", "-c", line], more=QUICK)) as door:
                (first,) = pids(door, 1).values()
                with open(wrong, "w", encoding="ascii"):
                    self.assertEqual(command("restart", "app", door=door).returncode, 1)
                self.assertIn("restart failed: app.1 does not come up: exited 3", command("status", door=door).stdout)
                os.unlink(wrong)
                os.kill(first, signal.SIGKILL)
                eventually(lambda: self.failed_change(door) is None, "none of the old ones")

    def test_more_fewer_and_none(self):
        with Frontdoor(pool(instances=1)) as door:
            first = pids(door, 1)
            door.reload(pool(instances=3))
            three = pids(door, 3)
            self.assertEqual(three["app.1"], first["app.1"])
            door.reload(pool(instances=1))
            eventually(lambda: len(events(door, "instance stopped")) == 2, "the end of two")
            self.assertEqual(pids(door, 1), first)
            door.reload(pool("other", instances=1))
            eventually(lambda: not alive(first["app.1"]), "the end of the last one")
            self.assertEqual(list(pids(door, 1)), ["other.1"])

    def test_other_settings_touch_no_process(self):
        with Frontdoor(pool()) as door:
            before = pids(door, 2)
            door.reload(pool(more='stop_timeout = "3s"\n[pool.app.timeouts]\nresponse_header = "7s"\n'))
            self.assertEqual(pids(door, 2), before)
            self.assertEqual(len(events(door, "instance started")), 2)


class KillingItsParts(unittest.TestCase):
    def test_a_front_door_that_is_killed_comes_back_to_its_instances(self):
        with Frontdoor(pool()) as door:
            before = pids(door, 2)
            killed = front_door(door)
            os.kill(killed, signal.SIGKILL)
            eventually(lambda: front_door(door) not in (None, killed), "another front door")
            door.wait_until_ready()
            self.assertEqual(pids(door, 2), before)
            # It knows how they end, though it has not started them.
            os.kill(before["app.2"], signal.SIGKILL)
            eventually(lambda: events(door, "instance ended", instance="app.2", end="SIGKILL"), "the end")
            pids(door, 2)

    def test_beside_a_file_with_errors_what_was_good_before_serves_on(self):
        def crash():
            killed = front_door(door)
            os.remove(door.ready_file)
            os.kill(killed, signal.SIGKILL)
            door.wait_until_ready()

        def refused():
            return api(door, "status")[1]["config_refused"]

        with tempfile.TemporaryDirectory() as directory:
            part, variables = os.path.join(directory, "part.toml"), os.path.join(directory, "app.env")
            include = f'include = "{directory}/*.toml"\n'

            def write(path, text):
                with open(path, "w", encoding="ascii") as file:
                    file.write(text)

            write(part, pool(instances=1, more=f'env_file = "{variables}"'))
            write(variables, "RELEASE=1\n")
            with Frontdoor(include) as door:
                (before,) = pids(door, 1).values()
                self.assertIsNone(refused())
                for broken in ("[pool.app\n", None, "# that of what it includes\n" + include):
                    if broken is None:
                        os.remove(door.config_file)
                    else:
                        door.write_config(broken)
                    write(part, "[pool.app\n")
                    os.path.exists(variables) and os.remove(variables)
                    crash()
                    answer = who(door)
                    self.assertEqual((answer["pid"], answer["RELEASE"]), (before, "1"), broken)
                    place = door.config_file if broken is None else part if include in broken else door.config_file + ":"
                    self.assertTrue(refused()["reason"].startswith(place), refused())
                    (event,) = [e for e in api(door, "events")[1]["events"] if e["kind"] == "reload_refused"]
                    self.assertEqual((event["level"], event["fields"]["reason"]), ("error", refused()["reason"]))
                    self.assertIn("its config file was refused", command("status", door=door).stdout)
                self.assertEqual(command("reload", door=door).returncode, 1)
                self.assertFalse(events(door, "config change done") + events(door, "config change failed"))
                # What is good from now on is what a crash goes back to.
                write(part, pool(instances=1, more=f'env_file = "{variables}"'))
                write(variables, "RELEASE=2\n")
                door.write_config(include)
                self.assertEqual(command("reload", door=door).returncode, 0)
                self.assertIsNone(refused())
                after = who(door)
                self.assertEqual(after["RELEASE"], "2")
                write(variables, "neither = one\nnor the = other")
                self.assertEqual(command("reload", door=door).returncode, 1)
                self.assertIn("app.env", refused()["reason"])
                crash()
                self.assertEqual(who(door), after)
                self.assertIn("app.env", refused()["reason"])
                upgraded = command("upgrade", door=door)
                self.assertEqual(upgraded.returncode, 1, "beside one that serves it is refused")
                self.assertIn("app.env", upgraded.stdout + upgraded.stderr)

    def test_a_first_start_beside_a_file_with_errors_starts_nothing(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "fd.toml")
            with open(path, "w", encoding="ascii") as file:
                file.write("[pool.app\n")
            done = subprocess.run([binary(), "--config", path], capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(done.returncode, 78)
            self.assertIn("nothing was started", done.stderr)

    def test_what_runs_an_earlier_command_is_not_taken_over(self):
        with Frontdoor(pool(instances=1, env='RELEASE = "1"')) as door:
            (before,) = pids(door, 1).values()
            killed = front_door(door)
            door.write_config(pool(instances=1, env='RELEASE = "2"'))  # and nobody has said so yet
            os.kill(killed, signal.SIGKILL)
            eventually(lambda: front_door(door) not in (None, killed), "another front door")
            door.wait_until_ready()
            eventually(lambda: who(door)["RELEASE"] == "2" and not alive(before), "the new command alone")

    def test_without_its_launcher_it_ends_with_all_that_it_has(self):
        door = Frontdoor(pool())
        door.expected_status = None
        with door:
            instances = pids(door, 2).values()
            serving = front_door(door)
            os.kill(door.pid, signal.SIGKILL)
            eventually(lambda: not alive(serving) and not any(alive(pid) for pid in instances), "the end of all")

    def test_without_its_launcher_in_a_drain_it_says_that_nothing_is_started_any_more(self):
        config = '[timeouts]\ndrain = "60s"\ndrain_delay = "50s"\n'
        door = Frontdoor(config + pool(instances=1, more='restart = { backoff_min = "10ms", backoff_max = "10ms" }'))
        door.expected_status = None
        with door:
            (instance,) = pids(door, 1).values()
            serving = front_door(door)
            door.terminate()
            eventually(lambda: events(door, "draining"), "the drain")
            os.kill(door.pid, signal.SIGKILL)
            eventually(lambda: events(door, "the launcher has gone: no instance is started any more while this one drains"), "the word")
            eventually(lambda: not alive(instance), "its end, as its launcher's death asks of it")
            failed = eventually(lambda: events(door, "instance cannot be started"), "the vain start")
            self.assertEqual((failed[0]["reason"], failed[0]["next_ms"]),
                             ("the launcher has gone, and nothing is started any more", -1))
            os.kill(serving, signal.SIGTERM)  # a second one, which waits for nothing
            eventually(lambda: not alive(serving), "the end")
            self.assertEqual(len(events(door, "instance cannot be started")), 1, "it has not been tried again")

    def test_the_terminal_s_ctrl_c_reaches_the_app_once(self):
        # A terminal sends SIGINT to the whole foreground group: the launcher's.
        door = Frontdoor(pool(instances=1))
        with door:
            pids(door, 1)
            os.kill(door.pid, signal.SIGINT)
            self.assertEqual(door.wait(), 0)
            lines = [line.get("text", "") for line in door.access()]
            self.assertEqual([line for line in lines if "SIGTERM" in line], ["app.1 | SIGTERM number 1"])


class WithoutAFile(unittest.TestCase):
    def test_run_starts_a_command_until_its_terminal_is_closed(self):
        with tempfile.TemporaryDirectory() as directory:
            ready = os.path.join(directory, "ready")
            running = processes.spawn([binary(), "run", "-i", "2", "--listen", "127.0.0.1:0", "--ready-file", ready,
                                       "--", *INSTANCE], env=node_environment(), stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                eventually(lambda: os.path.exists(ready), "the ready file")
                with open(ready, encoding="utf-8") as file:
                    address = file.read().split()[1]
                answer = json.loads(get(address))
                self.assertIn(answer["FRONTDOOR_INSTANCE"], ("app.1", "app.2"))
                running.send_signal(signal.SIGHUP)
                self.assertEqual(running.wait(30), 0)
                self.assertFalse(alive(answer["pid"]))
            finally:
                processes.end(running, patience=30)


if __name__ == "__main__":
    main()
