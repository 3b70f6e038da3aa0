/* SPDX-License-Identifier: MIT */
/*
 * decode_coding.h: the interface of one coding, called by decode.c; decode_zlib.c, decode_brotli.c
 * and decode_zstd.c implement it.
 */
#ifndef EDDY_HTTP_DECODE_CODING_H
#define EDDY_HTTP_DECODE_CODING_H

#include <eddy/http_error.h>

#include "decode.h"

struct http_coding {
    const char *name;
    void *(*open)(void);    // its state; NULL if memory is out
    /* As eddy__http_decoder_pull(). 0: all is used; it needs more, or drops further bytes. */
    ssize_t (*pull)(void *state, eddy_span *inout_data, void *buf, size_t size);
    bool (*has_ended)(const void *state);
    void (*close)(void *state);
};

extern const struct http_coding eddy__http_coding_gzip;
extern const struct http_coding eddy__http_coding_deflate;
extern const struct http_coding eddy__http_coding_brotli;
extern const struct http_coding eddy__http_coding_zstd;

#endif
