/* SPDX-License-Identifier: MIT */
/*
 * seen.h: which URLs have come already.
 *
 * A set of 128-bit hashes and not of texts: 16 bytes an entry however long the URLs are, in a table
 * that is at most 85 % full and grows by half. A URL takes 19 bytes when their number was
 * announced, 19 to 29 otherwise, and for a moment of growth the old table and the new lie side by
 * side:
 *
 *     URLs          announced    not announced    while growing
 *     1 million      19 MB        19 to 29 MB      up to 48 MB
 *     10 million    188 MB       190 to 290 MB     up to 480 MB
 *
 * Two URLs that differ share a hash with a chance of about 10^-25 among ten million, and the hash
 * is keyed, so nobody can make such a pair who doesn't know the key. Still this set only spares
 * work. What guards a database against doubles is the primary key of its table.
 */
#ifndef EDDY_TOOLS_SEEN_H
#define EDDY_TOOLS_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seen_hash {
    uint64_t high, low;
};

struct seen {
    struct seen_hash *slots;    // all zero: free
    size_t slot_count;
    size_t count;
    uint64_t key[2];
};

/* `key`: any 128 bits, random ones where the URLs come from strangers. Allocates nothing yet. */
void seen_init(struct seen *seen, const uint64_t key[2]);
void seen_fini(struct seen *seen);

/* Makes room for `count` URLs in all, so that the table needn't grow. 0, or -ENOMEM. */
int seen_reserve(struct seen *seen, uint64_t count);

/* Puts a URL in. Returns 1 when it is new, 0 when it has come before, or -ENOMEM. */
int seen_put(struct seen *seen, const char *url, size_t size);

bool seen_has(const struct seen *seen, const char *url, size_t size);

/* How many different URLs are in it, and the bytes it takes. */
size_t seen_count(const struct seen *seen);
size_t seen_memory_size(const struct seen *seen);

/* The hash itself, SipHash-2-4 with 128 bits of output; public for its test vectors. */
struct seen_hash seen_hash_of(const uint64_t key[2], const void *bytes, size_t size);

#endif
