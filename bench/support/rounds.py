"""Paired rounds: in each of them every proxy has its turn, and who comes first changes from round to round, so that
what a neighbour leaves behind hits all alike. Each function returns [{"frontdoor": {figure: value}, "nginx": …}, …].
"""

import sys
from contextlib import ExitStack

from . import load, memory, tls_load
from .servers import PROXIES, start_proxy

WARM_UP_S = 1
MEMORY_ROUNDS = 2  # memory does not depend on the neighbours


def in_rotation(number, proxies=PROXIES):
    """Each proxy is first, second and last equally often."""
    start = number % len(proxies)
    return proxies[start:] + proxies[:start]


def loaded(workload, origin, options):
    rounds = []
    with ExitStack() as stack:
        servers = {name: stack.enter_context(start_proxy(name, origin, workload.unix, tls=workload.tls, h2c=workload.h2c))
                   for name in workload.proxies}
        for name in servers:
            load.measure(servers[name], workload, WARM_UP_S)
        for number in range(options.rounds):
            measured = {name: load.measure(servers[name], workload, options.seconds)
                        for name in in_rotation(number, workload.proxies)}
            rounds.append(_in_order(measured))
            _say("   ".join(f"{name} {figures['cpu_us']:.1f} µs, {figures['requests_per_second']:,.0f}/s"
                            for name, figures in rounds[-1].items()))
    return rounds


def handshakes(resumed, origin, options):
    """Connections of TLS with one request each; resumed: by the ticket of the one before."""
    rounds = []
    with ExitStack() as stack:
        servers = {name: stack.enter_context(start_proxy(name, origin, tls=True)) for name in PROXIES}
        for number in range(options.rounds):
            measured = {name: tls_load.measure(servers[name], resumed, options.seconds) for name in in_rotation(number)}
            rounds.append(_in_order(measured))
            _say("   ".join(f"{name} {figures['cpu_us']:.1f} µs" for name, figures in rounds[-1].items()))
    return rounds


TLS_IDLE_CONNECTIONS = 5000


def tls_idle(origin, options):
    return idle(origin, options, min(options.idle_connections, TLS_IDLE_CONNECTIONS), tls=True)


def idle(origin, options, connections=None, tls=False):
    rounds = []
    for number in range(MEMORY_ROUNDS):
        measured = {}
        for name in in_rotation(number):
            with start_proxy(name, origin, tls=tls) as server:
                measured[name] = memory.measure_idle(server, connections or options.idle_connections)
        rounds.append(_in_order(measured))
        _say("   ".join(f"{name} {figures['idle_bytes']:,.0f} bytes" for name, figures in rounds[-1].items()))
    return rounds


def burst(_origin, _options):
    rounds = []
    for number in range(MEMORY_ROUNDS):
        rounds.append(_in_order({name: memory.measure_burst(name) for name in in_rotation(number)}))
        _say("   ".join(f"{name} {figures['before_mib']:.1f} {figures['top_mib']:.1f} {figures['after_mib']:.1f} MiB"
                        for name, figures in rounds[-1].items()))
    return rounds


def beside_idle(origin, options, proxies=PROXIES):
    """The pair here is one proxy twice, once with idle connections and once without. A single client process has too
    few descriptors for the idle connections of all proxies, so one proxy comes after the other."""
    rounds = [{} for _ in range(options.rounds)]
    for name in proxies:
        with start_proxy(name, origin) as alone, start_proxy(name, origin) as beside, \
                memory.Crowd(beside.address, options.idle_connections) as crowd:
            servers = {"alone": alone, "beside": beside}
            for server in servers.values():
                load.measure(server, load.WORKLOADS["get-64"], WARM_UP_S)
            for number, figures in enumerate(rounds):
                crowd.stir()
                measured = {which: load.measure(servers[which], load.WORKLOADS["get-64"], options.seconds)
                            for which in in_rotation(number, ("alone", "beside"))}
                figures[name] = _pair(measured["alone"], measured["beside"])
                _say(f"{name} {figures[name]['cpu_us_alone']:.1f} µs alone, "
                     f"{figures[name]['cpu_us_beside']:.1f} beside")
            crowd.stir()  # all of them are still there
    return rounds


def _pair(alone, beside):
    return {"cpu_us_alone": alone["cpu_us"], "cpu_us_beside": beside["cpu_us"],
            "beside_to_alone": beside["cpu_us"] / alone["cpu_us"], "errors": alone["errors"] + beside["errors"]}


def _in_order(measured):
    return {name: measured[name] for name in PROXIES if name in measured}


def _say(text):
    print(f"  {text}", file=sys.stderr, flush=True)
