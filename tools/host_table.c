/* SPDX-License-Identifier: MIT */
/*
 * host_table.c: a chained hash table of hosts, doubled when there are more hosts than buckets.
 *
 * The hash is keyed, because the names are untrusted. Owns the hosts. Used by hosts.c.
 */
#include "host_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "seen.h"

static struct host **bucket_of(const struct host_table *table, const char *origin, size_t size)
{
    uint64_t hash = seen_hash_of(table->key, origin, size).low;
    return &table->buckets[hash & (table->bucket_count - 1)];
}

static void link_host(struct host_table *table, struct host *host)
{
    struct host **bucket = bucket_of(table, host->origin, host->origin_size);
    host->next = *bucket;
    *bucket = host;
}

static int grow(struct host_table *table)
{
    struct host_table grown = *table;
    grown.bucket_count = table->bucket_count > 0 ? table->bucket_count * 2 : 64;
    grown.buckets = calloc(grown.bucket_count, sizeof(struct host *));
    if (grown.buckets == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < table->bucket_count; i++)
        for (struct host *host = table->buckets[i], *next; host != NULL; host = next) {
            next = host->next;
            link_host(&grown, host);
        }
    free(table->buckets);
    *table = grown;
    return 0;
}

struct host *host_table_find(const struct host_table *table, const char *origin)
{
    size_t size = strlen(origin);
    if (table->bucket_count == 0)
        return NULL;
    for (struct host *host = *bucket_of(table, origin, size); host != NULL; host = host->next)
        if (host->origin_size == size && memcmp(host->origin, origin, size) == 0)
            return host;
    return NULL;
}

struct host *host_table_add(struct host_table *table, const char *origin)
{
    size_t size = strlen(origin);
    if (table->count >= table->bucket_count && grow(table) < 0)
        return NULL;
    struct host *host = calloc(1, sizeof *host + size + 1);
    if (host == NULL)
        return NULL;
    for (size_t i = 0; i < HOST_QUEUE_COUNT; i++)
        host->queues[i].end = &host->queues[i].first;
    host->origin_size = size;
    memcpy(host->origin, origin, size);
    link_host(table, host);
    table->count++;
    return host;
}

void host_table_remove(struct host_table *table, struct host *host)
{
    struct host **place = bucket_of(table, host->origin, host->origin_size);
    while (*place != host)
        place = &(*place)->next;
    *place = host->next;
    table->count--;
    free(host);
}

void host_table_fini(struct host_table *table)
{
    for (size_t i = 0; i < table->bucket_count; i++)
        for (struct host *host = table->buckets[i], *next; host != NULL; host = next) {
            next = host->next;
            free(host);
        }
    free(table->buckets);
    *table = (struct host_table){0};
}
