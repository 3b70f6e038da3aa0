/* SPDX-License-Identifier: MIT */
/*
 * record_reader.c: reads rows back, byte by byte, with two small state machines.
 *
 * Each machine reads every byte once and keeps only three fields: url, status, error. The NDJSON
 * machine tracks strings and brackets, and acts on keys and values at depth 1:
 *
 *     { "key" : value , "key" : value }  LF
 *       in_key  ^        ^-- a value has ended, in_key again
 *
 * The CSV machine tracks quotes and counts columns. Both end a row only at a line end, so a row
 * that was torn anywhere is a row that hasn't ended.
 *
 * Invariants: a row is reported at most once, and only after its line end; `whole` is the offset
 * behind the last row reported or refused. Neither machine is a validator: a damaged body passes,
 * because nothing depends on it.
 *
 * Owns its capture buffers. Called by the fetch command; fuzzed by fuzz/fuzz_records.c.
 */
#include "record_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "complaint.h"
#include "record.h"
#include "url_source.h"

enum {
    CAPTURE_MAX = 6 * URL_MAX,    // a URL in which each byte is escaped as \u0000
    COLUMN_COUNT = 9,
};

enum field { FIELD_OTHER, FIELD_URL, FIELD_STATUS, FIELD_ERROR };

struct record_reader {
    enum record_format format;
    const char *block;    // borrowed
    size_t block_size;
    size_t at;
    uint64_t block_offset;    // offset of block in the file
    uint64_t whole;
    uint64_t row;    // the row's number, from 1
    bool has_header;

    // The row being read:
    bool is_bad;
    bool has_begun;    // it has a byte other than a line end
    bool has_url, has_error;
    int status;

    // The NDJSON machine:
    unsigned depth;
    bool in_string, is_escaped, in_key, has_value, has_ended;
    enum field field;    // the field whose value follows

    // The CSV machine:
    unsigned column;
    bool in_quotes, was_quoted, in_text;    // the field's quotes: open, were open, there are none
    bool was_quote;                         // the last byte may have closed the quotes

    size_t capture_size;
    char capture[CAPTURE_MAX + 1];
    size_t url_size;
    char url[CAPTURE_MAX + 1];
};

struct record_reader *record_reader_new(enum record_format format)
{
    struct record_reader *reader = calloc(1, sizeof *reader);
    if (reader != NULL) {
        reader->format = format;
        reader->in_key = true;
    }
    return reader;
}

void record_reader_free(struct record_reader *reader)
{
    free(reader);
}

void record_reader_feed(struct record_reader *reader, const void *bytes, size_t size)
{
    reader->block_offset += reader->block_size;
    reader->block = bytes;
    reader->block_size = size;
    reader->at = 0;
}

static void begin_row(struct record_reader *reader)
{
    reader->row++;
    reader->is_bad = reader->has_begun = reader->has_url = reader->has_error = false;
    reader->status = 0;
    reader->depth = 0;
    reader->in_string = reader->is_escaped = reader->has_value = reader->has_ended = false;
    reader->in_key = true;
    reader->field = FIELD_OTHER;
    reader->column = 0;
    reader->in_quotes = reader->was_quoted = reader->in_text = reader->was_quote = false;
    reader->capture_size = 0;
}

static void capture(struct record_reader *reader, char c)
{
    if (reader->capture_size < CAPTURE_MAX)
        reader->capture[reader->capture_size++] = c;
    else
        reader->is_bad = true;
}

static void take_status(struct record_reader *reader)
{
    int status = 0;
    for (size_t i = 0; i < reader->capture_size; i++) {
        char c = reader->capture[i];
        if (c < '0' || c > '9' || status > 999)
            reader->is_bad = true;
        else
            status = status * 10 + (c - '0');
    }
    reader->status = status;
}

static void take_url(struct record_reader *reader, size_t size)
{
    reader->url_size = size;
    reader->url[size] = '\0';
    reader->has_url = size > 0 && memchr(reader->url, '\0', size) == NULL;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads four hex digits; returns -1 if they are missing. */
static long read_unit(const char *text, size_t size)
{
    long unit = 0;
    if (size < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(text[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static size_t put_utf8(char *out, unsigned long point)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t n = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(marks[n] | point);
    return n;
}

/* Decodes the digits after \u at `text`; returns the number of bytes read, 0 if invalid. */
static size_t undo_unicode(const char *text, size_t size, char *out, size_t *out_size)
{
    long unit = read_unit(text, size);
    if (unit < 0)
        return 0;
    if (unit < 0xd800 || unit > 0xdfff) {
        *out_size = put_utf8(out, (unsigned long)unit);
        return 4;
    }
    long low = size >= 10 && text[4] == '\\' && text[5] == 'u' ? read_unit(text + 6, 4) : -1;
    if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff)
        return 0;
    *out_size = put_utf8(out, 0x10000 + (unsigned long)((unit - 0xd800) << 10 | (low - 0xdc00)));
    return 10;
}

/* Decodes the captured string into reader->url, which is as large. */
static void take_escaped_url(struct record_reader *reader)
{
    static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";    // pairs: the letter, its byte
    const char *text = reader->capture, *end = text + reader->capture_size;
    size_t size = 0;
    while (text < end) {
        if (*text != '\\') {
            reader->url[size++] = *text++;
            continue;
        }
        char letter = text + 1 < end ? text[1] : '\0';
        const char *pair = escapes;
        while (*pair != '\0' && *pair != letter)
            pair += 2;
        size_t written = 1, used = 0;
        if (*pair != '\0')
            reader->url[size] = pair[1];
        else
            used = letter == 'u' ? undo_unicode(text + 2, (size_t)(end - text - 2),
                                                reader->url + size, &written)
                                 : 0;
        if (*pair == '\0' && used == 0) {
            reader->is_bad = true;
            return;
        }
        text += 2 + used;
        size += written;
    }
    take_url(reader, size);
}

static bool captured(const struct record_reader *reader, const char *text)
{
    return reader->capture_size == strlen(text) &&
           memcmp(reader->capture, text, reader->capture_size) == 0;
}

static void end_json_string(struct record_reader *reader)
{
    reader->in_string = false;
    if (reader->depth != 1)
        return;
    if (reader->in_key) {
        reader->field = captured(reader, "url")      ? FIELD_URL
                        : captured(reader, "status") ? FIELD_STATUS
                        : captured(reader, "error")  ? FIELD_ERROR
                                                     : FIELD_OTHER;
        reader->capture_size = 0;
        return;
    }
    reader->has_value = true;
    if (reader->field == FIELD_URL)
        take_escaped_url(reader);
    else if (reader->field == FIELD_ERROR)
        reader->has_error = reader->capture_size > 0;
    else if (reader->field == FIELD_STATUS)
        reader->is_bad = true;
    reader->capture_size = 0;
}

/* Ends a number or a word at a comma or the last bracket. */
static void end_json_value(struct record_reader *reader)
{
    bool is_word = reader->capture_size > 0;
    if (!is_word && !reader->has_value)
        reader->is_bad = true;
    if (is_word && !captured(reader, "null")) {
        if (reader->field == FIELD_STATUS)
            take_status(reader);
        else if (reader->field != FIELD_OTHER)
            reader->is_bad = true;
    }
    reader->capture_size = 0;
    reader->has_value = false;
    reader->field = FIELD_OTHER;
}

static void eat_json_in_string(struct record_reader *reader, char c)
{
    if (c == '"' && !reader->is_escaped) {
        end_json_string(reader);
        return;
    }
    reader->is_escaped = c == '\\' && !reader->is_escaped;
    bool is_wanted = reader->in_key || reader->field == FIELD_URL;
    if (reader->depth == 1 && is_wanted)
        capture(reader, c);
    else if (reader->depth == 1 && reader->capture_size == 0)
        capture(reader, c);    // one byte shows that the string isn't empty
}

static void eat_json_bracket(struct record_reader *reader, char c)
{
    if (c == '{' || c == '[') {
        // Only a body may be an array or an object; the row itself must be an object.
        if ((reader->depth == 0 && c == '[') || (reader->depth == 1 && reader->in_key) ||
            (reader->depth == 1 && reader->field != FIELD_OTHER))
            reader->is_bad = true;
        reader->depth++;
        return;
    }
    if (reader->depth == 1) {
        reader->is_bad |= c != '}';
        end_json_value(reader);
    }
    reader->depth--;
    reader->has_value = reader->depth == 1;
    reader->has_ended = reader->depth == 0;
}

static void eat_json(struct record_reader *reader, char c)
{
    if (reader->in_string) {
        eat_json_in_string(reader, c);
        return;
    }
    if (c == ' ' || c == '\t' || c == '\r')
        return;
    reader->has_begun = true;
    bool is_opening = c == '{' || c == '[' || c == '"';
    if (reader->has_ended || (reader->depth == 0 && c != '{') ||
        (reader->depth == 1 && is_opening && (reader->has_value || reader->capture_size > 0))) {
        reader->is_bad = true;
        return;
    }
    if (c == '"') {
        reader->in_string = true;
    } else if (is_opening || c == '}' || c == ']') {
        eat_json_bracket(reader, c);
    } else if (reader->depth == 1 && c == ':') {
        reader->is_bad |= !reader->in_key;
        reader->in_key = false;
    } else if (reader->depth == 1 && c == ',') {
        reader->is_bad |= reader->in_key;
        end_json_value(reader);
        reader->in_key = true;
    } else if (reader->depth == 1) {
        reader->is_bad |= reader->in_key || reader->has_value;
        capture(reader, c);
    }
}

static void end_csv_field(struct record_reader *reader)
{
    if (reader->column == 0) {
        memcpy(reader->url, reader->capture, reader->capture_size);
        take_url(reader, reader->capture_size);
    } else if (reader->column == 1) {
        take_status(reader);
    } else if (reader->column == 6) {
        reader->has_error = reader->capture_size > 0;
    }
    reader->column++;
    reader->capture_size = 0;
    reader->was_quoted = reader->in_text = reader->was_quote = false;
}

/* Captures the bytes that are needed: the header, a row's URL and status, one byte of its error. */
static void capture_csv(struct record_reader *reader, char c)
{
    if (!reader->has_header || reader->column <= 1)
        capture(reader, c);
    else if (reader->capture_size == 0 && reader->column == 6)
        capture(reader, c);
}

static void eat_csv(struct record_reader *reader, char c)
{
    reader->has_begun |= c != '\r';
    if (reader->in_quotes) {
        if (c == '"') {
            reader->in_quotes = false;
            reader->was_quote = true;
        } else {
            capture_csv(reader, c);
        }
        return;
    }
    bool was_quote = reader->was_quote;
    reader->was_quote = false;
    if (c == '"' && was_quote) {    // a doubled quote means one quote; the field continues
        reader->in_quotes = true;
        capture_csv(reader, c);
    } else if (c == ',' && reader->has_header) {
        end_csv_field(reader);
    } else if (c == '\r') {
        // half of the line end
    } else if (c == '"' && !reader->was_quoted && !reader->in_text) {
        reader->in_quotes = reader->was_quoted = true;
    } else {
        reader->is_bad |= reader->was_quoted || c == '"';
        reader->in_text = true;
        capture_csv(reader, c);
    }
}

static int refuse_row(const struct record_reader *reader, struct complaint *complaint)
{
    return complain(complaint, -EBADMSG, 0,
                    "row %" PRIu64 " of the file isn't one that eddy fetch has written; name "
                    "another file with --into, or --replace this one",
                    reader->row + (reader->format == RECORD_NDJSON));    // from 1: CSV has a header
}

/* Ends a line. Returns 1 for a row, 0 for the header or an empty line, or an error. */
static int end_row(struct record_reader *reader, struct complaint *complaint)
{
    if (!reader->has_begun)
        return 0;
    if (reader->format == RECORD_CSV && !reader->has_header) {
        size_t size = strcspn(record_csv_header, "\r");
        reader->has_header = true;
        if (reader->capture_size == size && memcmp(reader->capture, record_csv_header, size) == 0)
            return 0;
        return complain(complaint, -EBADMSG, 0,
                        "the first line of the file isn't the header that eddy fetch writes; name "
                        "another file with --into, or --replace this one");
    }
    if (reader->format == RECORD_CSV) {
        end_csv_field(reader);
        reader->is_bad |= reader->column != COLUMN_COUNT;
    } else {
        reader->is_bad |= !reader->has_ended;
    }
    if (reader->is_bad || !reader->has_url)
        return refuse_row(reader, complaint);
    return 1;
}

int record_reader_next(struct record_reader *reader, struct landed_row *out_row,
                       struct complaint *complaint)
{
    while (reader->at < reader->block_size) {
        char c = reader->block[reader->at++];
        bool is_end = c == '\n' && !(reader->format == RECORD_CSV && reader->in_quotes);
        if (!is_end) {
            if (reader->format == RECORD_CSV)
                eat_csv(reader, c);
            else
                eat_json(reader, c);
            continue;
        }
        uint64_t start = reader->whole;
        int outcome = end_row(reader, complaint);
        reader->whole = reader->block_offset + reader->at;
        *out_row = (struct landed_row){.url = reader->url,
                                       .url_size = reader->url_size,
                                       .status = reader->status,
                                       .was_answered = reader->status > 0 && !reader->has_error,
                                       .start = start,
                                       .end = reader->whole};
        begin_row(reader);
        if (outcome != 0)
            return outcome;
    }
    return 0;
}

uint64_t record_reader_whole_size(const struct record_reader *reader)
{
    return reader->whole;
}

uint64_t record_reader_torn_size(const struct record_reader *reader)
{
    return reader->block_offset + reader->at - reader->whole;
}

bool record_reader_has_header(const struct record_reader *reader)
{
    return reader->has_header || reader->format == RECORD_NDJSON;
}
