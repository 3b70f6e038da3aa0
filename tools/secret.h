/* SPDX-License-Identifier: MIT */
/*
 * secret.h: takes passwords out of URLs before they are stored or shown.
 *
 * What lands as a row's key, and every sentence, names "http://user:password@host/" as
 * "http://user@host/". The user's name stays, so that two users' documents of one URL have two keys.
 *
 * Owns nothing; header only, as complaint.h needs it everywhere.
 */
#ifndef EDDY_TOOLS_SECRET_H
#define EDDY_TOOLS_SECRET_H

#include <stddef.h>
#include <string.h>

/*
 * Finds the first password in `text`, which need not be a URL but may quote some. Returns where its
 * colon is, with the '@' behind it in *out_at; NULL if there is none.
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

/* Removes the passwords. Returns the size of what is left. */
static inline size_t secret_remove(char *text)
{
    char *at, *colon;
    while ((colon = secret_find(text, &at)) != NULL)
        memmove(colon, at, strlen(at) + 1);
    return strlen(text);
}

/* Replaces each byte of the passwords with '*', so that columns stay what they are. */
static inline void secret_mask(char *text)
{
    char *at;
    for (char *colon; (colon = secret_find(text, &at)) != NULL; text = at)
        memset(colon + 1, '*', (size_t)(at - colon - 1));
}

#endif
