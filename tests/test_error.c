/* SPDX-License-Identifier: MIT */
/* Errors: names of codes, messages, places, causes, keeping and sending on, text. */
#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

static const int own_codes[] = {
    EDDY_CANCELLED,     EDDY_TIMEDOUT,    EDDY_EINVALIDSTATE,  EDDY_EMISUSE,
    EDDY_EVALUE,        EDDY_ETYPE,       EDDY_QUEUE_EMPTY,    EDDY_QUEUE_FULL,
    EDDY_QUEUE_SHUTDOWN, EDDY_EBROKENBARRIER, EDDY_EGROUP,     EDDY_STOPITERATION,
    EDDY_GENERATOREXIT, EDDY_INTERRUPTED, EDDY_INCOMPLETE,     EDDY_LIMIT,
    EDDY_ERESOLVE,
};
enum { OWN_CODES = sizeof own_codes / sizeof *own_codes };

TEST_PLAIN(every_code_has_a_name_of_its_own)
{
    for (int i = 0; i < OWN_CODES; i++) {
        EXPECT(own_codes[i] < -4096);
        EXPECT(strncmp(eddy_strerror(own_codes[i]), "error", 5) != 0);
        for (int k = 0; k < i; k++) {
            EXPECT(own_codes[i] != own_codes[k]);
            EXPECT(strcmp(eddy_strerror(own_codes[i]), eddy_strerror(own_codes[k])) != 0);
        }
    }
    EXPECT_STR(eddy_strerror(EDDY_CANCELLED), "cancelled");
    EXPECT_STR(eddy_strerror(EDDY_TIMEDOUT), "timed out");
}

TEST_PLAIN(any_other_status_has_words_too)
{
    EXPECT_STR(eddy_strerror(-ENOENT), strerror(ENOENT));
    EXPECT_STR(eddy_strerror(-ECANCELED), strerror(ECANCELED));
    EXPECT_STR(eddy_strerror(0), "success");
    EXPECT_STR(eddy_strerror(17), "success");
    EXPECT(strstr(eddy_strerror(-4999), "4999") != NULL);
    EXPECT(strstr(eddy_strerror(EDDY_ERROR_USER - 3), "10003") != NULL);
    EXPECT(eddy_strerror(INT32_MIN) != NULL);
    EXPECT(eddy_strerror(-4096) != NULL);
}

static const char *name_of_mine(int status)
{
    return status == -12001 ? "out of coffee" : NULL;
}

static const char *name_of_others(int status)
{
    (void)status;
    return "others";
}

TEST_PLAIN(an_application_may_name_its_codes)
{
    EXPECT_EQ(eddy_error_register(-12000, -12009, name_of_mine), 0);
    EXPECT_EQ(eddy_error_register(-12000, -12009, name_of_mine), 0); // the same again is fine
    EXPECT_STR(eddy_strerror(-12001), "out of coffee");
    EXPECT(strstr(eddy_strerror(-12002), "12002") != NULL); // it had no name for it
    EXPECT_EQ(eddy_error_register(-12009, -12020, name_of_others), EDDY_EVALUE);
    EXPECT_EQ(eddy_error_register(-11990, -12000, name_of_others), EDDY_EVALUE);
    EXPECT_EQ(eddy_error_register(-11000, -13000, name_of_others), EDDY_EVALUE);
    EXPECT_EQ(eddy_error_register(-12020, -12010, name_of_others), EDDY_EVALUE); // empty
    EXPECT_EQ(eddy_error_register(-1, -10, name_of_others), EDDY_EVALUE);
    EXPECT_EQ(eddy_error_register(EDDY_CANCELLED, EDDY_CANCELLED, name_of_others), EDDY_EVALUE);
    EXPECT_EQ(eddy_error_register(-12010, -12010, name_of_others), 0);
    EXPECT_STR(eddy_strerror(-12010), "others");
}

TEST(a_failure_carries_message_and_place)
{
    int line = __LINE__ + 1;
    EXPECT_EQ(eddy_fail(-EIO, "%s number %d", "disk", 3), -EIO);
    const eddy_error *error = eddy_error_get(-EIO);
    EXPECT_EQ(eddy_error_code(error), -EIO);
    EXPECT_STR(eddy_error_message(error), "disk number 3");
    REQUIRE(eddy_error_place(error) != NULL);
    EXPECT_EQ(eddy_error_place(error)->line, line);
    EXPECT(eddy_error_cause(error) == NULL);
    EXPECT_EQ(eddy_error_member_count(error), 0);
    EXPECT(eddy_error_get(-EPERM) == NULL); // nothing is known of that one
}

TEST(a_later_failure_replaces_an_earlier_one)
{
    EXPECT_EQ(eddy_fail(-EIO, "first"), -EIO);
    EXPECT_EQ(eddy_fail(-EPERM, "second"), -EPERM);
    EXPECT(eddy_error_get(-EIO) == NULL);
    EXPECT_STR(eddy_error_message(eddy_error_get(-EPERM)), "second");
}

EDDY_ASYNC(fails_inside)
{
    return eddy_fail(-ENOENT, "no such page");
}

TEST(a_cause_is_the_error_that_a_call_has_returned)
{
    int rc = fails_inside();
    rc = eddy_fail_from(EDDY_EVALUE, rc, "the book is torn");
    EXPECT_EQ(rc, EDDY_EVALUE);
    const eddy_error *error = eddy_error_get(rc);
    EXPECT_STR(eddy_error_message(error), "the book is torn");
    EXPECT_EQ(eddy_error_code(eddy_error_cause(error)), -ENOENT);
    EXPECT_STR(eddy_error_message(eddy_error_cause(error)), "no such page");
    rc = eddy_fail_from(-EIO, -ENOMEM, "of which nothing is known");
    EXPECT_EQ(eddy_error_code(eddy_error_cause(eddy_error_get(rc))), -ENOMEM);
    EXPECT(eddy_error_message(eddy_error_cause(eddy_error_get(rc))) == NULL);
}

TEST(what_is_known_travels_through_tasks)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(fails_inside);
    EXPECT_EQ(eddy_await(task), -ENOENT);
    EXPECT_STR(eddy_error_message(eddy_error_get(-ENOENT)), "no such page");
    EXPECT(eddy_future_error(task) == eddy_error_get(-ENOENT));
}

TEST(an_error_can_be_kept_and_sent_on)
{
    int rc = fails_inside();
    eddy_error *kept = eddy_error_take(rc);
    EXPECT_EQ(eddy_fail(-EPERM, "something else"), -EPERM);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_STR(eddy_error_message(kept), "no such page");
    EXPECT_EQ(eddy_error_raise(kept), -ENOENT);
    eddy_error_free(kept);
    EXPECT_STR(eddy_error_message(eddy_error_get(-ENOENT)), "no such page");
}

TEST(an_error_of_which_nothing_is_known_can_be_kept_too)
{
    EDDY_AUTO(eddy_error) *kept = eddy_error_take(-EXDEV);
    EXPECT_EQ(eddy_error_code(kept), -EXDEV);
    EXPECT(eddy_error_message(kept) == NULL);
    EXPECT_EQ(eddy_error_raise(kept), -EXDEV);
    EXPECT(eddy_error_raise(NULL) < 0); // never a success
    eddy_error_free(NULL);
}

TEST_PLAIN(questions_about_nothing_are_answered_with_nothing)
{
    EXPECT_EQ(eddy_error_code(NULL), 0);
    EXPECT(eddy_error_message(NULL) == NULL);
    EXPECT(eddy_error_place(NULL) == NULL);
    EXPECT(eddy_error_cause(NULL) == NULL);
    EXPECT_EQ(eddy_error_member_count(NULL), 0);
    EXPECT(eddy_error_member(NULL, 0) == NULL);
    EXPECT_EQ(eddy_error_cancel_reason(NULL), EDDY_CANCEL_REQUEST);
    EXPECT_STR(eddy_error_cancelled_by(NULL), "-");
}

TEST(an_error_becomes_text_with_all_that_is_known)
{
    char text[512];
    int rc = eddy_fail_from(-EIO, fails_inside(), "loading failed");
    size_t length = eddy_error_format(rc, eddy_error_get(rc), text, sizeof text);
    EXPECT_EQ(length, strlen(text));
    EXPECT(strstr(text, strerror(EIO)) == text);
    EXPECT(strstr(text, "loading failed") != NULL);
    EXPECT(strstr(text, "test_error.c:") != NULL);
    const char *cause = strstr(text, "caused by");
    EXPECT(cause != NULL && strstr(cause, "no such page") != NULL);
    char small[8];
    EXPECT_EQ(eddy_error_format(rc, eddy_error_get(rc), small, sizeof small), length);
    EXPECT_EQ(strlen(small), sizeof small - 1);
    EXPECT_EQ(eddy_error_format(rc, eddy_error_get(rc), NULL, 0), length);
    eddy_error_format(-EPERM, NULL, text, sizeof text);
    EXPECT_STR(text, strerror(EPERM));
}

EDDY_ASYNC(sleeps)
{
    return eddy_sleep(9);
}

TEST(a_cancellation_becomes_text_that_tells_who_asked)
{
    char text[256];
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sleeps);
    EXPECT_EQ(eddy_task_set_name(eddy_current_task(), "boss"), 0);
    eddy_task_cancel(task, "closing time");
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    eddy_error_format(EDDY_CANCELLED, eddy_future_error(task), text, sizeof text);
    EXPECT(strstr(text, "closing time") != NULL && strstr(text, "boss") != NULL);
}

TEST(a_long_message_is_cut_and_no_more)
{
    char long_text[2000];
    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    EXPECT_EQ(eddy_fail(-EIO, "%s", long_text), -EIO);
    const char *message = eddy_error_message(eddy_error_get(-EIO));
    EXPECT(message != NULL && strlen(message) > 100 && strlen(message) < sizeof long_text);
}

TEST(without_memory_the_code_goes_on_alone)
{
    for (int n = 0; n < 2; n++) {
        fail_allocation(n);
        EXPECT_EQ(eddy_fail(-EIO, "unsaid"), -EIO);
    }
    fail_allocation(0);
    EXPECT_EQ(eddy_fail(-EXDEV, "unsaid"), -EXDEV);
    EXPECT(eddy_error_get(-EXDEV) == NULL);
    EXPECT_EQ(eddy_fail(-EIO, "said"), -EIO);
}

TEST_PLAIN(outside_a_task_an_error_is_kept_for_the_thread)
{
    EXPECT_EQ(eddy_fail(-EIO, "early"), -EIO);
    EXPECT_STR(eddy_error_message(eddy_error_get(-EIO)), "early");
}

static void *fail_on_a_thread(void *data)
{
    (void)data;
    EXPECT_EQ(eddy_fail(-EIO, "theirs"), -EIO);
    EXPECT_STR(eddy_error_message(eddy_error_get(-EIO)), "theirs");
    return NULL;
}

TEST(another_threads_errors_are_its_own_and_end_with_it)
{
    EXPECT_EQ(eddy_fail(-EIO, "ours"), -EIO);
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, fail_on_a_thread, NULL) == 0);
    pthread_join(thread, NULL);
    EXPECT_STR(eddy_error_message(eddy_error_get(-EIO)), "ours");
}

RUN_TESTS(TEST_OF(every_code_has_a_name_of_its_own),
          TEST_OF(any_other_status_has_words_too),
          TEST_OF(an_application_may_name_its_codes),
          TEST_OF(a_failure_carries_message_and_place),
          TEST_OF(a_later_failure_replaces_an_earlier_one),
          TEST_OF(a_cause_is_the_error_that_a_call_has_returned),
          TEST_OF(what_is_known_travels_through_tasks),
          TEST_OF(an_error_can_be_kept_and_sent_on),
          TEST_OF(an_error_of_which_nothing_is_known_can_be_kept_too),
          TEST_OF(questions_about_nothing_are_answered_with_nothing),
          TEST_OF(an_error_becomes_text_with_all_that_is_known),
          TEST_OF(a_cancellation_becomes_text_that_tells_who_asked),
          TEST_OF(a_long_message_is_cut_and_no_more),
          TEST_OF(without_memory_the_code_goes_on_alone),
          TEST_OF(outside_a_task_an_error_is_kept_for_the_thread),
          TEST_OF(another_threads_errors_are_its_own_and_end_with_it))
