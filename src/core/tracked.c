/* SPDX-License-Identifier: MIT */
/*
 * tracked.c: references that are never released, in debug mode.
 *
 * Every task, future, generator, queue, timeout, scope and handle that is made while a debug loop
 * runs is entered in a table of that loop, and removed when it is freed. When the loop closes,
 * after it has released its own references, what is still in the table is held by the program: it
 * is reported with the place where it was made.
 *
 * The table is a hash table with chains, keyed by address. Without memory an object is not tracked.
 */
#include "core/debug.h"

#include <stdio.h>
#include <string.h>

enum { BUCKETS_FIRST = 64 };

struct tracked {
    struct tracked *next; // in its bucket
    const void *object;
    const char *kind;
    bool is_task;
    struct trace trace; // the code that made it; for a task, its place is used instead
};

static size_t bucket_of(const struct tracked_table *table, const void *object)
{
    uintptr_t key = (uintptr_t)object / 16;
    return (key ^ key >> 12) & (table->bucket_count - 1);
}

static void insert(struct tracked_table *table, struct tracked *tracked)
{
    size_t i = bucket_of(table, tracked->object);
    tracked->next = table->buckets[i];
    table->buckets[i] = tracked;
}

/* Doubles the buckets; without memory the old ones stay. False if there are none at all. */
static bool grow(struct tracked_table *table)
{
    struct tracked_table larger = {
        .bucket_count = table->bucket_count > 0 ? 2 * table->bucket_count : BUCKETS_FIRST,
        .count = table->count,
    };
    larger.buckets = eddy__zalloc(larger.bucket_count * sizeof(struct tracked *));
    if (larger.buckets == NULL)
        return table->bucket_count > 0;
    for (size_t i = 0; i < table->bucket_count; i++) {
        struct tracked *next;
        for (struct tracked *tracked = table->buckets[i]; tracked != NULL; tracked = next) {
            next = tracked->next;
            insert(&larger, tracked);
        }
    }
    eddy__free(table->buckets);
    *table = larger;
    return true;
}

static struct tracked *new_tracked(const void *object, const char *kind)
{
    struct eddy_loop *loop = eddy__loop_current();
    struct tracked_table *table = loop != NULL && loop->debug != NULL ? &loop->debug->tracked : NULL;
    if (table == NULL || (table->count >= table->bucket_count && !grow(table)))
        return NULL;
    struct tracked *tracked = eddy__zalloc(sizeof *tracked);
    if (tracked == NULL)
        return NULL;
    tracked->object = object;
    tracked->kind = kind;
    insert(table, tracked);
    table->count++;
    return tracked;
}

void eddy__track_slowly(const void *object, const char *kind)
{
    struct tracked *tracked = new_tracked(object, kind);
    if (tracked != NULL)
        eddy__trace_take(&tracked->trace);
}

void eddy__track_future(struct eddy_future *future)
{
    struct tracked *tracked = new_tracked(future, future->kind->name);
    if (tracked == NULL)
        return;
    future->is_tracked = true;
    tracked->is_task = future->kind == &eddy__future_task;
    if (!tracked->is_task)
        eddy__trace_take(&tracked->trace);
}

/* True if it was tracked by that loop. */
static bool forget(struct eddy_loop *loop, const void *object)
{
    if (loop == NULL || loop->debug == NULL || loop->debug->tracked.count == 0)
        return false;
    struct tracked_table *table = &loop->debug->tracked;
    struct tracked **at = &table->buckets[bucket_of(table, object)];
    while (*at != NULL && (*at)->object != object)
        at = &(*at)->next;
    struct tracked *tracked = *at;
    if (tracked == NULL)
        return false;
    *at = tracked->next;
    table->count--;
    eddy__free(tracked);
    return true;
}

void eddy__untrack_slowly(const void *object)
{
    if (forget(eddy__loop_current(), object))
        return;
    for (struct eddy_loop *loop = eddy__loop_first_idle(); loop != NULL; loop = loop->next_idle)
        if (forget(loop, object))
            return;
}

void eddy__untrack_future(struct eddy_future *future)
{
    future->is_tracked = false;
    forget(eddy__loop_here(future->loop_id), future);
}

static void report_task(const struct tracked *tracked)
{
    union {
        const void *object;
        struct eddy_future *task;
    } cast = {tracked->object};
    eddy__report(&(eddy_report){
        .kind = EDDY_REPORT_LEAKED,
        .message = "a reference to a task was not given back by the end of the run",
        .task = cast.task,
        .name = eddy_task_get_name(cast.task),
        .place = eddy_task_place(cast.task),
    });
}

static void report_other(const struct tracked *tracked)
{
    char place[192];
    char message[320];
    eddy__trace_format(&tracked->trace, place, sizeof place);
    snprintf(message, sizeof message,
             "a reference to a %s was not given back by the end of the run; it was made in %s",
             tracked->kind, place);
    eddy__report(&(eddy_report){.kind = EDDY_REPORT_LEAKED, .message = message});
}

/* Removes and returns the first remaining entry; or NULL. */
static struct tracked *take_any(struct tracked_table *table)
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        struct tracked *tracked = table->buckets[i];
        if (tracked == NULL)
            continue;
        table->buckets[i] = tracked->next;
        table->count--;
        return tracked;
    }
    return NULL;
}

void eddy__report_tracked(struct eddy_loop *loop)
{
    if (loop->debug == NULL)
        return;
    struct tracked *tracked;
    while ((tracked = take_any(&loop->debug->tracked)) != NULL) {
        if (tracked->is_task)
            report_task(tracked);
        else
            report_other(tracked);
        eddy__free(tracked);
    }
    eddy__free(loop->debug->tracked.buckets);
    loop->debug->tracked = (struct tracked_table){0};
    if (loop->hold_count > 0)
        eddy__report(&(eddy_report){
            .kind = EDDY_REPORT_LEAKED,
            .message = "the loop was still held at the end of the run: eddy_loop_release() is missing"});
}
