/* SPDX-License-Identifier: MIT */
/*
 * http_error.h: the error codes of eddy-http, for client and server.
 *
 * A status from the server (404, 500) is an error only with raise_for_status: see
 * eddy_http_response_status(). Timeouts are EDDY_TIMEDOUT, names that can't be resolved
 * EDDY_ERESOLVE. The error's message has the details.
 *
 * EDDY_HTTP_PARTIAL means that a message was truncated, however that was detected: fewer bytes
 * than its Content-Length, chunks without the last one, TLS that failed or ended without
 * close_notify, an HTTP/2 stream that was reset, or an incomplete gzip (brotli, zstd) body. The
 * same request may succeed when retried. EDDY_HTTP_DISCONNECTED means the same, but that no bytes
 * of the message arrived. EDDY_HTTP_DECODE and EDDY_HTTP_PROTOCOL mean that bytes are wrong, not
 * missing.
 */
#ifndef EDDY_HTTP_ERROR_H
#define EDDY_HTTP_ERROR_H

#include <eddy/error.h>

/* Error codes; eddy_strerror() knows them too. */
enum {
    EDDY_HTTP_PROTOCOL = -5001,           /* not HTTP, or HTTP that breaks its rules */
    EDDY_HTTP_TOO_LARGE = -5002,          /* a limit on size was exceeded */
    EDDY_HTTP_UNSUPPORTED = -5003,        /* valid, but unsupported: a scheme, version or coding */
    EDDY_HTTP_PARTIAL = -5004,            /* a message was cut off: its end is missing */
    EDDY_HTTP_CONNECT = -5005,            /* no connection: refused, unreachable */
    EDDY_HTTP_TLS = -5006,                /* no secure connection: a certificate, a handshake */
    EDDY_HTTP_TOO_MANY_REDIRECTS = -5007, /* more than redirects_max */
    EDDY_HTTP_DECODE = -5008,             /* the body is not what its Content-Encoding says */
    EDDY_HTTP_URL = -5009,                /* the URL is malformed */
    EDDY_HTTP_PROXY = -5010,              /* the proxy refused, or sent an invalid answer */
    EDDY_HTTP_DISCONNECTED = -5011,       /* the connection ended before a message began */
    EDDY_HTTP_ABORTED = -5012,            /* a callback of the caller ended the transfer */
    EDDY_HTTP_FAILED = -5013,             /* anything else that libcurl reports */
    EDDY_HTTP_STATUS = -5014,             /* raise_for_status: the server answered 400 or more */
    EDDY_HTTP_MOCK = -5015,               /* a mock has no answer for the request */
};

#endif
