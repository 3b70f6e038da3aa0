/* SPDX-License-Identifier: MIT */
/*
 * test_stack.c: the pool of stacks, their guards, and what is said when one is hit: stack.c,
 * guard.c and overflow.c of src/arch/. What ends the program happens in a child process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/arch.h"
#include "arch/guard.h"

enum { KIB = 1024 };

static struct stack_pool pool;
static struct sigaction original;    // of SIGSEGV, which the test runner takes

static int set_up(void **state)
{
    (void)state;
    return eddy__stack_pool_init(&pool, 0, 0);
}

static int tear_down(void **state)
{
    (void)state;
    eddy__stack_pool_fini(&pool);
    return 0;
}

static size_t count_maps(void)
{
    size_t lines = 0;
    FILE *file = fopen("/proc/self/maps", "re");

    for (int c; (c = fgetc(file)) != EOF;)
        lines += c == '\n';
    fclose(file);
    return lines;
}

static struct stack **take_many(size_t count)
{
    struct stack **stacks = malloc(count * sizeof *stacks);

    for (size_t i = 0; stacks && i < count; i++) {
        stacks[i] = eddy__stack_take(&pool, 0);
        if (!stacks[i])
            fail_msg("no stack %zu", i);
    }
    return stacks;
}

/* ---- taking and giving -----------------------------------------------------------------------*/

static void the_last_one_given_is_the_first_one_taken(void **state)
{
    (void)state;
    struct stack *a = eddy__stack_take(&pool, 0);
    struct stack *b = eddy__stack_take(&pool, 0);
    assert_non_null(a);
    assert_ptr_not_equal(a, b);
    a->owner = &pool;
    eddy__stack_give(&pool, b);
    eddy__stack_give(&pool, a);
    assert_ptr_equal(eddy__stack_take(&pool, 0), a);
    assert_ptr_equal(eddy__stack_take(&pool, 0), b);
}

static void tops_are_aligned_and_staggered(void **state)
{
    uintptr_t first = 0;
    size_t like_the_first = 0;

    (void)state;
    for (int i = 0; i < 64; i++) {
        struct stack *stack = eddy__stack_take(&pool, 0);
        uintptr_t top = (uintptr_t)eddy__stack_top(stack);
        uintptr_t end = (uintptr_t)stack->low + stack->size;
        assert_int_equal(top % 16, 0);
        // The page that holds the descriptor must leave room for a blocked task's frames.
        assert_true(top <= (uintptr_t)stack && end - top < 1536 + sizeof(struct stack));
        first = i == 0 ? top % 4096 : first;
        like_the_first += top % 4096 == first;
    }
    assert_in_range(like_the_first, 1, 8);
}

static void sizes_can_be_chosen(void **state)
{
    struct stack_pool small;

    (void)state;
    assert_int_equal(eddy__stack_pool_init(&small, 1, 0), 0);
    assert_true(eddy__stack_size(eddy__stack_take(&small, 0)) >= EDDY__STACK_MIN);
    eddy__stack_pool_fini(&small);
    assert_int_equal(eddy__stack_pool_init(&small, 100 * KIB + 1, 0), 0);
    assert_int_equal(eddy__stack_size(eddy__stack_take(&small, 0)), 100 * KIB + small.page_size);

    struct stack *big = eddy__stack_take(&small, 8 * KIB * KIB);
    struct stack *odd = eddy__stack_take(&small, 200 * KIB);
    assert_int_equal(eddy__stack_size(big), 8 * KIB * KIB);
    assert_int_equal(eddy__stack_size(odd), 256 * KIB);
    memset(big->low, 1, 1);
    memset(odd->low, 1, 1);
    eddy__stack_give(&small, big);
    eddy__stack_give(&small, odd);
    assert_ptr_equal(eddy__stack_take(&small, 250 * KIB), odd);
    assert_ptr_equal(eddy__stack_take(&small, 7 * KIB * KIB), big);
    eddy__stack_pool_fini(&small);
}

static void sizes_that_cannot_be_are_refused(void **state)
{
    struct stack_pool other;

    (void)state;
    assert_int_equal(eddy__stack_pool_init(&other, (size_t)EDDY__STACK_MAX + 1, 0), -EINVAL);
    assert_null(eddy__stack_take(&pool, (size_t)EDDY__STACK_MAX + 1));
    assert_null(eddy__stack_take(&pool, SIZE_MAX));
    assert_non_null(eddy__stack_take(&pool, EDDY__STACK_MAX));
}

static void without_memory_there_is_no_stack(void **state)
{
    (void)state;
    if (eddy__fiber_is_watched())
        skip();
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {64 * KIB * KIB, 64 * KIB * KIB};
        setrlimit(RLIMIT_AS, &limit);
        int n = 0;
        while (n < 10000 && eddy__stack_take(&pool, 0))
            n++;
        _exit(n > 0 && n < 10000 && !eddy__stack_take(&pool, 0) ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    if (status == 256)
        skip();    // emulators don't keep the limit
    assert_int_equal(status, 0);
}

enum { EMULATED = 99 }; // exit status: emulators don't keep the limit

/* In a child with little address space: 0 if all holds, else the number of what does not. */
static int exhaust(void)
{
    struct stack_pool other;
    struct stack *stack = NULL;
    struct stack *next;
    struct rlimit limit = {64 * KIB * KIB, RLIM_INFINITY};
    if (eddy__stack_pool_init(&other, 64 * KIB, 0) < 0 || eddy__stack_take(&other, 0) == NULL)
        return 1;
    setrlimit(RLIMIT_AS, &limit);
    pool.retry_pause_ns = INT64_MAX;
    int count = 0;
    while (count++ < 10000 && (next = eddy__stack_take(&pool, 0)) != NULL)
        stack = next;
    if (stack == NULL || count > 10000)
        return EMULATED;
    for (int i = 0; i < 1000; i++)
        if (eddy__stack_take(&pool, 0) != NULL)
            return 2;
    if (pool.failure_count != 1)
        return 3; // it asked the kernel again
    if (eddy__stack_take(&pool, EDDY__STACK_MIN) == NULL && pool.failure_count != 2)
        return 7; // smaller ones may be had: it is tried
    size_t failures = pool.failure_count;
    eddy__stack_give(&pool, stack);
    if (eddy__stack_take(&pool, 0) != stack)
        return 4;
    eddy__stack_pool_fini(&other);
    if (eddy__stack_take(&pool, 0) == NULL)
        return 5; // what another pool has given back can be had
    while (eddy__stack_take(&pool, 0) != NULL)
        continue;
    pool.retry_pause_ns = 0;
    if (pool.failure_count != failures + 1 || eddy__stack_take(&pool, 0) != NULL ||
        pool.failure_count != failures + 2)
        return 6; // after the pause it is tried again
    return 0;
}

static void a_limit_that_was_reached_is_remembered(void **state)
{
    (void)state;
    if (eddy__fiber_is_watched())
        skip();
    pid_t child = fork();
    if (child == 0)
        _exit(exhaust());
    int status;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == EMULATED)
        skip();
    assert_int_equal(status, 0);
}

/* ---- use -------------------------------------------------------------------------------------*/

static void use_is_known_to_the_page(void **state)
{
    (void)state;
    struct stack *stack = eddy__stack_take(&pool, 0);
    assert_in_range(eddy__stack_used(stack), 1, 2 * pool.page_size);
    memset((char *)eddy__stack_top(stack) - 20 * KIB, 1, 1);
    assert_in_range(eddy__stack_used(stack), 20 * KIB, 20 * KIB + 2 * pool.page_size);
    memset(stack->low, 1, 1);
    assert_int_equal(eddy__stack_used(stack), eddy__stack_size(stack));
}

static void a_measuring_pool_forgets_earlier_users(void **state)
{
    (void)state;
    pool.is_measuring = true;
    struct stack *stack = eddy__stack_take(&pool, 0);
    memset(stack->low, 1, 1);
    eddy__stack_give(&pool, stack);
    assert_ptr_equal(eddy__stack_take(&pool, 0), stack);
    assert_in_range(eddy__stack_used(stack), 1, 2 * pool.page_size);
}

static void more_than_enough_free_stacks_give_their_pages_back(void **state)
{
    enum { COUNT = EDDY__STACK_WARM_MAX + 96 };    // a slab and a half too many

    (void)state;
    struct stack **stacks = take_many(COUNT);
    for (int i = 0; i < COUNT; i++)
        memset(stacks[i]->low, 1, 1);
    for (int i = 0; i < EDDY__STACK_WARM_MAX + 32; i++)
        eddy__stack_give(&pool, stacks[i]);
    assert_int_equal(pool.shelves[0].free_count, EDDY__STACK_WARM_MAX);
    assert_int_equal(eddy__stack_used(stacks[0]), eddy__stack_size(stacks[0]));
    struct stack *cold = stacks[EDDY__STACK_WARM_MAX];
    assert_in_range(eddy__stack_used(cold), 1, 2 * pool.page_size);

    // All come back: the warm ones, then the cold ones, and none twice.
    for (int i = 0; i < EDDY__STACK_WARM_MAX + 32; i++)
        assert_non_null(eddy__stack_take(&pool, 0)->low);
    assert_null(pool.shelves[0].free);
    assert_null(pool.shelves[0].cold);
    free(stacks);
}

static void a_burst_is_unmapped(void **state)
{
    enum { COUNT = EDDY__STACK_WARM_MAX + 64 * 20 };

    (void)state;
    if (eddy__fiber_is_watched())
        skip();                          // the tools map much for themselves
    pool.guard_kind = GUARD_MPROTECT;    // so that stacks can be counted as mappings
    size_t before = count_maps();
    struct stack **stacks = take_many(COUNT);
    size_t at_most = count_maps();
    for (int i = 0; i < COUNT; i++)
        eddy__stack_give(&pool, stacks[i]);
    size_t after = count_maps();
    free(stacks);
    assert_true(at_most >= before + 2 * COUNT - 64);
    assert_true(after <= before + 2 * (EDDY__STACK_WARM_MAX + 64) + 64);
}

static void a_pool_leaves_nothing_behind(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        struct stack_pool other;
        assert_int_equal(eddy__stack_pool_init(&other, 0, 0), 0);
        other.guard_kind = round == 1 ? GUARD_MPROTECT : other.guard_kind;
        size_t before = count_maps();
        for (int i = 0; i < 500; i++)
            memset(eddy__stack_take(&other, i % 5 ? 0 : 32 * KIB)->low, 1, 1);
        eddy__stack_pool_fini(&other);
        // The first round may let stdio map something for good; the tools may at any time.
        assert_true(round == 0 || eddy__fiber_is_watched() || count_maps() <= before);
    }
}

static void two_hundred_thousand_stacks(void **state)
{
    enum { COUNT = 200000 };

    (void)state;
    if (eddy__fiber_is_watched() || pool.guard_kind != GUARD_MADVISE)
        skip();
    struct stack **stacks = take_many(COUNT);
    for (int i = 0; i < COUNT; i += 1000)
        memset((char *)eddy__stack_top(stacks[i]) - 64, 1, 64);
    assert_true(count_maps() < 30000);
    assert_ptr_equal(eddy__stack_of_guard(&pool, stacks[12345]->low - 1), stacks[12345]);
    for (int i = 0; i < COUNT; i++)
        eddy__stack_give(&pool, stacks[i]);
    free(stacks);
}

/* ---- guards ----------------------------------------------------------------------------------*/

/* How many stacks that will be carved after `last`, from the same slab, have their tops already. */
static size_t count_ahead(const struct stack *last)
{
    const size_t stride = pool.guard_size + last->size;
    unsigned char present = 1;
    size_t n = 0;

    for (char *page = last->low - pool.guard_size - pool.page_size;; page -= stride, n++)
        if (mincore(page, pool.page_size, &present) < 0 || !(present & 1))
            return n;
}

static void tops_are_committed_ahead_in_a_crowd(void **state)
{
    enum { FEW = 100, CROWD = 1000 };    // neither ends with a slab

    (void)state;
    if (eddy__fiber_is_watched() || pool.guard_kind != GUARD_MADVISE)
        skip();
    struct stack **stacks = take_many(FEW);
    assert_int_equal(count_ahead(stacks[FEW - 1]), 0);
    free(stacks);
    stacks = take_many(CROWD);
    size_t ahead = count_ahead(stacks[CROWD - 1]);
    assert_true(pool.can_commit ? ahead >= 1 && ahead <= 15 : ahead == 0);
    free(stacks);
}

static void where_tops_cannot_be_committed_they_are_touched(void **state)
{
    enum { CROWD = 1000 };

    (void)state;
    pool.can_commit = false;
    struct stack **stacks = take_many(CROWD);
    memset((char *)eddy__stack_top(stacks[CROWD - 1]) - 64, 1, 64);
    free(stacks);
}

static void a_guard_is_found_by_its_addresses(void **state)
{
    (void)state;
    struct stack *a = eddy__stack_take(&pool, 0);
    struct stack *b = eddy__stack_take(&pool, 32 * KIB);
    assert_ptr_equal(eddy__stack_of_guard(&pool, a->low - 1), a);
    assert_ptr_equal(eddy__stack_of_guard(&pool, a->low - pool.guard_size), a);
    assert_ptr_equal(eddy__stack_of_guard(&pool, b->low - 8), b);
    assert_null(eddy__stack_of_guard(&pool, a->low));
    assert_null(eddy__stack_of_guard(&pool, a->low - pool.guard_size - 1));
    assert_null(eddy__stack_of_guard(&pool, NULL));
}

/* What a child does that is going to die, and what it left. */
struct death {
    int status;
    char text[8192];
};

static struct death die(void (*act)(void))
{
    struct death death = {0};
    int ends[2];
    size_t length = 0;
    ssize_t n;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        sigaction(SIGSEGV, &original, NULL);
        dup2(ends[1], STDERR_FILENO);
        act();
        _exit(0);
    }
    close(ends[1]);
    while ((n = read(ends[0], death.text + length, sizeof death.text - 1 - length)) > 0)
        length += (size_t)n;
    close(ends[0]);
    waitpid(child, &death.status, 0);
    return death;
}

/* Sanitizers turn the signal into a report and an exit status. */
static void assert_died_of(struct death death, int signo)
{
    if (WIFSIGNALED(death.status))
        assert_int_equal(WTERMSIG(death.status), signo);
    else
        assert_true(eddy__fiber_is_watched() && WEXITSTATUS(death.status) != 0);
}

static enum guard_kind kind_tried;
static ptrdiff_t offset_tried;    // from `low`

static void touch(void)
{
    pool.guard_kind = kind_tried;
    struct stack *stack = eddy__stack_take(&pool, 0);
    ((volatile char *)stack->low)[offset_tried] = 1;
}

static void both_kinds_of_guard_fault(void **state)
{
    ptrdiff_t guard_size = (ptrdiff_t)pool.guard_size;
    ptrdiff_t inside[] = {-1, -guard_size};
    enum guard_kind kinds[] = {eddy__guard_probe(), GUARD_MPROTECT};

    (void)state;
    for (int i = 0; i < 4; i++) {
        kind_tried = kinds[i / 2];
        offset_tried = inside[i % 2];
        assert_died_of(die(touch), SIGSEGV);
    }
    offset_tried = 0;
    assert_int_equal(die(touch).status, 0);
}

/* ---- the report of an overflow ---------------------------------------------------------------*/

static struct fiber native;
static struct context native_context;
static struct overflow_guard overflow_guard;
static overflow_describer *describer;

static __attribute__((noinline)) unsigned sink(unsigned depth)
{
    volatile unsigned char room[900];

    room[depth % sizeof room] = (unsigned char)depth;
    return depth == 0 ? 0 : sink(depth - 1) + room[depth % sizeof room];
}

static void overflow_now(void *arg)
{
    struct stack *mine = arg;

    sink(100000);
    eddy__fiber_leave(&mine->fiber, &native_context, &native);
}

static void overflow_a_task(void)
{
    eddy__fiber_init_native(&native);
    eddy__overflow_guard_arm(&overflow_guard, &pool, describer, "fetch-7");
    struct stack *stack = eddy__stack_take(&pool, 0);
    eddy__fiber_start(&native_context, &native, stack, overflow_now, stack);
}

static size_t describe(void *arg, const struct stack *stack, char *buf, size_t size)
{
    return (size_t)snprintf(buf, size, "task '%s' overflowed %zu bytes", (char *)arg, stack->size);
}

static void an_overflow_is_told_by_name(void **state)
{
    char expected[100];

    (void)state;
    describer = describe;
    struct death death = die(overflow_a_task);
    assert_died_of(death, SIGSEGV);
    if (eddy__fiber_is_watched())
        return;    // the tool tells it in its own words
    snprintf(expected, sizeof expected, "task 'fetch-7' overflowed %zu bytes\n",
             pool.shelves[0].size);
    assert_non_null(strstr(death.text, expected));    // emulators add words of their own
    describer = NULL;
    assert_non_null(strstr(die(overflow_a_task).text, "stack overflow: a task needs more"));
}

static void touch_a_guard_from_elsewhere(void)
{
    eddy__overflow_guard_arm(&overflow_guard, &pool, describe, "nobody");
    touch();
}

static void be_sent_the_signal(void)
{
    eddy__overflow_guard_arm(&overflow_guard, &pool, describe, "nobody");
    kill(getpid(), SIGSEGV);
}

static void other_faults_die_without_a_word(void **state)
{
    void (*acts[])(void) = {touch_a_guard_from_elsewhere, be_sent_the_signal};

    (void)state;
    if (eddy__fiber_is_watched())
        skip();
    kind_tried = GUARD_MPROTECT;
    offset_tried = -1;
    for (int i = 0; i < 2; i++) {
        struct death death = die(acts[i]);
        assert_died_of(death, SIGSEGV);
        assert_null(strstr(death.text, "overflow"));
    }
}

static void *arm_on_a_thread_of_its_own(void *arg)
{
    struct overflow_guard guard;
    stack_t during, after;
    int *is_ok = arg;
    eddy__overflow_guard_arm(&guard, &pool, NULL, NULL);
    sigaltstack(NULL, &during);
    eddy__overflow_guard_disarm(&guard);
    sigaltstack(NULL, &after);
    *is_ok = !(during.ss_flags & SS_DISABLE) &&
             (guard.signal_stack == NULL || (after.ss_flags & SS_DISABLE));
    return NULL;
}

static void a_loop_in_a_loop_borrows_the_signal_once(void **state)
{
    struct sigaction runners, during, after;
    struct overflow_guard inner;
    pthread_t thread;
    int is_ok = 0;

    (void)state;
    sigaction(SIGSEGV, &original, &runners);
    assert_int_equal(eddy__overflow_guard_arm(&overflow_guard, &pool, NULL, NULL), 0);
    assert_int_equal(eddy__overflow_guard_arm(&inner, &pool, NULL, NULL), 0);
    sigaction(SIGSEGV, NULL, &during);
    if (!eddy__fiber_is_watched())
        assert_true(during.sa_flags & SA_ONSTACK);
    pthread_create(&thread, NULL, arm_on_a_thread_of_its_own, &is_ok);
    pthread_join(thread, NULL);
    assert_int_equal(is_ok, 1);
    eddy__overflow_guard_disarm(&inner);
    sigaction(SIGSEGV, NULL, &after);
    assert_ptr_equal(after.sa_sigaction, during.sa_sigaction);
    eddy__overflow_guard_disarm(&overflow_guard);
    sigaction(SIGSEGV, NULL, &after);
    sigaction(SIGSEGV, &runners, NULL);
    assert_ptr_equal(after.sa_sigaction, original.sa_sigaction);
}

static void a_signal_that_is_taken_stays_theirs(void **state)
{
    struct sigaction runners, during, after, theirs = {.sa_handler = SIG_IGN};

    (void)state;
    sigaction(SIGSEGV, &theirs, &runners);
    eddy__overflow_guard_arm(&overflow_guard, &pool, NULL, NULL);
    sigaction(SIGSEGV, NULL, &during);
    eddy__overflow_guard_disarm(&overflow_guard);
    sigaction(SIGSEGV, NULL, &after);
    sigaction(SIGSEGV, &runners, NULL);
    assert_ptr_equal(during.sa_handler, SIG_IGN);
    assert_ptr_equal(after.sa_handler, SIG_IGN);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_last_one_given_is_the_first_one_taken),
        CASE(tops_are_aligned_and_staggered),
        CASE(sizes_can_be_chosen),
        CASE(sizes_that_cannot_be_are_refused),
        CASE(without_memory_there_is_no_stack),
        CASE(a_limit_that_was_reached_is_remembered),
        CASE(use_is_known_to_the_page),
        CASE(a_measuring_pool_forgets_earlier_users),
        CASE(more_than_enough_free_stacks_give_their_pages_back),
        CASE(a_burst_is_unmapped),
        CASE(a_pool_leaves_nothing_behind),
        CASE(two_hundred_thousand_stacks),
        CASE(tops_are_committed_ahead_in_a_crowd),
        CASE(where_tops_cannot_be_committed_they_are_touched),
        CASE(a_guard_is_found_by_its_addresses),
        CASE(both_kinds_of_guard_fault),
        CASE(an_overflow_is_told_by_name),
        CASE(other_faults_die_without_a_word),
        CASE(a_loop_in_a_loop_borrows_the_signal_once),
        CASE(a_signal_that_is_taken_stays_theirs),
    };

    sigaction(SIGSEGV, NULL, &original);
    return cmocka_run_group_tests_name("stack", tests, NULL, NULL);
}
