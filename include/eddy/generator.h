/* SPDX-License-Identifier: MIT */
/*
 * generator.h: coroutines that yield items, and `async for`.
 *
 *     EDDY_GENERATOR(int, ticker, (int, n))
 *     {
 *         for (int i = 0; i < n; i++) {
 *             EDDY_TRY(eddy_sleep(1));
 *             EDDY_TRY(eddy_yield(i));
 *         }
 *         return 0;
 *     }
 *     ...
 *     int rc;
 *     eddy_for (int, i, eddy_generate(ticker, 3), &rc)
 *         printf("%d\n", i);
 *     EDDY_TRY(rc);                                    // 0 at the end, or the error
 *
 * The body runs inside the task that asks for an item, on a stack of its own, without hops of its own; it
 * may await anything. Between items it is suspended at its eddy_yield(). eddy_for, from iterator.h,
 * gives what eddy_generate() made back on every way out. To ask by hand, or to leave a loop and go on
 * later, hold the generator:
 *
 *     EDDY_AUTO(eddy_generator) *generator = eddy_generator_new(ticker, 3);
 *     eddy_for (int, i, generator, &rc)
 *         break;                                       // stays open, as in asyncio
 */
#ifndef EDDY_GENERATOR_H
#define EDDY_GENERATOR_H

#include <eddy/iterator.h>
#include <eddy/task.h>

EDDY_BEGIN_DECLS

typedef struct eddy_generator eddy_generator;

/*
 * Stands before the body of a generator that yields items of `type`; its parameters are written as
 * those of EDDY_ASYNC(). The body returns 0 or more at its end, or an error.
 */
#define EDDY_GENERATOR(type, name, ...)                                                            \
    EDDY__ARGUMENT_STRUCT(name __VA_OPT__(,) __VA_ARGS__)                                          \
    static int name##__body(type *eddy_item_ EDDY__EACH(EDDY__PARAMETER __VA_OPT__(,) __VA_ARGS__)); \
    static int name##__entry(void *eddy_any_ EDDY__UNUSED, void *eddy_result_ EDDY__UNUSED)        \
    {                                                                                              \
        struct name##__arguments *eddy_arguments_ EDDY__UNUSED =                                   \
            (struct name##__arguments *)eddy_any_;                                                 \
        return name##__body((type *)eddy_result_ EDDY__EACH(EDDY__FROM_STRUCT __VA_OPT__(,)        \
                                                            __VA_ARGS__));                         \
    }                                                                                              \
    EDDY__ARGUMENT_DROPPER(name __VA_OPT__(,) __VA_ARGS__)                                         \
    EDDY__FUNCTION(static, name, NULL, sizeof(type));                                              \
    EDDY_ITERATOR_TYPE(name##__items, type);                                                       \
    EDDY_CHECKED EDDY__UNUSED static inline name##__items name##__owned(                           \
        eddy_generator *eddy_generator_)                                                           \
    {                                                                                              \
        name##__items eddy_items_;                                                                 \
        eddy_items_.iterator = eddy__generator_owned(eddy_generator_);                             \
        return eddy_items_;                                                                        \
    }                                                                                              \
    EDDY_CHECKED EDDY__UNUSED static inline eddy_generator *name##__generator(                     \
        const eddy_place *eddy_place_ EDDY__EACH(EDDY__PARAMETER __VA_OPT__(,) __VA_ARGS__))       \
    {                                                                                              \
        struct name##__arguments eddy_arguments_;                                                  \
        EDDY__EACH(EDDY__STORE __VA_OPT__(,) __VA_ARGS__)                                          \
        return eddy__generator_new(&name##__function, eddy_place_, &eddy_arguments_);              \
    }                                                                                              \
    static int name##__body(                                                                       \
        type *eddy_item_ EDDY__UNUSED EDDY__EACH(EDDY__PARAMETER __VA_OPT__(,) __VA_ARGS__))

/*
 * The items of the function `name` with these arguments, as the source of an eddy_for, which uses it
 * up; nothing runs until it is asked.
 */
#define eddy_generate(name, ...) name##__owned(eddy_generator_new(name __VA_OPT__(,) __VA_ARGS__))

/*
 * The generator itself, to be asked by hand or by several loops. The reference is the caller's. NULL
 * without memory (the arguments are destroyed): then every function below answers -ENOMEM.
 */
#define eddy_generator_new(name, ...) name##__generator(EDDY_HERE __VA_OPT__(,) __VA_ARGS__)
EDDY_API eddy_iterator eddy__generator_owned(eddy_generator *generator);
EDDY_API EDDY_CHECKED eddy_generator *eddy__generator_new(const eddy_function *function,
                                                          const eddy_place *place,
                                                          const void *arguments);

/* Gives the reference back. One that is suspended at a yield is closed by the loop. NULL is fine. */
EDDY_API void eddy_generator_free(eddy_generator *generator);

/* --- Inside the body --------------------------------------------------------------------------- */

/*
 * Hands `value` (converted to the generator's type) out, and waits to be asked again. Returns 0, or
 * what was thrown in: EDDY_GENERATOREXIT when the generator is being closed. Clean up and return it.
 */
#define eddy_yield(value) eddy_yield_to(NULL, 0, value)

/*
 * The same, receiving what eddy_generator_send() sent, of `size` bytes, in `out_sent`: 1 if
 * something was sent, else 0.
 */
#define eddy_yield_to(out_sent, size, ...)                                                    \
    eddy__status(__extension__({                                                              \
        __typeof__(*eddy_item_) eddy_value_ = __VA_ARGS__;                                    \
        eddy__yield(&eddy_value_, sizeof eddy_value_, (out_sent), (size));                    \
    }))
EDDY_API EDDY_SUSPENDS int eddy__yield(const void *item, size_t item_size, void *out_sent,
                                       size_t sent_size);

/* --- Asking ------------------------------------------------------------------------------------ */

/*
 * Asks for the next item; sends a value to the yield it waits at, and asks; throws `error` there,
 * and asks. Return 1 and the item; 0 at the end; the error that left the body; EDDY_EMISUSE when
 * another task is asking, or outside a task, or for an item of another size; EDDY_ETYPE for a
 * value sent to one that has not started. A body that ends with EDDY_STOPITERATION breaks the rules:
 * that is EDDY_EMISUSE too. Suspend as the body does.
 */
#define eddy_generator_next(generator, out_item) \
    eddy__generator_send((generator), NULL, 0, (out_item), sizeof *(out_item))
#define eddy_generator_send(generator, value, out_item) \
    eddy__generator_send((generator), (value), sizeof *(value), (out_item), sizeof *(out_item))
#define eddy_generator_throw(generator, error, out_item) \
    eddy__generator_throw((generator), (error), (out_item), sizeof *(out_item))
EDDY_API EDDY_SUSPENDS int eddy__generator_send(eddy_generator *generator, const void *value,
                                                size_t value_size, void *out_item,
                                                size_t item_size);
EDDY_API EDDY_SUSPENDS int eddy__generator_throw(eddy_generator *generator, int error,
                                                 void *out_item, size_t item_size);

/*
 * Closes it: EDDY_GENERATOREXIT comes out of the yield it waits at. 0; the error that leaves the body
 * instead; EDDY_EMISUSE if it yields again, or another task is asking.
 */
EDDY_API EDDY_SUSPENDS int eddy_generator_close(eddy_generator *generator);

/* Its name in reports: the function's, or one given here (borrowed). */
EDDY_API void eddy_generator_set_name(eddy_generator *generator, const char *name);

EDDY_AUTO_FOR(eddy_generator, eddy_generator_free)

EDDY_END_DECLS

#endif
