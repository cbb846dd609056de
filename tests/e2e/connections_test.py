#!/usr/bin/env python3
"""How many clients there may be: whoever only sits there makes room, limits are those of the whole process, and what
the operator is told. And memory that runs out ends no more than it must."""

import collections
import contextlib
import resource
import signal
import time
import unittest

from support import App, Client, Frontdoor, eventually, get, main, pool, sanitized
from support.process import status_kib


def listener(keys):
    return f'[[listener]]\naddress = "127.0.0.1:0"\n{keys}\n'


def served(client):
    try:
        return client.get("/").status == 200
    except (OSError, EOFError):
        return False


def still_open(client):
    client.socket.setblocking(False)
    try:
        return client.socket.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


# Until its rest has come the app, and so the connection, is at work: as long as the test wants.
UNFINISHED = b"POST /echo?%d HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na"
REST = b"b"


class Connections(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(App("app"))

    def door(self, keys="", **options):
        door = self.enterContext(Frontdoor(pool("app", [self.app]), listeners=listener(keys), **options))
        return door

    def client(self, door):
        return self.enterContext(Client(door.address))

    def told(self, door, text, count=1):
        return eventually(lambda: [e for e in door.events() if text in e.get("event", "")][count - 1:],
                          f"{text!r} in the event log")[0]

    def test_idle_sockets_keep_nobody_out(self):
        door = self.door("max_connections = 10")
        door.wait_until_serving([self.app])
        idle = [self.client(door) for _ in range(10)]
        self.assertEqual(len(idle), 10)
        for _ in range(15):
            self.assertTrue(served(self.client(door)))
        event = self.told(door, "idle connections are closed to make room")
        self.assertEqual(event["max_connections"], 10)
        self.assertGreaterEqual(event["closed"], 1)

    def test_the_warning_is_one_each_ten_seconds(self):
        text = "max_connections reached: idle connections are closed to make room"
        door = self.door("max_connections = 3")
        door.wait_until_serving([self.app])
        began = time.monotonic()
        idle = collections.deque()
        closed = 0
        while time.monotonic() < began + 3.5:  # the counters are looked at each second
            idle.append(Client(door.address))
            self.assertTrue(served(idle[-1]))
            if len(idle) > 6:
                closed += not still_open(idle[0])
                idle.popleft().close()
            time.sleep(0.02)  # a few are enough
        door.terminate()
        took = time.monotonic() - began
        for client in idle:
            client.close()
        self.assertEqual(door.wait(), 0)
        told = [e for e in door.events() if e["event"] == text]
        self.assertGreaterEqual(len(told), 2, "at once, and what came then at the stop")
        self.assertLessEqual(len(told), 2 + took // 10)
        self.assertEqual(sum(e["closed"] for e in told), told[-1]["total"])
        self.assertGreaterEqual(told[-1]["total"], closed)

    def test_what_was_not_told_yet_is_told_at_the_stop(self):
        door = self.door("max_connections_per_client = 3")
        door.wait_until_serving([self.app])
        clients = [self.client(door) for _ in range(12)]
        self.assertTrue(eventually(lambda: [c for c in clients if not still_open(c)][8:], "that nine are closed"))
        door.terminate()
        self.assertEqual(door.wait(), 0)
        told = [e for e in door.events() if e.get("event") == "connections closed unserved"]
        self.assertEqual(sum(e["connections"] for e in told), told[-1]["total"])
        self.assertGreaterEqual(told[-1]["total"], 9)

    def test_the_limit_is_the_listeners_and_not_the_workers(self):
        door = self.door("max_connections = 20")
        door.wait_until_serving([self.app])
        # The clients of that were one after the other, and have gone.
        clients = [self.client(door) for _ in range(20)]
        for client in clients:
            client.request("GET", "/")
        self.assertEqual([client.read_response().status for client in clients], [200] * 20)
        self.assertEqual(sum(map(still_open, clients)), 20)

    def test_a_request_is_never_closed_for_another(self):
        door = self.door("max_connections = 4")
        door.wait_until_serving([self.app])
        busy = [self.client(door) for _ in range(4)]
        for number, client in enumerate(busy, 1):
            client.send(UNFINISHED % number)
            # One after the other: workers accept in any order, and the late one must not be before one of these.
            eventually(lambda: get(self.app.address, "/in-flight").count("/echo") == number, "the request at the app")
        late = self.client(door)
        late.request("GET", "/")
        event = self.told(door, "every connection is at work")
        self.assertEqual((event["max_connections"], event["connections"]), (4, 4))
        for client in busy:
            client.send(REST)
        self.assertEqual([client.read_response().status for client in busy], [200] * 4)
        self.assertEqual(late.read_response().status, 200)

    def test_at_the_limit_a_drain_serves_those_who_wait(self):
        door = self.door("max_connections = 4")
        door.wait_until_serving([self.app])
        clients = []
        for _ in range(10):
            clients.append(self.client(door))
            clients[-1].request("GET", "/slow?ms=3000")
        self.told(door, "every connection is at work")
        door.terminate()
        self.assertEqual([client.read_response().status for client in clients], [200] * 10)
        self.assertEqual(door.wait(), 0)

    def test_few_open_files_serve_everybody(self):
        kept = {}
        for open_files in (256, 257):
            door = self.door(open_files=open_files)
            door.wait_until_serving([self.app])
            clients, answers = [], 0
            for _ in range(300):
                clients.append(self.client(door))
                answers += served(clients[-1])
            self.assertEqual(answers, 300)
            kept[open_files] = sum(map(still_open, clients))
            limit = self.told(door, "connection limit")
            self.assertEqual(limit["open_files"], open_files)
            self.assertGreater(limit["max_connections"], open_files / 2)
            self.told(door, "idle connections are closed to make room")
            for client in clients:
                client.close()
        self.assertGreater(kept[256], 150)
        self.assertLess(abs(kept[256] - kept[257]), 10)

    def test_requests_at_once_on_few_open_files_are_answered(self):
        door = self.door(open_files=80)
        door.wait_until_serving([self.app])
        clients = []
        for _ in range(60):
            clients.append(self.client(door))
            clients[-1].request("GET", "/slow?ms=50")
        for client in clients:
            try:
                self.assertEqual(client.read_response().status, 200)
            except (EOFError, OSError):  # closed before its request was there: it comes again, as a browser does
                eventually(lambda: served(self.client(door)), "an answer")
        self.assertNotIn("local_resources", str(door.access()))

    def test_three_listeners_share_one_budget(self):
        listeners = "".join(f'[[listener]]\nname = "l{i}"\naddress = "127.0.0.1:0"\n' for i in range(3))
        door = self.enterContext(Frontdoor(pool("app", [self.app]), listeners=listeners, open_files=128))
        for _ in range(60):
            for address in door.addresses.values():
                client = self.enterContext(Client(address))
                self.assertTrue(served(client))
        self.assertLess(len(door.fds()), 128)
        self.assertNotIn("local_resources", str(door.access()))

    def test_memory_that_runs_out_ends_no_more_than_it_must(self):
        if sanitized():
            self.skipTest("a sanitizer's shadow is address space too")
        door = self.door()
        door.wait_until_serving([self.app])
        before = status_kib(door.pid, "VmSize") * 1024
        resource.prlimit(door.pid, resource.RLIMIT_AS, (before + (16 << 20), resource.RLIM_INFINITY))
        half = b"POST /received HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 1000
        refused = 0
        with contextlib.ExitStack() as stack:
            flood = [stack.enter_context(Client(door.address)) for _ in range(1000)]
            for client in flood:
                with contextlib.suppress(OSError):
                    client.send(half)
            eventually(lambda: any(not still_open(client) for client in flood) or
                       any("local_resources" in str(line) for line in door.access()), "the end of the memory")
            for client in flood:
                client.socket.settimeout(0.01)
                with contextlib.suppress(OSError):
                    refused += b" 503 " in client.socket.recv(4096)
        self.assertIsNone(door.process.poll(), door.stderr())
        eventually(lambda: served(self.client(door)), "an answer after the flood")
        door.reload(pool("app", [self.app]))
        self.assertIsNone(door.process.poll(), door.stderr())
        door.process.send_signal(signal.SIGTERM)
        self.assertEqual(door.wait(), 0)


if __name__ == "__main__":
    main()
