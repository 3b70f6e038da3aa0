/* SPDX-License-Identifier: MIT */
/*
 * fuzz_pattern.c: any bytes as a URL pattern, and as a list of URLs.
 *
 * A pattern is either refused with a message, or each of its URLs that is tried (the first, the
 * last, some between) is within the announced length. A list gives the same URLs and the same
 * errors whether it is fed in one block or byte by byte.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "complaint.h"
#include "pattern.h"
#include "url_source.h"

#define REQUIRE(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_pattern(const char *text)
{
    struct complaint complaint = {0};
    struct pattern *pattern;
    if (pattern_new(text, &pattern, &complaint) < 0) {
        char lines[256];
        REQUIRE(complaint.text[0] != '\0' && complaint.column <= strlen(text) + 1);
        pattern_point_at(text, complaint.column, lines, sizeof lines);
        return;
    }
    uint64_t count = pattern_count(pattern);
    size_t longest = pattern_size_max(pattern);
    REQUIRE(count > 0);
    char *url = malloc(longest + 1);
    REQUIRE(url != NULL);
    for (int i = 0; i < 16; i++) {
        uint64_t index = i == 0 ? count - 1 : (uint64_t)i * 0x9e3779b97f4a7c15 % count;
        size_t n = pattern_write(pattern, index, url);
        REQUIRE(n <= longest && url[n] == '\0');
        url_check(url, n, NULL);
    }
    free(url);
    pattern_free(pattern);
}

/* Feeds the list in blocks of `step` bytes; returns a digest of the outcome. */
static uint64_t digest_list(const char *text, size_t size, size_t step)
{
    struct url_source *source = url_source_new();
    REQUIRE(source != NULL);
    url_source_expect_lines(source);
    uint64_t digest = 0;
    size_t at = 0;
    struct url url;
    for (int n; (n = url_source_next(source, &url, NULL)) != 0;) {
        if (n == -EAGAIN) {
            size_t take = size - at < step ? size - at : step;
            url_source_feed(source, text + at, take);
            at += take;
            continue;
        }
        digest = digest * 31 + (uint64_t)(n + 1000);
        for (size_t i = 0; n == 1 && i < url.size; i++)
            digest = digest * 31 + (unsigned char)url.text[i];
    }
    url_source_free(source);
    return digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    REQUIRE(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    try_pattern(text);
    if (size > 0)
        REQUIRE(digest_list(text, size, size) == digest_list(text, size, 1));
    free(text);
    return 0;
}
