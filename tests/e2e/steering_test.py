#!/usr/bin/env python3
"""What operators order of upstreams while frontdoor runs: drain, ready, maintenance, weight. Against the real program,
with the commands that people type."""

import contextlib
import json
import os
import tempfile
import threading
import unittest

from support import App, Client, Frontdoor, WebSocketClient, apps, curl, eventually, get, http_get, main, pool
from support.admin import api, command, order_all_kinds, standing_orders
from support.app import script_path
from support.instances import events
from support.metrics import metrics


def rows(door, name="app"):
    (found,) = [p for p in api(door, "status")[1]["pools"] if p["name"] == name]
    return {row["name"]: row for row in found["upstreams"]}


def who(door):
    return http_get(door.address, "/").header("X-App")


def seen(door, count=8):
    """Who answers so many requests in a row."""
    return {who(door) for _ in range(count)}


def connections_to(app):
    """Open ones, of anybody, as the kernel counts them."""
    port = f":{app.port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as table:
        lines = [line.split() for line in table.readlines()[1:]]
    return sum(1 for line in lines if line[2].endswith(port) and line[3] == "01")


@contextlib.contextmanager
def two(more=""):
    with apps(2) as (one, other), Frontdoor(pool(upstreams=[one, other], more=more)) as door:
        door.wait_until_serving([one, other])
        yield door, one, other


class Background(threading.Thread):
    """One request that takes its time; `answer` when it is over."""

    def __init__(self, door, target):
        super().__init__()
        self.door, self.target, self.answer = door, target, None
        self.start()

    def run(self):
        self.answer = curl(self.door.address, self.target, "--max-time", "30")


def slow_one(door, both, ms):
    """A request in progress, the app that it is on, and the other one."""
    request = Background(door, f"/slow?ms={ms}")
    place = eventually(lambda: [n for n, row in rows(door).items() if row["in_flight"] > 0], "the request in flight")[0]
    one, other = sorted(both, key=lambda app: app.address != place)
    return request, one, other


class Drain(unittest.TestCase):
    def test_of_one_of_two_loses_nothing_and_waits_for_what_is_in_progress(self):
        with two() as (door, *both):
            request, one, other = slow_one(door, both, 5000)
            done = command("drain", f"app/{one.address}", "--reason", "a new disk", door=door)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
            self.assertIn("gets no new requests; 1 on it finish", done.stdout)
            self.assertIn("empty: no request is on", done.stdout)
            request.join()
            self.assertEqual(request.answer.status, 200)
            self.assertEqual(seen(door), {other.name})
            row = rows(door)[one.address]
            self.assertEqual((row["state"], row["in_flight"], row["ordered"]["order"]), ("up", 0, "drain"))
            self.assertEqual(row["ordered"]["reason"], "a new disk")
            self.assertTrue(row["ordered"]["by"] and row["ordered"]["since"])
            shown = command("status", door=door).stdout
            self.assertRegex(shown, r"pool app  1 of 2 up")
            self.assertRegex(shown, r"(?m)^  \S+ +- +drained ")
            self.assertRegex(shown, r"drained by \S+, \d+s ago: a new disk")
            eventually(lambda: connections_to(one) == 0, "that kept connections are closed")

            back = command("ready", f"app/{one.address}", door=door)
            self.assertEqual((back.returncode, back.stderr), (0, ""))
            self.assertEqual(seen(door), {one.name, other.name})
            self.assertIsNone(rows(door)[one.address]["ordered"])
            acts = events(door, "operator")
            self.assertEqual([e["action"] for e in acts], ["drain", "ready"])
            self.assertEqual(acts[0]["upstream"], one.address)
            lines = [line for line in door.access() if line.get("status") != 200]
            self.assertEqual(lines, [])

    def test_said_twice_changes_nothing_the_second_time(self):
        with two() as (door, one, other):
            place = f"app/{one.address}"
            for words in (["ready", "app"], ["ready", place], ["weight", place, "config"]):
                done = command(*words, door=door)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertRegex(done.stdout, r"^nothing has changed: app\S* (is not in maintenance|is not taken out by any order|"
                                              r"has the config's weight already)\n$")
            self.assertEqual(events(door, "operator"), [])
            command("drain", place, "--reason", "a new disk", door=door)
            before = rows(door)[one.address]["ordered"]
            again = command("drain", place, door=door)
            self.assertEqual((again.returncode, again.stderr), (0, ""))
            self.assertRegex(again.stdout, rf"^nothing has changed: {place} is drained already, by \S+, \d+s ago: a new disk\n$")
            self.assertEqual(rows(door)[one.address]["ordered"]["since"], before["since"], "whose order it was it is")
            pool_too = command("ready", "app", door=door).stdout
            self.assertIn(f"one of its upstreams is taken out, frontdoor ready --socket {door.admin_socket} {place} brings it back", pool_too)
            status, answer = api(door, f"upstreams/{place}:drain", "POST")
            self.assertEqual((status, answer["changed"], answer["before"][:9]), (200, False, "drain by "))
            command("weight", place, "3", door=door)
            command("ready", place, door=door)
            acts = [(e["action"], e.get("weight", ""), e["before"].rpartition(" by ")[0] or e["before"]) for e in events(door, "operator")]
            self.assertEqual(acts, [("drain", "", "ready"), ("weight", "3", "drain"), ("ready", "", "drain, weight 3")])

    def test_closes_websockets_in_its_time_and_lets_them_come_back_elsewhere(self):
        with App("a", script="websocket.js") as one, App("b", script="websocket.js") as other, \
                Frontdoor(pool(upstreams=[one, other], health="", more='[timeouts]\ndrain = "2s"\n')) as door:
            with WebSocketClient(door.address, "hold", 1) as client:
                client.line()
                place = eventually(lambda: [n for n, row in rows(door).items() if row["in_flight"] == 1], "the socket")[0]
                done = command("drain", f"app/{place}", door=door)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertEqual([each["code"] for each in client.line()["codes"]], [1012])

    def test_stays_over_a_reload_and_a_restart(self):
        with two() as (door, one, other):
            done = command("drain", f"app/{one.address}", door=door)
            self.assertEqual(done.stdout, f"app/{one.address} is drained: it gets no new requests, and none is on it\n")
            door.reload(pool(upstreams=[one, other], more="[limits]\nheader_count = 99\n"))
            self.assertEqual(seen(door), {other.name})
            door.reload(pool(upstreams=[other]))
            door.reload(pool(upstreams=[one, other]))
            self.assertEqual(seen(door), {other.name}, "also when the config had not named it for a while")
            door.terminate()
            self.assertEqual(door.wait(), 0)
            door.start().wait_until_serving([other])
            self.assertEqual(seen(door), {other.name})
            row = eventually(lambda: rows(door)[one.address]["state"] == "up" and rows(door)[one.address], "its health")
            self.assertEqual(row["ordered"]["order"], "drain")
            (told,) = events(door, "an operator's order holds")
            self.assertEqual((told["upstream"], told["order"]), (one.address, "drain"))
            self.assertEqual((told["by"], told["since"]), (row["ordered"]["by"], row["ordered"]["since"]))
            self.assertEqual(os.stat(door.state_file).st_mode & 0o777, 0o600)
            command("ready", f"app/{one.address}", door=door)
            with open(door.state_file, encoding="utf-8") as file:
                self.assertEqual(json.load(file)["upstreams"], [])

    def test_of_the_last_one_is_asked_twice_and_requests_wait(self):
        with two() as (door, one, other):
            self.assertEqual(command("drain", f"app/{one.address}", door=door).returncode, 0)
            refused = command("drain", f"app/{other.address}", door=door)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(f'no other upstream of the pool "app" takes requests: without "{other.address}" its requests wait up to',
                          refused.stderr)
            self.assertIn(f"frontdoor drain --socket {door.admin_socket} app/{other.address} --yes", refused.stderr)
            self.assertEqual(seen(door), {other.name})
            done = command("drain", f"app/{other.address}", "--yes", door=door)
            self.assertEqual(done.returncode, 0)
            self.assertIn("warning: no upstream of the pool", done.stderr)
            waiting = Background(door, "/")
            eventually(lambda: metrics(door)["frontdoor_held_requests", "pool=app"] == 1, "the request that waits")
            command("ready", f"app/{one.address}", door=door)
            waiting.join()
            self.assertEqual(waiting.answer.status, 200)

    def test_that_does_not_end_is_told(self):
        with two(more='[timeouts]\ndrain = "1s"\n') as (door, *both):
            request, one, _ = slow_one(door, both, 10000)
            done = command("drain", f"app/{one.address}", door=door)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r"1 requests are still on \S+ after 2s; it stays drained")
            self.assertIn("draining, 1 left", command("status", door=door).stdout)
            at_once = command("drain", f"app/{one.address}", "--no-wait", door=door)
            self.assertEqual((at_once.returncode, at_once.stderr), (0, ""))
            request.join()
            self.assertEqual(request.answer.status, 200)


class Maintenance(unittest.TestCase):
    def test_of_an_upstream_takes_back_what_may_be_sent_again(self):
        with two() as (door, *both):
            request, one, other = slow_one(door, both, 5_000)
            done = command("maintenance", f"app/{one.address}", door=door)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            eventually(lambda: rows(door)[other.address]["in_flight"] == 1, "the request on the other one")
            self.assertEqual(rows(door)[one.address]["in_flight"], 0)
            self.assertEqual(seen(door), {other.name})
            self.assertIn("maintenance", command("status", door=door).stdout)
            one.kill()
            request.join()
            self.assertEqual(request.answer.text, f"slow hello from {other.name}\n")
            line = eventually(lambda: [l for l in door.access() if l.get("target", "").startswith("/slow") and
                                       l.get("attempts")], "its line")[-1]
            self.assertIn("upstream_withdrawn", json.dumps(line))

    def test_of_a_pool_answers_for_it(self):
        with two() as (door, one, other):
            page = os.path.join(door.directory, "down.html")
            with open(page, "w", encoding="utf-8") as file:
                file.write("<h1>Zurück um drei</h1>\n")
            running, _, __ = slow_one(door, (one, other), 1500)
            done = command("maintenance", "app", "--page", page, "--retry-after", "600", "--reason", "we move", door=door)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("app is in maintenance: every request gets a 503", done.stdout)
            with Client(door.address) as client:
                for _ in range(2):
                    answer = client.get("/")
                    self.assertEqual((answer.status, answer.text), (503, "<h1>Zurück um drei</h1>\n"))
                    self.assertEqual((answer.header("Retry-After"), answer.header("Content-Type"), answer.header("Cache-Control")),
                                     ("600", "text/html; charset=utf-8", "no-store"))
                head = client.request("HEAD", "/") or client.read_response("HEAD")
                self.assertEqual((head.status, head.header("Content-Length")), (503, str(os.stat(page).st_size)))
            running.join()
            self.assertEqual(running.answer.status, 200, "what was in progress has finished")
            eventually(lambda: any(l.get("outcome") == "maintenance" for l in door.access()), "the outcome")
            self.assertIn("in maintenance: every request gets a 503, by", command("status", door=door).stdout)
            self.assertEqual(api(door, "status")[1]["pools"][0]["maintenance"]["page"], True)
            door.terminate()
            door.wait()
            door.start()
            eventually(lambda: get_status(door) == 503, "it holds after a restart")
            back = command("ready", "app", door=door)
            self.assertEqual((back.returncode, back.stdout), (0, "app is out of maintenance\n"))
            door.wait_until_serving([one, other])

    def test_without_a_page_tells_each_client_in_its_own_language(self):
        with two() as (door, _, __):
            command("maintenance", "app", door=door)
            told = http_get(door.address, "/", [("Accept", "application/json")])
            self.assertEqual((told.status, told.header("Retry-After"), told.json()["outcome"]), (503, "60", "maintenance"))
            self.assertIn("text/plain", http_get(door.address, "/").header("Content-Type"))

    def test_lets_those_go_that_wait(self):
        with Frontdoor(pool(upstreams=["127.0.0.1:1"])) as door:
            waiting = Background(door, "/")
            eventually(lambda: metrics(door)["frontdoor_held_requests", "pool=app"] == 1, "the request that waits")
            command("maintenance", "app", door=door)
            waiting.join()
            self.assertEqual(waiting.answer.status, 503)
            command("ready", "app", door=door)

    def test_pages_that_will_not_do(self):
        with two() as (door, one, _):
            for name, content, error in [("none", None, "No such file or directory"), ("empty", "", "it is empty"),
                                         ("big", "x" * 70_000, "it is larger than 64 KiB"), ("bigger", "x" * 3_000_000, "it is larger than")]:
                path = os.path.join(door.directory, name)
                if content is not None:
                    with open(path, "w", encoding="ascii") as file:
                        file.write(content)
                done = command("maintenance", "app", "--page", path, door=door)
                self.assertEqual(done.returncode, 1, name)
                self.assertIn(error, done.stderr)
            done = command("maintenance", f"app/{one.address}", "--page", script_path("app.js"), door=door)
            self.assertIn("a page is for a whole pool", done.stderr)
            self.assertEqual(get(door.address).startswith("hello"), True)


def get_status(door):
    return http_get(door.address, "/").status


class Weight(unittest.TestCase):
    def test_is_another_share_until_the_config_s_again(self):
        with apps(2) as (one, other), Frontdoor(pool(upstreams=[one, other]), workers=1) as door:
            door.wait_until_serving([one, other])
            self.assertEqual(command("weight", f"app/{one.address}", "3", door=door).returncode, 0)
            answers = [who(door) for _ in range(40)]
            self.assertEqual(answers.count(one.name), 30)
            row = rows(door)[one.address]
            self.assertEqual((row["weight"], row["ordered"]["weight"], row["ordered"]["order"]), (3, 3, "ready"))
            self.assertRegex(command("status", door=door).stdout, r"weight 3 by ")
            self.assertEqual(command("weight", f"app/{one.address}", "config", door=door).returncode, 0)
            answers = [who(door) for _ in range(40)]
            self.assertEqual(answers.count(one.name), 20)
            self.assertIsNone(rows(door)[one.address]["ordered"])


class Instances(unittest.TestCase):
    def test_what_is_ordered_of_one_holds_for_its_next_process(self):
        config = f'[pool.app]\ncommand = {json.dumps(["node", script_path("instance.js")])}\ninstances = 2\n'
        with Frontdoor(config) as door:
            eventually(lambda: [r["state"] for r in rows(door).values()] == ["up", "up"], "both")
            self.assertEqual(command("drain", "app.2", door=door).returncode, 0)
            first = rows(door)["app.2"]["pid"]

            def only_the_first():
                return all(json.loads(get(door.address))["FRONTDOOR_INSTANCE"] == "app.1" for _ in range(6))

            self.assertTrue(only_the_first())
            os.kill(first, 9)
            eventually(lambda: rows(door)["app.2"]["state"] == "up" and rows(door)["app.2"]["pid"] != first, "its next process")
            self.assertTrue(only_the_first())
            rolled = command("restart", "app", door=door)
            self.assertEqual(rolled.returncode, 0, rolled.stderr)
            self.assertTrue(only_the_first())
            self.assertEqual(rows(door)["app.2"]["ordered"]["order"], "drain")
            self.assertEqual(command("ready", "app/2", door=door).returncode, 0)
            eventually(lambda: not only_the_first(), "that it serves")


class Kept(unittest.TestCase):
    maxDiff = None

    def test_all_of_it_with_who_when_and_why_over_a_reload_a_crash_and_a_restart(self):
        with apps(4) as (one, two_, three, four):
            config = pool(upstreams=[one, two_, three]) + pool("other", [one]) + '[[route]]\npool = "app"\n'
            with Frontdoor(config) as door:
                door.wait_until_serving([one, two_, three])
                before = order_all_kinds(door, one.address, two_.address, three.address, four.address)
                door.reload(config + "[limits]\nheader_count = 99\n")
                self.assertEqual(standing_orders(door), before)
                door.process.kill()
                door.wait()
                os.unlink(door.ready_file)
                door.start().wait_until_serving([two_, four])
                self.assertEqual(standing_orders(door), before)
                door.terminate()
                self.assertEqual(door.wait(), 0)
                door.start().wait_until_serving([two_, four])
                self.assertEqual(standing_orders(door), before)
                self.assertEqual(seen(door, 16), {two_.name, four.name})


class Mistakes(unittest.TestCase):
    def test_names_that_are_nearly_right(self):
        with two() as (door, one, _):
            wrong = one.address[:-1] + ("1" if one.address[-1] != "1" else "2")
            done = command("drain", f"app/{wrong}", door=door)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f'the pool "app" has no upstream "{wrong}", did you mean', done.stderr)
            done = command("drain", "ap/x", door=door)
            self.assertEqual((done.returncode, done.stderr), (1, 'frontdoor: there is no pool "ap", did you mean "app"?\n'))
            self.assertIn("drain is for an upstream", command("drain", "app", door=door).stderr)
            self.assertEqual(command("drain", "app/:" + str(one.port), "--no-wait", door=door).returncode, 0)

    def test_what_makes_no_sense_is_refused_and_changes_nothing(self):
        with two() as (door, one, other):
            place = f"upstreams/app/{one.address}"
            for target, body, error in [
                    (place + ":weight", {}, "bad_weight"), (place + ":weight", {"weight": 0}, "bad_weight"),
                    (place + ":weight", {"weight": 1001}, "bad_weight"), (place + ":weight", {"weight": "-1"}, "bad_weight"),
                    (place + ":drain", {"reason": "x" * 201}, "bad_reason"),
                    ("pools/app:maintenance", {"page": "x" * 70_000}, "bad_page"),
                    ("pools/app:maintenance", {"retry_after": 0}, "bad_retry_after"),
                    ("pools/app:maintenance", {"content_type": "text/html\r\nX: y"}, "bad_content_type"),
                    ("pools/app:maintenance", {"content_type": "html"}, "bad_content_type"),
                    ("pools/app:drain", {}, "which_upstream"), ("pools/app:weight", {"weight": 2}, "which_upstream"),
                    ("upstreams/app/none:1:drain", {}, "no_such_upstream"), ("upstreams/nope/x:ready", {}, "no_such_pool")]:
                status, answer = api(door, target, "POST", body)
                self.assertIn(status, (400, 404), target)
                self.assertEqual(answer["error"], error, target)
                self.assertTrue(answer["message"], target)
            self.assertEqual(api(door, place + ":drain")[0], 405)
            self.assertEqual(api(door, place + ":burn", "POST")[0], 404)
            self.assertEqual(seen(door), {one.name, other.name})
            self.assertFalse(os.path.exists(door.state_file))
            self.assertEqual(api(door, place + ":drain", "POST", {"force": True})[1]["kept"], True)

    def test_a_state_file_that_is_broken_is_told_and_put_aside(self):
        with two() as (door, one, other):
            command("drain", f"app/{one.address}", door=door)
            door.terminate()
            door.wait()
            with open(door.state_file, "r+", encoding="utf-8") as file:
                file.truncate(20)
            door.start().wait_until_serving([one, other])
            (told,) = events(door, "the state file can not be used: nothing that was ordered before holds")
            self.assertEqual(told["kept_as"], door.state_file + ".broken")
            self.assertEqual(os.stat(door.state_file + ".broken").st_size, 20)

    def test_what_can_not_be_kept_holds_and_is_told(self):
        for setting, reason in [("/nowhere/state.json", "No such file or directory"), ("off", 'admin.state_file is "off"')]:
            with apps(2) as (one, other), tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
                path = os.path.join(directory, "admin.sock")
                admin = f'[admin]\nsocket = "{path}"\nstate_file = "{setting}"\n'
                with Frontdoor(pool(upstreams=[one, other]) + admin) as door:
                    door.admin_socket = path
                    door.wait_until_serving([one, other])
                    done = command("drain", f"app/{one.address}", door=door)
                    self.assertEqual(done.returncode, 0)
                    self.assertIn(f"warning: this will not survive a restart: {reason}", done.stderr)
                    self.assertEqual(seen(door), {other.name})


if __name__ == "__main__":
    main()
