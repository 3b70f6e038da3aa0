/* SPDX-License-Identifier: MIT */
/*
 * secret.h: removes passwords from URLs before they are stored or shown.
 *
 * The key of a row, and every message, shows "http://user:password@host/" as "http://user@host/".
 * The user's name is kept, so that two users' documents of one URL have different keys.
 *
 * Owns nothing; header only, because complaint.h needs it everywhere.
 */
#ifndef EDDY_TOOLS_SECRET_H
#define EDDY_TOOLS_SECRET_H

#include <stddef.h>
#include <string.h>

/*
 * Finds the first password in `text`, which may be a URL or contain URLs. Returns its colon, with
 * the '@' behind it in *out_at; NULL if there is none.
 */
static inline char *secret_find(char *text, char **out_at)
{
    for (char *start = strstr(text, "://"); start != NULL; start = strstr(start, "://")) {
        start += 3;
        char *at = NULL;
        char *end = start + strcspn(start, "/?# \t\"'<>");
        for (char *c = start; c < end; c++)
            if (*c == '@')
                at = c;
        char *colon = at != NULL ? memchr(start, ':', (size_t)(at - start)) : NULL;
        if (colon != NULL) {
            *out_at = at;
            return colon;
        }
    }
    return NULL;
}

/* Removes the passwords. Returns the remaining size. */
static inline size_t secret_remove(char *text)
{
    char *at, *colon;
    while ((colon = secret_find(text, &at)) != NULL)
        memmove(colon, at, strlen(at) + 1);
    return strlen(text);
}

/* Replaces each byte of the passwords with '*', so that columns don't change. */
static inline void secret_mask(char *text)
{
    char *at;
    for (char *colon; (colon = secret_find(text, &at)) != NULL; text = at)
        memset(colon + 1, '*', (size_t)(at - colon - 1));
}

#endif
