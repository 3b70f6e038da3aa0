/* SPDX-License-Identifier: MIT */
/*
 * test_client_limits.c: slots and queues, and cancellation at every point.
 */
#include "test_client_servers.h"

#include <stdlib.h>
#include <string.h>

enum { MANY = 60 };

EDDY_ASYNC(fetch, (eddy_http_session *, session), (const char *, url))
{
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EDDY_TRY(eddy_http_session_get(session, url, NULL, &response));
    return eddy_http_response_status(response);
}

static void fetch_many(eddy_http_session *session, const char *url, int count, int expected)
{
    eddy_task *tasks[MANY];
    for (int i = 0; i < count; i++)
        tasks[i] = eddy_create_task(fetch, session, url);
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(eddy_await(tasks[i]), expected);
        eddy_task_free(tasks[i]);
    }
}

TEST_REAL(the_session_limits_requests_in_all)
{
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.connections_max = 3});
    EDDY_AUTO(eddy_http_session) *asker = new_session(NULL);
    forget_state(asker);
    char url[64];
    strcpy(url, at("/slow?0.005"));
    fetch_many(session, url, MANY, 200);
    server_state state = ask_state(asker);
    EXPECT(state.active_max <= 3);
    EXPECT(state.connections <= 3);
    EXPECT(state.requests >= MANY);
}

TEST_REAL(a_host_has_a_limit_of_its_own)
{
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.connections_per_host_max = 2});
    EDDY_AUTO(eddy_http_session) *asker = new_session(NULL);
    forget_state(asker);
    char url[64], second[64];
    strcpy(url, at("/slow?0.005"));
    strcpy(second, at_second("/slow?0.005"));
    eddy_task *tasks[20];
    for (int i = 0; i < 20; i++)
        tasks[i] = eddy_create_task(fetch, session, i % 2 ? url : second);
    for (int i = 0; i < 20; i++) {
        EXPECT_EQ(eddy_await(tasks[i]), 200);
        eddy_task_free(tasks[i]);
    }
    EXPECT(ask_state(asker).active_max <= 4);    // two of each
}

TEST_REAL(redirects_between_hosts_do_not_deadlock)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(
        &(eddy_http_session_options){.connections_max = 2, .connections_per_host_max = 1});
    char url[64];
    strcpy(url, at("/there-and-back"));
    fetch_many(session, url, 10, 200);
}

TEST_REAL(queueing_is_not_charged_to_the_request)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(&(eddy_http_session_options){
        .connections_max = 1, .timeout = {.total = 1.0, .connect = 1.0}});
    char url[64];
    strcpy(url, at("/slow?0.06"));
    fetch_many(session, url, 20, 200);    // the last one queues for longer than its limits
    EDDY_AUTO(eddy_task) *first = eddy_create_task(fetch, session, url);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EXPECT_EQ(eddy_sleep(0), 0);
    REQUIRE(EXPECT_EQ(eddy_http_session_get(session, at("/hello"), NULL, &response), 0));
    eddy_http_timings times = eddy_http_response_timings(response);
    EXPECT(times.queue > 0.04);
    EXPECT_EQ(eddy_await(first), 200);
}

TEST_REAL(the_queue_has_a_limit_if_asked_for)
{
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.connections_max = 1});
    char url[64];
    strcpy(url, at("/slow?0.2"));
    EDDY_AUTO(eddy_task) *first = eddy_create_task(fetch, session, url);
    EXPECT_EQ(eddy_sleep(0), 0);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    int rc = eddy_http_session_get(session, at("/hello"),
                                   &(eddy_http_request_options){.timeout.queue = 0.02}, &response);
    EXPECT_EQ(rc, EDDY_TIMEDOUT);
    EXPECT(message_has(rc, "no connection became free within 0.02 s"));
    EXPECT_EQ(eddy_await(first), 200);
    EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
}

TEST_REAL(a_cancelled_waiter_leaks_no_slot)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(
        &(eddy_http_session_options){.connections_max = 2, .connections_per_host_max = 1});
    char url[64];
    strcpy(url, at("/slow?0.01"));
    for (int round = 0; round < 5; round++) {
        eddy_task *tasks[10];
        for (int i = 0; i < 10; i++)
            tasks[i] = eddy_create_task(fetch, session, url);
        EXPECT_EQ(eddy_sleep(0.002 * round), 0);
        for (int i = 0; i < 10; i++)
            if (i % 3 != 2)
                eddy_task_cancel(tasks[i]);
        for (int i = 0; i < 10; i++) {
            int rc = eddy_await(tasks[i]);
            EXPECT(i % 3 == 2 ? rc == 200 : rc == 200 || rc == EDDY_CANCELLED);
            eddy_task_free(tasks[i]);
        }
    }
    EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
}

TEST_REAL(a_request_can_be_cancelled_at_any_point)
{
    // A cancellation after so many turns of the loop meets every state that a request goes through.
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    static const char *const paths[] = {"/chunked", "/redirects?2", "/gzip", "/big?300000"};
    for (int path = 0; path < 4; path++) {
        char url[64];
        strcpy(url, at(paths[path]));
        for (int turns = 0; turns < 60; turns++) {
            EDDY_AUTO(eddy_task) *task = eddy_create_task(fetch, session, url);
            for (int i = 0; i < turns; i++)
                EXPECT_EQ(eddy_sleep(i % 8 ? 0 : 0.0001), 0);
            eddy_task_cancel(task);
            int rc = eddy_await(task);
            EXPECT(rc == EDDY_CANCELLED || rc == 200);
        }
        EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
    }
}

TEST_REAL(the_run_may_end_with_requests_under_way)
{
    static eddy_http_session *session;
    session = new_session(NULL);
    char *url = strdup(at("/hang"));
    for (int i = 0; i < 3; i++)
        eddy_start(fetch, session, url);
    EXPECT_EQ(eddy_sleep(0.02), 0);
    eddy_http_session_free(session);    // the requests hold it
    free(url);
}

RUN_CLIENT_TESTS(false, TEST_OF(the_session_limits_requests_in_all),
                 TEST_OF(a_host_has_a_limit_of_its_own),
                 TEST_OF(redirects_between_hosts_do_not_deadlock),
                 TEST_OF(queueing_is_not_charged_to_the_request),
                 TEST_OF(the_queue_has_a_limit_if_asked_for),
                 TEST_OF(a_cancelled_waiter_leaks_no_slot),
                 TEST_OF(a_request_can_be_cancelled_at_any_point),
                 TEST_OF(the_run_may_end_with_requests_under_way))
