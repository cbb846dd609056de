#!/usr/bin/env python3
"""`run .` and `config import`: apps that are started as their package.json, Procfile or ecosystem file says, with nothing
between them and frontdoor, and what is said of such a file."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

from support import binary, curl, eventually, get, main
from support import process as processes
from support.app import node_environment, script_path
from support.process import alive

APP = script_path("instance.js")


def parent(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def environment(pid):
    with open(f"/proc/{pid}/environ", "rb") as file:
        return dict(line.split("=", 1) for line in file.read().decode().split("\0") if "=" in line)


def command_line(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().decode().split("\0")[:-1]


def children(pid):
    return {child for child in processes.children(pid)}


class Directory:
    """A directory of somebody's app; `server.js` in it is instance.js."""

    def __init__(self, files=None):
        # Not below /tmp/x/node_modules or the like: what lies above counts for npm.
        self.path = os.path.realpath(tempfile.mkdtemp(prefix="frontdoor-import-"))
        self.write("server.js", f"require({json.dumps(APP)});\n")
        for name, content in (files or {}).items():
            self.write(name, content if isinstance(content, str) else json.dumps(content))

    def write(self, name, content, mode=0o644):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(path, mode)

    def frontdoor(self, *words, env=None):
        return subprocess.run([binary(), *words], cwd=self.path, env=env or node_environment(), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


class Running:
    """`frontdoor WORDS` in a directory, with files for what it says."""

    def __init__(self, directory, *words, env=None, listen=("--listen", "127.0.0.1:0")):
        self.directory = directory
        self.state = tempfile.mkdtemp(prefix="frontdoor-import-state-")
        self.ready_file = os.path.join(self.state, "ready")
        self.words = [binary(), *words, *listen, "--ready-file", self.ready_file]
        self.env = env or node_environment()
        self.process = None

    def __enter__(self):
        with open(os.path.join(self.state, "out"), "wb") as out, open(os.path.join(self.state, "err"), "wb") as err:
            self.process = processes.spawn(self.words, cwd=self.directory.path, env=self.env, stdin=subprocess.DEVNULL, stdout=out,
                                           stderr=err)
        eventually(self.is_ready, "the ready file")
        with open(self.ready_file, encoding="utf-8") as file:
            self.address = file.read().split()[1]
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"frontdoor ended with {self.process.returncode}:\n{self.errors()}")
        return os.path.exists(self.ready_file)

    def __exit__(self, kind, *_):
        processes.end(self.process, patience=30)
        if kind:
            print(f"--- its output:\n{self.output()[-2000:]}\n--- its log:\n{self.errors()[-6000:]}---", flush=True)
        shutil.rmtree(self.state, ignore_errors=True)

    def read(self, name):
        with open(os.path.join(self.state, name), encoding="utf-8", errors="replace") as file:
            return file.read()

    def output(self):
        return self.read("out")

    def errors(self):
        return self.read("err")

    def lines(self):
        return self.output().splitlines()

    def events(self, name):
        found = []
        for line in self.errors().splitlines():
            if line.startswith("{"):
                event = json.loads(line)
                if event.get("event") == name:
                    found.append(event)
        return found

    def who(self):
        return json.loads(get(self.address))

    @property
    def pid(self):
        return self.process.pid

    def front_door(self):
        for child in processes.children(self.pid):
            with open(f"/proc/{child}/comm", encoding="ascii") as file:
                if file.read().strip() == "frontdoor":
                    return child
        return None


def package(start, **scripts):
    return {"name": "@me/shop", "version": "1.2.3", "scripts": {"start": start, **scripts}}


class NpmStart(unittest.TestCase):
    def test_nothing_stands_between_frontdoor_and_the_app(self):
        cases = {
            "plain": package("node server.js"),
            "with a variable": package("NODE_ENV=production RELEASE=7 node server.js"),
            "cross-env": package("cross-env RELEASE=7 node server.js"),
            "two commands": package("node -e 0 && node server.js"),
            "a script that runs another": package("npm run serve", serve="node server.js"),
            "a script before": package("node server.js", prestart="echo prepared"),
            "a shell's variable": package("node server.js --port $PORT"),
        }
        for name, content in cases.items():
            with self.subTest(name), Directory({"package.json": content}) as directory, Running(directory, "run", ".") as door:
                who = door.who()
                self.assertEqual(who["FRONTDOOR_INSTANCE"], "shop.1")
                self.assertEqual(parent(who["pid"]), door.pid)
                found = environment(who["pid"])
                self.assertEqual((found["npm_package_name"], found["npm_package_version"]), ("@me/shop", "1.2.3"))
                self.assertTrue(found["PATH"].startswith(os.path.join(directory.path, "node_modules/.bin:")))
                if "RELEASE" in content["scripts"]["start"]:
                    self.assertEqual(who["RELEASE"], "7")
                if name == "a script before":
                    self.assertIn("shop.1 | prepared", door.lines())
                self.assertIn("package.json: starts shop\n", door.errors())

    def test_commands_of_its_modules_are_found(self):
        with Directory({"package.json": package("serve-it")}) as directory:
            directory.write("node_modules/.bin/serve-it", f"#!/usr/bin/env node\nrequire({json.dumps(APP)});\n", 0o755)
            with Running(directory, "run", ".") as door:
                self.assertEqual(door.who()["FRONTDOOR_INSTANCE"], "shop.1")

    def stops_in_order(self, directory):
        """One signal, the request in flight answered, the last words heard, the end of the app itself told."""
        with Running(directory, "run", ".") as door:
            pid = door.who()["pid"]
            answers = []
            asking = threading.Thread(target=lambda: answers.append(curl(door.address, "/slow").status))
            asking.start()
            eventually(lambda: "asked for /slow" in door.output(), "the request in flight")
            door.process.terminate()
            self.assertEqual(door.process.wait(30), 0)
            asking.join()
            self.assertEqual(answers, [200])
            self.assertEqual([line for line in door.lines() if "SIGTERM" in line], ["shop.1 | SIGTERM number 1"])
            self.assertIn("shop.1 | last words", door.lines())
            self.assertFalse(alive(pid))
            return door.events("instance stopped")[0]["end"]

    def test_the_app_is_asked_once_to_stop_and_waited_for(self):
        for start in ("node server.js", "NODE_ENV=production node server.js", "node -e 0 && node server.js"):
            with self.subTest(start), Directory({"package.json": package(start)}) as directory:
                directory.write("server.js", TELLING)
                self.assertEqual(self.stops_in_order(directory), "exit 0")

    def test_also_where_npm_stays_in_between_and_dies_of_the_signal(self):
        # npm/npm#4603: it dies, its shell dies, and the app goes on without having been asked.
        with Directory({"package.json": package("echo $npm_config_tag; node server.js; true")}) as directory:
            directory.write("server.js", TELLING)
            directory.write("node_modules/.bin/npm", '#!/bin/sh\nsh -c "node server.js; true"\ntrue\n', 0o755)
            self.assertEqual(self.stops_in_order(directory), "SIGTERM")

    @unittest.skipUnless(shutil.which("npm"), "there is no npm here; the test above plays one")
    def test_also_with_the_npm_that_is_installed(self):
        with Directory({"package.json": package("echo $npm_config_tag; node server.js")}) as directory:
            directory.write("server.js", TELLING)
            self.stops_in_order(directory)

    def test_how_it_has_ended_is_not_hidden(self):
        for start in ("node server.js", "node -e 0 && node server.js"):
            with self.subTest(start), Directory({"package.json": package(start)}) as directory, Running(directory, "run", ".") as door:
                os.kill(door.who()["pid"], signal.SIGABRT)
                ended = eventually(lambda: door.events("instance ended"), "the end")
                self.assertEqual(ended[0]["end"], "SIGABRT")
                eventually(lambda: len(door.events("instance up")) == 2, "another one")
                curl(door.address, "/die")
                ended = eventually(lambda: door.events("instance ended")[1:], "the second end")
                self.assertEqual(ended[0]["end"], "exit 7")


# As instance.js, and it says that a request has come.
TELLING = f"""
const http = require('http');
const create = http.createServer;
http.createServer = (handle) => create((request, response) => {{
  if (request.url !== '/') console.log('asked for ' + request.url);
  handle(request, response);
}});
require({json.dumps(APP)});
"""


class RunsWhatIsThere(unittest.TestCase):
    def test_a_procfile(self):
        procfile = "# comment\nweb: node server.js --on $PORT\nrelease: false\nclock: exec sleep 1000\n"
        with Directory({"Procfile": procfile, "package.json": "{}"}) as directory, Running(directory, "run", ".", "-i", "2") as door:
            who = door.who()
            self.assertIn(who["FRONTDOOR_INSTANCE"], ("web.1", "web.2"))
            self.assertEqual(command_line(who["pid"]), ["node", "server.js", "--on", who["PORT"]])
            clock = eventually(lambda: [e for e in door.events("instance started") if e["pool"] == "clock"], "the worker")
            self.assertEqual(command_line(clock[0]["pid"]), ["sleep", "1000"])
            self.assertIn("Procfile: starts web x 2 (gets requests), clock; not read: package.json\n", door.errors())
            self.assertIn("Procfile: release: is for the moment before a deployment", door.errors())

    def test_an_ecosystem_file_in_each_of_its_forms(self):
        app = {"apps": [{"name": "web", "script": "server.js", "instances": 2, "env": {"RELEASE": 5, "PORT": 3000}}]}
        exported = json.dumps(app)
        forms = {"ecosystem.config.js": f"console.log('loading'); module.exports = {exported}",
                 "ecosystem.config.cjs": f"module.exports = Promise.resolve({exported})",
                 "ecosystem.config.mjs": f"import 'node:fs'; export default {exported}",
                 "pm2.config.js": f"exports.apps = {json.dumps(app['apps'])}; setInterval(() => {{}}, 1000)",
                 "ecosystem.config.json": f"{{ /* as pm2 takes it */ {exported[1:]}"}
        for name, content in forms.items():
            with self.subTest(name), Directory({name: content}) as directory, Running(directory, "run", ".") as door:
                who = door.who()
                self.assertEqual((who["RELEASE"], who["FRONTDOOR_INSTANCE"][:4]), ("5", "web."))
                self.assertNotEqual(who["PORT"], "3000")
                self.assertEqual(parent(who["pid"]), door.pid)
                self.assertEqual(environment(who["pid"]).get("FRONTDOOR_KEPT_TEXT_FD"), None)
                self.assertIn(f"{name}: starts web x 2\n", door.errors())
                self.assertEqual("loading" in door.errors(), name == "ecosystem.config.js")

    def test_the_environment_that_was_asked_for(self):
        ecosystem = {"apps": [{"name": "web", "script": "server.js", "env": {"RELEASE": "1"},
                               "env_production": {"RELEASE": "2", "PORT": 80}}]}
        for words, release in ((("run", "."), "1"), (("run", ".", "--env", "production"), "2")):
            with self.subTest(words), Directory({"ecosystem.json": ecosystem}) as directory, Running(directory, *words) as door:
                self.assertEqual(door.who()["RELEASE"], release)
        with Directory({"ecosystem.json": ecosystem}) as directory:
            done = directory.frontdoor("run", ".", "--env", "prodcution")
            self.assertEqual((done.returncode, done.stdout), (78, ""))
            self.assertIn("--env prodcution: the file has no env_prodcution, did you mean production?", done.stderr)

    def test_without_environments_in_the_file_its_name_is_node_env(self):
        files = {"Procfile": "web: node server.js\nclock: exec sleep 1000\n", "package.json": package("node server.js")}
        for name, content in files.items():
            with self.subTest(name), Directory({name: content}) as directory, \
                    Running(directory, "run", ".", "--env", "production") as door:
                self.assertEqual(environment(door.who()["pid"])["NODE_ENV"], "production")

    def test_workers_have_no_port_and_need_none(self):
        with Directory({"Procfile": "web: node server.js\nclock: exec sleep 1000\n"}) as directory, Running(directory, "run", ".") as door:
            clock = eventually(lambda: [e for e in door.events("instance up") if e["pool"] == "clock"], "the worker")
            self.assertNotIn("PORT", environment(clock[0]["pid"]))
            self.assertEqual(door.who()["FRONTDOOR_INSTANCE"], "web.1")

    def test_the_variables_beside_a_procfile(self):
        files = {"Procfile": "web: node server.js\nclock: exec sleep 1000\n", ".env": "RELEASE='a b'\nPORT=3000\n"}
        with Directory(files) as directory, Running(directory, "run", ".") as door:
            self.assertEqual(door.who()["RELEASE"], "a b")
            self.assertNotEqual(door.who()["PORT"], "3000")
            clock = eventually(lambda: [e for e in door.events("instance started") if e["pool"] == "clock"], "the worker")
            found = environment(clock[0]["pid"])
            self.assertEqual((found["RELEASE"], found.get("PORT")), ("a b", None))
            self.assertEqual(door.errors().count("PORT is not passed on"), 1, "by the launcher, and not by the front door again")

    def test_a_script_alone(self):
        with Directory() as directory, Running(directory, "run", "server.js", "--health", "/") as door:
            self.assertEqual(door.who()["FRONTDOOR_INSTANCE"], "server.1")
            self.assertIn("server.js: starts server\n", door.errors())

    def test_a_config_that_is_there_already(self):
        config = 'listen = "127.0.0.1:0"\n[pool.own]\ncommand = "node server.js"\n'
        with Directory({"fd.toml": config, "Procfile": "web: false"}) as directory:
            with Running(directory, "run", ".", listen=()) as door:
                self.assertEqual(door.who()["FRONTDOOR_INSTANCE"], "own.1")
            refused = directory.frontdoor("run", ".", "-i", "2")
            self.assertEqual((refused.returncode, refused.stderr),
                             (2, "frontdoor: fd.toml is served as it is: what -i, --listen, --health and --watch say belongs into it\n"))

    def test_a_front_door_that_is_killed_comes_back_to_the_same_apps(self):
        with Directory({"Procfile": "web: node server.js"}) as directory, Running(directory, "run", ".") as door:
            before = door.who()["pid"]
            directory.write("Procfile", "broken")
            killed = door.front_door()
            os.kill(killed, signal.SIGKILL)
            eventually(lambda: door.front_door() not in (None, killed), "another front door")
            eventually(lambda: len(door.events("listening")) == 2, "that it listens")
            with open(door.ready_file, encoding="utf-8") as file:
                door.address = file.read().split()[1]
            self.assertEqual(door.who()["pid"], before)
            self.assertEqual(door.errors().count("Procfile: starts web\n"), 1)

    def test_it_ends_when_its_terminal_is_closed(self):
        with Directory({"Procfile": "web: node server.js"}) as directory, Running(directory, "run", ".") as door:
            pid = door.who()["pid"]
            door.process.send_signal(signal.SIGHUP)
            self.assertEqual(door.process.wait(30), 0)
            self.assertFalse(alive(pid))

    def test_a_word_that_is_no_directory_may_have_been_a_command(self):
        with tempfile.TemporaryDirectory() as directory:
            done = subprocess.run([binary(), "run", "nope"], cwd=directory, capture_output=True, text=True, timeout=20, check=False)
            self.assertEqual((done.returncode, done.stderr),
                             (78, "nope: there is no such file or directory; a command stands behind --, as in run -- nope\n"))

    def test_what_can_not_be_run_says_why(self):
        cases = [
            ({"Procfile": "web node"}, (".",), "Procfile:1: expected a name and a command, as in web: node server.js, not \"web node\"\n"),
            ({"package.json": "{"}, ("package.json",), "package.json:1:2: this is no JSON: it ends too early\n"),
            ({"Procfile": "web: \udcff"}, (".",), "Procfile: it is no UTF-8 text\n"),
            ({"app.yaml": ""}, ("app.yaml",), "YAML is not read"),
            ({}, ("no/such",), "no/such: there is no such file or directory\n"),
            ({"Procfile": "web: node 'a"}, (".",), "Procfile:1: web: the quote ' is not closed\n"),
            ({"ecosystem.config.js": "throw new Error('oh dear')"}, (".",), "ecosystem.config.js: node could not run it\n"),
            ({"ecosystem.config.js": "throw new Error('oh dear')"}, (".",), "Error: oh dear"),
            ({"ecosystem.config.js": "process.exit(0)"}, (".",), "ecosystem.config.js: it ended before it had exported anything\n"),
            ({"ecosystem.config.js": ""}, (".",), "ecosystem.config.js: there is no `apps` in it\n"),
            ({"ecosystem.config.js": "module.exports = 'x'.repeat(2 << 20)"}, (".",),
             "ecosystem.config.js: what it exports is larger than 1 MiB\n"),
        ]
        for files, words, error in cases:
            with self.subTest(error), Directory() as directory:
                for name, content in files.items():
                    with open(os.path.join(directory.path, name), "wb") as file:
                        file.write(content.encode("utf-8", "surrogateescape"))
                for command in (("run",), ("config", "import")):
                    done = directory.frontdoor(*command, *words)
                    self.assertEqual((done.returncode, done.stdout), (78, ""), done.stderr)
                    self.assertIn(error, done.stderr)

    def test_a_value_that_frontdoor_refuses_is_told_with_its_place(self):
        with Directory({"ecosystem.json": {"apps": [{"script": "a.js", "kill_timeout": "2h"}]}}) as directory:
            done = directory.frontdoor("run", ".")
            self.assertEqual(done.returncode, 78)
            self.assertRegex(done.stderr, r"ecosystem.json as fd.toml:\d+:\d+: stop_timeout: .*1h")

    def test_without_node_a_script_config_says_what_it_lacks(self):
        with Directory({"ecosystem.config.js": "module.exports = []"}) as directory:
            done = directory.frontdoor("run", ".", env={"PATH": "/nowhere"})
            self.assertEqual((done.returncode, done.stderr),
                             (78, "ecosystem.config.js: it is JavaScript, and there is no node in PATH to run it\n"))


class Import(unittest.TestCase):
    def processes_of(self, door, pools):
        """What runs: the command, the directory and the environment of each instance, without what differs by itself."""
        def found():
            started = {e["instance"]: e["pid"] for e in door.events("instance started")}
            return started if {name.split(".")[0] for name in started} == pools else None
        own = {"PORT", "FRONTDOOR_LIFE", "FRONTDOOR_INSTANCE_SOCKET", "PWD", "OLDPWD", "SHLVL", "_"}
        return sorted((name, command_line(pid), os.readlink(f"/proc/{pid}/cwd"),
                       {key: value for key, value in environment(pid).items() if key not in own})
                      for name, pid in eventually(found, f"instances of {pools}").items())

    def test_what_it_prints_starts_what_run_starts(self):
        cases = {
            "package.json": (package("NODE_ENV=production node server.js", prestart="true"), {"shop"}),
            "Procfile": ("web: RELEASE='${X} \"1\"' node server.js\nclock: sleep 1000\n", {"web", "clock"}),
            "ecosystem.config.js": ("module.exports = " + json.dumps({"apps": [
                {"name": "web", "script": "server.js", "instances": 2, "kill_timeout": 2000, "env": {"RELEASE": "a\n$b"},
                 "max_memory_restart": "1G", "force": True},
                {"name": "clock", "script": "sleep", "args": "1000", "interpreter": "none", "autorestart": False}]}),
                {"web", "clock"}),
        }
        for name, (content, pools) in cases.items():
            with self.subTest(name), Directory({name: content}) as directory:
                imported = directory.frontdoor("config", "import", name)
                self.assertEqual(imported.returncode, 0, imported.stderr)
                for line in imported.stderr.splitlines():
                    self.assertIn("#   " + line.removeprefix(f"{name}: ") + "\n", imported.stdout)
                directory.write("fd.toml", imported.stdout.replace("127.0.0.1:8080", "127.0.0.1:0"))
                checked = directory.frontdoor("check", "--config", "fd.toml")
                self.assertEqual((checked.returncode, checked.stderr), (0, ""))
                with Running(directory, "--config", "fd.toml", listen=()) as door:
                    by_config = self.processes_of(door, pools)
                os.unlink(os.path.join(directory.path, "fd.toml"))
                with Running(directory, "run", ".") as door:
                    self.assertEqual(self.processes_of(door, pools), by_config)

    def test_a_link_to_the_release_stays_a_link(self):
        with Directory({"Procfile": "web: node server.js"}) as directory:
            link = directory.path + "-current"
            os.symlink(directory.path, link)
            self.addCleanup(os.unlink, link)
            done = subprocess.run([binary(), "config", "import", "."], cwd=link, env=dict(os.environ, PWD=link), text=True,
                                  capture_output=True, timeout=60)
            self.assertIn(f'directory = "{link}"\n', done.stdout)

    def test_a_config_of_frontdoor_is_none_to_import(self):
        with Directory({"fd.toml": ""}) as directory:
            done = directory.frontdoor("config", "import", ".")
            self.assertEqual((done.returncode, done.stderr), (78, "fd.toml: it is frontdoor's own config already\n"))

    def test_only_javascript_is_executed(self):
        for name in ("package.json", "Procfile", "ecosystem.config.json"):
            content = {"package.json": package("touch executed"), "Procfile": "web: touch executed",
                       "ecosystem.config.json": {"apps": [{"script": "touch executed"}]}}[name]
            with self.subTest(name), Directory({name: content}) as directory:
                self.assertEqual(directory.frontdoor("config", "import", name).returncode, 0)
                self.assertFalse(os.path.exists(os.path.join(directory.path, "executed")))


if __name__ == "__main__":
    main()
