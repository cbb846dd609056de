#!/usr/bin/env python3
"""`frontdoor why`, against the real program: somebody who never read the docs finds out what is wrong and what to do."""

import json
import re
import unittest

from support import App, Frontdoor, apps, eventually, get, http_get, main, pool
from support.admin import api, command
from support.instances import events
from support.metrics import ask as look


class WhyARequest(unittest.TestCase):
    def test_that_failed_says_how_and_where_to_look(self):
        listeners = '[[listener]]\naddress = "127.0.0.1:0"\nrequest_id_header = "X-Request-Id"\n'
        with App("a") as app, Frontdoor(pool(upstreams=[app], more="[pool.app.retry]\nattempts = 0\n"), listeners) as door:
            door.wait_until_serving([app])
            answer = http_get(door.address, "/die?token=s3cret")
            self.assertEqual(answer.status, 502)
            identity = answer.header("X-Request-Id")
            told = command("why", identity, door=door)  # at once: nobody has to wait for the page's next second
            self.assertEqual((told.returncode, told.stderr), (0, ""))
            self.assertRegex(told.stdout, rf"^GET example\.test/die failed \d+s ago: 502 upstream_reset, of app/{re.escape(app.address)}; HTTP/1.1, to the upstream HTTP/1.1\n")
            self.assertIn("  What it means:\n    the upstream closed before it had answered", told.stdout)
            self.assertRegex(told.stdout, r"  Where its time went:\n(    .*\n)*    [\d.]+ ms in all\n")
            self.assertIn("  Where to look:\n    the app's log", told.stdout)
            self.assertNotIn("s3cret", told.stdout)
            body = json.loads(command("why", identity, "--json", door=door).stdout)
            self.assertEqual(body["requests"][0]["request"]["id"], identity)
            over_tcp = look(door, f"/api/v1/requests/{identity}:why")
            self.assertEqual((over_tcp.status, over_tcp.json()["requests"][0]["request"]["path"]), (200, "/die"))

    def test_that_waited_tells_what_happened_meanwhile(self):
        listeners = '[[listener]]\naddress = "127.0.0.1:0"\nrequest_id_header = "X-Request-Id"\n'
        with App("a") as app, Frontdoor(pool(upstreams=[app], more='[pool.app.hold]\ntimeout = "500ms"\n'), listeners) as door:
            door.wait_until_serving([app])
            app.kill()
            answer = http_get(door.address, "/")
            self.assertEqual(answer.status, 503)
            told = command("why", answer.header("X-Request-Id"), door=door).stdout
            self.assertIn("503 hold_timeout, of", told)
            self.assertRegex(told, r"\d+ ms held, until an upstream could take it")
            self.assertRegex(told, r"  What happened meanwhile:\n(    .*\n)*    .* upstream down ")

    def test_that_is_not_kept_says_where_it_is(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            door.wait_until_serving([app])
            line = eventually(lambda: [each for each in door.access() if each.get("status") == 200], "a line")[0]
            for identity in ("0" * 32, "9f86d081-884c-7d65-9a2f-eaa0c55ad015"):
                told = command("why", identity, door=door)
                self.assertEqual((told.returncode, told.stdout), (1, ""))
                self.assertRegex(told.stderr, rf"the request {identity} is not kept: .* only the last 100 that failed are, .*"
                                              r"look for the id in what frontdoor writes to standard output")
            self.assertIn("request_id", line)
            self.assertIn('there is no pool "ap", did you mean "app"?', command("why", "ap", door=door).stderr)


class Why(unittest.TestCase):
    def test_an_upstream_that_is_dead(self):
        with apps(2) as (one, other), Frontdoor(pool(upstreams=[one, other])) as door:
            door.wait_until_serving([one, other])
            self.assertEqual(command("why", door=door).stdout, "2 of 2 upstreams take requests\n")
            one.kill()
            eventually(lambda: events(door, "upstream down"), "the eviction")
            told = command("why", door=door)
            self.assertEqual((told.returncode, told.stderr), (0, ""))
            self.assertRegex(told.stdout, rf"^app/{re.escape(one.address)} has been down for \d+s: connection refused\n")
            self.assertNotIn(other.address, told.stdout)
            self.assertRegex(told.stdout, r"it is up again after 2 passes in a row of GET /healthz, asked every 200ms while it is down")
            self.assertIn(f"nobody listens at {one.address}: is the app running there?", told.stdout)
            self.assertRegex(told.stdout, r"(?m)^    \d\d:\d\d:\d\d\.\d{3}  refused")
            self.assertRegex(told.stdout, r"(?m)^    \w{3} [ \d]\d .* warn  upstream down ")
            self.assertIn("has been up for", command("why", f"app/{other.address}", door=door).stdout)
            one.restart()
            eventually(lambda: command("why", door=door).stdout == "2 of 2 upstreams take requests\n", "that all is well")

    def test_one_that_answers_but_not_well_and_one_that_is_drained(self):
        with apps(2) as (one, other), Frontdoor(pool(upstreams=[one, other])) as door:
            door.wait_until_serving([one, other])
            get(one.address, "/unwell")
            eventually(lambda: events(door, "upstream down"), "the eviction")
            command("drain", f"app/{other.address}", "--yes", "--no-wait", "--reason", "a new disk", door=door)
            told = command("why", "app", door=door).stdout
            self.assertIn("probes failed: status 503", told)
            self.assertIn(f"curl -i http://{one.address}/healthz", told)
            self.assertRegex(told, rf"app/{re.escape(other.address)} is drained by \S+, \d+s ago: a new disk")
            self.assertIn(f"frontdoor ready --socket {door.admin_socket} app/{other.address}", told)
            body = json.loads(command("why", f"app/:{one.port}", "--json", door=door).stdout)
            (row,) = body["upstreams"]
            self.assertEqual((row["pool"], row["upstream"], row["check"]), ("app", one.address, "GET /healthz"))
            failed = [probe for probe in row["probes"] if probe["result"] == "failed"]
            self.assertTrue(failed and all(probe["detail"] == "status 503" and probe["latency_us"] > 0 for probe in failed))
            self.assertLessEqual(len(row["probes"]), 16)
            self.assertEqual(row["events"][0]["text"], "upstream up")

    def test_what_a_request_has_found_is_told_too(self):
        with App("a") as app, \
                Frontdoor(pool(upstreams=[app], health="", more='[pool.app.hold]\ntimeout = "0s"\n')) as door:
            door.wait_until_serving([app])
            app.kill()
            http_get(door.address, "/")
            eventually(lambda: events(door, "upstream down"), "the eviction")

            def by_request():
                _, body = api(door, "why")
                return [p for row in body["upstreams"] for p in row["probes"] if p["by"] == "request"]

            self.assertEqual(eventually(by_request, "what the request found")[0]["result"], "refused")

    def test_an_instance_that_does_not_start(self):
        config = ('[pool.app]\ncommand = ["sh", "-c", "echo no database; exit 3"]\ninstances = 1\n[pool.app.restart]\n'
                  'backoff_min = "10ms"\nbackoff_max = "50s"\ncrash_loop_after = 3\n')
        with Frontdoor(config) as door:
            told = eventually(lambda: (lambda text: "crash loop" in text and text)(command("why", "app.1", door=door).stdout),
                              "the crash loop")
            self.assertRegex(told, r"app/app\.1 has been in a crash loop for \d+s.*; it ended last with exit 3")
            self.assertIn("it is started again", told)
            self.assertIn(f"frontdoor logs --socket {door.admin_socket} app.1 -n 50", told)
            self.assertIn("instance is in a crash loop", told)
            self.assertIn("no database", told)
            command("stop", "app", door=door)
            self.assertIn(f"frontdoor start --socket {door.admin_socket} app", command("why", "app.1", door=door).stdout)

    def test_names_that_are_nearly_right(self):
        with Frontdoor(pool(upstreams=["127.0.0.1:1"])) as door:
            self.assertIn('did you mean "app"?', command("why", "ap", door=door).stderr)
            wrong = command("why", "app/127.0.0.1:2", door=door)
            self.assertEqual(wrong.returncode, 1)
            self.assertIn('has no upstream "127.0.0.1:2", did you mean "127.0.0.1:1"?', wrong.stderr)
            none = command("why", "app.9", door=door)
            self.assertIn('the pool "app" has no upstream "app.9"', none.stderr)
            self.assertEqual(none.returncode, 1)
            self.assertEqual(api(door, "why", "POST")[0], 405)


if __name__ == "__main__":
    main()
