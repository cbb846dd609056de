#!/usr/bin/env python3
"""Events that are posted to somebody else: what arrives, what is sent again, and that nothing of it costs a request or
tells a secret. Against the real program and receivers that behave well, badly or not at all."""

import base64
import contextlib
import http.server
import json
import os
import socket
import ssl
import threading
import time
import unittest

from support import App, Frontdoor, curl, eventually, free_port, main, pool
from support.admin import api, command
from support.certificates import Certificates
from support.instances import events
from support.metrics import metrics, promtool_says


class Receiver:
    """An HTTP(S) server that keeps what it was told. answers: the status of each POST, or (status, Retry-After); the last one
    for all that follow."""

    def __init__(self, answers=(200,), certificate=None, port=0):
        self.posts = []  # (path, headers, JSON)
        self.times = []
        answers = list(answers)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                status, retry_after = answer if isinstance(answer, tuple) else (answer, None)
                receiver.times.append(time.monotonic())
                receiver.posts.append((self.path, self.headers, json.loads(body)))
                self.send_response(status)
                if retry_after:
                    self.send_header("Retry-After", retry_after)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def told(self, text=None):
        found = [event for _, _, body in list(self.posts) for event in body["events"]]
        return [event for event in found if text is None or event["text"] == text]


def admin_of(door, **keys):
    """An [admin] table like that of every test, with these keys, too."""
    more = "".join(f"{name} = {json.dumps(value)}\n" for name, value in keys.items())
    return f"[admin]\nsocket = {json.dumps(door.admin_socket)}\naddress = \"127.0.0.1:0\"\n" \
           f"state_file = {json.dumps(door.state_file)}\n{more}"


@contextlib.contextmanager
def front(upstreams, more="", **keys):
    door = Frontdoor(pool(upstreams=upstreams))
    door.write_config(pool(upstreams=upstreams) + more + admin_of(door, **keys))
    with door:
        yield door


class Webhook(unittest.TestCase):
    def test_is_told_of_a_crash_in_order_with_its_credentials(self):
        with Receiver() as receiver, App("a") as app, \
                front([app], webhook=f"http://me:s3cret@127.0.0.1:{receiver.port}/hook/k3y?token=t0ken") as door:
            door.wait_until_serving([app])
            app.kill()
            eventually(lambda: receiver.told("upstream down"), "the event")
            path, headers, body = receiver.posts[-1]
            self.assertEqual(path, "/hook/k3y?token=t0ken")
            self.assertEqual(headers["Authorization"], "Basic " + base64.b64encode(b"me:s3cret").decode())
            self.assertEqual(headers["Content-Type"], "application/json")
            self.assertEqual((body["source"], body["host"], body["pid"], body["lost"]),
                             ("frontdoor", socket.gethostname(), door.pid, 0))
            (event,) = receiver.told("upstream down")
            self.assertEqual((event["kind"], event["level"], event["pool"], event["upstream"]),
                             ("evicted", "warn", "app", app.address))
            known = {e["id"]: e for e in api(door, "events?limit=1000")[1]["events"]}
            self.assertEqual(known[event["id"]]["text"], "upstream down", "the id is that of the API")
            ids = [event["id"] for event in receiver.told()]
            self.assertEqual(ids, sorted(ids))
            self.assertTrue(all(event["level"] in ("warn", "error") for event in receiver.told()))

    def test_by_https_is_verified_and_by_a_level_is_told_more(self):
        with Certificates() as made, Receiver(certificate=made.issue("localhost")) as receiver, App("a") as app, \
                front([app], webhook=f"https://localhost:{receiver.port}/", webhook_ca=made.ca, webhook_level="info",
                      webhook_token="a-token") as door:
            door.wait_until_serving([app])
            eventually(lambda: receiver.told("upstream up"), "the event")
            self.assertEqual(receiver.posts[0][1]["Authorization"], "Bearer a-token")

    def test_that_is_not_who_it_should_be_gets_nothing(self):
        with Certificates() as made, Receiver(certificate=made.issue("elsewhere.example")) as receiver, App("a") as app, \
                front([app], webhook=f"https://localhost:{receiver.port}/", webhook_ca=made.ca, webhook_level="info") as door:
            door.wait_until_serving([app])
            (told,) = eventually(lambda: events(door, "webhook can not be told, it is tried again"), "the event")
            self.assertIn("TLS: ", told["reason"])
            self.assertEqual(receiver.posts, [])

    def test_that_is_down_hears_all_of_it_when_it_is_back_and_requests_do_not_notice(self):
        port = free_port()
        with App("a") as app, front([app], webhook=f"http://127.0.0.1:{port}/") as door:
            door.wait_until_serving([app])
            app.kill()
            (told,) = eventually(lambda: events(door, "webhook can not be told, it is tried again"), "that it is down")
            self.assertEqual((told["reason"], told["to"]), ("connection refused", f"http://127.0.0.1:{port}"))
            app.start()
            door.wait_until_serving([app])
            self.assertEqual(curl(door.address, "/").status, 200)
            with Receiver([503, 200], port=port) as receiver:
                eventually(lambda: len(receiver.posts) >= 2, "the second try", timeout=120)
                self.assertEqual(receiver.posts[0][2]["events"], receiver.posts[1][2]["events"], "the same again")
                (back,) = eventually(lambda: events(door, "webhook delivers again"), "that it is back")
                self.assertGreaterEqual(back["failures"], 2)
                self.assertEqual(len(receiver.told("upstream down")), 2)  # in both tries
                self.assertFalse([e for e in receiver.told() if e["text"].startswith("webhook")], "never of its own troubles")

    def test_that_refuses_is_told_the_next_ones_and_how_many_were_lost(self):
        with Receiver([404, 404, 200]) as receiver, App("a") as app, \
                front([app], webhook=f"http://127.0.0.1:{receiver.port}/", webhook_level="info") as door:
            door.wait_until_serving([app])
            (told,) = eventually(lambda: events(door, "webhook refuses events, they are not sent again"), "the event")
            self.assertEqual(told["status"], 404)
            eventually(lambda: command("weight", f"app/{app.address}", "2", door=door) and len(receiver.posts) >= 3, "a third POST")
            self.assertGreater(receiver.posts[2][2]["lost"], 0)
            self.assertEqual(receiver.posts[2][2]["lost"], sum(len(body["events"]) for _, _, body in receiver.posts[:2]))

    def test_that_never_answers_holds_up_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as silent, App("a") as app, \
                front([app], webhook=f"http://127.0.0.1:{silent.getsockname()[1]}/", webhook_level="info") as door:
            door.wait_until_serving([app])
            self.assertEqual(api(door, "status")[0], 200)
            self.assertEqual(command("weight", f"app/{app.address}", "2", door=door).returncode, 0)
            door.terminate()
            self.assertEqual(door.wait(), 0)

    def test_is_left_alone_for_as_long_as_it_asks(self):
        with Receiver([(429, "3"), 200]) as receiver, App("a") as app, \
                front([app], webhook=f"http://127.0.0.1:{receiver.port}/", webhook_level="info") as door:
            eventually(lambda: len(receiver.posts) >= 2, "the second try")
            self.assertGreaterEqual(receiver.times[1] - receiver.times[0], 2.5, "of itself it would wait for a second at most")

    def test_is_left_alone_by_a_reload_that_does_not_change_it(self):
        with Receiver([(429, "3600"), 200]) as receiver, App("a") as app:
            url = f"http://127.0.0.1:{receiver.port}/"
            with front([app], webhook=url, webhook_level="info") as door:
                eventually(lambda: events(door, "webhook can not be told, it is tried again"), "that it is left alone")
                for _ in range(3):
                    self.assertEqual(command("reload", door=door).returncode, 0)
                door.write_config(pool(upstreams=[app]) + admin_of(door, webhook=url, webhook_level="info", webhook_token="new"))
                self.assertEqual(command("reload", door=door).returncode, 0)
                eventually(lambda: len(receiver.posts) >= 2, "what is asked of another kind")
                self.assertEqual(receiver.posts[1][1]["Authorization"], "Bearer new", "not before")
                self.assertEqual(receiver.posts[1][2]["lost"], 0)

    def test_is_counted(self):
        with Receiver([503, 404, 200]) as receiver, App("a") as app, \
                front([app], webhook=f"http://127.0.0.1:{receiver.port}/", webhook_level="info") as door:
            door.wait_until_serving([app])

            def counts():
                scraped = metrics(door)
                return ([scraped["frontdoor_webhook_deliveries_total", f"result={kind}"] for kind in ("failed", "refused", "delivered")],
                        scraped["frontdoor_webhook_events_lost_total"])

            eventually(lambda: len(receiver.posts) >= 2, "a refusal")
            command("weight", f"app/{app.address}", "2", door=door)
            eventually(lambda: receiver.told("operator"), "the event after it")

            lost = len(receiver.posts[1][2]["events"])
            eventually(lambda: counts() == ([1, 1, len(receiver.posts) - 2], lost), "each POST once, and what was refused")
            self.assertEqual(promtool_says(metrics(door)), "")

    def test_hears_the_last_of_it(self):
        with Receiver([503, 200]) as receiver, App("a") as app, \
                front([app], webhook=f"http://127.0.0.1:{receiver.port}/", webhook_level="info") as door:
            eventually(lambda: receiver.posts, "the first try")
            door.terminate()
            self.assertEqual(door.wait(), 0)
            self.assertTrue(receiver.told("draining"))
            self.assertFalse(events(door, "webhook was not told of the last events"))

    def test_that_hears_nothing_delays_the_end_for_a_moment_only(self):
        with socket.create_server(("127.0.0.1", 0)) as silent, App("a") as app:
            for name, port in (("silent", silent.getsockname()[1]), ("gone", free_port())):
                with self.subTest(name), front([app], webhook=f"http://127.0.0.1:{port}/", webhook_level="info") as door:
                    door.wait_until_serving([app])
                    began = time.monotonic()
                    door.terminate()
                    self.assertEqual(door.wait(), 0)
                    self.assertLess(time.monotonic() - began, 9, "a POST may take ten seconds otherwise")
                    (told,) = events(door, "webhook was not told of the last events")
                    self.assertEqual(told["to"], f"http://127.0.0.1:{port}")
                    self.assertGreaterEqual(told["events"], 1)

    def test_follows_a_reload(self):
        with Receiver() as one, Receiver() as other, App("a") as app, front([app]) as door:
            door.wait_until_serving([app])

            def reload(**keys):
                door.write_config(pool(upstreams=[app]) + admin_of(door, webhook_level="info", **keys))
                return command("reload", door=door).stdout

            self.assertIn('[admin] webhook: "" -> "***"', reload(webhook=f"http://127.0.0.1:{one.port}/"))
            eventually(lambda: one.told("reloaded"), "the first event there")
            self.assertFalse(one.told("listening"), "what was before is not told")
            self.assertIn("[admin] webhook: *** (another)", reload(webhook=f"http://127.0.0.1:{other.port}/"))
            eventually(lambda: other.told("reloaded"), "the first event at the other")
            reload()
            before = len(other.posts)
            command("weight", f"app/{app.address}", "2", door=door)
            reload(webhook=f"http://127.0.0.1:{one.port}/")
            eventually(lambda: len(one.told("reloaded")) >= 2, "the first one again")
            self.assertEqual(len(other.posts), before)

    def test_its_secrets_are_nowhere(self):
        secrets = ["s3cret", "k3y-path", "t0ken-query", "b3arer"]
        where = "http://me:s3cret@127.0.0.1:{}/k3y-path?token=t0ken-query"
        with App("a") as app, front([app], webhook=where.format(free_port()), webhook_token="b3arer") as door:
            door.wait_until_serving([app])
            app.kill()
            eventually(lambda: events(door, "webhook can not be told, it is tried again"), "that it is down")
            shown = [door.stderr()]
            for words in (["config", "diff"], ["status", "--json"], ["events", "--json"], ["reload"]):
                done = command(*words, door=door)
                shown.append(done.stdout + done.stderr)
            door.write_config(pool(upstreams=[app]) + admin_of(door, webhook=where.format(free_port()), webhook_token="b3arer2"))
            done = command("reload", door=door)
            shown.append(done.stdout + done.stderr)
            shown.append(json.dumps([api(door, path) for path in ("config", "status", "events")]))
            done = command("config", "show", "--config", door.config_file)
            shown.append(done.stdout + done.stderr)
            bad = os.path.join(door.directory, "bad.toml")
            with open(bad, "w", encoding="utf-8") as file:
                file.write(pool(upstreams=[app]) + '[admin]\nwebhook = "htp://me:s3cret@h/k3y-path?token=t0ken-query"\n')
            done = command("check", "--config", bad)
            self.assertEqual(done.returncode, 78)
            shown.append(done.stdout + done.stderr + door.stderr())
            for text in shown:
                for secret in secrets:
                    self.assertNotIn(secret, text)


if __name__ == "__main__":
    main()
