/* SPDX-License-Identifier: MIT */
/*
 * complaint.h: what a function of the tools says when it cannot do what was asked.
 *
 * The code (a negative errno) is for the program; the sentence is for the person at the terminal,
 * and says what is wrong and what to do. It quotes what the person typed, so bytes that would
 * steer a terminal are replaced before anything is printed. `column` tells where in the quoted
 * text the fault is, counted in bytes from 1; 0 means nowhere in particular.
 *
 * Owns nothing; a caller who wants no sentence passes NULL.
 */
#ifndef EDDY_TOOLS_COMPLAINT_H
#define EDDY_TOOLS_COMPLAINT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "secret.h"

struct complaint {
    size_t column;
    char text[480];
};

/* Fills `complaint` and returns `code`, so that a refusal is one line: return complain(...). */
__attribute__((format(printf, 4, 5))) static inline int complain(struct complaint *complaint,
                                                                 int code, size_t column,
                                                                 const char *format, ...)
{
    if (complaint == NULL)
        return code;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(complaint->text, sizeof complaint->text, format, arguments);
    va_end(arguments);
    secret_remove(complaint->text);
    for (unsigned char *c = (unsigned char *)complaint->text; *c != '\0'; c++)
        if (*c < 0x20 || *c == 0x7f)
            *c = '?';
    complaint->column = column;
    return code;
}

#endif
