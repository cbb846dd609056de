"""@grpc/grpc-js at both ends: a server of ours on it as an upstream, and a client. scripts/install-deps grpc puts the library
where this looks for it."""

import json
import os
import subprocess

from .app import App, node_environment, script_path

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
LIBRARY = os.path.join(_ROOT, "build", "grpc", "node_modules", "@grpc", "grpc-js")


def environment(**more):
    if not os.path.exists(LIBRARY):
        raise SystemExit("@grpc/grpc-js is not installed: scripts/install-deps grpc")
    return node_environment(GRPC_JS=LIBRARY, **more)


class GrpcServer(App):
    def __init__(self, name, **more):
        super().__init__(name, script="grpc_server.js", environment={"GRPC_JS": environment()["GRPC_JS"], **more})


class GrpcClient:
    """One run of apps/grpc_client.js, whose scenarios are listed there."""

    def __init__(self, address, scenario):
        self._process = subprocess.Popen(["node", script_path("grpc_client.js"), address, scenario], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True, env=environment())

    def finish(self, timeout=60):
        """Ends its standard input, which a load waits for; what it saw."""
        out, _ = self._process.communicate(timeout=timeout)
        if self._process.returncode != 0:
            raise AssertionError(f"the gRPC client ended with {self._process.returncode}")
        return json.loads(out.splitlines()[-1])


def call(address, scenario):
    return GrpcClient(address, scenario).finish()
