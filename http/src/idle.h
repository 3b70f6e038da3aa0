/* SPDX-License-Identifier: MIT */
/*
 * idle.h: checks whether an idle connection may carry a request, for every transport.
 *
 * Bytes that arrive while no request is outstanding are no response (RFC 9112, 6.3 and 9.2). The
 * state of the socket is checked twice: before the request is sent, and when the first bytes of the
 * response arrive.
 */
#ifndef EDDY_HTTP_IDLE_H
#define EDDY_HTTP_IDLE_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the socket is open and holds no byte that could be read. */
bool eddy__http_socket_is_quiet(int fd);

/*
 * Whether the first bytes that arrived were sent before the peer had the request. A peer that has
 * read the request acknowledges it with its answer. So if TCP still holds more than the request's
 * body, the bytes don't answer it. `queued` counts bytes not yet passed to TCP. Only for
 * connections that were idle: over a new one a server may refuse a head before it has received all
 * of it.
 */
bool eddy__http_socket_is_premature(int fd, size_t queued, size_t body_size);

/* Whether the request has the same effect when it is received twice (RFC 9110, 9.2.2). */
bool eddy__http_is_idempotent(const char *method);

/* Returns EDDY_HTTP_DISCONNECTED; the message says that the idle connection ended, and `how`. */
int eddy__http_ended_idle(const char *how);

#endif
