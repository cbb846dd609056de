#!/usr/bin/env python3
"""WebSockets as people have them: Node's ws on both sides, and SIGTERM while they are open."""

import collections
import json
import unittest

from support import App, Client, Frontdoor, WebSocketClient, eventually, http_get, main, pool, sanitized, say
from support import process

DRAIN = '[timeouts]\ndrain = "4s"\n'


class Through(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(App("only", script="websocket.js"))
        cls.door = cls.enterClassContext(Frontdoor(pool("app", [cls.app])))
        cls.door.wait_until_serving([cls.app])

    def run_client(self, *arguments):
        with WebSocketClient(self.door.address, *arguments) as client:
            return client.to_end()

    def test_a_thousand_messages_come_back_as_they_were(self):
        self.assertEqual(self.run_client("echo", 1000, 100), [{"back": 1000, "code": 1000}])

    def test_messages_of_a_mebibyte_come_back_as_they_were(self):
        self.assertEqual(self.run_client("echo", 20, 1 << 20), [{"back": 20, "code": 1000}])

    def test_an_empty_message_and_each_length_form(self):
        for size in (1, 125, 126, 65535, 65536):
            self.assertEqual(self.run_client("echo", 2, size), [{"back": 2, "code": 1000}])

    def test_pings_and_pongs_pass_both_ways(self):
        self.assertEqual(self.run_client("ping"),
                         [{"ping": "from the app", "pong": "from the client", "app": "pong from the app"}])

    def test_close_codes_and_reasons_pass_both_ways(self):
        before = len(self.closed())
        self.assertEqual(self.run_client("close", 4001, "enough"), [{"code": 4001, "reason": "enough"}])
        self.assertEqual(self.run_client("listen", "/close?code=4002&reason=go"), [{"code": 4002, "reason": "go"}])
        eventually(lambda: self.closed()[before:] == [4001, 4002], "both at the app")

    def closed(self):
        return json.loads(http_get(self.app.address, "/closed").text)

    def test_a_message_right_behind_the_handshake(self):
        for _ in range(20):
            self.assertEqual(self.run_client("listen", "/greet")[0], {"message": "welcome"})

    def test_a_refusal_is_an_answer_and_the_connection_goes_on(self):
        # Node has taken the socket from its HTTP server by then: the next request must not meet it.
        with Client(self.door.address) as client:
            client.request("GET", "/refuse", [("Connection", "Upgrade"), ("Upgrade", "websocket")])
            response = client.read_response()
            self.assertEqual((response.status, response.text), (403, "nope\n"))
            self.assertEqual(client.get("/").text, "hello from only\n")

    def test_the_log_has_one_line_for_each_when_it_ends(self):
        self.run_client("echo", 3, 1000)
        lines = eventually(lambda: [line for line in self.door.access() if line["received_bytes"] >= 3000
                                    and line["received_bytes"] < 4000], "the line")
        self.assertEqual((lines[0]["status"], lines[0]["outcome"], lines[0]["upstream"]),
                         (101, "served", self.app.address))
        self.assertGreaterEqual(lines[0]["sent_bytes"], 3000)


class Killed(unittest.TestCase):
    def test_an_app_that_is_killed_has_not_served_its_websockets(self):
        with App("app", script="websocket.js") as app, Frontdoor(pool("app", [app])) as door:
            door.wait_until_serving([app])
            with WebSocketClient(door.address, "hold", 3) as client:
                self.assertEqual(client.line(), {"opened": 3})
                app.kill()
                lines = eventually(lambda: (lambda found: len(found) == 3 and found)(
                    [line for line in door.access() if line["status"] == 101]), "a line for each")
                self.assertEqual({line["outcome"] for line in lines}, {"response_truncated"})


class Reload(unittest.TestCase):
    def test_cuts_none(self):
        with App("old", script="websocket.js") as old, App("new", script="websocket.js") as new, \
                Frontdoor(pool("app", [old])) as door:
            door.wait_until_serving([old])
            with WebSocketClient(door.address, "hold", 10) as client:
                self.assertEqual(client.line(), {"opened": 10})
                door.reload(pool("app", [new]))
                door.wait_until_serving([new])
                self.assertEqual(json.loads(http_get(old.address, "/closed").text), [])
                self.assertIsNone(client.process.poll())


class Drain(unittest.TestCase):
    def test_sigterm_closes_each_with_1012_and_the_app_sees_1001(self):
        with App("app", script="websocket.js") as app, Frontdoor(DRAIN + pool("app", [app])) as door:
            door.wait_until_serving([app])
            with WebSocketClient(door.address, "hold", 40) as client:
                self.assertEqual(client.line(), {"opened": 40})
                door.terminate()
                ended = client.line()
                times = sorted(entry["ms"] for entry in ended["codes"])
                say(f"40 WebSockets closed within {times[-1] - times[0]} ms")
                self.assertEqual(ended["errors"], 0)
                self.assertEqual(collections.Counter(entry["code"] for entry in ended["codes"]), {1012: 40})
                self.assertGreater(times[-1] - times[0], 1000, "spread over the drain")
                eventually(lambda: json.loads(http_get(app.address, "/closed").text) == [1001] * 40, "1001 at the app")
                self.assertEqual(door.wait(), 0)
                outcomes = collections.Counter(line["outcome"] for line in door.access() if line["status"] == 101)
                self.assertEqual(outcomes, {"drained": 40})

    def test_a_few_do_not_hold_the_end_up(self):
        with App("app", script="websocket.js") as app, \
                Frontdoor('[timeouts]\ndrain = "60s"\n' + pool("app", [app])) as door:
            door.wait_until_serving([app])
            with WebSocketClient(door.address, "hold", 4) as client:
                self.assertEqual(client.line(), {"opened": 4})
                door.terminate()
                self.assertEqual([entry["code"] for entry in client.line()["codes"]], [1012] * 4)
            self.assertEqual(door.wait(15), 0)


class Idle(unittest.TestCase):
    def test_silent_ones_keep_no_buffer(self):
        count = 400
        with App("app", script="websocket.js") as app, Frontdoor(pool("app", [app]), workers=1) as door:
            door.wait_until_serving([app])
            with WebSocketClient(door.address, "echo", 100, 1000) as client:  # what the first one needs is there
                client.to_end()
            before = process.rss_kib(door.pid)
            with WebSocketClient(door.address, "hold", count) as client:
                self.assertEqual(client.line(), {"opened": count})
                each = (process.rss_kib(door.pid) - before) * 1024 / count
                say(f"{each:.0f} resident bytes for each of {count} silent WebSockets")
                if not sanitized():
                    self.assertLess(each, 16 * 1024, "none keeps a block of 64 KiB")


if __name__ == "__main__":
    main()
