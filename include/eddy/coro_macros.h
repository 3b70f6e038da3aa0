/* SPDX-License-Identifier: MIT */
/*
 * coro_macros.h: the implementation of EDDY_ASYNC and related macros. Not for direct use.
 *
 * A parameter list, (int, x), (char *, text, free_text), is expanded several times: as the
 * parameters of a function, as the members of the argument struct, as the arguments of a call, and
 * as destructor calls for the parameters that name one. A macro name written before a tuple takes
 * it apart. Each expansion begins with a comma, which EDDY__REST removes.
 */
#ifndef EDDY_CORO_MACROS_H
#define EDDY_CORO_MACROS_H

#define EDDY__CAT(a, b) EDDY__CAT_(a, b)
#define EDDY__CAT_(a, b) a##b
#define EDDY__REST(...) EDDY__REST_(__VA_ARGS__)
#define EDDY__REST_(first, ...) __VA_ARGS__
#define EDDY__UNUSED __attribute__((unused))

#ifdef __cplusplus
#define EDDY__LITERAL(tag, ...) (tag{__VA_ARGS__})
#define EDDY__MEMBER(type, name, ...) type name = {};
#else
#define EDDY__LITERAL(tag, ...) ((struct tag){__VA_ARGS__})
#define EDDY__MEMBER(type, name, ...) type name;
#endif

/* The number of tuples in a list, 0 to 12; and whether there are any, 0 or 1. */
#define EDDY__COUNT(...)                                                                           \
    EDDY__PICK(0 __VA_OPT__(,) __VA_ARGS__, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define EDDY__ANY(...)                                                                             \
    EDDY__PICK(0 __VA_OPT__(,) __VA_ARGS__, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0)
#define EDDY__PICK(_0, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, n, ...) n

/* Writes `macro` before each tuple. */
#define EDDY__EACH(macro, ...)                                                                     \
    EDDY__CAT(EDDY__EACH_, EDDY__COUNT(__VA_ARGS__))(macro __VA_OPT__(,) __VA_ARGS__)
#define EDDY__EACH_0(macro, ...)
#define EDDY__EACH_1(macro, x) macro x
#define EDDY__EACH_2(macro, x, ...) macro x EDDY__EACH_1(macro, __VA_ARGS__)
#define EDDY__EACH_3(macro, x, ...) macro x EDDY__EACH_2(macro, __VA_ARGS__)
#define EDDY__EACH_4(macro, x, ...) macro x EDDY__EACH_3(macro, __VA_ARGS__)
#define EDDY__EACH_5(macro, x, ...) macro x EDDY__EACH_4(macro, __VA_ARGS__)
#define EDDY__EACH_6(macro, x, ...) macro x EDDY__EACH_5(macro, __VA_ARGS__)
#define EDDY__EACH_7(macro, x, ...) macro x EDDY__EACH_6(macro, __VA_ARGS__)
#define EDDY__EACH_8(macro, x, ...) macro x EDDY__EACH_7(macro, __VA_ARGS__)
#define EDDY__EACH_9(macro, x, ...) macro x EDDY__EACH_8(macro, __VA_ARGS__)
#define EDDY__EACH_10(macro, x, ...) macro x EDDY__EACH_9(macro, __VA_ARGS__)
#define EDDY__EACH_11(macro, x, ...) macro x EDDY__EACH_10(macro, __VA_ARGS__)
#define EDDY__EACH_12(macro, x, ...) macro x EDDY__EACH_11(macro, __VA_ARGS__)

/* A value is aligned to 16 bytes if its size is a multiple of 16; otherwise it needs at most 8. */
#define EDDY__ALIGNMENT(size) ((size) > 0 && (size) % 16 == 0 ? 16 : 8)
#define EDDY__ALIGNMENT_OF_BOTH(size, other)                                                       \
    (EDDY__ALIGNMENT(size) > EDDY__ALIGNMENT(other) ? EDDY__ALIGNMENT(size)                        \
                                                    : EDDY__ALIGNMENT(other))
#define EDDY__RESULT_OFFSET(arguments_size, size)                                                  \
    (((arguments_size) + EDDY__ALIGNMENT(size) - 1) / EDDY__ALIGNMENT(size) * EDDY__ALIGNMENT(size))

/* The expansions of one tuple. */
#define EDDY__PARAMETER(type, name, ...) , type name
#define EDDY__ARGUMENT(type, name, ...) , name
#define EDDY__FROM_STRUCT(type, name, ...) , eddy_arguments_->name
#define EDDY__STORE(type, name, ...) eddy_arguments_.name = name;
#define EDDY__DROP(type, name, ...) __VA_OPT__(__VA_ARGS__(&eddy_arguments_->name);)

/* The expansions of a list: the parameters and arguments of a function without a result, ... */
#define EDDY__PARAMETERS(...) EDDY__CAT(EDDY__PARAMETERS_, EDDY__ANY(__VA_ARGS__))(__VA_ARGS__)
#define EDDY__PARAMETERS_0() void
#define EDDY__PARAMETERS_1(...) EDDY__REST(~EDDY__EACH(EDDY__PARAMETER, __VA_ARGS__))
#define EDDY__ARGUMENTS(...) EDDY__REST(~EDDY__EACH(EDDY__ARGUMENT __VA_OPT__(,) __VA_ARGS__))
#define EDDY__FROM_STRUCTS(...) EDDY__REST(~EDDY__EACH(EDDY__FROM_STRUCT __VA_OPT__(,) __VA_ARGS__))

/* ... and of one with a result, which comes first. */
#define EDDY__PARAMETERS_TO(type, ...)                                                             \
    type *result EDDY__UNUSED EDDY__EACH(EDDY__PARAMETER __VA_OPT__(,) __VA_ARGS__)
#define EDDY__ARGUMENTS_TO(...) result EDDY__EACH(EDDY__ARGUMENT __VA_OPT__(,) __VA_ARGS__)
#define EDDY__FROM_STRUCTS_TO(type, ...)                                                           \
    (type *)eddy_result_ EDDY__EACH(EDDY__FROM_STRUCT __VA_OPT__(,) __VA_ARGS__)

/* The argument struct, and the function that destroys arguments the body never received. */
#define EDDY__ARGUMENT_STRUCT(name, ...)                                                           \
    struct name##__arguments {                                                                     \
        EDDY__EACH(EDDY__MEMBER __VA_OPT__(,) __VA_ARGS__)                                         \
    };

#define EDDY__ARGUMENT_DROPPER(name, ...)                                                          \
    static void name##__drop_arguments(void *eddy_any_ EDDY__UNUSED)                               \
    {                                                                                              \
        struct name##__arguments *eddy_arguments_ EDDY__UNUSED =                                   \
            (struct name##__arguments *)eddy_any_;                                                 \
        EDDY__EACH(EDDY__DROP __VA_OPT__(,) __VA_ARGS__)                                           \
    }

/* The argument struct, and the declaration of the function that callers use. */
#define EDDY__HEAD(linkage, name, parameters, ...)                                                 \
    EDDY__ARGUMENT_STRUCT(name __VA_OPT__(,) __VA_ARGS__)                                          \
    EDDY_SUSPENDS linkage int name parameters;

/*
 * The function around the body, the entry and the description. Scopes that the body leaves open are
 * ended by the function, or by the caller of the entry.
 */
#define EDDY__AROUND(linkage, name, parameters, arguments, from_structs, size, drop, ...)          \
    static int name##__body parameters;                                                            \
    linkage int name parameters                                                                    \
    {                                                                                              \
        size_t eddy_depth_ = eddy__body_begin();                                                   \
        return eddy__body_end(eddy_depth_, name##__body arguments);                                \
    }                                                                                              \
    static int name##__entry(void *eddy_any_ EDDY__UNUSED, void *eddy_result_ EDDY__UNUSED)        \
    {                                                                                              \
        struct name##__arguments *eddy_arguments_ EDDY__UNUSED =                                   \
            (struct name##__arguments *)eddy_any_;                                                 \
        return name##__body from_structs;                                                          \
    }                                                                                              \
    EDDY__ARGUMENT_DROPPER(name __VA_OPT__(,) __VA_ARGS__)                                         \
    EDDY__FUNCTION(linkage, name, drop, size);

/* The description of the function; `drop` destroys its result, of `size` bytes. */
#define EDDY__FUNCTION(linkage, name, drop, size)                                                  \
    linkage const eddy_function name##__function = {                                               \
        #name, name##__entry, name##__drop_arguments, drop, sizeof(struct name##__arguments),      \
        size,  EDDY__RESULT_OFFSET(sizeof(struct name##__arguments), size),                        \
        EDDY__ALIGNMENT_OF_BOTH(sizeof(struct name##__arguments), size), {__FILE__, __LINE__}}

/* The two functions that make its coroutine objects: arguments by position, and by name. */
#define EDDY__MAKERS(name, ...)                                                                    \
    EDDY__UNUSED static inline eddy_coroutine *name##__coro_with(                                  \
        const eddy_site *eddy_site_, struct name##__arguments eddy_arguments_)                   \
    {                                                                                              \
        return eddy__coro_new(eddy_site_, &eddy_arguments_);                                       \
    }                                                                                              \
    EDDY__UNUSED static inline eddy_coroutine *name##__coro(                                       \
        const eddy_site *eddy_site_ EDDY__EACH(EDDY__PARAMETER __VA_OPT__(,) __VA_ARGS__))       \
    {                                                                                              \
        struct name##__arguments eddy_arguments_;                                                  \
        EDDY__EACH(EDDY__STORE __VA_OPT__(,) __VA_ARGS__)                                          \
        return eddy__coro_new(eddy_site_, &eddy_arguments_);                                       \
    }

/* Everything for a function of one file. The braces of the body follow in the user's code. */
#define EDDY__STATIC(name, parameters, arguments, from_structs, size, drop, ...)                   \
    EDDY__HEAD(EDDY__UNUSED static, name, parameters __VA_OPT__(,) __VA_ARGS__)                    \
    EDDY__AROUND(EDDY__UNUSED static, name, parameters, arguments, from_structs, size, drop        \
                 __VA_OPT__(,) __VA_ARGS__)                                                        \
    EDDY__MAKERS(name __VA_OPT__(,) __VA_ARGS__)                                                   \
    static int name##__body parameters

/* The same in two parts, for a function that several files call. */
#define EDDY__EXTERN(name, parameters, ...)                                                        \
    EDDY__HEAD(extern, name, parameters __VA_OPT__(,) __VA_ARGS__)                                 \
    extern const eddy_function name##__function;                                                   \
    EDDY__MAKERS(name __VA_OPT__(,) __VA_ARGS__)                                                   \
    struct name##__arguments

#define EDDY__OUTSIDE(name, parameters, arguments, from_structs, size, drop, ...)                  \
    EDDY__AROUND(, name, parameters, arguments, from_structs, size, drop __VA_OPT__(,) __VA_ARGS__) \
    static int name##__body parameters

#endif
