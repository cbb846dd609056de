"""Counts what one request, one connection or one echo costs in numbers that do not depend on how busy the machine is:
system calls as strace sees them, and instructions in user space as callgrind does. Start-up is in neither.
"""

import glob
import os
import re
import signal
import subprocess
import tempfile
from dataclasses import dataclass

from . import processes
from .client import Client, FreshClient, request_bytes
from .h2_client import H2Client, get_block
from .memory import Crowd
from .servers import PROXIES, start_proxy, trusting_context
from .websocket_load import EchoClient

CONNECTIONS = 64
H2_CONNECTIONS = 16
H2_STREAMS = 32
WARM_UP = 20 * CONNECTIONS
TRACED = 100 * CONNECTIONS
SIMULATED = 40 * CONNECTIONS


@dataclass
class Requests:
    """On connections that are open before, or each on a connection of its own."""
    request: bytes
    fresh: bool = False
    tls: bool = False
    resumed: bool = False  # fresh connections of TLS, each by the ticket of one before
    h2c: bool = False      # what is spoken to the origin
    proxies: tuple = PROXIES  # those that can
    echoes = False

    def clients(self, address):
        context = trusting_context() if self.tls else None
        return FreshClient(address, CONNECTIONS, context, self.resumed) if self.fresh else Client(address, CONNECTIONS, context)

    def run(self, clients, count):
        clients.run(self.request, count)


@dataclass
class Echoes:
    """Messages to and fro on WebSockets that are open before."""
    payload_bytes: int
    echoes = True
    tls = h2c = False
    proxies = PROXIES

    def clients(self, address):
        return EchoClient(address, CONNECTIONS, self.payload_bytes)

    def run(self, clients, count):
        clients.run(count)


@dataclass
class Streams:
    """Requests of HTTP/2 over TLS on connections that are open before, many at a time on each."""
    path: str
    echoes = h2c = False
    tls = True
    proxies = PROXIES

    def clients(self, address):
        return H2Client(address, H2_CONNECTIONS, H2_STREAMS)

    def run(self, clients, count):
        clients.run(get_block(self.path), count)


WORKLOADS = {
    "small GET": Requests(request_bytes("GET", "/small")),
    "POST 16 KiB": Requests(request_bytes("POST", "/post", b"x" * 16 * 1024)),
    "64 KiB response": Requests(request_bytes("GET", "/64k")),
    "new connection": Requests(request_bytes("GET", "/small", close=True), fresh=True),
    "WebSocket echo": Echoes(64),
    "small GET over TLS": Requests(request_bytes("GET", "/small"), tls=True),
    "64 KiB over TLS": Requests(request_bytes("GET", "/64k"), tls=True),
    "TLS handshake": Requests(request_bytes("GET", "/small", close=True), fresh=True, tls=True),
    "small GET over HTTP/2": Streams("/small"),
    "resumed TLS session": Requests(request_bytes("GET", "/small", close=True), fresh=True, tls=True, resumed=True),
    # nginx speaks HTTP/2 to nobody but gRPC servers (grpc_pass).
    "small GET, h2c upstream": Requests(request_bytes("GET", "/small"), h2c=True, proxies=("frontdoor", "haproxy")),
}


def system_calls(proxy, workload, origin, idle=0, log="off"):
    """Calls per request by name, over TRACED requests on connections that were open before, beside `idle` others."""
    load = WORKLOADS[workload]
    with start_proxy(proxy, origin, tls=load.tls, log=log, h2c=load.h2c) as server, Crowd(server.address, idle), \
            load.clients(server.address) as clients:
        load.run(clients, WARM_UP)
        summary = os.path.join(server.directory, "strace")
        attach = [word for pid in server.pids for word in ("-p", str(pid))]
        strace = processes.spawn(["strace", "-f", "-c", "-U", "calls,name", "-o", summary, *attach],
                                 stderr=subprocess.PIPE, text=True)
        # It attaches to one process with all its threads after the other, and says so.
        for _ in server.pids:
            line = strace.stderr.readline()
            if "attached" not in line:
                raise RuntimeError(f"strace: {line}")
        load.run(clients, TRACED)
        strace.send_signal(signal.SIGINT)
        strace.communicate()
        with open(summary, encoding="utf-8") as file:
            return {name: count / TRACED for name, count in parse_strace(file.read()).items()}


def parse_strace(text):
    """The summary of strace -c -U calls,name: {name: calls}."""
    counts = re.findall(r"^\s*(\d+) (\w+)$", text, re.MULTILINE)
    return {name: int(count) for count, name in counts if name != "total"}


def instructions(proxy, workload, origin, idle=0, log="off"):
    """Instructions per request: two runs that differ in nothing but the number of requests."""
    short = _instructions_of_a_run(proxy, workload, origin, idle, WARM_UP, log)
    long = _instructions_of_a_run(proxy, workload, origin, idle, WARM_UP + SIMULATED, log)
    return (long - short) / SIMULATED


def parse_callgrind(text):
    """Instructions that one process executed, from its callgrind.out; its parts, if there are any, are summed."""
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("totals:"))


def _instructions_of_a_run(proxy, workload, origin, idle, requests, log):
    load = WORKLOADS[workload]
    with tempfile.TemporaryDirectory(prefix="frontdoor-guard-") as directory:
        callgrind = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={directory}/%p"]
        with start_proxy(proxy, origin, prefix=callgrind, patience=90, tls=load.tls, log=log, h2c=load.h2c) as server:
            with Crowd(server.address, idle), load.clients(server.address) as clients:
                load.run(clients, requests)
        total = 0
        for path in glob.glob(os.path.join(directory, "*")):
            with open(path, encoding="utf-8", errors="replace") as file:
                total += parse_callgrind(file.read())
    if not total:
        raise RuntimeError(f"callgrind counted nothing in {proxy}")
    return total
