#!/usr/bin/env python3
"""A new binary in the place of the one that runs: nobody is refused, cut or answered twice, and whoever has something keeps
it. Once with instances, where the launcher stands between the two, and once without. What goes wrong: upgrade_misfortune_test.py."""

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import unittest

from support import App, Client, FixedRate, Upgradable, WebSocketClient, apps, binary, eventually, get, http_get, main, pool
from support import process as processes
from support.admin import api, command, order_all_kinds, standing_orders
from support.app import INSTANCE
from support.certificates import Certificates
from support.client import connect
from support.h2 import GOAWAY, H2Client
from support.instances import events, pids
from support.metrics import ask as look
from support.ports import free_port
from support.service_manager import NotifySocket

DRAIN = '[timeouts]\ndrain = "8s"\n'
NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]


def namespaces_are_allowed():
    return subprocess.run([*NAMESPACE, "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0


def instances(count=2, more=""):
    return f'[pool.app]\ncommand = {json.dumps(INSTANCE)}\ninstances = {count}\nhealth_check = "/"\n{more}\n'


class WithDoors(unittest.TestCase):
    def doors(self, more=DRAIN, app_more="", **options):
        """What it is called, and a door that serves: without instances and with them."""
        app = self.enterContext(App("app"))
        for name, config in (("without instances", pool("app", [app], more=app_more)), ("with instances", instances(more=app_more))):
            with Upgradable(more + config, **options) as door:
                eventually(lambda d=door: http_get(d.address).status == 200, "an answer")
                yield name, door

    def gone(self, pid, timeout=30):
        eventually(lambda: not processes.alive(pid), f"the end of {pid}", timeout=timeout)


class Serves(WithDoors):
    def test_the_new_one_serves_and_the_old_one_finishes_what_it_has_begun(self):
        for name, door in self.doors():
            with Client(door.address) as idle, Client(door.address) as busy:
                self.assertEqual(idle.get("/").status, 200)
                main_pid = api(door, "status")[1]["main_pid"]
                busy.request("GET", "/slow?ms=2500" if name.startswith("without") else "/slow")
                old, new = door.upgraded()
                self.assertNotEqual(old, new)
                self.assertEqual(busy.read_response().status, 200, "what was in flight")
                answer = idle.get("/")
                self.assertEqual((answer.status, answer.header("Connection")), (200, "close"), "an idle one is not cut")
                self.gone(old)
                self.assertEqual(http_get(door.address).status, 200)
                self.assertEqual(door.serving(), new)
                if name.startswith("with "):
                    self.assertEqual(api(door, "status")[1]["main_pid"], main_pid, "the launcher stays")
                    self.assertIsNone(door.process.poll())
                else:
                    self.assertEqual(door.process.wait(10), 0)
                self.assertEqual(len(events(door, "upgraded: a new process serves, this one finishes what it has begun")), 1)

    def test_the_command_says_what_has_happened(self):
        for _, door in self.doors():
            old = door.serving()
            done = door.upgrade()
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"^upgraded to \d+\.\d+\.\d+.*: process \d+ serves, the old one finishes what it has begun\n$")
            new = int(re.search(r"process (\d+)", done.stdout)[1])
            if api(door, "status")[1]["main_pid"] != door.pid:
                door.others.append(new)
            self.gone(old)
            answer = json.loads(door.upgrade("--json").stdout)
            if api(door, "status")[1]["main_pid"] != door.pid:
                door.others.append(answer["pid"])
            self.assertEqual((answer["ok"], answer["drain_ms"]), (True, 8000))

    def test_idle_connections_have_until_the_last_seconds_of_the_drain(self):
        for _, door in self.doors(more='[timeouts]\ndrain = "4s"\n'):
            with Client(door.address) as idle:
                self.assertEqual(idle.get("/").status, 200)
                old, _ = door.upgraded()
                self.assertTrue(idle.at_end(), "closed, and not reset")
                self.gone(old)
                self.assertEqual(events(door, "drain is over, what is open is cut"), [])

    def test_websockets_live_through_the_first_half_of_the_drain_and_are_told(self):
        app = self.enterContext(App("sockets", script="websocket.js"))
        with Upgradable('[timeouts]\ndrain = "6s"\n' + pool("app", [app])) as door, WebSocketClient(door.address, "hold", 5) as held:
            self.assertEqual(held.line(), {"opened": 5})
            old, _ = door.upgraded()
            end = held.line()
            self.assertEqual({each["code"] for each in end["codes"]}, {1012}, "come back")
            self.assertGreater(min(each["ms"] for each in end["codes"]), 3_000, "half of the drain, and what was before")
            self.gone(old)

    def test_http2_clients_are_told_twice_that_it_goes_and_finish_what_they_have_asked(self):
        app = self.enterContext(App("app"))
        with Upgradable(DRAIN + pool("app", [app])) as door, H2Client(connect(door.address), scheme="http") as client:
            self.assertEqual(client.get("/").status, 200)
            slow = client.request("/slow?ms=3000")
            old, _ = door.upgraded()
            self.assertEqual(client.finish(slow).status, 200)
            client.until_goaway()
            self.assertEqual(len([kind for kind, *_ in client.frames if kind == GOAWAY]), 2)
            self.gone(old)


class Keeps(WithDoors):
    def test_instances_go_over_and_are_never_started_twice(self):
        with Upgradable(DRAIN + instances(2)) as door:
            before = pids(door, 2)
            self.assertEqual(command("stop", "app.2", door=door).returncode, 0)
            for _ in range(2):
                door.upgraded()
                self.assertEqual(pids(door, 1), {"app.1": before["app.1"]})
                status = eventually(lambda: api(door, "status")[1]["pools"][0]["upstreams"], "the pool")
                self.assertEqual([u["state"] for u in status if u["name"] == "app.2"], ["stopped"])
            os.kill(before["app.1"], signal.SIGKILL)
            after = eventually(lambda: pids(door, 1)["app.1"] != before["app.1"] and pids(door, 1)["app.1"], "another one")
            self.assertEqual(len(events(door, "instance ended", instance="app.1")), 1, "told once, by whoever has it")
            self.assertEqual(command("start", "app.2", door=door).returncode, 0)
            self.assertEqual(pids(door, 2)["app.1"], after)

    def test_what_has_ended_for_good_is_not_started_again(self):
        """Nor by a crash of the front door. Only by somebody who asks for it, or by another command."""
        def job(*policy, env=""):
            script = f"echo $RELEASE >> {log}; exit 3"
            return (f'[pool.job]\ncommand = ["sh", "-c", "{script}"]\nport = "none"\nenv = {{ {env} }}\n'
                    f'restart = {{ policy = "{policy[0]}", backoff_min = "10ms" }}\n')

        def lives():
            with open(log, encoding="ascii") as file:
                return len(file.readlines())

        def row():
            (pool_row,) = [p for p in api(door, "status")[1]["pools"] if p["name"] == "job"]
            return [(u["state"], u["last_end"]) for u in pool_row["upstreams"]]

        with tempfile.TemporaryDirectory() as directory:
            log = os.path.join(directory, "log")
            with Upgradable(DRAIN + instances(1) + job("never")) as door:
                eventually(lambda: row() == [("exited", "exit 3")], "its end")
                pids(door, 1)
                for _ in range(2):
                    door.upgraded()
                    self.assertEqual(row(), [("exited", "exit 3")])
                killed = door.serving()
                os.kill(killed, signal.SIGKILL)
                eventually(lambda: door.serving() not in (None, killed), "the next front door")
                pids(door, 1)
                self.assertEqual((row(), lives()), ([("exited", "exit 3")], 1))
                self.assertEqual(command("reload", door=door).returncode, 0, "nothing is waited for")
                command("restart", "job", door=door)
                eventually(lambda: lives() == 2 and row() == [("exited", "exit 3")], "that it is started when somebody asks")
                door.write_config(DRAIN + instances(1) + job("never", env='RELEASE = "2"'))
                door.upgraded()
                eventually(lambda: lives() == 3 and row() == [("exited", "exit 3")], "and as another one")

    def test_every_line_of_an_instance_is_printed_once(self):
        code = "import time, sys\\nn = 0\\nwhile n < 100000:\\n  print('line', n, flush=True)\\n  n += 1\\n  time.sleep(0.002)"
        config = f'[pool.app]\ncommand = ["python3", "-c", "{code}"]\nport = "none"\n'
        app = self.enterContext(App("app"))
        with Upgradable('[timeouts]\ndrain = "1s"\n' + config + '[[route]]\npool = "web"\n' + pool("web", [app])) as door:
            def seen():
                with open(door.stdout_file, encoding="utf-8") as file:
                    return re.findall(r"(?m)^.*\| line (\d+)$", file.read())
            for _ in range(3):
                before = len(seen())
                eventually(lambda b=before: len(seen()) > b + 50, "more lines")
                door.upgraded()
            before = len(seen())
            eventually(lambda: len(seen()) > before + 50, "more lines")
            numbers = [int(number) for number in seen()]
            self.assertEqual(sorted(numbers), list(range(len(numbers))), "none is lost, none comes twice")

    def test_what_operators_have_ordered_holds(self):
        for _, door in self.doors():
            upstream = api(door, "status")[1]["pools"][0]["upstreams"][0]["name"]
            self.assertEqual(command("weight", f"app/{upstream}", "7", door=door).returncode, 0)
            old, _ = door.upgraded()
            self.gone(old)
            rows = api(door, "status")[1]["pools"][0]["upstreams"]
            self.assertEqual([row["weight"] for row in rows if row["name"] == upstream], [7])
        with apps(4) as (one, two, three, four):
            config = pool("app", [one, two, three]) + pool("other", [one]) + '[[route]]\npool = "app"\n'
            with Upgradable('[timeouts]\ndrain = "1s"\n' + config) as door:
                door.wait_until_serving([one, two, three])
                before = order_all_kinds(door, one.address, two.address, three.address, four.address)
                door.upgraded()
                self.assertEqual(standing_orders(door), before, "with who, when and why")

    def test_unix_sockets_and_their_files_go_over(self):
        with tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
            path = os.path.join(directory, "door")
            for _, door in self.doors(listeners=f'listen = "unix:{path}"\n'):
                inode = os.stat(path).st_ino
                for _ in range(2):
                    old, _ = door.upgraded()
                    self.gone(old)
                    self.assertEqual((http_get(door.address).status, os.stat(path).st_ino), (200, inode))
            self.assertEqual(os.listdir(directory), [], "the last one takes it away")

    def test_the_admin_socket_always_has_one_that_answers(self):
        for _, door in self.doors():
            inode = os.stat(door.admin_socket).st_ino
            failed, done = [], threading.Event()

            def watch(d=door, f=failed, e=done):
                while not e.is_set():
                    status = command("status", door=d)
                    if status.returncode != 0:
                        f.append(status.stderr)

            watcher = threading.Thread(target=watch)
            watcher.start()
            metrics = door.admin_address
            for _ in range(2):
                old, _ = door.upgraded()
            self.gone(old)
            done.set()
            watcher.join()
            self.assertEqual(failed, [])
            self.assertEqual(os.stat(door.admin_socket).st_ino, inode)
            self.assertEqual(door.admin_address, metrics, "the address of /metrics, too")
            self.assertEqual(look(door, "/healthz").status, 200)
            os.kill(api(door, "status")[1]["main_pid"], signal.SIGTERM)
            eventually(lambda d=door: not os.path.exists(d.admin_socket), "that the last one takes it away")
            door.process.wait(30)  # a second signal while it ends would be its end

    def test_both_write_the_access_log_and_the_numbers_begin_anew(self):
        for _, door in self.doors():
            with Client(door.address) as idle:
                for _ in range(5):
                    self.assertEqual(idle.get("/before").status, 200)
                old, _ = door.upgraded()
                self.assertEqual(idle.get("/of-the-old-one").status, 200)
            for _ in range(3):
                self.assertEqual(http_get(door.address, "/after").status, 200)
            self.gone(old)
            lines = [e.get("target") for e in door.access()]
            self.assertEqual([lines.count(target) for target in ("/before", "/of-the-old-one")], [5, 1])
            eventually(lambda d=door: [e.get("target") for e in d.access()].count("/after") == 3, "the lines of the new one")
            counted = sum(pool["requests"] for pool in api(door, "pools")[1]["pools"])
            self.assertLess(counted, 9, "those of the new one")

    def test_a_log_that_is_rotated_while_the_old_one_drains_is_let_go_by_both(self):
        with tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
            path = os.path.join(directory, "access.log")
            for _, door in self.doors(more=f'[access_log]\noutput = "{path}"\n' + DRAIN):
                with Client(door.address) as idle:
                    self.assertEqual(idle.get("/").status, 200)
                    old, new = door.upgraded()
                    os.rename(path, path + ".1")
                    for pid in (door.pid,) if api(door, "status")[1]["main_pid"] == door.pid else (old, new):
                        os.kill(pid, signal.SIGUSR1)
                    eventually(lambda: os.path.exists(path), "the new file")
                    held = eventually(lambda o=old: [t for t in processes.open_fds(o).values() if t == path], "the old one's")
                    self.assertTrue(held)
                    self.assertEqual(idle.get("/last").status, 200)
                self.gone(old)
                with open(path, encoding="utf-8") as file:
                    self.assertIn("/last", file.read())
                os.unlink(path)

    def test_a_request_that_is_held_is_answered_by_the_old_one(self):
        app = self.enterContext(App("app"))
        with Upgradable(DRAIN + pool("app", [app], more='hold = { timeout = "30s" }')) as door, Client(door.address, timeout=30) as held:
            door.wait_until_serving([app])
            app.kill()
            eventually(lambda: api(door, "status")[1]["pools"][0]["upstreams"][0]["state"] == "down", "that it is down")
            held.request("GET", "/")
            eventually(lambda: api(door, "pools")[1]["pools"][0]["held"] == 1, "that it is held")
            old, _ = door.upgraded()
            app.start()
            self.assertEqual(held.read_response().status, 200)
            self.gone(old)

    def test_tls_clients_come_back_with_their_tickets_and_their_names(self):
        with Certificates() as made:
            authority = made.authority("clients")
            cert, key = made.issue("a.example")
            alice = made.issue(by=authority, subject="/CN=alice/O=Example", usage="clientAuth")
            listeners = f'[[listener]]\naddress = "127.0.0.1:0"\n[listener.tls]\ncertificates = [{{ cert = "{cert}", key = "{key}" }}]\nclient_ca = "{authority[0]}"\n'
            app = self.enterContext(App("app"))
            with Upgradable(DRAIN + pool("app", [app]), listeners=listeners) as door:
                for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                    with self.subTest(version):
                        context = ssl.create_default_context()
                        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                        context.minimum_version = context.maximum_version = version
                        context.load_cert_chain(*alice)
                        session, before = self.asked(context, door.address, None)
                        old, _ = door.upgraded()
                        self.gone(old)
                        _, after = self.asked(context, door.address, session)
                        self.assertEqual(after, before)
                        self.assertIn("x-client-cert-subject", after)

    @staticmethod
    def asked(context, address, session):
        """The session, and what the app heard of the client's certificate."""
        with Client(address) as plain:
            with context.wrap_socket(plain.socket, server_hostname="a.example", session=session) as client:
                client.sendall(b"GET /received HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
                answer = b""
                while block := client.recv(65536):
                    answer += block
                headers = json.loads(answer.partition(b"\r\n\r\n")[2])["headers"]
                return client.session, {name: value for name, value in headers.items() if name.startswith("x-client-cert")}


class Places(WithDoors):
    def test_a_config_with_other_listeners_and_workers_is_the_new_one_s(self):
        following = self.enterContext(App("next"))
        for _, door in self.doors():
            port = free_port()
            first = door.address
            door.head = f'workers = 3\n[[listener]]\nname = "a"\naddress = "127.0.0.1:{port}"\n'
            door.write_config(DRAIN + pool("app", [following]))
            old, _ = door.upgraded()
            self.assertEqual(door.addresses, {"a": f"127.0.0.1:{port}"})
            self.assertEqual(get(door.addresses["a"]), "hello from next\n")
            self.gone(old)
            with self.assertRaises(ConnectionRefusedError):
                Client(first)

    def test_an_address_may_become_a_wider_one_on_the_same_port(self):
        app = self.enterContext(App("app"))
        for config in (pool("app", [app]), instances()):
            port = free_port()
            with self.subTest(config), Upgradable(DRAIN + config, listeners=f'listen = "127.0.0.1:{port}"\n') as door:
                door.head = door.head.replace("127.0.0.1", "0.0.0.0")
                door.write_config(DRAIN + config)
                old, _ = door.upgraded()
                self.gone(old)
                self.assertEqual(door.addresses, {"-": f"0.0.0.0:{port}"})
                self.assertEqual(eventually(lambda p=port: http_get(f"127.0.0.1:{p}").status, "an answer"), 200)

    def test_usr2_upgrades(self):
        for _, door in self.doors():
            old = door.serving()
            os.kill(door.pid, signal.SIGUSR2)
            new = eventually(lambda d=door, o=old: d.serving() if d.serving() != o else None, "the new one")
            if api(door, "status")[1]["main_pid"] != door.pid:
                door.others.append(new)
            self.gone(old)
            self.assertEqual(http_get(door.address).status, 200)

    def test_the_service_manager_is_told_the_main_process(self):
        for config, same in ((pool("app", [self.enterContext(App("app"))]), False), (instances(), True)):
            with self.subTest(same), NotifySocket() as manager, \
                    Upgradable(DRAIN + config, variables=[f"NOTIFY_SOCKET={manager.path}", "WATCHDOG_USEC=2000000"]) as door:
                manager.wait_for("READY")
                first = door.pid
                old, new = door.upgraded()
                self.gone(old)
                manager.wait_for("READY", 2)
                told = [(pid, lines["MAINPID"]) for pid, lines in manager.with_name("MAINPID")]
                if same:
                    self.assertEqual({pid for pid, _ in manager.heard()}, {first}, "the launcher speaks for both")
                    self.assertEqual({number for _, number in told}, {str(first)})
                else:
                    self.assertIn((first, str(new)), told, "the old one says so, whom it is believed")
                    eventually(lambda: new in [pid for pid, _ in manager.heard()], "a word of the new one")
                    after = manager.heard()[[pid for pid, _ in manager.heard()].index(new):]
                    self.assertEqual({pid for pid, _ in after}, {new}, "and nothing more of the old one")
                names = [name for _, lines in manager.heard() for name in lines]
                self.assertIn("RELOADING", names)
                self.assertNotIn("STOPPING", names)
                count = len(manager.with_name("WATCHDOG"))
                eventually(lambda: len(manager.with_name("WATCHDOG")) > count, "that the new one is alive")

    def test_the_launcher_runs_the_new_program_too(self):
        with Upgradable(DRAIN + instances(2)) as door:
            before = pids(door, 2)
            for number in range(2):
                another = os.path.join(door.directory, f"frontdoor-{number}")
                shutil.copy(binary(), another)
                door.point_to(another)
                old, new = door.upgraded()
                eventually(lambda a=another: os.path.samefile(f"/proc/{door.pid}/exe", a), "the launcher's new program")
                eventually(lambda: processes.comm(door.pid) == "fd-launcher", "its name")
                self.gone(old)
                self.assertEqual(pids(door, 2), before)
                os.kill(new, signal.SIGKILL)
                eventually(lambda n=number: len(events(door, "the front door crashed and is started anew")) > n, "that it is missed")
                self.assertEqual(pids(door, 2), before, "the next one finds them")
                self.assertTrue(os.path.samefile(f"/proc/{door.serving()}/exe", another))
            os.kill(before["app.2"], signal.SIGKILL)
            self.assertTrue(eventually(lambda: events(door, "instance ended", instance="app.2", end="SIGKILL"), "how it ended"))
            self.assertEqual(len(events(door, "the launcher runs the new program")), 2)
            last = pids(door, 2)
            door.terminate()
            self.assertEqual(door.wait(), 0)
            self.assertEqual([pid for pid in last.values() if processes.alive(pid)], [])

    @unittest.skipUnless(namespaces_are_allowed(), "unshare --pid is not allowed here")
    def test_as_the_first_process_of_a_container(self):
        with Upgradable(DRAIN + instances(), prefix=NAMESPACE) as door:
            eventually(lambda: http_get(door.address).status == 200, "an answer")
            before = api(door, "status")[1]
            self.assertEqual(before["main_pid"], 1)
            done = door.upgrade()
            self.assertEqual(done.returncode, 0, done.stderr)
            eventually(lambda: api(door, "status")[1]["pid"] not in (before["pid"], None), "the new one")
            eventually(lambda: events(door, "the old front door has left"), "the end of the old one")
            self.assertEqual((http_get(door.address).status, api(door, "status")[1]["main_pid"]), (200, 1))
            (first,) = processes.children(door.pid)
            os.kill(first, signal.SIGTERM)
            self.assertEqual(door.process.wait(30), 0)

    @unittest.skipUnless(namespaces_are_allowed(), "unshare --pid is not allowed here")
    def test_one_that_is_all_of_its_container_stays(self):
        app = self.enterContext(App("app"))
        with Upgradable(DRAIN + pool("app", [app]), prefix=NAMESPACE) as door:
            refused = door.upgrade()
            self.assertEqual((refused.returncode, "this process is PID 1, which can not leave" in refused.stderr), (1, True), refused)
            (first,) = processes.children(door.pid)
            os.kill(first, signal.SIGUSR2)
            eventually(lambda: events(door, "no upgrade"), "why not")
            self.assertEqual((http_get(door.address).status, api(door, "status")[1]["pid"]), (200, 1))
            os.kill(first, signal.SIGTERM)
            self.assertEqual(door.process.wait(30), 0)


class Load(WithDoors):
    def test_under_load_nothing_is_lost(self):
        """At full length: scripts/acceptance change."""
        for name, door in self.doors(more='[timeouts]\ndrain = "3s"\n'):
            with FixedRate(door.address, rate=200, seconds=600) as load:
                for _ in range(2):
                    old, _ = door.upgraded()
                    self.assertEqual(command("reload", door=door).returncode, 0)
                self.gone(old)
                report = load.finish()
            self.assertGreater(report["requests"], 50)
            self.assertEqual(report["failed"], 0, (name, report["failures"][:5]))


if __name__ == "__main__":
    main()
