/* SPDX-License-Identifier: MIT */
/*
 * context_aarch64.S: the context switch, AAPCS64.
 *
 * A suspended stack, from the address in `struct context` upwards (160 bytes):
 *
 *     sp + 0   x29, x30    + 16 x19, x20    + 32 x21, x22    + 48 x23, x24    + 64 x25, x26
 *        + 80  x27, x28    + 96 d8, d9      + 112 d10, d11   + 128 d12, d13   + 144 d14, d15
 *
 * x30 says where the caller of eddy__context_switch goes on. To the compiler this is a call, so
 * only what a callee must preserve is saved: of the vector registers that is the low half of v8 to
 * v15. x18 belongs to the platform, and Linux doesn't use it. The floating-point control register
 * is left as it is, for the reason given in context_x86_64.S.
 *
 * Calls and returns are kept in step for the return predictor, as context_x86_64.S explains.
 *
 * x29 and x30 come first, so that a suspended stack is itself a chain of frame records.
 *
 * What debuggers see: the frame layout is the same on both stacks, so the unwind rules hold on
 * either side of the exchange. Under an entry lies a frame of eddy__context_start whose x30 is
 * declared undefined and whose x29 is zero: unwinders by table and by frame pointer both end there.
 *
 * Hardware: every entry has a landing pad (`bti c`, written as the hint it is on older
 * processors), and the object is marked for branch target identification. Return addresses are not
 * signed, as the functions that save them don't either; guarded control stacks are not supported.
 *
 * C++: exceptions that are being handled are counted per thread, not per stack, so a task must not
 * suspend inside a catch block.
 */

    .text

    .macro  save_all
    stp     x29, x30, [sp, #-160]!
    .cfi_adjust_cfa_offset 160
    .cfi_rel_offset x29, 0
    .cfi_rel_offset x30, 8
    stp     x19, x20, [sp, #16]
    .cfi_rel_offset x19, 16
    .cfi_rel_offset x20, 24
    stp     x21, x22, [sp, #32]
    .cfi_rel_offset x21, 32
    .cfi_rel_offset x22, 40
    stp     x23, x24, [sp, #48]
    .cfi_rel_offset x23, 48
    .cfi_rel_offset x24, 56
    stp     x25, x26, [sp, #64]
    .cfi_rel_offset x25, 64
    .cfi_rel_offset x26, 72
    stp     x27, x28, [sp, #80]
    .cfi_rel_offset x27, 80
    .cfi_rel_offset x28, 88
    stp     d8, d9, [sp, #96]
    .cfi_rel_offset d8, 96
    .cfi_rel_offset d9, 104
    stp     d10, d11, [sp, #112]
    .cfi_rel_offset d10, 112
    .cfi_rel_offset d11, 120
    stp     d12, d13, [sp, #128]
    .cfi_rel_offset d12, 128
    .cfi_rel_offset d13, 136
    stp     d14, d15, [sp, #144]
    .cfi_rel_offset d14, 144
    .cfi_rel_offset d15, 152
    .endm

    .macro  restore_all
    ldp     d14, d15, [sp, #144]
    ldp     d12, d13, [sp, #128]
    ldp     d10, d11, [sp, #112]
    ldp     d8, d9, [sp, #96]
    ldp     x27, x28, [sp, #80]
    ldp     x25, x26, [sp, #64]
    ldp     x23, x24, [sp, #48]
    ldp     x21, x22, [sp, #32]
    ldp     x19, x20, [sp, #16]
    ldp     x29, x30, [sp], #160
    .cfi_adjust_cfa_offset -160
    .cfi_restore x19
    .cfi_restore x20
    .cfi_restore x21
    .cfi_restore x22
    .cfi_restore x23
    .cfi_restore x24
    .cfi_restore x25
    .cfi_restore x26
    .cfi_restore x27
    .cfi_restore x28
    .cfi_restore x29
    .cfi_restore x30
    .cfi_restore d8
    .cfi_restore d9
    .cfi_restore d10
    .cfi_restore d11
    .cfi_restore d12
    .cfi_restore d13
    .cfi_restore d14
    .cfi_restore d15
    ret
    .endm

    .macro  begin name
    .globl  \name
    .hidden \name
    .type   \name, %function
    .p2align 5
\name:
    .cfi_startproc
    hint    #34                     // bti c
    .endm

    .macro  end name
    .cfi_endproc
    .size   \name, . - \name
    .endm

/* void eddy__context_switch(struct context *from [x0], const struct context *to [x1]) */
    begin   eddy__context_switch
    save_all
    mov     x2, sp
    str     x2, [x0]
    ldr     x2, [x1]
    mov     sp, x2                  // from here on the other stack, laid out alike
    restore_all
    end     eddy__context_switch

/* What eddy__context_leave (jump.h) jumps to, with `const struct context *to` in x0. */
    begin   eddy__context_jump
    ldr     x2, [x0]
    mov     sp, x2                  // our own caller is forgotten
    .cfi_def_cfa sp, 160
    .cfi_offset x29, -160
    .cfi_offset x30, -152
    restore_all
    end     eddy__context_jump

/*
 * void eddy__context_start(struct context *from [x0], void *top [x1],
 *                          void (*entry)(void *) [x2], void *arg [x3])
 */
    begin   eddy__context_start
    cbz     x0, 1f
    save_all
    mov     x9, sp
    str     x9, [x0]
1:
    .cfi_def_cfa sp, 0
    .cfi_undefined x30              // nobody called this frame: backtraces end here
    .cfi_undefined x29
    .cfi_undefined x19
    .cfi_undefined x20
    .cfi_undefined x21
    .cfi_undefined x22
    .cfi_undefined x23
    .cfi_undefined x24
    .cfi_undefined x25
    .cfi_undefined x26
    .cfi_undefined x27
    .cfi_undefined x28
    mov     sp, x1
    mov     x29, xzr
    adr     x30, 2f
    mov     x0, x3
    mov     x16, x2                 // a jump through x16 may land on a `bti c`
    br      x16
    nop                             // unwinders look up the byte before the return address
2:  brk     #1
    end     eddy__context_start

/*
 * void eddy__context_visit(const struct context *suspended [x0], void (*visitor)(void *) [x1],
 *                          void *arg [x2])
 *
 * Runs on our own stack; only the unwind rules speak of the other: see context_x86_64.S.
 */
    begin   eddy__context_visit
    stp     x29, x30, [sp, #-32]!
    .cfi_adjust_cfa_offset 32
    .cfi_rel_offset x29, 0
    .cfi_rel_offset x30, 8
    str     x19, [sp, #16]
    .cfi_rel_offset x19, 16
    ldr     x19, [x0]
    mov     x0, x2
    .cfi_remember_state
    .cfi_def_cfa x19, 160
    .cfi_offset x29, -160
    .cfi_offset x30, -152
    .cfi_offset x19, -144
    .cfi_offset x20, -136
    .cfi_offset x21, -128
    .cfi_offset x22, -120
    .cfi_offset x23, -112
    .cfi_offset x24, -104
    .cfi_offset x25, -96
    .cfi_offset x26, -88
    .cfi_offset x27, -80
    .cfi_offset x28, -72
    .cfi_offset d8, -64
    .cfi_offset d9, -56
    .cfi_offset d10, -48
    .cfi_offset d11, -40
    .cfi_offset d12, -32
    .cfi_offset d13, -24
    .cfi_offset d14, -16
    .cfi_offset d15, -8
    blr     x1
    .cfi_restore_state
    ldr     x19, [sp, #16]
    ldp     x29, x30, [sp], #32
    .cfi_adjust_cfa_offset -32
    .cfi_restore x19
    .cfi_restore x29
    .cfi_restore x30
    ret
    end     eddy__context_visit

/* Branch target identification: yes (1). Signed return addresses: no (2 would be). */
    .section .note.gnu.property, "a", %note
    .p2align 3
    .long   4, 16, 5
    .asciz  "GNU"
    .long   0xc0000000, 4, 1, 0

    .section .note.GNU-stack, "", %progbits
