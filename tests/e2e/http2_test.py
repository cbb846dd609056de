#!/usr/bin/env python3
"""HTTP/2 without TLS: curl, nghttp, h2load and Node's own client in front of real apps."""

import json
import re
import subprocess
import tempfile
import time
import unittest

from support import App, Frontdoor, eventually, http_get, main, pool, quick, say
from support.app import node_environment, script_path


def curl2(address, target, *options):
    result = subprocess.run(["curl", "--silent", "--show-error", "--http2-prior-knowledge", "--max-time", "60", *options,
                             f"http://{address}{target}"], capture_output=True, timeout=90, check=False)
    if result.returncode != 0:
        raise AssertionError(f"curl ended with {result.returncode}: {result.stderr.decode(errors='replace')}")
    return result.stdout


class Http2(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(App("app"))
        cls.door = cls.enterClassContext(Frontdoor(pool("app", [cls.app])))
        cls.door.wait_until_serving([cls.app])

    def node(self, scenario, address=None):
        result = subprocess.run(["node", script_path("h2_client.js"), address or self.door.address, scenario],
                                capture_output=True, timeout=120, check=True, text=True, env=node_environment())
        return json.loads(result.stdout.splitlines()[-1])

    def line_of(self, target):
        return eventually(lambda: [line for line in self.door.access() if line["target"] == target], f"the line of {target}")[0]

    def test_curl_gets_what_the_app_says(self):
        received = json.loads(curl2(self.door.address, "/received?curl", "-H", "Cookie: a=1", "-H", "X-A: b"))
        self.assertEqual(received["version"], "1.1")
        self.assertEqual(received["headers"]["host"], self.door.address)
        self.assertEqual(received["headers"]["cookie"], "a=1")
        self.assertEqual(received["headers"]["x-forwarded-proto"], "http")
        self.assertIn("2 ", received["headers"]["via"])
        line = self.line_of("/received?curl")
        self.assertEqual((line["protocol"], line["outcome"], line["status"]), ("HTTP/2.0", "served", 200))

    def test_http1_is_served_on_the_same_address(self):
        self.assertEqual(http_get(self.door.address, "/").status, 200)

    def test_large_bodies_go_up_and_down(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"0123456789abcdef" * (1 << 18))  # 4 MiB
            file.flush()
            with open(file.name, "rb") as sent:
                expected = sent.read()
            self.assertEqual(curl2(self.door.address, "/echo", "--data-binary", f"@{file.name}"), expected)
        answer = self.node("echo")["answer"]
        self.assertEqual((answer["status"], answer["length"], answer["error"]), (200, 8 << 20, None))

    def test_a_hundred_streams_at_once(self):
        result = self.node("many")
        self.assertEqual(result["answers"], [200] * 100)

    def test_nghttp_and_its_many_requests(self):
        result = subprocess.run(["nghttp", "-v", "-n", "-m", "20", f"http://{self.door.address}/"], capture_output=True,
                                timeout=60, check=True, text=True)
        self.assertEqual(len(re.findall(r":status: 200", result.stdout)), 20)
        self.assertNotIn("RST_STREAM", result.stdout)

    def test_h2load_loses_nothing(self):
        requests = 2000 if quick() else 20000
        result = subprocess.run(["h2load", f"-n{requests}", "-c8", "-m16", "-t1", f"http://{self.door.address}/"],
                                capture_output=True, timeout=150, check=True, text=True)
        counts = re.search(r"requests: .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", result.stdout)
        self.assertEqual(counts.groups(), (str(requests), "0", "0", "0"), result.stdout)
        say(re.search(r"finished in .*", result.stdout).group())

    def test_an_early_answer_is_whole_and_soon_there(self):
        result = self.node("early")
        self.assertEqual(result["answer"]["status"], 413)
        self.assertIsNone(result["answer"]["error"])
        self.assertLess(result["answer"]["ms"], 10_000)
        self.assertEqual(result["next"]["status"], 200)

    def test_curl_has_an_early_answer_during_a_large_upload(self):
        with tempfile.NamedTemporaryFile() as file:
            file.truncate(64 << 20)
            out = curl2(self.door.address, "/early", "--data-binary", f"@{file.name}", "-w", " %{http_code}")
        self.assertTrue(out.endswith(b" 413"), out)

    def test_a_cancel_frees_the_app_at_once(self):
        result = self.node("cancel")
        self.assertEqual(result["next"]["status"], 200)
        line = self.line_of("/slow?ms=20000")
        self.assertEqual(line["outcome"], "client_closed")
        self.assertLess(line["total_ms"], 10_000)
        eventually(lambda: "/slow?ms=20000" not in http_get(self.app.address, "/in-flight").text, "the app to hear of it")

    def test_a_stop_tells_twice_and_loses_nothing(self):
        with Frontdoor(pool("app", [self.app])) as door:
            door.wait_until_serving([self.app])
            client = subprocess.Popen(["node", script_path("h2_client.js"), door.address, "drained"], stdout=subprocess.PIPE,
                                      text=True, env=node_environment())
            self.assertEqual(client.stdout.readline(), "begun\n")
            eventually(lambda: len(door.access()) > 3, "some requests")
            door.terminate()
            out = client.communicate(timeout=60)[0]
            self.assertEqual(door.wait(), 0)
            result = json.loads(out.splitlines()[-1])
        self.assertEqual([code for code, _ in result["goaway"]], [0, 0])
        self.assertEqual(result["goaway"][0][1], 2 ** 31 - 1)
        self.assertEqual(result["slow"]["status"], 200)
        self.assertTrue(all(status == 200 for status in result["answers"]), result["answers"])
        self.assertNotIn("error", result)

    def test_a_flood_is_told_to_the_operator(self):
        import socket
        host, port = self.door.address.rsplit(":", 1)
        ping = b"\0\0\x08\x06\0\0\0\0\0" + bytes(8)
        with socket.create_connection((host, int(port))) as enemy:
            enemy.settimeout(20)
            enemy.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0" + ping * 1000)
            received = b""
            while b"\0\0\x08\x07\0" not in received:
                received += enemy.recv(65536)
        events = eventually(lambda: [e for e in self.door.events() if e.get("reason") == "PING flood"], "the event")
        self.assertEqual(events[0]["outcome"], "http2_error")


if __name__ == "__main__":
    main()
