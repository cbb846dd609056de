"""A thread that hangs, to order."""

import ctypes
import os


class Stopped:
    """with Stopped(pid, "worker-0"): that thread alone stands still, as a debugger would have it."""

    _SEIZE, _INTERRUPT, _DETACH, _WALL = 0x4206, 0x4207, 17, 0x40000000

    has_died = False

    def __init__(self, pid, thread):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
        self.tid = next(tid for tid in sorted(map(int, os.listdir(f"/proc/{pid}/task"))) if self._name(pid, tid) == thread)

    @staticmethod
    def _name(pid, tid):  # which a thread of a sanitizer's has from the first one
        with open(f"/proc/{pid}/task/{tid}/comm", encoding="ascii") as file:
            return file.read().strip()

    def _ptrace(self, request):
        if self.libc.ptrace(request, self.tid, None, None) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def __enter__(self):
        self._ptrace(self._SEIZE)
        self._ptrace(self._INTERRUPT)
        os.waitpid(self.tid, self._WALL)
        return self

    def __exit__(self, *_):
        if not self.has_died:
            self._ptrace(self._DETACH)

    def wait_until_it_is_killed(self):
        """Who traces a process is told of its end first, and its parent only then."""
        while not self.has_died:
            _, status = os.waitpid(self.tid, self._WALL)
            self.has_died = os.WIFSIGNALED(status) or os.WIFEXITED(status)
