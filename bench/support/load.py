"""Load as much as goes: wrk, on the core that the proxy does not have."""

import re
import subprocess
import tempfile
from dataclasses import dataclass

from . import processes
from .processes import LOAD_CORE
from .servers import PROXIES

_US = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000}
_POST = 'wrk.method = "POST"\nwrk.body = string.rep("x", 16 * 1024)\n'


@dataclass
class Workload:
    path: str = "/small"
    connections: int = 64
    post: bool = False
    close: bool = False  # a new connection for each request
    unix: bool = False   # the origin is reached by its unix socket
    tls: bool = False    # what the load speaks to the proxy
    h2c: bool = False    # what is spoken to the origin; nginx speaks it to gRPC servers only

    @property
    def proxies(self):
        return tuple(name for name in PROXIES if not self.h2c or name != "nginx")


WORKLOADS = {
    "get-64": Workload(),
    "get-512": Workload(connections=512),
    "response-64k": Workload(path="/64k"),
    "response-1m": Workload(path="/1m"),
    "post-16k": Workload(path="/post", post=True),
    "new-connections": Workload(close=True),
    "unix-upstream": Workload(unix=True),
    "h2c-upstream": Workload(h2c=True),
    "tls-get-64": Workload(tls=True),
    "tls-response-64k": Workload(path="/64k", tls=True),
}


def measure(server, workload, seconds):
    """One round of wrk on one proxy: a dict of what it and the kernel counted."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_POST if workload.post else "")
        script.flush()
        command = ["wrk", "-t1", f"-c{workload.connections}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
        command += ["-s", script.name] if workload.post else []
        command += ["-H", "Connection: close"] if workload.close else []
        command.append(server.url + workload.path)
        cpu_before = processes.cpu_seconds(server.pids)
        wrk = subprocess.run(processes.on_core(LOAD_CORE, command), stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, timeout=seconds + 60)
        cpu = processes.cpu_seconds(server.pids) - cpu_before
    if wrk.returncode:
        raise RuntimeError(f"wrk ended with {wrk.returncode}: {wrk.stderr}")
    report = parse_wrk(wrk.stdout)
    report["cpu_us"] = cpu * 1e6 / max(1, report.pop("requests"))
    report["rss_mib"] = processes.rss_bytes(server.pids) / 2**20
    return report


def parse_wrk(text):
    """What wrk --latency printed. Errors are those of sockets, and answers that are neither 2xx nor 3xx."""
    def latency(percent):
        number, unit = re.search(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s|m)$", text, re.MULTILINE).groups()
        return float(number) * _US[unit]

    socket_errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    not_ok = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors = [int(number) for found in (socket_errors, not_ok) if found for number in found.groups()]
    return {
        "requests": int(re.search(r"(\d+) requests in", text).group(1)),
        "requests_per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
        "p50_us": latency(50),
        "p99_us": latency(99),
        "errors": sum(errors),
    }
