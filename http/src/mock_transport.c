/* SPDX-License-Identifier: MIT */
/*
 * mock_transport.c: the transport that returns declared answers.
 *
 *     connect_delay --> delay --> head --> body_delay --> body --> error, or the end
 *
 * It replaces libcurl or a socket, below everything that a session does itself, and obeys the same
 * limits: connect_delay counts against the connect timeout, the other two against the read timeout.
 * A delay that exceeds its limit sleeps only up to the limit.
 *
 * An exchange refers to its answer by index, since adding answers to the mock may move them.
 */
#include "mock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <eddy/alloc.h>
#include <eddy/task.h>

enum { PIECE_MAX = 16 * 1024 };    // bytes of a body that arrive at once

struct mock_exchange {
    eddy_http_mock *mock;    // one reference
    size_t answer;           // its index
    size_t sent;             // bytes of the body
    bool has_paused;         // before the body
};

static const struct mock_answer *answer_of(const struct mock_exchange *exchange)
{
    return &exchange->mock->answers[exchange->answer];
}

static int wait_for_connection(double delay, double limit)
{
    if (delay < limit)
        return delay > 0 ? eddy_sleep(delay) : 0;
    EDDY_TRY(eddy_sleep(limit));
    return eddy_fail(EDDY_TIMEDOUT, "no connection within %g s", limit);
}

static int keep_silent(double delay, double limit)
{
    if (delay < limit || delay == 0)
        return delay > 0 ? eddy_sleep(delay) : 0;
    EDDY_TRY(eddy_sleep(limit));
    return eddy_fail(EDDY_TIMEDOUT, "silence for %g s", limit);
}

/* Converts the system's errors to those that a session returns. */
static int fail(const struct mock_answer *answer)
{
    bool is_in_body = answer->status != 0;
    switch (answer->error) {
    case -ECONNREFUSED:
    case -EHOSTUNREACH:
    case -ENETUNREACH:
    case -ETIMEDOUT:
        return eddy_fail(EDDY_HTTP_CONNECT, "could not connect: %s", eddy_strerror(answer->error));
    case -ECONNRESET:
    case -EPIPE:
        return eddy_fail(is_in_body ? EDDY_HTTP_PARTIAL : EDDY_HTTP_DISCONNECTED, "%s",
                         eddy_strerror(answer->error));
    case EDDY_HTTP_PARTIAL:
        return eddy_fail(EDDY_HTTP_PARTIAL, "the server ended after %zu bytes of the body",
                         answer->body_size);
    default: return eddy_fail(answer->error, "%s", eddy_strerror(answer->error));
    }
}

static int give_head(const struct mock_answer *answer, eddy_http_response *response)
{
    response->timings.first_byte = eddy_time() - response->began;
    eddy__http_response_begin(response, 11, answer->status);
    for (size_t i = 0; i < answer->fields.count; i++) {
        const eddy_http_header *field = &answer->fields.items[i];
        EDDY_TRY(eddy__http_response_field(response, (eddy_span){field->name, strlen(field->name)},
                                           (eddy_span){field->value, strlen(field->value)}));
    }
    int rc = eddy__http_response_end_head(response);
    return rc < 0 ? rc : 0;
}

/* Ends the body: checks its size against the head, and returns the declared error. */
static int end(const struct mock_exchange *exchange, const eddy_http_response *response)
{
    const struct mock_answer *answer = answer_of(exchange);
    if (answer->error != 0)
        return fail(answer);
    const char *length = eddy_http_response_header(response, "Content-Length");
    unsigned long long announced = length ? strtoull(length, NULL, 10) : 0;
    if (announced > exchange->sent && eddy__http_response_has_body(response))
        return eddy_fail(EDDY_HTTP_PARTIAL, "the server ended with %llu bytes remaining",
                         announced - exchange->sent);
    return 0;
}

/* Delivers pieces until there are bytes to read: 1; 0 or an error at the end. */
static int fetch(eddy_http_response *response)
{
    struct mock_exchange *exchange = response->channel;
    const struct mock_answer *answer = answer_of(exchange);
    if (!exchange->has_paused) {
        EDDY_TRY(keep_silent(answer->body_delay, response->read_timeout));
        exchange->has_paused = true;
        answer = answer_of(exchange);
    }
    if (!eddy__http_response_has_body(response))
        return end(exchange, response);
    while (response->body_size == 0 || !response->is_streamed) {
        size_t size = answer->body_size - exchange->sent;
        if (size == 0)
            return end(exchange, response);
        if (size > PIECE_MAX)
            size = PIECE_MAX;
        exchange->sent += size;
        EDDY_TRY(eddy__http_response_receive(response, answer->body + exchange->sent - size, size));
    }
    return 1;
}

static int answer_request(struct mock_exchange *exchange, const struct http_request *request,
                          eddy_http_response *response)
{
    EDDY_TRY(eddy__http_mock_take(exchange->mock, request, &exchange->answer));
    EDDY_TRY(wait_for_connection(answer_of(exchange)->connect_delay, request->connect_timeout));
    response->timings.connect = eddy_time() - response->began;
    EDDY_TRY(keep_silent(answer_of(exchange)->delay, response->read_timeout));
    if (answer_of(exchange)->status == 0)
        return fail(answer_of(exchange));
    EDDY_TRY(give_head(answer_of(exchange), response));
    return response->is_streamed ? 0 : fetch(response);
}

static int open_exchange(const struct http_request *request, eddy_http_response *response)
{
    struct mock_exchange *exchange = eddy_calloc(1, sizeof *exchange);
    if (!exchange)
        return -ENOMEM;
    exchange->mock = eddy__http_mock_find(response);
    response->channel = exchange;
    response->is_open = true;
    return answer_request(exchange, request, response);
}

static void close_exchange(eddy_http_response *response)
{
    struct mock_exchange *exchange = response->channel;
    response->channel = NULL;
    eddy__http_mock_unref(exchange->mock);
    eddy_free(exchange);
}

/* Nothing is paused, so there is nothing to resume. */
static void resume(eddy_http_response *response)
{
    (void)response;
}

static int attach(eddy_http_session *session)
{
    (void)session;
    return 0;
}

static void detach(eddy_http_session *session)
{
    (void)session;
}

const struct http_transport eddy__http_transport_mock = {
    .index = HTTP_BY_MOCK,
    .looks_up_names = true,
    .attach = attach,
    .detach = detach,
    .open = open_exchange,
    .fetch = fetch,
    .resume = resume,
    .close = close_exchange,
};
