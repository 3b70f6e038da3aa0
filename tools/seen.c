/* SPDX-License-Identifier: MIT */
/*
 * seen.c: a set of hashes in one array, with open addressing.
 *
 * The slot of a hash is its high word scaled to the table's size, so any size works, and the table
 * can grow by half instead of doubling. A collision takes the next free slot, wrapping around.
 * Nothing is ever removed, so a free slot ends every search.
 *
 * Invariants: at least one slot in seven is free, and no stored hash is all zero.
 *
 * Owns its array. Called by the fetch command.
 */
#include "seen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SLOT_COUNT_MIN = 64 };

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

/* Reads up to eight bytes as a little-endian word, on any machine. */
static uint64_t load(const unsigned char *bytes, size_t size)
{
    uint64_t word = 0;
    for (size_t i = 0; i < size; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

static void sip_absorb(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    sip_round(v);
    v[0] ^= word;
}

static uint64_t sip_finish(uint64_t v[4])
{
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct seen_hash seen_hash_of(const uint64_t key[2], const void *bytes, size_t size)
{
    uint64_t v[4] = {
        key[0] ^ 0x736f6d6570736575,
        key[1] ^ 0x646f72616e646f6d ^ 0xee,
        key[0] ^ 0x6c7967656e657261,
        key[1] ^ 0x7465646279746573,
    };
    const unsigned char *at = bytes;
    size_t left = size;
    for (; left >= 8; left -= 8, at += 8)
        sip_absorb(v, load(at, 8));
    sip_absorb(v, (uint64_t)size << 56 | load(at, left));
    v[2] ^= 0xee;
    uint64_t high = sip_finish(v);
    v[1] ^= 0xdd;
    uint64_t low = sip_finish(v);
    return (struct seen_hash){high, low};
}

void seen_init(struct seen *seen, const uint64_t key[2])
{
    *seen = (struct seen){.key = {key[0], key[1]}};
}

void seen_fini(struct seen *seen)
{
    free(seen->slots);
    seen->slots = NULL;
    seen->slot_count = seen->count = 0;
}

/* Returns the slot that holds `hash`, or the free slot where it belongs. */
static struct seen_hash *find_slot(struct seen_hash *slots, size_t slot_count,
                                   struct seen_hash hash)
{
    size_t at = (size_t)((unsigned __int128)hash.high * slot_count >> 64);
    for (;;) {
        struct seen_hash *slot = &slots[at];
        bool is_free = slot->high == 0 && slot->low == 0;
        if (is_free || (slot->high == hash.high && slot->low == hash.low))
            return slot;
        if (++at == slot_count)
            at = 0;
    }
}

/* Returns the hash of a URL; never the value that marks a free slot. */
static struct seen_hash hash_url(const struct seen *seen, const char *url, size_t size)
{
    struct seen_hash hash = seen_hash_of(seen->key, url, size);
    if (hash.high == 0 && hash.low == 0)
        hash.low = 1;
    return hash;
}

static int resize(struct seen *seen, size_t slot_count)
{
    struct seen_hash *slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < seen->slot_count; i++)
        if (seen->slots[i].high != 0 || seen->slots[i].low != 0)
            *find_slot(slots, slot_count, seen->slots[i]) = seen->slots[i];
    free(seen->slots);
    seen->slots = slots;
    seen->slot_count = slot_count;
    return 0;
}

/* Returns how many of `slot_count` slots may be used: 85 %. */
static size_t load_max(size_t slot_count)
{
    return slot_count - slot_count / 20 * 3 - 1;
}

int seen_reserve(struct seen *seen, uint64_t count)
{
    if (count > SIZE_MAX / sizeof(struct seen_hash) / 2)
        return -ENOMEM;
    size_t slot_count = (size_t)count + (size_t)count * 3 / 17 + SLOT_COUNT_MIN;
    return slot_count > seen->slot_count ? resize(seen, slot_count) : 0;
}

int seen_put(struct seen *seen, const char *url, size_t size)
{
    if (seen->slot_count == 0 || seen->count >= load_max(seen->slot_count)) {
        int err = resize(seen, seen->slot_count + seen->slot_count / 2 + SLOT_COUNT_MIN);
        if (err < 0)
            return err;
    }
    struct seen_hash hash = hash_url(seen, url, size);
    struct seen_hash *slot = find_slot(seen->slots, seen->slot_count, hash);
    if (slot->high == hash.high && slot->low == hash.low)
        return 0;
    *slot = hash;
    seen->count++;
    return 1;
}

bool seen_has(const struct seen *seen, const char *url, size_t size)
{
    if (seen->slot_count == 0)
        return false;
    struct seen_hash hash = hash_url(seen, url, size);
    const struct seen_hash *slot = find_slot(seen->slots, seen->slot_count, hash);
    return slot->high == hash.high && slot->low == hash.low;
}

size_t seen_count(const struct seen *seen)
{
    return seen->count;
}

size_t seen_memory_size(const struct seen *seen)
{
    return seen->slot_count * sizeof *seen->slots;
}
