/* SPDX-License-Identifier: MIT */
/* error.h: the names of this library's codes. */
#ifndef EDDY_SQL_ERROR_H
#define EDDY_SQL_ERROR_H

/* Makes eddy_strerror() know them; the first call does it. 0, or what registering says. */
int eddy__sql_error_init(void);

/* Ends the program with a sentence: a call that returns nothing has been misused. */
_Noreturn void eddy__sql_die(const char *sentence);

#endif
