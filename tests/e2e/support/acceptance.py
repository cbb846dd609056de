"""What the full-length tests share: the release binary, a report that is kept, and an exit status that tells."""

import os
import sys
import time

from . import main


class Report:
    def __init__(self, title):
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
        main.use(os.environ.get("FRONTDOOR") or os.path.join(root, "build", "release", "cli", "frontdoor"))
        self._failed = 0
        self._checks = 0
        self._started = time.monotonic()
        print(f"{title}\n", flush=True)

    def say(self, text):
        print(f"{time.monotonic() - self._started:7.1f} s  {text}", flush=True)

    def check(self, condition, what):
        """One promise; the test goes on, so that the report shows all that is wrong."""
        self._checks += 1
        if not condition:
            self._failed += 1
        print(f"           {'ok    ' if condition else 'FAILED'}  {what}", flush=True)

    def end(self):
        took = time.monotonic() - self._started
        print(f"\n{self._checks - self._failed} of {self._checks} checks passed, {took:.0f} s", flush=True)
        sys.exit(1 if self._failed else 0)
