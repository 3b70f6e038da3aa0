/* SPDX-License-Identifier: MIT */
/*
 * test_client_redirects.c: the request line, and what redirects make of it: references, fragments,
 * bodies that do not count, users and cookies.
 */
#include "test_client_servers.h"

#include <stdlib.h>
#include <string.h>

/* What the server has read of the last request; static. */
static const char *ask(eddy_http_session *session, const char *url,
                       const eddy_http_request_options *options)
{
    static char kept[8192];
    EDDY_AUTO(eddy_http_response) *response = NULL;
    const char *absolute = strncmp(url, "http", 4) == 0 ? url : at(url);
    int rc = eddy_http_session_get(session, absolute, options, &response);
    if (rc != 0)
        harness_expect(false, __FILE__, __LINE__, "%s gave %d", url, rc);
    snprintf(kept, sizeof kept, "%s", rc == 0 ? eddy_http_response_body(response).data : "");
    return kept;
}

/* at() with "user:password@" before the host; static. */
static const char *at_user(const char *user, const char *path)
{
    static char url[256];
    const char *plain = at(path), *host = strstr(plain, "://") + 3;
    snprintf(url, sizeof url, "%.*s%s@%s", (int)(host - plain), plain, user, host);
    return url;
}

/* "/go?" and a Location, of which all but a few letters are escaped; static. */
static const char *redirect_to(const char *location)
{
    static char path[2048];
    char *at = stpcpy(path, "/go?");
    for (; *location; location++)
        at += sprintf(at, strchr("PORT/:", *location) ? "%c" : "%%%02x", (unsigned char)*location);
    return path;
}

/* --- What is sent ----------------------------------------------------------------------------- */

static const char *const exact_targets[] = {
    "/exact/f?ct=application%2Fgzip&s=ab%3d",
    "/exact?filter[a]=1&x=%7e~%41",
    "/exact/%2f%2F%3a//b/;p=1/!$&'()*+,;=:@",
    "/exact/|^`{}\\?|^`{}\\",
    "/exact/%zz%4%",
    "/exact/?",
    "/exact/%2e%2E/%2e",
    "/exact?a=/../b",
};

TEST_REAL(the_url_sent_is_the_url_written)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    for (size_t i = 0; i < sizeof exact_targets / sizeof exact_targets[0]; i++) {
        char line[200];
        snprintf(line, sizeof line, "GET %s HTTP/1.1\r\n", exact_targets[i]);
        EXPECT_HAS(ask(session, exact_targets[i], NULL), line);
        if (strchr(exact_targets[i], '\\'))
            continue;    // in a Location it is a slash
        EXPECT_HAS(ask(session, redirect_to(exact_targets[i]), NULL), line);
    }
    EXPECT_HAS(ask(session, "/exact/a b?c d", NULL), "GET /exact/a%20b?c%20d HTTP/1.1\r\n");
    EXPECT_HAS(ask(session, "/exact/\xc3\xa9\"<>", NULL),
               "GET /exact/%C3%A9%22%3C%3E HTTP/1.1\r\n");
    EXPECT_HAS(ask(session, redirect_to("/exact/\xc3\xa9 \xff"), NULL),
               "GET /exact/%C3%A9%20%FF HTTP/1.1\r\n");
    EXPECT_HAS(ask(session, "/a/../exact/./b", NULL), "GET /exact/b HTTP/1.1\r\n");
    EDDY_AUTO(eddy_http_session) *as_is =
        new_session(&(eddy_http_session_options){.path_as_is = true});
    EXPECT_HAS(ask(as_is, "/exact/../exact/./b", NULL), "GET /exact/../exact/./b HTTP/1.1\r\n");
    EXPECT_HAS(ask(as_is, redirect_to("/exact/.."), NULL), "GET /exact/.. HTTP/1.1\r\n");
}

TEST_REAL(a_proxy_gets_the_whole_url_as_written)
{
    char proxy[64];
    snprintf(proxy, sizeof proxy, "127.0.0.1:%d", plain_port());
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.proxy = proxy});
    EXPECT_HAS(ask(session, "http://u:p@Not.there.invalid:80/%7e[a]/to-be-echoed?#f", NULL),
               "GET http://not.there.invalid/%7e[a]/to-be-echoed? HTTP/1.1\r\n");
    EXPECT_HAS(ask(session, "http://u:p@not.there.invalid/to-be-echoed?", NULL),
               "Authorization: Basic dTpw\r\n");
}

TEST_REAL(a_fragment_is_never_sent_on_a_new_connection_or_an_old_one)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    for (int i = 0; i < 3; i++) {
        EDDY_AUTO(eddy_http_response) *response = NULL;
        REQUIRE(eddy_http_session_get(session, at("/exact?a#part two"), NULL, &response) == 0);
        EXPECT_HAS(eddy_http_response_body(response).data, "GET /exact?a HTTP/1.1\r\n");
        EXPECT_STR(eddy_http_response_url(response), at("/exact?a#part%20two"));
    }
}

TEST_REAL(odd_urls_are_refused)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    static const char *const urls[] = {"http:/127.0.0.1:8080/x", "http:///h/p", "http:127.0.0.1",
                                       "http:\\\\127.0.0.1\\x",  "http://h:x/", "https:/h"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
        EXPECT_EQ(get(session, urls[i], NULL), EDDY_HTTP_URL);
}

/* --- Where redirects lead --------------------------------------------------------------------- */

TEST_REAL(an_empty_location_is_no_redirect)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, "/empty-location", "nowhere"), 302);
    EXPECT_EQ(get(session, "/go?%20", "on"), 302);
}

TEST_REAL(a_location_is_read_as_browsers_read_it)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    static const char *const locations[] = {
        "/exact/x",
        "exact/x",
        "//127.0.0.1:PORT/exact/x",
        "///127.0.0.1:PORT/exact/x",
        "\\exact\\x",
        "/\\127.0.0.1:PORT\\exact/x",
        "\\\\127.1:PORT/exact/x",
    };
    for (size_t i = 0; i < sizeof locations / sizeof locations[0]; i++)
        EXPECT_HAS(ask(session, redirect_to(locations[i]), NULL), "GET /exact/x HTTP/1.1\r\n");
    const char *scheme = is_over_tls() ? "https" : "http";
    static const char *const after_scheme[] = {
        ":/exact/x", ":exact/x", ":///127.0.0.1:PORT/exact/x", ":\\\\127.0.0.1:PORT\\exact\\x"};
    for (size_t i = 0; i < sizeof after_scheme / sizeof after_scheme[0]; i++) {
        char location[100];
        snprintf(location, sizeof location, "%s%s", scheme, after_scheme[i]);
        EXPECT_HAS(ask(session, redirect_to(location), NULL), "GET /exact/x HTTP/1.1\r\n");
    }
    EDDY_AUTO(eddy_http_response) *response = NULL;
    int rc = eddy_http_session_get(session, at(redirect_to("http://h:x/")), NULL, &response);
    EXPECT_EQ(rc, EDDY_HTTP_URL);
    EXPECT(message_has(rc, "it redirects to \"http://h:x/\""));
}

TEST_REAL(a_fragment_is_inherited_unless_the_target_has_one)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    static const struct {
        const char *url, *final;
    } cases[] = {
        {"/go?/exact#part", "/exact#part"},
        {"/go?/exact%23own#part", "/exact#own"},
        {"/go?/exact%23own", "/exact#own"},
        {"/go?/go?/exact#part", "/exact#part"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        EDDY_AUTO(eddy_http_response) *response = NULL;
        REQUIRE(eddy_http_session_get(session, at(cases[i].url), NULL, &response) == 0);
        EXPECT_STR(eddy_http_response_url(response), at(cases[i].final));
        EXPECT_HAS(eddy_http_response_body(response).data, "GET /exact HTTP/1.1\r\n");
    }
}

TEST_REAL(the_body_of_a_redirect_does_not_count)
{
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.body_max = 1000});
    static const char *const paths[] = {"/go-not-gzip", "/go-odd-coding", "/go-long", "/go-bomb",
                                        "/go-short",    "/go-bad-chunks", "/go-huge"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (get(session, paths[i], "hello\n") != 200)
            harness_expect(false, __FILE__, __LINE__, "%s", paths[i]);
    eddy_http_request_options none = {.redirects_max = -1};
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EXPECT_EQ(eddy_http_session_get(session, at("/go-long"), &none, &response),
              EDDY_HTTP_TOO_LARGE);
    EXPECT_EQ(eddy_http_session_get(session, at("/go-not-gzip"), &none, &response),
              EDDY_HTTP_DECODE);
}

TEST_REAL(a_short_body_of_a_redirect_keeps_the_connection)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, "/hello", NULL), 200);
    forget_state(session);
    EXPECT_EQ(get(session, "/redirects?5", "hello\n"), 200);
    EXPECT_EQ(get(session, "/go-long", "hello\n"), 200);
    eddy_http_request_options streamed = {.stream = true};
    EDDY_AUTO(eddy_http_response) *response = NULL;
    char buf[16];
    REQUIRE(eddy_http_session_get(session, at("/redirects?3"), &streamed, &response) == 0);
    EXPECT_EQ(eddy_http_response_read(response, buf, sizeof buf), 6);
    EXPECT_EQ(eddy_http_response_read(response, buf, sizeof buf), 0);
    EXPECT_EQ(ask_state(session).connections, 0);
}

/* --- Secrets ---------------------------------------------------------------------------------- */

TEST_REAL(a_user_in_the_url_holds_for_its_origin)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_HAS(ask(session, at_user("u:p", "/echo"), NULL), "Authorization: Basic dTpw\r\n");
    EXPECT_HAS(ask(session, at_user("u%40x:%C3%A9:y", "/echo"), NULL),
               "Authorization: Basic dUB4OsOpOnk=\r\n");
    EXPECT_HAS(ask(session, at_user("u:p", "/found"), NULL), "Authorization: Basic dTpw\r\n");
    const char *scheme = is_over_tls() ? "https" : "http";
    char location[100];
    snprintf(location, sizeof location, "%s://127.0.0.1:PORT/echo", scheme);
    EXPECT_HAS(ask(session, at_user("u:p", redirect_to(location)), NULL),
               "Authorization: Basic dTpw\r\n");
    snprintf(location, sizeof location, "%s://v:w@127.0.0.1:PORT/echo", scheme);
    EXPECT_HAS(ask(session, at_user("u:p", redirect_to(location)), NULL),
               "Authorization: Basic djp3\r\n");
    EXPECT_HAS_NOT(ask(session, at_user("u:p", "/cross"), NULL), "Authorization");
    EXPECT_HAS_NOT(ask(session, at_user("u:p", "/there-and-back"), NULL), "Authorization");
    EXPECT_HAS_NOT(ask(session, "/echo", NULL), "Authorization");
    eddy_http_request_options own = {.headers =
                                         (eddy_http_header[]){{"Authorization", "Bearer x"}, {0}}};
    EXPECT_HAS(ask(session, at_user("u:p", "/found"), &own), "Authorization: Bearer x\r\n");
}

TEST_REAL(a_password_is_in_no_message)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    int rc = get(session, at_user("u:sesame", "/nothing"), NULL);
    EXPECT_EQ(rc, EDDY_HTTP_DISCONNECTED);
    EXPECT(message_has(rc, "/nothing: "));
    EXPECT(!strstr(eddy_error_message(eddy_error_get(rc)), "sesame"));
}

TEST_REAL(own_cookies_and_those_of_the_jar_are_merged)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    eddy_http_request_options own = {
        .headers = (eddy_http_header[]){{"Cookie", "session=a; lang=de"}, {0}}};
    EXPECT_HAS(ask(session, "/set?gate=1", &own), "Cookie: session=a; lang=de; gate=1\r\n");
    EXPECT_HAS(ask(session, "/echo", NULL), "Cookie: gate=1\r\n");
    // What the server sets anew during the call replaces the caller's; before, the caller's holds.
    EXPECT_HAS(ask(session, "/set?lang=en", &own), "Cookie: session=a; gate=1; lang=en\r\n");
    EXPECT_HAS(ask(session, "/echo", &own), "Cookie: session=a; lang=de; gate=1\r\n");
    EXPECT_HAS(ask(session, "/set?session=;Max-Age=0", &own), "Cookie: lang=de; gate=1\r\n");
    EXPECT_HAS_NOT(ask(session, "/cross", &own), "session=a");
}

TEST_REAL(cookies_may_hold_for_the_redirects_of_one_call)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(
        &(eddy_http_session_options){.cookies = EDDY_HTTP_COOKIES_REDIRECTS});
    eddy_http_request_options own = {.headers = (eddy_http_header[]){{"Cookie", "session=a"}, {0}}};
    EXPECT_HAS(ask(session, "/set?gate=1", NULL), "Cookie: gate=1\r\n");
    EXPECT_HAS_NOT(ask(session, "/echo", NULL), "Cookie");
    EXPECT_HAS(ask(session, "/set?gate=1", &own), "Cookie: session=a; gate=1\r\n");
    EXPECT_HAS(ask(session, "/echo", &own), "Cookie: session=a\r\n");
    EXPECT_HAS_NOT(ask(session, "/cross", &own), "session=a");
}

TEST_REAL(without_cookies_redirects_get_none_but_the_callers)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(
        &(eddy_http_session_options){.cookies = EDDY_HTTP_COOKIES_NONE});
    eddy_http_request_options own = {.headers = (eddy_http_header[]){{"Cookie", "session=a"}, {0}}};
    EXPECT_HAS_NOT(ask(session, "/set?gate=1", NULL), "Cookie");
    EXPECT_HAS(ask(session, "/set?gate=1", &own), "Cookie: session=a\r\n");
}

RUN_CLIENT_TESTS(false, TEST_OF(the_url_sent_is_the_url_written),
                 TEST_OF(a_proxy_gets_the_whole_url_as_written),
                 TEST_OF(a_fragment_is_never_sent_on_a_new_connection_or_an_old_one),
                 TEST_OF(odd_urls_are_refused), TEST_OF(an_empty_location_is_no_redirect),
                 TEST_OF(a_location_is_read_as_browsers_read_it),
                 TEST_OF(a_fragment_is_inherited_unless_the_target_has_one),
                 TEST_OF(the_body_of_a_redirect_does_not_count),
                 TEST_OF(a_short_body_of_a_redirect_keeps_the_connection),
                 TEST_OF(a_user_in_the_url_holds_for_its_origin),
                 TEST_OF(a_password_is_in_no_message),
                 TEST_OF(own_cookies_and_those_of_the_jar_are_merged),
                 TEST_OF(cookies_may_hold_for_the_redirects_of_one_call),
                 TEST_OF(without_cookies_redirects_get_none_but_the_callers))
