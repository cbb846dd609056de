#!/usr/bin/env python3
"""A pool that holds both: instances that frontdoor runs, and servers that somebody else runs. Each stands in for the other,
operations are for the instances, and the servers are left alone."""

import json
import os
import signal
import unittest

from support import App, FixedRate, Frontdoor, eventually, get, http_get, main
from support.admin import api, command
from support.app import INSTANCE
from support.instances import events
from support.process import alive

CHECK = 'health_check = { path = "/", interval = "200ms", interval_down = "50ms" }\n'


def pool(remotes, instances=2, env="", more=CHECK):
    """`remotes`: apps, or { … } as text."""
    upstreams = ", ".join(f'"{remote.address}"' if isinstance(remote, App) else remote for remote in remotes)
    return (f'[pool.app]\ncommand = {json.dumps(INSTANCE)}\ninstances = {instances}\nenv = {{ {env} }}\n'
            f"upstreams = [{upstreams}]\n{more}\n")


def rows(door):
    (found,) = api(door, "status")[1]["pools"]
    return {row["name"]: row for row in found["upstreams"]}


def states(door):
    return {name: row["state"] for name, row in rows(door).items()}


def all_up(door, count):
    eventually(lambda: list(states(door).values()) == ["up"] * count, f"{count} up")


def answers(door):
    """Who answers now: "app.1", or the remote one's name."""
    return http_get(door.address, "/").header("X-App")


class Mixed(unittest.TestCase):
    def setUp(self):
        self.remote = App("remote").start()
        self.addCleanup(self.remote.close)

    def test_status_tells_them_apart(self):
        with Frontdoor(pool([self.remote])) as door:
            all_up(door, 3)
            told = rows(door)
            self.assertEqual(set(told), {"app.1", "app.2", self.remote.address})
            self.assertFalse("pid" in told[self.remote.address])
            self.assertTrue(told["app.1"]["pid"] and told["app.2"]["pid"])
            shown = command("status", door=door).stdout
            self.assertIn("pool app  3 of 3 up", shown)
            self.assertRegex(shown, rf"(?m)^  {self.remote.address} +- +up ")

    def test_each_stands_in_for_the_other(self):
        with Frontdoor(pool([self.remote], instances=1)) as door:
            all_up(door, 2)
            with FixedRate(door.address, rate=100, seconds=60) as load:
                os.kill(rows(door)["app.1"]["pid"], signal.SIGKILL)
                eventually(lambda: events(door, "instance ended"), "its end")
                all_up(door, 2)
                self.remote.kill()
                eventually(lambda: states(door)[self.remote.address] == "down", "that the other is out")
                for _ in range(4):
                    self.assertEqual(answers(door), "app.1")
                self.remote.restart()
                all_up(door, 2)
                self.assertEqual(load.finish()["failures"], [])

    def test_servers_may_stand_by_for_the_instances(self):
        # Priority is for what has an address in the file; instances are of the first tier.
        with Frontdoor(pool([f'{{ address = "{self.remote.address}", priority = 1 }}'], instances=1)) as door:
            all_up(door, 2)
            for _ in range(4):
                self.assertEqual(answers(door), "app.1")
            self.assertEqual(command("stop", "app", door=door).returncode, 0)
            self.assertEqual(answers(door), "remote")
            self.assertEqual(command("start", "app", door=door).returncode, 0)
            eventually(lambda: answers(door) == "app.1", "that it is back")

    def test_a_roll_replaces_the_instances_alone(self):
        with Frontdoor(pool([self.remote])) as door:
            all_up(door, 3)
            before = {name: row.get("pid") for name, row in rows(door).items()}
            with FixedRate(door.address, rate=100, seconds=60) as load:
                done = command("restart", "app", door=door)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("2 replaced", done.stdout)
                self.assertEqual(load.finish()["failures"], [])
            all_up(door, 3)
            after = {name: row.get("pid") for name, row in rows(door).items()}
            self.assertEqual(set(after), set(before))
            self.assertFalse({before["app.1"], before["app.2"]} & {after["app.1"], after["app.2"]})
            self.assertTrue(alive(self.remote.pid))
            self.assertEqual([e for e in events(door, "upstream down") if e["upstream"] == self.remote.address], [])

    def test_a_config_change_rolls_and_comes_and_goes(self):
        with Frontdoor(pool([self.remote], env='RELEASE = "1"')) as door:
            all_up(door, 3)
            with App("other") as other, FixedRate(door.address, rate=100, seconds=60) as load:
                door.reload(pool([self.remote, other], env='RELEASE = "2"'))
                eventually(lambda: events(door, "config change done", replaced=2), "the roll")
                all_up(door, 4)
                door.reload(pool([other], env='RELEASE = "2"'))
                all_up(door, 3)
                self.assertEqual(len(events(door, "instance started")), 4, "another list of servers touches no process")
                self.assertEqual(load.finish()["failures"], [])
                door.reload(f'[pool.app]\nupstreams = ["{other.address}"]\n{CHECK}')
                eventually(lambda: len(events(door, "instance stopped")) == 4, "that without a command it has none")
                self.assertEqual(answers(door), "other")

    def test_scale_counts_instances(self):
        with Frontdoor(pool([self.remote], instances=1)) as door:
            all_up(door, 2)
            self.assertEqual(command("scale", "app", "+2", door=door).returncode, 0)
            all_up(door, 4)
            self.assertEqual(command("scale", "app", "1", door=door).returncode, 0)
            eventually(lambda: set(states(door)) == {"app.1", self.remote.address}, "one of each")

    def test_stopped_the_servers_serve_and_a_stop_of_all_leaves_them_alone(self):
        with Frontdoor(pool([self.remote])) as door:
            all_up(door, 3)
            with FixedRate(door.address, rate=100, seconds=60) as load:
                self.assertEqual(command("stop", "app", door=door).returncode, 0)
                self.assertEqual(states(door), {"app.1": "stopped", "app.2": "stopped", self.remote.address: "up"})
                self.assertEqual({answers(door) for _ in range(4)}, {"remote"})
                self.assertEqual(command("start", "app.2", door=door).returncode, 0)
                eventually(lambda: {answers(door) for _ in range(4)} == {"app.2", "remote"}, "both kinds")
                self.assertEqual(load.finish()["failures"], [])
            instance = rows(door)["app.2"]["pid"]
            door.terminate()
            self.assertEqual(door.wait(), 0)
            self.assertFalse(alive(instance))
            self.assertTrue(get(self.remote.address, "/"))

    def test_idle_instances_are_started_by_a_request_that_a_server_answers(self):
        idle = "pool is idle, its instances stop until the next request"
        with Frontdoor(pool([self.remote], instances=1, more='idle_stop = "1s"\n' + CHECK)) as door:
            all_up(door, 2)
            eventually(lambda: events(door, "stop done"), "that they stop", timeout=60)
            self.assertTrue(events(door, idle))
            self.assertEqual((answers(door), states(door)[self.remote.address]), ("remote", "up"))
            eventually(lambda: len(events(door, "instance up")) == 2, "that the instance is back")

    def test_an_operator_may_take_either_out(self):
        with Frontdoor(pool([self.remote], instances=1)) as door:
            all_up(door, 2)
            for name, others in (("app.1", "remote"), (self.remote.address, "app.1")):
                self.assertEqual(command("drain", f"app/{name}", door=door).returncode, 0)
                self.assertEqual({answers(door) for _ in range(4)}, {others})
                self.assertEqual(command("ready", f"app/{name}", door=door).returncode, 0)

    def test_names_that_are_nearly_right(self):
        with Frontdoor(pool([self.remote], instances=1)) as door:
            all_up(door, 2)
            done = command("restart", "app.2", door=door)
            self.assertEqual((done.returncode, done.stderr), (1, 'frontdoor: the pool "app" has no instance 2, only 1 to 1\n'))


if __name__ == "__main__":
    main()
