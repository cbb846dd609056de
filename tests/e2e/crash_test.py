#!/usr/bin/env python3
"""A front door that dies: whoever connects meanwhile waits in the kernel's queue for the next one, and nobody waits in a
queue that is not read. And one that hangs when it is to stop."""

import contextlib
import os
import signal
import socket
import tempfile
import unittest

from support import Client, Frontdoor, eventually, main
from support.admin import api, command
from support.app import script_path
from support.client import connect
from support.instances import events, front_door, who
from support.process import alive
from support.service_manager import activated
from support.stopped import Stopped

APP = script_path("instance.js")
POOL = f'[pool.app]\ncommand = ["node", "{APP}"]\n'


def named(**addresses):
    return "".join(f'[[listener]]\nname = "{name}"\naddress = "{address}"\n' for name, address in addresses.items())


def answer(client):
    return client.get("/").status


def refuses(address):
    try:
        connect(address).close()
    except ConnectionRefusedError:
        return True
    return False


def pending(pid, number):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        masks = [int(line.split()[1], 16) for line in status if line.startswith(("SigPnd:", "ShdPnd:"))]
    return any(mask >> (number - 1) & 1 for mask in masks)


def kill(door):
    """Ends the front door's process as a crash would, and returns when it is gone, and the next one is not there yet."""
    pid = front_door(door)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not alive(pid), "the end", pause=0.001)


@contextlib.contextmanager
def each_kind_of_listener():
    with tempfile.TemporaryDirectory() as directory, socket.socket() as passed:
        passed.bind(("127.0.0.1", 0))
        passed.listen(100)
        prefix, fds = activated([passed], ["web"])
        yield [("tcp", Frontdoor(POOL)),
               ("tcp, one of several", Frontdoor(POOL, workers=4, listeners=named(first="127.0.0.1:0", second="127.0.0.1:0"))),
               ("unix", Frontdoor(POOL, listeners=f'listen = "unix:{directory}/web"\n')),
               ("passed", Frontdoor(POOL, listeners='listen = "fd:web"\n', prefix=prefix, pass_fds=fds))]


class FrontDoorKilled(unittest.TestCase):
    def test_who_connects_meanwhile_is_served_by_the_next_one(self):
        with each_kind_of_listener() as cases:
            for name, door in cases:
                with self.subTest(name), door:
                    addresses = list(door.addresses.values())
                    with Client(addresses[0]) as client:
                        pid = client.get("/").json()["pid"]
                    for crash in range(3):
                        kill(door)
                        clients = [Client(address) for address in addresses for _ in range(8)]
                        self.assertEqual([answer(client) for client in clients], [200] * len(clients), f"crash {crash}")
                        for client in clients:
                            client.close()
                    door.wait_until_ready()
                    self.assertEqual(list(door.addresses.values()), addresses, "port 0 has remained what it became")
                    self.assertEqual({e["pid"] for e in events(door, "instance started")}, {pid})

    def test_the_next_one_tells_how_the_one_before_has_died(self):
        def crashed(times):
            try:
                status, told = api(door, "status")
            except OSError:  # it is not there yet
                return None
            crash = told["crashed"] if status == 200 else None
            return crash if crash and crash["crashes"] == times else None

        with Frontdoor(POOL) as door:
            who(door)
            self.assertIsNone(api(door, "status")[1]["crashed"])
            for times, number in enumerate((signal.SIGKILL, signal.SIGABRT), 1):
                os.kill(front_door(door), number)
                told = eventually(lambda times=times: crashed(times), "its word")
                self.assertEqual((told["end"].split()[0], told["instances_kept"]), (number.name, 1))
                self.assertGreater(told["away_ms"], 0)
                self.assertIn(f": {number.name}", command("status", door=door).stdout.splitlines()[2])
                (event,) = [e for e in api(door, "events")[1]["events"] if e["kind"] == "front_door_crashed"]
                self.assertEqual((event["level"], event["fields"]["crashes"], event["fields"]["instances_kept"]), ("error", times, 1))

    def test_other_numbers_of_workers_leave_no_client_behind(self):
        for before, after in (4, 1), (1, 4):
            with self.subTest(f"{before} to {after}"), Frontdoor(POOL, workers=before) as door:
                door.head = door.head.replace(f"workers = {before}", f"workers = {after}")
                door.write_config(POOL)
                kill(door)
                clients = [Client(door.address) for _ in range(16)]
                self.assertEqual([answer(client) for client in clients], [200] * 16)
                for client in clients:
                    client.close()
                kill(door)  # and what it has kept is right, too
                with Client(door.address) as client:
                    self.assertEqual(answer(client), 200)

    def test_a_listener_that_the_file_names_no_more_refuses(self):
        with tempfile.TemporaryDirectory() as directory:
            listeners = named(tcp="127.0.0.1:0", unix=f"unix:{directory}/old")
            with Frontdoor(POOL, listeners=listeners) as door:
                tcp, unix = door.addresses.values()
                os.remove(door.ready_file)
                door.head = door.head.replace(listeners, named(tcp="127.0.0.1:0", unix=f"unix:{directory}/new"))
                door.write_config(POOL)
                kill(door)
                with Client(tcp) as waiting:
                    self.assertEqual(answer(waiting), 200)
                door.wait_until_ready()
                eventually(lambda: refuses(unix), "that the old socket refuses")
                with Client(f"unix:{directory}/new") as client:
                    self.assertEqual(answer(client), 200)

    def test_when_none_comes_any_more_clients_are_refused_and_not_left_waiting(self):
        with Frontdoor(POOL, listeners=named(web="127.0.0.1:0")) as door, socket.socket() as taken:
            pid = who(door)["pid"]
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            head = door.head
            door.head += named(other="%s:%d" % taken.getsockname())
            door.write_config(POOL)
            kill(door)
            waiting = connect(door.address)
            eventually(lambda: refuses(door.address), "that nobody is let in")
            with self.assertRaises(ConnectionResetError):
                waiting.recv(1)
            waiting.close()
            eventually(lambda: events(door, "no front door listens again: clients are refused from now on"), "the word")
            self.assertTrue(alive(pid), "its instances live on")
            door.head = head
            door.write_config(POOL)
            door.wait_until_ready()
            eventually(lambda: not refuses(door.address), "the next front door")
            self.assertEqual(who(door)["pid"], pid)


class Stop(unittest.TestCase):
    def test_nobody_is_let_in_once_it_does_not_accept(self):
        # A request in progress keeps it there; what the launcher holds must not go on accepting.
        with tempfile.TemporaryDirectory() as directory:
            for crashed in False, True:
                listeners = named(tcp="127.0.0.1:0", unix=f"unix:{directory}/web")
                with self.subTest(crashed=crashed), Frontdoor(POOL, listeners=listeners) as door:
                    if crashed:
                        kill(door)
                        for address in door.addresses.values():
                            with Client(address) as client:
                                self.assertEqual(answer(client), 200)
                    with Client(list(door.addresses.values())[0]) as busy:
                        busy.request("GET", "/slow")
                        busy.socket.recv(0)
                        door.terminate()
                        eventually(lambda: events(door, "draining"), "the drain")
                        for address in door.addresses.values():
                            eventually(lambda a=address: not os.path.exists(a.removeprefix("unix:"))
                                       if a.startswith("unix:") else refuses(a), f"that {address} refuses")
                        self.assertEqual(busy.read_response().text, "slow\n")
                    self.assertEqual(door.wait(), 0)

    def test_a_socket_that_was_passed_listens_on_for_whoever_comes_next(self):
        with socket.socket() as passed:
            passed.bind(("127.0.0.1", 0))
            passed.listen(100)
            prefix, fds = activated([passed], ["web"])
            with Frontdoor(POOL, listeners='listen = "fd:web"\n', prefix=prefix, pass_fds=fds) as door:
                door.terminate()
                self.assertEqual(door.wait(), 0)
                connect("%s:%d" % passed.getsockname()).close()

    def test_one_that_somebody_has_stopped_ends_in_order(self):
        with Frontdoor(POOL) as door:
            pid = who(door)["pid"]
            os.kill(front_door(door), signal.SIGSTOP)
            door.terminate()
            self.assertEqual(door.wait(), 0)
            self.assertFalse(alive(pid))
            self.assertIn("app.1 | last words", [line.get("text", "") for line in door.access()])

    def test_one_that_hangs_is_killed_after_the_second_signal_and_its_instances_end(self):
        door = Frontdoor(POOL)
        door.expected_status = 128 + signal.SIGKILL
        with door:
            pid = who(door)["pid"]
            with Stopped(front_door(door), "frontdoor") as control:
                door.terminate()
                eventually(lambda: not pending(door.pid, signal.SIGTERM), "that the first one is taken")
                door.process.send_signal(signal.SIGINT)
                control.wait_until_it_is_killed()
                self.assertEqual(door.wait(), 128 + signal.SIGKILL)
            self.assertIn("the front door does not stop and is killed", door.stderr())
            self.assertFalse(alive(pid))


if __name__ == "__main__":
    main()
