"""A client that sends GETs at a fixed rate (open loop: a slow answer does not slow the next request down) over
keep-alive connections, and calls everything a failure that is not a complete 200. A program of its own, see load.py.

usage: fixed_rate.py ADDRESS TARGET RATE SECONDS TIMEOUT CONNECTIONS POST_EVERY
With POST_EVERY = n, each n-th request is a POST /write?id=NUMBER with a small body, each with a number of its own.
It stops early at the end of its standard input, then prints one JSON object.

Where it gets no CPU for its rate it sends less, and says how many it has left out. All at once they would only wait here, each
for a connection of its own, until they count as not answered in time.
"""

import asyncio
import collections
import json
import sys
import time


CATCHES_UP = 0.25  # seconds: of a longer pause the rest is left out


class Failed(Exception):
    pass


class Connection:
    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer
        self.reusable = True

    async def ask(self, request):
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        fields = {}
        for line in lines[1:-2]:
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        if fields.get("transfer-encoding") == "chunked":
            await self._skip_chunks()
        else:
            await self.reader.readexactly(int(fields["content-length"]))
        self.reusable = fields.get("connection", "").lower() != "close"
        if status != 200:
            raise Failed(f"status {status}")
        return fields.get("x-app", "?")

    async def _skip_chunks(self):
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            await self.reader.readexactly(size + 2)
        await self.reader.readuntil(b"\r\n")


class Load:
    def __init__(self, address, target, rate, seconds, timeout, connections, post_every):
        self.address = address
        host, _, port = address.rpartition(":")
        self.host, self.port = host.strip("[]"), int(port)
        self.get = f"GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode()
        self.post_every = post_every
        self.rate, self.seconds, self.timeout = rate, seconds, timeout
        self.idle = collections.deque()
        self.connections = connections
        self.requests = 0
        self.left_out = 0
        self.posts = 0
        self.failures = []
        self.latencies = []
        self.by_app = collections.Counter()
        self.started = 0.0

    async def connect(self):
        return Connection(*await asyncio.open_connection(self.host, self.port))

    def next_request(self):
        """Its bytes, and what a report calls it."""
        if not self.post_every or self.requests % self.post_every:
            return self.get, {"method": "GET"}
        self.posts += 1
        head = f"POST /write?id={self.posts} HTTP/1.1\r\nHost: {self.address}\r\nContent-Length: 5\r\n\r\nhello"
        return head.encode(), {"method": "POST", "id": self.posts}

    async def one(self, request, name):
        begun = time.monotonic()
        connection = None
        try:
            async with asyncio.timeout(self.timeout):
                while self.idle and self.idle[0].reader.at_eof():  # as every client's pool does
                    self.idle.popleft().writer.close()
                connection = self.idle.popleft() if self.idle else await self.connect()
                self.by_app[await connection.ask(request)] += 1
            self.latencies.append(time.monotonic() - begun)
            if connection.reusable:
                self.idle.append(connection)
                connection = None
        except (Failed, OSError, EOFError, TimeoutError, ValueError, KeyError, asyncio.LimitOverrunError) as error:
            reason = "no answer in time" if isinstance(error, TimeoutError) else f"{type(error).__name__}: {error}"
            self.failures.append({**name, "at_s": round(begun - self.started, 3), "unix": round(time.time(), 6),
                                  "took_ms": round((time.monotonic() - begun) * 1000, 1), "reason": reason})
        if connection:
            connection.writer.close()

    async def run(self):
        for _ in range(self.connections):
            self.idle.append(await self.connect())
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        loop.add_reader(sys.stdin.fileno(), lambda: (loop.remove_reader(sys.stdin.fileno()), stop.set()))
        print("running", flush=True)

        running = set()
        self.started = time.monotonic()
        elapsed = 0.0
        while not stop.is_set() and elapsed < self.seconds:
            elapsed = min(time.monotonic() - self.started, self.seconds)
            # After a hiccup of this process it catches up, so that the rate is what was asked for, to the end.
            due = int(elapsed * self.rate) - self.requests - self.left_out
            most = max(1, int(CATCHES_UP * self.rate))
            self.left_out += max(0, due - most)
            for _ in range(min(due, most)):
                self.requests += 1
                task = asyncio.create_task(self.one(*self.next_request()))
                running.add(task)
                task.add_done_callback(running.discard)
            await asyncio.sleep(0.002)
        self.seconds = time.monotonic() - self.started
        if running:
            await asyncio.wait(running)

    def report(self):
        sorted_ms = sorted(latency * 1000 for latency in self.latencies)
        at = lambda share: round(sorted_ms[min(int(len(sorted_ms) * share), len(sorted_ms) - 1)], 2) if sorted_ms else 0
        posts_failed = [failure["id"] for failure in self.failures if failure["method"] == "POST"]
        return {"requests": self.requests, "left_out": self.left_out, "seconds": round(self.seconds, 3), "failed": len(self.failures),
                "failures": self.failures if self.post_every else self.failures[:50], "by_app": self.by_app, "posts": self.posts, "posts_failed": posts_failed,
                "latency_ms": {"p50": at(0.5), "p99": at(0.99), "p999": at(0.999), "max": at(1)}}


async def main():
    address, target, rate, seconds, timeout, connections, post_every = sys.argv[1:]
    load = Load(address, target, float(rate), float(seconds), float(timeout), int(connections), int(post_every))
    await load.run()
    print(json.dumps(load.report()), flush=True)


asyncio.run(main())
