#!/usr/bin/env python3
"""What packaging/ promises, as far as it can be seen without root and without a network: units that systemd takes
and calls safe, scripts that a shell can read, and commands that the program has.
Usage: packaging_test.py FRONTDOOR. What needs root, time or a network is in tests/acceptance."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

FRONTDOOR = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "frontdoor"
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
UNITS = ["frontdoor.service", "frontdoor.socket", "frontdoor-app@.service"]


def path_of(*parts):
    return os.path.join(ROOT, *parts)


def text_of(*parts):
    with open(path_of(*parts), encoding="utf-8") as file:
        return file.read()


def settings(unit):
    """Of a unit: (section, key, value), comments left out."""
    section = ""
    for line in text_of("packaging/systemd", unit).splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, value = line.split("=", 1)
            yield section, key, value


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


def has_command(words):
    """Whether the program knows this command with these options; it is asked for help, and starts nothing."""
    command = words[:1] if not words[0].startswith("-") else ["run"]
    known = run(FRONTDOOR, "help", *command)
    options = {word.split("=")[0] for word in words if word.startswith("--")} - {"--"}
    return known.returncode == 0 and all(option in known.stdout for option in options)


class Units(unittest.TestCase):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd here")
    def test_systemd_understands_every_line(self):
        wrong = "frontdoor-wrong.service"
        with tempfile.TemporaryDirectory() as directory:
            for unit in UNITS:
                with open(os.path.join(directory, unit.replace("@", "@shop")), "w", encoding="utf-8") as file:
                    file.write(text_of("packaging/systemd", unit).replace("/usr/bin/frontdoor", FRONTDOOR))
            with open(os.path.join(directory, wrong), "w", encoding="utf-8") as file:
                file.write(f"[Service]\nExecStart={FRONTDOOR}\nWatchdogSecs=30s\n")
            for unit in sorted(os.listdir(directory)):
                done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", os.path.join(directory, unit))
                said = [line for line in done.stderr.splitlines() if "frontdoor" in line]
                self.assertEqual(bool(said), unit == wrong, f"{unit}: {said}")

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd here")
    def test_systemd_calls_them_safe(self):
        # What it prints is quoted in docs/hardening.md. 10 is the worst; the limit is in tenths.
        for unit, most in ("frontdoor.service", "1.8"), ("frontdoor-app@.service", "3.3"):
            done = run("systemd-analyze", "security", "--no-pager", "--offline=yes", f"--threshold={most.replace('.', '')}",
                       path_of("packaging/systemd", unit))
            score = re.search(r"exposure level for \S+: (\S+)", done.stdout)
            self.assertIsNotNone(score, done.stderr)
            self.assertLessEqual(float(score[1]), float(most), unit)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_what_they_run_exists(self):
        for unit in UNITS:
            for _, key, value in settings(unit):
                if key.startswith("Exec") and "frontdoor" in value:
                    words = value.split()
                    self.assertEqual(words[0], "/usr/bin/frontdoor")
                    self.assertTrue(has_command([word for word in words[1:] if not word.startswith("$")]), value)

    def test_the_main_process_speaks_and_a_reload_checks_first(self):
        for unit in "frontdoor.service", "frontdoor-app@.service":
            every = list(settings(unit))
            service = {key: value for section, key, value in every if section == "Service"}
            self.assertEqual((service["Type"], service["NotifyAccess"], service["KillMode"]), ("notify", "main", "mixed"))
            reload = [value for _, key, value in every if key == "ExecReload"]
            self.assertRegex(reload[0], r"^/usr/bin/frontdoor check --config \S+$")
            self.assertEqual(reload[1:], ["/bin/kill -HUP $MAINPID"])
            self.assertEqual(service["CapabilityBoundingSet"], "CAP_NET_BIND_SERVICE")

    def test_the_socket_has_the_name_that_the_docs_use(self):
        (name,) = [value for _, key, value in settings("frontdoor.socket") if key == "FileDescriptorName"]
        self.assertIn(f'listen = "fd:{name}"', text_of("docs/systemd.md"))
        self.assertIn(f'listen = "fd:{name}"', text_of("packaging/systemd/frontdoor.socket"))


class Package(unittest.TestCase):
    def test_one_version_everywhere(self):
        version = re.search(r"project\(frontdoor VERSION (\S+)", text_of("CMakeLists.txt"))[1]
        self.assertTrue(text_of("packaging/debian/changelog").startswith(f"frontdoor ({version}-1) "))
        self.assertIn(f"## {version}", text_of("CHANGELOG.md"))

    def test_scripts_can_be_read_and_stop_at_an_error(self):
        for name in "postinst", "prerm", "postrm":
            self.assertEqual(run("sh", "-n", path_of("packaging/debian", name)).stderr, "")
            self.assertIn("\nset -e\n", text_of("packaging/debian", name))
            self.assertTrue(os.access(path_of("packaging/debian", name), os.X_OK), name)
        for name in "package",:
            self.assertEqual(run("bash", "-n", path_of("scripts", name)).stderr, "")

    def test_conffiles_are_what_is_installed_below_etc(self):
        cmake = text_of("packaging/CMakeLists.txt")
        installed = set()
        for files, directory, name in re.findall(r"install\(FILES (\S+) DESTINATION (/etc/\S+?)(?: RENAME (\S+?))?\)", cmake):
            installed.add(f"{directory}/{name or os.path.basename(files)}")
        self.assertEqual(set(text_of("packaging/debian/conffiles").split()), installed)

    def test_the_user_is_the_same_everywhere(self):
        for unit in "frontdoor.service", "frontdoor-app@.service":
            self.assertIn(("Service", "User", "frontdoor"), list(settings(unit)))
        self.assertRegex(text_of("packaging/systemd/frontdoor.sysusers"), r"(?m)^u frontdoor ")
        self.assertIn(" frontdoor\n", text_of("packaging/debian/postinst"))


class Configs(unittest.TestCase):
    def test_every_config_can_be_served(self):
        found = [os.path.join(directory, name)
                 for top in ("packaging", "examples") for directory, _, names in os.walk(path_of(top)) for name in names
                 if name.endswith(".toml")]
        self.assertGreater(len(found), 10)
        for config in found:
            done = run(FRONTDOOR, "check", "--config", config, cwd=os.path.dirname(config))
            self.assertEqual(done.returncode, 0, f"{config}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
