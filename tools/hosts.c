/* SPDX-License-Identifier: MIT */
/*
 * hosts.c: decides which requests may be sent now, host by host.
 *
 * A host has three queues of requests that are put aside, by their state: failed, refused, new.
 * They are sent in this order. The heap `due` holds requests that wait for their own time, and
 * hosts that are paused or closed; advance() removes those that have become due. The ready list
 * holds the hosts that have a request to be sent.
 *
 * Invariants:
 *   - A request that is put aside is in one queue of its host, or in `due`.
 *   - A host is in `due` exactly when it is paused or closed.
 *   - A host is in the ready list exactly when has_sendable() is true for it; every function that
 *     changes a host ends with update().
 *   - `due` has memory for every host and every request, so only hosts_enter() can fail.
 *   - A host is freed when it has no requests and is open.
 *
 * Owns the hosts; the caller owns the requests. Used by the fetch command.
 */
#include "hosts.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host_table.h"

enum { DUE_REQUEST = 0, DUE_HOST = 1 };

static const double pause_first = 0.25, pause_longest = 30;    // seconds, while nothing is answered
static const double time_tolerance = 0.001;                    // seconds; sums of times are rounded

static struct host *host_of(struct due *due)
{
    return (struct host *)((char *)due - offsetof(struct host, due));
}

static struct host_request *request_of(struct due *due)
{
    return (struct host_request *)((char *)due - offsetof(struct host_request, due));
}

/* --- Queues ----------------------------------------------------------------------------------- */

static void queue_put(struct host_queue *queue, struct host_request *request)
{
    request->next = NULL;
    *queue->end = request;
    queue->end = &request->next;
}

static struct host_request *queue_take(struct host_queue *queue)
{
    struct host_request *request = queue->first;
    if (request == NULL)
        return NULL;
    queue->first = request->next;
    if (queue->first == NULL)
        queue->end = &queue->first;
    return request;
}

/* --- Ready hosts ------------------------------------------------------------------------------ */

static bool has_queued(const struct host *host)
{
    for (size_t i = 0; i < HOST_QUEUE_COUNT; i++)
        if (host->queues[i].first != NULL)
            return true;
    return false;
}

static bool has_sendable(const struct hosts *hosts, const struct host *host)
{
    if (host->state == HOST_CLOSED)
        return has_queued(host);
    if (host->state == HOST_PAUSED || host->under_way_count >= (size_t)host->limit)
        return false;
    // Failed requests already count against the concurrency.
    return host->queues[HOST_REQUEST_FAILED].first != NULL ||
           (has_queued(host) && host->under_way_count + host->kept_count < hosts->concurrency);
}

static void leave_ready(struct hosts *hosts, struct host *host)
{
    if (!host->is_ready)
        return;
    host->is_ready = false;
    if (host->previous_ready != NULL)
        host->previous_ready->next_ready = host->next_ready;
    else
        hosts->first_ready = host->next_ready;
    if (host->next_ready != NULL)
        host->next_ready->previous_ready = host->previous_ready;
    else
        hosts->last_ready = host->previous_ready;
}

static void enter_ready(struct hosts *hosts, struct host *host)
{
    if (host->is_ready)
        return;
    host->is_ready = true;
    host->next_ready = NULL;
    host->previous_ready = hosts->last_ready;
    if (hosts->last_ready != NULL)
        hosts->last_ready->next_ready = host;
    else
        hosts->first_ready = host;
    hosts->last_ready = host;
}

static void update(struct hosts *hosts, struct host *host)
{
    if (has_sendable(hosts, host))
        enter_ready(hosts, host);
    else
        leave_ready(hosts, host);
}

/* --- Time ------------------------------------------------------------------------------------- */

static void free_if_unused(struct hosts *hosts, struct host *host)
{
    if (host->request_count > 0 || host->state != HOST_OPEN)
        return;
    leave_ready(hosts, host);
    host_table_remove(&hosts->table, host);
}

static void become_open(struct hosts *hosts, struct host *host)
{
    host->state = HOST_OPEN;
    host->limit = (double)host->under_way_count + 1;    // some may date from before the pause
    update(hosts, host);
    free_if_unused(hosts, host);
}

/* Removes from `due` what has become due, and makes it sendable. */
static void advance(struct hosts *hosts, double now)
{
    for (struct due *due; (due = due_heap_first(&hosts->due)) != NULL && due->at <= now;) {
        due_heap_remove(&hosts->due, due);
        if (due->kind == DUE_HOST) {
            become_open(hosts, host_of(due));
        } else {
            struct host_request *request = request_of(due);
            queue_put(&request->host->queues[request->state], request);
            update(hosts, request->host);
        }
    }
}

double hosts_next_time(const struct hosts *hosts)
{
    const struct due *due = due_heap_first(&hosts->due);
    return due != NULL ? due->at : (double)INFINITY;
}

bool hosts_are_ready(const struct hosts *hosts)
{
    return hosts->first_ready != NULL;
}

/* --- Requests --------------------------------------------------------------------------------- */

void hosts_init(struct hosts *hosts, size_t concurrency, double wait_max, const uint64_t key[2])
{
    *hosts = (struct hosts){
        .concurrency = concurrency, .wait_max = wait_max, .table.key = {key[0], key[1]}};
}

void hosts_fini(struct hosts *hosts)
{
    host_table_fini(&hosts->table);
    due_heap_fini(&hosts->due);
    *hosts = (struct hosts){0};
}

static struct host *find_or_add(struct hosts *hosts, const char *origin)
{
    struct host *host = host_table_find(&hosts->table, origin);
    if (host != NULL)
        return host;
    host = host_table_add(&hosts->table, origin);
    if (host == NULL)
        return NULL;
    host->due.kind = DUE_HOST;
    host->limit = host->threshold = (double)hosts->concurrency;
    return host;
}

int hosts_enter(struct hosts *hosts, struct host_request *request, const char *origin)
{
    if (due_heap_reserve(&hosts->due, hosts->request_count + hosts->table.count + 2) < 0)
        return -ENOMEM;
    struct host *host = find_or_add(hosts, origin);
    if (host == NULL)
        return -ENOMEM;
    *request = (struct host_request){
        .host = host, .state = HOST_REQUEST_NEW, .due.kind = DUE_REQUEST, .size = request->size};
    host->request_count++;
    hosts->request_count++;
    return 0;
}

static void start(struct host_request *request)
{
    request->kind = request->state;
    request->state = HOST_REQUEST_UNDER_WAY;
    request->host->under_way_count++;
}

/* Puts aside a request that isn't under way (any more): in `due` until `at` if > 0, else queued. */
static void put_aside(struct hosts *hosts, struct host_request *request,
                      enum host_request_state state, double at)
{
    struct host *host = request->host;
    request->state = state;
    request->is_aside = true;
    host->kept_count += state == HOST_REQUEST_FAILED;
    hosts->aside_count++;
    hosts->aside_size += request->size;
    if (at > 0)
        due_heap_put(&hosts->due, &request->due, at);
    else
        queue_put(&host->queues[state], request);
    update(hosts, host);
}

/* Marks a request as under way; it was put aside and is out of its queue or `due` already. */
static void take_back(struct hosts *hosts, struct host_request *request)
{
    struct host *host = request->host;
    request->is_aside = false;
    host->kept_count -= request->state == HOST_REQUEST_FAILED;
    hosts->aside_count--;
    hosts->aside_size -= request->size;
    start(request);
    // Move it to the end of the ready list, so that hosts take turns.
    leave_ready(hosts, host);
    update(hosts, host);
}

void hosts_leave(struct hosts *hosts, struct host_request *request)
{
    struct host *host = request->host;
    if (host == NULL)
        return;
    if (request->state == HOST_REQUEST_UNDER_WAY)
        host->under_way_count--;
    host->request_count--;
    hosts->request_count--;
    request->host = NULL;
    update(hosts, host);
    free_if_unused(hosts, host);
}

bool hosts_begin(struct hosts *hosts, struct host_request *request, double now)
{
    advance(hosts, now);
    struct host *host = request->host;
    // Requests that are put aside are sent first.
    bool may_be_sent = host->state == HOST_OPEN && !has_queued(host) &&
                       host->under_way_count < (size_t)host->limit &&
                       host->under_way_count + host->kept_count < hosts->concurrency;
    if (may_be_sent || host->state == HOST_CLOSED) {
        start(request);
        return true;
    }
    put_aside(hosts, request, HOST_REQUEST_NEW, 0);
    return false;
}

/*
 * Takes a request from the first queue that has one. If a host has refused twice without an answer,
 * the request may be the cause: then a new one is tried before one that was refused.
 */
static struct host_request *take_from(struct hosts *hosts, struct host *host)
{
    struct host_queue *queues = host->queues;
    struct host_request *request = queue_take(&queues[HOST_REQUEST_FAILED]);
    if (request == NULL && host->refusal_count > 1)
        request = queue_take(&queues[HOST_REQUEST_NEW]);
    if (request == NULL)
        request = queue_take(&queues[HOST_REQUEST_REFUSED]);
    if (request == NULL)
        request = queue_take(&queues[HOST_REQUEST_NEW]);
    if (request != NULL)
        take_back(hosts, request);
    return request;
}

struct host_request *hosts_take(struct hosts *hosts, double now)
{
    advance(hosts, now);
    return hosts->first_ready != NULL ? take_from(hosts, hosts->first_ready) : NULL;
}

struct host_request *hosts_take_any(struct hosts *hosts)
{
    advance(hosts, (double)INFINITY);
    for (size_t i = 0; hosts->aside_count > 0 && i < hosts->table.bucket_count; i++)
        for (struct host *host = hosts->table.buckets[i]; host != NULL; host = host->next) {
            struct host_request *request = take_from(hosts, host);
            if (request != NULL)
                return request;
        }
    return NULL;
}

bool hosts_is_closed(const struct host_request *request, double *out_until)
{
    *out_until = request->host->due.at;
    return request->host->state == HOST_CLOSED;
}

bool hosts_hold(struct hosts *hosts, struct host_request *request, double now)
{
    advance(hosts, now);
    if (request->host->state != HOST_PAUSED)
        return false;
    request->host->under_way_count--;
    put_aside(hosts, request, request->kind, 0);
    return true;
}

/* --- Outcomes --------------------------------------------------------------------------------- */

void hosts_answered(struct hosts *hosts, struct host_request *request, double now)
{
    advance(hosts, now);
    struct host *host = request->host;
    host->answered_count++;
    host->refusal_count = 0;
    if (host->state == HOST_OPEN && host->limit < (double)hosts->concurrency)
        host->limit += host->limit < host->threshold ? 1 : 1 / host->limit;
    update(hosts, host);
}

void hosts_failed(struct hosts *hosts, struct host_request *request, double now, double seconds)
{
    advance(hosts, now);
    request->host->under_way_count--;
    put_aside(hosts, request, HOST_REQUEST_FAILED, now + seconds);
}

void hosts_postpone(struct hosts *hosts, struct host_request *request, double now, double seconds)
{
    advance(hosts, now);
    request->host->under_way_count--;
    put_aside(hosts, request, HOST_REQUEST_REFUSED, now + seconds);
}

/* Returns the pause after `count` refusals without an answer; the server requests `seconds`. */
static double pause_length(unsigned count, double seconds, double random)
{
    double least = pause_first;
    for (unsigned i = 1; i < count && least < pause_longest; i++)
        least *= 2;
    if (least > pause_longest)
        least = pause_longest;
    double length = seconds > least ? seconds : least;
    double spread = length / 10 < 0.5 ? length / 10 : 0.5;
    return length + spread * random;
}

/*
 * Returns when a pause ends. The server requests it until `asked`; we lengthen it to `lengthened`,
 * but not beyond `latest`, so that the lengthening alone never makes a permitted wait too long.
 */
static double end_of_pause(double asked, double lengthened, double latest)
{
    if (asked > latest)
        return asked;
    return lengthened < latest ? lengthened : latest;
}

static void begin_pause(struct host *host, double now)
{
    host->state = HOST_PAUSED;
    host->due.at = now;
    host->threshold = host->under_way_count > 2 ? (double)host->under_way_count / 2 : 1;
    if (host->refusal_count++ == 0)
        host->refused_since = now;
}

/*
 * Returns how much longer than its host a request waits. A request that is refused repeatedly while
 * the host answers others is itself the cause, and must not pause the host each time it opens.
 */
static double time_alone(struct host_request *request, double now, double length)
{
    const struct host *host = request->host;
    bool has_answered_others = host->answered_count > request->answered_then;
    request->refusals_alone = request->was_refused && has_answered_others
                                  ? request->refusals_alone + 1
                                  : request->refusals_alone;
    request->answered_then = host->answered_count;
    if (!request->was_refused)
        request->refused_since = now;
    request->was_refused = true;
    double longest = length > pause_longest ? length : pause_longest;
    double time = length;
    for (unsigned i = 1; i < request->refusals_alone && time < longest; i++)
        time *= 2;
    return request->refusals_alone == 0 ? 0 : time < longest ? time : longest;
}

bool hosts_refused(struct hosts *hosts, struct host_request *request, double now, double seconds,
                   double random, double *out_until)
{
    advance(hosts, now);
    struct host *host = request->host;
    if (host->state == HOST_OPEN)
        begin_pause(host, now);
    double length = pause_length(host->refusal_count, seconds, random);
    double alone = time_alone(request, now, length);
    // Only later pauses add up: refusals of requests sent before the first one count from now on.
    double since = host->refusal_count > 1 ? host->refused_since : now;
    double until = end_of_pause(now + seconds, now + length, since + hosts->wait_max);
    until = until > host->due.at ? until : host->due.at;
    if (until - since > hosts->wait_max + time_tolerance)
        host->state = HOST_CLOSED;
    due_heap_put(&hosts->due, &host->due, until);
    *out_until = until;
    bool is_given_up = host->state == HOST_CLOSED ||
                       until - request->refused_since > hosts->wait_max + time_tolerance;
    if (is_given_up) {
        update(hosts, host);
        return false;
    }
    host->under_way_count--;
    put_aside(hosts, request, HOST_REQUEST_REFUSED, alone > 0 ? until + alone : 0);
    return true;
}

/* --- For people ------------------------------------------------------------------------------- */

static const char *name_of(const struct host *host)
{
    const char *slashes = strstr(host->origin, "://");
    return slashes != NULL ? slashes + 3 : host->origin;
}

const char *hosts_name(const struct host_request *request)
{
    return name_of(request->host);
}

bool hosts_describe_pause(const struct hosts *hosts, double now, char *out_text, size_t size)
{
    const struct host *first = NULL;
    size_t count = 0;
    for (size_t i = 0; i < hosts->due.count; i++) {
        if (hosts->due.items[i]->kind != DUE_HOST)
            continue;
        const struct host *host = host_of(hosts->due.items[i]);
        if (host->state != HOST_PAUSED || host->request_count == 0)
            continue;
        count++;
        if (first == NULL || host->due.at < first->due.at)
            first = host;
    }
    *out_text = '\0';
    if (first == NULL)
        return false;
    const char *name = name_of(first);
    double left = first->due.at > now ? ceil(first->due.at - now) : 0;
    unsigned seconds = left < 1e9 ? (unsigned)left : 1000000000;
    if (count == 1 && strlen(name) <= 32)
        snprintf(out_text, size, "%s paused %u:%02u", name, seconds / 60, seconds % 60);
    else
        snprintf(out_text, size, "%zu host%s paused %u:%02u", count, count == 1 ? "" : "s",
                 seconds / 60, seconds % 60);
    return true;
}
