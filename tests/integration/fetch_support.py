# SPDX-License-Identifier: MIT
"""
fetch_support.py: what the tests of the command share: running it, servers that nobody here wrote,
reading back what has landed, and TAP.

A test is a function marked @case, given a folder of its own; it fails by raising. The path of the
command is the first argument, or $EDDY. Each file ends with main().
"""

import base64
import contextlib
import csv
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback

csv.field_size_limit(1 << 30)
# Whoever runs the tests in the background has Ctrl-C ignored, and that would be inherited.
signal.signal(signal.SIGINT, signal.default_int_handler)
CASES = []
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


class Skip(Exception):
    pass


def case(function):
    CASES.append(function)
    return function


def eddy_path():
    path = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("EDDY", "eddy")
    return os.path.abspath(path) if os.sep in path else path


def clean_environment(**more):
    """Nothing of the caller's that changes what the command does."""
    env = {name: value for name, value in os.environ.items()
           if not name.lower().endswith("_proxy") and name not in ("NO_COLOR", "COLUMNS")}
    return {**env, **more}


def start(*words, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    options.setdefault("env", clean_environment())
    return subprocess.Popen([eddy_path(), *map(str, words)], **options)


class Done:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __repr__(self):
        return (f"exit status {self.status}\n  stdout: {(self.out or b'')[-2000:]!r}"
                f"\n  stderr: {self.err[-2000:]!r}")


def finish(process, timeout=30, feed=None):
    try:
        out, err = process.communicate(feed, timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"still running after {timeout} s: {err[-2000:]!r}") from None
    return Done(process.returncode, out, (err or b"").decode("utf-8", "replace"))


def run(*words, timeout=30, feed=None, **options):
    if feed is not None:
        options["stdin"] = subprocess.PIPE
    return finish(start(*words, **options), timeout, feed)


def fetch(*words, **options):
    return run("fetch", *words, **options)


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def expect_equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, wanted {wanted!r}")


def expect_exit(done, status):
    if done.status != status:
        raise AssertionError(f"wanted exit status {status}, got {done!r}")


def expect_says(done, *words):
    for word in words:
        if word not in done.err:
            raise AssertionError(f"nothing about {word!r} in {done!r}")


# --- What has landed ------------------------------------------------------------------------------

COLUMNS = ["url", "status", "attempts", "elapsed", "fetched_at", "content_type", "error",
           "encoding", "body"]


def read_database(path, table="documents"):
    """Rows by URL; fails when a URL has two, or the database isn't sound."""
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as db:
        expect_equal(db.execute("PRAGMA integrity_check").fetchone()[0], "ok", "the database")
        db.row_factory = sqlite3.Row
        rows = [dict(row) for row in db.execute(f"SELECT * FROM {table}")]
    return by_url(rows)


def read_ndjson(path_or_bytes):
    data = path_or_bytes
    if not isinstance(data, bytes):
        with open(data, "rb") as file:
            data = file.read()
    expect(data == b"" or data.endswith(b"\n"), "the last line has no end")
    rows = [json.loads(line) for line in data.splitlines()]
    for row in rows:
        if row["encoding"] == "base64":
            row["body"] = base64.b64decode(row["body"])
    return by_url(rows)


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    for row in rows:
        expect_equal(list(row), COLUMNS, "the header of the CSV")
        row["status"] = int(row["status"]) if row["status"] else None
        row["attempts"] = int(row["attempts"])
        row["error"] = row["error"] or None
        if row["encoding"] == "base64":
            row["body"] = base64.b64decode(row["body"])
    return by_url(rows)


def read_target(path):
    return {"db": read_database, "ndjson": read_ndjson, "csv": read_csv}[path.rsplit(".")[-1]](path)


def by_url(rows):
    found = {}
    for row in rows:
        expect(row["url"] not in found, f"{row['url']} has two rows")
        found[row["url"]] = row
    return found


# --- Servers that nobody here wrote ---------------------------------------------------------------


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_for_port(port, process):
    for _ in range(500):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        expect(process.poll() is None, f"the server ended with {process.poll()}")
        time.sleep(0.01)
    raise AssertionError("the server doesn't listen")


@contextlib.contextmanager
def served_by(command, port):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def python_server(folder):
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1",
               "--directory", folder]
    return served_by(command, port)


NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; default_type application/json; keepalive_requests 1000000;
    client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
    server {{
        listen 127.0.0.1:{port};
        root {folder};
        location /made/ {{ return 200 '{{"uri": "$uri"}}'; }}
        location /gone/ {{ return 410; }}
        location /moved/ {{ return 301 /made/from$uri; }}
    }}
}}
"""


def nginx(folder):
    if shutil.which("nginx") is None and not os.path.exists("/usr/sbin/nginx"):
        raise Skip("there is no nginx")
    port = free_port()
    path = os.path.join(folder, "nginx.conf")
    with open(path, "w") as file:
        file.write(NGINX.format(folder=folder, port=port))
    os.chmod(folder, 0o755)
    return served_by([shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder, "-c", path], port)


# --- TAP ------------------------------------------------------------------------------------------


def main():
    wanted = sys.argv[2:]
    cases = [c for c in CASES if not wanted or any(word in c.__name__ for word in wanted)]
    print(f"1..{len(cases)}", flush=True)
    failed = 0
    for number, function in enumerate(cases, 1):
        name = function.__name__.replace("_", " ")
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="eddy-test-") as folder:
            try:
                function(folder)
                line = f"ok {number} - {name}"
            except Skip as reason:
                line = f"ok {number} - {name} # SKIP {reason}"
            except Exception:
                failed += 1
                line = f"not ok {number} - {name}"
                print("".join("# " + text + "\n" for text in traceback.format_exc().splitlines()))
        if os.environ.get("TIMES"):
            line += f" ({time.monotonic() - began:.2f} s)"
        print(line, flush=True)
    sys.exit(1 if failed else 0)
