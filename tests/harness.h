/* SPDX-License-Identifier: MIT */
/*
 * harness.h: unit tests that run as the main task of a loop, under the virtual clock.
 *
 *     TEST(a_sleep_takes_its_time)
 *     {
 *         EXPECT_EQ(eddy_sleep(3600), 0);
 *         EXPECT(eddy_time() == 3600);
 *     }
 *     RUN_TESTS(TEST_OF(a_sleep_takes_its_time))
 *
 * An expectation that fails is recorded and the test continues; the test fails when its loop has
 * closed. Nothing jumps from a task's stack. A test also fails if it leaks memory of Eddy or a
 * descriptor, or if the loop reports something that the test did not expect (expect_report()).
 */
#ifndef EDDY_TESTS_HARNESS_H
#define EDDY_TESTS_HARNESS_H

#include <eddy.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* A test under the virtual clock; one with the kernel's clock; one without a loop. */
#define TEST(name) TEST_WITH(name, .virtual_clock = true)
#define TEST_REAL(name) TEST_WITH(name, .virtual_clock = false)
#define TEST_WITH(name, ...)                                                      \
    static void name##__test(void);                                               \
    EDDY_ASYNC(name##__main)                                                      \
    {                                                                             \
        name##__test();                                                           \
        return 0;                                                                 \
    }                                                                             \
    static void name(void **state)                                                \
    {                                                                             \
        (void)state;                                                              \
        harness_run(eddy_coro(name##__main), &(eddy_run_options){__VA_ARGS__});   \
    }                                                                             \
    static void name##__test(void)
#define TEST_PLAIN(name)                                                          \
    static void name##__test(void);                                               \
    static void name(void **state)                                                \
    {                                                                             \
        (void)state;                                                              \
        harness_run_plain(name##__test);                                          \
    }                                                                             \
    static void name##__test(void)

#define EXPECT(condition) \
    harness_expect(!!(condition), __FILE__, __LINE__, "%s", #condition)
#define EXPECT_EQ(actual, expected) \
    harness_expect_equal((long long)(actual), (long long)(expected), __FILE__, __LINE__, #actual)
#define EXPECT_STR(actual, expected) \
    harness_expect_text((actual), (expected), __FILE__, __LINE__, #actual)

/* Returns from the function if the condition is false; for void functions. */
#define REQUIRE(condition)     \
    do {                       \
        if (!EXPECT(condition)) \
            return;            \
    } while (0)

#define TEST_OF(name) cmocka_unit_test(name)
#define RUN_TESTS(...)                                             \
    int main(int argc, char **argv)                                \
    {                                                              \
        const struct CMUnitTest tests[] = {__VA_ARGS__};           \
        harness_begin();                                           \
        if (argc == 3 && harness_is_child(argv[1]))                \
            return harness_child(argv[2]);                         \
        return cmocka_run_group_tests(tests, NULL, NULL);          \
    }

/* Expects one more report of this kind; reports that aren't expected fail the test. */
void expect_report(eddy_report_kind kind);

/* The last report of the test: its message, and the name of its task. */
const char *last_report_message(void);
const char *last_report_name(void);
size_t report_count(eddy_report_kind kind); // seen in this test
const eddy_place *last_report_place(void);  // NULL: none was given

/* The exception handler of all tests; for runs that a plain test starts itself. */
void note_report(const eddy_report *report, void *data);

/* Makes Eddy's allocation number `n` (from 0, counted from now) fail once; -1: none. */
void fail_allocation(long n);
void fail_allocations_from(long n); // and all later ones, until fail_allocation(-1)
long allocation_count(void); // made since fail_allocation() or the start of the test
long harness_blocks_held(void); // blocks of Eddy's memory, now

/* Whether a sanitizer, Valgrind or an emulated processor slows the test: keep numbers small. */
bool is_watched(void);

/*
 * Runs code that ends the program in a child: this program again, whose main is
 * harness_child(name), which the test file defines. Its stdout and stderr are stored in `output`,
 * as text. Returns its wait status, or -1 where programs can't be started this way (under qemu).
 */
int run_child(const char *name, char *output, size_t size);
int harness_child(const char *name);

/* --- what the macros call --- */
bool harness_is_child(const char *argument);
void harness_begin(void);
void harness_run(eddy_coroutine *main, const eddy_run_options *options);
void harness_run_plain(void (*test)(void));
__attribute__((format(printf, 4, 5))) bool harness_expect(bool holds, const char *file, int line,
                                                          const char *format, ...);
bool harness_expect_equal(long long actual, long long expected, const char *file, int line,
                          const char *text);
bool harness_expect_text(const char *actual, const char *expected, const char *file, int line,
                         const char *text);

#endif
