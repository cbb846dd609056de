"""The three front doors, each before its own origin, all over unix sockets: no port is taken."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from support import process  # noqa: E402
from support.process import eventually  # noqa: E402

FRONTDOOR = """workers = 1
listen = "unix:{listen}"
[access_log]
output = "off"
[pool.app]
upstreams = ["unix:{origin}"]
"""

# What an nginx before an app usually says; every rule about messages is its default.
NGINX = """daemon off;
user root;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  upstream app {{ server unix:{origin}; }}
  server {{
    listen unix:{listen};
    location / {{
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Connection "";
    }}
  }}
}}
"""

HAPROXY = """global
  maxconn 256
defaults
  mode http
  timeout connect 2s
  timeout client 10s
  timeout server 10s
frontend in
  bind unix@{listen} mode 777
  default_backend app
backend app
  server app unix@{origin}
"""


class Proxy:
    def __init__(self, name, version, directory, config, command):
        self.name, self.version = name, version
        self.listen = os.path.join(directory, "listen")
        self.origin = os.path.join(directory, "origin")
        self._config = os.path.join(directory, "config")
        with open(self._config, "w", encoding="utf-8") as file:
            file.write(config.format(directory=directory, listen=self.listen, origin=self.origin))
        self._command = [word.format(config=self._config, directory=directory) for word in command]
        self._ready = self._command[self._command.index("--ready-file") + 1] if "--ready-file" in command else ""
        self._log = os.path.join(directory, "output")

    def start(self):
        with open(self._log, "wb") as log:
            self._process = process.spawn(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(self._serves, f"{self.name} to be ready")

    def end(self):
        process.end(self._process)

    def _serves(self):
        if self._process.poll() is not None:
            with open(self._log, encoding="utf-8") as log:
                sys.exit(f"{self.name} does not start:\n{log.read()}")
        if self._ready:  # frontdoor listens before it has judged its upstreams
            return os.path.exists(self._ready)
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.listen) == 0


def _version(command, word):
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True, text=True).stdout
    return out.split("\n", 1)[0].split(word, 1)[1].split()[0]


def all_three(binary, directory):
    for name in ("nginx", "haproxy"):
        if not shutil.which(name):
            sys.exit(f"{name} is not there: scripts/install-deps differential installs both, and starts neither")
    kinds = {
        "frontdoor": ("", FRONTDOOR, [binary, "--config", "{config}", "--ready-file", "{directory}/ready"]),
        "nginx": (_version(["nginx", "-v"], "nginx/"), NGINX, ["nginx", "-p", "{directory}", "-c", "{config}"]),
        "HAProxy": (_version(["haproxy", "-v"], "version "), HAPROXY, ["haproxy", "-db", "-f", "{config}"]),
    }
    proxies = []
    for name, (version, config, command) in kinds.items():
        home = os.path.join(directory, name)
        os.mkdir(home)
        proxies.append(Proxy(name, version, home, config, command))
    return proxies
