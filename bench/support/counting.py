"""Counts what one request costs in numbers that do not depend on how busy the machine is: system calls as strace sees
them, and instructions in user space as callgrind does. Start-up is in neither.
"""

import glob
import os
import re
import signal
import subprocess
import tempfile

from . import processes
from .client import Client, request_bytes
from .servers import start_proxy

CONNECTIONS = 64
REQUESTS = {
    "small GET": request_bytes("GET", "/small"),
    "POST 16 KiB": request_bytes("POST", "/post", b"x" * 16 * 1024),
    "64 KiB response": request_bytes("GET", "/64k"),
}
WARM_UP = 20 * CONNECTIONS
TRACED = 100 * CONNECTIONS
SIMULATED = 40 * CONNECTIONS


def system_calls(proxy, workload, origin):
    """Calls per request by name, over TRACED requests on connections that were open before."""
    with start_proxy(proxy, origin) as server, Client(server.address, CONNECTIONS) as client:
        client.run(REQUESTS[workload], WARM_UP)
        summary = os.path.join(server.directory, "strace")
        attach = [word for pid in server.pids for word in ("-p", str(pid))]
        strace = processes.spawn(["strace", "-f", "-c", "-U", "calls,name", "-o", summary, *attach],
                                 stderr=subprocess.PIPE, text=True)
        # It attaches to one process with all its threads after the other, and says so.
        for _ in server.pids:
            line = strace.stderr.readline()
            if "attached" not in line:
                raise RuntimeError(f"strace: {line}")
        client.run(REQUESTS[workload], TRACED)
        strace.send_signal(signal.SIGINT)
        strace.communicate()
        with open(summary, encoding="utf-8") as file:
            counts = re.findall(r"^\s*(\d+) (\w+)$", file.read(), re.MULTILINE)
    return {name: int(count) / TRACED for count, name in counts if name != "total"}


def instructions(proxy, workload, origin):
    """Instructions per request: two runs that differ in nothing but the number of requests."""
    short = _instructions_of_a_run(proxy, workload, origin, WARM_UP)
    long = _instructions_of_a_run(proxy, workload, origin, WARM_UP + SIMULATED)
    return (long - short) / SIMULATED


def _instructions_of_a_run(proxy, workload, origin, requests):
    with tempfile.TemporaryDirectory(prefix="frontdoor-guard-") as directory:
        callgrind = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={directory}/%p"]
        with start_proxy(proxy, origin, prefix=callgrind, patience=90) as server:
            with Client(server.address, CONNECTIONS) as client:
                client.run(REQUESTS[workload], requests)
        total = 0
        for path in glob.glob(os.path.join(directory, "*")):
            with open(path, encoding="utf-8", errors="replace") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("totals:"))
    if not total:
        raise RuntimeError(f"callgrind counted nothing in {proxy}")
    return total
