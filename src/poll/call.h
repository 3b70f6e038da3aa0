/* SPDX-License-Identifier: MIT */
/*
 * call.h: the system calls behind the operations, shared by all pollers.
 *
 * Each call is repeated if a signal interrupts it, and returns the result or a negative errno.
 */
#ifndef EDDY_POLL_CALL_H
#define EDDY_POLL_CALL_H

#include "poll/poll.h"

/* Sets *inout_is_cut if attached descriptors ended the read before the end of the data. */
ssize_t eddy__call_receive(const struct poll_file *file, void *memory, size_t size,
                           bool *inout_is_cut);

/* Never raises SIGPIPE. */
ssize_t eddy__call_send(const struct poll_file *file, const struct poll_op *op);
size_t eddy__call_send_size(const struct poll_op *op);

/* Skips connections that died while they were queued. */
ssize_t eddy__call_accept(const struct poll_file *file);

/* Connects: 0, -EINPROGRESS once begun, ...; returns the outcome of a connect that had begun. */
ssize_t eddy__call_connect(const struct poll_file *file, const struct poll_op *op);
ssize_t eddy__call_connect_outcome(const struct poll_file *file);

#endif
