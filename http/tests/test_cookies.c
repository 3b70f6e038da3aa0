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
    set("http://other.test", "/", "session=1");
    for (int i = 0; i < 10000; i++) {
        char value[64];
        snprintf(value, sizeof value, "n%d=%d", i, i);
        set(i % 2 ? "http://h.test" : "http://a.h.test", "/", value);
    }
    EXPECT(strlen(sent("http://h.test", "/")) < 4096);
    EXPECT(strstr(sent("http://h.test", "/"), "n9999=9999") != NULL);
    EXPECT_STR(sent("http://other.test", "/"), "session=1");
    end();
    eddy__http_cookies_free(NULL);
}

TEST_PLAIN(a_site_displaces_its_own_least_used_cookie)
{
    begin();
    set("http://a.h.test", "/", "old=1; Domain=h.test; Path=/used");
    set("http://a.h.test", "/", "older=1; Domain=h.test; Path=/unused");
    for (int i = 0; i < 177; i++) {
        char value[64];
        snprintf(value, sizeof value, "n%d=%d; Max-Age=100", i, i);
        set("http://b.h.test", "/", value);
    }
    set("http://b.h.test", "/", "brief=1; Path=/brief; Max-Age=1");
    EXPECT_STR(sent("http://h.test", "/used"), "old=1");
    EXPECT_STR(sent("http://h.test", "/brief"), "");
    set("http://b.h.test", "/", "more=1; Path=/more");
    EXPECT_STR(sent("http://h.test", "/used"), "old=1");
    EXPECT_STR(sent("http://h.test", "/unused"), "");
    EXPECT(strstr(sent("http://b.h.test", "/brief"), "brief=1") != NULL);
    EXPECT(strstr(sent("http://b.h.test", "/"), "n0=0") != NULL);
    end();
}

TEST_PLAIN(many_sites_share_the_jar)
{
    begin();
    set("http://first.test", "/", "kept=1");
    set("http://second.test", "/", "dropped=1");
    for (int i = 0; i < 3000; i++) {
        char origin[64];
        snprintf(origin, sizeof origin, "http://site%d.test", i);
        if (i % 1000 == 999)
            EXPECT_STR(sent("http://first.test", "/"), "kept=1");
        set(origin, "/", "n=v");
    }
    EXPECT_STR(sent("http://first.test", "/"), "kept=1");
    EXPECT_STR(sent("http://second.test", "/"), "");
    EXPECT_STR(sent("http://site0.test", "/"), "");
    EXPECT_STR(sent("http://site2999.test", "/"), "n=v");
    end();
}

TEST_PLAIN(the_field_is_bounded)
{
    begin();
    for (int i = 0; i < 100; i++) {
        char value[300];
        snprintf(value, sizeof value, "n%d=%0200d", i, i);
        set("http://h.test", "/", value);
    }
    size_t size = strlen(sent("http://h.test", "/"));
    EXPECT(size > 5 * 1024 && size <= 6 * 1024);
    EXPECT(strncmp(sent("http://h.test", "/"), "n0=0", 4) == 0);
    end();
}

TEST_PLAIN(a_host_that_is_a_public_suffix_keeps_to_itself)
{
    begin();
    set("http://github.io", "/", "a=1; Domain=github.io");
    set("http://co.uk", "/", "b=1; Domain=.co.uk");
    set("http://localhost", "/", "c=1; Domain=localhost");
    EXPECT_STR(sent("http://github.io", "/"), "a=1");
    EXPECT_STR(sent("http://me.github.io", "/"), "");
    EXPECT_STR(sent("http://co.uk", "/"), "b=1");
    EXPECT_STR(sent("http://a.co.uk", "/"), "");
    EXPECT_STR(sent("http://localhost", "/"), "c=1");
    EXPECT_STR(sent("http://a.localhost", "/"), "");
    set("http://b.s3.amazonaws.com", "/", "d=1; Domain=amazonaws.com");
    EXPECT_STR(sent("http://c.s3.amazonaws.com", "/"), "");
    set("http://a.co.uk.", "/", "e=1; Domain=co.uk.");
    set("http://a.co.uk.", "/", "f=1; Domain=uk.");
    EXPECT_STR(sent("http://b.co.uk.", "/"), "");
    end();
}

TEST_PLAIN(plain_http_does_not_replace_a_secure_cookie)
{
    begin();
    set("https://a.h.test", "/", "s=1; Secure; Domain=h.test; Path=/in");
    set("http://a.h.test", "/", "s=2; Domain=h.test; Path=/in");
    set("http://a.h.test", "/", "s=3; Domain=h.test; Path=/in/deep");
    set("http://a.h.test", "/", "s=4; Path=/in");
    set("http://h.test", "/", "s=; Domain=h.test; Path=/in; Max-Age=0");
    EXPECT_STR(sent("https://a.h.test", "/in/deep/x"), "s=1");
    set("http://a.h.test", "/", "s=5; Path=/");
    EXPECT_STR(sent("https://a.h.test", "/in"), "s=1; s=5");
    set("https://a.h.test", "/", "s=6; Domain=h.test; Path=/in");
    EXPECT_STR(sent("https://a.h.test", "/in"), "s=6; s=5");
    end();
}

TEST_PLAIN(secure_cookies_work_on_this_machine)
{
    static const char *const origins[] = {"http://localhost:8080", "http://a.localhost",
                                          "http://127.0.0.1", "http://127.1.2.3:81",
                                          "http://[::1]"};
    begin();
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        set(origins[i], "/", "a=1; Secure");
        set(origins[i], "/", "__Host-b=1; Secure; Path=/");
        EXPECT_STR(sent(origins[i], "/"), "a=1; __Host-b=1");
    }
    set("http://localhost.example.org", "/", "a=1; Secure");
    set("http://127.0.0.1.example.org", "/", "a=1; Secure");
    EXPECT_STR(sent("https://localhost.example.org", "/"), "");
    EXPECT_STR(sent("https://127.0.0.1.example.org", "/"), "");
    end();
}

TEST_PLAIN(prefixes_hold_in_any_case)
{
    begin();
    set("https://h.test", "/", "__secure-a=1");
    set("https://h.test", "/", "__HOST-b=1; Secure; Path=/; Domain=h.test");
    set("https://h.test", "/", "__host-c=1; Secure; Path=/c");
    set("https://h.test", "/", "__host-d=1; Path=/");
    EXPECT_STR(sent("https://h.test", "/c"), "");
    set("https://h.test", "/", "__SECURE-e=1; Secure; Domain=h.test");
    set("https://h.test", "/", "__host-f=1; Secure; Path=/; Domain=");
    EXPECT_STR(sent("https://h.test", "/"), "__SECURE-e=1; __host-f=1");
    end();
}

TEST_PLAIN(own_cookies_come_first_and_hide_those_of_their_names)
{
    begin();
    set("http://h.test", "/", "a=1");
    set("http://h.test", "/", "b=1");
    EXPECT_STR(sent_with("http://h.test", "/", "x=1", NOW), "x=1; a=1; b=1");
    EXPECT_STR(sent_with("http://h.test", "/", "a=2;x", NOW), "a=2;x; b=1");
    EXPECT_STR(sent_with("http://h.test", "/", "aa=1; b = 2", NOW), "aa=1; b = 2; a=1");
    EXPECT_STR(sent_with("http://o.test", "/", "x=1", NOW), "x=1");
    EXPECT_STR(sent_with("http://o.test", "/", "", NOW), "");
    EXPECT(eddy__http_cookie_find("; ;", (eddy_span){"", 0}).data == NULL);
    end();
}

TEST_PLAIN(dates_are_read_by_the_algorithm_of_rfc_6265)
{
    static const struct {
        const char *text;
        int64_t seconds;    // -1: it is no date
    } cases[] = {
        {"Sun, 09 Sep 2001 01:46:40 GMT", 1000000000},
        {"Sunday, 09-Sep-01 01:46:40 GMT", 1000000000},
        {"Sun Sep  9 01:46:40 2001", 1000000000},
        {"2001 9 September 1:46:40", 1000000000},
        {"01:46:40 9/SEPTEMBRE/2001 +0200", 1000000000},
        {"Mon, 09 Sep 2001 01:46:40 PST", 1000000000},
        {"9,Sep,2001,01:46:40x", 1000000000},
        {"09 Sep 2001 01:46:40 10 Oct 2002 02:02:02", 1000000000},
        {"01 Jan 70 00:00:00", 0},
        {"31 Dec 69 23:59:59", 3155759999},
        {"1 1 Jan 2000 0:0:0", 946684800},
        {"29 Feb 2000 00:00:00", 951782400},
        {"29 Feb 2001 00:00:00", -1},
        {"31 Apr 2001 00:00:00", -1},
        {"00 Jan 2001 00:00:00", -1},
        {"32 Jan 2001 00:00:00", -1},
        {"01 Jan 1600 00:00:00", -1},
        {"01 Jan 2001 24:00:00", -1},
        {"01 Jan 2001 00:60:00", -1},
        {"01 Jan 2001 00:00:60", -1},
        {"01 Jan 2001 00:00", -1},
        {"01 Jan 20011 00:00:00", -1},
        {"Jan 2001 00:00:00", -1},
        {"01 2001 00:00:00", -1},
        {"01 Jan 00:00:00", -1},
        {"20010909T014640Z", -1},
        {"1000000000", -1},
        {"", -1},
        {"tomorrow", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t seconds = -1;
        int rc = eddy__http_cookie_date(cases[i].text, strlen(cases[i].text), &seconds);
        if (seconds != cases[i].seconds || (rc != 0 && cases[i].seconds != -1))
            harness_expect(false, __FILE__, __LINE__, "%s: %d, %lld", cases[i].text, rc,
                           (long long)seconds);
    }
}

RUN_TESTS(TEST_OF(a_cookie_goes_back_to_its_host_alone), TEST_OF(a_domain_widens_it),
          TEST_OF(a_public_suffix_is_too_wide), TEST_OF(paths_narrow_it),
          TEST_OF(a_new_value_replaces_the_old_in_its_place), TEST_OF(they_expire),
          TEST_OF(secure_ones_stay_secure), TEST_OF(nonsense_is_dropped),
          TEST_OF(there_is_an_end_to_them), TEST_OF(a_site_displaces_its_own_least_used_cookie),
          TEST_OF(many_sites_share_the_jar), TEST_OF(the_field_is_bounded),
          TEST_OF(a_host_that_is_a_public_suffix_keeps_to_itself),
          TEST_OF(plain_http_does_not_replace_a_secure_cookie),
          TEST_OF(secure_cookies_work_on_this_machine), TEST_OF(prefixes_hold_in_any_case),
          TEST_OF(own_cookies_come_first_and_hide_those_of_their_names),
          TEST_OF(dates_are_read_by_the_algorithm_of_rfc_6265))
