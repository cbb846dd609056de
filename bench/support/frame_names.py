"""Names for the coroutine frames that bench/frame_sizes.cpp found: it knows the addresses of their destroy functions,
nm knows whose they are.
"""

import re


def parse_symbols(text):
    """nm -C: {address of a destroy function: "Exchange::run"}."""
    lines = re.findall(r"^([0-9a-f]+) [tT] frontdoor::([\w:~]+)\(.*\[clone \.destroy\]$", text, re.MULTILINE)
    return {int(address, 16): name for address, name in lines}


def parse_sizes(text):
    """frame_sizes: {address: bytes}."""
    return {int(address, 16): int(size) for address, size in (line.split() for line in text.splitlines())}


def named(sizes, symbols):
    """{"Exchange::run": bytes}, in the order of names. A frame without a name is a mistake, not a row less."""
    return dict(sorted((symbols[address], size) for address, size in sizes.items()))


def from_table(page):
    """What a table of bench/frames says: {"Exchange::run": bytes}."""
    return {name: int(size) for name, size in re.findall(r"^\| `([\w:]+)` \| (\d+) \|", page, re.MULTILINE)}


def deviations(now, before, tolerance):
    """In words, what differs by more than the tolerance, has come or has gone."""
    for name in sorted(now.keys() | before.keys()):
        if name not in now or name not in before:
            yield f"{name}: {'new' if name in now else 'gone'}"
        elif abs(now[name] - before[name]) > tolerance * before[name]:
            yield f"{name}: {now[name]} bytes, were {before[name]}"
