/* SPDX-License-Identifier: MIT */
/* A crowd: TASKS tasks wait for one thing, then all are cancelled at once in mixed order, wait again,
   and are woken one by one in a single step where the thing can do that. The cost of a task must not
   grow with the number of tasks: bench/count compares.
   usage: crowd THING TASKS */
#include <eddy.h>

#include "figures.h"

static eddy_lock lock = EDDY_LOCK;
static eddy_semaphore semaphore = EDDY_SEMAPHORE(0);
static eddy_event event = EDDY_EVENT;
static eddy_condition condition = EDDY_CONDITION;
static eddy_barrier barrier = EDDY_BARRIER(1 << 30);
static eddy_queue *queue, *full;
static eddy_future *future;

EDDY_ASYNC(gets_lock)
{
    EDDY_TRY(eddy_lock_acquire(&lock));
    return eddy_lock_release(&lock);
}

EDDY_ASYNC(gets_slot) { return eddy_semaphore_acquire(&semaphore); }
EDDY_ASYNC(sees_event) { return eddy_event_wait(&event); }

EDDY_ASYNC(is_notified)
{
    EDDY_TRY(eddy_condition_acquire(&condition));
    int rc = eddy_condition_wait(&condition);
    eddy_condition_release(&condition);
    return rc;
}

EDDY_ASYNC(meets) { int rc = eddy_barrier_wait(&barrier); return rc < 0 ? rc : 0; }
EDDY_ASYNC(gets) { int item; return eddy_queue_get(queue, &item); }
EDDY_ASYNC(puts_item) { return eddy_queue_put(full, &(int){1}); }
EDDY_ASYNC(joins) { return eddy_queue_join(full); }
EDDY_ASYNC(awaits) { return eddy_await(future); }
EDDY_ASYNC(sleeps) { return eddy_sleep(1e6); }
EDDY_ASYNC(shields) { return eddy_shield(future); }
EDDY_ASYNC(waits_for) { return eddy_wait_for(future, 1e6); }
EDDY_ASYNC(waits) { return eddy_wait(&future, 1, 1e6, EDDY_ALL_COMPLETED); }
EDDY_ASYNC(times) { return eddy_within(1e6, eddy_sleep(1e6)); }

EDDY_ASYNC(groups)
{
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_start(&group, sleeps);
    return eddy_group_end(&group, 0);
}

EDDY_ASYNC(scopes)
{
    int rc = eddy_cancel_scope_begin();
    return eddy_cancel_scope_end(rc < 0 ? rc : eddy_sleep(1e6));
}

#define MAKER(name) \
    static eddy_coroutine *make_##name(void) { return eddy_coro(name); }
MAKER(gets_lock) MAKER(gets_slot) MAKER(sees_event) MAKER(is_notified) MAKER(meets) MAKER(gets)
MAKER(puts_item) MAKER(joins) MAKER(awaits) MAKER(sleeps) MAKER(shields) MAKER(waits_for)
MAKER(waits) MAKER(times) MAKER(groups) MAKER(scopes)

static const struct thing {
    const char *name;
    eddy_coroutine *(*make)(void);
} things[] = {
    {"lock", make_gets_lock},     {"semaphore", make_gets_slot}, {"event", make_sees_event},
    {"condition", make_is_notified}, {"barrier", make_meets},    {"get", make_gets},
    {"put", make_puts_item},      {"join", make_joins},          {"future", make_awaits},
    {"sleep", make_sleeps},       {"shield", make_shields},      {"wait_for", make_waits_for},
    {"wait", make_waits},         {"timeout", make_times},       {"group", make_groups},
    {"scope", make_scopes},
};

static int settle(void)
{
    for (int i = 0; i < 4; i++)
        EDDY_TRY(eddy_sleep(0));
    return 0;
}

static int join_all(eddy_task **tasks, size_t count)
{
    EDDY_IGNORE(eddy_gather_all(tasks, count, &(eddy_gather_options){.return_exceptions = true}));
    for (size_t i = 0; i < count; i++)
        eddy_task_free(tasks[i]);
    return settle();
}

/* Wakes a task `count` times, in one step; where that can't be, they are cancelled again. */
static int wake(const struct thing *thing, eddy_task **tasks, size_t count)
{
    if (thing->make == make_is_notified) {
        EDDY_TRY(eddy_condition_acquire(&condition));
        for (size_t i = 0; i < count; i++)
            EDDY_TRY(eddy_condition_notify(&condition, 1));
        return eddy_condition_release(&condition);
    }
    for (size_t i = 0; i < count; i++) {
        if (thing->make == make_gets_slot)
            EDDY_TRY(eddy_semaphore_release(&semaphore));
        else if (thing->make == make_gets)
            EDDY_TRY(eddy_queue_put_nowait(queue, &(int){1}));
        else
            eddy_task_cancel(tasks[i]);
    }
    return 0;
}

EDDY_ASYNC(app, (const struct thing *, thing), (size_t, count))
{
    eddy_task **tasks = calloc(count, sizeof *tasks);
    queue = eddy_queue_new(int, 0);
    full = eddy_queue_new(int, 1);
    future = eddy_future_new(void);
    EDDY_TRY(eddy_queue_put_nowait(full, &(int){1}));
    EDDY_TRY(eddy_lock_acquire(&lock));
    struct watch watch = watch_start();
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < count; i++)
            tasks[i] = eddy_task_create(thing->make(), NULL);
        EDDY_TRY(settle());
        if (round == 1)
            EDDY_TRY(wake(thing, tasks, count));
        for (size_t i = 0; i < count && round == 0; i++)
            eddy_task_cancel(tasks[(i * 7919) % count]);
        EDDY_TRY(join_all(tasks, count));
    }
    report_each((long)count, watch);
    eddy_lock_release(&lock);
    eddy_queue_free(queue);
    eddy_queue_free(full);
    eddy_future_free(future);
    free(tasks);
    return 0;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "lock";
    for (size_t i = 0; i < sizeof things / sizeof *things; i++)
        if (strcmp(things[i].name, name) == 0)
            return eddy_main(eddy_coro(app, &things[i], (size_t)argument(argc, argv, 2, 1000)));
    fprintf(stderr, "crowd: there is nothing called '%s'\n", name);
    return 2;
}
