"""A frontdoor that is upgraded: it is started by a link, which leads to another program when the test says so."""

import contextlib
import os
import signal
import subprocess

from . import process
from .admin import api, command
from .frontdoor import Frontdoor
from .main import binary
from .process import eventually


class Upgradable(Frontdoor):
    def __init__(self, config, *arguments, variables=(), **options):
        super().__init__(config, *arguments, **options)
        self.program = os.path.join(self.directory, "frontdoor")
        self.variables = variables
        self.config = config  # of its first start
        self.point_to(binary())
        self.others = []

    def point_to(self, program):
        os.symlink(program, self.program + ".new")
        os.replace(self.program + ".new", self.program)

    def script(self, text):
        """Another program instead, which is a shell script."""
        path = os.path.join(self.directory, "script")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + text)
        os.chmod(path, 0o755)
        self.point_to(path)

    def spawn(self, stdout=None, stdin=subprocess.DEVNULL, config=None):
        variables = ["env", *self.variables] if self.variables else []
        with open(self.stdout_file, "wb") as out, open(self.stderr_file, "wb") as err:
            self.process = process.spawn(
                [*self.prefix, *variables, self.program, "--config", config or self.config_file, "--ready-file", self.ready_file,
                 *self.options],
                stdin=stdin, stdout=out if stdout is None else stdout, stderr=err, pass_fds=self.pass_fds)
        return self

    def serving(self):
        """The process that answers over the admin socket; while two do, either of them."""
        return api(self, "status")[1]["pid"]

    def upgrade(self, *options):
        return command("upgrade", *options, door=self)

    def upgraded(self, *options):
        """One that must succeed; the pids of the old one and the new one."""
        before = api(self, "status")[1]
        old, alone = before["pid"], before["pid"] == before["main_pid"]
        status, done = api(self, "upgrade", "POST", dict(options))
        if status != 200:
            raise AssertionError(f"{done}\n{self.stderr()[-4000:]}")
        new = done["pid"]
        if alone:
            self.others.append(new)
        eventually(self._wrote_ready_file, "the ready file of the new one")
        return old, new

    def _wrote_ready_file(self):
        try:
            with open(self.ready_file, encoding="utf-8") as file:
                text = file.read()
        except FileNotFoundError:
            return False
        self.addresses = dict(line.split(" ", 1) for line in text.splitlines())
        return text.endswith("\n")

    def close(self):
        # Without a launcher the new one is nobody's child that this test could wait for.
        for pid in self.others:
            if process.alive(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
        status = super().close()
        for pid in self.others:
            eventually(lambda p=pid: not process.alive(p), f"the end of {pid}", timeout=60)
        return status
