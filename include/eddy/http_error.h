/* SPDX-License-Identifier: MIT */
/*
 * http_error.h: the error codes of eddy-http, client and server alike.
 *
 * A status that the server answers (404, 500) is an error only for those who ask for it, with
 * raise_for_status: see eddy_http_response_status().
 * Timeouts are EDDY_TIMEDOUT, names that don't resolve EDDY_ERESOLVE. The error's message has the
 * details.
 *
 * A message that was cut off has a code of its own, EDDY_HTTP_PARTIAL, whatever told that it was:
 * fewer bytes than its Content-Length, chunks without the last one, TLS that ended without
 * close_notify or failed, a stream of HTTP/2 that was reset, or a gzip (brotli, zstd) body that has
 * no end. The same request may succeed when it is tried again. EDDY_HTTP_DISCONNECTED says the same
 * of a connection over which nothing came back. EDDY_HTTP_DECODE and EDDY_HTTP_PROTOCOL mean bytes
 * that are wrong, not bytes that are missing.
 */
#ifndef EDDY_HTTP_ERROR_H
#define EDDY_HTTP_ERROR_H

#include <eddy/error.h>

/* What eddy_strerror() names as well. */
enum {
    EDDY_HTTP_PROTOCOL = -5001,           /* not HTTP, or HTTP that breaks its rules */
    EDDY_HTTP_TOO_LARGE = -5002,          /* a limit on size was exceeded */
    EDDY_HTTP_UNSUPPORTED = -5003,        /* sound, but not spoken: a scheme, a version, a coding */
    EDDY_HTTP_PARTIAL = -5004,            /* a message was cut off: its end is missing */
    EDDY_HTTP_CONNECT = -5005,            /* no connection: refused, unreachable */
    EDDY_HTTP_TLS = -5006,                /* no secure connection: a certificate, a handshake */
    EDDY_HTTP_TOO_MANY_REDIRECTS = -5007, /* more than redirects_max in a row */
    EDDY_HTTP_DECODE = -5008,             /* the body is not what its Content-Encoding says */
    EDDY_HTTP_URL = -5009,                /* the URL is malformed */
    EDDY_HTTP_PROXY = -5010,              /* the proxy refused, or answered nonsense */
    EDDY_HTTP_DISCONNECTED = -5011,       /* the connection ended before a message began */
    EDDY_HTTP_ABORTED = -5012,            /* a callback of the caller's ended the transfer */
    EDDY_HTTP_FAILED = -5013,             /* anything else that libcurl reports */
    EDDY_HTTP_STATUS = -5014,             /* raise_for_status: the server answered 400 or more */
    EDDY_HTTP_MOCK = -5015,               /* a mock has no answer for the request */
};

#endif
