#!/usr/bin/env python3
"""A new process beside one that drains, under load: docs/restart.md."""

import os
import tempfile
import unittest

from support import App, FixedRate, Frontdoor, eventually, get, http_get, kept_its_pace, lost, main, pool, say


LOAD = "/?load"


def event(door, name):
    return [e for e in door.events() if e.get("event") == name]


class Restart(unittest.TestCase):
    def restart_under_load(self, config):
        """Returns the report of the load, once the old process has ended."""
        with App("app") as app:
            old = Frontdoor(config + pool("app", [app]))
            new = None
            try:
                old.start()
                old.wait_until_serving([app])
                with FixedRate(old.address, LOAD, rate=300) as load:
                    self.wait_for(app, 300)
                    old.terminate()
                    new = Frontdoor(config + pool("app", [app]), f'listen = "{old.address}"\n')
                    eventually(lambda: event(old, "draining"), "the drain")
                    new.start()
                    self.assertEqual(old.wait(), 0)
                    self.wait_for(app, 300)
                    report = load.finish()
                self.assertEqual(lost(report, [old, new], LOAD), 0)
                self.assertEqual(get(new.address), "hello from app\n")
                if report["failed"]:
                    for door in (old, new):
                        print([l for l in door.access() if l.get("outcome") != "served"][:10], door.stderr()[-3000:])
                return report
            finally:
                old.close()
                if new:
                    self.assertEqual(new.close(), 0)

    @staticmethod
    def wait_for(app, count):
        goal = http_get(app.address, "/state").json()["requests"] + count
        eventually(lambda: http_get(app.address, "/state").json()["requests"] >= goal, "load", pause=0.05)

    def test_with_a_delay_nothing_is_refused(self):
        report = self.restart_under_load('[timeouts]\ndrain_delay = "2s"\n')
        say(f"with drain_delay: {report['requests']} requests, {report['failed']} failed: {report['failures']}")
        self.assertEqual([f for f in report["failures"] if "Connect call failed" in f["reason"]], [])
        self.judge(report, report["failures"])

    def test_without_one_only_new_connections_are_refused_for_a_moment(self):
        report = self.restart_under_load("")
        others = [f for f in report["failures"] if "Connect call failed" not in f["reason"]]
        say(f"without drain_delay: {report['requests']} requests, {report['failed']} refused at connect, others: {others}")
        self.judge(report, others)

    def judge(self, report, unserved):
        """Of what reached a front door none was lost; what did not is little, where the client was quick to see an end."""
        if kept_its_pace(report):
            self.assertLessEqual(len(unserved), report["requests"] // 100, unserved)

    def test_a_unix_socket_is_replaced(self):
        with App("app") as app, tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
            listeners = f'listen = "unix:{os.path.join(directory, "door")}"\n'
            config = '[timeouts]\ndrain_delay = "1s"\n' + pool("app", [app])
            with Frontdoor(config, listeners) as old:
                old.wait_until_serving([app])
                old.terminate()
                eventually(lambda: event(old, "draining"), "the drain")
                with Frontdoor(config, listeners) as new:
                    self.assertEqual(old.wait(), 0)
                    new.wait_until_serving([app])


if __name__ == "__main__":
    main()
