#!/usr/bin/env python3
"""Where an instance listens, when it is ready, as whom it runs, and what a failed start says."""

import json
import os
import signal
import unittest

from support import FixedRate, Frontdoor, eventually, get, main
from support.app import script_path
from support.instances import events, front_door

APP = script_path("starting.py")


def pool(name="app", instances=1, command=None, env="", more=""):
    command = json.dumps(command or ["python3", APP])
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


if __name__ == "__main__":
    main()
