/* SPDX-License-Identifier: MIT */
/*
 * machine.h: the door of the interpreter. A program is run by walking its operations, each of which
 * is a call of Eddy.
 *
 *     main.c       command line, workers, reports of differences
 *     corpus.c     programs and their traces, from files
 *     program.c    JSON to operations
 *     run.c        one program from start to end: options, hooks, what the loop reports
 *     walk.c       blocks, coroutines and the operations of structure
 *     kinds.c      the list of all operations and all types; where a new ops_*.c is entered
 *     ops_*.c      the operations, a noun of Eddy each
 *
 * How a step of the walk ends is one number, as statuses are: less than 0 an error that travels up,
 * FLOW_NEXT to go on behind it, or one of the other ways to leave a block.
 */
#ifndef CONFORMANCE_MACHINE_H
#define CONFORMANCE_MACHINE_H

#include <eddy.h>

#include "program.h"
#include "text.h"

enum { FLOW_NEXT = 0, FLOW_RETURN = 1, FLOW_BREAK = 2, FLOW_CONTINUE = 3 };

/* Programs that do more than this, or nest deeper, are stopped: so all of them end. */
enum { EVENTS_MAX = 20000, DEPTH_MAX = 100 };

enum run_state {
    RUN_UNDER_WAY,
    RUN_CLOSING,    // it has come to its end; what is left is unwound by Eddy
    RUN_STOPPED,    // deadlocked, or at a limit; likewise, and its trace is complete
};

/* A program under way. Operations do something, and are traced, in the first state only. */
struct run {
    struct program *program;
    enum run_state state;
    bool has_begun;    // the main task runs, and what `objects` declares exists
    unsigned op_count;
    unsigned event_count;
    struct text trace;                  // an event a line, as JSON
    int64_t end_ms;                     // when the loop closed; -1 before
    eddy_error *cancellation;           // a `Cancelled` without a message, for `raise`
    struct object *objects;             // all that were ever made, newest first
    struct unretrieved *unretrieved;    // tasks whose error nobody looked at, oldest task first
};

/* One activation of a coroutine or a callback. */
struct frame {
    struct run *run;
    struct value returned;       // by `return`
    const eddy_error *caught;    // by the innermost handler that is running; NULL outside of one
    unsigned depth;              // of blocks in blocks, those of the callers included
};

/* What a variable can hold. Nothing is given back before the run has ended. */
struct object {
    const struct object_kind *kind;
    void *it;               // Eddy's object
    eddy_future *source;    // of a future that shields: the one that it shields; or NULL
    struct object *next;    // made earlier
};

/* A type of objects. The functions that make no sense for a type are NULL. */
struct object_kind {
    const char *type;    // as `objects` and `new` write it; NULL: made in other ways only
    bool is_future;      // `it` is an eddy_future
    bool is_task;        // and a task
    int (*make)(struct run *run, const struct value *spec, void **out_it);
    void (*free)(void *it);
    int (*acquire)(void *it);
    int (*release)(void *it);
    bool (*is_locked)(const void *it);
    int (*with)(struct frame *frame, const struct op *op, struct object *object);
};

/* What is logged when an operation has completed. */
enum op_log {
    LOG_NOTHING,
    LOG_FIRST,     // [op, first argument]
    LOG_RESULT,    // [op, first argument, result]
    LOG_ONLY,      // [op, result]
};

/*
 * A kind of operation. Its shape has a letter for each argument:
 *
 *   v  variable              F  one that holds a future or a task    T  a task
 *   n  name to be bound      N  the same, or null
 *   a  awaitable             A  list of awaitables
 *   c  coroutine function    g  generator function                   b  callback
 *   B  block (or null)       H  except clauses                       O  operation
 *   i  integer   s  text     I, S  the same, or null                 f  boolean (or null)
 *   x  any value             e  error                                l  integer cell
 *   o  object, [type, argument, ...]
 *
 * Arguments behind a | may be left out, and are null then. That the variables of v, F, T, a and A
 * are bound, and hold a future where they must, has been checked before `run` is called.
 *
 * `run` returns how it ended. It may set *result, which is null otherwise.
 */
struct op_kind {
    const char *name;
    const char *shape;
    enum op_log log;
    int (*run)(struct frame *frame, const struct op *op, struct value *result);
};

/* The head of such a `run`: OPERATION(spawn) { ... } has `frame`, `op` and `result`. */
#define UNUSED __attribute__((unused))
#define OPERATION(name)                                                     \
    static int name(struct frame *frame UNUSED, const struct op *op UNUSED, \
                    struct value *result UNUSED)

/* --- kinds.c ---------------------------------------------------------------------------------- */

/* NULL: there is no such operation or type (yet). */
const struct op_kind *find_op_kind(const char *name);
const struct object_kind *find_object_kind(const char *type);

/* All operations, by number; NULL behind the last. */
const struct op_kind *op_kind_at(size_t index);
size_t op_kind_count(void);

/* The tables that it lists; each ends with an empty entry. */
extern const struct op_kind structure_ops[], task_ops[], future_ops[], callback_ops[], gather_ops[],
    timeout_ops[], lock_ops[], queue_ops[], cell_ops[], event_ops[], condition_ops[], barrier_ops[],
    wait_ops[], shield_ops[], as_completed_ops[], group_ops[], generator_ops[];
extern const struct object_kind task_kind, future_kind, gather_kind, handle_kind, timeout_kind,
    lock_kind, semaphore_kind, bounded_semaphore_kind, queue_kind, priority_queue_kind,
    lifo_queue_kind, event_kind, condition_kind, barrier_kind, shield_kind, as_completed_kind,
    group_kind, generator_kind;

/* --- run.c ------------------------------------------------------------------------------------ */

/* Runs a program that was loaded without a problem, and adds its trace to `trace`. */
void program_run(struct program *program, struct text *trace);

/* In the main task's first step: makes what the program declares, and binds `main`. */
void run_begin(struct run *run);

/* Ends the run before its time: logs `why` as the last event. */
void run_stop(struct run *run, const char *why);

/* Adds the event [time, task, kind, value, ...] to the trace. TRACE is that of the current task. */
void trace_event(struct run *run, const char *task, const char *kind, const struct value *values,
                 size_t count);
const char *current_name(void);
#define TRACE(run, kind, ...) TRACE_AS(run, current_name(), kind, __VA_ARGS__)
#define TRACE_AS(run, task, kind, ...)                                \
    trace_event((run), (task), (kind), (struct value[]){__VA_ARGS__}, \
                sizeof((struct value[]){__VA_ARGS__}) / sizeof(struct value))

/* --- object.c --------------------------------------------------------------------------------- */

/* Keeps `it` until the end of the run, and binds `variable`, which may be NULL, to it. */
struct object *bind(struct run *run, struct variable *variable, const struct object_kind *kind,
                    void *it);

/* Makes an object of the program, [type, argument, ...]. 0, or an error. */
int make_object(struct run *run, const struct value *spec, struct variable *variable);

void free_objects(struct run *run);

bool is_bound(const struct variable *variable);

/* What the variable holds if that is of this kind, else NULL. */
void *it_of(const struct variable *variable, const struct object_kind *kind);

/* The future or task that a bound variable holds, else NULL. */
eddy_future *future_of(const struct variable *variable);
bool is_task(const struct variable *variable);

/* The future that gathers whose values this one has: itself, or what it shields; else NULL. */
const eddy_future *gather_behind(const struct run *run, const eddy_future *future);

/* Awaits a future, or a coroutine object, whose result is a value or, gathering, a list of them. */
EDDY_SUSPENDS int await_future(struct run *run, eddy_future *future, struct value *result);

/* The outcome of a done future as a value; so is an error, which is thereby looked at. */
struct value outcome_of(struct run *run, eddy_future *future);

/* What `state` and `result` say of a future. */
struct value state_of(struct run *run, eddy_future *future);
int take_result(struct run *run, eddy_future *future, struct value *result);

/* Whether `left` compares so ("==", "<", ...) with `right`. */
bool compares(int64_t left, const char *comparison, int64_t right);

/* Milliseconds of the language, null being none, as seconds of Eddy. */
double seconds_of(const struct value *ms);

/* --- walk.c ----------------------------------------------------------------------------------- */

EDDY_SUSPENDS int run_block(struct frame *frame, const struct block *block);
EDDY_SUSPENDS int run_op(struct frame *frame, const struct op *op, struct value *result);

/* Awaits a call inline, as `r = await c()` does. */
EDDY_SUSPENDS int call_inline(struct frame *frame, struct function *function, struct value *result);

/* The coroutine object of a call, named after its function. `depth` is 0 for a task of its own. */
eddy_coroutine *new_call(struct function *function, unsigned depth);

/* The future of an awaitable; a call becomes a coroutine object. */
eddy_future *take_awaitable(const struct awaitable *awaitable, unsigned depth);

/* Runs the body of a generator function, which logs what it ends with. */
EDDY_SUSPENDS int run_generator_body(struct function *function);

/* Runs a callback of the program, and returns its status. */
int call_callback(struct function *function);

#endif
