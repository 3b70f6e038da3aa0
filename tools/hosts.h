/* SPDX-License-Identifier: MIT */
/*
 * hosts.h: decides which requests may be sent now, host by host.
 *
 * A host is a scheme, a name and a port. An answer 429, or 503 with Retry-After, concerns the
 * client and not the URL, so the host is paused for all requests:
 *
 *     open --hosts_refused()--> paused --time--> ramping up --answers--> open
 *                                  `--the wait is longer than wait_max--> closed --time--> open
 *
 *   open      requests are sent, at most `concurrency` at a time
 *   paused    no request is sent; requests to other hosts are not affected
 *   ramping   one more request at a time, then two, ... so that the queued requests aren't all sent
 *             at once. Up to half of the number under way when the host was paused, each answer
 *             allows one more; from there on, each round of answers does.
 *   closed    requests must not be sent any more in this run; hosts_take() returns them at once
 *
 * Requests that can't be sent are put aside, in order of arrival, and hosts_take() returns them
 * when they can be sent. A request that failed for another reason still counts as under way while
 * it waits to be tried again, so a host that fails fast does not get requests faster.
 *
 * Nothing here waits: times are parameters, in seconds of any clock that doesn't run backwards.
 */
#ifndef EDDY_TOOLS_HOSTS_H
#define EDDY_TOOLS_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "due.h"
#include "host_table.h"

struct host;

/* States of a request. The first three are also the order in which a host's requests are sent. */
enum host_request_state {
    HOST_REQUEST_FAILED,     // put aside; it has been tried, and counts as under way
    HOST_REQUEST_REFUSED,    // put aside; its host asked to wait
    HOST_REQUEST_NEW,        // put aside, or about to be; never tried
    HOST_REQUEST_UNDER_WAY,
};

/* One request to a host. Embedded in the caller's struct; all zero before hosts_enter(). */
struct host_request {
    struct host *host;    // NULL: not entered, or left
    enum host_request_state state;
    enum host_request_state kind;    // while it is under way: the state it was in before
    bool is_aside;
    struct host_request *next;    // in a queue of its host
    struct due due;               // while it waits for its own time
    size_t size;                  // bytes of memory that the caller holds for it
    bool was_refused;
    double refused_since;       // valid if was_refused
    uint64_t answered_then;     // its host's answered_count when it was last refused
    unsigned refusals_alone;    // consecutive refusals while the host answered others
};

struct hosts {
    size_t concurrency;
    double wait_max;    // seconds
    struct host_table table;
    size_t request_count;                     // requests entered and not left
    size_t aside_count, aside_size;           // requests put aside, and bytes they hold
    struct due_heap due;                      // paused hosts, and requests with a time of their own
    struct host *first_ready, *last_ready;    // hosts that have a request for hosts_take()
};

/*
 * `concurrency`: requests to one host at a time. `wait_max`: how long, in seconds, a host may keep
 * requests waiting without an answer, from the first refusal to the pause's end. `key`: random.
 */
void hosts_init(struct hosts *hosts, size_t concurrency, double wait_max, const uint64_t key[2]);
void hosts_fini(struct hosts *hosts);

/*
 * Enters a request to the host of `origin`: "https://example.org:8443". Origins are compared as
 * texts. Must be followed by hosts_leave(). The caller has set request->size; the rest is zero.
 * Returns 0, or -ENOMEM. No other function here can fail.
 */
int hosts_enter(struct hosts *hosts, struct host_request *request, const char *origin);

/* Removes a request that is under way. Does nothing if it isn't entered. */
void hosts_leave(struct hosts *hosts, struct host_request *request);

/*
 * Asks to send a new request. Returns true if it may be sent, or if its host is closed: then it is
 * under way. Otherwise it is put aside.
 */
bool hosts_begin(struct hosts *hosts, struct host_request *request, double now);

/*
 * Takes the next request that may be sent, or whose host is closed; it is under way then. Returns
 * NULL if there is none. Hosts take turns.
 */
struct host_request *hosts_take(struct hosts *hosts, double now);

/* Whether hosts_take() would return one at the latest `now` passed to any function here. */
bool hosts_are_ready(const struct hosts *hosts);

/* Returns when hosts_take() may return more than it does now; INFINITY: not by time alone. */
double hosts_next_time(const struct hosts *hosts);

/* Takes any request that is put aside; it is under way then. NULL: none. For the end of a job. */
struct host_request *hosts_take_any(struct hosts *hosts);

/*
 * Whether the request's host is closed; if so, *out_until is the end. That may be in the past if
 * the request was taken in time.
 */
bool hosts_is_closed(const struct host_request *request, double *out_until);

/* Puts a request that is under way but not sent aside again, if its host has been paused since. */
bool hosts_hold(struct hosts *hosts, struct host_request *request, double now);

/* --- What became of a request that was under way ---------------------------------------------- */

/* The host answered. The caller calls hosts_leave() next. */
void hosts_answered(struct hosts *hosts, struct host_request *request, double now);

/*
 * The host asked for a pause of `seconds`. Pauses the host for that time, or longer if it keeps
 * asking without answering anything: at least 0.25 s the first time, then twice that, ... 30 s.
 * `random`, from 0 to 1, adds up to a tenth of it, at most 0.5 s. None of this makes the wait
 * longer than wait_max.
 *
 * Returns true: the request is put aside. False: the wait is longer than wait_max, and ends at
 * *out_until; the request is still under way. If the wait of the host as a whole is too long, the
 * host is closed until then.
 */
bool hosts_refused(struct hosts *hosts, struct host_request *request, double now, double seconds,
                   double random, double *out_until);

/* The request failed; send it again in `seconds`. Puts it aside; it still counts as under way. */
void hosts_failed(struct hosts *hosts, struct host_request *request, double now, double seconds);

/* The request couldn't be sent; send it in `seconds`. Puts it aside, not counted as under way. */
void hosts_postpone(struct hosts *hosts, struct host_request *request, double now, double seconds);

/* --- For people ------------------------------------------------------------------------------- */

/* Returns the host's name and port, borrowed while the request is entered. */
const char *hosts_name(const struct host_request *request);

/*
 * Writes which hosts are paused, and how long the first of them still is: "example.org paused
 * 0:12", "3 hosts paused 0:12". Returns false, and writes an empty text, if no paused host has
 * requests waiting.
 */
bool hosts_describe_pause(const struct hosts *hosts, double now, char *out_text, size_t size);

#endif
