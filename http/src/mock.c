/* SPDX-License-Identifier: MIT */
/*
 * mock.c: mocks, their declared answers, and the requests they recorded.
 *
 * The mocks of a loop are in a list, its registry, newest first, and the newest answers. The
 * list is created with the loop's first mock and freed with the loop. Mocks that are left then
 * answer no more requests, but their records can still be read.
 *
 * Invariants:
 *   - Answers and calls are only ever added, so an index stays valid as long as the mock.
 *   - A mock that its owner has freed answers no new requests; exchanges in progress hold it.
 */
#include <eddy/alloc.h>

#include "mock.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "errors.h"
#include "session_origin.h"

struct mock_registry {
    eddy_loop *loop;
    eddy_http_mock *newest;
};

static _Thread_local struct mock_registry *mocks_here;    // of the loop that runs on this thread

/* --- The list of a loop ----------------------------------------------------------------------- */

static int close_registry(void *data)
{
    struct mock_registry *registry = data;
    for (eddy_http_mock *mock = registry->newest; mock; mock = mock->older)
        mock->registry = NULL;
    eddy_free(registry);
    mocks_here = NULL;
    return 0;
}

static int open_registry(void)
{
    if (mocks_here && mocks_here->loop == eddy_get_running_loop())
        return 0;
    struct mock_registry *registry = eddy_calloc(1, sizeof *registry);
    if (!registry)
        return -ENOMEM;
    registry->loop = eddy_get_running_loop();
    int err = eddy_loop_on_close(close_registry, registry);
    if (err < 0) {
        eddy_free(registry);
        return err;
    }
    mocks_here = registry;
    return 0;
}

static void leave_registry(eddy_http_mock *mock)
{
    if (!mock->registry)
        return;
    eddy_http_mock **place = &mock->registry->newest;
    while (*place != mock)
        place = &(*place)->older;
    *place = mock->older;
    mock->registry = NULL;
}

/* --- Life ------------------------------------------------------------------------------------- */

static void free_answer(struct mock_answer *answer)
{
    eddy_free(answer->method);
    eddy_free(answer->pattern);
    eddy_free(answer->body);
    eddy__http_fields_fini(&answer->fields);
}

void eddy__http_mock_unref(eddy_http_mock *mock)
{
    if (--mock->refs > 0)
        return;
    for (size_t i = 0; i < mock->answer_count; i++)
        free_answer(&mock->answers[i]);
    for (size_t i = 0; i < mock->call_count; i++)
        eddy_free(mock->calls[i]);
    for (size_t i = 0; i < mock->passthrough_count; i++)
        eddy_free(mock->passthrough[i]);
    eddy_free(mock->answers);
    eddy_free(mock->calls);
    eddy_free(mock->passthrough);
    eddy_free(mock);
}

void eddy_http_mock_free(eddy_http_mock *mock)
{
    if (!mock)
        return;
    leave_registry(mock);
    eddy__http_mock_unref(mock);
}

static int copy_passthrough(eddy_http_mock *mock, const char *const *patterns)
{
    size_t count = 0;
    while (patterns[count])
        count++;
    mock->passthrough = eddy_calloc(count + 1, sizeof *mock->passthrough);
    if (!mock->passthrough)
        return -ENOMEM;
    for (; mock->passthrough_count < count; mock->passthrough_count++)
        EDDY_TRY(eddy__http_mock_normalise(patterns[mock->passthrough_count],
                                           &mock->passthrough[mock->passthrough_count]));
    return 0;
}

int eddy_http_mock_new(const eddy_http_mock_options *options, eddy_http_mock **out_mock)
{
    eddy__http_errors_register();
    if (!eddy_get_running_loop())
        return eddy_fail(EDDY_EMISUSE, "eddy_http_mock_new: no loop runs on this thread");
    EDDY_TRY(open_registry());
    eddy_http_mock *mock = eddy_calloc(1, sizeof *mock);
    if (!mock)
        return -ENOMEM;
    mock->refs = 1;
    int err = options && options->passthrough ? copy_passthrough(mock, options->passthrough) : 0;
    if (err < 0) {
        eddy__http_mock_unref(mock);
        return err;
    }
    mock->registry = mocks_here;
    mock->older = mocks_here->newest;
    mocks_here->newest = mock;
    *out_mock = mock;
    return 0;
}

/* --- Declaring -------------------------------------------------------------------------------- */

static int check(const eddy_http_mock_answer *answer)
{
    if (answer->status != 0 && (answer->status < 200 || answer->status > 999))
        return eddy_fail(EDDY_EVALUE, "%d is no status of an answer", answer->status);
    if (!(answer->connect_delay >= 0 && answer->delay >= 0 && answer->body_delay >= 0))
        return eddy_fail(EDDY_EVALUE, "a delay is negative or not a number");
    if (answer->error > 0)
        return eddy_fail(EDDY_EVALUE, "%d is no error", answer->error);
    if (answer->text && answer->body.size > 0)
        return eddy_fail(EDDY_EVALUE, "there is both a text and a body");
    return 0;
}

static int copy_body(struct mock_answer *answer, eddy_span body)
{
    answer->body = eddy_malloc(body.size + 1);
    if (!answer->body)
        return -ENOMEM;
    if (body.size > 0)
        memcpy(answer->body, body.data, body.size);
    answer->body_size = body.size;
    return 0;
}

static int fill(struct mock_answer *answer, const char *method, const char *url,
                const eddy_http_mock_answer *given)
{
    int err = 0;
    *answer = (struct mock_answer){
        .times_left = given->times > 0 ? given->times : 1,
        .status = given->status == 0 && given->error == 0 ? 200 : given->status,
        .error = given->error,
        .connect_delay = given->connect_delay,
        .delay = given->delay,
        .body_delay = given->body_delay,
    };
    answer->method = eddy__http_copy(method, &err);
    if (err == 0)
        err = eddy__http_mock_normalise(url, &answer->pattern);
    if (err == 0)
        err = eddy__http_fields_copy_answer(&answer->fields, given->headers);
    if (err == 0)
        err = copy_body(answer,
                        given->text ? (eddy_span){given->text, strlen(given->text)} : given->body);
    return err;
}

int eddy_http_mock_add(eddy_http_mock *mock, const char *method, const char *url,
                       const eddy_http_mock_answer *answer)
{
    static const eddy_http_mock_answer empty;
    if (!mock || !url)
        return eddy_fail(EDDY_EVALUE, "eddy_http_mock_add: the %s is NULL", mock ? "URL" : "mock");
    if (!answer)
        answer = &empty;
    EDDY_TRY(check(answer));
    struct mock_answer *answers =
        eddy_realloc(mock->answers, (mock->answer_count + 1) * sizeof *answers);
    if (!answers)
        return -ENOMEM;
    mock->answers = answers;
    int err = fill(&answers[mock->answer_count], method, url, answer);
    if (err < 0) {
        free_answer(&answers[mock->answer_count]);
        return err;
    }
    mock->answer_count++;
    return 0;
}

/* --- Answering -------------------------------------------------------------------------------- */

eddy_http_mock *eddy__http_mock_find(const eddy_http_response *response)
{
    if (!mocks_here || mocks_here->loop != response->session->loop || !mocks_here->newest)
        return NULL;
    mocks_here->newest->refs++;
    return mocks_here->newest;
}

bool eddy__http_mock_is_for(const eddy_http_response *response)
{
    if (!mocks_here || mocks_here->loop != response->session->loop || !mocks_here->newest)
        return false;
    const eddy_http_mock *mock = mocks_here->newest;
    for (size_t i = 0; i < mock->passthrough_count; i++)
        if (eddy__http_mock_matches(mock->passthrough[i], response->origin->text,
                                    response->url->target))
            return false;
    return true;
}

static char *keep(char **inout_at, const void *data, size_t size)
{
    char *kept = *inout_at;
    if (size > 0)
        memcpy(kept, data, size);
    kept[size] = '\0';
    *inout_at += size + 1;
    return kept;
}

/* The fields of a request, followed by those kept elsewhere, such as cookies. */
struct sent_fields {
    const struct http_fields *fields;
    eddy_http_header others[2];    // an unused one has a NULL value
    size_t count;
};

static const eddy_http_header *field_at(const struct sent_fields *sent, size_t index)
{
    size_t own = sent->fields->count;
    return index < own ? &sent->fields->items[index] : &sent->others[index - own];
}

static size_t size_of(const struct sent_fields *sent, const struct http_request *request)
{
    size_t size = strlen(request->method) + strlen(request->url->text) +
                  strlen(request->origin->text) + request->url->target.size + request->body.size +
                  5;
    for (size_t i = 0; i < sent->count; i++) {
        const eddy_http_header *field = field_at(sent, i);
        size += strlen(field->name) + (field->value ? strlen(field->value) : 0) + 2;
    }
    return size;
}

static void keep_fields(eddy_http_header *headers, char **inout_at, const struct sent_fields *sent)
{
    for (size_t i = 0; i < sent->count; i++) {
        const eddy_http_header *field = field_at(sent, i);
        if (!field->value)
            continue;
        headers->name = keep(inout_at, field->name, strlen(field->name));
        headers->value = keep(inout_at, field->value, strlen(field->value));
        headers++;
    }
    *headers = (eddy_http_header){NULL, NULL};
}

/* Makes the call in one block: the struct, the headers, the texts. NULL if memory is out. */
static struct mock_call *copy_call(const struct http_request *request)
{
    const struct sent_fields sent = {
        .fields = request->fields,
        .others = {{"Authorization", request->authorization}, {"Cookie", request->cookie}},
        .count = request->fields->count + 2,
    };
    size_t headers_size = (sent.count + 1) * sizeof(eddy_http_header);
    struct mock_call *call = eddy_malloc(sizeof *call + headers_size + size_of(&sent, request));
    if (!call)
        return NULL;
    eddy_http_header *headers = (eddy_http_header *)(call + 1);
    char *at = (char *)headers + headers_size;
    keep_fields(headers, &at, &sent);
    call->seen = (eddy_http_mock_call){.headers = headers, .at = eddy_time()};
    call->seen.method = keep(&at, request->method, strlen(request->method));
    call->seen.url = keep(&at, request->url->text, strlen(request->url->text));
    call->seen.body.data = keep(&at, request->body.data, request->body.size);
    call->seen.body.size = request->body.size;
    call->origin = keep(&at, request->origin->text, strlen(request->origin->text));
    eddy_span target = request->url->target;
    call->target = (eddy_span){keep(&at, target.data, target.size), target.size};
    return call;
}

static struct mock_call *note_call(eddy_http_mock *mock, const struct http_request *request)
{
    struct mock_call **calls =
        eddy_realloc(mock->calls, (mock->call_count + 1) * sizeof(struct mock_call *));
    if (!calls)
        return NULL;
    mock->calls = calls;
    struct mock_call *call = copy_call(request);
    if (call)
        calls[mock->call_count++] = call;
    return call;
}

static bool answers(const struct mock_answer *answer, const struct http_request *request)
{
    if (answer->method && strcmp(answer->method, request->method) != 0)
        return false;
    return eddy__http_mock_matches(answer->pattern, request->origin->text, request->url->target);
}

int eddy__http_mock_take(eddy_http_mock *mock, const struct http_request *request,
                         size_t *out_index)
{
    struct mock_call *call = note_call(mock, request);
    if (!call)
        return -ENOMEM;
    size_t used_up = 0;
    for (size_t i = 0; i < mock->answer_count; i++) {
        struct mock_answer *answer = &mock->answers[i];
        if (!answers(answer, request))
            continue;
        if (answer->times_left == 0) {
            used_up++;
            continue;
        }
        if (answer->times_left != EDDY_HTTP_MOCK_ALWAYS)
            answer->times_left--;
        answer->was_given = call->seen.is_matched = true;
        *out_index = i;
        return 0;
    }
    return eddy_fail(EDDY_HTTP_MOCK, "no answer is declared for %s %.512s%s", request->method,
                     request->url->text, used_up > 0 ? " any more: it has been given" : "");
}

/* --- Queries ---------------------------------------------------------------------------------- */

size_t eddy_http_mock_count(const eddy_http_mock *mock, const char *method, const char *url)
{
    char *pattern = NULL;
    size_t count = 0;
    if (!mock || (url && eddy__http_mock_normalise(url, &pattern) < 0))
        return 0;
    for (size_t i = 0; i < mock->call_count; i++) {
        const struct mock_call *call = mock->calls[i];
        if (method && strcmp(call->seen.method, method) != 0)
            continue;
        count += !url || eddy__http_mock_matches(pattern, call->origin, call->target);
    }
    eddy_free(pattern);
    return count;
}

const eddy_http_mock_call *eddy_http_mock_call_at(const eddy_http_mock *mock, size_t index)
{
    return mock && index < mock->call_count ? &mock->calls[index]->seen : NULL;
}

const char *eddy_http_mock_call_header(const eddy_http_mock_call *call, const char *name)
{
    if (!call || !name)
        return NULL;
    for (const eddy_http_header *at = call->headers; at->name; at++)
        if (strcasecmp(at->name, name) == 0)
            return at->value;
    return NULL;
}

size_t eddy_http_mock_unused_count(const eddy_http_mock *mock)
{
    size_t count = 0;
    for (size_t i = 0; mock && i < mock->answer_count; i++)
        count += !mock->answers[i].was_given;
    return count;
}
