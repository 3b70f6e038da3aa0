/* SPDX-License-Identifier: MIT */
/*
 * decode_zstd.c: decodes Zstandard with its library. Consecutive frames are one document (RFC
 * 8878).
 *
 * A frame's window, which the decoder keeps in memory, is at most 8 MiB: RFC 9659's limit for HTTP.
 */
#include <eddy/alloc.h>

#include "decode_coding.h"

#include <errno.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { WINDOW_LOG_MAX = 23 };    // 2 to this power bytes

struct unpacker {
    ZSTD_DStream *stream;
    bool has_ended;    // at the end of a frame
    bool is_over;      // further bytes are no frame, and dropped
};

static void close_zstd(void *state)
{
    struct unpacker *unpacker = state;
    ZSTD_freeDStream(unpacker->stream);
    eddy_free(unpacker);
}

static void *open_zstd(void)
{
    struct unpacker *unpacker = eddy_calloc(1, sizeof *unpacker);
    if (!unpacker)
        return NULL;
    unpacker->stream = ZSTD_createDStream();
    if (!unpacker->stream || ZSTD_isError(ZSTD_DCtx_setParameter(
                                 unpacker->stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
        close_zstd(unpacker);
        return NULL;
    }
    return unpacker;
}

/* Whether a frame may begin with this byte: that of its magic number, or of a skippable frame's. */
static bool begins_frame(char first)
{
    unsigned char byte = (unsigned char)first;
    return byte == 0x28 || (byte & 0xf0) == 0x50;
}

static ssize_t pull(void *state, eddy_span *inout_data, void *buf, size_t size)
{
    struct unpacker *unpacker = state;
    if (unpacker->has_ended && inout_data->size == 0)
        return 0;    // without bytes, zstd would assume the beginning of a frame
    if (unpacker->has_ended && !begins_frame(inout_data->data[0]))
        unpacker->is_over = true;
    if (unpacker->is_over) {
        *inout_data = (eddy_span){inout_data->data + inout_data->size, 0};
        return 0;
    }
    ZSTD_inBuffer in = {inout_data->data, inout_data->size, 0};
    ZSTD_outBuffer out = {buf, size, 0};
    do {
        size_t before = in.pos;
        size_t hint = ZSTD_decompressStream(unpacker->stream, &out, &in);
        if (ZSTD_isError(hint))
            return ZSTD_getErrorCode(hint) == ZSTD_error_memory_allocation ? -ENOMEM
                                                                           : EDDY_HTTP_DECODE;
        unpacker->has_ended = hint == 0;
        if (in.pos == before && out.pos == 0)
            break;
    } while (out.pos == 0 && in.pos < in.size);
    inout_data->data += in.pos;
    inout_data->size -= in.pos;
    return (ssize_t)out.pos;
}

static bool has_ended(const void *state)
{
    return ((const struct unpacker *)state)->has_ended;
}

const struct http_coding eddy__http_coding_zstd = {
    .name = "zstd",
    .open = open_zstd,
    .pull = pull,
    .has_ended = has_ended,
    .close = close_zstd,
};
