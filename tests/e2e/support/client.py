"""Clients: one made of a raw socket, which sees every byte and can misbehave, and curl, which is what people use."""

import json
import socket
import subprocess

_PATIENCE = 20.0  # seconds; longer than anything a test waits for


class Response:
    def __init__(self, version, status, reason, fields):
        self.version = version
        self.status = status
        self.reason = reason
        self.fields = fields  # (name, value) in order
        self.body = b""
        self.trailers = []
        self.informational = []  # the 1xx responses that came before

    def header(self, name):
        """The value of the first such field, or None."""
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)

    def headers(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    @property
    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.fields} {self.body[:200]!r}>"


def connect(address, timeout=_PATIENCE):
    """address: "ip:port", "[v6]:port" or "unix:/path"."""
    if address.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(timeout)
            connection.connect(address.removeprefix("unix:"))
        except BaseException:
            connection.close()
            raise
        return connection
    host, _, port = address.rpartition(":")
    connection = socket.create_connection((host.strip("[]"), int(port)), timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Client:
    """One connection. Nothing is sent that the test did not ask for."""

    def __init__(self, address, timeout=_PATIENCE):
        self.address = address
        self.socket = connect(address, timeout)
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def request(self, method, target, fields=(), body=None, host="example.test"):
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in fields)]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines) + "\r\n\r\n")
        if body:
            self.send(body)

    def get(self, target, fields=(), host="example.test"):
        self.request("GET", target, fields, host=host)
        return self.read_response()

    def read_response(self, method="GET"):
        """The next final response, complete. Raises EOFError when the connection ends before."""
        response = self.read_head(method)
        self.read_body(response, method)
        return response

    def read_head(self, method="GET"):
        informational = []
        while True:
            response = self._read_one_head()
            if response.status >= 200 or response.status == 101:
                response.informational = informational
                return response
            informational.append(response)

    def read_body(self, response, method="GET"):
        if method == "HEAD" or response.status in (204, 304) or response.status < 200:
            return
        if (response.header("Transfer-Encoding") or "").lower() == "chunked":
            self._read_chunked(response)
        elif response.header("Content-Length") is not None:
            response.body = self._take(int(response.header("Content-Length")))
        else:
            response.body = self.read_to_end()

    def read_to_end(self):
        while self._receive():
            pass
        rest, self._buffer = self._buffer, b""
        return rest

    def at_end(self):
        """True when the other side has closed and nothing is left to read."""
        return not self._buffer and not self._receive()

    def _receive(self):
        data = self.socket.recv(256 * 1024)
        self._buffer += data
        return len(data)

    def _take(self, size):
        parts = [self._buffer[:size]]
        got = len(parts[0])
        self._buffer = self._buffer[size:]
        while got < size:
            data = self.socket.recv(min(256 * 1024, size - got))
            if not data:
                raise EOFError(f"the connection ended after {got} of {size} bytes")
            parts.append(data)
            got += len(data)
        return b"".join(parts)

    def _take_line(self):
        while b"\r\n" not in self._buffer:
            if not self._receive():
                raise EOFError(f"the connection ended in a line: {self._buffer[:200]!r}")
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line.decode("latin-1")

    def _read_fields(self):
        fields = []
        while line := self._take_line():
            name, _, value = line.partition(":")
            fields.append((name, value.strip()))
        return fields

    def _read_one_head(self):
        version, _, rest = self._take_line().partition(" ")
        status, _, reason = rest.partition(" ")
        return Response(version, int(status), reason, self._read_fields())

    def _read_chunked(self, response):
        parts = []
        while size := int(self._take_line().split(";")[0], 16):
            parts.append(self._take(size))
            if self._take_line():
                raise ValueError("a chunk does not end where it says")
        response.trailers = self._read_fields()
        response.body = b"".join(parts)


def http_get(address, target="/", fields=(), host="example.test"):
    """One GET on a connection of its own."""
    with Client(address) as client:
        return client.get(target, [("Connection", "close"), *fields], host)


def get(address, target="/"):
    """The body of a GET that must succeed."""
    response = http_get(address, target)
    if response.status != 200:
        raise AssertionError(f"GET {target}: {response}")
    return response.text


def curl(address, target, *options, stdin=None):
    """curl's view of one request: Response, with everything curl wrote in `body`. Raises when curl reports an error."""
    marker = b"\n--curl-says--"
    done = subprocess.run(
        ["curl", "-sS", "--max-time", str(int(_PATIENCE)), "-w", marker.decode() + "%{json}%{stderr}", *options,
         f"http://{address}{target}"],
        input=stdin, capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"curl ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    body, _, said = done.stdout.rpartition(marker)
    facts = json.loads(said)
    response = Response(f"HTTP/{facts['http_version']}", facts["http_code"], "", [])
    response.body = body
    response.facts = facts
    return response
