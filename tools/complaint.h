/* SPDX-License-Identifier: MIT */
/*
 * complaint.h: an error of the tools: a code and a message.
 *
 * The code (a negative errno) is for the program. The message is for the user, and says what is
 * wrong and what to do. It quotes user input, so bytes that would control a terminal are replaced
 * before anything is printed. `column` is the position of the error in the quoted text, in bytes
 * from 1; 0 means no particular position.
 *
 * Owns nothing; a caller that wants no message passes NULL.
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

/* Fills `complaint` and returns `code`, so that failing takes one line: return complain(...). */
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
