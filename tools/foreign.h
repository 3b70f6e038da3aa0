/* SPDX-License-Identifier: MIT */
/*
 * foreign.h: what users of curl and wget write, and what it is called in `eddy fetch`.
 */
#ifndef EDDY_TOOLS_FOREIGN_H
#define EDDY_TOOLS_FOREIGN_H

#include <stdbool.h>

#include "options.h"

/* Options of theirs that `eddy fetch` doesn't have; ends with one whose name is NULL. */
extern const struct option_hint foreign_options[];

/*
 * Whether a URL pattern has one of curl's ranges in it ([1-8], [a-z], [0-100:10]), which is taken as
 * written here. Then a sentence says how to write it.
 */
bool foreign_range(const char *pattern, struct complaint *complaint);

#endif
