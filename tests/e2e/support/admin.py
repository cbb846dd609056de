"""A running frontdoor asked over its admin socket: as programs do it, and with the commands that people type."""

import json
import socket
import subprocess

from .main import binary


def command(*words, door=None, **options):
    """`frontdoor WORDS --socket …` to its end. door: which one it means."""
    words = [*words, "--socket", door.admin_socket] if door else words
    return subprocess.run([binary(), *words], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                          check=False, **options)


def ask(path, request, limit=1 << 22):
    """Raw bytes to the socket, and all that comes back."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(path)
        try:
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before it had read all
        answer = b""
        while len(answer) < limit:
            try:
                block = connection.recv(65536)
            except ConnectionResetError:
                break
            if not block:
                break
            answer += block
    return answer


def api(door, target, method="GET", body=None):
    """(status, JSON) of one request to /api/v1/TARGET; a body is sent as JSON."""
    content = json.dumps(body).encode() if body is not None else b""
    length = f"Content-Length: {len(content)}\r\n" if content else ""
    answer = ask(door.admin_socket, f"{method} /api/v1/{target} HTTP/1.1\r\nHost: x\r\n{length}\r\n".encode() + content)
    head, _, text = answer.partition(b"\r\n\r\n")
    status = int(head.split()[1]) if head else 0
    return status, json.loads(text) if text.startswith(b"{") else text
