/* SPDX-License-Identifier: MIT */
/* NULL in place of an object of libeddy-http or libeddy-tls: the rule of loop.h. */
#include "harness.h"

#include <eddy/http_client.h>
#include <eddy/http_mock.h>
#include <eddy/http_server.h>
#include <eddy/http_url.h>
#include <eddy/tls.h>

#define REFUSED(call) \
    EXPECT((call) == EDDY_EMISUSE && eddy_error_message(eddy_error_get(EDDY_EMISUSE)) != NULL)

TEST(responses_answer_as_if_empty)
{
    char byte;
    EXPECT_EQ(eddy_http_response_status(NULL), 0);
    EXPECT_EQ(eddy_http_response_version(NULL), 0);
    EXPECT(eddy_http_response_url(NULL) == NULL);
    EXPECT_EQ(eddy_http_response_redirect_count(NULL), 0);
    EXPECT(eddy_http_response_header(NULL, "Date") == NULL);
    EXPECT_EQ(eddy_http_response_header_count(NULL), 0);
    EXPECT(eddy_http_response_header_at(NULL, 0) == NULL);
    EXPECT(eddy_http_response_retry_after(NULL) == -1);
    EXPECT_EQ(eddy_http_response_body(NULL).size, 0);
    EXPECT(eddy_http_response_timings(NULL).total == 0);
    REFUSED(eddy_http_response_raise_for_status(NULL));
    REFUSED(eddy_http_response_read(NULL, &byte, 1));
    eddy_http_response_free(NULL);
}

TEST(servers_refuse_null)
{
    EXPECT_EQ(eddy_http_server_port(NULL), 0);
    EXPECT_EQ(eddy_http_server_connection_count(NULL), 0);
    EXPECT_EQ(eddy_http_server_idle_count(NULL), 0);
    REFUSED(eddy_http_server_adopt(NULL, NULL));
    REFUSED(eddy_http_server_shutdown(NULL, 1));
    eddy_http_server_free(NULL);
}

TEST(requests_answer_as_if_empty)
{
    char buf[8];
    char *data;
    size_t size;
    eddy_span span;
    EXPECT_EQ(eddy_http_request_method(NULL).size, 0);
    EXPECT(!eddy_http_request_is(NULL, "GET"));
    EXPECT_EQ(eddy_http_request_version(NULL), 0);
    EXPECT_EQ(eddy_http_request_target(NULL).size, 0);
    EXPECT_EQ(eddy_http_request_query(NULL).size, 0);
    EXPECT_EQ(eddy_http_request_host(NULL).size, 0);
    EXPECT(eddy_http_request_header(NULL, "Date").data == NULL);
    EXPECT_EQ(eddy_http_request_header_count(NULL), 0);
    EXPECT(!eddy_http_request_header_at(NULL, 0, &span, &span));
    EXPECT(!eddy_http_request_has_body(NULL));
    EXPECT_EQ(eddy_http_request_content_length(NULL), 0);
    REFUSED(eddy_http_request_peername(NULL, buf, sizeof buf));
    REFUSED(eddy_http_request_read(NULL, buf, sizeof buf));
    REFUSED(eddy_http_request_body(NULL, 0, &span));
    REFUSED(eddy_http_request_take_body(NULL, 0, &data, &size));
}

TEST(replies_refuse_null)
{
    eddy_http_reply_close(NULL);
    eddy_http_reply_abort(NULL);
    EXPECT_EQ(eddy_http_reply_status(NULL), 0);
    EXPECT_EQ(eddy_http_reply_size(NULL), 0);
    REFUSED(eddy_http_reply_header(NULL, "A", "b"));
    REFUSED(eddy_http_reply_send(NULL, 200, NULL, NULL, 0));
    REFUSED(eddy_http_reply_begin(NULL, 200, NULL, 0));
    REFUSED(eddy_http_reply_write(NULL, "x", 1));
    REFUSED(eddy_http_reply_end(NULL));
}

TEST(urls_and_mocks_refuse_null)
{
    eddy_http_url *url;
    REFUSED(eddy_http_url_parse(NULL, 0, 0, &url));
    REFUSED(eddy_http_url_parse("http://h/", 9, 0, NULL));
    REFUSED(eddy_http_url_resolve(NULL, "x", 1, 0, &url));
    EXPECT(!eddy_http_url_same_origin(NULL, NULL));
    eddy_http_url_free(NULL);
    EXPECT_EQ(eddy_http_mock_count(NULL, NULL, NULL), 0);
    EXPECT(eddy_http_mock_call_at(NULL, 0) == NULL);
    EXPECT(eddy_http_mock_call_header(NULL, "Date") == NULL);
    EXPECT_EQ(eddy_http_mock_unused_count(NULL), 0);
    eddy_http_mock_free(NULL);
}

TEST(tls_refuses_null)
{
    eddy_stream *stream;
    eddy_tls_info info;
    EXPECT(eddy_tls_context_ref(NULL) == NULL);
    EXPECT(!eddy_tls_context_has_certificate(NULL));
    eddy_tls_context_free(NULL);
    REFUSED(eddy_tls_context_new(NULL, NULL));
    REFUSED(eddy_stream_start_tls(NULL, NULL, NULL));
    REFUSED(eddy_open_tls_connection("127.0.0.1", "1", NULL, NULL, &stream));
    REFUSED(eddy_stream_tls_info(NULL, &info));
}

RUN_TESTS(TEST_OF(responses_answer_as_if_empty), TEST_OF(servers_refuse_null),
          TEST_OF(requests_answer_as_if_empty), TEST_OF(replies_refuse_null),
          TEST_OF(urls_and_mocks_refuse_null), TEST_OF(tls_refuses_null))
