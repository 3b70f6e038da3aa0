# SPDX-License-Identifier: MIT
"""N1 to N3: what a message, a request, a response costs, over 127.0.0.1."""

import os

from .peers import which
from .processes import (BOTH_CORES, PROGRAM_CORE, echo_load, free_port, run_alone,
                        run_served, wrk_load)
from .programs import EDDY, LIMIT, PEER, Program
from .servers import h2o_command, make_certificate, nginx, nginx_command

PORT = "{port}"  # stands for the port in a server's command


class NetworkWorkloads:
    def __init__(self, bench):
        self.bench = bench
        self.peers = bench.peers
        self.seconds = 1.5 if bench.quick else 3  # under load
        self.programs = []

    def n1(self):
        generator = self.peers.program("n1_echo_load")
        for connections in (64, 512):
            at = ("n1", f"{connections} connections")
            load = echo_load(generator, connections, self.seconds)
            self._serve(*at, "eddy", EDDY, [os.path.join(self.bench.build, "examples", "echo"),
                                            PORT], load)
            for name in ("raw_epoll", "raw_uring", "raw_coro"):
                self._serve_built(*at, name, LIMIT, "n1_echo_" + name, load)
            for name in ("libuv", "libdill", "neco", "tokio", "go"):
                self._serve_built(*at, name, PEER, "n1_echo_" + name, load)
            self._serve_built(*at, "neco, no workers", PEER, "n1_echo_neco_nw", load)
            for style in ("protocol", "streams"):
                self._serve_python(*at, style, f"n1_echo/py_{style}.py", load)

    def n2(self):
        if not which("wrk"):
            return
        for connections in (64, 512):
            at = ("n2", f"{connections} connections")
            load = wrk_load(connections, max(2, round(self.seconds)))
            self._serve(*at, "eddy", EDDY, [self.bench.eddy("n2_http"), PORT], load)
            self._serve_built(*at, "raw_epoll", LIMIT, "n2_http_raw_epoll", load)
            self._serve_built(*at, "go", PEER, "n2_http_go", load)
            if which("nginx"):
                self._serve(*at, "nginx", PEER, self._nginx_command, load)
            if which("h2o"):
                self._serve(*at, "h2o", PEER, self._h2o_command, load)
            if which("node"):
                self._serve(*at, "node", PEER,
                            ["node", self.peers.script("n2_http/node.js"), PORT], load)
            if self.peers.has_module("aiohttp"):
                self._serve_python(*at, "aiohttp", "n2_http/py_aiohttp.py", load)
        self._n2_loops()

    def _n2_loops(self):
        """One loop and two on both cores, which the load shares."""
        for work in (0, 200):
            for loops in (1, 2):
                variant = f"{loops} loop{'s' * (loops > 1)}" + (f", {work} us each" * (work > 0))
                self._serve("n2", variant, "eddy", EDDY,
                            [self.bench.eddy("n2_loops"), PORT, loops, work],
                            wrk_load(64, max(2, round(self.seconds)), BOTH_CORES), BOTH_CORES)

    def n3(self):
        n = 10_000 if self.bench.quick else 50_000
        at = ("n3", f"{n:,} GETs")
        self._n3_clients(*at, n, self._get)
        raw = self.peers.program("n3_client_raw_epoll")
        if raw:
            self._get(*at, "raw_epoll", LIMIT, [raw, PORT, n, 100])
        if which("wrk"):
            self._put(*at, "wrk", LIMIT, self._wrk_as_client)
        if which("node"):
            script = self.peers.script("n3_client/node.js")
            self._get(*at, "node http", PEER, ["node", script, PORT, n, 100])
            self._get(*at, "node fetch", PEER, ["node", script, PORT, n, 100, "fetch"])
        if which("openssl"):
            self._n3_clients("n3", f"{n:,} GETs over TLS", n, self._get_over_tls)

    def _n3_clients(self, workload, variant, n, get):
        """The clients that can speak TLS as well."""
        at = (workload, variant)
        get(*at, "eddy", EDDY, [self.bench.eddy("n3_client"), PORT, n, 100])
        for name in ("libcurl", "go"):
            path = self.peers.program("n3_client_" + name)
            if path:
                get(*at, name, PEER, [path, PORT, n, 100])
        if self.peers.has_module("aiohttp"):
            command = [self.peers.python, self.peers.script("n3_client/py_aiohttp.py"), PORT, n, 100]
            get(*at, "aiohttp", PEER, command)
            if self.peers.has_module("uvloop"):
                get(*at, "aiohttp uvloop", PEER, [*command, "uvloop"])

    def close(self):
        """Nothing is held."""

    # ---- inside ------------------------------------------------------------------------------

    def _put(self, workload, variant, name, kind, measure):
        self.programs.append(Program(workload, variant, name.replace("_", "-"), kind, measure))

    def _serve(self, workload, variant, name, kind, command, load, core=PROGRAM_CORE):
        """`command` is a list, or a function that makes one for a port."""
        def measure():
            port = free_port()
            made = command(port) if callable(command) else _with_port(command, port)
            return run_served(made, port, load, core)
        self._put(workload, variant, name, kind, measure)

    def _serve_built(self, workload, variant, name, kind, binary, load):
        path = self.peers.program(binary)
        if path:
            self._serve(workload, variant, name, kind, [path, PORT], load)

    def _serve_python(self, workload, variant, name, script, load):
        command = [self.peers.python, self.peers.script(script), PORT]
        self._serve(workload, variant, name + " asyncio", PEER, command, load)
        if self.peers.has_module("uvloop"):
            self._serve(workload, variant, name + " uvloop", PEER, [*command, "uvloop"], load)

    def _nginx_command(self, port):
        return nginx_command(self.peers, self.bench.scratch, port)

    def _h2o_command(self, port):
        return h2o_command(self.peers, self.bench.scratch, port)

    def _get(self, workload, variant, name, kind, command):
        """A client, with a new nginx on the other core."""
        def measure():
            with nginx(self.peers, self.bench.scratch) as port:
                return run_alone(_with_port(command, port))
        self._put(workload, variant, name, kind, measure)

    def _get_over_tls(self, workload, variant, name, kind, command):
        """The same over TLS: the clients find whom to trust in CAFILE."""
        def measure():
            certificate = make_certificate(self.bench.scratch)
            with nginx(self.peers, self.bench.scratch, certificate) as port:
                return run_alone(["env", "CAFILE=" + certificate, *_with_port(command, port)])
        self._put(workload, variant, name, kind, measure)

    def _wrk_as_client(self):
        with nginx(self.peers, self.bench.scratch) as port:
            load = wrk_load(100, 3, PROGRAM_CORE, "/people/1/")
            return {"per_s": load(port)[0]["per_s"]}


def _with_port(command, port):
    return [port if word == PORT else word for word in command]
