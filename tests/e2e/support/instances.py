"""What tests ask about a frontdoor that runs its instances itself (apps/instance.js and instance.py answer who they are)."""

import json

from . import process
from .client import get
from .process import eventually


def events(door, name, **fields):
    """The lines of its event log with this name and these fields."""
    return [e for e in door.events() if e.get("event") == name and all(e.get(k) == v for k, v in fields.items())]


def front_door(door):
    """The process that serves, whose parent is the launcher that the test started."""
    for child in process.children(door.pid):
        if process.comm(child).startswith("frontdoor"):
            return child
    return None


def who(door):
    return json.loads(get(door.address))


def pids(door, count):
    """Of all the instances, by asking until each has answered."""
    found = {}

    def all_seen():
        answer = who(door)
        found[answer["FRONTDOOR_INSTANCE"]] = answer["pid"]
        return len(found) == count

    eventually(all_seen, f"answers from {count} instances")
    return found
