#!/usr/bin/env python3
"""docs/reference/openapi.json held against the real server, both ways: it has each route and no other, every answer is as
it says (status, content type, members, no more and no fewer), and every refusal is a problem (RFC 9457)."""

import json
import pathlib
import re
import unittest
import urllib.parse

from support import App, Frontdoor, curl, eventually, get, main, pool
from support.admin import ask
from support.app import script_path
from support.client import connect, http_get
from support.metrics import ask as look

API = json.loads((pathlib.Path(__file__).parents[2] / "docs/reference/openapi.json").read_text(encoding="utf-8"))
TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict,
         "null": type(None)}
OPERATIONS = [(method.upper(), path) for path, methods in API["paths"].items() for method in methods]
READS = [path for method, path in OPERATIONS if method == "GET" and "{" not in path and path != "/api/v1/stream"]
NOBODY = {"pool": "nobody", "upstream": "127.0.0.1:9", "instance": "1"}


def resolved(schema):
    while "$ref" in schema:
        node = API
        for step in schema["$ref"].removeprefix("#/").split("/"):
            node = node[step]
        schema = node
    return schema


def whole(schema):
    """With what `allOf` joins in one."""
    schema = resolved(schema)
    if "allOf" not in schema:
        return schema
    joined = {"type": "object", "required": [], "properties": {}}
    for part in map(whole, schema["allOf"]):
        joined["required"] += part.get("required", ())
        joined["properties"] |= part.get("properties", {})
    return joined


def problems(value, schema, where="answer"):
    """What is otherwise than the schema says; of JSON Schema that much as the file uses."""
    schema = whole(schema)
    if "anyOf" in schema:
        if not any(not list(problems(value, each, where)) for each in schema["anyOf"]):
            yield f"{where}: none of its kinds: {value!r}"
        return
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    fits = any(isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool)) for kind in kinds)
    if kinds and not fits:
        yield f"{where}: {value!r} is no {' or '.join(kinds)}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            yield from problems(item, schema["items"], f"{where}[{number}]")
    if isinstance(value, dict):
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{where}: {name} is missing"
        known = schema.get("properties", {})
        for name, member in value.items():
            if name in known:
                yield from problems(member, known[name], f"{where}.{name}")
            elif "additionalProperties" in schema:
                yield from problems(member, schema["additionalProperties"], f"{where}.{name}")
            else:
                yield f"{where}: {name} is not in the file"


class Answer:
    def __init__(self, raw):
        head, _, self.text = raw.partition(b"\r\n\r\n")
        self.status = int(head.split()[1])
        self.kind = re.search(rb"(?mi)^Content-Type: ([^\r]+)", head).group(1).decode()
        self.json = json.loads(self.text) if "json" in self.kind and "ndjson" not in self.kind else None


def fetch(door, method, path, body=None):
    content = json.dumps(body).encode() if body is not None else b""
    return Answer(ask(door.admin_socket, f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n\r\n"
                                         .encode() + content))


def filled(path, words):
    for name, word in words.items():
        path = path.replace("{" + name + "}", urllib.parse.quote(str(word), safe=":"))
    return path


class OpenApi(unittest.TestCase):
    def check(self, door, path, method="GET", status=200, body=None, query="", **words):
        answer = fetch(door, method, filled(path, words) + query, body)
        self.assertEqual(answer.status, status, (path, answer.text))
        responses = API["paths"][path][method.lower()]["responses"]
        self.assertTrue(str(status) in responses or status >= 400, f"{method} {path}: {status} is not in the file")
        kinds = resolved(responses.get(str(status), responses["default"]))["content"]
        self.assertIn(answer.kind, kinds, (method, path, status))
        if answer.json is not None:
            self.assertEqual(list(problems(answer.json, kinds[answer.kind]["schema"])), [], (method, path))
        return answer.json

    def test_has_each_route_and_no_other(self):
        with Frontdoor(pool(upstreams=["127.0.0.1:1"])) as door:
            served = {(route["method"], route["path"]): route["needs_token"] for route in self.check(door, "/api/v1")["routes"]}
            written = {(method, path): "security" in API["paths"][path][method.lower()] for method, path in OPERATIONS}
            page = {route: needs for route, needs in served.items() if route not in written}
            self.assertEqual(set(written) - set(served), set(), "in docs/reference/openapi.json, and not served")
            self.assertEqual(written, {route: served[route] for route in written}, "who may use it")
            self.assertTrue(page)
            for method, path in page:
                self.assertNotIn("/api/", path, f"{method} {path} is served, and not in docs/reference/openapi.json")
                kind = look(door, path).header("Content-Type")
                self.assertRegex(kind, r"^(text/(html|css|javascript)|image/svg)", f"{path} is no file of the dashboard's page")

    def test_each_read_answers_as_it_says(self):
        with Frontdoor(pool(upstreams=["127.0.0.1:1"])) as door:
            for path in READS:
                with self.subTest(path):
                    self.check(door, path, query="?follow=0", status=self.usual(path))
                    head = ask(door.admin_socket, f"HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                    self.assertTrue(head.endswith(b"\r\n\r\n"), "HEAD has no body")

    @staticmethod
    def usual(path):
        return {"/readyz": 503, "/api/v1/logs": 409}.get(path, 200)  # nobody is up, and there are no instances

    def test_each_refusal_is_a_problem(self):
        with Frontdoor(pool(upstreams=["127.0.0.1:1"])) as door:
            for method, path in OPERATIONS:
                with self.subTest(f"{method} {path}"):
                    wrong = fetch(door, "TRACE", filled(path, NOBODY))
                    self.assertEqual((wrong.status, wrong.kind), (405, "application/problem+json"))
                    self.assertEqual(list(problems(wrong.json, {"$ref": "#/components/schemas/Problem"})), [])
                    if "{pool}" in path:
                        self.check(door, path, method, 404, {"instances": 1, "weight": 1}, **NOBODY)
            nothing = fetch(door, "GET", "/api/v1/nothing")
            self.assertEqual((nothing.status, nothing.json["error"]), (404, "no_such_path"))

    def test_over_tcp_what_needs_the_token_is_refused_without_it_and_nothing_else(self):
        with Frontdoor(pool(upstreams=["127.0.0.1:1"])) as door:
            for path in READS:
                answer = look(door, path + "?follow=0")
                if "security" in API["paths"][path]["get"]:
                    self.assertEqual((answer.status, answer.header("Content-Type")), (403, "application/problem+json"), path)
                else:
                    self.assertEqual(answer.status, self.usual(path), path)

    def test_of_what_has_happened_answers_as_it_says(self):
        """Every list has something in it."""
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            door.wait_until_serving([app])
            self.assertEqual(curl(door.address, "/status/500").status, 500)
            eventually(lambda: fetch(door, "GET", "/api/v1/requests").json["failed"], "the request that failed")
            for path in ("requests", "history", "pools", "upstreams", "listeners", "routes", "events"):
                answer = self.check(door, f"/api/v1/{path}")
                self.assertTrue(all(answer[name] for name in answer if name in (path, "failed", "seconds")), answer)
            (failed,) = fetch(door, "GET", "/api/v1/requests").json["failed"]
            story = self.check(door, "/api/v1/requests/{id}:why", id=failed["id"])
            self.assertEqual(story["requests"][0]["request"]["status"], 500)
            self.check(door, "/api/v1/requests/{id}:why", status=404, id="nobody")
            self.check(door, "/readyz")
            stream = ask(door.admin_socket, b"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n\r\n", limit=64)
            self.assertIn(b"200 OK", stream)
            self.assertEqual(http_get_head(door, "/api/v1/stream"),
                             next(iter(API["paths"]["/api/v1/stream"]["get"]["responses"]["200"]["content"])))

    def test_of_upstreams_answers_as_it_says(self):
        with App("a") as app, Frontdoor(pool(upstreams=[app])) as door:
            door.wait_until_serving([app])
            place = {"pool": "app", "upstream": app.address}
            upstream = "/api/v1/upstreams/{pool}/{upstream}"
            self.check(door, upstream + ":drain", "POST", 409, {}, **place)
            self.check(door, upstream + ":drain", "POST", 200, {"force": 1, "reason": "r"}, **place)
            self.check(door, upstream + ":weight", "POST", 200, {"weight": 3}, **place)
            self.check(door, "/api/v1/pools/{pool}:maintenance", "POST", 200, {"page": "x"}, **place)
            self.check(door, "/api/v1/status")
            for path in ("/api/v1/why", "/api/v1/pools/{pool}:why", upstream + ":why"):
                self.assertTrue(self.check(door, path, **place)["upstreams"][0]["probes"])
            self.check(door, "/api/v1/pools/{pool}:ready", "POST", 200, {}, **place)
            self.check(door, upstream + ":ready", "POST", 200, {}, **place)
            self.check(door, upstream + ":maintenance", "POST", 409, {}, **place)
            member = "/api/v1/pools/{pool}/upstreams/{upstream}"
            self.check(door, member, "PUT", 200, {}, **place)
            self.check(door, member, "PUT", 201, {"weight": 2, "priority": 1, "host": "a"}, pool="app", upstream="127.0.0.1:9")
            self.check(door, member, "PUT", 400, {"weight": 0}, pool="app", upstream="127.0.0.1:9")
            self.check(door, member, "DELETE", 409, {}, **place)
            self.check(door, member, "DELETE", 200, {"force": True}, **place)
            removed = self.check(door, "/api/v1/status")["pools"][0]
            self.assertTrue(removed["removed"] and removed["upstreams"][0]["added"])
            self.assertEqual(len(self.check(door, "/api/v1/config:diff")["at_run_time"]), 2)
            self.check(door, member, "PUT", 201, {}, **place)
            self.check(door, "/api/v1/reload", "POST")
            self.check(door, "/api/v1/logs:reopen", "POST")
            self.check(door, "/api/v1/pools/{pool}:restart", "POST", 409, {}, **place)
            self.check(door, "/api/v1/upgrade", "POST", 400, {"within_seconds": 0})
            door.write_config("nonsense = 1\n")
            refused = self.check(door, "/api/v1/reload", "POST", 422)
            self.assertTrue(refused["diagnostics"])
            self.assertEqual(self.check(door, "/api/v1/upgrade", "POST", 409)["error"], "failed", "this file, too, has errors")
            self.check(door, "/api/v1/config:diff", "GET", 422)

    def test_of_instances_answers_as_it_says(self):
        config = f'[pool.app]\ncommand = {json.dumps(["node", script_path("instance.js")])}\n'
        with Frontdoor(config) as door:
            def state():
                return fetch(door, "GET", "/api/v1/status").json["pools"][0]["upstreams"][0]["state"]
            eventually(lambda: state() == "up", "the instance")
            (process,) = self.check(door, "/api/v1/processes")["processes"]
            self.assertEqual((process["pool"], process["name"], process["state"]), ("app", "app.1", "up"))
            self.assertTrue(process["pid"] > 0 and process["memory_bytes"] > 0, process)
            for path in ("/api/v1/pools/{pool}:restart", "/api/v1/pools/{pool}/instances/{instance}:restart",
                         "/api/v1/pools/{pool}:stop", "/api/v1/pools/{pool}:start"):
                self.assertTrue(self.check(door, path, "POST", 200, {}, pool="app", instance=1)["ok"], path)
            self.check(door, "/api/v1/pools/{pool}:scale", "POST", 400, {"instances": "none"}, pool="app")
            lines = fetch(door, "GET", "/api/v1/logs?form=json")
            self.assertEqual(lines.kind, "application/x-ndjson")
            self.check(door, "/api/v1/status")
            self.check(door, "/api/v1/drain", "POST", 202)

    def test_of_instances_that_do_not_come_up_answers_as_it_says(self):
        config = f'[pool.app]\nstart_timeout = "1s"\ncommand = {json.dumps(["node", script_path("instance.js")])}\n'
        broken = config.replace("instance.js", "there-is-no-such.js")
        with Frontdoor(config) as door:
            eventually(lambda: get(door.address, "/"), "the instance")
            door.write_config(broken)
            refused = self.check(door, "/api/v1/reload", "POST", 422)
            self.assertEqual(refused["error"], "instances_failed")
            failed = self.check(door, "/api/v1/pools/{pool}:restart", "POST", 500, {}, pool="app")
            self.assertEqual((failed["ok"], failed["error"]), (False, "operation_failed"))


class WhoeverLooks(unittest.TestCase):
    """What is open to every user of this machine, and to whoever reaches the address."""

    def test_finds_no_query_and_no_secret_in_anything(self):
        command = json.dumps(["node", script_path("instance.js")])
        listeners = '[[listener]]\naddress = "127.0.0.1:0"\nrequest_id_header = "X-Request-Id"\n'
        config = f'[pool.app]\ncommand = {command}\nenv = {{ PASSWORD = "s3cret" }}\n[pool.app.retry]\nattempts = 0\n'
        with Frontdoor(config, listeners) as door:
            eventually(lambda: http_get(door.address, "/").status == 200, "the instance")
            ids = []
            for target in ("/die?token=s3cret", "/slow?token=s3cret", "/die?token=s3cret"):
                eventually(lambda: http_get(door.address, "/").status == 200, "the instance again")
                ids.append(http_get(door.address, target, [("Authorization", "Bearer s3cret"), ("Cookie", "a=s3cret")])
                           .header("X-Request-Id"))
            eventually(lambda: "/die" in look(door, "/api/v1/status").text, "the request that was on it at its end")
            paths = [path for path in READS if "security" not in API["paths"][path]["get"]]
            paths += [f"/api/v1/requests/{identity}:why" for identity in ids] + ["/api/v1/pools/app:why", "/api/v1/events?limit=2000"]
            for path in paths:
                self.assertNotIn("s3cret", look(door, path).text, path)
            self.assertIn("/die", look(door, "/api/v1/requests").text, "the paths are told")
            with connect(door.admin_address) as stream:
                stream.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                seen = b""
                while b"event: snapshot" not in seen or not seen.endswith(b"\n\n\r\n"):
                    seen += stream.recv(65536)
                self.assertNotIn(b"s3cret", seen)


def http_get_head(door, path):
    answer = ask(door.admin_socket, f"HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return Answer(answer).kind


if __name__ == "__main__":
    main()
