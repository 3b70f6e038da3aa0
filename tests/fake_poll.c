/* SPDX-License-Identifier: MIT */
/*
 * fake_poll.c: see fake_poll.h.
 *
 * Readiness works as with epoll: after a try that found nothing, further tries return that without
 * a system call until the next event. Time and wakes come from the real poller, which is kept.
 */
#include "fake_poll.h"

#include "core/core.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { FILES_MAX = 8, STEPS_MAX = 64, SENT_MAX = 4 * 1024 * 1024 };

struct step {
    int err;     // less than 0, or
    bool is_end; // no more, or
    size_t size; // bytes to receive, or bytes that a send may take
    char *bytes;
};

struct script {
    struct step steps[STEPS_MAX];
    size_t first;
    size_t count;
    bool is_waiting; // a try found nothing, and there has been no event
    bool has_event;  // for the next wait
    bool is_complete;
    ssize_t result; // of fake_complete()
    const char *bytes;
};

struct fake_file {
    int fd;
    struct script scripts[2];
    char *sent;
    size_t sent_size;
    size_t sent_read;
    unsigned try_count;
    struct poll_file *file;
    bool cancels_late;
    ssize_t late_result;
    const char *late_bytes;
};

static struct fake {
    struct poller base;
    struct poller *real;
    struct fake_file files[FILES_MAX];
    size_t file_count;
    size_t lent_count;
    int failure;          // the error of every wait from now on; or 0
    unsigned fails_count; // waits that it failed
} fake;

static struct fake_file *find(int fd)
{
    for (size_t i = 0; i < fake.file_count; i++)
        if (fake.files[i].fd == fd)
            return &fake.files[i];
    fprintf(stderr, "fake_poll: descriptor %d is not ours\n", fd);
    abort();
}

static struct script *script_of(int fd, enum fake_direction direction)
{
    return &find(fd)->scripts[direction];
}

static struct step *add_step(int fd, enum fake_direction direction, struct step step)
{
    struct script *script = script_of(fd, direction);
    if (script->first + script->count == STEPS_MAX)
        abort();
    struct step *place = &script->steps[script->first + script->count++];
    *place = step;
    return place;
}

static void drop_step(struct script *script)
{
    free(script->steps[script->first].bytes);
    script->first++;
    script->count--;
    if (script->count == 0)
        script->first = 0;
}

/* ---- the script ------------------------------------------------------------------------------*/

void fake_bytes(int fd, const char *text)
{
    add_step(fd, FAKE_IN, (struct step){.size = strlen(text), .bytes = strdup(text)});
}

void fake_block(int fd, const char *byte, size_t count)
{
    char *bytes = malloc(count);
    memset(bytes, byte[0], count);
    add_step(fd, FAKE_IN, (struct step){.size = count, .bytes = bytes});
}

void fake_end(int fd)
{
    add_step(fd, FAKE_IN, (struct step){.is_end = true});
}

void fake_fail(int fd, enum fake_direction direction, int err)
{
    add_step(fd, direction, (struct step){.err = err});
}

void fake_room(int fd, size_t size)
{
    add_step(fd, FAKE_OUT, (struct step){.size = size});
    add_step(fd, FAKE_OUT, (struct step){.err = -EAGAIN});
}

void fake_event(int fd, enum fake_direction direction)
{
    script_of(fd, direction)->has_event = true;
}

void fake_complete(int fd, enum fake_direction direction, ssize_t result, const char *bytes)
{
    struct script *script = script_of(fd, direction);
    script->is_complete = true;
    script->result = result;
    script->bytes = bytes;
}

void fake_cancel_late(int fd, ssize_t result, const char *bytes)
{
    struct fake_file *file = find(fd);
    file->cancels_late = true;
    file->late_result = result;
    file->late_bytes = bytes;
}

const char *fake_sent(int fd)
{
    struct fake_file *file = find(fd);
    const char *text = file->sent + file->sent_read;
    file->sent[file->sent_size] = '\0';
    file->sent_read = file->sent_size;
    return text;
}

size_t fake_sent_size(int fd)
{
    return find(fd)->sent_size;
}

unsigned fake_try_count(int fd)
{
    return find(fd)->try_count;
}

void fake_poll_fail(int err)
{
    fake.failure = err;
}

unsigned fake_poll_failures(void)
{
    return fake.fails_count;
}

size_t fake_lent_count(void)
{
    return fake.lent_count;
}

/* ---- the poller ------------------------------------------------------------------------------*/

static struct poll_op **slot_of(struct poll_op *op)
{
    return poll_kind_is_outgoing(op->kind) ? &op->file->out : &op->file->in;
}

static ssize_t receive(struct script *script, struct poll_op *op)
{
    struct step *step = &script->steps[script->first];
    if (step->err < 0 || step->is_end) {
        int result = step->err;
        drop_step(script);
        return result;
    }
    size_t n = step->size < op->size ? step->size : op->size;
    memcpy(op->memory, step->bytes, n);
    memmove(step->bytes, step->bytes + n, step->size - n);
    step->size -= n;
    if (step->size == 0)
        drop_step(script);
    return (ssize_t)n;
}

static size_t copy_sent(struct fake_file *file, const void *data, size_t size, size_t room)
{
    if (size > room)
        size = room;
    if (file->sent_size + size > SENT_MAX)
        abort();
    memcpy(file->sent + file->sent_size, data, size);
    file->sent_size += size;
    return size;
}

static ssize_t send_some(struct fake_file *file, struct poll_op *op)
{
    struct script *script = &file->scripts[FAKE_OUT];
    size_t room = SIZE_MAX;
    if (script->count > 0) {
        struct step step = script->steps[script->first];
        drop_step(script);
        if (step.err < 0)
            return step.err;
        room = step.size;
    }
    if (op->part_count == 0)
        return (ssize_t)copy_sent(file, op->memory, op->size, room);
    size_t done = 0;
    for (int i = 0; i < op->part_count; i++)
        done += copy_sent(file, op->parts[i].iov_base, op->parts[i].iov_len, room - done);
    return (ssize_t)done;
}

static ssize_t fake_try(struct poller *base, struct poll_op *op)
{
    (void)base;
    struct fake_file *file = find(op->file->fd);
    bool is_out = poll_kind_is_outgoing(op->kind);
    struct script *script = &file->scripts[is_out];
    if (script->is_waiting && !op->asks_kernel)
        return -EAGAIN;
    file->try_count++;
    ssize_t n = -EAGAIN;
    if (is_out)
        n = send_some(file, op);
    else if (script->count > 0)
        n = receive(script, op);
    script->is_waiting = n == -EAGAIN;
    return n;
}

static int fake_submit(struct poller *base, struct poll_op *op)
{
    EDDY_ASSERT(op->state == POLL_IDLE && *slot_of(op) == NULL);
    *slot_of(op) = op;
    op->state = POLL_PENDING;
    if (op->kind == POLL_RECEIVE)
        op->memory = NULL;
    base->pending_count++;
    find(op->file->fd)->file = op->file;
    return 0;
}

static void make_idle(struct poll_op *op)
{
    *slot_of(op) = NULL;
    if (op->state == POLL_CANCELLING)
        fake.base.cancelling_count--;
    op->state = POLL_IDLE;
    fake.base.pending_count--;
}

static bool fake_cancel(struct poller *base, struct poll_op *op)
{
    struct fake_file *file = find(op->file->fd);
    if (!file->cancels_late) {
        make_idle(op);
        return true;
    }
    op->state = POLL_CANCELLING;
    base->cancelling_count++;
    fake_complete(file->fd, poll_kind_is_outgoing(op->kind) ? FAKE_OUT : FAKE_IN,
                  file->late_result, file->late_bytes);
    return false;
}

static void fake_give_back(struct poller *base, struct poll_op *op)
{
    (void)base;
    free(op->memory);
    op->memory = NULL;
    fake.lent_count--;
}

static void fake_forget(struct poller *base, struct poll_file *file)
{
    (void)base;
    EDDY_ASSERT(file->in == NULL && file->out == NULL);
    find(file->fd)->file = NULL;
}

static void fake_check(struct poller *base, struct poll_file *file)
{
    (void)base;
    (void)file;
}

/* Finishes `op` with the test's result; the bytes are lent from memory that give_back frees. */
static void complete(struct poll_op *op, ssize_t result, const char *bytes)
{
    op->result = result;
    if (op->kind == POLL_RECEIVE && result > 0) {
        op->memory = malloc((size_t)result);
        memcpy(op->memory, bytes, (size_t)result);
        fake.lent_count++;
    }
    make_idle(op);
    op->done(op);
}

static int settle(struct fake_file *file, enum fake_direction direction)
{
    struct script *script = &file->scripts[direction];
    struct poll_op *op = NULL;
    if (file->file != NULL)
        op = direction == FAKE_IN ? file->file->in : file->file->out;
    if (script->is_complete && op != NULL) {
        script->is_complete = false;
        script->is_waiting = false;
        complete(op, script->result, script->bytes);
        return 1;
    }
    if (!script->has_event)
        return 0;
    script->has_event = script->is_waiting = false;
    if (op == NULL || op->state != POLL_PENDING)
        return 0;
    ssize_t result = op->kind == POLL_SEND ? fake_try(&fake.base, op) : -EAGAIN;
    if (op->kind == POLL_SEND && result == -EAGAIN)
        return 0;
    complete(op, result, NULL);
    return 1;
}

static int fake_wait(struct poller *base, int64_t timeout_ns)
{
    (void)base;
    int count = 0;
    if (fake.failure < 0) {
        fake.fails_count++;
        return fake.failure;
    }
    for (size_t i = 0; i < fake.file_count; i++) {
        count += settle(&fake.files[i], FAKE_IN);
        count += settle(&fake.files[i], FAKE_OUT);
    }
    return count > 0 ? count : eddy__poller_wait(fake.real, timeout_ns);
}

static void fake_wake(struct poller *base)
{
    (void)base;
    eddy__poller_wake(fake.real);
}

static void fake_close(struct poller *base)
{
    (void)base;
    eddy__poller_close(fake.real);
}

bool fake_is_pending(int fd, enum fake_direction direction)
{
    const struct poll_file *file = find(fd)->file;
    return file != NULL && (direction == FAKE_IN ? file->in : file->out) != NULL;
}

/* ---- begin and end ---------------------------------------------------------------------------*/

static const struct poll_ops fake_ops = {
    .name = "fake",
    .try = fake_try,
    .submit = fake_submit,
    .cancel = fake_cancel,
    .give_back = fake_give_back,
    .forget = fake_forget,
    .check = fake_check,
    .wait = fake_wait,
    .wake = fake_wake,
    .close = fake_close,
};

static void forget_last_test(void)
{
    for (size_t i = 0; i < fake.file_count; i++) {
        struct fake_file *file = &fake.files[i];
        for (int direction = FAKE_IN; direction <= FAKE_OUT; direction++)
            while (file->scripts[direction].count > 0)
                drop_step(&file->scripts[direction]);
        free(file->sent);
    }
}

void fake_poll_begin(void)
{
    struct eddy_loop *loop = eddy__loop_current();
    forget_last_test();
    fake = (struct fake){.base = {.ops = &fake_ops}, .real = loop->poller};
    loop->poller = &fake.base;
}

void fake_poll_end(void)
{
    // The scripts stay: remaining streams are abandoned when the loop closes.
    eddy__loop_current()->poller = fake.real;
}

eddy_stream *fake_stream(const eddy_stream_options *options, int *out_fd)
{
    eddy_stream *stream = NULL;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || fake.file_count == FILES_MAX)
        return NULL;
    fake.files[fake.file_count++] = (struct fake_file){.fd = fd, .sent = malloc(SENT_MAX + 1)};
    if (eddy_stream_from_fd(fd, options, &stream) < 0)
        return NULL;
    *out_fd = fd;
    return stream;
}
