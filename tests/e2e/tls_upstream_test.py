#!/usr/bin/env python3
"""TLS to upstreams: a second front door is the https site, so that its log tells how it was asked; and real Node."""

import contextlib
import json
import os
import socket
import time
import unittest

from support import App, Client, Dns, Frontdoor, eventually, http_get, main, pool
from support.certificates import Certificates
from tls_test import listener

ONCE = "retry.attempts = 0"  # or the second look may be faster than the second try, and there is no upstream any more
UPGRADE = [("Connection", "Upgrade"), ("Upgrade", "nothing")]  # refused, and then the connection is not kept
EXAMPLE = os.path.join(os.path.dirname(__file__), "..", "..", "examples", "remote-https-sites.toml")


def kept(line):
    """Whether the request went over a connection that was there."""
    return line["connect_ms"] < 0.01


@contextlib.contextmanager
def silent_site():
    """Takes connections and says nothing in them."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


class Upstreams(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = cls.enterClassContext(Certificates())
        cls.app = cls.enterClassContext(App("app"))
        cls.site_cert = cls.made.issue("site.example", "site-a.example.net", "site-b.example.net", "127.0.0.1")

    @contextlib.contextmanager
    def site(self, more="", app=None, head="", after=""):
        config = pool("app", [app or self.app]) + after
        listeners = listener([self.site_cert], more).replace("[listener.tls]", f"{head}[listener.tls]")
        with Frontdoor(config, listeners=listeners, workers=1) as site:
            self.wait_until_up(site)
            yield site

    def wait_until_up(self, door, count=1):
        eventually(lambda: len([e for e in door.events() if e.get("event") == "upstream up"]) >= count, f"{count} up")

    @contextlib.contextmanager
    def door(self, *sites, tls="", health="", more="", head="", ca=None, workers=1, prefix=()):
        """In front of the sites, by https; each is a Frontdoor, an address or a table."""
        with Frontdoor(self.config(*sites, tls=tls, health=health, more=more, ca=ca), head + 'listen = "127.0.0.1:0"\n',
                       workers=workers, prefix=prefix) as door:
            yield door

    def config(self, *sites, tls="", health="", more="", ca=None):
        addresses = [getattr(site, "address", site) for site in sites]
        tables = ", ".join(text if text.startswith("{") else json.dumps(f"https://{text}") for text in addresses)
        check = f"health_check = {health}\n" if health else ""
        believed = "" if ca == "" else f"ca = {json.dumps(ca or self.made.ca)}\n"
        return f"[pool.sites]\nupstreams = [{tables}]\n{check}{more}\n[pool.sites.tls]\n{believed}{tls}\n" \
               "[pool.sites.hold]\ntimeout = \"0s\"\n"

    def last_line(self, door, count=1):
        return eventually(lambda: door.access()[count - 1:], "its line")[-1]

    def asked(self, site, count=1):
        """What the site's log says of the traffic."""
        return eventually(lambda: [line for line in site.access() if line["target"] == "/received"][count - 1:] and
                          [line for line in site.access() if line["target"] == "/received"], "its lines")


class Sites(Upstreams):
    def test_a_site_is_verified_asked_by_its_name_and_kept(self):
        with self.site() as site, self.door(site) as door:
            for _ in range(5):
                answer = http_get(door.address, "/received", host="client.example")
                self.assertEqual(answer.status, 200, answer)
            headers = answer.json()["headers"]
            self.assertEqual(headers["host"], site.address, "the site's own name")
            lines = eventually(lambda: door.access()[4:] and door.access(), "all lines")
            self.assertEqual([kept(line) for line in lines], [False, True, True, True, True],
                             "tickets are no reason to drop an idle connection")
            self.assertEqual(self.asked(site)[-1]["tls"], "TLSv1.3")

    def test_the_next_connection_resumes_the_session(self):
        with self.site() as site, self.door(site) as door:
            for _ in range(3):
                http_get(door.address, "/received", UPGRADE)
            self.assertEqual([line["tls_resumed"] for line in self.asked(site, 3)], [False, True, True])

    def test_node_behind_tls(self):
        cert, key = self.site_cert
        with App("node", environment={"CERT": cert, "KEY": key}) as app, self.door(app, health='"/healthz"') as door:
            self.wait_until_up(door)
            with Client(door.address) as client:
                headers = client.get("/received", host="client.example").json()["headers"]
                self.assertEqual((headers["host"], headers["x-forwarded-host"]), (app.address, "client.example"))
                for _ in range(3):
                    self.assertEqual(client.get("/").text, "hello from node\n")
                self.assertEqual(len(client.get("/big?bytes=5000000&chunked=1").body), 5_000_000)
                body = b"x" * 2_000_000
                client.request("POST", "/echo", body=body)
                self.assertEqual(client.read_response().body, body)
            app.kill()
            answer = http_get(door.address)
            self.assertIn(answer.status, (502, 503), answer)

    def test_names_of_ones_own(self):
        with self.site() as site:
            table = f'{{ address = "https://{site.address}", host = "site.example" }}'
            with self.door(table, tls='server_name = "site.example"') as door:
                self.assertEqual(http_get(door.address, "/received").json()["headers"]["host"], "site.example")
                self.assertEqual(self.asked(site)[-1]["tls_server_name"], "site.example")

    def test_a_plain_upstream_may_have_a_host_too(self):
        table = f'{{ address = "{self.app.address}", host = "app.internal" }}'
        with Frontdoor(f"[pool.app]\nupstreams = [{table}]\n") as door:
            self.assertEqual(http_get(door.address, "/received").json()["headers"]["host"], "app.internal")

    def test_the_system_is_asked_whom_to_believe(self):
        with self.site() as site:
            with self.door(site, ca="", prefix=["env", f"SSL_CERT_FILE={self.made.ca}"]) as door:
                self.assertEqual(http_get(door.address, "/received").status, 200)
            with self.door(site, ca="", more=ONCE) as door:
                self.assertEqual(http_get(door.address).status, 502, "the machine does not believe the test's authority")
                self.assertEqual(self.last_line(door)["outcome"], "tls_untrusted")
        nobody = Frontdoor(self.config("127.0.0.1:1", ca=""), prefix=["env", "SSL_CERT_FILE=/nowhere", "SSL_CERT_DIR=/nowhere"])
        nobody.expected_status = None
        with self.assertRaises(AssertionError) as failed, nobody:
            pass
        self.assertIn("this system has no certificates of authorities", str(failed.exception))

    def test_a_name_is_looked_up_again_and_asked_for_as_before(self):
        with App("one") as one, App("two", host="127.0.0.2") as two, Dns({"site.example": ["127.0.0.1"]}) as dns:
            with self.site(app=one) as first:
                port = first.address.rpartition(":")[2]
                there = f'listen = "127.0.0.2:{port}"\ntls = {{ cert = "{self.site_cert[0]}", key = "{self.site_cert[1]}" }}\n'
                with Frontdoor(pool("app", [two]), listeners=there, workers=1) as second:
                    self.wait_until_up(second)
                    with self.door(f"site.example:{port}", head=dns.config) as door, Client(door.address) as client:
                        self.assertEqual(client.get("/received").json()["name"], "one")
                        dns.zone["site.example"] = ["127.0.0.2"]
                        eventually(lambda: client.get("/received").json()["name"] == "two", "the new address")
                        self.assertEqual(client.get("/received").json()["headers"]["host"], f"site.example:{port}")
                    self.assertEqual(self.asked(second)[-1]["tls_server_name"], "site.example")

    def test_bodies_and_a_site_that_goes_away(self):
        with self.site() as site, self.door(site) as door:
            body = http_get(door.address, "/big?bytes=3000000").body
            self.assertEqual(len(body), 3_000_000)
            self.assertEqual(http_get(door.address, "/until-close").text, "until the very end\n")
            site.terminate()
            site.wait()
            self.assertIn(http_get(door.address).status, (502, 503))

    def test_a_websocket(self):
        with App("ws", script="websocket.js") as app, self.site(app=app) as site, self.door(site) as door:
            with Client(door.address) as client:
                client.request("GET", "/", [("Connection", "Upgrade"), ("Upgrade", "websocket"),
                                            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13")])
                self.assertEqual(client.read_response().status, 101)
                for _ in range(3):
                    client.send(b"\x82\x85\0\0\0\0hello")
                    self.assertEqual(client._take(7), b"\x82\x05hello")
                client.send(b"\x88\x82\0\0\0\0\x03\xe8")
                self.assertEqual(client._take(4), b"\x88\x02\x03\xe8")
            self.assertEqual(self.last_line(door)["outcome"], "served")

    def test_an_idle_connection_that_the_site_closes_costs_no_post(self):
        with self.site(after='[timeouts]\nclient_idle = "200ms"\n') as site, self.door(site) as door:
            with Client(door.address) as client:
                for _ in range(4):
                    client.request("POST", "/received", body=b"once")
                    self.assertEqual(client.read_response().status, 200)
                    time.sleep(0.3)  # the site has closed, by close_notify and FIN
            lines = eventually(lambda: door.access()[3:] and door.access(), "all lines")
            self.assertEqual([line["tries"] for line in lines], [1, 1, 1, 1])
            self.assertEqual(len(self.asked(site, 4)), 4)

    def test_a_proxy_header_comes_before_the_handshake(self):
        with self.site(head='proxy_protocol = true\ntrusted_proxies = ["127.0.0.1"]\n') as site:
            with self.door(site, more='send_proxy = "v1"') as door:
                headers = http_get(door.address, "/received").json()["headers"]
                self.assertIn("127.0.0.1", headers["x-forwarded-for"])
                self.assertEqual(self.asked(site)[-1]["tls"], "TLSv1.3")


class Trust(Upstreams):
    def test_who_can_not_prove_himself_gets_nothing(self):
        other = self.made.authority("other")[0]
        with self.site() as site:
            for tls, ca, detail in (('server_name = "elsewhere.example"', None, "hostname mismatch"),
                                    ("", other, "unable to get local issuer certificate")):
                with self.door(site, tls=tls, ca=ca, more=ONCE) as door:
                    answer = http_get(door.address, "/secret")
                    self.assertEqual((answer.status, "tls_untrusted" in answer.text), (502, True), answer)
                    line = self.last_line(door)
                    self.assertEqual((line["outcome"], line["detail"]), ("tls_untrusted", detail))
            with self.door(site, tls='server_name = "elsewhere.example"\nverify = false') as door:
                self.assertEqual(http_get(door.address, "/received").status, 200)
                self.assertEqual(self.asked(site)[-1]["tls_server_name"], "elsewhere.example")
            self.assertNotIn("/secret", [line["target"] for line in site.access()])

    def test_who_speaks_no_tls_is_told_apart(self):
        with self.door(self.app.address, more=ONCE) as door:
            answer = http_get(door.address)
            self.assertEqual((answer.status, "tls_failed" in answer.text), (502, True), answer)
            line = self.last_line(door)
            self.assertEqual((line["outcome"], line["detail"]), ("tls_failed", "wrong version number"))

    def test_our_own_certificate_is_shown(self):
        authority = self.made.authority("doors")
        cert, key = self.made.issue(by=authority, subject="/CN=door", usage="clientAuth")
        with self.site(f"client_ca = {json.dumps(authority[0])}") as site:
            with self.door(site, tls=f"cert = {json.dumps(cert)}\nkey = {json.dumps(key)}") as door:
                for _ in range(2):
                    answer = http_get(door.address, "/received", UPGRADE)
                    self.assertEqual(answer.json()["headers"]["x-client-cert-subject"], "CN=door")
            with self.door(site, more=ONCE) as door:
                answer = http_get(door.address)
                self.assertEqual((answer.status, "tls_failed" in answer.text), (502, True), answer)
                self.assertEqual(self.last_line(door)["detail"], "tlsv13 alert certificate required")

    def test_a_reload_keeps_connections_unless_somebody_else_is_believed(self):
        other = self.made.authority("other")[0]
        with self.site() as site, self.door(site, more=ONCE) as door:
            config = self.config(site, more=ONCE)
            http_get(door.address, "/received")
            door.reload(config)
            http_get(door.address, "/received")
            self.assertTrue(kept(self.last_line(door, 2)))
            door.reload(self.config(site, ca=other, more=ONCE))
            self.assertEqual(http_get(door.address, "/received").status, 502)
            self.assertEqual(self.last_line(door, 3)["outcome"], "tls_untrusted")
            door.reload(config)
            eventually(lambda: http_get(door.address, "/received").status == 200, "belief again")
            door.reload(self.config(site, ca="/nowhere.pem"))
            self.assertIn("ca /nowhere.pem", door.stderr())
            self.assertEqual(http_get(door.address, "/received").status, 200)


class Checks(Upstreams):
    def test_checks_go_the_same_way(self):
        with self.site() as site:
            for check in ('"/healthz"', '{ type = "tls" }'):
                with self.door(site, health=check) as door:
                    self.wait_until_up(door)
            for check in ('{ path = "/healthz", interval = "200ms", fall = 1 }', '{ type = "tls", interval = "200ms", fall = 1 }'):
                with self.door(site, tls='server_name = "elsewhere.example"', health=check) as door:
                    event = eventually(lambda: [e for e in door.events() if "upstream down" in str(e)], "a failure")[0]
                    self.assertIn("TLS: hostname mismatch", str(event))
            eventually(lambda: [line for line in site.access() if line["target"] == "/healthz" and line["status"] == 200],
                       "asked by https")

    def test_they_ask_for_the_host_that_requests_ask_for(self):
        with self.site(after='[[route]]\nhost = "site.example"\n') as site:
            table = f'{{ address = "https://{site.address}", host = "site.example" }}'
            with self.door(table, tls='server_name = "site.example"', health='"/healthz"') as door:
                self.wait_until_up(door)
                self.assertEqual(http_get(door.address, "/received").status, 200)

    def test_without_a_check_a_site_that_fails_is_out_until_a_handshake_succeeds(self):
        with self.site() as site, self.door(site, self.app.address, more='retry.attempts = 2') as door:
            for _ in range(6):
                self.assertEqual(http_get(door.address, "/received").status, 200, "the other one serves")
            event = eventually(lambda: [e for e in door.events() if e.get("event") == "upstream down"], "it is out")[0]
            self.assertEqual((event["upstream"], event["reason"]),
                             (f"https://{self.app.address}", "TLS: wrong version number"))


class Tries(Upstreams):
    def test_a_handshake_that_does_not_end_costs_no_post(self):
        with silent_site() as silent, self.site() as site:
            with self.door(silent, site, more='timeouts.connect = "300ms"') as door, Client(door.address) as client:
                for _ in range(2):
                    client.request("POST", "/received", body=b"once")
                    self.assertEqual(client.read_response().status, 200)
                lines = eventually(lambda: door.access()[1:] and door.access(), "both lines")
            failed = [attempt for line in lines for attempt in line.get("attempts", [])]
            self.assertIn(("connect_timeout", "no TLS handshake in time"),
                          [(attempt.get("outcome"), attempt.get("detail")) for attempt in failed], lines)
            self.assertEqual(len(self.asked(site, 2)), 2, "each once")

    def test_one_that_stands_by_serves_while_the_first_is_down(self):
        """examples/remote-https-sites.toml, but for ports, our DNS, and times that are shorter."""
        zone = {"site-a.example.net": ["127.0.0.1"], "site-b.example.net": ["127.0.0.1"]}
        with open(EXAMPLE, encoding="utf-8") as file:
            example = file.read()
        with App("a") as app_a, App("b") as app_b, Dns(zone) as dns:
            with self.site(app=app_a) as site_a, self.site(app=app_b) as site_b:
                for name, site in (("a", site_a), ("b", site_b)):
                    name = f"site-{name}.example.net"
                    self.assertIn(f'"https://{name}"', example)
                    example = example.replace(f'"https://{name}"', f'"https://{name}:{site.address.rpartition(":")[2]}"')
                example = example.replace('listen = ":8080"\n', "")
                example = example.replace('interval = "5s"', 'interval = "200ms"').replace('timeout  = "3s"', 'timeout = "2s"')
                example += f"\n[pool.sites.tls]\nca = {json.dumps(self.made.ca)}\n"
                with Frontdoor(example, dns.config + 'listen = "127.0.0.1:0"\n') as door, Client(door.address) as client:
                    self.wait_until_up(door, 2)

                    def names(count):
                        return [client.get("/received").json()["name"] for _ in range(count)]

                    self.assertEqual(names(20), ["a"] * 20)
                    http_get(app_a.address, "/unwell")
                    eventually(lambda: names(1) == ["b"], "the second takes over")
                    self.assertEqual(names(20), ["b"] * 20)
                    http_get(app_a.address, "/well")
                    eventually(lambda: names(1) == ["a"], "the first is back")
                    self.assertEqual(names(20), ["a"] * 20)
                    site_a.terminate()
                    site_a.wait()
                    self.assertEqual(names(20), ["b"] * 20, "the first is gone, and no request knows")
                self.assertEqual({line["tls_server_name"] for line in self.asked(site_b)}, {"site-b.example.net"})


if __name__ == "__main__":
    main()
