"""The workloads "websocket" (echoes of small messages on 64 WebSockets, a message there and back counted as a request)
and "websocket-silent" (what a silent WebSocket holds in memory)."""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack

from . import processes
from .processes import LOAD_CORE
from .rounds import in_rotation
from .servers import PROXIES, start_proxy

CONNECTIONS = 64
SILENT = 1000
PAYLOAD_BYTES = 64
WARM_UP_S = 1
_HERE = os.path.dirname(os.path.abspath(__file__))


class EchoOrigin:
    def __init__(self):
        command = [sys.executable, os.path.join(_HERE, "websocket_echo.py"), str(PAYLOAD_BYTES)]
        self.process = subprocess.Popen(processes.on_core(LOAD_CORE, command), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.address = f"127.0.0.1:{int(self.process.stdout.readline())}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def _load(server, *arguments):
    command = [sys.executable, os.path.join(_HERE, "websocket_load.py"), server.address, *map(str, arguments)]
    return processes.on_core(LOAD_CORE, command)


def measure(server, seconds):
    cpu_before = processes.cpu_seconds(server.pids)
    done = subprocess.run(_load(server, CONNECTIONS, seconds, PAYLOAD_BYTES), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=seconds + 60)
    cpu = processes.cpu_seconds(server.pids) - cpu_before
    if done.returncode:
        raise RuntimeError(f"the WebSocket load ended with {done.returncode}: {done.stderr}")
    said = json.loads(done.stdout)
    return {"cpu_us": cpu * 1e6 / max(1, said["messages"]), "requests_per_second": said["per_second"],
            "p50_us": said["p50_us"], "p99_us": said["p99_us"], "rss_mib": processes.rss_bytes(server.pids) / 2**20,
            "errors": 0}


def measure_silent(server):
    """Each has had its handshake and nothing for a second and a half."""
    measure(server, WARM_UP_S)
    before = processes.rss_bytes(server.pids)
    with subprocess.Popen(_load(server, SILENT, "hold"), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        time.sleep(1.5)
        after = processes.rss_bytes(server.pids)
        holder.stdin.close()
    return {"idle_bytes": (after - before) / SILENT, "rss_mib": after / 2**20, "errors": 0}


def silent(_origin, _options):
    measured = {}
    with EchoOrigin() as origin:
        for name in PROXIES:
            with start_proxy(name, origin) as server:
                measured[name] = measure_silent(server)
    return [measured]


def echoes(_origin, options):
    """As the other workloads: every proxy in each round, and who comes first changes."""
    found = []
    with ExitStack() as stack:
        origin = stack.enter_context(EchoOrigin())
        servers = {name: stack.enter_context(start_proxy(name, origin)) for name in PROXIES}
        for name in PROXIES:
            measure(servers[name], WARM_UP_S)
        for number in range(options.rounds):
            measured = {name: measure(servers[name], options.seconds) for name in in_rotation(number)}
            found.append({name: measured[name] for name in PROXIES})
            print("  " + "   ".join(f"{name} {of['cpu_us']:.1f} µs, {of['requests_per_second']:,.0f}/s"
                                    for name, of in found[-1].items()), file=sys.stderr, flush=True)
    return found
