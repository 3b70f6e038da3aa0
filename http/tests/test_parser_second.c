/* SPDX-License-Identifier: MIT */
/*
 * test_parser_second.c: what happens when the second reader reads something else.
 *
 * This program has a second reader of its own in place of parser_second.c, which says what a test
 * tells it to, for no message is known on which the real one disagrees without refusing.
 */
#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "parser_parts.h"

struct http_second {
    struct http_second_view view;    // what it says from now on
    const char *reason;
};

static struct http_second scripted;
static bool is_out_of_memory;

struct http_second *eddy__http_second_new(enum http_mode mode)
{
    (void)mode;
    return is_out_of_memory ? NULL : &scripted;
}

void eddy__http_second_free(struct http_second *second)
{
    (void)second;
}

void eddy__http_second_reset(struct http_second *second)
{
    (void)second;
}

void eddy__http_second_skip_body(struct http_second *second)
{
    (void)second;
}

size_t eddy__http_second_method(struct http_span method, const char **out_instead)
{
    (void)method;
    *out_instead = "";
    return 0;
}

const char *eddy__http_second_read(struct http_second *second, const char *data, size_t size)
{
    (void)data;
    (void)size;
    return second->reason;
}

const char *eddy__http_second_finish(struct http_second *second)
{
    return second->reason;
}

const struct http_second_view *eddy__http_second_look(const struct http_second *second)
{
    return &second->view;
}

static const char request[] = "PUT / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc";
enum { HEAD_SIZE = sizeof request - 1 - 3 };

static const struct http_second_view agreement = {
    .field_count = 1,
    .content_length = 3,
    .is_head_complete = true,
};

/* Reads the head with a second reader that says `view`. */
static enum http_event read_head(struct http_parser *parser, struct http_second_view view)
{
    struct http_span body;
    size_t used;
    scripted = (struct http_second){.view = view};
    assert_int_equal(eddy__http_parser_init(parser, HTTP_MODE_REQUEST, NULL), 0);
    return eddy__http_parser_next(parser, request, HEAD_SIZE, &used, &body);
}

static void expect_refused(struct http_second_view view)
{
    struct http_parser parser;
    assert_int_equal(read_head(&parser, view), HTTP_EVENT_ERROR);
    assert_int_equal(parser.error.status, 400);
    assert_string_equal(parser.error.text, "the message can be read in two ways");
    eddy__http_parser_fini(&parser);
}

static void a_head_that_is_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    struct http_second_view view = agreement;
    view.field_count = 2;
    expect_refused(view);
    view = agreement;
    view.content_length = 4;
    expect_refused(view);
    view = agreement;
    view.is_chunked = true;
    expect_refused(view);
    view = agreement;
    view.is_head_complete = false;
    expect_refused(view);
    view = agreement;
    view.is_complete = true;
    expect_refused(view);
}

static void a_body_that_is_read_in_two_ways_is_not_handed_out(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct http_parser parser;
        struct http_span body;
        size_t used;
        assert_int_equal(read_head(&parser, agreement), HTTP_EVENT_HEAD);
        scripted.view.body_size = i == 0 ? 2 : 3;
        scripted.view.is_complete = i == 0;
        assert_int_equal(eddy__http_parser_next(&parser, "abc", 3, &used, &body), HTTP_EVENT_ERROR);
        assert_string_equal(parser.error.text, "the message can be read in two ways");
        eddy__http_parser_fini(&parser);
    }
}

static void agreement_lets_the_message_pass(void **state)
{
    (void)state;
    struct http_parser parser;
    struct http_span body;
    size_t used;
    assert_int_equal(read_head(&parser, agreement), HTTP_EVENT_HEAD);
    scripted.view.body_size = 3;
    scripted.view.is_complete = true;
    assert_int_equal(eddy__http_parser_next(&parser, "abc", 3, &used, &body), HTTP_EVENT_BODY);
    assert_int_equal(body.size, 3);
    assert_int_equal(eddy__http_parser_next(&parser, "", 0, &used, &body), HTTP_EVENT_COMPLETE);
    eddy__http_parser_fini(&parser);
}

static void its_reason_becomes_the_sentence(void **state)
{
    (void)state;
    struct http_parser parser;
    struct http_span body;
    size_t used;
    assert_int_equal(read_head(&parser, agreement), HTTP_EVENT_HEAD);
    scripted.reason = "I don't like it";
    assert_int_equal(eddy__http_parser_next(&parser, "abc", 3, &used, &body), HTTP_EVENT_ERROR);
    assert_int_equal(parser.error.code, HTTP_EMALFORMED);
    assert_string_equal(parser.error.text, "I don't like it");
    eddy__http_parser_fini(&parser);
}

static void no_memory_for_it_is_an_error_of_init(void **state)
{
    (void)state;
    struct http_parser parser;
    is_out_of_memory = true;
    assert_int_equal(eddy__http_parser_init(&parser, HTTP_MODE_REQUEST, NULL), -ENOMEM);
    is_out_of_memory = false;
    eddy__http_parser_fini(&parser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_that_is_read_in_two_ways_is_refused),
        cmocka_unit_test(a_body_that_is_read_in_two_ways_is_not_handed_out),
        cmocka_unit_test(agreement_lets_the_message_pass),
        cmocka_unit_test(its_reason_becomes_the_sentence),
        cmocka_unit_test(no_memory_for_it_is_an_error_of_init),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
