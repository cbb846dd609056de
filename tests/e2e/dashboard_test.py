#!/usr/bin/env python3
"""The dashboard's server side, against the real program: the page's files, the stream, the history and the requests. What
a browser makes of it is in tests/acceptance/dashboard."""

import gzip
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

from support import App, Frontdoor, curl, eventually, main, pool


def ask(address, target, headers=()):
    """Status, fields, body."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        lines = [f"GET {target} HTTP/1.1", f"Host: {address}", "Connection: close", *headers]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        answer = b""
        while block := connection.recv(65536):
            answer += block
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    return int(first.split()[1]), fields, body


class Stream:
    """A page that is open: the events that it is sent, one at a time."""

    def __init__(self, address, reads=True):
        host, _, port = address.rpartition(":")
        self.connection = socket.create_connection((host, int(port)), timeout=20)
        if not reads:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.connection.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n".encode())
        self.file = self.connection.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.fields = {}
        while (line := self.file.readline().strip()):
            name, _, value = line.decode().partition(":")
            self.fields[name.lower()] = value.strip()
        self.text = b""

    def event(self):
        """(name, data); lines that are no event are passed over."""
        while True:
            block, found, rest = self.text.partition(b"\n\n")
            if not found:
                size = int(self.file.readline() or b"0", 16)
                if size == 0:
                    raise EOFError
                self.text += self.file.read(size)
                self.file.readline()
                continue
            self.text = rest
            lines = dict(line.split(b": ", 1) for line in block.split(b"\n"))
            if b"data" in lines:
                return lines[b"event"].decode(), json.loads(lines[b"data"])

    def until(self, holds):
        """The document, once it is so."""
        name, data = self.event()
        assert name == "snapshot", name
        document, ticks = data["set"], []
        while not holds(document, ticks):
            name, data = self.event()
            assert name == "tick", name
            document.update(data.get("set", {}))
            for key in data.get("gone", []):
                del document[key]
            ticks.append(data)
        return document, ticks

    def close(self):
        self.file.close()
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Page(unittest.TestCase):
    def test_files_are_compressed_tagged_and_keep_to_themselves(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            address = door.admin_address
            code, fields, plain = ask(address, "/")
            self.assertEqual((code, fields["content-type"]), (200, "text/html; charset=utf-8"))
            self.assertIn(b"<title>frontdoor</title>", plain)
            self.assertIn("default-src 'self'", fields["content-security-policy"])
            self.assertIn("frame-ancestors 'none'", fields["content-security-policy"])
            self.assertEqual(fields["x-content-type-options"], "nosniff")
            code, fields, compressed = ask(address, "/", ["Accept-Encoding: br, gzip"])
            self.assertEqual((code, fields["content-encoding"]), (200, "gzip"))
            self.assertEqual(gzip.decompress(compressed), plain)
            self.assertEqual(ask(address, "/", ["Accept-Encoding: gzip;q=0"])[2], plain)
            code, again, body = ask(address, "/", [f"If-None-Match: {fields['etag']}"])
            self.assertEqual((code, again["etag"], body), (304, fields["etag"], b""))
            self.assertEqual(ask(address, "/", ['If-None-Match: "other"'])[0], 200)

    def test_each_file_that_a_file_names_is_there(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            address = door.admin_address
            wanted, seen = {"index.html"}, set()
            while wanted - seen:
                name = sorted(wanted - seen)[0]
                seen.add(name)
                code, fields, body = ask(address, "/" + name)
                self.assertEqual(code, 200, name)
                kind = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg"}[name.rpartition(".")[2]]
                self.assertTrue(fields["content-type"].startswith(kind), name)
                for word in body.decode().replace("'", '"').split('"'):
                    if word.removeprefix("./").count(".") == 1 and word.endswith((".js", ".css", ".svg")) and "/" not in word.removeprefix("./"):
                        wanted.add(word.removeprefix("./"))
            self.assertIn("live.js", seen)
            self.assertEqual(ask(address, "/nothing.js")[0], 404)


class Live(unittest.TestCase):
    def test_a_snapshot_and_then_what_changes(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            door.wait_until_serving([app])
            with Stream(door.admin_address) as stream:
                self.assertEqual((stream.status, stream.fields["content-type"]), (200, "text/event-stream"))
                document, _ = stream.until(lambda document, ticks: len(ticks) == 2)
                self.assertEqual(document["top"], {"level": "good", "sentence": "The upstream is up"})
                self.assertRegex(document["lately"], r"^In the last \d+ seconds? (none of \d+ requests failed|the only request did not fail|no request has ended)\.$")
                (listed,) = document["order"]["pools"]
                self.assertEqual(listed, {"name": "app", "upstreams": [app.address]})
                row = document[f"up/app/{app.address}"]
                self.assertEqual((row["state"], row["condition"]), ("up", "good"))
                self.assertIn("1", document[f"probe/app/{app.address}"]["strip"])
                # Traffic sends numbers, and nothing that has not changed.
                for _ in range(5):
                    curl(door.address, "/")
                _, tick = stream.event()
                while f"now/app/{app.address}" not in tick.get("set", {}):
                    _, tick = stream.event()
                self.assertNotIn(f"up/app/{app.address}", tick["set"])
                self.assertNotIn("order", tick["set"])
                self.assertEqual(len(tick["points"][0]), 7)

    def test_a_death_is_told_as_it_happens(self):
        with App("a") as one, App("b") as two, Frontdoor(pool(upstreams=[one, two])) as door:
            door.wait_until_serving([one, two])
            with Stream(door.admin_address) as stream:
                stream.until(lambda document, ticks: len(ticks) == 1)
                one.kill()
                told, seen = [], {}
                while not any("down" in json.dumps(event) for event in told) or "top" not in seen:
                    _, tick = stream.event()
                    told += tick.get("events", [])
                    seen.update(tick.get("set", {}))
                self.assertEqual(seen["top"]["sentence"], "pool app: 1 of 2 is down")
                while f" {one.address} went down. " not in seen["lately"]:
                    seen.update(stream.event()[1].get("set", {}))

    def test_the_charts_are_filled_before_anybody_looks(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            door.wait_until_serving([app])
            address = door.admin_address
            counted = lambda: sum(point[0] or 0 for point in json.loads(ask(address, "/api/v1/history")[2])["seconds"])
            before = counted()
            for _ in range(20):
                curl(door.address, "/")
            eventually(lambda: counted() >= before + 20, "the requests in the history")
            history = json.loads(ask(address, "/api/v1/history")[2])
            self.assertLessEqual(len(history["seconds"]), 300)
            self.assertGreater(max(point[2] or 0 for point in history["seconds"]), 0)  # p50

    def test_failed_and_slow_requests_are_told(self):
        with App("a") as app, Frontdoor('[access_log]\noutput = "off"\n' +
                                     pool(upstreams=[app], more='hold = { timeout = "200ms" }')) as door:
            door.wait_until_serving([app])
            address = door.admin_address
            curl(door.address, "/slow?secret=1")
            app.close()
            curl(door.address, "/gone?secret=2", "-X", "POST")
            requests = eventually(lambda: (lambda r: "/gone" in [q["path"] for q in r["failed"]] and "/slow" in [q["path"] for q in r["slow"]] and r)(json.loads(ask(address, "/api/v1/requests")[2])), "both")
            (failed,) = [request for request in requests["failed"] if request["path"] == "/gone"]
            self.assertEqual((failed["method"], failed["status"] >= 500, failed["pool"]), ("POST", True, "app"))
            self.assertTrue(failed["id"])
            self.assertEqual(failed["protocol"], "HTTP/1.1")
            self.assertIn("upstream", failed["means"])
            self.assertIn("/slow", [request["path"] for request in requests["slow"]])
            self.assertNotIn("secret", json.dumps(requests))


class Stories(unittest.TestCase):
    """What the page makes of events, in the module that it is sent."""

    def told(self, *events):
        page = pathlib.Path(__file__).parents[2] / "dashboard/page"
        script = ("import { storiesOf, moreOfStory, wordsOf } from './stories.js';\n"
                  f"for (const story of storiesOf({json.dumps(events)}))\n"
                  "  console.log([wordsOf(story.event), ...moreOfStory(story)].join(' | '));\n")
        with tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
            place = pathlib.Path(directory)
            (place / "package.json").write_text('{"type": "module"}', encoding="ascii")  # what a browser takes for granted
            (place / "test.js").write_text(script, encoding="utf-8")
            for name in ("stories.js", "format.js"):
                shutil.copy(page / name, place)
            said = subprocess.run(["node", place / "test.js"], capture_output=True, text=True, check=False)
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        return said.stdout.splitlines()

    @staticmethod
    def event(second, kind, text, upstream="app.3", **fields):
        return {"time": f"2026-11-28T10:00:{second:09.6f}Z", "kind": kind, "text": text, "level": "warn", "pool": "app",
                "upstream": upstream, "fields": fields}

    def test_one_crash_is_one_line_whoever_notices_it_first(self):
        death = [self.event(1, "evicted", "upstream down", "app.3 (127.0.0.1:24003)", reason="its process has ended", **{"from": "up"}),
                 self.event(1.1, "casualties", "instance ended with requests on it", pid=7, requests="POST /crash (1234)"),
                 self.event(1.2, "ended", "instance ended", end="SIGABRT", on_it_each_time="", lives=1, next_ms=115, reason="")]
        told = "app.3: instance ended, SIGABRT | pid 7 | on it: POST /crash (1234) | starts again in 115 ms"
        for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
            events = [dict(death[i], time=f"2026-11-28T10:00:0{n}.5Z") for n, i in enumerate(order)]
            self.assertEqual(self.told(*events), [told], order)
        blamed = self.event(1.1, "query_of_death", "query of death", "app.3 (127.0.0.1:24003)", path="/crash", requests=1)
        self.assertEqual(self.told(death[0], blamed, *death[1:]), [told, "app.3 (127.0.0.1:24003): query of death | path /crash | requests 1"])
        others = [self.event(1.3, "started", "instance started", pid=8, address="127.0.0.1:24003"),
                  self.event(1.6, "recovered", "upstream up", "app.3 (127.0.0.1:24003)", reason="first probe passed"),
                  self.event(1.6, "up", "instance up", pid=8)]
        self.assertEqual(self.told(*death, *others), [told, "app.3: instance started | pid 8", "app.3: instance up | pid 8"])

    def test_what_is_of_another_one_or_of_another_time_stays_apart(self):
        down = self.event(1, "evicted", "upstream down", "10.0.0.1:80", reason="connection refused")
        later = dict(down, time="2026-11-28T10:00:09.5Z")
        other = dict(down, upstream="10.0.0.2:80")
        self.assertEqual(len(self.told(down, other, later)), 3)
        self.assertEqual(self.told(dict(down, upstream=None, pool=None, text="reloaded", kind="reloaded", fields={})), ["reloaded"])


class Readers(unittest.TestCase):
    def test_one_too_many_is_refused_and_the_others_go_on(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            address = door.admin_address
            streams = [Stream(address) for _ in range(16)]
            self.assertEqual([stream.status for stream in streams], [200] * 16)
            code, _, body = ask(address, "/api/v1/stream")
            self.assertEqual((code, json.loads(body)["error"]), (503, "too_many_readers"))
            streams.pop().close()
            eventually(lambda: self._opens(address), "a place")
            for stream in streams:
                self.assertEqual(stream.event()[0], "snapshot")
                stream.close()
            # And the program ends in order with pages open.
            last = Stream(address)
            door.terminate()
            self.assertEqual(door.wait(), 0)
            last.close()

    @staticmethod
    def _opens(address):
        with Stream(address) as stream:
            return stream.status == 200


if __name__ == "__main__":
    main()
