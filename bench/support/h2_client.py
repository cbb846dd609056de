"""The exact client (client.py) for HTTP/2 over TLS: a number of requests, so many streams at a time on each connection. What
it knows of HTTP/2 is what a GET needs: its head is written without compression, answers are read to their END_STREAM.
"""

import selectors
import socket
import ssl
import struct

_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _ACK, _END_HEADERS = 1, 1, 4
_WINDOW = 2**31 - 1


def _frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def _text(text):
    return bytes([len(text)]) + text.encode()


def get_block(path):
    """RFC 7541: indexed :method GET and :scheme https, literals without indexing for the rest."""
    return (b"\x82\x87" + b"\x04" + _text(path) + b"\x01" + _text("bench.test") + b"\x0f\x2b" + _text("bench") +
            b"\x0f\x04" + _text("*/*"))


class _Connection:
    def __init__(self, address, context):
        host, port = address.rsplit(":", 1)
        plain = socket.create_connection((host, int(port)), timeout=30)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(plain, server_hostname="bench.test")
        if self.socket.selected_alpn_protocol() != "h2":
            raise RuntimeError("the proxy does not speak HTTP/2")
        self.next = 1
        self._buffer = b""
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(_SETTINGS, 0, 0, struct.pack(">HI", 4, _WINDOW)) +
                            _frame(_WINDOW_UPDATE, 0, 0, struct.pack(">I", _WINDOW - 65535)))

    def ask(self, block, count):
        requests = b""
        for _ in range(count):
            requests += _frame(_HEADERS, _END_STREAM | _END_HEADERS, self.next, block)
            self.next += 2
        self.socket.sendall(requests)

    def answered(self):
        """Reads once; how many answers have ended."""
        chunk = self.socket.recv(1 << 18)
        while self.socket.pending():  # no event tells of what is decrypted
            chunk += self.socket.recv(1 << 18)
        if not chunk:
            raise ConnectionError("closed in the middle of an answer")
        data, at, ended = self._buffer + chunk, 0, 0
        while len(data) - at >= 9:
            size = int.from_bytes(data[at:at + 3], "big")
            if len(data) - at < 9 + size:
                break
            kind, flags, payload = data[at + 3], data[at + 4], data[at + 9:at + 9 + size]
            at += 9 + size
            if kind == _HEADERS and b"\x88" not in payload[:4]:
                raise RuntimeError(f"not a 200: {payload[:20]!r}")
            if kind in (_RST_STREAM, _GOAWAY):
                raise RuntimeError(f"frame {kind}: {payload!r}")
            if kind in (_SETTINGS, _PING) and not flags & _ACK:
                self.socket.sendall(_frame(kind, _ACK, 0, payload if kind == _PING else b""))
            if kind in (_HEADERS, _DATA) and flags & _END_STREAM:
                ended += 1
        self._buffer = data[at:]
        return ended


class H2Client:
    """with H2Client(address, 16, 32) as client: client.run(get_block("/small"), 6400)"""

    def __init__(self, address, connections, streams):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        self._streams = streams
        self._selector = selectors.DefaultSelector()
        self._connections = []
        for _ in range(connections):
            connection = _Connection(address, context)
            self._connections.append(connection)
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def run(self, block, count):
        """Each connection has `streams` requests under way until `count` have been made; all of them have been answered."""
        to_send, waiting = count, 0
        for connection in self._connections:
            some = min(self._streams, to_send)
            if some:
                connection.ask(block, some)
            to_send, waiting = to_send - some, waiting + some
        while waiting:
            events = self._selector.select(60)
            if not events:
                raise TimeoutError(f"{waiting} requests without an answer for 60 s")
            for key, _ in events:
                ended = key.data.answered()
                some = min(ended, to_send)
                if some:
                    key.data.ask(block, some)
                to_send, waiting = to_send - some, waiting - ended + some

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._selector.close()
        for connection in self._connections:
            connection.socket.close()
