#!/usr/bin/env python3
"""Instances that are replaced, whatever for: nothing of what is under way is lost, and the operator reads what happened."""

import contextlib
import json
import os
import signal
import tempfile
import threading
import unittest

from support import FixedRate, Frontdoor, WebSocketClient, curl, eventually, http_get, main
from support.admin import api, command
from support.app import node_environment, script_path
from support.instances import events, front_door, pids, who
from support.process import alive

APP = script_path("rolling.js")
NODE = f'NODE_PATH = "{node_environment()["NODE_PATH"]}"'
CHECK = 'health_check = { path = "/", interval = "100ms", timeout = "200ms", fall = 2 }\n'


def pool(name="app", instances=2, command=None, env="", more=""):
    command = json.dumps(command or ["node", APP])
    return f"[pool.{name}]\ncommand = {command}\ninstances = {instances}\nenv = {{ {', '.join(filter(None, [NODE, env]))} }}\n{more}\n"


def said(door, text):
    return [line for line in door.access() if text in line.get("text", "")]


def touch(path):
    with open(path, "w", encoding="ascii"):
        pass


@contextlib.contextmanager
def crashed(door):
    """The process that serves is dead on entry, and the next one there behind it."""
    killed = front_door(door)
    os.remove(door.ready_file)
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: not alive(killed), "the end of the front door")
    yield
    door.wait_until_ready()


def crash(door):
    with crashed(door):
        pass


# Says when it begins; is ready, and ends, when the test wants it.
JOB = """
import os, socket, sys, time
name = os.environ["FRONTDOOR_INSTANCE"] + "." + os.environ["RELEASE"]
print("begins", name, flush=True)
def wait_for(what):
    while not os.path.exists(os.path.join(sys.argv[1], what + "." + name)):
        time.sleep(0.02)
wait_for("ready")
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
    notify.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
wait_for("end")
"""


class Asked(threading.Thread):
    """One request, answered in its own time."""

    def __init__(self, door, target, *options):
        super().__init__()
        self._arguments = (door.address, target, *options)
        self.response = None
        self.start()

    def run(self):
        self.response = curl(*self._arguments)

    def answer(self):
        self.join()
        return self.response


class Rolls(unittest.TestCase):
    def test_under_load_nothing_is_lost_and_the_report_says_so(self):
        with Frontdoor(pool(env='RELEASE = "1"')) as door:
            before = set(pids(door, 2).values())
            with FixedRate(door.address, rate=200, seconds=60, post_every=3) as load:
                door.reload(pool(env='RELEASE = "2"'))
                (done,) = eventually(lambda: events(door, "config change done"), "the report")
                self.assertEqual(load.finish()["failures"], [])
            self.assertEqual((done["pool"], done["reason"], done["replaced"], done["lost"]), ("app", "config changed", 2, 0))
            self.assertGreater(done["served"], 0)
            self.assertFalse(before & set(pids(door, 2).values()))
            self.assertFalse(any(alive(pid) for pid in before))

    def test_a_request_under_way_is_finished_by_the_old_one(self):
        with Frontdoor(pool(instances=1, env='RELEASE = "1"')) as door:
            pids(door, 1)
            slow = Asked(door, "/slow?ms=1500")
            eventually(lambda: said(door, "slow began"), "the request under way")
            door.reload(pool(instances=1, env='RELEASE = "2"'))
            eventually(lambda: who(door)["RELEASE"] == "2", "the new release")
            self.assertEqual(slow.answer().body, b"slow")
            eventually(lambda: events(door, "instance stopped"), "the old one's end")

    def test_websockets_are_closed_with_1012_before_the_deadline(self):
        timeouts = '[timeouts]\ndrain = "2s"\n'
        with Frontdoor(timeouts + pool(instances=1, env='RELEASE = "1"')) as door:
            pids(door, 1)
            with WebSocketClient(door.address, "listen", "/") as client:
                eventually(lambda: said(door, "websocket open"), "a WebSocket")
                door.reload(timeouts + pool(instances=1, env='RELEASE = "2"'))
                self.assertEqual(client.to_end()[-1]["code"], 1012)
            (stopped,) = eventually(lambda: events(door, "instance stopped"), "the old one's end")
            self.assertEqual(stopped["end"], "exit 0")

    def test_a_bad_release_is_told_with_its_end_and_its_words(self):
        with Frontdoor(pool()) as door:
            before = pids(door, 2)
            # Without an end of the line, and with a child that keeps the pipe open.
            door.reload(pool(command=["sh", "-c", "sleep 1000 & printf 'broken release' >&2; exit 3"]))
            (failed,) = eventually(lambda: events(door, "config change failed"), "the verdict")
            self.assertIn("exited 3 before listening", failed["error"])
            self.assertIn("broken release", failed["last_words"])
            self.assertEqual(pids(door, 2), before)
            door.reload(pool(env='RELEASE = "3"'))
            eventually(lambda: who(door).get("RELEASE") == "3", "the repaired one")

    def test_a_config_that_is_read_before_the_one_before_is_met_is_told_once(self):
        with Frontdoor(pool()) as door:
            pids(door, 2)
            door.reload(pool(command=["sleep", "1000"]))
            eventually(lambda: len(events(door, "instance started")) == 3, "a new one, which does not come up")
            door.reload(pool(command=["sh", "-c", "exit 3"]))
            eventually(lambda: events(door, "config change failed"), "the verdict")
            door.reload(pool(env='RELEASE = "3"'))
            eventually(lambda: events(door, "config change done"), "the repaired one")
            self.assertEqual(len(events(door, "config change failed")), 1)

    def test_a_pool_that_is_removed_answers_what_it_has_first(self):
        with Frontdoor(pool(instances=1)) as door:
            (pid,) = pids(door, 1).values()
            slow = Asked(door, "/slow?ms=1500")
            eventually(lambda: said(door, "slow began"), "the request under way")
            door.reload(pool("other", instances=1))
            self.assertEqual(slow.answer().body, b"slow")
            eventually(lambda: not alive(pid), "its end")

    def test_what_a_process_does_not_notice_holds_at_once(self):
        with Frontdoor(pool(instances=1, env='STUBBORN = "1"', more='stop_timeout = "60s"')) as door:
            (pid,) = pids(door, 1).values()
            door.reload(pool(instances=1, env='STUBBORN = "1"', more='stop_timeout = "200ms"\nstop_signal = "SIGTERM"'))
            eventually(lambda: events(door, "reloaded"), "the reload")
            self.assertTrue(alive(pid))
            door.terminate()
            self.assertEqual(door.wait(), 0)
            self.assertEqual(events(door, "instance did not stop in time and is killed")[0]["stop_timeout_ms"], 200)

    def test_what_a_crash_of_the_front_door_leaves_is_rolled_if_it_does_not_fit(self):
        with Frontdoor(pool(instances=1, env='RELEASE = "1"')) as door:
            (before,) = pids(door, 1).values()
            door.write_config(pool(instances=1, env='RELEASE = "2"'))
            crash(door)
            door.wait_until_ready()
            eventually(lambda: events(door, "config change done", replaced=1), "the roll")
            door.wait_until_ready()  # on another port
            self.assertEqual(eventually(lambda: who(door), "an answer")["RELEASE"], "2")
            self.assertFalse(alive(before))


class RollsThatACrashInterrupts(unittest.TestCase):
    """The front door is killed when the new one runs and has not proved itself."""

    def new_one(self, door):
        return eventually(lambda: (lambda told: len(told) == 2 and told)(events(door, "instance started")), "the new one")[1]["pid"]

    def failed(self, door):
        return eventually(lambda: api(door, "status")[1]["pools"][0]["failed_change"], "the verdict")

    def serves_alone(self, door, pid, other):
        eventually(lambda: not alive(other), "the end of the new one")
        self.assertEqual({who(door)["pid"] for _ in range(4)}, {pid})

    def test_a_bad_release_does_not_take_the_place_of_what_serves(self):
        for early in (True, False):  # it ends before the next front door is there
            with self.subTest(early=early), tempfile.TemporaryDirectory() as directory:
                end = os.path.join(directory, "end")
                guarded = ["sh", "-c", f'[ "$RELEASE" = 1 ] || {{ until [ -e {end} ]; do sleep 0.05; done; exit 3; }}; exec node {APP}']
                with Frontdoor(pool(instances=1, command=guarded, env='RELEASE = "1"')) as door:
                    (old,) = pids(door, 1).values()
                    door.reload(pool(instances=1, command=guarded, env='RELEASE = "2"'))
                    new = self.new_one(door)
                    with crashed(door):
                        if early:
                            touch(end)
                            eventually(lambda: not alive(new), "its end")
                    self.assertEqual(who(door)["pid"], old)
                    if not early:
                        self.assertTrue(alive(new), "it still has to prove itself")
                        self.assertFalse(events(door, "config change failed"))
                        touch(end)
                    told = self.failed(door)
                    self.assertEqual((told["what"], told["keys"]), ("config changed", "env"))
                    self.assertIn("exited 3 before listening", told["reason"])
                    self.serves_alone(door, old, new)

    def test_a_good_one_takes_its_place_and_none_is_started_once_more(self):
        with tempfile.TemporaryDirectory() as directory:
            go_on = os.path.join(directory, "go on")
            line = f'[ "$RELEASE" = 1 ] || until [ -e "{go_on}" ]; do sleep 0.05; done; exec node {APP}'
            with Frontdoor(pool(instances=1, command=["sh", "-c", line], env='RELEASE = "1"')) as door:
                (old,) = pids(door, 1).values()
                door.reload(pool(instances=1, command=["sh", "-c", line], env='RELEASE = "2"'))
                new = self.new_one(door)
                crash(door)
                self.assertEqual(who(door)["pid"], old)
                touch(go_on)
                eventually(lambda: events(door, "config change done", replaced=1, reason="config changed"), "the roll")
                self.serves_alone(door, new, old)

    def test_a_restart_ends_the_old_one_only_when_a_new_one_is_up(self):
        with tempfile.TemporaryDirectory() as directory:
            wrong = os.path.join(directory, "wrong")
            end = os.path.join(directory, "end")
            line = f"while [ -e {wrong} ]; do sleep 0.05; [ ! -e {end} ] || exit 3; done; exec node {APP}"
            with Frontdoor(pool(instances=1, command=["sh", "-c", line])) as door:
                (old,) = pids(door, 1).values()
                touch(wrong)
                restart = threading.Thread(target=command, args=("restart", "app"), kwargs={"door": door})
                restart.start()
                new = self.new_one(door)
                crash(door)
                restart.join()
                self.assertEqual(who(door)["pid"], old)
                touch(end)
                told = self.failed(door)
                self.assertEqual((told["what"], told["keys"]), ("restart", None))
                self.serves_alone(door, old, new)
                self.assertFalse(events(door, "config change failed") + events(door, "config change done"))


class Hung(unittest.TestCase):
    MORE = CHECK + 'hung_grace = "300ms"\nstop_timeout = "300ms"\n[timeouts]\ndrain = "500ms"\n'

    def replaced(self, door, pid):
        eventually(lambda: events(door, "instance hangs and is replaced", pid=pid), "the verdict")
        eventually(lambda: not alive(pid), "the end of the hung one")
        done = eventually(lambda: events(door, "restart done"), "the report")[0]
        self.assertTrue(done["reason"].startswith("hung: "), done)
        self.assertGreaterEqual(done["replaced"], 1)  # on a starved machine its successors may hang too

    def test_one_that_is_stopped_is_replaced(self):
        with Frontdoor(pool(more=self.MORE)) as door:
            before = pids(door, 2)
            os.kill(before["app.1"], signal.SIGSTOP)
            self.replaced(door, before["app.1"])
            after = pids(door, 2)
            self.assertNotEqual(after["app.1"], before["app.1"])
            self.assertEqual(after["app.2"], before["app.2"])

    def test_one_that_spins_is_replaced(self):
        retry = "retry = { attempts = 0 }\n"
        with Frontdoor(pool(more=retry + self.MORE)) as door:
            before = pids(door, 2)
            spinning = Asked(door, "/spin")
            (hung,) = eventually(lambda: events(door, "instance hangs and is replaced"), "the verdict")
            self.replaced(door, hung["pid"])
            self.assertIn(hung["pid"], before.values())
            self.assertGreaterEqual(spinning.answer().status, 500)

    def test_of_several_no_more_than_the_share_is_replaced_at_a_time(self):
        more = CHECK + 'hung_grace = "300ms"\nstop_timeout = "300ms"\n[timeouts]\ndrain = "500ms"\n'
        for share, most in (("50%", 2), ("1%", 1)):
            with self.subTest(share=share), Frontdoor(pool(instances=4, more=f'restart = {{ share = "{share}" }}\n' + more)) as door:
                before = pids(door, 4)
                for pid in before.values():
                    os.kill(pid, signal.SIGSTOP)
                eventually(lambda: not any(alive(pid) for pid in before.values()), "the end of all four", timeout=60)
                eventually(lambda: len(events(door, "restart done")) >= 4, "the reports", timeout=60)
                # By the event log, in its order: one is replaced from the start of the new one until that has proved itself.
                under_way, worst = 0, 0
                told = [e for e in door.events() if e.get("event") in ("instance started", "instance up")][8:]
                for entry in told:
                    under_way += 1 if entry["event"] == "instance started" else -1
                    worst = max(worst, under_way)
                self.assertLessEqual(worst, most, told)
                self.assertGreaterEqual(worst, 1)

    def test_it_may_say_first_where_it_hangs(self):
        with Frontdoor(pool(instances=1, more='hung_signal = "SIGUSR2"\n' + self.MORE)) as door:
            (pid,) = pids(door, 1).values()
            asked = Asked(door, "/hang")
            self.replaced(door, pid)
            self.assertTrue(said(door, "it hangs in: nothing at all"))
            asked.join()

    def test_one_that_is_merely_slow_is_left_alone(self):
        """Its checks time out for far longer than hung_grace while it answers requests. Only when those end, too, is it hung."""
        check = 'health_check = { path = "/healthz", interval = "100ms", timeout = "300ms", fall = 5 }\n'
        with Frontdoor(pool(instances=1, more=self.MORE.replace(CHECK, check))) as door:
            (pid,) = pids(door, 1).values()
            self.assertEqual(curl(door.address, "/checks-wait").status, 200)

            def looked(times):
                self.assertEqual(curl(door.address, "/").status, 200)
                return len(said(door, "a check waits")) >= times

            eventually(lambda: looked(12), "twelve checks without an answer", timeout=60)
            self.assertEqual(events(door, "upstream down"), [])
            self.assertEqual(events(door, "instance hangs and is replaced"), [])
            self.assertEqual(list(pids(door, 1).values()), [pid])
            self.replaced(door, pid)  # nobody asks any more

    def test_zero_is_never(self):
        more = self.MORE.replace('hung_grace = "300ms"', 'hung_grace = "0s"')
        with Frontdoor(pool(more=more)) as door:
            before = pids(door, 2)
            os.kill(before["app.1"], signal.SIGSTOP)
            eventually(lambda: events(door, "upstream down"), "its eviction")
            os.kill(before["app.1"], signal.SIGCONT)
            self.assertEqual(pids(door, 2), before)
            self.assertEqual(events(door, "instance hangs and is replaced"), [])


class Ends(unittest.TestCase):
    def test_the_request_that_was_on_it_is_named(self):
        with Frontdoor(pool()) as door:
            pids(door, 2)
            self.assertEqual(curl(door.address, "/end?status=7&secret=1", "-X", "POST").status, 502)
            (named,) = eventually(lambda: events(door, "instance ended with requests on it"), "its name")
            self.assertRegex(named["requests"], r"^POST /end \(\S+\)$")
            eventually(lambda: events(door, "instance ended", end="exit 7"), "the end")
            # And in its row, to programs and to people: by method, path and id, and nothing of its query.
            rows = api(door, "status")[1]["pools"][0]["upstreams"]
            (told,) = [row["requests_at_end"] for row in rows if row["name"] == named["instance"]]
            self.assertEqual(told, [named["requests"]])
            shown = command("status", door=door).stdout
            self.assertIn(f"was on it at its end: {named['requests']}", shown)
            (line,) = eventually(lambda: [entry for entry in door.access() if entry.get("target", "").startswith("/end")], "its line")
            self.assertEqual(named["requests"], f"POST /end ({line['request_id']})")
            self.assertFalse([entry for entry in door.events() if "secret" in json.dumps(entry)])
            self.assertNotIn("secret", shown)

    def test_so_is_one_whose_answer_had_begun(self):
        with Frontdoor(pool()) as door:
            pids(door, 2)
            with self.assertRaises((AssertionError, EOFError)):
                curl(door.address, "/half")
            (named,) = eventually(lambda: events(door, "instance ended with requests on it"), "its name")
            self.assertIn("GET /half (", named["requests"])

    def test_one_that_was_killed_at_rest_names_none(self):
        with Frontdoor(pool()) as door:
            os.kill(pids(door, 2)["app.1"], signal.SIGKILL)
            eventually(lambda: events(door, "instance ended", end="SIGKILL"), "the end")
            self.assertEqual(events(door, "instance ended with requests on it"), [])

    def test_a_crash_loop_of_one_kind_of_request_is_told_as_such(self):
        more = ('retry = { attempts = 0, containment = false }\n'
                '[pool.app.restart]\nbackoff_min = "10ms"\nbackoff_max = "50ms"\ncrash_loop_after = 3\n')
        with Frontdoor(pool(instances=1, more=more)) as door:
            for _ in range(3):
                # Without another try, a GET that meets the one that is just ending is a 502.
                eventually(lambda: http_get(door.address, "/").status == 200, "its start")
                self.assertEqual(curl(door.address, "/end?status=7").status, 502)
            (loop,) = eventually(lambda: events(door, "instance is in a crash loop"), "the crash loop")
            self.assertEqual(loop["on_it_each_time"], "GET /end")

    def test_what_has_ended_for_good_behind_a_change_that_failed_is_not_started_by_a_crash(self):
        guarded = ["sh", "-c", f'[ -z "$BROKEN" ] || exit 3; exec node {APP}']
        more = 'restart = { policy = "on_failure", backoff_min = "10ms" }\n'

        def states():
            return {row["name"]: row["state"] for row in api(door, "status")[1]["pools"][0]["upstreams"]}

        with Frontdoor(pool(command=guarded, more=more)) as door:
            pids(door, 2)
            door.reload(pool(command=guarded, env='BROKEN = "1"', more=more))
            eventually(lambda: events(door, "config change failed"), "the verdict")
            curl(door.address, "/end?status=0", "-X", "POST")
            (ended,) = eventually(lambda: events(door, "instance ended", end="exit 0"), "the end")
            name = ended["instance"]
            eventually(lambda: states()[name] == "done", "that it stays so")
            starts = len(events(door, "instance started", instance=name))
            crash(door)
            eventually(lambda: len(events(door, "config change failed")) == 2, "the verdict of the next front door")
            self.assertEqual(states()[name], "done")
            self.assertEqual(len(events(door, "instance started", instance=name)), starts)

    def test_a_job_that_ends_while_its_pool_is_rolled_is_started_once_for_the_new_config(self):
        with tempfile.TemporaryDirectory() as directory:
            def jobs(release):
                more = 'port = "none"\nready = "notify"\nrestart = { policy = "never" }\nlogs = { mode = "json" }\n'
                return pool("job", instances=3, command=["python3", "-c", JOB, directory], env=f'RELEASE = "{release}"', more=more)

            def tell(*what):
                for each in what:
                    touch(os.path.join(directory, each))

            def begun(name):
                return len([line for line in door.access() if line.get("line") == f"begins {name}"])

            tell(*(f"ready.job.{n}.1" for n in (1, 2, 3)))
            with Frontdoor(jobs(1)) as door:
                eventually(lambda: len(events(door, "instance up")) == 3, "the first release")
                door.reload(jobs(2))
                tell("ready.job.1.2")
                eventually(lambda: begun("job.2.2"), "the second of the new ones")
                # The old one beside it, and one that has nobody beside it yet.
                tell("end.job.2.1", "end.job.3.1")
                ended = eventually(lambda: two if len(two := events(door, "instance ended", end="exit 0")) == 2 else None, "their ends")
                self.assertEqual([each["next_ms"] for each in ended], [-1, -1])
                tell("ready.job.2.2", "ready.job.3.2")
                eventually(lambda: events(door, "config change done"), "the report")
                self.assertEqual([begun(f"job.{n}.2") for n in (1, 2, 3)], [1, 1, 1])

    def test_which_ends_are_followed_by_a_start(self):
        for policy, status, again in [("always", 0, True), ("on_failure", 0, False), ("on_failure", 7, True),
                                      ("never", 0, False), ("never", 7, False)]:
            more = f'hold = {{ timeout = "100ms" }}\n[pool.app.restart]\npolicy = "{policy}"\nbackoff_min = "10ms"\n'
            with self.subTest(policy=policy, status=status), Frontdoor(pool(instances=1, more=more)) as door:
                pids(door, 1)
                http_get(door.address, f"/end?status={status}", [("Connection", "close")])
                ended = eventually(lambda: events(door, "instance ended"), "the end")[0]
                self.assertEqual((ended["end"], ended["next_ms"] >= 0), (f"exit {status}", again))
                if again:
                    eventually(lambda: http_get(door.address, "/").status == 200, "another start")
                else:
                    self.assertEqual(http_get(door.address, "/").status, 503)
                    # Another config starts it all the same.
                    door.reload(pool(instances=1, env='RELEASE = "2"', more=more))
                    eventually(lambda: http_get(door.address, "/").status == 200, "another start")


if __name__ == "__main__":
    main()
