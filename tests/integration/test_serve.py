#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
test_serve.py: `eddy serve` as its users meet it: started as a command, asked by clients that nobody
here wrote (curl, wrk, Python's http.client), stopped by signals.
"""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

from fetch_support import (ROOT, Skip, case, clean_environment, expect, expect_equal, expect_exit,
                           expect_says, finish, main, run, start)

SWAPI = os.path.join(ROOT, "examples", "swapi", "swapi.json")


class Server:
    """`eddy serve` with a port of its own; `done` after it has been stopped."""

    def __init__(self, *words):
        # The tests' own disposition of Ctrl-C may be "ignored", and would be inherited.
        self.process = start("serve", "--port", 0, *words,
                             preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
        self.url = self.process.stdout.readline().decode().strip()
        expect(self.url, f"no URL; it says {self.process.stderr.read()!r}" if not self.url else "")
        self.port = urllib.parse.urlsplit(self.url).port
        self.done = None

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.done = finish(self.process)
        return self.done


@contextlib.contextmanager
def serving(*words):
    server = Server(*words)
    try:
        yield server
        if server.done is None:
            expect_exit(server.stop(), 0)
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.communicate()


def curl(*words):
    if shutil.which("curl") is None:
        raise Skip("there is no curl")
    return subprocess.run(["curl", "-s", "--max-time", "20", *words], env=clean_environment(),
                          stdout=subprocess.PIPE, check=False).stdout


def get(server, path, method="GET"):
    """Status, headers, body; or the exception that ended it."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    except (http.client.HTTPException, OSError) as error:
        return type(error).__name__, None, b""
    finally:
        connection.close()


def write(folder, name, data):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    return path


# --- Documents ------------------------------------------------------------------------------------


@case
def it_says_where_it_serves_and_what(folder):
    with serving(SWAPI) as server:
        expect(server.url.startswith("http://127.0.0.1:") and server.url.endswith("/"), server.url)
        done = server.stop()
        expect_says(done, f"serving 294 documents at {server.url} (Ctrl-C stops)")
        expect_equal(done.out, b"", "nothing else on standard output")


@case
def it_serves_without_standard_output(folder):
    with open("/dev/full", "wb") as full:
        process = start("serve", "--port", 0, SWAPI, stdout=full)
    lines = [process.stderr.readline(), process.stderr.readline()]
    expect(b"can't be written to standard output" in lines[1], f"{lines}")
    process.send_signal(signal.SIGTERM)
    done = finish(process)
    expect_exit(done, 0)
    expect_equal(done.err, "")


@case
def every_document_is_served(folder):
    with open(SWAPI, encoding="utf-8") as file:
        documents = json.load(file)
    with serving(SWAPI, "--quiet") as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        for target, document in documents.items():
            connection.request("GET", target)
            answer = connection.getresponse()
            expect_equal((answer.status, answer.headers["Content-Type"]), (200, "application/json"))
            expect_equal(json.loads(answer.read()), document, target)
        connection.close()


@case
def documents_are_served_byte_for_byte(folder):
    path = write(folder, "map.json", b'{ "/a" : {"b":  [1,\n2.50, "]}\\""] } ,"\\/c\\u00e9 \\ud83d\\ude00": "x",'
                                     b'"/a b":0,"/n":null,"/a?q=1":true , "/n":\t-1e5\n}')
    with serving(path) as server:
        for target, body in [("/a", b'{"b":  [1,\n2.50, "]}\\""] }'), ("/c%C3%A9%20%f0%9f%98%80", b'"x"'),
                             ("/a%20b", b"0"), ("/n", b"-1e5"), ("/a?q=1", b"true")]:
            expect_equal(curl(f"http://127.0.0.1:{server.port}{target}"), body, target)
        for target in ["/A", "/a?q=2", "/a/", "/", "/a%2", "/%00", "/n?x"]:
            expect_equal(get(server, target)[0], 404, target)
        expect_says(server.stop(), "serving 5 documents")


@case
def what_is_not_there_is_answered_in_json(folder):
    with serving(SWAPI) as server:
        status, headers, body = get(server, "/api/people/17/")
        expect_equal((status, headers["Content-Type"]), (404, "application/json"))
        expect_equal(json.loads(body), {"detail": "Not found"})


@case
def only_get_and_head_are_answered(folder):
    with serving(SWAPI) as server:
        whole = get(server, "/api/people/1/")
        head = get(server, "/api/people/1/", "HEAD")
        expect_equal(head[2], b"")
        expect_equal(head[1]["Content-Length"], str(len(whole[2])))
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]:
            status, headers, body = get(server, "/api/people/1/", method)
            expect_equal((status, headers["Allow"]), (405, "GET, HEAD"), method)
            expect("detail" in json.loads(body), body)


@case
def requests_are_logged_unless_quiet(folder):
    with serving(SWAPI) as server:
        size = len(get(server, "/api/people/1/")[2])
        get(server, "/x%1b?y")
        err = server.stop().err
        expect(f"GET /api/people/1/ 200 {size} " in err and "GET /x%1b?y 404 23 " in err, err)
    with serving(SWAPI, "--quiet") as server:
        get(server, "/api/people/1/")
        expect("GET" not in server.stop().err, "it isn't quiet")


# --- Slow and unreliable --------------------------------------------------------------------------


@case
def answers_are_delayed_but_not_one_after_the_other(folder):
    with serving(SWAPI, "--delay", "300ms", "--jitter", "200ms") as server:
        began = time.monotonic()
        threads = [threading.Thread(target=get, args=(server, "/api/people/1/")) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        expect(0.3 <= took < 2, f"{took} s")


def fates(*words):
    with serving(SWAPI, "--quiet", *words) as server:
        return [get(server, "/api/people/1/")[0] for _ in range(60)]


@case
def failures_are_where_the_seed_has_them(folder):
    some = fates("--fail-rate", "40%", "--seed", "7")
    kinds = set(some)
    expect(200 in kinds and 500 in kinds and len(kinds) >= 3, f"{some}: no drop, or no failure")
    expect(12 <= sum(fate != 200 for fate in some) <= 36, str(some))
    expect_equal(fates("--fail-rate", "40%", "--seed", "7"), some)
    expect(fates("--fail-rate", "40%", "--seed", "8") != some, "another seed, the same failures")
    expect_equal(set(fates("--fail-rate", "0")), {200})
    expect(200 not in fates("--fail-rate", "1"), "not all fail")


# --- The end --------------------------------------------------------------------------------------


@case
def stopped_on_purpose_it_has_done_what_it_should(folder):
    for number in [signal.SIGINT, signal.SIGTERM]:
        with serving(SWAPI) as server:
            get(server, "/api/people/1/")
            idle = socket.create_connection(("127.0.0.1", server.port), 5)
            expect_exit(server.stop(number), 0)
            expect_equal(idle.recv(1), b"", "the idle connection")
            idle.close()


@case
def what_is_under_way_is_answered_before_it_ends(folder):
    with serving(SWAPI, "--delay", "1s") as server:
        answers = []
        thread = threading.Thread(target=lambda: answers.append(get(server, "/api/people/1/")))
        thread.start()
        time.sleep(0.3)
        expect_exit(server.stop(), 0)
        thread.join()
        expect_equal(answers[0][0], 200)
        expect_equal(answers[0][1]["Connection"], "close")


@case
def a_second_signal_ends_it_at_once(folder):
    with serving(SWAPI, "--delay", "60s") as server:
        with socket.create_connection(("127.0.0.1", server.port), 5) as busy:
            busy.sendall(b"GET /api/people/1/ HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            began = time.monotonic()
            expect_exit(server.stop(), -signal.SIGTERM)
            expect(time.monotonic() - began < 2, "it took its time")


# --- Clients --------------------------------------------------------------------------------------


@case
def wrk_finds_nothing_wrong(folder):
    if shutil.which("wrk") is None:
        raise Skip("there is no wrk")
    with serving(SWAPI, "--quiet") as server:
        said = subprocess.run(["wrk", "-t1", "-c50", "-d1s", server.url + "api/people/1/"],
                              stdout=subprocess.PIPE, check=True).stdout.decode()
        expect("Requests/sec" in said, said)
        expect("Non-2xx" not in said and "Socket errors" not in said, said)


@case
def curl_keeps_its_connection(folder):
    with serving(SWAPI) as server:
        said = curl("-w", " %{num_connects}\n", "-o", os.devnull, server.url + "api/people/1/",
                    "-o", os.devnull, server.url + "api/people/17/",
                    "-o", os.devnull, server.url + "api/people/2/")
        expect_equal(said, b" 1\n 0\n 0\n")


@case
def curl_may_upload_what_nobody_wants(folder):
    body = write(folder, "body", b"x" * 3000000)
    with serving(SWAPI) as server:
        for more in [[], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect:"], ["--http1.0"]]:
            said = curl("-w", "%{http_code}", "-o", os.devnull, "--data-binary", "@" + body, *more,
                        server.url)
            expect(said in [b"405", b"413"], f"{more}: {said}")


@case
def nonsense_is_refused_and_the_others_served(folder):
    with serving(SWAPI) as server:
        for nonsense in [b"\x16\x03\x01\x00\xa5\x01\x00", b"GET /\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
                         b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"]:
            with socket.create_connection(("127.0.0.1", server.port), 5) as sock:
                sock.sendall(nonsense)
                answer = b"".join(iter(lambda: sock.recv(4096), b""))
                expect(answer.startswith(b"HTTP/1.1 400 "), answer)
        expect_equal(get(server, "/api/people/1/")[0], 200)


# --- Folders --------------------------------------------------------------------------------------


@case
def files_are_served_as_they_are(folder):
    site = os.path.join(folder, "site")
    large = os.urandom(3 * 1024 * 1024 + 17)
    write(site, "index.html", b"<p>home")
    write(site, "sub/index.html", b"<p>sub")
    write(site, "a b.txt", b"text")
    write(site, "empty.json", b"")
    write(site, "large.bin", large)
    with serving(site) as server:
        base = f"http://127.0.0.1:{server.port}"
        for path, kind, body in [("/", "text/html; charset=utf-8", b"<p>home"),
                                 ("/sub/", "text/html; charset=utf-8", b"<p>sub"),
                                 ("/sub/index.html?x=y", "text/html; charset=utf-8", b"<p>sub"),
                                 ("/a%20b.txt", "text/plain; charset=utf-8", b"text"),
                                 ("/empty.json", "application/json", b""),
                                 ("/large.bin", "application/octet-stream", large)]:
            status, headers, got = get(server, path)
            expect_equal((status, headers["Content-Type"]), (200, kind), path)
            expect(got == body, f"{path}: {len(got)} bytes")
            head = get(server, path, "HEAD")
            expect_equal((head[0], head[1]["Content-Length"]), (200, str(len(body))), path)
        expect_equal(curl(base + "/large.bin", base + "/sub/") == large + b"<p>sub", True)
        status, headers, _ = get(server, "/sub")
        expect_equal((status, headers["Location"]), (301, "/sub/"))
        expect_says(server.stop(), "serving 5 files")


@case
def nothing_else_can_be_had(folder):
    site = os.path.join(folder, "site")
    write(folder, "secret", b"secret")
    write(site, "open.txt", b"open")
    write(site, ".hidden", b"secret")
    write(site, ".git/config", b"secret")
    os.makedirs(os.path.join(site, "bare"))
    os.symlink("../secret", os.path.join(site, "link"))
    os.symlink("..", os.path.join(site, "up"))
    os.mkfifo(os.path.join(site, "pipe"))
    with serving(site) as server:
        expect_equal(get(server, "/open.txt")[0], 200)
        for path in ["/../secret", "/%2e%2e/secret", "/..%2fsecret", "/open.txt/../../secret",
                     "/./open.txt", "//open.txt", "/.hidden", "/.git/config", "/link", "/up/secret",
                     "/pipe", "/bare/", "/open.txt/", "/secret", "/%00", "/open.txt%00", "/..",
                     "/bare/../../secret", "/a" * 2000]:
            status, _, body = get(server, path)
            expect_equal(status, 404, path)
            expect(b"secret" not in body, path)
            said = curl("--path-as-is", "-w", "%{http_code}", f"http://127.0.0.1:{server.port}{path}")
            expect(said.endswith(b"404"), f"{path}: {said}")


# --- What can't be served -------------------------------------------------------------------------


@case
def what_can_not_be_served_is_told(folder):
    for name, data, word in [("a.json", b"{", "not valid JSON"), ("b.json", b"[1]", "no object"),
                             ("c.json", b'{"people": 1}', "people"), ("d.json", b"", "not valid JSON")]:
        done = run("serve", write(folder, name, data))
        expect_exit(done, 1)
        expect_says(done, word, name)
    done = run("serve", os.path.join(folder, "missing"))
    expect_exit(done, 1)
    expect_says(done, "missing", "No such file")
    for words in [[], [SWAPI, SWAPI], [SWAPI, "--prot", "1"], [SWAPI, "--port", "70000"]]:
        expect_exit(run("serve", *words), 2)


@case
def https_is_served_with_a_certificate(folder):
    if shutil.which("openssl") is None:
        raise Skip("there is no openssl")
    both, key, own = (os.path.join(folder, name) for name in ("both.pem", "key.pem", "own.pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
                    "-out", own, "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    with open(both, "wb") as file:
        for part in (own, key):
            with open(part, "rb") as source:
                file.write(source.read())
    for words in [["--certificate", both], ["--certificate", own, "--key", key]]:
        with serving(SWAPI, *words) as server:
            expect(server.url.startswith("https://127.0.0.1:"), server.url)
            answer = curl("--cacert", own, server.url + "api/people/1/")
            expect_equal(json.loads(answer)["name"], "Luke Skywalker")
            into = os.path.join(folder, "people.csv")
            done = run("fetch", server.url + "api/people/{1..9}/", "--cacert", own, "--into", into)
            expect_exit(done, 0)
            expect_says(done, "9 loaded")
            os.unlink(into)
            refused = run("fetch", server.url, "--retries", 0)
            expect_exit(refused, 1)
            expect_equal(get(server, "/")[1], None)  # in the clear
    for words, named in [(["--certificate", os.path.join(folder, "none.pem")], "none.pem"),
                         (["--certificate", own, "--key", own], "own.pem")]:
        done = run("serve", SWAPI, *words)
        expect_exit(done, 1)
        expect_says(done, "HTTPS", named)


@case
def a_port_that_is_taken_is_told(folder):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        done = run("serve", SWAPI, "--port", sock.getsockname()[1])
        expect_exit(done, 1)
        expect_says(done, str(sock.getsockname()[1]), "--port")


@case
def an_empty_map_is_a_map(folder):
    with serving(write(folder, "empty.json", b" {\n} ")) as server:
        expect_equal(get(server, "/")[0], 404)
        expect_says(server.stop(), "serving 0 documents")


if __name__ == "__main__":
    main()
