/* SPDX-License-Identifier: MIT */
/*
 * test_parser.c: requests that are fine, limits, and the way the parser is called.
 */
#include "test_parser_check.h"

static void a_get_has_a_head_and_no_body(void **state)
{
    (void)state;
    CHECK(server, "GET /a?b=c HTTP/1.1\r\nHost: example.org:80\r\nAccept: */*\r\n\r\n",
          "HEAD GET /a?b=c 1.1\n Host: example.org:80\n Accept: */*\n bodiless keep\n"
          "COMPLETE 58\nEND\n");
}

static void values_lose_the_white_space_around_them_only(void **state)
{
    (void)state;
    CHECK(server,
          "GET / HTTP/1.1\r\nHost:a\r\nX: \t a \t b\t \r\nY:\r\nZ: \t\r\n"
          "U: \xc3\xa4\r\n\r\n",
          "HEAD GET / 1.1\n Host: a\n X: a \t b\n Y: \n Z: \n U: \xc3\xa4\n bodiless keep\n"
          "COMPLETE 57\nEND\n");
}

static void a_body_of_known_length_is_handed_out(void **state)
{
    (void)state;
    CHECK(server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
          "HEAD POST / 1.1\n Host: a\n Content-Length: 5\n length=5 keep\nBODY hello\n"
          "COMPLETE 52\nEND\n");
}

static void a_length_of_zero_is_no_body(void **state)
{
    (void)state;
    CHECK(server, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n",
          "HEAD PUT / 1.1\n Host: a\n Content-Length: 0\n Expect: 100-continue\n"
          " length=0 bodiless keep\nCOMPLETE 68\nEND\n");
}

static void chunks_are_joined_and_trailers_left_out(void **state)
{
    (void)state;
    CHECK(server,
          "POST / HTTP/1.1\r\nHost: a\r\ntransfer-ENCODING: Chunked\r\n\r\n"
          "5;sign=ab\r\nhello\r\n00A;q=\"; \"\r\n, world\r\n!\r\n0;last\r\nCheck: 1\r\nB:\r\n\r\n",
          "HEAD POST / 1.1\n Host: a\n transfer-ENCODING: Chunked\n chunked keep\n"
          "BODY hello, world\r\n!\nCOMPLETE 122\nEND\n");
}

static void pipelined_requests_come_one_after_the_other(void **state)
{
    (void)state;
    CHECK(server,
          "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
          "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
          "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
          "GET /4 HTTP/1.0\r\n\r\n",
          "HEAD POST /1 1.1\n Host: a\n Content-Length: 3\n length=3 keep\nBODY one\nCOMPLETE 51\n"
          "HEAD GET /2 1.1\n Host: a\n bodiless keep\nCOMPLETE 79\n"
          "HEAD POST /3 1.1\n Host: a\n Transfer-Encoding: chunked\n chunked keep\nCOMPLETE 141\n"
          "HEAD GET /4 1.0\n bodiless close\nCOMPLETE 160\nEND\n");
}

static void one_empty_line_before_a_request_is_tolerated(void **state)
{
    (void)state;
    CHECK(server, "\r\nGET / HTTP/1.0\r\n\r\n\r\n",
          "HEAD GET / 1.0\n bodiless close\nCOMPLETE 20\nEND\n");
    CHECK(server, "\r\n\r\nGET / HTTP/1.0\r\n\r\n",
          "ERROR 400 the message doesn't begin like HTTP\n");
    CHECK(server, "\rGET / HTTP/1.0\r\n\r\n", "ERROR 400 a bare CR comes before the message\n");
    CHECK(server, "\nGET / HTTP/1.0\r\n\r\n", "ERROR 400 the message doesn't begin like HTTP\n");
}

static void the_connection_is_kept_as_the_version_and_the_tokens_say(void **state)
{
    (void)state;
    CHECK(server, "GET / HTTP/1.1\r\nHost: a\r\nConnection: foo,, Close\r\n\r\n",
          "HEAD GET / 1.1\n Host: a\n Connection: foo,, Close\n bodiless close\n...");
    CHECK(server, "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
          "HEAD GET / 1.0\n Connection: Keep-Alive\n bodiless keep\n...");
    CHECK(server, "GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
          "HEAD GET / 1.0\n Connection: keep-alive\n Connection: close\n bodiless close\n...");
    CHECK(server, "GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n",
          "HEAD GET / 1.1\n Host: a\n Connection: closed\n bodiless keep\n...");
}

static void all_four_forms_of_target_are_taken(void **state)
{
    (void)state;
    CHECK(server, "GET http://a.org:80/b?c HTTP/1.1\r\nHost: a.org\r\n\r\n",
          "HEAD GET http://a.org:80/b?c 1.1\n Host: a.org\n bodiless keep\n...");
    CHECK(server, "GET https://[::1]?c HTTP/1.1\r\nHost: [::1]\r\n\r\n",
          "HEAD GET https://[::1]?c 1.1\n Host: [::1]\n bodiless keep\n...");
    CHECK(server, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
          "HEAD OPTIONS * 1.1\n Host: a\n bodiless keep\n...");
    CHECK(server, "GET //a/%00|{}\"^` HTTP/1.1\r\nHost: a\r\n\r\n",
          "HEAD GET //a/%00|{}\"^` 1.1\n Host: a\n bodiless keep\n...");
    CHECK(server, "CONNECT a.org:443 HTTP/1.1\r\nHost: a.org:443\r\n\r\nraw bytes\r\n",
          "HEAD CONNECT a.org:443 1.1\n Host: a.org:443\n bodiless keep upgrade\nCOMPLETE 47\n");
}

static void an_upgrade_needs_both_of_its_fields(void **state)
{
    (void)state;
    CHECK(server,
          "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: x, Upgrade\r\n\r\n"
          "raw",
          "HEAD GET / 1.1\n Host: a\n Upgrade: websocket\n Connection: x, Upgrade\n"
          " bodiless keep upgrade\nCOMPLETE 71\n");
    CHECK(server, "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
          "HEAD GET / 1.1\n Host: a\n Upgrade: websocket\n bodiless keep\n...");
    CHECK(server, "GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
          "HEAD GET / 1.0\n Upgrade: websocket\n Connection: upgrade\n bodiless close\n...");
    CHECK(server,
          "POST / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n"
          "Content-Length: 2\r\n\r\nabraw",
          "HEAD POST / 1.1\n Host: a\n Upgrade: x\n Connection: upgrade\n Content-Length: 2\n"
          " length=2 keep upgrade\nBODY ab\nCOMPLETE 82\n");
}

static void a_client_may_wait_for_100_before_its_body(void **state)
{
    (void)state;
    CHECK(server,
          "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n"
          "0\r\n\r\n",
          "HEAD PUT / 1.1\n Host: a\n Expect: 100-Continue\n Transfer-Encoding: chunked\n"
          " chunked keep continue\nCOMPLETE 82\nEND\n");
    CHECK(server, "PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n.",
          "HEAD PUT / 1.0\n Expect: 100-continue\n Content-Length: 1\n length=1 close\n...");
}

static void expect_host(const char *host, bool is_host)
{
    char field[200], target[200];
    snprintf(field, sizeof field, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host);
    snprintf(target, sizeof target, "GET http://%s/ HTTP/1.1\r\nHost: h\r\n\r\n", host);
    check_bytes(server, field, strlen(field), is_host ? "HEAD GET / 1.1\n..." : "ERROR 400 ...");
    if (host[0] != '\0' && strpbrk(host, "/?") == NULL)    // there these end the host
        check_bytes(server, target, strlen(target), is_host ? "HEAD GET http..." : "ERROR 400 ...");
}

static void a_host_has_a_syntax(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "h:x",     "h:",     "h:80:90", "h:80:", ":80",      ":",    "[::1",       "::1",    "[::1]x",
        "[::1]:",  "[]",     "[h]",     "[::g]", "a%zz",     "a%4",  "a%",         "a b",    "a,b",
        "a/b",     "a?b",    "a@b",     "a\\b",  "h:65536",  "h:-1", "[::1%25lo]", "[v1.]",  "[v.x]",
        "h:123456", "h:+80", "a]b",     "[::1]]", "[1.2.3.4]", "a[b]", "[[::1]]",    "h: 80"};
    static const char *const right[] = {
        "h",       "h:80",       "h:65535", "h:0",      "[::1]", "[::1]:8080", "1.2.3.4", "a%41.b",
        "h.",      "a_b-c.d~e",  "",        "[v1.x:y]", "[::ffff:1.2.3.4]:1",  "xn--bcher-kva:1",
        "1.2.3",   "!$&'()*+;="};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        expect_host(wrong[i], false);
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        expect_host(right[i], true);
    CHECK(server, "CONNECT h HTTP/1.1\r\n", "ERROR 400 ...");
    CHECK(server, "CONNECT [::1]:443 HTTP/1.1\r\nHost: h\r\n\r\n", "HEAD CONNECT ...");
}

static void any_token_is_a_method(void **state)
{
    (void)state;
    static const char *const methods[] = {"BREW", "get", "GETX", "M", "a.b~c!#$%&'*+-^_`|9", "SOURCE",
                                          "DESCRIBE", "PRI", "QUERY"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        char request[200], expected[200];
        snprintf(request, sizeof request,
                 "%s /pot HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", methods[i]);
        snprintf(expected, sizeof expected,
                 "HEAD %s /pot 1.1\n Host: a\n Content-Length: 2\n length=2 keep\nBODY hi\n"
                 "COMPLETE %zu\nEND\n",
                 methods[i], strlen(request));
        check_bytes(server, request, strlen(request), expected);
    }
    CHECK(server, "GE(T / HTTP/1.1\r\n", "ERROR 400 ...");
    CHECK(server, "BREW a HTTP/1.1\r\n", "ERROR 400 ...");
    CHECK(server, "BREW / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
          "HEAD BREW / 1.1\n Host: a\n Transfer-Encoding: chunked\n chunked keep\nBODY x\n...");
}

static void what_is_sound_but_not_spoken_has_a_status_of_its_own(void **state)
{
    (void)state;
    CHECK(server, "GET / HTTP/1.2\r\n", "ERROR 505 only HTTP/1.0 and HTTP/1.1 are spoken\n");
    CHECK(server, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
          "ERROR 505 only HTTP/1.0 and HTTP/1.1 are spoken\n");
    CHECK(server, "GET / HTTP/0.9\r\n", "ERROR 505 only HTTP/1.0 and HTTP/1.1 are spoken\n");
    CHECK(server, "PUT / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n",
          "ERROR 501 no transfer coding but chunked is spoken\n");
    CHECK(server, "PUT / HTTP/1.1\r\nExpect: a miracle\r\n",
          "ERROR 417 no expectation but 100-continue is known\n");
}

static void all_methods_of_http_are_known(void **state)
{
    (void)state;
    static const char *const names[] = {
        "GET",      "HEAD",     "POST",        "PUT",  "DELETE",     "OPTIONS", "PATCH", "TRACE",
        "PROPFIND", "M-SEARCH", "UNSUBSCRIBE", "LINK", "MKCALENDAR", "REPORT",  "PURGE", "ACL"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char request[64], expected[64];
        snprintf(request, sizeof request, "%s / HTTP/1.0\r\n\r\n", names[i]);
        snprintf(expected, sizeof expected, "HEAD %s / 1.0\n bodiless close\n...", names[i]);
        check_bytes(server, request, strlen(request), expected);
    }
}

static const struct http_limits small = {
    .line_max = 20,
    .header_max = 60,
    .field_max = 3,
    .body_max = 8,
    .extension_max = 6,
    .trailer_max = 12,
};
static const struct reader small_server = {.mode = HTTP_MODE_REQUEST, .limits = &small};

static void a_request_line_has_a_limit(void **state)
{
    (void)state;
    CHECK(small_server, "GET /3456789 HTTP/1.0\r\n\r\n", "ERROR 414 the first line is too long\n");
    CHECK(small_server, "GET /345678 HTTP/1.0\r\n\r\n", "HEAD GET /345678 1.0\n...");
    CHECK(small_server, "GET /34567890123456789012", "ERROR 414 the first line is too long\n");
    // The limit speaks before the bytes do.
    CHECK(small_server,
          "GET /\x01"
          "345678901234567 HTTP/1.0\r\n",
          "ERROR 414 the first line is too long\n");
}

static void a_header_section_has_a_limit(void **state)
{
    (void)state;
    // 60 bytes of fields, the empty line included, then 61.
    CHECK(small_server,
          "GET / HTTP/1.0\r\n"
          "A: 345678901234567890123456\r\nB: 345678901234567890123456\r\n\r\n",
          "HEAD GET / 1.0\n...");
    CHECK(small_server,
          "GET / HTTP/1.0\r\n"
          "A: 3456789012345678901234567\r\nB: 345678901234567890123456\r\n\r\n",
          "ERROR 431 the header section is too large\n");
    CHECK(small_server,
          "GET / HTTP/1.0\r\nA: 34567890123456789012345678901234567890123456789012345"
          "6789012",
          "ERROR 431 the header section is too large\n");
}

static void fields_are_counted(void **state)
{
    (void)state;
    CHECK(small_server, "GET / HTTP/1.0\r\nA:\r\nB:\r\nC:\r\n\r\n", "HEAD GET / 1.0\n...");
    CHECK(small_server, "GET / HTTP/1.0\r\nA:\r\nB:\r\nC:\r\nD:\r\n\r\n",
          "ERROR 431 there are too many fields\n");
}

static void a_body_has_a_limit_however_it_is_framed(void **state)
{
    (void)state;
    CHECK(small_server, "PUT / HTTP/1.0\r\nContent-Length: 8\r\n\r\n12345678",
          "HEAD PUT / 1.0\n Content-Length: 8\n length=8 close\nBODY 12345678\nCOMPLETE 45\nEND\n");
    CHECK(small_server, "PUT / HTTP/1.0\r\nContent-Length: 9\r\n\r\n",
          "ERROR 413 the body is too large\n");
    CHECK(small_server,
          "PUT / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n"
          "5\r\nhello\r\n3\r\n, y\r\n0\r\n\r\n",
          "HEAD PUT / 1.1\n Host: \n Transfer-Encoding: chunked\n chunked keep\nBODY hello, y\n"
          "COMPLETE 76\nEND\n");
    CHECK(small_server,
          "PUT / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n"
          "5\r\nhello\r\n4\r\n, you\r\n0\r\n\r\n",
          "HEAD PUT / 1.1\n Host: \n Transfer-Encoding: chunked\n chunked keep\nBODY hello\n"
          "ERROR 413 the body is too large\n");
}

static void extensions_and_trailers_have_limits(void **state)
{
    (void)state;
#define CHUNKED      "PUT / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n"
#define CHUNKED_HEAD "HEAD PUT / 1.1\n Host: \n Transfer-Encoding: chunked\n chunked keep\n"
    CHECK(small_server, CHUNKED "1;abc\r\n.\r\n1;def\r\n.\r\n0\r\n\r\n",
          CHUNKED_HEAD "BODY ..\n...");
    CHECK(small_server, CHUNKED "1;abc\r\n.\r\n1;defg\r\n.\r\n0\r\n\r\n",
          CHUNKED_HEAD "BODY .\nERROR 413 the chunk extensions are too large\n");
    CHECK(small_server, CHUNKED "0\r\nA: 1\r\nB:2\r\n\r\n", CHUNKED_HEAD "COMPLETE 69\nEND\n");
    CHECK(small_server, CHUNKED "0\r\nA: 1\r\nBC: 2\r\n\r\n",
          CHUNKED_HEAD "ERROR 431 the trailers are too large\n");
}

static void the_defaults_are_bounded_and_no_limit_is_none(void **state)
{
    (void)state;
    CHECK(server, "PUT / HTTP/1.0\r\nContent-Length: 1048577\r\n\r\n",
          "ERROR 413 the body is too large\n");
    struct http_limits limits = {.body_max = HTTP_NO_LIMIT};
    CHECK(((struct reader){.limits = &limits}),
          "PUT / HTTP/1.0\r\nContent-Length: 9223372036854775807\r\n\r\n.",
          "HEAD PUT / 1.0\n Content-Length: 9223372036854775807\n"
          " length=9223372036854775807 close\nBODY .\nERROR 400 ...");
}

/* A head that outgrows its buffer again and again must keep its spans. */
static void a_large_head_keeps_its_spans_while_the_buffer_grows(void **state)
{
    (void)state;
    struct text request = {0}, expected = {0};
    putf(&request, "GET /start HTTP/1.1\r\nHost: a\r\n");
    putf(&expected, "HEAD GET /start 1.1\n Host: a\n");
    for (int i = 0; i < 99; i++) {
        putf(&request, "Field-%d: %0*d\r\n", i, 200, i);
        putf(&expected, " Field-%d: %0*d\n", i, 200, i);
    }
    putf(&request, "\r\n");
    putf(&expected, " bodiless keep\nCOMPLETE %zu\nEND\n", request.size);
    for (size_t step = 0; step < 300; step += 37)
        compare(transcribe(HTTP_MODE_REQUEST, NULL, NULL, request.data, request.size,
                           (struct cut){0, step}),
                expected.data, "in pieces of", step);
    free(request.data);
    free(expected.data);
}

static void an_end_between_requests_is_clean_and_inside_one_is_not(void **state)
{
    (void)state;
    CHECK(server, "", "END\n");
    CHECK(server, "\r\n", "END\n");
    CHECK(server, "\r", "ERROR 400 the peer ended in the middle of a message\n");
    CHECK(server, "GET / HT", "ERROR 400 the peer ended in the middle of a message\n");
    CHECK(server, "GET / HTTP/1.0\r\nA: b\r\n",
          "ERROR 400 the peer ended in the middle of a message\n");
    CHECK(server, "PUT / HTTP/1.0\r\nContent-Length: 3\r\n\r\nab",
          "HEAD PUT / 1.0\n Content-Length: 3\n length=3 close\nBODY ab\n"
          "ERROR 400 the peer ended in the middle of a message\n");
    CHECK(small_server, CHUNKED "1\r\n.\r\n0\r\n",
          CHUNKED_HEAD "BODY .\nERROR 400 the peer ended in the middle of a message\n");
}

static void complete_and_error_are_said_again_until_the_reset(void **state)
{
    (void)state;
    struct http_parser parser;
    struct http_span body;
    size_t used;
    assert_int_equal(eddy__http_parser_init(&parser, HTTP_MODE_REQUEST, NULL), 0);
    const char *request = "GET / HTTP/1.0\r\n\r\nGET";
    assert_int_equal(eddy__http_parser_next(&parser, request, 21, &used, &body), HTTP_EVENT_HEAD);
    assert_int_equal(used, 18);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(eddy__http_parser_next(&parser, request + 18, 3, &used, &body),
                         HTTP_EVENT_COMPLETE);
        assert_int_equal(used, 0);
    }
    eddy__http_parser_reset(&parser);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(eddy__http_parser_next(&parser, "?", 1, &used, &body), HTTP_EVENT_ERROR);
        assert_int_equal(parser.error.code, HTTP_EMALFORMED);
        assert_int_equal(parser.error.status, 400);
        assert_int_equal(eddy__http_parser_finish(&parser), HTTP_EVENT_ERROR);
    }
    eddy__http_parser_fini(&parser);
}

static void fields_are_found_by_name_in_any_case(void **state)
{
    (void)state;
    struct http_parser parser;
    struct http_span body, value = {0};
    size_t used;
    const char *request = "GET / HTTP/1.0\r\nX-One: 1\r\nx-two: 2\r\nX-ONE: 3\r\n\r\n";
    assert_int_equal(eddy__http_parser_init(&parser, HTTP_MODE_REQUEST, NULL), 0);
    assert_int_equal(eddy__http_parser_next(&parser, request, strlen(request), &used, &body),
                     HTTP_EVENT_HEAD);
    assert_true(eddy__http_head_find(&parser.head, "x-oNE", &value));
    assert_int_equal(value.data[0], '1');
    assert_true(eddy__http_head_find(&parser.head, "X-Two", &value));
    assert_int_equal(value.data[0], '2');
    assert_false(eddy__http_head_find(&parser.head, "X-On", &value));
    assert_int_equal(value.data[0], '2');
    eddy__http_parser_fini(&parser);
}

static void an_idle_parser_gives_its_buffers_back_and_goes_on(void **state)
{
    (void)state;
    struct http_parser parser;
    struct http_span body;
    size_t used;
    assert_int_equal(eddy__http_parser_init(&parser, HTTP_MODE_REQUEST, NULL), 0);
    for (int i = 0; i < 3; i++) {
        const char *request = "GET / HTTP/1.0\r\nA: b\r\n\r\n";
        assert_int_equal(eddy__http_parser_next(&parser, request, strlen(request), &used, &body),
                         HTTP_EVENT_HEAD);
        assert_int_equal(parser.head.field_count, 1);
        eddy__http_parser_trim(&parser);    // too early: nothing happens
        assert_int_equal(parser.head.fields[0].name.data[0], 'A');
        eddy__http_parser_reset(&parser);
        eddy__http_parser_trim(&parser);
        assert_null(parser.bytes);
        assert_null(parser.head.fields);
    }
    eddy__http_parser_fini(&parser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_get_has_a_head_and_no_body),
        cmocka_unit_test(values_lose_the_white_space_around_them_only),
        cmocka_unit_test(a_body_of_known_length_is_handed_out),
        cmocka_unit_test(a_length_of_zero_is_no_body),
        cmocka_unit_test(chunks_are_joined_and_trailers_left_out),
        cmocka_unit_test(pipelined_requests_come_one_after_the_other),
        cmocka_unit_test(one_empty_line_before_a_request_is_tolerated),
        cmocka_unit_test(the_connection_is_kept_as_the_version_and_the_tokens_say),
        cmocka_unit_test(all_four_forms_of_target_are_taken),
        cmocka_unit_test(an_upgrade_needs_both_of_its_fields),
        cmocka_unit_test(a_client_may_wait_for_100_before_its_body),
        cmocka_unit_test(a_host_has_a_syntax),
        cmocka_unit_test(any_token_is_a_method),
        cmocka_unit_test(what_is_sound_but_not_spoken_has_a_status_of_its_own),
        cmocka_unit_test(all_methods_of_http_are_known),
        cmocka_unit_test(a_request_line_has_a_limit),
        cmocka_unit_test(a_header_section_has_a_limit),
        cmocka_unit_test(fields_are_counted),
        cmocka_unit_test(a_body_has_a_limit_however_it_is_framed),
        cmocka_unit_test(extensions_and_trailers_have_limits),
        cmocka_unit_test(the_defaults_are_bounded_and_no_limit_is_none),
        cmocka_unit_test(a_large_head_keeps_its_spans_while_the_buffer_grows),
        cmocka_unit_test(an_end_between_requests_is_clean_and_inside_one_is_not),
        cmocka_unit_test(complete_and_error_are_said_again_until_the_reset),
        cmocka_unit_test(fields_are_found_by_name_in_any_case),
        cmocka_unit_test(an_idle_parser_gives_its_buffers_back_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
