/* SPDX-License-Identifier: MIT */
/*
 * harness.c: see harness.h. One test at a time; everything here is reset before each.
 */
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KINDS = EDDY_REPORT_LEAKED + 1 };

static atomic_int failure_count; // atomic, because worker threads may have expectations too
static size_t expected_reports[KINDS];
static size_t seen_reports[KINDS];
static char report_message[256];
static char report_name[EDDY_TASK_NAME_MAX];
static const eddy_place *report_place;
static atomic_long blocks_held; // of Eddy's memory
static atomic_long allocations;
static atomic_long failing_allocation = -1;
static atomic_bool memory_stays_gone; // the allocations after that one fail too

/*
 * The allocator of all tests is strict: free(3) doesn't know the addresses that it returns, and it
 * frees only its own blocks. New and freed memory is filled, so that code that relies on zeros or
 * reads after a free gets wrong bytes.
 */
struct block {
    _Alignas(max_align_t) size_t size;
    size_t check; // of the address and the size
};

static size_t check_of(const struct block *block)
{
    return ~((size_t)(uintptr_t)block ^ block->size);
}

static struct block *block_of(void *memory)
{
    struct block *block = (struct block *)memory - 1;
    if (block->check == check_of(block))
        return block;
    fprintf(stderr, "# %p was not allocated by Eddy's allocator, or was freed before\n", memory);
    abort();
}

static void free_block(struct block *block)
{
    memset(block, 0xdd, sizeof *block + block->size);
    free(block);
}

static void *new_block(size_t size)
{
    struct block *block = malloc(sizeof *block + size);
    if (block == NULL)
        return NULL;
    block->size = size;
    block->check = check_of(block);
    return memset(block + 1, 0xa5, size);
}

static void *resize(void *data, void *memory, size_t size)
{
    (void)data;
    struct block *old = memory != NULL ? block_of(memory) : NULL;
    if (size == 0) {
        if (old != NULL)
            free_block(old);
        atomic_fetch_sub(&blocks_held, old != NULL);
        return NULL;
    }
    long number = atomic_fetch_add(&allocations, 1), failing = atomic_load(&failing_allocation);
    if (number == failing || (failing >= 0 && number > failing && atomic_load(&memory_stays_gone)))
        return NULL;
    void *moved = new_block(size);
    atomic_fetch_add(&blocks_held, old == NULL && moved != NULL);
    if (old == NULL || moved == NULL)
        return moved;
    memcpy(moved, memory, old->size < size ? old->size : size);
    free_block(old);
    return moved;
}

void harness_begin(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (eddy_set_allocator(&(eddy_allocator){resize, NULL}) < 0)
        abort();
}

void fail_allocations_from(long n)
{
    fail_allocation(n);
    atomic_store(&memory_stays_gone, n >= 0);
}

void fail_allocation(long n)
{
    atomic_store(&memory_stays_gone, false);
    atomic_store(&allocations, 0);
    atomic_store(&failing_allocation, n);
}

long allocation_count(void)
{
    return atomic_load(&allocations);
}

long harness_blocks_held(void)
{
    return atomic_load(&blocks_held);
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

const eddy_place *last_report_place(void)
{
    return report_place;
}

void note_report(const eddy_report *report, void *data)
{
    (void)data;
    seen_reports[report->kind]++;
    snprintf(report_message, sizeof report_message, "%s", report->message);
    snprintf(report_name, sizeof report_name, "%s", report->name != NULL ? report->name : "");
    report_place = report->place;
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
    report_place = NULL;
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

/* An empty run: a run frees the error that the one before kept for eddy_error_get(). */
EDDY_ASYNC(forget_last_error)
{
    return 0;
}

void harness_run(eddy_coroutine *main, const eddy_run_options *given)
{
    reset();
    // The coroutine object is a block that the run frees.
    long blocks_before = atomic_load(&blocks_held) - 1;
    int descriptors_before = count_descriptors();
    eddy_run_options options = *given;
    options.exception_handler = note_report;
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

/* ---- watched, and children -------------------------------------------------------------------*/

#if defined(__has_feature)
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif

bool is_watched(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer)
    return true;
#else
    const char *preload = getenv("LD_PRELOAD"); // Valgrind's own libraries
    return (preload != NULL && strstr(preload, "vgpreload") != NULL) ||
           getenv("QEMU_SET_ENV") != NULL || getenv("QEMU_LD_PREFIX") != NULL;
#endif
}

static const char child_mark[] = "--as-a-child";
enum { CANT_EXEC = 126 };

bool harness_is_child(const char *argument)
{
    return strcmp(argument, child_mark) == 0;
}

__attribute__((weak)) int harness_child(const char *name)
{
    fprintf(stderr, "no child is called %s\n", name);
    return CANT_EXEC;
}

_Noreturn static void become(const char *path, const char *name, int out_fd)
{
    dup2(out_fd, STDOUT_FILENO);
    dup2(out_fd, STDERR_FILENO);
    char mark[sizeof child_mark];
    memcpy(mark, child_mark, sizeof mark);
    char copy[64];
    snprintf(copy, sizeof copy, "%s", name);
    char own[4096];
    snprintf(own, sizeof own, "%s", path);
    execv(path, (char *[]){own, mark, copy, NULL});
    _exit(CANT_EXEC);
}

static void read_all(int fd, char *output, size_t size)
{
    size_t length = 0;
    char lost[256];
    for (;;) {
        bool has_room = length + 1 < size;
        ssize_t n = read(fd, has_room ? output + length : lost,
                         has_room ? size - 1 - length : sizeof lost);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        if (has_room)
            length += (size_t)n;
    }
    output[length] = '\0';
}

int run_child(const char *name, char *output, size_t size)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    int fds[2];
    if (length < 0 || pipe2(fds, O_CLOEXEC) < 0)
        return -1;
    path[length] = '\0';
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        become(path, name, fds[1]);
    close(fds[1]);
    read_all(fds[0], output, size);
    close(fds[0]);
    int status = -1;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return child < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == CANT_EXEC) ? -1 : status;
}
