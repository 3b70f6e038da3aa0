/* SPDX-License-Identifier: MIT */
/*
 * url_source.h: yields the URLs of a job, one at a time.
 *
 * First the patterns, in the order they were added; then the lines of a list, as they arrive. The
 * source itself never waits: it returns -EAGAIN to ask for more input, and the caller, which owns
 * the descriptor, waits and feeds it (a task awaits the descriptor, a test just feeds).
 *
 *     while ((n = url_source_next(source, &url, &complaint)) != 0) {
 *         if (n == -EAGAIN) {                              // needs more of the list
 *             wait_until_readable(fd);
 *             if (url_source_fill(source, fd) < 0) ...     // one read(2); 0 is the list's end
 *         } else if (n < 0)
 *             fprintf(stderr, "%s\n", complaint.text);     // one bad URL; the next call continues
 *         else
 *             fetch(url.text, url.size);
 *     }
 *
 * A list has one URL a line, taken literally: braces have no meaning. Empty lines and lines that
 * begin with `#` are skipped, blanks around a URL are dropped, lines may end in LF or CR LF, and
 * the last line needs no end. Only one line and one block are in memory, for a list of any length.
 */
#ifndef EDDY_TOOLS_URL_SOURCE_H
#define EDDY_TOOLS_URL_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct complaint;
struct url_source;

enum { URL_MAX = 8190 };    // bytes; the length of a request line that servers commonly accept

/* A URL, zero-terminated, borrowed until the next call on the source. */
struct url {
    const char *text;
    size_t size;
};

/*
 * Checks that `text` can be fetched: http:// or https://, a host, a valid port, at most URL_MAX
 * bytes of UTF-8 without spaces and control characters. Returns 0, or -EINVAL with a message and
 * the column of the error.
 */
int url_check(const char *text, size_t size, struct complaint *complaint);

/* Returns an empty source; NULL if there is no memory. */
struct url_source *url_source_new(void);
void url_source_free(struct url_source *source);

/*
 * Adds a pattern. Its first URL is checked at once, so that a wrong scheme is reported before the
 * job begins; the others when they are made. Returns 0, an error of pattern_new() or url_check(),
 * or -EOVERFLOW if all patterns together stand for more than 2^64-1 URLs.
 */
int url_source_add_pattern(struct url_source *source, const char *text,
                           struct complaint *complaint);

/* Announces a list: after the patterns, the source asks for input until the end is fed. */
void url_source_expect_lines(struct url_source *source);

/*
 * Feeds `size` bytes of the list, borrowed until url_source_next() has returned -EAGAIN; size 0 is
 * the end of the list. Call it only when the source has asked for input (-EAGAIN).
 */
void url_source_feed(struct url_source *source, const char *bytes, size_t size);

/*
 * Reads one block from `fd` and feeds it. Returns the bytes read, 0 at the end, or the negated
 * errno of read(2) (-EAGAIN from a non-blocking descriptor: wait and call again).
 */
ssize_t url_source_fill(struct url_source *source, int fd);

/*
 * Takes the next URL. Returns 1 with *out_url set, 0 when there are no more, or
 *   -EAGAIN                     the list must be fed first,
 *   -EINVAL, -EMSGSIZE, -EILSEQ a bad URL, an over-long line, a NUL byte; `complaint` names the
 *                               line. The next call continues behind it.
 */
int url_source_next(struct url_source *source, struct url *out_url, struct complaint *complaint);

/* Tells how many URLs there are in all; returns false if a list makes that unknown. */
bool url_source_count(const struct url_source *source, uint64_t *out_count);

/* Returns to the first URL. -ESPIPE if a list has been announced: it can't be read twice. */
int url_source_rewind(struct url_source *source);

#endif
