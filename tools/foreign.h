/* SPDX-License-Identifier: MIT */
/*
 * foreign.h: the options and ranges of curl and wget, and their names in `eddy fetch`.
 */
#ifndef EDDY_TOOLS_FOREIGN_H
#define EDDY_TOOLS_FOREIGN_H

#include <stdbool.h>

#include "options.h"

/* Options of curl and wget that `eddy fetch` doesn't have; the last one's name is NULL. */
extern const struct option_hint foreign_options[];

/*
 * Whether a URL pattern contains one of curl's ranges ([1-8], [a-z], [0-100:10]), which have no
 * special meaning here. If so, `complaint` says how to write it.
 */
bool foreign_range(const char *pattern, struct complaint *complaint);

#endif
