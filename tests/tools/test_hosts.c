/* SPDX-License-Identifier: MIT */
/*
 * test_hosts.c: which requests may be sent, under a clock that the test sets.
 */
#include "check.h"

#include <math.h>
#include <stdio.h>

#include "hosts.h"

enum { COUNT = 64 };

static struct hosts hosts;
static struct host_request requests[COUNT];
static double until;

static void begin(size_t concurrency, double wait_max)
{
    static const uint64_t key[2] = {1, 2};
    memset(requests, 0, sizeof requests);
    hosts_init(&hosts, concurrency, wait_max, key);
}

/* Every request has been left: nothing may be left in the table, but for paused hosts. */
static void end(void)
{
    assert_int_equal(hosts.request_count, 0);
    assert_int_equal(hosts.aside_count, 0);
    assert_int_equal(hosts.aside_size, 0);
    hosts_fini(&hosts);
}

static bool send_new(int i, const char *origin, double now)
{
    requests[i].size = 100;
    assert_int_equal(hosts_enter(&hosts, &requests[i], origin), 0);
    return hosts_begin(&hosts, &requests[i], now);
}

static void answer(int i, double now)
{
    hosts_answered(&hosts, &requests[i], now);
    hosts_leave(&hosts, &requests[i]);
}

static bool refuse(int i, double now, double seconds)
{
    return hosts_refused(&hosts, &requests[i], now, seconds, 0, &until);
}

/* The number of the request that may be sent now; -1: none. */
static int take(double now)
{
    struct host_request *request = hosts_take(&hosts, now);
    return request != NULL ? (int)(request - requests) : -1;
}

TEST(a_refusal_pauses_the_host_for_all_and_others_go_on)
{
    begin(10, 300);
    assert_true(send_new(0, "http://a", 0));
    assert_true(send_new(1, "http://a", 0));
    assert_true(refuse(0, 0, 5));
    assert_false(send_new(2, "http://a", 1));
    assert_true(send_new(3, "http://b", 1));
    assert_true(send_new(4, "https://a", 1));    // another scheme is another origin
    assert_int_equal(take(4.9), -1);
    assert_true(hosts_next_time(&hosts) > 4.9 && hosts_next_time(&hosts) < 5.1);
    assert_int_equal(take(5), 0);    // although 1, which was sent before the pause, still goes on
    assert_int_equal(take(5), -1);
    answer(0, 5);
    assert_int_equal(take(5), 2);
    for (int i = 1; i < 5; i++)
        answer(i, 6);
    end();
}

TEST(a_server_may_ask_for_all_of_wait_max)
{
    begin(10, 300);
    for (int i = 0; i < 3; i++)
        assert_true(send_new(i, "http://a", 1000.1));
    assert_true(hosts_refused(&hosts, &requests[0], 1000.1, 300, 1, &until));
    assert_true(until > 1300 && until < 1300.2);    // nothing is added to it
    assert_true(hosts_refused(&hosts, &requests[1], 1000.3, 300, 1, &until));
    assert_true(hosts_refused(&hosts, &requests[2], 1007.7, 1, 1, &until));
    assert_true(until > 1300.2 && until < 1300.4);
    assert_int_equal(take(1300), -1);
    assert_int_equal(take(1300.4), 0);
    assert_false(hosts_refused(&hosts, &requests[0], 1300.5, 1, 1, &until));    // 300 s have passed
    hosts_leave(&hosts, &requests[0]);
    for (int i = 1; i < 3; i++) {
        assert_int_equal(take(1300.6), i);
        hosts_leave(&hosts, &requests[i]);
    }
    end();
}

TEST(a_pause_of_our_own_is_not_longer_than_wait_max)
{
    begin(10, 0);
    assert_true(send_new(0, "http://a", 5));
    assert_true(refuse(0, 5, 0));    // the server doesn't ask to wait
    assert_int_equal(take(5), 0);
    assert_false(refuse(0, 5.1, 0));
    hosts_leave(&hosts, &requests[0]);
    assert_true(send_new(1, "http://b", 6));
    assert_false(refuse(1, 6, 1));
    hosts_leave(&hosts, &requests[1]);
    end();
}

TEST(after_a_pause_the_crowd_comes_one_by_one_in_order)
{
    begin(16, 300);
    for (int i = 0; i < 16; i++)
        assert_true(send_new(i, "http://a", 0));
    for (int i = 0; i < 16; i++)
        assert_true(refuse(i, 0.1, 1));
    assert_false(send_new(16, "http://a", 0.5));
    assert_int_equal(take(1.2), 0);
    assert_int_equal(take(1.2), -1);    // one at first
    answer(0, 1.3);
    assert_int_equal(take(1.3), 1);
    assert_int_equal(take(1.3), 2);    // then two
    assert_int_equal(take(1.3), -1);
    answer(1, 1.4);
    answer(2, 1.4);
    for (int i = 3; i < 7; i++)
        assert_int_equal(take(1.4), i);
    assert_int_equal(take(1.4), -1);
    // From half of what was under way on, a whole round of answers allows one more.
    for (int i = 3; i < 7; i++)
        answer(i, 1.5);
    for (int i = 7; i < 15; i++)
        assert_int_equal(take(1.5), i);
    assert_int_equal(take(1.5), -1);
    for (int i = 7; i < 14; i++)
        answer(i, 1.6);
    assert_int_equal(take(1.6), 15);
    assert_int_equal(take(1.6), 16);
    answer(14, 1.7);
    answer(15, 1.7);
    answer(16, 1.7);
    end();
}

TEST(refusals_of_one_crowd_are_one_pause_and_the_longest_counts)
{
    begin(4, 300);
    for (int i = 0; i < 4; i++)
        assert_true(send_new(i, "http://a", 0));
    assert_true(refuse(0, 0, 2));
    assert_true(refuse(1, 0.1, 9));
    assert_true(refuse(2, 0.2, 1));
    answer(3, 0.3);
    assert_int_equal(take(9), -1);
    assert_int_equal(take(9.1), 0);
    answer(0, 9.2);
    assert_int_equal(take(9.2), 1);
    assert_int_equal(take(9.2), 2);
    answer(1, 9.3);
    answer(2, 9.3);
    end();
}

TEST(a_host_that_keeps_refusing_is_asked_less_and_less)
{
    static const double pauses[] = {0.25, 0.5, 1, 2, 4, 8, 16, 30, 30};
    begin(1, 300);
    double now = 0;
    assert_true(send_new(0, "http://a", now));
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        assert_true(refuse(0, now, 0));
        assert_int_equal(take(now + pauses[i] * 0.99), -1);
        now += pauses[i];
        assert_int_equal(take(now), 0);
    }
    answer(0, now);
    assert_true(send_new(1, "http://a", now));
    assert_true(refuse(1, now, 0));    // after an answer it begins anew
    assert_int_equal(take(now + 0.25), 1);
    answer(1, now + 1);
    end();
}

TEST(a_wait_that_is_too_long_closes_the_host)
{
    begin(4, 300);
    for (int i = 0; i < 3; i++)
        assert_true(send_new(i, "http://a", 100));
    assert_true(refuse(0, 100, 200));
    assert_false(refuse(1, 150, 3600));
    assert_true(until > 3749 && until < 3751);
    hosts_leave(&hosts, &requests[1]);
    // What has been put aside, and what comes, is handed out at once, to be ended.
    double closed_until;
    assert_int_equal(take(150), 0);
    assert_true(hosts_is_closed(&requests[0], &closed_until));
    assert_true(closed_until > 3749 && closed_until < 3751);
    hosts_leave(&hosts, &requests[0]);
    assert_true(send_new(3, "http://a", 151));
    assert_true(hosts_is_closed(&requests[3], &closed_until));
    hosts_leave(&hosts, &requests[3]);
    // One that was under way is answered after all; when the time is over, the host is open.
    answer(2, 152);
    assert_true(send_new(4, "http://a", 3751));
    assert_false(hosts_is_closed(&requests[4], &closed_until));
    answer(4, 3751);
    end();
}

TEST(a_host_that_answers_nothing_is_waited_for_no_longer_than_the_bound)
{
    begin(1, 10);
    double now = 0;
    assert_true(send_new(0, "http://a", 0));
    int refusals = 0;
    while (refuse(0, now, 2)) {
        refusals++;
        now = hosts_next_time(&hosts);
        assert_int_equal(take(now), 0);
    }
    assert_int_equal(refusals, 5);    // the last pause would be 4 s long, but ends with the 10 s
    assert_true(now > 9.9 && now < 10.1);
    hosts_leave(&hosts, &requests[0]);
    end();
}

TEST(without_patience_nothing_is_waited_for)
{
    begin(1, 0);
    assert_true(send_new(0, "http://a", 0));
    assert_false(refuse(0, 0, 1));
    hosts_leave(&hosts, &requests[0]);
    end();
}

TEST(a_url_that_alone_is_refused_does_not_hold_up_its_host)
{
    begin(2, 60);
    double now = 0;
    int answered = 0, tries = 1;
    assert_true(send_new(0, "http://a", 0));
    assert_true(refuse(0, 0, 1));
    for (int i = 1; i < 40; i++)
        assert_false(send_new(i, "http://a", 0));
    bool is_waiting = true;
    while (is_waiting || answered < 39) {
        now = hosts_are_ready(&hosts) ? now : hosts_next_time(&hosts);
        for (int i; (i = take(now)) >= 0;) {
            if (i > 0) {
                answer(i, now);
                answered++;
                continue;
            }
            tries++;
            is_waiting = refuse(0, now, 1);
        }
        assert_true(answered == 39 || (now <= 4 && tries <= 5));
    }
    // In the end it waits for itself alone, longer and longer, up to the bound.
    assert_true(now > 30 && now < 61 && tries < 15);
    hosts_leave(&hosts, &requests[0]);
    end();
}

TEST(a_failed_request_keeps_its_place)
{
    begin(2, 300);
    assert_true(send_new(0, "http://a", 0));
    assert_true(send_new(1, "http://a", 0));
    hosts_failed(&hosts, &requests[0], 0, 3);
    hosts_failed(&hosts, &requests[1], 0, 1);
    assert_false(send_new(2, "http://a", 0.5));
    assert_true(send_new(3, "http://b", 0.5));
    assert_int_equal(take(0.9), -1);
    assert_int_equal(take(1), 1);
    answer(1, 1.5);
    assert_int_equal(take(1.5), 2);    // the place is free
    assert_int_equal(take(2.9), -1);
    assert_int_equal(take(3), 0);
    answer(0, 3);
    answer(2, 3);
    answer(3, 3);
    end();
}

TEST(a_request_that_waits_for_its_turn_is_held_when_its_host_is_paused)
{
    begin(4, 300);
    assert_true(send_new(0, "http://a", 0));
    assert_true(send_new(1, "http://a", 0));
    assert_false(hosts_hold(&hosts, &requests[1], 0));
    assert_true(refuse(0, 0, 5));
    assert_true(hosts_hold(&hosts, &requests[1], 1));
    assert_int_equal(hosts.aside_count, 2);
    assert_int_equal(take(5), 0);
    answer(0, 5);
    assert_int_equal(take(5), 1);
    assert_false(hosts_hold(&hosts, &requests[1], 5));
    answer(1, 5);
    end();
}

/*
 * A server that allows 20 requests in any second and refuses the others for one; each answer takes
 * 5 ms. Returns the number of requests that were sent until all were answered.
 */
static int serve_storm(size_t concurrency, int count)
{
    static struct host_request storm[200];
    static double answer_at[200], allowed_at[200];
    static bool is_allowed[200];
    int sent = 0, answered = 0, allowed = 0, entered = 0;
    double now = 0;
    memset(storm, 0, sizeof storm);
    begin(concurrency, 300);
    while (answered < count) {
        // Send what may be sent.
        for (size_t under_way = 0; under_way < concurrency;) {
            under_way = 0;
            for (int i = 0; i < entered; i++)
                under_way += storm[i].state == HOST_REQUEST_UNDER_WAY && storm[i].host != NULL;
            if (under_way == concurrency)
                break;
            struct host_request *request = hosts_take(&hosts, now);
            if (request == NULL && entered < count) {
                request = &storm[entered++];
                assert_int_equal(hosts_enter(&hosts, request, "http://a"), 0);
                if (!hosts_begin(&hosts, request, now))
                    continue;
            } else if (request == NULL) {
                break;
            }
            int i = (int)(request - storm);
            int recent = 0;
            for (int j = 0; j < allowed; j++)
                recent += allowed_at[j] > now - 1;
            is_allowed[i] = recent < 20;
            if (is_allowed[i])
                allowed_at[allowed++] = now;
            answer_at[i] = now + 0.005;
            sent++;
        }
        // On to the next answer, or to the end of a pause.
        int next = -1;
        for (int i = 0; i < entered; i++)
            if (storm[i].host != NULL && storm[i].state == HOST_REQUEST_UNDER_WAY &&
                (next < 0 || answer_at[i] < answer_at[next]))
                next = i;
        if (next < 0) {
            now = hosts_next_time(&hosts);
            continue;
        }
        now = answer_at[next];
        if (is_allowed[next]) {
            hosts_answered(&hosts, &storm[next], now);
            hosts_leave(&hosts, &storm[next]);
            answered++;
        } else {
            assert_true(hosts_refused(&hosts, &storm[next], now, 1, 0.5, &until));
        }
    }
    assert_true(now < 15);
    end();
    return sent;
}

TEST(a_server_that_limits_the_rate_is_not_stormed)
{
    assert_true(serve_storm(10, 200) < 300);
    assert_true(serve_storm(30, 200) < 330);
    assert_true(serve_storm(200, 200) < 600);    // the first crowd is one of 200
}

TEST(hosts_take_turns)
{
    begin(2, 300);
    for (int i = 0; i < 8; i++)
        send_new(i, i % 4 < 2 ? "http://a" : "http://b", 0);
    // Two of each are under way; of the others, one of each at a time.
    answer(0, 0);
    answer(1, 0);
    answer(2, 0);
    answer(3, 0);
    assert_int_equal(take(0), 4);
    assert_int_equal(take(0), 6);
    assert_int_equal(take(0), 5);
    assert_int_equal(take(0), 7);
    for (int i = 4; i < 8; i++)
        answer(i, 0);
    end();
}

TEST(everything_put_aside_can_be_taken_back_at_the_end)
{
    begin(2, 300);
    for (int i = 0; i < 4; i++)
        send_new(i, "http://a", 0);
    assert_true(refuse(0, 0, 100));
    hosts_failed(&hosts, &requests[1], 0, 100);
    int count = 0;
    for (struct host_request *request; (request = hosts_take_any(&hosts)) != NULL; count++)
        hosts_leave(&hosts, request);
    assert_int_equal(count, 4);
    end();
}

TEST(hosts_come_and_go)
{
    begin(1, 300);
    char origin[32];
    for (int i = 0; i < 5000; i++) {
        snprintf(origin, sizeof origin, "http://h%d", i);
        assert_true(send_new(i % COUNT, origin, 0));
        if (i % 3 == 0)
            assert_false(refuse(i % COUNT, 0, 1000));
        hosts_leave(&hosts, &requests[i % COUNT]);
    }
    assert_int_equal(hosts.table.count, 1667);    // those that are closed
    assert_int_equal(take(2000), -1);
    assert_int_equal(hosts.table.count, 0);
    end();
}

TEST(a_pause_is_described)
{
    char text[64];
    begin(4, 300);
    assert_true(send_new(0, "http://example.org:8080", 0));
    assert_false(hosts_describe_pause(&hosts, 0, text, sizeof text));
    assert_string_equal(text, "");
    assert_true(refuse(0, 0, 72));
    assert_true(hosts_describe_pause(&hosts, 0.5, text, sizeof text));
    assert_string_equal(text, "example.org:8080 paused 1:12");
    assert_true(send_new(1, "http://other", 0));
    assert_true(refuse(1, 1, 10));
    assert_true(hosts_describe_pause(&hosts, 2, text, sizeof text));
    assert_string_equal(text, "2 hosts paused 0:09");
    assert_string_equal(hosts_name(&requests[0]), "example.org:8080");
    for (struct host_request *request; (request = hosts_take_any(&hosts)) != NULL;)
        hosts_leave(&hosts, request);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_pauses_the_host_for_all_and_others_go_on),
        cmocka_unit_test(after_a_pause_the_crowd_comes_one_by_one_in_order),
        cmocka_unit_test(refusals_of_one_crowd_are_one_pause_and_the_longest_counts),
        cmocka_unit_test(a_host_that_keeps_refusing_is_asked_less_and_less),
        cmocka_unit_test(a_wait_that_is_too_long_closes_the_host),
        cmocka_unit_test(a_server_may_ask_for_all_of_wait_max),
        cmocka_unit_test(a_pause_of_our_own_is_not_longer_than_wait_max),
        cmocka_unit_test(a_host_that_answers_nothing_is_waited_for_no_longer_than_the_bound),
        cmocka_unit_test(without_patience_nothing_is_waited_for),
        cmocka_unit_test(a_url_that_alone_is_refused_does_not_hold_up_its_host),
        cmocka_unit_test(a_failed_request_keeps_its_place),
        cmocka_unit_test(a_request_that_waits_for_its_turn_is_held_when_its_host_is_paused),
        cmocka_unit_test(a_server_that_limits_the_rate_is_not_stormed),
        cmocka_unit_test(hosts_take_turns),
        cmocka_unit_test(everything_put_aside_can_be_taken_back_at_the_end),
        cmocka_unit_test(hosts_come_and_go),
        cmocka_unit_test(a_pause_is_described),
    };
    return cmocka_run_group_tests_name("hosts", tests, NULL, NULL);
}
