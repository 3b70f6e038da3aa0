#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Servers that misbehave on purpose, for the tests of the HTTP client.

    servers.py [CERTIFICATE KEY]

Listens on two free ports of 127.0.0.1 (the same server twice, for redirects from one to the other)
and, given a certificate, on two more with TLS. Prints the ports on one line and serves until its
standard input ends, so that it goes when the test goes, however that ends.

Written on bare asyncio streams: a server that sends a wrong length must not be kept from it.
"""
import asyncio
import gzip
import logging
import os
import socket
import ssl
import struct
import sys
import zlib
from urllib.parse import unquote_to_bytes

PIECE = bytes(i * 7 % 251 for i in range(65536))
ports = []
state = {"connections": 0, "active": 0, "active_max": 0, "requests": 0}


def answer(body=b"", status="200 OK", **fields):
    lines = [f"HTTP/1.1 {status}"]
    fields.setdefault("Content_Length", str(len(body)))
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(*pieces, trailers=b"", **fields):
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    head = answer(Content_Length=None, Transfer_Encoding="chunked", **fields)
    return head + body + b"0\r\n" + trailers + b"\r\n"


def brotli(text):
    """One stored block; `text` has 2 to 65536 bytes."""
    size = len(text) - 1
    return bytes([0x0B | (size & 1) << 7, size >> 1 & 0xFF, size >> 9 & 0x7F | 0x80]) + text + b"\x03"


def zstd(text):
    """One raw block; `text` has up to 255 bytes."""
    block = struct.pack("<I", len(text) << 3 | 1)[:3]
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(text)]) + block + text


def reset(writer):
    """Ends the connection with RST instead of FIN."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


SIMPLE = {
    "/hello": answer(b"hello\n"),
    "/empty": answer(b""),
    "/json": answer(b'{"name": "Luke"}', Content_Type="application/json"),
    "/headers": b"HTTP/1.1 200 OK\r\nX-One: 1\r\nx-two:   two words \r\nX-One: again\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n",
    "/chunked": chunked(b"one ", b"two ", b"three"),
    "/trailers": chunked(b"body", trailers=b"HTTP: 1.1 404 no\r\nX-Trailer: 1\r\n"),
    "/interim": b"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" + answer(b"final"),
    "/gzip": answer(gzip.compress(b"squeezed " * 1000), Content_Encoding="gzip"),
    "/deflate": answer(zlib.compress(b"squeezed " * 1000), Content_Encoding="deflate"),
    "/brotli": answer(brotli(b"hello\n"), Content_Encoding="br"),
    "/zstd": answer(zstd(b"hello\n"), Content_Encoding="zstd"),
    "/bad-gzip": answer(b"this is not gzip", Content_Encoding="gzip"),
    "/half-gzip": answer(gzip.compress(b"squeezed")[:-9], Content_Encoding="gzip"),
    "/half-brotli": answer(brotli(b"hello\n")[:-1], Content_Encoding="br"),
    "/half-zstd": answer(zstd(b"hello\n")[:-1], Content_Encoding="zstd"),
    "/bomb": answer(gzip.compress(bytes(64 << 20), 6), Content_Encoding="gzip"),
    "/not-modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000000000000\r\n\r\n",
    "/loop": answer(b"round", "302 Found", Location="/loop2"),
    "/loop2": answer(b"round", "302 Found", Location="/loop"),
    "/see-other": answer(b"", "303 See Other", Location="/echo"),
    "/found": answer(b"", "302 Found", Location="/echo"),
    "/keep-method": answer(b"", "307 Temporary Redirect", Location="/echo"),
    "/no-location": answer(b"nowhere", "302 Found"),
    "/empty-location": answer(b"nowhere", "302 Found", Location=""),
    "/go-not-gzip": answer(b"moved", "302 Found", Location="/hello", Content_Encoding="gzip"),
    "/go-odd-coding": answer(b"moved", "302 Found", Location="/hello", Content_Encoding="rot13"),
    "/go-long": answer(b"x" * 3000, "302 Found", Location="/hello"),
    "/go-bomb": answer(gzip.compress(bytes(1 << 20)), "302 Found", Location="/hello", Content_Encoding="gzip"),
    "/to-ftp": answer(b"", "302 Found", Location="ftp://127.0.0.1/"),
    "/with-spaces": answer(b"", "302 Found", Location="/echo?a b=\u00e9".encode().decode("latin-1")),
    "/set-cookies": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Path=/echo\r\n"
                    b"Set-Cookie: gone=3; Max-Age=0; Path=/\r\nSet-Cookie: other=4; Domain=example.org\r\n"
                    b"Set-Cookie: secret=5; Secure\r\nContent-Length: 0\r\n\r\n",
    "/set-cookie-and-go": answer(b"", "302 Found", Location="/echo", Set_Cookie="way=side; Path=/"),
}

# Sent as they are; then the connection is closed.
TORN = {
    "/go-short": answer(b"moved", "302 Found", Location="/hello", Content_Length="500"),
    "/go-bad-chunks": b"HTTP/1.1 302 Found\r\nLocation: /hello\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "/too-short": answer(b"ten bytes\n", Content_Length="100"),
    "/torn-chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nhalf a chunk",
    "/bad-chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nno size\r\n0\r\n\r\n",
    "/until-close": b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    "/torn-gzip": answer(gzip.compress(b"squeezed")[:-9], Content_Encoding="gzip", Content_Length=None),
    "/torn-head": b"HTTP/1.1 200 OK\r\nX-Half",
    "/garbage": b"\x00\x01\x02\x03 this is no HTTP\r\n\r\n",
    "/nothing": b"",
}


def base(writer, index):
    """How URLs of the first or second server begin, of the kind that this connection is."""
    is_tls = writer.get_extra_info("ssl_object") is not None
    return f"http{'s' * is_tls}://127.0.0.1:{ports[index + 2 * is_tls]}"


async def send_forever(writer, size):
    while size > 0:
        writer.write(PIECE[:size])
        size -= len(PIECE)
        await writer.drain()


async def serve_more(path, query, request, writer):
    """What takes time or memory. True: the connection goes on."""
    if path == "/slow":
        await asyncio.sleep(float(query or "0.05"))
        writer.write(answer(b"at last"))
    elif path == "/hang":
        await asyncio.sleep(3600)
    elif path == "/hang-in-body":
        writer.write(answer(b"some", Content_Length="100"))
        await asyncio.sleep(3600)
    elif path == "/drip":
        writer.write(answer(b"", Content_Length=query))
        for _ in range(int(query)):
            await asyncio.sleep(0.03)
            writer.write(b".")
    elif path == "/big":
        writer.write(answer(b"", Content_Length=query))
        await send_forever(writer, int(query))
    elif path == "/huge":
        writer.write(answer(b"", Content_Length=str(1 << 30)))
        await send_forever(writer, 1 << 30)
    elif path == "/huge-until-close":
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await send_forever(writer, 1 << 30)
        return False
    elif path == "/huge-head":
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for i in range(100):
            writer.write(b"X-%d: %s\r\n" % (i, b"x" * 8000))
        writer.write(b"Content-Length: 0\r\n\r\n")
    elif path == "/reset":
        reset(writer)
        return False
    elif path == "/reset-in-body":
        writer.write(answer(b"some", Content_Length="100"))
        await writer.drain()
        await asyncio.sleep(0.05)
        reset(writer)
        return False
    elif path == "/status":
        writer.write(answer(b"status " + query.encode(), query + " Whatever"))
    elif path == "/redirects":
        left = int(query)
        writer.write(answer(b"on", "302 Found", Location=f"/redirects?{left - 1}" if left else "/hello"))
    elif path == "/go":
        target = unquote_to_bytes(query).replace(b"PORT", str(writer.get_extra_info("sockname")[1]).encode())
        writer.write(answer(b"on", "302 Found", Location="LOCATION").replace(b"LOCATION", target))
    elif path == "/go-huge":
        writer.write(answer(b"", "302 Found", Location="/hello", Content_Length=str(1 << 30)))
        await send_forever(writer, 1 << 30)
    elif path == "/set":
        writer.write(answer(b"", "302 Found", Location="/echo", Set_Cookie=query))
    elif path == "/cross":
        writer.write(answer(b"", "302 Found", Location=f"{base(writer, 1)}/echo"))
    elif path == "/there-and-back":
        writer.write(answer(b"", "302 Found", Location=f"{base(writer, 1)}/back"))
    elif path == "/back":
        writer.write(answer(b"", "302 Found", Location=f"{base(writer, 0)}/echo"))
    elif path == "/echo" or path.startswith("/exact"):
        writer.write(answer(request, Content_Type="text/plain"))
    elif path == "/state":
        text = " ".join(str(state[name]) for name in ("connections", "requests", "active_max"))
        writer.write(answer(text.encode()))
    elif path == "/forget":
        state.update(connections=0, requests=0, active_max=0)
        writer.write(answer(b""))
    else:
        writer.write(answer(b"no such thing", "404 Not Found"))
    return True


async def serve_request(reader, writer):
    """One request; False ends the connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    method, target = head.split(b"\r\n")[0].decode("latin-1").split(" ")[:2]
    if target.startswith("http://"):      # as to a proxy
        if target.endswith("/to-be-echoed?"):
            target = "/echo"
        else:
            target = "/proxied" if target.endswith("/via-proxy") else "/" + target.split("/", 3)[3]
    size = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            size = int(value)
    body = await reader.readexactly(size)
    path, _, query = target.partition("?")
    state["requests"] += 1
    if path == "/proxied":
        writer.write(answer(b"through the proxy"))
    elif path in TORN:
        writer.write(TORN[path])
        return False
    elif method == "HEAD":
        writer.write(answer(Content_Length="1000000000000" if path == "/huge" else "6"))
    elif path in SIMPLE:
        writer.write(SIMPLE[path])
    else:
        return await serve_more(path, query, head + body, writer)
    return True


async def serve(reader, writer):
    state["connections"] += 1
    try:
        going = True
        while going:
            await reader.read(0)
            first = await reader.readexactly(1)
            reader._buffer[0:0] = first     # so that only requests under way count as active
            if first == b"\x16" and not writer.get_extra_info("ssl_object"):
                writer.write(b"HTTP/1.1 400 This Is No TLS\r\n\r\n")
                break
            state["active"] += 1
            state["active_max"] = max(state["active_max"], state["active"])
            try:
                going = await serve_request(reader, writer)
                await writer.drain()
            finally:
                state["active"] -= 1
        writer.close()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        writer.transport.abort()


async def main():
    for _ in range(2):
        server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
        ports.append(server.sockets[0].getsockname()[1])
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        for _ in range(2):
            server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024, ssl=context)
            ports.append(server.sockets[0].getsockname()[1])
    print(*ports, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    logging.disable()       # of peers that go away in the middle, which they do
    # The tasks of connections that are still open need no farewell.
    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    sys.stdout.flush()
    os._exit(0)
