/* SPDX-License-Identifier: MIT */
/*
 * url_source.c: the URLs of a job, generated or read one at a time.
 *
 * There are two stages. For the patterns, a counter (`pattern`, `index`). For the list, a line
 * splitter: bytes of the borrowed block are copied into `line` up to the next line end, so a line
 * may be split over blocks anywhere. A line that is too long for its buffer is dropped, and
 * reported when its end has been found.
 *
 * Invariants:
 *   - Only `chunk` points to borrowed memory, and only between a feed and the next -EAGAIN.
 *   - An error concerns one URL. The position is already behind it, so the caller may continue.
 *
 * Owns its patterns and buffers. Called by the fetch command; tested by tests/tools.
 */
#include "url_source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "complaint.h"
#include "json_check.h"
#include "pattern.h"

enum {
    BLOCK_SIZE = 65536,              // one read(2) of the list
    LINE_MAX_SIZE = URL_MAX + 64,    // a URL and some blanks around it
    SHOWN_MAX = 60,                  // bytes of an invalid URL that a message shows
};

struct lines {
    const char *chunk;    // borrowed from the caller
    size_t chunk_size;
    size_t at;           // position in chunk
    uint64_t number;     // number of the last complete line, from 1
    bool has_ended;      // no more chunks will come
    bool is_too_long;    // the line being collected has lost bytes
    size_t size;         // size of the line being collected
    char text[LINE_MAX_SIZE + 1];
};

struct url_source {
    struct pattern **patterns;
    size_t pattern_count;
    size_t pattern;        // index of the pattern being expanded
    uint64_t index;        // number of its next URL
    uint64_t url_count;    // of all patterns
    bool has_lines;
    struct lines lines;
    char url[URL_MAX + 1];
    char block[BLOCK_SIZE];
};

static int check_bytes(const char *text, size_t size, struct complaint *complaint)
{
    if (size > URL_MAX)
        return complain(complaint, -EINVAL, URL_MAX + 1,
                        "the URL is %zu bytes long; at most %d are taken", size, URL_MAX);
    for (size_t i = 0; i < size;) {
        unsigned char c = (unsigned char)text[i];
        size_t n = utf8_sequence(text + i, size - i);
        if (c < 0x20 || c == 0x7f)
            return complain(complaint, -EINVAL, i + 1,
                            "the URL has a control character (%u) in column %zu; write %%%02X for "
                            "it",
                            c, i + 1, c);
        if (n == 0)
            return complain(complaint, -EINVAL, i + 1,
                            "the URL isn't UTF-8 in column %zu; write %%%02X for this byte", i + 1,
                            c);
        i += n;
    }
    return 0;
}

static int check_port(const char *text, size_t start, size_t end, struct complaint *complaint)
{
    unsigned port = 0;
    for (size_t i = start; i < end; i++) {
        if (text[i] >= '0' && text[i] <= '9' && port <= 65535)
            port = port * 10 + (unsigned)(text[i] - '0');
        else
            port = 65536;
    }
    if (port > 65535)
        return complain(complaint, -EINVAL, start + 1, "the port '%.*s' isn't a number up to 65535",
                        (int)(end - start), text + start);
    return 0;
}

/* Checks "user:password@[::1]:8080", which is `text` from `start` to `end`. */
static int check_authority(const char *text, size_t start, size_t end, struct complaint *complaint)
{
    size_t scheme_size = start;
    for (size_t i = start; i < end; i++)
        if (text[i] == '@')
            start = i + 1;
    size_t host_end = start;
    if (start < end && text[start] == '[') {
        while (host_end < end && text[host_end] != ']')
            host_end++;
        if (host_end == end)
            return complain(complaint, -EINVAL, start + 1,
                            "the address in [brackets] is never closed; write http://[::1]/");
        host_end++;
    } else {
        while (host_end < end && text[host_end] != ':')
            host_end++;
    }
    bool is_empty = host_end == start || (text[start] == '[' && host_end - start == 2);
    if (is_empty)
        return complain(complaint, -EINVAL, start + 1,
                        "the URL '%.*s%.*s' names no host; write http://HOST/PATH",
                        (int)scheme_size, text,
                        (int)(end - start < SHOWN_MAX ? end - start : SHOWN_MAX), text + start);
    if (host_end == end)
        return 0;
    if (text[host_end] != ':')
        return complain(complaint, -EINVAL, host_end + 1,
                        "after the address in [brackets] comes : or / or nothing");
    return check_port(text, host_end + 1, end, complaint);
}

/* Refuses a missing or other scheme. Text before an '@' may be a password, so it isn't shown. */
static int refuse_scheme(const char *text, size_t size, struct complaint *complaint)
{
    const char *at = memrchr(text, '@', size);
    const char *from = at != NULL ? at : text;
    size_t left = size - (size_t)(from - text);
    return complain(complaint, -EINVAL, 1,
                    "'%s%.*s' begins with neither http:// nor https://; write the whole URL",
                    at != NULL ? "..." : "", (int)(left < SHOWN_MAX ? left : SHOWN_MAX), from);
}

int url_check(const char *text, size_t size, struct complaint *complaint)
{
    int err = check_bytes(text, size, complaint);
    if (err < 0)
        return err;
    size_t start = 0;
    if (size >= 7 && strncasecmp(text, "http://", 7) == 0)
        start = 7;
    else if (size >= 8 && strncasecmp(text, "https://", 8) == 0)
        start = 8;
    else
        return refuse_scheme(text, size, complaint);
    const char *space = memchr(text, ' ', size);
    size_t column = space != NULL ? (size_t)(space - text) + 1 : 0;
    if (column > 0)
        return complain(complaint, -EINVAL, column,
                        "the URL has a space in column %zu; write %%20 for it", column);
    size_t end = start;
    while (end < size && strchr("/?#", text[end]) == NULL)
        end++;
    return check_authority(text, start, end, complaint);
}

struct url_source *url_source_new(void)
{
    return calloc(1, sizeof(struct url_source));
}

void url_source_free(struct url_source *source)
{
    if (source == NULL)
        return;
    for (size_t i = 0; i < source->pattern_count; i++)
        pattern_free(source->patterns[i]);
    free(source->patterns);
    free(source);
}

static int check_pattern(struct url_source *source, const struct pattern *pattern,
                         struct complaint *complaint)
{
    if (pattern_size_max(pattern) > URL_MAX)
        return complain(complaint, -EINVAL, 0,
                        "the longest URL of this pattern is %zu bytes long; at most %d are taken",
                        pattern_size_max(pattern), URL_MAX);
    size_t size = pattern_write(pattern, 0, source->url);
    int err = url_check(source->url, size, complaint);
    if (err < 0 && complaint != NULL)
        complaint->column = 0;    // it is a position in the URL, not in the pattern
    return err;
}

int url_source_add_pattern(struct url_source *source, const char *text, struct complaint *complaint)
{
    struct pattern *pattern;
    int err = pattern_new(text, &pattern, complaint);
    if (err < 0)
        return err;
    err = check_pattern(source, pattern, complaint);
    if (err < 0)
        goto free_pattern;
    uint64_t count;
    err = complain(complaint, -EOVERFLOW, 0,
                   "all patterns together stand for more URLs than can be counted");
    if (__builtin_add_overflow(source->url_count, pattern_count(pattern), &count))
        goto free_pattern;
    err = complain(complaint, -ENOMEM, 0, "no memory for another URL pattern");
    size_t size = (source->pattern_count + 1) * sizeof(struct pattern *);
    struct pattern **patterns = realloc(source->patterns, size);
    if (patterns == NULL)
        goto free_pattern;
    source->patterns = patterns;
    source->patterns[source->pattern_count++] = pattern;
    source->url_count = count;
    return 0;

free_pattern:
    pattern_free(pattern);
    return err;
}

void url_source_expect_lines(struct url_source *source)
{
    source->has_lines = true;
}

void url_source_feed(struct url_source *source, const char *bytes, size_t size)
{
    source->lines.chunk = bytes;
    source->lines.chunk_size = size;
    source->lines.at = 0;
    source->lines.has_ended = size == 0;
}

ssize_t url_source_fill(struct url_source *source, int fd)
{
    ssize_t n;
    do
        n = read(fd, source->block, sizeof source->block);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    url_source_feed(source, source->block, (size_t)n);
    return n;
}

/* Collects bytes up to the next line end. Returns false if the block ends before one. */
static bool collect_line(struct lines *lines)
{
    size_t left = lines->chunk_size - lines->at;
    if (left == 0)
        return false;
    const char *start = lines->chunk + lines->at;
    const char *end = memchr(start, '\n', left);
    size_t n = end != NULL ? (size_t)(end - start) : left;
    size_t room = LINE_MAX_SIZE - lines->size;
    if (n > room)
        lines->is_too_long = true;
    memcpy(lines->text + lines->size, start, n < room ? n : room);
    lines->size += n < room ? n : room;
    lines->at += n + (end != NULL);
    return end != NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/*
 * Parses a whole line. Returns 1 with its URL, 0 if the line is empty or a comment, or an error.
 * The text stays in the line's buffer, which the next line reuses.
 */
static int judge_line(struct lines *lines, struct url *out_url, struct complaint *complaint)
{
    char *text = lines->text;
    size_t size = lines->size;
    bool is_too_long = lines->is_too_long;
    lines->size = 0;
    lines->is_too_long = false;
    lines->number++;
    if (lines->number == 1 && size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;    // the byte order mark that some editors put at the start of a file
        size -= 3;
    }
    for (; size > 0 && is_blank(*text); text++)
        size--;
    while (size > 0 && is_blank(text[size - 1]))
        size--;
    if (size == 0 && !is_too_long)
        return 0;
    if (*text == '#' && size > 0)
        return 0;
    if (memchr(text, '\0', size) != NULL)
        return complain(complaint, -EILSEQ, 0,
                        "line %" PRIu64 " of the list has a NUL byte in it; is it a text file?",
                        lines->number);
    if (is_too_long || size > URL_MAX)
        return complain(complaint, -EMSGSIZE, 0,
                        "line %" PRIu64 " of the list is longer than %d bytes, which no URL may be",
                        lines->number, URL_MAX);
    text[size] = '\0';
    *out_url = (struct url){text, size};
    struct complaint inner;
    int err = url_check(text, size, &inner);
    if (err < 0)
        return complain(complaint, err, inner.column, "line %" PRIu64 " of the list: %s",
                        lines->number, inner.text);
    return 1;
}

static int next_line(struct lines *lines, struct url *out_url, struct complaint *complaint)
{
    for (;;) {
        if (!collect_line(lines)) {
            if (!lines->has_ended)
                return -EAGAIN;
            if (lines->size == 0)
                return 0;
        }
        int outcome = judge_line(lines, out_url, complaint);
        if (outcome != 0)
            return outcome;
    }
}

int url_source_next(struct url_source *source, struct url *out_url, struct complaint *complaint)
{
    while (source->pattern < source->pattern_count) {
        const struct pattern *pattern = source->patterns[source->pattern];
        if (source->index == pattern_count(pattern)) {
            source->pattern++;
            source->index = 0;
            continue;
        }
        size_t size = pattern_write(pattern, source->index++, source->url);
        *out_url = (struct url){source->url, size};
        struct complaint inner;
        int err = url_check(source->url, size, &inner);
        if (err < 0)
            return complain(complaint, err, 0, "'%.200s': %s", source->url, inner.text);
        return 1;
    }
    return source->has_lines ? next_line(&source->lines, out_url, complaint) : 0;
}

bool url_source_count(const struct url_source *source, uint64_t *out_count)
{
    *out_count = source->url_count;
    return !source->has_lines;
}

int url_source_rewind(struct url_source *source)
{
    if (source->has_lines)
        return -ESPIPE;
    source->pattern = 0;
    source->index = 0;
    return 0;
}
