/* SPDX-License-Identifier: MIT */
/*
 * fuzz_program.c: every program of the conformance suite's language ends without harm.
 *
 * The input is a program, or a line of a corpus. The interpreter of tests/conformance/ runs it on
 * the whole core: tasks, scopes, locks, queues, generators. Checked: no crash, no hang, no leaks.
 * The conformance suite checks that the results are correct; this doesn't.
 *
 * The corpora are the seeds; .ci/run passes them. The mutator changes programs by structure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "json.h"
#include "machine.h"
#include "program_mutator.h"
#include "text.h"

enum { OPS_FUZZED_MAX = 2000 };    // operations of a program: a task costs more under a sanitizer

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *left, size_t left_size, const uint8_t *right,
                                 size_t right_size, uint8_t *out, size_t out_size, unsigned seed);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    static struct text trace;
    struct value document;
    struct program program;
    size_t column;
    arena_reset(&arena);
    if (json_read((const char *)data, size, &arena, &document, &column) != NULL)
        return 0;
    const struct value *it = value_find(&document, "program");
    it = it != NULL ? it : &document;
    if (it->type != VALUE_MAP)
        return 0;
    program_load(&program, &arena, it);
    if (program.problem != NULL)
        return 0;
    program.ops_max = OPS_FUZZED_MAX;
    text_clear(&trace);
    program_run(&program, &trace);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
    size_t mutated = seed % 64 != 0 ? program_mutate(data, size, size_max, NULL, 0, seed) : 0;
    return mutated > 0 ? mutated : LLVMFuzzerMutate(data, size, size_max);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *left, size_t left_size, const uint8_t *right,
                                 size_t right_size, uint8_t *out, size_t out_size, unsigned seed)
{
    if (left_size > out_size)
        return 0;
    memcpy(out, left, left_size);
    return program_mutate(out, left_size, out_size, right, right_size, seed);
}
