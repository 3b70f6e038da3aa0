/* SPDX-License-Identifier: MIT */
/*
 * test_url.c: URLs parsed and resolved: what stays as written, what is normalised, what is refused.
 *
 * Plain functions over bytes, in the C locale: nothing here sets another.
 */
#include "harness.h"

#include <string.h>

#include <eddy/http_url.h>

static const char *text_of(const eddy_http_url *url)
{
    return url ? url->text : "(null)";
}

static eddy_http_url *parse(const char *text)
{
    eddy_http_url *url = NULL;
    EXPECT_EQ(eddy_http_url_parse(text, strlen(text), 0, &url), 0);
    return url;
}

/* What `given` is parsed as; and that parsing the result changes nothing. */
static void expect_parsed(const char *given, const char *expected, int line)
{
    EDDY_AUTO(eddy_http_url) *url = parse(given);
    if (!url || strcmp(url->text, expected) != 0) {
        harness_expect(false, __FILE__, line, "%s became %s, not %s", given, text_of(url),
                       expected);
        return;
    }
    EDDY_AUTO(eddy_http_url) *again = parse(url->text);
    if (!again || strcmp(again->text, expected) != 0)
        harness_expect(false, __FILE__, line, "%s became %s", expected, text_of(again));
}

static void expect_status(const char *given, size_t size, int status, int line)
{
    eddy_http_url *url = NULL;
    int rc = eddy_http_url_parse(given, size, 0, &url);
    if (rc != status || url)
        harness_expect(false, __FILE__, line, "%s gave %d and %s", given, rc, text_of(url));
    eddy_http_url_free(url);
}

static void expect_resolved(const char *base, const char *reference, unsigned flags,
                            const char *expected, int line)
{
    EDDY_AUTO(eddy_http_url) *from = parse(base);
    eddy_http_url *url = NULL;
    int rc = eddy_http_url_resolve(from, reference, strlen(reference), flags, &url);
    if (rc != 0 || strcmp(url->text, expected) != 0)
        harness_expect(false, __FILE__, line, "%s from %s became %s (%d), not %s", reference, base,
                       text_of(url), rc, expected);
    eddy_http_url_free(url);
}

#define EXPECT_PARSED(given, expected) expect_parsed((given), (expected), __LINE__)
#define EXPECT_SAME(url)               expect_parsed((url), (url), __LINE__)
#define EXPECT_REFUSED(url)            expect_status((url), strlen(url), EDDY_HTTP_URL, __LINE__)
#define EXPECT_RESOLVED(base, reference, wanted) \
    expect_resolved((base), (reference), 0, (wanted), __LINE__)

static bool span_is(eddy_span span, const char *text)
{
    return text ? span.data && span.size == strlen(text) && memcmp(span.data, text, span.size) == 0
                : !span.data;
}

/* --- Absolute URLs ---------------------------------------------------------------------------- */

TEST_PLAIN(a_url_has_its_parts)
{
    EDDY_AUTO(eddy_http_url) *url = parse("HTTPS://u:p@Example.ORG:8443/a/b?c=d?#e#f");
    EXPECT_STR(url->text, "https://u:p@example.org:8443/a/b?c=d?#e#f");
    EXPECT_STR(url->origin, "https://example.org:8443");
    EXPECT_STR(url->scheme, "https");
    EXPECT_STR(url->host, "example.org");
    EXPECT_EQ(url->port, 8443);
    EXPECT(url->has_port);
    EXPECT(span_is(url->user_info, "u:p"));
    EXPECT(span_is(url->target, "/a/b?c=d?"));
    EXPECT(span_is(url->path, "/a/b"));
    EXPECT(span_is(url->query, "c=d?"));
    EXPECT(span_is(url->fragment, "e#f"));

    EDDY_AUTO(eddy_http_url) *bare = parse("http://h");
    EXPECT_STR(bare->origin, "http://h");
    EXPECT_EQ(bare->port, 80);
    EXPECT(!bare->has_port);
    EXPECT(span_is(bare->user_info, NULL) && span_is(bare->query, NULL));
    EXPECT(span_is(bare->target, "/") && span_is(bare->fragment, NULL));

    EDDY_AUTO(eddy_http_url) *empty = parse("https://h:443?#");
    EXPECT_STR(empty->text, "https://h/?#");
    EXPECT(empty->has_port && empty->port == 443);
    EXPECT(span_is(empty->target, "/?"));
    EXPECT(span_is(empty->query, "") && span_is(empty->fragment, ""));
}

TEST_PLAIN(what_can_be_sent_stays_as_written)
{
    EXPECT_SAME("http://h/f?ct=application%2Fgzip&s=ab%3d&filter[a]=1");
    EXPECT_SAME("http://h/%7euser/~user/%41%2f%2F%3a?%7e%2f%3f%26+%20");
    EXPECT_SAME("http://h/!$&'()*+,;=:@-._~?!$&'()*+,;=:@/?-._~");
    EXPECT_SAME("http://h/[]|^`{}\\?[]|^`{}\\#[]|^`{}\\");
    EXPECT_SAME("http://h/100%/%4/%zz?%g0%");
    EXPECT_SAME("http://h//a//b/");
    EXPECT_SAME("http://h/a?");
    EXPECT_SAME("http://h/?a=/?:@#");
    EXPECT_SAME("http://h/%c3%A9/%00%0d%0a");
    EXPECT_SAME("http://h/a/%2e%2E/%2e/b");
    EXPECT_SAME("http://h/.hidden/a.../..b?./../c");
    EXPECT_SAME("http://u%40x:p%3Aq:r@h/");
}

TEST_PLAIN(what_cannot_be_sent_is_escaped)
{
    EXPECT_PARSED("http://h/a b?c d#e f", "http://h/a%20b?c%20d#e%20f");
    EXPECT_PARSED("http://h/caf\303\251?\303\251#\303\251", "http://h/caf%C3%A9?%C3%A9#%C3%A9");
    EXPECT_PARSED("http://h/\"<>?\"<>#\"<>", "http://h/%22%3C%3E?%22%3C%3E#%22%3C%3E");
    EXPECT_PARSED("http://h/\377\376", "http://h/%FF%FE");
    EXPECT_PARSED("http://a b:\303\251@h/", "http://a%20b:%C3%A9@h/");
    EXPECT_PARSED("http://a@b:c@h/", "http://a%40b:c@h/");
    EXPECT_PARSED("  http://h/a  ", "http://h/a");
}

TEST_PLAIN(dot_segments_are_removed_unless_told_otherwise)
{
    EXPECT_PARSED("http://h/a/../b", "http://h/b");
    EXPECT_PARSED("http://h/a/./b/.", "http://h/a/b/");
    EXPECT_PARSED("http://h/a/b/..", "http://h/a/");
    EXPECT_PARSED("http://h/../../a", "http://h/a");
    EXPECT_PARSED("http://h/..", "http://h/");
    EXPECT_PARSED("http://h//a//../b", "http://h//a/b");
    EDDY_AUTO(eddy_http_url) *url = NULL;
    static const char dots[] = "http://h/a/../b/./..";
    EXPECT_EQ(eddy_http_url_parse(dots, strlen(dots), EDDY_HTTP_URL_PATH_AS_IS, &url), 0);
    EXPECT_STR(url->text, dots);
    EXPECT(span_is(url->target, "/a/../b/./.."));
}

TEST_PLAIN(odd_forms_are_refused)
{
    static const char *const urls[] = {
        "http:/127.0.0.1:8080/x",
        "http:///h/p",
        "http:h",
        "http:",
        "http://",
        "http:///",
        "http://?a",
        "http://#a",
        "http://:80/",
        "http://u@/",
        "http://u@:80/",
        "http:\\\\h\\x",
        "http:/\\h",
        "http://\\h",
        "http://h\\a",
        "http://h\\@e/",
        "http://h:x/",
        "http://h:80:80/",
        "http://h:65536/",
        "http://h:0/",
        "http://h:-1/",
        "http://h:+80/",
        "http://h: 80/",
        "http://h:8 0/",
        "",
        "h/x",
        "//h/x",
        "/x",
        "localhost:8080/x",
        "example.org:80",
        "x",
        "://h",
        "http",
        "1http://h",
        "http ://h",
        "http:// h/",
        "http://h:99999999999999999999/",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
        EXPECT_REFUSED(urls[i]);
    expect_status("ftp://h/", 8, EDDY_HTTP_UNSUPPORTED, __LINE__);
    expect_status("file:///x", 9, EDDY_HTTP_UNSUPPORTED, __LINE__);
    expect_status("ws://h", 6, EDDY_HTTP_UNSUPPORTED, __LINE__);
}

TEST_PLAIN(control_bytes_are_refused_wherever_they_stand)
{
    static const char url[] = "http://u:p@host:80/path?query#fragment";
    for (size_t i = 0; i < sizeof url; i++) {
        for (int byte = 0; byte < 0x21; byte++) {
            char text[sizeof url + 1];
            memcpy(text, url, i);
            text[i] = (char)(byte == 0x20 ? 0x7f : byte);
            memcpy(text + i + 1, url + i, sizeof url - i);
            expect_status(text, sizeof url, EDDY_HTTP_URL, __LINE__);
        }
    }
}

/* --- Hosts ------------------------------------------------------------------------------------ */

TEST_PLAIN(a_host_is_normalised)
{
    EXPECT_PARSED("http://EXAMPLE.org", "http://example.org/");
    EXPECT_PARSED("http://ex%41mple%2eorg:80/", "http://example.org/");
    EXPECT_PARSED("https://h:0443/", "https://h/");
    EXPECT_PARSED("http://h:/", "http://h/");
    EXPECT_PARSED("http://h:443/", "http://h:443/");
    EXPECT_PARSED("http://@h/", "http://h/");
    EXPECT_PARSED("http://:@h/", "http://h/");
    EXPECT_PARSED("http://:p@h/", "http://:p@h/");
    EXPECT_SAME("http://name./");
    EXPECT_SAME("http://a_b-c.d~e/");
    EXPECT_SAME("http://xn--bcher-kva.example/");
}

TEST_PLAIN(addresses_are_read_as_browsers_read_them)
{
    EXPECT_SAME("http://127.0.0.1/");
    EXPECT_PARSED("http://127.1/", "http://127.0.0.1/");
    EXPECT_PARSED("http://127.0.0.1./", "http://127.0.0.1/");
    EXPECT_PARSED("http://0x7F.0.0.0x1/", "http://127.0.0.1/");
    EXPECT_PARSED("http://0177.0.1/", "http://127.0.0.1/");
    EXPECT_PARSED("http://2130706433/", "http://127.0.0.1/");
    EXPECT_PARSED("http://0x7f000001/", "http://127.0.0.1/");
    EXPECT_PARSED("http://4294967295/", "http://255.255.255.255/");
    EXPECT_PARSED("http://0/", "http://0.0.0.0/");
    EXPECT_PARSED("http://1.2.65535/", "http://1.2.255.255/");
    EXPECT_SAME("http://1.2.3.4.example/");
    EXPECT_SAME("http://1e2/");
    EXPECT_PARSED("http://[0:0::1]:80/", "http://[::1]/");
    EXPECT_PARSED("http://[2001:DB8::A]:81/", "http://[2001:db8::a]:81/");
    EXPECT_PARSED("http://[fe80::1%eth0]/", "http://[fe80::1%25eth0]/");
    EDDY_AUTO(eddy_http_url) *zone = parse("http://[fe80::1%25eth0]:81/");
    EXPECT_STR(zone->host, "fe80::1%eth0");
    EXPECT_STR(zone->origin, "http://[fe80::1%25eth0]:81");
}

TEST_PLAIN(what_is_no_host_is_refused)
{
    static const char *const urls[] = {
        "http://a b/",
        "http://a..b/",
        "http://./",
        "http://.a/",
        "http://a<b/",
        "http://a%20b/",
        "http://a%00b/",
        "http://a%2fb/",
        "http://a%/",
        "http://a%zz/",
        "http://a*b/",
        "http://a|b/",
        "http://a^b/",
        "http://a,b/",
        "http://a;b/",
        "http://a'b/",
        "http://256.0.0.1/",
        "http://1.2.3.4.5/",
        "http://1.2.3.08/",
        "http://127.0.0.0x100/",
        "http://a.1/",
        "http://09/",
        "http://4294967296/",
        "http://1..2/",
        "http://[::1/",
        "http://::1/",
        "http://[]/",
        "http://[/",
        "http://[::1]x/",
        "http://[::g]/",
        "http://[1.2.3.4]/",
        "http://[::1%]/",
        "http://[::1%25]/",
        "http://[::1%a/b]/",
        "http://x[::1]/",
        "http://\377/",
        "http://%ff/",
        "http://a\342\204\200b/",    // U+2100 maps to "a/c"
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
        EXPECT_REFUSED(urls[i]);
    char name[600];
    snprintf(name, sizeof name, "http://%0300d.example/", 7);
    EXPECT_REFUSED(name);
}

TEST_PLAIN(international_names_become_ascii_in_any_locale)
{
    EXPECT_PARSED("http://b\303\274cher.example/", "http://xn--bcher-kva.example/");
    EXPECT_PARSED("http://b%C3%BCcher.example/", "http://xn--bcher-kva.example/");
    EXPECT_PARSED("http://B\303\234CHER.EXAMPLE:81/\303\274",
                  "http://xn--bcher-kva.example:81/%C3%BC");
    EXPECT_PARSED("http://bu\314\210cher.example/", "http://xn--bcher-kva.example/");
    EXPECT_PARSED("http://fa\303\237.example/", "http://xn--fa-hia.example/");
    EXPECT_PARSED("http://example\343\200\202org/", "http://example.org/");
    EXPECT_PARSED("http://\357\275\205xample\357\274\216org/", "http://example.org/");
    EXPECT_PARSED("http://\357\274\221\357\274\222\357\274\227.1/", "http://127.0.0.1/");
    EXPECT_PARSED("http://\344\276\213\343\201\210.\343\203\206\343\202\271\343\203\210/",
                  "http://xn--r8jz45g.xn--zckzah/");
    EXPECT_PARSED("http://b\303\274cher./", "http://xn--bcher-kva./");
}

TEST_PLAIN(names_of_symbols_are_names_as_in_browsers)
{
    EXPECT_PARSED("http://\342\230\203.example/", "http://xn--n3h.example/");
    EXPECT_PARSED("http://i\342\235\244.example/", "http://xn--i-7iq.example/");
    EXPECT_PARSED("http://\360\237\230\200.b\303\274cher/", "http://xn--e28h.xn--bcher-kva/");
    // Read in the second way it would be another name.
    EXPECT_REFUSED("http://fa\303\237\342\230\203.example/");
    EXPECT_REFUSED("http://\342\200\215\342\230\203.example/");
}

/* --- References ------------------------------------------------------------------------------- */

TEST_PLAIN(references_are_resolved_as_rfc_3986_says)
{
    static const char base[] = "http://a/b/c/d;p?q";
    static const struct {
        const char *reference, *expected;
    } cases[] = {
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"},
        {"g#s", "http://a/b/c/g#s"},
        {"g?y#s", "http://a/b/c/g?y#s"},
        {";x", "http://a/b/c/;x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../../g", "http://a/g"},
        {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"https://s", "https://s/"},
        {"?", "http://a/b/c/d;p?"},
        {"1 2", "http://a/b/c/1%202"},
        {"12:30", "http://a/b/c/12:30"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        EXPECT_RESOLVED(base, cases[i].reference, cases[i].expected);
}

TEST_PLAIN(odd_references_are_read_as_browsers_read_them)
{
    static const char base[] = "http://a/b/c?d";
    static const struct {
        const char *reference, *expected;
    } cases[] = {
        {"http:/x", "http://a/x"},
        {"http:x", "http://a/b/x"},
        {"HTTP:?x", "http://a/b/c?x"},
        {"http:", "http://a/b/c?d"},
        {"http://x", "http://x/"},
        {"http:///x/y", "http://x/y"},
        {"https:/x", "https://x/"},
        {"https:x/y", "https://x/y"},
        {"https:///x", "https://x/"},
        {"///x/y", "http://x/y"},
        {"////x/y", "http://x/y"},
        {"/\\x/y", "http://x/y"},
        {"\\\\x\\y", "http://x/y"},
        {"\\/x", "http://x/"},
        {"\\x", "http://a/x"},
        {"x\\y", "http://a/b/x/y"},
        {"x\\..\\y", "http://a/b/y"},
        {"x?\\y#\\z", "http://a/b/x?\\y#\\z"},
        {"http:\\\\x\\y", "http://x/y"},
        {"http://x\\@y/", "http://x/@y/"},
        {"  /x  ", "http://a/x"},
        {"/%2F%3a[~]|?a[]=%2f", "http://a/%2F%3a[~]|?a[]=%2f"},
        {"/caf\303\251?\351", "http://a/caf%C3%A9?%E9"},
        {"//b\303\274cher.example", "http://xn--bcher-kva.example/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        EXPECT_RESOLVED(base, cases[i].reference, cases[i].expected);
    EXPECT_RESOLVED("https://a/b", "https:/x", "https://a/x");
    EXPECT_RESOLVED("https://a/b", "http:/x", "http://x/");
    EXPECT_RESOLVED("http://a/\\b/c", "d", "http://a/\\b/d");
    EXPECT_RESOLVED("http://a:81/b", "//c", "http://c/");
    EXPECT_RESOLVED("http://a:81/b", "https:c", "https://c/");
}

TEST_PLAIN(references_that_are_refused)
{
    EDDY_AUTO(eddy_http_url) *base = parse("http://a/b");
    static const char *const references[] = {"//",   "///",    "http://", "//h:x", "//u@",
                                             "a\tb", "//a b/", "https:",  "\177",  "//[::1"};
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
        eddy_http_url *url = NULL;
        EXPECT_EQ(eddy_http_url_resolve(base, references[i], strlen(references[i]), 0, &url),
                  EDDY_HTTP_URL);
        EXPECT(url == NULL);
    }
    eddy_http_url *url = NULL;
    EXPECT_EQ(eddy_http_url_resolve(base, "mailto:x", 8, 0, &url), EDDY_HTTP_UNSUPPORTED);
    EXPECT_EQ(eddy_http_url_resolve(base, "h:80/", 5, 0, &url), EDDY_HTTP_UNSUPPORTED);
}

TEST_PLAIN(a_redirect_keeps_user_and_fragment)
{
    EXPECT_RESOLVED("http://u:p@a/b", "/c", "http://u:p@a/c");
    EXPECT_RESOLVED("http://u:p@a/b", "?c", "http://u:p@a/b?c");
    EXPECT_RESOLVED("http://u:p@a/b", "//a/c", "http://a/c");
    EXPECT_RESOLVED("http://u:p@a/b", "http://v:w@a/c", "http://v:w@a/c");
    EXPECT_RESOLVED("http://a/b#f", "/c", "http://a/c");
    unsigned keep = EDDY_HTTP_URL_KEEP_FRAGMENT;
    expect_resolved("http://a/b#f", "/c", keep, "http://a/c#f", __LINE__);
    expect_resolved("http://a/b#f", "http://x/c", keep, "http://x/c#f", __LINE__);
    expect_resolved("http://a/b#f", "/c#g", keep, "http://a/c#g", __LINE__);
    expect_resolved("http://a/b#f", "/c#", keep, "http://a/c#", __LINE__);
    unsigned as_is = EDDY_HTTP_URL_PATH_AS_IS;
    expect_resolved("http://a/b/c", "/x/../y", as_is, "http://a/x/../y", __LINE__);
    expect_resolved("http://a/b/c", "../y", as_is, "http://a/y", __LINE__);
}

TEST_PLAIN(origins_are_compared)
{
    static const struct {
        const char *a, *b;
        bool are_same;
    } cases[] = {
        {"http://h", "http://H:80/x", true},    {"http://h", "https://h", false},
        {"http://h:81", "http://h", false},     {"http://h.", "http://h", false},
        {"http://u:p@h/a#f", "http://h", true}, {"http://127.1", "http://127.0.0.1", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        EDDY_AUTO(eddy_http_url) *a = parse(cases[i].a);
        EDDY_AUTO(eddy_http_url) *b = parse(cases[i].b);
        EXPECT_EQ(eddy_http_url_same_origin(a, b), cases[i].are_same);
    }
    eddy_http_url_free(NULL);
}

RUN_TESTS(TEST_OF(a_url_has_its_parts), TEST_OF(what_can_be_sent_stays_as_written),
          TEST_OF(what_cannot_be_sent_is_escaped),
          TEST_OF(dot_segments_are_removed_unless_told_otherwise), TEST_OF(odd_forms_are_refused),
          TEST_OF(control_bytes_are_refused_wherever_they_stand), TEST_OF(a_host_is_normalised),
          TEST_OF(addresses_are_read_as_browsers_read_them), TEST_OF(what_is_no_host_is_refused),
          TEST_OF(international_names_become_ascii_in_any_locale),
          TEST_OF(names_of_symbols_are_names_as_in_browsers),
          TEST_OF(references_are_resolved_as_rfc_3986_says),
          TEST_OF(odd_references_are_read_as_browsers_read_them),
          TEST_OF(references_that_are_refused), TEST_OF(a_redirect_keeps_user_and_fragment),
          TEST_OF(origins_are_compared))
