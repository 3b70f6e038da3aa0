/* SPDX-License-Identifier: MIT */
/*
 * api.h: the words that every Eddy header uses: what is public, what suspends, what must be looked
 * at, and the two conveniences EDDY_TRY and EDDY_AUTO.
 */
#ifndef EDDY_API_H
#define EDDY_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Stand around the declarations of a header, so that C++ takes them for C. */
#ifdef __cplusplus
#define EDDY_BEGIN_DECLS extern "C" {
#define EDDY_END_DECLS }
#else
#define EDDY_BEGIN_DECLS
#define EDDY_END_DECLS
#endif

/* A symbol of the shared library; everything else in it is hidden. */
#define EDDY_API __attribute__((visibility("default")))

/* The status must be looked at (EDDY_IGNORE says that one means not to). */
#define EDDY_CHECKED __attribute__((warn_unused_result))

/* The call may let other tasks run before it returns; it is a cancellation point. */
#define EDDY_SUSPENDS EDDY_CHECKED

/* The call takes a format and arguments as printf(3) does; the compiler checks them. */
#define EDDY_PRINTF(format_index, first_index) \
    __attribute__((format(printf, format_index, first_index)))

/*
 * The version of these headers, in parts, as text and as one number that grows with each release
 * (major * 10000 + minor * 100 + patch):
 *
 *     #if EDDY_VERSION_NUMBER >= 200 // 0.2.0
 *
 * eddy_version() and eddy_version_number() tell the version of the library at run time.
 */
#define EDDY_VERSION_MAJOR 0
#define EDDY_VERSION_MINOR 1
#define EDDY_VERSION_PATCH 0
#define EDDY_VERSION "0.1.0"
#define EDDY_VERSION_NUMBER \
    (EDDY_VERSION_MAJOR * 10000 + EDDY_VERSION_MINOR * 100 + EDDY_VERSION_PATCH)

/*
 * The value of a statement expression, as the result of a call: the compiler warns of a call that is
 * ignored, and not of an expression.
 */
EDDY_CHECKED static inline int eddy__status(int status)
{
    return status;
}

/* Leaves the function with the status of `call` if that is an error. */
#define EDDY_TRY(call)                         \
    do {                                       \
        ssize_t eddy_status_ = (call);         \
        if (eddy_status_ < 0) {                \
            eddy__leaves_with_error(__func__); \
            return (int)eddy_status_;          \
        }                                      \
    } while (0)

/* Says that the status of `call` is not looked at, on purpose. */
#define EDDY_IGNORE(call) \
    do {                  \
        if (call) {       \
        }                 \
    } while (0)

/*
 * Gives the object back at the end of the scope, on every way out:
 *
 *     EDDY_AUTO(eddy_task) *task = eddy_create_task(fetch, url);
 *
 * For a type of one's own: EDDY_AUTO_FOR(person, person_free), with void person_free(person *).
 */
#define EDDY_AUTO(type) __attribute__((cleanup(type##__auto))) type
#define EDDY_AUTO_FOR(type, give_back)                 \
    static inline void type##__auto(type **object)      \
    {                                                   \
        give_back(*object);                             \
    }                                                   \
    static inline void type##__drop(void *object)       \
    {                                                   \
        give_back(*(type **)object);                    \
    }

/*
 * The destructor of such a type, wherever one can be named: for a parameter, a result, a queue's
 * item or a future's value that is a pointer to it.
 *
 *     EDDY_ASYNC(serve, (eddy_stream *, client, EDDY_OWNED(eddy_stream)))
 *     eddy_queue_new_owning(eddy_stream *, 10, EDDY_OWNED(eddy_stream))
 */
#define EDDY_OWNED(type) type##__drop

/* Where something was made or asked for: shown in reports. */
typedef struct eddy_place {
    const char *file;
    int line;
} eddy_place;

/* The place where this stands, as a pointer to an eddy_place that is never freed. */
#define EDDY_HERE                                                     \
    __extension__({                                                   \
        static const eddy_place eddy_place_ = {__FILE__, __LINE__};   \
        &eddy_place_;                                                 \
    })

EDDY_BEGIN_DECLS

/* The version of the library that is linked, as text: "0.1.0". */
EDDY_API const char *eddy_version(void);

/* The version of the library that is linked, as EDDY_VERSION_NUMBER counts: 100 for 0.1.0. */
EDDY_API int eddy_version_number(void);

/* `function` (its __func__) is about to return an error: a group that it leaves open is told so. */
EDDY_API __attribute__((cold)) void eddy__leaves_with_error(const char *function);

EDDY_END_DECLS

#endif
