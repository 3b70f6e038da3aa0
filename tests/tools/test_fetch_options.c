/* SPDX-License-Identifier: MIT */
/*
 * test_fetch_options.c: the command lines of `eddy fetch` and what is refused in them.
 */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "complaint.h"
#include "fetch_options.h"
#include "foreign.h"

static struct fetch_options options;
static struct complaint complaint;

/* The words end with NULL; the first is the URL or an option, as "fetch" is put before them. */
static int parse(const char *const *words)
{
    static char *argv[32];
    int argc = 1;
    argv[0] = "fetch";
    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = (char *)words[argc - 1];
    fetch_options_fini(&options);
    memset(&complaint, 0, sizeof complaint);
    return fetch_options_parse(&options, argc, argv, &complaint);
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})
#define URL        "http://host/{1..90}/"

#define EXPECT_REFUSAL(words, ...)                     \
    do {                                               \
        assert_int_equal(PARSE(__VA_ARGS__), -EINVAL); \
        EXPECT_SAYS(complaint, words);                 \
    } while (0)

TEST(a_url_alone_takes_the_defaults)
{
    assert_int_equal(PARSE(URL), 0);
    assert_int_equal(options.patterns.count, 1);
    assert_int_equal(options.concurrency, 10);
    assert_int_equal(options.retries, 3);
    assert_int_equal(options.max_size, 16 << 20);
    assert_true(options.timeout > 29.9 && options.timeout < 30.1);
    assert_true(options.max_wait > 299 && options.max_wait < 301);
    assert_false(options.has_cookies || options.is_verbose);
    assert_true(status_set_has(&options.fail_on, 408) && status_set_has(&options.fail_on, 425));
    assert_true(options.rate < 1e-9);
    assert_string_equal(options.table, "documents");
    assert_true(options.target.is_stdout && options.target.kind == TARGET_NDJSON);
    assert_true(status_set_has(&options.fail_on, 503) && status_set_has(&options.fail_on, 429));
    assert_false(status_set_has(&options.fail_on, 404));
}

TEST(options_of_curl_and_wget_are_told_by_our_names)
{
    EXPECT_REFUSAL("--into FILE", URL, "--output", "x.db");
    EXPECT_REFUSAL("--into FILE", URL, "-O");
    EXPECT_REFUSAL("always followed", URL, "--location");
    EXPECT_REFUSAL("always followed", URL, "-L");
    EXPECT_REFUSAL("if --location was meant", URL, "--locatoin");
    EXPECT_REFUSAL("--insecure", URL, "--no-check-certificate");
    EXPECT_REFUSAL("--retries N", URL, "--retry=3");
    EXPECT_REFUSAL("--retries N", URL, "--tries", "3");
    EXPECT_REFUSAL("--concurrency N", URL, "-j", "8");
    EXPECT_REFUSAL("--header 'User-Agent: NAME'", URL, "-A", "me");
    EXPECT_REFUSAL("did you mean --header", URL, "--haeder", "A: b");
    EXPECT_REFUSAL("'eddy fetch --help' lists them", URL, "--zzzzzzzzzz");
    EXPECT_REFUSAL("'eddy fetch --help' lists them", URL, "-z");
    EXPECT_REFUSAL("leave one out", URL, "-q", "-v");
    // Each hint is for an option that we don't have.
    for (const struct option_hint *hint = foreign_options; hint->name != NULL; hint++) {
        char word[64];
        snprintf(word, sizeof word, "%s%s", strlen(hint->name) > 1 ? "--" : "-", hint->name);
        EXPECT_REFUSAL(hint->advice, URL, word);
    }
}

TEST(ranges_of_curl_are_recognised)
{
    static const char *const ranges[] = {"http://h/[1-8]", "http://h/x[001-100:10].png",
                                         "http://h/[a-f]/", "http://[::1]/?a[b]=[2-3]"};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        assert_true(foreign_range(ranges[i], &complaint));
        EXPECT_SAYS(complaint, "braces");
    }
    static const char *const others[] = {"http://[::1]/", "http://h/?a[0]=1", "http://h/[ab-cd]",
                                         "http://h/[1-]", "http://h/[1-2", "http://h/{1..8}"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(foreign_range(others[i], &complaint));
}

TEST(rows_that_resume_leaves_alone)
{
    assert_int_equal(PARSE(URL, "--fail-on", "418"), 0);
    static const int kept[] = {200, 204, 301, 404, 410, 429, 500};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        assert_true(fetch_options_keeps(&options, kept[i]));
    static const int tried_again[] = {0, 401, 403, 407, 418};
    for (size_t i = 0; i < sizeof tried_again / sizeof *tried_again; i++)
        assert_false(fetch_options_keeps(&options, tried_again[i]));
}

TEST(every_option_is_heard)
{
    assert_int_equal(PARSE(URL, "--into", "p.db", "--urls", "-", "--concurrency=100", "--rate",
                           "600/m", "--retries", "0", "--timeout", "500ms", "--max-size", "1GiB",
                           "--header", "A: b", "-H", "C:", "--cacert", "ca.pem", "--resume",
                           "--batch", "1", "--table", "t_1", "--fail-on", "404,5xx", "--quiet",
                           "--json-summary"),
                     0);
    assert_string_equal(options.target.path, "p.db");
    assert_string_equal(options.urls, "-");
    assert_int_equal(options.concurrency, 100);
    assert_true(options.rate > 9.99 && options.rate < 10.01);
    assert_int_equal(options.headers.count, 2);
    assert_string_equal(options.cacert, "ca.pem");
    assert_string_equal(options.table, "t_1");
    assert_true(options.is_resuming && options.is_quiet && options.has_json_summary);
    assert_true(status_set_has(&options.fail_on, 404) && !status_set_has(&options.fail_on, 429));
}

static void expect_target(const char *text, enum target_kind kind, const char *path)
{
    struct target target;
    if (target_read(text, &target, &complaint) < 0)
        fail_msg("%s: %s", text, complaint.text);
    assert_int_equal(target.kind, kind);
    assert_string_equal(target.path, path);
}

TEST(the_form_of_the_target_decides)
{
    expect_target("people.db", TARGET_SQLITE, "people.db");
    expect_target("a/b.SQLITE3", TARGET_SQLITE, "a/b.SQLITE3");
    expect_target("sqlite:any name", TARGET_SQLITE, "any name");
    expect_target("x.ndjson", TARGET_NDJSON, "x.ndjson");
    expect_target("x.jsonl", TARGET_NDJSON, "x.jsonl");
    expect_target("ndjson:/dev/fd/3", TARGET_NDJSON, "/dev/fd/3");
    expect_target("x.csv", TARGET_CSV, "x.csv");
    expect_target("csv:-", TARGET_CSV, "-");
    EXPECT_REFUSAL("PostgreSQL is not in this build", URL, "--into", "postgresql://h/d");
    EXPECT_REFUSAL("PostgreSQL is not in this build", URL, "--into", "postgres://h/d.db");
    EXPECT_REFUSAL("people.db", URL, "--into", "mysql://h/people.db");
    EXPECT_REFUSAL("people.db", URL, "--into", "people");
    EXPECT_REFUSAL("people.db", URL, "--into", ".db");
    EXPECT_REFUSAL("path", URL, "--into", "sqlite:");
}

TEST(what_cannot_go_together_is_refused)
{
    EXPECT_REFUSAL("leave one out", URL, "--into", "x.db", "--resume", "--replace");
    EXPECT_REFUSAL("a target that stays", URL, "--resume");
    EXPECT_REFUSAL("a target that stays", URL, "--into", "csv:-", "--replace");
    EXPECT_REFUSAL("--table", URL, "--into", "x.csv", "--table", "t");
    EXPECT_REFUSAL("--insecure", URL, "--cacert", "x", "-k");
    EXPECT_REFUSAL("same file", "--urls", "x.csv", "--into", "x.csv");
    EXPECT_REFUSAL("only once", "--urls", "a", "--urls", "b");
    EXPECT_REFUSAL("--urls -", "-");
    EXPECT_REFUSAL("no URL", "--quiet");
    assert_int_equal(PARSE("--urls", "-"), 0);
}

TEST(headers_are_checked)
{
    assert_int_equal(header_check("X-Key: a b\tc", NULL), 0);
    assert_int_equal(header_check("Empty:", NULL), 0);
    EXPECT_REFUSAL("Name: value", URL, "-H", "no colon");
    EXPECT_REFUSAL("Name: value", URL, "-H", ": x");
    EXPECT_REFUSAL("Name: value", URL, "-H", "A : x");
    EXPECT_REFUSAL("control character", URL, "-H", "A: x\r\nB: y");
    EXPECT_REFUSAL("written by eddy", URL, "-H", "content-length: 3");
}

TEST(table_names_are_checked)
{
    assert_int_equal(table_name_check("_a1", NULL), 0);
    EXPECT_REFUSAL("no digit first", URL, "--table", "1a");
    EXPECT_REFUSAL("letters", URL, "--table", "a\"; drop table b");
    EXPECT_REFUSAL("belong to SQLite", URL, "--table", "SQLITE_a");
    EXPECT_REFUSAL("at most 63", URL, "--table",
                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

TEST(statuses_are_a_list_of_numbers_and_classes)
{
    struct status_set set;
    assert_int_equal(status_set_read("4XX,503", &set, NULL), 0);
    assert_true(status_set_has(&set, 400) && status_set_has(&set, 499) &&
                status_set_has(&set, 503));
    assert_false(status_set_has(&set, 500) || status_set_has(&set, 399));
    assert_false(status_set_has(&set, 0) || status_set_has(&set, -1) || status_set_has(&set, 9999));
    assert_int_equal(status_set_read("none", &set, NULL), 0);
    assert_false(status_set_has(&set, 500));
    static const char *const wrong[] = {"4x",  "404,",    ",404", "600",
                                        "040", "4xx 5xx", "x04",  "4x4"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(status_set_read(wrong[i], &set, NULL), -EINVAL);
    EXPECT_REFUSAL("404,5xx", URL, "--fail-on", "bad");
}

TEST(numbers_have_bounds)
{
    EXPECT_REFUSAL("--concurrency wants", URL, "--concurrency", "0");
    EXPECT_REFUSAL("--timeout wants", URL, "--timeout", "0");
    EXPECT_REFUSAL("--rate wants", URL, "--rate", "0");
    EXPECT_REFUSAL("--batch wants", URL, "--batch", "0");
    EXPECT_REFUSAL("did you mean --concurrency?", URL, "--concurency", "3");
}

TEST(help_fits_eighty_columns_and_names_every_option)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fetch_options_print_help(out);
    fclose(out);
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 80);
    static const char *const names[] = {"--into",         "--urls",    "--concurrency", "--rate",
                                        "--retries",      "--timeout", "--max-size",    "--header",
                                        "--insecure",     "--cacert",  "--resume",      "--replace",
                                        "--batch",        "--table",   "--fail-on",     "--quiet",
                                        "--json-summary", "--version", "--help"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_non_null(strstr(text, names[i]));
    free(text);
    assert_int_equal(PARSE("--help"), OPTIONS_HELP);
    assert_int_equal(PARSE("--version"), OPTIONS_VERSION);
    fetch_options_fini(&options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_alone_takes_the_defaults),
        cmocka_unit_test(options_of_curl_and_wget_are_told_by_our_names),
        cmocka_unit_test(ranges_of_curl_are_recognised),
        cmocka_unit_test(rows_that_resume_leaves_alone),
        cmocka_unit_test(every_option_is_heard),
        cmocka_unit_test(the_form_of_the_target_decides),
        cmocka_unit_test(what_cannot_go_together_is_refused),
        cmocka_unit_test(headers_are_checked),
        cmocka_unit_test(table_names_are_checked),
        cmocka_unit_test(statuses_are_a_list_of_numbers_and_classes),
        cmocka_unit_test(numbers_have_bounds),
        cmocka_unit_test(help_fits_eighty_columns_and_names_every_option),
    };
    return cmocka_run_group_tests_name("fetch_options", tests, NULL, NULL);
}
