#!/usr/bin/env python3
"""Slow attacks, scaled down: clients by the hundred that send or read just enough not to pause. Their deadlines end
them, whatever they do; those who are only slow, and all others, are served. At full length, with slowhttptest:
tests/acceptance/slow-attacks."""

import contextlib
import selectors
import socket
import time
import unittest

from support import App, Client, Frontdoor, eventually, http_get, main, pool

CROWD = 100
PAUSE_S = 0.05  # between two bytes of a slow client: far below every timeout
CONFIG = """
    [timeouts]
    client_header = "1s"
    client_body = "1s"
    client_write = "1s"
    client_idle = "1s"
    [limits]
    min_bytes_per_second = "2KiB"
"""


class Crowd:
    """So many connections that all begin with the same bytes; then each does `step` now and then until it ends."""

    def __init__(self, address, begin, step, receive_buffer=None):
        self._step = step
        self._open = selectors.DefaultSelector()
        self.received = []
        self.resets = 0
        host, _, port = address.rpartition(":")
        for _ in range(CROWD):
            connection = socket.socket()
            if receive_buffer:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            connection.connect((host, int(port)))
            connection.sendall(begin)
            connection.setblocking(False)
            self.received.append(bytearray())
            self._open.register(connection, selectors.EVENT_READ, self.received[-1])

    def __len__(self):
        return len(self._open.get_map())

    def stir(self):
        for key in list(self._open.get_map().values()):
            with contextlib.suppress(BlockingIOError):
                try:
                    if self._step(key.fileobj, key.data):
                        continue
                except ConnectionError:
                    self.resets += 1
                self._open.unregister(key.fileobj)
                key.fileobj.close()


def drip(data):
    def step(connection, received):
        with contextlib.suppress(BlockingIOError):
            if not (answer := connection.recv(4096)):
                return False
            received += answer
        if not received:  # who has been answered has only to wait for the end
            connection.send(data)
        return True
    return step


def sip(connection, received):
    data = connection.recv(16)
    received += data
    return bool(data)


class Slow(unittest.TestCase):
    def setUp(self):
        self.app = self.enterContext(App("app"))
        self.door = self.enterContext(Frontdoor(CONFIG + pool("app", [self.app])))
        self.door.wait_until_serving([self.app])

    def outlast(self, crowd):
        """Lives on beside the crowd until the last of them is gone: seconds that took."""
        self.assertEqual(len(crowd), CROWD)
        started = time.monotonic()

        def all_gone():
            crowd.stir()
            self.assertEqual(http_get(self.door.address, "/").status, 200)
            return len(crowd) == 0

        eventually(all_gone, "the end of every slow client", pause=PAUSE_S, timeout=60)
        return time.monotonic() - started

    def outcomes(self, word):
        return sum(line.get("outcome") == word for line in self.door.access())

    def expect_408(self, crowd, word):
        self.assertGreater(self.outlast(crowd), 0.9)
        for received in crowd.received:
            self.assertTrue(received.startswith(b"HTTP/1.1 408 "), received[:80])
        eventually(lambda: self.outcomes(word) == CROWD, f"{CROWD} times {word} in the access log")

    def test_slow_heads_are_408(self):
        crowd = Crowd(self.door.address, b"GET / HTTP/1.1\r\nHost: a\r\n", drip(b"X-A: b\r\n"))
        self.expect_408(crowd, "client_header_timeout")

    def test_slow_bodies_are_408(self):
        head = b"POST /received HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc"
        self.expect_408(Crowd(self.door.address, head, drip(b"x")), "client_body_timeout")

    def test_slow_chunks_are_408(self):
        head = b"POST /received HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.expect_408(Crowd(self.door.address, head, drip(b"1\r\nx\r\n")), "client_body_timeout")

    def test_slow_readers_are_cut_and_what_the_kernel_holds_for_them_is_dropped(self):
        head = b"GET /big?bytes=1000000 HTTP/1.1\r\nHost: a\r\n\r\n"
        crowd = Crowd(self.door.address, head, sip, receive_buffer=4096)
        self.outlast(crowd)
        self.assertEqual(crowd.resets, CROWD)
        for received in crowd.received:
            self.assertTrue(received.startswith(b"HTTP/1.1 200 "), received[:80])
            self.assertLess(len(received), 100_000)
        eventually(lambda: self.outcomes("client_write_timeout") == CROWD, "all of them in the access log")

    # Each for longer than the timeouts, in bursts with pauses, at a multiple of the least rate.
    def test_a_slow_but_honest_upload_arrives(self):
        with Client(self.door.address) as client:
            client.send("POST /received HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n")
            for _ in range(10):
                time.sleep(0.3)  # how slow it is, not a wait for something
                client.send(b"x" * 3000)
            self.assertEqual(client.read_response().json()["length"], 30_000)

    def test_a_slow_but_honest_download_arrives(self):
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            host, _, port = self.door.address.rpartition(":")
            client.connect((host, int(port)))
            client.sendall(b"GET /big?bytes=300000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            received = 0
            while data := client.recv(4096):
                received += len(data)
                time.sleep(0.04)
            self.assertGreater(received, 300_000)

    def test_an_app_that_is_slow_is_no_slow_client(self):
        with Client(self.door.address) as client:
            client.send("POST /slow?ms=3000 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
            self.assertEqual(client.read_response().status, 200)


if __name__ == "__main__":
    main()
