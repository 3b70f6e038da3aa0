/* SPDX-License-Identifier: MIT */
/*
 * hosts.h: which requests may be sent now, host by host.
 *
 * A host is a scheme, a name and a port. A server that answers 429, or 503 with Retry-After, means
 * the client and not the URL, so the host is paused for all requests:
 *
 *     open --hosts_refused()--> paused --time--> ramping up --answers--> open
 *                                  `--the wait is longer than wait_max--> closed --time--> open
 *
 *   open      requests are sent, at most `concurrency` at a time
 *   paused    no request is sent; those to other hosts go on
 *   ramping   one more request at a time, then two, ... so that what has queued up isn't sent at
 *             once. Up to half of what was under way when the host was paused, each answer allows one
 *             more; from there on, each round of answers does.
 *   closed    requests are not to be sent at all in this run; hosts_take() returns them at once
 *
 * Requests that can't be sent are put aside here, in the order they came, and hosts_take() returns
 * them when they can. A request that failed for another reason keeps its place among those under
 * way while it waits to be tried again: a host that is down isn't asked faster because it fails fast.
 *
 * Nothing here waits: times are parameters, in seconds of any clock that doesn't go backwards.
 */
#ifndef EDDY_TOOLS_HOSTS_H
#define EDDY_TOOLS_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "due.h"
#include "host_table.h"

struct host;

/* Where a request is. The first three are also the order in which a host's requests are sent. */
enum host_request_state {
    HOST_REQUEST_FAILED,     // put aside; it has been tried, and keeps its place
    HOST_REQUEST_REFUSED,    // put aside; its host asked to wait
    HOST_REQUEST_NEW,        // put aside, or about to be; never tried
    HOST_REQUEST_UNDER_WAY,
};

/* One URL, as its host sees it. Embedded in the caller's struct; all zero before hosts_enter(). */
struct host_request {
    struct host *host;    // NULL: not entered, or left
    enum host_request_state state;
    enum host_request_state kind;    // while it is under way: the state it was in before
    bool is_aside;
    struct host_request *next;    // in a queue of its host
    struct due due;               // while it waits for a time of its own
    size_t size;                  // bytes of memory that the caller holds for it
    bool was_refused;
    double refused_since;       // when was_refused
    uint64_t answered_then;     // how much its host had answered when it was last refused
    unsigned refusals_alone;    // in a row, while the host answered others
};

struct hosts {
    size_t concurrency;
    double wait_max;    // seconds
    struct host_table table;
    size_t request_count;                     // entered and not left
    size_t aside_count, aside_size;           // requests put aside, and bytes they hold
    struct due_heap due;                      // paused hosts, and requests with a time of their own
    struct host *first_ready, *last_ready;    // hosts that have a request for hosts_take()
};

/*
 * `concurrency`: requests to one host at a time. `wait_max`: how long a host may keep its requests
 * waiting, from the first refusal to the end of the pause, without answering one. `key`: random.
 */
void hosts_init(struct hosts *hosts, size_t concurrency, double wait_max, const uint64_t key[2]);
void hosts_fini(struct hosts *hosts);

/*
 * Enters a request to a host, which is told by its origin: "https://example.org:8443". Equal origins
 * are equal texts. Must be ended by hosts_leave(). request->size has been set, the rest is zero.
 * Returns 0, or -ENOMEM. Nothing else here can fail.
 */
int hosts_enter(struct hosts *hosts, struct host_request *request, const char *origin);

/* Ends a request that is under way. One that isn't entered is left alone. */
void hosts_leave(struct hosts *hosts, struct host_request *request);

/*
 * Asks to send a new request. Returns true if it may be sent, or if its host is closed: it is under
 * way then. Otherwise it is put aside.
 */
bool hosts_begin(struct hosts *hosts, struct host_request *request, double now);

/*
 * The next request that may be sent, or whose host is closed; it is under way then. NULL: none.
 * Hosts take turns.
 */
struct host_request *hosts_take(struct hosts *hosts, double now);

/* Whether hosts_take() would return one, as of the last time that any function here was told. */
bool hosts_are_ready(const struct hosts *hosts);

/* When hosts_take() may return more than it does now; INFINITY: not by time alone. */
double hosts_next_time(const struct hosts *hosts);

/* Any request that is put aside; it is under way then. NULL: none. For the end of a job. */
struct host_request *hosts_take_any(struct hosts *hosts);

/*
 * Whether the request's host is closed; if so, until when. `now` may be past that, when the request
 * was taken in time.
 */
bool hosts_is_closed(const struct host_request *request, double *out_until);

/* Puts a request that is under way, but not sent yet, aside again if its host was paused meanwhile. */
bool hosts_hold(struct hosts *hosts, struct host_request *request, double now);

/* --- What became of a request that was under way ---------------------------------------------- */

/* The host answered. hosts_leave() is to follow. */
void hosts_answered(struct hosts *hosts, struct host_request *request, double now);

/*
 * The host asked to be left alone for `seconds`. Pauses the host for as long, or longer if it keeps
 * asking without having answered anything: 0.25 s the first time, then twice that, ... 30 s. Up to
 * a tenth of it, at most 0.5 s, is added by `random`, from 0 to 1. None of this makes the wait longer
 * than wait_max.
 *
 * Returns true: the request is put aside. False: the wait is longer than wait_max, and ends at
 * *out_until; the request is still under way. If that is so for the host as a whole, the host is
 * closed until then.
 */
bool hosts_refused(struct hosts *hosts, struct host_request *request, double now, double seconds,
                   double random, double *out_until);

/* The request failed, and is to be sent again in `seconds`. Puts it aside; it keeps its place. */
void hosts_failed(struct hosts *hosts, struct host_request *request, double now, double seconds);

/* The request couldn't be sent and is to be sent in `seconds`. Puts it aside without its place. */
void hosts_postpone(struct hosts *hosts, struct host_request *request, double now, double seconds);

/* --- For people ------------------------------------------------------------------------------- */

/* The host's name and port, lent as long as the request is entered. */
const char *hosts_name(const struct host_request *request);

/*
 * Writes which hosts are paused and for how long the first of them still is: "example.org paused
 * 0:12", "3 hosts paused 0:12". Returns false, and writes an empty text, when none is that has
 * requests waiting.
 */
bool hosts_describe_pause(const struct hosts *hosts, double now, char *out_text, size_t size);

#endif
