#!/usr/bin/env python3
"""What the README shows: installing puts the program, its pages and its completions where people and shells look, and
the file it prints is a good one. Usage: install_test.py CMAKE BUILD_DIRECTORY"""

import os
import re
import subprocess
import sys
import tempfile
import unittest

CMAKE, BUILD = sys.argv[1:3]
README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../README.md")


class Install(unittest.TestCase):
    def test_what_the_readme_says(self):
        with open(README, encoding="utf-8") as file:
            readme = file.read()
        with tempfile.TemporaryDirectory() as prefix:
            subprocess.run([CMAKE, "--install", BUILD, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL,
                           timeout=60)
            for path in ("share/doc/frontdoor/examples/fd.toml", "share/doc/frontdoor/changelog", "lib/sysusers.d/frontdoor.conf",
                         "lib/systemd/system/frontdoor.socket", "share/man/man1/frontdoor.1", "share/man/man5/fd.toml.5", "share/zsh/site-functions/_frontdoor",
                         "share/bash-completion/completions/frontdoor", "share/fish/vendor_completions.d/frontdoor.fish"):
                self.assertTrue(os.path.exists(os.path.join(prefix, path)), path)

            for unit in "frontdoor.service", "frontdoor-app@.service":
                with open(os.path.join(prefix, "lib/systemd/system", unit), encoding="utf-8") as file:
                    self.assertIn(f"ExecStart={prefix}/bin/frontdoor ", file.read())

            (config,) = re.findall(r"```toml\n(.*?)```", readme, re.S)
            with open(os.path.join(prefix, "fd.toml"), "w", encoding="utf-8") as file:
                file.write(config)
            environment = dict(os.environ, PATH=os.path.join(prefix, "bin") + ":" + os.environ["PATH"])
            for command in ("frontdoor version", "frontdoor check --config fd.toml"):
                self.assertIn(command, readme)
                done = subprocess.run(command.split(), cwd=prefix, env=environment, capture_output=True, text=True,
                                      timeout=20, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""), command)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
