/* SPDX-License-Identifier: MIT */
/*
 * gather.h: several awaitables at once.
 *
 *     reply replies[3];
 *     EDDY_TRY(eddy_gather_to(replies, eddy_coro(aget_data, 1), eddy_coro(aget_data, 2), task));
 *
 * Each form takes its awaitables as a list, or, with `_all`, as an array whose length is known at run
 * time, as gather(*aws) does:
 *
 *                        a list                                 an array
 *     wait               eddy_gather(a, b)                      eddy_gather_all(aws, n)
 *     with the values    eddy_gather_to(values, a, b)           eddy_gather_all_to(values, aws, n)
 *     with options       eddy_gather_with(options, a, b)        eddy_gather_all(aws, n, options)
 *     with both          eddy_gather_to_with(values, options, a, b)
 *                                                               eddy_gather_all_to(values, aws, n, options)
 *     don't wait yet     eddy_gather_start(a, b)                eddy_gather_all_start(aws, n, false)
 *
 * Coroutine objects are used up and become tasks; tasks and futures are borrowed. The first error
 * ends the wait, and the others run on, as in asyncio: results are copied by who awaits, never
 * written by a child, so `replies` may go when gather has returned.
 */
#ifndef EDDY_GATHER_H
#define EDDY_GATHER_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/*
 * Zero means the default: the first error ends the wait.
 *
 *     int statuses[2];
 *     eddy_gather_options options = {.return_exceptions = true, .statuses = statuses};
 *     EDDY_TRY(eddy_gather_with(&options, a, b));
 */
typedef struct eddy_gather_options {
    bool return_exceptions; /* wait for all, and let errors be results */
    int *statuses;          /* NULL, or room for one status a child, in argument order */
} eddy_gather_options;

/*
 * Waits for all; 0, or the first error. Errors: those of the children; EDDY_CANCELLED when the
 * awaiting task is cancelled (so are all children) or a child was; EDDY_EVALUE; -ENOMEM.
 * Suspends, unless all are done already.
 *
 * `_to` stores each child's value in the array `results`, in argument order, and leaves the place of
 * one alone that has none. Options may be NULL, and left out where they come last.
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
 * The future that gathers, without waiting: awaiting it waits for all, cancelling it cancels all
 * children. The reference is the caller's; never NULL.
 */
#define eddy_gather_start(...) eddy_gather_all_start(EDDY__FUTURES(__VA_ARGS__), false)
EDDY_API EDDY_CHECKED eddy_future *eddy_gather_all_start(eddy_future *const *children,
                                                         size_t count, bool return_exceptions);

/*
 * Stores the values of a gathering future that is done in the array `results`, which has room for
 * `count`. 0; its error; EDDY_EINVALIDSTATE while it is pending; EDDY_EMISUSE for a future that
 * gathers nothing, or without room for all. Never suspends.
 */
#define eddy_gather_results(gather, results, count)                                     \
    eddy__gather_results((gather), (results), (count) * sizeof *(results), sizeof *(results))
EDDY_API EDDY_CHECKED int eddy__gather_results(eddy_future *gather, void *results,
                                               size_t results_size, size_t result_size);

/* Lends child `index` of a gathering future; NULL beyond the last. And how many there are. */
EDDY_API eddy_future *eddy_gather_child(const eddy_future *gather, size_t index);
EDDY_API size_t eddy_gather_count(const eddy_future *gather);

#ifdef __cplusplus
EDDY_END_DECLS
/* C++ has no addresses of compound literals: the list is an array of this function. */
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
