/* SPDX-License-Identifier: MIT */
/*
 * in_pieces.h: what a fuzzer's peer sends: all of its input, some bytes at a time.
 */
#ifndef EDDY_FUZZ_IN_PIECES_H
#define EDDY_FUZZ_IN_PIECES_H

#include <eddy.h>

/* Writes `size` bytes, `step` at a time with two turns after each, and ends the stream. */
static inline int write_in_pieces(eddy_stream *stream, const uint8_t *data, size_t size, size_t step)
{
    for (size_t at = 0; at < size; at += step) {
        size_t left = size - at;
        int rc = eddy_stream_write(stream, data + at, left < step ? left : step);
        if (rc < 0)
            return 0; // refused before the end
        EDDY_TRY(eddy_sleep(0));
        EDDY_TRY(eddy_sleep(0));
    }
    eddy_stream_shutdown(stream);
    return 0;
}

#endif
