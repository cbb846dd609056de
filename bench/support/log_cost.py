"""What the access log costs a small GET: the same counts with it and without."""

from . import counting, report

WORKLOAD = "small GET"
# (proxy, log): what each stands beside is its own "off".
ROWS = (("frontdoor", "off"), ("frontdoor", "on"), ("nginx", "off"), ("nginx", "on"), ("nginx", "buffered"))
NAMES = {"off": "off", "on": "on", "buffered": "on, buffer=64k flush=1s"}
FORMATS = {"frontdoor": "JSON", "nginx": "combined"}
# Issue 13: at most so much more than without.
CALLS_MORE = 0.1
INSTRUCTIONS_MORE = 1.10


def measure(origin, rows=ROWS, say=print):
    measured = {}
    for proxy, log in rows:
        calls = counting.system_calls(proxy, WORKLOAD, origin, log=log)
        measured[proxy, log] = {"system_calls": round(sum(calls.values()), 2),
                                "instructions": round(counting.instructions(proxy, WORKLOAD, origin, log=log))}
        say(f"  {proxy}, access log {log}: {measured[proxy, log]}")
    return measured


def table(measured):
    rows = []
    for (proxy, log), cost in measured.items():
        off = measured[proxy, "off"]
        title = f"{proxy}, {'no access log' if log == 'off' else FORMATS[proxy] + ', ' + NAMES[log]}"
        share = "" if log == "off" else f"+{100 * (cost['instructions'] / off['instructions'] - 1):.1f} %"
        more = "" if log == "off" else f"{cost['system_calls'] - off['system_calls']:+.2f}"
        rows.append([title, f"{cost['system_calls']:.2f}", more, f"{cost['instructions']:,}", share])
    return report.table(["small GET, 64 connections", "system calls", "more", "instructions", "more"], rows, words=1)


def too_dear(measured):
    """What frontdoor's log costs beyond its promise, in words."""
    off, on = measured["frontdoor", "off"], measured["frontdoor", "on"]
    more = on["system_calls"] - off["system_calls"]
    if more > CALLS_MORE:
        yield f"the access log costs {more:.2f} system calls a request, {CALLS_MORE} at most"
    if on["instructions"] > off["instructions"] * INSTRUCTIONS_MORE:
        yield (f"the access log costs {on['instructions'] - off['instructions']:,} instructions a request, "
               f"{100 * (INSTRUCTIONS_MORE - 1):.0f} % of {off['instructions']:,} at most")
