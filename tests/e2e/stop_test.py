#!/usr/bin/env python3
"""How a stop ends what is open, what it tells meanwhile, and what it leaves behind for the next start."""

import datetime
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from support import App, Client, FixedRate, Frontdoor, binary, eventually, get, http_get, kept_its_pace, lost, main, pool, say
from support.app import script_path


def seconds_to_end(door, timeout=40):
    started = time.monotonic()
    door.terminate()
    status = door.wait(timeout)
    return time.monotonic() - started, status


def seconds_between(one, other):
    return (datetime.datetime.fromisoformat(other["time"]) - datetime.datetime.fromisoformat(one["time"])).total_seconds()


def event(door, name):
    return [e for e in door.events() if e.get("event") == name]


class Idle(unittest.TestCase):
    def test_idle_clients_do_not_hold_a_stop_up(self):
        with App("app") as app, Frontdoor(pool("app", [app])) as door:
            door.wait_until_serving([app])
            clients = [Client(door.address) for _ in range(20)]
            try:
                for client in clients:
                    client.get("/")
                seconds, status = seconds_to_end(door)
                say(f"ended {seconds:.2f} s after SIGTERM with 20 idle keep-alive clients")
                self.assertEqual(status, 0)
                self.assertLess(seconds, 5)
                self.assertTrue(all(client.at_end() for client in clients))  # by FIN: a reset would raise
            finally:
                for client in clients:
                    client.close()

    def test_a_stop_under_load_loses_nothing_of_what_was_accepted(self):
        config = '[timeouts]\ndrain_delay = "500ms"\n'
        with App("app") as app, Frontdoor(config + pool("app", [app])) as door:
            door.wait_until_serving([app])
            with FixedRate(door.address, target="/slow?ms=20", rate=300) as load:
                eventually(lambda: len(door.access()) > 200, "some load")
                door.terminate()
                self.assertEqual(door.wait(), 0)
                report = load.finish()
            refused = [f for f in report["failures"] if "ConnectionRefused" in f["reason"] or "Connect call failed" in f["reason"]]
            others = [f for f in report["failures"] if f not in refused]
            say(f"{report['requests']} requests around a stop, {report['failed']} not served, "
                f"of which not refused at connect: {others}")
            self.assertEqual(lost(report, [door], "/slow?ms=20"), 0)
            if kept_its_pace(report):
                self.assertLessEqual(len(others), report["requests"] // 100, others)


class Streams(unittest.TestCase):
    def test_an_event_stream_holds_a_stop_up_only_for_drain_streams(self):
        config = '[timeouts]\ndrain_streams = "2s"\n'
        with App("app") as app, Frontdoor(config + pool("app", [app])) as door:
            door.wait_until_serving([app])
            with Client(door.address) as client:
                client.request("GET", "/events")
                self.assertEqual(client.read_head().header("Content-Type"), "text/event-stream")
                seconds, status = seconds_to_end(door)
                say(f"ended {seconds:.2f} s after SIGTERM with an event stream")
                self.assertEqual(status, 0)
                self.assertGreaterEqual(seconds, 1)
                self.assertLess(seconds, 8)
                outcomes = [line["outcome"] for line in door.access() if line.get("target") == "/events"]
                self.assertEqual(outcomes, ["drained"])

    def test_the_log_says_what_is_waited_for_and_how_to_stop_at_once(self):
        with App("app") as app, Frontdoor('[timeouts]\ndrain = "60s"\n' + pool("app", [app])) as door:
            door.wait_until_serving([app])
            with Client(door.address) as client:
                client.request("GET", "/slow?ms=60000")
                eventually(lambda: "/slow" in http_get(app.address, "/in-flight").text, "the request at the app")
                door.process.send_signal(signal.SIGINT)
                (first,) = eventually(lambda: event(door, "draining"), "that it drains")
                self.assertIn("second Ctrl-C stops at once", first["hint"])
                report, later = eventually(lambda: event(door, "still draining")[1:] and event(door, "still draining"), "two reports")[:2]
                self.assertEqual({key: report[key] for key in ("requests", "streams", "websockets", "tunnels", "idle")},
                                 {"requests": 1, "streams": 0, "websockets": 0, "tunnels": 0, "idle": 0})
                for times, one in ((1, report), (2, later)):  # either may be late
                    self.assertGreaterEqual(seconds_between(first, one), 5 * times - 0.1)
                door.process.send_signal(signal.SIGINT)
                door.wait(10)
                door.expected_status = None


class ReadyFile(unittest.TestCase):
    def test_it_is_gone_as_soon_as_a_drain_begins(self):
        config = '[timeouts]\ndrain = "40s"\ndrain_delay = "30s"\n'
        with App("app") as app, Frontdoor(config + pool("app", [app])) as door:
            door.wait_until_serving([app])
            door.terminate()
            eventually(lambda: not os.path.exists(door.ready_file), "the ready file to go")
            self.assertEqual(get(door.address), "hello from app\n")  # in the delay it serves
            door.terminate()
            door.wait(10)
            self.assertFalse(os.path.exists(door.ready_file))

    def test_a_start_that_fails_leaves_none_that_a_killed_one_left(self):
        for bad in ("nonsense = ", 'listen = "127.0.0.1:1"\n[pool.app]\nupstreams = ["127.0.0.1:1"]\n[access_log]\n'
                                   'output = "/no/such/directory/log"\n'):
            with App("app") as app:
                door = Frontdoor(pool("app", [app]))
                try:
                    door.start()
                    door.process.kill()
                    door.process.wait()
                    self.assertTrue(os.path.exists(door.ready_file), "it had no chance to remove it")
                    door.head = ""
                    door.write_config(bad)
                    self.assertNotEqual(door.spawn().wait(20), 0)
                    self.assertFalse(os.path.exists(door.ready_file))
                finally:
                    door.close()

    def test_a_second_start_by_mistake_does_not_take_the_living_ones(self):
        with App("app") as app, Frontdoor(pool("app", [app])) as door:
            second = subprocess.run([binary(), "--config", "/no/such/file", "--ready-file", door.ready_file],
                                    capture_output=True, timeout=20, check=False)
            self.assertNotEqual(second.returncode, 0)
            self.assertTrue(os.path.exists(door.ready_file))

    def test_a_stop_before_ready_never_says_ready(self):
        # Nothing answers there, so that "ready" waits a second for a first verdict.
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen()
            door = Frontdoor('[timeouts]\ndrain = "20s"\ndrain_delay = "3s"\n' +
                             pool("app", [f"127.0.0.1:{deaf.getsockname()[1]}"]))
            try:
                door.spawn()
                eventually(lambda: event(door, "connection limit"), "that it serves, though it is not ready")
                door.terminate()
                self.assertEqual(door.wait(20), 0)
                self.assertEqual(event(door, "listening"), [])
                self.assertFalse(os.path.exists(door.ready_file))
            finally:
                door.close()


def mask(pid, which):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(next(line.split()[1] for line in status if line.startswith(which + ":")), 16)


class Signals(unittest.TestCase):
    def test_a_hangup_before_anybody_listens_for_it_ends_nothing(self):
        with App("app") as app:
            door = Frontdoor(pool("app", [app]))
            try:
                with open(door.config_file, "rb") as config:
                    text = config.read()
                door.spawn(stdin=subprocess.PIPE, config="-")  # it waits for its config
                eventually(lambda: mask(door.pid, "SigBlk") & 1, "the program's first line")
                door.process.send_signal(signal.SIGHUP)
                door.process.send_signal(signal.SIGUSR1)
                door.process.stdin.write(text)
                door.process.stdin.close()
                door.wait_until_ready()
                eventually(lambda: event(door, "nothing to reload: the config was not read from a file"), "the reload")
                door.wait_until_serving([app])
            finally:
                self.assertEqual(door.close(), 0)


    def test_a_stop_that_comes_while_it_reads_its_config_ends_it_in_order(self):
        for number in signal.SIGTERM, signal.SIGINT:
            with self.subTest(number):
                door = Frontdoor(pool("app", []))
                with open(door.ready_file, "w", encoding="ascii"):
                    pass  # a killed one has left it
                door.spawn(stdin=subprocess.PIPE, config="-")
                try:
                    eventually(lambda: mask(door.pid, "SigCgt") >> (number - 1) & 1, "the program's first line")
                    eventually(lambda: not os.path.exists(door.ready_file), "that the old file is gone")
                    door.process.send_signal(number)
                    self.assertEqual(door.wait(), 0)
                    self.assertEqual(door.stderr(), "frontdoor: stopped before it had started\n")
                    door.process.stdin.close()
                finally:
                    door.close()

    def test_a_stop_at_any_moment_of_a_start_ends_in_order(self):
        # With instances three programs follow each other in it, and a signal finds each of them at some moment.
        for pause in [0.002 * moment for moment in range(30)]:
            door = Frontdoor(f'[pool.app]\ncommand = ["node", "{script_path("instance.js")}"]\n')
            door.spawn()
            try:
                eventually(lambda: mask(door.pid, "SigBlk") & 1, "the program's first line", pause=0.0005)
                time.sleep(pause)  # not to be right: whatever moment it is
                door.terminate()
                self.assertEqual(door.wait(), 0, f"after {pause} s:\n{door.stderr()}")
                self.assertFalse(os.path.exists(door.ready_file))
            finally:
                door.close()


class UnixSocket(unittest.TestCase):
    def test_a_stop_leaves_its_successors_socket_alone(self):
        with App("app") as app, tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
            path = os.path.join(directory, "door")
            listeners = f'listen = "unix:{path}"\n'
            config = '[timeouts]\ndrain_delay = "1s"\n' + pool("app", [app])
            old = Frontdoor(config, listeners)
            new = Frontdoor(config, listeners)
            try:
                old.start()
                old.terminate()
                eventually(lambda: event(old, "draining"), "the drain")
                os.unlink(path)  # so that the new one can have it before the old one is gone
                new.start()
                self.assertEqual(old.wait(20), 0)
                new.wait_until_serving([app])
            finally:
                old.close()
                self.assertEqual(new.close(), 0)
            self.assertFalse(os.path.exists(path), "its own is removed")


if __name__ == "__main__":
    main()
