/* SPDX-License-Identifier: MIT */
/*
 * fuzz_http_parser.c: the parser reads any bytes the same, however they are split.
 *
 * The first byte chooses the reader (a server, a client, a client after HEAD or CONNECT) and
 * whether the limits are small; the second how the rest is split. The transcript of the whole must
 * equal that of the pieces, and must not break a promise (http/tests/test_parser_transcript.h).
 */
#define _GNU_SOURCE 1    // memmem
#include "test_parser_transcript.h"

static const struct http_limits small_limits = {
    .line_max = 40,
    .header_max = 100,
    .field_max = 3,
    .body_max = 20,
    .extension_max = 8,
    .trailer_max = 30,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct text *whole, struct text other)
{
    if (whole->size != other.size || memcmp(whole->data, other.data, whole->size) != 0) {
        fprintf(stderr, "whole:\n%s\ncut:\n%s\n", whole->data, other.data);
        abort();
    }
    free(other.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const methods[4] = {NULL, "GET", "HEAD", "CONNECT"};
    if (size < 2)
        return 0;
    enum http_mode mode = (data[0] & 3) == 0 ? HTTP_MODE_REQUEST : HTTP_MODE_RESPONSE;
    const char *method = methods[data[0] & 3];
    const struct http_limits *limits = (data[0] & 4) ? &small_limits : NULL;
    size_t first = data[1];
    const char *bytes = (const char *)data + 2;
    size -= 2;

    struct text whole = transcribe(mode, limits, method, bytes, size, (struct cut){0, 0});
    if (strstr(whole.data, "BROKEN") != NULL && memmem(bytes, size, "BROKEN", 6) == NULL) {
        fprintf(stderr, "%s\n", whole.data);
        abort();
    }
    check(&whole, transcribe(mode, limits, method, bytes, size, (struct cut){first, 0}));
    check(&whole, transcribe(mode, limits, method, bytes, size, (struct cut){first, 7}));
    check(&whole, transcribe(mode, limits, method, bytes, size, (struct cut){0, 1}));
    free(whole.data);
    return 0;
}
