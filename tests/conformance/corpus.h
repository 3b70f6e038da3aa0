/* SPDX-License-Identifier: MIT */
/*
 * corpus.h: files of programs, one JSON object a line, `.gz` or plain, all in memory.
 */
#ifndef CONFORMANCE_CORPUS_H
#define CONFORMANCE_CORPUS_H

#include <stddef.h>

#include "text.h"

/* One line. */
struct entry {
    const char *file;    // the name it was given by
    size_t line;         // from 1
    size_t start;        // in the corpus's text
    size_t size;         // bytes, without the newline
};

struct corpus {
    struct text text;
    struct text entries;    // struct entry, as bytes
};

/* Adds the lines of a file. 0, or a negative errno value. */
int corpus_read(struct corpus *corpus, const char *file);

size_t corpus_count(const struct corpus *corpus);
const struct entry *corpus_entry(const struct corpus *corpus, size_t index);

void corpus_fini(struct corpus *corpus);

#endif
