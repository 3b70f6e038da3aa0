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

/* The Accept-Encoding value of a client that uses this decoder. */
#define HTTP_ACCEPT_ENCODING "gzip, deflate, br, zstd"

/*
 * Adds the codings of a Content-Encoding value, in the order in which they were applied, after
 * those of earlier calls. *inout_decoder is NULL at first, and stays NULL while there is nothing to
 * decode: values that name no coding are ignored, unsupported codings are not decoded. Too many
 * codings make the body undecodable, not the head.
 *
 * Returns 0 or -ENOMEM.
 */
int eddy__http_decoder_add(struct http_decoder **inout_decoder, const char *codings);

/*
 * Decodes from the front of `*inout_data` into `buf`, at most `size` bytes, and removes the bytes
 * used from that front. Call it until it returns 0: then all are used, and it needs more.
 *
 * Returns the number of bytes stored, EDDY_HTTP_DECODE, or -ENOMEM.
 */
ssize_t eddy__http_decoder_pull(struct http_decoder *decoder, eddy_span *inout_data, void *buf,
                                size_t size);

/* Whether the coded data is complete, so that the body may end here. */
bool eddy__http_decoder_has_ended(const struct http_decoder *decoder);

void eddy__http_decoder_free(struct http_decoder *decoder);

#endif
