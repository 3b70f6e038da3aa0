/* SPDX-License-Identifier: MIT */
/*
 * decode_zlib.c: decodes gzip and deflate with zlib.
 *
 * Several consecutive gzip members are one document (RFC 1952). Another member begins with two
 * known bytes; any other bytes after a member are dropped. "deflate" should be zlib's format, but
 * some servers send raw deflate. The first two bytes distinguish them: in zlib's format they
 * contain a checksum of themselves, which the raw output of a compressor never matches.
 */
#include <eddy/alloc.h>

#include "decode_coding.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

enum {
    ANY_WINDOW = 15,
    GZIP_ONLY = 16,    // added to the window bits
};

struct inflater {
    z_stream stream;
    bool is_deflate;
    bool is_open;      // inflateInit2() has been called
    bool has_ended;    // at the end of a member
    bool is_over;      // further bytes are not gzip, and dropped
    bool has_first;    // the first byte has arrived; the second decides the format
    unsigned char first;
};

static void *open_with(bool is_deflate)
{
    struct inflater *inflater = eddy_calloc(1, sizeof *inflater);
    if (inflater)
        inflater->is_deflate = is_deflate;
    return inflater;
}

static void *open_gzip(void)
{
    return open_with(false);
}

static void *open_deflate(void)
{
    return open_with(true);
}

static ssize_t error_of(int code)
{
    return code == Z_MEM_ERROR ? -ENOMEM : EDDY_HTTP_DECODE;
}

static int begin(struct inflater *inflater, int window)
{
    int code = inflateInit2(&inflater->stream, window);
    inflater->is_open = code == Z_OK;
    return code == Z_OK ? 0 : (int)error_of(code);
}

/* Whether the two bytes are a header of zlib's format. */
static bool is_zlib_header(unsigned char first, unsigned char second)
{
    return (first & 0x0f) == Z_DEFLATED && (first * 256 + second) % 31 == 0;
}

/* Passes `size` bytes to zlib, and returns the size of the output. */
static ssize_t feed(struct inflater *inflater, eddy_span *inout_data, void *buf, size_t size)
{
    z_stream *stream = &inflater->stream;
    unsigned available = inout_data->size < UINT_MAX ? (unsigned)inout_data->size : UINT_MAX;
    stream->next_in = (unsigned char *)inout_data->data;
    stream->avail_in = available;
    stream->next_out = buf;
    stream->avail_out = size < UINT_MAX ? (unsigned)size : UINT_MAX;
    unsigned room = stream->avail_out;
    int code = inflate(stream, Z_NO_FLUSH);
    inout_data->data += available - stream->avail_in;
    inout_data->size -= available - stream->avail_in;
    if (code == Z_STREAM_END)
        inflater->has_ended = true;
    else if (code != Z_OK && code != Z_BUF_ERROR)
        return error_of(code);
    return (ssize_t)(room - stream->avail_out);
}

static void drop(eddy_span *inout_data)
{
    *inout_data = (eddy_span){inout_data->data + inout_data->size, 0};
}

static unsigned char take_byte(eddy_span *inout_data)
{
    inout_data->size--;
    return (unsigned char)*inout_data->data++;
}

/* Detects the kind of deflate as soon as two bytes have arrived. 1: not yet. */
static int begin_deflate(struct inflater *inflater, eddy_span *inout_data)
{
    if (!inflater->has_first) {
        inflater->has_first = true;
        inflater->first = take_byte(inout_data);
    }
    if (inout_data->size == 0)
        return 1;
    bool has_header = is_zlib_header(inflater->first, (unsigned char)inout_data->data[0]);
    int err = begin(inflater, has_header ? ANY_WINDOW : -ANY_WINDOW);
    if (err < 0)
        return err;
    char nothing;
    eddy_span one = {(const char *)&inflater->first, 1};
    return (int)feed(inflater, &one, &nothing, 0);
}

/* After the end of a member: detects whether another follows. 1: not yet, or no. */
static int begin_member(struct inflater *inflater, eddy_span *inout_data)
{
    enum { MAGIC_1 = 0x1f, MAGIC_2 = 0x8b };
    if (inflater->is_deflate)
        inflater->is_over = true;
    if (!inflater->is_over && !inflater->has_first && inout_data->size > 0) {
        inflater->is_over = take_byte(inout_data) != MAGIC_1;
        inflater->has_first = true;
    }
    if (inout_data->size > 0 && !inflater->is_over)
        inflater->is_over = (unsigned char)inout_data->data[0] != MAGIC_2;
    if (inflater->is_over)
        drop(inout_data);
    if (inout_data->size == 0)
        return 1;
    inflateReset(&inflater->stream);
    inflater->has_ended = inflater->has_first = false;
    const char magic = MAGIC_1;
    char nothing;
    eddy_span one = {&magic, 1};
    return (int)feed(inflater, &one, &nothing, 0);
}

static ssize_t pull(void *state, eddy_span *inout_data, void *buf, size_t size)
{
    struct inflater *inflater = state;
    for (;;) {
        if (inout_data->size > 0 && !inflater->is_open) {
            int rc = inflater->is_deflate ? begin_deflate(inflater, inout_data)
                                          : begin(inflater, ANY_WINDOW + GZIP_ONLY);
            if (rc != 0)
                return rc < 0 ? rc : 0;
        }
        if (!inflater->is_open)
            return 0;
        if (inflater->has_ended) {
            int rc = begin_member(inflater, inout_data);
            if (rc != 0)
                return rc < 0 ? rc : 0;
        }
        size_t before = inout_data->size;
        ssize_t n = feed(inflater, inout_data, buf, size);
        if (n != 0 || inout_data->size == 0)
            return n;
        if (!inflater->has_ended && inout_data->size == before)
            return EDDY_HTTP_DECODE;
    }
}

static bool has_ended(const void *state)
{
    return ((const struct inflater *)state)->has_ended;
}

static void close_inflater(void *state)
{
    struct inflater *inflater = state;
    if (inflater->is_open)
        inflateEnd(&inflater->stream);
    eddy_free(inflater);
}

const struct http_coding eddy__http_coding_gzip = {
    .name = "gzip",
    .open = open_gzip,
    .pull = pull,
    .has_ended = has_ended,
    .close = close_inflater,
};

const struct http_coding eddy__http_coding_deflate = {
    .name = "deflate",
    .open = open_deflate,
    .pull = pull,
    .has_ended = has_ended,
    .close = close_inflater,
};
