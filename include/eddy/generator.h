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
 * The body runs inside the task that asks for an item, on its own stack and without extra hops. It
 * may await anything. Between items it is suspended at its eddy_yield(). eddy_for (iterator.h)
 * releases the result of eddy_generate() however the loop ends. To request items yourself, or to
 * leave a loop and continue later, hold the generator:
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
 * Defines a generator that yields items of `type`; the body follows. Write the parameters as for
 * EDDY_ASYNC(). The body returns 0 or more at its end, or an error.
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
 * Makes the source of an eddy_for, which consumes it: the items of the generator function `name`
 * with these arguments. Nothing runs until the first item is requested.
 */
#define eddy_generate(name, ...) name##__owned(eddy_generator_new(name __VA_OPT__(,) __VA_ARGS__))

/*
 * Creates the generator itself, for direct calls or several loops. The caller owns the reference.
 * NULL without memory (the arguments are destroyed): the functions below then return -ENOMEM.
 */
#define eddy_generator_new(name, ...) name##__generator(EDDY_HERE __VA_OPT__(,) __VA_ARGS__)
EDDY_API eddy_iterator eddy__generator_owned(eddy_generator *generator);
EDDY_API EDDY_CHECKED eddy_generator *eddy__generator_new(const eddy_function *function,
                                                          const eddy_place *place,
                                                          const void *arguments);

/* Releases the reference. The loop closes a generator suspended at a yield. NULL is fine. */
EDDY_API void eddy_generator_free(eddy_generator *generator);

/* --- Inside the body --------------------------------------------------------------------------- */

/*
 * Yields `value` (converted to the generator's type); suspends until the next request. Returns 0
 * or the error thrown in: EDDY_GENERATOREXIT when the generator is closed. Clean up and return it.
 */
#define eddy_yield(value) eddy_yield_to(NULL, 0, value)

/*
 * The same, and stores the value of eddy_generator_send(), of `size` bytes, in `out_sent`. Returns
 * 1 if a value was sent, else 0 or the error as above.
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
 * Request the next item: plainly; after sending a value to the yield where the generator waits;
 * after throwing `error` there. Return 1 and the item; 0 at the end; the error that left the body;
 * EDDY_EMISUSE outside a task, while another task is requesting, for an item of another size, or if
 * the body ends with EDDY_STOPITERATION; EDDY_ETYPE for a value sent to a generator that has not
 * started. Suspend when the body does.
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
 * Closes the generator: the yield where it waits returns EDDY_GENERATOREXIT. Returns 0; the error
 * with which the body ends instead; EDDY_EMISUSE if it yields again, or another task is requesting.
 */
EDDY_API EDDY_SUSPENDS int eddy_generator_close(eddy_generator *generator);

/* Sets the name in reports (borrowed); the default is the function's name. */
EDDY_API void eddy_generator_set_name(eddy_generator *generator, const char *name);

EDDY_AUTO_FOR(eddy_generator, eddy_generator_free)

EDDY_END_DECLS

#endif
