/* SPDX-License-Identifier: MIT */
/* fetch_retry_after.h: how long a server asks us to stay away. */
#ifndef EDDY_TOOLS_FETCH_RETRY_AFTER_H
#define EDDY_TOOLS_FETCH_RETRY_AFTER_H

#include <stdint.h>

/*
 * Reads the value of a Retry-After header, seconds or a date, as seconds from `now_unix` on: never
 * more than a year. Below 0: it is neither.
 */
double retry_after_read(const char *text, int64_t now_unix);

#endif
