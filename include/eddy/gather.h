/* SPDX-License-Identifier: MIT */
/*
 * gather.h: several awaitables at once.
 *
 *     reply replies[3];
 *     EDDY_TRY(eddy_gather_to(replies, eddy_coro(aget_data, 1), eddy_coro(aget_data, 2), task));
 *
 * Coroutine objects are used up and become tasks; tasks and futures are borrowed. The first error
 * ends the wait, and the others run on, as in asyncio: results are copied by who awaits, never
 * written by a child, so `replies` may go when gather has returned.
 */
#ifndef EDDY_GATHER_H
#define EDDY_GATHER_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/* Zero means the default: the first error ends the wait. */
typedef struct eddy_gather_options {
    bool return_exceptions; /* wait for all, and let errors be results */
    int *statuses;          /* NULL, or room for one status a child, in argument order */
} eddy_gather_options;

/*
 * Waits for all; 0, or the first error. Errors: those of the children; EDDY_CANCELLED when the
 * awaiting task is cancelled (so are all children) or a child was; EDDY_EVALUE; -ENOMEM.
 * Suspends, unless all are done already.
 */
#define eddy_gather(...) \
    eddy__gather_wait(EDDY__FUTURES(__VA_ARGS__), NULL, 0, 0, NULL)

/* The same, storing each child's value in the array `results`, in argument order. */
#define eddy_gather_to(results, ...)                                                     \
    eddy__gather_wait(EDDY__FUTURES(__VA_ARGS__), (results), sizeof(results), sizeof *(results), \
                      NULL)

/* The same for `count` awaitables in an array, with options (or NULL) as the last argument. `results` is NULL or has room for `count`. */
#define eddy_gather_all(children, count, ...) \
    eddy__gather_wait((children), (count), NULL, 0, 0, __VA_ARGS__)
#define eddy_gather_all_to(results, children, count, ...)                                        \
    eddy__gather_wait((children), (count), (results), (count) * sizeof *(results), sizeof *(results), \
                      __VA_ARGS__)

EDDY_API EDDY_SUSPENDS int eddy__gather_wait(eddy_future *const *children, size_t count,
                                             void *results, size_t results_size, size_t result_size,
                                             const eddy_gather_options *options);

/*
 * The future that gathers, without waiting: awaiting it waits for all, cancelling it cancels all
 * children. Its value is read child by child. The reference is the caller's; never NULL.
 */
EDDY_API EDDY_CHECKED eddy_future *eddy_gather_start(eddy_future *const *children, size_t count,
                                                     bool return_exceptions);

/* Lends child `index` of a gathering future; NULL beyond the last. And how many there are. */
EDDY_API eddy_future *eddy_gather_child(const eddy_future *gather, size_t index);
EDDY_API size_t eddy_gather_count(const eddy_future *gather);

#ifdef __cplusplus
EDDY_END_DECLS
/* C++ has no addresses of compound literals: the list is an array of this function. */
template <typename... Futures>
static inline int eddy__gather_list(void *results, size_t results_size, size_t result_size,
                                    Futures *...futures)
{
    eddy_future *list[] = {futures...};
    return eddy__gather_wait(list, sizeof...(futures), results, results_size, result_size, nullptr);
}
#undef eddy_gather
#undef eddy_gather_to
#define eddy_gather(...) eddy__gather_list(nullptr, 0, 0, __VA_ARGS__)
#define eddy_gather_to(results, ...) \
    eddy__gather_list((results), sizeof(results), sizeof *(results), __VA_ARGS__)
EDDY_BEGIN_DECLS
#else
#define EDDY__FUTURES(...)               \
    ((eddy_future *[]){__VA_ARGS__}),    \
        (sizeof((eddy_future *[]){__VA_ARGS__}) / sizeof(eddy_future *))
#endif

EDDY_END_DECLS

#endif
