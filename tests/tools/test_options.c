/* SPDX-License-Identifier: MIT */
/*
 * test_options.c: how words become values, what is said of wrong ones, and how help looks.
 */
#include "check.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "complaint.h"
#include "options.h"

struct job {
    bool is_quiet, is_loud;
    const char *name;
    struct text_list tags;
    uint64_t count, size;
    double pause, rate, share;
};

static int refuse_evil(const char *value, struct complaint *complaint)
{
    return strcmp(value, "evil") == 0 ? complain(complaint, -EINVAL, 0, "no evil here") : 0;
}

#define FIELD(name) offsetof(struct job, name)

static const struct option_spec rows[] = {
    {"name", 'n', "NAME", OPTION_TEXT, FIELD(name), "What it is called.", "Words", 0, 0, true,
     refuse_evil},
    {"tag", 't', "TAG", OPTION_LIST, FIELD(tags), .help = "Repeatable."},
    {"count", 'c', "N", OPTION_COUNT, FIELD(count), .group = "Numbers", .min = 1, .max = 100,
     .help = "From one to a hundred, explained at such length that the words must be wrapped."},
    {"size", 0, "SIZE", OPTION_SIZE, FIELD(size), .help = "Bytes."},
    {"pause", 0, "TIME", OPTION_DURATION, FIELD(pause), .help = "A time."},
    {"rate", 0, "RATE", OPTION_RATE, FIELD(rate), .help = "A rate."},
    {"share-of-all-there-is", 0, "SHARE", OPTION_SHARE, FIELD(share), .help = "A share."},
    {"quiet", 'q', NULL, OPTION_FLAG, FIELD(is_quiet), .group = "Rest", .help = "Says nothing."},
    {"loud", 'l', NULL, OPTION_FLAG, FIELD(is_loud), .help = "Says much."},
    {"help", 'h', NULL, OPTION_HELP, 0, .help = "This."},
    {"version", 'V', NULL, OPTION_VERSION, 0, .help = "That."},
};

static const struct command command = {
    "try", "[OPTION...] FILE",         "Tries things.\n\nA second paragraph.",
    rows,  sizeof rows / sizeof *rows, NULL, "  try --count 3 x\n"};

struct parsed {
    struct job job;
    struct text_list arguments;
    struct complaint complaint;
    int outcome;
};

/* Parses a line of words separated by single spaces; `_` stands for an empty word. */
static struct parsed *parse(const char *line)
{
    static struct parsed parsed;
    static char text[512];
    static char *words[64];
    int n = 0;
    text_list_fini(&parsed.arguments);
    text_list_fini(&parsed.job.tags);
    memset(&parsed, 0, sizeof parsed);
    strcpy(text, line);
    words[n++] = "try";
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
        words[n++] = strcmp(word, "_") == 0 ? "" : word;
    parsed.outcome =
        options_parse(&command, n, words, &parsed.job, &parsed.arguments, &parsed.complaint);
    return &parsed;
}

static void expect_refusal(const char *line, const char *words)
{
    struct parsed *parsed = parse(line);
    assert_int_equal(parsed->outcome, -EINVAL);
    EXPECT_SAYS(parsed->complaint, words);
}

TEST(values_come_behind_a_space_or_an_equals_sign)
{
    struct parsed *parsed = parse("--name=a --count 7 -tx -t y --tag=z=1");
    assert_int_equal(parsed->outcome, 0);
    assert_string_equal(parsed->job.name, "a");
    assert_int_equal(parsed->job.count, 7);
    assert_int_equal(parsed->job.tags.count, 3);
    assert_string_equal(parsed->job.tags.items[0], "x");
    assert_string_equal(parsed->job.tags.items[2], "z=1");
}

TEST(arguments_and_options_mix)
{
    struct parsed *parsed = parse("a --quiet b - -- --loud -x");
    assert_int_equal(parsed->outcome, 0);
    assert_int_equal(parsed->arguments.count, 5);
    assert_string_equal(parsed->arguments.items[2], "-");
    assert_string_equal(parsed->arguments.items[3], "--loud");
    assert_true(parsed->job.is_quiet);
    assert_false(parsed->job.is_loud);
}

TEST(flags_bundle_and_can_be_taken_back)
{
    struct parsed *parsed = parse("-qlc5");
    assert_int_equal(parsed->outcome, 0);
    assert_true(parsed->job.is_quiet && parsed->job.is_loud && parsed->job.count == 5);
    parsed = parse("--quiet --no-quiet -lc 6");
    assert_true(!parsed->job.is_quiet && parsed->job.is_loud && parsed->job.count == 6);
    assert_int_equal(parse("--count 1 --count 2")->job.count, 2);
}

TEST(help_and_version_end_the_parsing)
{
    assert_int_equal(parse("--help --nonsense")->outcome, OPTIONS_HELP);
    assert_int_equal(parse("-V")->outcome, OPTIONS_VERSION);
    assert_int_equal(parse("--nonsense --help")->outcome, -EINVAL);
    expect_refusal("--help=x", "takes no value");
}

TEST(an_unknown_option_is_told_the_nearest_one)
{
    expect_refusal("--cuont 3", "did you mean --count?");
    expect_refusal("--coun=3", "did you mean --count?");
    expect_refusal("--quite", "did you mean --quiet?");
    expect_refusal("--share", "did you mean --share-of-all-there-is?");
    expect_refusal("--elephant", "'try --help' lists them");
    expect_refusal("--no-count", "no option --no-count");
    expect_refusal("--a-name-so-long-that-no-option-could-ever-have-been-meant-by-it", "--help");
    expect_refusal("--=x", "no option");
    expect_refusal("-z", "no option -z");
    expect_refusal("-qz", "no option -z");
}

TEST(a_missing_value_is_noticed)
{
    expect_refusal("--name", "--name NAME");
    expect_refusal("--name --quiet", "needs a value");
    expect_refusal("--name --count=3", "needs a value");
    expect_refusal("-n", "needs a value");
    expect_refusal("--name _", "isn't empty");
    expect_refusal("--name=", "isn't empty");
    expect_refusal("--quiet=yes", "takes no value");
    assert_string_equal(parse("--name=--quiet")->job.name, "--quiet");
    assert_string_equal(parse("--name -5")->job.name, "-5");
}

TEST(values_are_held_to_their_kind_and_bounds)
{
    expect_refusal("--count x", "a whole number, not 'x'");
    expect_refusal("--count 1.5", "a whole number");
    expect_refusal("--count -1", "a whole number");
    expect_refusal("--count 0", "from 1 to 100");
    expect_refusal("--count 101", "from 1 to 100");
    expect_refusal("--size 5x", "16M");
    expect_refusal("--pause soon", "500ms");
    expect_refusal("--rate 1/y", "10/s");
    expect_refusal("--share-of-all-there-is 1.5", "10%");
    expect_refusal("--name evil", "no evil here");
    expect_refusal("--name a --name b", "only once");
}

TEST(control_characters_never_reach_the_terminal)
{
    struct parsed *parsed = parse("--count \033[2Jx");
    EXPECT_SAYS(parsed->complaint, "'?[2Jx'");
}

static void expect_double(int (*read)(const char *, double *), const char *text, double wanted)
{
    double value = -1;
    assert_int_equal(read(text, &value), wanted < 0 ? -EINVAL : 0);
    double error = value - wanted;
    assert_true(error < 1e-9 && error > -1e-9);
}

TEST(times_have_units)
{
    expect_double(option_read_duration, "30", 30);
    expect_double(option_read_duration, "1.5", 1.5);
    expect_double(option_read_duration, "500ms", 0.5);
    expect_double(option_read_duration, "2m", 120);
    expect_double(option_read_duration, "2min", 120);
    expect_double(option_read_duration, "1h", 3600);
    expect_double(option_read_duration, ".5s", 0.5);
    expect_double(option_read_duration, "1d", 86400);
    static const char *const wrong[] = {"",    "s",   ".",   "1.2.3", "1 s", "-1",
                                        "nan", "inf", "1e3", "0x10",  "1ss", "1,5"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_double(option_read_duration, wrong[i], -1);
}

TEST(rates_and_shares_have_units)
{
    expect_double(option_read_rate, "10", 10);
    expect_double(option_read_rate, "10/s", 10);
    expect_double(option_read_rate, "600/m", 10);
    expect_double(option_read_rate, "3600/h", 1);
    expect_double(option_read_rate, "10/", -1);
    expect_double(option_read_share, "0.25", 0.25);
    expect_double(option_read_share, "25%", 0.25);
    expect_double(option_read_share, "100%", 1);
    expect_double(option_read_share, "2", -1);
    expect_double(option_read_share, "101%", -1);
}

static void expect_size(const char *text, int outcome, uint64_t wanted)
{
    uint64_t size = 0;
    assert_int_equal(option_read_size(text, &size), outcome);
    assert_true(size == wanted);
}

TEST(sizes_have_units)
{
    expect_size("4096", 0, 4096);
    expect_size("16M", 0, 16 << 20);
    expect_size("1GiB", 0, 1 << 30);
    expect_size("1gb", 0, 1000000000);
    expect_size("1.5k", 0, 1536);
    expect_size("0", 0, 0);
    expect_size("9007199254740992", 0, 9007199254740992);
    expect_size("9007199254740993000", -EINVAL, 0);
    expect_size("1X", -EINVAL, 0);
    expect_size("99999999999999999999999999999999999999999999", -EINVAL, 0);
    uint64_t count = 0;
    assert_int_equal(option_read_count("18446744073709551615", &count), 0);
    assert_true(count == UINT64_MAX);
    assert_int_equal(option_read_count("18446744073709551616", &count), -EINVAL);
    assert_int_equal(option_read_count("", &count), -EINVAL);
}

TEST(help_is_aligned_and_wrapped)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    options_print_help(&command, out);
    fclose(out);
    assert_string_equal(
        text, "Usage: try [OPTION...] FILE\n"
              "\n"
              "Tries things.\n"
              "\n"
              "A second paragraph.\n"
              "\n"
              "Words:\n"
              "  -n, --name NAME          What it is called.\n"
              "  -t, --tag TAG            Repeatable.\n"
              "\n"
              "Numbers:\n"
              "  -c, --count N            From one to a hundred, explained at such length that\n"
              "                           the words must be wrapped.\n"
              "      --size SIZE          Bytes.\n"
              "      --pause TIME         A time.\n"
              "      --rate RATE          A rate.\n"
              "      --share-of-all-there-is SHARE\n"
              "                           A share.\n"
              "\n"
              "Rest:\n"
              "  -q, --quiet              Says nothing.\n"
              "  -l, --loud               Says much.\n"
              "  -h, --help               This.\n"
              "  -V, --version            That.\n"
              "\n"
              "Examples:\n"
              "  try --count 3 x\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_behind_a_space_or_an_equals_sign),
        cmocka_unit_test(arguments_and_options_mix),
        cmocka_unit_test(flags_bundle_and_can_be_taken_back),
        cmocka_unit_test(help_and_version_end_the_parsing),
        cmocka_unit_test(an_unknown_option_is_told_the_nearest_one),
        cmocka_unit_test(a_missing_value_is_noticed),
        cmocka_unit_test(values_are_held_to_their_kind_and_bounds),
        cmocka_unit_test(control_characters_never_reach_the_terminal),
        cmocka_unit_test(times_have_units),
        cmocka_unit_test(rates_and_shares_have_units),
        cmocka_unit_test(sizes_have_units),
        cmocka_unit_test(help_is_aligned_and_wrapped),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
