/* SPDX-License-Identifier: MIT */
/*
 * check.h: runs one program of a corpus and compares its trace with the one expected.
 */
#ifndef CONFORMANCE_CHECK_H
#define CONFORMANCE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "text.h"

enum { CHECK_NAME_SIZE = 128 };    // bytes; longer names are cut

/* What a checker reuses from one program to the next; all zero to begin with. */
struct checker {
    const char *name_pattern;    // of glob(7); NULL: all
    bool only_supported;         // a program that the API can't express yet is skipped
    bool shows_traces;           // nothing is compared: the program is printed with its trace
    struct arena arena;
    struct text trace;
    struct text expected;
    char name[CHECK_NAME_SIZE];    // of the program under way
    char *shared_name;             // room for the same, for whoever has to report a crash; or NULL
};

enum verdict { VERDICT_PASSED, VERDICT_FAILED, VERDICT_SKIPPED, VERDICT_NOT_SELECTED };

/* Checks the program on this line, and adds what is to be said of it to `report`. */
enum verdict check_line(struct checker *checker, const char *line, size_t size,
                        struct text *report);

void checker_fini(struct checker *checker);

#endif
