/* SPDX-License-Identifier: MIT */
/*
 * event.c: a flag, and the tasks that wait for it. A waiter leaves the wait queue when it resumes.
 */
#include "sync/sync.h"

#include <eddy/event.h>

int eddy_event_init(eddy_event *event)
{
    if (EDDY__UNLIKELY(event == NULL))
        return eddy__misuse("eddy_event_init: the event is NULL");
    *event = (eddy_event)EDDY_EVENT;
    return 0;
}

int eddy_event_set(eddy_event *event)
{
    if (EDDY__UNLIKELY(event == NULL))
        return eddy__misuse("eddy_event_set: the event is NULL");
    int err = eddy__bind(&event->loop, "eddy_event_set");
    if (err < 0 || event->is_set)
        return err;
    event->is_set = true;
    struct wait *wait;
    while ((wait = eddy__waiters_first_pending(&event->waiters)) != NULL)
        eddy__wait_finish(wait, 0);
    return 0;
}

int eddy_event_clear(eddy_event *event)
{
    if (EDDY__UNLIKELY(event == NULL))
        return eddy__misuse("eddy_event_clear: the event is NULL");
    int err = eddy__bind(&event->loop, "eddy_event_clear");
    if (err == 0)
        event->is_set = false;
    return err;
}

bool eddy_event_is_set(const eddy_event *event)
{
    return event != NULL && event->is_set;
}

int eddy_event_wait(eddy_event *event)
{
    if (EDDY__UNLIKELY(event == NULL))
        return eddy__misuse("eddy_event_wait: the event is NULL");
    struct wait wait;
    int err = eddy__wait_init(&wait, "eddy_event_wait");
    if (err == 0)
        err = eddy__bind(&event->loop, "eddy_event_wait");
    if (err < 0 || event->is_set)
        return err;
    return eddy__wait_park_in(&wait, &event->waiters);
}
