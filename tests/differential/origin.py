"""The recording origin: keeps every byte that comes, and answers each complete request with "200 OK"."""

import os
import selectors
import socket
import threading

import messages

REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEAD_REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


class Origin:
    """One thread, one unix socket. take() hands out what came since the last take(), one text per connection."""

    def __init__(self, path):
        self.path = path
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(path)
        os.chmod(path, 0o777)
        self._listening.listen(128)
        self._listening.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._lock = threading.Lock()
        self._received = {}  # socket: [bytes since take(), answered since take()]
        self._bytes = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def take(self):
        with self._lock:
            texts = [entry[0] for entry in self._received.values() if entry[0]]
            for entry in self._received.values():
                entry[0], entry[1] = b"", 0
            return texts

    def total(self):
        """How many bytes have come at all: whether something is still moving."""
        return self._bytes

    def _serve(self):
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._listening:
                    peer, _ = self._listening.accept()
                    peer.setblocking(False)
                    self._selector.register(peer, selectors.EVENT_READ)
                    with self._lock:
                        self._received[peer] = [b"", 0]
                else:
                    self._read(key.fileobj)

    def _read(self, peer):
        try:
            data = peer.recv(65536)
        except OSError:
            data = b""
        with self._lock:
            entry = self._received[peer]
            if not data:
                self._selector.unregister(peer)
                peer.close()
                # What it said stays until it is taken.
                self._received[object()] = self._received.pop(peer)
                return
            entry[0] += data
            self._bytes += len(data)
            complete = [message for message in messages.requests(entry[0]) if message.complete]
            replies = [HEAD_REPLY if message.first_line().startswith(b"HEAD ") else REPLY
                       for message in complete[entry[1]:]]
            entry[1] = len(complete)
        try:
            peer.sendall(b"".join(replies))
        except OSError:
            pass
