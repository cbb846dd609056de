#!/usr/bin/env python3
"""Start, reload and end of the real process: exit statuses, signals, what a second copy and a bad file come to."""

import os
import signal
import socket
import struct
import subprocess
import time
import unittest

from support import (App, Client, FixedRate, Frontdoor, apps, binary, eventually, get, http_get, main, pool, sanitized,
                     say, wrk, wrk_report)

BAD = """
[pool.app]
upstreams = ["127.0.0.1:99999"]
health_check = { intervall = "1s" }
"""


class End(unittest.TestCase):
    def test_sigterm_lets_what_is_in_flight_complete_and_ends_with_0(self):
        with App("app") as app, Frontdoor(pool("app", [app])) as door:
            door.wait_until_serving([app])
            with Client(door.address) as client, Client(door.address) as idle:
                idle.get("/")
                client.request("GET", "/slow?ms=1200")
                eventually(lambda: "/slow" in http_get(app.address, "/in-flight").text, "the request at the app")
                door.terminate()
                response = client.read_response()
                self.assertEqual((response.status, response.text), (200, "slow hello from app\n"))
                self.assertEqual((response.header("Connection") or "").lower(), "close")
                idle.close()
                self.assertEqual(door.wait(), 0)

    def test_an_idle_connection_gets_its_next_answer_in_the_delay_and_is_told_to_go(self):
        config = '[timeouts]\ndrain = "40s"\ndrain_delay = "5s"\n'
        with App("app") as app, Frontdoor(config + pool("app", [app])) as door:
            door.wait_until_serving([app])
            with Client(door.address) as idle, Client(door.address) as busy:
                idle.get("/")
                busy.request("GET", "/slow?ms=1500")
                eventually(lambda: "/slow" in http_get(app.address, "/in-flight").text, "the request at the app")
                door.terminate()
                eventually(lambda: [e for e in door.events() if e.get("event") == "draining"], "the drain")
                response = idle.get("/")
                self.assertEqual(response.status, 200)
                self.assertEqual((response.header("Connection") or "").lower(), "close")
                self.assertTrue(idle.at_end())
                self.assertEqual(busy.read_response().status, 200)
            self.assertEqual(door.wait(), 0)

    def test_the_drain_has_an_end(self):
        config = '[timeouts]\ndrain = "500ms"\n'
        with App("app") as app, Frontdoor(config + pool("app", [app])) as door:
            door.wait_until_serving([app])
            with Client(door.address) as client:
                client.request("GET", "/slow?ms=60000")
                eventually(lambda: "/slow" in http_get(app.address, "/in-flight").text, "the request at the app")
                door.terminate()
                started = time.monotonic()
                door.wait(15)
                say(f"ended {time.monotonic() - started:.2f} s after SIGTERM with a request that never ends")
                cut = [line["outcome"] for line in door.access() if line.get("target", "").startswith("/slow")]
                self.assertEqual(cut, ["drained"], "which is not the client's doing")
                door.expected_status = None

    def test_a_second_sigterm_ends_at_once(self):
        with App("app") as app, Frontdoor(pool("app", [app])) as door:
            door.wait_until_serving([app])
            with Client(door.address) as client:
                client.request("GET", "/slow?ms=60000")
                eventually(lambda: "/slow" in http_get(app.address, "/in-flight").text, "the request at the app")
                events = len(door.events())
                door.terminate()
                eventually(lambda: len(door.events()) > events, "an event that says it drains")
                self.assertIsNone(door.process.poll())
                started = time.monotonic()
                door.terminate()
                door.wait(10)
                self.assertLess(time.monotonic() - started, 5)
                door.expected_status = None

    def test_sigint_is_the_same_and_nothing_is_left_to_do_when_idle(self):
        with App("app") as app, Frontdoor(pool("app", [app])) as door:
            door.wait_until_serving([app])
            started = time.monotonic()
            door.process.send_signal(signal.SIGINT)
            self.assertEqual(door.wait(), 0)
            self.assertLess(time.monotonic() - started, 5)

    def test_the_last_access_lines_are_written(self):
        with App("app") as app, Frontdoor(pool("app", [app])) as door:
            door.wait_until_serving([app])
            get(door.address, "/the-last-one")
            door.terminate()
            self.assertEqual(door.wait(), 0)
            # Each worker writes its own lines in order; between workers there is none.
            self.assertIn("/the-last-one", [line["target"] for line in door.access()])


class Reload(unittest.TestCase):
    def test_upstreams_come_and_go_without_a_failed_request(self):
        with apps(4) as four, Frontdoor(pool("app", four[:2])) as door:
            door.wait_until_serving(four[:2])
            with FixedRate(door.address, rate=500) as load:
                for serving in (four, four[2:], four[1:3], four[:2]):
                    door.reload(pool("app", serving))
                    wanted = {app.name for app in serving}
                    eventually(lambda w=wanted: self.serving_now(door.address) == w, f"answers from {wanted} only")
                    self.wait_for_load(serving[0], 100)
                report = load.finish()
            say(f"{report['requests']} GETs over four reloads, {report['failed']} failed, {report['latency_ms']}")
            self.assertEqual(report["failed"], 0, report["failures"])
            self.assertEqual(set(report["by_app"]), {app.name for app in four})

    @staticmethod
    def wait_for_load(app, count):
        goal = http_get(app.address, "/state").json()["requests"] + count
        eventually(lambda: http_get(app.address, "/state").json()["requests"] >= goal, "load", pause=0.05)

    @staticmethod
    def serving_now(address):
        with Client(address) as client:
            return {client.get("/").header("X-App") for _ in range(24)}

    def test_a_request_in_flight_outlives_its_upstream_in_the_config(self):
        with apps(2) as (old, new), Frontdoor(pool("app", [old])) as door:
            door.wait_until_serving([old])
            with Client(door.address) as client:
                client.request("GET", "/slow?ms=1000")
                eventually(lambda: "/slow" in http_get(old.address, "/in-flight").text, "the request at the app")
                door.reload(pool("app", [new]))
                self.assertEqual(client.read_response().text, "slow hello from app1\n")
                eventually(lambda: http_get(door.address).header("X-App") == "app2", "the new upstream")

    def test_what_was_learned_is_carried_over(self):
        with apps(2) as two, Frontdoor(pool("app", two)) as door:
            door.wait_until_serving(two)
            ups = len([e for e in door.events() if e.get("event") == "upstream up"])
            door.reload(pool("app", two, more="[pool.app.retry]\nattempts = 1\n"))
            for _ in range(20):
                self.assertEqual(http_get(door.address).status, 200)  # no moment in which all are unknown again
            self.assertEqual(len([e for e in door.events() if e.get("event") == "upstream up"]), ups)

    def test_a_new_route_is_served(self):
        with apps(2) as (one, two), Frontdoor(pool("app", [one])) as door:
            door.wait_until_serving([one])
            routes = '[[route]]\npath = "/two"\npool = "two"\n[[route]]\npool = "app"\n'
            door.reload(routes + pool("app", [one]) + pool("two", [two]))
            eventually(lambda: http_get(door.address, "/two").header("X-App") == "app2", "the new route")
            self.assertEqual(http_get(door.address, "/").header("X-App"), "app1")

    def test_a_bad_file_is_refused_whole_and_says_every_error(self):
        with App("app") as app, Frontdoor(pool("app", [app])) as door:
            door.wait_until_serving([app])
            with FixedRate(door.address, rate=200) as load:
                door.reload(BAD)
                eventually(lambda: "intervall" in door.stderr() and "99999" in door.stderr(), "both errors in the log")
                self.assertEqual(get(door.address), "hello from app\n")
                door.reload("this is = not toml = at all\n")
                self.assertEqual(get(door.address), "hello from app\n")
                os.unlink(door.config_file)
                door.process.send_signal(signal.SIGHUP)
                eventually(lambda: "No such file" in door.stderr(), "an event about the missing file")
                self.assertEqual(get(door.address), "hello from app\n")
                report = load.finish()
            self.assertEqual(report["failed"], 0, report["failures"])
            door.reload(pool("app", [app]))
            self.assertEqual(get(door.address), "hello from app\n")


class Start(unittest.TestCase):
    def run_to_end(self, door):
        try:
            status = door.spawn().wait(20)
            return status, door.stderr()
        finally:
            door.close()

    def test_an_address_in_use_names_who_has_it(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            port = holder.getsockname()[1]
            status, text = self.run_to_end(Frontdoor(pool("app", ["127.0.0.1:1"]), f'listen = "127.0.0.1:{port}"\n'))
        self.assertEqual(status, 1, text)
        self.assertIn(f"127.0.0.1:{port}", text)
        self.assertIn(str(os.getpid()), text)

    def test_a_second_frontdoor_does_not_take_half_of_the_traffic(self):
        with App("app") as app, Frontdoor(pool("app", [app])) as door:
            status, text = self.run_to_end(Frontdoor(pool("app", [app]), f'listen = "{door.address}"\n'))
            self.assertEqual(status, 1, text)
            self.assertIn(str(door.pid), text)
            door.wait_until_serving([app])

    def test_a_config_with_two_errors_says_both_and_ends_with_78(self):
        door = Frontdoor(BAD)
        status, text = self.run_to_end(door)
        self.assertEqual(status, 78, text)
        self.assertRegex(text, r"fd\.toml:\d+:\d+: .*99999")
        self.assertRegex(text, r'fd\.toml:\d+:\d+: .*intervall.*"interval"')
        self.assertFalse(os.path.exists(door.ready_file))

    def test_check_says_the_same_and_starts_nothing(self):
        for config, status in ((BAD, 78), (pool("app", ["127.0.0.1:1"]), 0)):
            done = subprocess.run([binary(), "check", "--config", "-"], input='listen = "127.0.0.1:0"\n' + config,
                                  capture_output=True, text=True, timeout=20, check=False)
            self.assertEqual(done.returncode, status, done.stderr)

    def test_a_config_from_standard_input(self):
        with App("app") as app:
            door = Frontdoor(pool("app", [app]))
            try:
                with open(door.config_file, "rb") as config:
                    text = config.read()
                door.spawn(stdin=subprocess.PIPE, config="-")
                door.process.stdin.write(text)
                door.process.stdin.close()
                door.wait_until_ready()
                door.wait_until_serving([app])
            finally:
                self.assertEqual(door.close(), 0)


class Resources(unittest.TestCase):
    def test_every_descriptor_is_closed_on_exec(self):
        with App("app") as app, Frontdoor(pool("app", [app])) as door:
            door.wait_until_serving([app])
            with Client(door.address) as client:
                client.get("/")
                kept = {}
                for fd, target in door.fds().items():
                    with open(f"/proc/{door.pid}/fdinfo/{fd}", encoding="ascii") as info:
                        flags = int(next(line for line in info if line.startswith("flags:")).split()[1], 8)
                    if fd > 2 and not flags & os.O_CLOEXEC:
                        kept[fd] = target
                self.assertEqual(kept, {})

    def test_clients_that_break_off_anywhere_leave_no_descriptor_and_no_memory(self):
        with apps(2) as two, Frontdoor(pool("app", two)) as door:
            door.wait_until_serving(two)
            self.break_off(door.address)
            eventually(lambda: http_get(two[0].address, "/in-flight").text == "GET /in-flight", "the apps to be idle")
            settled = eventually(lambda: self.idle_fds(door), "descriptors to settle")
            for _ in range(5):
                self.break_off(door.address)
            eventually(lambda: len(door.fds()) <= settled + 4, "descriptors to be given back")

    @staticmethod
    def idle_fds(door):
        first = len(door.fds())
        time.sleep(0.3)  # a look twice, not a wait: the number must stand still
        return first if len(door.fds()) == first else 0

    @staticmethod
    def break_off(address):
        abrupt = struct.pack("ii", 1, 0)
        for request in (b"", b"GET / HT", b"GET /big?bytes=10000000 HTTP/1.1\r\nHost: a\r\n\r\n",
                        b"GET /slow?ms=3000 HTTP/1.1\r\nHost: a\r\n\r\n",
                        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf",
                        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"):
            for with_reset in (False, True):
                for _ in range(10):
                    with Client(address) as client:
                        client.send(request)
                        if with_reset:
                            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, abrupt)

    def test_load_leaves_memory_and_descriptors_where_they_were(self):
        with apps(2) as two, Frontdoor(pool("app", two)) as door:
            door.wait_until_serving(two)
            self.assertEqual(wrk_report(wrk(door.address, seconds=2))["not_ok"], 0)
            memory, descriptors = door.rss_kib(), len(door.fds())
            report = wrk_report(wrk(door.address, seconds=3))
            say(f"{report['requests']} requests, memory {memory} -> {door.rss_kib()} KiB, "
                f"descriptors {descriptors} -> {len(door.fds())}")
            self.assertEqual((report["not_ok"], sum(report["socket_errors"].values())), (0, 0), report["text"])
            if not sanitized():
                self.assertLess(door.rss_kib() - memory, 2048)
            eventually(lambda: len(door.fds()) <= descriptors + 4, "descriptors to be given back")


if __name__ == "__main__":
    main()
