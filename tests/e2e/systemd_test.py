#!/usr/bin/env python3
"""frontdoor as a unit of systemd: what it says when, who says it, and sockets that it is given. With a service manager
of a few lines (support/service_manager.py), once with instances, where a launcher is the main process, and once without."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from support import App, Frontdoor, binary, curl, eventually, get, main, pool
from support import process as processes
from support.app import INSTANCE
from support.service_manager import NotifySocket, activated
from support.stopped import Stopped
from support.instances import events

PRIVATE = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}


def instances(count=1, more=""):
    return f'[pool.app]\ncommand = {json.dumps(INSTANCE)}\ninstances = {count}\n{more}\n'


def door_for(manager, config, watchdog_usec=None, prefix=(), **options):
    variables = [f"NOTIFY_SOCKET={manager.path}"]
    if watchdog_usec:
        variables.append(f"WATCHDOG_USEC={watchdog_usec}")
    return Frontdoor(config, prefix=["env", *variables, *prefix], **options)


def listening(host="127.0.0.1"):
    listener = socket.socket()
    listener.bind((host, 0))
    listener.listen(100)
    return listener


def address_of(listener):
    return "%s:%d" % listener.getsockname()


def serving_pid(door):
    """The front door's: the unit's main process itself, or the launcher's child."""
    for pid in [door.pid, *processes.children(door.pid)]:
        with open(f"/proc/{pid}/comm", encoding="ascii") as file:
            if file.read().strip() == "frontdoor":
                return pid
    return None


def environment(pid):
    with open(f"/proc/{pid}/environ", encoding="utf-8") as file:
        return {variable.partition("=")[0] for variable in file.read().split("\0")}


@contextlib.contextmanager
def both():
    """A front door with instances and one without, one after the other: config, up."""
    with App("a") as app:
        yield [("with instances", instances(2), "2/2 up"), ("without", pool(upstreams=[app]), "1/1 up")]


class Notify(unittest.TestCase):
    def test_the_main_process_says_ready_reloading_and_stopping(self):
        with both() as cases:
            for name, config, all_up in cases:
                with self.subTest(name), NotifySocket() as manager, door_for(manager, config) as door:
                    (_, ready), = manager.wait_for("READY")
                    self.assertEqual(ready["MAINPID"], str(door.pid))
                    manager.wait_for_status(all_up)

                    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
                    door.reload(config)
                    (_, reloading), = manager.wait_for("RELOADING")
                    self.assertLessEqual(before, int(reloading["MONOTONIC_USEC"]))
                    self.assertLessEqual(int(reloading["MONOTONIC_USEC"]), time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)
                    manager.wait_for("READY", 2)
                    door.reload("nonsense = 1\n" + config)
                    manager.wait_for("READY", 3)  # one that is refused has an end, too

                    door.terminate()
                    self.assertEqual(door.wait(), 0)
                    (_, stopping), = manager.wait_for("STOPPING")
                    self.assertGreaterEqual(int(stopping["EXTEND_TIMEOUT_USEC"]), 25_000_000)
                    names = [next(iter(lines)) for _, lines in manager.heard() if "STATUS" not in lines or len(lines) > 1]
                    self.assertEqual(names, ["READY", "RELOADING", "READY", "RELOADING", "READY", "STOPPING"])
                    self.assertEqual({pid for pid, _ in manager.heard()}, {door.pid}, "NotifyAccess=main takes no others")

    def test_a_reload_lasts_until_what_it_changes_has_been_changed(self):
        with NotifySocket() as manager, door_for(manager, instances(2, 'env = { RELEASE = "1" }')) as door:
            manager.wait_for("READY")
            old = {e["pid"] for e in eventually(lambda: len(events(door, "instance up")) == 2 and events(door, "instance up"), "both")}
            door.reload(instances(2, 'env = { RELEASE = "2", LATE = "200" }'))
            manager.wait_for("READY", 2)
            self.assertFalse(any(processes.alive(pid) for pid in old), "the roll is over")
            # One that does not come up ends it as well.
            door.reload(instances(2, 'env = { RELEASE = "3", WITHOUT_LISTENING = "1" }\nstart_timeout = "300ms"'))
            manager.wait_for("READY", 3)
            self.assertTrue(events(door, "config change failed"))

    def test_the_status_tells_of_a_crash_loop(self):
        config = instances(1) + '[pool.bad]\ncommand = ["false"]\n[pool.bad.restart]\nbackoff_min = "5ms"\ncrash_loop_after = 2\n' \
            '[[route]]\npath = "/bad"\npool = "bad"\n[[route]]\npool = "app"\n'
        with NotifySocket() as manager, door_for(manager, config):
            manager.wait_for_status("1/2 up, 1 crash loop")

    def test_a_front_door_that_crashes_is_told_and_ready_again(self):
        with NotifySocket() as manager, door_for(manager, instances(), watchdog_usec=60_000_000) as door:
            manager.wait_for("READY")
            os.kill(serving_pid(door), signal.SIGKILL)
            manager.wait_for_status("the front door crashed (SIGKILL) and is started anew")
            manager.wait_for("READY", 2)
            self.assertEqual({pid for pid, _ in manager.heard()}, {door.pid})

    def test_nothing_of_it_reaches_an_instance(self):
        with NotifySocket() as manager, listening() as listener:
            prefix, fds = activated([listener], ["web"])
            with door_for(manager, instances(), 60_000_000, prefix, listeners='listen = "fd:web"\n', pass_fds=fds) as door:
                pid = eventually(lambda: [e["pid"] for e in events(door, "instance up")], "the instance")[0]
                self.assertEqual(environment(pid) & PRIVATE, set())
                self.assertEqual(environment(serving_pid(door)) & {"LISTEN_PID"}, {"LISTEN_PID"}, "as a negative control")
                held = [target for fd, target in processes.open_fds(pid).items() if target.startswith("socket:")]
                self.assertNotIn(os.readlink(f"/proc/self/fd/{listener.fileno()}"), held)

    def test_a_service_manager_that_does_not_listen_stops_nothing(self):
        with both() as cases:
            for name, config, _ in cases:
                with self.subTest(name), Frontdoor(config, prefix=["env", "NOTIFY_SOCKET=/nowhere/notify"]) as door:
                    self.assertEqual(curl(door.address, "/").status, 200)
                    told = eventually(lambda: [e for e in door.events() if "service manager cannot be told" in str(e)], "the warning")
                    self.assertEqual(len(told), 1)


class Watchdog(unittest.TestCase):
    def test_it_is_told_while_every_worker_turns_and_not_while_one_is_stuck(self):
        with both() as cases:
            for name, config, _ in cases:
                with self.subTest(name), NotifySocket() as manager, door_for(manager, config, watchdog_usec=300_000) as door:
                    manager.wait_for("WATCHDOG", 5)
                    with Stopped(serving_pid(door), "worker-1"):
                        stuck = eventually(lambda: events(door, "a worker is stuck: the watchdog is not told that all is well"),
                                           "that it is told")
                        self.assertEqual(stuck[0]["worker"], 1)
                        before = len(manager.with_name("WATCHDOG"))
                        # The control thread lives and goes on saying other things: a second look at the workers has passed.
                        door.process.send_signal(signal.SIGUSR1)
                        eventually(lambda: [e for e in door.events() if "nothing to reopen" in str(e)], "a sign of the control thread")
                        self.assertEqual(len(manager.with_name("WATCHDOG")), before)
                    eventually(lambda: events(door, "the worker goes on"), "that it goes on")
                    manager.wait_for("WATCHDOG", before + 2)
                    self.assertEqual(curl(door.address, "/").status, 200)

    def test_a_watchdog_of_another_process_is_none(self):
        with App("a") as app, NotifySocket() as manager, \
                door_for(manager, pool(upstreams=[app]), watchdog_usec=100_000, prefix=["env", "WATCHDOG_PID=1"]):
            manager.wait_for_status("1/1 up")
            self.assertEqual(manager.with_name("WATCHDOG"), [])


class Activation(unittest.TestCase):
    def test_all_workers_serve_from_the_socket_that_was_passed(self):
        with both() as cases:
            for name, config, _ in cases:
                with self.subTest(name), listening() as listener:
                    prefix, fds = activated([listener], ["web"])
                    with Frontdoor(config, listeners='listen = "fd:web"\n', prefix=prefix, pass_fds=fds) as door:
                        self.assertEqual(door.address, address_of(listener))
                        held = [target for target in processes.open_fds(serving_pid(door)).values()
                                if target == os.readlink(f"/proc/self/fd/{listener.fileno()}")]
                        self.assertGreaterEqual(len(held), 2, "each worker's")
                        for _ in range(20):
                            self.assertEqual(curl(door.address, "/").status, 200)

    def test_a_number_names_one_that_has_no_name(self):
        with App("a") as app, listening() as first, listening() as second:
            prefix, fds = activated([first, second], [])
            with Frontdoor(pool(upstreams=[app]), listeners='listen = ["fd:4", "fd:3"]\n', prefix=prefix, pass_fds=fds) as door:
                for listener in first, second:
                    self.assertEqual(curl(address_of(listener), "/").status, 200)
                self.assertEqual(events(door, "a passed socket is used by no listener"), [])

    def test_what_no_listener_wants_is_named(self):
        with App("a") as app, listening() as first, listening() as second:
            prefix, fds = activated([first, second], ["web", "metrics"])
            with Frontdoor(pool(upstreams=[app]), listeners='listen = "fd:web"\n', prefix=prefix, pass_fds=fds) as door:
                (event,) = events(door, "a passed socket is used by no listener")
                self.assertEqual((event["name"], event["number"]), ("metrics", 4))

    def test_what_cannot_be_served_says_why(self):
        with listening() as good, listening() as twin, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, \
                tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            cases = [([good], ["web"], "api", "no socket of this name was passed, only: web (fd:3)"),
                     ([good, twin], ["web", "web"], "web",
                      "2 sockets of this name were passed; take each by its number: fd:3, fd:4"),
                     ([udp], ["web"], "web", "this is no listening stream socket (a .socket unit needs ListenStream= and Accept=no)")]
            for sockets, names, wanted, reason in cases:
                with self.subTest(reason):
                    prefix, fds = activated(sockets, names)
                    file.seek(0)
                    file.truncate()
                    file.write(f'listen = "fd:{wanted}"\n[pool.app]\nupstreams = ["127.0.0.1:1"]\n')
                    file.flush()
                    done = subprocess.run([*prefix, binary(), "--config", file.name], pass_fds=fds, capture_output=True,
                                          text=True, timeout=30)
                    self.assertEqual(done.returncode, 1)
                    self.assertIn(f"cannot listen on fd:{wanted}: {reason}", done.stderr)

    def test_clients_wait_while_a_front_door_that_crashed_is_started_anew(self):
        with listening() as listener:
            prefix, fds = activated([listener], ["web"])
            with Frontdoor(instances(), listeners='listen = "fd:web"\n', prefix=prefix, pass_fds=fds) as door:
                self.assertEqual(curl(door.address, "/").status, 200)
                killed = serving_pid(door)
                os.kill(killed, signal.SIGKILL)
                self.assertEqual(curl(door.address, "/").status, 200)
                self.assertNotEqual(serving_pid(door), killed)

    def test_clients_wait_for_the_next_start_of_the_service(self):
        with App("a") as app, listening() as listener:
            prefix, fds = activated([listener], ["web"])
            door = Frontdoor(pool(upstreams=[app]), listeners='listen = "fd:web"\n', prefix=prefix, pass_fds=fds)
            with door:
                self.assertEqual(curl(door.address, "/").status, 200)
            waiting = socket.create_connection(listener.getsockname(), 20)
            waiting.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            with Frontdoor(pool(upstreams=[app]), listeners='listen = "fd:web"\n', prefix=prefix, pass_fds=fds):
                self.assertTrue(waiting.recv(100).startswith(b"HTTP/1.1 200"))
            waiting.close()

    def test_the_path_of_a_unix_socket_stays_with_who_made_it(self):
        with App("a") as app, tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as listener:
            path = os.path.join(directory, "web.sock")
            listener.bind(path)
            listener.listen(10)
            prefix, fds = activated([listener], ["web"])
            with Frontdoor(pool(upstreams=[app]), listeners='listen = "fd:web"\n', prefix=prefix, pass_fds=fds) as door:
                self.assertEqual(door.address, f"unix:{path}")
                self.assertEqual(get(door.address, "/")[:2], get(app.address, "/")[:2])
            self.assertTrue(os.path.exists(path))


if __name__ == "__main__":
    main()
