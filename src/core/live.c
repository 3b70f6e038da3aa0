/* SPDX-License-Identifier: MIT */
/*
 * live.c: which loops are alive, and on which thread, to check which thread may use an object.
 *
 * Every object belongs to one thread. A future has the number of its loop, which is never reused; a
 * lock, an event or a queue is bound to the loop that uses it first, so static ones may serve one
 * run after another. On the right thread the check is one comparison. Only if that fails is this
 * list asked whether the other loop is alive on another thread: then the call is misuse, and
 * nothing has been touched. If it isn't, the object is taken over.
 *
 * A thread without a loop may prepare objects before any loop runs. While a loop runs on another
 * thread, it is unknown whether that loop uses the object, so that is misuse as well.
 *
 * The list has a lock, which also orders what a loop's thread did before its end with what the next
 * user does.
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
    if (EDDY__UNLIKELY(id == LOOP_ID_FREED))
        eddy__stop_for_misuse("a future is used that has been freed already");
    pthread_mutex_lock(&lock);
    bool answer = is_elsewhere(id);
    pthread_mutex_unlock(&lock);
    return answer;
}

/* With the lock held: whether a loop is alive on another thread. */
static bool is_any_elsewhere(void)
{
    for (struct link *link = list_first(&live); link != NULL; link = list_next(&live, link))
        if (!pthread_equal(container_of(link, struct eddy_loop, live)->thread, pthread_self()))
            return true;
    return false;
}

int eddy__bind_anew(uint32_t *bound, const char *function)
{
    const struct eddy_loop *ours = eddy__loop_current();
    pthread_mutex_lock(&lock);
    uint32_t before = __atomic_load_n(bound, __ATOMIC_RELAXED);
    bool is_foreign = before != 0 && is_elsewhere(before);
    bool is_unclear = ours == NULL && !is_foreign && is_any_elsewhere();
    if (!is_foreign && ours != NULL)
        __atomic_store_n(bound, ours->id, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&lock);
    if (!is_foreign && !is_unclear)
        return 0;
    char sentence[160];
    snprintf(sentence, sizeof sentence, "%s: %s", function,
             is_foreign ? "it belongs to the loop of another thread"
                        : "no loop runs on this thread, and one does on another");
    return eddy__misuse(sentence);
}
