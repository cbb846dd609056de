"""What stands beside every figure: machine, programs, commit."""

import os
import platform
import subprocess

from .servers import ROOT, frontdoor_binary


def describe():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return {"cpu": models[0] if models else platform.machine(), "cores": os.cpu_count(),
            "kernel": platform.release(), "load_average": os.getloadavg()}


def versions():
    return {"frontdoor": _said(frontdoor_binary(), "version"), "nginx": _said("nginx", "-v")[0],
            "haproxy": _said("haproxy", "-v")[0], "commit": commit()}


def commit():
    short = _said("git", "-C", ROOT, "rev-parse", "--short", "HEAD")[0]
    changed = subprocess.run(["git", "-C", ROOT, "diff", "--quiet", "HEAD"], stdin=subprocess.DEVNULL).returncode
    return short + (" with local changes" if changed else "")


def _said(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip().splitlines()
