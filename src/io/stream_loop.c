/* SPDX-License-Identifier: MIT */
/*
 * stream_loop.c: io/'s state of each loop.
 *
 * It is created at the first use, hangs from the loop's poller, and is freed when the loop closes.
 * Then streams send what is queued, for a bounded time, and every remaining stream and listener
 * closes its descriptor. Those that have an owner remain, closed, until they are freed.
 *
 * Read buffers are lent to streams that have unread bytes. The one returned last is lent first, so
 * that a few warm buffers serve thousands of connections.
 */
#include "io/io.h"

#include <errno.h>
#include <stdio.h>

int eddy__io_misuse(const char *function, const char *what)
{
    char sentence[128];
    snprintf(sentence, sizeof sentence, "%s: %s", function, what);
    return eddy__misuse(sentence);
}

ssize_t eddy__io_end_call(ssize_t result)
{
    if (result == EDDY_CANCELLED || eddy__task_current() == NULL)
        return result;
    int err = eddy__task_yield();
    return err < 0 ? err : result;
}

static struct io_keeper *keeper_of(struct link *link)
{
    return container_of(link, struct io_keeper, link);
}

/*
 * Makes all keepers let go, except streams with bytes to send: they are moved to `sending`. A
 * keeper that lets go may free itself, and others.
 */
static void let_go_idle(struct io *io, struct list *sending)
{
    struct list idle;
    struct link *link;
    list_init(&idle);
    while ((link = list_pop(&io->keepers)) != NULL) {
        struct io_keeper *keeper = keeper_of(link);
        bool is_sending = keeper->is_sending != NULL && keeper->is_sending(keeper);
        list_push(is_sending ? sending : &idle, link);
        if (!is_sending)
            keeper->let_go(keeper);
    }
    while ((link = list_pop(&idle)) != NULL)
        list_push(&io->keepers, link);
}

/*
 * Lets streams send their queues, for flush_timeout at most. Under the virtual clock, the rest of
 * that time passes at once when the kernel accepts no more.
 */
static void flush(struct io *io, struct list *sending)
{
    const struct eddy_loop *loop = io->loop;
    int64_t timeout_ns = eddy__loop_flush_timeout_ns(loop);
    int64_t start_ns = loop->is_virtual || timeout_ns <= 0 ? 0 : eddy__clock_now_ns();
    int64_t left_ns = timeout_ns;
    struct link *link;
    while ((link = list_first(sending)) != NULL && left_ns > 0) {
        struct io_keeper *keeper = keeper_of(link);
        if (!keeper->is_sending(keeper)) {
            list_remove(link);
            list_push(&io->keepers, link);
            keeper->let_go(keeper);
            continue;
        }
        int n = eddy__poller_wait(io->poller, loop->is_virtual ? 0 : left_ns);
        if (n < 0 || (n == 0 && loop->is_virtual))
            break;
        if (!loop->is_virtual && timeout_ns != NS_NEVER)
            left_ns = timeout_ns - (eddy__clock_now_ns() - start_ns);
    }
}

/* After the timeout: drops the remaining queues, and reports them. */
static void let_go_sending(struct io *io, struct list *sending)
{
    struct link *link;
    while ((link = list_pop(sending)) != NULL) {
        list_push(&io->keepers, link);
        keeper_of(link)->let_go(keeper_of(link));
    }
}

static int loop_closes(void *data)
{
    struct io *io = data;
    struct list sending;
    list_init(&sending);
    eddy__io_cancel_watches(io);
    let_go_idle(io, &sending); // first: a stream's peer may be another of ours
    flush(io, &sending);
    let_go_sending(io, &sending);
    // Memory lent to the kernel must be returned before it is freed.
    while (io->poller->cancelling_count > 0 && eddy__poller_wait(io->poller, NS_NEVER) >= 0)
        continue;
    eddy__io_drop_watches(io);
    struct link *link;
    while ((link = list_first(&io->keepers)) != NULL)
        keeper_of(link)->leave(keeper_of(link));
    while (io->spare_count > 0)
        eddy__free(io->spares[--io->spare_count]);
    io->poller->above = NULL;
    eddy__free(io);
    return 0;
}

static int new_io(struct eddy_loop *loop, struct io **out_io)
{
    struct io *io = eddy__zalloc(sizeof *io);
    if (io == NULL)
        return -ENOMEM;
    int err = eddy_loop_on_close(loop_closes, io);
    if (err < 0) {
        eddy__free(io);
        return err;
    }
    io->loop = loop;
    io->poller = loop->poller;
    list_init(&io->keepers);
    *out_io = loop->poller->above = io;
    return 0;
}

int eddy__io_of_loop(const char *function, struct io **out_io)
{
    struct eddy_loop *loop = eddy__loop_current();
    if (loop == NULL)
        return eddy__io_misuse(function, "no loop runs on this thread");
    if (loop->poller->above == NULL)
        return new_io(loop, out_io);
    *out_io = loop->poller->above;
    return 0;
}

int eddy__io_for_result(const char *function, const void *place, struct io **out_io)
{
    if (EDDY__UNLIKELY(place == NULL))
        return eddy__io_misuse(function, "there is no place for the result");
    return eddy__io_of_loop(function, out_io);
}

void *eddy__io_buffer_take(struct io *io)
{
    if (io->spare_count > 0)
        return io->spares[--io->spare_count];
    return eddy__malloc(IO_BUFFER_SIZE);
}

void eddy__io_buffer_put(struct io *io, void *buffer)
{
    if (io->spare_count < IO_SPARE_MAX)
        io->spares[io->spare_count++] = buffer;
    else
        eddy__free(buffer);
}
