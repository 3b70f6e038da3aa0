/* SPDX-License-Identifier: MIT */
/*
 * fiber.h: what tools that check memory have to know of a stack, and when.
 *
 * AddressSanitizer, ThreadSanitizer and Valgrind each track the stack that a thread runs on. After
 * a switch that they don't know of they report false errors, or crash. Each build informs at most
 * one of them; the header for that tool defines `struct fiber` and these functions, and the one for
 * an ordinary build defines them empty:
 *
 *   eddy__fiber_init, _fini           a stack was carved, is about to be unmapped
 *   eddy__fiber_init_native           the stack we run on now, which isn't ours, is a fiber too
 *   eddy__fiber_announce_switch       `to` continues next, `from` will continue later
 *   eddy__fiber_announce_return       `self` continues now; called first after a switch back
 *   eddy__fiber_announce_start        like _switch, but `to` is empty and begins with entry(arg)
 *   eddy__fiber_announce_leave        like _switch, but `from` will never continue
 *   eddy__fiber_announce_leave_start  both of these; `from` may be `to`
 *   eddy__fiber_entry, _entry_arg     what to begin with in place of entry(arg): a function that
 *                                     announces its arrival and then calls it
 *
 * A fiber belongs to a stack, not to a task: it is made and destroyed with the stack.
 *
 * Included by arch.h alone, which has the functions that call these.
 */
#ifndef EDDY_ARCH_FIBER_H
#define EDDY_ARCH_FIBER_H

#ifndef __has_feature
#define __has_feature(name) 0    // gcc before 14, which has the two macros below instead
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include "fiber_asan.h"
#elif defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#include "fiber_tsan.h"
#elif defined(EDDY__HAVE_VALGRIND) && EDDY__HAVE_VALGRIND
#include "fiber_valgrind.h"
#else
#include "fiber_none.h"
#endif

#endif
