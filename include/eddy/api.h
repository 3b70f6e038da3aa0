/* SPDX-License-Identifier: MIT */
/*
 * api.h: macros that every Eddy header uses: they mark what is public, what suspends and which
 * results must be checked. Also EDDY_TRY and EDDY_AUTO.
 */
#ifndef EDDY_API_H
#define EDDY_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Enclose the declarations of a header, so that C++ compiles them as C. */
#ifdef __cplusplus
#define EDDY_BEGIN_DECLS extern "C" {
#define EDDY_END_DECLS }
#else
#define EDDY_BEGIN_DECLS
#define EDDY_END_DECLS
#endif

/* A symbol of the shared library; everything else in it is hidden. */
#define EDDY_API __attribute__((visibility("default")))

/* The caller must check the status, or ignore it explicitly with EDDY_IGNORE. */
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
 * eddy_version() and eddy_version_number() return the version of the library at run time.
 */
#define EDDY_VERSION_MAJOR 0
#define EDDY_VERSION_MINOR 1
#define EDDY_VERSION_PATCH 0
#define EDDY_VERSION "0.1.0"
#define EDDY_VERSION_NUMBER \
    (EDDY_VERSION_MAJOR * 10000 + EDDY_VERSION_MINOR * 100 + EDDY_VERSION_PATCH)

/*
 * Returns `status`. Makes the value of a statement expression the result of a call, because the
 * compiler warns about an ignored call but not about an ignored expression.
 */
EDDY_CHECKED static inline int eddy__status(int status)
{
    return status;
}

/* Returns the status of `call` from the enclosing function if it is an error. */
#define EDDY_TRY(call)                         \
    do {                                       \
        ssize_t eddy_status_ = (call);         \
        if (eddy_status_ < 0) {                \
            eddy__leaves_with_error(__func__); \
            return (int)eddy_status_;          \
        }                                      \
    } while (0)

/* Ignores the status of `call` on purpose. */
#define EDDY_IGNORE(call) \
    do {                  \
        if (call) {       \
        }                 \
    } while (0)

/*
 * Frees the object at the end of the scope, however the scope is left:
 *
 *     EDDY_AUTO(eddy_task) *task = eddy_create_task(fetch, url);
 *
 * For your own type: EDDY_AUTO_FOR(person, person_free), with void person_free(person *).
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
 * The destructor for a pointer to such a type: for a parameter, a result, a queue's item or a
 * future's value.
 *
 *     EDDY_ASYNC(serve, (eddy_stream *, client, EDDY_OWNED(eddy_stream)))
 *     eddy_queue_new_owning(eddy_stream *, 10, EDDY_OWNED(eddy_stream))
 */
#define EDDY_OWNED(type) type##__drop

/* The place in the source where something was made or requested; shown in reports. */
typedef struct eddy_place {
    const char *file;
    int line;
} eddy_place;

/* The current place in the source, as a pointer to an eddy_place that is never freed. */
#define EDDY_HERE                                                     \
    __extension__({                                                   \
        static const eddy_place eddy_place_ = {__FILE__, __LINE__};   \
        &eddy_place_;                                                 \
    })

EDDY_BEGIN_DECLS

/* Returns the version of the linked library as text: "0.1.0". */
EDDY_API const char *eddy_version(void);

/* Returns the version of the linked library in the form of EDDY_VERSION_NUMBER: 100 for 0.1.0. */
EDDY_API int eddy_version_number(void);

/* Tells a group that `function` (a __func__) leaves open that it is about to return an error. */
EDDY_API __attribute__((cold)) void eddy__leaves_with_error(const char *function);

EDDY_END_DECLS

#endif
