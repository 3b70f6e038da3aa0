/* SPDX-License-Identifier: MIT */
/*
 * context_x86_64.S: the context switch, System V ABI on x86-64.
 *
 * A suspended stack, from the address in `struct context` upwards:
 *
 *     sp + 0   rbp
 *        + 8   where to go on
 *
 * What else a callee must preserve is saved by whoever suspends, above, as he likes: here with
 * pushes; where the switch is in line (jump.h) by the compiler, together with what the function
 * saves anyway.
 *
 * One exception: the rounding mode and exception masks (in mxcsr and the x87 control word) are left
 * as they are: they belong to the thread, as in asyncio, and who changes them puts them back before
 * awaiting.
 * Keeping one for each stack was measured: storing both words and loading them only when they
 * differ is 1.0 ns more between two stacks (3.6 became 4.6), 1.2 ns among a thousand (6.4 became
 * 7.7), and no order of the instructions made it cheaper. Everybody would pay for almost nobody.
 *
 * The processor predicts where a `ret` goes from the calls before it, and a wrong guess costs more
 * than the switch. So calls and returns are kept in step: we go on with a jump, and return from
 * where we were called; an entry is jumped to, with a return address pushed by hand; and who never
 * returns doesn't call us but jumps here (jump.h). Then a task that was started and ends leads back
 * to its starter with every guess right (18 ns became 6).
 *
 * What debuggers see: the frame layout is the same on both stacks, so the unwind rules hold on
 * either side of the exchange. Under an entry lies a frame of eddy__context_start whose return
 * address is declared undefined and whose rbp was zero: unwinders by table and by frame pointer
 * both end there.
 *
 * Hardware: every entry has a landing pad (endbr64), and the object is marked for indirect branch
 * tracking. It is not marked for shadow stacks, which the kernel would have to give each stack;
 * the linker thereby leaves them off for any program that contains it.
 *
 * C++: exceptions that are being handled are counted per thread, not per stack, so a task must not
 * suspend inside a catch block.
 */

    .text

    .macro  save register
    pushq   %\register
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset \register, 0
    .endm

    .macro  restore register
    popq    %\register
    .cfi_adjust_cfa_offset -8
    .cfi_restore \register
    .endm

    /* Leaves the stack as a suspended one that goes on at `resumed`, its address in (%rdi). */
    .macro  suspend resumed
    save    rbx
    save    r12
    save    r13
    save    r14
    save    r15
    leaq    \resumed(%rip), %rax
    pushq   %rax
    .cfi_adjust_cfa_offset 8
    save    rbp
    movq    %rsp, (%rdi)
    .endm

    /* Goes on where the stack that we are on was suspended. */
    .macro  go_on
    restore rbp
    popq    %rax
    .cfi_adjust_cfa_offset -8
    notrack jmp *%rax
    .endm

    /* Where `suspend` goes on: back to the caller. */
    .macro  resume
    restore r15
    restore r14
    restore r13
    restore r12
    restore rbx
    ret
    .endm

    .macro  begin name
    .globl  \name
    .hidden \name
    .type   \name, @function
    .p2align 5
\name:
    .cfi_startproc
    endbr64
    .endm

    .macro  end name
    .cfi_endproc
    .size   \name, . - \name
    .endm

/* void eddy__context_switch(struct context *from [rdi], const struct context *to [rsi]) */
    begin   eddy__context_switch
    suspend 1f
    movq    (%rsi), %rsp            // from here on the other stack, laid out alike
    go_on
1:  resume
    end     eddy__context_switch

/* What eddy__context_leave (jump.h) jumps to, with `const struct context *to` in rdi. */
    begin   eddy__context_jump
    movq    (%rdi), %rsp            // our own caller is forgotten
    .cfi_def_cfa rsp, 16
    .cfi_offset rbp, -16
    go_on
    end     eddy__context_jump

/*
 * void eddy__context_start(struct context *from [rdi], void *top [rsi],
 *                          void (*entry)(void *) [rdx], void *arg [rcx])
 */
    begin   eddy__context_start
    testq   %rdi, %rdi
    jz      1f
    suspend 3f
    .cfi_remember_state
1:
    .cfi_def_cfa rsp, 8
    .cfi_undefined rip              // nobody called this frame: backtraces end here
    .cfi_undefined rbp
    .cfi_undefined rbx
    .cfi_undefined r12
    .cfi_undefined r13
    .cfi_undefined r14
    .cfi_undefined r15
    movq    %rsi, %rsp
    xorl    %ebp, %ebp
    movq    %rcx, %rdi
    leaq    2f(%rip), %rax
    pushq   %rax                    // now aligned as the ABI wants it at an entry
    .cfi_adjust_cfa_offset 8
    jmp     *%rdx
    .cfi_adjust_cfa_offset -8
    nop                             // unwinders look up the byte before the return address
2:  ud2
    .cfi_restore_state
    .cfi_def_cfa rsp, 48            // without what go_on has taken
    .cfi_restore rbp
    nop                             // as above
3:  resume
    end     eddy__context_start

/*
 * The return of functions marked EDDY__RETURNS_ELSEWHERE (jump.h); the name is the compiler's. On
 * top of the stack lies where to.
 */
    .globl  __x86_return_thunk
    .hidden __x86_return_thunk
    .type   __x86_return_thunk, @function
    .p2align 5
__x86_return_thunk:
    .cfi_startproc
    movq    eddy__last_return@gottpoff(%rip), %rcx
    movq    %fs:(%rcx), %rcx
    cmpq    %rcx, (%rsp)
    jne     1f
    ret
1:  popq    %rcx
    .cfi_adjust_cfa_offset -8
    .cfi_register rip, rcx
    notrack jmp *%rcx
    end     __x86_return_thunk

/* void *eddy__last_return, for each thread: see eddy__note_return(). */
    .section .tbss, "awT", @nobits
    .globl  eddy__last_return
    .hidden eddy__last_return
    .type   eddy__last_return, @object
    .size   eddy__last_return, 8
    .p2align 3
eddy__last_return:
    .zero   8
    .text

/*
 * void eddy__context_visit(const struct context *suspended [rdi], void (*visitor)(void *) [rsi],
 *                          void *arg [rdx])
 *
 * Runs on our own stack; only the unwind rules speak of the other. Under the call, our caller is who
 * the suspended stack would return to: an unwinder that starts in the visitor goes on there.
 */
    begin   eddy__context_visit
    pushq   %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset rbx, 0
    movq    (%rdi), %rbx
    movq    %rdx, %rdi
    .cfi_remember_state
    .cfi_def_cfa rbx, 16
    .cfi_offset rbp, -16
    call    *%rsi
    .cfi_restore_state
    popq    %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore rbx
    ret
    end     eddy__context_visit

/* Indirect branch tracking: yes (1). Shadow stacks: no (2 would be). */
    .section .note.gnu.property, "a", @note
    .p2align 3
    .long   4, 16, 5
    .asciz  "GNU"
    .long   0xc0000002, 4, 1, 0

    .section .note.GNU-stack, "", @progbits
