# SPDX-License-Identifier: MIT
"""Servers that are not ours: nginx and h2o as peers, nginx and PostgreSQL as what clients talk to.

Each is private: its own folder, its own port or socket, gone at the end of the block.
"""

import contextlib
import glob
import os
import shutil
import subprocess
import tempfile

from .peers import which
from .processes import LOAD_CORE, free_port, pinned, running
from .programs import Failed


def nginx_command(peers, scratch, port, certificate=None):
    """One worker with fixed answers: /hello, and the documents /people/N/; over TLS, if it has a
    certificate."""
    ssl = f"ssl; ssl_certificate {certificate}; ssl_certificate_key {certificate}" \
        if certificate else ""
    config = _fill(peers.script("n2_http/nginx.conf.in"), scratch, port, "nginx.conf", ssl)
    return [which("nginx"), "-p", scratch, "-c", config]


def make_certificate(scratch):
    """The path of a new certificate for 127.0.0.1, which vouches for itself, with its key."""
    path = os.path.join(scratch, "certificate.pem")
    if not os.path.exists(path):
        if not which("openssl"):
            raise Failed("openssl is not installed")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                        "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path,
                        "-out", path + ".own"], check=True, capture_output=True)
        with open(path, "a", encoding="ascii") as both, \
                open(path + ".own", encoding="ascii") as own:
            both.write(own.read())
    return path


def h2o_command(peers, scratch, port):
    """One thread, and /hello as a file."""
    os.makedirs(os.path.join(scratch, "www"), exist_ok=True)
    with open(os.path.join(scratch, "www", "hello"), "w", encoding="ascii") as file:
        file.write("Hello, World!")
    return [which("h2o"), "-m", "worker", "-c",
            _fill(peers.script("n2_http/h2o.conf.in"), scratch, port, "h2o.conf")]


def _fill(template, scratch, port, name, ssl=""):
    """Writes a configuration; each server gets a new folder, and none the pid file of another."""
    folder = tempfile.mkdtemp(dir=scratch)
    os.chmod(folder, 0o755)
    with open(template, encoding="ascii") as file:
        text = file.read().replace("@DIR@", scratch).replace("@PORT@", str(port))
    text = text.replace("@SSL@", ssl)
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


@contextlib.contextmanager
def nginx(peers, scratch, certificate=None):
    """nginx on the load's core, until the end of the block; its port."""
    if not which("nginx"):
        raise Failed("nginx is not installed")
    port = free_port()
    with running(nginx_command(peers, scratch, port, certificate), LOAD_CORE, port):
        yield port


class Postgres:
    """A cluster on a socket, without fsync: it is the clients that are measured."""

    SETTINGS = ("shared_buffers=512MB fsync=off synchronous_commit=off full_page_writes=off "
                "autovacuum=off max_wal_size=8GB max_connections=200 jit=off").split()

    def __init__(self):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not found:
            raise Failed("postgresql is not installed")
        self._bin = found[-1]
        self._as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        self.folder = tempfile.mkdtemp(prefix="eddy-pg-")  # the name of its socket must be short
        try:
            self._start()
            self.query("CREATE TABLE people (id int, doc jsonb)")
        except (Failed, OSError):
            self.stop()
            raise

    def _start(self):
        data = os.path.join(self.folder, "data")
        if self._as_user:
            shutil.chown(self.folder, "postgres")
        self._call([*self._as_user, os.path.join(self._bin, "initdb"), "-A", "trust", "-U",
                    "postgres", "-E", "UTF8", "--locale=C", "-D", data])
        options = f"-k {self.folder} -c listen_addresses= " + \
            " ".join("-c " + setting for setting in self.SETTINGS)
        self._call(pinned(LOAD_CORE, [
            *self._as_user, os.path.join(self._bin, "pg_ctl"), "-D", data, "-w", "-l",
            os.path.join(self.folder, "log"), "-o", options, "start"]))

    def query(self, sql):
        """What a query prints, without headings."""
        return self._call([os.path.join(self._bin, "psql"), "-qAt", "-h", self.folder, "-U",
                           "postgres", "-c", sql, "postgres"]).strip()

    def stop(self):
        with contextlib.suppress(Failed):
            self._call([*self._as_user, os.path.join(self._bin, "pg_ctl"), "-D",
                        os.path.join(self.folder, "data"), "-m", "immediate", "stop"])
        shutil.rmtree(self.folder, ignore_errors=True)

    def _call(self, command):
        # Into files: a server that stays would hold a pipe open.
        with tempfile.TemporaryFile("w+") as out:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=subprocess.STDOUT, cwd=self.folder, timeout=120,
                                  check=False)
            out.seek(0)
            text = out.read()
        if done.returncode != 0:
            raise Failed(f"{os.path.basename(command[-1])}: {text.strip()[-200:]}")
        return text
