/* SPDX-License-Identifier: MIT */
/*
 * record.c: formats a landed document as a line of NDJSON or a row of CSV.
 *
 * Rows are built in memory and passed on as a whole, so that a file never holds half a row because
 * memory ran out. The order of the fields is the order of the columns; record_reader.c reads them
 * back.
 *
 * Invariants: a line of NDJSON is valid JSON and has exactly one line end, its last byte; numbers
 * are formatted digit by digit, so they don't depend on the locale.
 *
 * Owns nothing but what a `struct bytes` holds. Called by the fetch command; fuzzed by
 * fuzz/fuzz_records.c.
 */
#include "record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json_check.h"

const char record_csv_header[] =
    "url,status,attempts,elapsed,fetched_at,content_type,error,encoding,body\r\n";

static const char replacement[] = "\xef\xbf\xbd";    // U+FFFD

static bool reserve(struct bytes *bytes, size_t more)
{
    if (bytes->err < 0)
        return false;
    if (more <= bytes->capacity - bytes->size)
        return true;
    size_t capacity = bytes->capacity < 256 ? 256 : bytes->capacity;
    while (capacity - bytes->size < more) {
        if (capacity > SIZE_MAX / 4)
            break;
        capacity *= 2;
    }
    char *data = capacity - bytes->size < more ? NULL : realloc(bytes->data, capacity);
    if (data == NULL) {
        bytes->err = -ENOMEM;
        return false;
    }
    bytes->data = data;
    bytes->capacity = capacity;
    return true;
}

void bytes_put(struct bytes *bytes, const void *data, size_t size)
{
    if (size == 0 || !reserve(bytes, size))
        return;
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

void bytes_put_text(struct bytes *bytes, const char *text)
{
    bytes_put(bytes, text, strlen(text));
}

void bytes_put_format(struct bytes *bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0 || !reserve(bytes, (size_t)size + 1))
        return;
    va_start(arguments, format);
    vsnprintf(bytes->data + bytes->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    bytes->size += (size_t)size;
}

void bytes_fini(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}

/* Writes the JSON escape of an ASCII character into `out`; returns false if it needs none. */
static bool escape_json(unsigned char c, char out[8])
{
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";    // pairs: the byte, its letter
    for (const char *pair = letters; *pair != '\0'; pair += 2)
        if (c == (unsigned char)pair[0]) {
            snprintf(out, 8, "\\%c", pair[1]);
            return true;
        }
    if (c >= 0x20 && c != 0x7f)
        return false;
    snprintf(out, 8, "\\u%04x", c);
    return true;
}

void bytes_put_json(struct bytes *bytes, const char *text, size_t size)
{
    bytes_put(bytes, "\"", 1);
    size_t start = 0, at = 0;    // from start to at: bytes that need no escape
    while (at < size) {
        char escape[8];
        size_t n = utf8_sequence(text + at, size - at);
        const char *instead = n == 0                                         ? replacement
                              : escape_json((unsigned char)text[at], escape) ? escape
                                                                             : NULL;
        if (instead != NULL) {
            bytes_put(bytes, text + start, at - start);
            bytes_put_text(bytes, instead);
            start = at + 1;
        }
        at += n == 0 ? 1 : n;
    }
    bytes_put(bytes, text + start, at - start);
    bytes_put(bytes, "\"", 1);
}

enum record_kind record_kind_of(const void *body, size_t size)
{
    if (body == NULL)
        return RECORD_EMPTY;
    if (json_is_valid(body, size))
        return RECORD_JSON;
    if (memchr(body, '\0', size) == NULL && utf8_is_valid(body, size))
        return RECORD_TEXT;
    return RECORD_BLOB;
}

const char *record_encoding(enum record_kind kind)
{
    switch (kind) {
    case RECORD_JSON: return "json";
    case RECORD_TEXT: return "text";
    case RECORD_BLOB: return "base64";
    case RECORD_EMPTY: break;
    }
    return NULL;
}

void record_format_time(int64_t time_ms, char *out_text, size_t size)
{
    int64_t ms = time_ms % 1000;
    if (ms < 0)
        ms += 1000;
    time_t seconds = (time_t)((time_ms - ms) / 1000);
    struct tm utc = {0};
    gmtime_r(&seconds, &utc);
    size_t length = strftime(out_text, size, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out_text + length, size - length, ".%03uZ", (unsigned)ms % 1000);
}

static void put_seconds(struct bytes *bytes, double seconds)
{
    uint64_t ms = seconds > 0 && seconds < 1e12 ? (uint64_t)(seconds * 1000 + 0.5) : 0;
    bytes_put_format(bytes, "%" PRIu64 ".%03u", ms / 1000, (unsigned)(ms % 1000));
}

static void put_base64(struct bytes *bytes, const unsigned char *body, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (!reserve(bytes, size / 3 * 4 + 4))
        return;
    char *out = bytes->data + bytes->size;
    for (; size >= 3; size -= 3, body += 3) {
        *out++ = digits[body[0] >> 2];
        *out++ = digits[(body[0] & 3) << 4 | body[1] >> 4];
        *out++ = digits[(body[1] & 15) << 2 | body[2] >> 6];
        *out++ = digits[body[2] & 63];
    }
    if (size > 0) {
        unsigned second = size == 2 ? body[1] : 0;
        *out++ = digits[body[0] >> 2];
        *out++ = digits[(body[0] & 3u) << 4 | second >> 4];
        *out++ = size == 2 ? digits[(second & 15) << 2] : '=';
        *out++ = '=';
    }
    bytes->size = (size_t)(out - bytes->data);
}

static void put_json_or_null(struct bytes *bytes, const char *text)
{
    if (text == NULL)
        bytes_put_text(bytes, "null");
    else
        bytes_put_json(bytes, text, strlen(text));
}

/* Writes a JSON body with its line ends folded: valid JSON has them only between tokens. */
static void put_folded(struct bytes *bytes, const char *body, size_t size)
{
    size_t start = bytes->size;
    bytes_put(bytes, body, size);
    for (size_t i = start; i < bytes->size; i++)
        if (bytes->data[i] == '\n' || bytes->data[i] == '\r')
            bytes->data[i] = ' ';
}

static void put_ndjson_body(struct bytes *bytes, const struct record *record)
{
    switch (record->kind) {
    case RECORD_EMPTY: bytes_put_text(bytes, "null"); break;
    case RECORD_JSON: put_folded(bytes, record->body, record->body_size); break;
    case RECORD_TEXT: bytes_put_json(bytes, record->body, record->body_size); break;
    case RECORD_BLOB:
        bytes_put(bytes, "\"", 1);
        put_base64(bytes, record->body, record->body_size);
        bytes_put(bytes, "\"", 1);
        break;
    }
}

/* Ends a row. After an error, removes it, so that a row is complete or absent. */
static int end_row(struct bytes *out, size_t start)
{
    int err = out->err;
    if (err < 0) {
        out->size = start;
        out->err = 0;
    }
    return err;
}

int record_write_ndjson(const struct record *record, struct bytes *out)
{
    size_t start = out->size;
    char fetched_at[32];
    record_format_time(record->fetched_at_ms, fetched_at, sizeof fetched_at);
    bytes_put_text(out, "{\"url\":");
    bytes_put_json(out, record->url, strlen(record->url));
    if (record->status > 0)
        bytes_put_format(out, ",\"status\":%d", record->status);
    else
        bytes_put_text(out, ",\"status\":null");
    bytes_put_format(out, ",\"attempts\":%u,\"elapsed\":", record->attempts);
    put_seconds(out, record->elapsed);
    bytes_put_format(out, ",\"fetched_at\":\"%s\",\"content_type\":", fetched_at);
    put_json_or_null(out, record->content_type);
    bytes_put_text(out, ",\"error\":");
    put_json_or_null(out, record->error);
    bytes_put_text(out, ",\"encoding\":");
    put_json_or_null(out, record_encoding(record->kind));
    bytes_put_text(out, ",\"body\":");
    put_ndjson_body(out, record);
    bytes_put_text(out, "}\n");
    return end_row(out, start);
}

/* Writes bytes of a field, inside quotes or not; doubles each quote. */
static void put_csv_bytes(struct bytes *bytes, const char *text, size_t size)
{
    size_t start = 0, at = 0;
    while (at < size) {
        size_t n = utf8_sequence(text + at, size - at);
        if (n == 0 || text[at] == '"') {
            bytes_put(bytes, text + start, at - start);
            bytes_put_text(bytes, n == 0 ? replacement : "\"\"");
            start = at + 1;
        }
        at += n == 0 ? 1 : n;
    }
    bytes_put(bytes, text + start, at - start);
}

static bool needs_quotes(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] == '"' || text[i] == ',' || text[i] == '\r' || text[i] == '\n')
            return true;
    // Readers that trim fields would remove these.
    return size > 0 && (text[0] == ' ' || text[size - 1] == ' ');
}

static void put_csv(struct bytes *bytes, const char *text, size_t size)
{
    bool is_quoted = needs_quotes(text, size);
    if (is_quoted)
        bytes_put(bytes, "\"", 1);
    put_csv_bytes(bytes, text, size);
    if (is_quoted)
        bytes_put(bytes, "\"", 1);
}

static void put_csv_field(struct bytes *bytes, const char *text)
{
    if (text != NULL)
        put_csv(bytes, text, strlen(text));
    bytes_put(bytes, ",", 1);
}

int record_write_csv(const struct record *record, struct bytes *out)
{
    size_t start = out->size;
    char fetched_at[32];
    record_format_time(record->fetched_at_ms, fetched_at, sizeof fetched_at);
    put_csv_field(out, record->url);
    if (record->status > 0)
        bytes_put_format(out, "%d", record->status);
    bytes_put_format(out, ",%u,", record->attempts);
    put_seconds(out, record->elapsed);
    bytes_put_format(out, ",%s,", fetched_at);
    put_csv_field(out, record->content_type);
    put_csv_field(out, record->error);
    put_csv_field(out, record_encoding(record->kind));
    if (record->kind == RECORD_BLOB)
        put_base64(out, record->body, record->body_size);
    else if (record->kind != RECORD_EMPTY)
        put_csv(out, record->body, record->body_size);
    bytes_put_text(out, "\r\n");
    return end_row(out, start);
}
