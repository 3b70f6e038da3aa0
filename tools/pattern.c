/* SPDX-License-Identifier: MIT */
/*
 * pattern.c: URL patterns, parsed once and expanded by number.
 *
 * A pattern is split into parts: plain text, a range of numbers, a choice of texts. The number of a
 * URL is a mixed-radix number with one digit for each part, the last varying fastest; `stride` is
 * the weight of a part's digit. So any URL can be made directly, and no expansion is stored.
 *
 *     https://host/{a,b}/{1..3}/     5 parts of 1, 2, 1, 3, 1 values and strides 6, 3, 3, 1, 1
 *
 * Invariants after pattern_new():
 *   - Each part has at least one value, and the product of all fits in 64 bits.
 *   - size_max is the length of the longest URL, so pattern_write() needs no bounds check.
 *   - All texts, with their escapes decoded, are stored in the pattern's own `text`.
 *
 * Owns its parts and choices. Called by url_source.c; fuzzed by fuzz/fuzz_pattern.c.
 */
#include "pattern.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "complaint.h"

enum {
    WIDTH_MAX = 40,         // digits of {000..}: more is probably a typing error
    WINDOW_COLUMNS = 72,    // columns of text that pattern_point_at shows
    WINDOW_BEFORE = 48,     // how many of these are before the position, at most
};

struct span {
    const char *data;
    size_t size;
};

struct part {
    uint64_t count;          // number of values of this part; 1 for plain text
    uint64_t stride;         // number of URLs before it takes its next value
    struct span *choices;    // NULL for a range; plain text is a choice of one
    int64_t first;           // of a range
    uint64_t step;
    int width;
    bool is_falling;
};

struct pattern {
    uint64_t count;
    size_t size_max;
    struct part *parts;
    size_t part_count;
    struct span *choices;    // those of all parts, in order
    size_t choice_count;
    char text[];
};

struct parser {
    const char *text;
    size_t at;
    struct pattern *pattern;
    char *out;    // where the next unescaped byte goes, in pattern->text
    struct complaint *complaint;
};

struct number {
    int64_t value;
    int width;    // characters, with the sign
    bool is_padded;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Copies the character at the parser's position, decoding an escape. */
static int take_character(struct parser *parser)
{
    char c = parser->text[parser->at];
    if (c == '\\') {
        c = parser->text[parser->at + 1];
        if (c == '\0' || strchr("{},\\", c) == NULL)
            return complain(parser->complaint, -EINVAL, parser->at + 1,
                            "column %zu: a backslash stands only before one of { } , \\; "
                            "write \\\\ for a backslash itself",
                            parser->at + 1);
        parser->at++;
    }
    *parser->out++ = c;
    parser->at++;
    return 0;
}

static void begin_choice(struct parser *parser)
{
    parser->pattern->choices[parser->pattern->choice_count++].data = parser->out;
}

static void end_choice(struct parser *parser)
{
    struct span *choice = &parser->pattern->choices[parser->pattern->choice_count - 1];
    choice->size = (size_t)(parser->out - choice->data);
}

/* Reads "-012" at *cursor. Returns false if there is no number, or if it is out of range. */
static bool read_number(const char **cursor, struct number *out_number)
{
    const char *start = *cursor, *c = start;
    bool is_negative = *c == '-';
    if (is_negative)
        c++;
    const char *digits = c;
    uint64_t value = 0;
    uint64_t limit = (uint64_t)INT64_MAX + is_negative;
    for (; is_digit(*c); c++) {
        unsigned digit = (unsigned)(*c - '0');
        if (value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (c == digits || c - start > WIDTH_MAX)
        return false;
    out_number->value = (int64_t)(is_negative ? 0 - value : value);
    out_number->width = (int)(c - start);
    out_number->is_padded = digits[0] == '0' && c - digits > 1;
    *cursor = c;
    return true;
}

/*
 * Reads "1..90" or "1..90..3" up to `end`. On failure returns false and sets *cursor to the
 * position that could not be read.
 */
static bool read_range(const char **cursor, const char *end, struct number numbers[3], int *out_n)
{
    *out_n = 0;
    while (*out_n < 3) {
        if (!read_number(cursor, &numbers[*out_n]))
            return false;
        ++*out_n;
        if (*cursor == end)
            return *out_n >= 2;
        if (strncmp(*cursor, "..", 2) != 0)
            return false;
        *cursor += 2;
    }
    --*cursor;    // point at the dots of a fourth number
    return false;
}

static bool is_range(const char *start, const char *end)
{
    struct number numbers[3];
    int n;
    const char *cursor = start;
    return read_range(&cursor, end, numbers, &n) && cursor == end;
}

static int set_step(struct parser *parser, struct part *part, const struct number *step)
{
    if (step->value == 0)
        return complain(parser->complaint, -EINVAL, parser->at + 1,
                        "column %zu: a range with step 0 never ends; write a step of 1 or more",
                        parser->at + 1);
    if (step->value < 0 && !part->is_falling)
        return complain(parser->complaint, -EINVAL, parser->at + 1,
                        "column %zu: this range goes up, its step goes down; "
                        "write the step without its minus",
                        parser->at + 1);
    part->step = step->value < 0 ? 0 - (uint64_t)step->value : (uint64_t)step->value;
    return 0;
}

/* Parses the text between the braces, `start` to `end`, as a range. parser->at is the `{`. */
static int add_range(struct parser *parser, const char *start, const char *end)
{
    struct number numbers[3];
    int n;
    const char *cursor = start;
    if (!read_range(&cursor, end, numbers, &n)) {
        size_t column = (size_t)(cursor - parser->text) + 1;
        return complain(parser->complaint, -EINVAL, column,
                        "column %zu: a range is written {1..90} or {1..90..3}, with whole numbers "
                        "of at most 18 digits",
                        column);
    }
    struct part *part = &parser->pattern->parts[parser->pattern->part_count++];
    uint64_t first = (uint64_t)numbers[0].value, last = (uint64_t)numbers[1].value;
    part->first = numbers[0].value;
    part->is_falling = numbers[0].value > numbers[1].value;
    part->step = 1;
    if (numbers[0].is_padded || numbers[1].is_padded)
        part->width = numbers[0].width > numbers[1].width ? numbers[0].width : numbers[1].width;
    if (n == 3) {
        int err = set_step(parser, part, &numbers[2]);
        if (err < 0)
            return err;
    }
    uint64_t steps = (part->is_falling ? first - last : last - first) / part->step;
    if (steps == UINT64_MAX)
        return complain(parser->complaint, -EOVERFLOW, parser->at + 1,
                        "column %zu: this range has more numbers than can be counted; "
                        "make it smaller",
                        parser->at + 1);
    part->count = steps + 1;
    return 0;
}

/* Refuses a range inside a list: it would be taken as text, which is never intended. */
static int refuse_range_in_list(struct parser *parser, const char *start, const char *end)
{
    if (!is_range(start, end))
        return 0;
    size_t column = (size_t)(start - parser->text) + 1;
    return complain(parser->complaint, -EINVAL, column,
                    "column %zu: a list can't hold a range; give two patterns, one with the range "
                    "and one with the list",
                    column);
}

static int refuse_single(struct parser *parser, size_t brace)
{
    return complain(parser->complaint, -EINVAL, brace + 1,
                    "column %zu: in braces stands a range such as {1..90} or a list such as {a,b}; "
                    "write \\{ and \\} for the characters themselves",
                    brace + 1);
}

static int refuse_in_brace(struct parser *parser, size_t brace)
{
    if (parser->text[parser->at] == '{')
        return complain(parser->complaint, -EINVAL, parser->at + 1,
                        "column %zu: braces can't stand inside braces; give several patterns "
                        "instead, or write \\{ for the character itself",
                        parser->at + 1);
    return complain(parser->complaint, -EINVAL, brace + 1,
                    "column %zu: this { is never closed; add a }, or write \\{ for the character "
                    "itself",
                    brace + 1);
}

/* Reads comma-separated texts up to the closing brace; leaves the parser on that brace. */
static int read_list(struct parser *parser, size_t brace, bool *out_has_escapes)
{
    size_t start = parser->at;
    begin_choice(parser);
    *out_has_escapes = false;
    for (;;) {
        char c = parser->text[parser->at];
        if (c == '\0' || c == '{')
            return refuse_in_brace(parser, brace);
        if (c == ',' || c == '}') {
            bool is_single = c == '}' && start == brace + 1;
            int err = is_single ? 0
                                : refuse_range_in_list(parser, parser->text + start,
                                                       parser->text + parser->at);
            if (err < 0)
                return err;
            end_choice(parser);
            if (c == '}')
                return 0;
            start = ++parser->at;
            begin_choice(parser);
            continue;
        }
        *out_has_escapes |= c == '\\';
        int err = take_character(parser);
        if (err < 0)
            return err;
    }
}

static int read_brace(struct parser *parser)
{
    struct pattern *pattern = parser->pattern;
    size_t brace = parser->at++;
    size_t first_choice = pattern->choice_count;
    bool has_escapes;
    int err = read_list(parser, brace, &has_escapes);
    if (err < 0)
        return err;
    size_t close = parser->at;
    if (pattern->choice_count - first_choice > 1) {
        struct part *part = &pattern->parts[pattern->part_count++];
        part->choices = &pattern->choices[first_choice];
        part->count = pattern->choice_count - first_choice;
    } else {
        const char *start = parser->text + brace + 1, *end = parser->text + close;
        const char *dots = strstr(start, "..");
        if (has_escapes || dots == NULL || dots >= end)
            return refuse_single(parser, brace);
        pattern->choice_count = first_choice;
        parser->at = brace;
        err = add_range(parser, start, end);
    }
    parser->at = close + 1;
    return err;
}

static int read_text(struct parser *parser)
{
    struct part *part = &parser->pattern->parts[parser->pattern->part_count++];
    part->choices = &parser->pattern->choices[parser->pattern->choice_count];
    part->count = 1;
    begin_choice(parser);
    for (char c; (c = parser->text[parser->at]) != '\0' && c != '{';) {
        if (c == '}')
            return complain(parser->complaint, -EINVAL, parser->at + 1,
                            "column %zu: this } has no { before it; write \\} for the character "
                            "itself",
                            parser->at + 1);
        int err = take_character(parser);
        if (err < 0)
            return err;
    }
    end_choice(parser);
    return 0;
}

static int64_t number_at(const struct part *part, uint64_t digit)
{
    // The distance from a low first value may exceed 2^63; only the sum must fit.
    uint64_t distance = digit * part->step;
    uint64_t first = (uint64_t)part->first;
    return (int64_t)(part->is_falling ? first - distance : first + distance);
}

static size_t longest_value(const struct part *part)
{
    if (part->choices == NULL) {
        // No number of the range is longer than the longer of the first and the last.
        int a = snprintf(NULL, 0, "%0*" PRId64, part->width, number_at(part, 0));
        int b = snprintf(NULL, 0, "%0*" PRId64, part->width, number_at(part, part->count - 1));
        return (size_t)(a > b ? a : b);
    }
    size_t longest = 0;
    for (uint64_t i = 0; i < part->count; i++)
        if (part->choices[i].size > longest)
            longest = part->choices[i].size;
    return longest;
}

/* Computes the strides from the last part to the first, the count and the greatest length. */
static int measure(struct pattern *pattern, struct complaint *complaint)
{
    pattern->count = 1;
    for (size_t i = pattern->part_count; i-- > 0;) {
        struct part *part = &pattern->parts[i];
        part->stride = pattern->count;
        if (__builtin_mul_overflow(pattern->count, part->count, &pattern->count))
            return complain(complaint, -EOVERFLOW, 0,
                            "the braces of this pattern multiply to more URLs than can be counted; "
                            "make the ranges smaller");
        pattern->size_max += longest_value(part);
    }
    return 0;
}

static struct pattern *allocate(const char *text)
{
    size_t size = strlen(text), braces = 0, commas = 0;
    for (const char *c = text; *c != '\0'; c++) {
        braces += *c == '{';
        commas += *c == ',';
    }
    struct pattern *pattern = calloc(1, sizeof *pattern + size + 1);
    if (pattern == NULL)
        return NULL;
    // Each brace makes a part and is followed by at most one text; each comma adds one choice.
    pattern->parts = calloc(2 * braces + 1, sizeof *pattern->parts);
    pattern->choices = calloc(2 * braces + commas + 1, sizeof *pattern->choices);
    if (pattern->parts == NULL || pattern->choices == NULL) {
        pattern_free(pattern);
        return NULL;
    }
    return pattern;
}

int pattern_new(const char *text, struct pattern **out_pattern, struct complaint *complaint)
{
    struct pattern *pattern = allocate(text);
    if (pattern == NULL)
        return complain(complaint, -ENOMEM, 0, "no memory for a URL pattern");
    struct parser parser = {
        .text = text, .pattern = pattern, .out = pattern->text, .complaint = complaint};
    int err = 0;
    while (err == 0 && text[parser.at] != '\0')
        err = text[parser.at] == '{' ? read_brace(&parser) : read_text(&parser);
    if (err == 0)
        err = measure(pattern, complaint);
    if (err < 0) {
        pattern_free(pattern);
        return err;
    }
    *out_pattern = pattern;
    return 0;
}

void pattern_free(struct pattern *pattern)
{
    if (pattern == NULL)
        return;
    free(pattern->parts);
    free(pattern->choices);
    free(pattern);
}

uint64_t pattern_count(const struct pattern *pattern)
{
    return pattern->count;
}

size_t pattern_size_max(const struct pattern *pattern)
{
    return pattern->size_max;
}

size_t pattern_write(const struct pattern *pattern, uint64_t index, char *url)
{
    char *out = url;
    for (size_t i = 0; i < pattern->part_count; i++) {
        const struct part *part = &pattern->parts[i];
        uint64_t digit = index / part->stride % part->count;
        if (part->choices == NULL) {
            out += sprintf(out, "%0*" PRId64, part->width, number_at(part, digit));
            continue;
        }
        memcpy(out, part->choices[digit].data, part->choices[digit].size);
        out += part->choices[digit].size;
    }
    *out = '\0';
    return (size_t)(out - url);
}

void pattern_point_at(const char *text, size_t column, char *out_lines, size_t size)
{
    size_t place = column > 0 ? column - 1 : 0;
    size_t length = strlen(text);
    if (place > length)
        place = length;
    size_t start = length > WINDOW_COLUMNS && place > WINDOW_BEFORE ? place - WINDOW_BEFORE : 0;
    char shown[WINDOW_COLUMNS + 1];
    size_t n = 0, indent = 0;
    for (; n < WINDOW_COLUMNS && text[start + n] != '\0'; n++) {
        unsigned char c = (unsigned char)text[start + n];
        shown[n] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
        // UTF-8 continuation bytes take no column.
        indent += start + n < place && (c & 0xc0) != 0x80;
    }
    shown[n] = '\0';
    snprintf(out_lines, size, "    %s\n    %*s^", shown, (int)indent, "");
}
