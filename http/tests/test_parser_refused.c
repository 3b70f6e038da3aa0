/* SPDX-License-Identifier: MIT */
/*
 * test_parser_refused.c: requests that two programs might read in two ways, each of them refused.
 *
 * Every one is a known shape of request smuggling, or close to one. A test names the shape and
 * lists its variants with the sentence that must be said; each is tried whole and cut everywhere.
 */
#include "test_parser_check.h"

/* Refused with 400, after the head of a chunked request or before it. */
static void refused(const char *bytes, size_t size, const char *text)
{
    struct text whole = transcribe(HTTP_MODE_REQUEST, NULL, NULL, bytes, size, (struct cut){0, 0});
    const char *error = strstr(whole.data, "ERROR");
    char expected[128];
    snprintf(expected, sizeof expected, "ERROR 400 %s\n", text);
    if (error == NULL || strcmp(error, expected) != 0)
        fail_msg("%.*s\ngave:\n%s\nexpected:\n%s", (int)size, bytes, whole.data, expected);
    check_bytes(server, bytes, size, whole.data);
    free(whole.data);
}

#define REFUSED(literal, text) refused(literal, sizeof(literal) - 1, text)

#define GET    "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST   "POST / HTTP/1.1\r\nHost: a\r\n"
#define LENGTH POST "Content-Length:"
#define CODING POST "Transfer-Encoding:"
#define CHUNKS CODING " chunked\r\n\r\n"
#define END    "\r\n\r\n"

static void a_length_beside_a_coding(void **state)
{
    (void)state;
    const char *text = "Content-Length and Transfer-Encoding are both given";
    REFUSED(LENGTH " 5\r\nTransfer-Encoding: chunked" END "0" END, text);
    REFUSED(CODING " chunked\r\nContent-Length: 0" END "0" END, text);
}

static void a_bare_cr_in_a_field(void **state)
{
    (void)state;
    REFUSED(GET "X: a\rContent-Length: 5" END, "a field value holds a control byte");
    REFUSED(GET "X: a\r\rY: b" END, "a field value holds a control byte");
    REFUSED(GET "X: a\r" END, "a field value holds a control byte");
    REFUSED(GET "X\r: a" END, "a field name holds a byte that none has");
    REFUSED(GET "\rX: a" END, "a field has no name");
}

static void a_bare_cr_in_the_request_line(void **state)
{
    (void)state;
    REFUSED("GET / HTTP/1.1\rHost: a" END,
            "the request line doesn't end with one space and a version");
    REFUSED("GET /\r HTTP/1.1\r\nHost: a" END,
            "the request target holds a byte that must be encoded");
    REFUSED("GET / HTTP/1.1\r\r\nHost: a" END,
            "the request line doesn't end with one space and a version");
}

static void a_bare_lf_as_a_line_end(void **state)
{
    (void)state;
    const char *text = "a line ends in a bare LF";
    REFUSED("GET / HTTP/1.1\nHost: a" END, text);
    REFUSED("GET / HTTP/1.1\r\nHost: a\n\r\n", text);
    REFUSED(GET "\n", text);
    REFUSED(GET "X: y\n\n", text);
}

static void a_length_given_twice(void **state)
{
    (void)state;
    const char *text = "the Content-Length is given twice";
    REFUSED(LENGTH " 5\r\nContent-Length: 5" END "hello", text);
    REFUSED(LENGTH " 5\r\nContent-Length: 6" END "hello", text);
    REFUSED(LENGTH " 0\r\nX: y\r\ncontent-length: 0" END, text);
}

static void a_length_with_a_sign(void **state)
{
    (void)state;
    const char *text = "the Content-Length is not a plain number";
    REFUSED(LENGTH " +5" END "hello", text);
    REFUSED(LENGTH " -5" END "hello", text);
    REFUSED(LENGTH " -0" END, text);
}

static void a_length_that_is_a_list(void **state)
{
    (void)state;
    const char *text = "the Content-Length is not a plain number";
    REFUSED(LENGTH " 5,5" END "hello", text);
    REFUSED(LENGTH " 5, 5" END "hello", text);
    REFUSED(LENGTH " 5," END "hello", text);
}

static void a_length_with_a_gap(void **state)
{
    (void)state;
    const char *text = "the Content-Length is not a plain number";
    REFUSED(LENGTH "  5 6" END "hello", text);
    REFUSED(LENGTH " 5\t6" END "hello", text);
}

static void a_length_that_is_empty(void **state)
{
    (void)state;
    const char *text = "the Content-Length is empty or too long to be a length";
    REFUSED(LENGTH END, text);
    REFUSED(LENGTH "  \t" END, text);
}

static void a_length_that_overflows(void **state)
{
    (void)state;
    REFUSED(LENGTH " 18446744073709551621" END "hello",
            "the Content-Length is empty or too long to be a length");
    REFUSED(LENGTH " 9223372036854775808" END "hello",
            "the Content-Length is too large to be a length");
    REFUSED(LENGTH " 00000000000000000005" END "hello",
            "the Content-Length is empty or too long to be a length");
}

static void a_length_that_is_no_decimal_number(void **state)
{
    (void)state;
    const char *text = "the Content-Length is not a plain number";
    REFUSED(LENGTH " 0x5" END, text);
    REFUSED(LENGTH " 5.0" END, text);
    REFUSED(LENGTH " 5e1" END, text);
    REFUSED(LENGTH " five" END, text);
    REFUSED(LENGTH " 5;a=b" END, text);
    REFUSED(LENGTH " \"5\"" END, text);
}

static void a_coding_that_does_not_end_in_chunked(void **state)
{
    (void)state;
    const char *text = "the Transfer-Encoding doesn't end in one chunked";
    REFUSED(CODING " chunked, gzip" END, text);
    REFUSED(CODING " gzip" END, text);
    REFUSED(CODING " chunked;q=1" END, text);
    REFUSED(CODING " chunked," END, text);
    REFUSED(CODING " ,chunked" END, text);
    REFUSED(CODING END, text);
}

static void chunked_twice(void **state)
{
    (void)state;
    REFUSED(CODING " chunked, chunked" END "0" END,
            "the Transfer-Encoding doesn't end in one chunked");
    REFUSED(CODING " chunked,chunked" END "0" END,
            "the Transfer-Encoding doesn't end in one chunked");
    REFUSED(CODING " chunked\r\nTransfer-Encoding: chunked" END "0" END,
            "the Transfer-Encoding is given twice");
    REFUSED(CODING " gzip, chunked, identity, chunked" END,
            "the Transfer-Encoding doesn't end in one chunked");
}

static void a_coding_that_only_looks_like_chunked(void **state)
{
    (void)state;
    REFUSED(CODING " xchunked" END "0" END, "the Transfer-Encoding doesn't end in one chunked");
    REFUSED(CODING " chunkedx" END "0" END, "the Transfer-Encoding doesn't end in one chunked");
    REFUSED(CODING " chunke" END "0" END, "the Transfer-Encoding doesn't end in one chunked");
    REFUSED(CODING " \"chunked\"" END "0" END, "the Transfer-Encoding doesn't end in one chunked");
    REFUSED(CODING " 'chunked'" END "0" END, "the Transfer-Encoding doesn't end in one chunked");
    REFUSED(CODING " x chunked" END "0" END, "the Transfer-Encoding doesn't end in one chunked");
    REFUSED(CODING " \x0b"
                   "chunked" END "0" END,
            "a field value holds a control byte");
}

static void the_identity_coding(void **state)
{
    (void)state;
    const char *text = "the Transfer-Encoding doesn't end in one chunked";
    REFUSED(CODING " identity" END, text);
    REFUSED(CODING " chunked, identity" END, text);
}

static void two_codings_in_two_fields(void **state)
{
    (void)state;
    REFUSED(CODING " identity\r\nTransfer-Encoding: chunked" END "0" END,
            "the Transfer-Encoding doesn't end in one chunked");
    REFUSED(CODING " chunked\r\nTransfer-Encoding: identity" END "0" END,
            "the Transfer-Encoding is given twice");
}

static void a_coding_under_http_1_0(void **state)
{
    (void)state;
    REFUSED("POST / HTTP/1.0\r\nTransfer-Encoding: chunked" END "0" END,
            "HTTP/1.0 knows no Transfer-Encoding");
}

static void a_folded_field(void **state)
{
    (void)state;
    REFUSED(GET "X: a\r\n b" END, "a field is folded over two lines");
    REFUSED(GET "X: a\r\n\tb" END, "a field is folded over two lines");
    REFUSED(CODING "\r\n chunked" END, "the Transfer-Encoding doesn't end in one chunked");
    REFUSED(GET "X: a\r\n " END, "a field is folded over two lines");
}

static void white_space_before_a_colon(void **state)
{
    (void)state;
    const char *text = "white space comes before a field's colon";
    REFUSED(POST "Content-Length : 5" END "hello", text);
    REFUSED(POST "Transfer-Encoding\t: chunked" END, text);
    REFUSED("GET / HTTP/1.1\r\nHost : a" END, text);
}

static void white_space_before_the_first_field(void **state)
{
    (void)state;
    const char *text = "white space comes before the first field";
    REFUSED("GET / HTTP/1.1\r\n Host: a" END, text);
    REFUSED("GET / HTTP/1.1\r\n\tHost: a" END, text);
    REFUSED("GET / HTTP/1.1\r\n \r\nHost: a" END, text);
}

static void a_control_byte_in_a_name(void **state)
{
    (void)state;
    REFUSED(GET "X\0Y: a" END, "a field name holds a byte that none has");
    REFUSED(GET "X\x7f"
                "Y: a" END,
            "a field name holds a byte that none has");
    REFUSED(GET "X\x01: a" END, "a field name holds a byte that none has");
    REFUSED(GET "\0: a" END, "a field has no name");
}

static void a_separator_or_a_high_byte_in_a_name(void **state)
{
    (void)state;
    REFUSED(GET "X(Y): a" END, "a field name holds a byte that none has");
    REFUSED(GET "X\x80: a" END, "a field name holds a byte that none has");
    REFUSED(GET "X;Y: a" END, "a field name holds a byte that none has");
    REFUSED(GET "X Y: a" END, "white space comes before a field's colon");
    REFUSED(GET "\"X\": a" END, "a field has no name");
}

static void a_control_byte_in_a_value(void **state)
{
    (void)state;
    const char *text = "a field value holds a control byte";
    REFUSED(GET "X: a\0b" END, text);
    REFUSED(GET "X: 12345678\x7f"
                "12345678" END,
            text);
    REFUSED(GET "X: \x01" END, text);
    REFUSED(GET "X: 1234567\0" END, text);
    REFUSED(GET "X: a\x1b[0m" END, text);
}

static void a_control_byte_in_the_target(void **state)
{
    (void)state;
    const char *text = "the request target holds a byte that must be encoded";
    REFUSED("GET /\0 HTTP/1.1\r\nHost: a" END, text);
    REFUSED("GET /\x7f HTTP/1.1\r\nHost: a" END, text);
    REFUSED("GET /\t HTTP/1.1\r\nHost: a" END, text);
    REFUSED("GET /\x80 HTTP/1.1\r\nHost: a" END, text);
}

static void a_fragment_in_the_target(void **state)
{
    (void)state;
    REFUSED("GET /a#b HTTP/1.1\r\nHost: a" END,
            "the request target holds a byte that must be encoded");
}

static void a_request_without_a_version(void **state)
{
    (void)state;
    REFUSED("GET /\r\n", "the request line has no version (HTTP/0.9)");
    REFUSED("GET /\r\nHost: a" END, "the request line has no version (HTTP/0.9)");
    REFUSED("GET /\n", "a line ends in a bare LF");
    REFUSED("POST /\nContent-Length: 5\n\nhello", "a line ends in a bare LF");
    REFUSED("GET / \r\n", "the request line doesn't end with one space and a version");
}

static void a_version_that_is_written_oddly(void **state)
{
    (void)state;
    REFUSED("GET / http/1.1\r\n", "the first line has no HTTP version where one must be");
    REFUSED("GET / HTTP/1.1 \r\n", "the request line doesn't end with one space and a version");
    REFUSED("GET / HTTP/01.1\r\n", "the request line doesn't end with one space and a version");
    REFUSED("GET / HTTP/1,1\r\n", "the first line has no HTTP version where one must be");
    REFUSED("GET / HTTP/+.1\r\n", "the first line has no HTTP version where one must be");
    REFUSED("GET / HTTP/11\r\n", "the request line doesn't end with one space and a version");
    REFUSED("GET / RTSP/1.0\r\n", "the first line has no HTTP version where one must be");
    REFUSED("GET / ICE/1.00\r\n", "the first line has no HTTP version where one must be");
}

static void spaces_too_many_in_the_request_line(void **state)
{
    (void)state;
    REFUSED("GET  / HTTP/1.1\r\n", "the request line has no target after one space");
    REFUSED("GET /  HTTP/1.1\r\n", "the request line doesn't end with one space and a version");
    REFUSED(" GET / HTTP/1.1\r\n", "the message doesn't begin like HTTP");
    REFUSED("GET\t/ HTTP/1.1\r\n", "the request line doesn't begin with a method and a space");
    REFUSED("GET / a HTTP/1.1\r\n", "the request line doesn't end with one space and a version");
}

static void a_method_that_is_no_token(void **state)
{
    (void)state;
    REFUSED("G@T / HTTP/1.1\r\n", "the request line doesn't begin with a method and a space");
    REFUSED("G\0T / HTTP/1.1\r\n", "the request line doesn't begin with a method and a space");
    REFUSED("GET\r\n", "the request line doesn't begin with a method and a space");
    REFUSED("\x16\x03\x01\x02", "TLS is spoken where plain HTTP is expected");
}

static void a_target_in_a_form_that_the_method_cannot_have(void **state)
{
    (void)state;
    const char *text = "the request target has a form the method can't have";
    REFUSED("GET * HTTP/1.1\r\n", text);
    REFUSED("GET a:443 HTTP/1.1\r\n", text);
    REFUSED("CONNECT / HTTP/1.1\r\n", text);
    REFUSED("CONNECT a HTTP/1.1\r\n", text);
    REFUSED("CONNECT a: HTTP/1.1\r\n", text);
    REFUSED("CONNECT :443 HTTP/1.1\r\n", text);
    REFUSED("GET index.html HTTP/1.1\r\n", text);
    REFUSED("GET http:// HTTP/1.1\r\n", text);
    REFUSED("GET http://u:p@a/ HTTP/1.1\r\n", text);
    REFUSED("GET http:/a HTTP/1.1\r\n", text);
    REFUSED("OPTIONS ** HTTP/1.1\r\n", text);
}

static void a_missing_host(void **state)
{
    (void)state;
    const char *text = "the Host is missing";
    REFUSED("GET / HTTP/1.1" END, text);
    REFUSED("GET http://a/ HTTP/1.1\r\nX-Host: a" END, text);
}

static void a_repeated_host(void **state)
{
    (void)state;
    const char *text = "the Host is given twice";
    REFUSED(GET "Host: a" END, text);
    REFUSED(GET "host: b" END, text);
    REFUSED("GET / HTTP/1.0\r\nHost: a\r\nHost: a" END, text);
}

static void a_host_that_is_none(void **state)
{
    (void)state;
    const char *text = "the Host is no host with a port";
    REFUSED("GET / HTTP/1.1\r\nHost: a b" END, text);
    REFUSED("GET / HTTP/1.1\r\nHost: a/b" END, text);
    REFUSED("GET / HTTP/1.1\r\nHost: a@b" END, text);
    REFUSED("GET / HTTP/1.1\r\nHost: a,b" END, text);
    REFUSED("GET / HTTP/1.1\r\nHost: a?b" END, text);
    REFUSED("GET / HTTP/1.1\r\nHost: a#b" END, text);
    REFUSED("GET / HTTP/1.1\r\nHost: a\\b" END, text);
    REFUSED("GET / HTTP/1.1\r\nHost: \xc3\xa4" END, text);
}

static void a_connect_with_a_body(void **state)
{
    (void)state;
    const char *text = "a CONNECT has no body";
    REFUSED("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 5" END "hello", text);
    REFUSED("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nTransfer-Encoding: chunked" END "0" END, text);
}

static void a_chunk_size_with_a_sign_or_a_prefix(void **state)
{
    (void)state;
    REFUSED(CHUNKS "+5\r\nhello", "a chunk doesn't begin with its size");
    REFUSED(CHUNKS "-5\r\nhello", "a chunk doesn't begin with its size");
    REFUSED(CHUNKS "0x5\r\nhello", "a chunk size is followed by neither CRLF nor an extension");
    REFUSED(CHUNKS "x5\r\nhello", "a chunk doesn't begin with its size");
    REFUSED(CHUNKS " 5\r\nhello", "a chunk doesn't begin with its size");
    REFUSED(CHUNKS "\r\n", "a chunk doesn't begin with its size");
    REFUSED(CHUNKS ";a\r\n", "a chunk doesn't begin with its size");
}

static void a_chunk_size_with_too_many_digits(void **state)
{
    (void)state;
    const char *text = "a chunk size has too many digits";
    REFUSED(CHUNKS "00000000000000005\r\nhello", text);
    REFUSED(CHUNKS "10000000000000005\r\nhello", text);
}

static void a_chunk_size_with_something_after_it(void **state)
{
    (void)state;
    const char *text = "a chunk size is followed by neither CRLF nor an extension";
    REFUSED(CHUNKS "5 \r\nhello", text);
    REFUSED(CHUNKS "5\t\r\nhello", text);
    REFUSED(CHUNKS "5 ;a\r\nhello", text);
    REFUSED(CHUNKS "5,5\r\nhello", text);
    REFUSED(CHUNKS "5g\r\nhello", text);
    REFUSED(CHUNKS "5_0\r\nhello", text);
    REFUSED(CHUNKS "5\0\r\nhello", text);
}

static void a_chunk_that_is_not_followed_by_crlf(void **state)
{
    (void)state;
    const char *text = "the bytes of a chunk are not followed by CRLF";
    REFUSED(CHUNKS "5\r\nhello0" END, text);
    REFUSED(CHUNKS "5\r\nhello!\r\n0" END, text);
    REFUSED(CHUNKS "5\r\nhello\n0" END, text);
    REFUSED(CHUNKS "5\r\nhello\r0" END, text);
}

static void a_bare_lf_or_cr_in_a_chunk_line(void **state)
{
    (void)state;
    REFUSED(CHUNKS "5\nhello\r\n0" END,
            "a chunk size is followed by neither CRLF nor an extension");
    REFUSED(CHUNKS "5\rhello\r\n0" END, "the line of a chunk size doesn't end in CRLF");
    REFUSED(CHUNKS "5;a\nhello\r\n0" END, "a chunk extension holds a control byte");
    REFUSED(CHUNKS "5;a\rb\r\nhello", "the line of a chunk size doesn't end in CRLF");
    REFUSED(CHUNKS "0\n\n", "a chunk size is followed by neither CRLF nor an extension");
}

static void a_trailer_that_frames_or_routes(void **state)
{
    (void)state;
    const char *text = "a trailer tries to frame or route the message";
    REFUSED(CHUNKS "0\r\nContent-Length: 5" END, text);
    REFUSED(CHUNKS "0\r\ntransfer-encoding: chunked" END, text);
    REFUSED(CHUNKS "0\r\nHOST: b" END, text);
    REFUSED(CHUNKS "0\r\nConnection: close" END, text);
    REFUSED(CHUNKS "0\r\nUpgrade: x" END, text);
}

static void a_malformed_trailer(void **state)
{
    (void)state;
    REFUSED(CHUNKS "0\r\nX : y" END, "a trailer name holds a byte that none has");
    REFUSED(CHUNKS "0\r\nX: y\n\r\n", "a trailer value holds a control byte");
    REFUSED(CHUNKS "0\r\n X: y" END, "a trailer doesn't begin with a name");
    REFUSED(CHUNKS "0\r\nX: a\r\n b" END, "a trailer doesn't begin with a name");
    REFUSED(CHUNKS "0\r\nX: a\0" END, "a trailer value holds a control byte");
    REFUSED(CHUNKS "0\r\nX: a\rb" END, "a trailer doesn't end in CRLF");
    REFUSED(CHUNKS "0\r\nX" END, "a trailer name holds a byte that none has");
    REFUSED(CHUNKS "0\r\n\n", "a trailer doesn't begin with a name");
    REFUSED(CHUNKS "0\r\n\r.", "a trailer doesn't end in CRLF");
}

static void a_line_that_is_no_field(void **state)
{
    (void)state;
    REFUSED(GET "X" END, "a field has no colon");
    REFUSED(GET ": a" END, "a field has no name");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_length_beside_a_coding),
        cmocka_unit_test(a_bare_cr_in_a_field),
        cmocka_unit_test(a_bare_cr_in_the_request_line),
        cmocka_unit_test(a_bare_lf_as_a_line_end),
        cmocka_unit_test(a_length_given_twice),
        cmocka_unit_test(a_length_with_a_sign),
        cmocka_unit_test(a_length_that_is_a_list),
        cmocka_unit_test(a_length_with_a_gap),
        cmocka_unit_test(a_length_that_is_empty),
        cmocka_unit_test(a_length_that_overflows),
        cmocka_unit_test(a_length_that_is_no_decimal_number),
        cmocka_unit_test(a_coding_that_does_not_end_in_chunked),
        cmocka_unit_test(chunked_twice),
        cmocka_unit_test(a_coding_that_only_looks_like_chunked),
        cmocka_unit_test(the_identity_coding),
        cmocka_unit_test(two_codings_in_two_fields),
        cmocka_unit_test(a_coding_under_http_1_0),
        cmocka_unit_test(a_folded_field),
        cmocka_unit_test(white_space_before_a_colon),
        cmocka_unit_test(white_space_before_the_first_field),
        cmocka_unit_test(a_control_byte_in_a_name),
        cmocka_unit_test(a_separator_or_a_high_byte_in_a_name),
        cmocka_unit_test(a_control_byte_in_a_value),
        cmocka_unit_test(a_control_byte_in_the_target),
        cmocka_unit_test(a_fragment_in_the_target),
        cmocka_unit_test(a_request_without_a_version),
        cmocka_unit_test(a_version_that_is_written_oddly),
        cmocka_unit_test(spaces_too_many_in_the_request_line),
        cmocka_unit_test(a_method_that_is_no_token),
        cmocka_unit_test(a_target_in_a_form_that_the_method_cannot_have),
        cmocka_unit_test(a_missing_host),
        cmocka_unit_test(a_repeated_host),
        cmocka_unit_test(a_host_that_is_none),
        cmocka_unit_test(a_connect_with_a_body),
        cmocka_unit_test(a_chunk_size_with_a_sign_or_a_prefix),
        cmocka_unit_test(a_chunk_size_with_too_many_digits),
        cmocka_unit_test(a_chunk_size_with_something_after_it),
        cmocka_unit_test(a_chunk_that_is_not_followed_by_crlf),
        cmocka_unit_test(a_bare_lf_or_cr_in_a_chunk_line),
        cmocka_unit_test(a_trailer_that_frames_or_routes),
        cmocka_unit_test(a_malformed_trailer),
        cmocka_unit_test(a_line_that_is_no_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
