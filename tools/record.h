/* SPDX-License-Identifier: MIT */
/*
 * record.h: one landed document, and its text formats.
 *
 * As a line of NDJSON:
 *
 *     {"url":"https://host/1","status":200,"attempts":1,"elapsed":0.123,
 *      "fetched_at":"2026-01-31T12:00:00.250Z","content_type":"application/json",
 *      "error":null,"encoding":"json","body":{"name":"Luke"}}            (all on one line)
 *
 * As a row of CSV (RFC 4180: comma, quotes doubled, CR LF), below a header line of the same names.
 * Absent values (the status without an answer, the error after success) are null in NDJSON and an
 * empty field in CSV.
 *
 * `encoding` says how to read `body`:
 *
 *     json      NDJSON: the document itself, as a value. CSV: its text, unchanged.
 *     text      its text.
 *     base64    bytes that aren't text (not UTF-8, or containing NUL), in base64.
 *     null      there is no body.
 *
 * In NDJSON, line ends between the tokens of a JSON body become spaces. JSON allows none inside
 * strings, so nothing else changes. In the other fields, bytes that aren't UTF-8 become U+FFFD.
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

/* All texts are borrowed from the caller. */
struct record {
    const char *url;
    int status;    // 0: no answer
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
 * A growing array of bytes. A failed allocation sets `err`, and later bytes are dropped, so writers
 * check once, at the end. All zero is empty; `size = 0` empties it and keeps the memory.
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
/* Appends a JSON string, with its quotes. */
void bytes_put_json(struct bytes *bytes, const char *text, size_t size);
void bytes_fini(struct bytes *bytes);

/* Returns the kind of a body by its bytes alone: Content-Type is not reliable. */
enum record_kind record_kind_of(const void *body, size_t size);

/* Returns the value of `encoding`: "json", "text", "base64", or NULL for no body. */
const char *record_encoding(enum record_kind kind);

/* Writes "2026-01-31T12:00:00.250Z". A `size` of 32 always fits. */
void record_format_time(int64_t time_ms, char *out_text, size_t size);

/*
 * Append one whole line or row to `out`. Return 0, or -ENOMEM with `out` unchanged. Write it with
 * one write(2) if possible: a torn row is recognised, but costs another request.
 */
int record_write_ndjson(const struct record *record, struct bytes *out);
int record_write_csv(const struct record *record, struct bytes *out);

/* The first line of a CSV file, with its line end. */
extern const char record_csv_header[];

#endif
