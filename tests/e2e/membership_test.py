#!/usr/bin/env python3
"""Upstreams that are added and removed while frontdoor runs: with the command that people type and with PUT and DELETE,
against the real program and real apps."""

import json
import os
import threading
import unittest

from support import App, Frontdoor, WebSocketClient, apps, curl, eventually, http_get, main, pool
from support.admin import api, command
from support.app import script_path
from support.certificates import Certificates
from support.instances import events
from support.metrics import ask as look, metrics


def pool_of(door, name="app"):
    (found,) = [p for p in api(door, "status")[1]["pools"] if p["name"] == name]
    return found


def rows(door, name="app"):
    return {row["name"]: row for row in pool_of(door, name)["upstreams"]}


def seen(door, count=8):
    return {http_get(door.address, "/").header("X-App") for _ in range(count)}


def add(door, address, *options):
    return command("upstream", "add", "app", address, *options, door=door)


def remove(door, address, *options):
    return command("upstream", "remove", "app", address, *options, door=door)


class Add(unittest.TestCase):
    def test_gets_its_share_once_it_is_up_and_is_told_as_what_it_is(self):
        with apps(2) as (one, other), Frontdoor(pool(upstreams=[one])) as door:
            door.wait_until_serving([one])
            done = add(door, other.address, "--weight", "3", "--reason", "Friday")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(done.stdout, f"app/{other.address} is added, weight 3: it gets requests when it is up\n")
            eventually(lambda: rows(door)[other.address]["state"] == "up", "its checks")
            answers = [http_get(door.address, "/").header("X-App") for _ in range(40)]
            self.assertGreater(answers.count(other.name), answers.count(one.name))
            row = rows(door)[other.address]
            self.assertEqual((row["weight"], row["added"]["reason"], row["leaving"]), (3, "Friday", False))
            self.assertTrue(row["added"]["by"] and row["added"]["since"])
            self.assertIsNone(rows(door)[one.address]["added"])
            shown = command("status", door=door).stdout
            self.assertRegex(shown, r"added by \S+, \d+s ago: Friday; it is not in the config")
            self.assertEqual(metrics(door)["frontdoor_upstream_up", "upstream=" + other.address], 1)
            (act,) = events(door, "operator")
            self.assertEqual((act["action"], act["upstream"], act["weight"], act["reason"]),
                             ("add upstream", other.address, 3, "Friday"))
            again = add(door, other.address, "--weight", "1")
            self.assertEqual(again.stdout, f"app/{other.address} is changed, weight 1: it gets requests when it is up\n")
            self.assertEqual(rows(door)[other.address]["weight"], 1)
            self.assertEqual(rows(door)[other.address]["state"], "up", "nothing else has changed")
            self.assertNotIn(other.address, api(door, "config")[1]["toml"], "the config is what the file says")

    def test_outlives_reloads_restarts_and_a_crash(self):
        with apps(2) as (one, other), Frontdoor(pool(upstreams=[one])) as door:
            add(door, other.address, "--weight", "2", "--priority", "0", "--host", "app.internal")
            door.wait_until_serving([one, other])
            door.reload(pool(upstreams=[one], more="[limits]\nheader_count = 99\n"))
            self.assertEqual(seen(door), {one.name, other.name})
            door.process.kill()
            door.wait()
            os.unlink(door.ready_file)
            door.start().wait_until_serving([one, other])
            row = rows(door)[other.address]
            self.assertEqual((row["weight"], bool(row["added"])), (2, True))
            (told,) = events(door, "an operator's order holds")
            self.assertEqual((told["upstream"], told["order"]), (other.address, "added"))
            with open(door.state_file, encoding="utf-8") as file:
                (member,) = json.load(file)["members"]
            self.assertEqual((member["upstream"], member["weight"], member["host"]), (other.address, 2, "app.internal"))

    def test_is_the_file_s_once_the_file_names_it(self):
        with apps(2) as (one, other), Frontdoor(pool(upstreams=[one])) as door:
            add(door, other.address, "--weight", "2")
            door.wait_until_serving([one, other])
            door.write_config(pool(upstreams=[one, other]))
            diff = command("config", "diff", door=door).stdout
            self.assertRegex(diff, rf"\[pool.app\] {other.address}, added by \S+: the config names it now")
            self.assertRegex(command("reload", door=door).stdout, "the config names it now")
            row = rows(door)[other.address]
            self.assertEqual((row["added"], row["weight"], row["state"]), (None, 1, "up"), "as the file has it, and still up")
            (end,) = events(door, "an operator's change ends")
            self.assertEqual((end["upstream"], end["change"]), (other.address, "added"))
            eventually(lambda: json.load(open(door.state_file, encoding="utf-8"))["members"] == [], "the state file")
            door.reload(pool(upstreams=[one]))
            self.assertNotIn(other.address, rows(door), "from then on the file has the last word")

    def test_of_https_is_spoken_to_by_tls_and_verified(self):
        with Certificates() as made, App("a") as one, App("s") as behind:
            cert, key = made.issue("localhost")
            tls = f'[[listener]]\naddress = "127.0.0.1:0"\ntls = {{ cert = "{cert}", key = "{key}" }}\n'
            with Frontdoor(pool(upstreams=[behind]), tls) as site, \
                    Frontdoor(pool(upstreams=[one], more=f'[pool.app.tls]\nca = "{made.ca}"\n')) as door:
                address = "https://localhost:" + site.address.rpartition(":")[2]
                self.assertEqual(add(door, address).returncode, 0)
                door.wait_until_serving([one, behind])
                self.assertEqual(remove(door, address).returncode, 0)
                self.assertEqual(seen(door), {one.name})
                os.unlink(made.ca)
                refused = add(door, address)
                self.assertEqual(refused.returncode, 1)
                self.assertIn("[pool.app.tls]", refused.stderr)

    def test_refuses_what_a_config_would_not_take_and_what_leads_back(self):
        with App("a") as one, Frontdoor(pool(upstreams=[one])) as door:
            cases = [
                ([":9"], "an upstream needs a host"),
                (["127.0.0.1"], "bad address"),
                ([door.address], "leads back to this front door"),
                ([door.admin_address], "leads back to this front door"),
                (["unix:" + door.admin_socket], "leads back to this front door"),
                ([one.address, "--weight", "2"], "the config names"),
                (["127.0.0.1:9", "--host", "a b"], "host"),
                (["https://127.0.0.1:9"], None),
            ]
            for words, what in cases:
                done = add(door, *words)
                if what is None:
                    self.assertEqual(done.returncode, 0, done.stderr)
                    continue
                self.assertEqual(done.returncode, 1, words)
                self.assertIn(what, done.stderr)
            self.assertIn("no pool \"ap\", did you mean \"app\"", command("upstream", "add", "ap", "a:1", door=door).stderr)
            same = add(door, one.address)
            self.assertEqual((same.returncode, same.stdout), (0, f"app/{one.address} is in the config already\n"))
            status, body = api(door, "pools/app/upstreams/127.0.0.1:9", "PUT", {"weight": "many"})
            self.assertEqual((status, body["error"]), (400, "bad_upstream"))
            status, body = api(door, "pools/app/upstreams/127.0.0.1:9", "PUT", {"reason": "x" * 201})
            self.assertEqual((status, body["error"]), (400, "bad_reason"))
            refused = look(door, "/api/v1/pools/app/upstreams/127.0.0.1:9")
            self.assertEqual(refused.status, 405)


class Remove(unittest.TestCase):
    def test_finishes_what_is_on_it_and_loses_nothing(self):
        with apps(2) as (one, other), Frontdoor(pool(upstreams=[one]), workers=1) as door:  # one rotation
            add(door, other.address)
            door.wait_until_serving([one, other])
            answers = []
            background = [threading.Thread(target=lambda: answers.append(curl(door.address, "/slow?ms=3000"))) for _ in range(2)]
            for thread in background:
                thread.start()
            eventually(lambda: all(rows(door)[app.address]["in_flight"] == 1 for app in (one, other)), "one on each")
            leaving = command("upstream", "remove", "app", other.address, "--no-wait", door=door)
            self.assertEqual((leaving.returncode, leaving.stderr), (0, ""))
            self.assertEqual(leaving.stdout, f"app/{other.address} is removed; 1 on it finish\n")
            row = rows(door)[other.address]
            self.assertEqual((row["state"], row["leaving"], row["in_flight"]), ("draining", True, 1))
            self.assertEqual(seen(door), {one.name})
            for thread in background:
                thread.join()
            self.assertEqual([answer.status for answer in answers], [200, 200])
            eventually(lambda: other.address not in rows(door), "that it is gone")
            self.assertNotIn(other.address, metrics(door).text)
            again = remove(door, other.address)
            self.assertIn("has no upstream", again.stderr)
            nonsense = add(door, "nonsense:")
            self.assertEqual(nonsense.returncode, 1)
            self.assertIn("nonsense:", nonsense.stderr, "what is wrong, and not that there is no such path")
            back = add(door, other.address)
            self.assertEqual(back.returncode, 0)
            door.wait_until_serving([one, other])

    def test_of_one_that_the_config_names_holds_until_it_is_added_or_the_file_is_without_it(self):
        with apps(2) as both, Frontdoor(pool(upstreams=both)) as door:
            one, other = both
            door.wait_until_serving(both)
            done = remove(door, other.address, "--reason", "old")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(done.stdout, f"app/{other.address} is removed; none is on it; the config still names it\n")
            self.assertEqual(seen(door), {one.name})
            (gone,) = pool_of(door)["removed"]
            self.assertEqual((gone["upstream"], gone["reason"]), (other.address, "old"))
            shown = command("status", door=door).stdout
            self.assertRegex(shown, rf"{other.address} is in the config and was removed by \S+, \d+s ago: old; "
                                    rf"frontdoor upstream add --socket {door.admin_socket} app {other.address} brings it back")
            self.assertRegex(command("reload", door=door).stdout, rf"{other.address}, removed by \S+: stays so")
            door.terminate()
            door.wait()
            door.start().wait_until_serving([one])
            self.assertEqual(seen(door), {one.name})
            self.assertIn("has been removed already", remove(door, other.address).stderr)
            back = add(door, other.address)
            self.assertEqual(back.stdout, f"app/{other.address} is back, as the config names it\n")
            door.wait_until_serving(both)
            self.assertEqual(pool_of(door)["removed"], [])
            remove(door, other.address)
            door.reload(pool(upstreams=[one]))
            door.reload(pool(upstreams=both))
            door.wait_until_serving(both)

    def test_of_the_last_one_is_asked_twice(self):
        with App("a") as one, Frontdoor(pool(upstreams=[one])) as door:
            door.wait_until_serving([one])
            refused = remove(door, one.address)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("no other upstream of the pool", refused.stderr)
            self.assertIn(f"frontdoor upstream remove --socket {door.admin_socket} app {one.address} --yes", refused.stderr)
            self.assertEqual(seen(door, 1), {one.name})
            done = remove(door, one.address, "--yes")
            self.assertEqual(done.returncode, 0)
            self.assertIn("warning: no upstream of the pool", done.stderr)
            self.assertEqual(look(door, "/readyz").status, 503)
            add(door, one.address)
            self.assertEqual(http_get(door.address, "/").status, 200, "held until it was back")

    def test_closes_websockets_in_its_time(self):
        with App("a", script="websocket.js") as one, App("b", script="websocket.js") as other, \
                Frontdoor(pool(upstreams=[one, other], health="", more='[timeouts]\ndrain = "2s"\n')) as door:
            with WebSocketClient(door.address, "hold", 1) as client:
                client.line()
                place = eventually(lambda: [n for n, row in rows(door).items() if row["in_flight"] == 1], "the socket")[0]
                done = remove(door, place)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertEqual([each["code"] for each in client.line()["codes"]], [1012])

    def test_is_not_for_instances(self):
        config = f'[pool.app]\ncommand = {json.dumps(["node", script_path("instance.js")])}\n'
        with App("a") as app, Frontdoor(config) as door:
            eventually(lambda: rows(door)["app.1"]["state"] == "up", "the instance")
            refused = remove(door, "app.1")
            self.assertEqual(refused.returncode, 1)
            self.assertIn(f"is an instance that frontdoor runs: frontdoor scale --socket {door.admin_socket} app -1", refused.stderr)
            self.assertEqual(add(door, app.address).returncode, 0)
            eventually(lambda: "a" in seen(door), "the added one beside the instance")


class WithoutAFile(unittest.TestCase):
    def test_says_that_it_will_not_survive(self):
        with apps(2) as (one, other), Frontdoor(pool(upstreams=[one], more="")) as door:
            os.mkdir(door.state_file)  # nothing can be written there
            done = add(door, other.address)
            self.assertEqual(done.returncode, 0)
            self.assertIn("warning: this will not survive a restart: ", done.stderr)
            door.wait_until_serving([one, other])


if __name__ == "__main__":
    main()
