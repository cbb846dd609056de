"""A network namespace with nothing but its own loopback, held by a process that does nothing: where ports that documents name are free."""

import os
import subprocess
import sys

from . import process

# `ip link set lo up`, where there need not be an ip.
_HOLD = """
import fcntl, signal, socket, struct
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP | IFF_RUNNING))
print("up", flush=True)
signal.pause()
"""
_UNSHARE = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]


def network_namespaces_are_allowed():
    return subprocess.run([*_UNSHARE, "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0


class NetworkNamespace:
    """namespace.inside is what a command is begun with."""

    def __init__(self):
        self._holder = process.spawn([*_UNSHARE, sys.executable, "-c", _HOLD], stdout=subprocess.PIPE, text=True)
        if self._holder.stdout.readline() != "up\n":
            raise RuntimeError("no network namespace")
        of_holder = f"/proc/{self._holder.pid}/ns"
        self.path = f"{of_holder}/net"
        self.inside = ["nsenter", f"--net={self.path}"]
        if os.geteuid() != 0:
            self.inside = ["nsenter", f"--user={of_holder}/user", f"--net={self.path}", "--preserve-credentials"]

    def close(self):
        process.end(self._holder)
        self._holder.stdout.close()
