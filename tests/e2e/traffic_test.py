#!/usr/bin/env python3
"""HTTP/1 through the real binary in front of real Node apps: methods, bodies in every framing, connections."""

import json
import socket
import threading
import time
import unittest

from support import App, Client, Frontdoor, apps, curl, eventually, get, http_get, main, pool, sanitized, say
from support import process

MIB = 1 << 20


class OneApp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(App("only"))
        cls.door = cls.enterClassContext(Frontdoor(pool("app", [cls.app])))
        cls.door.wait_until_serving([cls.app])
        cls.address = cls.door.address

    def test_curl_get(self):
        response = curl(self.address, "/")
        self.assertEqual((response.status, response.body), (200, b"hello from only\n"))

    def test_curl_head_has_the_length_and_no_body(self):
        response = curl(self.address, "/big?bytes=12345", "--head")
        self.assertEqual(response.status, 200)
        self.assertIn(b"content-length: 12345", response.body.lower())

    def test_a_get_after_a_head_on_one_connection_stays_in_step(self):
        with Client(self.address) as client:
            client.request("HEAD", "/big?bytes=12345")
            self.assertEqual(client.read_response("HEAD").header("Content-Length"), "12345")
            self.assertEqual(client.get("/").text, "hello from only\n")

    def test_curl_post(self):
        received = json.loads(curl(self.address, "/received", "-d", "a=1&b=2").body)
        self.assertEqual((received["method"], received["body"]), ("POST", "a=1&b=2"))
        self.assertEqual(received["headers"]["content-length"], "7")

    def test_curl_put_with_a_length(self):
        received = json.loads(curl(self.address, "/received", "-X", "PUT", "--data-binary", "@-", stdin=b"x" * 100_000).body)
        self.assertEqual((received["method"], received["length"]), ("PUT", 100_000))

    def test_a_chunked_upload_arrives_chunked(self):
        received = json.loads(curl(self.address, "/received", "-T", "-", stdin=b"y" * 300_000).body)
        self.assertEqual((received["method"], received["length"]), ("PUT", 300_000))
        self.assertEqual(received["headers"].get("transfer-encoding"), "chunked")
        self.assertNotIn("content-length", received["headers"])

    def test_chunk_extensions_stop_here_and_trailers_go_on(self):
        with Client(self.address) as client:
            client.send("POST /received HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                        "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 42\r\n\r\n")
            received = client.read_response().json()
            self.assertEqual(received["body"], "abcde")
            self.assertEqual(received["trailers"], {"x-sum": "42"})

    def test_downloads_in_every_framing_are_complete(self):
        expected = (b"frontdoor-e2e-16" * 70_000)[:1_000_001]
        for target in ("/big?bytes=1000001", "/big?bytes=1000001&chunked=1"):
            self.assertTrue(curl(self.address, target).body == expected, target)
        self.assertEqual(http_get(self.address, "/until-close").text, "until the very end\n")

    def test_trailers_of_a_response_reach_the_client(self):
        with Client(self.address) as client:
            response = client.get("/trailers", [("TE", "trailers")])
            self.assertEqual((response.text, response.trailers), ("with trailers\n", [("X-Checksum", "42")]))

    def test_responses_without_a_body(self):
        with Client(self.address) as client:
            for status in (204, 304):
                self.assertEqual(client.get(f"/status/{status}").status, status)
            self.assertEqual(client.get("/").text, "hello from only\n")

    def test_statuses_are_passed_on(self):
        for status in (201, 301, 404, 418, 500, 503):
            self.assertEqual(http_get(self.address, f"/status/{status}").text, f"status {status}\n")

    def test_a_client_connection_is_kept(self):
        with Client(self.address) as client:
            for number in range(50):
                self.assertEqual(client.get(f"/status/200?{number}").status, 200)

    def test_upstream_connections_are_reused(self):
        before = http_get(self.address, "/state").json()["connections"]
        with Client(self.address) as client:
            for _ in range(50):
                client.get("/")
        after = http_get(self.address, "/state").json()["connections"]
        # Each worker may open one, and a probe or two come in between.
        self.assertLess(after - before, 15)

    def test_pipelined_requests_are_answered_in_order(self):
        with Client(self.address) as client:
            targets = ["/slow?ms=200", "/a", "/big?bytes=100000", "/status/404", "/b"]
            client.send("".join(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n" for target in targets))
            answers = [client.read_response() for _ in targets]
            self.assertEqual([answer.status for answer in answers], [200, 200, 200, 404, 200])
            self.assertEqual(answers[0].text, "slow hello from only\n")
            self.assertEqual(answers[1].text, "GET /a from only\n")
            self.assertEqual(len(answers[2].body), 100_000)
            self.assertEqual(answers[4].text, "GET /b from only\n")

    def test_a_pipelined_request_behind_a_body(self):
        with Client(self.address) as client:
            client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /a HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(client.read_response().text, "hello")
            self.assertEqual(client.read_response().text, "GET /a from only\n")

    def test_a_request_in_single_bytes(self):
        with Client(self.address) as client:
            for byte in b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n":
                client.send(bytes([byte]))
            self.assertEqual(client.read_response().text, "hello")

    def test_http_1_0_gets_what_it_understands(self):
        for target, body in (("/", b"hello from only\n"), ("/big?bytes=16&chunked=1", b"frontdoor-e2e-16")):
            with Client(self.address) as client:
                client.send(f"GET {target} HTTP/1.0\r\n\r\n")
                response = client.read_response()
                self.assertEqual((response.status, response.body), (200, body))
                self.assertIsNone(response.header("Transfer-Encoding"))
                self.assertTrue(client.at_end())

    def test_http_1_0_with_keep_alive(self):
        with Client(self.address) as client:
            for _ in range(3):
                client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                response = client.read_response()
                self.assertEqual(response.text, "hello from only\n")
                self.assertEqual((response.header("Connection") or "").lower(), "keep-alive")

    def test_connection_close_is_obeyed(self):
        with Client(self.address) as client:
            response = client.get("/", [("Connection", "close")])
            self.assertEqual((response.header("Connection") or "").lower(), "close")
            self.assertTrue(client.at_end())

    def test_expect_100_continue_comes_from_the_app(self):
        with Client(self.address) as client:
            client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            response = client._read_one_head()
            self.assertEqual(response.status, 100)
            client.send("hello")
            self.assertEqual(client.read_response().text, "hello")
            self.assertEqual(client.get("/").status, 200)

    def test_curl_with_expect_100_continue_does_not_wait_in_vain(self):
        started = time.monotonic()
        response = curl(self.address, "/echo", "-H", "Expect: 100-continue", "--expect100-timeout", "10",
                        "--data-binary", "@-", stdin=b"z" * 2 * MIB)
        self.assertEqual(len(response.body), 2 * MIB)
        self.assertLess(time.monotonic() - started, 9)

    def test_103_is_relayed_but_not_to_http_1_0(self):
        with Client(self.address) as client:
            response = client.get("/hints")
            self.assertEqual([r.status for r in response.informational], [103])
            self.assertEqual(response.informational[0].header("Link"), "</style.css>; rel=preload; as=style")
            self.assertEqual(response.text, "after the hints\n")
        with Client(self.address) as client:
            client.send("GET /hints HTTP/1.0\r\n\r\n")
            response = client.read_response()
            self.assertEqual((response.informational, response.text), ([], "after the hints\n"))

    def test_an_early_response_does_not_wait_for_the_upload(self):
        with Client(self.address) as client:
            client.send("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n")
            client.send(b"x" * 100_000)
            response = client.read_response()  # 49.9 MB of the body have not been sent
            self.assertEqual((response.status, response.text), (413, "too much\n"))

    def test_what_the_app_is_told_about_the_client(self):
        with Client(self.address) as client:
            received = client.get("/received", [
                ("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-Proto", "https"), ("Connection", "X-Secret, close"),
                ("X-Secret", "hop"), ("Keep-Alive", "timeout=5"), ("TE", "gzip"), ("X-Mine", "kept"),
            ], host="Example.test:1234").json()
        headers = received["headers"]
        self.assertEqual(headers["x-forwarded-for"], "127.0.0.1")  # an untrusted client's word is not passed on
        self.assertEqual(headers["x-forwarded-proto"], "http")
        self.assertEqual(headers["x-forwarded-host"], "Example.test:1234")
        self.assertEqual(headers["host"], "Example.test:1234")
        self.assertEqual(headers["x-mine"], "kept")
        self.assertRegex(headers["x-request-id"], r"^[0-9A-Za-z-]{16,}$")
        self.assertIn("frontdoor", headers["via"])
        for name in ("x-secret", "keep-alive"):
            self.assertNotIn(name, headers)
        self.assertNotIn("gzip", headers.get("te", ""))

    def test_the_target_is_forwarded_unchanged(self):
        for target in ("/a/./b/%7Euser?x=%2F&y", "/%2e%2e?", "//double", "/a?b?c#".rstrip("#")):
            with Client(self.address) as client:
                client.request("GET", target)
                body = client.read_response()
                if body.status == 400:  # the one that climbs above the root
                    self.assertEqual(target, "/%2e%2e?")
                else:
                    self.assertIn(target, body.text)

    def test_an_absolute_form_target_is_reduced(self):
        with Client(self.address) as client:
            client.send("GET http://other.test/received?q HTTP/1.1\r\nHost: ignored.test\r\n\r\n")
            received = client.read_response().json()
            self.assertEqual((received["target"], received["headers"]["host"]), ("/received?q", "other.test"))

    def test_requests_that_could_smuggle_are_refused(self):
        for fields in ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 5, 5\r\n",
                       "Content-Length: 5\r\nContent-Length: 6\r\n", "Transfer-Encoding: gzip\r\n",
                       "Transfer-Encoding : chunked\r\n", "Host: b\r\n", "X-Folded: a\r\n b\r\n"):
            with Client(self.address) as client:
                client.send(f"POST /echo HTTP/1.1\r\nHost: a\r\n{fields}\r\nhello")
                response = client.read_response()
                self.assertIn(response.status, (400, 501), fields)
                self.assertTrue(client.at_end(), fields)

    def test_a_client_that_ends_its_side_still_gets_its_answer(self):
        with Client(self.address) as client:
            client.request("GET", "/slow?ms=300")
            client.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(client.read_response().text, "slow hello from only\n")

    def test_an_app_that_gives_up_in_the_middle_is_seen_as_truncated(self):
        with Client(self.address) as client:
            client.request("GET", "/truncated")
            response = client.read_head()
            self.assertEqual(response.status, 200)
            with self.assertRaises((EOFError, ConnectionResetError)):
                client.read_body(response)


class Echo(unittest.TestCase):
    """Both directions at once, in memory that does not depend on how much goes through."""

    def test_8_mib_both_ways_at_once(self):
        size = 8 * MIB
        with App("echo") as app, Frontdoor(pool("app", [app])) as door:
            door.wait_until_serving([app])
            block = bytes(range(256)) * 256
            for framing in ("length", "chunked"):
                process.reset_peak(door.pid)
                before = door.rss_kib()
                with Client(door.address) as client:
                    sender = threading.Thread(target=self._send, args=(client, size, block, framing))
                    sender.start()
                    response = client.read_response()
                    sender.join()
                grown = process.status_kib(door.pid, "VmHWM") - before
                say(f"{framing}: {size // MIB} MiB both ways, memory grew by {grown} KiB at its peak")
                self.assertTrue(response.body == block * (size // len(block)))
                if not sanitized():
                    self.assertLess(grown, 2048)

    @staticmethod
    def _send(client, size, block, framing):
        head = "POST /echo HTTP/1.1\r\nHost: a\r\n"
        if framing == "length":
            client.send(f"{head}Content-Length: {size}\r\n\r\n")
            for _ in range(size // len(block)):
                client.send(block)
        else:
            client.send(f"{head}Transfer-Encoding: chunked\r\n\r\n")
            for _ in range(size // len(block)):
                client.send(b"%x\r\n%s\r\n" % (len(block), block))
            client.send("0\r\n\r\n")

    def test_a_client_that_does_not_read_holds_back_the_app_and_not_our_memory(self):
        with App("big") as app, Frontdoor(pool("app", [app])) as door:
            door.wait_until_serving([app])
            before = door.rss_kib()
            with Client(door.address) as client:
                client.request("GET", f"/big?bytes={200 * MIB}")
                client.read_head()
                # Resident memory must settle, far below what the app would send. Probes go on meanwhile, and under a
                # sanitizer what they free is kept for a while: hence the tolerance.
                seen = []

                def settled():
                    seen.append(door.rss_kib())
                    return len(seen) > 50 and max(seen[-40:]) - min(seen[-40:]) < 512
                eventually(settled, "memory to stop growing", pause=0.01)  # it looks at the last 0.4 s
                self.assertLess(seen[-1] - before, 32 * 1024 if sanitized() else 4096)
            self.assertEqual(get(door.address), "hello from big\n")


class FourApps(unittest.TestCase):
    def test_round_robin_spreads_evenly(self):
        with apps(4) as four, Frontdoor(pool("app", four), workers=1) as door:
            door.wait_until_serving(four)
            with Client(door.address) as client:
                counts = {}
                for _ in range(100):
                    name = client.get("/").header("X-App")
                    counts[name] = counts.get(name, 0) + 1
            self.assertEqual(counts, {app.name: 25 for app in four})

    def test_weights_are_kept(self):
        with apps(2) as (heavy, light):
            config = f"""
                [pool.app]
                upstreams = [{{ address = "{heavy.address}", weight = 3 }}, {{ address = "{light.address}" }}]
                health_check = "/healthz"
            """
            with Frontdoor(config, workers=1) as door:
                door.wait_until_serving([heavy, light])
                with Client(door.address) as client:
                    names = [client.get("/").header("X-App") for _ in range(40)]
                self.assertEqual(names.count("app1"), 30)
                self.assertNotIn(["app1"] * 4, [names[i:i + 4] for i in range(37)])  # smooth

    def test_curl_through_four(self):
        with apps(4) as four, Frontdoor(pool("app", four)) as door:
            door.wait_until_serving(four)
            for options in ([], ["-d", "data"], ["-X", "PUT", "-d", "data"], ["-X", "DELETE"]):
                for _ in range(4):
                    self.assertEqual(curl(door.address, "/received", *options).status, 200)


if __name__ == "__main__":
    main()
