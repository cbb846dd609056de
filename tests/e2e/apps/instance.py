"""As instance.js, which see, for suites that start an app hundreds of times and ask nothing of its language: to start takes a quarter
of the CPU. To be run by python3 -I -S; what takes long to import (socket, json) it does without."""

import _socket as sockets
import _thread
import os
import signal
import time

TOLD = ("PORT", "FRONTDOOR_INSTANCE", "NODE_APP_INSTANCE", "RELEASE")


class Leave(Exception):
    """The first stop signal, wherever the main thread is."""


listening = sockets.socket()
lock = _thread.allocate_lock()
idle = set()  # connections that are between two requests
answering = 0
leaving = False
signals = 0


def say(line):
    os.write(1, f"{line}\n".encode())


def on_term(_signal, _frame):
    global signals, leaving
    signals += 1
    say(f"SIGTERM number {signals}")
    if not os.environ.get("STUBBORN") and not leaving:
        leaving = True
        raise Leave


def hang_up(connection):
    try:
        connection.shutdown(sockets.SHUT_RDWR)
    except OSError:
        pass  # its client has


def leave_when_answered():
    """With the lock."""
    if leaving and answering == 0:
        say("last words")
        os._exit(0)


def start_helper():
    """A child in a session of its own, which outlives a careless parent."""
    null = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in range(3)]
    return str(os.posix_spawnp("sleep", ["sleep", "1000"], os.environ, setsid=True, file_actions=null))


def who_i_am():
    told = "".join(f',"{name}":"{os.environ[name]}"' for name in TOLD if name in os.environ)
    return f'{{"pid":{os.getpid()}{told},"tty":{"true" if os.isatty(0) else "false"}}}'


def answer_to(path):
    if path == "/die":
        os._exit(7)
    if path == "/slow":
        time.sleep(0.5)
        return "slow\n"
    return start_helper() if path == "/helper" else who_i_am()


def read_request(connection, rest):
    """Its path, and what has come behind it; no path: nothing comes any more."""
    while b"\r\n\r\n" not in rest:
        more = connection.recv(65536)
        if not more:
            return None, b""
        rest += more
    head, _, rest = rest.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    length = sum(int(line[15:]) for line in lines if line.lower().startswith(b"content-length:"))
    while len(rest) < length:
        more = connection.recv(65536)
        if not more:
            return None, b""
        rest += more
    return lines[0].split(b" ")[1].split(b"?")[0].decode(), rest[length:]


def converse(connection):
    global answering
    rest = b""
    try:
        while True:
            path, rest = read_request(connection, rest)
            if path is None:
                return
            with lock:
                idle.discard(connection)
                answering += 1
            try:
                body = answer_to(path).encode()
                close = "Connection: close\r\n" if leaving else ""
                head = (f"HTTP/1.1 200 OK\r\nX-App: {os.environ.get('FRONTDOOR_INSTANCE', '')}\r\n{close}"
                        f"Content-Length: {len(body)}\r\n\r\n")
                connection.sendall(head.encode() + body)
            finally:
                with lock:
                    answering -= 1
                    leave_when_answered()
                    idle.add(connection)
    except OSError:
        pass  # it has been reset
    finally:
        with lock:
            idle.discard(connection)
        connection.close()


def serve():
    if os.environ.get("WITHOUT_LISTENING"):
        while True:
            time.sleep(1)
    time.sleep(float(os.environ.get("LATE") or 0) / 1000)
    listening.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", int(os.environ["PORT"])))
    listening.listen(511)
    say("listening")
    while True:
        connection = sockets.socket(fileno=listening._accept()[0])
        connection.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
        with lock:
            idle.add(connection)
        _thread.start_new_thread(converse, (connection,))


try:
    signal.signal(signal.SIGTERM, on_term)
    serve()
except Leave:
    listening.close()
    with lock:
        for connection in idle:
            hang_up(connection)
        leave_when_answered()
while True:
    time.sleep(1)
