/* SPDX-License-Identifier: MIT */
/*
 * coro.h: coroutine functions and coroutine objects.
 *
 *     EDDY_ASYNC_TO(reply, aget_data, (int, seconds))
 *     {
 *         EDDY_TRY(eddy_sleep(seconds));
 *         snprintf(result->text, sizeof result->text, "%d s.", seconds);
 *         return 0;
 *     }
 *
 * defines the plain function `static int aget_data(reply *result, int seconds)`. Calling it awaits
 * it, inline in the caller's task. It returns a status (0 or more) or an error (less than 0); the
 * result is valid only with a status of 0 or more. The macro also defines an argument struct and an
 * entry, which eddy_coro(), eddy_create_task() and similar functions use.
 *
 *     EDDY_ASYNC(name, (type, parameter), ...)              without a result
 *     EDDY_ASYNC_TO(type, name, (type, parameter), ...)     with a result, written to *result
 *     EDDY_ASYNC_TO_OWNED(type, destructor, name, ...)      destructor(type *) if it is never taken
 *
 * A parameter may name its destructor, `(char *, url, free_text)`: free_text(&url) is called if the
 * body never runs (the task was cancelled before its first step, or the coroutine object was
 * dropped). Once the body runs, it owns its arguments. Up to twelve parameters. For Eddy's objects
 * use EDDY_OWNED as the destructor:
 *
 *     EDDY_ASYNC(serve, (eddy_stream *, client, EDDY_OWNED(eddy_stream)))
 *     {
 *         EDDY_AUTO(eddy_stream) *stream = client;
 *
 * If the body leaves scopes (timeout.h) open, through EDDY_TRY say, the function generated around
 * it ends them, newest first, and the status passes through each.
 *
 * If other files call the function, put EDDY_ASYNC_DECLARE or EDDY_ASYNC_DECLARE_TO in a header,
 * and EDDY_ASYNC_DEFINE, _DEFINE_TO or _DEFINE_TO_OWNED, with the same list, before the body.
 */
#ifndef EDDY_CORO_H
#define EDDY_CORO_H

#include <eddy/future.h>
#include <eddy/coro_macros.h>

EDDY_BEGIN_DECLS

/* The description of a coroutine function; made by the EDDY_ASYNC macros. */
typedef struct eddy_function {
    const char *name;
    int (*entry)(void *arguments, void *result);
    void (*drop_arguments)(void *arguments);
    void (*drop_result)(void *result); /* NULL: plain data */
    uint32_t arguments_size;           /* bytes */
    uint32_t result_size;              /* bytes; 0: no result */
    uint32_t result_offset;            /* bytes, from the beginning of the arguments */
    uint32_t alignment;                /* bytes, of both: 8 or 16 */
    eddy_place place;
} eddy_function;

/* A place where coroutine objects are made, and their function. */
typedef struct eddy_site {
    eddy_place place;
    const eddy_function *function;
} eddy_site;

#define EDDY__SITE(name)                                                                           \
    __extension__({                                                                                \
        static const eddy_site eddy_site_ = {{__FILE__, __LINE__}, &name##__function};             \
        &eddy_site_;                                                                               \
    })

/*
 * Define a coroutine function of this file; the body follows. Without a result, with a result, and
 * with a result that has a destructor. The body returns a status and stores its result in *result.
 */
#define EDDY_ASYNC(name, ...)                                                                      \
    EDDY__STATIC(name, (EDDY__PARAMETERS(__VA_ARGS__)), (EDDY__ARGUMENTS(__VA_ARGS__)),            \
                 (EDDY__FROM_STRUCTS(__VA_ARGS__)), 0, NULL __VA_OPT__(,) __VA_ARGS__)
#define EDDY_ASYNC_TO(type, name, ...)                                                             \
    EDDY__STATIC(name, (EDDY__PARAMETERS_TO(type __VA_OPT__(,) __VA_ARGS__)),                      \
                 (EDDY__ARGUMENTS_TO(__VA_ARGS__)), (EDDY__FROM_STRUCTS_TO(type __VA_OPT__(,) __VA_ARGS__)), \
                 sizeof(type), NULL __VA_OPT__(,) __VA_ARGS__)
#define EDDY_ASYNC_TO_OWNED(type, destructor, name, ...)                                           \
    static void name##__drop_result(void *eddy_result_)                                            \
    {                                                                                              \
        destructor((type *)eddy_result_);                                                          \
    }                                                                                              \
    EDDY__STATIC(name, (EDDY__PARAMETERS_TO(type __VA_OPT__(,) __VA_ARGS__)),                      \
                 (EDDY__ARGUMENTS_TO(__VA_ARGS__)), (EDDY__FROM_STRUCTS_TO(type __VA_OPT__(,) __VA_ARGS__)), \
                 sizeof(type), name##__drop_result __VA_OPT__(,) __VA_ARGS__)

/*
 * The same in two parts, for a function that several files call: a declaration for a header, which
 * ends with a semicolon, and a definition followed by the body. The lists must be the same.
 */
#define EDDY_ASYNC_DECLARE(name, ...)                                                              \
    EDDY__EXTERN(name, (EDDY__PARAMETERS(__VA_ARGS__)) __VA_OPT__(,) __VA_ARGS__)
#define EDDY_ASYNC_DECLARE_TO(type, name, ...)                                                     \
    EDDY__EXTERN(name, (EDDY__PARAMETERS_TO(type __VA_OPT__(,) __VA_ARGS__)) __VA_OPT__(,) __VA_ARGS__)
#define EDDY_ASYNC_DEFINE(name, ...)                                                               \
    EDDY__OUTSIDE(name, (EDDY__PARAMETERS(__VA_ARGS__)), (EDDY__ARGUMENTS(__VA_ARGS__)),           \
                  (EDDY__FROM_STRUCTS(__VA_ARGS__)), 0, NULL __VA_OPT__(,) __VA_ARGS__)
#define EDDY_ASYNC_DEFINE_TO(type, name, ...)                                                      \
    EDDY__OUTSIDE(name, (EDDY__PARAMETERS_TO(type __VA_OPT__(,) __VA_ARGS__)),                     \
                  (EDDY__ARGUMENTS_TO(__VA_ARGS__)), (EDDY__FROM_STRUCTS_TO(type __VA_OPT__(,) __VA_ARGS__)), \
                  sizeof(type), NULL __VA_OPT__(,) __VA_ARGS__)

/* The same for a result with a destructor, as in EDDY_ASYNC_TO_OWNED. */
#define EDDY_ASYNC_DEFINE_TO_OWNED(type, destructor, name, ...)                                    \
    static void name##__drop_result(void *eddy_result_)                                            \
    {                                                                                              \
        destructor((type *)eddy_result_);                                                          \
    }                                                                                              \
    EDDY__OUTSIDE(name, (EDDY__PARAMETERS_TO(type __VA_OPT__(,) __VA_ARGS__)),                     \
                  (EDDY__ARGUMENTS_TO(__VA_ARGS__)), (EDDY__FROM_STRUCTS_TO(type __VA_OPT__(,) __VA_ARGS__)), \
                  sizeof(type), name##__drop_result __VA_OPT__(,) __VA_ARGS__)

/*
 * Makes a coroutine object of the function `name` with these arguments. Nothing runs until it is
 * awaited, gathered or made a task, each of which consumes it.
 *
 *     int rc = eddy_gather(eddy_coro(aget_data, 1), eddy_coro_with(aget_data, .seconds = 2));
 *
 * An object still unused when the task that made it ends is reported, with its place, and dropped.
 * Never NULL: without memory, it is a task that has already failed (-ENOMEM), and its arguments
 * have been destroyed.
 */
#define eddy_coro(name, ...) name##__coro(EDDY__SITE(name) __VA_OPT__(,) __VA_ARGS__)

/* The same with arguments by name; omitted ones are zero. */
#define eddy_coro_with(name, ...)                                                                  \
    name##__coro_with(EDDY__SITE(name), EDDY__LITERAL(name##__arguments, __VA_ARGS__))

/* Drops a coroutine object that will not be used. NULL is fine. */
EDDY_API void eddy_coro_free(eddy_coroutine *coroutine);

/* For the macros: copies `arguments`, or destroys them if it can't. */
EDDY_API EDDY_CHECKED eddy_coroutine *eddy__coro_new(const eddy_site *site, const void *arguments);

/* For the macros: returns how many scopes are open when a body begins; ends those it left open. */
EDDY_API size_t eddy__body_begin(void);
EDDY_API int eddy__body_end(size_t depth, int status);

EDDY_END_DECLS

#endif
