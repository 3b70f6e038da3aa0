/* SPDX-License-Identifier: MIT */
/*
 * base.c: the parts of base.h that are not inline: failed checks, memory, clock, version.
 *
 * The allocator belongs to the process, since objects may outlive the loop that made them. It can
 * be changed until the first allocation, which sets a flag that is never cleared.
 */
#include "base/base.h"

#include <eddy/alloc.h>
#include <eddy/error.h>

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

_Noreturn void eddy__assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "eddy: internal error at %s:%d: %s\n", file, line, condition);
    abort();
}

_Noreturn void eddy__stop_for_misuse(const char *sentence)
{
    fprintf(stderr, "eddy: misuse: %s\n", sentence);
    abort();
}

static void *resize_by_libc(void *data, void *memory, size_t size)
{
    (void)data;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

static eddy_allocator allocator = {resize_by_libc, NULL};
static atomic_bool has_allocated;

int eddy_set_allocator(const eddy_allocator *chosen)
{
    if (atomic_load(&has_allocated))
        return EDDY_EMISUSE;
    allocator = chosen != NULL ? *chosen : (eddy_allocator){resize_by_libc, NULL};
    return 0;
}

bool eddy__allocator_is_set(void)
{
    return allocator.resize != resize_by_libc;
}

void *eddy__realloc(void *memory, size_t size)
{
    if (!atomic_load_explicit(&has_allocated, memory_order_relaxed))
        atomic_store_explicit(&has_allocated, true, memory_order_relaxed);
    return allocator.resize(allocator.data, memory, size);
}

void *eddy__malloc(size_t size)
{
    return eddy__realloc(NULL, size);
}

void *eddy__zalloc(size_t size)
{
    void *memory = eddy__realloc(NULL, size);
    return memory != NULL ? memset(memory, 0, size) : NULL;
}

void eddy__free(void *memory)
{
    if (memory != NULL)
        allocator.resize(allocator.data, memory, 0);
}

char *eddy__strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = eddy__malloc(size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

void *eddy_malloc(size_t size)
{
    return eddy__malloc(size > 0 ? size : 1);
}

void *eddy_calloc(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    return eddy__zalloc(total > 0 ? total : 1);
}

void *eddy_realloc(void *memory, size_t size)
{
    return eddy__realloc(memory, size > 0 ? size : 1);
}

char *eddy_strdup(const char *text)
{
    return eddy__strdup(text);
}

void eddy_free(void *memory)
{
    eddy__free(memory);
}

int64_t eddy__clock_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t eddy__ns_of_seconds(double seconds)
{
    double ns = seconds * (double)NS_PER_S;
    if (ns >= 0x1p63)
        return NS_NEVER;
    if (ns <= -0x1p63)
        return INT64_MIN;
    return (int64_t)rint(ns);
}

const char *eddy_version(void)
{
    return EDDY_VERSION;
}

int eddy_version_number(void)
{
    return EDDY_VERSION_NUMBER;
}
