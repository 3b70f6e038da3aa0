/* SPDX-License-Identifier: MIT */
/*
 * idle.c: checks whether an idle connection may carry a request.
 *
 * Owns nothing. Called by wire_transport.c and curl_transport.c.
 */
#include "idle.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <eddy/http_error.h>

bool eddy__http_socket_is_quiet(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool eddy__http_socket_is_premature(int fd, size_t queued, size_t body_size)
{
    int unacknowledged;
    if (ioctl(fd, SIOCOUTQ, &unacknowledged) < 0)
        return false;
    size_t most = body_size;
    if (most > 0)
        most += most / 64 + 1024;    // TLS adds to each record
    return queued + (size_t)unacknowledged > most;
}

bool eddy__http_is_idempotent(const char *method)
{
    static const char *const methods[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(method, methods[i]) == 0)
            return true;
    return false;
}

int eddy__http_ended_idle(const char *how)
{
    return eddy_fail(EDDY_HTTP_DISCONNECTED, "the connection was closed while it was idle: %s",
                     how);
}
