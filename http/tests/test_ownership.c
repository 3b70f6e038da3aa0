/* SPDX-License-Identifier: MIT */
/* test_ownership.c: what the headers of libeddy-http say is copied, lent and handed over. */
#include "harness.h"

#include <eddy/http_client.h>
#include <eddy/http_mock.h>

#include "scratch.h"
#include "test_server_wire.h"

TEST(a_session_copies_its_options_and_a_mock_its_answers)
{
    eddy_http_mock *mock = NULL;
    eddy_http_session *session = NULL;
    EXPECT_EQ(eddy_http_mock_new(NULL, &mock), 0);
    eddy_http_header answer_headers[] = {{scratch("X-Answer"), scratch("yes")}, {NULL, NULL}};
    EXPECT_EQ(eddy_http_mock_add(mock, scratch("GET"), scratch("http://a/base/x"),
                                 &(eddy_http_mock_answer){.headers = answer_headers,
                                                          .text = scratch("body")}),
              0);
    eddy_http_header headers[] = {{scratch("X-Mine"), scratch("value")}, {NULL, NULL}};
    EXPECT_EQ(eddy_http_session_new(&(eddy_http_session_options){.base_url = scratch("http://a/base/"),
                                                                 .headers = headers,
                                                                 .user_agent = scratch("agent/1")},
                                    &session),
              0);
    scratch_spoil();
    memset(answer_headers, 0, sizeof answer_headers);
    memset(headers, 0, sizeof headers);
    eddy_http_response *response = NULL;
    EXPECT_EQ(eddy_http_session_get(session, scratch("x"), NULL, &response), 0);
    scratch_spoil();
    const eddy_http_mock_call *call = eddy_http_mock_call_at(mock, 0);
    EXPECT_STR(call->method, "GET");
    EXPECT_STR(call->url, "http://a/base/x");
    EXPECT_STR(eddy_http_mock_call_header(call, "x-mine"), "value");
    EXPECT_STR(eddy_http_mock_call_header(call, "user-agent"), "agent/1");
    eddy_http_session_free(session);
    eddy_http_mock_free(mock);
    EXPECT_STR(eddy_http_response_header(response, "X-Answer"), "yes"); // lent by the response
    EXPECT_STR(eddy_http_response_body(response).data, "body");
    eddy_http_response_free(response);
}

static int take_and_answer(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    char **taken = data;
    size_t size = 0;
    EDDY_TRY(eddy_http_request_take_body(request, 0, taken, &size));
    EDDY_TRY(eddy_http_reply_header(reply, scratch("X-Copied"), scratch("both")));
    scratch_spoil();
    int rc = eddy_http_reply_send(reply, 200, scratch("text/plain"), scratch("sent"), 4);
    scratch_spoil();
    return rc;
}

TEST(a_server_copies_texts_and_hands_a_body_over)
{
    struct wire wire;
    char *taken = NULL;
    wire_open(&wire, &(eddy_http_server_options){.handler = take_and_answer, .data = &taken});
    const char *got = wire_exchange(&wire, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                                           "Connection: close\r\n\r\nabc");
    EXPECT(wire_has(got, "X-Copied: both\r\n"));
    EXPECT(wire_has(got, "Content-Type: text/plain\r\n"));
    EXPECT(wire_has(got, "\r\n\r\nsent"));
    EXPECT_STR(taken, "abc");
    wire_close(&wire);
    EXPECT_STR(taken, "abc"); // the caller's, whatever has been freed
    eddy_free(taken);
}

RUN_TESTS(TEST_OF(a_session_copies_its_options_and_a_mock_its_answers),
          TEST_OF(a_server_copies_texts_and_hands_a_body_over))
