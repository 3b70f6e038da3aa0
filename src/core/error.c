/* SPDX-License-Identifier: MIT */
/*
 * error.c: the details of an error beyond its status code.
 *
 * An error object is created where the error occurs and then travels: in the task that returns it,
 * in the future that it fails, in the task that awaits that future. All share it by reference. A
 * task's travelling error is used only if its code equals the status in question.
 *
 * Invariants:
 *   - Creating an error object may fail for lack of memory; then only the status travels.
 *   - It doesn't change once a second reference exists, except for members added by its creator.
 */
#include "core/core.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Thread_local struct eddy_error *eddy__run_error;

struct eddy_error *eddy__error_new(int code, const eddy_place *place, const char *message)
{
    struct eddy_error *error = eddy__zalloc(sizeof *error);
    if (error == NULL)
        return NULL;
    error->refs = 1;
    error->code = code;
    error->place = place;
    error->message = message != NULL ? eddy__strdup(message) : NULL;
    return error;
}

struct eddy_error *eddy__error_ref(struct eddy_error *error)
{
    if (error != NULL)
        atomic_fetch_add_explicit(&error->refs, 1, memory_order_relaxed);
    return error;
}

void eddy__error_unref(struct eddy_error *error)
{
    // Causes form chains; members nest only as deep as groups do.
    while (error != NULL &&
           atomic_fetch_sub_explicit(&error->refs, 1, memory_order_acq_rel) == 1) {
        struct eddy_error *cause = error->cause;
        for (size_t i = 0; i < error->member_count; i++)
            eddy__error_unref(error->members[i]);
        eddy__free(error->members);
        eddy__free(error->message);
        eddy__free(error);
        error = cause;
    }
}

int eddy__error_add_member(struct eddy_error *error, struct eddy_error *member)
{
    size_t size = (error->member_count + 1) * sizeof(struct eddy_error *);
    struct eddy_error **members = eddy__realloc(error->members, size);
    if (members == NULL)
        return -ENOMEM;
    error->members = members;
    members[error->member_count++] = eddy__error_ref(member);
    return 0;
}

/* For another thread: references are counted without a lock. Without memory, parts are omitted. */
struct eddy_error *eddy__error_copy(const struct eddy_error *error)
{
    struct eddy_error *copy =
        error != NULL ? eddy__error_new(error->code, error->place, error->message) : NULL;
    if (copy == NULL)
        return NULL;
    copy->reason = error->reason;
    memcpy(copy->cancelled_by, error->cancelled_by, sizeof copy->cancelled_by);
    copy->cause = eddy__error_copy(error->cause);
    for (size_t i = 0; i < error->member_count; i++) {
        struct eddy_error *member = eddy__error_copy(error->members[i]);
        EDDY_IGNORE(member != NULL && eddy__error_add_member(copy, member) < 0);
        eddy__error_unref(member);
    }
    return copy;
}

struct eddy_error *eddy__cancellation_new(eddy_cancel_reason reason, const char *message,
                                          const eddy_place *place)
{
    struct eddy_error *error = eddy__error_new(EDDY_CANCELLED, place, message);
    if (error == NULL)
        return NULL;
    const struct task *task = eddy__task_current();
    error->reason = reason;
    snprintf(error->cancelled_by, sizeof error->cancelled_by, "%s",
             task != NULL ? eddy_task_get_name(&task->future) : "-");
    return error;
}

void eddy__error_travel(struct task *task, struct eddy_error *error)
{
    struct eddy_error **place = &task->activation->error;
    if (*place == error)
        return;
    eddy__error_unref(*place);
    *place = eddy__error_ref(error);
}

/* Where this thread's travelling error is kept: in the running task, or in the thread. */
static struct eddy_error **current_slot(void)
{
    struct task *task = eddy__task_current();
    return task != NULL ? &task->activation->error : &eddy__run_error;
}

/* Releases what was kept for a thread when it ends. */
static pthread_key_t thread_key;

static void forget_at_exit(void *slot)
{
    struct eddy_error **kept = slot;
    eddy__error_unref(*kept);
    *kept = NULL;
}

static void make_thread_key(void)
{
    pthread_key_create(&thread_key, forget_at_exit);
}

static void keep_for_thread(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_thread_key);
    pthread_setspecific(thread_key, &eddy__run_error);
}

/* Makes a new error travel, or none for lack of memory. */
static int travel_new(int code, struct eddy_error *error)
{
    struct eddy_error **slot = current_slot();
    eddy__error_unref(*slot);
    *slot = error;
    if (slot == &eddy__run_error)
        keep_for_thread();
    return code;
}

int eddy__fail_plain(int code, const char *sentence)
{
    return travel_new(code, eddy__error_new(code, NULL, sentence));
}

int eddy__misuse(const char *sentence)
{
    return eddy__fail_plain(EDDY_EMISUSE, sentence);
}

int eddy__fail(int status, int cause, const eddy_place *place, const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    struct eddy_error *error = eddy__error_new(status, place, message);
    struct eddy_error *known = *current_slot();
    if (error != NULL && cause < 0)
        error->cause = known != NULL && known->code == cause ? eddy__error_ref(known)
                                                             : eddy__error_new(cause, NULL, NULL);
    return travel_new(status, error);
}

const eddy_error *eddy_error_get(int status)
{
    const struct eddy_error *error = *current_slot();
    return error != NULL && error->code == status ? error : NULL;
}

eddy_error *eddy_error_take(int status)
{
    struct eddy_error **slot = current_slot();
    struct eddy_error *error = *slot;
    if (error == NULL || error->code != status)
        return eddy__error_new(status, NULL, NULL);
    *slot = NULL;
    return error;
}

void eddy_error_free(eddy_error *error)
{
    eddy__error_unref(error);
}

int eddy_error_raise(const eddy_error *error)
{
    if (error == NULL)
        return -ENOMEM; // eddy_error_take() had no memory for it
    union {
        const struct eddy_error *lent;
        struct eddy_error *shared;
    } cast = {error};
    return travel_new(error->code, eddy__error_ref(cast.shared));
}

int eddy_error_code(const eddy_error *error)
{
    return error != NULL ? error->code : 0;
}

const char *eddy_error_message(const eddy_error *error)
{
    return error != NULL ? error->message : NULL;
}

const eddy_place *eddy_error_place(const eddy_error *error)
{
    return error != NULL ? error->place : NULL;
}

const eddy_error *eddy_error_cause(const eddy_error *error)
{
    return error != NULL ? error->cause : NULL;
}

size_t eddy_error_member_count(const eddy_error *error)
{
    return error != NULL ? error->member_count : 0;
}

const eddy_error *eddy_error_member(const eddy_error *error, size_t index)
{
    return index < eddy_error_member_count(error) ? error->members[index] : NULL;
}

eddy_cancel_reason eddy_error_cancel_reason(const eddy_error *error)
{
    return error != NULL ? error->reason : EDDY_CANCEL_REQUEST;
}

const char *eddy_error_cancelled_by(const eddy_error *error)
{
    return error != NULL && error->cancelled_by[0] != '\0' ? error->cancelled_by : "-";
}
