"""The workloads of HTTP/2 over TLS: h2load, on the core that the proxy does not have."""

import re
import subprocess
import tempfile
from contextlib import ExitStack

from . import processes
from .processes import LOAD_CORE
from .rounds import in_rotation
from .servers import PROXIES, start_proxy

CONNECTIONS = 16
STREAMS = 32
WARM_UP_S = 1


def measure(server, path, seconds):
    with tempfile.NamedTemporaryFile("r", suffix=".log") as times:
        command = ["h2load", f"-c{CONNECTIONS}", f"-m{STREAMS}", "-t1", f"-D{seconds}", f"--log-file={times.name}",
                   f"{server.url}{path}"]
        cpu_before = processes.cpu_seconds(server.pids)
        done = subprocess.run(processes.on_core(LOAD_CORE, command), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=seconds + 60)
        cpu = processes.cpu_seconds(server.pids) - cpu_before
        if done.returncode:
            raise RuntimeError(f"h2load ended with {done.returncode}: {done.stderr}")
        took = sorted(int(line.split("\t")[2]) for line in times)
    report = parse_h2load(done.stdout)
    if report.pop("protocol") != "h2":
        raise RuntimeError("the proxy does not speak HTTP/2")
    return {"cpu_us": cpu * 1e6 / max(1, report.pop("requests")), **report, "p50_us": took[len(took) // 2],
            "p99_us": took[len(took) * 99 // 100], "rss_mib": processes.rss_bytes(server.pids) / 2**20}


def parse_h2load(text):
    """What h2load printed. Requests that were cut by the end of the time are no errors."""
    counts = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", text)
    succeeded, failed, errored, timeout = map(int, counts.groups())
    return {"requests": succeeded, "requests_per_second": float(re.search(r", ([\d.]+) req/s", text).group(1)),
            "errors": failed + errored + timeout, "protocol": re.search(r"Application protocol: (\S+)", text).group(1)}


def loaded(path, origin, options):
    rounds = []
    with ExitStack() as stack:
        servers = {name: stack.enter_context(start_proxy(name, origin, tls=True)) for name in PROXIES}
        for name in PROXIES:
            measure(servers[name], path, WARM_UP_S)
        for number in range(options.rounds):
            measured = {name: measure(servers[name], path, options.seconds) for name in in_rotation(number)}
            rounds.append({name: measured[name] for name in PROXIES})
    return rounds
