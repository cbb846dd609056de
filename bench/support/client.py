"""A client that makes an exact number of requests on connections it keeps, which no load generator for a given time
can: what the guard counts is divided by that number. It knows no more of HTTP than Content-Length.
"""

import selectors
import socket
import ssl


def request_bytes(method, path, body=b"", close=False):
    fields = f"Content-Length: {len(body)}\r\n" if body else ""
    fields += "Connection: close\r\n" if close else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: bench.test\r\nUser-Agent: bench\r\nAccept: */*\r\n{fields}\r\n"
    return head.encode() + body


class _Connection:
    def __init__(self, address, tls=None, session=None):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="bench.test", session=session)
        self._head = b""
        self._missing = None  # bytes of the body still to come; None while the head is incomplete
        self.body = b""
        self.answered = False

    def _receive(self):
        chunk = self.socket.recv(1 << 18)
        while isinstance(self.socket, ssl.SSLSocket) and self.socket.pending():  # no event tells of what is decrypted
            chunk += self.socket.recv(1 << 18)
        return chunk

    def response_complete(self):
        """Reads once; True when the response has ended. Its body is then in `body`."""
        chunk = self._receive()
        if not chunk:
            raise ConnectionError("closed in the middle of a response")
        if self._missing is None:
            self._head += chunk
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return False
            if not self._head.startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(f"not a 200: {self._head[:80]!r}")
            fields = self._head[:end + 2].lower()
            length = fields.index(b"\r\ncontent-length:") + 17
            self._missing = int(fields[length:fields.index(b"\r\n", length)])
            chunk, self._head, self.body = self._head[end + 4:], b"", b""
        self._missing -= len(chunk)
        self.body += chunk
        if self._missing > 0:
            return False
        self._missing = None
        return True


class Client:
    """with Client(address, 64) as client: client.run(request, 6400)"""

    def __init__(self, address, connections, tls=None, at_once=None):
        """tls: an SSLContext, or None to speak plain HTTP. at_once: a request that each makes before the next one is opened."""
        self._selector = selectors.DefaultSelector()
        self._connections = []
        for _ in range(connections):
            connection = _Connection(address, tls)
            if at_once:
                connection.socket.sendall(at_once)
                _receive(connection)
            self._connections.append(connection)
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def run(self, request, count):
        """Each connection has one request in flight until `count` have been made; all of them have been answered."""
        waiting = 0
        for connection in self._connections[:count]:
            connection.socket.sendall(request)
            waiting += 1
        to_send = count - waiting
        while waiting:
            events = self._selector.select(60)
            if not events:
                raise TimeoutError(f"{waiting} requests without an answer for 60 s")
            for key, _ in events:
                if not key.data.response_complete():
                    continue
                if to_send:
                    key.data.socket.sendall(request)
                    to_send -= 1
                else:
                    waiting -= 1

    def one_each(self, request):
        """One request after the other, one on each connection: never two in flight."""
        for connection in self._connections:
            connection.socket.sendall(request)
            _receive(connection)

    def send_each(self, request):
        """One request on each connection; receive_each waits for the answers."""
        for connection in self._connections:
            connection.socket.sendall(request)

    def receive_each(self):
        for connection in self._connections:
            _receive(connection)

    def ask(self, request):
        """The body of the answer to one request on the first connection."""
        self._connections[0].socket.sendall(request)
        _receive(self._connections[0])
        return self._connections[0].body

    def __len__(self):
        return len(self._connections)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._selector.close()
        for connection in self._connections:
            connection.socket.close()


class FreshClient:
    """The same with a connection of its own for each request, which asks for its end: as many at a time. resumed: each with
    the session of one before it."""

    def __init__(self, address, connections, tls=None, resumed=False):
        self._address = address
        self._at_a_time = connections
        self._tls = tls
        self._resumed = resumed
        self._sessions = []

    def run(self, request, count):
        with selectors.DefaultSelector() as selector:
            to_begin, waiting = count, 0
            while to_begin or waiting:
                while to_begin and waiting < self._at_a_time:
                    connection = _Connection(self._address, self._tls, self._sessions.pop() if self._sessions else None)
                    connection.socket.sendall(request)
                    selector.register(connection.socket, selectors.EVENT_READ, connection)
                    to_begin, waiting = to_begin - 1, waiting + 1
                events = selector.select(60)
                if not events:
                    raise TimeoutError(f"{waiting} requests without an answer for 60 s")
                for key, _ in events:
                    if _ended(key.data):
                        selector.unregister(key.fileobj)
                        if self._resumed:
                            self._sessions.append(key.fileobj.session)
                        key.fileobj.close()
                        waiting -= 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def _ended(connection):
    """Reads once; True when the response has come and the connection ended behind it."""
    if connection.answered:
        if connection.socket.recv(1):
            raise ConnectionError("more than one response")
        return True
    connection.answered = connection.response_complete()
    return False


def _receive(connection):
    while not connection.response_complete():
        pass
