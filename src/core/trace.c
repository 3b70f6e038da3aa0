/* SPDX-License-Identifier: MIT */
/*
 * trace.c: where in the user's program an Eddy function was called.
 *
 * Addresses are cheap to record, names are not: they are looked up when a report is written. Eddy's
 * own frames come first: all those in the shared library or, if linked statically, those above the
 * last name that begins with "eddy_". Below a coroutine's entry lie Eddy's frames again, so the
 * search ends there.
 */
#include "core/debug.h"

#include "base/symbol.h"

#include <stdio.h>
#include <string.h>

__attribute__((noinline)) void eddy__trace_take(struct trace *trace)
{
    const struct task *task = eddy__task_current();
    trace->coroutine = task != NULL ? task->site->function->name : NULL;
    trace->count = eddy__unwind_here(trace->addresses, TRACE_MAX, 1);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* Whether it is an Eddy function that calls user code. */
static bool is_starter(const struct symbol *symbol)
{
    static const char *const starters[] = {"run_to_the_end", "run_body", "run_callback",
                                           "run_done_callback"};
    for (size_t i = 0; i < sizeof starters / sizeof *starters; i++)
        if (strcmp(symbol->function, starters[i]) == 0)
            return true;
    return false;
}

/* Whether a coroutine begins here: frames below are of no interest. */
static bool is_entry(const struct symbol *symbol)
{
    return ends_with(symbol->function, "__body") || ends_with(symbol->function, "__entry");
}

static bool is_ours(const struct symbol *symbol, const struct symbol *self)
{
    bool is_library = strstr(self->object, ".so") != NULL;
    return strncmp(symbol->function, "eddy_", 5) == 0 ||
           (is_library && strcmp(symbol->object, self->object) == 0);
}

size_t eddy__trace_format(const struct trace *trace, char *buf, size_t size)
{
    struct symbol self;
    struct symbol symbol;
    struct symbol caller = {.function = ""};
    bool is_known = false;
    eddy__symbol_find(__builtin_return_address(0), &self);
    for (size_t i = 0; i < trace->count; i++) {
        eddy__symbol_find(trace->addresses[i], &symbol);
        if (is_starter(&symbol))
            break;
        if (is_ours(&symbol, &self)) {
            is_known = false;
            continue;
        }
        if (!is_known)
            caller = symbol;
        is_known = true;
        if (is_entry(&symbol))
            break;
    }
    if (is_known || trace->coroutine == NULL)
        return eddy__symbol_format(&caller, buf, size);
    // The call was a tail call, and replaced the body's frame.
    int n = snprintf(buf, size, "%s", trace->coroutine);
    return n < 0 ? 0 : (size_t)n;
}
