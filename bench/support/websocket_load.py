"""Messages to and fro on WebSockets: each connection has one on its way, and sends the next when its echo is there. A
program of its own, so that it can be put on a core.

usage: websocket_load.py ADDRESS CONNECTIONS SECONDS PAYLOAD_BYTES          prints one JSON object
       websocket_load.py ADDRESS CONNECTIONS hold      says when all are open, ends with its standard input
"""

import json
import selectors
import socket
import sys
import time

try:
    from .websocket_echo import HEAD_END, frame
except ImportError:  # as a program
    from websocket_echo import HEAD_END, frame

HANDSHAKE = (b"GET /ws HTTP/1.1\r\nHost: bench.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
             b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")


class Connection:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(HANDSHAKE)
        head = b""
        while not head.endswith(HEAD_END):
            head += self.socket.recv(4096) or b" ended" + HEAD_END
        if not head.startswith(b"HTTP/1.1 101 "):
            raise RuntimeError(f"not a 101: {head[:80]!r}")
        self.missing = 0
        self.sent_at = 0.0

    def ask(self, question, answer_bytes):
        self.missing = answer_bytes
        self.sent_at = time.monotonic()
        self.socket.sendall(question)

    def echo_complete(self):
        """Reads once; True when all of the echo is there."""
        chunk = self.socket.recv(1 << 18)
        if not chunk:
            raise ConnectionError("a WebSocket was closed")
        self.missing -= len(chunk)
        return self.missing == 0


class EchoClient:
    """An exact number of messages to and fro, one under way on each WebSocket: with EchoClient(address, 64, 64) as
    client: client.run(6400). For the guard."""

    def __init__(self, address, connections, payload_bytes):
        self._question = frame(payload_bytes, masked=True)
        self._answer_bytes = len(frame(payload_bytes, masked=False))
        self._selector = selectors.DefaultSelector()
        self._connections = [Connection(address) for _ in range(connections)]
        for connection in self._connections:
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def run(self, count):
        first = self._connections[:count]
        for connection in first:
            connection.ask(self._question, self._answer_bytes)
        to_ask, waiting = count - len(first), len(first)
        while waiting:
            events = self._selector.select(60)
            if not events:
                raise TimeoutError(f"{waiting} messages without an echo for 60 s")
            for key, _ in events:
                if not key.data.echo_complete():
                    continue
                if to_ask:
                    key.data.ask(self._question, self._answer_bytes)
                    to_ask -= 1
                else:
                    waiting -= 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._selector.close()
        for connection in self._connections:
            connection.socket.close()


def run(address, connections, seconds, payload_bytes):
    question = frame(payload_bytes, masked=True)
    answer_bytes = len(frame(payload_bytes, masked=False))
    selector = selectors.DefaultSelector()
    everyone = [Connection(address) for _ in range(connections)]
    latencies = []
    started = time.monotonic()
    for connection in everyone:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.ask(question, answer_bytes)
    while time.monotonic() < started + seconds:
        for key, _ in selector.select(1):
            connection = key.data
            if connection.echo_complete():
                latencies.append(time.monotonic() - connection.sent_at)
                connection.ask(question, answer_bytes)
    took = time.monotonic() - started
    latencies.sort()
    return {"messages": len(latencies), "per_second": len(latencies) / took,
            "p50_us": latencies[len(latencies) // 2] * 1e6, "p99_us": latencies[len(latencies) * 99 // 100] * 1e6}


def hold(address, connections):
    everyone = [Connection(address) for _ in range(connections)]
    print(json.dumps({"open": len(everyone)}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[3] == "hold":
        hold(sys.argv[1], int(sys.argv[2]))
    else:
        print(json.dumps(run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))))
