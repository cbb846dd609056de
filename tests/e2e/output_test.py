#!/usr/bin/env python3
"""What instances write: every line arrives, tagged, whatever it is made of; and no destination that is slow, full or gone
holds up an app or the front door."""

import contextlib
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import tempfile
import termios
import unittest

from support import Frontdoor, eventually, get, main, sanitized
from support import process as processes
from support.admin import command
from support.app import script_path
from support.instances import events, front_door

APP = script_path("instance.js")
STAY = "\nimport signal\nwhile True: signal.pause()\n"


def table(code=None, name="app", instances=1, logs="", command=None, more=""):
    """A pool whose instances run this Python program."""
    words = json.dumps(command or ["python3", "-u", "-c", code])
    where = f"logs = {{ {logs} }}\n" if logs else ""
    return f"[pool.{name}]\ncommand = {words}\ninstances = {instances}\n{where}{more}\n"


def stdout(door):
    with open(door.stdout_file, "rb") as file:
        return file.read()


def lines_of(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return []


def texts(lines):
    """Without time and name."""
    return [re.sub(r"^\S+Z \S+ [|!] ", "", line) for line in lines]


class Directory(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="frontdoor-output-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.directory, name)


class Lines(unittest.TestCase):
    def test_each_is_behind_its_name_and_its_stream(self):
        code = "import sys\nprint('hello'); print('oh dear', file=sys.stderr)" + STAY
        with Frontdoor(table(code)) as door:
            eventually(lambda: stdout(door).count(b"\n") == 2, "two lines")
            self.assertEqual(sorted(stdout(door).splitlines()), [b"app.1 ! oh dear", b"app.1 | hello"])

    def test_names_are_aligned(self):
        with Frontdoor(table("print('a')" + STAY) + table("print('b')" + STAY, name="longer")
                       + '[[route]]\npath = "/l*"\npool = "longer"\n[[route]]\npool = "app"\n') as door:
            eventually(lambda: stdout(door).count(b"\n") == 2, "two lines")
            self.assertEqual(sorted(stdout(door).splitlines()), [b"app.1    | a", b"longer.1 | b"])

    def test_json_is_json_whatever_is_written(self):
        code = (r"import os; os.write(1, b'plain \"quoted\"\n'); os.write(2, b'\xff\x1b[31mred\x00\r\n');"
                r"os.write(1, '\u20ac\n'.encode())") + STAY
        with Frontdoor(table(code, logs='mode = "json"')) as door:
            eventually(lambda: stdout(door).count(b"\n") == 3, "three lines")
            said = [json.loads(line) for line in stdout(door).decode().splitlines()]
            self.assertEqual([line["line"] for line in said if line["stream"] == "stdout"], ['plain "quoted"', "\u20ac"])
            self.assertEqual([line["line"] for line in said if line["stream"] == "stderr"], ["\ufffd\x1b[31mred\0"])
            for line in said:
                self.assertEqual((line["pool"], line["instance"]), ("app", "app.1"))
                self.assertGreater(line["pid"], 1)
                self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_off_is_for_the_file_alone(self):
        with tempfile.TemporaryDirectory() as directory:
            file = os.path.join(directory, "deep", "er", "app.log")
            with Frontdoor(table("print('hello')" + STAY, logs=f'mode = "off", file = "{file}"')) as door:
                (line,) = eventually(lambda: lines_of(file), "the line")
                self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z app\.1 \| hello$")
                self.assertEqual(stdout(door), b"")
                self.assertEqual(os.stat(file).st_mode & 0o137, 0)

    def test_any_byte_survives(self):
        code = r"import os; os.write(1, bytes(b for b in range(256) if b != 10) + b'\n\x1b[32mgreen\x1b[0m\n10%\r20%\n')" + STAY
        with Frontdoor(table(code)) as door:
            eventually(lambda: stdout(door).endswith(b"20%\n"), "the lines")
            every = bytes(byte for byte in range(256) if byte != 10)
            self.assertEqual(stdout(door), b"app.1 | " + every + b"\napp.1 | \x1b[32mgreen\x1b[0m\napp.1 | 10%\r20%\n")

    def test_a_long_line_comes_in_marked_pieces_and_whole(self):
        code = "import os; line = b'x' * 40000 + b'end\\n'\nwhile line: line = line[os.write(1, line):]" + STAY
        with Frontdoor(table(code, logs='mode = "json"')) as door:
            eventually(lambda: stdout(door).count(b"\n") == 3, "three pieces")
            pieces = [json.loads(line) for line in stdout(door).splitlines()]
            self.assertEqual("".join(piece["line"] for piece in pieces), "x" * 40000 + "end")
            self.assertEqual([len(piece["line"]) for piece in pieces[:2]], [16384, 16384])
            self.assertEqual([piece.get("goes_on", False) for piece in pieces], [True, True, False])

    def test_a_prompt_appears_before_its_newline(self):
        with Frontdoor(table("print('Name: ', end='', flush=True)" + STAY)) as door:
            eventually(lambda: stdout(door) == "app.1 | Name: \u2026\n".encode(), "the prompt")

    def test_lines_that_come_byte_by_byte_do_not_mix(self):
        code = ("import os\nname = os.environ['FRONTDOOR_INSTANCE'].encode()\n"
                "for i in range(300):\n  for byte in name * 5 + b'\\n': os.write(1 + i % 2, bytes([byte]))\n")
        with Frontdoor(table(code + STAY, instances=3, more="max_starting = 3")) as door:
            eventually(lambda: stdout(door).count(b"\n") >= 900, "the lines")
            for line in stdout(door).splitlines():
                self.assertRegex(line.decode(), r"^(app\.\d) [|!] (\1){5}$")

    def test_a_pool_that_is_gone_leaves_no_thread(self):
        def threads():
            names = []
            for thread in os.listdir(f"/proc/{front_door(door)}/task"):
                with contextlib.suppress(FileNotFoundError):  # it has just ended
                    with open(f"/proc/{front_door(door)}/task/{thread}/comm", encoding="ascii") as file:
                        names.append(file.read().strip())
            return names.count("app-output")

        with tempfile.TemporaryDirectory() as directory:
            logs = f'file = "{directory}/{{pool}}.log"'
            with Frontdoor(table("print('a')" + STAY, logs=logs)) as door:
                eventually(lambda: threads() == 2, "a thread for standard output and one for the file")
                door.reload(table("print('b')" + STAY, name="other", logs=logs))
                eventually(lambda: lines_of(f"{directory}/other.log") and threads() == 2, "the same for the other pool")

    def test_a_change_of_where_they_go_touches_no_process(self):
        code = "import time\nfor i in range(10**6):\n  print(i); time.sleep(0.01)"
        with tempfile.TemporaryDirectory() as directory:
            file = os.path.join(directory, "app.log")
            with Frontdoor(table(code)) as door:
                eventually(lambda: stdout(door), "a line")
                door.reload(table(code, logs=f'mode = "json", file = "{file}"'))
                eventually(lambda: lines_of(file), "a line in the file")
                eventually(lambda: stdout(door).endswith(b'"}\n'), "JSON")
                door.reload(table(code, logs='mode = "off"'))
                self.assertEqual(len(events(door, "instance started")), 1)


class Terminal(unittest.TestCase):
    def shown(self, environment, until, stop=True):
        """What a terminal gets of a program that colours, clears the screen and claims to be another."""
        code = r"""
import os
os.write(1, b'\x1b[31mred\n\x1b[2J\x1b]0;title\x07\rapp.9 | fake \xff\n')
os.write(2, b'oh dear\n')
""" + STAY
        door = Frontdoor(table(code))
        ours, theirs = pty.openpty()
        before = dict(os.environ)
        try:
            os.environ.pop("NO_COLOR", None)
            os.environ.update({"TERM": "xterm", **environment})
            door.spawn(stdout=theirs)
            os.environ.clear()
            os.environ.update(before)
            door.wait_until_ready()
            got = b""
            while got.count(b"\n") < until:
                self.assertTrue(select.select([ours], [], [], 20)[0], f"waited in vain; so far {got!r}")
                got += os.read(ours, 65536)
            return sorted(got.replace(b"\r\n", b"\n").splitlines())
        finally:
            os.environ.clear()
            os.environ.update(before)
            os.close(theirs)
            door.close()
            os.close(ours)

    def test_keeps_colours_and_is_not_obeyed_in_anything_else(self):
        lines = self.shown({}, 3)
        self.assertIn(b"\x1b[36mapp.1 |\x1b[0m \x1b[31mred\x1b[0m", lines)
        self.assertIn(b"\x1b[36mapp.1 |\x1b[0m ^[[2J^[]0;title^G^Mapp.9 | fake \\xff", lines)
        self.assertIn(b"\x1b[36mapp.1 \x1b[31m!\x1b[0m oh dear", lines)

    def test_no_color_is_respected(self):
        self.assertIn(b"app.1 ! oh dear", self.shown({"NO_COLOR": "1"}, 3))


class LastWords(Directory):
    def test_before_a_crash_are_all_there(self):
        code = "import os, signal\nfor i in range(3000): print('line', i)\nos.kill(os.getpid(), signal.SIGKILL)"
        file = self.path("{instance}.log")
        with Frontdoor(table(code, logs=f'file = "{file}"', more='restart = { policy = "never" }')) as door:
            eventually(lambda: events(door, "instance ended"), "the end")
            wanted = [f"line {i}" for i in range(3000)]
            eventually(lambda: texts(lines_of(self.path("app.1.log"))) == wanted, "all of its lines")
            eventually(lambda: [l for l in stdout(door).decode().splitlines()] == [f"app.1 | {t}" for t in wanted], "and there")
            self.assertEqual(events(door, "instance ended")[0]["last_words"].splitlines()[-1], "line 2999")

    def test_after_a_stop_are_all_there_and_nobody_gets_sigpipe(self):
        code = ("import signal, sys, time\n"
                "def stop(*_):\n  for i in range(20000): print('going', i)\n  sys.exit(3)\n"
                "signal.signal(signal.SIGTERM, stop)\nprint('up')" + STAY)
        with Frontdoor(table(code, logs=f'file = "{self.path("app.log")}"')) as door:
            eventually(lambda: stdout(door), "the first line")
            door.terminate()
            self.assertEqual(door.wait(), 0)
            wanted = ["up"] + [f"going {i}" for i in range(20000)]
            self.assertEqual(texts(lines_of(self.path("app.log"))), wanted)
            self.assertEqual(len(stdout(door).splitlines()), len(wanted))
            self.assertEqual(events(door, "instance stopped")[0]["end"], "exit 3")

    def test_after_a_stop_or_a_crash_logs_shows_them_all(self):
        code = ("import os, signal, sys\n"
                "def stop(*_):\n  for i in range(400): print('going', i)\n  print('last word', end='')\n  sys.stdout.flush()\n  os._exit(3)\n"
                "def crash(*_):\n  for i in range(400): print('falling', i)\n  sys.stdout.flush()\n  os.kill(os.getpid(), signal.SIGKILL)\n"
                "signal.signal(signal.SIGTERM, stop)\nsignal.signal(signal.SIGUSR2, crash)\nprint('up')" + STAY)
        worker = 'port = "none"\nmin_uptime = "10ms"\nrestart = { policy = "never" }'
        with Frontdoor(table(code, more=worker)) as door:
            eventually(lambda: stdout(door), "the first line")
            self.assertEqual(command("stop", "app", door=door).returncode, 0)
            told = command("logs", "app", "-n", "1000", door=door)
            self.assertEqual(told.returncode, 0, told.stderr)
            wanted = ["up"] + [f"going {i}" for i in range(400)] + ["last word"]
            self.assertEqual([line.partition(" | ")[2] for line in told.stdout.splitlines()], wanted)
            self.assertEqual(command("start", "app", door=door).returncode, 0)
            eventually(lambda: stdout(door).count(b"up\n") == 2, "its next life")
            os.kill(events(door, "instance started")[-1]["pid"], signal.SIGUSR2)
            eventually(lambda: events(door, "instance ended", end="SIGKILL"), "the crash")
            told = command("logs", "app.1", "-n", "1000", door=door).stdout.splitlines()
            self.assertEqual([line.partition(" | ")[2] for line in told], wanted + ["up"] + [f"falling {i}" for i in range(400)])

    def test_without_a_newline_are_there_too(self):
        with Frontdoor(table("import os; os.write(2, b'no newline'); os._exit(1)", more='restart = { policy = "never" }')) as door:
            ended = eventually(lambda: events(door, "instance ended"), "the end")[0]
            self.assertEqual(ended["last_words"], "no newline")
            eventually(lambda: stdout(door) == b"app.1 ! no newline\n", "the line")

    def test_what_is_in_the_pipe_when_the_front_door_is_killed_is_not_lost(self):
        # The front door stands still, so that all of it is in the pipe.
        code = (f"import signal, pathlib\n"
                f"def more(*_):\n  for i in range(500): print('meanwhile', i)\n  pathlib.Path({self.path('written')!r}).touch()\n"
                f"signal.signal(signal.SIGUSR2, more)\nprint('before')" + STAY)
        file = self.path("app.log")
        with Frontdoor(table(code, logs=f'file = "{file}", max_size = "4KiB", keep = 100')) as door:
            eventually(lambda: lines_of(file), "the first line")
            killed = front_door(door)
            (app,) = [e["pid"] for e in events(door, "instance started")]
            os.kill(killed, signal.SIGSTOP)
            os.kill(app, signal.SIGUSR2)
            eventually(lambda: os.path.exists(self.path("written")), "that the app has written")
            os.kill(killed, signal.SIGKILL)

            def everything():
                names = sorted((n for n in os.listdir(self.directory) if n.startswith("app.log")),
                               key=lambda n: -int(n[8:] or 0))
                return texts([line for name in names for line in lines_of(self.path(name))])

            eventually(lambda: everything() == ["before"] + [f"meanwhile {i}" for i in range(500)], "all lines, over several files")


class Floods(Directory):
    def test_a_child_that_floods_is_slowed_and_nobody_else(self):
        quiet = table(name="quiet", command=["node", APP])
        routes = '[[route]]\npath = "/flood*"\npool = "app"\n[[route]]\npool = "quiet"\n'
        flood = "import os\nblock = b'flooding\\n' * 8000\nwhile True: os.write(1, block)"
        with Frontdoor(quiet + table(flood, logs=f'mode = "off", file = "{self.path("app.log")}", max_size = "1MiB", keep = 1')
                       + routes) as door:
            eventually(lambda: events(door, "instance writes more than is taken and is slowed", instance="app.1"), "that it is told", timeout=60)
            for _ in range(20):
                get(door.address)
            self.assertEqual(events(door, "upstream down"), [])
            self.assertLess(processes.rss_kib(front_door(door)), 150_000)
            sizes = [os.path.getsize(self.path(name)) for name in os.listdir(self.directory)]
            self.assertLessEqual(sum(sizes), 2 * 1024 * 1024)
            self.assertLessEqual(len(sizes), 2)

    def nobody_reads(self, reading, writing):
        """An app that writes more than all our room takes is slowed, loses lines, and is never stopped."""
        done = self.path("done")
        code = (f"import os, pathlib\nline = b'x' * 99 + b'\\n'\nfor i in range(50000): os.write(1, line)\n"
                f"pathlib.Path({done!r}).touch()" + STAY)
        door = Frontdoor(table(code))
        try:
            door.spawn(stdout=writing)
            door.wait_until_ready()
            eventually(lambda: os.path.exists(done), "that the app has written all it had", timeout=60)
            lost = eventually(lambda: events(door, "output of instances is lost"), "that the loss is told")
            self.assertEqual((lost[0]["destination"], lost[0]["reason"]), ("standard output", "it takes less than the instances write"))
            self.assertEqual(len(lost), 1)
            self.assertTrue(events(door, "instance writes more than is taken and is slowed", reason="standard output is slow"))
            door.terminate()
            self.assertEqual(door.wait(), 0, "nor is the end of the program waited for without end")
        finally:
            door.close()
            os.close(writing)
            os.close(reading)

    def test_a_pipe_that_nobody_reads(self):
        self.nobody_reads(*os.pipe())

    def test_a_terminal_that_was_stopped_with_ctrl_s(self):
        ours, theirs = pty.openpty()
        termios.tcflow(theirs, termios.TCOOFF)
        self.nobody_reads(ours, theirs)


class Misfortune(Directory):
    DRAINED = "for i in range(20000): print('x' * 50)\nprint('drained', flush=True)"

    def goes_on(self, logs, wanted=None):
        """The app writes more than its pipe holds, and standard output shows that it has not been stopped."""
        door = Frontdoor(table(self.DRAINED + STAY, logs=logs))
        with door:
            eventually(lambda: b"drained" in stdout(door), "that the app goes on")
            return eventually(lambda: events(door, wanted or "output of instances is lost"), "that it is told")

    def test_a_full_disk(self):
        lost = self.goes_on('file = "/dev/full"')
        self.assertEqual((lost[0]["destination"], lost[0]["reason"]), ("/dev/full", "No space left on device"))
        self.assertEqual(len(lost), 1, "told once, and not for each line")
        self.assertGreater(lost[0]["lines"], 0)

    def test_a_device_that_fails(self):
        # A terminal that has gone answers each write with EIO.
        ours, theirs = pty.openpty()
        file = self.path("app.log")
        door = Frontdoor(table("print('begun', flush=True)\n" + self.DRAINED + STAY, logs=f'file = "{file}"'))
        try:
            door.spawn(stdout=theirs)
            os.close(theirs)
            door.wait_until_ready()
            eventually(lambda: "begun" in texts(lines_of(file)), "its first line")
            os.close(ours)
            eventually(lambda: texts(lines_of(file))[-1:] == ["drained"], "that the app goes on")
            lost = eventually(lambda: events(door, "output of instances is lost"), "that it is told")
            self.assertEqual((lost[0]["destination"], lost[0]["reason"]), ("standard output", "Input/output error"))
            self.assertEqual(len(lost), 1)
            self.assertEqual(texts(lines_of(file)).count("x" * 50), 20_000, "the other destination has all of them")
        finally:
            door.close()

    def test_a_directory_that_is_gone_for_good(self):
        code = "import time\nfor i in range(10**6):\n  print('tick', i, flush=True); time.sleep(0.01)"
        with Frontdoor(table(code, logs=f'file = "{self.path("logs/app.log")}"')) as door:
            eventually(lambda: lines_of(self.path("logs/app.log")), "a line")
            shutil.rmtree(self.path("logs"))
            with open(self.path("logs"), "wb"):  # nobody can make it again
                pass
            told = eventually(lambda: events(door, "log file not opened, trying again"), "that it is told")
            lost = eventually(lambda: events(door, "output of instances is lost"), "that what is lost is counted")
            before = len(stdout(door).splitlines())
            eventually(lambda: len(stdout(door).splitlines()) > before + 50, "that the app goes on")
            self.assertEqual((len(events(door, "log file not opened, trying again")), len(events(door, "output of instances is lost"))),
                             (1, 1))
            self.assertIn("Not a directory", told[0]["reason"])
            self.assertGreater(lost[0]["lines"], 0)
            self.assertEqual(lost[0]["reason"], "it was removed and can not be made again")
            os.unlink(self.path("logs"))
            eventually(lambda: lines_of(self.path("logs/app.log")), "that it goes on once it can")

    def test_a_disk_below_its_floor(self):
        told = self.goes_on(f'file = "{self.path("app.log")}", min_free = "100000GiB"', "log files are not written")
        self.assertIn("min_free", told[0]["reason"])
        self.assertEqual(len(told), 1)

    def test_a_directory_that_cannot_be_made(self):
        with open(self.path("in-the-way"), "wb"):
            pass
        told = self.goes_on(f'file = "{self.path("in-the-way/app.log")}"', "log file not opened, trying again")
        self.assertEqual(len(told), 1)
        self.assertIn("Not a directory", told[0]["reason"])

    def test_nobody_reads_standard_output_any_more(self):
        reading, writing = os.pipe()
        os.close(reading)
        file = self.path("app.log")
        door = Frontdoor(table(self.DRAINED + STAY, logs=f'file = "{file}"'))
        try:
            door.spawn(stdout=writing)
            os.close(writing)
            door.wait_until_ready()
            eventually(lambda: texts(lines_of(file))[-1:] == ["drained"], "that the app goes on")
            lost = eventually(lambda: events(door, "output of instances is lost"), "that it is told")
            self.assertEqual((lost[0]["destination"], lost[0]["reason"]), ("standard output", "Broken pipe"))
        finally:
            door.close()

    def ticking(self, **more):
        code = "import time\nfor i in range(10**6):\n  print('tick', i); time.sleep(0.01)"
        return Frontdoor(table(code, logs=f'mode = "off", file = "{self.path("logs/app.log")}"', **more))

    def test_a_directory_that_is_removed_is_made_again(self):
        with self.ticking() as door:
            eventually(lambda: lines_of(self.path("logs/app.log")), "a line")
            shutil.rmtree(self.path("logs"))
            eventually(lambda: lines_of(self.path("logs/app.log")), "a line in the new one")
            eventually(lambda: len(events(door, "log file reopened")) == 1, "that it is told")

    def test_a_file_that_is_moved_is_noticed_and_sigusr1_is_quicker(self):
        with self.ticking() as door:
            eventually(lambda: lines_of(self.path("logs/app.log")), "a line")
            os.rename(self.path("logs/app.log"), self.path("logs/moved"))
            eventually(lambda: lines_of(self.path("logs/app.log")), "a line in the new one")
            os.rename(self.path("logs/app.log"), self.path("logs/moved again"))
            os.kill(door.pid, signal.SIGUSR1)
            eventually(lambda: lines_of(self.path("logs/app.log")), "a line in the next one")
            door.terminate()
            self.assertEqual(door.wait(), 0)
            ticks = [int(text.split()[1]) for name in ("moved", "moved again", "app.log")
                     for text in texts(lines_of(self.path(f"logs/{name}")))]
            self.assertEqual(ticks, list(range(len(ticks))), "each line once and in order")


class WithoutThreads(Directory):
    """As where an app has taken all that a cgroup's pids.max allows."""

    def test_a_reload_holds_signals_are_heard_and_the_file_comes_when_there_is_room(self):
        if sanitized():
            self.skipTest("a sanitizer's shadow is address space too")
        code = "import time\nwhile True: print('a line'); time.sleep(0.05)\n"
        file = self.path("app.log")
        with Frontdoor(table(code)) as door:
            pid = front_door(door)
            with open(f"/proc/{pid}/status", encoding="ascii") as status:
                size = next(int(line.split()[1]) for line in status if line.startswith("VmSize:")) << 10
            resource.prlimit(pid, resource.RLIMIT_AS, (size + (1 << 20), resource.RLIM_INFINITY))
            door.reload(table(code, logs=f'file = "{file}"'))
            eventually(lambda: events(door, "reloaded"), "the reload")
            self.assertTrue(events(door, "the log files of a pool can not be written as the config says, it is tried again"))
            door.reload(table(code, logs=f'file = "{file}"', more='max_memory = "1GiB"'))
            eventually(lambda: len(events(door, "reloaded")) == 2, "the second reload: signals are heard")
            resource.prlimit(pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            eventually(lambda: lines_of(file), "lines in the file")


if __name__ == "__main__":
    main()
