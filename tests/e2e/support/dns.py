"""A DNS server on loopback with a zone that the test changes; see `resolver` in the config."""

import ipaddress
import socket
import struct
import threading


class Dns:
    """with Dns({"app.test": ["127.0.0.1"]}) as dns: dns.zone, dns.silent, dns.config"""

    def __init__(self, zone=None, ttl=1):
        self.zone = zone or {}  # a name that is not in there does not exist
        self.silent = set()  # names that are never answered
        self.ttl = ttl
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def config(self):
        """For the top of the file."""
        return f'resolver = "127.0.0.1:{self._socket.getsockname()[1]}"\n'

    def _serve(self):
        while True:
            query, client = self._socket.recvfrom(2000)
            if not query:
                return
            reply = self._answer(query)
            if reply:
                self._socket.sendto(reply, client)

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        name, kind = ".".join(labels), struct.unpack_from(">H", query, at + 1)[0]
        if name in self.silent:
            return None
        records = b""
        count = 0
        for text in self.zone.get(name, []):
            address = ipaddress.ip_address(text)
            if kind != (1 if address.version == 4 else 28):
                continue
            records += struct.pack(">HHHIH", 0xC00C, kind, 1, self.ttl, len(address.packed)) + address.packed
            count += 1
        flags = 0x8180 if name in self.zone else 0x8183
        return query[:2] + struct.pack(">HHHHH", flags, 1, count, 0, 0) + query[12:at + 5] + records

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wake:
            wake.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()
