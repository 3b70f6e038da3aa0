/* SPDX-License-Identifier: MIT */
/*
 * record.h: one landed document, and how it is written as text.
 *
 * As a line of NDJSON:
 *
 *     {"url":"https://host/1","status":200,"attempts":1,"elapsed":0.123,
 *      "fetched_at":"2026-01-31T12:00:00.250Z","content_type":"application/json",
 *      "error":null,"encoding":"json","body":{"name":"Luke"}}            (all on one line)
 *
 * As a row of CSV (RFC 4180: comma, quotes doubled, CR LF), below a header line of the same names.
 * What isn't known (a status when nobody answered, an error when all went well) is null there, and
 * an empty field here.
 *
 * `encoding` says how `body` is to be read:
 *
 *     json      NDJSON: the document itself, as a value. CSV: its text, as it came.
 *     text      its text.
 *     base64    bytes that are no text (not UTF-8, or with NUL in them), in base64.
 *     null      there is no body.
 *
 * In NDJSON, line ends between the tokens of a JSON body become spaces; inside strings JSON allows
 * none, so nothing else changes. In the other fields, bytes that aren't UTF-8 become U+FFFD.
 */
#ifndef EDDY_TOOLS_RECORD_H
#define EDDY_TOOLS_RECORD_H

#include <stddef.h>
#include <stdint.h>

enum record_kind {
    RECORD_EMPTY,    // no body
    RECORD_JSON,     // one valid JSON document
    RECORD_TEXT,     // UTF-8 without NUL
    RECORD_BLOB,     // anything else
};

/* All texts are lent by the caller. */
struct record {
    const char *url;
    int status;    // 0: nobody answered
    unsigned attempts;
    double elapsed;              // seconds, of the last try
    int64_t fetched_at_ms;       // since 1970, UTC
    const char *content_type;    // or NULL
    const char *error;           // why it failed, or NULL
    const void *body;            // or NULL
    size_t body_size;
    enum record_kind kind;    // of the body, by record_kind_of()
};

/*
 * Bytes that grow. A failed allocation is remembered in `err`, and what comes after is dropped, so
 * writers look once, at the end. Start from zero; `size = 0` empties it and keeps the memory.
 */
struct bytes {
    char *data;
    size_t size;
    size_t capacity;
    int err;    // 0 or -ENOMEM
};

void bytes_put(struct bytes *bytes, const void *data, size_t size);
void bytes_put_text(struct bytes *bytes, const char *text);
void bytes_put_format(struct bytes *bytes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A JSON string, with its quotes. */
void bytes_put_json(struct bytes *bytes, const char *text, size_t size);
void bytes_fini(struct bytes *bytes);

/* What a body is, decided by its bytes alone: servers say anything in Content-Type. */
enum record_kind record_kind_of(const void *body, size_t size);

/* "json", "text", "base64", or NULL for none: the value of `encoding`. */
const char *record_encoding(enum record_kind kind);

/* Writes "2026-01-31T12:00:00.250Z". `size` of 32 always fits. */
void record_format_time(int64_t time_ms, char *out_text, size_t size);

/*
 * Append one whole line or row to `out`. Return 0, or -ENOMEM with `out` as it was. To be written
 * with one write(2) where that can be had: a torn row is recognised, but costs a request.
 */
int record_write_ndjson(const struct record *record, struct bytes *out);
int record_write_csv(const struct record *record, struct bytes *out);

/* The first line of a CSV file, with its line end. */
extern const char record_csv_header[];

#endif
