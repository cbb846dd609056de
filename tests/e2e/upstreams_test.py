#!/usr/bin/env python3
"""Every way to say where an app is: IPv4, IPv6, a unix socket, a name; and names that do not help."""

import os
import tempfile
import unittest

from support import App, Client, Frontdoor, curl, eventually, free_port, get, http_get, main, pool


class Upstreams(unittest.TestCase):
    def serve_from(self, app, address=None):
        with Frontdoor(pool("app", [address or app])) as door:
            door.wait_until_serving([app])
            self.assertEqual(get(door.address), f"hello from {app.name}\n")
            self.assertEqual(curl(door.address, "/echo", "-d", "data").body, b"data")
            eventually(lambda: any(line.get("upstream") == (address or app.address) and line.get("status") == 200
                                   for line in door.access()), "the upstream's name in the access log")

    def test_ipv4(self):
        with App("v4") as app:
            self.serve_from(app)

    def test_ipv6(self):
        with App("v6", host="::1") as app:
            self.serve_from(app)

    def test_unix_socket(self):
        with tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
            with App("unix", path=os.path.join(directory, "app.sock")) as app:
                self.serve_from(app)

    def test_a_unix_socket_that_is_not_there_is_a_dead_upstream_that_can_come(self):
        with tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
            app = App("unix", path=os.path.join(directory, "app.sock"))
            with Frontdoor(pool("app", [app])) as door:
                self.assertEqual(http_get(door.address).status, 503)
                with app:
                    door.wait_until_serving([app])

    def test_localhost_where_only_ipv6_listens(self):
        with App("v6", host="::1") as app:
            self.serve_from(app, f"localhost:{app.port}")

    def test_localhost_where_only_ipv4_listens(self):
        with App("v4") as app:
            self.serve_from(app, f"localhost:{app.port}")

    def test_localhost_without_a_health_check(self):
        with App("v6", host="::1") as app:
            with Frontdoor(pool("app", [f"localhost:{app.port}"], health="")) as door:
                with Client(door.address) as client:
                    for _ in range(20):
                        self.assertEqual(client.get("/").text, "hello from v6\n")

    def test_a_name_that_does_not_resolve_is_a_down_upstream_and_says_why(self):
        with App("good") as app:
            bad = f"no-such-host.invalid:{free_port()}"
            with Frontdoor(pool("app", [app, bad])) as door:
                door.wait_until_serving([app])
                for _ in range(20):
                    self.assertEqual(get(door.address), "hello from good\n")
                eventually(lambda: any(event.get("upstream") == bad and "resolve" in str(event).lower()
                                       for event in door.events()), "an event with the reason")

    # A request that led back to its own front door was sent on some hundred times, until its head was too large, and
    # without Via until there were no descriptors left.
    def test_an_upstream_that_is_our_own_listener_is_a_loop_and_said_so(self):
        for via in ("true", "false"):
            with tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
                path = os.path.join(directory, "door.sock")
                listeners = f'[[listener]]\naddress = "unix:{path}"\nvia = {via}\n'
                with Frontdoor(pool("app", [f"unix:{path}"], health=""), listeners) as door:
                    self.assertEqual(http_get(door.address).status, 508)
                    eventually(lambda: len(door.access()) >= 2, "both lines in the access log")
                    self.assertEqual(sorted(line["outcome"] for line in door.access()), ["loop_detected", "served"])
                    eventually(lambda: any("came back" in str(event) for event in door.events()), "an event", 15)

    def test_a_listener_on_a_unix_socket_and_one_on_ipv6(self):
        with tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory, App("app") as app:
            path = os.path.join(directory, "door.sock")
            listeners = f"""
                [[listener]]
                name = "local"
                address = "unix:{path}"
                [[listener]]
                name = "six"
                address = "[::1]:0"
            """
            with Frontdoor(pool("app", [app]), listeners) as door:
                self.assertEqual(door.addresses["local"], f"unix:{path}")
                self.assertTrue(door.addresses["six"].startswith("[::1]:"))
                for address in door.addresses.values():
                    eventually(lambda a=address: http_get(a).status == 200, "an answer")
            self.assertFalse(os.path.exists(path), "the socket file is left behind")


    def test_a_socket_file_left_by_a_killed_front_door_is_no_obstacle_and_one_in_use_is(self):
        with tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory, App("app") as app:
            listener = f'listen = "unix:{directory}/door.sock"\n'
            killed = Frontdoor(pool("app", [app]), listener)
            try:
                killed.start()
                killed.process.kill()
                killed.process.wait()
            finally:
                killed.close()
            with Frontdoor(pool("app", [app]), listener) as door:
                door.wait_until_serving([app])
                second = Frontdoor(pool("app", [app]), listener)
                try:
                    self.assertEqual(second.spawn().wait(20), 1)
                finally:
                    second.close()
                self.assertEqual(get(door.address), "hello from app\n")


if __name__ == "__main__":
    main()
