/* SPDX-License-Identifier: MIT */
/*
 * seen.h: the set of URLs that have occurred.
 *
 * It stores 128-bit hashes and not texts: 16 bytes an entry for URLs of any length, in a table that
 * is at most 85 % full and grows by half. A URL takes 19 bytes if the number of URLs was announced,
 * else 19 to 29. While the table grows, the old and the new one are both in memory:
 *
 *     URLs          announced    not announced    while growing
 *     1 million      19 MB        19 to 29 MB      up to 48 MB
 *     10 million    188 MB       190 to 290 MB     up to 480 MB
 *
 * The probability that two different URLs among ten million share a hash is about 10^-25. The hash
 * is keyed, so such a pair can't be made without the key. Still, this set only saves work: the
 * primary key of its table protects a database against duplicates.
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

/* `key`: any 128 bits; random ones if the URLs are untrusted. Allocates nothing yet. */
void seen_init(struct seen *seen, const uint64_t key[2]);
void seen_fini(struct seen *seen);

/* Reserves memory for `count` URLs in all, so that the table needn't grow. Returns 0 or -ENOMEM. */
int seen_reserve(struct seen *seen, uint64_t count);

/* Adds a URL. Returns 1 if it is new, 0 if it is in the set already, or -ENOMEM. */
int seen_put(struct seen *seen, const char *url, size_t size);

bool seen_has(const struct seen *seen, const char *url, size_t size);

/* Return the number of different URLs in the set, and the bytes of memory it takes. */
size_t seen_count(const struct seen *seen);
size_t seen_memory_size(const struct seen *seen);

/* Computes the hash, SipHash-2-4 with 128 bits of output; public for its test vectors. */
struct seen_hash seen_hash_of(const uint64_t key[2], const void *bytes, size_t size);

#endif
