#!/usr/bin/env python3
"""An app of Node's http2 module behind frontdoor: plain HTTP over HTTP/2 to the upstream, with curl and keep-alive clients."""

import json
import subprocess
import time
import unittest

from support import App, FixedRate, Frontdoor, eventually, http_get, main
from support.admin import command
from support.instances import events
from support.metrics import metrics, promtool_says


def pool(apps, more=""):
    addresses = json.dumps([app.address for app in apps])
    check = 'health_check = { path = "/healthz", interval = "300ms", interval_down = "100ms", timeout = "2s", rise = 1 }'
    return f'[pool.app]\nprotocol = "h2c"\nupstreams = {addresses}\n{check}\n{more}\n'


class Upstream(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(App("app", script="h2_app.js"))
        cls.door = cls.enterClassContext(Frontdoor(pool([cls.app]), workers=1))
        eventually(lambda: events(cls.door, "upstream up"), "the check passes over HTTP/2")

    def curl(self, target, *options, data=None):
        command = ["curl", "--silent", "--show-error", "--max-time", "30", *options, f"http://{self.door.address}{target}"]
        done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_a_request_arrives_as_http2_has_it(self):
        fields = json.loads(self.curl("/a?b=c", "-H", "X-Name: Value", "-H", "Cookie: a=1"))
        self.assertEqual((fields[":method"], fields[":path"], fields[":scheme"]), ("GET", "/a?b=c", "http"))
        self.assertEqual(fields[":authority"], self.door.address)
        self.assertEqual((fields["x-name"], fields["cookie"], fields["te"]), ("Value", "a=1", "trailers"))
        self.assertEqual(fields["x-forwarded-for"], "127.0.0.1")

    def test_a_large_body_goes_up_and_down_again(self):
        body = bytes(range(256)) * (32 << 10)  # 8 MiB
        self.assertEqual(self.curl("/echo", "--data-binary", "@-", data=body), body)
        self.assertEqual(self.curl("/echo", "--data-binary", "@-", "-H", "Transfer-Encoding: chunked", data=body), body)
        self.assertEqual(len(self.curl("/large")), 4 << 20)
        self.assertEqual(len(self.curl("/large", "--http2-prior-knowledge")), 4 << 20)

    def test_trailers_reach_clients_of_both_protocols(self):
        for protocol in ("--http1.1", "--http2-prior-knowledge"):
            seen = self.curl("/trailers", protocol, "-i").decode()
            self.assertIn("body", seen)
            self.assertIn("x-end: 1", seen)

    def test_an_early_answer_is_there_at_once(self):
        for protocol in ("--http1.1", "--http2-prior-knowledge"):
            began = time.monotonic()
            seen = self.curl("/early", protocol, "-i", "-H", "Expect:", "--data-binary", "@-", data=b"u" * (20 << 20)).decode()
            self.assertLess(time.monotonic() - began, 10)
            self.assertIn(" 413", seen.splitlines()[0])

    def test_a_head_has_no_body(self):
        self.assertIn("200", self.curl("/", "-I").decode().splitlines()[0])

    def test_one_connection_serves_them_all(self):
        sessions = {self.curl("/", "-i").decode().split("x-session: ")[1].splitlines()[0] for _ in range(10)}
        self.assertEqual(len(sessions), 1)

    def test_after_a_goaway_the_next_request_is_on_a_new_connection(self):
        before = self.curl("/", "-i").decode().split("x-session: ")[1].splitlines()[0]
        self.assertEqual(self.curl("/goaway"), b"going")
        after = self.curl("/", "-i").decode().split("x-session: ")[1].splitlines()[0]
        self.assertNotEqual(before, after)

    def test_what_is_spoken_is_told(self):
        self.curl("/told")
        lines = eventually(lambda: [line for line in self.door.access() if line["target"] == "/told"], "its line")
        self.assertEqual(lines[0]["upstream_protocol"], "HTTP/2.0")
        pool_told = json.loads(command("status", "--json", door=self.door).stdout)["pools"][0]
        self.assertEqual(pool_told["protocol"], "h2c")
        self.assertIn("pool app  1 of 1 up  h2c", command("status", door=self.door).stdout)
        scraped = metrics(self.door)
        self.assertTrue(scraped.find("frontdoor_upstream_http2_streams"))
        self.assertEqual(promtool_says(scraped), "")


class Load(unittest.TestCase):
    def test_no_request_is_lost_while_connections_go_away(self):
        with App("one", script="h2_app.js") as one, App("two", script="h2_app.js") as two, Frontdoor(pool([one, two])) as door:
            eventually(lambda: len(events(door, "upstream up")) == 2, "both up")
            with FixedRate(door.address, rate=200, seconds=30, target="/slow") as load:
                eventually(lambda: len(door.access()) > 50, "the load")
                for _ in range(20):
                    self.assertEqual(http_get(door.address, "/goaway").status, 200)
                self.assertEqual(load.finish()["failures"], [])


if __name__ == "__main__":
    main()
