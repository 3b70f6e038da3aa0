/* SPDX-License-Identifier: MIT */
/*
 * gather.h: waits for several awaitables at once.
 *
 *     reply replies[3];
 *     EDDY_TRY(eddy_gather_to(replies, eddy_coro(aget_data, 1), eddy_coro(aget_data, 2), task));
 *
 * Each form takes its awaitables as a list or, with `_all`, as an array whose length is known at
 * run time, like gather(*aws):
 *
 *                        a list                                 an array
 *     wait               eddy_gather(a, b)                      eddy_gather_all(aws, n)
 *     with the values    eddy_gather_to(values, a, b)           eddy_gather_all_to(values, aws, n)
 *     with options       eddy_gather_with(options, a, b)        eddy_gather_all(aws, n, options)
 *     with both          eddy_gather_to_with(values, options, a, b)
 *                                                               eddy_gather_all_to(values, aws, n, options)
 *     don't wait yet     eddy_gather_start(a, b)                eddy_gather_all_start(aws, n, false)
 *
 * Coroutine objects are consumed and become tasks; tasks and futures are borrowed. The first error
 * ends the wait, and the other children run on, as in asyncio. The awaiting task copies the
 * results; a child never writes them. So `replies` need not outlive the call.
 */
#ifndef EDDY_GATHER_H
#define EDDY_GATHER_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/*
 * Options of a gather. Zero means the default: the first error ends the wait.
 *
 *     int statuses[2];
 *     eddy_gather_options options = {.return_exceptions = true, .statuses = statuses};
 *     EDDY_TRY(eddy_gather_with(&options, a, b));
 */
typedef struct eddy_gather_options {
    bool return_exceptions; /* wait for all; treat errors as results */
    int *statuses;          /* NULL, or an array with a status for each child, in argument order */
} eddy_gather_options;

/*
 * Waits for all children. Returns 0, or the first error: a child's own; EDDY_CANCELLED if a child
 * was cancelled, or the awaiting task (which cancels all children); EDDY_EVALUE; -ENOMEM. Suspends
 * unless all are already done.
 *
 * `_to` stores each child's value in the array `results`, in argument order. A child without a
 * value leaves its element unchanged. Options may be NULL, and omitted where they come last.
 */
#define eddy_gather(...) eddy__gather_wait(EDDY__FUTURES(__VA_ARGS__), NULL, 0, 0, NULL)
#define eddy_gather_to(results, ...)                                                               \
    eddy__gather_wait(EDDY__FUTURES(__VA_ARGS__), (results), sizeof(results), sizeof *(results),   \
                      NULL)
#define eddy_gather_with(options, ...) \
    eddy__gather_wait(EDDY__FUTURES(__VA_ARGS__), NULL, 0, 0, (options))
#define eddy_gather_to_with(results, options, ...)                                                 \
    eddy__gather_wait(EDDY__FUTURES(__VA_ARGS__), (results), sizeof(results), sizeof *(results),   \
                      (options))
#define eddy_gather_all(children, count, ...) \
    eddy__gather_wait((children), (count), NULL, 0, 0, EDDY__OR_NULL(__VA_ARGS__))
#define eddy_gather_all_to(results, children, count, ...)                                          \
    eddy__gather_wait((children), (count), (results), (count) * sizeof *(results),                 \
                      sizeof *(results), EDDY__OR_NULL(__VA_ARGS__))

#define EDDY__OR_NULL(...) EDDY__CAT(EDDY__OR_NULL_, EDDY__ANY(__VA_ARGS__))(__VA_ARGS__)
#define EDDY__OR_NULL_0() NULL
#define EDDY__OR_NULL_1(...) __VA_ARGS__

EDDY_API EDDY_SUSPENDS int eddy__gather_wait(eddy_future *const *children, size_t count,
                                             void *results, size_t results_size, size_t result_size,
                                             const eddy_gather_options *options);

/*
 * Returns the gathering future without waiting: awaiting it waits for all children, cancelling it
 * cancels all children. The caller owns the reference. Never NULL.
 */
#define eddy_gather_start(...) eddy_gather_all_start(EDDY__FUTURES(__VA_ARGS__), false)
EDDY_API EDDY_CHECKED eddy_future *eddy_gather_all_start(eddy_future *const *children,
                                                         size_t count, bool return_exceptions);

/*
 * Stores the values of a done gathering future in the array `results` of `count` elements. Returns
 * 0; the future's error; EDDY_EINVALIDSTATE while it is pending; EDDY_EMISUSE if it is no gathering
 * future or the array is too small. Never suspends.
 */
#define eddy_gather_results(gather, results, count)                                     \
    eddy__gather_results((gather), (results), (count) * sizeof *(results), sizeof *(results))
EDDY_API EDDY_CHECKED int eddy__gather_results(eddy_future *gather, void *results,
                                               size_t results_size, size_t result_size);

/* Return child `index` of a gathering future, borrowed, NULL past the last; how many there are. */
EDDY_API eddy_future *eddy_gather_child(const eddy_future *gather, size_t index);
EDDY_API size_t eddy_gather_count(const eddy_future *gather);

#ifdef __cplusplus
EDDY_END_DECLS
/* C++ can't take the address of a compound literal, so the list is an array in this function. */
template <typename... Futures>
EDDY_SUSPENDS static inline int eddy__gather_list(void *results, size_t results_size,
                                                  size_t result_size,
                                                  const eddy_gather_options *options,
                                                  Futures *...futures)
{
    eddy_future *list[] = {futures...};
    return eddy__gather_wait(list, sizeof...(futures), results, results_size, result_size, options);
}
template <typename... Futures>
EDDY_CHECKED static inline eddy_future *eddy__gather_start(Futures *...futures)
{
    eddy_future *list[] = {futures...};
    return eddy_gather_all_start(list, sizeof...(futures), false);
}
#undef eddy_gather
#undef eddy_gather_to
#undef eddy_gather_with
#undef eddy_gather_to_with
#undef eddy_gather_start
#define eddy_gather(...) eddy__gather_list(nullptr, 0, 0, nullptr, __VA_ARGS__)
#define eddy_gather_to(results, ...) \
    eddy__gather_list((results), sizeof(results), sizeof *(results), nullptr, __VA_ARGS__)
#define eddy_gather_with(options, ...) eddy__gather_list(nullptr, 0, 0, (options), __VA_ARGS__)
#define eddy_gather_to_with(results, options, ...) \
    eddy__gather_list((results), sizeof(results), sizeof *(results), (options), __VA_ARGS__)
#define eddy_gather_start(...) eddy__gather_start(__VA_ARGS__)
EDDY_BEGIN_DECLS
#else
#define EDDY__FUTURES(...)               \
    ((eddy_future *[]){__VA_ARGS__}),    \
        (sizeof((eddy_future *[]){__VA_ARGS__}) / sizeof(eddy_future *))
#endif

EDDY_END_DECLS

#endif
