"""A running frontdoor asked over its admin socket: as programs do it, and with the commands that people type."""

import json
import os
import socket
import subprocess

from .main import binary


def command(*words, door=None, **options):
    """`frontdoor WORDS --socket …` to its end. door: which one it means."""
    words = [*words, "--socket", door.admin_socket] if door else words
    # What a command that is over in a moment has not freed is no leak, and looking for it takes half of its time.
    environment = dict(options.pop("env", None) or os.environ)
    environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    return subprocess.run([binary(), *words], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                          check=False, env=environment, **options)


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


def standing_orders(door):
    """What operators have ordered at run time, each with who, when and why."""
    def but_not_how_long_ago(value):
        if isinstance(value, dict):
            return {key: but_not_how_long_ago(each) for key, each in value.items() if key != "since_ms"}
        return [but_not_how_long_ago(each) for each in value] if isinstance(value, list) else value

    told = {}
    for pool in but_not_how_long_ago(api(door, "status")[1]["pools"]):
        for row in pool["upstreams"]:
            told[pool["name"], row["name"]] = {"weight": row["weight"], "ordered": row["ordered"], "added": row["added"]}
        told[pool["name"]] = {"maintenance": pool["maintenance"], "removed": pool["removed"]}
    return told


def order_all_kinds(door, drained, heavy, removed, added):
    """One of each, in the pool "app" of these upstreams, and maintenance of the pool "other"; what is then said of them."""
    for words in (("drain", f"app/{drained}", "--reason", "a new disk"), ("weight", f"app/{heavy}", "7"),
                  ("maintenance", f"app/{heavy}", "--reason", "looking"), ("ready", f"app/{heavy}"),
                  ("upstream", "remove", "app", removed, "--reason", "sold"), ("upstream", "add", "app", added, "--reason", "Friday"),
                  ("maintenance", "other", "--retry-after", "600", "--reason", "we move")):
        done = command(*words, door=door)
        assert done.returncode == 0, (words, done.stdout + done.stderr)
    told = standing_orders(door)
    for standing, reason in ((told["app", drained]["ordered"], "a new disk"), (told["app", added]["added"], "Friday"),
                             (told["app"]["removed"][0], "sold"), (told["other"]["maintenance"], "we move")):
        assert standing["by"] and standing["since"] and standing["reason"] == reason, standing
    assert (told["app", drained]["ordered"]["order"], told["app", heavy]["weight"]) == ("drain", 7), told
    return told
