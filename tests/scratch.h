/* SPDX-License-Identifier: MIT */
/*
 * scratch.h: texts that end soon, for what a header says is copied or borrowed for a call.
 *
 *     EXPECT_EQ(eddy_task_set_name(task, scratch("worker")), 0);
 *     scratch_spoil();                        // a pointer that was kept now reads '#', or freed memory
 *     EXPECT_STR(eddy_task_get_name(task), "worker");
 */
#ifndef EDDY_TESTS_SCRATCH_H
#define EDDY_TESTS_SCRATCH_H

#include <stdlib.h>
#include <string.h>

static struct scratch {
    char *texts[32];
    int count;
} scratch_texts;

static inline char *scratch(const char *text)
{
    char *copy = strdup(text);
    if (copy == NULL || scratch_texts.count == 32)
        abort();
    return scratch_texts.texts[scratch_texts.count++] = copy;
}

static inline void scratch_spoil(void)
{
    while (scratch_texts.count > 0) {
        char *text = scratch_texts.texts[--scratch_texts.count];
        memset(text, '#', strlen(text));
        free(text);
    }
}

#endif
