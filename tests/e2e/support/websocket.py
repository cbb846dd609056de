"""apps/websocket_client.js as a process: what it prints, line by line."""

import json
import subprocess

from . import process
from .app import node_environment, script_path


class WebSocketClient:
    def __init__(self, address, *arguments):
        self.process = process.spawn(["node", script_path("websocket_client.js"), address, *map(str, arguments)],
                                     env=node_environment(), stdout=subprocess.PIPE, text=True)

    def line(self):
        """The next thing it says."""
        text = self.process.stdout.readline()
        if not text:
            raise AssertionError(f"the WebSocket client ended with {self.process.wait()} and said nothing more")
        return json.loads(text)

    def to_end(self):
        """All that it says until it ends by itself."""
        lines = [json.loads(line) for line in self.process.stdout]
        self.process.wait()
        return lines

    def __enter__(self):
        return self

    def __exit__(self, *_):
        process.end(self.process)
        self.process.stdout.close()
