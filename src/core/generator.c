/* SPDX-License-Identifier: MIT */
/*
 * generator.c: generator bodies, which run inside the asking task on a stack of their own.
 *
 * Asking for an item switches from the asker's stack to the generator's; yielding switches back.
 * The running task stays the same: while the body runs, that task's stack is the generator's, so
 * when the body awaits, the task parks. A different task may resume the body each time.
 *
 *        new --asked--> running --yield--> suspended --asked--> running --returns--> ended
 *
 * Invariants:
 *   - A generator has its own chain of open scopes: scopes open across a yield must not stand
 *     between the scopes of the task that asks.
 *   - The loop lists every generator that was ever asked and is still held, in order of first use,
 *     and closes them at the end of the run.
 *   - A generator that loses its last holder while suspended is closed by a task of its own. If its
 *     body was closed and yielded all the same, it is abandoned, its frames as they are.
 */
#include "core/inherit.h"
#include "core/run.h"
#include "core/stacks.h"

#include <eddy/generator.h>

#include <errno.h>
#include <string.h>

enum generator_state {
    GENERATOR_NEW,
    GENERATOR_RUNNING,
    GENERATOR_SUSPENDED,
    GENERATOR_ENDED,
};

struct eddy_generator {
    uint32_t refs;
    uint8_t state; // enum generator_state
    bool is_closed; // a close was requested
    bool has_item;  // the body has yielded rather than ended
    int status;     // the body's result, once it has ended
    int thrown;     // what the yield returns: 0 or an error
    const eddy_function *function;
    const eddy_place *place;
    const char *name;
    struct link used; // in loop->generators, from the first use on
    struct eddy_loop *loop;
    struct nested_run *run;   // in which it was first asked, a reference; NULL: the loop's own
    uint32_t loop_id; // its number; 0 before the first use
    struct stack *stack;      // NULL unless running or suspended
    struct context context;   // where the body resumes
    struct context asker;     // where the asker resumes
    struct stack *asker_stack;
    struct eddy_generator *outer; // the generator that the asker runs in; or NULL
    struct scope *scopes;     // open in the body, while it is suspended
    size_t scope_depth;
    const void *sent;         // the asker's, while the body runs up to its yield
    size_t sent_size;
    void *out_item;           // the asker's
    max_align_t arguments[];
};

eddy_generator *eddy__generator_new(const eddy_function *function, const eddy_place *place,
                                    const void *arguments)
{
    struct eddy_generator *generator =
        eddy__zalloc(sizeof *generator + function->arguments_size);
    if (generator == NULL) {
        union {
            const void *given;
            void *owned;
        } cast = {arguments};
        function->drop_arguments(cast.owned);
        return NULL;
    }
    generator->refs = 1;
    generator->function = function;
    generator->place = place;
    generator->name = function->name;
    memcpy(generator->arguments, arguments, function->arguments_size);
    eddy__track(generator, "generator");
    return generator;
}

/* Whether it belongs to another thread: then it must not be touched. */
static bool is_elsewhere(const struct eddy_generator *generator)
{
    return EDDY__UNLIKELY(generator->loop_id != eddy__loop_id()) &&
           eddy__loop_is_elsewhere(generator->loop_id);
}

void eddy_generator_set_name(eddy_generator *generator, const char *name)
{
    if (generator == NULL)
        return;
    if (is_elsewhere(generator))
        eddy__report_misuse("eddy_generator_set_name: it belongs to the loop of another thread");
    else
        generator->name = name;
}

const char *eddy__generator_name(const eddy_generator *generator)
{
    return generator->name;
}

/* The generator at `link` if it is within that run. */
static struct eddy_generator *generator_of(struct link *link, const struct nested_run *within)
{
    struct eddy_generator *generator = container_of(link, struct eddy_generator, used);
    return eddy__is_within(generator->run, within) ? generator : NULL;
}

void eddy__generators_collect(struct eddy_loop *loop, const struct nested_run *within,
                              struct eddy_generator **out_generators, size_t count)
{
    size_t n = 0;
    for (struct link *link = list_first(&loop->generators); link != NULL && n < count;
         link = list_next(&loop->generators, link)) {
        struct eddy_generator *generator = generator_of(link, within);
        if (generator == NULL)
            continue;
        generator->refs++;
        out_generators[n++] = generator;
    }
}

size_t eddy__generator_count(const struct eddy_loop *loop, const struct nested_run *within)
{
    size_t count = 0;
    for (struct link *link = list_first(&loop->generators); link != NULL;
         link = list_next(&loop->generators, link))
        count += generator_of(link, within) != NULL;
    return count;
}

/* ---- switching -------------------------------------------------------------------------------*/

/* The first frame of the generator's stack. */
static void run_body(void *argument)
{
    struct eddy_generator *generator = argument;
    generator->status = eddy__body_end(0, generator->function->entry(generator->arguments, NULL));
    generator->state = GENERATOR_ENDED;
    generator->has_item = false;
    struct stack *stack = generator->stack;
    generator->stack = NULL;
    struct eddy_loop *loop = eddy__loop_current();
    if (EDDY__UNLIKELY(loop->stacks.is_measuring))
        eddy__depth_note(loop, generator->function, stack);
    eddy__stack_give(&loop->stacks, stack);
    eddy__fiber_leave(&stack->fiber, &generator->asker, &generator->asker_stack->fiber);
}

static void exchange_scopes(struct activation *activation, struct eddy_generator *generator)
{
    struct scope *scopes = activation->scopes;
    size_t depth = activation->scope_depth;
    activation->scopes = generator->scopes;
    activation->scope_depth = generator->scope_depth;
    generator->scopes = scopes;
    generator->scope_depth = depth;
}

/* Runs the body up to its next yield or its end. 1: an item; 0: the end; or its error. */
static int resume(struct task *task, struct eddy_generator *generator)
{
    struct activation *activation = task->activation;
    bool is_new = generator->state == GENERATOR_NEW;
    generator->state = GENERATOR_RUNNING;
    generator->asker_stack = activation->stack;
    generator->outer = activation->generator;
    generator->stack->owner = task;
    activation->generator = generator;
    activation->stack = generator->stack;
    exchange_scopes(activation, generator);
    if (EDDY__UNLIKELY(generator->loop->cancelled_scope_count > 0))
        eddy__region_refresh(task);
    if (is_new)
        eddy__fiber_start(&generator->asker, &generator->asker_stack->fiber, generator->stack,
                          run_body, generator);
    else
        eddy__fiber_switch(&generator->asker, &generator->asker_stack->fiber, &generator->context,
                           &generator->stack->fiber);
    exchange_scopes(activation, generator);
    activation->stack = generator->asker_stack;
    activation->generator = generator->outer;
    if (EDDY__UNLIKELY(generator->loop->cancelled_scope_count > 0))
        eddy__region_refresh(task);
    if (generator->has_item)
        return 1;
    if (generator->status == EDDY_STOPITERATION)
        return eddy__misuse("a generator's body ended with EDDY_STOPITERATION");
    return generator->status < 0 ? generator->status : 0;
}

int eddy__yield(const void *item, size_t item_size, void *out_sent, size_t sent_size)
{
    struct task *task = eddy__task_current();
    struct eddy_generator *generator = task != NULL ? task->activation->generator : NULL;
    if (generator == NULL)
        return eddy__misuse("eddy_yield: called outside a generator");
    if (generator->out_item != NULL)
        memcpy(generator->out_item, item, item_size);
    generator->has_item = true;
    generator->state = GENERATOR_SUSPENDED;
    eddy__fiber_switch(&generator->context, &generator->stack->fiber, &generator->asker,
                       &generator->asker_stack->fiber);
    if (generator->thrown < 0)
        return generator->thrown;
    if (generator->sent == NULL || out_sent == NULL)
        return 0;
    if (sent_size != generator->sent_size)
        return eddy__misuse("eddy_yield: a value of another size was sent");
    memcpy(out_sent, generator->sent, sent_size);
    return 1;
}

struct scope *eddy__generator_asker_scopes(const struct eddy_generator **generator)
{
    struct scope *scopes = (*generator)->scopes; // exchanged while the body runs
    *generator = (*generator)->outer;
    return scopes;
}

const struct context *eddy__generator_asker(const struct eddy_generator **generator)
{
    const struct context *asker = &(*generator)->asker;
    *generator = (*generator)->outer;
    return asker;
}

/* ---- asking for an item ----------------------------------------------------------------------*/

/* Returns the asking task, and records the first use; NULL with an error. */
static struct task *begin_use(struct eddy_generator *generator, int *out_err)
{
    if (generator == NULL) {
        *out_err = eddy__fail_plain(-ENOMEM, "the generator is NULL: there was no memory for it");
        return NULL;
    }
    struct task *task = eddy__task_required("eddy_generator_next", out_err);
    if (task == NULL)
        return NULL;
    if (is_elsewhere(generator)) {
        *out_err = eddy__misuse("eddy_generator_next: the generator belongs to another thread");
        return NULL;
    }
    if (!link_is_linked(&generator->used) && generator->loop == NULL) {
        generator->loop = eddy__loop_current();
        generator->run = eddy__nested_run_ref(eddy__nested_run_of(task->activation->inherited));
        generator->loop_id = generator->loop->id;
        list_push(&generator->loop->generators, &generator->used);
    }
    if (generator->loop != eddy__loop_current())
        *out_err = eddy__misuse("eddy_generator_next: the generator belongs to another loop");
    else if (generator->state == GENERATOR_RUNNING)
        *out_err = eddy__misuse("eddy_generator_next: another task is asking the generator");
    return *out_err < 0 ? NULL : task;
}

static int ask(struct task *task, struct eddy_generator *generator, void *out_item)
{
    if (generator->stack == NULL) {
        generator->stack = eddy__stack_take(&generator->loop->stacks, 0);
        if (generator->stack == NULL)
            return -ENOMEM;
    }
    generator->refs++; // the holder may release it meanwhile
    generator->out_item = out_item;
    int status = resume(task, generator);
    generator->out_item = NULL;
    generator->sent = NULL;
    generator->thrown = 0;
    eddy_generator_free(generator);
    return status;
}

int eddy__generator_send(eddy_generator *generator, const void *value, size_t value_size,
                         void *out_item, size_t item_size)
{
    int err = 0;
    struct task *task = begin_use(generator, &err);
    if (task == NULL)
        return err;
    if (item_size != generator->function->result_size)
        return eddy__misuse("eddy_generator_next: the item has another size");
    if (generator->state == GENERATOR_ENDED || generator->is_closed)
        return 0;
    if (generator->state == GENERATOR_NEW && value != NULL)
        return eddy__fail_plain(EDDY_ETYPE, "eddy_generator_send: the generator has not started");
    generator->sent = value;
    generator->sent_size = value_size;
    return ask(task, generator, out_item);
}

static void end_unstarted(struct eddy_generator *generator)
{
    generator->state = GENERATOR_ENDED;
    generator->function->drop_arguments(generator->arguments);
}

int eddy__generator_throw(eddy_generator *generator, int error, void *out_item, size_t item_size)
{
    int err = 0;
    struct task *task = begin_use(generator, &err);
    if (task == NULL)
        return err;
    if (error >= 0 || item_size != generator->function->result_size)
        return eddy__misuse("eddy_generator_throw: no error, or an item of another size");
    if (generator->is_closed)
        return 0;
    if (generator->state == GENERATOR_NEW)
        end_unstarted(generator);
    if (generator->state == GENERATOR_ENDED)
        return error;
    generator->thrown = error;
    return ask(task, generator, out_item);
}

int eddy_generator_close(eddy_generator *generator)
{
    int err = 0;
    struct task *task = begin_use(generator, &err);
    if (task == NULL)
        return err;
    if (generator->state == GENERATOR_NEW)
        end_unstarted(generator);
    if (generator->state == GENERATOR_ENDED || generator->is_closed)
        return 0;
    generator->is_closed = true;
    generator->thrown = EDDY_GENERATOREXIT;
    int status = ask(task, generator, NULL);
    if (status == 1)
        return eddy__misuse("eddy_generator_close: the generator went on yielding");
    return status == EDDY_GENERATOREXIT ? 0 : status;
}

/* ---- iterating -------------------------------------------------------------------------------*/

static int next_item(void *object, void *out_item)
{
    struct eddy_generator *generator = object;
    return eddy__generator_send(generator, NULL, 0, out_item, generator->function->result_size);
}

static void free_generator(void *object)
{
    eddy_generator_free(object);
}

eddy_iterator eddy__generator_iterator(struct eddy_generator *generator)
{
    if (generator == NULL)
        return (eddy_iterator){.status = -ENOMEM};
    return eddy__iterator_new(next_item, generator, generator->function->result_size);
}

eddy_iterator eddy__generator_owned(eddy_generator *generator)
{
    eddy_iterator iterator = eddy__generator_iterator(generator);
    iterator.free = free_generator;
    return iterator;
}

/* ---- closing and freeing ---------------------------------------------------------------------*/

/* Closing was cancelled before it began: the list keeps it now, and whatever closes it frees it. */
static void leave_to_list(eddy_generator **generator)
{
    (*generator)->refs = 0;
}

EDDY_ASYNC(aclose, (eddy_generator *, generator, leave_to_list))
{
    int status = eddy_generator_close(generator);
    if (status < 0)
        eddy__report(&(eddy_report){
            .kind = EDDY_REPORT_ASYNCGEN,
            .message = "a generator that nobody held failed as it was closed",
            .status = status,
            .error = eddy_error_get(status),
            .name = generator->name,
        });
    eddy_generator_free(generator);
    return 0;
}

static void give_up(struct eddy_generator *generator)
{
    generator->state = GENERATOR_ENDED;
    eddy__stack_give(&generator->loop->stacks, generator->stack);
    generator->stack = NULL;
}

bool eddy__generators_wait(const struct eddy_loop *loop, const struct nested_run *within)
{
    for (struct link *link = list_first(&loop->generators); link != NULL;
         link = list_next(&loop->generators, link)) {
        const struct eddy_generator *generator = generator_of(link, within);
        if (generator != NULL && generator->state == GENERATOR_SUSPENDED)
            return true;
    }
    return false;
}

void eddy__generators_exit(struct eddy_loop *loop, const struct nested_run *within)
{
    // Bodies may use generators and release some, so those already visited move to the end.
    size_t left = eddy__generator_count(loop, within);
    for (; left > 0; left--) {
        struct eddy_generator *generator = NULL;
        eddy__generators_collect(loop, within, &generator, 1);
        if (generator == NULL)
            return;
        link_remove(&generator->used);
        list_push(&loop->generators, &generator->used);
        if (generator->state == GENERATOR_SUSPENDED) {
            generator->is_closed = true;
            generator->thrown = EDDY_GENERATOREXIT;
            EDDY_IGNORE(ask(eddy__task_current(), generator, NULL));
        }
        eddy_generator_free(generator);
    }
}

void eddy__generators_give_up(struct eddy_loop *loop, const struct nested_run *within)
{
    struct link *next;
    for (struct link *link = list_first(&loop->generators); link != NULL; link = next) {
        next = list_next(&loop->generators, link);
        struct eddy_generator *generator = generator_of(link, within);
        if (generator == NULL)
            continue;
        if (generator->state == GENERATOR_SUSPENDED)
            give_up(generator);
        if (generator->refs++ == 0)
            eddy_generator_free(generator);
        else
            generator->refs--;
    }
}

void eddy_generator_free(eddy_generator *generator)
{
    if (generator == NULL)
        return;
    if (is_elsewhere(generator)) {
        eddy__report_misuse("eddy_generator_free: it belongs to the loop of another thread; it is kept");
        return;
    }
    if (--generator->refs > 0)
        return;
    bool is_suspended = generator->state == GENERATOR_SUSPENDED;
    if (is_suspended && !generator->is_closed && !generator->loop->is_closing) {
        struct eddy_loop *running = eddy__loop;
        eddy__loop = generator->loop; // which may be idle, between two runs
        generator->refs = 1;
        eddy_start(aclose, generator);
        eddy__loop = running;
        return;
    }
    if (link_is_linked(&generator->used))
        link_remove(&generator->used);
    if (generator->state == GENERATOR_NEW)
        end_unstarted(generator);
    if (is_suspended)
        give_up(generator);
    eddy__untrack(generator);
    eddy__nested_run_unref(generator->run);
    eddy__free(generator);
}
