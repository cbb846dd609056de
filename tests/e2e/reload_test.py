#!/usr/bin/env python3
"""A reload says what it did and what it could not; the access log says where its lines go."""

import os
import re
import signal
import tempfile
import unittest

from support import App, Client, Frontdoor, eventually, get, http_get, main, pool


def event(door, name):
    return [e for e in door.events() if e.get("event") == name]


class Reload(unittest.TestCase):
    def test_logs_and_limits_are_applied(self):
        with App("app") as app, tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
            path = os.path.join(directory, "access.log")
            with Frontdoor(pool("app", [app])) as door:
                door.wait_until_serving([app])
                events = door.reload(f'[access_log]\noutput = "{path}"\nformat = "combined"\n'
                                     '[log]\nlevel = "info"\nformat = "text"\n[limits]\nheader_bytes = "1KiB"\n'
                                     + pool("app", [app]))
                self.assertEqual([e for e in events if e.get("event") == "waits for an upgrade or a restart"], [])
                eventually(lambda: self.asks_with(door, "x" * 2000) == 431, "the new limit")
                get(door.address, "/seen")
                eventually(lambda: '"GET /seen HTTP/1.1" 200' in self.text(path), "the line in the new file")
                self.assertEqual([l for l in door.access() if l.get("target") == "/seen"], [])
                eventually(lambda: re.search(r"^[0-9:.]+ info  reloaded", door.stderr(), re.M), "the text format")

                door.reload('[access_log]\noutput = "off"\n' + pool("app", [app]))
                eventually(lambda: event(door, "reloaded"), "JSON again")
                eventually(lambda: self.asks_with(door, "x" * 2000) == 200, "the old limit")
                before = self.text(path)
                get(door.address, "/unseen")
                door.reload(f'[access_log]\noutput = "{path}"\nformat = "json"\n' + pool("app", [app]))
                eventually(lambda: get(door.address, "/again") and "/again" in self.text(path), "it is on again")
                self.assertNotIn("/unseen", self.text(path))
                self.assertTrue(self.text(path).startswith(before))

    @staticmethod
    def asks_with(door, value):
        with Client(door.address) as client:
            return client.get("/", [("X-Long", value)]).status

    @staticmethod
    def text(path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def test_what_waits_for_a_restart_is_said_key_by_key_and_compared_with_what_runs(self):
        with App("app") as app, Frontdoor(pool("app", [app])) as door:
            door.wait_until_serving([app])
            head = door.head
            door.head = head.replace("workers = 2", "workers = 3")
            for _ in range(2):  # the second time nothing has changed in the file, and it still does not run
                before = len(event(door, "waits for an upgrade or a restart"))
                reloaded = len(event(door, "reloaded"))
                door.reload('[limits]\nheader_bytes = "64KiB"\n' + pool("app", [app]))
                eventually(lambda n=reloaded: len(event(door, "reloaded")) > n, "the reload")
                self.assertEqual(sorted(e["key"] for e in event(door, "waits for an upgrade or a restart")[before:]),
                                 ["limits.header_bytes", "workers"])
            door.head = head
            before = len(event(door, "waits for an upgrade or a restart"))
            reloaded = len(event(door, "reloaded"))
            door.reload(pool("app", [app]))
            eventually(lambda: len(event(door, "reloaded")) > reloaded, "the reload")
            self.assertEqual(event(door, "waits for an upgrade or a restart")[before:], [], "it was taken back")

    def test_a_missing_file_is_one_error(self):
        with App("app") as app, Frontdoor(pool("app", [app])) as door:
            door.wait_until_serving([app])
            before = len(door.events())
            os.unlink(door.config_file)
            door.process.send_signal(signal.SIGHUP)
            eventually(lambda: "No such file" in door.stderr(), "an event about the missing file")
            get(door.address)
            errors = [e for e in door.events()[before:] if e.get("level") == "error"]
            self.assertEqual([e["event"] for e in errors], ["reload refused, the old config stays"])


    def test_a_log_that_cannot_be_written_is_refused_as_at_a_start(self):
        with App("app") as app, tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
            logs = os.path.join(directory, "logs")
            os.mkdir(logs)
            written = f'[access_log]\noutput = "{logs}/access.log"\n'
            with Frontdoor(written + pool("app", [app])) as door:
                door.wait_until_serving([app])
                told = door.reload(f'[access_log]\noutput = "{directory}/missing/access.log"\n' + pool("app", [app]))
                self.assertEqual([e["event"] for e in told if e["level"] == "error"], ["reload refused, the old config stays"])
                self.assertIn("the access log cannot be written", door.stderr())
                # The one that is written now must not keep an operator from other changes.
                os.rename(logs, logs + ".aside")
                door.reload(written + pool("app", [app], more="max_in_flight = 7"))
                eventually(lambda: event(door, "reloaded"), "the reload")


class Rotation(unittest.TestCase):
    def lines(self, path):
        try:
            with open(path, "rb") as file:
                return file.read().count(b"\n")
        except FileNotFoundError:
            return -1

    def test_usr1_says_what_became_of_it(self):
        with App("app") as app, tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
            logs = os.path.join(directory, "logs")
            os.mkdir(logs)
            path = os.path.join(logs, "access.log")
            with Frontdoor(f'[access_log]\noutput = "{path}"\n' + pool("app", [app])) as door:
                door.wait_until_serving([app])
                aside = logs + ".aside"
                os.rename(logs, aside)
                door.process.send_signal(signal.SIGUSR1)
                failed = eventually(lambda: event(door, "access log not opened, trying again"), "the error")[0]
                self.assertEqual((failed["level"], failed["reason"]),
                                 ("error", f"cannot open {path}: No such file or directory"))
                self.assertEqual(event(door, "access log reopened"), [])
                before = self.lines(os.path.join(aside, "access.log"))
                get(door.address)
                eventually(lambda: self.lines(os.path.join(aside, "access.log")) > before, "the line in the old file")

                os.mkdir(logs)
                eventually(lambda: event(door, "access log reopened"), "that it works again")
                get(door.address)
                eventually(lambda: self.lines(path) == 1, "the line in the new file")

    def test_a_file_that_was_renamed_is_noticed_without_a_signal(self):
        with App("app") as app, tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
            path = os.path.join(directory, "access.log")
            with Frontdoor(f'[access_log]\noutput = "{path}"\n' + pool("app", [app])) as door:
                door.wait_until_serving([app])
                os.rename(path, path + ".1")
                noticed = eventually(lambda: event(door, "access log reopened"), "that it is noticed")[0]
                self.assertEqual(noticed["reason"], "the old file was renamed or removed")
                get(door.address)
                eventually(lambda: self.lines(path) == 1, "the line in the new file")

    def test_without_a_file_there_is_nothing_to_reopen(self):
        with App("app") as app, Frontdoor(pool("app", [app])) as door:
            door.process.send_signal(signal.SIGUSR1)
            eventually(lambda: event(door, "nothing to reopen: the access log is no file"), "an event")
            self.assertEqual(http_get(door.address).status, 200)


if __name__ == "__main__":
    main()
