#!/usr/bin/env python3
"""frontdoor in a container: as PID 1 of its own process namespace, with the app's exit status as its own, and as a sidecar
that starts nothing."""

import json
import os
import signal
import subprocess
import tempfile
import unittest

from support import App, Client, Frontdoor, binary, curl, eventually, get, main, pool
from support import process as processes
from support.app import node_environment, script_path
from support.instances import events

APP = script_path("instance.js")
NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]


def namespaces_are_allowed():
    return subprocess.run([*NAMESPACE, "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0


def run(*command, options=(), timeout=60):
    """frontdoor run --exit-with-child … -- command, to its end."""
    return subprocess.run([binary(), "run", "--exit-with-child", "--listen", "127.0.0.1:0", *options, "--", *command],
                          capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, env=node_environment(),
                          check=False)


class ExitWithChild(unittest.TestCase):
    def test_its_exit_status_is_the_app_s(self):
        cases = [(["true"], 0), (["sh", "-c", "exit 3"], 3), (["sh", "-c", "kill -9 $$"], 137), (["sh", "-c", "kill -SEGV $$"], 139)]
        for command, status in cases:
            with self.subTest(command=command):
                done = run(*command)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn("the app has ended, and so does frontdoor", done.stderr)

    def test_a_command_that_is_not_there_has_the_shell_s_status(self):
        done = run("no-such-command")
        self.assertEqual((done.returncode, done.stderr), (127, "frontdoor: command not found: no-such-command\n"))
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write('listen = "127.0.0.1:0"\n[pool.app]\ncommand = "no-such-command"\nrestart.policy = "never"\n')
            file.flush()
            done = subprocess.run([binary(), "run", "--exit-with-child", "--config", file.name], capture_output=True, text=True,
                                  timeout=60, stdin=subprocess.DEVNULL, env=node_environment(), check=False)
            self.assertEqual(done.returncode, 127, done.stderr)
            self.assertIn("the app has ended, and so does frontdoor", done.stderr)

    def test_a_warning_of_the_config_is_told_once(self):
        config = 'listen = "127.0.0.1:0"\n[pool.app]\ncommand = "true"\nrestart.policy = "never"\nenv = { PORT = "1" }\n'
        done = subprocess.run([binary(), "run", "--exit-with-child", "--config", "-"], input=config, capture_output=True, text=True,
                              timeout=60, env=node_environment(), check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("warning: env: PORT has no effect"), 1, done.stderr)

    def test_of_several_it_is_that_of_the_first_that_did_not_end_well_and_all_are_waited_for(self):
        command = 'case $NODE_APP_INSTANCE in 0) exit 0;; 1) sleep 0.4; exit 5;; 2) sleep 0.8; exit 6;; esac'
        done = run("sh", "-c", command, options=["-i", "3"])
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertEqual(done.stderr.count('"instance ended"'), 3)

    def test_told_to_stop_it_has_the_status_of_the_app_that_was_stopped(self):
        for command, status in [(["node", APP], 0), (["python3", "-m", "http.server", "-b", "127.0.0.1"], 143)]:
            with self.subTest(command=command), tempfile.TemporaryDirectory() as directory:
                ready = os.path.join(directory, "ready")
                if command[0] == "python3":
                    command = ["sh", "-c", 'exec python3 -m http.server -b 127.0.0.1 "$PORT"']
                running = processes.spawn([binary(), "run", "--exit-with-child", "--listen", "127.0.0.1:0", "--ready-file", ready,
                                           "--", *command], env=node_environment(), stdin=subprocess.DEVNULL,
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    eventually(lambda: os.path.exists(ready), "the ready file")
                    with open(ready, encoding="utf-8") as file:
                        curl(file.read().split()[1], "/")
                    running.terminate()
                    self.assertEqual(running.wait(30), status)
                finally:
                    processes.end(running)

    def test_a_config_says_which_ends_are_final(self):
        with tempfile.TemporaryDirectory() as directory:
            count = os.path.join(directory, "lives")
            # Fails twice, then has done its work.
            script = f'echo >> {count}; test $(wc -l < {count}) -ge 3'
            config = (f'listen = "127.0.0.1:0"\n[pool.job]\ncommand = {json.dumps(["sh", "-c", script])}\n'
                      '[pool.job.restart]\npolicy = "on_failure"\nbackoff_min = "5ms"\n')
            done = subprocess.run([binary(), "run", "--exit-with-child", "--config", "-"], input=config, capture_output=True,
                                  text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(count, encoding="ascii") as file:
                self.assertEqual(len(file.readlines()), 3)

    def test_a_second_signal_is_the_status_where_the_app_is_not_waited_for(self):
        config = f'listen = "127.0.0.1:0"\n[timeouts]\ndrain = "60s"\ndrain_delay = "50s"\n[pool.app]\ncommand = ["node", "{APP}"]\n'
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file, tempfile.TemporaryDirectory() as directory:
            file.write(config)
            file.flush()
            ready = os.path.join(directory, "ready")
            running = processes.spawn([binary(), "run", "--exit-with-child", "--config", file.name, "--ready-file", ready],
                                      env=node_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
            try:
                eventually(lambda: os.path.exists(ready), "the ready file")
                running.send_signal(signal.SIGTERM)
                eventually(lambda: not os.path.exists(ready), "the drain")
                running.send_signal(signal.SIGTERM)
                self.assertEqual(running.wait(30), 128 + signal.SIGTERM)
            finally:
                processes.end(running, patience=30)

    def test_where_no_end_is_final_it_says_so(self):
        with Frontdoor(f'[pool.app]\ncommand = ["node", "{APP}"]\n', options=["--exit-with-child"]) as door:
            door.expected_status = None  # the app's, which may not have come to its own handler
            self.assertEqual(len(events(door, "--exit-with-child waits for ever: every pool's restart.policy is always")), 1)


class InNamespace:
    """A front door that is PID 1 of a namespace; the test's own process is not in it."""

    def __init__(self, config, **options):
        self.door = Frontdoor(config, prefix=NAMESPACE, **options)

    def __enter__(self):
        self.door.__enter__()
        (self.pid,) = processes.children(self.door.pid)  # as we see it
        return self

    def __exit__(self, *error):
        if self.door.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
            self.door.wait()
        return self.door.__exit__(*error)


@unittest.skipUnless(namespaces_are_allowed(), "this user may not make process namespaces")
class AsPidOne(unittest.TestCase):
    def test_it_passes_signals_on_drains_and_leaves_nothing(self):
        config = f'[pool.app]\ncommand = ["node", "{APP}"]\ninstances = 2\n'
        with InNamespace(config) as inside:
            self.assertIn(json.loads(get(inside.door.address))["FRONTDOOR_INSTANCE"], ("app.1", "app.2"))
            with open(f"/proc/{inside.pid}/status", encoding="ascii") as file:
                self.assertIn("NSpid:\t%d\t1\n" % inside.pid, file.read())
            inside.door.write_config(config.replace("= 2", "= 1"))
            os.kill(inside.pid, signal.SIGHUP)
            eventually(lambda: events(inside.door, "reloaded"), "the reload")
            with Client(inside.door.address) as client:
                client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
                os.kill(inside.pid, signal.SIGTERM)
                self.assertEqual(client.read_response().status, 200)
            self.assertEqual(inside.door.wait(), 0)

    def test_it_reaps_what_an_app_leaves_behind(self):
        # A hundred orphans, each with a session of its own and an end of its own.
        script = 'i=0; while [ $i -lt 100 ]; do (setsid sh -c "sleep 0.05" & ); i=$((i+1)); done; exec node ' + APP
        with InNamespace(f'[pool.app]\ncommand = {json.dumps(["sh", "-c", script])}\n') as inside:
            get(inside.door.address)

            def none_left():
                for pid in processes.children(inside.pid):
                    try:
                        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                            name, _, rest = file.read().rpartition(")")
                    except (FileNotFoundError, ProcessLookupError):
                        return False
                    if rest.split()[0] == "Z" or name.endswith(("(sh", "(sleep")):
                        return False
                return True
            eventually(none_left, "that no orphan and no zombie is left")

    def test_without_instances_it_reaps_too(self):
        with App("a") as app, InNamespace(pool(upstreams=[app])) as inside:
            # What `exec` into a container leaves when its own parent has gone.
            done = subprocess.run(["nsenter", "--target", str(inside.pid), "--pid", "--mount", "sh", "-c",
                                   "setsid sh -c 'sleep 0.05' & exit 0"], check=False)
            self.assertEqual(done.returncode, 0)
            eventually(lambda: processes.children(inside.pid) == [], "that nothing is left below it")

    def test_its_exit_status_is_the_app_s(self):
        done = subprocess.run([*NAMESPACE, binary(), "run", "--exit-with-child", "--listen", "127.0.0.1:0", "--", "sh", "-c",
                               "setsid sleep 1000 & exit 9"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 9, done.stderr)

    def test_a_sidecar_drains_as_any_front_door(self):
        config = 'timeouts = { drain_delay = "500ms", drain = "5s" }\n'
        with App("a") as app, InNamespace(pool(upstreams=[app]), listeners=config + 'listen = "127.0.0.1:0"\n') as inside:
            door = inside.door
            self.assertEqual(processes.children(inside.pid), [], "it starts nothing")
            os.kill(inside.pid, signal.SIGTERM)
            eventually(lambda: not os.path.exists(door.ready_file), "that it is not ready any more")
            self.assertEqual(curl(door.address, "/").status, 200)  # still within the delay
            self.assertEqual(door.wait(), 0)


if __name__ == "__main__":
    main()
