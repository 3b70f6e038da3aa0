/* SPDX-License-Identifier: MIT */
/*
 * live.c: which loops are alive, and on which thread: who may use what.
 *
 * Everything belongs to one thread. A future has the number of its loop, which is not given twice;
 * a lock, an event, a queue is bound to the loop that uses it first: static ones may serve one run
 * after the other. Comparing is all that the right thread pays for. Only when that fails is it
 * asked here whether the other loop is alive on another thread: then the call is misuse, and nothing
 * has been touched. If it isn't, the object is taken over.
 *
 * The list has a lock, which also orders what a loop's thread did before its end and what the next user
 * does.
 */
#include "core/core.h"

#include <stdio.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct list live = {{&live.head, &live.head.next}};

void eddy__live_add(struct eddy_loop *loop)
{
    pthread_mutex_lock(&lock);
    loop->thread = pthread_self();
    list_push(&live, &loop->live);
    pthread_mutex_unlock(&lock);
}

void eddy__live_remove(struct eddy_loop *loop)
{
    pthread_mutex_lock(&lock);
    link_remove(&loop->live);
    pthread_mutex_unlock(&lock);
}

/* With the lock held. */
static bool is_elsewhere(uint32_t id)
{
    for (struct link *link = list_first(&live); link != NULL; link = list_next(&live, link)) {
        const struct eddy_loop *other = container_of(link, struct eddy_loop, live);
        if (other->id == id)
            return !pthread_equal(other->thread, pthread_self());
    }
    return false;
}

bool eddy__loop_is_elsewhere(uint32_t id)
{
    if (id == 0)
        return false;
    pthread_mutex_lock(&lock);
    bool answer = is_elsewhere(id);
    pthread_mutex_unlock(&lock);
    return answer;
}

int eddy__bind_anew(uint32_t *bound, const char *function)
{
    const struct eddy_loop *ours = eddy__loop_current();
    pthread_mutex_lock(&lock);
    bool is_foreign = *bound != 0 && is_elsewhere(*bound);
    // Before any loop runs, a thread may prepare things: whoever uses them in a loop has them then.
    if (!is_foreign && ours != NULL)
        __atomic_store_n(bound, ours->id, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&lock);
    if (!is_foreign)
        return 0;
    char sentence[128];
    snprintf(sentence, sizeof sentence, "%s: it belongs to the loop of another thread", function);
    return eddy__misuse(sentence);
}
