"""Child processes of a measurement: started on one core, watched through /proc, ended by their own id."""

import ctypes
import os
import resource
import signal
import socket
import subprocess
import time

PROXY_CORE = 0
LOAD_CORE = 1
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def allow_many_descriptors():
    """Children inherit it: thousands of idle connections need more than the usual 1024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 20000 if hard == resource.RLIM_INFINITY else min(hard, 20000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def on_core(core, command):
    """The command pinned to a core; on a machine with a single one, or with None, there is nothing to pin."""
    pinned = core is not None and core < (os.cpu_count() or 1)
    return ["taskset", "-c", str(core), *command] if pinned else list(command)


def _end_with_parent():
    # A measurement that is killed leaves nothing behind: SIGTERM, because nginx's master then ends its worker.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def spawn(command, **options):
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_end_with_parent, **options)


def end(process, patience=20.0):
    """SIGTERM, and SIGKILL for one that does not listen. Returns the exit status."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            for pid in reversed(family(process.pid)):
                os.kill(pid, signal.SIGKILL)
            process.wait()
    return process.returncode


def eventually(condition, what, timeout=20.0, pause=0.02):
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {what} within {timeout:g} s")
        time.sleep(pause)
    return value


def family(pid):
    """The process and all that descend from it."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = _stat(int(name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(name))
    found = [pid]
    for member in found:
        found.extend(children.get(member, ()))
    return found


def cpu_seconds(pids):
    """User and system time that the kernel has accounted to all threads of these processes."""
    return sum((int(fields[11]) + int(fields[12])) * _TICK_S for fields in map(_stat, pids) if fields)


def rss_bytes(pids):
    return sum(int(fields[21]) * os.sysconf("SC_PAGE_SIZE") for fields in map(_stat, pids) if fields)


def _stat(pid):
    """Fields of /proc/PID/stat behind the name, the state being number 0; None when the process has gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
