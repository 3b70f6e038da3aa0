/* SPDX-License-Identifier: MIT */
/*
 * test_mock.c: declared answers in place of a network, under the virtual clock.
 */
#include "harness.h"

#include <eddy/http_mock.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "errors.h"

static eddy_http_session *new_session(const eddy_http_session_options *options)
{
    eddy_http_session *session = NULL;
    EXPECT_EQ(eddy_http_session_new(options, &session), 0);
    return session;
}

static eddy_http_mock *new_mock(void)
{
    eddy_http_mock *mock = NULL;
    EXPECT_EQ(eddy_http_mock_new(NULL, &mock), 0);
    return mock;
}

static void answer(eddy_http_mock *mock, const char *method, const char *url,
                   eddy_http_mock_answer with)
{
    EXPECT_EQ(eddy_http_mock_add(mock, method, url, &with), 0);
}

/* The status of a GET, or its error; the body must be `body`, unless that is NULL. */
static int get(eddy_http_session *session, const char *url, const char *body)
{
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EDDY_TRY(eddy_http_session_get(session, url, NULL, &response));
    if (body)
        EXPECT_STR(eddy_http_response_body(response).data, body);
    return eddy_http_response_status(response);
}

static int get_with(eddy_http_session *session, const char *url, eddy_http_request_options options)
{
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EDDY_TRY(eddy_http_session_get(session, url, &options, &response));
    return eddy_http_response_status(response);
}

static void expect_message(int status, const char *text, int line)
{
    const char *message = eddy_error_message(eddy_error_get(status));
    if (!message || !strstr(message, text))
        harness_expect(false, __FILE__, line, "the message is \"%s\", without \"%s\"",
                       message ? message : "(null)", text);
}

#define EXPECT_MESSAGE(status, text) expect_message((status), (text), __LINE__)

TEST(a_declared_answer_comes_after_its_delay)
{
    EDDY_AUTO(eddy_http_mock) *mock = new_mock();
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    answer(mock, "GET", "http://service.test/crowd",
           (eddy_http_mock_answer){
               .status = 201,
               .headers = (eddy_http_header[]){{"Content-Type", "application/json"}, {0}},
               .text = "[\"Ann\"]",
               .connect_delay = 0.5,
               .delay = 2,
               .body_delay = 0.25,
           });
    EDDY_AUTO(eddy_http_response) *response = NULL;
    REQUIRE(
        EXPECT_EQ(eddy_http_session_get(session, "http://service.test/crowd", NULL, &response), 0));
    EXPECT(eddy_time() == 2.75);
    EXPECT_EQ(eddy_http_response_status(response), 201);
    EXPECT_EQ(eddy_http_response_version(response), 11);
    EXPECT_STR(eddy_http_response_header(response, "content-type"), "application/json");
    EXPECT_STR(eddy_http_response_body(response).data, "[\"Ann\"]");
    EXPECT_EQ(eddy_http_response_body(response).size, 7);
    eddy_http_timings times = eddy_http_response_timings(response);
    EXPECT(times.connect == 0.5 && times.first_byte == 2.5 && times.total == 2.75);
}

TEST(what_is_not_declared_is_an_error_with_method_and_url)
{
    EDDY_AUTO(eddy_http_mock) *mock = new_mock();
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    answer(mock, "POST", "http://a.test/", (eddy_http_mock_answer){0});
    int rc = get(session, "http://a.test/", NULL);
    EXPECT_EQ(rc, EDDY_HTTP_MOCK);
    EXPECT_MESSAGE(rc, "no answer is declared for GET http://a.test/");
    EXPECT_EQ(eddy_http_mock_count(mock, NULL, NULL), 1);
    EXPECT(!eddy_http_mock_call_at(mock, 0)->is_matched);
    EXPECT_EQ(eddy_http_mock_unused_count(mock), 1);
}

TEST(answers_are_given_in_order_and_as_often_as_declared)
{
    EDDY_AUTO(eddy_http_mock) *mock = new_mock();
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    const char *url = "http://a.test/";
    answer(mock, "GET", url, (eddy_http_mock_answer){.status = 503});
    answer(mock, "GET", url, (eddy_http_mock_answer){.text = "twice", .times = 2});
    EXPECT_EQ(get(session, url, ""), 503);
    EXPECT_EQ(get(session, url, "twice"), 200);
    EXPECT_EQ(get(session, url, "twice"), 200);
    int rc = get(session, url, NULL);
    EXPECT_EQ(rc, EDDY_HTTP_MOCK);
    EXPECT_MESSAGE(rc, "any more");
    answer(mock, "GET", url,
           (eddy_http_mock_answer){.text = "always", .times = EDDY_HTTP_MOCK_ALWAYS});
    for (int i = 0; i < 50; i++)
        EXPECT_EQ(get(session, url, "always"), 200);
    EXPECT_EQ(eddy_http_mock_unused_count(mock), 0);
}

TEST(urls_match_in_whatever_way_they_are_written)
{
    EDDY_AUTO(eddy_http_mock) *mock = new_mock();
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    eddy_http_mock_answer always = {.times = EDDY_HTTP_MOCK_ALWAYS};
    answer(mock, NULL, "HTTP://Service.TEST:80", always);
    answer(mock, NULL, "http://service.test?q", always);
    answer(mock, NULL, "https://service.test:8443/x#part", always);
    EXPECT_EQ(get(session, "http://service.test", NULL), 200);
    EXPECT_EQ(get(session, "http://SERVICE.test/", NULL), 200);
    EXPECT_EQ(get(session, "http://service.test:80/#there", NULL), 200);
    EXPECT_EQ(get(session, "http://service.test/?q", NULL), 200);
    EXPECT_EQ(get(session, "https://service.test:8443/x", NULL), 200);
    EXPECT_EQ(get(session, "https://service.test/x", NULL), EDDY_HTTP_MOCK);
    EXPECT_EQ(get(session, "http://service.test/X", NULL), EDDY_HTTP_MOCK);
    EXPECT_EQ(get(session, "http://service.test/?q=1", NULL), EDDY_HTTP_MOCK);
}

TEST(a_star_stands_for_any_bytes)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    static const struct {
        const char *pattern, *url;
        bool matches;
    } cases[] = {
        {"http://a.test/people/*", "http://a.test/people/1/", true},
        {"http://a.test/people/*", "http://a.test/people/", true},
        {"http://a.test/people/*", "http://a.test/planets/1", false},
        {"http://A.test/*/films/*", "http://a.test/people/1/films/2", true},
        {"http://a.test/*ab*ab", "http://a.test/xabaab", true},
        {"http://a.test/*ab*ab", "http://a.test/xab", false},
        {"http://*.test/", "http://b.a.test", true},
        {"*/people/1", "https://c.test:99/people/1", true},
        {"*", "http://any.test/thing?q=1", true},
        {"http://a.test/x*", "http://b.test/x", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        EDDY_AUTO(eddy_http_mock) *inner = new_mock();
        answer(inner, "GET", cases[i].pattern, (eddy_http_mock_answer){0});
        int rc = get(session, cases[i].url, NULL);
        if (rc != (cases[i].matches ? 200 : EDDY_HTTP_MOCK))
            harness_expect(false, __FILE__, __LINE__, "%s against %s: %d", cases[i].url,
                           cases[i].pattern, rc);
        EXPECT_EQ(eddy_http_mock_count(inner, NULL, cases[i].pattern), cases[i].matches);
    }
}

TEST(requests_are_remembered_as_they_were_made)
{
    EDDY_AUTO(eddy_http_mock) *mock = new_mock();
    EDDY_AUTO(eddy_http_session) *session = new_session(&(eddy_http_session_options){
        .base_url = "http://a.test/api/",
        .headers = (eddy_http_header[]){{"X-Session", "yes"}, {0}},
    });
    answer(mock, NULL, "*", (eddy_http_mock_answer){.times = EDDY_HTTP_MOCK_ALWAYS});
    EXPECT_EQ(eddy_sleep(7), 0);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EXPECT_EQ(eddy_http_session_post(session, "people", (eddy_span){"a=\0b", 4},
                                     &(eddy_http_request_options){
                                         .headers = (eddy_http_header[]){{"X-Own", "1"}, {0}}},
                                     &response),
              0);
    EXPECT_EQ(get(session, "http://us%65r:p:w%40@a.test/secret", NULL), 200);
    EXPECT_EQ(eddy_http_mock_count(mock, NULL, NULL), 2);
    EXPECT_EQ(eddy_http_mock_count(mock, "POST", NULL), 1);
    EXPECT_EQ(eddy_http_mock_count(mock, "POST", "http://a.test/api/people"), 1);
    EXPECT_EQ(eddy_http_mock_count(mock, "GET", "http://a.test/api/people"), 0);
    const eddy_http_mock_call *call = eddy_http_mock_call_at(mock, 0);
    EXPECT_STR(call->method, "POST");
    EXPECT_STR(call->url, "http://a.test/api/people");
    EXPECT_EQ(call->body.size, 4);
    EXPECT(memcmp(call->body.data, "a=\0b", 5) == 0);
    EXPECT(call->at == 7 && call->is_matched);
    EXPECT_STR(eddy_http_mock_call_header(call, "x-session"), "yes");
    EXPECT_STR(eddy_http_mock_call_header(call, "X-Own"), "1");
    EXPECT_STR(eddy_http_mock_call_header(call, "User-Agent"), "eddy/" EDDY_VERSION);
    EXPECT_STR(eddy_http_mock_call_header(call, "Accept-Encoding"), "gzip, deflate, br, zstd");
    EXPECT_STR(eddy_http_mock_call_header(call, "Content-Type"), "application/octet-stream");
    EXPECT(eddy_http_mock_call_header(call, "X-None") == NULL);
    call = eddy_http_mock_call_at(mock, 1);
    EXPECT_STR(eddy_http_mock_call_header(call, "Authorization"), "Basic dXNlcjpwOndA");
    EXPECT(eddy_http_mock_call_at(mock, 2) == NULL);
}

TEST(redirects_and_cookies_work_as_over_the_network)
{
    EDDY_AUTO(eddy_http_mock) *mock = new_mock();
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    answer(mock, "POST", "http://a.test/login",
           (eddy_http_mock_answer){
               .status = 302,
               .headers = (eddy_http_header[]){{"Location", "/home"},
                                               {"Set-Cookie", "id=7; Max-Age=60"},
                                               {0}},
           });
    answer(mock, "GET", "http://a.test/home",
           (eddy_http_mock_answer){.text = "home", .times = EDDY_HTTP_MOCK_ALWAYS});
    EDDY_AUTO(eddy_http_response) *response = NULL;
    REQUIRE(EXPECT_EQ(eddy_http_session_post(session, "http://a.test/login", (eddy_span){"x", 1},
                                             NULL, &response),
                      0));
    EXPECT_STR(eddy_http_response_url(response), "http://a.test/home");
    EXPECT_EQ(eddy_http_response_redirect_count(response), 1);
    EXPECT_STR(eddy_http_mock_call_header(eddy_http_mock_call_at(mock, 1), "Cookie"), "id=7");
    EXPECT_EQ(eddy_http_mock_call_at(mock, 1)->body.size, 0);
    EXPECT_EQ(eddy_sleep(120), 0);    // a cookie grows old by the same clock as everything else
    EXPECT_EQ(get(session, "http://a.test/home", "home"), 200);
    EXPECT(eddy_http_mock_call_header(eddy_http_mock_call_at(mock, 2), "Cookie") == NULL);
}

TEST(the_body_of_a_redirect_is_not_waited_for)
{
    EDDY_AUTO(eddy_http_mock) *mock = new_mock();
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    eddy_http_header to[] = {{"Location", "/to"}, {"Content-Length", "100"}, {0}};
    answer(mock, "GET", "http://h.test/from",
           (eddy_http_mock_answer){.status = 302, .headers = to, .body_delay = 50.0, .text = "x"});
    answer(mock, "GET", "http://h.test/to", (eddy_http_mock_answer){.text = "there"});
    double began = eddy_time();
    EXPECT_EQ(get(session, "http://h.test/from", "there"), 200);
    EXPECT(eddy_time() - began <= 1.0);
    answer(mock, "GET", "http://h.test/from",
           (eddy_http_mock_answer){.status = 302, .headers = to, .error = EDDY_HTTP_PARTIAL});
    answer(mock, "GET", "http://h.test/to", (eddy_http_mock_answer){.delay = 50.0});
    EXPECT_EQ(get(session, "http://h.test/from", ""), 200);    // its limits are the usual ones
}

TEST(bodies_are_decoded)
{
    static const unsigned char gzip[] = {0x1f, 0x8b, 0x08, 0,    0,    0,    0,    0,    0,
                                         0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xe7, 0x02, 0,
                                         0x20, 0x30, 0x3a, 0x36, 0x06, 0,    0,    0};
    EDDY_AUTO(eddy_http_mock) *mock = new_mock();
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    eddy_http_mock_answer whole = {
        .headers = (eddy_http_header[]){{"Content-Encoding", "gzip"}, {0}},
        .body = {(const char *)gzip, sizeof gzip},
        .times = 2,
    };
    answer(mock, "GET", "http://a.test/", whole);
    EXPECT_EQ(get(session, "http://a.test/", "hello\n"), 200);
    EXPECT_EQ(get_with(session, "http://a.test/", (eddy_http_request_options){.body_max = 5}),
              EDDY_HTTP_TOO_LARGE);
    whole.body.size -= 9;
    answer(mock, "GET", "http://a.test/cut", whole);
    int rc = get(session, "http://a.test/cut", NULL);
    EXPECT_EQ(rc, EDDY_HTTP_PARTIAL);
    EXPECT_MESSAGE(rc, "ends in the middle of its gzip");
    whole.body = (eddy_span){"hello", 5};
    answer(mock, "GET", "http://a.test/wrong", whole);
    rc = get(session, "http://a.test/wrong", NULL);
    EXPECT_EQ(rc, EDDY_HTTP_DECODE);
    EXPECT_MESSAGE(rc, "does not decode as gzip");
    answer(mock, "GET", "http://a.test/odd",
           (eddy_http_mock_answer){
               .headers = (eddy_http_header[]){{"Content-Encoding", "zip"}, {0}}, .text = "?"});
    EXPECT_EQ(get(session, "http://a.test/odd", "?"), 200);    // no coding that we know
}

TEST(errors_are_what_they_are_over_the_network)
{
    EDDY_AUTO(eddy_http_mock) *mock = new_mock();
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    const struct {
        eddy_http_mock_answer answer;
        int status;
        const char *message;
    } cases[] = {
        {{.error = -ECONNREFUSED}, EDDY_HTTP_CONNECT, "refused"},
        {{.error = -ECONNRESET}, EDDY_HTTP_DISCONNECTED, "reset"},
        {{.error = EDDY_ERESOLVE}, EDDY_ERESOLVE, "http://a.test/"},
        {{.error = EDDY_HTTP_TLS, .delay = 3}, EDDY_HTTP_TLS, NULL},
        {{.status = 200, .text = "half", .error = EDDY_HTTP_PARTIAL}, EDDY_HTTP_PARTIAL, "after 4"},
        {{.status = 200, .text = "half", .error = -ECONNRESET}, EDDY_HTTP_PARTIAL, "reset"},
        {{.headers = (eddy_http_header[]){{"Content-Length", "9"}, {0}}, .text = "half"},
         EDDY_HTTP_PARTIAL,
         "5 bytes remaining"},
        {{.status = 204, .headers = (eddy_http_header[]){{"Content-Length", "9"}, {0}}}, 204, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        answer(mock, "GET", "http://a.test/", cases[i].answer);
        int rc = get(session, "http://a.test/", NULL);
        EXPECT_EQ(rc, cases[i].status);
        if (cases[i].message)
            EXPECT_MESSAGE(rc, cases[i].message);
    }
    EXPECT(eddy_time() == 3);
}

TEST(limits_on_time_hold)
{
    EDDY_AUTO(eddy_http_mock) *mock = new_mock();
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    answer(mock, "GET", "http://a.test/never",
           (eddy_http_mock_answer){.delay = EDDY_NO_TIMEOUT, .times = EDDY_HTTP_MOCK_ALWAYS});
    answer(mock, "GET", "http://a.test/far",
           (eddy_http_mock_answer){.connect_delay = 50, .times = EDDY_HTTP_MOCK_ALWAYS});
    answer(mock, "GET", "http://a.test/half",
           (eddy_http_mock_answer){.text = "x", .body_delay = 50, .times = EDDY_HTTP_MOCK_ALWAYS});
    int rc = get(session, "http://a.test/never", NULL);
    EXPECT_EQ(rc, EDDY_TIMEDOUT);
    EXPECT_MESSAGE(rc, "silence for 60 s");
    EXPECT(eddy_time() == 60);
    rc = get(session, "http://a.test/far", NULL);
    EXPECT_EQ(rc, EDDY_TIMEDOUT);
    EXPECT_MESSAGE(rc, "no connection within 30 s");
    EXPECT(eddy_time() == 90);
    rc = get_with(session, "http://a.test/half", (eddy_http_request_options){.timeout.total = 5});
    EXPECT_EQ(rc, EDDY_TIMEDOUT);
    EXPECT_MESSAGE(rc, "took longer than 5 s");
    EXPECT(eddy_time() == 95);
    EXPECT_EQ(
        get_with(session, "http://a.test/half", (eddy_http_request_options){.timeout.read = 10}),
        EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 105);
    EXPECT_EQ(eddy_within(2, get(session, "http://a.test/never", NULL)), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 107);
}

EDDY_ASYNC(fetch, (eddy_http_session *, session), (const char *, url))
{
    return get(session, url, NULL);
}

TEST(requests_queue_for_slots)
{
    EDDY_AUTO(eddy_http_mock) *mock = new_mock();
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.connections_max = 2});
    answer(mock, "GET", "*", (eddy_http_mock_answer){.delay = 1, .times = EDDY_HTTP_MOCK_ALWAYS});
    EXPECT_EQ(eddy_gather(eddy_coro(fetch, session, "http://a.test/"),
                          eddy_coro(fetch, session, "http://b.test/"),
                          eddy_coro(fetch, session, "http://a.test/"),
                          eddy_coro(fetch, session, "http://c.test/"),
                          eddy_coro(fetch, session, "http://a.test/")),
              0);
    EXPECT(eddy_time() == 3);
    EXPECT(eddy_http_mock_call_at(mock, 4)->at == 2);
}

TEST(a_status_of_failure_is_raised_if_asked_for)
{
    EDDY_AUTO(eddy_http_mock) *mock = new_mock();
    EDDY_AUTO(eddy_http_session) *lenient = new_session(NULL);
    EDDY_AUTO(eddy_http_session) *strict =
        new_session(&(eddy_http_session_options){.raise_for_status = true});
    answer(mock, "GET", "http://a.test/", (eddy_http_mock_answer){.status = 404, .times = 2});
    answer(mock, "GET", "http://b.test/", (eddy_http_mock_answer){.status = 399});
    EDDY_AUTO(eddy_http_response) *response = NULL;
    REQUIRE(EXPECT_EQ(eddy_http_session_get(lenient, "http://a.test/", NULL, &response), 0));
    EXPECT_EQ(eddy_http_response_raise_for_status(response), EDDY_HTTP_STATUS);
    int rc = get(strict, "http://a.test/", NULL);
    EXPECT_EQ(rc, EDDY_HTTP_STATUS);
    EXPECT_MESSAGE(rc, "http://a.test/: the server answered 404");
    EXPECT_EQ(get(strict, "http://b.test/", NULL), 399);
}

TEST(a_streamed_body_comes_in_pieces)
{
    enum { SIZE = 100000 };
    EDDY_AUTO(eddy_http_mock) *mock = new_mock();
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    char *body = malloc(SIZE);
    memset(body, 'x', SIZE);
    answer(mock, "GET", "http://a.test/",
           (eddy_http_mock_answer){
               .body = {body, SIZE}, .status = 200, .body_delay = 4, .error = EDDY_HTTP_PARTIAL});
    free(body);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    REQUIRE(
        EXPECT_EQ(eddy_http_session_get(session, "http://a.test/",
                                        &(eddy_http_request_options){.stream = true}, &response),
                  0));
    EXPECT(eddy_time() == 0);
    char buf[30000];
    size_t sum = 0;
    ssize_t n;
    while ((n = eddy_http_response_read(response, buf, sizeof buf)) > 0)
        sum += (size_t)n;
    EXPECT_EQ(n, EDDY_HTTP_PARTIAL);
    EXPECT_EQ(sum, SIZE);
    EXPECT(eddy_time() == 4);
}

TEST(a_cancelled_request_leaves_nothing_behind)
{
    EDDY_AUTO(eddy_http_mock) *mock = new_mock();
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.connections_max = 1});
    answer(mock, "GET", "*",
           (eddy_http_mock_answer){
               .connect_delay = 1, .delay = 1, .body_delay = 1, .times = EDDY_HTTP_MOCK_ALWAYS});
    for (double after = 0.5; after < 3; after += 1) {
        EDDY_AUTO(eddy_task) *task = eddy_create_task(fetch, session, "http://a.test/");
        EXPECT_EQ(eddy_sleep(after), 0);
        eddy_task_cancel(task);
        EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    }
    EXPECT_EQ(get(session, "http://a.test/", ""), 200);
}

TEST(the_newest_mock_answers_and_the_older_takes_over_again)
{
    EDDY_AUTO(eddy_http_mock) *outer = new_mock();
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    eddy_http_mock *inner = new_mock();
    answer(outer, "GET", "*", (eddy_http_mock_answer){.text = "outer"});
    answer(inner, "GET", "*", (eddy_http_mock_answer){.text = "inner", .delay = 5, .times = 2});
    EXPECT_EQ(get(session, "http://a.test/", "inner"), 200);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(fetch, session, "http://a.test/");
    EXPECT_EQ(eddy_sleep(1), 0);
    eddy_http_mock_free(inner);    // the request under way goes on
    EXPECT_EQ(get(session, "http://a.test/", "outer"), 200);
    EXPECT_EQ(eddy_await(task), 200);
    eddy_http_mock_free(NULL);
}

TEST(wrong_declarations_are_told)
{
    EDDY_AUTO(eddy_http_mock) *mock = new_mock();
    const eddy_http_mock_answer wrong[] = {
        {.status = 42},
        {.status = 101},
        {.delay = -1},
        {.connect_delay = -1},
        {.body_delay = -1},
        {.error = 5},
        {.text = "a", .body = {"b", 1}},
        {.headers = (eddy_http_header[]){{"X Y", "1"}, {0}}},
        {.headers = (eddy_http_header[]){{"X", "1\r\nY: 2"}, {0}}},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        EXPECT_EQ(eddy_http_mock_add(mock, "GET", "http://a.test/", &wrong[i]), EDDY_EVALUE);
    EXPECT_EQ(eddy_http_mock_add(mock, "GET", "nonsense", NULL), EDDY_HTTP_URL);
    EXPECT_EQ(eddy_http_mock_add(mock, "GET", "ftp://a.test/", NULL), EDDY_HTTP_UNSUPPORTED);
    EXPECT_EQ(eddy_http_mock_add(mock, "GET", NULL, NULL), EDDY_EVALUE);
    EXPECT_EQ(eddy_http_mock_add(mock, "GET", "http://a.test/", NULL), 0);
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, "http://a.test/", ""), 200);
}

static eddy_http_mock *left_behind;

EDDY_ASYNC(leave_a_mock_behind)
{
    left_behind = new_mock();
    answer(left_behind, "GET", "*", (eddy_http_mock_answer){.times = EDDY_HTTP_MOCK_ALWAYS});
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, "http://a.test/", ""), 200);
    return 0;
}

EDDY_ASYNC(use_another_mock)
{
    eddy_http_mock *mock = new_mock();    // the one that is left behind answers nothing any more
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, "http://a.test/", ""), EDDY_HTTP_MOCK);
    eddy_http_mock_free(mock);
    EXPECT_EQ(eddy_http_mock_count(left_behind, NULL, NULL), 1);
    eddy_http_mock_free(left_behind);
    return 0;
}

TEST_PLAIN(a_mock_may_be_left_behind_at_the_end_of_the_run)
{
    const eddy_run_options options = {.virtual_clock = true, .exception_handler = note_report};
    EXPECT_EQ(eddy_run(eddy_coro(leave_a_mock_behind), &options), 0);
    EXPECT_EQ(eddy_run(eddy_coro(use_another_mock), &options), 0);
}

TEST_PLAIN(a_mock_needs_a_loop)
{
    eddy_http_mock *mock = NULL;
    EXPECT_EQ(eddy_http_mock_new(NULL, &mock), EDDY_EMISUSE);
    EXPECT(mock == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_OF(a_declared_answer_comes_after_its_delay),
        TEST_OF(what_is_not_declared_is_an_error_with_method_and_url),
        TEST_OF(answers_are_given_in_order_and_as_often_as_declared),
        TEST_OF(urls_match_in_whatever_way_they_are_written),
        TEST_OF(a_star_stands_for_any_bytes),
        TEST_OF(requests_are_remembered_as_they_were_made),
        TEST_OF(redirects_and_cookies_work_as_over_the_network),
        TEST_OF(the_body_of_a_redirect_is_not_waited_for),
        TEST_OF(bodies_are_decoded),
        TEST_OF(errors_are_what_they_are_over_the_network),
        TEST_OF(limits_on_time_hold),
        TEST_OF(requests_queue_for_slots),
        TEST_OF(a_status_of_failure_is_raised_if_asked_for),
        TEST_OF(a_streamed_body_comes_in_pieces),
        TEST_OF(a_cancelled_request_leaves_nothing_behind),
        TEST_OF(the_newest_mock_answers_and_the_older_takes_over_again),
        TEST_OF(wrong_declarations_are_told),
        TEST_OF(a_mock_may_be_left_behind_at_the_end_of_the_run),
        TEST_OF(a_mock_needs_a_loop),
    };
    harness_begin();
    eddy__http_errors_register();    // for good: here, so that no test seems to leave it behind
    return cmocka_run_group_tests(tests, NULL, NULL);
}
