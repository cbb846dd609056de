"""Processes the tests start: they die with the test, are only ever signalled by their own pid, and can be measured."""

import os
import shutil
import signal
import subprocess
import time

# A test that is killed must not leave servers behind that the next one talks to. (A preexec_fn that says so takes three times as
# long: with one, Python forks, which copies its page tables and then each page that either of the two writes to.)
_DIES_WITH_PARENT = [shutil.which("setpriv") or "/usr/bin/setpriv", "--pdeathsig", "KILL"]


def spawn(arguments, **options):
    return subprocess.Popen([*_DIES_WITH_PARENT, *arguments], **options)


def end(process, patience=10.0):
    """Ends it in whatever state it is; returns its exit status."""
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def eventually(condition, what, timeout=20.0, pause=None):
    """Waits until condition() is truthy and returns that value. No test sleeps to be right: this is how they wait. Where no pause is
    asked for, what takes long is asked about more seldom: to read an event log each 10 ms takes the CPU from those who are waited for."""
    deadline = time.monotonic() + timeout
    step = 0.01 if pause is None else pause
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s in vain for: {what}")
        time.sleep(step)
        if pause is None:
            step = min(1.2 * step, 0.05)


def status_kib(pid, key):
    """A line of /proc/PID/status in KiB: VmRSS, VmHWM, …"""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith(key + ":"):
                return int(line.split()[1])
    raise KeyError(key)


def rss_kib(pid):
    return status_kib(pid, "VmRSS")


def reset_peak(pid):
    """Lets VmHWM start again from what is resident now."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def open_fds(pid):
    """fd -> what it is."""
    found = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(fd)] = os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            pass  # closed while we looked
    return found


def alive(pid):
    """Whether it is there, and no zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the latter while it vanishes
        return False


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def comm(pid):
    """Empty when it has gone."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def cpu_seconds(pid):
    """User and system time of all its threads."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
