/* SPDX-License-Identifier: MIT */
/*
 * http_mock.h: mock responses for tests, so that a program that uses <eddy/http_client.h> runs
 * without a network, and under the virtual clock.
 *
 *     EDDY_AUTO(eddy_http_mock) *mock = NULL;
 *     EDDY_TRY(eddy_http_mock_new(NULL, &mock));
 *     EDDY_TRY(eddy_http_mock_add(mock, "GET", "http://service.test/crowd",
 *                                 &(eddy_http_mock_answer){.text = "[\"Ann\"]", .delay = 2.0}));
 *     ...the program under test makes sessions and requests, as usual...
 *     assert(eddy_http_mock_count(mock, "GET", "http://service.test/crowd") == 1);
 *
 * A mock answers every request of every session of its loop until it is freed. It replaces only the
 * network: redirects, cookies, decoding, limits on size and time, and queueing work as usual. Names
 * are not looked up, proxies are not used. A request without a declared answer fails with
 * EDDY_HTTP_MOCK; the message has its method and URL.
 */
#ifndef EDDY_HTTP_MOCK_H
#define EDDY_HTTP_MOCK_H

#include <eddy/http_client.h>

EDDY_BEGIN_DECLS

typedef struct eddy_http_mock eddy_http_mock;

/* Everything is copied. */
typedef struct eddy_http_mock_options {
    const char *const *passthrough; /* URLs or patterns that go to the network; NULL-terminated */
} eddy_http_mock_options;

/*
 * Creates a mock that answers the requests of the running loop. `options` may be NULL. A loop uses
 * its newest mock, and the previous one again after eddy_http_mock_free(). Requests in progress
 * then continue as declared.
 *
 * Returns 0, EDDY_EMISUSE outside a loop, -ENOMEM.
 */
EDDY_API EDDY_CHECKED int eddy_http_mock_new(const eddy_http_mock_options *options,
                                             eddy_http_mock **out_mock);
EDDY_API void eddy_http_mock_free(eddy_http_mock *mock);

/* For .times: no limit. */
#define EDDY_HTTP_MOCK_ALWAYS UINT32_MAX

/* A zero field means its default. Everything is copied. Times are in seconds. */
typedef struct eddy_http_mock_answer {
    int status;                      /* 200 */
    const eddy_http_header *headers; /* the last has no name; no Content-Length is added */
    eddy_span body;                  /* as sent: encoded, if Content-Encoding says so */
    const char *text;                /* in place of `body`: a string */

    double connect_delay;            /* until connected */
    double delay;                    /* from there to the head; EDDY_NO_TIMEOUT: forever */
    double body_delay;               /* from the head to the body */

    /*
     * An error to simulate. Without a status, there is no response. With one, head and body come
     * first, so that EDDY_HTTP_PARTIAL is a truncated body. System errors are mapped as over the
     * network: -ECONNREFUSED to EDDY_HTTP_CONNECT, -ECONNRESET to EDDY_HTTP_DISCONNECTED
     * (EDDY_HTTP_PARTIAL within a body); others are returned unchanged.
     */
    int error;

    uint32_t times;                  /* number of uses: 1; EDDY_HTTP_MOCK_ALWAYS */
} eddy_http_mock_answer;

/*
 * Declares the answer to `method` at `url`. A NULL method matches any; a '*' in `url` matches any
 * bytes, also none. URLs are compared as <eddy/http_url.h> writes them, without user and fragment;
 * a pattern with a '*' before its path is compared unchanged. If several answers match, the first
 * declared is used until its `times` are used up. NULL for `answer` is an empty 200.
 *
 * Returns 0, EDDY_HTTP_URL for a `url` that is no URL, EDDY_EVALUE for an invalid answer (an
 * invalid status or error code, a negative delay, or both text and body), -ENOMEM.
 */
EDDY_API EDDY_CHECKED int eddy_http_mock_add(eddy_http_mock *mock, const char *method,
                                             const char *url, const eddy_http_mock_answer *answer);

/* A request as it would have been sent; following a redirect is a separate request. */
typedef struct eddy_http_mock_call {
    const char *method;
    const char *url;                 /* absolute, as <eddy/http_url.h> writes it */
    const eddy_http_header *headers; /* the session's, its own, cookies; the last has no name */
    eddy_span body;
    double at;                       /* eddy_time() of the request */
    bool is_matched;                 /* an answer was declared for it */
} eddy_http_mock_call;

/* Returns the number of requests with `method` (NULL: any) to `url` (NULL: any; or a pattern). */
EDDY_API size_t eddy_http_mock_count(const eddy_http_mock *mock, const char *method,
                                     const char *url);

/* Lends request number `index`, from 0 in order of time, until the mock is freed; or NULL. */
EDDY_API const eddy_http_mock_call *eddy_http_mock_call_at(const eddy_http_mock *mock,
                                                           size_t index);

/* Lends the value of a call's first header called `name`, ignoring case; NULL if there is none. */
EDDY_API const char *eddy_http_mock_call_header(const eddy_http_mock_call *call, const char *name);

/* Returns the number of declared answers that have never been used. */
EDDY_API size_t eddy_http_mock_unused_count(const eddy_http_mock *mock);

EDDY_AUTO_FOR(eddy_http_mock, eddy_http_mock_free)

EDDY_END_DECLS

#endif
