/* SPDX-License-Identifier: MIT */
/*
 * option_value.c: parses the numbers of a command line.
 *
 * Each is a decimal number with a unit behind it, found in a table: 500ms, 16MiB, 600/m, 10%. The
 * decimal is not read with strtod(), because that accepts more than is wanted here (nan, 0x1p3,
 * 1e99) and takes the decimal point from the locale.
 *
 * Owns nothing. Declared in options.h; called by options.c.
 */
#include "options.h"

#include <errno.h>
#include <strings.h>

struct unit {
    const char *name;
    double factor;
};

static const struct unit time_units[] = {
    {"", 1},   {"s", 1},    {"sec", 1},  {"ms", 1e-3}, {"us", 1e-6},
    {"m", 60}, {"min", 60}, {"h", 3600}, {"d", 86400}, {NULL, 0},
};

static const struct unit size_units[] = {
    {"", 1},       {"b", 1},        {"k", 1024},     {"kib", 1024}, {"kb", 1e3},
    {"m", 0x1p20}, {"mib", 0x1p20}, {"mb", 1e6},     {"g", 0x1p30}, {"gib", 0x1p30},
    {"gb", 1e9},   {"t", 0x1p40},   {"tib", 0x1p40}, {"tb", 1e12},  {NULL, 0},
};

static const struct unit rate_units[] = {
    {"", 1},   {"/s", 1}, {"/sec", 1}, {"/m", 1.0 / 60}, {"/min", 1.0 / 60}, {"/h", 1.0 / 3600},
    {NULL, 0},
};

static const struct unit share_units[] = {{"", 1}, {"%", 0.01}, {NULL, 0}};

/* Reads digits with at most one point among them. Returns their end, or NULL if there are none. */
static const char *read_decimal(const char *text, double *out_value)
{
    double value = 0, scale = 1;
    bool has_digit = false, has_point = false;
    const char *c = text;
    for (;; c++) {
        if (*c >= '0' && *c <= '9') {
            has_digit = true;
            value = value * 10 + (*c - '0');
            scale *= has_point ? 10 : 1;
        } else if (*c == '.' && !has_point) {
            has_point = true;
        } else {
            break;
        }
    }
    // Longer numbers are refused: they could leave the range of a double.
    if (!has_digit || c - text > 40)
        return NULL;
    *out_value = value / scale;
    return c;
}

static int read_with_unit(const char *text, const struct unit *units, double *out_value)
{
    double value;
    const char *name = read_decimal(text, &value);
    if (name == NULL)
        return -EINVAL;
    for (const struct unit *unit = units; unit->name != NULL; unit++)
        if (strcasecmp(name, unit->name) == 0) {
            *out_value = value * unit->factor;
            return 0;
        }
    return -EINVAL;
}

int option_read_count(const char *text, uint64_t *out_count)
{
    uint64_t count = 0;
    if (*text == '\0')
        return -EINVAL;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || __builtin_mul_overflow(count, (uint64_t)10, &count) ||
            __builtin_add_overflow(count, (uint64_t)(*c - '0'), &count))
            return -EINVAL;
    }
    *out_count = count;
    return 0;
}

int option_read_duration(const char *text, double *out_seconds)
{
    return read_with_unit(text, time_units, out_seconds);
}

int option_read_size(const char *text, uint64_t *out_bytes)
{
    double bytes;
    int err = read_with_unit(text, size_units, &bytes);
    if (err < 0 || bytes > 0x1p53)    // above this, a double can't represent every integer
        return -EINVAL;
    *out_bytes = (uint64_t)bytes;
    return 0;
}

int option_read_rate(const char *text, double *out_per_second)
{
    return read_with_unit(text, rate_units, out_per_second);
}

int option_read_share(const char *text, double *out_share)
{
    double share;
    int err = read_with_unit(text, share_units, &share);
    if (err < 0 || share > 1)
        return -EINVAL;
    *out_share = share;
    return 0;
}
