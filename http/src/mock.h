/* SPDX-License-Identifier: MIT */
/*
 * mock.h: the module's internal view of mocks: declared answers, and the requests that were made.
 *
 *     mock.c              implements <eddy/http_mock.h>
 *     mock_match.c        matches URLs against patterns
 *     mock_transport.c    the transport that returns the answers
 */
#ifndef EDDY_HTTP_MOCK_PARTS_H
#define EDDY_HTTP_MOCK_PARTS_H

#include <eddy/http_mock.h>

#include "session.h"

struct mock_registry;

struct mock_answer {
    char *method;     // NULL: any
    char *pattern;    // normalised
    uint32_t times_left;
    bool was_given;

    int status;    // 0: there is no answer
    int error;
    double connect_delay, delay, body_delay;
    struct http_fields fields;
    char *body;
    size_t body_size;
};

/* A request that was made; one block of memory. */
struct mock_call {
    eddy_http_mock_call seen;    // first: the public functions return a pointer to it
    const char *origin;
    eddy_span target;
};

struct eddy_http_mock {
    unsigned refs;             // one for the owner, one per exchange in progress
    struct mock_registry *registry;    // NULL once it no longer answers
    eddy_http_mock *older;     // of the same loop

    char **passthrough;    // patterns
    size_t passthrough_count;
    struct mock_answer *answers;    // in the order of their declaration
    size_t answer_count;
    struct mock_call **calls;
    size_t call_count;
};

/* Whether a mock answers the request that `response` is for. */
bool eddy__http_mock_is_for(const eddy_http_response *response);

/* Returns the mock that answers it, with a new reference. One must exist. */
eddy_http_mock *eddy__http_mock_find(const eddy_http_response *response);
void eddy__http_mock_unref(eddy_http_mock *mock);

/*
 * Records the request, and gets its answer, which is valid as long as the mock. 0,
 * EDDY_HTTP_MOCK with a message if there is none, -ENOMEM.
 */
int eddy__http_mock_take(eddy_http_mock *mock, const struct http_request *request,
                         size_t *out_index);

/* --- mock_match.c ----------------------------------------------------------------------------- */

/*
 * Normalises `url`, which may be a pattern. The caller frees the result. 0, EDDY_HTTP_URL,
 * EDDY_HTTP_UNSUPPORTED, -ENOMEM.
 */
int eddy__http_mock_normalise(const char *url, char **out_pattern);

/* Whether `pattern`, which is normalised, matches the URL of `origin` and `target`. */
bool eddy__http_mock_matches(const char *pattern, const char *origin, eddy_span target);

#endif
