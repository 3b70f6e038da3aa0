/* SPDX-License-Identifier: MIT */
/*
 * test_curl.c: eddy_curl_perform(), for those who bring handles of their own.
 */
#include "test_client_servers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <eddy/curl.h>

typedef struct text {
    char data[256];
    size_t size;
} text;

static size_t keep(char *data, size_t unit, size_t size, void *of)
{
    text *kept = of;
    (void)unit;
    if (kept->size + size >= sizeof kept->data)
        return 0;
    memcpy(kept->data + kept->size, data, size);
    kept->size += size;
    kept->data[kept->size] = '\0';
    return size;
}

static CURL *new_easy(const char *url, text *kept)
{
    CURL *easy = curl_easy_init();
    *kept = (text){0};
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, kept);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    return easy;
}

EDDY_ASYNC(perform, (CURL *, easy))
{
    return eddy_curl_perform(easy);
}

TEST_REAL(a_transfer_is_performed)
{
    text kept;
    CURL *easy = new_easy(at("/redirects?1"), &kept);
    for (int i = 0; i < 3; i++) {
        kept = (text){0};
        EXPECT_EQ(eddy_curl_perform(easy), 0);
        EXPECT_STR(kept.data + kept.size - 6, "hello\n");
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        EXPECT_EQ(status, 200);
    }
    curl_easy_cleanup(easy);
}

TEST_REAL(many_are_performed_at_once)
{
    enum { COUNT = 40 };
    EDDY_AUTO(eddy_http_session) *session = NULL;
    REQUIRE(EXPECT_EQ(eddy_http_session_new(NULL, &session), 0));
    forget_state(session);
    CURL *easies[COUNT];
    eddy_task *tasks[COUNT];
    static text kept[COUNT];
    for (int i = 0; i < COUNT; i++) {
        easies[i] = new_easy(at("/slow?0.1"), &kept[i]);
        tasks[i] = eddy_create_task(perform, easies[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        EXPECT_EQ(eddy_await(tasks[i]), 0);
        EXPECT_STR(kept[i].data, "at last");
        eddy_task_free(tasks[i]);
        curl_easy_cleanup(easies[i]);
    }
    EXPECT(ask_state(session).active_max > 1);
}

TEST_REAL(errors_are_mapped_and_told)
{
    text kept;
    CURL *easy = new_easy(at("/too-short"), &kept);
    EXPECT_EQ(eddy_curl_perform(easy), EDDY_HTTP_PARTIAL);
    curl_easy_setopt(easy, CURLOPT_URL, "http://127.0.0.1:1/");
    int rc = eddy_curl_perform(easy);
    EXPECT_EQ(rc, EDDY_HTTP_CONNECT);
    EXPECT(message_has(rc, "refused"));
    curl_easy_setopt(easy, CURLOPT_URL, at("/big?100000"));
    EXPECT_EQ(eddy_curl_perform(easy), EDDY_HTTP_ABORTED);
    curl_easy_setopt(easy, CURLOPT_URL, at("/hang"));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 50L);
    EXPECT_EQ(eddy_curl_perform(easy), EDDY_TIMEDOUT);
    curl_easy_cleanup(easy);
    for (int code = CURLE_OK + 1; code < CURL_LAST; code++)
        EXPECT(eddy_curl_status((CURLcode)code) < 0);
    EXPECT_STR(eddy_strerror(EDDY_HTTP_PARTIAL), "ended too early");
}

TEST_REAL(a_cancelled_transfer_is_removed)
{
    text kept;
    CURL *easy = new_easy(at("/hang"), &kept);
    for (int i = 0; i < 20; i++) {
        EDDY_AUTO(eddy_task) *task = eddy_create_task(perform, easy);
        for (int turn = 0; turn < i; turn++)
            EXPECT_EQ(eddy_sleep(turn % 4 ? 0 : 0.0005), 0);
        eddy_task_cancel(task);
        EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    }
    EXPECT_EQ(eddy_within(0.02, eddy_curl_perform(easy)), EDDY_TIMEDOUT);
    curl_easy_setopt(easy, CURLOPT_URL, at("/hello"));
    EXPECT_EQ(eddy_curl_perform(easy), 0);
    curl_easy_cleanup(easy);
}

TEST_REAL(a_handle_is_one_tasks_at_a_time)
{
    text kept;
    CURL *easy = new_easy(at("/slow?0.02"), &kept);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(perform, easy);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_curl_perform(easy), -EBUSY);
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT_EQ(eddy_curl_perform(NULL), EDDY_EMISUSE);
    curl_easy_cleanup(easy);
}

static int status_inside;

static size_t misbehave(char *data, size_t unit, size_t size, void *of)
{
    (void)data, (void)unit, (void)of;
    status_inside = eddy_sleep(0.01);
    return size;
}

TEST_REAL(callbacks_may_not_suspend)
{
    text kept;
    CURL *easy = new_easy(at("/hello"), &kept);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, misbehave);
    EXPECT_EQ(eddy_curl_perform(easy), 0);
    EXPECT_EQ(status_inside, EDDY_EMISUSE);
    curl_easy_cleanup(easy);
}

TEST_PLAIN(outside_a_loop_it_is_misuse)
{
    text kept;
    CURL *easy = new_easy(at("/hello"), &kept);
    EXPECT_EQ(eddy_curl_perform(easy), EDDY_EMISUSE);
    curl_easy_cleanup(easy);
}

RUN_CLIENT_TESTS(false, TEST_OF(a_transfer_is_performed), TEST_OF(many_are_performed_at_once),
                 TEST_OF(errors_are_mapped_and_told), TEST_OF(a_cancelled_transfer_is_removed),
                 TEST_OF(a_handle_is_one_tasks_at_a_time), TEST_OF(callbacks_may_not_suspend),
                 TEST_OF(outside_a_loop_it_is_misuse))
