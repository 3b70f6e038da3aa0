/* SPDX-License-Identifier: MIT */
/*
 * test_parser_response.c: the same parser on the client's side.
 */
#include "test_parser_check.h"

static void a_response_has_a_status_and_a_reason(void **state)
{
    (void)state;
    CHECK(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
          "HEAD 404 Not Found 1.1\n Content-Length: 2\n length=2 keep\nBODY no\n"
          "COMPLETE 47\nEND\n");
    CHECK(client, "HTTP/1.1 204 \r\n\r\n", "HEAD 204  1.1\n bodiless keep\nCOMPLETE 17\nEND\n");
    CHECK(client, "HTTP/1.1 204\r\n\r\n", "HEAD 204  1.1\n bodiless keep\nCOMPLETE 16\nEND\n");
    CHECK(client, "HTTP/1.0 200 OK \xc3\xa4\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
          "HEAD 200 OK \xc3\xa4 1.0\n Connection: keep-alive\n Content-Length: 0\n"
          " length=0 bodiless keep\n...");
}

static void without_a_length_the_body_ends_with_the_connection(void **state)
{
    (void)state;
    CHECK(client, "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
          "HEAD 200 OK 1.1\n close\nBODY HTTP/1.1 200 OK\r\n\r\n\nCOMPLETE 38\nEND\n");
    CHECK(client, "HTTP/1.1 200 OK\r\n\r\n", "HEAD 200 OK 1.1\n close\nCOMPLETE 19\nEND\n");
    struct http_limits limits = {.body_max = 3};
    struct reader limited = {HTTP_MODE_RESPONSE, &limits, NULL};
    CHECK(limited, "HTTP/1.1 200 OK\r\n\r\nabc",
          "HEAD 200 OK 1.1\n close\nBODY abc\nCOMPLETE 22\nEND\n");
    CHECK(limited, "HTTP/1.1 200 OK\r\n\r\nabcd",
          "HEAD 200 OK 1.1\n close\nBODY abc\nERROR 413 the body is too large\n");
}

static void some_responses_have_no_body_whatever_they_declare(void **state)
{
    (void)state;
    CHECK(client,
          "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
          "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"
          "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HEAD 103 Early Hints 1.1\n Link: x\n bodiless keep\nCOMPLETE 37\n"
          "HEAD 304 Not Modified 1.1\n Content-Length: 7\n length=7 bodiless keep\nCOMPLETE 85\n"
          "HEAD 204 No Content 1.1\n Transfer-Encoding: chunked\n chunked bodiless keep\n"
          "COMPLETE 140\nEND\n");
    CHECK(((struct reader){HTTP_MODE_RESPONSE, NULL, "HEAD"}),
          "HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n"
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HEAD 200 OK 1.1\n Content-Length: 999999999\n length=999999999 bodiless keep\n"
          "COMPLETE 46\nHEAD 200 OK 1.1\n Transfer-Encoding: chunked\n chunked bodiless keep\n"
          "COMPLETE 93\nEND\n");
}

static void a_tunnel_or_a_granted_upgrade_ends_the_http(void **state)
{
    (void)state;
    struct reader connecting = {HTTP_MODE_RESPONSE, NULL, "CONNECT"};
    CHECK(connecting, "HTTP/1.1 200 OK\r\n\r\nraw",
          "HEAD 200 OK 1.1\n bodiless keep upgrade\nCOMPLETE 19\n");
    CHECK(connecting, "HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno",
          "HEAD 407 No 1.1\n Content-Length: 2\n length=2 keep\nBODY no\nCOMPLETE 40\nEND\n");
    CHECK(client, "HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nraw",
          "HEAD 101 Go 1.1\n Upgrade: x\n Connection: upgrade\n bodiless keep upgrade\n"
          "COMPLETE 52\n");
    CHECK(client,
          "HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 1\r\n\r\n.",
          "HEAD 200 OK 1.1\n Upgrade: h2c\n Connection: upgrade\n Content-Length: 1\n"
          " length=1 keep\nBODY .\nCOMPLETE 74\nEND\n");
}

static void a_malformed_response_is_refused(void **state)
{
    (void)state;
    static const char *const responses[] = {
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1\t200 OK\r\n\r\n",
        "HTTP/1.1 200\x01OK\r\n\r\n",
        "HTTP/1.1 200 O\rK\r\n\r\n",
        "HTTP/1.1 200 OK\rX: y\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "ICY 200 OK fine\r\n\r\n",
        "<html>no head at all</html>",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n..",
        "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n..",
        "HTTP/1.1 200 OK\r\nContent-Length: 1,\r\n\r\n.",
        "HTTP/1.1 200 OK\r\nContent-Length: 1 1\r\n\r\n.",
        "HTTP/1.1 200 OK\r\n folded: first\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX y: z\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\rc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX\x01: a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\x01\r\n\r\n.",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: \013chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\rX: a\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof responses / sizeof responses[0]; i++)
        check_bytes(client, responses[i], strlen(responses[i]), "ERROR 400 ...");
    CHECK(client, "HTTP/2.0 200 OK\r\n", "ERROR 505 ...");
}

static void what_clients_accept_is_read_as_the_grammar_has_it(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "HTTP/1.1 200 OK\r\nX: a b\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\nX: a b\nContent-Length: 2\n\n",
        "HTTP/1.1 200 OK\r\nX: a b\nContent-Length: 2\r\n\n",
        "HTTP/1.1    200 OK\r\nX:a b\r\nContent-Length:2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX : a b\r\nContent-Length \t : 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX:\t a b \t\r\nContent-Length:\t2\t\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a \r\n\t \r\n\tb\r\n \r\nContent-Length:\r\n 2\r\n\r\n",
        "HTTP/1.1 200 OK\nX: a\n b\nContent-Length: 2\n\n",
        "HTTP/1.1 200 OK\r\nX: a b\r\nContent-Length: 2\r\ncontent-length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a b\r\nContent-Length: 2, 2 ,2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\001b\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX:\x1b a\177b \x02\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n\tb\x08\r\nContent-Length: 2\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        char bytes[200], expected[200];
        snprintf(bytes, sizeof bytes, "%shi", heads[i]);
        snprintf(expected, sizeof expected,
                 "HEAD 200 OK 1.1\n X: a b\n Content-Length: 2\n length=2 keep\nBODY hi\n"
                 "COMPLETE %zu\nEND\n",
                 strlen(bytes));
        check_bytes(client, bytes, strlen(bytes), expected);
    }
}

static void a_control_byte_becomes_a_space(void **state)
{
    (void)state;
    CHECK(
        client, "HTTP/1.1  200 O\x01K\x7f!\r\nX: a\x02\x03z\r\nContent-Length: 0\r\n\r\n",
        "HEAD 200 O K ! 1.1\n X: a  z\n Content-Length: 0\n length=0 bodiless keep\nCOMPLETE 51\nEND\n");
}

static void chunked_overrides_a_length_and_ends_the_connection(void **state)
{
    (void)state;
    CHECK(client,
          "HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 7\r\nB: 2\r\nTransfer-Encoding: chunked\r\n"
          "C: 3\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
          "HEAD 200 OK 1.1\n A: 1\n B: 2\n Transfer-Encoding: chunked\n C: 3\n chunked close\n"
          "BODY hi\nCOMPLETE 96\nEND\n");
    CHECK(client,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding:\tchunked\t\r\nContent-Length: 7\r\n"
          "Content-Length: 7\r\n\r\n0\r\n\r\n",
          "HEAD 200 OK 1.1\n Transfer-Encoding: chunked\n chunked close\nCOMPLETE 91\nEND\n");
}

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static void chunk_extensions_and_trailers_have_all_legal_forms(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "2\r\nhi\r\n0\r\n\r\n",
        "2;a\r\nhi\r\n0;b\r\n\r\n",
        "2;a=b;c=d\r\nhi\r\n0\r\n\r\n",
        "2;a=\"b\";c\r\nhi\r\n0\r\n\r\n",
        "2;a=\"x;y=\\\"z\\\" \t\xc3\xa4\"\r\nhi\r\n0\r\n\r\n",
        "2 ; a = b ; c\t=\t\"d\"\r\nhi\r\n0 \t;e\r\n\r\n",
        "2 \t\r\nhi\r\n0  \r\n\r\n",
        "0002\r\nhi\r\n000\r\n\r\n",
        "2\r\nhi\r\n0\r\nA: b\r\nC:\td\t\r\n\r\n",
        "2\r\nhi\r\n0\r\nA: b\r\n folded\r\n\ttwice\r\nC: d\r\n\r\n",
        "2\r\nhi\r\n0\r\nA: \001b\x7f\r\n\r\n",
        "2\r\nhi\r\n0\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char bytes[200], expected[200];
        snprintf(bytes, sizeof bytes, CHUNKED "%s", bodies[i]);
        snprintf(expected, sizeof expected,
                 "HEAD 200 OK 1.1\n Transfer-Encoding: chunked\n chunked keep\nBODY hi\n"
                 "COMPLETE %zu\nEND\n",
                 strlen(bytes));
        check_bytes(client, bytes, strlen(bytes), expected);
    }
    static const char *const wrong[] = {" 2\r\nhi",
                                        "2 2\r\nhi",
                                        "2;\x01\r\nhi",
                                        "2\nhi",
                                        "2 x\r\nhi",
                                        "2\r\nhi\r\n0\r\n A: b\r\n\r\n",
                                        "2\r\nhi\r\n0\r\nA: b\n\r\n",
                                        "2\r\nhi\r\n0\r\nA: b\rc\r\n\r\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char bytes[200];
        snprintf(bytes, sizeof bytes, CHUNKED "%s", wrong[i]);
        struct text text =
            transcribe(HTTP_MODE_RESPONSE, NULL, "GET", bytes, strlen(bytes), (struct cut){0, 0});
        assert_non_null(strstr(text.data, "ERROR 400"));
        free(text.data);
    }
}

static void what_is_taken_out_counts_towards_the_limits(void **state)
{
    (void)state;
    struct http_limits limits = {.header_max = 60};
    struct reader limited = {HTTP_MODE_RESPONSE, &limits, NULL};
    CHECK(limited,
          "HTTP/1.1 200 OK\r\nX: a\r\n \r\n \r\n \r\n \r\n \r\n \r\n \r\n \r\n \r\n \r\n \r\n \r\n "
          "\r\n \r\n \r\n \r\n \r\n \r\n \r\n \r\n \r\n",
          "ERROR 431 the header section is too large\n");
    CHECK(limited,
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\nContent-Length: 1\r\n"
          "Content-Length: 1\r\n\r\n",
          "ERROR 431 the header section is too large\n");
    CHECK(limited,
          "HTTP/1.1 200 OK\nA: b\nA: b\nA: b\nA: b\nA: b\nA: b\nA: b\nA: b\nA: b\nA: b\nA: b\n\n",
          "ERROR 431 the header section is too large\n");
}

static void a_response_cut_short_is_an_error_not_a_body(void **state)
{
    (void)state;
    CHECK(client, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
          "HEAD 200 OK 1.1\n Content-Length: 5\n length=5 keep\nBODY hell\n"
          "ERROR 400 the peer ended in the middle of a message\n");
    CHECK(client, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n",
          "HEAD 200 OK 1.1\n Transfer-Encoding: chunked\n chunked keep\nBODY hell\n"
          "ERROR 400 the peer ended in the middle of a message\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_response_has_a_status_and_a_reason),
        cmocka_unit_test(without_a_length_the_body_ends_with_the_connection),
        cmocka_unit_test(some_responses_have_no_body_whatever_they_declare),
        cmocka_unit_test(a_tunnel_or_a_granted_upgrade_ends_the_http),
        cmocka_unit_test(a_malformed_response_is_refused),
        cmocka_unit_test(what_clients_accept_is_read_as_the_grammar_has_it),
        cmocka_unit_test(a_control_byte_becomes_a_space),
        cmocka_unit_test(chunked_overrides_a_length_and_ends_the_connection),
        cmocka_unit_test(chunk_extensions_and_trailers_have_all_legal_forms),
        cmocka_unit_test(what_is_taken_out_counts_towards_the_limits),
        cmocka_unit_test(a_response_cut_short_is_an_error_not_a_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
