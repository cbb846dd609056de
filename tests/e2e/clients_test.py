#!/usr/bin/env python3
"""Who the client is, through one front door and through two: PROXY headers, X-Forwarded-For, connections per client."""

import contextlib
import os
import tempfile
import unittest

from support import App, Client, Frontdoor, eventually, http_get, main, pool


def listener(keys, address="127.0.0.1:0"):
    return f'[[listener]]\naddress = "{address}"\n{keys}\n'


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(App("app"))

    @contextlib.contextmanager
    def two_doors(self, version):
        """The outer one names its clients to the inner one, health checks included."""
        inner_keys = 'proxy_protocol = true\ntrusted_proxies = ["127.0.0.1"]'
        with Frontdoor(pool("app", [self.app]), listeners=listener(inner_keys)) as inner:
            with Frontdoor(pool("inner", [inner.address], more=f'send_proxy = "{version}"'),
                           listeners=listener('trusted_proxies = ["127.0.0.1"]')) as outer:
                outer.wait_until_serving([self.app])
                yield outer, inner

    def test_a_client_is_known_behind_two_front_doors(self):
        for version in ("v1", "v2"):
            with self.two_doors(version) as (outer, inner):
                for client in ("203.0.113.7", "2001:db8::7"):
                    fields = [("X-Forwarded-For", client), ("X-Request-Id", "named-outside")]
                    headers = http_get(outer.address, "/received", fields).json()["headers"]
                    self.assertEqual(headers["x-forwarded-for"], client, "what the header of the outer one says")
                    named = eventually(lambda: [line for line in inner.access() if line["client"] == client],
                                       "the client in the inner log")
                    self.assertEqual(named[0]["status"], 200)
                eventually(lambda: {line["client"] for line in outer.access() if line["request_id"] == "named-outside"}
                           == {"203.0.113.7", "2001:db8::7"}, "both in the outer log, by the name of the request")
                self.assertEqual([event for event in inner.events() if "unserved" in str(event)], [])

    def test_connections_per_client_are_counted_across_workers(self):
        with Frontdoor(pool("app", [self.app]), listeners=listener("max_connections_per_client = 3"), workers=4) as door:
            with contextlib.ExitStack() as stack:
                # One after the other, each with an answer: what readiness checks opened has gone by then.
                clients = []
                while len(clients) < 3:
                    client = stack.enter_context(Client(door.address))
                    try:
                        client.get("/")
                        clients.append(client)
                    except (EOFError, OSError):
                        pass
                for _ in range(5):
                    with Client(door.address) as one_more:
                        self.assertTrue(one_more.at_end())
                for client in clients:
                    self.assertEqual(client.get("/").status, 200)
            eventually(lambda: self.serves(door), "room again")
            event = eventually(lambda: [event for event in door.events() if "unserved" in str(event)],
                               "the event about them")[0]
            self.assertIn("max_connections_per_client", str(event))

    def serves(self, door):
        try:
            return http_get(door.address).status == 200
        except (EOFError, OSError):
            return False

    def test_who_reaches_a_unix_socket_can_be_trusted(self):
        with tempfile.TemporaryDirectory() as directory:
            keys = listener('trusted_proxies = ["unix"]', "unix:" + os.path.join(directory, "door.sock"))
            with Frontdoor(pool("app", [self.app]), listeners=keys) as door:
                headers = http_get(door.address, "/received", [("X-Forwarded-For", "203.0.113.7")]).json()["headers"]
                self.assertEqual(headers["x-forwarded-for"], "203.0.113.7, unknown")
                self.assertEqual(eventually(door.access, "a line")[0]["client"], "203.0.113.7")


if __name__ == "__main__":
    main()
