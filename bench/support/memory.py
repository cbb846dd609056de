"""What connections cost in resident memory: those that do nothing, and those of a burst, during and after it."""

import time

from . import processes
from .client import Client, request_bytes
from .gate import Gate
from .servers import start_proxy, trusting_context

BURST = 5000
HELD_S = 2
GIVEN_BACK_WITHIN_S = 10
AT_REST_WITHIN_S = 3  # frontdoor parks after a tenth of a second, and gives memory back two seconds later
_SMALL = request_bytes("GET", "/small")


def _warm_up(server):
    with Client(server.address, 64, trusting_context() if server.tls else None) as client:
        client.run(_SMALL, 6400)
    time.sleep(1)


class Crowd(Client):
    """Connections that have had one answer each and now wait."""

    def __init__(self, address, connections, tls=None):
        super().__init__(address, connections, tls, at_once=_SMALL)
        if self:
            time.sleep(AT_REST_WITHIN_S)

    def stir(self):
        """One more answer each: all of them are still there, and none of them will soon have been idle for too long."""
        self.one_each(_SMALL)
        if self:
            time.sleep(AT_REST_WITHIN_S)


def measure_idle(server, connections):
    """Resident bytes that a connection costs which has had one answer and then nothing."""
    _warm_up(server)
    before = processes.rss_bytes(server.pids)
    with Crowd(server.address, connections, trusting_context() if server.tls else None) as crowd:
        after = processes.rss_bytes(server.pids)
        crowd.one_each(_SMALL)  # all of them are still there
    return {"idle_bytes": (after - before) / connections, "rss_mib": after / 2**20, "errors": 0}


def measure_burst(proxy, connections=BURST):
    """Resident memory before, during and after as many requests as there are connections, all of them at once."""
    with Gate() as gate, start_proxy(proxy, gate) as server:
        _warm_up(server)
        before = processes.rss_bytes(server.pids)
        with Client(server.address, connections) as client:
            client.send_each(request_bytes("GET", gate.PATH))
            processes.eventually(lambda: gate.waiting() == connections, f"{connections} requests at the gate")
            time.sleep(HELD_S)
            top = processes.rss_bytes(server.pids)
            gate.release()
            client.receive_each()
        time.sleep(GIVEN_BACK_WITHIN_S)
        after = processes.rss_bytes(server.pids)
    return {"before_mib": before / 2**20, "top_mib": top / 2**20, "after_mib": after / 2**20, "left": after / before,
            "errors": 0}
