#!/usr/bin/env python3
"""Timeouts and limits, seen by real clients: what each ends with, and that the connection ends cleanly."""

import time
import unittest

from support import App, Client, Frontdoor, http_get, main, pool


class Limits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(App("app"))
        config = """
            [timeouts]
            client_header = "400ms"
            client_body = "400ms"
            client_idle = "600ms"
            response_header = "2s"
            response_body = "500ms"
            [limits]
            header_bytes = "8KiB"
            header_count = 20
            uri_bytes = "1KiB"
            body_bytes = "64KiB"
        """ + pool("app", [cls.app])
        cls.door = cls.enterClassContext(Frontdoor(config))
        cls.door.wait_until_serving([cls.app])

    def status_of(self, request):
        with Client(self.door.address) as client:
            client.send(request)
            response = client.read_response()
            # A lingering close: the answer is not destroyed by a reset, whatever was still being sent.
            self.assertTrue(client.at_end())
            return response.status

    def test_a_head_that_does_not_come_is_a_408(self):
        started = time.monotonic()
        self.assertEqual(self.status_of("GET / HTTP/1.1\r\nHost: a\r\nX-Slow"), 408)
        self.assertGreaterEqual(time.monotonic() - started, 0.35)

    def test_a_head_that_drips_is_a_408_all_the_same(self):
        with Client(self.door.address) as client:
            deadline = time.monotonic() + 10
            client.socket.settimeout(0.05)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n")
            head = b""
            while not head and time.monotonic() < deadline:
                try:
                    client.send("X-Drip: 1\r\n"[:3])
                    head = client.socket.recv(1000)
                except TimeoutError:
                    pass
            self.assertIn(b" 408 ", head)

    def test_a_body_that_does_not_come_is_a_408(self):
        self.assertEqual(self.status_of("POST /received HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"), 408)

    def test_an_idle_connection_is_closed_without_a_word(self):
        with Client(self.door.address) as client:
            client.get("/")
            self.assertTrue(client.at_end())

    def test_too_much_of_anything(self):
        for request, status in (
                (f"GET /{'a' * 2000} HTTP/1.1\r\nHost: a\r\n\r\n", 414),
                (f"GET / HTTP/1.1\r\nHost: a\r\nX-Long: {'a' * 9000}\r\n\r\n", 431),
                ("GET / HTTP/1.1\r\nHost: a\r\n" + "X-Many: 1\r\n" * 30 + "\r\n", 431),
                ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n", 413)):
            self.assertEqual(self.status_of(request), status, request[:60])

    def test_a_chunked_body_that_grows_too_long_is_a_413(self):
        with Client(self.door.address) as client:
            client.send("POST /received HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(5):
                client.send(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
            self.assertEqual(client.read_response().status, 413)

    def test_the_answer_to_a_large_upload_survives_the_close(self):
        with Client(self.door.address) as client:
            client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n")
            try:
                for _ in range(4):
                    client.send(b"x" * 50_000)
            except (BrokenPipeError, ConnectionResetError):
                pass  # more than the linger discards
            self.assertEqual(client.read_response().status, 413)

    def test_an_app_that_takes_too_long_is_a_504(self):
        started = time.monotonic()
        self.assertEqual(http_get(self.door.address, "/slow?ms=60000").status, 504)
        self.assertLess(time.monotonic() - started, 10)

    def test_an_app_that_is_in_time_is_not(self):
        self.assertEqual(http_get(self.door.address, "/slow?ms=100").status, 200)


if __name__ == "__main__":
    main()
