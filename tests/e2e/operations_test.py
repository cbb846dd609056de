#!/usr/bin/env python3
"""What is asked of a pool's instances while something else is under way: each caller gets the truth, and it ends with as
many processes as were asked for last."""

import json
import os
import pwd
import signal
import subprocess
import tempfile
import threading
import unittest

from support import FixedRate, Frontdoor, binary, eventually, main
from support import process as processes
from support.admin import api
from support.app import INSTANCE, INSTANCE_LINE
from support.instances import events, front_door


def pool(name="app", instances=2, command=None, more=""):
    return f'[pool.{name}]\ncommand = {json.dumps(command or INSTANCE)}\ninstances = {instances}\n{more}\n'


class Gate:
    """A command that becomes the app at once, or, while the gate is shut, when it is opened: a start that takes as long
    as the test needs."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory()
        self._shut = os.path.join(self._directory.name, "shut")
        self.command = ["sh", "-c", f"while [ -e {self._shut} ]; do sleep 0.05; done; exec {INSTANCE_LINE}"]

    def shut(self):
        with open(self._shut, "w", encoding="ascii"):
            pass

    def open(self):
        os.unlink(self._shut)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._directory.cleanup()


def command(*words):
    return subprocess.run([binary(), *words], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
                          check=False)


class Running(threading.Thread):
    """A command that is not waited for, yet."""

    def __init__(self, door, *words):
        super().__init__()
        self._words = (*words, "--socket", door.admin_socket)
        self.done = None
        self.start()

    def run(self):
        self.done = command(*self._words)

    def result(self):
        self.join()
        return self.done


def apps(door):
    """The processes of the apps: children of the launcher that are not the front door."""
    found = []
    for child in processes.children(door.pid):
        try:
            if processes.comm(child).startswith(("python", "sh")):
                found.append(child)
        except FileNotFoundError:  # it has just ended
            pass
    return found


def up(door, count):
    eventually(lambda: len(events(door, "instance up")) >= count, f"{count} instances")


class Overlapping(unittest.TestCase):
    def test_restarts_and_scales_end_with_exactly_as_many_as_asked_for_last(self):
        with Frontdoor(pool()) as door:
            up(door, 2)
            before = set(apps(door))
            with FixedRate(door.address, rate=100, seconds=90) as load:
                rolls = [Running(door, "restart", "app") for _ in range(3)]
                sizes = [Running(door, "scale", "app", str(count)) for count in (4, 3)]
                for roll in rolls:
                    self.assertEqual(roll.result().returncode, 0, roll.result().stderr)
                for size in sizes:
                    done = size.result()
                    self.assertTrue(done.returncode == 0 or "scaled again meanwhile" in done.stderr, done.stderr)
                self.assertEqual(command("scale", "app", "3", "--socket", door.admin_socket).returncode, 0)
                self.assertEqual(load.finish()["failures"], [])
            self.assertEqual(len(apps(door)), 3)
            self.assertFalse(before & set(apps(door)))

    def test_a_stop_ends_a_roll_and_says_so_to_both(self):
        with Gate() as gate, Frontdoor(pool(command=gate.command, instances=1)) as door:
            up(door, 1)
            gate.shut()
            roll = Running(door, "restart", "app")
            eventually(lambda: len(events(door, "instance started")) == 2, "the roll under way")
            self.assertEqual(command("stop", "app", "--socket", door.admin_socket).returncode, 0)
            done = roll.result()
            self.assertEqual(done.returncode, 1)
            self.assertIn("stopped meanwhile", done.stderr)
            self.assertEqual(apps(door), [])
            door.reload(pool(command=gate.command, instances=1, more='stop_timeout = "9s"'))
            eventually(lambda: events(door, "reloaded"), "a config that was read")
            self.assertEqual(apps(door), [], "it stays stopped")
            gate.open()
            self.assertEqual(command("start", "app", "--socket", door.admin_socket).returncode, 0)
            self.assertEqual(len(apps(door)), 1)

    def test_another_pool_rolls_meanwhile(self):
        routes = '[[route]]\npath = "/slow"\npool = "slow"\n[[route]]\npool = "quick"\n'
        with Gate() as gate, \
                Frontdoor(routes + pool("slow", command=gate.command, instances=1) + pool("quick", instances=1)) as door:
            up(door, 2)
            gate.shut()
            slow = Running(door, "restart", "slow")
            eventually(lambda: len(events(door, "instance started", pool="slow")) == 2, "the slow roll under way")
            self.assertEqual(command("restart", "quick", "--socket", door.admin_socket).returncode, 0)
            self.assertIsNone(slow.done, "it is still under way")
            gate.open()
            self.assertEqual(slow.result().returncode, 0)

    def test_who_has_stopped_and_scaled_is_told_and_not_forgotten_by_a_crash(self):
        me = pwd.getpwuid(os.geteuid()).pw_name

        def standing():
            try:
                status, answer = api(door, "status")
            except OSError:  # the next front door is not there yet
                return None
            if status != 200:
                return None
            told = answer["pools"][0]
            rows = {row["name"]: row["stopped_by"] for row in told["upstreams"]}
            return {name: (by["by"], by["since"]) if by else None
                    for name, by in {"pool": told["stopped_by"], "scale": told["scaled_by"], "app.2": rows.get("app.2")}.items()}

        with Frontdoor(pool(instances=1)) as door:
            self.assertEqual(command("scale", "app", "3", "--socket", door.admin_socket).returncode, 0)
            self.assertEqual(command("stop", "app.2", "--socket", door.admin_socket).returncode, 0)
            before = standing()
            self.assertEqual((before["pool"], before["scale"][0], before["app.2"][0]), (None, me, me))
            os.kill(front_door(door), signal.SIGKILL)
            eventually(lambda: standing() == before, "the same from the next one")
            table = command("status", "--socket", door.admin_socket).stdout
            self.assertIn(f"(scaled to 3 by {me}, ", table)
            self.assertIn(f"stopped by {me}, ", table)
            self.assertEqual(command("stop", "app", "--socket", door.admin_socket).returncode, 0)
            self.assertEqual(standing()["pool"][0], me)
            done = {e["text"]: e["fields"]["by"] for e in api(door, "events")[1]["events"] if e["kind"] == "changed"}
            self.assertEqual(done, {"stop done": me})  # the others were of the front door that crashed
            self.assertEqual(command("start", "app", "--socket", door.admin_socket).returncode, 0)
            self.assertEqual(standing()["pool"], None)

    def test_scale_lasts_until_the_file_names_another_number(self):
        with Frontdoor(pool(instances=1)) as door:
            up(door, 1)
            self.assertEqual(command("scale", "app", "3", "--socket", door.admin_socket).returncode, 0)
            door.reload(pool(instances=1, more='stop_timeout = "9s"'))
            eventually(lambda: len(events(door, "reloaded")) == 1, "a reload")
            self.assertEqual(len(apps(door)), 3)
            door.reload(pool(instances=2))
            eventually(lambda: len(apps(door)) == 2, "what the file says")


class Now(unittest.TestCase):
    def test_it_starts_again_in_place_and_gets_are_held_or_replayed(self):
        with Frontdoor(pool()) as door:
            up(door, 2)
            before = set(apps(door))
            with FixedRate(door.address, rate=100, seconds=60) as load:
                done = command("restart", "app", "--now", "--socket", door.admin_socket)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(load.finish()["failures"], [])
            self.assertEqual(len(apps(door)), 2)
            self.assertFalse(before & set(apps(door)))


if __name__ == "__main__":
    main()
