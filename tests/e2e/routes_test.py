#!/usr/bin/env python3
"""Which pool a request goes to, and our own answers when there is none that could take it."""

import json
import os
import re
import unittest

from support import App, Client, Frontdoor, apps, curl, eventually, free_port, http_get, main, pool

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Routes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.api, cls.site, cls.rest = cls.enterClassContext(apps(3))
        config = """
            [[route]]
            host = "api.example.test"
            path = "/v1/*"
            pool = "api"
            [[route]]
            host = "*.example.test"
            pool = "site"
            [[route]]
            path = "/exact"
            pool = "rest"
            [[route]]
            path = "/nobody"
            pool = "dead"
        """ + pool("api", [cls.api]) + pool("site", [cls.site]) + pool("rest", [cls.rest])
        config += pool("dead", [f"127.0.0.1:{free_port()}"])
        cls.door = cls.enterClassContext(Frontdoor(config))
        for host, target in (("api.example.test", "/v1/"), ("www.example.test", "/"), ("", "/exact")):
            eventually(lambda h=host, t=target: http_get(cls.door.address, t, host=h or "x").status == 200, "a first pass")

    def app_of(self, host, target):
        return http_get(self.door.address, target, host=host).header("X-App")

    def test_host_and_path_decide(self):
        for host, target, app in (
                ("api.example.test", "/v1/users", "app1"), ("api.example.test", "/v1/", "app1"),
                ("API.Example.TEST:8080", "/v1/users", "app1"), ("api.example.test.", "/v1/users", "app1"),
                ("api.example.test", "/v2", "app2"), ("www.example.test", "/v1/users", "app2"),
                ("other.test", "/exact", "app3"), ("other.test", "/exact?query=1", "app3"),
                ("other.test", "/./exact", "app3"), ("other.test", "/%65xact", "app3")):
            self.assertEqual(self.app_of(host, target), app, (host, target))

    def test_what_others_may_route_elsewhere_is_a_400(self):
        # An app that does not remove dot segments would look for it below /a, which has no route.
        self.assertEqual(http_get(self.door.address, "/a/../exact", host="other.test").status, 400)

    def test_no_route_is_a_404_of_our_own(self):
        for host, target in (("other.test", "/"), ("other.test", "/exact/"), ("example.test", "/"),
                             ("other.test", "/exac%2574")):
            response = http_get(self.door.address, target, host=host)
            self.assertEqual(response.status, 404, (host, target))
            self.assertIsNone(response.header("X-App"))

    def test_our_answers_come_as_asked_for(self):
        text = curl(self.door.address, "/none")
        self.assertEqual(text.facts["content_type"], "text/plain; charset=utf-8")
        self.assertRegex(text.body.decode(), r"^404 Not Found \(\w+, request [\w-]+\)\n$")
        page = curl(self.door.address, "/none", "-H", "Accept: text/html,*/*;q=0.8")
        self.assertEqual(page.facts["content_type"], "text/html; charset=utf-8")
        self.assertIn(b"404", page.body)
        data = json.loads(curl(self.door.address, "/none", "-H", "Accept: application/json").body)
        self.assertEqual((data["status"], data["error"]), (404, "Not Found"))
        self.assertTrue(data["request_id"])

    def test_a_pool_with_nothing_up_is_a_503_that_says_when_to_come_back(self):
        response = http_get(self.door.address, "/nobody", host="other.test")
        self.assertEqual(response.status, 503)
        self.assertGreaterEqual(int(response.header("Retry-After")), 1)
        for inside in ("127.0.0.1", "refused", "errno", "dead"):
            self.assertNotIn(inside, response.text)

    def test_a_connection_is_kept_after_our_own_answer(self):
        with Client(self.door.address) as client:
            for target, status in (("/none", 404), ("/exact", 200), ("/nobody", 503), ("/exact", 200)):
                self.assertEqual(client.get(target, host="other.test").status, status)

    def test_head_of_our_own_answer_has_no_body(self):
        with Client(self.door.address) as client:
            client.request("HEAD", "/none")
            response = client.read_response("HEAD")
            self.assertEqual(response.status, 404)
            self.assertGreater(int(response.header("Content-Length")), 0)
            self.assertEqual(client.get("/exact", host="other.test").status, 200)

    def test_a_path_above_the_root_is_a_400(self):
        for target in ("/..", "/../exact", "/a/../../exact", "/%2e%2e/exact", "/%"):
            self.assertEqual(http_get(self.door.address, target, host="other.test").status, 400, target)


class Targets(unittest.TestCase):
    """docs/targets.md says of each path whether it is refused. (Its other words are those of an nginx behind us.)"""

    def test_the_page_says_what_is_refused(self):
        with open(os.path.join(ROOT, "docs", "targets.md"), encoding="utf-8") as page:
            rows = re.findall(r"^\| `(\S+)` \| (\S+) \|", page.read(), re.M)
        self.assertGreater(len(rows), 30)
        with App("app") as app, Frontdoor('[[route]]\npath = "/public/*"\npool = "app"\n' + pool("app", [app])) as door:
            door.wait_until_serving([app], target="/public/")
            for path, said in rows:
                with self.subTest(path), Client(door.address) as client:
                    client.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
                    self.assertEqual(client.read_response().status == 400, said == "400")


if __name__ == "__main__":
    main()
