/* SPDX-License-Identifier: MIT */
/*
 * overflow.c: reports a hit guard as a message.
 *
 * A task that overflows its stack touches the guard below it and gets SIGSEGV. There is no stack
 * left for a handler, so it runs on the thread's alternate stack. It asks the pool whose guard was
 * hit, lets core name that task, writes the message to stderr, restores the default disposition and
 * returns. The same instruction faults again, and the program dies of the same signal, with the
 * core dump it would have had.
 *
 *   - The signals belong to the program first: they are handled only where the disposition is the
 *     default, and restored when the last loop ends, unless other code has replaced our handler.
 *   - The thread's own stack, on which callbacks and the jobs of threads run, is reported in the
 *     same way: its bounds are asked of libc when a guard is armed.
 *   - A fault in no guard of ours ends the program the same way, without a message. So does one in
 *     the guard of a stack that we weren't running on: a stray pointer is no overflow.
 *   - The disposition belongs to the process and is counted under a lock; pool and alternate stack
 *     belong to the thread. The handler reads the thread-local, so it must not be allocated on
 *     first use: hence the initial-exec model.
 *   - AddressSanitizer and ThreadSanitizer install their own handler, so there is no default for us
 *     to replace, and they report the overflow themselves.
 *
 * Owns the alternate stacks that it allocated. Called by core/ through arch.h.
 */
#include "arch.h"
#include "registers.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    SIGNAL_STACK_SIZE = 64 * 1024,    // bytes; vector registers alone may fill 11 KiB of it
    SENTENCE_MAX = 1024,              // bytes, with the newline
    FIRST_GAP = 1024 * 1024,          // below the first thread's stack: 256 pages
    NATIVE_MARGIN = 4096,             // the limit of that stack is rounded
    NATIVE_FRAME_MAX = 64 * 1024,     // bytes of the frame that overflows
};

static __thread struct overflow_guard *armed __attribute__((tls_model("initial-exec")));

/* The thread's own stack, found when a guard is first armed on it. `high` 0: not found. */
static __thread struct native_stack {
    uintptr_t low; // the lowest usable address
    uintptr_t high;
    size_t guard_size; // a fault in these bytes below it is an overflow
} native __attribute__((tls_model("initial-exec")));

/* Shared by the whole process: the two signals, and how many threads use them. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned armed_count;
static const int signals[] = {SIGSEGV, SIGBUS};
static bool is_taken[2];

/* ---- in the handler: async-signal-safe only --------------------------------------------------*/

static size_t append(char *buf, size_t length, const char *text)
{
    size_t n = strlen(text);
    memcpy(buf + length, text, n);
    return length + n;
}

static size_t append_number(char *buf, size_t length, size_t number)
{
    char digits[24];
    char *first = digits + sizeof digits - 1;
    *first = '\0';
    do
        *--first = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    return append(buf, length, first);
}

/* The message when no describer has one. */
static size_t describe_plainly(const struct stack *stack, char *buf)
{
    size_t n = append(buf, 0, "eddy: stack overflow: a task needs more than its stack of ");
    n = append_number(buf, n, stack->size / 1024);
    return append(buf, n, " KiB; give it a larger one, or move large locals to the heap");
}

static void say(char *buf, size_t n)
{
    buf[n++] = '\n';
    // A failure of this can't be reported.
    ssize_t written = write(STDERR_FILENO, buf, n);
    (void)written;
}

static void tell(const struct overflow_guard *guard, const struct stack *stack)
{
    char buf[SENTENCE_MAX];
    size_t n = 0;
    if (guard->describe)
        n = guard->describe(guard->describe_arg, stack, buf, sizeof buf - 1);
    if (n == 0 || n > sizeof buf - 1)
        n = describe_plainly(stack, buf);
    say(buf, n);
}

static void tell_native(const struct overflow_guard *guard, const void *pc)
{
    char buf[SENTENCE_MAX];
    size_t n = 0;
    if (guard->describe_native)
        n = guard->describe_native(guard->describe_arg, pc, native.high - native.low, buf,
                                   sizeof buf - 1);
    if (n == 0 || n > sizeof buf - 1)
        n = append(buf, 0, "eddy: stack overflow on a thread's own stack");
    say(buf, n);
}

/* Whether the thread touched the guard below its own stack while it ran on that stack. */
static bool is_native_overflow(const siginfo_t *info, const void *ucontext)
{
    uintptr_t address = (uintptr_t)info->si_addr;
    uintptr_t sp = stack_pointer_of(ucontext);
    if (info->si_code <= 0 || native.high == 0)
        return false;
    return address < native.low + NATIVE_MARGIN && address >= native.low - native.guard_size &&
           sp < native.low + NATIVE_FRAME_MAX && sp >= native.low - native.guard_size;
}

/*
 * The stack that overflowed, or NULL: a guard of this thread's pool was hit, by its own stack. A
 * buffer overrun on the stack below hits the same guard from the other side.
 */
static const struct stack *find_overflow(const struct overflow_guard *guard, const siginfo_t *info,
                                         const void *ucontext)
{
    if (!guard || !guard->pool || info->si_code <= 0)
        return NULL;
    const struct stack *stack = eddy__stack_of_guard(guard->pool, info->si_addr);
    if (!stack)
        return NULL;
    uintptr_t sp = stack_pointer_of(ucontext);
    bool is_ours =
        sp <= (uintptr_t)stack->top && sp >= (uintptr_t)stack->low - guard->pool->guard_size;
    return is_ours ? stack : NULL;
}

static void on_fault(int signo, siginfo_t *info, void *ucontext)
{
    const struct overflow_guard *guard = armed;
    const struct stack *stack = find_overflow(guard, info, ucontext);
    if (stack)
        tell(guard, stack);
    else if (guard && is_native_overflow(info, ucontext))
        tell_native(guard, program_counter_of(ucontext));
    signal(signo, SIG_DFL);
    // A fault recurs when we return; a signal that was sent must be sent again.
    if (info->si_code <= 0)
        raise(signo);
}

/* ---- arming ----------------------------------------------------------------------------------*/

static void take_signals(void)
{
    struct sigaction ours = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&ours.sa_mask);
    for (int i = 0; i < 2; i++) {
        struct sigaction now;
        if (sigaction(signals[i], NULL, &now) < 0 || (now.sa_flags & SA_SIGINFO) ||
            now.sa_handler != SIG_DFL)
            continue;
        is_taken[i] = sigaction(signals[i], &ours, NULL) == 0;
    }
}

static void give_signals_back(void)
{
    for (int i = 0; i < 2; i++) {
        struct sigaction now;
        if (is_taken[i] && sigaction(signals[i], NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) &&
            now.sa_sigaction == on_fault)
            signal(signals[i], SIG_DFL);
        is_taken[i] = false;
    }
}

/*
 * Finds the thread's own stack, once. The stack of the first thread grows as far as its limit
 * allows, or down to a mapping, and the kernel keeps a gap below it.
 */
static void find_native_stack(void)
{
    pthread_attr_t attributes;
    void *low;
    size_t size;
    size_t guard_size = 0;
    if (native.high != 0 || pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    if (pthread_attr_getstack(&attributes, &low, &size) == 0) {
        (void)pthread_attr_getguardsize(&attributes, &guard_size);
        bool is_first = getpid() == gettid();
        native = (struct native_stack){
            .low = (uintptr_t)low,
            .high = (uintptr_t)low + size,
            .guard_size = is_first ? FIRST_GAP : guard_size,
        };
    }
    pthread_attr_destroy(&attributes);
}

/* Gives the thread an alternate stack, in `*out`, unless it has one. */
static int provide_signal_stack(void **out)
{
    stack_t now;
    *out = NULL;
    if (sigaltstack(NULL, &now) < 0 || !(now.ss_flags & SS_DISABLE))
        return 0;
    void *base = mmap(NULL, SIGNAL_STACK_SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (base == MAP_FAILED)
        return -ENOMEM;
    sigaltstack(&(stack_t){.ss_sp = base, .ss_size = SIGNAL_STACK_SIZE}, NULL);
    *out = base;
    return 0;
}

static void withdraw_signal_stack(void *base)
{
    stack_t now;
    if (!base)
        return;
    // Other code may have replaced it.
    if (sigaltstack(NULL, &now) == 0 && now.ss_sp == base)
        sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    munmap(base, SIGNAL_STACK_SIZE);
}

int eddy__overflow_guard_arm(struct overflow_guard *guard, const struct stack_pool *pool,
                             overflow_describer *describe, void *describe_arg)
{
    *guard = (struct overflow_guard){
        .pool = pool,
        .describe = describe,
        .describe_arg = describe_arg,
        .outer = armed,
    };
    find_native_stack();
    int err = provide_signal_stack(&guard->signal_stack);
    if (err < 0)
        return err;
    armed = guard;
    pthread_mutex_lock(&lock);
    if (armed_count++ == 0)
        take_signals();
    pthread_mutex_unlock(&lock);
    return 0;
}

void eddy__overflow_guard_disarm(struct overflow_guard *guard)
{
    pthread_mutex_lock(&lock);
    if (--armed_count == 0)
        give_signals_back();
    pthread_mutex_unlock(&lock);
    armed = guard->outer;
    withdraw_signal_stack(guard->signal_stack);
}
