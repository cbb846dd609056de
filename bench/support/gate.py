"""An origin that keeps requests waiting until it is told to answer them: how thousands are made to be under way at
once. A program of its own, since the thousands are its descriptors too.

  /held     waits for /release
  /release  answers all that wait
  /waiting  answers how many do
  others    are answered at once
"""

import os
import re
import selectors
import socket
import subprocess
import sys

from . import processes
from .client import Client, request_bytes


class Gate:
    """with Gate() as gate: the requests for gate.PATH wait until gate.release(). An origin for start_proxy."""

    PATH = "/held"

    def __init__(self):
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        self._process = processes.spawn(
            processes.on_core(processes.LOAD_CORE, [sys.executable, "-B", "-m", "support.gate"]),
            cwd=root, stdout=subprocess.PIPE, text=True)
        self.address = self._process.stdout.readline().strip()
        if not self.address:
            raise RuntimeError("the gate did not start")
        self._control = Client(self.address, 1)

    def waiting(self):
        return int(self._control.ask(request_bytes("GET", "/waiting")))

    def release(self):
        self._control.ask(request_bytes("GET", "/release"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._control.close()
        processes.end(self._process)
        self._process.stdout.close()


class _Origin:
    def __init__(self, listener):
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)
        self._heads = {}      # connection -> what has come of its next head
        self._waiting = set()

    def serve(self):
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._read(key.fileobj)

    def _accept(self):
        connection, _ = self._listener.accept()
        self._heads[connection] = b""
        self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection):
        try:
            chunk = connection.recv(65536)
        except ConnectionError:
            chunk = b""
        if not chunk:
            self._selector.unregister(connection)
            self._waiting.discard(connection)
            del self._heads[connection]
            connection.close()
            return
        head = self._heads[connection] + chunk
        if not head.endswith(b"\r\n\r\n"):  # bodiless and one at a time, as all clients of this bench send them
            self._heads[connection] = head
            return
        self._heads[connection] = b""
        self._answer(connection, re.match(rb"GET (\S+)", head).group(1).decode())

    def _answer(self, connection, path):
        if path == Gate.PATH:
            self._waiting.add(connection)
        elif path == "/release":
            for held in self._waiting:
                _send(held, "held")
            self._waiting.clear()
            _send(connection, "released")
        else:
            _send(connection, str(len(self._waiting)))


def _send(connection, text):
    try:
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
    except ConnectionError:
        pass  # whoever hung up is told about by the next read


def _main():
    processes.allow_many_descriptors()
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    print(f"127.0.0.1:{listener.getsockname()[1]}", flush=True)
    _Origin(listener).serve()


if __name__ == "__main__":
    _main()
