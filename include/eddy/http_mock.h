/* SPDX-License-Identifier: MIT */
/*
 * http_mock.h: answers made up for a test, so that a program that uses <eddy/http_client.h> runs
 * without a network, and under the virtual clock.
 *
 *     EDDY_AUTO(eddy_http_mock) *mock = NULL;
 *     EDDY_TRY(eddy_http_mock_new(NULL, &mock));
 *     EDDY_TRY(eddy_http_mock_add(mock, "GET", "http://service.test/crowd",
 *                                 &(eddy_http_mock_answer){.text = "[\"Ann\"]", .delay = 2.0}));
 *     ...the program under test makes sessions and requests, as ever...
 *     assert(eddy_http_mock_count(mock, "GET", "http://service.test/crowd") == 1);
 *
 * While a mock is there, it answers every request of every session of its loop. Only the network is
 * replaced: redirects, cookies, decoding, limits on size and time, and queueing work as they do
 * over it. Names are not looked up, proxies not asked. A request that nothing is declared for fails
 * with EDDY_HTTP_MOCK, and a message that names its method and URL.
 */
#ifndef EDDY_HTTP_MOCK_H
#define EDDY_HTTP_MOCK_H

#include <eddy/http_client.h>

EDDY_BEGIN_DECLS

typedef struct eddy_http_mock eddy_http_mock;

/* Everything is copied. */
typedef struct eddy_http_mock_options {
    const char *const *passthrough; /* URLs, or patterns, that go to the network; NULL at the end */
} eddy_http_mock_options;

/*
 * Begins to answer the requests of the running loop. `options` may be NULL. The newest mock of a
 * loop answers; the one before takes over again when it is given back with eddy_http_mock_free().
 * Requests under way then go on as declared.
 *
 * Returns 0, EDDY_EMISUSE outside a loop, -ENOMEM.
 */
EDDY_API EDDY_CHECKED int eddy_http_mock_new(const eddy_http_mock_options *options,
                                             eddy_http_mock **out_mock);
EDDY_API void eddy_http_mock_free(eddy_http_mock *mock);

/* For .times: as often as it is asked for. */
#define EDDY_HTTP_MOCK_ALWAYS UINT32_MAX

/* Zero means the default throughout. Everything is copied. Times are in seconds. */
typedef struct eddy_http_mock_answer {
    int status;                      /* 200 */
    const eddy_http_header *headers; /* the last one has no name; Content-Length is not made up */
    eddy_span body;                  /* as sent: encoded, if Content-Encoding says so */
    const char *text;                /* in place of `body`: a string */

    double connect_delay;            /* until there is a connection */
    double delay;                    /* from there to the head; EDDY_NO_TIMEOUT: for ever */
    double body_delay;               /* from the head to the body */

    /*
     * What goes wrong in the end. Without a status: there is no answer. With one: head and body
     * come first, so that EDDY_HTTP_PARTIAL is a body cut short. Errors of the system become what
     * they become over the network: -ECONNREFUSED is EDDY_HTTP_CONNECT, -ECONNRESET is
     * EDDY_HTTP_DISCONNECTED (EDDY_HTTP_PARTIAL in mid-body); others are returned as they are.
     */
    int error;

    uint32_t times;                  /* how often it is given: once; EDDY_HTTP_MOCK_ALWAYS */
} eddy_http_mock_answer;

/*
 * Declares the answer to `method` at `url`. NULL is any method; in `url` a '*' stands for any
 * bytes, also none. URLs are compared as <eddy/http_url.h> writes them, without user and fragment;
 * a pattern with a '*' before its path is compared as it is. Of several
 * answers that match, the first declared is given until it is used up. NULL for `answer`: an empty
 * 200.
 *
 * Returns 0, EDDY_HTTP_URL for a `url` that is no URL, EDDY_EVALUE for an answer that makes no
 * sense (a status that is none, a negative delay, an error that is none, both text and body),
 * -ENOMEM.
 */
EDDY_API EDDY_CHECKED int eddy_http_mock_add(eddy_http_mock *mock, const char *method,
                                             const char *url, const eddy_http_mock_answer *answer);

/* A request as it would have been sent; redirects are followed by requests of their own. */
typedef struct eddy_http_mock_call {
    const char *method;
    const char *url;                 /* absolute, as <eddy/http_url.h> writes it */
    const eddy_http_header *headers; /* the session's, its own, cookies; the last has no name */
    eddy_span body;
    double at;                       /* eddy_time() then */
    bool is_matched;                 /* an answer was declared for it */
} eddy_http_mock_call;

/* How many requests were made with `method` (NULL: any) to `url` (NULL: any; or a pattern). */
EDDY_API size_t eddy_http_mock_count(const eddy_http_mock *mock, const char *method,
                                     const char *url);

/* Lends request number `index`, from 0 in the order they were made, until the mock goes; or NULL. */
EDDY_API const eddy_http_mock_call *eddy_http_mock_call_at(const eddy_http_mock *mock,
                                                           size_t index);

/* Lends the value of a call's first header called `name`, in whatever case; NULL if none is. */
EDDY_API const char *eddy_http_mock_call_header(const eddy_http_mock_call *call, const char *name);

/* How many answers are declared that have never been given. */
EDDY_API size_t eddy_http_mock_unused_count(const eddy_http_mock *mock);

EDDY_AUTO_FOR(eddy_http_mock, eddy_http_mock_free)

EDDY_END_DECLS

#endif
