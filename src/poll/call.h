/* SPDX-License-Identifier: MIT */
/*
 * call.h: the system calls behind the operations, shared by all pollers.
 *
 * Each call is repeated if a signal interrupts it, and returns the result or a negative errno.
 */
#ifndef EDDY_POLL_CALL_H
#define EDDY_POLL_CALL_H

#include "poll/poll.h"

/* Sets *inout_is_cut if the read ended before the data did, for descriptors that came along. */
ssize_t eddy__call_receive(const struct poll_file *file, void *memory, size_t size,
                           bool *inout_is_cut);

/* Never raises SIGPIPE. */
ssize_t eddy__call_send(const struct poll_file *file, const struct poll_op *op);
size_t eddy__call_send_size(const struct poll_op *op);

/* Passes over connections that died while they waited. */
ssize_t eddy__call_accept(const struct poll_file *file);

/* 0, -EINPROGRESS once begun, ...; and how what had begun came out. */
ssize_t eddy__call_connect(const struct poll_file *file, const struct poll_op *op);
ssize_t eddy__call_connect_outcome(const struct poll_file *file);

#endif
