/* SPDX-License-Identifier: MIT */
/*
 * test_serve_options.c: the command lines of `eddy serve`.
 */
#include "check.h"

#include <errno.h>
#include <stdlib.h>

#include "complaint.h"
#include "options.h"
#include "serve_options.h"

static struct serve_options options;
static struct complaint complaint;

static int parse(const char *const *words)
{
    static char *argv[32];
    int argc = 1;
    argv[0] = "serve";
    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = (char *)words[argc - 1];
    memset(&complaint, 0, sizeof complaint);
    return serve_options_parse(&options, argc, argv, &complaint);
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

#define EXPECT_REFUSAL(words, ...)                     \
    do {                                               \
        assert_int_equal(PARSE(__VA_ARGS__), -EINVAL); \
        EXPECT_SAYS(complaint, words);                 \
    } while (0)

TEST(a_file_alone_takes_harmless_defaults)
{
    assert_int_equal(PARSE("swapi.json"), 0);
    assert_string_equal(options.path, "swapi.json");
    assert_string_equal(options.host, "127.0.0.1");
    assert_int_equal(options.port, 8080);
    assert_int_equal(options.seed, 1);
    assert_null(options.certificate);
    assert_true(options.delay < 1e-9 && options.jitter < 1e-9 && options.fail_rate < 1e-9);
}

TEST(every_option_is_heard)
{
    assert_int_equal(PARSE("--host", "::", "--port", "0", "--delay", "100ms", "--jitter=0.05",
                           "--fail-rate", "10%", "--seed", "18446744073709551615", "-q", "folder"),
                     0);
    assert_string_equal(options.host, "::");
    assert_int_equal(options.port, 0);
    assert_true(options.delay > 0.099 && options.delay < 0.101);
    assert_true(options.jitter > 0.049 && options.jitter < 0.051);
    assert_true(options.fail_rate > 0.099 && options.fail_rate < 0.101);
    assert_true(options.seed == UINT64_MAX && options.is_quiet);
    assert_string_equal(options.path, "folder");
    assert_int_equal(PARSE("--certificate", "c.pem", "--key", "k.pem", "folder"), 0);
    assert_string_equal(options.certificate, "c.pem");
    assert_string_equal(options.key, "k.pem");
}

TEST(wrong_usage_is_refused)
{
    EXPECT_REFUSAL("nothing to serve", "--port", "1");
    EXPECT_REFUSAL("'b' is a second", "a", "b");
    EXPECT_REFUSAL("from 0 to 65535", "a", "--port", "65536");
    EXPECT_REFUSAL("10%", "a", "--fail-rate", "1.1");
    EXPECT_REFUSAL("--certificate FILE", "a", "--key", "k.pem");
    EXPECT_REFUSAL("did you mean --delay?", "a", "--dealy", "1");
}

TEST(help_fits_eighty_columns)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    serve_options_print_help(out);
    fclose(out);
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 80);
    assert_non_null(strstr(text, "--fail-rate SHARE"));
    free(text);
    assert_int_equal(PARSE("a", "b", "--help"), OPTIONS_HELP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_alone_takes_harmless_defaults),
        cmocka_unit_test(every_option_is_heard),
        cmocka_unit_test(wrong_usage_is_refused),
        cmocka_unit_test(help_fits_eighty_columns),
    };
    return cmocka_run_group_tests_name("serve_options", tests, NULL, NULL);
}
