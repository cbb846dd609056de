#!/usr/bin/env python3
"""The tools of these tests, tested without frontdoor: a client that could not see a failure would prove nothing."""

import unittest

from support import App, Client, FixedRate, apps, curl, eventually, get, http_get, main
from support.ledger import Ledger


class Harness(unittest.TestCase):
    def test_the_fixed_rate_client_keeps_its_rate_and_reports_no_failure_where_there_is_none(self):
        with App("a") as app, FixedRate(app.address, rate=200, seconds=1) as load:
            eventually(lambda: load.ended(), "the end of the load")
            report = load.finish()
        self.assertEqual(report["failed"], 0, report)
        self.assertEqual(report["requests"] + report["left_out"], 200)
        self.assertEqual(report["by_app"], {"a": report["requests"]})

    def test_the_fixed_rate_client_numbers_its_posts_and_names_those_that_fail(self):
        with Ledger() as ledger, App("a", script="ledger.js", environment={"LEDGER": ledger.path}) as app:
            with FixedRate(app.address, rate=100, seconds=1, post_every=5) as load:
                eventually(lambda: load.ended(), "the end of the load")
                report = load.finish()
            self.assertEqual((report["requests"] + report["left_out"], report["posts_failed"]), (100, []))
            self.assertEqual(report["posts"], report["requests"] // 5)
            begun, ended = ledger.read()
            self.assertEqual((sorted(begun), sorted(ended)), (list(range(1, report["posts"] + 1)),) * 2)
            self.assertEqual(begun[1], [app.pid])

            with FixedRate(app.address, rate=100, post_every=5) as load:
                eventually(lambda: len(ledger.read()[1]) > 20, "some more")
                app.kill()
                report = load.finish_after(0.5)  # long enough for requests that nobody answers
            self.assertTrue(report["posts_failed"] or report["failed"], report)
            self.assertLessEqual({f["method"] for f in report["failures"]}, {"GET", "POST"})

    def test_the_fixed_rate_client_sees_every_kind_of_failure(self):
        with App("a") as app:
            with FixedRate(app.address, target="/status/500", rate=50) as load:
                eventually(lambda: get_state(app)["requests"] > 10, "requests")
                report = load.finish()
            self.assertEqual(report["failed"], report["requests"])
            self.assertIn("status 500", report["failures"][0]["reason"])

            with FixedRate(app.address, rate=100) as load:
                before = get_state(app)["requests"]
                eventually(lambda: get_state(app)["requests"] > before + 20, "requests")
                app.kill()
                report = load.finish()
            self.assertGreater(report["requests"], report["failed"])

            app.restart()
            with FixedRate(app.address, rate=100, timeout=0.2) as load:
                before = get_state(app)["requests"]
                eventually(lambda: get_state(app)["requests"] > before + 20, "requests")
                app.stop()
                report = load.finish_after(0.5)
                app.go_on()
            self.assertIn("no answer in time", str(report["failures"]))

    def test_an_app_comes_back_on_its_port(self):
        with App("a") as app:
            address = app.address
            app.kill()
            with self.assertRaises(OSError):
                http_get(address)
            app.restart()
            self.assertEqual(get(address), "hello from a\n")

    def test_the_raw_client_reads_every_kind_of_body(self):
        with App("a") as app, Client(app.address) as client:
            self.assertEqual(client.get("/big?bytes=100000").body, client.get("/big?bytes=100000&chunked=1").body)
            self.assertEqual(client.get("/hints").informational[0].status, 103)
            self.assertEqual(client.get("/trailers").trailers, [("X-Checksum", "42")])
            client.request("HEAD", "/")
            self.assertEqual(client.read_response("HEAD").body, b"")
            self.assertEqual(client.get("/status/204").body, b"")
            self.assertEqual(client.get("/until-close").text, "until the very end\n")
            self.assertTrue(client.at_end())

    def test_curl_reports_what_it_saw(self):
        with apps(1) as (app,):
            response = curl(app.address, "/echo", "-d", "some data")
            self.assertEqual((response.status, response.body), (200, b"some data"))


def get_state(app):
    return http_get(app.address, "/state").json()


if __name__ == "__main__":
    main()
