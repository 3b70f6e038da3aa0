/* SPDX-License-Identifier: MIT */
/*
 * test_quote.c: paths and queries as yarl, aiohttp's library for URLs, writes them by default.
 */
#include "harness.h"

#include <eddy/http_error.h>

#include <stdlib.h>
#include <string.h>

#include "session.h"

static int requote(const char *url, char **out_url)
{
    *out_url = eddy_strdup(url);
    return eddy__http_url_requote(out_url);
}

static void expect(const char *given, const char *expected, int line)
{
    char *once, *twice;
    int rc = requote(given, &once);
    if (rc != 0 || strcmp(once, expected) != 0)
        harness_expect(false, __FILE__, line, "%s became %s, not %s", given, once, expected);
    rc = requote(once, &twice);
    if (rc != 0 || strcmp(once, twice) != 0)
        harness_expect(false, __FILE__, line, "%s became %s", once, twice);
    eddy_free(once);
    eddy_free(twice);
}

#define EXPECT_QUOTED(given, expected) expect((given), (expected), __LINE__)
#define EXPECT_SAME(url)               expect((url), (url), __LINE__)

TEST_PLAIN(what_is_fine_stays)
{
    EXPECT_SAME("http://h");
    EXPECT_SAME("http://h/");
    EXPECT_SAME("http://h/people/1/?page=2&sort=+name;x#part two");
    EXPECT_SAME("http://u:p@h:80/a.b/..c/~-_!$&'()*+,;=:@");
    EXPECT_SAME("http://h/%2F%2B%20%00%C3%A9?a%3Db=%26%2B%3B%25");
    EXPECT_SAME("http://h?a=/?:@#");
    EXPECT_SAME("not absolute at all");
}

TEST_PLAIN(what_may_not_stand_is_escaped)
{
    EXPECT_QUOTED("http://h/a b", "http://h/a%20b");
    EXPECT_QUOTED("http://h/?a b", "http://h/?a+b");
    EXPECT_QUOTED("http://h/caf\xc3\xa9?\xc3\xa9", "http://h/caf%C3%A9?%C3%A9");
    EXPECT_QUOTED("http://h/\"<>[]^`{|}\\", "http://h/%22%3C%3E%5B%5D%5E%60%7B%7C%7D%5C");
    EXPECT_QUOTED("http://h/?q=[1]|2", "http://h/?q=%5B1%5D%7C2");
    EXPECT_QUOTED("http://h/100%", "http://h/100%25");
    EXPECT_QUOTED("http://h/%4", "http://h/%254");
    EXPECT_QUOTED("http://h/%zz?%g0%", "http://h/%25zz?%25g0%25");
    EXPECT_QUOTED("http://h/a b#c d?", "http://h/a%20b#c d?");
}

TEST_PLAIN(what_need_not_be_escaped_is_not)
{
    EXPECT_QUOTED("http://h/%7euser/%41%26%3d%3F", "http://h/~user/A&=%3F");
    EXPECT_QUOTED("http://h/?%7e%2f%3f%26", "http://h/?~/?%26");
    EXPECT_QUOTED("http://h/%c3%a9%2f", "http://h/%C3%A9%2F");
}

TEST_PLAIN(dots_are_resolved)
{
    EXPECT_QUOTED("http://h/a/../b", "http://h/b");
    EXPECT_QUOTED("http://h/a/./b/.", "http://h/a/b/");
    EXPECT_QUOTED("http://h/a/b/..", "http://h/a/");
    EXPECT_QUOTED("http://h/../../a", "http://h/a");
    EXPECT_QUOTED("http://h/..", "http://h/");
    EXPECT_QUOTED("http://h/a/%2E%2e/b?../c", "http://h/b?../c");
    EXPECT_QUOTED("http://h//a//../b", "http://h//a/b");
    EXPECT_SAME("http://h/.hidden/a.../..b");
}

TEST_PLAIN(control_bytes_are_refused_wherever_they_stand)
{
    static const char *const urls[] = {
        "http://h/a\r\nX: y", "http://h/?a\nb", "http://h/\tb", "http://h/#a\x7f", "http://h\\a",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        char *url;
        EXPECT_EQ(requote(urls[i], &url), EDDY_HTTP_URL);
        eddy_free(url);
    }
}

TEST_PLAIN(joined_and_followed_urls_are_fit_too)
{
    static const char base[] = "http://h/api/people?x";
    static const struct {
        const char *url, *expected;
    } cases[] = {
        {"1 2", "http://h/api/1%202"},       {"../\xc3\xa9", "http://h/%C3%A9"},
        {"?a b", "http://h/api/people?a+b"}, {"/a|b", "http://h/a%7Cb"},
        {"http://o/a b", "http://o/a%20b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *joined = NULL, *followed = NULL;
        EXPECT_EQ(eddy__http_url_join(base, cases[i].url, &joined), 0);
        EXPECT_EQ(eddy__http_url_follow(base, cases[i].url, &followed), 0);
        EXPECT_STR(joined, cases[i].expected);
        EXPECT_STR(followed, cases[i].expected);
        eddy_free(joined);
        eddy_free(followed);
    }
    char *url = NULL;
    EXPECT_EQ(eddy__http_url_follow(base, "a\r\nb", &url), EDDY_HTTP_URL);
    EXPECT(url == NULL);
}

RUN_TESTS(TEST_OF(what_is_fine_stays), TEST_OF(what_may_not_stand_is_escaped),
          TEST_OF(what_need_not_be_escaped_is_not), TEST_OF(dots_are_resolved),
          TEST_OF(control_bytes_are_refused_wherever_they_stand),
          TEST_OF(joined_and_followed_urls_are_fit_too))
