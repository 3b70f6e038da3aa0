# SPDX-License-Identifier: MIT
"""
peer_server.py: an HTTP server that misbehaves on request, for the tests of `eddy fetch`.

What it does is said by the path; "/x/..." stands for a path with anything behind it:

    /ok/...               200, a small JSON document that names the path
    /slow/MS/...          the same, MS milliseconds later
    /404/... /500/...     such a status, always (any status from 200 to 599)
    /fail/K/...           503 for the first K requests of this path, then 200
    /token/STATUS/...     STATUS unless the request has "Authorization: good", then 200
    /wait/S/...           429 with Retry-After: S for the first request, then 200
    /date/S/...           the same, with a date
    /hang/...             takes the request and never answers
    /cut/... /cutchunk/.. closes in the middle of the body
    /over/...             sends more than Content-Length says
    /garbage/...          answers something that is not HTTP
    /reset/...            resets the connection
    /circle/...           redirects to itself
    /to/N/...             redirects N times, then 200
    /away/PORT/PATH       redirects to localhost:PORT/PATH: another host
    /echo/...             answers the request's headers as JSON
    /gate/...             302 to itself with the cookie gate=1, until that is sent; then as /echo
    /gzip/...             JSON, compressed
    /bomb/...             64 MiB of zeros in 64 KiB of gzip
    /big/... /bigchunk/.. 1 GiB
    /body/KIND            latin1, utf8, binary, nul, badjson, pretty, empty, deep
    /size/BYTES/...       a JSON document of about so many bytes

As a module: `with Peer() as peer:` runs it in a thread; peer.url("ok/1"), peer.counts[path].
By itself: `python3 peer_server.py [PORT]` prints its address and serves until Ctrl-C.
"""

import asyncio
import collections
import email.utils
import json
import socket
import struct
import sys
import threading
import time
import zlib

BODIES = {
    "latin1": ("text/plain; charset=iso-8859-1", "caf\u00e9".encode("latin-1")),
    "utf8": ("text/plain", "caf\u00e9, \u2603 and 'quotes', \"both\"\r\nand lines".encode()),
    "binary": ("image/png", bytes(range(256))),
    "nul": ("text/plain", b"a\0b"),
    "badjson": ("application/json", b'{"name": "Luke",}'),
    "pretty": ("application/json", b'{\n  "name": "Luke",\n  "films": [\n    1,\n    2\n  ]\n}\n'),
    "empty": ("text/plain", b""),
    "deep": ("application/json", b"[" * 5000 + b"]" * 5000),
}


class Gone(Exception):
    """The connection is to be closed as it is."""


def gzip(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


BOMB = gzip(bytes(64 << 20))


class Peer:
    def __init__(self, port=0):
        self.counts = collections.Counter()  # requests, by path
        self.seen_headers = {}  # of the last request, by path
        self.open_count = 0  # connections, now
        self.request_times = []
        self.port = port
        self.loop = asyncio.new_event_loop()
        self.started = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        self.started.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def url(self, path, host="127.0.0.1"):
        return f"http://{host}:{self.port}/{path}"

    def _run(self):
        asyncio.set_event_loop(self.loop)
        listening = [socket.create_server(("127.0.0.1", self.port), backlog=1024)]
        self.port = listening[0].getsockname()[1]
        try:
            listening.append(
                socket.create_server(("::1", self.port), family=socket.AF_INET6, backlog=1024))
        except OSError:
            pass  # no IPv6 here
        for sock in listening:
            self.loop.run_until_complete(asyncio.start_server(self._serve, sock=sock))
        self.started.set()
        self.loop.run_forever()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0.01))

    async def _serve(self, reader, writer):
        self.open_count += 1
        try:
            while await self._answer(reader, writer):
                pass
        except (Gone, OSError, EOFError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            pass
        finally:
            self.open_count -= 1
            writer.close()

    async def _answer(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head.split("\r\n")
        path = line.split(" ")[1]
        headers = {}
        for field in filter(None, fields):
            name, value = field.split(":", 1)
            headers[name.strip().lower()] = value.strip()
        self.counts[path] += 1
        self.seen_headers[path] = headers
        self.request_times.append(time.monotonic())
        kind, *rest = path.lstrip("/").split("/")
        handler = getattr(self, "do_" + kind, None)
        if handler is None and kind.isdigit():
            await self.send(writer, int(kind), {"path": path})
        elif handler is None:
            await self.send(writer, 404, {"path": path})
        else:
            await handler(writer, path, rest)
        return True

    async def send(self, writer, status, body, content_type="application/json", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} It is so", f"Content-Type: {content_type}"]
        if status != 204:
            lines.append(f"Content-Length: {len(data)}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + data)
        await writer.drain()

    async def do_ok(self, writer, path, rest):
        await self.send(writer, 200, {"path": path})

    async def do_slow(self, writer, path, rest):
        await asyncio.sleep(int(rest[0]) / 1000)
        await self.send(writer, 200, {"path": path})

    async def do_fail(self, writer, path, rest):
        await self.send(writer, 503 if self.counts[path] <= int(rest[0]) else 200, {"path": path})

    async def do_token(self, writer, path, rest):
        is_good = self.seen_headers[path].get("authorization") == "good"
        await self.send(writer, 200 if is_good else int(rest[0]), {"path": path})

    async def do_wait(self, writer, path, rest):
        if self.counts[path] == 1:
            await self.send(writer, 429, {}, Retry_After=rest[0])
        else:
            await self.send(writer, 200, {"path": path})

    async def do_date(self, writer, path, rest):
        if self.counts[path] == 1:
            date = email.utils.formatdate(time.time() + int(rest[0]), usegmt=True)
            await self.send(writer, 503, {}, Retry_After=date)
        else:
            await self.send(writer, 200, {"path": path})

    async def do_hang(self, writer, path, rest):
        await asyncio.sleep(3600)

    async def do_cut(self, writer, path, rest):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 100)
        await writer.drain()
        raise Gone

    async def do_cutchunk(self, writer, path, rest):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + b"x" * 100)
        await writer.drain()
        raise Gone

    async def do_over(self, writer, path, rest):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + b"x" * 100)
        await writer.drain()
        raise Gone

    async def do_garbage(self, writer, path, rest):
        writer.write(b"220 smtp.example ready\r\n" * 3)
        await writer.drain()
        raise Gone

    async def do_reset(self, writer, path, rest):
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        raise Gone

    async def do_circle(self, writer, path, rest):
        await self.send(writer, 302, b"", Location=path)

    async def do_to(self, writer, path, rest):
        left = int(rest[0])
        if left == 0:
            await self.send(writer, 200, {"path": path})
        else:
            await self.send(writer, 301, b"", Location="/".join(["/to", str(left - 1), *rest[1:]]))

    async def do_away(self, writer, path, rest):
        await self.send(writer, 302, b"",
                        Location=f"http://localhost:{rest[0]}/" + "/".join(rest[1:]))

    async def do_echo(self, writer, path, rest):
        await self.send(writer, 200, self.seen_headers[path])

    async def do_gate(self, writer, path, rest):
        if "gate=1" in self.seen_headers[path].get("cookie", ""):
            await self.do_echo(writer, path, rest)
        else:
            await self.send(writer, 302, b"", Location=path, Set_Cookie="gate=1; Path=/")

    async def do_gzip(self, writer, path, rest):
        data = json.dumps({"path": path, "padding": "x" * 1000}).encode()
        await self.send(writer, 200, gzip(data), Content_Encoding="gzip")

    async def do_bomb(self, writer, path, rest):
        await self.send(writer, 200, BOMB, Content_Encoding="gzip")

    async def do_big(self, writer, path, rest):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        for _ in range(1 << 14):
            writer.write(bytes(1 << 16))
            await writer.drain()

    async def do_bigchunk(self, writer, path, rest):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(1 << 14):
            writer.write(b"10000\r\n" + bytes(1 << 16) + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    async def do_body(self, writer, path, rest):
        content_type, body = BODIES[rest[0]]
        await self.send(writer, 200, body, content_type)

    async def do_size(self, writer, path, rest):
        await self.send(writer, 200, {"padding": "x" * int(rest[0])})


if __name__ == "__main__":
    with Peer(int(sys.argv[1]) if len(sys.argv) > 1 else 0) as by_hand:
        print(by_hand.url(""), flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
