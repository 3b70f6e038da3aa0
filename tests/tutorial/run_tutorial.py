#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs programs of examples/tutorial and compares what they print with NAME.out; prints TAP.

    run_tutorial.py [--update] FOLDER SWAPI.json PROGRAM...

FOLDER holds the expected outputs; --update writes them. Programs run under the virtual clock, so
that the times they print are exact. Those that ask a server run in real time against one that is
started here and answers from SWAPI.json; of their output the durations are left out.
"""
import difflib
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading

TIMEOUT = 60  # seconds of real time for each program
INTERRUPTED = 130

# Seconds after which Ctrl-C is pressed in those that never end by themselves.
INTERRUPT_AFTER = {"36_daemon": "200", "37_three_workers_and_a_main": "2.5"}
ARGUMENTS = {"35_users_to_csv": ["/dev/stdout"]}
NETWORK_ARGUMENTS = {
    "01_one_after_the_other": ["URL"],
    "05_session_for_each": ["URL"],
    "06_gather_a_list": ["URL"],
    "07_chunks_of_five": ["URL"],
    "09_people_into_a_database": ["URL"],
    "52_site_checker": ["URL/api/people/1/", "URL/api/people/2/", "URL/nothing", "nonsense://"],
}
UNORDERED = {"52_site_checker"}


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


def start_server(documents):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one piece: Nagle's algorithm would hold the second up

        def do_GET(self):
            document = documents.get(self.path)
            body = json.dumps(document or {"detail": "Not found"}).encode()
            self.send_response(404 if document is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "http://127.0.0.1:%d" % server.server_address[1]


def prepare(environment, name, url):
    """The environment and the arguments of one program."""
    for variable in ("http_proxy", "https_proxy", "all_proxy", "EDDY_TUTORIAL_INTERRUPT"):
        environment.pop(variable, None)
        environment.pop(variable.upper(), None)
    if name in NETWORK_ARGUMENTS:
        environment.pop("EDDY_VIRTUAL_CLOCK", None)
        return [argument.replace("URL", url) for argument in NETWORK_ARGUMENTS[name]]
    environment["EDDY_VIRTUAL_CLOCK"] = "1"
    if name in INTERRUPT_AFTER:
        environment["EDDY_TUTORIAL_INTERRUPT"] = INTERRUPT_AFTER[name]
    return ARGUMENTS.get(name, [])


def comparable(text, name, url):
    """What is the same on every machine: no folders, no lines of source, no port."""
    text = re.sub(r"[^\s(]*?(\w+\.[ch]):\d+", r"\1:LINE", text)
    if name in NETWORK_ARGUMENTS:
        text = re.sub(r"\d+\.\d\d s\b", "TIME s", text.replace(url, "URL"))
    lines = text.splitlines()
    return sorted(lines) if name in UNORDERED else lines


def default_interrupt():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs ignore it


def run(program, name, url):
    """Returns the comparable output, and what went wrong otherwise, or None."""
    environment = dict(os.environ)
    arguments = prepare(environment, name, url)
    try:
        ended = subprocess.run([program] + arguments, env=environment, timeout=TIMEOUT,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, preexec_fn=default_interrupt)
    except subprocess.TimeoutExpired:
        return [], "not ended after %d s" % TIMEOUT
    expected = INTERRUPTED if name in INTERRUPT_AFTER else 0
    wrong = None
    if ended.returncode != expected:
        wrong = "exit status %d, expected %d" % (ended.returncode, expected)
    return comparable(ended.stdout.decode(errors="replace"), name, url), wrong


def main():
    arguments = sys.argv[1:]
    is_update = arguments[:1] == ["--update"]
    folder, swapi, *programs = arguments[is_update:]
    with open(swapi, encoding="utf-8") as file:
        url = start_server(json.load(file))

    print("TAP version 13\n1..%d" % len(programs), flush=True)
    failed = 0
    for number, program in enumerate(sorted(programs, key=os.path.basename), 1):
        name = os.path.basename(program)
        path = os.path.join(folder, name + ".out")
        output, wrong = run(program, name, url)
        if is_update:
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(line + "\n" for line in output)
        try:
            with open(path, encoding="utf-8") as file:
                expected = file.read().splitlines()
        except FileNotFoundError:
            expected, wrong = output, wrong or "there is no " + path
        is_good = wrong is None and output == expected
        print("%s %d - %s" % ("ok" if is_good else "not ok", number, name), flush=True)
        if is_good:
            continue
        failed += 1
        if wrong:
            print("# " + wrong)
        for line in difflib.unified_diff(expected, output, "expected", "printed", lineterm=""):
            print("# " + line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
