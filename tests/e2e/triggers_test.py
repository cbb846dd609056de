#!/usr/bin/env python3
"""What makes instances be replaced or stopped by themselves: memory, the clock, changed files, and having nothing to do.
Each with a real Node app that lives in a directory of its own."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

from support import Client, FixedRate, Frontdoor, binary, eventually, http_get, main
from support import process as processes
from support.instances import events

APP = """'use strict';
const http = require('http');
const VERSION = 'one';
const kept = [];
const server = http.createServer((request, response) => {
  if (request.url === '/leak') kept.push(Buffer.alloc(150 << 20, 1));
  if (request.url === '/stream') return void response.write('begun');
  response.end(JSON.stringify({ version: VERSION, instance: process.env.FRONTDOOR_INSTANCE, pid: process.pid }));
});
process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeIdleConnections(); });
// AT START
server.listen(process.env.PORT, '127.0.0.1');
"""


class Site:
    """A directory with a server.js in it."""

    def __init__(self, app=APP):
        self.directory = os.path.realpath(tempfile.mkdtemp(prefix="frontdoor-app-"))
        self.app = app
        self.write("server.js", app)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def save(self, name, text):
        """As editors do: the new file takes the old one's name."""
        self.write(name + ".new", text)
        os.replace(self.path(name + ".new"), self.path(name))

    def version(self, name):
        return self.app.replace("'one'", f"'{name}'")

    def pool(self, more="", instances=2, name="app"):
        return (f"[pool.{name}]\ncommand = [\"node\", \"server.js\"]\ndirectory = {json.dumps(self.directory)}\n"
                f"instances = {instances}\n{more}\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory)


def ask(door, target="/", host="example.test"):
    return json.loads(http_get(door.address, target, host=host).text)


def version_is(door, version, instances=2):
    """Until each instance has answered so, and none otherwise."""
    seen = {}

    def all_of_it():
        answer = ask(door)
        seen[answer["instance"]] = answer["version"]
        return len(seen) == instances and set(seen.values()) == {version}

    eventually(all_of_it, f"{version} from {instances} instances", timeout=60)


def watching(door):
    return eventually(lambda: events(door, "watching files"), "that files are watched")[0]


# Between the two steps of a save any time may pass, so what it leaves for a moment is left out.
WATCH_ALL = 'watch = ["."]\nwatch_ignore = ["*.new"]\n'


class Watch(unittest.TestCase):
    def test_each_save_is_a_roll_that_names_its_file_and_loses_nothing(self):
        with Site() as site, Frontdoor(site.pool(WATCH_ALL)) as door:
            version_is(door, "one")
            self.assertEqual(watching(door)["files"], 1)
            with FixedRate(door.address, rate=100, seconds=60) as load:
                site.write("server.js", site.version("two"))
                version_is(door, "two")
                site.save("server.js", site.version("three"))
                version_is(door, "three")
                eventually(lambda: len(events(door, "restart done")) >= 2, "the end of both")
                self.assertEqual(load.finish()["failures"], [])
            self.assertEqual({e["file"] for e in events(door, "files changed")}, {"server.js"})
            done = events(door, "restart done")[0]
            self.assertEqual((done["reason"], done["replaced"], done["lost"]), ("server.js changed", 2, 0))

    def test_a_broken_save_leaves_the_old_ones_and_the_next_one_tries_again(self):
        with Site() as site, Frontdoor(site.pool('watch = ["*.js"]')) as door:
            version_is(door, "one")
            watching(door)
            site.save("server.js", "const oh = ;\n" + site.version("broken"))
            failed = eventually(lambda: events(door, "restart failed"), "the failure")[0]
            self.assertEqual(failed["reason"], "server.js changed")
            self.assertIn("SyntaxError", failed["last_words"])
            version_is(door, "one")
            site.save("server.js", site.version("two"))
            version_is(door, "two")

    def test_what_an_operator_has_stopped_one_by_one_stays_stopped(self):
        routes = '[[route]]\nhost = "clock.test"\npool = "clock"\n[[route]]\npool = "app"\n'
        watch = 'watch = ["*.js"]'
        with Site() as site, Frontdoor(routes + site.pool(watch) + site.pool(watch, name="clock", instances=1)) as door:
            eventually(lambda: len(events(door, "watching files")) == 2, "that both are watched")
            for number in (1, 2):
                subprocess.run([binary(), "stop", f"app.{number}", "--socket", door.admin_socket], capture_output=True, timeout=60, check=True)
            starts = events(door, "instance started", pool="app")
            site.save("server.js", site.version("two"))
            eventually(lambda: events(door, "files changed", pool="app"), "that it was seen")
            eventually(lambda: events(door, "restart done", pool="clock"), "the other pool's roll")
            self.assertEqual(events(door, "instance started", pool="app"), starts)
            subprocess.run([binary(), "start", "app", "--socket", door.admin_socket], capture_output=True, timeout=60, check=True)
            self.assertEqual(ask(door)["version"], "two")

    def test_new_directories_and_what_is_not_meant(self):
        with Site() as site, Frontdoor(site.pool('watch = ["**/*.js"]\nwatch_ignore = ["tmp"]')) as door:
            version_is(door, "one")
            watching(door)
            site.write("node_modules/x/index.js", "")
            site.write("tmp/x.js", "")
            site.write(".cache/x.js", "")
            site.write("notes.txt", "")
            site.write("lib/deep/a.js", "")
            eventually(lambda: events(door, "restart done"), "the roll")
            self.assertEqual([e["file"] for e in events(door, "files changed")], ["lib/deep/a.js"])

    def test_our_own_files_make_no_roll(self):
        with Site() as site:
            config = f'\n[access_log]\noutput = "{site.path("access.log")}"\n'
            listen = ('[[listener]]\nname = "web"\naddress = "127.0.0.1:0"\n'
                      f'[[listener]]\nname = "socket"\naddress = "unix:{site.path("door.sock")}"\n')
            with Frontdoor(site.pool(WATCH_ALL) + config, listeners=listen) as door:
                del door.addresses["socket"]
                version_is(door, "one")
                watching(door)
                eventually(lambda: os.path.getsize(site.path("access.log")) > 0, "the access log")
                os.replace(site.path("access.log"), site.path("access.log.1"))
                site.save("server.js", site.version("two"))
                version_is(door, "two")
                self.assertEqual([e["file"] for e in events(door, "files changed")], ["server.js"])

    def test_an_app_that_writes_into_its_tree_at_its_start_is_told_and_spaced_out(self):
        app = APP.replace("// AT START", "require('fs').writeFileSync('cache.json', String(process.pid));")
        with Site(app) as site, Frontdoor(site.pool(WATCH_ALL, instances=1)) as door:
            version_is(door, "one", instances=1)
            watching(door)
            site.save("server.js", site.version("two"))
            loop = eventually(lambda: events(door, "watch: the app itself seems to change what is watched"), "the loop",
                              timeout=60)[0]
            self.assertEqual((loop["file"], loop["pause_ms"]), ("cache.json", 10000))
            door.reload(site.pool(WATCH_ALL.replace('"*.new"', '"*.new", "cache.json"'), instances=1))
            eventually(lambda: len(events(door, "watching files")) == 2, "the new watch")
            eventually(lambda: len(events(door, "restart done")) == len(events(door, "files changed")), "the end of its rolls")
            site.save("server.js", site.version("three"))
            version_is(door, "three", instances=1)
            self.assertEqual(events(door, "files changed")[-1]["file"], "server.js")

    def test_a_link_to_the_current_release(self):
        with Site() as site:
            site.write("1/server.js", site.version("one"))
            site.write("2/server.js", site.version("two"))
            os.symlink("1", site.path("current"))
            pool = site.pool('watch = ["."]').replace(json.dumps(site.directory), json.dumps(site.path("current")))
            with Frontdoor(pool) as door:
                version_is(door, "one")
                watching(door)
                os.symlink("2", site.path("next"))
                os.replace(site.path("next"), site.path("current"))
                version_is(door, "two")

    def test_what_matches_nothing_is_told(self):
        with Site() as site, Frontdoor(site.pool('watch = ["src/**/*.js"]')) as door:
            eventually(lambda: events(door, "no file is watched: nothing matches"), "the warning")
            site.write("src/a.js", "")
            eventually(lambda: events(door, "restart done", reason="src/a.js changed"), "the roll")


class WithoutAFile(unittest.TestCase):
    def test_run_watches_the_directory_it_was_started_in(self):
        with Site() as site, tempfile.TemporaryDirectory() as directory:
            ready = os.path.join(directory, "ready")
            with open(os.path.join(directory, "events"), "wb") as log:
                running = processes.spawn([binary(), "run", "--watch", "--listen", "127.0.0.1:0", "--ready-file", ready,
                                           "--", "node", "server.js"], cwd=site.directory, stdin=subprocess.DEVNULL,
                                          stdout=subprocess.DEVNULL, stderr=log)
            try:
                eventually(lambda: os.path.exists(ready), "the ready file")
                with open(ready, encoding="utf-8") as file:
                    address = file.read().split()[1]

                def said(what):
                    with open(os.path.join(directory, "events"), encoding="utf-8") as file:
                        return what in file.read()

                eventually(lambda: said("watching files"), "that files are watched")
                site.save("server.js", site.version("two"))
                eventually(lambda: json.loads(http_get(address).text)["version"] == "two", "the new version")
            finally:
                processes.end(running, patience=30)


class Memory(unittest.TestCase):
    def test_one_that_uses_too_much_is_replaced_and_loses_nothing(self):
        with Site() as site, Frontdoor(site.pool('max_memory = "140MiB"')) as door:
            version_is(door, "one")
            with FixedRate(door.address, rate=50, seconds=60) as load:
                leaking = ask(door, "/leak")
                told = eventually(lambda: events(door, "instance uses too much memory"), "the verdict")[0]
                self.assertEqual((told["instance"], told["max_memory"]), (leaking["instance"], "140MiB"))
                done = eventually(lambda: events(door, "restart done"), "its replacement")[0]
                self.assertTrue(done["reason"].startswith("max_memory: "), done)
                self.assertEqual((done["pool"], done["replaced"], done["lost"]), (leaking["instance"], 1, 0))
                self.assertEqual(load.finish()["failures"], [])
            # A second one in a row, at once: the limit may be too low, and the third has to wait.
            ask(door, "/leak")
            told = eventually(lambda: events(door, "max_memory is less than the app needs"), "that it is told")[0]
            self.assertEqual(told["pause_ms"], 10000)
            eventually(lambda: len(events(door, "restart done")) == 2, "its replacement")

    def test_children_count(self):
        app = APP.replace("// AT START", "require('child_process').spawn('node', ['-e', "
                          "'const b = Buffer.alloc(150 << 20, 1); setInterval(() => b.length, 1e6)']);")
        with Site(app) as site, Frontdoor(site.pool('max_memory = "140MiB"', instances=1)) as door:
            eventually(lambda: events(door, "instance uses too much memory", instance="app.1"), "the verdict")


class Cron(unittest.TestCase):
    def test_the_pool_is_rolled_when_its_time_has_come(self):
        with Site() as site, Frontdoor(site.pool('cron_restart = "* * * * *"')) as door:
            version_is(door, "one")
            eventually(lambda: events(door, "restart done", reason="cron_restart * * * * *", replaced=2), "the minute",
                       timeout=100)
            eventually(lambda: len(events(door, "next cron restart")) == 2, "the next one")


class Idle(unittest.TestCase):
    IDLE = "pool is idle, its instances stop until the next request"

    def sleeps(self, door, pool="app", times=1):
        eventually(lambda: len(events(door, self.IDLE, pool=pool)) >= times, "that it is idle", timeout=60)
        eventually(lambda: len(events(door, "stop done", pool=pool)) >= times, "the end of its instances")

    def test_the_next_request_waits_for_it_to_start(self):
        with Site() as site, Frontdoor(site.pool('idle_stop = "600ms"\nhold = { give_up = "0s" }')) as door:
            before = ask(door)
            for times in (1, 2):
                self.sleeps(door, times=times)
                eventually(lambda pid=before["pid"]: not os.path.exists(f"/proc/{pid}"), "the end of it")
                with FixedRate(door.address, rate=50, seconds=1) as load:
                    self.assertEqual(load.finish()["failures"], [])
                version_is(door, "one")
                before = ask(door)
            self.assertGreaterEqual(len(events(door, "a request wakes the pool")), 2)

    def test_a_request_that_comes_while_it_stops_waits_for_a_new_one(self):
        app = APP.replace("server.close(() => process.exit(0))", "setTimeout(() => process.exit(0), 1500)")
        with Site(app) as site, Frontdoor(site.pool('idle_stop = "2s"', instances=1)) as door:
            before = ask(door)
            eventually(lambda: events(door, self.IDLE), "that it is idle")
            # Between that word and the end of its place in the pool it may serve one more.
            eventually(lambda: ask(door)["pid"] != before["pid"], "a new one")

    def test_open_streams_keep_it_awake_and_probes_do_not(self):
        with Site() as site:
            check = 'idle_stop = "500ms"\nhealth_check = { path = "/", interval = "100ms" }'
            routes = ('[[route]]\nhost = "other.test"\npool = "other"\n[[route]]\npool = "app"\n')
            with Frontdoor(routes + site.pool(check) + site.pool(check, name="other")) as door:
                with Client(door.address) as client:
                    client.request("GET", "/stream")
                    client.read_head()
                    # Either may have slept already, while the other came up.
                    before, slept = (len(events(door, self.IDLE, pool=name)) for name in ("app", "other"))
                    for times in (1, 2):
                        ask(door, host="other.test")
                        self.sleeps(door, "other", slept + times)
                    self.assertEqual(len(events(door, self.IDLE, pool="app")), before)
                if before:
                    ask(door)  # where the stream came in the moment of falling asleep, this wakes it
                self.sleeps(door, "app", before + 1)

    def test_a_websocket_and_an_event_stream_keep_it_awake_however_silent(self):
        upgrade = ("server.on('upgrade', (request, socket) => { const accept = require('crypto').createHash('sha1')"
                   ".update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');"
                   "socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
                   "Sec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n'); socket.on('end', () => socket.end()).resume(); });"
                   "server.prependListener('request', (request, response) => { if (request.url === '/events') "
                   "response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders(), response.end = () => {}; });")
        handshake = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
                     ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
        idle = 'idle_stop = "400ms"'
        routes = '[[route]]\nhost = "other.test"\npool = "other"\n[[route]]\npool = "app"\n'
        with Site(APP.replace("// AT START", upgrade)) as site, \
                Frontdoor(routes + site.pool(idle, instances=1) + site.pool(idle, name="other", instances=1)) as door:
            slept = 0
            for times, (target, fields, status) in enumerate((("/socket", handshake, 101), ("/events", [], 200)), 1):
                with Client(door.address) as client:
                    client.request("GET", target, fields)
                    self.assertEqual(client.read_head().status, status)
                    before = len(events(door, self.IDLE, pool="app"))
                    for _ in range(2):  # the other pool is the clock
                        ask(door, host="other.test")
                        slept += 1
                        self.sleeps(door, "other", slept)
                    self.assertEqual(len(events(door, self.IDLE, pool="app")), before, target)
                self.sleeps(door, "app", times)

    def test_a_config_without_it_wakes_what_sleeps(self):
        with Site() as site, Frontdoor(site.pool('idle_stop = "300ms"')) as door:
            ask(door)
            self.sleeps(door)
            door.reload(site.pool('stop_timeout = "3s"\nidle_stop = "300ms"'))
            self.assertEqual(len(events(door, "instance started")), 2)
            door.reload(site.pool())
            eventually(lambda: len(events(door, "instance up")) == 4, "its instances")

    def test_what_crashes_is_left_alone(self):
        app = APP.replace("// AT START", "if (process.env.FRONTDOOR_INSTANCE === 'app.2') process.exit(3);")
        restart = '\n[pool.app.restart]\nbackoff_max = "200ms"\ncrash_loop_after = 2\n'
        with Site(app) as site, Frontdoor(site.pool('idle_stop = "200ms"' + restart)) as door:
            ask(door)
            eventually(lambda: len(events(door, "instance is in a crash loop")) >= 5, "that it is started again")
            self.assertEqual(events(door, self.IDLE), [])

    def test_a_scale_says_how_many_the_next_request_starts(self):
        with Site() as site, Frontdoor(site.pool('idle_stop = "600ms"')) as door:
            ask(door)
            self.sleeps(door)
            subprocess.run([binary(), "scale", "app", "3", "--socket", door.admin_socket], capture_output=True, timeout=60, check=True)
            self.assertEqual(len(events(door, "instance started")), 2)
            ask(door)
            eventually(lambda: len(events(door, "instance up")) == 5, "all three")

    def test_without_any_instance_the_front_door_still_ends(self):
        with Site() as site, Frontdoor(site.pool('idle_stop = "300ms"')) as door:
            ask(door)
            self.sleeps(door)
            door.terminate()
            self.assertEqual(door.wait(), 0)


class Reloads(unittest.TestCase):
    def test_triggers_come_and_go_with_the_config(self):
        with Site() as site, Frontdoor(site.pool()) as door:
            version_is(door, "one")
            door.reload(site.pool(WATCH_ALL))
            watching(door)
            door.reload(site.pool(WATCH_ALL + 'stop_timeout = "3s"'))  # goes on undisturbed
            site.save("server.js", site.version("two"))
            version_is(door, "two")
            self.assertEqual(len(events(door, "watching files")), 1)
            door.reload(site.pool())
            site.save("server.js", site.version("three"))
            door.reload(site.pool('env = { A = "1" }'))
            version_is(door, "three")
            self.assertEqual(len(events(door, "files changed")), 1)


if __name__ == "__main__":
    main()
