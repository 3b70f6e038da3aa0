/* SPDX-License-Identifier: MIT */
/*
 * harness.c: see harness.h. One test at a time; everything here is reset before each.
 */
#include "harness.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { KINDS = EDDY_REPORT_SLOW + 1 };

static int failure_count;
static size_t expected_reports[KINDS];
static size_t seen_reports[KINDS];
static char report_message[256];
static char report_name[EDDY_TASK_NAME_MAX];
static atomic_long blocks_held; // of Eddy's memory
static atomic_long allocations;
static atomic_long failing_allocation = -1;

static void *resize(void *data, void *memory, size_t size)
{
    (void)data;
    if (size == 0) {
        free(memory);
        atomic_fetch_sub(&blocks_held, memory != NULL);
        return NULL;
    }
    if (atomic_fetch_add(&allocations, 1) == atomic_load(&failing_allocation))
        return NULL;
    void *block = realloc(memory, size);
    atomic_fetch_add(&blocks_held, memory == NULL && block != NULL);
    return block;
}

void harness_begin(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (eddy_set_allocator(&(eddy_allocator){resize, NULL}) < 0)
        abort();
}

void fail_allocation(long n)
{
    atomic_store(&allocations, 0);
    atomic_store(&failing_allocation, n);
}

long allocation_count(void)
{
    return atomic_load(&allocations);
}

bool harness_expect(bool holds, const char *file, int line, const char *format, ...)
{
    if (holds)
        return true;
    failure_count++;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "# %s:%d: expected ", file, line);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return false;
}

bool harness_expect_equal(long long actual, long long expected, const char *file, int line,
                          const char *text)
{
    return harness_expect(actual == expected, file, line, "%s = %lld, not %lld", text, expected,
                          actual);
}

bool harness_expect_text(const char *actual, const char *expected, const char *file, int line,
                         const char *text)
{
    bool holds = actual != NULL && strcmp(actual, expected) == 0;
    return harness_expect(holds, file, line, "%s = \"%s\", not \"%s\"", text, expected,
                          actual != NULL ? actual : "(null)");
}

void expect_report(eddy_report_kind kind)
{
    expected_reports[kind]++;
}

size_t report_count(eddy_report_kind kind)
{
    return seen_reports[kind];
}

const char *last_report_message(void)
{
    return report_message;
}

const char *last_report_name(void)
{
    return report_name;
}

static void on_report(const eddy_report *report, void *data)
{
    (void)data;
    seen_reports[report->kind]++;
    snprintf(report_message, sizeof report_message, "%s", report->message);
    snprintf(report_name, sizeof report_name, "%s", report->name != NULL ? report->name : "");
    if (seen_reports[report->kind] > expected_reports[report->kind])
        harness_expect(false, __FILE__, __LINE__, "no report \"%s\" (%s)", report->message,
                       report_name);
}

static int count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    if (dir == NULL)
        return 0;
    int n = 0;
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

static void reset(void)
{
    failure_count = 0;
    memset(expected_reports, 0, sizeof expected_reports);
    memset(seen_reports, 0, sizeof seen_reports);
    report_message[0] = report_name[0] = '\0';
    fail_allocation(-1);
}

static void finish(long blocks_before, int descriptors_before)
{
    for (int kind = 0; kind < KINDS; kind++)
        harness_expect(seen_reports[kind] >= expected_reports[kind], __FILE__, __LINE__,
                       "a report of kind %d", kind);
    harness_expect_equal(atomic_load(&blocks_held) - blocks_before, 0, __FILE__, __LINE__,
                         "blocks of memory left behind");
    harness_expect_equal(count_descriptors() - descriptors_before, 0, __FILE__, __LINE__,
                         "descriptors left behind");
    if (failure_count > 0)
        fail_msg("%d expectations failed", failure_count);
}

/* What a run's end kept for eddy_error_get() is given back by the next run. */
EDDY_ASYNC(forget_last_error)
{
    return 0;
}

void harness_run(eddy_coroutine *main, const eddy_run_options *given)
{
    reset();
    // The coroutine object is a block that the run gives back.
    long blocks_before = atomic_load(&blocks_held) - 1;
    int descriptors_before = count_descriptors();
    eddy_run_options options = *given;
    options.exception_handler = on_report;
    int status = eddy_run(main, &options);
    harness_expect_equal(status, 0, __FILE__, __LINE__, "status of the run");
    EDDY_IGNORE(eddy_run(eddy_coro(forget_last_error), NULL) < 0);
    finish(blocks_before, descriptors_before);
}

void harness_run_plain(void (*test)(void))
{
    reset();
    long blocks_before = atomic_load(&blocks_held);
    int descriptors_before = count_descriptors();
    test();
    EDDY_IGNORE(eddy_run(eddy_coro(forget_last_error), NULL) < 0);
    finish(blocks_before, descriptors_before);
}
