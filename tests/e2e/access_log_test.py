#!/usr/bin/env python3
"""The access log as an operator sets it up: its own rotation under traffic, chosen fields, samples, routes without one."""

import glob
import json
import os
import signal
import tempfile
import unittest

from support import App, Client, Frontdoor, eventually, get, http_get, main, pool


class AccessLogFiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(App("app"))

    def setUp(self):
        self.directory = self.enterContext(tempfile.TemporaryDirectory(prefix="frontdoor-e2e-"))
        self.path = os.path.join(self.directory, "access.log")

    def config(self, keys, more=""):
        return f'[access_log]\noutput = "{self.path}"\n{keys}\n{more}' + pool("app", [self.app])

    def files(self):
        return sorted(path for path in glob.glob(self.path + "*") if os.path.isfile(path))

    def lines(self, word):
        found = []
        for path in self.files():
            try:
                with open(path, encoding="utf-8") as file:
                    found += [json.loads(line) for line in file.read().splitlines() if word in line]
            except FileNotFoundError:  # it was renamed meanwhile
                pass
        return found

    def test_files_that_are_full_lose_no_line_whoever_rotates_besides(self):
        with Frontdoor(self.config('max_size = "20KiB"\nkeep = 500')) as door:
            door.wait_until_serving([self.app])
            with Client(door.address) as client:
                for number in range(600):
                    client.get(f"/kept/{number}")
                    if number % 200 == 100:
                        door.process.send_signal(signal.SIGUSR1)
            door.terminate()
            self.assertEqual(door.wait(), 0)
        self.assertGreater(len(self.files()), 10)
        for path in self.files():
            self.assertLessEqual(os.path.getsize(path), 20 * 1024, path)
        self.assertEqual(sorted(int(line["target"].rsplit("/", 1)[1]) for line in self.lines("/kept/")), list(range(600)))

    def test_a_total_and_a_number_bound_them(self):
        with Frontdoor(self.config('max_size = "8KiB"\nkeep = 3')) as door:
            door.wait_until_serving([self.app])
            with Client(door.address) as client:
                for number in range(300):
                    client.get(f"/bounded/{number}")
            eventually(lambda: len(self.files()) == 4, "the one that is written and three")
            door.reload(self.config('max_total = "8KiB"\nkeep = 3'))
            with Client(door.address) as client:
                for number in range(100):
                    client.get(f"/bounded/{number}")
            eventually(lambda: sum(os.path.getsize(path) for path in self.files() if os.path.exists(path)) <= 8 * 1024,
                       "their total")

    def test_an_old_file_makes_way_without_a_request(self):
        with Frontdoor(self.config('max_age = "1s"')) as door:
            door.wait_until_serving([self.app])
            eventually(lambda: os.path.exists(self.path + ".1") and os.path.getsize(self.path + ".1") > 0, "the old file")

    def test_a_file_that_can_not_be_renamed_is_told_and_counted(self):
        os.makedirs(self.path + ".1/in-the-way")
        with Frontdoor(self.config('max_size = "1KiB"\nkeep = 1')) as door:
            door.wait_until_serving([self.app])
            with Client(door.address) as client:
                for number in range(50):
                    client.get(f"/grows/{number}")
            told = eventually(lambda: [e for e in door.events() if e["event"] == "access log cannot be rotated and grows"],
                              "the error")[0]
            self.assertEqual(told["reason"], f"cannot rename {self.path}: Is a directory")
            metrics = http_get(door.admin_address, "/metrics", host="127.0.0.1").text
            (count,) = [line for line in metrics.splitlines() if line.startswith("frontdoor_access_log_failed_rotations_total ")]
            self.assertGreater(float(count.split()[1]), 0)
            eventually(lambda: len(self.lines("/grows/")) == 50, "all lines")

    def test_a_reload_chooses_fields_and_samples(self):
        with Frontdoor(self.config("")) as door:
            door.wait_until_serving([self.app])
            get(door.address, "/whole")
            whole = eventually(lambda: self.lines("/whole"), "a whole line")[0]
            self.assertIn("user_agent", whole)

            door.reload(self.config('fields = ["status", "target", "sample"]'))
            eventually(lambda: get(door.address, "/chosen") and
                       any(list(line) == ["status", "target"] for line in self.lines("/chosen")), "a line of two fields")

            door.reload(self.config('fields = ["target", "status", "sample", "outcome"]\nsample = 0.0'))
            eventually(lambda: http_get(door.address, "/%zz").status == 400 and
                       any(list(line) == ["target", "status", "outcome"] for line in self.lines("/%zz")), "our own answer")
            get(door.address, "/left-out")
            http_get(door.address, "/status/503")
            eventually(lambda: self.lines("/status/503"), "an app's failure")
            self.assertEqual(self.lines("/left-out"), [])

            door.reload(self.config('fields = ["target", "sample"]\nsample = 0.5'))
            eventually(lambda: get(door.address, "/picked") and any(line.get("sample") == 0.5 for line in self.lines("/picked")),
                       "a line that says that it was picked")

    def test_a_route_without_a_log_has_none_and_others_do(self):
        routes = '[[route]]\npath = "/probe*"\naccess_log = false\n[[route]]\n'
        with Frontdoor(self.config("", routes)) as door:
            door.wait_until_serving([self.app])
            get(door.address, "/probe/1")
            self.assertEqual(http_get(door.address, "/probe/%zz").status, 400)
            get(door.address, "/other")
            eventually(lambda: self.lines("/other"), "the other's line")
            door.terminate()
            self.assertEqual(door.wait(), 0)
        self.assertEqual([line["target"] for line in self.lines("/probe")], ["/probe/%zz"], "what matches no route is logged")


if __name__ == "__main__":
    main()
