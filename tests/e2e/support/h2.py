"""An HTTP/2 client made of frames (RFC 9113 §4.1), over any socket. It sends what the test says, at the speed that the test
wants; of the answers' heads it knows the status only."""

import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

# RFC 7541 Appendix A, of what the tests ask for.
_STATUS = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def _text(text):
    size = len(text)
    out = bytes([size]) if size < 127 else b""
    if not out:
        out, size = b"\x7f", size - 127
        while size >= 128:
            out, size = out + bytes([size % 128 + 128]), size // 128
        out += bytes([size])
    return out + text.encode("latin-1")


def block(fields):
    """Literals without indexing, new names (RFC 7541 §6.2.2)."""
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in fields)


class Answer:
    def __init__(self):
        self.status = None  # of a head whose first byte says it; 0 = another
        self.body = b""
        self.ended = False
        self.reset = None  # the code


class H2Client:
    """`connected`: a socket, encrypted or not. Windows are as large as they can be."""

    def __init__(self, connected, scheme="https"):
        self.socket = connected
        self.scheme = scheme
        self.answers = {}
        self.frames = []
        self._buffer = b""
        self._next = 1
        settings = struct.pack(">HI", 4, 2**31 - 1)
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0, settings) +
                            frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 2**31 - 1 - 65535)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def request(self, path, method="GET", host="a.example", fields=(), end=True):
        """The id of the new stream."""
        stream, self._next = self._next, self._next + 2
        head = [(":method", method), (":scheme", self.scheme), (":authority", host), (":path", path), *fields]
        self.answers[stream] = Answer()
        self.socket.sendall(frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block(head)))
        return stream

    def data(self, stream, payload, end=False):
        self.socket.sendall(frame(DATA, END_STREAM if end else 0, stream, payload))

    def get(self, path, host="a.example", fields=()):
        return self.finish(self.request(path, host=host, fields=fields))

    def finish(self, stream):
        """Reads until that stream has ended, one way or the other."""
        answer = self.answers[stream]
        while not answer.ended and answer.reset is None:
            self._read_frame()
        return answer

    def until(self, condition):
        """Reads until that is true."""
        while not condition():
            self._read_frame()

    def until_goaway(self):
        """The code of a GOAWAY that is not NO_ERROR, or of the last one before the end."""
        codes = lambda: [struct.unpack(">I", payload[4:8])[0] for kind, _, _, payload in self.frames if kind == GOAWAY]
        try:
            while not any(codes()):
                self._read_frame()
        except EOFError:
            pass
        return max(codes(), default=None)

    def _take(self, size):
        while len(self._buffer) < size:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(f"the connection ended; frames so far: {[one[:3] for one in self.frames[-10:]]}")
            self._buffer += data
        part, self._buffer = self._buffer[:size], self._buffer[size:]
        return part

    def _read_frame(self):
        head = self._take(9)
        kind, flags, stream = head[3], head[4], struct.unpack(">I", head[5:])[0]
        payload = self._take(int.from_bytes(head[:3], "big"))
        self.frames.append((kind, flags, stream, payload if kind != DATA else b""))
        if kind in (SETTINGS, PING) and not flags & ACK:
            self.socket.sendall(frame(kind, ACK, 0, payload if kind == PING else b""))
        answer = self.answers.get(stream)
        if answer:
            if kind == HEADERS and answer.status is None:
                answer.status = _STATUS.get(payload[0] & 0x7F, 0)
            if kind == DATA:
                answer.body += payload
            if kind == RST_STREAM:
                answer.reset = struct.unpack(">I", payload)[0]
            if kind in (HEADERS, DATA) and flags & END_STREAM:
                answer.ended = True
        return self.frames[-1][:3] + (payload,)
