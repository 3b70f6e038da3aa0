/* SPDX-License-Identifier: MIT */
/*
 * stacks.h: declarations shared by the files of core/ that inspect stacks; see task_stack.c.
 */
#ifndef EDDY_CORE_STACKS_H
#define EDDY_CORE_STACKS_H

#include "base/symbol.h"
#include "core/core.h"

#include <eddy/stack.h>

/* Return addresses of a begun task, innermost first. For the running task, includes the caller. */
size_t eddy__task_unwind(const struct task *task, void **addresses, size_t size);

/* Where `task` resumes if it waits for a task that it started eagerly; else NULL; run.c. */
const struct context *eddy__eager_creator_context(const struct task *task);

/* Where *generator's asker resumes. Sets *generator to the one that the asker runs in; or NULL. */
const struct context *eddy__generator_asker(const struct eddy_generator **generator);

/* Fills in the function and object at a return address. Reads files. */
void eddy__frame_fill(void *address, eddy_frame *out);

#endif
