"""How a test script is called: SCRIPT BINARY [unittest arguments]. Without a binary the script says so."""

import os
import shutil
import signal
import sys
import unittest

_binary = None


def binary():
    """The frontdoor under test."""
    if _binary is None:
        raise RuntimeError("no binary: main() was not called")
    return _binary


def quick():
    """False when the caller wants full lengths (FRONTDOOR_FULL=1)."""
    return os.environ.get("FRONTDOOR_FULL") != "1"


def say(text):
    print(f"    {text}", flush=True)


def use(path):
    global _binary  # one binary per script run, named on its command line
    _binary = os.path.abspath(path)
    if not os.access(_binary, os.X_OK):
        sys.exit(f"{path} is no executable; build it with scripts/build")
    _find_this_python()
    _hear_what_was_ignored()
    # Node reads the certificates that this names at each start, for as long as all the rest of it takes; nothing here leaves the machine.
    os.environ.pop("NODE_EXTRA_CA_CERTS", None)


def _hear_what_was_ignored():
    """In the background, or under nohup, these are ignored, and so they would be by what the tests start, which is to end by them.
    What is caught instead is not inherited."""
    for number in signal.SIGHUP, signal.SIGINT, signal.SIGQUIT:
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def _find_this_python():
    """Where python3 is a version manager's script, each start of it takes 0.3 s: what the tests start finds what it stands for."""
    if os.path.realpath(shutil.which("python3") or "") != os.path.realpath(sys.executable):
        os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]


def main():
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} BINARY [unittest arguments]")
    use(sys.argv[1])
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
