/* SPDX-License-Identifier: MIT */
/*
 * iterator_macros.h: the implementation of eddy_for and related macros. Not for direct use.
 *
 * eddy_for expands to three nested loops: the first holds the state, with a cleanup for every
 * exit; the second evaluates the source once; the third iterates. The source's type selects the
 * iterator and the type of its items: in C by _Generic, in C++ by overloads.
 */
#ifndef EDDY_ITERATOR_MACROS_H
#define EDDY_ITERATOR_MACROS_H

#include <eddy/iterator.h>

EDDY_BEGIN_DECLS

typedef struct eddy__for {
    eddy_iterator iterator;
    int *out_rc;
    bool is_new;
} eddy__for;

EDDY_ITERATOR_TYPE(eddy__lines, eddy_span);
EDDY_ITERATOR_TYPE(eddy__futures, eddy_future *);
EDDY_ITERATOR_TYPE(eddy__anything, void);

EDDY_API eddy_iterator eddy__generator_iterator(struct eddy_generator *generator);
EDDY_API eddy_iterator eddy__queue_iterator(struct eddy_queue *queue);
EDDY_API eddy_iterator eddy__stream_iterator(struct eddy_stream *stream);
EDDY_API eddy_iterator eddy__as_completed_iterator(struct eddy_as_completed *order);
EDDY_API eddy_iterator eddy__iterator_iterator(eddy_iterator *iterator);
EDDY_API eddy_iterator eddy__made_iterator(const void *made);

EDDY_API bool eddy__for_begin(eddy__for *loop, eddy_iterator iterator, size_t item_size);

static inline eddy_iterator eddy__iterator_new(int (*next)(void *object, void *out_item),
                                               void *object, size_t item_size)
{
    eddy_iterator iterator = {next, NULL, object, item_size, 0};
    return iterator;
}

static inline eddy__for eddy__for_new(int *out_rc)
{
    eddy__for loop = {{NULL, NULL, NULL, 0, 0}, out_rc, true};
    return loop;
}

static inline bool eddy__for_next(eddy__for *loop, void *out_item)
{
    *loop->out_rc = loop->iterator.next(loop->iterator.object, out_item);
    return *loop->out_rc > 0;
}

static inline void eddy__for_end(eddy__for *loop)
{
    eddy_iterator_fini(&loop->iterator);
}

static inline void eddy_iterator__auto(eddy_iterator *iterator)
{
    eddy_iterator_fini(iterator);
}

#define EDDY__FOR_CLEANUP __attribute__((cleanup(eddy__for_end)))

EDDY_END_DECLS

#ifndef __cplusplus

#define EDDY__TYPE_OF(source) __typeof__(source)

#define EDDY__BORROWED(source)                                      \
    _Generic((source),                                              \
        struct eddy_generator *: eddy__generator_iterator,          \
        struct eddy_queue *: eddy__queue_iterator,                  \
        struct eddy_stream *: eddy__stream_iterator,                \
        struct eddy_as_completed *: eddy__as_completed_iterator,    \
        eddy_iterator *: eddy__iterator_iterator)(source)

/* The iterator of a variable: a pointer is borrowed, anything else is a maker's result. */
#define EDDY__ITERATOR(source)                                      \
    _Generic((source),                                              \
        struct eddy_generator *: eddy__generator_iterator,          \
        struct eddy_queue *: eddy__queue_iterator,                  \
        struct eddy_stream *: eddy__stream_iterator,                \
        struct eddy_as_completed *: eddy__as_completed_iterator,    \
        eddy_iterator *: eddy__iterator_iterator,                   \
        default: eddy__made_iterator)(_Generic((source),            \
        struct eddy_generator *: (source),                          \
        struct eddy_queue *: (source),                              \
        struct eddy_stream *: (source),                             \
        struct eddy_as_completed *: (source),                       \
        eddy_iterator *: (source),                                  \
        default: &(source)))

#define EDDY__ITEM_TYPE(source)                                         \
    __typeof__(_Generic((source),                                       \
        struct eddy_generator *: *(eddy__anything *)NULL,               \
        struct eddy_queue *: *(eddy__anything *)NULL,                   \
        struct eddy_stream *: *(eddy__lines *)NULL,                     \
        struct eddy_as_completed *: *(eddy__futures *)NULL,             \
        eddy_iterator *: *(eddy__anything *)NULL,                       \
        eddy_iterator: *(eddy__anything *)NULL,                         \
        default: (source)).item_type)

#define EDDY__CHECK_ITEM(type, source)                                                           \
    ((void)sizeof(struct {                                                                       \
        _Static_assert(__builtin_types_compatible_p(EDDY__ITEM_TYPE(source), type *) ||          \
                           __builtin_types_compatible_p(EDDY__ITEM_TYPE(source), void *),        \
                       "eddy_for: the source has items of another type");                        \
        char eddy_unused_;                                                                       \
    }))

#else

#define EDDY__TYPE_OF(source) auto
#define EDDY__BORROWED(source) eddy__iterator_of(source)
#define EDDY__ITERATOR(source) eddy__iterator_of(source)
#define EDDY__CHECK_ITEM(type, source) eddy__check_item(static_cast<type *>(NULL), source)

static inline eddy_iterator eddy__iterator_of(struct eddy_generator *generator)
{
    return eddy__generator_iterator(generator);
}
static inline eddy_iterator eddy__iterator_of(struct eddy_queue *queue)
{
    return eddy__queue_iterator(queue);
}
static inline eddy_iterator eddy__iterator_of(struct eddy_stream *stream)
{
    return eddy__stream_iterator(stream);
}
static inline eddy_iterator eddy__iterator_of(struct eddy_as_completed *order)
{
    return eddy__as_completed_iterator(order);
}
static inline eddy_iterator eddy__iterator_of(eddy_iterator *iterator)
{
    return eddy__iterator_iterator(iterator);
}
static inline eddy_iterator eddy__iterator_of(const eddy_iterator &iterator)
{
    return iterator;
}
template <typename Items> static inline eddy_iterator eddy__iterator_of(const Items &items)
{
    return items.iterator;
}

template <typename Type> static inline void eddy__check_item(Type *, struct eddy_generator *) {}
template <typename Type> static inline void eddy__check_item(Type *, struct eddy_queue *) {}
template <typename Type> static inline void eddy__check_item(Type *, eddy_iterator *) {}
template <typename Type> static inline void eddy__check_item(Type *, const eddy_iterator &) {}
static inline void eddy__check_item(eddy_span *, struct eddy_stream *) {}
static inline void eddy__check_item(eddy_future **, struct eddy_as_completed *) {}
template <typename Type, typename Items>
static inline auto eddy__check_item(Type *, const Items &)
    -> decltype(static_cast<Type **>(&static_cast<Items *>(NULL)->item_type), void())
{
}

#endif

#endif
