"""An origin that echoes WebSocket messages of one size, and answers anything else with an empty 200. A program of its
own on the load's core: it does no more than moving bytes, so that the proxy is what is measured.

usage: websocket_echo.py PAYLOAD_BYTES          prints its port, ends with its standard input
"""

import os
import selectors
import socket
import sys

HEAD_END = b"\r\n\r\n"
SWITCH = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def frame(payload_bytes, masked):
    """Binary; the masking key is zero, which is as much work for everybody as any other."""
    mask, key = (0x80, bytes(4)) if masked else (0, b"")
    if payload_bytes < 126:
        return bytes((0x82, mask | payload_bytes)) + key + b"x" * payload_bytes
    return bytes((0x82, mask | 126)) + payload_bytes.to_bytes(2, "big") + key + b"x" * payload_bytes


def serve(payload_bytes):
    answer = frame(payload_bytes, masked=False)
    question_bytes = len(frame(payload_bytes, masked=True))
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listening.getsockname()[1], flush=True)
    selector = selectors.DefaultSelector()
    selector.register(listening, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    pending = {}  # connection -> bytes of its message so far; None before the handshake
    while True:
        for key, _ in selector.select():
            if key.fileobj is sys.stdin:
                return
            if key.fileobj is listening:
                connection, _ = listening.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(connection, selectors.EVENT_READ)
                pending[connection] = None
                continue
            connection = key.fileobj
            try:
                data = connection.recv(1 << 18)
            except ConnectionError:
                data = b""
            if not data:
                selector.unregister(connection)
                del pending[connection]
                connection.close()
            elif pending[connection] is None:
                upgrade = b"\r\nupgrade: websocket" in data.lower()  # heads are small enough to come whole
                pending[connection] = 0 if upgrade else None
                connection.sendall(SWITCH if upgrade else EMPTY)
            else:
                messages, pending[connection] = divmod(pending[connection] + len(data), question_bytes)
                if messages:
                    connection.sendall(answer * messages)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
    os._exit(0)
