/* SPDX-License-Identifier: MIT */
/*
 * test_client.c: requests and responses of a session, against servers.py.
 */
#include "test_client_servers.h"

#include <stdlib.h>
#include <string.h>

TEST_REAL(a_get_has_status_headers_body_and_times)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    REQUIRE(eddy_http_session_get(session, at("/json"), NULL, &response) == 0);
    EXPECT_EQ(eddy_http_response_status(response), 200);
    EXPECT_EQ(eddy_http_response_version(response), 11);
    EXPECT_STR(eddy_http_response_header(response, "content-TYPE"), "application/json");
    EXPECT(eddy_http_response_header(response, "X-None") == NULL);
    EXPECT_STR(eddy_http_response_body(response).data, "{\"name\": \"Luke\"}");
    EXPECT_EQ(eddy_http_response_body(response).size, 16);
    EXPECT_STR(eddy_http_response_url(response), at("/json"));
    EXPECT_EQ(eddy_http_response_redirect_count(response), 0);
    eddy_http_timings times = eddy_http_response_timings(response);
    EXPECT(times.connect >= 0 && times.first_byte >= times.connect);
    EXPECT(times.total >= times.first_byte);
}

TEST_REAL(headers_keep_their_order_and_repeat)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    REQUIRE(eddy_http_session_get(session, at("/headers"), NULL, &response) == 0);
    static const char *const expected[] = {"X-One", "1",       "x-two", "two words",      "X-One",
                                           "again", "X-Empty", "",      "Content-Length", "0"};
    REQUIRE(EXPECT_EQ(eddy_http_response_header_count(response), 5));
    for (size_t i = 0; i < 5; i++) {
        const eddy_http_header *header = eddy_http_response_header_at(response, i);
        EXPECT_STR(header->name, expected[2 * i]);
        EXPECT_STR(header->value, expected[2 * i + 1]);
    }
    EXPECT(eddy_http_response_header_at(response, 5) == NULL);
    EXPECT_STR(eddy_http_response_header(response, "X-ONE"), "1");
}

TEST_REAL(a_status_of_failure_is_a_response)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, "/nowhere", "no such thing"), 404);
    EXPECT_EQ(get(session, "/status?500", "status 500"), 500);
    EXPECT_EQ(get(session, "/status?429", "status 429"), 429);
}

TEST_REAL(bodies_come_in_every_framing)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
    EXPECT_EQ(get(session, "/empty", ""), 200);
    EXPECT_EQ(get(session, "/chunked", "one two three"), 200);
    EXPECT_EQ(get(session, "/until-close", "until the end"), 200);
    EXPECT_EQ(get(session, "/trailers", "body"), 200);
    EXPECT_EQ(get(session, "/not-modified", ""), 304);
}

TEST_REAL(interim_responses_leave_nothing_behind)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    REQUIRE(eddy_http_session_get(session, at("/interim"), NULL, &response) == 0);
    EXPECT_EQ(eddy_http_response_status(response), 200);
    EXPECT(eddy_http_response_header(response, "X-Early") == NULL);
    EXPECT_STR(eddy_http_response_body(response).data, "final");
}

TEST_REAL(encoded_bodies_are_decoded)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, "/brotli", "hello\n"), 200);
    EXPECT_EQ(get(session, "/zstd", "hello\n"), 200);
    static const char *const paths[] = {"/gzip", "/deflate"};
    for (int i = 0; i < 2; i++) {
        EDDY_AUTO(eddy_http_response) *response = NULL;
        REQUIRE(eddy_http_session_get(session, at(paths[i]), NULL, &response) == 0);
        EXPECT_EQ(eddy_http_response_body(response).size, 9000);
        EXPECT(memcmp(eddy_http_response_body(response).data, "squeezed squeezed ", 18) == 0);
    }
    EDDY_AUTO(eddy_http_session) *plain =
        new_session(&(eddy_http_session_options){.no_compression = true});
    EDDY_AUTO(eddy_http_response) *response = NULL;
    REQUIRE(eddy_http_session_get(plain, at("/echo"), NULL, &response) == 0);
    EXPECT(!strstr(eddy_http_response_body(response).data, "Accept-Encoding"));
}

/* What the server read of a request to /echo. */
static char *echo(eddy_http_session *session, const char *method, const char *path,
                  const eddy_http_request_options *options)
{
    EDDY_AUTO(eddy_http_response) *response = NULL;
    if (!EXPECT_EQ(eddy_http_session_request(session, method, at(path), options, &response), 0))
        return strdup("");
    return strdup(eddy_http_response_body(response).data);
}

TEST_REAL(the_request_carries_what_was_asked_for)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(&(eddy_http_session_options){
        .headers = (eddy_http_header[]){{"X-Session", "yes"}, {"X-Both", "session"}, {0}}});
    char *text = echo(session, "GET", "/echo", NULL);
    EXPECT_HAS(text, "GET /echo HTTP/1.1\r\n");
    EXPECT_HAS(text, "User-Agent: eddy/" EDDY_VERSION "\r\n");
    EXPECT_HAS(text, "Accept-Encoding: ");
    EXPECT_HAS(text, "br");
    EXPECT_HAS(text, "zstd");
    EXPECT_HAS(text, "X-Session: yes\r\n");
    EXPECT_HAS(text, "X-Both: session\r\n");
    free(text);
    text = echo(session, "GET", "/echo",
                &(eddy_http_request_options){
                    .headers = (eddy_http_header[]){
                        {"x-both", "own"}, {"X-Session", NULL}, {"X-Empty", ""}, {0}}});
    EXPECT_HAS(text, "x-both: own\r\n");
    EXPECT_HAS(text, "X-Empty:\r\n");
    EXPECT_HAS_NOT(text, "X-Session");
    EXPECT_HAS_NOT(text, "X-Both: session");
    free(text);
    text = echo(session, "GET", "/echo", NULL);
    EXPECT_HAS(text, "X-Both: session\r\n");
    EXPECT_HAS_NOT(text, "x-both: own");
    free(text);
}

TEST_REAL(methods_and_bodies_are_sent_as_they_are)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    eddy_http_request_options with_body = {.body = {"a=1", 3}};
    char *text = echo(session, "POST", "/echo", &with_body);
    EXPECT_HAS(text, "POST /echo HTTP/1.1\r\n");
    EXPECT_HAS(text, "Content-Length: 3\r\n");
    EXPECT_HAS(text, "Content-Type: application/octet-stream\r\n");
    EXPECT_HAS(text, "\r\n\r\na=1");
    EXPECT_HAS_NOT(text, "Expect");
    free(text);
    text = echo(session, "POST", "/echo", NULL);
    EXPECT_HAS(text, "Content-Length: 0\r\n");
    EXPECT_HAS_NOT(text, "Content-Type");
    free(text);
    text = echo(session, "PUT", "/echo", &with_body);
    EXPECT_HAS(text, "PUT /echo HTTP/1.1\r\n");
    EXPECT_HAS(text, "\r\n\r\na=1");
    free(text);
    text = echo(session, "DELETE", "/echo", NULL);
    EXPECT_HAS(text, "DELETE /echo HTTP/1.1\r\n");
    EXPECT_HAS_NOT(text, "Content-Length");
    free(text);
    text = echo(session, "GET", "/echo", NULL);
    EXPECT_HAS(text, "GET /echo HTTP/1.1\r\n");
    EXPECT_HAS_NOT(text, "Content-Length");
    free(text);
}

TEST_REAL(a_head_has_no_body_whatever_it_announces)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    REQUIRE(EXPECT_EQ(eddy_http_session_request(session, "HEAD", at("/huge"), NULL, &response), 0));
    EXPECT_EQ(eddy_http_response_body(response).size, 0);
    EXPECT_STR(eddy_http_response_header(response, "Content-Length"), "1000000000000");
    EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
}

TEST_REAL(relative_urls_are_relative_to_the_base)
{
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.base_url = at("/status?1")});
    EDDY_AUTO(eddy_http_response) *first = NULL;
    EDDY_AUTO(eddy_http_response) *second = NULL;
    REQUIRE(EXPECT_EQ(eddy_http_session_get(session, "hello", NULL, &first), 0));
    EXPECT_STR(eddy_http_response_body(first).data, "hello\n");
    REQUIRE(EXPECT_EQ(eddy_http_session_get(session, "/chunked", NULL, &second), 0));
    EXPECT_STR(eddy_http_response_url(second), at("/chunked"));
}

TEST_REAL(redirects_are_followed)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    REQUIRE(EXPECT_EQ(eddy_http_session_get(session, at("/redirects?3"), NULL, &response), 0));
    EXPECT_STR(eddy_http_response_body(response).data, "hello\n");
    EXPECT_STR(eddy_http_response_url(response), at("/hello"));
    EXPECT_EQ(eddy_http_response_redirect_count(response), 4);
    EXPECT_EQ(get(session, "/no-location", "nowhere"), 302);
    EXPECT_EQ(get(session, "/with-spaces", NULL), 200);
}

TEST_REAL(redirects_have_a_limit)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    int rc = eddy_http_session_get(session, at("/loop"), NULL, &response);
    EXPECT_EQ(rc, EDDY_HTTP_TOO_MANY_REDIRECTS);
    EXPECT(message_has(rc, "more than 10 redirects"));
    eddy_http_request_options none = {.redirects_max = -1}, one = {.redirects_max = 1};
    REQUIRE(EXPECT_EQ(eddy_http_session_get(session, at("/loop"), &none, &response), 0));
    EXPECT_EQ(eddy_http_response_status(response), 302);
    EXPECT_STR(eddy_http_response_header(response, "Location"), "/loop2");
    EDDY_AUTO(eddy_http_response) *other = NULL;
    EXPECT_EQ(eddy_http_session_get(session, at("/redirects?1"), &one, &other),
              EDDY_HTTP_TOO_MANY_REDIRECTS);
    EXPECT_EQ(eddy_http_session_get(session, at("/redirects?0"), &one, &other), 0);
    EXPECT_EQ(get(session, "/to-ftp", NULL), EDDY_HTTP_UNSUPPORTED);
}

TEST_REAL(redirects_change_the_method_as_browsers_do)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    eddy_http_request_options with_body = {.body = {"a=1", 3}};
    char *text = echo(session, "POST", "/found", &with_body);
    EXPECT_HAS(text, "GET /echo HTTP/1.1");
    EXPECT_HAS_NOT(text, "Content-Type");
    EXPECT_HAS_NOT(text, "a=1");
    free(text);
    text = echo(session, "PUT", "/see-other", &with_body);
    EXPECT_HAS(text, "GET /echo HTTP/1.1");
    free(text);
    text = echo(session, "POST", "/keep-method", &with_body);
    EXPECT_HAS(text, "POST /echo HTTP/1.1");
    EXPECT_HAS(text, "\r\n\r\na=1");
    free(text);
    text = echo(session, "PUT", "/found", &with_body);
    EXPECT_HAS(text, "PUT /echo HTTP/1.1");
    free(text);
}

TEST_REAL(authorization_stays_with_its_host)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    eddy_http_request_options secret = {
        .headers = (eddy_http_header[]){
            {"authorization", "Bearer x"}, {"Cookie", "c=1"}, {"X-Other", "1"}, {0}}};
    char *text = echo(session, "GET", "/found", &secret);
    EXPECT_HAS(text, "authorization: Bearer x\r\n");
    EXPECT_HAS(text, "Cookie: c=1\r\n");
    free(text);
    text = echo(session, "GET", "/cross", &secret);
    EXPECT_HAS(text, "X-Other: 1\r\n");
    EXPECT_HAS_NOT(text, "Bearer");
    EXPECT_HAS_NOT(text, "Cookie");
    free(text);
    text = echo(session, "GET", "/there-and-back", &secret);
    EXPECT_HAS_NOT(text, "Bearer");
    free(text);
}

TEST_REAL(cookies_come_back)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, "/set-cookies", ""), 200);
    char *text = echo(session, "GET", "/echo", NULL);
    EXPECT_HAS(text, "Cookie: b=2; a=1; secret=5\r\n");    // this machine counts as secure
    free(text);
    text = echo(
        session, "GET", "/echo",
        &(eddy_http_request_options){.headers = (eddy_http_header[]){{"Cookie", "mine=1"}, {0}}});
    EXPECT_HAS(text, "Cookie: mine=1; b=2; a=1; secret=5\r\n");
    free(text);
    text = echo(session, "GET", "/set-cookie-and-go", NULL);
    EXPECT_HAS(text, "way=side");
    free(text);
    EDDY_AUTO(eddy_http_session) *without =
        new_session(&(eddy_http_session_options){.cookies = EDDY_HTTP_COOKIES_NONE});
    EXPECT_EQ(get(without, "/set-cookies", ""), 200);
    text = echo(without, "GET", "/echo", NULL);
    EXPECT_HAS_NOT(text, "Cookie");
    free(text);
}

TEST_REAL(connections_are_used_again)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    forget_state(session);
    for (int i = 0; i < 20; i++)
        EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
    EXPECT_EQ(ask_state(session).connections, 0);
}

TEST_REAL(a_proxy_is_used_when_named)
{
    char proxy[64];
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", plain_port());
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.proxy = proxy});
    EXPECT_EQ(get(session, "http://not.there.invalid/via-proxy", "through the proxy"), 200);
    setenv("http_proxy", proxy, 1);
    setenv("no_proxy", "example.org, 127.0.0.1", 1);
    EDDY_AUTO(eddy_http_session) *second = new_session(NULL);
    EXPECT_EQ(get(second, "http://not.there.invalid/via-proxy", "through the proxy"), 200);
    EXPECT_EQ(get(second, "/hello", "hello\n"), 200);
    static const char *const exceptions[] = {"127.0.0.0/8", "10.0.0.0/8,126.0.0.0/7", "0.0.0.0/0",
                                             "::/0, 127.0.0.1/32"};
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        setenv("no_proxy", exceptions[i], 1);
        EDDY_AUTO(eddy_http_session) *direct = new_session(NULL);
        EXPECT_EQ(get(direct, "http://127.0.0.1:1/via-proxy", NULL), EDDY_HTTP_CONNECT);
    }
    setenv("no_proxy", "128.0.0.0/8, 127.0.0.2/31, ::/0, 127.0.0.0/33, 127.0.0.1.example", 1);
    EDDY_AUTO(eddy_http_session) *through = new_session(NULL);
    EXPECT_EQ(get(through, "http://127.0.0.1:1/via-proxy", "through the proxy"), 200);
    EDDY_AUTO(eddy_http_session) *none = new_session(&(eddy_http_session_options){.proxy = ""});
    EXPECT_EQ(get(none, "http://not.there.invalid/via-proxy", NULL), EDDY_ERESOLVE);
    unsetenv("http_proxy");
    unsetenv("no_proxy");
}

TEST_REAL(a_proxy_that_is_no_url_is_told)
{
    static const char *const proxies[] = {"http://h:x", "http://", "a b", "http:/h", "h:99999"};
    for (size_t i = 0; i < sizeof proxies / sizeof proxies[0]; i++) {
        EDDY_AUTO(eddy_http_session) *session =
            new_session(&(eddy_http_session_options){.proxy = proxies[i]});
        int rc = get(session, "/hello", NULL);
        EXPECT_EQ(rc, EDDY_HTTP_URL);
        EXPECT(message_has(rc, "the proxy cannot be used: "));
    }
    char *huge = malloc(5001);
    memset(huge, 'h', 5000);
    huge[5000] = '\0';
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.proxy = huge});
    EXPECT_EQ(get(session, "/hello", NULL), EDDY_HTTP_URL);
    free(huge);
}

TEST_REAL(wrong_arguments_are_told)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    int rc = eddy_http_session_get(session, "people/1", NULL, &response);
    EXPECT_EQ(rc, EDDY_HTTP_URL);
    EXPECT(message_has(rc, "base_url"));
    EXPECT_EQ(eddy_http_session_get(session, "http://", NULL, &response), EDDY_HTTP_URL);
    EXPECT_EQ(eddy_http_session_get(session, "http://a b/", NULL, &response), EDDY_HTTP_URL);
    EXPECT_EQ(eddy_http_session_get(session, "ftp://127.0.0.1/", NULL, &response),
              EDDY_HTTP_UNSUPPORTED);
    EXPECT_EQ(eddy_http_session_get(session, "file:///etc/passwd", NULL, &response),
              EDDY_HTTP_UNSUPPORTED);
    EXPECT_EQ(eddy_http_session_get(session, NULL, NULL, &response), EDDY_EVALUE);
    EXPECT_EQ(eddy_http_session_get(NULL, at("/hello"), NULL, &response), EDDY_EMISUSE);
    EXPECT_EQ(eddy_http_session_request(session, "GET /", at("/hello"), NULL, &response),
              EDDY_EVALUE);
    static const eddy_http_header bad[][2] = {
        {{"X-Split", "a\r\nX-Other: b"}},
        {{"X Space", "a"}},
        {{"", "a"}},
        {{"X:", "a"}},
        {{"Content-Length", "1"}},
        {{"transfer-encoding", "chunked"}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        EXPECT_EQ(eddy_http_session_get(session, at("/hello"),
                                        &(eddy_http_request_options){.headers = bad[i]}, &response),
                  EDDY_EVALUE);
    EXPECT_EQ(eddy_http_session_get(session, at("/hello"),
                                    &(eddy_http_request_options){.timeout = {.total = -1}},
                                    &response),
              EDDY_EVALUE);
    EXPECT(response == NULL);
    eddy_http_session *none = NULL;
    EXPECT_EQ(eddy_http_session_new(&(eddy_http_session_options){.base_url = "nonsense"}, &none),
              EDDY_HTTP_URL);
    EXPECT_EQ(eddy_http_session_new(&(eddy_http_session_options){.user_agent = "a\nb"}, &none),
              EDDY_EVALUE);
    EXPECT(none == NULL);
    eddy_http_session_free(NULL);
    eddy_http_response_free(NULL);
}

TEST_REAL(a_response_outlives_its_session)
{
    eddy_http_session *session = new_session(NULL);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EXPECT_EQ(eddy_http_session_get(session, at("/hello"), NULL, &response), 0);
    eddy_http_session_free(session);
    REQUIRE(response);
    EXPECT_STR(eddy_http_response_body(response).data, "hello\n");
}

RUN_CLIENT_TESTS(false, TEST_OF(a_get_has_status_headers_body_and_times),
                 TEST_OF(headers_keep_their_order_and_repeat),
                 TEST_OF(a_status_of_failure_is_a_response), TEST_OF(bodies_come_in_every_framing),
                 TEST_OF(interim_responses_leave_nothing_behind),
                 TEST_OF(encoded_bodies_are_decoded),
                 TEST_OF(the_request_carries_what_was_asked_for),
                 TEST_OF(methods_and_bodies_are_sent_as_they_are),
                 TEST_OF(a_head_has_no_body_whatever_it_announces),
                 TEST_OF(relative_urls_are_relative_to_the_base), TEST_OF(redirects_are_followed),
                 TEST_OF(redirects_have_a_limit),
                 TEST_OF(redirects_change_the_method_as_browsers_do),
                 TEST_OF(authorization_stays_with_its_host), TEST_OF(cookies_come_back),
                 TEST_OF(connections_are_used_again), TEST_OF(a_proxy_is_used_when_named),
                 TEST_OF(a_proxy_that_is_no_url_is_told), TEST_OF(wrong_arguments_are_told),
                 TEST_OF(a_response_outlives_its_session))
