"""What a scrape says, as a dict: metrics(door)["frontdoor_requests_total", "pool=app", "code=2xx"] adds up all series that
have these labels."""

import re
import shutil
import subprocess

from .client import http_get

_SERIES = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:\\.|[^"\\])*)"')


class Scrape:
    def __init__(self, text):
        self.text = text
        self.series = []  # (name, {label: value}, number)
        for line in text.splitlines():
            if line.startswith("#") or not line:
                continue
            match = _SERIES.match(line)
            if not match:
                raise AssertionError(f"no line of the exposition format: {line!r}")
            name, labels, number = match.groups()
            self.series.append((name, dict(_LABEL.findall(labels or "")), float(number)))

    def find(self, name, *labels):
        wanted = dict(label.split("=", 1) for label in labels)
        return [(have, number) for found, have, number in self.series
                if found == name and all(have.get(key) == value for key, value in wanted.items())]

    def __getitem__(self, what):
        name, *labels = (what,) if isinstance(what, str) else what
        return sum(number for _, number in self.find(name, *labels))

    def nonzero(self, name, label, *labels):
        """{value of the label: sum}, without zeros."""
        found = {}
        for have, number in self.find(name, *labels):
            if number:
                found[have[label]] = found.get(have[label], 0) + number
        return found


def ask(door, target, fields=(), host="127.0.0.1"):
    return http_get(door.admin_address, target, fields, host)


def metrics(door):
    response = ask(door, "/metrics")
    if response.status != 200:
        raise AssertionError(f"GET /metrics: {response}")
    return Scrape(response.text)


def promtool_says(scrape):
    """What `promtool check metrics` has against it: "" = nothing."""
    if not shutil.which("promtool"):
        return "promtool is not installed: scripts/install-deps test"
    said = subprocess.run(["promtool", "check", "metrics"], input=scrape.text, capture_output=True, text=True, check=False)
    return said.stdout + said.stderr + (f"status {said.returncode}" if said.returncode else "")
