"""A service manager in a few lines: hears what sd_notify sends and from which process, and passes sockets as systemd does."""

import os
import socket
import struct
import sys
import tempfile

from .process import eventually

# Descriptors to their places, LISTEN_PID as nobody else can know it, then the program in this very process.
_PASS = """
import fcntl, json, os, sys
fds, names = json.loads(sys.argv[1]), sys.argv[2]
high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100) for fd in fds]
for place, fd in enumerate(high, 3):
    os.dup2(fd, place)
os.closerange(3 + len(fds), 100)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)))
if names:
    os.environ["LISTEN_FDNAMES"] = names
os.execvp(sys.argv[3], sys.argv[3:])
"""


def activated(sockets, names):
    """A command prefix that passes these sockets under these names, and what Popen must let through."""
    fds = [each.fileno() for each in sockets]
    return [sys.executable, "-c", _PASS, str(fds), ":".join(names)], fds


class NotifySocket:
    """with NotifySocket() as manager: manager.path is for NOTIFY_SOCKET; manager.heard() lists (pid, {NAME: value})."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="frontdoor-notify-")
        self.path = os.path.join(self._directory.name, "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(self.path)
        self._socket.setblocking(False)
        self._heard = []

    def heard(self):
        while True:
            try:
                text, control, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(12))
            except BlockingIOError:
                return self._heard
            (_, _, credentials), = control
            pid, _, _ = struct.unpack("3i", credentials)
            self._heard.append((pid, dict(line.split("=", 1) for line in text.decode().splitlines())))

    def with_name(self, name):
        return [(pid, lines) for pid, lines in self.heard() if name in lines]

    def wait_for(self, name, count=1):
        """The first `count` messages that have this name."""
        return eventually(lambda: self.with_name(name)[:count] if len(self.with_name(name)) >= count else None,
                          f"{count} of {name}")

    def wait_for_status(self, status):
        return eventually(lambda: [m for m in self.with_name("STATUS") if m[1]["STATUS"] == status], f"STATUS={status}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()
        self._directory.cleanup()
