#!/usr/bin/env python3
"""What merely failed is no error for the client: outages are a wait, a hung instance gives its requests back, and apps
that close idle connections race with nobody."""

import contextlib
import os
import socket
import struct
import tempfile
import threading
import time
import unittest

from support import App, Client, FixedRate, Frontdoor, apps, eventually, http_get, main, pool, say

CHECK = '{ path = "/healthz", interval = "200ms", interval_down = "100ms", timeout = "300ms", rise = 1, fall = 2 }'


# A busy machine lets requests come in bursts, on fresh connections: a quarter of them reset is more than a retry budget.
BUDGET = '[pool.app.retry]\nbudget = "100%"\n'


def rules_in_the_log(door, rule):
    return eventually(lambda: [line for line in door.access() if line.get("retry") == rule], f"{rule} in the access log")


class Background:
    """Requests that wait while the test goes on."""

    def __init__(self, address, count, target="/"):
        self.answers = []
        self.sent = []
        self.began = time.monotonic()
        self.threads = [threading.Thread(target=self._get, args=(address, target)) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def _get(self, address, target):
        began = time.monotonic()
        with Client(address) as client:
            client.request("GET", target, [("Connection", "close")])
            self.sent.append(True)
            response = client.read_response()
        self.answers.append((response, time.monotonic() - began))

    def join(self):
        for thread in self.threads:
            thread.join()
        return self.answers


class Forgiving(unittest.TestCase):
    def test_an_outage_of_the_only_instance_is_a_wait(self):
        with App("only") as app, Frontdoor(pool("app", [app], CHECK)) as door:
            door.wait_until_serving([app])
            app.kill()
            waiting = Background(door.address, 20)
            eventually(lambda: [e for e in door.events() if e.get("event") == "upstream down"], "the eviction")
            eventually(lambda: len(waiting.sent) == 20, "all of them to have asked")
            self.assertEqual(waiting.answers, [])
            app.restart()
            answers = waiting.join()
            self.assertEqual([response.status for response, _ in answers], [200] * 20)
            lines = eventually(lambda: (lambda l: len(l) == 20 and l)([e for e in door.access() if "held_ms" in e]),
                               "the access log")
            self.assertTrue(all(line["outcome"] == "served" for line in lines))

    def test_a_dying_instance_gives_back_more_than_the_retry_budget(self):
        """As a kill -9 does it when the kernel closes the listener last: every connection is reset, and so are those
        that come instead. Only then nobody listens any more."""
        count, allowed = 150, 100  # ten retries a second are always allowed, and no more with so few requests
        app = App("next")

        def reset(connection):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        with socket.create_server((app.host, app.port), backlog=4096) as dying, \
                Frontdoor(pool("app", [app], "", "retry.attempts = 9")) as door:  # it is about the budget
            waiting = Background(door.address, count)
            connections = [dying.accept()[0] for _ in range(count)]
            for connection in connections:
                self.assertTrue(connection.recv(65536))
            for connection in connections:
                reset(connection)
            retried = 0
            while retried < allowed:
                connection, _ = dying.accept()
                retried += bool(connection.recv(65536))  # nothing: it was only asked whether somebody is there
                reset(connection)
            dying.close()
            with app:
                statuses = [response.status for response, _ in waiting.join()]
            lost = [line for line in door.access() if line["status"] != 200]
            self.assertEqual(statuses, [200] * count, lost)

    def test_more_than_a_unix_socket_has_room_for_wait_their_turn(self):
        count = 60
        with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as listener:
            path = os.path.join(directory, "app")
            listener.bind(path)
            listener.listen(2)

            def serve():
                with contextlib.suppress(OSError):
                    while True:
                        connection, _ = listener.accept()
                        with connection:
                            connection.recv(65536)
                            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

            with Frontdoor(pool("app", [f"unix:{path}"], "")) as door:
                waiting = Background(door.address, count)
                server = threading.Thread(target=serve)
                server.start()
                statuses = [response.status for response, _ in waiting.join()]
                listener.shutdown(socket.SHUT_RDWR)
                server.join()
            self.assertEqual(statuses, [200] * count)

    def test_requests_wait_for_the_first_verdict(self):
        app = App("late")
        with Frontdoor(pool("app", [app], CHECK)) as door:
            waiting = Background(door.address, 3)
            with app:
                self.assertEqual([response.status for response, _ in waiting.join()], [200] * 3)

    def test_a_hung_instance_gives_its_requests_back_when_it_is_evicted(self):
        with apps(2) as two, Frontdoor(pool("app", two, CHECK)) as door:
            door.wait_until_serving(two)
            two[0].stop()
            answers = Background(door.address, 12, "/slow?ms=1").join()
            two[0].go_on()
            self.assertEqual([response.status for response, _ in answers], [200] * 12)
            slowest = max(seconds for _, seconds in answers)
            say(f"the slowest of 12 GETs took {slowest:.2f} s; response_header is 30 s")
            self.assertLess(slowest, 10)
            rules_in_the_log(door, "evicted_safe")

    def test_max_in_flight_queues_first_come_first_served(self):
        with App("narrow") as app, Frontdoor(pool("app", [app], CHECK, "max_in_flight = 2")) as door:
            door.wait_until_serving([app])
            busy = Background(door.address, 12, "/slow?ms=100")
            self.assertEqual([response.status for response, _ in busy.join()], [200] * 12)
            # All together, since on a busy machine they may not have begun together.
            self.assertGreater(time.monotonic() - busy.began, 0.5, "twelve requests of 100 ms, two at a time")
            eventually(lambda: [line for line in door.access() if "held_ms" in line], "held_ms in the access log")

    def keep_alive_race(self, environment, seconds):
        """Requests at gaps all around the app's limit for idle connections."""
        with App("closing", environment=environment) as app, Frontdoor(pool("app", [app], "")) as door:
            door.wait_until_serving([app])
            count = 0
            until = time.monotonic() + seconds
            with Client(door.address) as client:
                while time.monotonic() < until:
                    for offset in range(-10, 11, 2):
                        time.sleep((300 + offset) / 1000)
                        method = "POST" if count % 2 else "GET"
                        client.request(method, "/", body=b"x" if method == "POST" else None)
                        response = client.read_response(method)
                        self.assertEqual(response.status, 200, f"{method} number {count}, {offset} ms from the limit")
                        count += 1
            say(f"{count} requests around the limit, {environment}")

    def test_an_app_that_announces_when_it_closes_is_never_raced(self):
        self.keep_alive_race({"KEEP_ALIVE_MS": "300"}, 5)

    def test_an_app_that_closes_silently_is_learned(self):
        self.keep_alive_race({"KEEP_ALIVE_MS": "300", "SILENT_KEEP_ALIVE": "1"}, 8)

    def test_an_instance_that_resets_half_of_its_connections_costs_no_get(self):
        with App("good") as good, App("rude", environment={"RESET_HALF": "1"}) as rude, \
                Frontdoor(pool("app", [good, rude], CHECK, BUDGET)) as door:
            door.wait_until_serving([good, rude])
            with FixedRate(door.address, rate=200, seconds=3) as load:
                report = load.finish_after(3)
            self.assertEqual(report["failed"], 0, report["failures"])
            # On a connection that had served before, a reset looks like the race with an idle limit.
            eventually(lambda: [line for line in door.access()
                                if line.get("retry") in ("reset_idempotent", "stale_connection")], "replays in the log")


main()
