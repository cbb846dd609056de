#!/usr/bin/env python3
"""Names whose addresses change, join, leave, fall silent or never come."""

import collections
import contextlib
import signal
import socket
import time
import unittest

from support import App, Client, Dns, Frontdoor, eventually, http_get, main, pool

LISTEN = 'listen = "127.0.0.1:0"\n'
QUICK = '{ path = "/healthz", interval = "200ms", interval_down = "100ms", timeout = "300ms", fall = 2 }'


@contextlib.contextmanager
def apps_on(*hosts):
    """One app on each of these addresses, all on the same port, named after the address."""
    with contextlib.ExitStack() as stack:
        started = []
        for host in hosts:
            app = App(host, host=host, port=started[0].port if started else None)
            started.append(stack.enter_context(app))
        yield started


@contextlib.contextmanager
def silent_at(host, port):
    """Listens there with a full queue, so that a connect is never answered."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server((host, port), backlog=0))
        for _ in range(2):
            queued = stack.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(listening.getsockname())
        yield


def who_answers(client, requests=60):
    return dict(collections.Counter(client.get("/").header("X-App") for _ in range(requests)))


class Names(unittest.TestCase):
    def test_after_a_name_got_another_address_all_requests_go_there(self):
        with apps_on("127.0.0.1", "127.0.0.2") as (old, _), Dns({"app.test": ["127.0.0.1"]}) as dns:
            for check in ("", QUICK):
                dns.zone["app.test"] = ["127.0.0.1"]
                with Frontdoor(pool("app", [f"app.test:{old.port}"], health=check), dns.config + LISTEN) as door:
                    with Client(door.address) as client:
                        self.assertEqual(who_answers(client, 20), {"127.0.0.1": 20})
                        dns.zone["app.test"] = ["127.0.0.2"]
                        eventually(lambda: "127.0.0.2" in who_answers(client, 1), "the new address")
                        self.assertEqual(who_answers(client), {"127.0.0.2": 60})
                    self.assertTrue(all(line["status"] == 200 for line in door.access()))

    def test_each_address_of_a_name_is_an_upstream_of_its_own(self):
        with apps_on("127.0.0.1", "127.0.0.2") as (one, two), Dns({"app.test": ["127.0.0.1", "127.0.0.2"]}) as dns:
            name = f"app.test:{one.port}"
            with Frontdoor(pool("app", [name], health=QUICK), dns.config + LISTEN, workers=1) as door:
                door.wait_until_serving([one, two])
                with Client(door.address) as client:
                    self.assertEqual(who_answers(client), {"127.0.0.1": 30, "127.0.0.2": 30})
                    two.process.send_signal(signal.SIGSTOP)
                    silent = f"{name} (127.0.0.2)"
                    eventually(lambda: [e for e in door.events() if e.get("upstream") == silent and "down" in str(e)],
                               "the eviction of the silent address")
                    began = time.monotonic()
                    self.assertEqual(who_answers(client), {"127.0.0.1": 60})
                    self.assertLess(time.monotonic() - began, 5)
                    two.process.send_signal(signal.SIGCONT)
                    door.wait_until_serving([two])
                eventually(lambda: {f"{name} (127.0.0.1)", silent} <= {line["upstream"] for line in door.access()},
                           "both in the access log")
                self.assertTrue(all(line["status"] == 200 for line in door.access()))

    def test_a_silent_address_is_found_out_without_a_health_check(self):
        with apps_on("127.0.0.1") as (app,), silent_at("127.0.0.2", app.port):
            with Dns({"app.test": ["127.0.0.1", "127.0.0.2"]}) as dns:
                name = f"app.test:{app.port}"
                config = pool("app", [name], health="", more="timeouts.connect = '300ms'")
                with Frontdoor(config, dns.config + LISTEN, workers=1) as door, Client(door.address) as client:
                    who_answers(client, 2)
                    eventually(lambda: [e for e in door.events() if e.get("upstream") == f"{name} (127.0.0.2)"
                                        and e.get("reason") == "probe timed out"], "the silent address's end")
                    began = time.monotonic()
                    self.assertEqual(who_answers(client), {"127.0.0.1": 60})
                    self.assertLess(time.monotonic() - began, 5, "60 requests at 300 ms each are 18 s")

    def test_an_app_that_listens_on_one_family_of_its_name_loses_nothing(self):
        for check in ("", QUICK):
            with apps_on("127.0.0.1") as (app,), Dns({"app.test": ["127.0.0.1", "::1"]}) as dns:
                name = f"app.test:{app.port}"
                with Frontdoor(pool("app", [name], health=check), dns.config + LISTEN) as door:
                    with Client(door.address) as client:
                        self.assertEqual(who_answers(client), {"127.0.0.1": 60})
                    down = [e for e in door.events() if e.get("event") == "upstream down"]
                    self.assertLessEqual(len(down), 1, "one line says it")
                    self.assertTrue(all(e["upstream"] == f"{name} (::1)" for e in down), down)

    def test_an_app_that_is_made_anew_elsewhere_is_found_before_its_ttl_ends(self):
        # As a container that is recreated: its address changes, and the TTL of the old one says ten minutes.
        with apps_on("127.0.0.1", "127.0.0.2") as (old, _), Dns({"app.test": ["127.0.0.1"]}, ttl=600) as dns:
            with Frontdoor(pool("app", [f"app.test:{old.port}"], health=""), dns.config + LISTEN) as door:
                with Client(door.address) as client:
                    self.assertEqual(who_answers(client, 5), {"127.0.0.1": 5})
                    old.close()
                    dns.zone["app.test"] = ["127.0.0.2"]
                    self.assertEqual(who_answers(client), {"127.0.0.2": 60})
                self.assertTrue(all(line["status"] == 200 for line in door.access()))

    def test_a_request_on_an_address_that_leaves_is_finished_there(self):
        with apps_on("127.0.0.1", "127.0.0.2") as (old, _), Dns({"app.test": ["127.0.0.1"]}) as dns:
            with Frontdoor(pool("app", [f"app.test:{old.port}"], health=QUICK), dns.config + LISTEN) as door:
                with Client(door.address) as slow, Client(door.address) as client:
                    slow.send("GET /slow?ms=3000 HTTP/1.1\r\nHost: e\r\n\r\n")
                    eventually(lambda: "/slow" in http_get(old.address, "/in-flight").text, "the request at the app")
                    dns.zone["app.test"] = ["127.0.0.2"]
                    eventually(lambda: "127.0.0.2" in who_answers(client, 1), "the new address")
                    self.assertEqual(slow.read_response().text, "slow hello from 127.0.0.1\n")

    def test_names_that_never_resolve_delay_nobody(self):
        with apps_on("127.0.0.1") as (app,), Dns({"app.test": ["127.0.0.1"]}) as dns:
            never = [f"never{n}.test" for n in range(24)]
            dns.silent.update(never)
            pools = "".join(pool(f"n{n}", [f"{name}:{app.port}"]) for n, name in enumerate(never))
            routes = "".join(f'[[route]]\npath = "/n{n}/*"\npool = "n{n}"\n' for n in range(24))
            config = pools + pool("app", [f"app.test:{app.port}"]) + routes + '[[route]]\npool = "app"\n'
            with Frontdoor(config, dns.config + LISTEN) as door:
                began = time.monotonic()
                self.assertEqual(http_get(door.address).status, 200)
                self.assertLess(time.monotonic() - began, 3, "as long as the first of them takes to fail")
                self.assertFalse([e for e in door.events() if "does not resolve" in str(e)])

    def test_a_dns_server_that_dies_takes_no_address_away(self):
        with apps_on("127.0.0.1") as (app,), Dns({"app.test": ["127.0.0.1"]}) as dns:
            with Frontdoor(pool("app", [f"app.test:{app.port}"], health=QUICK), dns.config + LISTEN) as door:
                door.wait_until_serving([app])
                del dns.zone["app.test"]
                eventually(lambda: [e for e in door.events() if e.get("kept") == "127.0.0.1"], "a failed look-up")
                with Client(door.address) as client:
                    self.assertEqual(who_answers(client), {"127.0.0.1": 60})

    def test_a_reload_takes_another_dns_server(self):
        with apps_on("127.0.0.1", "127.0.0.2") as (one, two), Dns({"app.test": ["127.0.0.1"]}) as first:
            with Dns({"app.test": ["127.0.0.2"]}) as second:
                upstreams = pool("app", [f"app.test:{one.port}"])
                with Frontdoor(upstreams, first.config + LISTEN) as door:
                    door.wait_until_serving([one])
                    door.head = door.head.replace(first.config, second.config)
                    door.reload(upstreams)
                    door.wait_until_serving([two])

    def test_localhost_is_quiet_where_the_app_listens_on_one_family_only(self):
        for host in ("127.0.0.1", "::1"):
            with App("app", host=host) as app:
                with Frontdoor(pool("app", [f"localhost:{app.port}"])) as door:
                    door.wait_until_serving([app])
                    self.assertFalse([e for e in door.events() if "down" in str(e)])

    def test_an_upstream_that_is_dropped_and_named_again_keeps_its_limit(self):
        with App("limited") as app, App("other") as other:
            limited = pool("app", [app], health="", more="max_in_flight = 2")
            without = pool("app", [other], health="", more="max_in_flight = 2")
            with Frontdoor(limited) as door, contextlib.ExitStack() as stack:
                clients = []
                for life in range(3):
                    for n in range(2):
                        client = stack.enter_context(Client(door.address))
                        client.send(f"GET /slow?ms=4000&n={life}{n} HTTP/1.1\r\nHost: e\r\n\r\n")
                        clients.append(client)
                    if life == 0:
                        eventually(lambda: len(http_get(app.address, "/in-flight").text.split("\n")) >= 3,
                                   "two requests at the app")
                    door.reload(without)
                    door.reload(limited)
                most = max(self.in_flight(app) for _ in range(50))
                self.assertEqual(most, 2)
                for client in clients:
                    client.read_response()

    def in_flight(self, app):
        return sum("/slow" in line for line in http_get(app.address, "/in-flight").text.split("\n"))


if __name__ == "__main__":
    main()
