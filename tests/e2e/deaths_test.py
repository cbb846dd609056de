#!/usr/bin/env python3
"""Requests that kill, and apps that are killed. tests/acceptance/query-of-death does the same for longer."""

import threading
import unittest
from datetime import datetime

from support import Frontdoor, apps, curl, eventually, get, http_get, main, pool
from support.restarted import Restarted, deaths

CHECK = '{ path = "/healthz", interval = "500ms", interval_down = "50ms", timeout = "500ms", rise = 1 }'
H2C = 'protocol = "h2c"'


def records(door, target):
    return [line for line in door.access() if line.get("target") == target]


class Killers(unittest.TestCase):
    def kill_with(self, method, attempts):
        with Restarted("one") as one, Restarted("two") as two, Restarted("three") as three:
            trio = [one, two, three]
            with Frontdoor(pool("app", trio, CHECK, f"retry.attempts = {attempts}")) as door:
                door.wait_until_serving(trio)
                self.assertEqual(curl(door.address, "/die", "-X", method).status, 502)
                (line,) = eventually(lambda: records(door, "/die"), "the access-log line")
                self.assertIn(line["outcome"], ("upstream_reset", "query_of_death"))
                # It is over, and whoever was killed has come back.
                eventually(lambda: deaths(trio) and all(get(door.address).startswith("hello") for _ in range(6)), "answers")
                self.assertLessEqual(deaths(trio), 1 + attempts)
                return deaths(trio), door.events()

    def test_one_request_kills_one_plus_attempts_instances_at_most(self):
        for method in ("GET", "PUT"):
            for attempts in (0, 1, 2):
                with self.subTest(method=method, attempts=attempts):
                    killed, events = self.kill_with(method, attempts)
                    if killed >= 2:
                        self.assertTrue(any(e.get("event") == "query of death" and e.get("path") == "/die" for e in events))

    def test_a_post_kills_one(self):
        killed, _ = self.kill_with("POST", 2)
        self.assertEqual(killed, 1)

    def test_the_last_instance_is_spared(self):
        # They stay dead, so that it is certain who is the last one.
        with apps(3) as trio, Frontdoor(pool("app", trio, CHECK)) as door:
            door.wait_until_serving(trio)
            self.assertEqual(curl(door.address, "/die").status, 502)
            alive = [app for app in trio if app.process.poll() is None]
            self.assertEqual(len(alive), 1)
            self.assertEqual(get(door.address), f"hello from {alive[0].name}\n")
            (line,) = eventually(lambda: records(door, "/die"), "the access-log line")
            self.assertEqual((line["outcome"], line["retry"], line["tries"]), ("query_of_death", "contained", 2))
            (event,) = [e for e in door.events() if e.get("event") == "query of death"]
            self.assertEqual((event["method"], event["path"], event["deaths"], event["requests"]), ("GET", "/die", 2, 1))
            self.assertEqual(event["request_id"], line["request_id"])

    def test_a_kind_that_kills_again_and_again_leaves_one(self):
        with apps(4) as four, Frontdoor(pool("app", four, CHECK)) as door:
            door.wait_until_serving(four)
            self.assertEqual(curl(door.address, "/die").status, 502)  # three of them
            for number in range(4):
                self.assertEqual(curl(door.address, f"/die?{number}").status, 502)
            alive = [app for app in four if app.process.poll() is None]
            self.assertEqual(len(alive), 1)
            self.assertEqual(get(door.address), f"hello from {alive[0].name}\n")


class KillersOverHttp2(unittest.TestCase):
    """To the upstreams, where a death is the end of a connection that many are on."""

    def test_one_request_kills_one_plus_attempts_instances_at_most(self):
        for method in ("GET", "PUT", "POST"):
            with Restarted("one", "h2_app.js") as one, Restarted("two", "h2_app.js") as two, Restarted("three", "h2_app.js") as three:
                trio = [one, two, three]
                with self.subTest(method=method), Frontdoor(pool("app", trio, CHECK, H2C)) as door:
                    door.wait_until_serving(trio)
                    self.assertEqual(curl(door.address, "/die", "-X", method).status, 502)
                    eventually(lambda: deaths(trio) and all(curl(door.address, "/").status == 200 for _ in range(6)), "answers")
                    self.assertLessEqual(deaths(trio), 1 if method == "POST" else 3)

    def test_the_last_instance_is_spared(self):
        with apps(3, script="h2_app.js") as trio, Frontdoor(pool("app", trio, CHECK, H2C)) as door:
            door.wait_until_serving(trio)
            self.assertEqual(curl(door.address, "/die").status, 502)
            self.assertEqual(len([app for app in trio if app.process.poll() is None]), 1)
            self.assertEqual(curl(door.address, "/").status, 200)
            (line,) = eventually(lambda: records(door, "/die"), "the access-log line")
            self.assertEqual((line["outcome"], line["retry"], line["tries"]), ("query_of_death", "contained", 2))


class Silence(unittest.TestCase):
    def test_a_get_that_the_only_upstream_never_answers_is_sent_once(self):
        with apps(1) as (app,), Frontdoor('[timeouts]\nresponse_header = "500ms"\n' + pool("app", [app], health="")) as door:
            door.wait_until_serving([app])
            before = http_get(app.address, "/state").json()["requests"]
            self.assertEqual(curl(door.address, "/slow?ms=60000").status, 504)
            (line,) = eventually(lambda: records(door, "/slow?ms=60000"), "the access-log line")
            self.assertEqual((line["outcome"], line["retry"]), ("response_header_timeout", "timeout_no_other"))
            self.assertLess(line["total_ms"], 1000)
            self.assertEqual(http_get(app.address, "/state").json()["requests"] - before - 1, 1)

    def test_a_request_has_one_deadline_over_all_tries(self):
        config = '[timeouts]\nresponse_header = "500ms"\nrequest = "800ms"\n'
        with apps(3) as trio, Frontdoor(config + pool("app", trio, CHECK)) as door:
            door.wait_until_serving(trio)
            self.assertEqual(curl(door.address, "/slow?ms=60000").status, 504)
            (line,) = eventually(lambda: records(door, "/slow?ms=60000"), "the access-log line")
            self.assertEqual((line["outcome"], line["tries"]), ("request_timeout", 2))


class KilledFromOutside(unittest.TestCase):
    AT_ONCE = 0.09  # seconds; a victim waits for 0.1 (docs/adr/0007), so that others which die meanwhile do not get it

    def test_three_of_four_at_once_cost_no_get(self):
        # On a machine with many times the load that it can carry processes take longer to die. What is lost then proves nothing.
        for _ in range(5):
            statuses, events = self.three_of_four()
            deaths_seen = [datetime.fromisoformat(e["time"]) for e in events if e.get("event") == "upstream down"]
            condemned = [e for e in events if e.get("event") == "query of death"]
            if statuses == [200] * 24 and not condemned:
                return
            self.assertEqual(len(deaths_seen), 3)
            took = (deaths_seen[-1] - deaths_seen[0]).total_seconds()
            self.assertGreater(took, self.AT_ONCE, (statuses, condemned))
        self.fail("these processes never died at once")

    def three_of_four(self):
        with apps(4) as four, Frontdoor(pool("app", four, CHECK)) as door:
            door.wait_until_serving(four)
            statuses = []
            ask = lambda number: statuses.append(curl(door.address, f"/slow?ms=700&{number}").status)
            threads = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
            for thread in threads:
                thread.start()
            everywhere = lambda: all("/slow" in get(app.address, "/in-flight") for app in four)
            eventually(everywhere, "slow requests on each of them")
            for app in four[:3]:
                app.process.kill()
            for thread in threads:
                thread.join()
            return statuses, door.events()


if __name__ == "__main__":
    main()
