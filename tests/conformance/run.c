/* SPDX-License-Identifier: MIT */
/*
 * run.c: one program from its start to its end, and the trace it leaves.
 *
 * The events that no operation makes come from here: those of the end from the two hooks of
 * eddy_run(), `handler` and `deadlock` from the exception handler, which also collects the tasks
 * whose error nobody looked at. Such a report may come early (with the last reference to a task) or
 * at the very end; the trace has them all at the end, oldest task first.
 *
 * A run that has come to its end, in whatever way, may still have to be unwound by Eddy. From then
 * on nothing is traced, and every operation is cancelled at once.
 */
#include <math.h>
#include <string.h>

#include "arena.h"
#include "errors.h"
#include "machine.h"

enum { STACK_SIZE = 512 * 1024 };    // bytes; enough for DEPTH_MAX under a sanitizer

struct unretrieved {
    struct unretrieved *next;    // a younger task
    uint64_t id;
    const char *name;
};

/* --- The trace -------------------------------------------------------------------------------- */

const char *current_name(void)
{
    const eddy_task *task = eddy_current_task();
    return task != NULL ? eddy_task_get_name(task) : "-";
}

void trace_event(struct run *run, const char *task, const char *kind, const struct value *values,
                 size_t count)
{
    if (run->state != RUN_UNDER_WAY)
        return;
    int64_t now_ms = run->end_ms >= 0 ? run->end_ms : llround(eddy_time() * 1000.0);
    struct value head[] = {value_of_int(now_ms), value_of_text(task), value_of_text(kind)};
    const char *separator = "[";
    for (size_t i = 0; i < 3 + count; i++) {
        text_add_string(&run->trace, separator);
        value_write(i < 3 ? &head[i] : &values[i - 3], &run->trace);
        separator = ",";
    }
    text_add_string(&run->trace, "]\n");
    if (++run->event_count == EVENTS_MAX)
        run_stop(run, "too many events");
}

void run_stop(struct run *run, const char *why)
{
    trace_event(run, "-", why, NULL, 0);
    run->state = RUN_STOPPED;
}

/* --- What the loop reports -------------------------------------------------------------------- */

/* Bare futures and those that gather or shield are reported too, but the language has only tasks. */
static void note_unretrieved(struct run *run, const eddy_report *report)
{
    if (report->task == NULL || !eddy_future_is_task(report->task))
        return;
    struct unretrieved *unretrieved = arena_take(run->program->arena, sizeof *unretrieved);
    unretrieved->id = eddy_task_id(report->task);
    unretrieved->name = arena_text(run->program->arena, report->name, strlen(report->name));
    struct unretrieved **link = &run->unretrieved;
    while (*link != NULL && (*link)->id < unretrieved->id)
        link = &(*link)->next;
    unretrieved->next = *link;
    *link = unretrieved;
}

static void on_report(const eddy_report *report, void *data)
{
    struct run *run = data;
    struct value error = value_of_text(error_text(run->program, report->status, report->error));
    struct value name = value_of_text(report->name);
    switch (report->kind) {
    case EDDY_REPORT_CALLBACK:
        TRACE_AS(run, "-", "handler", value_of_text("callback"), error);
        break;
    case EDDY_REPORT_SHIELD: TRACE_AS(run, "-", "handler", value_of_text("shield"), error); break;
    case EDDY_REPORT_SHUTDOWN:
        TRACE_AS(run, "-", "handler", value_of_text("shutdown"), error, name);
        break;
    case EDDY_REPORT_ASYNCGEN:
        TRACE_AS(run, "-", "handler", value_of_text("asyncgen"), error, name);
        break;
    case EDDY_REPORT_NEVER_RETRIEVED: note_unretrieved(run, report); break;
    case EDDY_REPORT_DEADLOCK:
        if (run->state == RUN_UNDER_WAY)
            run_stop(run, "deadlock");
        break;
    case EDDY_REPORT_OUTLIVED:
        break;    // made while the end cancelled the rest: not in the language
    default:      // no program of the language gives cause to any other
        TRACE_AS(run, "-", "handler", value_of_text("unexpected"), value_of_text(report->message));
        break;
    }
}

/* --- From start to end ------------------------------------------------------------------------ */

/* Conditions may name a lock that is declared behind them: they come last. */
static void make_declared(struct run *run, bool has_lock)
{
    struct program *program = run->program;
    for (uint32_t i = 0; i < program->objects.count; i++) {
        const char *name = program->objects.items[2 * i].text;
        const struct value *spec = &program->objects.items[2 * i + 1];
        const char *type = spec->items[0].text;
        bool is_number = spec->count > 1 && spec->items[1].type == VALUE_INT;
        if ((strcmp(type, "cond") == 0 && spec->count > 1) != has_lock)
            continue;
        if (strcmp(type, "int") == 0)
            program_cell(program, name)->value = is_number ? spec->items[1].number : 0;
        else if (make_object(run, spec, program_variable(program, name)) < 0)
            run_stop(run, "an object can't be made");
    }
}

void run_begin(struct run *run)
{
    run->has_begun = true;
    run->cancellation = eddy_error_take(EDDY_CANCELLED);
    make_declared(run, false);
    make_declared(run, true);
    bind(run, program_variable(run->program, "main"), &task_kind,
         eddy_task_ref(eddy_current_task()));
}

static void on_main_done(eddy_task *main, void *data)
{
    struct run *run = data;
    TRACE_AS(run, "-", "main", outcome_of(run, main));
}

static void on_closing(eddy_task *main, void *data)
{
    (void)main;
    struct run *run = data;
    run->end_ms = llround(eddy_time() * 1000.0);
    if (run->state == RUN_UNDER_WAY)
        run->state = RUN_CLOSING;
}

static void set_run(struct functions *functions, struct run *run)
{
    for (size_t i = 0; i < functions->count; i++)
        functions->items[i].run = run;
}

static void start(struct run *run)
{
    struct program *program = run->program;
    set_run(&program->coros, run);
    set_run(&program->gens, run);
    set_run(&program->callbacks, run);
    eddy_coroutine *main = new_call(program->main, 0);
    EDDY_IGNORE(eddy_task_set_name(main, "main"));
    eddy_run_options options = {
        .virtual_clock = true,
        .eager_start = program->is_eager,
        .keep_sigint = true,
        .stack_size = STACK_SIZE,
        .exception_handler = on_report,
        .exception_handler_data = run,
        .on_main_done = on_main_done,
        .on_closing = on_closing,
        .hook_data = run,
    };
    // How it ended is in the trace.
    EDDY_IGNORE(eddy_run(main, &options));
}

/* The events behind the last that the loop knows of. */
static void trace_end(struct run *run)
{
    if (run->state == RUN_CLOSING)
        run->state = RUN_UNDER_WAY;
    else
        run_stop(run, "the loop did not close");
    for (struct unretrieved *each = run->unretrieved; each != NULL; each = each->next)
        TRACE_AS(run, "-", "unretrieved", value_of_text(each->name));
    trace_event(run, "-", "end", NULL, 0);
    run->state = RUN_STOPPED;
}

void program_run(struct program *program, struct text *trace)
{
    struct run run = {.program = program, .trace = *trace, .end_ms = -1};
    start(&run);
    trace_end(&run);
    free_objects(&run);
    eddy_error_free(run.cancellation);
    *trace = run.trace;
}
