/* SPDX-License-Identifier: MIT */
/*
 * sql_value.h: values of parameters and rows: null, numbers, text and bytes.
 */
#ifndef EDDY_SQL_VALUE_H
#define EDDY_SQL_VALUE_H

#include <eddy/stream.h>
#include <string.h>

EDDY_BEGIN_DECLS

/* The kinds of values. */
typedef enum eddy_sql_type {
    EDDY_SQL_NULL,
    EDDY_SQL_INT,
    EDDY_SQL_DOUBLE,
    EDDY_SQL_TEXT,
    EDDY_SQL_BLOB,
} eddy_sql_type;

/*
 * A value. Bytes of a parameter are borrowed for the call; those of a row are lent by its cursor, and a
 * zero, which is not counted, follows them.
 */
typedef struct eddy_sql_value {
    eddy_sql_type type;
    union {
        int64_t integer;  /* EDDY_SQL_INT */
        double real;      /* EDDY_SQL_DOUBLE; a NaN is stored as null */
        eddy_span bytes;  /* EDDY_SQL_TEXT (UTF-8), EDDY_SQL_BLOB */
    };
} eddy_sql_value;

/* Make a value: a null, an int, a double (a NaN is stored as null). */
static inline eddy_sql_value eddy_sql_null(void)
{
    eddy_sql_value value;
    memset(&value, 0, sizeof value);
    return value;
}
static inline eddy_sql_value eddy_sql_int(int64_t integer)
{
    eddy_sql_value value = eddy_sql_null();
    value.type = EDDY_SQL_INT;
    value.integer = integer;
    return value;
}
static inline eddy_sql_value eddy_sql_double(double real)
{
    eddy_sql_value value = eddy_sql_null();
    value.type = EDDY_SQL_DOUBLE;
    value.real = real;
    return value;
}

/* Text of a given length, in UTF-8. The bytes are borrowed. */
static inline eddy_sql_value eddy_sql_text_span(eddy_span text)
{
    eddy_sql_value value = eddy_sql_null();
    value.type = EDDY_SQL_TEXT;
    value.bytes = text;
    return value;
}

/* Text up to its zero, borrowed; a NULL pointer is a null. */
static inline eddy_sql_value eddy_sql_text(const char *text)
{
    eddy_span span = {text, text != NULL ? strlen(text) : 0};
    return text != NULL ? eddy_sql_text_span(span) : eddy_sql_null();
}

/* `size` bytes of any kind, borrowed. */
static inline eddy_sql_value eddy_sql_blob(const void *data, size_t size)
{
    eddy_span span = {(const char *)data, size};
    eddy_sql_value value = eddy_sql_text_span(span);
    value.type = EDDY_SQL_BLOB;
    return value;
}

/* A list of values as two arguments, `values, count`: EDDY_SQL_VALUES(eddy_sql_int(7)). */
#ifndef __cplusplus
#define EDDY_SQL_VALUES(...)                     \
    ((eddy_sql_value[]){__VA_ARGS__ __VA_OPT__(,) {EDDY_SQL_NULL, {0}}}), \
        (sizeof((eddy_sql_value[]){__VA_ARGS__ __VA_OPT__(,) {EDDY_SQL_NULL, {0}}}) / \
             sizeof(eddy_sql_value) - 1)
#else
#define EDDY_SQL_VALUES(...) \
    eddy__sql_list(__VA_ARGS__).data(), eddy__sql_count(__VA_ARGS__)
#endif

EDDY_END_DECLS

#ifdef __cplusplus
/* C++ has no addresses of compound literals: the list lives in a temporary. */
template <size_t Count> struct eddy__sql_values {
    eddy_sql_value items[Count + 1];
    const eddy_sql_value *data() const { return items; }
};
template <typename... Values>
static inline eddy__sql_values<sizeof...(Values)> eddy__sql_list(Values... values)
{
    return {{values..., eddy_sql_null()}};
}
template <typename... Values> static inline size_t eddy__sql_count(const Values &...)
{
    return sizeof...(Values);
}
#endif

#endif
