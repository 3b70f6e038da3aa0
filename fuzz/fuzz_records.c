/* SPDX-License-Identifier: MIT */
/*
 * fuzz_records.c: any bytes as a JSON document, as a body to be landed, and as a file to resume.
 *
 * For any body, its NDJSON line is one line of valid JSON, and the line and the CSV row are read
 * back with the URL they were written with. Any file is read the same in one block and byte by
 * byte, and the end of its last whole row is never behind the end of the file.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json_check.h"
#include "record.h"
#include "record_reader.h"

#define REQUIRE(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_one_row(enum record_format format, const struct bytes *file, const char *url)
{
    struct record_reader *reader = record_reader_new(format);
    REQUIRE(reader != NULL);
    record_reader_feed(reader, file->data, file->size);
    struct landed_row row;
    REQUIRE(record_reader_next(reader, &row, NULL) == 1);
    REQUIRE(strcmp(row.url, url) == 0 && row.end == file->size && row.was_answered);
    REQUIRE(record_reader_next(reader, &row, NULL) == 0);
    record_reader_free(reader);
}

static void try_body(const uint8_t *data, size_t size)
{
    static const char url[] = "https://host/\"a,b\\c?\xc3\xa9";
    struct record record = {.url = url,
                            .status = 200,
                            .attempts = 1,
                            .content_type = "a, \"b\"",
                            .body = data,
                            .body_size = size,
                            .kind = record_kind_of(data, size)};
    struct bytes line = {0}, rows = {0};
    REQUIRE(record_write_ndjson(&record, &line) == 0);
    REQUIRE(json_is_valid(line.data, line.size));
    REQUIRE(memchr(line.data, '\n', line.size) == line.data + line.size - 1);
    require_one_row(RECORD_NDJSON, &line, url);
    bytes_put_text(&rows, record_csv_header);
    REQUIRE(record_write_csv(&record, &rows) == 0);
    require_one_row(RECORD_CSV, &rows, url);
    bytes_fini(&line);
    bytes_fini(&rows);
}

static uint64_t digest_file(enum record_format format, const uint8_t *data, size_t size,
                            size_t step)
{
    struct record_reader *reader = record_reader_new(format);
    REQUIRE(reader != NULL);
    uint64_t digest = 0;
    for (size_t at = 0; at < size; at += step) {
        struct landed_row row;
        record_reader_feed(reader, data + at, size - at < step ? size - at : step);
        for (int n; (n = record_reader_next(reader, &row, NULL)) != 0;) {
            REQUIRE(row.start < row.end && row.end <= size);
            digest = digest * 31 + (uint64_t)(n + 1000) + row.end * 7;
            for (size_t i = 0; n == 1 && i < row.url_size; i++)
                digest = digest * 31 + (unsigned char)row.url[i] + row.was_answered;
        }
    }
    REQUIRE(record_reader_whole_size(reader) + record_reader_torn_size(reader) == size);
    digest = digest * 31 + record_reader_whole_size(reader);
    record_reader_free(reader);
    return digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    try_body(data, size);
    REQUIRE(digest_file(RECORD_NDJSON, data, size, size) ==
            digest_file(RECORD_NDJSON, data, size, 1));
    REQUIRE(digest_file(RECORD_CSV, data, size, size) == digest_file(RECORD_CSV, data, size, 1));
    return 0;
}
