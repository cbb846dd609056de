#!/usr/bin/env python3
"""What a running frontdoor remembers of what happened, told by `frontdoor events` and GET /api/v1/events."""

import json
import os
import pathlib
import pwd
import re
import signal
import subprocess
import threading
import unittest

from support import App, Frontdoor, binary, eventually, main, pool
from support.admin import api, command
from support.instances import front_door
from support.metrics import ask
from support.process import alive
from support.app import script_path


def instances(count=1, more=""):
    return f'[pool.app]\ncommand = {json.dumps(["node", script_path("instance.js")])}\ninstances = {count}\n{more}'


def history(door, query=""):
    status, body = api(door, "events?limit=2000" + query)
    assert status == 200, body
    return body["events"]


def kinds(door, query=""):
    return [event["kind"] for event in history(door, query)]


class History(unittest.TestCase):
    def test_tells_of_a_death_and_a_recovery_with_their_reasons(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            door.wait_until_serving([app])
            app.kill()
            down = eventually(lambda: [e for e in history(door) if e["kind"] == "evicted"], "the eviction")[0]
            self.assertEqual((down["pool"], down["upstream"], down["level"], down["text"]),
                             ("app", app.address, "warn", "upstream down"))
            self.assertEqual(down["fields"]["from"], "up")
            self.assertTrue(down["fields"]["reason"])
            self.assertRegex(down["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
            app.restart()
            eventually(lambda: kinds(door).count("recovered") == 2, "that it is up again")
            ids = [event["id"] for event in history(door)]
            self.assertEqual(ids, sorted(set(ids)))
            # The same events are in the log, whose words these are.
            (logged,) = [e for e in door.events() if e.get("event") == "upstream down"]
            self.assertEqual(logged["time"], down["time"])

    def test_what_apps_have_written_is_told_to_who_is_trusted(self):
        token = "0123456789abcdef"
        config = (f'[admin]\naddress = "127.0.0.1:0"\nsocket = "off"\ntoken = "{token}"\n[pool.app]\ninstances = 1\ncommand = ["sh", "-c", "echo hunter2 >&2; exit 3"]\n'
                  '[[route]]\npool = "app"\n')
        with Frontdoor(config) as door:
            signed_in = [("Authorization", f"Bearer {token}")]
            eventually(lambda: '"last_words":"hunter2"' in ask(door, "/api/v1/events", signed_in).text, "its last words")
            for target in "/api/v1/events", "/api/v1/events?form=lines", "/api/v1/why", "/api/v1/status":
                answer = ask(door, target)
                self.assertEqual(answer.status, 200, target)
                self.assertNotIn("hunter2", answer.text.replace("echo hunter2", ""), target)

    # The verdict of a release repeats why its instance did not come up.
    def test_what_a_failed_release_has_written_is_told_to_who_is_trusted(self):
        token = "0123456789abcdef"
        head = f'[admin]\naddress = "127.0.0.1:0"\nsocket = "off"\ntoken = "{token}"\n'
        with Frontdoor(head + instances()) as door:
            signed_in = [("Authorization", f"Bearer {token}")]
            told = lambda target, headers=(): ask(door, target, list(headers)).text
            eventually(lambda: '"kind":"up"' in told("/api/v1/events"), "the instance")
            door.reload(head + '[pool.app]\ninstances = 1\ncommand = ["sh", "-c", "printf hunter%d 2 >&2; sleep 0.3; exit 3"]\n')
            eventually(lambda: "config change failed" in told("/api/v1/events"), "the verdict")
            (verdict,) = [e for e in json.loads(told("/api/v1/events", signed_in))["events"]
                          if e["text"] == "config change failed"]
            self.assertIn("does not come up", verdict["fields"]["error"])
            # An end may be known before the last words have been read.
            self.assertIn(verdict["fields"].get("last_words", ""), ("", "hunter2"))
            eventually(lambda: '"last_words":"hunter2"' in told("/api/v1/events", signed_in), "its last words")
            for target in "/api/v1/events", "/api/v1/events?form=lines", "/api/v1/why", "/api/v1/status", "/api/v1/upstreams":
                self.assertNotIn("hunter2", told(target), target)

    def test_of_instances_and_of_who_asked_for_what(self):
        with Frontdoor(instances()) as door:
            eventually(lambda: "up" in kinds(door), "the instance")
            done = command("restart", "app", door=door)
            self.assertEqual(done.returncode, 0, done.stderr)
            told = history(door)
            (act,) = [e for e in told if e["kind"] == "operator"]
            self.assertEqual((act["fields"]["action"], act["pool"], act["fields"]["by"]),
                             ("restart", "app", pwd.getpwuid(os.geteuid()).pw_name))
            (rolled,) = [e for e in told if e["kind"] == "rolled"]
            self.assertEqual((rolled["fields"]["replaced"], rolled["fields"]["lost"]), (1, 0))
            self.assertGreater(rolled["id"], act["id"])
            started = [e for e in told if e["kind"] == "started"]
            self.assertEqual({e["upstream"] for e in started}, {"app.1"})
            self.assertIsInstance(started[0]["fields"]["pid"], int)

    def test_of_reloads_that_went_well_and_that_did_not(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            door.reload(pool(upstreams=[app], more='[limits]\nheader_count = 99\n'))
            door.reload("nonsense = 1\n")
            refused = eventually(lambda: [e for e in history(door) if e["kind"] == "reload_refused"], "the refusal")
            self.assertEqual(refused[0]["level"], "error")
            self.assertIn("reloaded", kinds(door))

    def test_is_the_same_whatever_level_is_written(self):
        log = '[log]\nlevel = "error"\nformat = "json"\n'
        with App("a") as app, Frontdoor(pool(upstreams=[app]) + log) as door:
            door.wait_until_serving([app])
            self.assertIn("recovered", kinds(door))
            self.assertEqual(door.events(), [])
            self.assertEqual(kinds(door, "&level=warn"), [])

    def test_is_read_in_parts(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            door.wait_until_serving([app])
            whole = history(door)
            self.assertGreater(len(whole), 2)
            parts, since = [], 0
            while True:
                _, body = api(door, f"events?since={since}&limit=2")
                self.assertLessEqual(len(body["events"]), 2)
                if not body["events"]:
                    break
                parts += body["events"]
                since = body["last_id"]
            self.assertEqual(parts[:len(whole)], whole)
            self.assertEqual(history(door, "&pool=other"), [])
            self.assertEqual({e["pool"] for e in history(door, "&pool=app")}, {"app"})

    def test_what_makes_no_sense_is_refused(self):
        with Frontdoor(pool(upstreams=["127.0.0.1:1"])) as door:
            for query, error in [("since=x", "bad_since"), ("since=-1", "bad_since"), ("limit=many", "bad_limit"),
                                 ("limit=-1", "bad_limit"), ("level=debug", "bad_level"), ("form=xml", "bad_form")]:
                status, body = api(door, "events?" + query)
                self.assertEqual((status, body["error"]), (400, error), query)
            self.assertEqual(api(door, "events", "POST")[0], 405)
            self.assertEqual(api(door, "events?limit=0")[1]["events"], [])


class Command(unittest.TestCase):
    def test_shows_lines_for_people_and_for_programs(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            door.wait_until_serving([app])
            shown = command("events", door=door)
            self.assertEqual((shown.returncode, shown.stderr), (0, ""))
            self.assertRegex(shown.stdout, r"(?m)^\w{3} [ \d]\d \d\d:\d\d:\d\d\.\d{3} info  upstream up  pool=app upstream="
                             + re.escape(app.address))
            self.assertNotIn("\033", shown.stdout)
            of_it = command("events", f"app/{app.address}", door=door)
            self.assertRegex(of_it.stdout, r"^\S.*upstream up")
            self.assertNotIn("listening", of_it.stdout)
            last = command("events", "-n", "1", "--json", door=door).stdout.splitlines()
            self.assertEqual(len(last), 1)
            self.assertEqual(json.loads(last[0])["id"], history(door)[-1]["id"])
            none = command("events", "--level", "error", door=door)
            self.assertEqual((none.returncode, none.stdout, none.stderr), (0, "", "no event of this level\n"))
            nothing = command("events", "other", door=door)
            self.assertEqual((nothing.returncode, nothing.stdout), (0, ""))
            self.assertEqual(nothing.stderr, f'no event is about "other"; frontdoor status --socket {door.admin_socket} has the names\n')

    def test_goes_on_with_what_happens(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            door.wait_until_serving([app])
            reader = subprocess.Popen([binary(), "events", "-f", "-n", "1", "--socket", door.admin_socket],
                                      stdout=subprocess.PIPE, text=True)
            seen = []
            thread = threading.Thread(target=lambda: seen.extend(iter(reader.stdout.readline, "")))
            thread.start()
            try:
                eventually(lambda: seen, "the last one from before")
                app.kill()
                eventually(lambda: any("upstream down" in line for line in seen), "the one that happens meanwhile")
                os.kill(door.pid, signal.SIGTERM)
                door.wait()
                reader.wait(30)
            finally:
                reader.kill()
                thread.join()
                reader.stdout.close()

    def test_ids_grow_over_a_crash_of_the_front_door(self):
        with Frontdoor(instances()) as door:
            eventually(lambda: "up" in kinds(door), "the instance")
            before, last = front_door(door), history(door)[-1]["id"]
            os.kill(before, signal.SIGKILL)
            eventually(lambda: not alive(before) and front_door(door) not in (None, before), "the next front door")

            def of_the_next_one():
                try:
                    return api(door, f"events?since={last}")[1]["events"]
                except OSError:
                    return None  # its socket is not there yet

            eventually(of_the_next_one, "events of the next one")


class Kinds(unittest.TestCase):
    def test_are_of_texts_that_are_logged(self):
        root = pathlib.Path(__file__).parents[2]
        table = (root / "admin/event.cpp").read_text().partition("kinds_of_texts =")[2].partition("});")[0]
        begins = re.findall(r'\{"([^"]+)", "\w+"\}', table)
        self.assertGreater(len(begins), 20)
        sources = "".join(file.read_text() for folder in ("base", "cli", "discovery", "health", "service", "supervisor")
                          for file in (root / folder).rglob("*.cpp"))
        for begin in begins:
            self.assertIn('"' + begin, sources)


if __name__ == "__main__":
    main()
