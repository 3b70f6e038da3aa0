/* SPDX-License-Identifier: MIT */
/*
 * test_url_source.c: patterns first, then lines, however the blocks are cut; and which URLs pass.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "complaint.h"
#include "url_source.h"

static struct url_source *new_source(void)
{
    struct url_source *source = url_source_new();
    assert_non_null(source);
    return source;
}

/* Writes what the source yields, URLs and faults, as words; the list comes in blocks of `step`. */
static void drain(struct url_source *source, const char *list, size_t size, size_t step, char *out)
{
    struct url url;
    struct complaint complaint;
    size_t at = 0;
    *out = '\0';
    for (int n; (n = url_source_next(source, &url, &complaint)) != 0;) {
        if (n == -EAGAIN) {
            size_t take = size - at < step ? size - at : step;
            url_source_feed(source, list + at, take);
            at += take;
            continue;
        }
        strcat(out, n == 1 ? url.text : n == -EMSGSIZE ? "LONG" : n == -EILSEQ ? "NUL" : "BAD");
        strcat(out, " ");
    }
}

static void expect_list(const char *list, size_t size, const char *words)
{
    char got[4096];
    for (size_t step = 1; step <= size; step = step < 16 ? step + 1 : step * 2 + 1) {
        struct url_source *source = new_source();
        url_source_expect_lines(source);
        drain(source, list, size, step, got);
        assert_string_equal(got, words);
        url_source_free(source);
    }
}

#define EXPECT_LIST(list, words) expect_list(list, sizeof(list) - 1, words)

TEST(each_line_is_a_url)
{
    EXPECT_LIST("http://a/\nhttp://b/\n", "http://a/ http://b/ ");
    EXPECT_LIST("http://a/\r\nhttp://b/", "http://a/ http://b/ ");
    EXPECT_LIST("\n# note\n\n  http://a/ \t\n   # http://b/\n\r\n", "http://a/ ");
    EXPECT_LIST("\xef\xbb\xbfhttp://a/\n", "http://a/ ");
    EXPECT_LIST("http://a/{1..3}\n", "http://a/{1..3} ");
    EXPECT_LIST("\n", "");
}

TEST(a_bad_line_costs_only_itself)
{
    EXPECT_LIST("ftp://a\nhttp://b\n", "BAD http://b ");
    EXPECT_LIST("http://a\0b\nhttp://b\n", "NUL http://b ");
    EXPECT_LIST("http://a b\nhttp://b\n\xff\n", "BAD http://b BAD ");
}

TEST(a_fault_names_its_line)
{
    struct url_source *source = new_source();
    struct complaint complaint;
    struct url url;
    static const char list[] = "# one\n\nhttp:/x\nhttp://a\0\n";
    url_source_expect_lines(source);
    assert_int_equal(url_source_next(source, &url, &complaint), -EAGAIN);
    url_source_feed(source, list, sizeof list - 1);
    assert_int_equal(url_source_next(source, &url, &complaint), -EINVAL);
    EXPECT_SAYS(complaint, "line 3");
    EXPECT_SAYS(complaint, "http://");
    assert_int_equal(url_source_next(source, &url, &complaint), -EILSEQ);
    EXPECT_SAYS(complaint, "line 4");
    url_source_free(source);
}

TEST(an_over_long_line_is_passed_over)
{
    size_t size = 3 * URL_MAX;
    char *list = malloc(size + 64);
    memset(list, 'x', size);
    strcpy(list + size, "\nhttp://b/\n");
    expect_list(list, strlen(list), "LONG http://b/ ");
    list[0] = '#';
    expect_list(list, strlen(list), "http://b/ ");
    memcpy(list, "http://a/", 9);
    strcpy(list + URL_MAX + 1, "\nhttp://b/\n");
    expect_list(list, strlen(list), "LONG http://b/ ");
    free(list);
}

TEST(the_longest_url_passes)
{
    char *list = malloc(URL_MAX + 8);
    memset(list, 'x', URL_MAX);
    memcpy(list, "http://a/", 9);
    strcpy(list + URL_MAX, "\r\n");
    struct url_source *source = new_source();
    struct url url;
    url_source_expect_lines(source);
    url_source_feed(source, list, URL_MAX + 2);
    assert_int_equal(url_source_next(source, &url, NULL), 1);
    assert_int_equal(url.size, URL_MAX);
    url_source_free(source);
    free(list);
}

TEST(patterns_come_before_lines_and_in_order)
{
    struct url_source *source = new_source();
    char got[1024];
    uint64_t count;
    assert_int_equal(url_source_add_pattern(source, "http://a/{1..2}", NULL), 0);
    assert_int_equal(url_source_add_pattern(source, "https://b/", NULL), 0);
    assert_true(url_source_count(source, &count));
    assert_int_equal(count, 3);
    drain(source, "", 0, 1, got);
    assert_string_equal(got, "http://a/1 http://a/2 https://b/ ");
    assert_int_equal(url_source_rewind(source), 0);
    url_source_expect_lines(source);
    assert_false(url_source_count(source, &count));
    drain(source, "http://c/", 9, 4, got);
    assert_string_equal(got, "http://a/1 http://a/2 https://b/ http://c/ ");
    assert_int_equal(url_source_rewind(source), -ESPIPE);
    url_source_free(source);
}

TEST(a_pattern_is_checked_when_it_is_added)
{
    struct url_source *source = new_source();
    struct complaint complaint;
    assert_int_equal(url_source_add_pattern(source, "ftp://a/{1..2}", &complaint), -EINVAL);
    EXPECT_SAYS(complaint, "https://");
    assert_int_equal(url_source_add_pattern(source, "http://a/{1..", &complaint), -EINVAL);
    assert_int_equal(complaint.column, 10);
    assert_int_equal(url_source_add_pattern(source, "http://a/{1..9000000000000000000}", NULL), 0);
    assert_int_equal(url_source_add_pattern(source, "http://a/{1..9000000000000000000}", NULL), 0);
    assert_int_equal(
        url_source_add_pattern(source, "http://a/{1..9000000000000000000}", &complaint),
        -EOVERFLOW);
    EXPECT_SAYS(complaint, "all patterns");
    url_source_free(source);
}

TEST(a_later_url_of_a_pattern_can_be_bad)
{
    struct url_source *source = new_source();
    char got[256];
    assert_int_equal(url_source_add_pattern(source, "{http,ftp,https}://a", NULL), 0);
    drain(source, "", 0, 1, got);
    assert_string_equal(got, "http://a BAD https://a ");
    url_source_free(source);
}

TEST(a_pipe_is_read_block_by_block_without_waiting)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    struct url_source *source = new_source();
    struct url url;
    url_source_expect_lines(source);
    assert_int_equal(url_source_fill(source, ends[0]), -EAGAIN);
    assert_int_equal(url_source_next(source, &url, NULL), -EAGAIN);
    assert_int_equal(write(ends[1], "http://a\nhttp:", 14), 14);
    assert_int_equal(url_source_fill(source, ends[0]), 14);
    assert_int_equal(url_source_next(source, &url, NULL), 1);
    assert_string_equal(url.text, "http://a");
    assert_int_equal(url_source_next(source, &url, NULL), -EAGAIN);
    assert_int_equal(write(ends[1], "//b", 3), 3);
    close(ends[1]);
    assert_int_equal(url_source_fill(source, ends[0]), 3);
    assert_int_equal(url_source_next(source, &url, NULL), -EAGAIN);
    assert_int_equal(url_source_fill(source, ends[0]), 0);
    assert_int_equal(url_source_next(source, &url, NULL), 1);
    assert_string_equal(url.text, "http://b");
    assert_int_equal(url_source_next(source, &url, NULL), 0);
    assert_int_equal(url_source_next(source, &url, NULL), 0);
    close(ends[0]);
    url_source_free(source);
}

#define SIXTY "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void expect_verdict(const char *url, const char *words)
{
    struct complaint complaint = {0};
    int err = url_check(url, strlen(url), &complaint);
    if (words == NULL && err != 0)
        fail_msg("%s: %s", url, complaint.text);
    if (words != NULL) {
        assert_int_equal(err, -EINVAL);
        EXPECT_SAYS(complaint, words);
    }
}

TEST(a_url_must_be_one_that_can_be_fetched)
{
    expect_verdict("http://host", NULL);
    expect_verdict("HTTPS://host:443/a?b#c", NULL);
    expect_verdict("http://u:p@host/", NULL);
    expect_verdict("http://[::1]:8080/", NULL);
    expect_verdict("http://host:/", NULL);
    expect_verdict("http://h\xc3\xb6st/\xe2\x82\xac", NULL);
    expect_verdict("", "http://");
    expect_verdict("host/path", "http://");
    expect_verdict("http://", "no host");
    expect_verdict("http:///path", "no host");
    expect_verdict("http://:80/", "no host");
    expect_verdict("http://u@/", "no host");
    expect_verdict("http://[]/", "no host");
    expect_verdict("http://[::1/", "never closed");
    expect_verdict("http://[::1]x/", "brackets");
    expect_verdict("http://h:65536/", "65535");
    expect_verdict("http://h:8a/", "65535");
    expect_verdict("http://h/a b", "%20");
    expect_verdict("http://h/\n", "%0A");
    expect_verdict("http://h/\x7f", "%7F");
    expect_verdict("http://h/\xff", "%FF");
    expect_verdict("not a URL", "'not a URL' begins with neither");
}

TEST(a_message_shows_nothing_before_the_host)
{
    expect_verdict("alice:s3cret@h/x", "'...@h/x' begins");
    expect_verdict("//alice:s3cret@h/x", "'...@h/x' begins");
    expect_verdict("https:/alice:s3cret@h/x", "'...@h/x' begins");
    expect_verdict("https://alice:s3cret@/x", "the URL 'https://' names");
    // Sixty bytes of it would end within the password.
    expect_verdict("http://alice:" SIXTY "s3cret@:80/", "the URL 'http://:80' names");
    expect_verdict("ftp://alice:" SIXTY "s3cret@h/", "'...@h/' begins");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_is_a_url),
        cmocka_unit_test(a_bad_line_costs_only_itself),
        cmocka_unit_test(a_fault_names_its_line),
        cmocka_unit_test(an_over_long_line_is_passed_over),
        cmocka_unit_test(the_longest_url_passes),
        cmocka_unit_test(patterns_come_before_lines_and_in_order),
        cmocka_unit_test(a_pattern_is_checked_when_it_is_added),
        cmocka_unit_test(a_later_url_of_a_pattern_can_be_bad),
        cmocka_unit_test(a_pipe_is_read_block_by_block_without_waiting),
        cmocka_unit_test(a_url_must_be_one_that_can_be_fetched),
        cmocka_unit_test(a_message_shows_nothing_before_the_host),
    };
    return cmocka_run_group_tests_name("url_source", tests, NULL, NULL);
}
