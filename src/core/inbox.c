/* SPDX-License-Identifier: MIT */
/*
 * inbox.c: calls from other threads.
 *
 * A locked list that any thread may push to and the loop's thread empties, in order, at the start
 * of a full turn. The first push after an emptying wakes the loop; later pushes need not. The inbox
 * refuses posts once the loop closes, and is freed with the last reference to the loop.
 */
#include "core/run.h"
#include "poll/poll.h"

#include <errno.h>
#include <pthread.h>

struct inbox {
    pthread_mutex_t lock;
    struct post *first; // guarded by lock, as is all below
    struct post **last;
    bool is_closed;
    bool was_used;
};

struct inbox *eddy__inbox_new(void)
{
    struct inbox *inbox = eddy__zalloc(sizeof *inbox);
    if (inbox == NULL)
        return NULL;
    pthread_mutex_init(&inbox->lock, NULL);
    inbox->last = &inbox->first;
    return inbox;
}

void eddy__inbox_free(struct inbox *inbox)
{
    if (inbox == NULL)
        return;
    pthread_mutex_destroy(&inbox->lock);
    eddy__free(inbox);
}

static struct post *take_all(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    struct post *first = inbox->first;
    inbox->first = NULL;
    inbox->last = &inbox->first;
    pthread_mutex_unlock(&inbox->lock);
    return first;
}

void eddy__inbox_run(struct inbox *inbox)
{
    struct post *post = take_all(inbox);
    while (post != NULL) {
        struct post *next = post->next;
        post->run(post);
        post = next;
    }
}

void eddy__inbox_close(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    inbox->is_closed = true;
    pthread_mutex_unlock(&inbox->lock);
}

bool eddy__inbox_is_closed(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    bool is_closed = inbox->is_closed;
    pthread_mutex_unlock(&inbox->lock);
    return is_closed;
}

bool eddy__inbox_was_used(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    bool was_used = inbox->was_used;
    pthread_mutex_unlock(&inbox->lock);
    return was_used;
}

int eddy__loop_post(struct eddy_loop *loop, struct post *post)
{
    struct inbox *inbox = loop->inbox;
    pthread_mutex_lock(&inbox->lock);
    bool is_closed = inbox->is_closed;
    if (!is_closed) {
        post->next = NULL;
        inbox->was_used = true;
        *inbox->last = post;
        inbox->last = &post->next;
        // Under the lock: the inbox is closed before the poller, which must still exist here.
        eddy__loop_attend(loop);
    }
    pthread_mutex_unlock(&inbox->lock);
    return is_closed ? -ESHUTDOWN : 0;
}
