/* SPDX-License-Identifier: MIT */
/*
 * test_progress.c: bars, lines and summaries, compared with what they should be to the letter.
 */
#include "check.h"

#include <stdbool.h>
#include <stdlib.h>

#include "json_check.h"
#include "progress.h"
#include "record.h"

static const struct progress_style ascii = {.width = 80};

/* A job of ten URLs a second, `seconds` old, observed every tenth of a second. */
static struct progress steady(bool has_total, uint64_t total, int seconds, uint64_t failed)
{
    struct progress progress;
    progress_init(&progress, 100, has_total, total);
    for (int i = 1; i <= seconds * 10; i++)
        progress_update(&progress, 100 + i * 0.1000001, (uint64_t)i, failed);
    return progress;
}

static void expect_bar(const struct progress *progress, double now,
                       const struct progress_style *style, const char *wanted)
{
    char line[PROGRESS_LINE_MAX];
    size_t n = progress_bar(progress, now, style, line, sizeof line);
    assert_string_equal(line, wanted);
    assert_int_equal(n, strlen(wanted));
}

TEST(a_bar_shows_count_rate_failures_and_time_left)
{
    struct progress progress = steady(true, 80, 4, 1);
    expect_bar(&progress, 104, &ascii,
               " 50% [###################--------------------]  40/80  10/s  1 failed  0:05 left");
}

TEST(a_bar_has_eighths_and_colours_when_it_may)
{
    struct progress progress = steady(true, 160, 9, 1);
    struct progress_style style = {.width = 54, .is_utf8 = true};
    expect_bar(&progress, 109, &style, " 56% ▕██████▏    ▏   90/160  10/s  1 failed  0:08 left");
    style.has_colour = true;
    expect_bar(&progress, 109, &style,
               " 56% ▕\033[32m██████▏\033[0m    ▏   90/160  10/s  \033[31m1 failed\033[0m"
               "  0:08 left");
}

TEST(a_bar_gives_way_on_a_narrow_terminal)
{
    struct progress progress = steady(true, 80, 4, 1);
    static const struct {
        unsigned width;
        const char *line;
    } cases[] = {
        {50, " 50% [####-----]  40/80  10/s  1 failed  0:05 left"},
        {40, "40/80  10/s  1 failed  0:05 left"},
        {30, "40/80  1 failed  0:05 left"},
        {20, "40/80  1 failed"},
        {10, "40/80"},
        {3, "40/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_bar(&progress, 104, &(struct progress_style){.width = cases[i].width},
                   cases[i].line);
}

static size_t columns(const char *line)
{
    size_t n = 0;
    for (; *line != '\0'; line++)
        n += ((unsigned char)*line & 0xc0) != 0x80;
    return n;
}

TEST(no_bar_is_wider_than_its_terminal)
{
    char line[PROGRESS_LINE_MAX];
    for (unsigned width = 1; width <= 300; width++)
        for (uint64_t total = 1; total < 1000000000000; total *= 37) {
            struct progress progress = steady(true, total, 3, 12);
            struct progress_style style = {.width = width, .is_utf8 = width % 2 == 0};
            progress_bar(&progress, 1e6, &style, line, sizeof line);
            assert_true(columns(line) <= width);
        }
}

TEST(an_unknown_total_shows_what_is_done)
{
    struct progress progress = steady(false, 0, 5, 0);
    char line[PROGRESS_LINE_MAX];
    expect_bar(&progress, 105.5, &ascii, "50  10/s  0 failed  0:05 so far");
    progress_line(&progress, 105.5, line, sizeof line);
    assert_string_equal(line, "50 done, 10/s, 0 failed, 0:05 so far");
}

TEST(the_beginning_and_the_end_are_told)
{
    struct progress progress;
    char line[PROGRESS_LINE_MAX];
    progress_init(&progress, 0, true, 90);
    progress_line(&progress, 0, line, sizeof line);
    assert_string_equal(line, "0 of 90 (0 %), 0.0/s, 0 failed, -:-- left");
    progress_update(&progress, 0.5, 1, 0);
    progress_line(&progress, 0.5, line, sizeof line);
    assert_string_equal(line, "1 of 90 (1 %), 2.0/s, 0 failed, 0:45 left");
    progress_update(&progress, 3725, 90, 8);
    progress_line(&progress, 3725, line, sizeof line);
    assert_string_equal(line, "90 of 90 (100 %), 0.0/s, 8 failed, took 1:02:05");
    progress_init(&progress, 0, true, 0);
    progress_line(&progress, 0, line, sizeof line);
    assert_string_equal(line, "0 of 0 (100 %), 0.0/s, 0 failed, took 0:00");
}

TEST(a_pause_is_told)
{
    struct progress progress = steady(true, 80, 4, 1);
    char line[PROGRESS_LINE_MAX];
    strcpy(progress.pause, "example.org paused 0:12");
    expect_bar(&progress, 104, &(struct progress_style){.width = 90},
               " 50% [############------------]  40/80  10/s  1 failed  0:05 left  "
               "example.org paused 0:12");
    expect_bar(&progress, 104, &(struct progress_style){.width = 35},
               "40/80  example.org paused 0:12");
    progress_line(&progress, 104, line, sizeof line);
    assert_string_equal(line,
                        "40 of 80 (50 %), 10/s, 1 failed, 0:05 left, example.org paused 0:12");
}

TEST(the_rate_follows_and_the_time_left_stays_calm)
{
    struct progress progress = steady(true, 100000, 60, 0);
    assert_true(progress_rate(&progress) > 9.9 && progress_rate(&progress) < 10.1);
    double left = progress_time_left(&progress);
    // Two seconds of standstill: the rate shows it, the forecast moves by less than a tenth.
    for (int i = 1; i <= 20; i++)
        progress_update(&progress, 160.1 + i * 0.1, 600, 0);
    assert_true(progress_rate(&progress) < 7.5);
    assert_true(progress_time_left(&progress) < left * 1.1);
    assert_true(progress_time_left(&progress) >= left);
}

TEST(high_rates_are_shortened)
{
    struct progress progress;
    char line[PROGRESS_LINE_MAX];
    progress_init(&progress, 0, false, 0);
    progress_update(&progress, 1, 123456, 0);
    progress_line(&progress, 1, line, sizeof line);
    assert_string_equal(line, "123456 done, 123.5k/s, 0 failed, 0:01 so far");
}

TEST(a_plain_line_is_due_every_few_seconds)
{
    struct progress progress;
    progress_init(&progress, 10, false, 0);
    assert_false(progress_is_line_due(&progress, 12, 5));
    assert_true(progress_is_line_due(&progress, 15, 5));
    assert_false(progress_is_line_due(&progress, 16, 5));
    assert_true(progress_is_line_due(&progress, 21, 5));
}

static void expect_summary(void (*write)(const struct summary *, struct bytes *),
                           const struct summary *summary, const char *wanted)
{
    struct bytes out = {0};
    write(summary, &out);
    bytes_put(&out, "", 1);
    assert_string_equal(out.data, wanted);
    bytes_fini(&out);
}

TEST(the_summary_says_how_it_went)
{
    struct summary summary = {
        .loaded = 82, .not_found = 8, .elapsed = 1.92, .body_size = 63898, .into = "people.db"};
    expect_summary(summary_write, &summary,
                   "82 loaded, 8 not found, 0 failed: 90 URLs in 1.9 s (47/s), 62.4 KiB into "
                   "people.db\n");
    summary = (struct summary){.loaded = 1,
                               .refused = 2,
                               .failed = 3,
                               .skipped = 4,
                               .repeated = 5,
                               .retries = 6,
                               .elapsed = 6000,
                               .into = "-",
                               .was_interrupted = true};
    expect_summary(summary_write, &summary,
                   "Interrupted.\n"
                   "1 loaded, 0 not found, 2 refused, 3 failed, 4 there already, 5 repeated: "
                   "6 URLs in 6000 s (0.0/s), 6 retries, 0 bytes\n");
    summary = (struct summary){.elapsed = 1, .into = "people.db", .was_interrupted = true};
    expect_summary(summary_write, &summary,
                   "Interrupted; the same command with --resume goes on.\n"
                   "0 loaded, 0 not found, 0 failed: 0 URLs in 1.0 s (0.0/s), 0 bytes into "
                   "people.db\n");
}

TEST(the_summary_for_programs_is_one_json_object)
{
    struct summary summary = {
        .loaded = 82, .not_found = 8, .elapsed = 1.92, .body_size = 63898, .into = "a \"b\".db"};
    static const char wanted[] =
        "{\"urls\":90,\"loaded\":82,\"not_found\":8,\"refused\":0,\"failed\":0,\"skipped\":0,"
        "\"repeated\":0,\"retries\":0,\"body_bytes\":63898,\"elapsed\":1.920,\"rate\":46.875,"
        "\"interrupted\":false,\"into\":\"a \\\"b\\\".db\"}\n";
    expect_summary(summary_write_json, &summary, wanted);
    assert_true(json_is_valid(wanted, sizeof wanted - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bar_shows_count_rate_failures_and_time_left),
        cmocka_unit_test(a_bar_has_eighths_and_colours_when_it_may),
        cmocka_unit_test(a_bar_gives_way_on_a_narrow_terminal),
        cmocka_unit_test(no_bar_is_wider_than_its_terminal),
        cmocka_unit_test(an_unknown_total_shows_what_is_done),
        cmocka_unit_test(the_beginning_and_the_end_are_told),
        cmocka_unit_test(a_pause_is_told),
        cmocka_unit_test(the_rate_follows_and_the_time_left_stays_calm),
        cmocka_unit_test(high_rates_are_shortened),
        cmocka_unit_test(a_plain_line_is_due_every_few_seconds),
        cmocka_unit_test(the_summary_says_how_it_went),
        cmocka_unit_test(the_summary_for_programs_is_one_json_object),
    };
    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
