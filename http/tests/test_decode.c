/* SPDX-License-Identifier: MIT */
/*
 * test_decode.c: codings undone, however the bytes are cut, and refused when they are wrong.
 */
#include "harness.h"

#include <eddy/http_error.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "decode.h"

/* `text` deflated; `window` as zlib has it: 31 gzip, 15 zlib's format, -15 the bare one. */
static eddy_span deflated(eddy_span text, int window)
{
    z_stream stream = {0};
    size_t room = text.size + 200;
    char *data = malloc(room);
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (unsigned char *)text.data;
    stream.avail_in = (unsigned)text.size;
    stream.next_out = (unsigned char *)data;
    stream.avail_out = (unsigned)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return (eddy_span){data, stream.total_out};
}

/* One stored block of brotli, and one raw block of zstd. */
static const char brotli[] = "\x8b\x02\x80hello\n\x03";
static const char zstd[] = "\x28\xb5\x2f\xfd\x20\x06\x31\x00\x00hello\n";

/*
 * Decodes `data`, which comes in pieces of `piece` bytes, into a buffer that has room for `room` at
 * a time. Stores at most 20000 bytes; returns their number, or the error.
 */
static ssize_t decode(const char *codings, eddy_span data, size_t piece, size_t room, char *buf)
{
    struct http_decoder *decoder = NULL;
    ssize_t sum = 0, rc = eddy__http_decoder_add(&decoder, codings);
    while (rc == 0 && data.size > 0) {
        eddy_span part = {data.data, data.size < piece ? data.size : piece};
        data = (eddy_span){data.data + part.size, data.size - part.size};
        while ((rc = eddy__http_decoder_pull(decoder, &part, buf + sum, room)) > 0)
            sum += rc;
        if (rc == 0 && part.size > 0)
            rc = -1;    // it must have used everything
    }
    if (rc == 0 && !eddy__http_decoder_has_ended(decoder))
        rc = EDDY_HTTP_DECODE;
    eddy__http_decoder_free(decoder);
    return rc < 0 ? rc : sum;
}

static void expect_decoded(const char *codings, eddy_span data, eddy_span text)
{
    static const size_t sizes[] = {1, 2, 7, 4096, 100000};
    char buf[140000];
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 5; k++) {
            ssize_t n = decode(codings, data, sizes[i], sizes[k], buf);
            if (n != (ssize_t)text.size || memcmp(buf, text.data, text.size) != 0)
                harness_expect(false, __FILE__, __LINE__, "%s, pieces of %zu and %zu: %zd", codings,
                               sizes[i], sizes[k], n);
        }
}

static const eddy_span hello = {"hello\n", 6};

static eddy_span long_text(void)
{
    char *text = malloc(20000);
    for (int i = 0; i < 20000; i++)
        text[i] = (char)('a' + i * i % 26 * (i % 7) % 26);
    return (eddy_span){text, 20000};
}

TEST_PLAIN(each_coding_is_undone)
{
    static const struct {
        const char *coding;
        int window;
    } forms[] = {{"gzip", 31}, {"x-gzip", 31}, {"GZip", 31}, {"deflate", 15}, {"deflate", -15}};
    eddy_span text = long_text();
    for (size_t i = 0; i < 5; i++) {
        eddy_span data = deflated(text, forms[i].window);
        expect_decoded(forms[i].coding, data, text);
        free((char *)data.data);
    }
    free((char *)text.data);
    expect_decoded("br", (eddy_span){brotli, sizeof brotli - 1}, hello);
    expect_decoded("zstd", (eddy_span){zstd, sizeof zstd - 1}, hello);
}

TEST_PLAIN(several_are_undone_from_the_last_to_the_first)
{
    eddy_span text = long_text();
    eddy_span once = deflated(text, 31), twice = deflated(once, 15), thrice = deflated(twice, 31);
    expect_decoded("gzip, deflate", twice, text);
    expect_decoded("gzip ,identity,\tdeflate, gzip", thrice, text);
    char buf[200];
    EXPECT_EQ(decode("deflate, gzip", twice, 100, 100, buf), EDDY_HTTP_DECODE);
    eddy_span inner = deflated((eddy_span){zstd, sizeof zstd - 1}, 31);
    expect_decoded("zstd, gzip", inner, hello);
    free((char *)inner.data);
    free((char *)text.data);
    free((char *)once.data);
    free((char *)twice.data);
    free((char *)thrice.data);
}

TEST_PLAIN(members_and_frames_in_a_row_are_one_document)
{
    eddy_span one = deflated(hello, 31);
    char both[200];
    memcpy(both, one.data, one.size);
    memcpy(both + one.size, one.data, one.size);
    expect_decoded("gzip", (eddy_span){both, 2 * one.size}, (eddy_span){"hello\nhello\n", 12});
    memcpy(both, zstd, sizeof zstd - 1);
    memcpy(both + sizeof zstd - 1, zstd, sizeof zstd - 1);
    expect_decoded("zstd", (eddy_span){both, 2 * (sizeof zstd - 1)},
                   (eddy_span){"hello\nhello\n", 12});
    free((char *)one.data);
}

TEST_PLAIN(what_is_cut_has_not_ended_and_what_follows_is_dropped)
{
    eddy_span gzip = deflated(hello, 31), zlib = deflated(hello, 15), bare = deflated(hello, -15);
    const struct {
        const char *coding;
        eddy_span data;
    } cases[] = {
        {"gzip", gzip},
        {"deflate", zlib},
        {"deflate", bare},
        {"br", {brotli, sizeof brotli - 1}},
        {"zstd", {zstd, sizeof zstd - 1}},
    };
    static const eddy_span behind[] = {
        {"\0\0\0\0\0\0\0\0", 8}, {"\r\n", 2}, {"????", 4}, {"\x1f", 1}, {"\x1f\x1f\x8b", 3},
        {"\x8b", 1}};
    char longer[200], buf[20000];
    for (size_t i = 0; i < 5; i++) {
        eddy_span data = cases[i].data;
        for (size_t size = 1; size < data.size; size++)
            EXPECT_EQ(decode(cases[i].coding, (eddy_span){data.data, size}, 3, 100, buf),
                      EDDY_HTTP_DECODE);
        memcpy(longer, data.data, data.size);
        for (size_t k = 0; k < sizeof behind / sizeof behind[0]; k++) {
            memcpy(longer + data.size, behind[k].data, behind[k].size);
            expect_decoded(cases[i].coding, (eddy_span){longer, data.size + behind[k].size}, hello);
        }
    }
    EXPECT_EQ(decode("gzip", (eddy_span){"this is no gzip", 15}, 100, 100, buf), EDDY_HTTP_DECODE);
    free((char *)gzip.data);
    free((char *)zlib.data);
    free((char *)bare.data);
}

TEST_PLAIN(what_names_no_coding_is_ignored)
{
    static const char *const none[] = {"identity", "",        " , ",  "none",    "UTF-8", "binary",
                                       "8bit",     "gzipped", "text", "unknown", "none, utf-8",
                                       "aws-chunked"};
    struct http_decoder *decoder = NULL;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        EXPECT_EQ(eddy__http_decoder_add(&decoder, none[i]), 0);
    EXPECT(decoder == NULL);
    eddy_span data = deflated(hello, 31);
    static const char *const mixed[] = {"aws-chunked, gzip", "gzip, UTF-8", "none,gzip,binary",
                                        ",gzip,", "identity ;q=1, gzip"};
    for (size_t i = 0; i < sizeof mixed / sizeof mixed[0]; i++)
        expect_decoded(mixed[i], data, hello);
    free((char *)data.data);
}

TEST_PLAIN(what_can_not_be_undone_stays)
{
    struct http_decoder *decoder = NULL;
    EXPECT_EQ(eddy__http_decoder_add(&decoder, "compress"), 0);
    EXPECT_EQ(eddy__http_decoder_add(&decoder, "gzip, X-Compress"), 0);
    EXPECT(decoder == NULL);    // the bytes are those of compress
    eddy_span data = deflated(hello, 31);
    expect_decoded("gzip, compress, gzip", data, hello);    // all but the last coding stays
    free((char *)data.data);
}

TEST_PLAIN(the_memory_of_a_decoder_has_a_limit)
{
    // A frame of zstd that asks for a window of 128 MiB; 8 MiB are granted (RFC 9659).
    static const char large[] = "\x28\xb5\x2f\xfd\x00\x88\x31\x00\x00hello\n";
    static const char granted[] = "\x28\xb5\x2f\xfd\x00\x68\x31\x00\x00hello\n";
    char buf[20000];
    EXPECT_EQ(decode("zstd", (eddy_span){large, sizeof large - 1}, 100, 100, buf), EDDY_HTTP_DECODE);
    expect_decoded("zstd", (eddy_span){granted, sizeof granted - 1}, hello);
}

TEST_PLAIN(codings_on_top_of_each_other_have_an_end)
{
    struct http_decoder *decoder = NULL;
    EXPECT_EQ(eddy__http_decoder_add(&decoder, "gzip, gzip, gzip, gzip"), 0);
    EXPECT_EQ(eddy__http_decoder_add(&decoder, "none"), 0);
    EXPECT_EQ(eddy__http_decoder_add(&decoder, "gzip"), 0);
    char byte;
    eddy_span data = {"\x1f", 1};
    EXPECT_EQ(eddy__http_decoder_pull(decoder, &data, &byte, 1), EDDY_HTTP_DECODE);
    eddy__http_decoder_free(decoder);
    eddy__http_decoder_free(NULL);
}

RUN_TESTS(TEST_OF(each_coding_is_undone), TEST_OF(several_are_undone_from_the_last_to_the_first),
          TEST_OF(members_and_frames_in_a_row_are_one_document),
          TEST_OF(what_is_cut_has_not_ended_and_what_follows_is_dropped),
          TEST_OF(what_names_no_coding_is_ignored), TEST_OF(what_can_not_be_undone_stays),
          TEST_OF(the_memory_of_a_decoder_has_a_limit),
          TEST_OF(codings_on_top_of_each_other_have_an_end))
