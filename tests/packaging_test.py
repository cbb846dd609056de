#!/usr/bin/env python3
"""What packaging/ and docker/ promise, as far as it can be seen without root and without a network: units that systemd takes
and calls safe, scripts that a shell can read, manifests that fit together, and commands that the program has.
Usage: packaging_test.py FRONTDOOR. What needs root, time or a network is in tests/acceptance."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

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
        # 10 is the worst; the limit is in tenths. Of the table in docs/hardening.md, which quotes what it says.
        quoted = re.search(r"^\| `systemd-analyze security` \| (\S+) OK \| (\S+) OK \|$", text_of("docs/hardening.md"), re.M).groups()
        for unit, most in zip(("frontdoor.service", "frontdoor-app@.service"), quoted):
            done = run("systemd-analyze", "security", "--no-pager", "--offline=yes", f"--threshold={most.replace('.', '')}",
                       path_of("packaging/systemd", unit))
            score = re.search(r"exposure level for \S+: (\S+)", done.stdout)
            self.assertIsNotNone(score, done.stderr)
            self.assertEqual(score[1], most, unit)
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
            self.assertEqual(reload[1:], ["/bin/sh -c 'kill -HUP $MAINPID'"])
            self.assertEqual(service["CapabilityBoundingSet"], "CAP_NET_BIND_SERVICE")
            # One below /run/frontdoor, where `frontdoor status` looks; a unit that stops takes away its own only.
            self.assertRegex(service["RuntimeDirectory"], r"^frontdoor/[^/]+$")

    def test_the_socket_has_the_name_that_the_docs_use(self):
        (name,) = [value for _, key, value in settings("frontdoor.socket") if key == "FileDescriptorName"]
        self.assertIn(f'listen = "fd:{name}"', text_of("docs/systemd.md"))
        self.assertIn(f'listen = "fd:{name}"', text_of("packaging/systemd/frontdoor.socket"))


class Package(unittest.TestCase):
    def test_one_version_everywhere(self):
        version = re.search(r"project\(frontdoor VERSION (\S+)", text_of("CMakeLists.txt"))[1]
        self.assertTrue(text_of("packaging/debian/changelog").startswith(f"frontdoor ({version}-1) "))
        self.assertIn(f"## {version}", text_of("CHANGELOG.md"))
        for name in "edge", "sidecar":
            images = yaml.safe_load(text_of(f"packaging/kubernetes/{name}/kustomization.yaml"))["images"]
            self.assertIn({"name": "frontdoor", "newTag": version}, images)

    def test_scripts_can_be_read_and_stop_at_an_error(self):
        for name in "postinst", "prerm", "postrm":
            self.assertEqual(run("sh", "-n", path_of("packaging/debian", name)).stderr, "")
            self.assertIn("\nset -e\n", text_of("packaging/debian", name))
            self.assertTrue(os.access(path_of("packaging/debian", name), os.X_OK), name)
        for name in "package",:
            self.assertEqual(run("bash", "-n", path_of("scripts", name)).stderr, "")

    def test_scripts_call_what_the_program_has(self):
        called = [line.split(";")[0].split() for name in ("postinst", "prerm", "postrm")
                  for line in re.findall(r"(?:if|elif) ! frontdoor (.+?)(?:;| >)", text_of("packaging/debian", name))]
        self.assertEqual([words[0] for words in called], ["check", "status", "upgrade"])
        for words in called:
            self.assertTrue(has_command(words), words)
        # The socket that it asks is the unit's.
        (directory,) = [value for _, key, value in settings("frontdoor.service") if key == "RuntimeDirectory"]
        self.assertIn(f"socket=/run/{directory}/admin.sock\n", text_of("packaging/debian/postinst"))

    def test_conffiles_are_what_is_installed_below_etc(self):
        cmake = text_of("packaging/CMakeLists.txt")
        installed = set()
        for files, directory, name in re.findall(r"install\(FILES (\S+) DESTINATION (/etc/\S+?)(?: RENAME (\S+?))?\)", cmake):
            installed.add(f"{directory}/{name or os.path.basename(files)}")
        self.assertEqual(set(text_of("packaging/debian/conffiles").split()), installed)

    def test_logrotate_has_the_access_log_and_nothing_that_frontdoor_rotates(self):
        rules = text_of("packaging/frontdoor.logrotate")
        covered = [path for line in re.findall(r"(?m)^([^#\n]*)\{$", rules) for path in line.split()]
        self.assertEqual(covered, ["/var/log/frontdoor/access.log"])
        self.assertNotIn("copytruncate", rules)
        self.assertIn("dateext", rules, "its old files are not called as frontdoor's are")
        for directory, _, names in os.walk(path_of("docs")):
            for name in names:
                if not name.endswith(".md"):
                    continue
                for block in re.findall(r"(?s)```toml\n(.*?)```", text_of(directory, name)):
                    output = re.search(r'(?m)^output\s*=\s*"(.*?)"', block)
                    rotates = re.search(r"(?m)^max_(size|age)\s*=", block)
                    if output and rotates:
                        self.assertNotIn(output.group(1), covered, name)
                    for file in re.findall(r'\bfile\s*=\s*"(.*?)"', block):
                        self.assertNotIn(file, covered, name)

    def test_the_user_is_the_same_everywhere(self):
        for unit in "frontdoor.service", "frontdoor-app@.service":
            self.assertIn(("Service", "User", "frontdoor"), list(settings(unit)))
        self.assertRegex(text_of("packaging/systemd/frontdoor.sysusers"), r"(?m)^u frontdoor ")
        self.assertIn(" frontdoor\n", text_of("packaging/debian/postinst"))


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m)", text).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60}[unit]


def timeouts(config):
    """Of a config with all defaults."""
    shown = run(FRONTDOOR, "config", "show", "--config", config).stdout
    table = re.search(r"^\[timeouts\]\n(.*?)(?=^\[|\Z)", shown, re.S | re.M)[1]
    return {key: seconds(value) for key, value in re.findall(r'^(drain\w*)\s*=\s*"(\w+)"', table, re.M)}


class Manifests(unittest.TestCase):
    """Their schemas are compared by tests/acceptance/manifests."""

    def pod(self, name):
        deployment = yaml.safe_load(text_of("packaging/kubernetes", name, "deployment.yaml"))
        return deployment["spec"]["template"]["spec"]

    def containers(self, name):
        pod = self.pod(name)
        return {each["name"]: each for each in [*pod.get("initContainers", []), *pod["containers"]]}

    def test_every_file_is_in_its_kustomization(self):
        for name in "edge", "sidecar":
            told = yaml.safe_load(text_of("packaging/kubernetes", name, "kustomization.yaml"))
            files = set(told["resources"]) | {file for each in told["configMapGenerator"] for file in each["files"]}
            self.assertEqual(files | {"kustomization.yaml"}, set(os.listdir(path_of("packaging/kubernetes", name))))

    def test_what_is_mounted_is_there_and_what_is_named_exists(self):
        for name in "edge", "sidecar":
            told = yaml.safe_load(text_of("packaging/kubernetes", name, "kustomization.yaml"))
            maps = {each["name"] for each in told["configMapGenerator"]}
            images = {each["name"] for each in told["images"]}
            volumes = {each["name"]: each for each in self.pod(name)["volumes"]}
            for volume in volumes.values():
                self.assertIn(volume.get("configMap", {}).get("name", next(iter(maps))), maps)
            ports = set()
            for container in self.containers(name).values():
                self.assertIn(container["image"], images)
                self.assertLessEqual({each["name"] for each in container.get("volumeMounts", [])}, set(volumes))
                ports |= {each["name"] for each in container.get("ports", [])}
            for file in told["resources"]:
                document = yaml.safe_load(text_of("packaging/kubernetes", name, file))
                for port in document["spec"].get("ports", []):
                    self.assertIn(port["targetPort"], ports)
                if document["kind"] == "HorizontalPodAutoscaler":
                    self.assertEqual(document["spec"]["scaleTargetRef"]["name"], "frontdoor")

    def test_a_service_monitor_finds_the_admin_port_of_each_pod(self):
        edge = "packaging/kubernetes/edge"
        (labels,) = yaml.safe_load(text_of(edge, "kustomization.yaml"))["labels"]
        services = [document for document in (yaml.safe_load(text_of(edge, file)) for file in ("service.yaml", "metrics.yaml"))
                    if document["kind"] == "Service"]
        monitor = yaml.safe_load(text_of(edge, "monitor.yaml"))
        self.assertEqual(monitor["kind"], "ServiceMonitor")
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        (found,) = [each for each in services if wanted <= {**labels["pairs"], **each["metadata"].get("labels", {})}.items()]
        (endpoint,) = monitor["spec"]["endpoints"]
        (port,) = [each for each in found["spec"]["ports"] if each["name"] == endpoint["port"]]
        (container,) = [each for each in self.containers("edge")["frontdoor"]["ports"] if each["name"] == port["targetPort"]]
        self.assertIn(f'address = "0.0.0.0:{container["containerPort"]}"', text_of(edge, "fd.toml"))
        self.assertEqual(found["spec"]["clusterIP"], "None", "each pod, and not one of them in turn")
        (public,) = [each for each in services if each is not found]
        self.assertNotIn(port["targetPort"], [each["targetPort"] for each in public["spec"]["ports"]], "clients do not get there")

    def test_the_program_takes_what_they_say(self):
        for name in "edge", "sidecar":
            container = self.containers(name)["frontdoor"]
            self.assertTrue(has_command(container["args"]), container["args"])
            for hook in container.get("lifecycle", {}).values():
                self.assertTrue(has_command(hook["exec"]["command"][1:]), hook)
            self.assertIn("readinessProbe", container)
            probe = container["livenessProbe"]
            if "exec" in probe:
                self.assertEqual(probe["exec"]["command"], ["frontdoor", "healthcheck"])
                self.assertTrue(has_command(["healthcheck"]))

    def test_who_scales_is_not_set_back(self):
        """`kubectl apply` of a Deployment that says how many pods there are undoes what a HorizontalPodAutoscaler has done."""
        directory = path_of("packaging/kubernetes/edge")
        told = {document["kind"]: document["spec"] for document in (yaml.safe_load(text_of(directory, file)) for file in os.listdir(directory)
                                                                    if file.endswith(".yaml") and file != "kustomization.yaml")}
        self.assertGreaterEqual(told["HorizontalPodAutoscaler"]["minReplicas"], 2)
        self.assertNotIn("replicas", told["Deployment"])

    def test_each_frontdoor_may_do_nothing_that_it_need_not(self):
        for name in "edge", "sidecar":
            container = self.containers(name)["frontdoor"]
            context = {**self.pod(name)["securityContext"], **container["securityContext"]}
            self.assertEqual((context["runAsNonRoot"], context["runAsUser"], context["allowPrivilegeEscalation"],
                              context["readOnlyRootFilesystem"], context["capabilities"], context["seccompProfile"]),
                             (True, 65532, False, True, {"drop": ["ALL"]}, {"type": "RuntimeDefault"}))
            self.assertFalse(self.pod(name)["automountServiceAccountToken"])
            self.assertIn("memory", container["resources"]["limits"])

    def test_a_pod_has_time_to_drain(self):
        for name in "edge", "sidecar":
            drains = timeouts(path_of("packaging/kubernetes", name, "fd.toml"))
            self.assertGreaterEqual(drains["drain_delay"], 5)
            self.assertLess(drains["drain_delay"], drains["drain"])
            self.assertGreaterEqual(self.pod(name)["terminationGracePeriodSeconds"], drains["drain"] + 10)
        app = self.containers("sidecar")["shop"]
        word, sleeps = app["lifecycle"]["preStop"]["exec"]["command"]
        self.assertEqual(word, "sleep")
        self.assertGreaterEqual(int(sleeps), drains["drain"], "the app outlives the last request")
        self.assertEqual(self.containers("sidecar")["frontdoor"]["restartPolicy"], "Always", "a native sidecar")

    def test_a_changed_config_map_is_read_at_the_edge(self):
        self.assertIn("--watch", self.containers("edge")["frontdoor"]["args"])
        options = yaml.safe_load(text_of("packaging/kubernetes/edge/kustomization.yaml"))["generatorOptions"]
        self.assertTrue(options["disableNameSuffixHash"])


class Images(unittest.TestCase):
    def instructions(self, name):
        text = re.sub(r"\\\n", " ", text_of("docker", name))
        return [line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#")]

    def words(self, value):
        return re.findall(r'"([^"]*)"', value)

    def test_they_run_the_program_as_nobody_special(self):
        for name in "Dockerfile", "Dockerfile.node-app":
            instructions = self.instructions(name)
            *_, user = [value for key, value in instructions if key == "USER"]
            self.assertEqual(user, "65532:65532")
            (entry,) = [self.words(value) for key, value in instructions if key == "ENTRYPOINT"]
            (command,) = [self.words(value) for key, value in instructions if key == "CMD"]
            self.assertEqual(entry[0], "frontdoor")
            self.assertTrue(has_command([*entry[1:], *command]))
            for check in [self.words(value) for key, value in instructions if key == "HEALTHCHECK"]:
                self.assertTrue(has_command(check[1:]), check)

    @unittest.skipUnless(shutil.which("promtool"), "no promtool here")
    def test_prometheus_takes_its_config(self):
        with tempfile.TemporaryDirectory() as directory:
            config = text_of("docker/compose/prometheus.yml").replace("/etc/prometheus/rules", path_of("packaging/prometheus"))
            for text, status in (config, 0), (config.replace("static_configs", "static_config"), 1):
                with open(os.path.join(directory, "prometheus.yml"), "w", encoding="utf-8") as file:
                    file.write(text)
                done = run("promtool", "check", "config", os.path.join(directory, "prometheus.yml"))
                self.assertEqual(done.returncode, status, done.stdout + done.stderr)
            self.assertIn("rules found", run("promtool", "check", "rules", path_of("packaging/prometheus/alerts.yml")).stdout)

    def test_grafana_finds_its_dashboard_where_it_is_mounted(self):
        """There is no Grafana to be had here: what its provisioning reads is compared with what the composition mounts."""
        grafana = yaml.safe_load(text_of("docker/compose.yml"))["services"]["grafana"]
        mounted = dict(volume.split(":")[:2][::-1] for volume in grafana["volumes"])
        self.assertEqual({os.path.dirname(path) for path in mounted if path.endswith(".yml")},
                         {"/etc/grafana/provisioning/datasources", "/etc/grafana/provisioning/dashboards"})
        (provider,) = yaml.safe_load(text_of("docker/compose/grafana/dashboards.yml"))["providers"]
        self.assertEqual(provider["type"], "file")
        directory = path_of("docker", mounted[provider["options"]["path"]])
        home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        self.assertEqual(os.path.dirname(home), provider["options"]["path"])
        with open(os.path.join(directory, os.path.basename(home)), encoding="utf-8") as file:
            board = json.load(file)
        for file in "datasources.yml", "dashboards.yml":
            self.assertEqual(yaml.safe_load(text_of("docker/compose/grafana", file))["apiVersion"], 1)
        # Every panel asks the data source that is chosen above it, which is Prometheus' kind.
        (choice,) = [each for each in board["templating"]["list"] if each["type"] == "datasource"]
        self.assertEqual(choice["query"], "prometheus")
        asked = {json.dumps(target["datasource"], sort_keys=True) for panel in board["panels"] for target in panel.get("targets", [])}
        self.assertEqual(asked, {json.dumps({"type": "prometheus", "uid": "${%s}" % choice["name"]}, sort_keys=True)})

    def test_the_composition_names_what_is_there(self):
        services = yaml.safe_load(text_of("docker/compose.yml"))["services"]
        for name, service in services.items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("."):
                    self.assertTrue(os.path.exists(path_of("docker", source)), f"{name}: {source}")
            if service.get("image") == "frontdoor":
                self.assertTrue(has_command(service["command"]), name)
                self.assertEqual((service["read_only"], service["cap_drop"]), (True, ["ALL"]))
            if "build" in service:
                self.assertTrue(os.path.exists(path_of(service["build"]["dockerfile"])))
        # Prometheus asks where frontdoor listens for it, by a name that it takes, and has the alerts that there are.
        prometheus = yaml.safe_load(text_of("docker/compose/prometheus.yml"))
        (target,) = prometheus["scrape_configs"][0]["static_configs"][0]["targets"]
        config = text_of("docker/compose/frontdoor/fd.toml")
        self.assertIn(f'address = "0.0.0.0:{target.split(":")[1]}"', config)
        self.assertIn(f'hosts   = ["{target.split(":")[0]}"]', config)
        self.assertEqual(prometheus["rule_files"], ["/etc/prometheus/rules/alerts.yml"])
        for file in "packaging/prometheus/alerts.yml", "packaging/grafana/frontdoor.json":
            self.assertTrue(os.path.exists(path_of(file)), file)
        (datasource,) = yaml.safe_load(text_of("docker/compose/grafana/datasources.yml"))["datasources"]
        self.assertEqual((datasource["type"], datasource["url"], datasource["isDefault"]), ("prometheus", "http://prometheus:9090", True))
        drain = timeouts(path_of("docker/compose/frontdoor/fd.toml"))["drain"]
        self.assertGreater(seconds(services["frontdoor"]["stop_grace_period"]), drain)
        self.assertIn(f'"app:{services["app"]["environment"]["PORT"]}"', text_of("docker/compose/frontdoor/fd.toml"))


class Configs(unittest.TestCase):
    def test_every_config_can_be_served(self):
        found = [os.path.join(directory, name)
                 for top in ("packaging", "docker", "examples") for directory, _, names in os.walk(path_of(top)) for name in names
                 if name.endswith(".toml")]
        self.assertGreater(len(found), 10)
        for config in found:
            done = run(FRONTDOOR, "check", "--config", config, cwd=os.path.dirname(config))
            self.assertEqual(done.returncode, 0, f"{config}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
