#!/usr/bin/env python3
"""HTTP/2 to clients, with TLS and without: curl, nghttp, h2load and Node's own client in front of real apps."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

from support import App, Frontdoor, eventually, http_get, main, pool, quick, say
from support.app import node_environment, script_path
from support.certificates import Certificates
from support.client import connect
from support.h2 import H2Client


def curl2(url, *options):
    how = [] if url.startswith("https:") else ["--http2-prior-knowledge"]
    result = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "60", *how, *options, url],
                            capture_output=True, timeout=90, check=False)
    if result.returncode != 0:
        raise AssertionError(f"curl ended with {result.returncode}: {result.stderr.decode(errors='replace')}")
    return result.stdout


REFUSED_STREAM = "code 7"  # RFC 9113 §7


class Case(unittest.TestCase):
    door = None
    scheme = "http"
    environment = {}

    @property
    def url(self):
        return f"{self.scheme}://{self.door.address}"

    def node(self, scenario, url=None):
        result = subprocess.run(["node", script_path("h2_client.js"), url or self.url, scenario], capture_output=True,
                                timeout=120, check=True, text=True, env=node_environment(**self.environment))
        return json.loads(result.stdout.splitlines()[-1])

    def line_of(self, target, door=None):
        door = door or self.door
        return eventually(lambda: [line for line in door.access() if line["target"] == target], f"the line of {target}")[0]

    def stop_while_asked(self, door, url):
        """What Node's client has seen of a stop."""
        client = subprocess.Popen(["node", script_path("h2_client.js"), url, "drained"], stdout=subprocess.PIPE, text=True,
                                  env=node_environment(**self.environment))
        self.assertEqual(client.stdout.readline(), "begun\n")
        eventually(lambda: len(door.access()) > 3, "some requests")
        door.terminate()
        out = client.communicate(timeout=60)[0]
        self.assertEqual(door.wait(), 0)
        result = json.loads(out.splitlines()[-1])
        self.assertEqual([code for code, _ in result["goaway"]], [0, 0])
        self.assertEqual(result["goaway"][0][1], 2 ** 31 - 1)
        self.assertEqual(result["slow"]["status"], 200)
        # What Node's library has not written yet when the GOAWAY comes it refuses by itself: we never saw it.
        answers = [answer for answer in result["answers"] if answer != REFUSED_STREAM]
        self.assertEqual(answers, [200] * len(answers))
        self.assertEqual(len([line for line in door.access() if (line["target"], line["protocol"]) == ("/", "HTTP/2.0")]), len(answers))
        self.assertNotIn("error", result)

    def load(self, url, *options):
        requests = 2000 if quick() else 20000
        result = subprocess.run(["h2load", f"-n{requests}", "-c8", "-m16", "-t1", *options, url],
                                capture_output=True, timeout=150, check=True, text=True)
        counts = re.search(r"requests: .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", result.stdout)
        self.assertEqual(counts.groups(), (str(requests), "0", "0", "0"), result.stdout)
        say(re.search(r"finished in .*", result.stdout).group())


class Plain(Case):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(App("app"))
        cls.door = cls.enterClassContext(Frontdoor(pool("app", [cls.app])))
        cls.door.wait_until_serving([cls.app])

    def test_curl_gets_what_the_app_says(self):
        received = json.loads(curl2(self.url + "/received?curl", "-H", "Cookie: a=1", "-H", "X-A: b"))
        self.assertEqual(received["version"], "1.1")
        self.assertEqual(received["headers"]["host"], self.door.address)
        self.assertEqual(received["headers"]["cookie"], "a=1")
        self.assertEqual(received["headers"]["x-forwarded-proto"], "http")
        self.assertIn("2 ", received["headers"]["via"])
        line = self.line_of("/received?curl")
        self.assertEqual((line["protocol"], line["outcome"], line["status"]), ("HTTP/2.0", "served", 200))

    def test_http1_is_served_on_the_same_address(self):
        self.assertEqual(http_get(self.door.address, "/").status, 200)

    def test_large_bodies_go_up_and_down(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"0123456789abcdef" * (1 << 18))  # 4 MiB
            file.flush()
            with open(file.name, "rb") as sent:
                expected = sent.read()
            self.assertEqual(curl2(self.url + "/echo", "--data-binary", f"@{file.name}"), expected)
        answer = self.node("echo")["answer"]
        self.assertEqual((answer["status"], answer["length"], answer["error"]), (200, 8 << 20, None))

    def test_a_hundred_streams_at_once(self):
        result = self.node("many")
        self.assertEqual(result["answers"], [200] * 100)

    def test_nghttp_and_its_many_requests(self):
        result = subprocess.run(["nghttp", "-v", "-n", "-m", "20", f"http://{self.door.address}/"], capture_output=True,
                                timeout=60, check=True, text=True)
        self.assertEqual(len(re.findall(r":status: 200", result.stdout)), 20)
        self.assertNotIn("RST_STREAM", result.stdout)

    def test_h2load_loses_nothing(self):
        self.load(self.url + "/")

    def test_an_early_answer_is_whole_and_soon_there(self):
        result = self.node("early")
        self.assertEqual(result["answer"]["status"], 413)
        self.assertIsNone(result["answer"]["error"])
        self.assertLess(result["answer"]["ms"], 10_000)
        self.assertEqual(result["next"]["status"], 200)

    def test_curl_has_an_early_answer_during_a_large_upload(self):
        with tempfile.NamedTemporaryFile() as file:
            file.truncate(64 << 20)
            out = curl2(self.url + "/early", "--data-binary", f"@{file.name}", "-w", " %{http_code}")
        self.assertTrue(out.endswith(b" 413"), out)

    def test_a_cancel_frees_the_app_at_once(self):
        result = self.node("cancel")
        self.assertEqual(result["next"]["status"], 200)
        line = self.line_of("/slow?ms=20000")
        self.assertEqual(line["outcome"], "client_closed")
        self.assertLess(line["total_ms"], 10_000)
        eventually(lambda: "/slow?ms=20000" not in http_get(self.app.address, "/in-flight").text, "the app to hear of it")

    def test_a_stop_tells_twice_and_loses_nothing(self):
        with Frontdoor(pool("app", [self.app])) as door:
            door.wait_until_serving([self.app])
            self.stop_while_asked(door, f"http://{door.address}")

    def test_a_flood_is_told_to_the_operator(self):
        host, port = self.door.address.rsplit(":", 1)
        ping = b"\0\0\x08\x06\0\0\0\0\0" + bytes(8)
        with socket.create_connection((host, int(port))) as enemy:
            enemy.settimeout(20)
            enemy.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0" + ping * 1000)
            received = b""
            while b"\0\0\x08\x07\0" not in received:
                received += enemy.recv(65536)
        events = eventually(lambda: [e for e in self.door.events() if e.get("reason") == "PING flood"], "the event")
        self.assertEqual(events[0]["outcome"], "http2_error")


class OverTls(Case):
    scheme = "https"

    @classmethod
    def setUpClass(cls):
        cls.made = cls.enterClassContext(Certificates())
        cls.app = cls.enterClassContext(App("app"))
        cls.pair = cls.made.issue("a.example", "b.example", "127.0.0.1")
        cls.environment = {"NODE_EXTRA_CA_CERTS": cls.made.ca}
        cls.door = cls.enterClassContext(cls.new_door())

    @classmethod
    def new_door(cls, listener="", tls="", more="", app=None):
        cert, key = map(json.dumps, cls.pair)
        head = f'[[listener]]\naddress = "127.0.0.1:0"\n{listener}\n[listener.tls]\ncert = {cert}\nkey = {key}\n{tls}\n'
        return Frontdoor(pool("app", [app or cls.app], health="") + more, listeners=head)

    def context(self, protocols=("h2", "http/1.1"), version=None):
        context = ssl.create_default_context(cafile=self.made.ca)
        if version:
            context.minimum_version = context.maximum_version = version
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context

    def connect(self, door=None, context=None, session=None, **options):
        context = context or self.context(**options)
        return context.wrap_socket(connect((door or self.door).address), server_hostname="a.example", session=session)

    def test_curl_speaks_it_without_being_asked(self):
        said = curl2(self.url + "/received?tls", "--cacert", self.made.ca, "-w", "\n%{http_version}").decode()
        received, _, version = said.rpartition("\n")
        self.assertEqual(version, "2")
        headers = json.loads(received)["headers"]
        self.assertEqual((headers["x-forwarded-proto"], headers["host"]), ("https", self.door.address))
        line = self.line_of("/received?tls")
        self.assertEqual((line["protocol"], line["outcome"], line["tls"]), ("HTTP/2.0", "served", "TLSv1.3"))
        said = curl2(self.url + "/?one", "--cacert", self.made.ca, "--http1.1", "-w", "%{http_version}").decode()
        self.assertTrue(said.endswith("1.1"), said)

    def test_alpn_chooses(self):
        with self.new_door('protocols = ["http/1.1"]') as only_h1, self.new_door('protocols = ["h2"]') as only_h2:
            # Whoever names no protocol and would have to speak HTTP/2 gets nothing but its SETTINGS.
            with self.connect(only_h2, protocols=()) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
                received = b""
                while part := connection.recv(65536):
                    received += part
                self.assertNotIn(b"200", received)
                self.assertNotIn(b"hello", received)
            rows = [(self.door, ("http/1.1", "h2"), "h2"), (self.door, ("http/1.1",), "http/1.1"), (self.door, (), None),
                    (only_h1, ("h2", "http/1.1"), "http/1.1"), (only_h1, (), None),
                    (only_h2, ("http/1.1", "h2"), "h2")]
            for door, offered, chosen in rows:
                with self.connect(door, protocols=offered) as connection:
                    self.assertEqual(connection.selected_alpn_protocol(), chosen, offered)
                    if chosen == "h2":
                        answer = H2Client(connection).get("/")
                        self.assertEqual((answer.status, answer.body), (200, b"hello from app\n"))
                        continue
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
                    self.assertEqual(connection.recv(12), b"HTTP/1.1 200", offered)
            for door, offered in ((only_h1, ("h2",)), (only_h2, ("http/1.1",)), (self.door, ("http/1.0",))):
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    self.connect(door, protocols=offered).close()

    def test_behind_tls_nobody_knows_it_beforehand(self):
        with self.connect(protocols=()) as connection:
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            self.assertEqual(connection.recv(12), b"HTTP/1.1 505")

    def test_both_versions_of_tls(self):
        for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            with H2Client(self.connect(version=version)) as client:
                self.assertEqual(client.get("/?" + name).status, 200)
            self.assertEqual(self.line_of("/?" + name)["tls"], name)
        # RFC 9113 §9.2.2: every client may count on this one.
        context = self.context(version=ssl.TLSVersion.TLSv1_2)
        context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
        with H2Client(self.connect(context=context)) as client:
            self.assertEqual(client.get("/").status, 200)

    def test_other_hosts_share_the_connection_where_the_certificate_covers_them(self):
        with H2Client(self.connect()) as client:
            self.assertEqual(client.get("/", host="b.example").status, 200)
            misdirected = client.get("/?other", host="c.example")
            self.assertEqual((misdirected.status, misdirected.ended), (0, True))
            self.assertEqual(client.get("/").status, 200)
        line = self.line_of("/?other")
        self.assertEqual((line["status"], line["outcome"], line.get("upstream", "")), (421, "misdirected_request", ""))

    def test_a_slow_reader_gets_all_of_a_large_answer(self):
        size = 12_000_000
        with H2Client(self.connect()) as client:
            stream = client.request(f"/big?bytes={size}")
            time.sleep(0.5)  # until nobody on the way has room any more
            self.assertEqual(len(client.finish(stream).body), size)
            # What was sealed last had no room in the kernel; nothing else comes that would take it along.
            self.assertEqual(client.get("/").status, 200)

    def test_a_large_upload(self):
        with H2Client(self.connect()) as client:
            stream = client.request("/received?upload", "POST", end=False)
            for _ in range(3):
                client.data(stream, b"u" * 16384)
            client.data(stream, b"", end=True)
            self.assertEqual(json.loads(client.finish(stream).body)["length"], 3 * 16384)
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"0123456789abcdef" * (1 << 18))
            file.flush()
            with open(file.name, "rb") as sent:
                expected = sent.read()
            echoed = curl2(self.url + "/echo", "--cacert", self.made.ca, "--data-binary", f"@{file.name}")
            self.assertEqual(echoed, expected)

    def test_an_idle_connection_is_parked_and_asked_again(self):
        with H2Client(self.connect()) as client:
            for _ in range(3):
                self.assertEqual(client.get("/").status, 200)
                time.sleep(0.3)  # it owns no buffer from a tenth of a second on

    def test_an_idle_connection_ends_with_goaway_and_close_notify(self):
        with self.new_door(more='[timeouts]\nclient_idle = "1s"\n') as door, self.connect(door) as connection:
            connection.suppress_ragged_eofs = False
            client = H2Client(connection)
            self.assertEqual(client.get("/").status, 200)
            self.assertEqual(client.until_goaway(), 0)

    def test_an_end_without_close_notify_is_a_fin_to_who_has_asked(self):
        with H2Client(self.connect()) as client:
            self.assertEqual(client.get("/").status, 200)
            stream = client.request("/slow?ms=500")
            upload = client.request("/echo", "POST", end=False)
            with socket.socket(fileno=socket.dup(client.socket.fileno())) as below:
                below.shutdown(socket.SHUT_WR)  # the TLS of this side knows nothing of it
            self.assertEqual(client.finish(stream).status, 200)
            self.assertIsNotNone(client.finish(upload).reset, "half a request is none")

    def test_a_resumed_session_speaks_it_too(self):
        context = self.context()
        with self.connect(context=context) as connection:
            self.assertEqual(H2Client(connection).get("/").status, 200)
            session = connection.session
        with self.connect(context=context, session=session) as connection:
            self.assertEqual((connection.session_reused, connection.selected_alpn_protocol()), (True, "h2"))
            self.assertEqual(H2Client(connection).get("/?resumed").status, 200)
        self.assertTrue(self.line_of("/?resumed")["tls_resumed"])

    def test_the_certificate_of_a_client_reaches_the_app(self):
        cert, key = self.made.issue(subject="/CN=alice", usage="clientAuth")
        with self.new_door(tls=f"client_ca = {json.dumps(self.made.ca)}") as door:
            said = curl2(f"https://{door.address}/received", "--cacert", self.made.ca, "--cert", cert, "--key", key, "-H",
                         "X-Client-Cert-Subject: CN=mallory", "-w", "\n%{http_version}").decode()
            received, _, version = said.rpartition("\n")
            self.assertEqual((json.loads(received)["headers"]["x-client-cert-subject"], version), ("CN=alice", "2"))

    def test_many_streams_and_a_flood_of_requests(self):
        self.assertEqual(self.node("many")["answers"], [200] * 100)
        self.load(self.url + "/")

    def test_an_early_answer_during_a_large_upload(self):
        with tempfile.NamedTemporaryFile() as file:
            file.truncate(64 << 20)
            began = time.monotonic()
            out = curl2(self.url + "/early", "--cacert", self.made.ca, "--data-binary", f"@{file.name}", "-w", " %{http_code}")
            say(f"an early answer took {time.monotonic() - began:.2f} s")
        self.assertTrue(out.endswith(b" 413"), out)

    def test_a_websocket(self):
        with App("ws", script="websocket.js") as app, self.new_door(app=app) as door:
            result = self.node("websocket", f"https://{door.address}")
            self.assertEqual((result["allowed"], result["status"], result["beside"]), (True, 200, 200))
            self.assertEqual(bytes.fromhex(result["received"]), b"\x81\x05hello\x88\x02\x03\xe8")
            self.assertEqual((result["error"], result["code"]), (None, 0))
            line = eventually(lambda: [line for line in door.access() if line["status"] == 101], "its line")[0]
            self.assertEqual((line["outcome"], line["protocol"]), ("served", "HTTP/2.0"))

    @unittest.skipUnless(shutil.which("chromium"), "no chromium on this machine")
    def test_chromium_speaks_it_and_opens_websockets_over_it(self):
        with App("ws", script="websocket.js") as app, self.new_door(app=app) as door, \
             tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:  # helpers may write into it at their end
            browser = subprocess.Popen(
                ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
                 "--ignore-certificate-errors", "--remote-debugging-port=0", f"--user-data-dir={profile}",
                 f"https://{door.address}/page"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True)
            try:
                heard = eventually(lambda: [line for line in door.access() if line["target"].startswith("/closed")],
                                   "what the page has heard", timeout=60)
                self.assertEqual((heard[0]["target"], heard[0]["protocol"]), ("/closed?heard=hello", "HTTP/2.0"))
            finally:
                browser.terminate()
                browser.wait(30)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(browser.pid, signal.SIGKILL)  # its helpers
            opened = eventually(lambda: [line for line in door.access() if line["status"] == 101], "the WebSocket's line")
            self.assertEqual(opened[0]["protocol"], "HTTP/2.0")

    def test_a_stop_tells_twice_and_loses_nothing(self):
        with self.new_door() as door:
            self.stop_while_asked(door, f"https://{door.address}")

    def test_a_stop_reaches_those_who_wait(self):
        with self.new_door() as door, self.connect(door) as used, self.connect(door) as unused, self.connect(door) as parked:
            clients = [H2Client(used), H2Client(unused), H2Client(parked)]
            for client in (clients[0], clients[2]):
                self.assertEqual(client.get("/").status, 200)
            time.sleep(0.3)  # one of them is busy again when it is told, the others own nothing
            stream = clients[0].request("/slow?ms=500")
            eventually(lambda: "/slow" in http_get(self.app.address, "/in-flight").text, "the request with the app")
            began = time.monotonic()
            door.terminate()
            self.assertEqual(clients[0].finish(stream).status, 200)
            self.assertEqual([client.until_goaway() for client in clients], [0, 0, 0])
            self.assertEqual(door.wait(), 0)
            self.assertLess(time.monotonic() - began, 15, "nobody waits for the end of the drain")

    def test_a_redirecting_listener_redirects(self):
        with Frontdoor(pool("app", [self.app], health=""),
                       listeners='[[listener]]\naddress = "127.0.0.1:0"\nredirect = "https"\n'
                                 '[[listener]]\naddress = "127.0.0.1:0"\nname = "tls"\ntls = "self-signed"\n') as door:
            plain = next(address for name, address in door.addresses.items() if name != "tls")
            said = curl2(f"http://{plain}/a?b=c", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}").decode()
            port = door.addresses["tls"].rsplit(":", 1)[1]
            self.assertEqual(said, f"308 https://127.0.0.1:{port}/a?b=c")


if __name__ == "__main__":
    main()
