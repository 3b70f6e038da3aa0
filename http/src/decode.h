/* SPDX-License-Identifier: MIT */
/*
 * decode.h: decodes a body: gzip, deflate, brotli, zstd, and several of these combined.
 *
 * The caller pulls: each call decodes as much as the caller's buffer has room for. The input bytes
 * are borrowed until they are used.
 */
#ifndef EDDY_HTTP_DECODE_H
#define EDDY_HTTP_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include <eddy/stream.h>

struct http_decoder;

/* What a client that reads with this says in Accept-Encoding. */
#define HTTP_ACCEPT_ENCODING "gzip, deflate, br, zstd"

/*
 * Takes a value of Content-Encoding: codings in the order in which they were applied, with those of
 * earlier calls before them. *inout_decoder is NULL at first, and stays so while there is nothing
 * to undo: what names no coding is ignored, and what can't be undone stays as it is. Too many
 * codings make the body undecodable, not the head.
 *
 * Returns 0 or -ENOMEM.
 */
int eddy__http_decoder_add(struct http_decoder **inout_decoder, const char *codings);

/*
 * Decodes from the front of `*inout_data` into `buf`, at most `size` bytes, and takes what it has
 * used off that front. Call it until it returns 0: then all has been used, and it wants more.
 *
 * Returns the number of bytes stored, EDDY_HTTP_DECODE, or -ENOMEM.
 */
ssize_t eddy__http_decoder_pull(struct http_decoder *decoder, eddy_span *inout_data, void *buf,
                                size_t size);

/* Whether what was coded has ended, so that the body may end here. */
bool eddy__http_decoder_has_ended(const struct http_decoder *decoder);

void eddy__http_decoder_free(struct http_decoder *decoder);

#endif
