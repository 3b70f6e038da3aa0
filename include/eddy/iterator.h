/* SPDX-License-Identifier: MIT */
/*
 * iterator.h: `async for`, over everything that has items.
 *
 *     int rc;
 *     eddy_for (int, i, eddy_generate(ticker, 3), &rc)     // what a generator yields
 *         printf("%d\n", i);
 *     eddy_for (int, item, queue, &rc)                     // until the queue is shut down and empty
 *         work_on(item);
 *     eddy_for (eddy_span, line, stream, &rc)              // lines, each lent until the next
 *         fwrite(line.data, 1, line.size, stdout);
 *     eddy_for (eddy_future *, done, eddy_as_completed(coros, n, EDDY_NO_TIMEOUT), &rc)
 *         look_at(done);
 *     EDDY_TRY(rc);                                        // 0 at the end, or the error
 *
 * A type of one's own becomes one with EDDY_ITERATOR: see below. Modules have makers of their own,
 * such as eddy_sql_each() for the rows of a query.
 *
 * A pointer is borrowed: after the loop, or a `break`, the generator or queue is as it was left. What
 * a maker returns by value (eddy_generate(), eddy_as_completed(), an eddy_iterator) is used up, and
 * freed on every way out of the loop.
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
 * What eddy_for walks along. The function that returns one is a maker, as Python's __aiter__ is; a
 * module writes its own by filling in the fields:
 *
 *     eddy_iterator crowd_aiter(crowd *crowd)
 *     {
 *         return (eddy_iterator){.next = next_person, .object = crowd, .item_size = sizeof(person)};
 *     }
 */
typedef struct eddy_iterator {
    int (*next)(void *object, void *out_item); // 1 and an item, 0 at the end, or an error; suspends
    void (*free)(void *object);                // gives the object back; NULL: it is borrowed
    void *object;
    size_t item_size;                          // bytes
    int status;                                // less than 0: it could not be made, for this reason
} eddy_iterator;

/*
 * Declares the type of iterators whose items are of `type`, which the compiler then checks: for
 * makers to return, in place of an eddy_iterator.
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
 * `async for`: the body runs for each item of `source`, with a variable `name` of `type`. *out_rc is
 * 0 after the last, the error if one came, and 1 after a break. `source` is
 *
 *   eddy_generator *     what it yields
 *   eddy_queue *         what is got from it, until it is shut down and empty; an item is the body's
 *   eddy_stream *        eddy_span: lines with their '\n', each lent until the stream is next read
 *   eddy_as_completed *  eddy_future *: the awaitables, as they are done
 *   eddy_iterator *      whatever that one has left
 *   a maker's result     by value: used up
 *
 * The type is checked where it is known to the compiler. For a generator or a queue in a variable its
 * size is, when the loop begins (EDDY_EMISUSE). Suspends between items as `source` does; cancelled
 * there, it ends with EDDY_CANCELLED, and no item is lost that a queue or stream can keep.
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
 * The next item of what eddy_for takes by pointer, as Python's anext():
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
 * The iterator of anything that eddy_for takes, as Python's aiter(): to keep, hand on, or ask with
 * eddy_anext(&iterator, &item). It is given back with eddy_iterator_fini(), EDDY_AUTO(eddy_iterator),
 * or by an eddy_for that gets it by value.
 */
#define eddy_aiter(source)                                   \
    __extension__({                                          \
        EDDY__TYPE_OF(source) eddy_source_ = (source);       \
        EDDY__ITERATOR(eddy_source_);                        \
    })

/* Gives back what the iterator owns; what it borrows stays. A second time nothing happens. */
static inline void eddy_iterator_fini(eddy_iterator *iterator)
{
    if (iterator->free != NULL)
        iterator->free(iterator->object);
    iterator->free = NULL;
}

/* --- Iterators of one's own -------------------------------------------------------------------- */

/*
 * Makes the struct type `object` an async iterator with items of `type`. What follows is the body of
 * its __anext__: `self` is the object, the item goes to *result, and EDDY_STOPITERATION is the end.
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
 * defines countdown_aiter(countdown *self), which borrows the object, and countdown_anext(int
 * *result, countdown *self), a coroutine function as EDDY_ASYNC_TO would define it.
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
