#!/usr/bin/env python3
"""Traces through the real program: through two front doors in a row, and switched on and off by a reload."""

import unittest

from support import App, Frontdoor, eventually, http_get, main, pool

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


def received(door, fields=()):
    return http_get(door.address, "/received", fields).json()["headers"]


class Traces(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = cls.enterClassContext(App("app"))

    def logged(self, door, trace_id):
        return eventually(lambda: [line for line in door.access() if line.get("trace_id") == trace_id], "its line")[0]

    def test_the_outer_door_begins_the_trace_and_the_inner_one_passes_it_on(self):
        listen = 'listen = "127.0.0.1:0"\ntracing = true\n'
        with Frontdoor(pool("app", [self.app]), listeners=listen) as inner, \
                Frontdoor(pool("inner", [inner.address]), listeners=listen) as outer:
            outer.wait_until_serving([self.app])
            begun = received(outer)["traceparent"]
            self.assertRegex(begun, "^00-([0-9a-f]{16})([0-9a-f]{16})-\\2-01$")
            line = self.logged(outer, begun[3:35])
            self.assertEqual(line["request_id"], begun[3:35])
            self.assertNotEqual(self.logged(inner, begun[3:35])["request_id"], begun[3:35])

            headers = received(outer, [("traceparent", TRACEPARENT), ("tracestate", "a=1")])
            self.assertEqual((headers["traceparent"], headers["tracestate"]), (TRACEPARENT, "a=1"))
            for door in (inner, outer):
                self.logged(door, TRACE)

    def test_a_reload_switches_it(self):
        with Frontdoor(pool("app", [self.app])) as door:
            door.wait_until_serving([self.app])
            plain = door.head
            self.assertNotIn("traceparent", received(door))
            stranger = [("traceparent", TRACEPARENT), ("tracestate", "a=1")]
            self.assertEqual(received(door, stranger)["traceparent"], TRACEPARENT)

            door.head = plain + 'tracing = true\ntraceparent_from = "trusted_proxies"\n'
            events = door.reload(pool("app", [self.app]))
            self.assertEqual([event for event in events if event.get("event") == "waits for an upgrade or a restart"], [])
            eventually(lambda: received(door).get("traceparent", "")[:3] == "00-", "a trace that was begun")
            eventually(lambda: received(door, stranger)["traceparent"] != TRACEPARENT, "a stranger who is not believed")
            self.assertNotIn("tracestate", received(door, stranger))

            door.head = plain
            door.reload(pool("app", [self.app]))
            eventually(lambda: "traceparent" not in received(door), "that it is off again")


if __name__ == "__main__":
    main()
