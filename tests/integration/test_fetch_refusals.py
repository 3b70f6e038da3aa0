# SPDX-License-Identifier: MIT
"""
test_fetch_refusals.py: what can't be done is said in a sentence that tells what to do, with exit
status 2 for the command line and 1 for the run; and nothing is left half-written.
"""

import contextlib
import ctypes
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess

from fetch_support import (Skip, case, clean_environment, eddy_path, expect, expect_equal,
                           expect_exit, expect_says, fetch, free_port, main, read_csv,
                           read_database, read_ndjson, read_target, run)
from peer_server import Peer

TARGETS = ("x.db", "x.ndjson", "x.csv")
NO_SERVER = "http://127.0.0.1:9/{1..3}"


def listing(folder):
    return sorted(os.listdir(folder))


def content(path):
    with open(path, "rb") as file:
        return file.read()


@contextlib.contextmanager
def database(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        yield db
        db.commit()


@case
def the_command_line_is_refused_with_a_sentence(folder):
    into = os.path.join(folder, "x.db")
    for words, says in [
        ((), ["no URL", "--urls FILE"]),
        (("http://h/{1..x}",), ["1..x", "^"]),
        (("http://h/{1",), ["{", "^"]),
        (("http://h/}",), ["\\}", "^"]),
        (("ftp://h/",), ["http://"]),
        (("http://",), ["host"]),
        (("http://h/", "--concurency", "5"), ["--concurency", "--concurrency"]),
        (("http://h/", "--concurrency", "0"), ["--concurrency"]),
        (("http://h/", "--concurrency"), ["--concurrency"]),
        (("http://h/", "--timeout", "soon"), ["--timeout"]),
        (("http://h/", "--max-size", "-1"), ["--max-size"]),
        (("http://h/", "--header", "NoColon"), ["Name: value"]),
        (("http://h/", "--into", "x.xml"), ["x.xml", "people.db"]),
        (("http://h/", "--into", "postgresql://h/d"), ["PostgreSQL", "not in this build"]),
        (("http://h/", "--table", "a b"), ["--table"]),
        (("http://h/", "--fail-on", "many"), ["--fail-on"]),
        (("http://h/", "--resume"), ["--resume", "--into"]),
        (("http://h/", "--resume", "--replace"), ["--resume", "--replace"]),
    ]:
        if "--into" not in words and "--resume" not in words:
            words = (*words, "--into", into)
        done = fetch(*words, cwd=folder)
        expect_exit(done, 2)
        expect_says(done, "eddy fetch: ", *says)
        expect_equal(done.out, b"")
        expect_equal(listing(folder), [], f"files after {words}")


@case
def an_unknown_command_names_the_nearest(folder):
    for words, says in [(("fech",), "eddy fetch"), (("serv",), "eddy serve"),
                        (("zzzzzzzz",), "--help"), (("--colour",), "--help")]:
        done = run(*words)
        expect_exit(done, 2)
        expect_says(done, words[0], says)
    expect_exit(run(), 2)


@case
def help_about_what_is_not_there_is_a_mistake(folder):
    done = run("help", "fetsh")
    expect_exit(done, 2)
    expect_equal(done.out, b"")
    expect_says(done, "fetsh", "did you mean 'eddy fetch'")
    done = run("http://127.0.0.1:9/")
    expect_exit(done, 2)
    expect_says(done, "eddy fetch 'http://127.0.0.1:9/'")


@case
def a_mistake_in_a_pattern_is_pointed_at_on_a_line_of_its_own(folder):
    done = fetch("http://h/{1..x}")
    lines = done.err.split("\n")
    expect_equal(lines[1:], ["    http://h/{1..x}", "                 ^", ""])


@case
def ranges_as_curl_has_them_get_a_hint(folder):
    with Peer() as peer:
        done = fetch(peer.url("ok/[1-8]"))
        expect_exit(done, 0)
        expect_says(done, "[1-8] is taken as written", "{1..8}")
        expect_equal(fetch(peer.url("ok/[1-8]"), "-q").err, "")


@case
def what_is_wrong_for_every_url_is_told_once(folder):
    into = os.path.join(folder, "x.db")
    none = os.path.join(folder, "none.pem")
    empty = os.path.join(folder, "empty.pem")
    letter = os.path.join(folder, "letter.pem")
    with open(empty, "w", encoding="ascii"), open(letter, "w", encoding="ascii") as file:
        file.write("Dear aunt,\n")
    before = listing(folder)
    for path, says in [(none, "can't be read"), (empty, "no certificate"),
                       (letter, "no certificate"), (folder, "certificate")]:
        done = fetch("https://127.0.0.1:9/{1..50}", "--into", into, "--cacert", path)
        expect_exit(done, 1)
        expect_says(done, path, says)
        expect_equal(done.err.count("\n"), 1, f"lines of {done!r}")
    done = fetch("https://127.0.0.1:9/{1..50}", "--into", into,
                 env=clean_environment(SSL_CERT_FILE=letter))
    expect_exit(done, 1)
    expect_says(done, "SSL_CERT_FILE", letter, "no certificate")
    for name, value in [("http_proxy", "::::"), ("https_proxy", "not a proxy"),
                        ("HTTPS_PROXY", "ftp://h:3128"), ("all_proxy", "http://"),
                        ("ALL_PROXY", "http:/h:3128"), ("http_proxy", "http://h:99999")]:
        done = fetch(NO_SERVER, "--into", into, env=clean_environment(**{name: value}))
        expect_exit(done, 1)
        expect_says(done, name, "proxy", "unset")
        expect_equal(done.err.count("\n"), 1, f"lines of {done!r}")
    done = fetch(NO_SERVER, "--into", into,
                 env=clean_environment(http_proxy="http://me:secret@[::1"))
    expect("secret" not in done.err, "a password is shown")
    expect_equal(listing(folder), before, "files")
    for value in ("127.0.0.1:9", "http://127.0.0.1:9", "socks5h://u:p@127.0.0.1:9/", ""):
        done = fetch("http://127.0.0.1:9/", "--retries", 0,
                     env=clean_environment(http_proxy=value))
        expect_equal(json.loads(done.out)["attempts"], 1)


def limit_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))


def limit_descriptors_softly():
    resource.setrlimit(resource.RLIMIT_NOFILE,
                       (32, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


@case
def descriptors_that_dont_suffice_for_one_request_are_told(folder):
    with Peer() as peer:
        for limit in (6, 8, 9, 13, 16):
            for target in TARGETS:
                path = os.path.join(folder, f"{limit}-{target}")
                done = fetch(peer.url("ok/{1..3}"), "--into", path, "--retries", 0,
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
                expect_says(done, f"only {limit} descriptors", "ulimit -n")
                expect_exit(done, 0 if limit >= 10 else 1)
                expect_equal(os.path.exists(path), limit >= 10)


@case
def too_few_descriptors_are_told_and_charged_to_no_url(folder):
    with Peer() as peer:
        for target in TARGETS:
            done = fetch(peer.url("ok/{1..300}"), "-c", 100, "--into", os.path.join(folder, target),
                         "--retries", 0, preexec_fn=limit_descriptors)
            expect_exit(done, 0)
            expect_says(done, "32 descriptors", "ulimit -n", "instead of 100", "300 loaded")
        # Idle connections to one host give way to those to another.
        done = fetch(peer.url("slow/20/{1..100}"), peer.url("ok/{1..100}", host="localhost"), "-c",
                     100, "--retries", 0, preexec_fn=limit_descriptors)
        expect_exit(done, 0)
        expect_says(done, "200 loaded")
        done = fetch(peer.url("ok/{1..300}"), "-c", 100, preexec_fn=limit_descriptors_softly)
        expect_exit(done, 0)
        expect("descriptors" not in done.err, f"{done!r}")


@case
def every_line_that_is_no_url_is_named(folder):
    lines = ["http://", "no url", "ftp://h/", "http://h:99999/", "http://h/a b", "x" * 9000] * 20
    done = fetch("--urls", "-", feed="\n".join(lines).encode())
    expect_exit(done, 1)
    for number in range(1, len(lines) + 1):
        expect_says(done, f"line {number} of the list")
    expect_says(done, f"{len(lines)} failed")
    done = fetch("http://127.0.0.1:9/{a,b c}", "--retries", 0)
    expect_exit(done, 1)
    expect_says(done, "http://127.0.0.1:9/b c", "space")


@case
def help_and_version_are_there(folder):
    for words in [("--help",), ("-h",), ("help",), ("fetch", "--help"), ("help", "fetch")]:
        done = run(*words)
        expect_exit(done, 0)
        expect(b"eddy fetch" in done.out and b"{1..90}" in done.out, f"{words} teaches: {done!r}")
        expect(max(map(len, done.out.decode().splitlines())) <= 100, "lines fit a terminal")
    for words in [("--version",), ("fetch", "--version")]:
        done = run(*words)
        expect_exit(done, 0)
        expect(done.out.startswith(b"eddy 0."), f"{done!r}")


@case
def a_missing_list_is_told(folder):
    into = os.path.join(folder, "x.db")
    for path in (os.path.join(folder, "none"), folder):
        done = fetch("--urls", path, "--into", into)
        expect_exit(done, 1)
        expect_says(done, path, "can't be read")
    done = fetch("https://127.0.0.1:9/", "--into", into, "--cacert", os.path.join(folder, "none"))
    expect_exit(done, 1)
    expect_says(done, "certificates", "can't be read")
    expect_equal(listing(folder), [])


@case
def a_target_that_holds_rows_is_refused_with_a_word_what_to_do(folder):
    with Peer() as peer:
        for target in TARGETS:
            path = os.path.join(folder, target)
            expect_exit(fetch(peer.url("ok/{1..3}"), "--into", path), 0)
            before = read_target(path)
            done = fetch(peer.url("ok/{4..6}"), "--into", path)
            expect_exit(done, 1)
            expect_says(done, target, "--resume", "--replace")
            expect_equal(read_target(path), before)
        expect_equal(peer.counts["/ok/4"], 0, "requests for what can't be kept")
        # Another table of the same database is another target.
        path = os.path.join(folder, "x.db")
        expect_exit(fetch(peer.url("ok/9"), "--into", path, "--table", "others"), 0)
        expect_equal(len(read_database(path, "others")), 1)
        expect_equal(len(read_database(path)), 3)


@case
def a_table_of_another_shape_is_refused_and_left_alone(folder):
    shapes = ["(name TEXT)",
              "(url TEXT, status, attempts, elapsed, fetched_at, content_type, error, encoding, "
              "body)",
              "(url TEXT PRIMARY KEY, status, attempts, elapsed, fetched_at, content_type, error)",
              "(url TEXT PRIMARY KEY, status, attempts, elapsed, fetched_at, content_type, error, "
              "encoding, body, mine)"]
    for number, shape in enumerate(shapes):
        path = os.path.join(folder, f"{number}.db")
        with database(path) as db:
            db.execute("CREATE TABLE documents " + shape)
        before = content(path)
        for option in ("--resume", "--replace", "-q"):
            done = fetch(NO_SERVER, "--into", path, option)
            expect_exit(done, 1)
            expect_says(done, "documents", "shape", "--table")
            expect_equal(content(path), before, "the database")
    expect_equal(listing(folder), [f"{n}.db" for n in range(len(shapes))])


@case
def a_file_that_is_something_else_is_refused_and_left_alone(folder):
    for target, data in [("x.db", b"This is a letter to my aunt.\n" * 100),
                         ("x.ndjson", b"Dear aunt,\nhow are you?\n"),
                         ("x.csv", b"name,age\r\nLuke,19\r\n")]:
        path = os.path.join(folder, target)
        with open(path, "wb") as file:
            file.write(data)
        done = fetch(NO_SERVER, "--into", path, "--resume")
        expect_exit(done, 1)
        expect_says(done, target, "--into")
        expect_equal(content(path), data)
    expect_equal(listing(folder), sorted(TARGETS))


@case
def what_can_not_be_opened_is_told(folder):
    os.mkdir(os.path.join(folder, "folder.db"))
    os.mkdir(os.path.join(folder, "folder.csv"))
    for path in ("none/x.db", "none/x.ndjson", "none/x.csv", "folder.db", "folder.csv"):
        done = fetch(NO_SERVER, "--into", os.path.join(folder, path))
        expect_exit(done, 1)
        expect_says(done, path, "--into")
    expect_equal(listing(folder), ["folder.csv", "folder.db"])


def drop_override():
    """Permissions hold for root too in the program that is started: it lacks CAP_DAC_OVERRIDE."""
    if os.geteuid() == 0:
        PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
        if ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0) != 0:
            raise OSError("the capability can't be dropped")


@case
def an_unwritable_folder_is_told(folder):
    closed = os.path.join(folder, "closed")
    os.mkdir(closed)
    os.chmod(closed, 0o555)
    for target in TARGETS:
        done = fetch(NO_SERVER, "--into", os.path.join(closed, target), cwd="/",
                     preexec_fn=drop_override)
        expect_exit(done, 1)
        expect_says(done, target, "--into")
    expect_equal(listing(closed), [])


def limit_file_size():
    resource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


def fill_and_go_on(peer, path, **options):
    urls = peer.url("size/5000/{1..400}")
    done = fetch(urls, "--into", path, "--batch", 10, "-c", 20, **options)
    expect_exit(done, 1)
    expect_says(done, path, "room", "--resume")
    rows = read_target(path) if os.path.exists(path) else {}
    expect(len(rows) < 400, "it was full")
    for row in rows.values():
        body = row["body"] if isinstance(row["body"], dict) else json.loads(row["body"])
        expect_equal(len(body["padding"]), 5000, "a row is whole")
    return urls, rows


@case
def a_file_that_may_not_grow_ends_the_run_with_whole_rows(folder):
    with Peer() as peer:
        for target in TARGETS:
            path = os.path.join(folder, target)
            urls, rows = fill_and_go_on(peer, path, preexec_fn=limit_file_size)
            expect(len(rows) > 0, "something had landed before")
            done = fetch(urls, "--into", path, "--resume", "-c", 20)
            expect_exit(done, 0)
            expect_says(done, f"{len(rows)} there already")
            expect_equal(len(read_target(path)), 400)


@case
def a_full_disk_ends_the_run_with_whole_rows(folder):
    mount = os.path.join(folder, "small")
    os.mkdir(mount)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount],
                          capture_output=True, check=False)
    if made.returncode != 0:
        raise Skip("no small file system can be mounted here")
    try:
        with Peer() as peer:
            for target in TARGETS:
                path = os.path.join(mount, target)
                fill_and_go_on(peer, path)
                for name in listing(mount):
                    os.unlink(os.path.join(mount, name))
            # Full from the first byte on: nothing half-made is left.
            with open(os.path.join(mount, "ballast"), "wb", 0) as file:
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(4096))
            for target in TARGETS:
                done = fetch(peer.url("ok/1"), "--into", os.path.join(mount, target))
                expect_exit(done, 1)
                expect_says(done, target, "room")
            expect_equal(listing(mount), ["ballast"])
    finally:
        subprocess.run(["umount", mount], check=True)


@case
def replace_loses_nothing_until_something_newer_is_there(folder):
    with Peer() as peer:
        for target in TARGETS:
            path = os.path.join(folder, target)
            expect_exit(fetch(peer.url("ok/{1..5}"), "--into", path), 0)
            before = read_target(path)
            # The first batch doesn't fit, so the old rows stay.
            done = fetch(peer.url("size/400000/{1..3}"), "--into", path, "--replace",
                         preexec_fn=limit_file_size)
            expect_exit(done, 1)
            expect_equal(read_target(path), before)
            expect_exit(fetch(peer.url("ok/{6..7}"), "--into", path, "--replace"), 0)
            expect_equal(sorted(read_target(path)), [peer.url("ok/6"), peer.url("ok/7")])
            # Nothing at all is something newer too, once the job has come to its end.
            expect_exit(fetch("--urls", "-", "--into", path, "--replace"), 0)
            expect_equal(read_target(path), {})
        expect_equal(listing(folder), sorted(TARGETS))


@case
def resume_tries_again_what_failed_and_nothing_else(folder):
    with Peer() as peer:
        for target in TARGETS:
            path = os.path.join(folder, target)
            urls = [peer.url(f"ok/{target}/{{1..3}}"), peer.url(f"404/{target}/{{1..2}}"),
                    peer.url(f"fail/1/{target}/{{1..3}}")]
            expect_exit(fetch(*urls, "--into", path, "--retries", 0), 1)
            expect_equal(len(read_target(path)), 8)
            done = fetch(*urls, "--into", path, "--retries", 0, "--resume")
            expect_exit(done, 0)
            expect_says(done, "3 loaded", "5 there already")
            rows = read_target(path)
            expect_equal(len(rows), 8)
            expect_equal([row["error"] for row in rows.values()], [None] * 8)
            expect_equal(peer.counts[f"/ok/{target}/1"], 1)
            expect_equal(peer.counts[f"/fail/1/{target}/1"], 2)
            # Nothing is left to do; and --resume of what isn't there begins.
            expect_exit(fetch(*urls, "--into", path, "--resume"), 0)
            expect_equal(read_target(path), rows)
            fresh = os.path.join(folder, "fresh-" + target)
            expect_exit(fetch(peer.url("ok/1"), "--into", fresh, "--resume"), 0)
            expect_equal(len(read_target(fresh)), 1)


@case
def resume_tries_again_what_the_server_did_not_allow(folder):
    with Peer() as peer:
        for target in TARGETS:
            path = os.path.join(folder, target)
            urls = [peer.url(f"token/{{401,403,407}}/{target}"), peer.url(f"token/418/{target}")]
            expect_exit(fetch(*urls, "--into", path), 0)
            expect_equal({row["status"] for row in read_target(path).values()},
                         {401, 403, 407, 418})
            done = fetch(*urls, "--into", path, "--resume", "-H", "Authorization: good")
            expect_exit(done, 0)
            expect_says(done, "3 loaded", "1 there already")
            expect_equal(sorted(row["status"] for row in read_target(path).values()),
                         [200, 200, 200, 418])
            # --fail-on says what counts as a failure, also of rows that an earlier run landed.
            done = fetch(*urls, "--into", path, "--resume", "--fail-on", "418", "-H",
                         "Authorization: good")
            expect_exit(done, 0)
            expect_says(done, "1 loaded", "3 there already")
            expect_equal({row["status"] for row in read_target(path).values()}, {200})


@case
def a_torn_last_line_is_cut_off_on_resume(folder):
    with Peer() as peer:
        for target, reader in (("x.ndjson", read_ndjson), ("x.csv", read_csv)):
            path = os.path.join(folder, target)
            urls = peer.url("body/{pretty,binary,utf8}"), peer.url("ok/{1..3}")
            expect_exit(fetch(*urls, "--into", path, "-c", 1), 0)
            whole = content(path)
            wanted = {url: row["body"] for url, row in reader(path).items()}
            for cut in sorted({1, 2, 50, len(whole) // 3, len(whole) // 2, len(whole) - 10,
                               len(whole) - 1}):
                with open(path, "wb") as file:
                    file.write(whole[:cut])
                expect_exit(fetch(*urls, "--into", path, "--resume"), 0)
                expect_equal({url: row["body"] for url, row in reader(path).items()}, wanted,
                             f"{target} cut at {cut}")


@case
def two_at_once_do_not_write_the_same_file(folder):
    with Peer() as peer:
        for target in ("x.ndjson", "x.csv"):
            path = os.path.join(folder, target)
            first = subprocess.Popen([eddy_path(), "fetch", peer.url("slow/700/1"), "--into", path],
                                     stderr=subprocess.DEVNULL, env=clean_environment())
            while peer.counts["/slow/700/1"] == 0 and first.poll() is None:
                pass
            peer.counts.clear()
            done = fetch(peer.url("ok/1"), "--into", path, "--resume")
            expect_exit(done, 1)
            expect_says(done, target, "another eddy fetch")
            expect_equal(first.wait(), 0)
            expect_equal(len(read_target(path)), 1)


@case
def certificates_are_checked(folder):
    if shutil.which("openssl") is None:
        raise Skip("there is no openssl")
    key, cert = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
                    "-out", cert, "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    port = free_port()
    server = subprocess.Popen(["openssl", "s_server", "-accept", str(port), "-cert", cert, "-key",
                               key, "-www", "-quiet"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"https://localhost:{port}/"
        until = ["--retries", 8]  # until the server listens
        expect_exit(fetch(url, "--cacert", cert, *until), 0)
        done = fetch(url, *until)
        expect_exit(done, 1)
        row = json.loads(done.out)
        expect_equal(row["attempts"], 1)
        expect("certificate" in row["error"].lower(), f"{row}")
        expect_exit(fetch(url, "--insecure", *until), 0)
    finally:
        server.terminate()
        server.wait()


main()
