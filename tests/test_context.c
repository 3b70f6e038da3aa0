/* SPDX-License-Identifier: MIT */
/*
 * test_context.c: switching, starting and leaving stacks: src/arch/context_*.S and fiber_*.h.
 *
 * Nothing is asserted on a task's stack: what a task sees is stored, and looked at by the runner.
 * tests/test_backtrace.sh runs this program under a debugger and stops in backtrace_stop().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "arch/arch.h"

/* A scheduler in twenty lines: the runner's stack, a pool, and a place for each of two tasks. */
static struct stack_pool pool;
static struct fiber native;
static struct context native_context;
static struct context contexts[2];
static struct stack *stacks[2];

static int set_up(void **state)
{
    (void)state;
    eddy__fiber_init_native(&native);
    if (eddy__stack_pool_init(&pool, 0, 0) < 0)
        return -1;
    for (int i = 0; i < 2; i++)
        if (!(stacks[i] = eddy__stack_take(&pool, 0)))
            return -1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    eddy__stack_pool_fini(&pool);
    return 0;
}

static void start(int i, void (*entry)(void *), void *arg)
{
    eddy__fiber_start(&native_context, &native, stacks[i], entry, arg);
}

static void resume(int i)
{
    eddy__fiber_switch(&native_context, &native, &contexts[i], &stacks[i]->fiber);
}

static void suspend(int i)
{
    eddy__fiber_switch(&contexts[i], &stacks[i]->fiber, &native_context, &native);
}

static _Noreturn void finish(int i)
{
    eddy__fiber_leave(&stacks[i]->fiber, &native_context, &native);
}

/* ---- ping-pong -------------------------------------------------------------------------------*/

enum { ROUNDS = 20000 };

static char trace[2 * ROUNDS + 1];
static size_t trace_length;

static void play(void *arg)
{
    int me = *(int *)arg;
    int other = 1 - me;

    suspend(me);
    for (int i = 0; i < ROUNDS; i++) {
        trace[trace_length++] = me ? 'o' : 'i';
        if (i == ROUNDS - 1 && me == 1)
            break;
        eddy__fiber_switch(&contexts[me], &stacks[me]->fiber, &contexts[other],
                           &stacks[other]->fiber);
    }
    finish(me);
}

static void two_stacks_take_turns(void **state)
{
    int names[2] = {0, 1};

    (void)state;
    trace_length = 0;
    start(0, play, &names[0]);
    start(1, play, &names[1]);
    resume(0);
    assert_int_equal(trace_length, 2 * ROUNDS);
    for (size_t i = 0; i < trace_length; i++)
        assert_int_equal(trace[i], i % 2 ? 'o' : 'i');
}

/* ---- registers -------------------------------------------------------------------------------*/

/*
 * Fills every register a callee must preserve from `in`, switches, stores them to `out`. The order
 * is of no interest: what went in has to come out.
 */
enum { REGISTERS_MAX = 20 };

#if defined(__x86_64__)
enum { REGISTER_COUNT = 6 };
__asm__(".text\n"
        "switch_with: .cfi_startproc\n endbr64\n"
        "push %rbp\n push %rbx\n push %r12\n push %r13\n push %r14\n push %r15\n push %rcx\n"
        ".cfi_adjust_cfa_offset 56\n"
        "mov (%rdx),%rbp\n mov 8(%rdx),%rbx\n mov 16(%rdx),%r12\n"
        "mov 24(%rdx),%r13\n mov 32(%rdx),%r14\n mov 40(%rdx),%r15\n"
        "call eddy__context_switch\n"
        "pop %rcx\n .cfi_adjust_cfa_offset -8\n"
        "mov %rbp,(%rcx)\n mov %rbx,8(%rcx)\n mov %r12,16(%rcx)\n"
        "mov %r13,24(%rcx)\n mov %r14,32(%rcx)\n mov %r15,40(%rcx)\n"
        "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbx\n pop %rbp\n"
        ".cfi_adjust_cfa_offset -48\n"
        "ret\n .cfi_endproc\n");
#elif defined(__aarch64__)
enum { REGISTER_COUNT = 19 };
__asm__(".text\n .p2align 2\n"
        "switch_with: hint #34\n"
        "stp x29,x30,[sp,#-176]!\n stp x19,x20,[sp,#16]\n stp x21,x22,[sp,#32]\n"
        "stp x23,x24,[sp,#48]\n stp x25,x26,[sp,#64]\n stp x27,x28,[sp,#80]\n"
        "stp d8,d9,[sp,#96]\n stp d10,d11,[sp,#112]\n stp d12,d13,[sp,#128]\n"
        "stp d14,d15,[sp,#144]\n str x3,[sp,#160]\n"
        "ldp x19,x20,[x2]\n ldp x21,x22,[x2,#16]\n ldp x23,x24,[x2,#32]\n"
        "ldp x25,x26,[x2,#48]\n ldp x27,x28,[x2,#64]\n ldp d8,d9,[x2,#80]\n"
        "ldp d10,d11,[x2,#96]\n ldp d12,d13,[x2,#112]\n ldp d14,d15,[x2,#128]\n"
        "ldr x29,[x2,#144]\n"
        "bl eddy__context_switch\n"
        "ldr x3,[sp,#160]\n"
        "stp x19,x20,[x3]\n stp x21,x22,[x3,#16]\n stp x23,x24,[x3,#32]\n"
        "stp x25,x26,[x3,#48]\n stp x27,x28,[x3,#64]\n stp d8,d9,[x3,#80]\n"
        "stp d10,d11,[x3,#96]\n stp d12,d13,[x3,#112]\n stp d14,d15,[x3,#128]\n"
        "str x29,[x3,#144]\n"
        "ldp d14,d15,[sp,#144]\n ldp d12,d13,[sp,#128]\n ldp d10,d11,[sp,#112]\n"
        "ldp d8,d9,[sp,#96]\n ldp x27,x28,[sp,#80]\n ldp x25,x26,[sp,#64]\n"
        "ldp x23,x24,[sp,#48]\n ldp x21,x22,[sp,#32]\n ldp x19,x20,[sp,#16]\n"
        "ldp x29,x30,[sp],#176\n ret\n");
#endif

void switch_with(struct context *from, const struct context *to, const uint64_t *in, uint64_t *out);

static uint64_t task_registers[REGISTERS_MAX], native_registers[REGISTERS_MAX];

static void fill(uint64_t *registers, uint64_t seed)
{
    for (int i = 0; i < REGISTERS_MAX; i++)
        registers[i] = seed + (uint64_t)i;
}

static void hold_registers(void *arg)
{
    uint64_t in[REGISTERS_MAX];

    (void)arg;
    fill(in, 0x1111111111111100);
    eddy__fiber_announce_switch(&stacks[0]->fiber, &native);
    switch_with(&contexts[0], &native_context, in, task_registers);
    eddy__fiber_announce_return(&stacks[0]->fiber);
    finish(0);
}

static void registers_survive_on_both_sides(void **state)
{
    uint64_t in[REGISTERS_MAX], expected[REGISTERS_MAX];

    (void)state;
    start(0, hold_registers, NULL);
    fill(in, 0x2222222222222200);
    eddy__fiber_announce_switch(&native, &stacks[0]->fiber);
    switch_with(&native_context, &contexts[0], in, native_registers);
    eddy__fiber_announce_return(&native);
    assert_memory_equal(native_registers, in, REGISTER_COUNT * sizeof in[0]);
    fill(expected, 0x1111111111111100);
    assert_memory_equal(task_registers, expected, REGISTER_COUNT * sizeof in[0]);
}

/* ---- entry -----------------------------------------------------------------------------------*/

static uintptr_t seen_frame, seen_local;
static char seen_text[32];

static void look_around(void *arg)
{
    alignas(16) volatile char local[16] = {0};

    seen_frame = (uintptr_t)__builtin_frame_address(0);
    seen_local = (uintptr_t)local;
    // Prints with vector instructions that fault when the ABI's alignment is off.
    snprintf(seen_text, sizeof seen_text, "%.3f %d", *(double *)arg, local[3]);
    finish(0);
}

static void an_entry_is_aligned_and_gets_its_argument(void **state)
{
    double number = 2.5;

    (void)state;
    start(0, look_around, &number);
    assert_int_equal(seen_frame % 16, 0);
    assert_int_equal(seen_local % 16, 0);    // on a fake stack, where there is one
    assert_string_equal(seen_text, "2.500 0");
    assert_true(seen_frame > (uintptr_t)stacks[0]->low);
    assert_true(seen_frame < (uintptr_t)eddy__stack_top(stacks[0]));
}

static void start_the_other(void *arg)
{
    eddy__fiber_start(&contexts[0], &stacks[0]->fiber, stacks[1], play, arg);
    finish(0);
}

static void a_task_starts_a_task(void **state)
{
    int name = 1;

    (void)state;
    trace_length = 0;
    start(0, start_the_other, &name);    // the second task suspends to us
    eddy__fiber_switch(&native_context, &native, &contexts[0], &stacks[0]->fiber);
    assert_int_equal(trace_length, 0);
}

/* ---- depth -----------------------------------------------------------------------------------*/

/* Not instrumented, or the room might lie on a fake stack. */
__attribute__((noinline, no_sanitize("address"))) static unsigned dig(unsigned depth)
{
    volatile unsigned char room[512];

    memset((void *)room, (int)depth, sizeof room);
    if (depth == 0)
        return 0;
    return dig(depth - 1) + (room[depth % sizeof room] == (unsigned char)depth);
}

static void dig_and_rest(void *arg)
{
    unsigned *depth = arg;

    *depth = dig(*depth);
    suspend(0);
    *depth += dig(1);
    finish(0);
}

static void most_of_a_stack_can_be_used(void **state)
{
    unsigned depth = 60;    // 512 bytes each and what calls cost: over 30 KiB

    (void)state;
    start(0, dig_and_rest, &depth);
    assert_int_equal(depth, 60);
    resume(0);
    assert_int_equal(depth, 61);
    assert_true(eddy__stack_used(stacks[0]) >= 30 * 1024);
    assert_true(eddy__stack_used(stacks[0]) <= eddy__stack_size(stacks[0]));
}

enum { BLOCKED = 32 };    // more than there are different gaps

static struct context blocked[BLOCKED];
static struct stack *blocked_stacks[BLOCKED];

static void block(void *arg)
{
    size_t i = (size_t)((struct context *)arg - blocked);

    eddy__fiber_switch(arg, &blocked_stacks[i]->fiber, &native_context, &native);
    eddy__fiber_leave(&blocked_stacks[i]->fiber, &native_context, &native);
}

static void a_blocked_task_takes_one_page(void **state)
{
    (void)state;
    for (int i = 0; i < BLOCKED; i++) {
        struct stack *stack = blocked_stacks[i] = eddy__stack_take(&pool, 0);
        eddy__fiber_start(&native_context, &native, stack, block, &blocked[i]);
        assert_true(eddy__stack_used(stack) == pool.page_size || eddy__fiber_is_watched());
    }
    for (int i = 0; i < BLOCKED; i++)
        eddy__fiber_switch(&native_context, &native, &blocked[i], &blocked_stacks[i]->fiber);
}

/* ---- dying -----------------------------------------------------------------------------------*/

enum { GENERATIONS = 200000 };    // more than a sanitizer's shadow stack forgives

static unsigned generations, own_stack_count;

/* Lives, gives its stack back, and starts the next one on what the pool has: the same stack. */
static void live_and_pass_on(void *arg)
{
    struct stack *mine = arg;

    dig(3);
    eddy__stack_give(&pool, mine);
    if (++generations == GENERATIONS)
        eddy__fiber_leave(&mine->fiber, &native_context, &native);
    struct stack *next = eddy__stack_take(&pool, 0);
    own_stack_count += next == mine;
    eddy__fiber_leave_start(&mine->fiber, next, live_and_pass_on, next);
}

static void a_task_starts_on_the_stack_the_last_one_died_on(void **state)
{
    (void)state;
    generations = own_stack_count = 0;
    start(0, live_and_pass_on, stacks[0]);
    assert_int_equal(generations, GENERATIONS);
    assert_int_equal(own_stack_count, GENERATIONS - 1);
}

static void die_for_the_other(void *arg)
{
    (void)arg;
    eddy__stack_give(&pool, stacks[0]);
    eddy__fiber_leave(&stacks[0]->fiber, &contexts[1], &stacks[1]->fiber);
}

static void wait_for_the_other(void *arg)
{
    suspend(1);
    *(int *)arg = 1;
    finish(1);
}

static void a_dying_task_hands_over_to_a_suspended_one(void **state)
{
    int went_on = 0;

    (void)state;
    start(1, wait_for_the_other, &went_on);
    start(0, die_for_the_other, NULL);
    assert_int_equal(went_on, 1);
    assert_ptr_equal(eddy__stack_take(&pool, 0), stacks[0]);
}

/* ---- for the debugger ------------------------------------------------------------------------*/

__attribute__((noinline)) void backtrace_stop(volatile int *reached)
{
    *reached = 1;
}

static __attribute__((noinline)) void backtrace_middle(volatile int *reached)
{
    backtrace_stop(reached);
    *reached += 1;
}

static void backtrace_entry(void *arg)
{
    backtrace_middle(arg);
    finish(0);
}

static void a_debugger_can_stop_on_a_started_stack(void **state)
{
    volatile int reached = 0;

    (void)state;
    start(0, backtrace_entry, (void *)&reached);
    assert_int_equal(reached, 2);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(two_stacks_take_turns),
        CASE(registers_survive_on_both_sides),
        CASE(an_entry_is_aligned_and_gets_its_argument),
        CASE(a_task_starts_a_task),
        CASE(most_of_a_stack_can_be_used),
        CASE(a_blocked_task_takes_one_page),
        CASE(a_task_starts_on_the_stack_the_last_one_died_on),
        CASE(a_dying_task_hands_over_to_a_suspended_one),
        CASE(a_debugger_can_stop_on_a_started_stack),
    };

    return cmocka_run_group_tests_name("context", tests, NULL, NULL);
}
