#!/usr/bin/env python3
"""Listeners come, change and go with a reload, and nobody who is on another one notices."""

import json
import os
import ssl
import tempfile
import unittest

from support import App, Client, FixedRate, Frontdoor, WebSocketClient, eventually, get, http_get, main, pool
from support.admin import api, command
from support.certificates import Certificates
from support.client import connect
from support.h2 import GOAWAY, H2Client
from support.metrics import metrics
from support.ports import free_port


def event(door, name):
    return [e for e in door.events() if e.get("event") == name]


def listener(name, address="127.0.0.1:0", more=""):
    return f'[[listener]]\nname = "{name}"\naddress = "{address}"\n{more}\n'


class Listeners(unittest.TestCase):
    def setUp(self):
        self.app = self.enterContext(App("app"))

    def door(self, *listeners, **options):
        return Frontdoor(pool("app", [self.app]), listeners="".join(listeners), **options)

    def reload(self, door, *listeners, config=None):
        """Reloads with these, and returns the events of it, once it is done."""
        door.head = "workers = 2\n" + "".join(listeners)
        before = len(door.events())
        door.reload(config or pool("app", [self.app]))
        done = lambda: [e for e in door.events()[before:] if e.get("event", "").startswith(("reloaded", "reload refused"))]
        eventually(done, "the end of the reload")
        eventually(door._is_ready, "the ready file")
        return door.events()[before:]

    def test_one_comes_another_goes_and_the_third_is_not_touched(self):
        with self.door(listener("stays"), listener("goes")) as door, Client(door.addresses["stays"]) as kept:
            self.assertEqual(kept.get("/").status, 200)
            before = dict(door.addresses)
            events = self.reload(door, listener("comes"), listener("stays"))
            self.assertEqual(list(door.addresses), ["comes", "stays"], "the ready file follows")
            self.assertEqual(door.addresses["stays"], before["stays"])
            self.assertEqual(get(door.addresses["comes"]), "hello from app\n")
            self.assertEqual(kept.get("/").status, 200, "on the connection of before")
            with self.assertRaises(ConnectionRefusedError):
                eventually(lambda: Client(before["goes"]).close(), "the listener's end", timeout=5)
            self.assertEqual([e["address"] for e in events if e.get("event") == "listening"], [door.addresses["comes"]])
            self.assertEqual([e["listener"] for e in events if e.get("event") == "listener closed"], ["goes"])
            self.assertEqual([l["name"] for l in api(door, "listeners")[1]["listeners"]], ["comes", "stays"])
            metrics = http_get(door.admin_address, "/metrics", host=door.admin_address).text
            counted = [line for line in metrics.splitlines() if line.startswith("frontdoor_requests_total{")]
            for name in ("comes", "stays"):
                self.assertTrue([line for line in counted if f'listener="{name}"' in line], name)

    def test_what_cannot_be_opened_refuses_the_whole_reload_with_its_place_and_the_holder(self):
        with self.door(listener("web")) as door, self.door(listener("other")) as other:
            taken = other.addresses["other"]
            before = dict(door.addresses)
            with tempfile.TemporaryDirectory() as directory:
                path = os.path.join(directory, "door")
                events = self.reload(door, listener("new"), listener("unix", "unix:" + path), listener("web", more="via = false"),
                                     listener("taken", taken), config=pool("app", ["127.0.0.1:1"]))
                self.assertFalse(os.path.exists(path))
            said = json.dumps(events)
            self.assertIn(f"fd.toml:16:11: cannot listen on {taken}: address in use by pid {other.pid}", said)
            self.assertIn("reload refused, the old config stays", said)
            self.assertEqual(event(door, "listener changed"), [])
            self.assertEqual(door.addresses, before)
            self.assertEqual(get(door.addresses["web"]), "hello from app\n", "the pool of before")
            done = command("reload", door=door)
            self.assertEqual(done.returncode, 1)
            self.assertIn("address in use by pid", done.stderr)

    def test_terms_change_for_new_connections_and_a_websocket_lives_on(self):
        sockets_app = self.enterContext(App("sockets", script="websocket.js"))
        config = pool("app", [sockets_app])
        with Frontdoor(config, listeners=listener("web")) as door, Client(door.addresses["web"]) as old:
            self.assertIsNone(old.get("/").header("X-Id"))
            with WebSocketClient(door.addresses["web"], "hold", 3) as sockets:
                self.assertEqual(sockets.line(), {"opened": 3})
                for name in ("X-Id", "X-Other"):
                    self.reload(door, listener("web", more=f'request_id_header = "{name}"'), config=config)
                    self.assertIsNotNone(http_get(door.addresses["web"]).header(name))
                    self.assertIsNone(old.get("/").header(name))
                self.reload(door, listener("other"), config=config + '[timeouts]\ndrain = "2s"\n')
                said = sockets.line()
                self.assertEqual([c["code"] for c in said["codes"]], [1012] * 3, "their listener has gone")

    def test_tls_comes_and_goes(self):
        made = self.enterContext(Certificates())
        cert, key = made.issue("a.example")
        tls = f'tls = {{ cert = "{cert}", key = "{key}" }}'
        with self.door(listener("web")) as door:
            port = int(door.addresses["web"].rpartition(":")[2])
            self.reload(door, listener("web", more=tls))
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

            def speaks_tls():
                import socket
                with socket.create_connection(("127.0.0.1", port), 10) as raw, context.wrap_socket(raw) as wrapped:
                    return wrapped.version()
            self.assertTrue(speaks_tls())
            events = self.reload(door, listener("web", more=tls.replace(key, key + ".missing")))
            self.assertIn("reload refused", json.dumps(events))
            self.assertTrue(speaks_tls())
            self.reload(door, listener("web"))
            self.assertEqual(get(door.addresses["web"]), "hello from app\n")

    def test_one_of_http2_says_goaway_twice_and_its_streams_finish(self):
        made = self.enterContext(Certificates())
        cert, key = made.issue("a.example")
        tls = f'tls = {{ cert = "{cert}", key = "{key}" }}'
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])

        def h2(address):
            return self.enterContext(H2Client(context.wrap_socket(connect(address))))

        def goaways(client):
            return [int.from_bytes(payload[:4], "big") for kind, _, _, payload in client.frames if kind == GOAWAY]

        with self.door(listener("stays", more=tls), listener("goes", more=tls)) as door:
            untouched, idle, busy = (h2(door.addresses[name]) for name in ("stays", "goes", "goes"))
            for client in (untouched, idle, busy):
                self.assertEqual(client.get("/").status, 200)
            stream = busy.request("/received", "POST", end=False)
            busy.data(stream, b"half")
            eventually(lambda: metrics(door)["frontdoor_requests_in_flight"] == 1, "the stream")
            self.reload(door, listener("stays", more=tls))
            busy.until(lambda: goaways(busy))
            self.assertEqual(goaways(busy)[0], 2**31 - 1, "first that it goes, before it is known what is on its way")
            busy.data(stream, b" and half", end=True)
            answer = busy.finish(stream)
            self.assertEqual((answer.status, answer.reset), (200, None))
            for client, last in ((busy, stream), (idle, 1)):
                self.assertEqual(client.until_goaway(), 0, "and the end of the connection, in order")
                self.assertEqual(goaways(client), [2**31 - 1, last])
            self.assertEqual(untouched.get("/").status, 200)
            self.assertEqual(goaways(untouched), [])

    def test_under_load_a_reload_of_others_loses_nothing(self):
        with self.door(listener("web")) as door:
            door.wait_until_serving([self.app])
            ports = [free_port() for _ in range(3)]
            with FixedRate(door.address, rate=300, seconds=60) as load:
                for turn in range(12):
                    others = [listener(f"other{port}", f"127.0.0.1:{port}") for port in ports[:turn % 3]]
                    self.reload(door, *others, listener("web", more=f"via = {'true' if turn % 2 else 'false'}"))
                report = load.finish()
            self.assertEqual(report["failed"], 0, report["failures"])
            self.assertEqual(len(event(door, "reloaded")), 12)


if __name__ == "__main__":
    main()
