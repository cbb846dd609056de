#!/usr/bin/env python3
"""What docs/metrics.md, the alerts and the dashboard ask for is what admin/exposition.cpp tells, and all of that is documented.
Where promtool is there, it runs the alerts' own tests. Usage: metrics_names_test.py ROOT"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

NAME = re.compile(r"\b((?:frontdoor|process)_[a-z_]+[a-z])\b")
OF_HISTOGRAMS = ("_bucket", "_count", "_sum")


def told(root):
    """{name: whether it is a histogram}"""
    text = (root / "admin/exposition.cpp").read_text()
    return {name: kind == "histograms" for kind, name in re.findall(r'out\.(counters|gauges|histograms)\("(\w+)"', text)}


def asked_for(text, names):
    for name in sorted(set(NAME.findall(text))):
        base = next((name.removesuffix(suffix) for suffix in OF_HISTOGRAMS
                     if name.endswith(suffix) and names.get(name.removesuffix(suffix))), name)
        if base not in names and name not in ("frontdoor_process",):  # the last: "frontdoor_process_…"
            yield name


def queries(board):
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]
    for variable in board["templating"]["list"]:
        yield variable.get("definition", "")
    for annotation in board["annotations"]["list"]:
        yield annotation["expr"]


def not_understood(expressions):
    """Which queries are none, by promtool; Grafana's variables are put in before."""
    rules = []
    for number, expression in enumerate(filter(None, expressions)):
        if expression.startswith("label_values("):
            expression = expression[len("label_values("):].split(",")[0]
        for variable, value in (("$__rate_interval", "1m"), ("$instance", ".*"), ("$pool", ".*")):
            expression = expression.replace(variable, value)
        rules.append({"record": f"query_{number}", "expr": expression})
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
        file.flush()
        said = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True, check=False)
    if said.returncode != 0:
        yield "packaging/grafana/frontdoor.json: " + said.stderr


def problems(root):
    names = told(root)
    if len(names) < 40:
        yield f"admin/exposition.cpp: only {len(names)} metrics found: has its form changed?"
    documented = (root / "docs/metrics.md").read_text()
    for name in names:
        if f"`{name}" not in documented:
            yield f"docs/metrics.md: nothing of {name}"
    board = json.loads((root / "packaging/grafana/frontdoor.json").read_text())
    texts = {"docs/metrics.md": documented, "packaging/prometheus/alerts.yml": (root / "packaging/prometheus/alerts.yml").read_text(),
             "packaging/prometheus/alerts_test.yml": (root / "packaging/prometheus/alerts_test.yml").read_text(),
             "packaging/grafana/frontdoor.json": "\n".join(queries(board))}
    for file, text in texts.items():
        for name in asked_for(text, names):
            yield f"{file}: there is no metric {name}"
    alerts = re.findall(r"- alert: (\w+)", texts["packaging/prometheus/alerts.yml"])
    for alert in alerts:
        tests = re.findall(rf"alertname: {alert}(, exp_alerts: \[\])?", texts["packaging/prometheus/alerts_test.yml"])
        if not any(silent == "" for silent in tests) or not any(silent for silent in tests):
            yield f"packaging/prometheus/alerts_test.yml: {alert} is not shown both firing and silent"
    ids = [panel["id"] for panel in board["panels"]]
    if len(set(ids)) != len(ids):
        yield "packaging/grafana/frontdoor.json: two panels have one id"
    if shutil.which("promtool"):
        yield from not_understood(list(queries(board)))
        said = subprocess.run(["promtool", "test", "rules", root / "packaging/prometheus/alerts_test.yml"], capture_output=True,
                              text=True, check=False)
        if said.returncode != 0:
            yield said.stdout + said.stderr


def main():
    found = list(problems(pathlib.Path(sys.argv[1])))
    print("\n".join(found))
    sys.exit(1 if found else 0)


main()
