"""Load in processes of its own: a client that sends at a fixed rate whatever happens and records every failure, and
wrk for as much as goes."""

import contextlib
import json
import os
import re
import subprocess
import sys

from . import process
from .app import node_environment, script_path

_SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixed_rate.py")


class FixedRate:
    """with FixedRate(address, rate=500) as load: …; report = load.finish()"""

    def __init__(self, address, target="/", rate=500, seconds=60.0, timeout=15.0, connections=16,
                 post_every=0, over=None):
        """over: None for HTTP/1.1, or "https", "h2", "h2c": Node's clients, GETs only."""
        how = [target, str(rate), str(seconds), str(timeout), str(connections)]
        if over:
            self._arguments = ["node", script_path("fixed_rate.js"), over, address, *how]
        else:
            self._arguments = [sys.executable, _SCRIPT, address, *how, str(post_every)]
        self._process = None

    def __enter__(self):
        self._process = process.spawn(self._arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=node_environment())
        line = self._process.stdout.readline()
        if line != "running\n":
            raise RuntimeError(f"the fixed-rate client said {line!r}")
        return self

    def ended(self):
        """Whether its time is over; finish() then returns at once."""
        return self._process.poll() is not None

    def finish_after(self, seconds):
        """Goes on for so long, which is no wait for something to happen but the length of the load."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self.finish()

    def finish(self):
        """Lets what is in flight end and returns the report: requests, left_out, failures, latency_ms, by_app."""
        output, _ = self._process.communicate("")  # end of its stdin: send no more
        return json.loads(output)

    def __exit__(self, *_):
        process.end(self._process)
        for stream in (self._process.stdin, self._process.stdout):
            stream.close()


def lost(report, doors, target):
    """How many requests of a load on `target` reached one of `doors` and were not answered to the end. What the client wrote
    into a connection that was ended meanwhile reached nobody; a client that has no CPU for a while does that (ADR 0011)."""
    answered = report["requests"] - report["failed"]

    def lines():
        return [line for door in doors for line in door.access() if line.get("target") == target]

    process.eventually(lambda: len(lines()) >= answered, f"a line for each of {answered} answers")
    unserved = sum(line["outcome"] != "served" for line in lines())
    return max(unserved, len(lines()) - answered)


def kept_its_pace(report):
    """Whether the client had the CPU that it needs: only then its failures say something about when connections are ended."""
    return report["left_out"] == 0 and report["latency_ms"]["p99"] < 200


def wrk(address, target="/", connections=64, threads=2, seconds=10):
    """Starts wrk; wrk_report() waits for it."""
    return process.spawn(
        ["wrk", f"-c{connections}", f"-t{threads}", f"-d{seconds}s", "--timeout", "15s", "--latency",
         f"http://{address}{target}"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wrk_report(running):
    text, _ = running.communicate()
    if running.returncode != 0:
        raise AssertionError(f"wrk ended with {running.returncode}:\n{text}")
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    not_ok = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return {
        "requests": int(re.search(r"(\d+) requests in", text).group(1)),
        "per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
        "socket_errors": dict(zip(("connect", "read", "write", "timeout"), map(int, errors.groups()))) if errors else {},
        "not_ok": int(not_ok.group(1)) if not_ok else 0,
        "text": text,
    }
