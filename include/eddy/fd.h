/* SPDX-License-Identifier: MIT */
/*
 * fd.h: descriptors that other code owns: waiting for them, and watching them.
 *
 * Whoever talks through a library with sockets of its own (libcurl, libpq) uses these; for sockets
 * of one's own there is stream.h. A descriptor must be unwatched before it is closed. If it is closed all
 * the same, that is noticed when its number is used again, by these functions or a stream: whoever waits
 * for the old descriptor gets -EBADF, and a callback is removed and reported (EDDY_REPORT_CALLBACK).
 */
#ifndef EDDY_FD_H
#define EDDY_FD_H

#include <eddy/loop.h>

EDDY_BEGIN_DECLS

/*
 * Wait until `fd` can be read or written without blocking, or has an error or hang-up, which the
 * next read or write then reports.
 *
 * Return 0, EDDY_CANCELLED, EDDY_EMISUSE outside a task, -EBADF if it is not open or was closed meanwhile,
 * -EPERM for a plain file (which is always ready), -EBUSY when another task or callback waits for the
 * same.
 */
EDDY_API EDDY_SUSPENDS int eddy_wait_readable(int fd);
EDDY_API EDDY_SUSPENDS int eddy_wait_writable(int fd);

/*
 * Have the loop call callback(data) whenever `fd` can be read, or written: again in every iteration,
 * as long as it can. Setting it again replaces it. 0, or the errors above.
 */
EDDY_API EDDY_CHECKED int eddy_add_reader(int fd, eddy_callback *callback, void *data);
EDDY_API EDDY_CHECKED int eddy_add_writer(int fd, eddy_callback *callback, void *data);

/* 1 if there was one, else 0. */
EDDY_API int eddy_remove_reader(int fd);
EDDY_API int eddy_remove_writer(int fd);

EDDY_END_DECLS

#endif
