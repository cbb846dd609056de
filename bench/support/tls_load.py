"""Connections of TLS 1.3 one after the other, each with one request, in full or resumed by the last one's ticket: what a
handshake costs the proxy. No load generator resumes TLS 1.3 sessions; and what is measured is the proxy's CPU time, so that
one connection at a time is enough. A program of its own, on the core that the proxy does not have."""

import json
import os
import socket
import ssl
import subprocess
import sys
import time

from . import processes
from .client import request_bytes
from .processes import LOAD_CORE

_REQUEST = request_bytes("GET", "/small", close=True)
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def measure(server, resumed, seconds):
    command = [sys.executable, "-B", "-m", "support.tls_load", server.address, "resumed" if resumed else "full", str(seconds)]
    cpu_before = processes.cpu_seconds(server.pids)
    done = subprocess.run(processes.on_core(LOAD_CORE, command), cwd=_ROOT, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=seconds + 60)
    cpu = processes.cpu_seconds(server.pids) - cpu_before
    if done.returncode:
        raise RuntimeError(f"the TLS load ended with {done.returncode}: {done.stderr}")
    said = json.loads(done.stdout)
    return {"cpu_us": cpu * 1e6 / max(1, said["connections"]), "requests_per_second": said["per_second"],
            "p50_us": said["p50_us"], "p99_us": said["p99_us"], "rss_mib": processes.rss_bytes(server.pids) / 2**20,
            "errors": said["not_as_wanted"]}


def connect(address, context, session=None):
    host, port = address.rsplit(":", 1)
    plain = socket.create_connection((host, int(port)), timeout=30)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(plain, server_hostname="bench.test", session=session)


def ask_once(connection):
    """One request to the end of its connection; the session that the answer has brought a ticket for."""
    connection.sendall(_REQUEST)
    answer = b""
    while chunk := connection.recv(65536):
        answer += chunk
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"not a 200: {answer[:80]!r}")
    return connection.session


def _main():
    from .servers import trusting_context
    address, how, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    context, session, times, wrong = trusting_context(), None, [], 0
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        start = time.monotonic()
        with connect(address, context, session) as connection:
            wrong += bool(times) and connection.session_reused != (how == "resumed")
            seen = ask_once(connection)
        times.append(time.monotonic() - start)
        session = seen if how == "resumed" else None
    took = time.monotonic() - began
    times.sort()
    print(json.dumps({"connections": len(times), "per_second": len(times) / took, "not_as_wanted": int(wrong),
                      "p50_us": times[len(times) // 2] * 1e6, "p99_us": times[len(times) * 99 // 100] * 1e6}))


if __name__ == "__main__":
    _main()
