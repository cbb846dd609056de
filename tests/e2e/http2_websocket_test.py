#!/usr/bin/env python3
"""WebSockets to an app of Node's http2 (RFC 8441): ws on both sides, a client of HTTP/2 as well, and SIGTERM while they are open."""

import collections
import json
import subprocess
import unittest

from support import App, Frontdoor, WebSocketClient, eventually, http_get, main, sanitized, say
from support import process
from support.app import node_environment, script_path

HEALTH = 'health_check = { path = "/", interval = "300ms", interval_down = "100ms", timeout = "2s", rise = 1 }\n'


def app(name="app", **more):
    return App(name, script="websocket.js", environment={"PROTOCOL": "h2c", **more})


def door_before(*apps, head="", workers=1):
    addresses = json.dumps([each.address for each in apps])
    door = Frontdoor(f'{head}[pool.app]\nprotocol = "h2c"\nupstreams = {addresses}\n{HEALTH}', workers=workers)
    return door


class Through(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(app())
        cls.door = cls.enterClassContext(door_before(cls.app))
        cls.door.wait_until_serving([cls.app])

    def run_client(self, *arguments):
        with WebSocketClient(self.door.address, *arguments) as client:
            return client.to_end()

    def told(self, what):
        return json.loads(http_get(self.door.address, what).text)

    def test_a_thousand_messages_come_back_as_they_were(self):
        self.assertEqual(self.run_client("echo", 1000, 100), [{"back": 1000, "code": 1000}])

    def test_messages_of_a_mebibyte_and_each_length_form(self):
        self.assertEqual(self.run_client("echo", 20, 1 << 20), [{"back": 20, "code": 1000}])
        for size in (1, 125, 126, 65535, 65536):
            self.assertEqual(self.run_client("echo", 2, size), [{"back": 2, "code": 1000}])

    def test_pings_close_codes_and_first_words_pass(self):
        self.assertEqual(self.run_client("ping"),
                         [{"ping": "from the app", "pong": "from the client", "app": "pong from the app"}])
        before = len(self.told("/closed"))
        self.assertEqual(self.run_client("close", 4001, "enough"), [{"code": 4001, "reason": "enough"}])
        self.assertEqual(self.run_client("listen", "/close?code=4002&reason=go"), [{"code": 4002, "reason": "go"}])
        eventually(lambda: self.told("/closed")[before:] == [4001, 4002], "both at the app")
        self.assertEqual(self.run_client("listen", "/greet")[0], {"message": "welcome"})

    def test_what_the_app_is_asked(self):
        self.run_client("listen", "/greet")
        head = self.told("/opened")[-1]
        self.assertEqual((head[":method"], head[":protocol"], head[":path"], head["sec-websocket-version"]),
                         ("CONNECT", "websocket", "/greet", "13"))
        self.assertNotIn("sec-websocket-key", head)

    def test_a_refusal_is_an_answer(self):
        answer = self.run_client("listen", "/refuse")
        self.assertEqual(answer, [{"error": "Unexpected server response: 403"}])

    def test_a_client_of_http2(self):
        done = subprocess.run(["node", script_path("h2_client.js"), f"http://{self.door.address}", "websocket"],
                              capture_output=True, timeout=60, check=True, text=True, env=node_environment())
        seen = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual((seen["status"], seen["beside"], seen["code"], seen["error"]), (200, 200, 0, None))
        self.assertEqual(seen["received"], "810568656c6c6f880203e8")

    def test_the_log_has_a_line_for_each(self):
        self.run_client("echo", 3, 1000)
        lines = eventually(lambda: [line for line in self.door.access() if 3000 <= line["received_bytes"] < 4000], "the line")
        self.assertEqual((lines[0]["status"], lines[0]["outcome"], lines[0]["upstream"]), (101, "served", self.app.address))


class Not(unittest.TestCase):
    def test_an_app_without_the_setting_is_not_asked_and_its_requests_go_on(self):
        with app(SETTING="off") as one, door_before(one) as door:
            door.wait_until_serving([one])
            with WebSocketClient(door.address, "listen", "/greet") as client:
                self.assertEqual(client.to_end(), [{"error": "Unexpected server response: 502"}])
            line = eventually(lambda: [each for each in door.access() if each["outcome"] == "websocket_unsupported"], "its line")[0]
            self.assertEqual((line["status"], line["detail"]), (502, "its SETTINGS do not allow extended CONNECT"))
            self.assertEqual(http_get(door.address, "/closed").text, "[]")

    def test_an_app_that_is_killed_has_not_served_them(self):
        with app() as one, door_before(one) as door:
            door.wait_until_serving([one])
            with WebSocketClient(door.address, "hold", 3) as client:
                self.assertEqual(client.line(), {"opened": 3})
                one.kill()
                lines = eventually(lambda: (lambda found: len(found) == 3 and found)(
                    [line for line in door.access() if line["status"] == 101]), "a line for each")
                self.assertEqual({line["outcome"] for line in lines}, {"response_truncated"})


class Drain(unittest.TestCase):
    def test_sigterm_closes_each_with_1012_and_the_app_sees_1001(self):
        with app() as one, door_before(one, head='[timeouts]\ndrain = "4s"\n', workers=2) as door:
            door.wait_until_serving([one])
            with WebSocketClient(door.address, "hold", 40) as client:
                self.assertEqual(client.line(), {"opened": 40})
                door.terminate()
                ended = client.line()
                self.assertEqual(ended["errors"], 0)
                self.assertEqual(collections.Counter(entry["code"] for entry in ended["codes"]), {1012: 40})
                self.assertEqual(door.wait(), 0)
                outcomes = collections.Counter(line["outcome"] for line in door.access() if line["status"] == 101)
                self.assertEqual(outcomes, {"drained": 40})

    def test_many_share_few_connections_and_keep_no_buffer(self):
        count = 400
        with app() as one, door_before(one) as door:
            door.wait_until_serving([one])
            with WebSocketClient(door.address, "echo", 100, 1000) as client:
                client.to_end()
            before = process.rss_kib(door.pid)
            with WebSocketClient(door.address, "hold", count) as client:
                self.assertEqual(client.line(), {"opened": count})
                each = (process.rss_kib(door.pid) - before) * 1024 / count
                say(f"{each:.0f} resident bytes for each of {count} silent WebSockets over HTTP/2 to the app")
                if not sanitized():
                    self.assertLess(each, 16 * 1024, "none keeps a block of 64 KiB")


if __name__ == "__main__":
    main()
