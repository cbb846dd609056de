#!/usr/bin/env python3
"""gRPC through frontdoor with a real client and a real server, @grpc/grpc-js: calls of each kind, how they fail, health checks,
and a rolling restart under load."""

import contextlib
import json
import os
import signal
import unittest

from support import Frontdoor, eventually, main, say
from support.certificates import Certificates
from support.grpc import GrpcClient, GrpcServer, call, environment
from support.app import script_path
from support.instances import events

GRPC_CHECK = '{ type = "grpc", interval = "200ms", interval_down = "100ms", timeout = "2s", rise = 1, fall = 1 }'


def pool(servers, more="", health=GRPC_CHECK, protocol="h2c"):
    addresses = json.dumps([getattr(server, "address", server) for server in servers])
    check = f"health_check = {health}\n" if health else ""
    return f'[pool.app]\nprotocol = "{protocol}"\nupstreams = {addresses}\n{check}{more}\n'


def line_of(door, target):
    return eventually(lambda: [line for line in door.access() if line.get("target") == target], f"the line of {target}")[-1]


class Calls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(GrpcServer("one"))
        cls.door = cls.enterClassContext(Frontdoor(pool([cls.server])))
        eventually(lambda: events(cls.door, "upstream up"), "the health check of gRPC passes")

    def test_unary(self):
        answer = call(self.door.address, "unary")
        self.assertEqual(answer, {"code": 0, "reply": "hello", "server": "one", "trailer": "of-unary"})
        line = line_of(self.door, "/test.Echo/Unary")
        self.assertEqual((line["status"], line["outcome"], line["protocol"]), (200, "served", "HTTP/2.0"))

    def test_large_messages(self):
        self.assertEqual(call(self.door.address, "large"), {"code": 0, "same": True})

    def test_client_streaming(self):
        self.assertEqual(call(self.door.address, "collect"), {"code": 0, "reply": "0123456789"})

    def test_server_streaming(self):
        seen = call(self.door.address, "repeat")
        self.assertEqual((seen["code"], seen["messages"]), (0, [f"m{i}" for i in range(10)]))

    def test_streaming_both_ways(self):
        seen = call(self.door.address, "talk")
        self.assertEqual((seen["code"], seen["messages"]), (0, [str(i) for i in range(10)]))

    def test_an_error_has_its_status_and_its_words(self):
        answer = call(self.door.address, "fail")
        self.assertEqual((answer["code"], answer["details"]), (5, "no such thing: 100 % sure"))

    def test_of_many_errors_each_has_its_status(self):
        self.assertEqual(call(self.door.address, "failures"), {"5": 500})

    def test_an_early_answer_to_an_upload_is_soon_there(self):
        seen = call(self.door.address, "early")
        self.assertEqual(seen["codes"], {"8": 10})
        self.assertLess(seen["slowest"], 5_000)  # a second, on a machine that has one to spare
        say(f"the slowest of ten early answers took {seen['slowest']} ms")

    def test_a_deadline_ends_the_call(self):
        self.assertEqual(call(self.door.address, "late")["code"], 4)

    def test_a_cancelled_call_is_cancelled_at_the_server(self):
        before = line_count(self.door, "client_closed")
        self.assertEqual(call(self.door.address, "cancel")["code"], 1)
        eventually(lambda: line_count(self.door, "client_closed") > before, "its line")


def line_count(door, outcome):
    return len([line for line in door.access() if line.get("outcome") == outcome])


class Failures(unittest.TestCase):
    def test_our_own_answers_are_statuses(self):
        with Frontdoor('[[route]]\npath = "/other/*"\npool = "app"\n' + pool(["127.0.0.1:1"], health="")) as door:
            answer = call(door.address, "unary")
            self.assertEqual(answer["code"], 12)
            self.assertIn("no_route (request ", answer["details"])
        with Frontdoor(pool(["127.0.0.1:1"], health="", more='hold.timeout = "0s"')) as door:
            answer = call(door.address, "unary")
            self.assertEqual(answer["code"], 14)
            line = line_of(door, "/test.Echo/Unary")
            self.assertGreaterEqual(line["status"], 502, "to an operator it is an error")

    def test_a_server_that_dies_is_unavailable(self):
        with GrpcServer("one") as server, Frontdoor(pool([server], more='hold.timeout = "0s"')) as door:
            eventually(lambda: events(door, "upstream up"), "up")
            self.assertEqual(call(door.address, "die")["code"], 14)

    def test_health_is_asked_by_grpc(self):
        with GrpcServer("one") as one, GrpcServer("two") as two, Frontdoor(pool([one, two])) as door:
            eventually(lambda: len(events(door, "upstream up")) == 2, "both up")
            os.kill(one.pid, signal.SIGUSR2)
            (down,) = eventually(lambda: events(door, "upstream down"), "one down")
            self.assertEqual(down["upstream"], one.address)
            self.assertIn("NOT_SERVING", down["reason"])
            self.assertEqual({call(door.address, "unary")["server"] for _ in range(4)}, {"two"})


class OverTls(unittest.TestCase):
    def test_a_server_with_tls_is_reached_by_alpn(self):
        with Certificates() as made:
            cert, key = made.issue("127.0.0.1")
            with GrpcServer("one", CERT=cert, KEY=key) as server:
                config = f'[pool.app]\nprotocol = "h2"\nupstreams = ["https://{server.address}"]\nhealth_check = {GRPC_CHECK}\n' \
                         f'[pool.app.tls]\nca = "{made.ca}"\n'
                with Frontdoor(config) as door:
                    eventually(lambda: events(door, "upstream up"), "up")
                    self.assertEqual(call(door.address, "unary")["reply"], "hello")
                    self.assertEqual(call(door.address, "talk")["code"], 0)


class Rolls(unittest.TestCase):
    def test_three_servers_are_restarted_in_turn_under_load_and_no_call_fails(self):
        """Nobody tells frontdoor: each server says GOAWAY, finishes its calls and is gone for a moment."""
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(GrpcServer(name)) for name in ("one", "two", "three")]
            door = stack.enter_context(Frontdoor(pool(servers)))
            eventually(lambda: len(events(door, "upstream up")) == 3, "three up", timeout=60)
            load = GrpcClient(door.address, "load")
            eventually(lambda: len(door.access()) > 50, "the load", timeout=60)
            for restarted, server in enumerate(servers, 1):
                server.process.send_signal(signal.SIGTERM)
                self.assertEqual(server.process.wait(30), 0, "it has finished its calls")
                server.process.stdout.close()
                server.start()
                eventually(lambda: len(events(door, "upstream up")) == 3 + restarted, "it is up again", timeout=60)
                after = len(door.access())
                eventually(lambda: len(door.access()) > after + 30, "calls go on", timeout=60)
            seen = load.finish()
            self.assertEqual(seen["failed"], {})
            self.assertEqual(set(seen["servers"]), {"one", "two", "three"})

    def test_three_instances_are_replaced_under_load_and_no_call_fails(self):
        command = json.dumps(["node", script_path("grpc_server.js")])
        variables = ", ".join(f'{key} = "{environment()[key]}"' for key in ("GRPC_JS", "NODE_PATH"))

        def config(release):
            return f'[pool.app]\nprotocol = "h2c"\ncommand = {command}\ninstances = 3\n' \
                   f'env = {{ {variables}, RELEASE = "{release}" }}\nhealth_check = {GRPC_CHECK}\n'

        with Frontdoor(config(1)) as door:
            eventually(lambda: len(events(door, "upstream up")) == 3, "three instances", timeout=60)
            load = GrpcClient(door.address, "load")
            eventually(lambda: len(door.access()) > 50, "the load", timeout=60)
            door.reload(config(2))
            (done,) = eventually(lambda: events(door, "config change done"), "the report", timeout=90)
            after = len(door.access())
            eventually(lambda: len(door.access()) > after + 50, "calls to the new ones", timeout=60)
            seen = load.finish()
            self.assertEqual(seen["failed"], {})
            self.assertGreater(seen["calls"], 100)
            self.assertEqual((done["replaced"], done["lost"]), (3, 0))


if __name__ == "__main__":
    main()
