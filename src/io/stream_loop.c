/* SPDX-License-Identifier: MIT */
/*
 * stream_loop.c: what io/ keeps for each loop.
 *
 * It is made at the first use, hangs from the loop's poller, and goes when the loop closes: then
 * every stream and listener that is left gives up its descriptor. Those that have an owner stay, as
 * closed ones, until they are freed.
 *
 * Read buffers are lent to streams that have unread bytes, last back first out, so that a few warm
 * ones serve thousands of connections.
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

static int loop_closes(void *data)
{
    struct io *io = data;
    eddy__io_cancel_watches(io);
    struct link *next;
    for (struct link *link = list_first(&io->keepers); link != NULL; link = next) {
        next = list_next(&io->keepers, link);
        struct io_keeper *keeper = container_of(link, struct io_keeper, link);
        keeper->let_go(keeper);
    }
    // What is lent to the kernel comes back before its memory goes.
    while (io->poller->cancelling_count > 0 && eddy__poller_wait(io->poller, NS_NEVER) >= 0)
        continue;
    eddy__io_drop_watches(io);
    struct link *link;
    while ((link = list_first(&io->keepers)) != NULL) {
        struct io_keeper *keeper = container_of(link, struct io_keeper, link);
        keeper->leave(keeper);
    }
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
