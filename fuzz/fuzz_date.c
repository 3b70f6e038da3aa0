/* SPDX-License-Identifier: MIT */
/*
 * fuzz_date.c: a date that is parsed is written back as the same date.
 *
 * The first eight bytes are "now". A date that parses must be writable, and the written text must
 * parse to the same second. A wait (Retry-After) is between 0 and its limit.
 */
#include <stdlib.h>
#include <string.h>

#include "date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int is_true)
{
    if (!is_true)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t now, parsed = 0, again = 0;
    if (size < sizeof now)
        return 0;
    memcpy(&now, data, sizeof now);
    size -= sizeof now;
    char *text = malloc(size > 0 ? size : 1);
    require(text != NULL);
    memcpy(text, data + sizeof now, size);

    char written[HTTP_DATE_SIZE];
    // The last second of the year 9999 may be a leap second, which no date format can express.
    if (eddy__http_date_parse(text, size, now, &parsed) == 0 && parsed <= 253402300799) {
        require(eddy__http_date_format(parsed, written) == 0);
        require(strlen(written) == HTTP_DATE_SIZE - 1);
        require(eddy__http_date_parse(written, HTTP_DATE_SIZE - 1, now, &again) == 0);
        require(again == parsed);
    }
    if (eddy__http_date_format(now, written) == 0) {
        require(eddy__http_date_parse(written, HTTP_DATE_SIZE - 1, 0, &again) == 0);
        require(again == now);
    }
    double wait = 0;
    if (eddy__http_retry_after(text, size, now, &wait) == 0)
        require(wait >= 0 && wait <= HTTP_RETRY_AFTER_MAX);
    free(text);
    return 0;
}
