/* SPDX-License-Identifier: MIT */
/*
 * reasons.c: counts reasons and shows them.
 *
 * There are few distinct reasons in practice, so a linear search is enough. Owns the copied texts.
 * Called by the fetch command.
 */
#include "reasons.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"

void reasons_fini(struct reasons *reasons)
{
    for (size_t i = 0; i < reasons->count; i++) {
        free(reasons->items[i].text);
        free(reasons->items[i].example);
    }
    free(reasons->items);
    *reasons = (struct reasons){0};
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Skips a leading "https://host/path: ", which is a URL and not part of the reason. */
static const char *without_url(const char *text)
{
    if (strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0)
        return text;
    const char *end = strstr(text, ": ");
    return end != NULL ? end + 2 : text;
}

/* Whether two reasons differ at most in numbers; the number of a status must be equal. */
static bool is_same(const char *a, const char *b)
{
    static const char status[] = "status ";
    if (strncmp(a, status, strlen(status)) == 0) {
        if (strncmp(a, b, strlen(status) + 3) != 0)
            return false;
        a += strlen(status) + 3;
        b += strlen(status) + 3;
    }
    while (*a != '\0' && *b != '\0') {
        if (is_digit(*a) && is_digit(*b)) {
            a += strspn(a, "0123456789");
            b += strspn(b, "0123456789");
        } else if (*a++ != *b++) {
            return false;
        }
    }
    return *a == *b;
}

static struct reason *add(struct reasons *reasons, const char *text, const char *url)
{
    if (reasons->count == REASONS_MAX)
        return NULL;
    if (reasons->items == NULL)
        reasons->items = calloc(REASONS_MAX, sizeof *reasons->items);
    if (reasons->items == NULL)
        return NULL;
    struct reason *reason = &reasons->items[reasons->count];
    *reason = (struct reason){.text = strdup(text), .example = strdup(url)};
    if (reason->text == NULL || reason->example == NULL) {
        free(reason->text);
        free(reason->example);
        return NULL;
    }
    reasons->count++;
    return reason;
}

void reasons_put(struct reasons *reasons, const char *text, const char *url)
{
    struct reason *reason = NULL;
    text = without_url(text);
    for (size_t i = 0; reason == NULL && i < reasons->count; i++)
        if (is_same(text, reasons->items[i].text))
            reason = &reasons->items[i];
    if (reason == NULL)
        reason = add(reasons, text, url);
    if (reason != NULL)
        reason->count++;
    else
        reasons->other_count++;
}

static int compare(const void *a, const void *b)
{
    uint64_t count = ((const struct reason *)a)->count, other = ((const struct reason *)b)->count;
    return count > other ? -1 : count < other;
}

void reasons_sort(struct reasons *reasons)
{
    if (reasons->count > 1)
        qsort(reasons->items, reasons->count, sizeof *reasons->items, compare);
}

void reasons_write(const struct reasons *reasons, size_t line_max, struct bytes *out)
{
    uint64_t other_count = reasons->other_count;
    for (size_t i = 0; i < reasons->count; i++) {
        const struct reason *reason = &reasons->items[i];
        if (i < line_max)
            bytes_put_format(out, "%8" PRIu64 "  %s: %s\n", reason->count, reason->text,
                             reason->example);
        else
            other_count += reason->count;
    }
    if (other_count > 0)
        bytes_put_format(out, "%8" PRIu64 "  for other reasons\n", other_count);
}

static void put_json_text(struct bytes *out, const char *name, const char *text)
{
    bytes_put_format(out, ",\"%s\":", name);
    bytes_put_json(out, text, strlen(text));
}

void reasons_write_json(const struct reasons *reasons, struct bytes *out)
{
    bytes_put_text(out, "[");
    for (size_t i = 0; i < reasons->count; i++) {
        const struct reason *reason = &reasons->items[i];
        bytes_put_format(out, "%s{\"count\":%" PRIu64, i > 0 ? "," : "", reason->count);
        put_json_text(out, "reason", reason->text);
        put_json_text(out, "example", reason->example);
        bytes_put_text(out, "}");
    }
    bytes_put_text(out, "]");
}
