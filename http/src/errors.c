/* SPDX-License-Identifier: MIT */
/*
 * errors.c: the names of the codes of <eddy/http_error.h> in eddy_strerror().
 *
 * They are registered at the first use of the library, not when it is loaded: a program may set its
 * own allocator first of all, and loading comes even before that.
 */
#include "errors.h"

#include <pthread.h>

#include <eddy/http_error.h>

static const char *name_of(int status)
{
    switch (status) {
    case EDDY_HTTP_PROTOCOL: return "not valid HTTP";
    case EDDY_HTTP_TOO_LARGE: return "too large";
    case EDDY_HTTP_UNSUPPORTED: return "not supported";
    case EDDY_HTTP_PARTIAL: return "ended too early";
    case EDDY_HTTP_CONNECT: return "could not connect";
    case EDDY_HTTP_TLS: return "no secure connection";
    case EDDY_HTTP_TOO_MANY_REDIRECTS: return "too many redirects";
    case EDDY_HTTP_DECODE: return "could not decode the body";
    case EDDY_HTTP_URL: return "malformed URL";
    case EDDY_HTTP_PROXY: return "the proxy failed";
    case EDDY_HTTP_DISCONNECTED: return "disconnected";
    case EDDY_HTTP_ABORTED: return "aborted by a callback";
    case EDDY_HTTP_FAILED: return "transfer failed";
    case EDDY_HTTP_STATUS: return "an error status";
    case EDDY_HTTP_MOCK: return "no mocked answer";
    default: return NULL;
    }
}

static void register_names(void)
{
    // If memory is out, the codes stay numbers; that is no reason to refuse requests.
    EDDY_IGNORE(eddy_error_register(EDDY_ERROR_HTTP, EDDY_ERROR_SQL + 1, name_of));
}

void eddy__http_errors_register(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_names);
}
