"""A minute in which everything happens to four apps, and what must hold for the clients in front of them meanwhile: for
the acceptance tests chaos-minute and chaos-minute-tls."""

import json
import time
from collections import Counter
from datetime import datetime

from support import App, FixedRate, Frontdoor, eventually, pool

RATE = 500
MINUTE_S = 60
KILL_EVERY_S = 2
STOPS_AT_S, STOPPED_FOR_S = (10.5, 42.5), 5
OUTAGE_AT_S, OUTAGE_FOR_S = 29.5, 3
CHECK = '{ path = "/healthz", interval = "500ms", timeout = "500ms", fall = 3 }'
# A stopped app is found out by three probes of half a second, and each may begin half a second and a jitter later.
EVICTED_WITHIN_S = 3 * (0.5 + 0.55) + 0.5


class Chaos:
    """What happens to the apps, by the clock."""

    def __init__(self, report):
        self._report = report
        self.killed, self.hung, self.rude, self.good = self.apps = [
            App("killed"), App("hung"), App("rude", environment={"RESET_HALF": "1"}), App("good")]
        self.kills = 0
        self.stopped_at = []
        self.outage = (0.0, 0.0)

    def __enter__(self):
        for app in self.apps:
            app.start()
        return self

    def __exit__(self, *_):
        for app in self.apps:
            app.close()

    def reign(self):
        plan = [(at, self._kill_one) for at in range(KILL_EVERY_S, MINUTE_S, KILL_EVERY_S)
                if not OUTAGE_AT_S <= at <= OUTAGE_AT_S + OUTAGE_FOR_S]
        for at in STOPS_AT_S:
            plan += [(at, self._stop), (at + STOPPED_FOR_S, self.hung.go_on)]
        plan += [(OUTAGE_AT_S, self._kill_all), (OUTAGE_AT_S + OUTAGE_FOR_S, self._start_all)]
        begun = time.monotonic()
        for at, act in sorted(plan, key=lambda step: step[0]):
            time.sleep(max(0.0, begun + at - time.monotonic()))  # the plan is what is tested, nothing is waited for
            act()
        time.sleep(max(0.0, begun + MINUTE_S - time.monotonic()))

    def _kill_one(self):
        self.kills += 1
        self.killed.kill()
        self.killed.restart()

    def _stop(self):
        self.stopped_at.append(time.time())
        self.hung.stop()

    def _kill_all(self):
        self.outage = (time.time(), 0.0)
        for app in self.apps:
            app.kill()

    def _start_all(self):
        self.outage = (self.outage[0], time.time())
        # In this thread: they die with the one that started them.
        for app in self.apps:
            app.restart()


def a_minute(report, address, chaos, over=None):
    with FixedRate(address, "/", rate=RATE, seconds=600, timeout=40, over=over) as load:
        chaos.reign()
        seen = load.finish()
    reasons = Counter(failure["reason"] for failure in seen["failures"])
    report.say(f"  {seen['requests']:,} GETs in {seen['seconds']:.0f} s, {seen['failed']} failed, ms {seen['latency_ms']}"
               + (f"; of the first of them: {dict(reasons)}" if reasons else ""))
    report.say(f"  {chaos.kills} single kills, {len(chaos.stopped_at)} stops of {STOPPED_FOR_S} s, all four down for "
               f"{chaos.outage[1] - chaos.outage[0]:.1f} s; answered by {seen['by_app']}")
    return seen


def seconds_of(line):
    return datetime.strptime(line["time"], "%Y-%m-%dT%H:%M:%S.%fZ").timestamp()


def check_log(report, door, chaos):
    lines = [line for line in door.access() if line.get("target") == "/"]
    rules = Counter(line["retry"] for line in lines if "retry" in line)
    held = [line["held_ms"] for line in lines if "held_ms" in line]
    report.say(f"  access log: {len(lines):,} lines; tries by rule {dict(rules)}; {len(held):,} held, "
               f"{max(held, default=0) / 1000:.2f} s at most")
    odd = Counter(line["outcome"] for line in lines if line["outcome"] != "served")
    report.check(not odd, f"every outcome in the access log is served {dict(odd) or ''}")
    names = {app.address: app.name for app in chaos.apps}
    for line in [line for line in lines if line["outcome"] != "served"][:10]:
        tries = [f"{names.get(each['upstream'])} {each['outcome']} after {each['total_ms']:.0f} ms" for each in line.get("attempts", [])]
        report.say(f"  {line['outcome']} at {line['time']}: {', then '.join(tries)}; {line.get('retry')}")
    report.check(len(held) > RATE, "the outage was a wait")

    rescued = [line for line in lines if line.get("retry") == "evicted_safe"]
    evictions = [seconds_of(e) for e in door.events()
                 if e.get("event") == "upstream down" and e.get("upstream") == chaos.hung.address]
    after = [min((seconds_of(line) - at for at in evictions if seconds_of(line) >= at - 0.001), default=99.0)
             for line in rescued]
    report.check(len(rescued) >= len(chaos.stopped_at), f"{len(rescued)} GETs were rescued from the stopped app")
    report.check(max(after, default=99.0) < 1,
                 f"each was answered within a second of the eviction (at most {max(after, default=99.0) * 1000:.0f} ms later)")
    waited = max((line["total_ms"] / 1000 for line in rescued), default=99.0)
    report.check(waited < EVICTED_WITHIN_S + 1, f"none waited for longer than {waited:.2f} s; response_header is 30 s")


def a_minute_of_frontdoor(report, title, listeners=None, over=None):
    """No client may see an error. `over`: as FixedRate's."""
    options = {"listeners": listeners} if listeners else {}
    with Chaos(report) as chaos, Frontdoor(pool("app", chaos.apps, CHECK), **options) as door:
        eventually(lambda: serving(door) >= 3, "three of the apps")
        report.say(f"{title}, {RATE} GETs per second")
        seen = a_minute(report, door.address, chaos, over)
        for failure in seen["failures"][:10]:
            report.say(f"  failed: {json.dumps(failure)}")
        report.check(seen["failed"] == 0, f"0 of {seen['requests']:,} GETs failed")
        report.check(seen["requests"] >= RATE * MINUTE_S * 0.98, "the client kept its rate")
        eventually(lambda: len(door.access()) >= seen["requests"], "the access log", pause=0.5)
        check_log(report, door, chaos)


def serving(door):
    return len({e["upstream"] for e in door.events() if e.get("event") == "upstream up"})
