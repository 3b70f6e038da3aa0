/* SPDX-License-Identifier: MIT */
/*
 * decode_brotli.c: decodes brotli with the brotli library.
 */
#include "decode_coding.h"

#include <brotli/decode.h>

static void *open_brotli(void)
{
    return BrotliDecoderCreateInstance(NULL, NULL, NULL);
}

static ssize_t pull(void *state, eddy_span *inout_data, void *buf, size_t size)
{
    if (BrotliDecoderIsFinished(state)) {
        *inout_data = (eddy_span){inout_data->data + inout_data->size, 0};
        return 0;
    }
    const uint8_t *next_in = (const uint8_t *)inout_data->data;
    uint8_t *next_out = buf;
    size_t available_in = inout_data->size, available_out = size;
    BrotliDecoderResult result = BrotliDecoderDecompressStream(state, &available_in, &next_in,
                                                               &available_out, &next_out, NULL);
    *inout_data = (eddy_span){(const char *)next_in, available_in};
    return result == BROTLI_DECODER_RESULT_ERROR ? EDDY_HTTP_DECODE
                                                 : (ssize_t)(size - available_out);
}

static bool has_ended(const void *state)
{
    return BrotliDecoderIsFinished(state);
}

static void close_brotli(void *state)
{
    BrotliDecoderDestroyInstance(state);
}

const struct http_coding eddy__http_coding_brotli = {
    .name = "br",
    .open = open_brotli,
    .pull = pull,
    .has_ended = has_ended,
    .close = close_brotli,
};
