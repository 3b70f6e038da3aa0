/* SPDX-License-Identifier: MIT */
/*
 * errors.h: the names that errors have in the language, and their statuses in Eddy.
 *
 * The program's own errors, `Error:x`, take the application's codes, from EDDY_ERROR_USER down, in
 * the order in which their names turn up.
 */
#ifndef CONFORMANCE_ERRORS_H
#define CONFORMANCE_ERRORS_H

#include <stdbool.h>

#include <eddy.h>

struct program;

/* The status of the error of this name; 0 if there is none such. */
int error_status(struct program *program, const char *name);

/*
 * How `status` is written: "Cancelled", "Error:x", "Group[Timeout,Error:x]". `error` is what is
 * known about it, or NULL; only groups need it. Lives as long as the program.
 */
const char *error_text(struct program *program, int status, const eddy_error *error);

/* Whether the kind of an except clause takes the error that is written so. */
bool error_is_kind(const char *text, const char *kind);

#endif
