/* SPDX-License-Identifier: MIT */
/*
 * json_check.c: a validator for JSON that keeps no more than one bit for each open bracket.
 *
 * The document is scanned once. Between tokens, the scanner's state says what may come next. The
 * top bit of a stack of bits says whether a `}` or a `]` closes the current level.
 *
 *     VALUE ------------> AFTER --,--> VALUE (in an array), KEY (in an object)
 *       |  {  --> FIRST_KEY or }
 *       |  [  --> FIRST_VALUE or ]
 *
 * Invariants: `at` never passes `end`, and every loop moves `at` or ends. So the work is linear in
 * the size for any input; bodies are untrusted.
 *
 * Owns nothing. Called by record.c and url_source.c; fuzzed by fuzz/fuzz_records.c.
 */
#include "json_check.h"

#include <stdint.h>
#include <string.h>

enum state {
    STATE_VALUE,          // a value must come
    STATE_FIRST_VALUE,    // a value, or the end of an empty array
    STATE_KEY,            // a key must come
    STATE_FIRST_KEY,      // a key, or the end of an empty object
    STATE_AFTER,          // after a value: a comma, a closing bracket, or the end of the document
};

struct scanner {
    const unsigned char *at;
    const unsigned char *end;
    enum state state;
    unsigned depth;
    uint8_t is_object[(JSON_DEPTH_MAX + 7) / 8];    // a bit for each level
};

static bool is_continuation(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

size_t utf8_sequence(const void *bytes, size_t size)
{
    const unsigned char *c = bytes;
    if (size == 0)
        return 0;
    if (c[0] < 0x80)
        return 1;
    if (c[0] < 0xc2 || size < 2 || !is_continuation(c[1]))
        return 0;
    if (c[0] < 0xe0)
        return 2;
    if (size < 3 || !is_continuation(c[2]))
        return 0;
    if (c[0] < 0xf0) {
        bool is_overlong = c[0] == 0xe0 && c[1] < 0xa0;
        bool is_surrogate = c[0] == 0xed && c[1] >= 0xa0;
        return is_overlong || is_surrogate ? 0 : 3;
    }
    if (c[0] > 0xf4 || size < 4 || !is_continuation(c[3]))
        return 0;
    bool is_overlong = c[0] == 0xf0 && c[1] < 0x90;
    bool is_too_large = c[0] == 0xf4 && c[1] >= 0x90;
    return is_overlong || is_too_large ? 0 : 4;
}

bool utf8_is_valid(const void *bytes, size_t size)
{
    const unsigned char *c = bytes;
    while (size > 0) {
        size_t n = utf8_sequence(c, size);
        if (n == 0)
            return false;
        c += n;
        size -= n;
    }
    return true;
}

static void skip_space(struct scanner *scanner)
{
    while (scanner->at < scanner->end && (*scanner->at == ' ' || *scanner->at == '\n' ||
                                          *scanner->at == '\r' || *scanner->at == '\t'))
        scanner->at++;
}

static bool is_digit_at(const struct scanner *scanner)
{
    return scanner->at < scanner->end && *scanner->at >= '0' && *scanner->at <= '9';
}

static bool skip_digits(struct scanner *scanner)
{
    bool has_one = is_digit_at(scanner);
    while (is_digit_at(scanner))
        scanner->at++;
    return has_one;
}

static bool skip_byte(struct scanner *scanner, char byte)
{
    if (scanner->at == scanner->end || *scanner->at != (unsigned char)byte)
        return false;
    scanner->at++;
    return true;
}

static bool skip_number(struct scanner *scanner)
{
    skip_byte(scanner, '-');
    if (!skip_byte(scanner, '0') && !skip_digits(scanner))
        return false;
    if (skip_byte(scanner, '.') && !skip_digits(scanner))
        return false;
    if (skip_byte(scanner, 'e') || skip_byte(scanner, 'E')) {
        if (!skip_byte(scanner, '+'))
            skip_byte(scanner, '-');
        return skip_digits(scanner);
    }
    return true;
}

static bool skip_word(struct scanner *scanner, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(scanner->end - scanner->at) < size || memcmp(scanner->at, word, size) != 0)
        return false;
    scanner->at += size;
    return true;
}

static bool is_hex(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Skips what follows a backslash. */
static bool skip_escape(struct scanner *scanner)
{
    if (scanner->at == scanner->end)
        return false;
    unsigned char c = *scanner->at++;
    if (c != 'u')
        return c != '\0' && strchr("\"\\/bfnrt", c) != NULL;
    if (scanner->end - scanner->at < 4)
        return false;
    for (int i = 0; i < 4; i++)
        if (!is_hex(*scanner->at++))
            return false;
    return true;
}

/* Skips a string; its opening quote has been passed. */
static bool skip_string(struct scanner *scanner)
{
    while (scanner->at < scanner->end) {
        unsigned char c = *scanner->at;
        if (c < 0x20)
            return false;
        size_t n = c < 0x80 ? 1 : utf8_sequence(scanner->at, (size_t)(scanner->end - scanner->at));
        if (n == 0)
            return false;
        scanner->at += n;
        if (c == '"')
            return true;
        if (c == '\\' && !skip_escape(scanner))
            return false;
    }
    return false;
}

static bool open_bracket(struct scanner *scanner, bool is_object)
{
    if (scanner->depth == JSON_DEPTH_MAX)
        return false;
    uint8_t bit = (uint8_t)(1u << (scanner->depth % 8));
    uint8_t *bits = &scanner->is_object[scanner->depth / 8];
    *bits = is_object ? *bits | bit : *bits & (uint8_t)~bit;
    scanner->depth++;
    scanner->state = is_object ? STATE_FIRST_KEY : STATE_FIRST_VALUE;
    return true;
}

static bool is_in_object(const struct scanner *scanner)
{
    unsigned level = scanner->depth - 1;
    return scanner->is_object[level / 8] >> (level % 8) & 1;
}

static bool close_bracket(struct scanner *scanner)
{
    scanner->depth--;
    scanner->state = STATE_AFTER;
    return true;
}

static bool skip_value(struct scanner *scanner)
{
    scanner->state = STATE_AFTER;
    switch (*scanner->at) {
    case '{': scanner->at++; return open_bracket(scanner, true);
    case '[': scanner->at++; return open_bracket(scanner, false);
    case '"': scanner->at++; return skip_string(scanner);
    case 't': return skip_word(scanner, "true");
    case 'f': return skip_word(scanner, "false");
    case 'n': return skip_word(scanner, "null");
    default: return skip_number(scanner);
    }
}

static bool skip_key(struct scanner *scanner)
{
    if (!skip_byte(scanner, '"') || !skip_string(scanner))
        return false;
    skip_space(scanner);
    scanner->state = STATE_VALUE;
    return skip_byte(scanner, ':');
}

static bool skip_after(struct scanner *scanner)
{
    if (scanner->depth == 0)
        return false;    // a second document
    bool in_object = is_in_object(scanner);
    if (skip_byte(scanner, ',')) {
        scanner->state = in_object ? STATE_KEY : STATE_VALUE;
        return true;
    }
    return skip_byte(scanner, in_object ? '}' : ']') && close_bracket(scanner);
}

static bool step(struct scanner *scanner)
{
    switch (scanner->state) {
    case STATE_FIRST_VALUE:
        if (skip_byte(scanner, ']'))
            return close_bracket(scanner);
        return skip_value(scanner);
    case STATE_VALUE: return skip_value(scanner);
    case STATE_FIRST_KEY:
        if (skip_byte(scanner, '}'))
            return close_bracket(scanner);
        return skip_key(scanner);
    case STATE_KEY: return skip_key(scanner);
    case STATE_AFTER: return skip_after(scanner);
    }
    return false;
}

bool json_is_valid(const void *bytes, size_t size)
{
    struct scanner scanner = {.at = bytes, .state = STATE_VALUE};
    scanner.end = scanner.at + size;
    for (;;) {
        skip_space(&scanner);
        if (scanner.at == scanner.end)
            return scanner.state == STATE_AFTER && scanner.depth == 0;
        if (!step(&scanner))
            return false;
    }
}
