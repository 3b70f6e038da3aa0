/* SPDX-License-Identifier: MIT */
/* M1: the limit.  A ring of TASKS stacks, each jumping straight to the next (x86-64 SysV).
   ns per switch.  usage: TASKS TOTAL [STAGGER [STACK]]
   STAGGER moves each stack's hot top by a different multiple of 64 bytes, so that the
   stacks do not all compete for the same cache sets.  STACK is the distance of two stacks in
   bytes; with Eddy's, 65536, this is the loop that touches as many stacks in the same order. */
#include "../common.h"
#include <sys/mman.h>

__attribute__((naked, noinline)) static void jump(void **save, void *to) {
    __asm__("pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n"
            "movq %rsp, (%rdi); movq %rsi, %rsp\n"
            "popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp; ret");
}
struct task { void *sp; struct task *next; };
static void *main_sp;
static struct task *ts, *cur;
static long left;

static void body(void) {
    for (;;) {
        struct task *me = cur;
        if (--left < 0) jump(&me->sp, main_sp);
        cur = me->next;
        jump(&me->sp, cur->sp);
    }
}
int main(int argc, char **argv) {
    long tasks = arg(argc, argv, 1, 2), total = arg(argc, argv, 2, 100000000), stag = arg(argc, argv, 3, 0);
    size_t sz = arg(argc, argv, 4, 16384);
    char *mem = mmap(0, sz * tasks, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mem == MAP_FAILED) { perror("mmap"); return 1; }
    ts = calloc(tasks, sizeof *ts);
    for (long i = 0; i < tasks; i++) {
        void **sp = (void **)(mem + sz * (i + 1) - (stag ? (i % 60) * 64 : 0));
        *--sp = 0;
        *--sp = (void *)body;
        sp -= 6;
        ts[i].sp = sp, ts[i].next = &ts[(i + 1) % tasks];
    }
    left = tasks, cur = ts; /* one lap first: the kernel hands out the pages */
    jump(&main_sp, ts[0].sp);
    left = total;
    double t = now_s();
    jump(&main_sp, cur->sp);
    report_ns(total, now_s() - t);
    return 0;
}
