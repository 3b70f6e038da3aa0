/* SPDX-License-Identifier: MIT */
/*
 * test_cookies.c: the cookie jar, without a server.
 */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include <eddy/alloc.h>

#include "cookie_offer.h"
#include "session_cookies.h"

enum { NOW = 1000000000 };

static struct http_cookies *jar;

static eddy_http_url *url_of(const char *origin, const char *path)
{
    char text[4096];
    eddy_http_url *url = NULL;
    snprintf(text, sizeof text, "%s%s", origin, path);
    EXPECT_EQ(eddy_http_url_parse(text, strlen(text), 0, &url), 0);
    return url;
}

static void set(const char *origin, const char *path, const char *value)
{
    EDDY_AUTO(eddy_http_url) *url = url_of(origin, path);
    EXPECT(eddy__http_cookies_set(jar, url, value, NOW) >= 0);
}

static const char *sent_with(const char *origin, const char *path, const char *own, int64_t now)
{
    static char kept[65536];
    EDDY_AUTO(eddy_http_url) *url = url_of(origin, path);
    char *text = NULL;
    EXPECT_EQ(eddy__http_cookies_get(jar, url, own, now, &text), 0);
    snprintf(kept, sizeof kept, "%s", text ? text : "");
    eddy_free(text);
    return kept;
}

static const char *sent_at(const char *origin, const char *path, int64_t now)
{
    return sent_with(origin, path, NULL, now);
}

static const char *sent(const char *origin, const char *path)
{
    return sent_at(origin, path, NOW);
}

static void begin(void)
{
    jar = eddy__http_cookies_new();
}

static void end(void)
{
    eddy__http_cookies_free(jar);
}

TEST_PLAIN(a_cookie_goes_back_to_its_host_alone)
{
    begin();
    EXPECT(eddy__http_cookies_are_empty(jar));
    set("http://a.example.org", "/", "n=v");
    EXPECT_STR(sent("http://a.example.org", "/"), "n=v");
    EXPECT_STR(sent("https://a.example.org", "/deep/down"), "n=v");
    EXPECT_STR(sent("http://example.org", "/"), "");
    EXPECT_STR(sent("http://b.a.example.org", "/"), "");
    EXPECT_STR(sent("http://example.com", "/"), "");
    end();
}

TEST_PLAIN(a_domain_widens_it)
{
    begin();
    set("http://a.example.org", "/", "n=v; Domain=.Example.ORG");
    EXPECT_STR(sent("http://example.org", "/"), "n=v");
    EXPECT_STR(sent("http://b.example.org", "/"), "n=v");
    EXPECT_STR(sent("http://badexample.org", "/"), "");
    set("http://a.example.org", "/", "wide=1; Domain=org");
    set("http://a.example.org", "/", "other=1; Domain=example.com");
    set("http://a.example.org", "/", "below=1; Domain=b.a.example.org");
    set("http://127.0.0.1", "/", "part=1; Domain=0.0.1");
    set("http://127.0.0.1", "/", "whole=1; Domain=127.0.0.1");
    EXPECT_STR(sent("http://a.example.org", "/"), "n=v");
    EXPECT_STR(sent("http://b.a.example.org", "/"), "n=v");
    EXPECT_STR(sent("http://127.0.0.1", "/"), "whole=1");
    end();
}

TEST_PLAIN(a_public_suffix_is_too_wide)
{
    begin();
    set("http://a.co.uk", "/", "n=v; Domain=co.uk");
    set("http://me.github.io", "/", "n=v; Domain=github.io");
    EXPECT_STR(sent("http://a.co.uk", "/"), "");
    EXPECT_STR(sent("http://b.co.uk", "/"), "");
    EXPECT_STR(sent("http://you.github.io", "/"), "");
    set("http://www.a.co.uk", "/", "n=v; Domain=a.co.uk");
    set("http://x.internal.test", "/", "m=w; Domain=internal.test");
    EXPECT_STR(sent("http://shop.a.co.uk", "/"), "n=v");
    EXPECT_STR(sent("http://y.internal.test", "/"), "m=w");
    end();
}

TEST_PLAIN(paths_narrow_it)
{
    begin();
    set("http://h.test", "/one/two?q=/x/y", "n=v");
    set("http://h.test", "/", "deep=1; Path=/one/two");
    EXPECT_STR(sent("http://h.test", "/"), "");
    EXPECT_STR(sent("http://h.test", "/one"), "n=v");
    EXPECT_STR(sent("http://h.test", "/onetwo"), "");
    EXPECT_STR(sent("http://h.test", "/one/two"), "deep=1; n=v");
    EXPECT_STR(sent("http://h.test", "/one/two?three"), "deep=1; n=v");
    set("http://h.test", "", "root=1; Path=nonsense");
    EXPECT_STR(sent("http://h.test", ""), "root=1");
    end();
}

TEST_PLAIN(a_new_value_replaces_the_old_in_its_place)
{
    begin();
    set("http://h.test", "/", "a=1");
    set("http://h.test", "/", "b=1");
    set("http://h.test", "/", "a=2");
    EXPECT_STR(sent("http://h.test", "/"), "a=2; b=1");
    set("http://h.test", "/", "a=; Max-Age=0");
    EXPECT_STR(sent("http://h.test", "/"), "b=1");
    set("http://h.test", "/", "b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT(eddy__http_cookies_are_empty(jar));
    end();
}

TEST_PLAIN(they_expire)
{
    begin();
    set("http://h.test", "/", "a=1; Max-Age=10");
    set("http://h.test", "/", "b=1; Expires=Sun, 09 Sep 2001 01:47:00 GMT");    // NOW + 20
    set("http://h.test", "/", "c=1; Max-Age=nonsense; Expires=nonsense");
    set("http://h.test", "/", "d=1; Max-Age=99999999999999999999999");
    set("http://h.test", "/", "e=1; Max-Age=10; Expires=Sun, 09 Sep 2021 01:47:00 GMT");
    EXPECT_STR(sent_at("http://h.test", "/", NOW + 9), "a=1; b=1; c=1; d=1; e=1");
    EXPECT_STR(sent_at("http://h.test", "/", NOW + 10), "b=1; c=1; d=1");
    EXPECT_STR(sent_at("http://h.test", "/", NOW + 20), "c=1; d=1");
    end();
}

TEST_PLAIN(secure_ones_stay_secure)
{
    begin();
    set("https://h.test", "/", "a=1; Secure; HttpOnly; SameSite=Lax");
    set("http://h.test", "/", "b=1; Secure");
    set("https://h.test", "/", "__Secure-c=1");
    set("https://h.test", "/", "__Host-d=1; Secure");
    set("https://h.test", "/", "__Host-e=1; Secure; Path=/");
    EXPECT_STR(sent("http://h.test", "/"), "");
    EXPECT_STR(sent("https://h.test", "/"), "a=1; __Host-e=1");
    end();
}

TEST_PLAIN(nonsense_is_dropped)
{
    begin();
    static const char *const values[] = {"",          "novalue", "=v",       " = v",
                                         ";",         "; a=b",   ";;;===",   "=",
                                         "a=b\rX: y", "a\n=b",   "a=b; \x7f"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        set("http://h.test", "/", values[i]);
    EXPECT(eddy__http_cookies_are_empty(jar));
    set("http://h.test", "/", "  spaced  =  out and in ;;; =x; Path");
    EXPECT_STR(sent("http://h.test", "/"), "spaced=out and in");
    char *huge = malloc(9000);
    memset(huge, 'x', 9000);
    memcpy(huge, "huge=", 5);
    huge[8999] = '\0';
    set("http://h.test", "/", huge);
    free(huge);
    EXPECT_STR(sent("http://h.test", "/"), "spaced=out and in");
    end();
}

TEST_PLAIN(there_is_an_end_to_them)
{
    begin();
    for (int i = 0; i < 10000; i++) {
        char value[64];
        snprintf(value, sizeof value, "n%d=%d", i, i);
        set("http://h.test", "/", value);
    }
    EXPECT(strlen(sent("http://h.test", "/")) < 4096);
    EXPECT(strstr(sent("http://h.test", "/"), "n9999=9999") != NULL);
    end();
    eddy__http_cookies_free(NULL);
}

RUN_TESTS(TEST_OF(a_cookie_goes_back_to_its_host_alone), TEST_OF(a_domain_widens_it),
          TEST_OF(a_public_suffix_is_too_wide), TEST_OF(paths_narrow_it),
          TEST_OF(a_new_value_replaces_the_old_in_its_place), TEST_OF(they_expire),
          TEST_OF(secure_ones_stay_secure), TEST_OF(nonsense_is_dropped),
          TEST_OF(there_is_an_end_to_them))
