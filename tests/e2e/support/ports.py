"""Ports for apps that are to come back on the same one: below the ephemeral range, so that no outgoing connection takes
it meanwhile (and a connect loop to the dead port never connects to itself)."""

import random
import socket

_given = set()


def free_port(host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(1000):
        port = random.randrange(10000, 32000)
        if port in _given:
            continue
        with socket.socket(family) as probe:
            # As Node binds: a port in TIME_WAIT is free, one with a listener is not.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                probe.listen()
            except OSError:
                continue
        _given.add(port)
        return port
    raise RuntimeError("no free port between 10000 and 32000")
