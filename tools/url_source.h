/* SPDX-License-Identifier: MIT */
/*
 * url_source.h: where the URLs of a job come from, one at a time.
 *
 * First the patterns, in the order they were added; then the lines of a list, as they arrive. The
 * source itself never waits: it says that it wants more input, and whoever holds the descriptor
 * feeds it, after waiting in whatever way suits (a task awaits the descriptor, a test just feeds).
 *
 *     while ((n = url_source_next(source, &url, &complaint)) != 0) {
 *         if (n == -EAGAIN) {                              // wants more of the list
 *             wait_until_readable(fd);
 *             if (url_source_fill(source, fd) < 0) ...     // one read(2); 0 is the list's end
 *         } else if (n < 0)
 *             fprintf(stderr, "%s\n", complaint.text);     // one bad URL; calling again goes on
 *         else
 *             fetch(url.text, url.size);
 *     }
 *
 * A list holds one URL a line, taken as written: braces mean nothing there. Empty lines and lines
 * that begin with `#` are skipped, blanks around a URL are dropped, lines may end in LF or CR LF,
 * and the last needs no end. In memory lie one line and one block, however long the list is.
 */
#ifndef EDDY_TOOLS_URL_SOURCE_H
#define EDDY_TOOLS_URL_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct complaint;
struct url_source;

enum { URL_MAX = 8190 };    // bytes; what servers commonly take as a request line

/* A URL, zero-terminated, lent until the next call on the source. */
struct url {
    const char *text;
    size_t size;
};

/*
 * Checks that `text` can be fetched: http:// or https://, a host, a port that is one, at most
 * URL_MAX bytes of UTF-8 without spaces and control characters. Returns 0 or -EINVAL with a
 * sentence and the column at fault.
 */
int url_check(const char *text, size_t size, struct complaint *complaint);

/* A source without anything in it; NULL when there is no memory. */
struct url_source *url_source_new(void);
void url_source_free(struct url_source *source);

/*
 * Adds a pattern. Its first URL is checked at once, so that a wrong scheme is said before the job
 * begins; the others as they are made. Returns 0, or what pattern_new() or url_check() says, or
 * -EOVERFLOW when all patterns together stand for more than 2^64-1 URLs.
 */
int url_source_add_pattern(struct url_source *source, const char *text,
                           struct complaint *complaint);

/* Announces a list: after the patterns the source asks for input until it is told the end. */
void url_source_expect_lines(struct url_source *source);

/*
 * Gives `size` bytes of the list, lent until url_source_next() has returned -EAGAIN; size 0 is the
 * end of the list. To be called only when the source asked (-EAGAIN).
 */
void url_source_feed(struct url_source *source, const char *bytes, size_t size);

/*
 * Reads one block from `fd` and feeds it. Returns the bytes read, 0 at the end, or what read(2)
 * reports, negated (-EAGAIN from a descriptor that doesn't block: wait and call again).
 */
ssize_t url_source_fill(struct url_source *source, int fd);

/*
 * The next URL. Returns 1 with *out_url set, 0 when there are no more, or
 *   -EAGAIN                     the list must be fed first,
 *   -EINVAL, -EMSGSIZE, -EILSEQ a bad URL, an over-long line, a NUL byte; `complaint` names the
 *                               line. Calling again goes on behind it.
 */
int url_source_next(struct url_source *source, struct url *out_url, struct complaint *complaint);

/* How many URLs there are in all; false when a list makes that unknown. */
bool url_source_count(const struct url_source *source, uint64_t *out_count);

/* Back to the first URL. -ESPIPE when a list has been announced: it can't be read twice. */
int url_source_rewind(struct url_source *source);

#endif
