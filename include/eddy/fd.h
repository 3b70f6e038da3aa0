/* SPDX-License-Identifier: MIT */
/*
 * fd.h: waits for, and watches, descriptors that other code owns.
 *
 * These functions are for libraries with their own sockets (libcurl, libpq); for your own sockets
 * use stream.h. Stop watching a descriptor before it is closed. If it is closed while watched, Eddy
 * detects this when these functions or a stream use its number again: a waiter for the old
 * descriptor gets -EBADF, and a callback is removed and reported (EDDY_REPORT_CALLBACK).
 */
#ifndef EDDY_FD_H
#define EDDY_FD_H

#include <eddy/loop.h>

EDDY_BEGIN_DECLS

/*
 * Wait until `fd` can be read or written without blocking, or has an error or hang-up, which the
 * next read or write then reports. Suspend until then.
 *
 * Return 0, EDDY_CANCELLED, EDDY_EMISUSE outside a task, -EBADF if `fd` is not open or was closed
 * meanwhile, -EPERM for a plain file (which is always ready), -EBUSY if another task or a callback
 * already waits in this direction.
 */
EDDY_API EDDY_SUSPENDS int eddy_wait_readable(int fd);
EDDY_API EDDY_SUSPENDS int eddy_wait_writable(int fd);

/*
 * Have the loop call callback(data) in every iteration in which `fd` can be read, or written. A new
 * callback replaces the old one. Return 0, or the errors above.
 */
EDDY_API EDDY_CHECKED int eddy_add_reader(int fd, eddy_callback *callback, void *data);
EDDY_API EDDY_CHECKED int eddy_add_writer(int fd, eddy_callback *callback, void *data);

/* Remove the callback. Return 1 if there was one, else 0. */
EDDY_API int eddy_remove_reader(int fd);
EDDY_API int eddy_remove_writer(int fd);

EDDY_END_DECLS

#endif
