#!/usr/bin/env python3
"""Instances that die, hang, sicken and come back, under a client that counts every failed GET."""

import signal
import time
import unittest

from support import App, Client, FixedRate, Frontdoor, apps, eventually, free_port, http_get, main, pool, say

CHECK = '{ path = "/healthz", interval = "300ms", interval_down = "100ms", timeout = "300ms", rise = 2, fall = 2 }'


def changes(door, app, word):
    """Events that say this upstream went there ("up", "down")."""
    return [event for event in door.events()
            if event.get("upstream") == getattr(app, "address", app) and event.get("event") == f"upstream {word}"]


def names_seen(address, count=16):
    with Client(address) as client:
        return {client.get("/").header("X-App") for _ in range(count)}


def who_has(request, candidates):
    """The app that is working on this request just now."""
    return next((app for app in candidates if request in http_get(app.address, "/in-flight").text), None)


class Health(unittest.TestCase):
    def assert_no_failures(self, report):
        say(f"{report['requests']} GETs in {report['seconds']} s, {report['failed']} failed, {report['latency_ms']}")
        self.assertGreater(report["requests"], 100)
        self.assertEqual(report["failed"], 0, report["failures"])

    def wait_for_requests(self, app, count):
        """Until this app has served so many more: the load flows."""
        goal = http_get(app.address, "/state").json()["requests"] + count
        eventually(lambda: http_get(app.address, "/state").json()["requests"] >= goal, "load on the app", pause=0.05)

    def test_kill_9_of_one_of_four_costs_no_get(self):
        with apps(4) as four, Frontdoor(pool("app", four, CHECK)) as door:
            door.wait_until_serving(four)
            victim = four[1]
            with FixedRate(door.address, rate=500) as load:
                for round_number in range(1, 4):
                    self.wait_for_requests(four[0], 60)
                    victim.kill()
                    eventually(lambda: len(changes(door, victim, "down")) == round_number, "the eviction")
                    self.wait_for_requests(four[0], 60)
                    victim.restart()
                    eventually(lambda: len(changes(door, victim, "up")) == round_number + 1, "the return")
                    self.wait_for_requests(victim, 20)
                report = load.finish()
            self.assert_no_failures(report)
            self.assertEqual(set(report["by_app"]), {app.name for app in four})

    def test_the_reason_of_an_eviction_is_logged(self):
        with apps(2) as two, Frontdoor(pool("app", two, CHECK)) as door:
            door.wait_until_serving(two)
            two[0].kill()
            with Client(door.address) as client:
                for _ in range(8):
                    self.assertEqual(client.get("/").header("X-App"), "app2")
            (event,) = eventually(lambda: changes(door, two[0], "down"), "the eviction")
            self.assertEqual(event["pool"], "app")
            self.assertIn("refused", event["reason"])

    def test_a_restarted_app_returns_after_rise_probes_and_not_before(self):
        check = CHECK.replace("rise = 2", "rise = 5")
        with apps(2) as two, Frontdoor(pool("app", two, check)) as door:
            door.wait_until_serving(two)
            two[0].kill()
            eventually(lambda: (names_seen(door.address), changes(door, two[0], "down"))[1], "the eviction")
            two[0].restart()
            eventually(lambda: len(changes(door, two[0], "up")) == 2, "the return")
            state = http_get(two[0].address, "/state").json()
            # This look itself is a request; every other one before the return was a probe.
            self.assertGreaterEqual(state["requests"] - 1, 5)
            self.assertEqual(names_seen(door.address), {"app1", "app2"})

    def test_a_hung_app_is_evicted_by_probes_and_its_gets_end_well(self):
        config = '[timeouts]\nresponse_header = "1s"\n'
        with apps(4) as four, Frontdoor(config + pool("app", four, CHECK)) as door:
            door.wait_until_serving(four)
            victim = four[2]
            with FixedRate(door.address, rate=200) as load:
                self.wait_for_requests(four[0], 100)
                victim.stop()
                (event,) = eventually(lambda: changes(door, victim, "down"), "the eviction")
                self.assertNotIn("refused", event["reason"])
                self.wait_for_requests(four[0], 80)
                victim.go_on()
                eventually(lambda: len(changes(door, victim, "up")) == 2, "the return")
                self.wait_for_requests(victim, 20)
                report = load.finish()
            self.assert_no_failures(report)
            self.assertLess(report["latency_ms"]["max"], 5000)

    def test_an_app_that_says_it_is_unwell_gets_no_traffic_until_it_is_well(self):
        with apps(2) as two, Frontdoor(pool("app", two, CHECK)) as door:
            door.wait_until_serving(two)
            http_get(two[0].address, "/unwell")
            (event,) = eventually(lambda: changes(door, two[0], "down"), "the eviction")
            self.assertIn("503", event["reason"])
            self.assertEqual(names_seen(door.address), {"app2"})
            http_get(two[0].address, "/well")
            eventually(lambda: len(changes(door, two[0], "up")) == 2, "the return")
            self.assertEqual(names_seen(door.address), {"app1", "app2"})

    def test_without_a_health_check_a_refused_app_returns_when_it_listens_again(self):
        with apps(2) as two, Frontdoor(pool("app", two, health="")) as door:
            self.assertEqual(names_seen(door.address), {"app1", "app2"})
            two[0].kill()
            self.assertEqual(names_seen(door.address), {"app2"})
            eventually(lambda: changes(door, two[0], "down"), "the eviction")
            two[0].restart()
            eventually(lambda: "app1" in names_seen(door.address), "the return")

    def test_all_down_is_a_503_at_once_and_over_when_one_returns(self):
        with apps(2) as two, Frontdoor(pool("app", two, CHECK)) as door:
            door.wait_until_serving(two)
            for app in two:
                app.kill()
            eventually(lambda: http_get(door.address).status == 503, "a 503")
            response = http_get(door.address)
            self.assertGreaterEqual(int(response.header("Retry-After")), 1)
            two[1].restart()
            eventually(lambda: http_get(door.address).status == 200, "an answer")

    def test_a_post_that_may_have_been_processed_is_not_sent_twice(self):
        with apps(2) as two, Frontdoor(pool("app", two, CHECK)) as door:
            door.wait_until_serving(two)
            with Client(door.address) as client:
                client.request("POST", "/slow?ms=60000", body=b"order")
                serving = eventually(lambda: who_has("POST /slow?ms=60000", two), "the request at an app")
                serving.kill()
                self.assertEqual(client.read_response().status, 502)
            line = eventually(lambda: next((l for l in door.access() if l.get("method") == "POST"), None), "the line")
            self.assertEqual((line["tries"], line["upstream"], line["status"]), (1, serving.address, 502))

    def test_a_get_on_a_dying_app_is_replayed_on_another(self):
        with apps(2) as two, Frontdoor(pool("app", two, CHECK)) as door:
            door.wait_until_serving(two)
            with Client(door.address) as client:
                client.request("GET", "/slow?ms=1000")
                serving = eventually(lambda: who_has("GET /slow?ms=1000", two), "the request at an app")
                serving.kill()
                response = client.read_response()
            self.assertEqual(response.status, 200)
            self.assertNotEqual(response.header("X-App"), serving.name)
            line = eventually(lambda: next((l for l in door.access() if "/slow" in l.get("target", "")), None), "the line")
            self.assertEqual(line["tries"], 2)

    def test_a_front_door_that_was_stopped_itself_blames_nobody(self):
        with apps(2) as two, Frontdoor(pool("app", two, CHECK)) as door:
            door.wait_until_serving(two)
            door.process.send_signal(signal.SIGSTOP)
            time.sleep(2)  # the length of the stop, several times a probe's timeout
            door.process.send_signal(signal.SIGCONT)
            goal = http_get(two[0].address, "/state").json()["requests"] + 6
            eventually(lambda: http_get(two[0].address, "/state").json()["requests"] >= goal, "some more probes")
            self.assertEqual([event for app in two for event in changes(door, app, "down")], [])
            self.assertEqual(names_seen(door.address), {"app1", "app2"})

    def test_a_probe_that_is_never_answered_keeps_a_new_upstream_out(self):
        with App("good") as good:
            dead = f"127.0.0.1:{free_port()}"
            with Frontdoor(pool("app", [good, dead], CHECK)) as door:
                door.wait_until_serving([good])
                with Client(door.address) as client:
                    for _ in range(20):
                        self.assertEqual(client.get("/").header("X-App"), "good")
                eventually(lambda: all(line["tries"] == 1 for line in door.access() if line.get("status") == 200),
                           "no request that tried the dead one")


if __name__ == "__main__":
    main()
