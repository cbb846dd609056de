#!/usr/bin/env python3
"""The demo with a real crash: the site stays up, the instance comes back, nothing is left behind.
Usage: demo_test.py FRONTDOOR"""

import contextlib
import html
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROGRAM = sys.argv.pop(1)
PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../cli/demo_page.html")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition, what, seconds=15):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


class Demo:
    def __init__(self, *words):
        self.process = subprocess.Popen([PROGRAM, "demo", *words], stdout=subprocess.PIPE, text=True)
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def said(self, text):
        return any(text in line for line in list(self.lines))

    def port(self):
        wait_for(lambda: self.said("  open  http://"), "the address")
        line = next(line for line in self.lines if "  open  http://" in line)
        return int(line.rpartition(":")[2])

    def request(self, method, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port(), timeout=10)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def who(self):
        status, body = self.request("GET", "/api/whoami")
        assert status == 200, (status, body)
        return json.loads(body)

    def pids(self):
        """Of the instances, by name, as the answers tell."""
        return {who["name"]: who["pid"] for who in (self.who() for _ in range(9))}

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        status = self.process.wait(timeout=20)
        self.reader.join(timeout=5)
        self.process.stdout.close()
        return status


class DemoTest(unittest.TestCase):
    def start(self, *words):
        demo = Demo(*words)
        self.addCleanup(lambda: demo.process.poll() is None and demo.end(signal.SIGKILL))
        return demo

    def test_a_crash_costs_one_post_and_no_get(self):
        demo = self.start("--listen", "127.0.0.1:0")
        before = demo.pids()
        self.assertEqual(sorted(before), ["app.1", "app.2", "app.3"])
        self.assertIn("frontdoor demo", demo.request("GET", "/")[1])

        self.assertEqual(demo.request("POST", "/crash")[0], 502)
        wait_for(lambda: demo.said("crashed: SIGABRT"), "the crash on the terminal")
        # Requests go on while it is gone and while it comes back; who() fails the test at the first that is lost.
        wait_for(lambda: demo.who() and demo.said(" is up"), "the instance to come back")
        wait_for(lambda: len(set(demo.pids().items()) - set(before.items())) == 1, "exactly one new instance")

        after = demo.pids()
        self.assertEqual(demo.end(), 0)
        for pid in [*before.values(), *after.values()]:
            self.assertFalse(alive(pid))

    def test_with_all_three_dead_requests_wait_and_it_says_so(self):
        demo = self.start("--listen", "127.0.0.1:0")
        for pid in demo.pids().values():
            os.kill(pid, signal.SIGKILL)
        demo.who()  # fails unless it is answered
        wait_for(lambda: demo.said("none is up now: requests wait, at most 10s"), "what becomes of requests")
        wait_for(lambda: demo.said(" is up"), "the first to come back")
        self.assertFalse(demo.said("503"), demo.lines)
        self.assertEqual(demo.end(), 0)

    def state(self, demo, name):
        status, body = demo.request("GET", "/api/status")
        self.assertEqual(status, 200, body)
        (pool,) = json.loads(body)["pools"]
        return next(row for row in pool["upstreams"] if row["name"] == name)

    def test_the_page_shows_what_the_supervisor_says(self):
        demo = self.start("--listen", "127.0.0.1:0")
        who = demo.who()
        row = self.state(demo, who["name"])
        self.assertEqual((row["state"], row["pid"], row["restarts"]), ("up", who["pid"], 0))
        os.kill(who["pid"], signal.SIGKILL)
        wait_for(lambda: self.state(demo, who["name"])["state"] == "starting", "that it is starting")
        wait_for(lambda: self.state(demo, who["name"])["state"] == "up", "that it is up")
        row = self.state(demo, who["name"])
        self.assertEqual((row["restarts"], row["last_end"]), (1, "SIGKILL"))
        self.assertEqual(demo.end(), 0)

    def test_a_front_door_that_is_killed_comes_back_to_its_instances(self):
        demo = self.start("--listen", "127.0.0.1:0")
        before = demo.pids()
        with open(f"/proc/{demo.process.pid}/task/{demo.process.pid}/children", encoding="ascii") as file:
            children = set(map(int, file.read().split()))
        (front_door,) = children - set(before.values())
        demo.lines.clear()
        os.kill(front_door, signal.SIGKILL)
        wait_for(lambda: demo.said("  open  http://"), "another front door")
        self.assertEqual(demo.pids(), before)
        self.assertEqual(demo.end(), 0)

    def test_the_sentences_of_the_page(self):
        with open(PAGE, encoding="utf-8") as file:
            sentences = re.search(r"// ---- What is said.*?// ---- End of it", file.read(), re.S).group()
        def row(state, pid=7, **more):
            return json.dumps({"name": "app.1", "state": state, "pid": pid, "restarts": 0, **more})

        table = [
            (f"state_words({row('up')})", "up"),
            (f"state_words({row('starting')})", "starting"),
            (f"state_words({row('pausing', next_start_ms=120)})", "ended, starts in 0.1 s"),
            (f"state_words({row('crash loop', next_start_ms=4300)})", "crash loop, starts in 4.3 s"),
            (f"state_words({row('stopping', next_start_ms=None)})", "stopping"),
            (f"change_sentence({row('up')}, {row('up')}, ['app.1'])", ""),
            (f"change_sentence({row('up')}, {row('pausing', pid=None, last_end='SIGABRT')}, ['app.2', 'app.3'])",
             "app.1 (pid 7) ended: SIGABRT. Traffic goes to app.2 and app.3."),
            (f"change_sentence({row('up')}, {row('starting', pid=8, restarts=1, last_end='SIGABRT')}, ['app.3'])",
             "app.1 (pid 7) ended: SIGABRT. Traffic goes to app.3."),
            (f"change_sentence({row('pausing', pid=None)}, {row('starting', pid=8, restarts=1)}, ['app.3'])",
             "app.1 is starting, with pid 8."),
            (f"change_sentence({row('starting', pid=8)}, {row('up', pid=8)}, ['app.1', 'app.3'])",
             "app.1 is up, with pid 8. Traffic goes to app.1 and app.3."),
            (f"change_sentence({row('up')}, {row('crash loop', pid=None, last_end='SIGABRT')}, [])",
             "app.1 ended again (SIGABRT), a crash loop. None is up now: requests wait until one is."),
            (f"change_sentence({row('up')}, {row('stopping')}, ['app.2'])", ""),
            ("crash_sentence(502, '3')",
             "POST /crash: 502 after 3 ms. A POST may have had its effect, so it is not sent to another instance."),
            ("crash_sentence(503, '10000')",
             "POST /crash: 503 after 10000 ms. It has reached no instance, so none has crashed."),
            ("crash_sentence('no answer', '3')", "POST /crash: no answer after 3 ms."),
        ]
        calls = ", ".join(call for call, _ in table)
        said = subprocess.run(["node", "-e", f"{sentences}\nconsole.log(JSON.stringify([{calls}]))"],
                              capture_output=True, text=True, timeout=20, check=True)
        self.assertEqual(json.loads(said.stdout), [sentence for _, sentence in table])

    @unittest.skipUnless(shutil.which("chromium"), "no chromium on this machine")
    def test_on_a_phone_the_lanes_are_on_the_first_screen(self):
        with open(PAGE, encoding="utf-8") as file:
            page = html.escape(file.read().replace("__NAME__", "app.1").replace("__PID__", "4711"), quote=True)
        look = """onload = () => {
          const page = document.querySelector("iframe").contentDocument;
          const lanes = page.getElementById("river").getBoundingClientRect();
          document.title = [lanes.height, lanes.bottom, page.documentElement.scrollWidth].map(Math.round).join(" ");
        }"""
        # A frame, as no window of a browser is so narrow.
        with tempfile.TemporaryDirectory() as directory:
            with open(os.path.join(directory, "phone.html"), "w", encoding="utf-8") as file:
                file.write(f'<iframe width="375" height="667" style="border:0" srcdoc="{page}"></iframe><script>{look}</script>')
            done = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                                   "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--timeout=5000",
                                   f"--user-data-dir={directory}/profile", "--dump-dom", f"file://{directory}/phone.html"],
                                  capture_output=True, text=True, timeout=60, check=False)
        height, bottom, width = map(int, re.search(r"<title>(\d+) (\d+) (\d+)</title>", done.stdout).groups())
        self.assertGreater(height, 50)
        self.assertLessEqual(bottom, 667)
        self.assertLessEqual(width, 375, "it does not scroll sideways")

    def test_a_get_of_crash_is_answered_first(self):
        demo = self.start("--listen", "127.0.0.1:0")
        status, body = demo.request("GET", "/crash")
        self.assertEqual(status, 202)
        self.assertIn("is about to crash", body)
        wait_for(lambda: demo.who() and demo.said("crashed: SIGABRT"), "the crash")
        self.assertEqual(sum("crashed" in line for line in demo.lines), 1)
        self.assertEqual(demo.end(signal.SIGINT), 0)

    def test_instances_die_with_a_demo_that_is_killed(self):
        demo = self.start("--listen", "127.0.0.1:0")
        pids = demo.pids().values()
        demo.end(signal.SIGKILL)
        wait_for(lambda: not any(alive(pid) for pid in pids), "the instances to end")

    def test_an_instance_that_crashes_again_and_again_is_told_as_a_crash_loop(self):
        demo = self.start("--listen", "127.0.0.1:0")
        victim = demo.who()["name"]

        def crash_it_again():
            who = demo.who()
            if who["name"] == victim:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(who["pid"], signal.SIGABRT)
            return demo.said("a crash loop: the next start is later")

        wait_for(crash_it_again, "the crash loop", seconds=60)
        self.assertTrue(any(victim in line for line in demo.lines if "crash loop" in line), demo.lines)
        self.assertEqual(demo.end(), 0)

    def test_an_instance_is_started_by_the_demo_alone(self):
        done = subprocess.run([PROGRAM, "demo-app"], capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (2, "", "frontdoor: demo-app is started by frontdoor demo\n"))

    def test_takes_the_next_port_when_8080_is_taken(self):
        first = self.start()
        port = first.port()
        second = self.start()
        self.assertNotEqual(port, second.port())


if __name__ == "__main__":
    unittest.main()
