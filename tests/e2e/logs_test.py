#!/usr/bin/env python3
"""Exactly one access-log line for each request, whatever became of it, and a log that never costs traffic."""

import os
import re
import subprocess
import tempfile
import time
import unittest

from support import (App, Client, Frontdoor, apps, eventually, free_port, get, http_get, main, pool, say, wrk,
                     wrk_report)

WORD = re.compile(r"^[a-z][a-z_]*$")


class AccessLog(unittest.TestCase):
    def lines(self, door, word, count):
        """The lines whose target contains `word`, once there are so many; and there are not more."""
        def found():
            return [line for line in door.access() if word in line.get("target", "")]
        eventually(lambda: len(found()) >= count, f"{count} lines with {word}")
        self.assertEqual(len(found()), count)
        return found()

    def test_each_request_has_one_line_with_its_outcome_and_upstream(self):
        with apps(2) as two:
            dead = f"127.0.0.1:{free_port()}"
            routes = '[[route]]\npath = "/dead*"\npool = "dead"\n[[route]]\npath = "/mine*"\npool = "app"\n'
            config = '[timeouts]\nresponse_header = "500ms"\n' + routes + pool("dead", [dead], health="")
            with Frontdoor(config + pool("app", two)) as door:
                door.wait_until_serving(two, "/mine-ready")
                upstreams = {app.address for app in two}
                with Client(door.address) as client:
                    for number in range(10):
                        client.get(f"/mine/{number}", [("Referer", "http://r.test/"), ("User-Agent", 'quo"ted')])
                for number, line in enumerate(self.lines(door, "/mine/", 10)):
                    self.assertEqual((line["method"], line["host"], line["target"], line["protocol"], line["status"]),
                                     ("GET", "example.test", f"/mine/{number}", "HTTP/1.1", 200))
                    self.assertEqual((line["outcome"], line["pool"], line["tries"]), ("served", "app", 1))
                    self.assertIn(line["upstream"], upstreams)
                    self.assertEqual((line["referer"], line["user_agent"]), ("http://r.test/", 'quo"ted'))
                    self.assertEqual(line["client"], "127.0.0.1")
                    self.assertEqual(line["sent_bytes"], len(f"GET /mine/{number} from appN\n"))
                    self.assertGreater(line["total_ms"], 0)
                    self.assertGreaterEqual(line["total_ms"], line["first_byte_ms"])
                    self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
                self.assertEqual(len({line["request_id"] for line in self.lines(door, "/mine/", 10)}), 10)

                self.assertEqual(http_get(door.address, "/none").status, 404)
                (line,) = self.lines(door, "/none", 1)
                self.assertEqual((line["status"], line["upstream"], line["tries"]), (404, "", 0))
                self.assertRegex(line["outcome"], WORD)
                self.assertNotEqual(line["outcome"], "served")

                self.assertIn(http_get(door.address, "/dead").status, (502, 503))
                (line,) = self.lines(door, "/dead", 1)
                self.assertRegex(line["outcome"], WORD)

    def test_misfortunes_have_their_line_too(self):
        config = '[timeouts]\nresponse_header = "500ms"\nclient_header = "300ms"\n'
        with App("app") as app, Frontdoor(config + pool("app", [app])) as door:
            door.wait_until_serving([app], "/ready")
            self.assertEqual(http_get(door.address, "/slow?ms=5000").status, 504)
            (line,) = self.lines(door, "/slow?ms=5000", 1)
            self.assertEqual((line["status"], line["upstream"]), (504, app.address))

            with Client(door.address) as client:
                client.send("NONSENSE\r\n\r\n")
                self.assertEqual(client.read_response().status, 400)
            eventually(lambda: [l for l in door.access() if l.get("status") == 400], "a line for the bad request")

            with Client(door.address) as client:
                client.send("GET /drip HTTP/1.1\r\nHo")
                self.assertEqual(client.read_response().status, 408)
            (line,) = self.lines(door, "/drip", 1)
            self.assertEqual((line["status"], line["method"]), (408, "GET"))

            with Client(door.address) as client:
                client.request("GET", "/big?bytes=100000000")
                client.read_head()
            (line,) = self.lines(door, "/big?bytes=100000000", 1)
            self.assertNotEqual(line["outcome"], "served")
            self.assertLess(line["sent_bytes"], 100_000_000)

            with Client(door.address) as client:
                client.request("GET", "/truncated")
                with self.assertRaises((EOFError, ConnectionResetError)):
                    client.read_response()
            (line,) = self.lines(door, "/truncated", 1)
            self.assertNotEqual(line["outcome"], "served")

            Client(door.address).close()  # a connection without a request is no line
            get(door.address, "/after")
            door.terminate()
            self.assertEqual(door.wait(), 0)  # all that any worker had to say is written
            asked = ("/ready", "/slow?ms=5000", "/big?bytes=100000000", "/truncated", "/after")
            refused = (400, 408)
            self.assertEqual([line for line in door.access()
                              if line["target"] not in asked and line["status"] not in refused], [])
            self.assertEqual(sorted(line["status"] for line in door.access() if line["status"] in refused),
                             sorted(refused))

    def test_the_upstream_that_hung_is_named_and_not_only_the_last(self):
        config = '[timeouts]\nresponse_header = "500ms"\n'
        with apps(2) as two, Frontdoor(config + pool("app", two, health="")) as door:
            door.wait_until_serving(two)
            two[0].stop()
            try:
                for number in range(2):  # one of them meets the one that hangs
                    self.assertEqual(http_get(door.address, f"/hang/{number}").status, 200)
            finally:
                two[0].go_on()
            moved = [line for line in self.lines(door, "/hang/", 2) if line["tries"] == 2]
            self.assertEqual(len(moved), 1)
            (line,) = moved
            self.assertEqual([(attempt["upstream"], attempt["outcome"]) for attempt in line["attempts"]],
                             [(two[0].address, "response_header_timeout"), (two[1].address, "served")])
            self.assertGreaterEqual(line["attempts"][0]["total_ms"], 500)
            self.assertGreaterEqual(line["total_ms"], 500)
            self.assertLess(line["connect_ms"], 400, "the last attempt's own")

    def test_nonsense_is_told_in_the_event_log_with_its_reason(self):
        with App("app") as app, Frontdoor(pool("app", [app])) as door:
            door.wait_until_serving([app])
            for _ in range(3):
                with Client(door.address) as client:
                    client.send("GET /twice HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")
                    self.assertEqual(client.read_response().status, 400)
            details = {line["detail"] for line in self.lines(door, "/twice", 3)}
            door.terminate()
            self.assertEqual(door.wait(), 0)
            told = [event for event in door.events() if event["event"] == "requests refused"]
            self.assertEqual(sum(event["requests"] for event in told), 3)
            self.assertEqual({event["reason"] for event in told}, details)

    def test_nonsense_of_an_app_is_told_once_with_how_often(self):
        with App("app") as app, Frontdoor(pool("app", [app])) as door:
            door.wait_until_serving([app])
            began = time.monotonic()
            for _ in range(20):
                self.assertEqual(http_get(door.address, "/two-lengths").status, 502)
            lines = self.lines(door, "/two-lengths", 20)
            door.terminate()
            took = time.monotonic() - began
            self.assertEqual(door.wait(), 0)
            told = [event for event in door.events() if event["event"] == "invalid responses"]
            self.assertEqual(sum(event["responses"] for event in told), 20)
            self.assertEqual({(event["upstream"], event["outcome"], event["reason"]) for event in told},
                             {(app.address, "invalid_response", lines[0]["detail"])})
            self.assertLessEqual(len(told), 2 + took // 10, "each ten seconds")

    def test_tls_on_a_plain_port_and_a_bad_target_are_called_by_their_names(self):
        with App("app") as app, Frontdoor(pool("app", [app])) as door:
            door.wait_until_serving([app])
            for sent, outcome, detail in [
                    (b"\x16\x03\x01\x02\x00\x01\x00\x01", "bad_request", "TLS where HTTP without it is spoken"),
                    (b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "bad_target",
                     "the path has a broken % escape, climbs above the root, or hides a dot segment")]:
                with self.subTest(detail), Client(door.address) as client:
                    client.socket.sendall(sent)
                    self.assertEqual(client.read_response().status, 400)
                    line = eventually(lambda outcome=outcome: [e for e in door.access() if e.get("outcome") == outcome], "its line")[0]
                    self.assertEqual(line["detail"], detail)

    def test_body_bytes_are_counted_both_ways(self):
        with App("app") as app, Frontdoor(pool("app", [app])) as door:
            door.wait_until_serving([app])
            with Client(door.address) as client:
                # Of a longer body so much may be left when its echo begins that the answer announces a close.
                client.request("POST", "/echo?length", body=b"x" * 60_000)
                client.read_response()
                client.send("POST /echo?chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "5\r\nhello\r\n0\r\n\r\n")
                client.read_response()
            (line,) = self.lines(door, "/echo?length", 1)
            self.assertEqual((line["received_bytes"], line["sent_bytes"]), (60_000, 60_000))
            (line,) = self.lines(door, "/echo?chunked", 1)
            self.assertEqual((line["received_bytes"], line["sent_bytes"]), (5, 5))

    def test_as_many_lines_as_requests_under_load(self):
        with apps(2) as two, Frontdoor(pool("app", two)) as door:
            door.wait_until_serving(two)
            report = wrk_report(wrk(door.address, "/load", seconds=2))
            # wrk abandons what is in flight when its time is over; the door has a line for each of those as well.
            served = eventually(lambda: (lambda n: n >= report["requests"] and n)(
                sum(line.get("target") == "/load" for line in door.access())), "all the lines")
            say(f"{report['requests']} requests, {served} lines")
            self.assertLessEqual(served - report["requests"], 64)

    def test_hostile_fields_stay_inside_their_line(self):
        for log_format in ("json", "combined"):
            config = f'[access_log]\nformat = "{log_format}"\n'
            with App("app") as app, Frontdoor(config + pool("app", [app])) as door:
                door.wait_until_serving([app])
                with Client(door.address) as client:
                    client.send(b'GET /hostile"\\ HTTP/1.1\r\nHost: a\r\nUser-Agent: \xff\xfe" \x80\r\n\r\n')
                    client.read_response()
                get(door.address, "/after")
                # Two workers may have written them, each its own in its own time: neither says that the other is there.
                for word in (b"/hostile", b"/after"):
                    eventually(lambda w=word: [line for line in self.raw(door) if w in line], f"the line with {word}")
                (hostile,) = [line for line in self.raw(door) if b"/hostile" in line]
                self.assertTrue(all(0x20 <= byte < 0x7f for byte in hostile) or log_format == "json")
                if log_format == "combined":
                    self.assertRegex(hostile.decode(), r'^127\.0\.0\.1 - - \[.*\] "GET /hostile\\"\\\\ HTTP/1\.1" 200 ')

    @staticmethod
    def raw(door):
        """Complete lines: what is being written just now is none yet."""
        with open(door.stdout_file, "rb") as file:
            content = file.read()
        return content[:content.rfind(b"\n") + 1].splitlines()


class Destinations(unittest.TestCase):
    def serve_with_log(self, output):
        with App("app") as app, Frontdoor(f'[access_log]\noutput = "{output}"\n' + pool("app", [app])) as door:
            door.wait_until_serving([app])
            report = wrk_report(wrk(door.address, seconds=2))
            self.assertEqual((report["not_ok"], sum(report["socket_errors"].values())), (0, 0), report["text"])
            door.terminate()
            self.assertEqual(door.wait(), 0)
            report["events"] = door.events()
            return report

    def test_a_full_disk_costs_no_request_and_is_named(self):
        lost = [event for event in self.serve_with_log("/dev/full")["events"] if event["event"] == "access log lines lost"]
        self.assertTrue(lost)
        for event in lost:
            self.assertEqual((event["file"], event["reason"]), ("/dev/full", "No space left on device"))

    def test_a_path_gets_the_lines(self):
        with tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
            path = os.path.join(directory, "access.log")
            report = self.serve_with_log(path)
            with open(path, "rb") as file:
                self.assertGreaterEqual(file.read().count(b"\n"), report["requests"])

    def test_off_is_off(self):
        self.serve_with_log("off")

    def test_a_path_that_cannot_be_opened_is_an_error_at_start(self):
        door = Frontdoor('[access_log]\noutput = "/no/such/directory/log"\n' + pool("app", ["127.0.0.1:1"]))
        try:
            self.assertEqual(door.spawn().wait(20), 78)
            self.assertIn('the directory "/no/such/directory" does not exist', door.stderr())
        finally:
            door.close()

    def test_a_stdout_nobody_reads_costs_no_request_and_no_clean_end(self):
        with App("app") as app:
            door = Frontdoor(pool("app", [app]))
            try:
                door.spawn(stdout=subprocess.PIPE)
                door.wait_until_ready()
                door.wait_until_serving([app])
                for _ in range(2):
                    report = wrk_report(wrk(door.address, seconds=2))
                    self.assertEqual((report["not_ok"], sum(report["socket_errors"].values())), (0, 0), report["text"])
                door.terminate()
                self.assertEqual(door.wait(20), 0)
            finally:
                door.close()
                door.process.stdout.close()

    def test_a_stdout_whose_reader_went_away_costs_no_request(self):
        with App("app") as app:
            door = Frontdoor(pool("app", [app]))
            try:
                door.spawn(stdout=subprocess.PIPE)
                door.process.stdout.close()
                door.wait_until_ready()
                door.wait_until_serving([app])
                self.assertEqual(wrk_report(wrk(door.address, seconds=1))["not_ok"], 0)
                door.terminate()
                self.assertEqual(door.wait(20), 0)
            finally:
                door.close()


if __name__ == "__main__":
    main()
