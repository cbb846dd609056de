#!/usr/bin/env python3
"""/metrics and what else the admin address tells: the numbers are right, to the last request; and whoever asks, the
traffic does not notice."""

import contextlib
import json
import os
import socket
import ssl
import tempfile
import threading
import time
import unittest

from support import App, Client, Frontdoor, curl, eventually, free_port, get, main, pool
from support.app import script_path
from support.certificates import Certificates
from support.client import connect
from support.instances import events
from support.metrics import ask, metrics, promtool_says


class Scripted:
    """An upstream that answers as the path says."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                self.open.append(connection)
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    @staticmethod
    def _serve(connection):
        with contextlib.suppress(OSError), connection:
            unread = b""
            while True:
                while b"\r\n\r\n" not in unread:
                    block = connection.recv(65536)
                    if not block:
                        return
                    unread += block
                head, unread = unread.split(b"\r\n\r\n", 1)
                path = head.split()[1].decode()
                if path.startswith("/status/"):  # no two requests on one connection, so that none is stale
                    connection.sendall(f"HTTP/1.1 {path[8:]} X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())
                    return
                if path == "/keep":
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                if path == "/reset":
                    return
                elif path == "/garbage":
                    connection.sendall(b"nonsense\r\n\r\n")
                elif path == "/truncated":
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
                    return
                elif path == "/silent":
                    connection.recv(1)  # until somebody has enough of it
                    return

    def close(self):
        # A listening socket that is only closed leaves its accept() waiting.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for connection in self.open:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Numbers(unittest.TestCase):
    maxDiff = None

    def test_of_every_outcome_are_right(self):
        """Served, retried, refused, timed out, aborted, without a route: each counter, exactly."""
        listeners = '[[listener]]\nname = "web"\naddress = "127.0.0.1:0"\n[[listener]]\nname = "other"\naddress = "127.0.0.1:0"\n'
        nobody = f"127.0.0.1:{free_port()}"
        with Scripted() as upstream:
            config = (pool("app", [upstream], health="", more='[pool.app.timeouts]\nresponse_header = "300ms"\n'
                           '[pool.app.retry]\ncontainment = false\n') +
                      pool("gone", [nobody], health="", more='[pool.gone.hold]\ntimeout = "0s"\n') +
                      pool("shaky", [nobody, upstream], health="") + pool("patient", [upstream], health="") +
                      '[[route]]\nhost = "app.test"\npool = "app"\n[[route]]\nhost = "gone.test"\npool = "gone"\n'
                      '[[route]]\nhost = "shaky.test"\npool = "shaky"\n'
                      '[[route]]\nhost = "patient.test"\npool = "patient"\n')
            with Frontdoor(config, listeners=listeners) as door:
                web, other = door.addresses["web"], door.addresses["other"]

                def request(address, target, host="app.test", method="GET", version="1.1"):
                    with Client(address) as client:
                        client.send(f"{method} {target} HTTP/{version}\r\nHost: {host}\r\n\r\n")
                        try:
                            return client.read_response(method).status
                        except (EOFError, ConnectionError):
                            return 0

                self.assertEqual([request(web, f"/status/{status}") for status in (200, 201, 304, 404, 500)],
                                 [200, 201, 304, 404, 500])
                self.assertEqual([request(other, "/status/200") for _ in range(3)], [200] * 3)
                self.assertEqual(request(web, "/status/200", version="1.0"), 200)
                self.assertEqual(request(web, "/reset", method="POST"), 502)
                self.assertEqual(request(web, "/garbage"), 502)
                self.assertEqual(request(web, "/silent", method="POST"), 504)
                self.assertEqual(request(web, "/truncated"), 0)
                self.assertEqual(request(web, "/status/200", host="gone.test"), 503)  # refused, and then nobody is left
                self.assertEqual(request(web, "/status/200", host="gone.test"), 503)
                self.assertEqual(request(web, "/status/200", host="shaky.test"), 200)
                self.assertEqual(request(web, "/", host="nobody.test"), 404)
                self.assertEqual(request(web, "no path"), 400)
                with Client(web) as leaving:
                    leaving.send("GET /silent HTTP/1.1\r\nHost: patient.test\r\n\r\n")
                    eventually(lambda: metrics(door)["frontdoor_requests_in_flight"] == 1, "the request that waits")
                    leaving.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                self.assertEqual(request(web, "/keep"), 200)

                total = 20
                eventually(lambda: metrics(door)["frontdoor_requests_total"] == total, "the last request's end")
                eventually(lambda: metrics(door)["frontdoor_requests_in_flight"] == 0, "that nothing of it is left")
                seen = metrics(door)
                codes = lambda *labels: seen.nonzero("frontdoor_requests_total", "code", *labels)
                self.assertEqual(codes("pool=app", "listener=web", "protocol=http/1.1"),
                                 {"2xx": 4, "3xx": 1, "4xx": 1, "5xx": 4})
                self.assertEqual(codes("pool=app", "listener=web", "protocol=http/1.0"), {"2xx": 1})
                self.assertEqual(codes("pool=app", "listener=other"), {"2xx": 3})
                self.assertEqual(codes("pool=gone"), {"5xx": 2})
                self.assertEqual(codes("pool=shaky"), {"2xx": 1})
                self.assertEqual(codes("pool=patient"), {"none": 1})
                self.assertEqual(codes("pool="), {"4xx": 2})
                self.assertEqual(seen["frontdoor_request_duration_seconds_count", "pool=app"], 14)
                self.assertEqual(seen["frontdoor_requests_in_flight"], 0)

                outcomes = lambda name, pool_name: seen.nonzero(name, "outcome", f"pool={pool_name}")
                self.assertEqual(outcomes("frontdoor_responses_own_total", "app"),
                                 {"upstream_reset": 1, "invalid_response": 1, "response_header_timeout": 1})
                self.assertEqual(outcomes("frontdoor_responses_own_total", "gone"), {"no_upstream": 2})
                self.assertEqual(outcomes("frontdoor_responses_own_total", "shaky"), {})
                self.assertEqual(outcomes("frontdoor_responses_own_total", ""), {"no_route": 1, "bad_request": 1})
                self.assertEqual(outcomes("frontdoor_requests_unfinished_total", "app"), {"response_truncated": 1})
                self.assertEqual(outcomes("frontdoor_requests_unfinished_total", "patient"), {"client_closed": 1})

                upstream_codes = lambda *labels: seen.nonzero("frontdoor_upstream_requests_total", "code", *labels)
                self.assertEqual(upstream_codes("pool=app"), {"2xx": 8, "3xx": 1, "4xx": 1, "5xx": 1, "none": 3})
                self.assertEqual(upstream_codes("pool=patient"), {"none": 1})
                self.assertEqual(upstream_codes("pool=gone"), {"none": 1})
                self.assertEqual(upstream_codes("pool=shaky", f"upstream={upstream.address}"), {"2xx": 1})
                self.assertEqual(seen["frontdoor_upstream_response_duration_seconds_count", "pool=app"], 11)
                self.assertEqual(seen["frontdoor_upstream_requests_in_flight"], 0)
                self.assertEqual(seen["frontdoor_upstream_connections", "pool=app", "state=active"], 0)
                self.assertGreaterEqual(seen["frontdoor_upstream_connections", "pool=app", "state=idle"], 1)

                reasons = lambda name, pool_name: seen.nonzero(name, "reason", f"pool={pool_name}")
                self.assertEqual(reasons("frontdoor_retries_total", "gone"), {"nothing_sent": 1})
                self.assertEqual(reasons("frontdoor_retries_denied_total", "app"),
                                 {"reset_not_idempotent": 1, "answered": 1, "timeout_not_safe": 1})
                # Which of the two was asked first is the rotation's matter.
                refused = seen["frontdoor_retries_total", "pool=shaky"]
                self.assertEqual(upstream_codes("pool=shaky", f"upstream={nobody}").get("none", 0), refused)
                retried = {(row["pool"], row["name"]): row["retried"]
                           for row in ask(door, "/api/v1/upstreams").json()["upstreams"] if row["retried"]}
                self.assertEqual(retried, {each: count for each, count in ((("gone", nobody), 1), (("shaky", nobody), refused)) if count})
                taken = {row["host"]: row["requests"] for row in ask(door, "/api/v1/routes").json()["routes"] if row["host"]}
                self.assertEqual((taken["gone.test"], taken["shaky.test"], taken["patient.test"]), (2, 1, 1))

                self.assertEqual(seen["frontdoor_upstream_up", "pool=gone"], 0)
                self.assertEqual(seen["frontdoor_upstream_state", "pool=gone", "state=down"], 1)
                self.assertEqual(seen["frontdoor_upstream_transitions_total", "pool=gone", "to=down", "reason=dead"], 1)
                self.assertEqual(seen["frontdoor_upstream_transitions_total", "pool=app", "to=up"], 1)
                self.assertEqual(promtool_says(seen), "")

    def test_of_held_requests_are_right(self):
        with tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
            app = App("late", path=os.path.join(directory, "app.sock"))
            with Frontdoor(pool("app", [app], more='[pool.app.hold]\ntimeout = "20s"\n')) as door:
                eventually(lambda: metrics(door)["frontdoor_upstream_state", "state=down"] == 1, "the verdict")
                waiting = [Client(door.address) for _ in range(3)]
                for client in waiting:
                    client.request("GET", "/")
                eventually(lambda: metrics(door)["frontdoor_held_requests", "pool=app"] == 3, "three that wait")
                eventually(lambda: metrics(door)["frontdoor_requests_in_flight"] == 3, "a text made since")
                self.assertEqual(metrics(door)["frontdoor_pool_upstreams_up"], 0)
                waiting.pop().close()
                eventually(lambda: metrics(door)["frontdoor_held_requests"] == 2, "one that has left")
                with app:
                    for client in waiting:
                        self.assertEqual(client.read_response().status, 200)
                        client.close()
                    eventually(lambda: metrics(door)["frontdoor_requests_total"] == 3, "their ends")
                    seen = metrics(door)
                    self.assertEqual(seen.nonzero("frontdoor_holds_total", "result"), {"released": 2, "client_closed": 1})
                    self.assertEqual(seen["frontdoor_hold_wait_seconds_count"], 3)
                    self.assertGreater(seen["frontdoor_hold_wait_seconds_sum"], 0)
                    self.assertEqual(seen["frontdoor_held_requests"], 0)
                    self.assertGreaterEqual(seen["frontdoor_health_checks_total", "result=passed"], 1)
                    self.assertGreaterEqual(seen["frontdoor_health_checks_total", "result=refused"], 1)
                    self.assertEqual(promtool_says(seen), "")

    def test_series_come_and_go_with_their_upstreams(self):
        with App("a") as one, App("b") as two, Frontdoor(pool("app", [one])) as door:
            eventually(lambda: metrics(door)["frontdoor_upstream_up"] == 1, "the first probe")
            get(door.address)
            before = eventually(lambda: metrics(door)["frontdoor_requests_total", "pool=app"], "its end")
            upstreams = lambda: {labels["upstream"] for labels, _ in metrics(door).find("frontdoor_upstream_up")}
            self.assertEqual(upstreams(), {one.address})
            door.reload(pool("app", [two]) + pool("more", [one]) + '[[route]]\npool = "app"\n')
            eventually(lambda: metrics(door)["frontdoor_config_reloads_total", "result=success"] == 1, "a text made since")
            self.assertEqual({(labels["pool"], labels["upstream"]) for labels, _ in metrics(door).find("frontdoor_upstream_up")},
                             {("app", two.address), ("more", one.address)})
            seen = metrics(door)
            self.assertEqual(seen["frontdoor_requests_total", "pool=app"], before, "a pool keeps its counters")
            self.assertEqual(seen["frontdoor_upstream_requests_total", "pool=app"], 0)
            self.assertEqual(seen["frontdoor_config_reloads_total", "result=success"], 1)
            good_since = seen["frontdoor_config_last_reload_success_timestamp_seconds"]
            door.reload("nonsense")
            eventually(lambda: metrics(door)["frontdoor_config_reloads_total", "result=failure"] == 1, "a text made since")
            seen = metrics(door)
            self.assertEqual((seen["frontdoor_config_reloads_total", "result=failure"],
                              seen["frontdoor_config_last_reload_successful"]), (1, 0))
            self.assertEqual(seen["frontdoor_config_last_reload_success_timestamp_seconds"], good_since)

    def test_of_instances_and_of_frontdoor_itself(self):
        config = ('[pool.app]\ncommand = ["node", ' + json.dumps(script_path("instance.js")) + ']\ninstances = 2\n'
                  '[pool.bad]\ncommand = ["sh", "-c", "exit 3"]\n[pool.bad.restart]\nbackoff_min = "10ms"\nbackoff_max = "50ms"\n'
                  'crash_loop_after = 3\n[[route]]\npool = "app"\n')
        with Frontdoor(config) as door:
            eventually(lambda: metrics(door)["frontdoor_process_up", "pool=app"] == 2, "two that are up")
            eventually(lambda: metrics(door)["frontdoor_process_crash_loop", "instance=bad.1"] == 1, "the crash loop")
            seen = metrics(door)
            for number in (1, 2):
                self.assertGreater(seen["frontdoor_process_resident_memory_bytes", f"instance=app.{number}"], 10 << 20)
                self.assertGreater(seen["frontdoor_process_cpu_seconds_total", f"instance=app.{number}"], 0)
                self.assertGreater(seen["frontdoor_process_start_time_seconds", f"instance=app.{number}"], 1.7e9)
            self.assertEqual(seen["frontdoor_process_restarts_total", "pool=app"], 0)
            self.assertGreaterEqual(seen["frontdoor_process_restarts_total", "pool=bad"], 2)
            self.assertGreater(seen["process_resident_memory_bytes"], 1 << 20)
            self.assertGreater(seen["process_open_fds"], 5)
            self.assertGreaterEqual(seen["process_max_fds"], seen["process_open_fds"])
            self.assertGreater(seen["process_threads"], 2)
            self.assertGreater(seen["process_start_time_seconds"], 1.7e9)
            self.assertEqual(seen["frontdoor_build_info"], 1)
            self.assertEqual(promtool_says(seen), "")
            eventually(lambda: metrics(door)["frontdoor_worker_loop_lag_seconds_count", "worker=0"] >= 1, "a quarter second")

    def test_of_http2_are_right(self):
        listener = '[[listener]]\nname = "web"\naddress = "127.0.0.1:0"\nprotocols = ["h2", "http/1.1"]\n'
        with App("a") as app, Frontdoor(pool("app", [app]) + '[[route]]\nhost = "app.test"\n', listeners=listener) as door:
            eventually(lambda: metrics(door)["frontdoor_upstream_up"] == 1, "the first probe")
            for host, status in (("app.test", 200), ("app.test", 200), ("nobody.test", 404)):
                self.assertEqual(curl(door.address, "/", "--http2-prior-knowledge", "-H", f"Host: {host}").status, status)
            self.assertEqual(curl(door.address, "/", "-H", "Host: app.test").status, 200)
            codes = lambda *labels: metrics(door).nonzero("frontdoor_requests_total", "code", *labels)
            eventually(lambda: metrics(door)["frontdoor_requests_total"] == 4, "the last one's end")
            self.assertEqual(codes("pool=app", "protocol=h2"), {"2xx": 2})
            self.assertEqual(codes("pool=app", "protocol=http/1.1"), {"2xx": 1})
            self.assertEqual(codes("pool=", "protocol=h2", "listener=web"), {"4xx": 1})
            eventually(lambda: metrics(door)["frontdoor_requests_in_flight"] == 0, "a text made since")

    def test_of_tls_are_right(self):
        with App("a") as app, Certificates() as made:
            cert, key = made.issue("localhost", days=30)
            listener = (f'[[listener]]\nname = "secure"\naddress = "127.0.0.1:0"\n'
                        f'tls = {{ cert = {json.dumps(cert)}, key = {json.dumps(key)} }}\n')
            with Frontdoor(pool("app", [app]), listeners=listener) as door:
                trusting = ssl.create_default_context(cafile=made.ca)
                host, _, port = door.address.rpartition(":")
                for _ in range(3):
                    with socket.create_connection((host, int(port))) as plain:
                        with trusting.wrap_socket(plain, server_hostname="localhost") as secure:
                            secure.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                            while secure.recv(65536):
                                pass
                with Client(door.address) as client:
                    self.assertEqual(client.get("/").status, 400)
                with socket.create_connection((host, int(port))) as enemy:
                    enemy.sendall(b"\x16\x03\x01\x00\x05nope!")
                    enemy.recv(1)
                results = {"full": 3, "plain_http": 1, "failed": 1}
                eventually(lambda: metrics(door).nonzero("frontdoor_tls_handshakes_total", "result") == results, "each handshake")
                seen = metrics(door)
                self.assertEqual(seen.nonzero("frontdoor_requests_total", "code", "listener=secure", "pool="), {"4xx": 1})
                left = seen["frontdoor_tls_certificate_not_after_timestamp_seconds", "listener=secure", f"file={cert}"] - time.time()
                self.assertTrue(29 * 86400 < left <= 30 * 86400, left)
                (row,) = ask(door, "/api/v1/certificates").json()["certificates"]
                self.assertEqual((row["listener"], row["names"]), ("secure", ["localhost"]))
                self.assertEqual(promtool_says(seen), "")


class Cost(unittest.TestCase):
    def test_a_reading_wakes_no_worker(self):
        """Workers are read, not asked. Those that are idle wake a few times a second by themselves."""
        with App("a") as app, Frontdoor(pool("app", [app], health=""), workers=2) as door:
            def woken():
                count = 0
                for task in os.listdir(f"/proc/{door.pid}/task"):
                    with open(f"/proc/{door.pid}/task/{task}/comm", encoding="ascii") as name:
                        if not name.read().startswith("worker-"):
                            continue
                    with open(f"/proc/{door.pid}/task/{task}/status", encoding="ascii") as status:
                        count += sum(int(line.split()[1]) for line in status if line.startswith("voluntary"))
                return count

            before, began = woken(), time.monotonic()
            self.assertGreater(before, 0)
            for _ in range(200):  # without a pause of the server's, as /metrics has
                self.assertEqual(ask(door, "/api/v1/upstreams").status, 200)
            metrics(door)
            self.assertLess(woken() - before, 40 + 20 * (time.monotonic() - began))


class Lists(unittest.TestCase):
    def test_tell_what_is_there(self):
        with App("a") as app:
            more = 'host = ""\n'
            listener = '[[listener]]\nname = "web"\naddress = "127.0.0.1:0"\n'
            with Frontdoor(pool("app", [app]) + '[[route]]\npath = "/*"\n' + more, listeners=listener) as door:
                door.wait_until_serving([app])
                tell = lambda what: ask(door, f"/api/v1/{what}").json()[what]
                (row,) = tell("listeners")
                self.assertEqual((row["name"], row["address"], row["tls"]), ("web", door.address, False))
                (row,) = tell("routes")
                self.assertGreaterEqual(row.pop("requests"), 1)
                self.assertEqual(row, {"host": None, "path": "/*", "pool": "app"})
                (row,) = tell("pools")
                self.assertEqual((row["name"], row["up"], row["upstreams"]), ("app", 1, [app.address]))
                (row,) = tell("upstreams")
                self.assertEqual((row["name"], row["state"], row["check"]["configured"]), (app.address, "up", True))
                self.assertIn("P", row["check"]["history"])
                self.assertEqual(tell("certificates"), [])

    def test_of_the_config_tell_no_secret(self):
        token = "correct-horse-battery"
        config = (f'[admin]\naddress = "127.0.0.1:0"\nsocket = "off"\ntoken = "{token}"\n'
                  '[pool.app]\ncommand = "sleep 100"\nport = "none"\nenv = { PASSWORD = "swordfish" }\n')
        with Frontdoor(config) as door:
            told = ask(door, "/api/v1/config").json()
            self.assertEqual((told["file"], told["generation"]), (door.config_file, 1))
            self.assertIn('token = "***"', told["toml"])
            self.assertIn('PASSWORD = "***"', told["toml"])
            for secret in (token, "swordfish"):
                self.assertNotIn(secret, ask(door, "/api/v1/config").text + ask(door, "/metrics").text + ask(door, "/api/v1/status").text)


class Readiness(unittest.TestCase):
    def test_is_told_with_the_reason(self):
        with tempfile.TemporaryDirectory(prefix="frontdoor-e2e-") as directory:
            app = App("late", path=os.path.join(directory, "app.sock"))
            with Frontdoor(pool("app", [app])) as door:
                eventually(lambda: ask(door, "/readyz").status == 503, "nobody to serve")
                self.assertEqual(ask(door, "/readyz").text, "not ready: pool app: none of 1 upstreams is up\n")
                self.assertEqual(ask(door, "/healthz").text, "ok\n")
                with app:
                    eventually(lambda: ask(door, "/readyz").text == "ready\n", "the app")

    def test_ends_with_the_drain_and_not_with_the_process(self):
        with App("a") as app, Frontdoor('[timeouts]\ndrain = "20s"\n' + pool("app", [app])) as door:
            door.wait_until_serving([app])
            with Client(door.address) as client:
                client.request("GET", "/slow?ms=5000")
                eventually(lambda: get(app.address, "/in-flight") != "" and metrics(door)["frontdoor_requests_in_flight"] == 1,
                           "a request that the drain waits for")
                door.terminate()
                eventually(lambda: ask(door, "/readyz").status == 503, "the drain")
                self.assertEqual(ask(door, "/readyz").text, "not ready: draining\n")
                self.assertEqual(ask(door, "/healthz").status, 200)
                eventually(lambda: metrics(door)["frontdoor_draining"] == 1, "a text that was made since")
                self.assertEqual(client.read_response().status, 200)
            self.assertEqual(door.wait(), 0)


class Gate(unittest.TestCase):
    def test_lets_in_who_asks_as_this_machine_would(self):
        config = '[admin]\naddress = "127.0.0.1:0"\nsocket = "off"\nhosts = ["front.internal"]\n'
        with App("a") as app, Frontdoor(config + pool("app", [app])) as door:
            status = lambda host, *fields: ask(door, "/metrics", fields, host).status
            self.assertEqual(status("localhost"), 200)
            self.assertEqual(status("front.internal:9900"), 200)
            self.assertEqual(status("evil.example"), 421)
            self.assertEqual(status("127.0.0.1", ("Origin", "http://evil.example")), 403)
            refused = ask(door, "/metrics", host="evil.example")
            self.assertEqual(refused.header("Content-Type"), "application/problem+json")
            told = refused.json()
            self.assertEqual((told["status"], told["title"], told["error"]), (421, "Misdirected Request", "wrong_host"))
            self.assertIn("[admin] hosts", told["detail"])

    def test_leaves_what_changes_something_to_the_socket(self):
        with App("a") as app, Frontdoor(pool("app", [app])) as door:
            with Client(door.admin_address) as client:
                client.request("POST", "/api/v1:shutdown", body=b"", host="127.0.0.1")
                refused = client.read_response()
            self.assertEqual((refused.status, refused.json()["error"]), (403, "needs_socket"))
            self.assertEqual(ask(door, "/api/v1/logs").status, 403, "what apps write may be anything")
            self.assertEqual(ask(door, "/api/v1/status").status, 200)

    def test_takes_the_token_for_it(self):
        token = "correct-horse-battery"
        config = f'[admin]\naddress = "127.0.0.1:0"\nsocket = "off"\ntoken = "{token}"\n'
        with App("a") as app, Frontdoor(config + pool("app", [app])) as door:
            def shut_down(*fields):
                with Client(door.admin_address) as client:
                    client.request("POST", "/api/v1:shutdown", fields, b"", host="127.0.0.1")
                    return client.read_response()

            refused = shut_down()
            self.assertEqual((refused.status, refused.header("WWW-Authenticate")), (401, "Bearer"))
            self.assertEqual(shut_down(("Authorization", "Bearer wrong-horse-battery")).status, 401)
            page = ("Origin", "http://evil.example")
            self.assertEqual(shut_down(page, ("Authorization", f"Bearer {token}")).status, 403)
            door.reload(config.replace(token, "another-token-here") + pool("app", [app]))
            self.assertEqual(shut_down(("Authorization", f"Bearer {token}")).status, 401)
            self.assertEqual(shut_down(("Authorization", "Bearer another-token-here")).status, 202)
            self.assertEqual(door.wait(), 0)

    def test_answers_no_preflight_and_no_other_method(self):
        with App("a") as app, Frontdoor(pool("app", [app])) as door:
            for method, expected in (("OPTIONS", 405), ("PUT", 405), ("HEAD", 200)):
                with Client(door.admin_address) as client:
                    client.request(method, "/metrics", host="127.0.0.1")
                    response = client.read_response(method)
                    self.assertEqual(response.status, expected, method)
                    self.assertIsNone(response.header("Access-Control-Allow-Origin"))
                    if method == "HEAD":
                        self.assertGreater(int(response.header("Content-Length")), 1000)
                        self.assertEqual(client.read_to_end(), b"")
                    else:
                        self.assertEqual(response.header("Allow"), "GET")


class Address(unittest.TestCase):
    def test_that_is_configured_and_in_use_ends_the_start(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            door = Frontdoor(f'[admin]\nsocket = "off"\naddress = "127.0.0.1:{port}"\n' + pool("app", ["127.0.0.1:9"]))
            try:
                door.expected_status = None
                door.spawn()
                self.assertEqual(door.wait(), 1)
                (error,) = events(door, "cannot open the admin address")
                self.assertIn(f"127.0.0.1:{port}", error["reason"])
                self.assertIn("in use", error["reason"])
            finally:
                door.close()

    def test_that_is_usual_gives_way_to_the_next_one(self):
        with App("a") as app:
            config = '[admin]\nsocket = "off"\n' + pool("app", [app])
            with Frontdoor(config) as one, Frontdoor(config) as two:
                self.assertNotEqual(one.admin_address, two.admin_address)
                for door in (one, two):
                    self.assertEqual(ask(door, "/healthz").status, 200)
                    self.assertIn(int(door.admin_address.rpartition(":")[2]), range(9900, 9932))
                    # Who has the usual one may be another test's frontdoor, and may have ended in between.
                    usual = door.admin_address.endswith(":9900")
                    told = events(door, "the usual admin address is in use, another port is taken")
                    self.assertEqual(["9900" in event["reason"] for event in told], [] if usual else [True])

    def test_can_be_none(self):
        with App("a") as app, Frontdoor('[admin]\nsocket = "off"\naddress = "off"\n' + pool("app", [app])) as door:
            door.wait_until_serving([app])
            self.assertEqual(events(door, "admin address"), [])

    def test_for_all_the_world_is_told(self):
        with App("a") as app, Frontdoor('[admin]\nsocket = "off"\naddress = "0.0.0.0:0"\n' + pool("app", [app])) as door:
            self.assertTrue(any("can be reached from other machines" in e.get("event", "") for e in door.events()))

    def test_waits_for_a_restart(self):
        with App("a") as app, Frontdoor(pool("app", [app])) as door:
            door.reload('[admin]\naddress = "off"\n' + pool("app", [app]))
            eventually(lambda: events(door, "waits for an upgrade or a restart", key="admin.address"), "the word")
            self.assertEqual(ask(door, "/healthz").status, 200)


class Enemies(unittest.TestCase):
    def test_who_say_nothing_keep_nobody_out_and_cost_the_traffic_nothing(self):
        with App("a") as app, Frontdoor(pool("app", [app])) as door, contextlib.ExitStack() as stack:
            door.wait_until_serving([app])
            for _ in range(200):
                stack.enter_context(connect(door.admin_address)).sendall(b"GET /met")
            self.assertEqual(ask(door, "/healthz").text, "ok\n")
            self.assertEqual(get(door.address), "hello from a\n")
            self.assertLess(len(door.fds()), 150, "their connections make room")

    def test_who_scrape_without_a_pause_are_served_and_so_is_the_traffic(self):
        with App("a") as app, Frontdoor(pool("app", [app])) as door:
            door.wait_until_serving([app])
            stop = threading.Event()
            scraped = []

            def scrape():
                while not stop.is_set():
                    scraped.append(ask(door, "/metrics").status)

            threads = [threading.Thread(target=scrape) for _ in range(4)]
            for thread in threads:
                thread.start()
            try:
                for _ in range(50):
                    self.assertEqual(get(door.address), "hello from a\n")
            finally:
                stop.set()
                for thread in threads:
                    thread.join()
            self.assertEqual(set(scraped), {200})

    def test_who_send_nonsense_get_an_answer(self):
        with App("a") as app, Frontdoor(pool("app", [app])) as door:
            for nonsense, expected in ((b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
                                       (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n", 431),
                                       (b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 100_000, 413),
                                       (b"GET nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
                                       (b"GET /no/such/path HTTP/1.1\r\nHost: localhost\r\n\r\n", 404)):
                with Client(door.admin_address) as client:
                    with contextlib.suppress(ConnectionError):
                        client.send(nonsense)
                    response = client.read_response()
                    self.assertEqual(response.status, expected, nonsense[:40])
                    self.assertEqual(response.json()["status"], expected)


if __name__ == "__main__":
    main()
