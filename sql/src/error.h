/* SPDX-License-Identifier: MIT */
/* error.h: the names of this library's codes. */
#ifndef EDDY_SQL_ERROR_H
#define EDDY_SQL_ERROR_H

/* Registers them with eddy_strerror(), once. Returns 0, or the error of eddy_error_register(). */
int eddy__sql_error_init(void);

/* Ends the program with a message: a function that returns nothing has been misused. */
_Noreturn void eddy__sql_die(const char *sentence);

#endif
