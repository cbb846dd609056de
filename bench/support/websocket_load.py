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
            chunk = connection.socket.recv(1 << 18)
            if not chunk:
                raise ConnectionError("a WebSocket was closed")
            connection.missing -= len(chunk)
            if connection.missing == 0:
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
