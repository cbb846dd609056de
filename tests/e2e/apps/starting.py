"""An app that frontdoor starts in every way there is. It answers what it has found: its environment, its user, its
limits. HOW says where it listens: at PORT (default), "elsewhere", "six" (IPv6 only), "passed" (LISTEN_FDS), "nowhere", a port."""

import json
import os
import resource
import signal
import socket
import sys
import threading
import time

HOW = os.environ.get("HOW", "")
PORT = os.environ.get("PORT", "")


def notify(*lines):
    to = os.environ["NOTIFY_SOCKET"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto("\n".join(lines).encode(), "\0" + to[1:] if to.startswith("@") else to)


def listening():
    if HOW == "nowhere":
        return None
    if HOW == "passed":
        if os.environ.get("LISTEN_PID") != str(os.getpid()):
            print(f"LISTEN_PID is {os.environ.get('LISTEN_PID')}, not {os.getpid()}", flush=True)
            return None
        return socket.socket(fileno=3)
    if HOW == "six":
        made = socket.socket(socket.AF_INET6)
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((os.environ.get("SIX", "::1"), int(PORT)))
    elif "/" in PORT and HOW != "elsewhere":
        made = socket.socket(socket.AF_UNIX)
        made.bind(PORT)
    else:
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((os.environ.get("HOST", "127.0.0.1"), 0 if HOW == "elsewhere" else int(HOW or PORT)))
    made.listen(128)
    return made


def report():
    umask = os.umask(0)
    os.umask(umask)
    return {"pid": os.getpid(), "env": dict(os.environ), "uid": os.getuid(), "gid": os.getgid(),
            "groups": sorted(os.getgroups()), "umask": f"{umask:03o}", "cwd": os.getcwd(),
            "nofile": resource.getrlimit(resource.RLIMIT_NOFILE), "core": resource.getrlimit(resource.RLIMIT_CORE)}


def serve(connection):
    with connection, connection.makefile("rb") as lines:
        while True:
            head = lines.readline()
            while head and lines.readline() not in (b"\r\n", b""):
                pass
            if not head:
                return
            path = head.split()[1].decode()
            if path.startswith("/notify/"):
                notify(*path[len("/notify/"):].replace("%20", " ").split(","))
            if path == "/die":
                os._exit(7)
            if path == "/stuck":
                os.kill(os.getpid(), signal.SIGSTOP)
            status = os.environ.get("HEALTH", "200") if path == "/healthz" else "200"
            body = json.dumps(report()).encode()
            connection.sendall(b"HTTP/1.1 %s X\r\nContent-Length: %d\r\n\r\n" % (status.encode(), len(body)) + body)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
time.sleep(float(os.environ.get("LATE", "0")))
server = listening()
print("listening" if server else "not listening", flush=True)
if os.environ.get("SAYS"):
    notify(*os.environ["SAYS"].split(","))
if server is None:
    while True:
        time.sleep(1000)
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
