#!/usr/bin/env python3
"""What is promised of upstreams holds for clients that speak HTTP/2, with TLS and without: retries, holding, rescue, queues,
reloads."""

import contextlib
import json
import ssl
import subprocess
import time
import unittest

from support import App, Frontdoor, apps, eventually, main, pool
from support.app import node_environment, script_path
from support.client import connect
from support.h2 import H2Client


@contextlib.contextmanager
def steady_requests(door, scheme):
    """Node's client asks without a pause; what it got is put into the dict."""
    counts = {}
    believing = node_environment(NODE_TLS_REJECT_UNAUTHORIZED="0", NODE_NO_WARNINGS="1")
    with subprocess.Popen(["node", script_path("h2_client.js"), f"{scheme}://{door.address}", "steady"], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=believing) as client:
        assert client.stdout.readline() == "begun\n"
        served = len(door.access())
        eventually(lambda: len(door.access()) > served + 50, "some requests")
        yield counts
        served = len(door.access())
        eventually(lambda: len(door.access()) > served + 50, "some requests more")
        counts.update(json.loads(client.communicate(timeout=60)[0].splitlines()[-1])["counts"])


class Promises(unittest.TestCase):
    scheme = "http"

    def door(self, config):
        return Frontdoor(config)

    def client(self, door):
        return H2Client(connect(door.address), scheme="http")

    def wait_until_serving(self, door, these):
        missing = {f"hello from {app.name}\n".encode() for app in these}
        with self.client(door) as client:
            def all_seen():
                missing.discard(client.get("/").body)
                return not missing
            eventually(all_seen, f"answers: {sorted(missing)}", pause=0.002)

    def test_an_upstream_that_is_killed_costs_no_request(self):
        with apps(2) as both, self.door(pool("app", both)) as door:
            self.wait_until_serving(door, both)
            with steady_requests(door, self.scheme) as counts:
                for app in both:
                    app.kill()
                    app.restart()
                    self.wait_until_serving(door, both)
            self.assertEqual(set(counts), {"200"}, counts)

    def test_an_upstream_that_resets_costs_no_get(self):
        with App("app1", environment={"RESET_HALF": "1"}) as broken, App("app2") as whole, \
             self.door(pool("app", [broken, whole])) as door, self.client(door) as client:
            self.wait_until_serving(door, [whole])
            streams = [client.request(f"/?{number}") for number in range(40)]
            self.assertEqual({client.finish(stream).status for stream in streams}, {200})

    def test_a_request_waits_for_an_upstream_that_comes(self):
        with contextlib.ExitStack() as stack:
            app = App("app")
            door = stack.enter_context(self.door(pool("app", [app])))
            client = stack.enter_context(self.client(door))
            streams = [client.request("/") for _ in range(10)]
            time.sleep(0.3)
            stack.enter_context(app)
            for stream in streams:
                answer = client.finish(stream)
                self.assertEqual((answer.status, answer.body), (200, b"hello from app\n"))

    def test_requests_on_an_upstream_that_hangs_are_rescued(self):
        with apps(2) as both, self.door(pool("app", both)) as door, self.client(door) as client:
            self.wait_until_serving(door, both)
            both[0].stop()
            try:
                began = time.monotonic()
                streams = [client.request("/") for _ in range(10)]
                self.assertEqual({client.finish(stream).body for stream in streams}, {b"hello from app2\n"})
                self.assertLess(time.monotonic() - began, 25, "sooner than response_header ends")
            finally:
                both[0].go_on()

    def test_streams_wait_in_the_queue_of_a_busy_upstream(self):
        with App("app") as app, self.door(pool("app", [app], more="max_in_flight = 1\n")) as door, self.client(door) as client:
            self.wait_until_serving(door, [app])
            streams = [client.request("/slow?ms=20") for _ in range(20)]
            self.assertEqual({client.finish(stream).status for stream in streams}, {200})

    def test_a_reload_costs_no_request(self):
        with apps(2) as both, self.door(pool("app", both)) as door:
            self.wait_until_serving(door, both)
            with steady_requests(door, self.scheme) as counts:
                for upstreams in (both[:1], both[1:], both):
                    door.reload(pool("app", upstreams))
            self.assertEqual(set(counts), {"200"}, counts)

    def test_limits_end_a_stream_and_no_connection(self):
        with App("app") as app, self.door(pool("app", [app]) + '[limits]\nbody_bytes = "1KiB"\n') as door, \
             self.client(door) as client:
            self.wait_until_serving(door, [app])
            too_much = client.request("/received", "POST", end=False)
            client.data(too_much, b"x" * 2048)
            self.assertEqual(client.finish(too_much).status, 0)
            self.assertEqual(client.get("/").status, 200)
            line = eventually(lambda: [line for line in door.access() if line["status"] == 413], "its line")[0]
            self.assertEqual(line["outcome"], "body_too_large")


class OverTls(Promises):
    scheme = "https"

    def door(self, config):
        return Frontdoor(config, listeners='[[listener]]\naddress = "127.0.0.1:0"\ntls = "self-signed"\n')

    def client(self, door):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        return H2Client(context.wrap_socket(connect(door.address)))


if __name__ == "__main__":
    main()
