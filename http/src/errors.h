/* SPDX-License-Identifier: MIT */
/*
 * errors.h: the names of the codes of <eddy/http_error.h> in eddy_strerror().
 */
#ifndef EDDY_HTTP_ERRORS_H
#define EDDY_HTTP_ERRORS_H

/* Registers the names, once a process; every way into eddy-http calls it. Any thread. */
void eddy__http_errors_register(void);

#endif
