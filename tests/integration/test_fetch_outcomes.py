# SPDX-License-Identifier: MIT
"""test_fetch_outcomes.py: whatever a server does, its URL ends in one row that says so."""

import json
import os
import time

from fetch_support import (case, clean_environment, expect, expect_equal, expect_exit, expect_says,
                           fetch, finish, free_port, main, nginx, python_server, read_database,
                           read_ndjson, read_target, start)
from peer_server import BODIES, Peer


@case
def every_misbehaviour_ends_in_a_row_and_the_job_goes_on(folder):
    with Peer() as peer:
        refused = f"http://127.0.0.1:{free_port()}/x"
        nowhere = "http://no-such-host.invalid/x"
        # path: (status, attempts, a word of the error)
        wanted = {
            peer.url("500/a"): (500, 3, "status 500"),
            peer.url("429/a"): (429, 3, "status 429"),
            peer.url("fail/2/a"): (200, 3, None),
            peer.url("wait/1/a"): (200, 2, None),
            peer.url("date/2/a"): (200, 2, None),
            peer.url("hang/a"): (None, 3, "1 s"),
            peer.url("cut/a"): (200, 3, ""),
            peer.url("cutchunk/a"): (200, 3, ""),
            peer.url("over/a"): (200, 1, None),
            peer.url("garbage/a"): (None, None, ""),
            peer.url("reset/a"): (None, 3, ""),
            peer.url("circle/a"): (None, 1, "redirect"),
            peer.url("big/a"): (200, 1, "larger than 1048576 bytes"),
            peer.url("bigchunk/a"): (200, 1, "larger than 1048576 bytes"),
            peer.url("bomb/a"): (200, 1, "larger than 1048576 bytes"),
            peer.url("404/a"): (404, 1, None),
            peer.url("403/a"): (403, 1, None),
            peer.url("204/a"): (204, 1, None),
            peer.url("ok/a"): (200, 1, None),
            refused: (None, 3, ""),
            nowhere: (None, None, ""),
        }
        path = os.path.join(folder, "x.db")
        done = fetch(*wanted, "--into", path, "--retries", 2, "--timeout", "1s", "--max-size", "1M",
                     "--concurrency", 50, timeout=60)
        expect_exit(done, 1)
        rows = read_database(path)
        expect_equal(sorted(rows), sorted(wanted), "the URLs")
        for url, (status, attempts, word) in wanted.items():
            row = rows[url]
            expect_equal(row["status"], status, f"status of {row}")
            if attempts is not None:
                expect_equal(row["attempts"], attempts, f"attempts of {row}")
            expect_equal(row["error"] is None, word is None, f"error of {row}")
            expect((word or "") in (row["error"] or ""), f"{word!r} isn't in {row['error']!r}")
        expect_equal(rows[peer.url("over/a")]["body"], "x" * 10, "a body that is too long")
        expect(peer.counts["/fail/2/a"] == 3, "tried again until it succeeded")
        expect_says(done, "13 failed")
        print("# " + "\n# ".join(f"{u.split('/', 3)[3]}: {r['error']}" for u, r in rows.items()))


@case
def an_error_tells_the_reason_and_neither_url_nor_password(folder):
    path = os.path.join(folder, "x.db")
    port = free_port()
    urls = [f"http://127.0.0.1:{port}/x", f"HTTP://127.0.0.1:{port}/%7e[a]?b#part",
            f"http://ann:sesame@127.0.0.1:{port}/x", "http://b\u00fccher.invalid/"]
    expect_exit(fetch("-f", "-", "--into", path, "--retries", 0, feed="\n".join(urls).encode()), 1)
    rows = read_database(path)
    keys = [url.replace(":sesame", "") for url in urls]    # a password is not stored
    expect_equal(sorted(rows), sorted(keys), "the URLs")
    for row in rows.values():
        expect("http" not in row["error"].lower(), f"the URL in {row['error']!r}")
        expect("sesame" not in row["error"], f"a password in {row['error']!r}")
    expect("xn--bcher-kva.invalid" in rows[urls[3]]["error"], "the ASCII form of the name")


@case
def dots_in_a_path_are_resolved_unless_told_otherwise(folder):
    with Peer() as peer:
        url = peer.url("404/../ok/./a")
        expect_exit(fetch(url), 0)
        expect_equal(dict(peer.counts), {"/ok/a": 1}, "what was asked for")
        expect_exit(fetch(url, "--path-as-is"), 0)
        expect_equal(peer.counts["/404/../ok/./a"], 1, "what was asked for as it is")


@case
def retry_after_is_waited_for(folder):
    with Peer() as peer:
        began = time.monotonic()
        done = fetch(peer.url("wait/2/{a,b}"), peer.url("date/3/c"), "-c", 3)
        expect_exit(done, 0)
        took = time.monotonic() - began
        expect(took >= 2, f"took {took} s")
        times = sorted(peer.request_times)
        expect(times[3] - times[0] >= 1.9, "nobody came back before two seconds had passed")


@case
def bodies_land_as_they_are_in_each_kind_of_target(folder):
    encodings = {"latin1": "blob", "utf8": "text", "binary": "blob", "nul": "blob",
                 "badjson": "text", "pretty": "json", "empty": "text", "deep": "text"}
    with Peer() as peer:
        for target in ("x.db", "x.ndjson", "x.csv"):
            path = os.path.join(folder, target)
            expect_exit(fetch(peer.url("body/{" + ",".join(BODIES) + "}"), "--into", path), 0)
            rows = read_target(path)
            expect_equal(len(rows), len(BODIES))
            for kind, (content_type, body) in BODIES.items():
                row = rows[peer.url("body/" + kind)]
                encoding = encodings[kind]
                if target != "x.db":
                    encoding = "base64" if encoding == "blob" else encoding
                expect_equal(row["encoding"], encoding, f"encoding of {kind} in {target}")
                expect_equal(row["content_type"], content_type)
                got = row["body"]
                if target == "x.ndjson" and kind == "pretty":
                    expect_equal(got, json.loads(body))
                    continue
                if isinstance(got, str):
                    got = got.encode()
                expect_equal(got or b"", body, f"{kind} in {target}")


@case
def compressed_bodies_are_unpacked(folder):
    with Peer() as peer:
        path = os.path.join(folder, "x.db")
        expect_exit(fetch(peer.url("gzip/1"), "--into", path), 0)
        row = read_database(path)[peer.url("gzip/1")]
        expect_equal(json.loads(row["body"])["padding"], "x" * 1000)
        expect("gzip" in peer.seen_headers["/gzip/1"]["accept-encoding"], "gzip is asked for")


@case
def redirects_are_followed_and_the_key_stays_the_url_as_written(folder):
    with Peer() as peer:
        path = os.path.join(folder, "x.db")
        expect_exit(fetch(peer.url("to/5/x"), "--into", path), 0)
        row = read_database(path)[peer.url("to/5/x")]
        expect_equal(row["status"], 200)
        expect_equal(json.loads(row["body"])["path"], "/to/0/x")


@case
def authorization_is_not_sent_on_to_another_host(folder):
    with Peer() as first, Peer() as second:
        headers = ["-H", "Authorization: Bearer secret", "-H", "Cookie: id=1", "-H", "X-Mine: yes"]
        path = os.path.join(folder, "x.db")
        there = first.url(f"away/{second.port}/echo/1")
        expect_exit(fetch(there, first.url("echo/2"), "--into", path, *headers), 0)
        rows = read_database(path)
        here, away = json.loads(rows[first.url("echo/2")]["body"]), json.loads(rows[there]["body"])
        expect_equal(here["authorization"], "Bearer secret")
        expect_equal(here["x-mine"], "yes")
        expect_equal(away["x-mine"], "yes")
        expect("authorization" not in away and "cookie" not in away, f"sent on: {away}")
        expect_equal(first.seen_headers[f"/away/{second.port}/echo/1"]["authorization"],
                     "Bearer secret")


@case
def cookies_hold_for_redirects_and_for_later_urls_when_asked_for(folder):
    with Peer() as peer:
        words = [peer.url("gate/1"), peer.url("echo/2"), "-c", 1, "-H", "Cookie: session=a"]
        rows = read_ndjson(fetch(*words).out)
        cookies = sorted(rows[peer.url("gate/1")]["body"]["cookie"].split("; "))
        expect_equal(cookies, ["gate=1", "session=a"])
        expect_equal(rows[peer.url("echo/2")]["body"]["cookie"], "session=a")
        rows = read_ndjson(fetch(*words, "--cookies").out)
        for row in rows.values():
            cookies = sorted(row["body"]["cookie"].split("; "))
            expect_equal(cookies, ["gate=1", "session=a"])


@case
def not_found_is_recorded_and_not_fatal(folder):
    with Peer() as peer:
        path = os.path.join(folder, "x.db")
        done = fetch(peer.url("{ok,404,410}/{1..3}"), "--into", path)
        expect_exit(done, 0)
        expect_says(done, "3 loaded, 6 not found, 0 failed")
        expect_equal({row["status"] for row in read_database(path).values()}, {200, 404, 410})


@case
def fail_on_says_which_statuses_are_failures(folder):
    with Peer() as peer:
        expect_exit(fetch(peer.url("404/1"), "--fail-on", "404"), 1)
        expect_exit(fetch(peer.url("404/1"), "--fail-on", "4xx,500"), 1)
        expect_exit(fetch(peer.url("500/1"), "--retries", 0), 1)
        expect_exit(fetch(peer.url("500/1"), "--retries", 0, "--fail-on", "none"), 0)


@case
def no_more_requests_are_under_way_than_asked_for(folder):
    with Peer() as peer:
        process = start("fetch", peer.url("slow/100/{1..40}"), "-c", 7, "-q")
        most = 0
        while process.poll() is None:
            most = max(most, peer.open_count)
            time.sleep(0.005)
        expect_exit(finish(process), 0)
        expect_equal(most, 7, "connections at once")


@case
def the_rate_is_kept(folder):
    with Peer() as peer:
        expect_exit(fetch(peer.url("ok/{1..30}"), "-c", 30, "--rate", "20/s"), 0)
        times = sorted(peer.request_times)
        took = times[-1] - times[0]
        expect(1.35 <= took <= 3, f"29 steps of 50 ms took {took} s")


@case
def each_url_is_fetched_once_however_often_it_comes(folder):
    with Peer() as peer:
        path = os.path.join(folder, "x.db")
        urls = os.path.join(folder, "urls")
        with open(urls, "w") as file:
            file.write(f"# a list\n\n  {peer.url('ok/1')}  \r\n{peer.url('ok/{1..2}')}\n"
                       f"{peer.url('ok/7')}\n{peer.url('ok/7')}")
        done = fetch(peer.url("ok/{1,1,01,2}"), peer.url("ok/{08..11}"), peer.url("ok/\\{x\\}"),
                     "--urls", urls, "--into", path)
        expect_exit(done, 0)
        expect_says(done, "3 repeated")
        expect_equal(sorted(url.rsplit("/")[-1] for url in read_database(path)),
                     ["01", "08", "09", "1", "10", "11", "2", "7", "{1..2}", "{x}"])
        expect_equal(peer.counts["/ok/1"], 1)


@case
def a_list_is_read_as_it_comes(folder):
    with Peer() as peer:
        process = start("fetch", "--urls", "-", stdin=-1)
        os.set_blocking(process.stdin.fileno(), False)
        for number in range(3):
            process.stdin.write(f"{peer.url(f'ok/{number}')}\n".encode())
            process.stdin.flush()
            # The row comes while the list goes on; a reader that waits for its end would hang here.
            row = json.loads(process.stdout.readline())
            expect_equal(row["url"], peer.url(f"ok/{number}"))
        process.stdin.write(f"not a url\n{peer.url('ok/last')}".encode())
        done = finish(process)
        expect_exit(done, 1)
        expect_equal(json.loads(done.out)["url"], peer.url("ok/last"))
        expect_says(done, "line 4", "4 loaded", "1 failed")


@case
def a_list_that_gives_nothing_holds_up_nobody(folder):
    with Peer() as peer:
        process = start("fetch", peer.url("ok/{1..3}"), "--urls", "-", "-c", 2, stdin=-1)
        for _ in range(3):
            expect_equal(json.loads(process.stdout.readline())["status"], 200)
        expect_exit(finish(process), 0)


@case
def python_http_server_is_loaded(folder):
    for number in range(50):
        with open(os.path.join(folder, f"{number}.json"), "w") as file:
            json.dump({"number": number}, file)
    with python_server(folder) as base:
        path = os.path.join(folder, "x.db")
        done = fetch(base + "/{0..59}.json", "--into", path)
        expect_exit(done, 0)
        expect_says(done, "50 loaded, 10 not found, 0 failed")
        rows = read_database(path)
        expect_equal(len(rows), 60)
        expect_equal(json.loads(rows[base + "/7.json"]["body"]), {"number": 7})


@case
def nginx_is_loaded(folder):
    with nginx(folder) as base:
        path = os.path.join(folder, "x.db")
        done = fetch(base + "/{made,gone,moved,none}/{1..100}", "--into", path, "-c", 50)
        expect_exit(done, 0)
        expect_says(done, "200 loaded, 200 not found, 0 failed")
        rows = read_database(path)
        expect_equal(json.loads(rows[base + "/moved/7"]["body"]), {"uri": "/made/from/moved/7"})


@case
def proxy_variables_are_honoured(folder):
    with Peer() as peer:
        env = clean_environment(http_proxy=f"http://127.0.0.1:{free_port()}")
        expect_exit(fetch(peer.url("ok/1"), "--retries", 0, env=env), 1)
        expect_equal(peer.counts["/ok/1"], 0)
        env["no_proxy"] = "127.0.0.1"
        expect_exit(fetch(peer.url("ok/1"), "--retries", 0, env=env), 0)
        env = clean_environment(http_proxy=peer.url(""))
        done = fetch("http://elsewhere.invalid/ok/1", "--retries", 0, env=env)
        expect_equal(peer.counts["http://elsewhere.invalid/ok/1"], 1, "requests through the proxy")
        expect_exit(done, 0)


main()
