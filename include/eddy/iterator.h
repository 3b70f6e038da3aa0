/* SPDX-License-Identifier: MIT */
/*
 * iterator.h: `async for` over generators, queues, streams and other iterators.
 *
 *     int rc;
 *     eddy_for (int, i, eddy_generate(ticker, 3), &rc)     // what a generator yields
 *         printf("%d\n", i);
 *     eddy_for (int, item, queue, &rc)                     // until the queue is shut down and empty
 *         work_on(item);
 *     eddy_for (eddy_span, line, stream, &rc)              // lines, each valid until the next
 *         fwrite(line.data, 1, line.size, stdout);
 *     eddy_for (eddy_future *, done, eddy_as_completed(coros, n, EDDY_NO_TIMEOUT), &rc)
 *         look_at(done);
 *     EDDY_TRY(rc);                                        // 0 at the end, or the error
 *
 * EDDY_ITERATOR (see below) makes any struct type an iterator. Modules have their own makers, such
 * as eddy_sql_each() for the rows of a query.
 *
 * A pointer is borrowed: after the loop, or a `break`, the generator or queue keeps its state. A
 * value that a maker returns (eddy_generate(), eddy_as_completed(), an eddy_iterator) is consumed,
 * and freed on every exit from the loop.
 */
#ifndef EDDY_ITERATOR_H
#define EDDY_ITERATOR_H

#include <eddy/coro.h>
#include <eddy/stream.h>

EDDY_BEGIN_DECLS

struct eddy_generator;
struct eddy_queue;
struct eddy_as_completed;

/*
 * An iterator: a source of items for eddy_for. A function that returns one is a maker, like
 * Python's __aiter__; a module's maker fills in the fields:
 *
 *     eddy_iterator crowd_aiter(crowd *crowd)
 *     {
 *         return (eddy_iterator){.next = next_person, .object = crowd, .item_size = sizeof(person)};
 *     }
 */
typedef struct eddy_iterator {
    int (*next)(void *object, void *out_item); // 1 and an item, 0 at the end, or an error; suspends
    void (*free)(void *object);                // frees the object; NULL: it is borrowed
    void *object;
    size_t item_size;                          // bytes
    int status;                                // less than 0: the error of making it
} eddy_iterator;

/*
 * Declares an iterator type with items of `type`, which the compiler then checks. Makers return it
 * in place of an eddy_iterator.
 *
 *     EDDY_ITERATOR_TYPE(person_iterator, person);
 *     person_iterator crowd_aiter(crowd *crowd)
 *     {
 *         return (person_iterator){{.next = next_person, .object = crowd, ...}};
 *     }
 */
#define EDDY_ITERATOR_TYPE(name, type) \
    typedef union name {               \
        eddy_iterator iterator;        \
        type *item_type; /* never set */ \
    } name

/* --- Loops ------------------------------------------------------------------------------------- */

/*
 * `async for`: runs the body for each item of `source`, in a variable `name` of `type`. *out_rc is
 * 0 at the end, the error if one occurred, and 1 after a break. `source` is
 *
 *   eddy_generator *     the items it yields
 *   eddy_queue *         its items, until it is shut down and empty; the body owns each item
 *   eddy_stream *        eddy_span: lines with their '\n', each valid until the stream is next read
 *   eddy_as_completed *  eddy_future *: the awaitables, in order of completion
 *   eddy_iterator *      its remaining items
 *   a maker's result     by value: consumed
 *
 * The compiler checks the type if it knows it. For a generator or a queue in a variable, the
 * item's size is checked when the loop begins (EDDY_EMISUSE). Suspends between items as `source`
 * does. If cancelled there, the loop ends with EDDY_CANCELLED; queues and streams keep the item.
 */
#define eddy_for(type, name, source, out_rc)                                      \
    EDDY__FOR(type, name, source, out_rc, EDDY__CAT(eddy_for_, __LINE__),         \
              EDDY__CAT(eddy_source_, __LINE__))

#define EDDY__FOR(type, name, given, out_rc, loop, source)                                     \
    for (eddy__for loop EDDY__FOR_CLEANUP = eddy__for_new(out_rc); loop.is_new;)               \
        for (EDDY__TYPE_OF(given) source = (given);                                            \
             (EDDY__CHECK_ITEM(type, source), loop.is_new) &&                                  \
             eddy__for_begin(&loop, EDDY__ITERATOR(source), sizeof(type));)                    \
            for (type name; eddy__for_next(&loop, &name);)

/* --- Item by item ------------------------------------------------------------------------------ */

/*
 * Gets the next item of a source that eddy_for takes by pointer, like Python's anext():
 *
 *     EDDY_TRY(eddy_anext(generator, &item));
 *     EDDY_TRY(eddy_anext(generator, &item, 0));       // 0 in place of an item at the end
 *
 * Returns 0 and the item; EDDY_STOPITERATION at the end, unless there is a default; the source's
 * error; EDDY_EMISUSE for an item of another size. Suspends as the source does.
 */
#define eddy_anext(...)                                                               \
    EDDY__SELECT3(__VA_ARGS__, eddy__anext_default, eddy__anext_plain, )(__VA_ARGS__)
#define EDDY__SELECT3(_1, _2, _3, chosen, ...) chosen
#define eddy__anext_plain(source, out_item) \
    eddy__anext(EDDY__BORROWED(source), (out_item), sizeof *(out_item), NULL)
#define eddy__anext_default(source, out_item, otherwise)                                        \
    eddy__status(__extension__({                                                                \
        __typeof__(*(out_item)) eddy_default_ = otherwise;                                      \
        eddy__anext(EDDY__BORROWED(source), (out_item), sizeof *(out_item), &eddy_default_);    \
    }))
EDDY_API EDDY_SUSPENDS int eddy__anext(eddy_iterator iterator, void *out_item, size_t item_size,
                                       const void *otherwise);

/*
 * Returns an iterator of any source of eddy_for, like Python's aiter(): to store, to pass on, or
 * for eddy_anext(&iterator, &item). It is released by eddy_iterator_fini(),
 * EDDY_AUTO(eddy_iterator), or an eddy_for that gets it by value.
 */
#define eddy_aiter(source)                                   \
    __extension__({                                          \
        EDDY__TYPE_OF(source) eddy_source_ = (source);       \
        EDDY__ITERATOR(eddy_source_);                        \
    })

/* Frees the object if the iterator owns it, not if it borrows it. A second call does nothing. */
static inline void eddy_iterator_fini(eddy_iterator *iterator)
{
    if (iterator->free != NULL)
        iterator->free(iterator->object);
    iterator->free = NULL;
}

/* --- Custom iterators -------------------------------------------------------------------------- */

/*
 * Makes the struct type `object` an async iterator with items of `type`. The body of its __anext__
 * follows: `self` is the object; it stores the item in *result, or returns EDDY_STOPITERATION at
 * the end.
 *
 *     typedef struct countdown { int left; } countdown;
 *
 *     EDDY_ITERATOR(int, countdown)
 *     {
 *         if (self->left == 0)
 *             return EDDY_STOPITERATION;
 *         EDDY_TRY(eddy_sleep(1));
 *         *result = self->left--;
 *         return 0;
 *     }
 *     ...
 *     eddy_for (int, i, countdown_aiter(&(countdown){3}), &rc)
 *
 * This defines countdown_aiter(countdown *self), which borrows the object, and countdown_anext(int
 * *result, countdown *self), a coroutine function as EDDY_ASYNC_TO defines it.
 */
#define EDDY_ITERATOR(type, object)                                                            \
    EDDY_ITERATOR_TYPE(object##__items, type);                                                 \
    EDDY__UNUSED static int object##_anext(type *result, object *self);                        \
    EDDY__UNUSED static int object##__step(void *eddy_object_, void *eddy_item_)               \
    {                                                                                          \
        int eddy_status_ = object##_anext((type *)eddy_item_, (object *)eddy_object_);         \
        return eddy_status_ == EDDY_STOPITERATION ? 0 : eddy_status_ < 0 ? eddy_status_ : 1;   \
    }                                                                                          \
    EDDY__UNUSED static inline object##__items object##_aiter(object *self)                    \
    {                                                                                          \
        object##__items eddy_items_;                                                           \
        eddy_items_.iterator = eddy__iterator_new(object##__step, self, sizeof(type));         \
        return eddy_items_;                                                                    \
    }                                                                                          \
    EDDY_ASYNC_TO(type, object##_anext, (object *, self))

EDDY_END_DECLS

#include <eddy/iterator_macros.h>

#endif
