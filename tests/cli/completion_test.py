#!/usr/bin/env python3
"""The completion scripts in the shells they are for: what is offered where. A shell that is not installed is left
out; bash always is. Usage: completion_test.py FRONTDOOR"""

import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)

COMMANDS = ["cert", "check", "completion", "config", "demo", "drain", "events", "healthcheck", "help", "logs", "maintenance", "proxy", "ready", "reload", "restart",
            "run", "scale", "shutdown", "start", "status", "stop", "top", "upgrade", "upstream", "version", "weight", "why"]
CASES = [  # what has been typed (the last word is being completed), what is offered
    (["frontdoor", ""], [*COMMANDS, "--config", "--env", "--help", "--ready-file", "--version", "--watch", "--workers"]),
    (["frontdoor", "c"], ["cert", "check", "completion", "config"]),
    (["frontdoor", "--c"], ["--config"]),
    (["frontdoor", "--config", "conf"], ["conf one.toml", "conf.d"]),
    (["frontdoor", "--config", "fd.toml", "--w"], ["--watch", "--workers"]),
    (["frontdoor", "check", "--"], ["--config", "--env", "--help"]),
    (["frontdoor", "check", "--config", "fd"], ["fd.toml"]),
    (["frontdoor", "run", "--ready-file", "fd"], ["fd.toml"]),
    (["frontdoor", "run", "--workers", ""], []),
    (["frontdoor", "config", ""], ["diff", "import", "show", "--help"]),
    (["frontdoor", "config", "s"], ["show"]),
    (["frontdoor", "upstream", ""], ["add", "remove", "--help"]),
    (["frontdoor", "upstream", "add", "--w"], ["--weight"]),
    (["frontdoor", "cert", ""], ["self-signed", "--help"]),
    (["frontdoor", "cert", "self-signed", "--"], ["--cert", "--help", "--key"]),
    (["frontdoor", "config", "import", "--"], ["--help"]),
    (["frontdoor", "config", "show", "--c"], ["--config"]),
    (["frontdoor", "proxy", "--"], ["--health", "--help", "--listen", "--ready-file", "--to", "--workers"]),
    (["frontdoor", "proxy", "--to", "run", "--h"], ["--health", "--help"]),
    (["frontdoor", "completion", ""], ["--help", "bash", "fish", "zsh"]),
    (["frontdoor", "help", "co"], ["completion", "config"]),
    (["frontdoor", "restart", "app", "--n"], ["--now"]),
    (["frontdoor", "restart", "--now", "--s"], ["--socket"]),
    (["frontdoor", "status", "--json", "--socket", "fd"], ["fd.toml"]),
    (["frontdoor", "logs", "-f", "--j"], ["--json"]),
    (["frontdoor", "version", "x"], []),
]


class Completion(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        (self.directory / "fd.toml").touch()
        (self.directory / "conf one.toml").touch()
        (self.directory / "conf.d").mkdir()

    def run_in(self, shell, code):
        environment = {**os.environ, "HOME": str(self.directory), "XDG_CONFIG_HOME": str(self.directory),
                       "LC_ALL": "C.UTF-8"}
        done = subprocess.run([shell, "-c", code], cwd=self.directory, env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""), code)
        return done.stdout

    def script(self, shell):
        done = subprocess.run([PROGRAM, "completion", shell], capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        file = self.directory / f".completion.{shell}"
        file.write_text(done.stdout)
        return shlex.quote(str(file))

    def need(self, shell):
        if shutil.which(shell) is None:
            self.skipTest(f"{shell} is not installed")

    def bash(self, words):
        array = " ".join(shlex.quote(word) for word in words)
        return self.run_in("bash", f"""source {self.script('bash')}
            COMP_WORDS=({array}) COMP_CWORD={len(words) - 1}
            _frontdoor
            [[ ${{#COMPREPLY[@]}} -eq 0 ]] || printf '%s\\n' "${{COMPREPLY[@]}}" """).splitlines()

    def test_bash(self):
        for words, offered in CASES:
            self.assertEqual(sorted(self.bash(words)), sorted(offered), words)

    def test_bash_breaks_words_at_the_equals_sign(self):
        for words, offered in [(["--config", "="], ["conf one.toml", "conf.d", "fd.toml"]),
                               (["--config", "=", "fd"], ["fd.toml"]),
                               (["--workers", "=", ""], []),
                               (["check", "--config", "=", "fd.toml", "--h"], ["--help"])]:
            found = [word for word in self.bash(["frontdoor", *words]) if not word.startswith(".")]
            self.assertEqual(sorted(found), sorted(offered), words)

    # zsh completes inside its line editor only, so what the function calls there is stood in for.
    def test_zsh(self):
        self.need("zsh")
        for words, offered in CASES:
            array = " ".join(shlex.quote(word) for word in words)
            found = self.run_in("zsh", f"""
                compdef() {{ [[ "$*" == "_frontdoor frontdoor" ]] || print -u2 "compdef $*" }}
                _files() {{ print -l -- ${{words[CURRENT]}}*(N) }}
                _describe() {{ local o; for o in $offers; do
                    [[ $o == ${{words[CURRENT]}}* ]] && print -r -- ${{o%%:*}}; done; true }}
                source {self.script('zsh')}
                words=({array}) CURRENT={len(words)}
                _frontdoor""").splitlines()
            self.assertEqual(sorted(found), sorted(offered), words)

    def test_fish(self):
        self.need("fish")
        for words, offered in CASES:
            line = " ".join(shlex.quote(word) if word else "" for word in words)
            found = self.run_in("fish", f"source {self.script('fish')}; complete -C {shlex.quote(line)}").splitlines()
            found = [word.split("\t")[0].rstrip("/").replace("\\ ", " ") for word in found]
            if not words[-1]:  # fish offers options only when a dash has been typed
                offered = [word for word in offered if not word.startswith("-")]
            self.assertEqual(sorted(found), sorted(offered), words)


if __name__ == "__main__":
    unittest.main()
