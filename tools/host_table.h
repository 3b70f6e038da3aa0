/* SPDX-License-Identifier: MIT */
/*
 * host_table.h: the hosts of hosts.c, found by their origin; used by hosts.c only.
 */
#ifndef EDDY_TOOLS_HOST_TABLE_H
#define EDDY_TOOLS_HOST_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "due.h"

struct host_request;

enum { HOST_QUEUE_COUNT = 3 };

struct host_queue {
    struct host_request *first, **end;
};

enum host_state { HOST_OPEN, HOST_PAUSED, HOST_CLOSED };

struct host {
    enum host_state state;
    struct due due;      // when it opens again
    double limit;        // the most requests under way: less than concurrency while ramping up
    double threshold;    // from this value on, the limit grows more slowly
    size_t under_way_count;
    size_t kept_count;         // failed requests that are put aside but count as under way
    size_t request_count;      // requests entered and not left
    unsigned refusal_count;    // pauses since it last answered
    double refused_since;      // valid if refusal_count > 0
    uint64_t answered_count;
    struct host_queue queues[HOST_QUEUE_COUNT];    // by the state of the requests in them
    bool is_ready;
    struct host *previous_ready, *next_ready;
    struct host *next;    // in its bucket
    size_t origin_size;
    char origin[];    // "https://example.org:8443"
};

/* A table that is all zero except for the key is empty. */
struct host_table {
    uint64_t key[2];    // random
    struct host **buckets;
    size_t bucket_count;    // a power of two, or 0
    size_t count;
};

/* Frees the table and its hosts. */
void host_table_fini(struct host_table *table);

/* Returns the host of this origin, or NULL. */
struct host *host_table_find(const struct host_table *table, const char *origin);

/* Adds a host, with empty queues and all else zero. Returns NULL if there is no memory. */
struct host *host_table_add(struct host_table *table, const char *origin);

/* Removes a host and frees it. */
void host_table_remove(struct host_table *table, struct host *host);

#endif
