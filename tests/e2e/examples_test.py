#!/usr/bin/env python3
"""Every config of examples/, docker/ and packaging/ is served as it stands, in front of the apps that it speaks of, in a network
namespace where its ports are free; a test for each, and one that looks whether there is one for each. Addresses of other machines
become addresses of loopback, names stand in that namespace's hosts file."""

import os
import re

from support import eventually, main
from support.app import script_path
from support.walk import ROOT, Walk

# Not here: where they are run, and by which words one sees it. Every command of that page is run by article_test.py.
ELSEWHERE = {
    "examples/remote-https-sites.toml": ("tests/e2e/tls_upstream_test.py", "remote-https-sites.toml"),
    "examples/node-article/fd.toml": ("examples/node-article/README.md", "$ frontdoor --config fd.toml"),
}

ECHO = script_path("app.js")
NODE_APP = os.path.join(ROOT, "docker", "node-app", "server.js")

# frontdoor's health protocol and one call, by Node's own http2.
GRPC = """
const http2 = require('http2');
const server = http2.createServer();
server.on('stream', (stream, head) => {
  const health = head[':path'] === '/grpc.health.v1.Health/Check';
  stream.respond({':status': 200, 'content-type': 'application/grpc'}, {waitForTrailers: true});
  stream.on('wantTrailers', () => stream.sendTrailers({'grpc-status': '0'}));
  stream.resume();
  stream.end(health ? Buffer.from([0, 0, 0, 0, 2, 8, 1]) : Buffer.from([0, 0, 0, 0, 0]));
});
server.listen(Number(process.env.PORT), '127.0.0.1');
"""

# It listens on the socket in PORT and says so to systemd's protocol; then answers.
NOTIFYING = """
import http.server, os, socket, socketserver
class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    def get_request(self):
        return super().get_request()[0], ("", 0)
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = os.environ["APP_ENV"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = Server(os.environ["PORT"], Answer)
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
    manager.connect(os.environ["NOTIFY_SOCKET"])
    manager.send(b"READY=1")
server.serve_forever()
"""

# It says whether a connection begins with a PROXY header of version 2.
PROXIED = """
require('net').createServer((socket) => socket.once('data', (bytes) => {
  const said = bytes.readUInt32BE(0) === 0x0d0a0d0a ? 'v2' : 'no';
  socket.end(`HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n${said}`);
})).listen(8080, process.env.HOST);
"""

# In gunicorn's place: it serves from descriptor 3.
PASSED = """#!/usr/bin/env node
if (process.env.LISTEN_FDS !== '1') throw new Error('no socket was passed');
require('http').createServer((request, response) => response.end(process.argv[2])).listen({fd: 3});
"""


def configs():
    for top in "examples", "docker", "packaging":
        for directory, _, names in os.walk(os.path.join(ROOT, top)):
            for name in names:
                if name.endswith(".toml"):
                    yield os.path.relpath(os.path.join(directory, name), ROOT)


class Examples(Walk):
    hosts = ("127.10.0.1 app\n127.10.0.2 app\n127.10.0.3 app\n127.10.0.4 site-a.example.net\n127.10.0.5 site-b.example.net\n"
             "127.10.0.6 app.default.svc.cluster.local\n")

    def serve(self, config, options="", moved=()):
        """As `frontdoor --config FILE`. moved: (what it says, what it says here), for addresses of other machines."""
        path = os.path.join(ROOT, config)
        if moved:
            with open(path, encoding="utf-8") as file:
                text = file.read()
            for old, new in moved:
                self.assertIn(old, text)
                text = text.replace(old, new)
            self.put("fd.toml", text)
            path = "fd.toml"
        self.door = self.start(f"frontdoor {options} --config {path} --ready-file ready", log="door.log")
        eventually(self.is_ready, f"{config} to be served")

    def is_ready(self):
        if self.door.poll() is not None:
            self.fail(self.log())
        return os.path.exists(os.path.join(self.directory.name, "ready"))

    def log(self):
        with open(os.path.join(self.directory.name, "door.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def app(self, address, script=ECHO):
        """Its name is its address."""
        host, _, port = address.rpartition(":")
        self.start(f"node {script}", NAME=address, HOST=host.strip("[]"), PORT=port)

    def get(self, url="http://127.0.0.1:8080/", options=""):
        return self.succeeds(f"curl -fsS --max-time 15 {options} {url}")

    def answered_by(self, *names, **options):
        """Until each of them has answered."""
        missing = set(names)

        def all_have():
            said = self.get(**options)
            missing.difference_update({name for name in missing if said.startswith(f"hello from {name}\n")})
            return not missing
        eventually(all_have, f"answers of {names}")

    def copy(self, path, name):
        with open(path, encoding="utf-8") as file:
            self.put(name, file.read())

    def test_each_config_has_a_test(self):
        with open(__file__, encoding="utf-8") as file:
            served = set(re.findall(r'self\.serve\("([^"]+)"', file.read()))
        self.assertEqual(set(configs()), served | set(ELSEWHERE))
        for page, words in ELSEWHERE.values():
            with open(os.path.join(ROOT, page), encoding="utf-8") as file:
                self.assertIn(words, file.read())

    def test_minimal(self):
        self.app("127.0.0.1:3000")
        self.serve("examples/minimal.toml")
        self.answered_by("127.0.0.1:3000")

    def test_the_package_s(self):
        self.app("127.0.0.1:3000")
        self.serve("packaging/fd.toml")
        self.answered_by("127.0.0.1:3000")

    def test_four_node_apps(self):
        names = [f"127.0.0.1:{port}" for port in range(3001, 3005)]
        for name in names:
            self.app(name)
        self.serve("examples/node-four.toml")
        self.answered_by(*names)

    def test_behind_a_load_balancer(self):
        self.put("proxied.js", PROXIED)
        for host in "127.10.1.11", "127.10.1.12":
            self.start("node proxied.js", HOST=host)
        self.serve("examples/behind-a-load-balancer.toml", moved=[('":8080"', '"127.0.0.1:8080"'), ('":8081"', '"127.0.0.1:8081"'),
                                                                  ("10.0.0.0/24", "127.0.0.0/24"), ("10.0.1.", "127.10.1.")])
        self.assertEqual(self.get(options="--haproxy-protocol"), "v2")
        self.assertEqual(self.get("http://127.0.0.1:8081/"), "v2")
        self.assertNotEqual(self.run_it("curl -fsS --max-time 15 http://127.0.0.1:8080/").returncode, 0, "without a PROXY header")

    def test_grpc(self):
        self.put("grpc.js", GRPC)
        for port in 50051, 50052, 50053:
            self.start("node grpc.js", PORT=str(port))
        self.serve("examples/grpc.toml")
        call = ("curl -sS --max-time 15 --http2-prior-knowledge -D head -o answer -H 'content-type: application/grpc' -H 'te: trailers' "
                "--data-binary @empty http://127.0.0.1:8080/shop.Cart/Get && cat head")
        self.put("empty", "\0\0\0\0\0")
        eventually(lambda: "grpc-status: 0" in self.succeeds(call), "a call that is answered")
        eventually(lambda: "3 of 3 up" in self.succeeds("frontdoor status"), "all three to pass their checks")

    def test_a_passed_socket(self):
        self.put("bin/gunicorn", PASSED, 0o755)
        self.serve("examples/listen-fds.toml")
        self.assertEqual(self.get(), "app:app")
        eventually(lambda: "2 of 2 up" in self.succeeds("frontdoor status"), "both")

    def test_an_app_that_says_when_it_is_ready(self):
        self.put("app.py", NOTIFYING)
        self.put("worker.py", "import signal\nsignal.pause()\n")
        self.serve("examples/notify.toml", options="--env production")
        self.assertEqual(self.get(), "production")
        eventually(lambda: re.search(r"pool worker  1 of 1 up", self.succeeds("frontdoor status")), "the worker")

    def test_remote_sites(self):
        for name in "127.10.0.4:8080", "127.10.0.5:8080", "127.10.0.11:9000", "127.10.0.12:9000", "[::1]:9000":
            self.app(name)
        self.serve("examples/remote-sites.toml", moved=[('":8080"', '"127.0.0.1:8080"'), ("10.0.0.", "127.10.0."), ("[2001:db8::13]", "[::1]"),
                                                        ('"/v1/health"', '"/healthz"')])
        self.answered_by("127.10.0.4:8080", "127.10.0.5:8080")
        self.answered_by("127.10.0.11:9000", "127.10.0.12:9000", "[::1]:9000", options="-H 'Host: api.example.com'")

    def test_running_an_app(self):
        self.copy(NODE_APP, "server.js")
        self.serve("examples/running-an-app.toml")
        self.assertIn("hello from", self.get())

    def test_tls(self):
        self.app("127.0.0.1:3000")
        self.serve("examples/tls.toml")
        self.answered_by("127.0.0.1:3000", url="https://127.0.0.1:8443/", options="--insecure")
        self.assertIn("308 https://", self.get(options="-o page -w '%{http_code} %{redirect_url}'"))

    def test_watch_and_sleep(self):
        self.copy(NODE_APP, "server.js")
        self.put("src/part.js", "")
        self.serve("examples/watch-and-sleep.toml")
        self.assertIn("hello from", self.get())
        eventually(lambda: "watching files" in self.log(), "its watch")
        self.put("src/part.js", "// saved\n")
        eventually(lambda: "restart done" in self.log(), "both to be replaced")

    def test_composed(self):
        names = [f"127.10.0.{number}:3000" for number in (1, 2, 3)]
        for name in names:
            self.app(name)
        self.serve("docker/compose/frontdoor/fd.toml")
        self.answered_by(*names)
        self.assertIn("frontdoor_build_info", self.get("http://127.0.0.1:9900/metrics", "-H 'Host: frontdoor:9900'"))

    def test_the_app_s_own_container(self):
        self.copy(NODE_APP, "server.js")
        self.serve("docker/node-app/fd.toml")
        self.assertIn("hello from", self.get())

    def test_the_edge_of_a_cluster(self):
        self.app("127.10.0.6:3000")
        self.serve("packaging/kubernetes/edge/fd.toml")
        self.answered_by("127.10.0.6:3000")
        self.assertEqual(self.get("http://127.0.0.1:9900/readyz"), "ready\n")

    def test_a_sidecar(self):
        self.serve("packaging/kubernetes/sidecar/fd.toml")
        early = self.start("curl -fsS --max-time 15 http://127.0.0.1:8080/", log="early")
        eventually(lambda: 'frontdoor_held_requests{pool="app"} 1' in self.get("http://127.0.0.1:9900/metrics"), "a request that waits")
        self.app("127.0.0.1:3000")
        self.assertEqual(early.wait(20), 0, "it has waited for the app")


if __name__ == "__main__":
    main()
