/* SPDX-License-Identifier: MIT */
/*
 * strerror.c: statuses as text, and errors as text for reports.
 */
#include "core/core.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { RANGES_MAX = 16 };

static struct range {
    int first; // nearer to zero
    int last;
    const char *(*name)(int status);
} ranges[RANGES_MAX];
static _Atomic size_t range_count; // those below it no longer change
static pthread_mutex_t registering = PTHREAD_MUTEX_INITIALIZER;

/* With the mutex held. */
static int add_range(struct range added)
{
    for (size_t i = 0; i < range_count; i++) {
        const struct range *known = &ranges[i];
        if (known->first == added.first && known->last == added.last && known->name == added.name)
            return 0;
        if (added.first >= known->last && added.last <= known->first)
            return EDDY_EVALUE;
    }
    if (range_count == RANGES_MAX)
        return -ENOMEM;
    ranges[range_count] = added;
    range_count++;
    return 0;
}

int eddy_error_register(int first, int last, const char *(*name)(int status))
{
    if (last > first || first > EDDY_ERROR_HTTP || name == NULL)
        return EDDY_EVALUE;
    pthread_mutex_lock(&registering);
    int err = add_range((struct range){first, last, name});
    pthread_mutex_unlock(&registering);
    return err;
}

static const char *name_of_own(int status)
{
    switch (status) {
    case EDDY_CANCELLED: return "cancelled";
    case EDDY_TIMEDOUT: return "timed out";
    case EDDY_EINVALIDSTATE: return "invalid state of a future";
    case EDDY_EMISUSE: return "misuse of the interface";
    case EDDY_EVALUE: return "value out of range";
    case EDDY_ETYPE: return "value of the wrong kind";
    case EDDY_QUEUE_EMPTY: return "queue is empty";
    case EDDY_QUEUE_FULL: return "queue is full";
    case EDDY_QUEUE_SHUTDOWN: return "queue has been shut down";
    case EDDY_EBROKENBARRIER: return "barrier is broken";
    case EDDY_EGROUP: return "tasks of a group failed";
    case EDDY_STOPITERATION: return "no more items";
    case EDDY_GENERATOREXIT: return "generator is being closed";
    case EDDY_INTERRUPTED: return "interrupted";
    case EDDY_INCOMPLETE: return "ended too early";
    case EDDY_LIMIT: return "limit exceeded";
    case EDDY_ERESOLVE: return "name not resolved";
    default: return NULL;
    }
}

static const char *name_of_registered(int status)
{
    for (size_t i = 0; i < range_count; i++)
        if (status <= ranges[i].first && status >= ranges[i].last)
            return ranges[i].name(status);
    return NULL;
}

const char *eddy_strerror(int status)
{
    static _Thread_local char text[64];
    if (status >= 0)
        return "success";
    if (status > EDDY_CANCELLED)
        return strerror(-status);
    const char *name = name_of_own(status);
    if (name == NULL)
        name = name_of_registered(status);
    if (name != NULL)
        return name;
    snprintf(text, sizeof text, status <= EDDY_ERROR_USER ? "application error %d" : "error %d",
             status);
    return text;
}

/* Text that is truncated at the end of a buffer while its full length is counted. */
struct text {
    char *buf;
    size_t size;
    size_t length;
};

static EDDY_PRINTF(2, 3) void append(struct text *text, const char *format, ...)
{
    size_t room = text->length < text->size ? text->size - text->length : 0;
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(room > 0 ? text->buf + text->length : NULL, room, format, arguments);
    va_end(arguments);
    if (n > 0)
        text->length += (size_t)n;
}

static void append_error(struct text *text, int status, const struct eddy_error *error, int depth)
{
    append(text, "%*s%s", depth * 2, "", eddy_strerror(status));
    if (error == NULL)
        return;
    if (error->message != NULL)
        append(text, ": %s", error->message);
    if (error->place != NULL)
        append(text, " (%s:%d)", error->place->file, error->place->line);
    if (status == EDDY_CANCELLED && error->cancelled_by[0] != '\0')
        append(text, " [asked for by %s]", error->cancelled_by);
    for (size_t i = 0; i < error->member_count && depth < 8; i++) {
        append(text, "\n");
        append_error(text, error->members[i]->code, error->members[i], depth + 1);
    }
    if (error->cause != NULL && depth < 8) {
        append(text, "\n%*scaused by ", depth * 2, "");
        append_error(text, error->cause->code, error->cause, depth + 1);
    }
}

size_t eddy_error_format(int status, const eddy_error *error, char *buf, size_t size)
{
    struct text text = {buf, size, 0};
    append_error(&text, status, error, 0);
    return text.length;
}
