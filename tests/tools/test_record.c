/* SPDX-License-Identifier: MIT */
/*
 * test_record.c: records written as NDJSON and CSV, read back, and torn at every byte.
 */
#include "check.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "complaint.h"
#include "json_check.h"
#include "record.h"
#include "record_reader.h"

static struct record make(const char *url, int status, const char *error, const char *body,
                          size_t size)
{
    return (struct record){.url = url,
                           .status = status,
                           .attempts = 2,
                           .elapsed = 0.1234,
                           .fetched_at_ms = 1769860800250,
                           .content_type = "text/plain",
                           .error = error,
                           .body = body,
                           .body_size = size,
                           .kind = record_kind_of(body, size)};
}

static void expect_line(const struct record *record, const char *line)
{
    struct bytes out = {0};
    assert_int_equal(record_write_ndjson(record, &out), 0);
    assert_true(json_is_valid(out.data, out.size));
    bytes_put(&out, "", 1);
    assert_string_equal(out.data, line);
    bytes_fini(&out);
}

static void expect_row(const struct record *record, const char *row)
{
    struct bytes out = {0};
    assert_int_equal(record_write_csv(record, &out), 0);
    bytes_put(&out, "", 1);
    assert_string_equal(out.data, row);
    bytes_fini(&out);
}

TEST(a_body_is_judged_by_its_bytes)
{
    assert_int_equal(record_kind_of(NULL, 0), RECORD_EMPTY);
    assert_int_equal(record_kind_of("", 0), RECORD_TEXT);
    assert_int_equal(record_kind_of("[1]\n", 4), RECORD_JSON);
    assert_int_equal(record_kind_of("[1", 2), RECORD_TEXT);
    assert_int_equal(record_kind_of("a\0b", 3), RECORD_BLOB);
    assert_int_equal(record_kind_of("\xff", 1), RECORD_BLOB);
}

TEST(a_json_body_is_a_value_on_one_line)
{
    struct record record = make("http://h/", 200, NULL, "{\r\n \"a\": 1.50\n}\n", 16);
    expect_line(&record,
                "{\"url\":\"http://h/\",\"status\":200,\"attempts\":2,\"elapsed\":0.123,"
                "\"fetched_at\":\"2026-01-31T12:00:00.250Z\",\"content_type\":\"text/plain\","
                "\"error\":null,\"encoding\":\"json\",\"body\":{   \"a\": 1.50 } }\n");
    expect_row(&record, "http://h/,200,2,0.123,2026-01-31T12:00:00.250Z,text/plain,,json,"
                        "\"{\r\n \"\"a\"\": 1.50\n}\n\"\r\n");
}

TEST(text_is_escaped)
{
    struct record record = make("http://h/?\"a\",b", 200, NULL, "x,\"y\"\n\x01\x7f\xc3\xa9\\", 11);
    record.content_type = "a\xff z";
    expect_line(&record,
                "{\"url\":\"http://h/?\\\"a\\\",b\",\"status\":200,\"attempts\":2,"
                "\"elapsed\":0.123,\"fetched_at\":\"2026-01-31T12:00:00.250Z\","
                "\"content_type\":\"a\xef\xbf\xbd z\",\"error\":null,\"encoding\":\"text\","
                "\"body\":\"x,\\\"y\\\"\\n\\u0001\\u007f\xc3\xa9\\\\\"}\n");
    expect_row(&record, "\"http://h/?\"\"a\"\",b\",200,2,0.123,2026-01-31T12:00:00.250Z,"
                        "a\xef\xbf\xbd z,,text,\"x,\"\"y\"\"\n\x01\x7f\xc3\xa9\\\"\r\n");
}

TEST(bytes_are_base64_and_say_so)
{
    static const char *const coded[] = {"/w==", "/wA=", "/wAB", "/wABAg=="};
    for (size_t n = 1; n <= 4; n++) {
        struct record record = make("http://h/", 200, NULL, "\xff\x00\x01\x02", n);
        struct bytes out = {0};
        char wanted[64];
        snprintf(wanted, sizeof wanted, "\"encoding\":\"base64\",\"body\":\"%s\"}\n", coded[n - 1]);
        assert_int_equal(record_write_ndjson(&record, &out), 0);
        bytes_put(&out, "", 1);
        assert_non_null(strstr(out.data, wanted));
        bytes_fini(&out);
    }
}

TEST(a_failure_has_no_status_and_no_body)
{
    struct record record = make("http://h/", 0, "connection refused", NULL, 0);
    record.content_type = NULL;
    expect_line(&record, "{\"url\":\"http://h/\",\"status\":null,\"attempts\":2,\"elapsed\":0.123,"
                         "\"fetched_at\":\"2026-01-31T12:00:00.250Z\",\"content_type\":null,"
                         "\"error\":\"connection refused\",\"encoding\":null,\"body\":null}\n");
    expect_row(&record, "http://h/,,2,0.123,2026-01-31T12:00:00.250Z,,connection refused,,\r\n");
}

TEST(times_before_and_after_1970_are_written)
{
    char text[32];
    record_format_time(0, text, sizeof text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    record_format_time(-1, text, sizeof text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    record_format_time(951782399999, text, sizeof text);
    assert_string_equal(text, "2000-02-28T23:59:59.999Z");
}

/* Four rows of every kind; their ends are stored in `ends`. */
static struct bytes sample_file(enum record_format format, uint64_t ends[4])
{
    struct record records[] = {
        make("http://h/1", 200, NULL, "{\"url\":\"no\",\n\"status\":0,\"error\":[\"x\\\"\"]}", 41),
        make("http://h/\"2\",\\\xc3\xa9", 404, NULL, "a \"b\"\r\nc,\n", 11),
        make("http://h/3", 0, "timed out, \"again\"", NULL, 0),
        make("http://h/4", 200, NULL, "\xff\n\"", 3),
    };
    struct bytes file = {0};
    if (format == RECORD_CSV)
        bytes_put_text(&file, record_csv_header);
    for (int i = 0; i < 4; i++) {
        int err = format == RECORD_CSV ? record_write_csv(&records[i], &file)
                                       : record_write_ndjson(&records[i], &file);
        assert_int_equal(err, 0);
        ends[i] = file.size;
    }
    return file;
}

/* Reads `size` bytes in blocks of `step`, and checks them against the rows that are whole. */
static void expect_sample(enum record_format format, const char *data, size_t size, size_t step,
                          const uint64_t ends[4])
{
    static const char *const urls[] = {"http://h/1", "http://h/\"2\",\\\xc3\xa9", "http://h/3",
                                       "http://h/4"};
    struct record_reader *reader = record_reader_new(format);
    struct landed_row row;
    uint64_t whole = 0, header = format == RECORD_CSV ? strlen(record_csv_header) : 0;
    int seen = 0;
    for (size_t at = 0; at < size; at += step) {
        record_reader_feed(reader, data + at, size - at < step ? size - at : step);
        for (int n; (n = record_reader_next(reader, &row, NULL)) != 0; seen++) {
            assert_int_equal(n, 1);
            assert_string_equal(row.url, urls[seen]);
            assert_int_equal(row.url_size, strlen(urls[seen]));
            assert_true(row.was_answered == (seen != 2));
            assert_int_equal(row.start, seen > 0 ? ends[seen - 1] : header);
            assert_int_equal(row.end, ends[seen]);
        }
    }
    if (size >= header)
        whole = header;
    for (int i = 0; i < 4; i++)
        whole = ends[i] <= size ? ends[i] : whole;
    assert_int_equal(record_reader_whole_size(reader), whole);
    assert_int_equal(record_reader_torn_size(reader), size - whole);
    assert_true(record_reader_has_header(reader) == (size >= header));
    record_reader_free(reader);
}

static void expect_sample_torn_anywhere(enum record_format format)
{
    uint64_t ends[4];
    struct bytes file = sample_file(format, ends);
    for (size_t size = 0; size <= file.size; size++)
        for (size_t step = 1; step <= size + 1; step = step * 3 + 1) {
            // A copy of just that size, so that reading past the tear is noticed.
            char *torn = malloc(size + 1);
            memcpy(torn, file.data, size);
            expect_sample(format, torn, size, step, ends);
            free(torn);
        }
    bytes_fini(&file);
}

TEST(ndjson_is_read_back_torn_at_every_byte)
{
    expect_sample_torn_anywhere(RECORD_NDJSON);
}

TEST(csv_is_read_back_torn_at_every_byte)
{
    expect_sample_torn_anywhere(RECORD_CSV);
}

/* Reads a whole text; writes what each row is as a word. */
static void expect_rows(enum record_format format, const char *text, const char *words)
{
    struct record_reader *reader = record_reader_new(format);
    struct landed_row row;
    char got[512] = "";
    record_reader_feed(reader, text, strlen(text));
    for (int n; (n = record_reader_next(reader, &row, NULL)) != 0;) {
        strcat(got, n > 0 ? row.url : "BAD");
        strcat(got, n > 0 && !row.was_answered ? "? " : " ");
    }
    assert_string_equal(got, words);
    record_reader_free(reader);
}

TEST(ndjson_of_other_writers_is_understood)
{
    expect_rows(RECORD_NDJSON, "{ \"status\" : 200 , \"url\" : \"http:\\/\\/h\" }\r\n\n",
                "http://h ");
    expect_rows(RECORD_NDJSON, "{\"url\":\"\\u0041\\ud83d\\ude00\\u00e9\\u20ac\",\"status\":1}\n",
                "A\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac ");
    expect_rows(RECORD_NDJSON, "{\"url\":\"a\",\"status\":200,\"error\":\"\"}\n", "a ");
    expect_rows(RECORD_NDJSON, "{\"url\":\"a\",\"status\":200,\"error\":\"x\"}\n", "a? ");
    expect_rows(RECORD_NDJSON, "{\"url\":\"a\"}\n{\"url\":\"b\",\"status\":0}\n", "a? b? ");
}

TEST(lines_that_are_no_rows_are_refused_one_by_one)
{
    expect_rows(RECORD_NDJSON, "hello\n{\"url\":\"a\",\"status\":2}\n[]\n", "BAD a BAD ");
    expect_rows(RECORD_NDJSON, "{\"status\":200}\n{}\n{\"url\":7}\n{\"url\":[\"a\"]}\n",
                "BAD BAD BAD BAD ");
    expect_rows(RECORD_NDJSON, "{\"url\":\"http{\"url\":\"b\",\"status\":2}\n", "BAD ");
    expect_rows(RECORD_NDJSON, "{\"url\":\"a\"]\n{\"url\":\"a\"}}\n{\"url\":\"a\"\n",
                "BAD BAD BAD ");
    expect_rows(RECORD_NDJSON, "{\"url\":\"\\ud800\"}\n{\"url\":\"\\u0000\"}\n{\"url\":\"\\x\"}\n",
                "BAD BAD BAD ");
    expect_rows(RECORD_NDJSON, "{\"url\":\"a\",\"status\":\"200\"}\n{\"url\":\"a\",\"status\":x}\n",
                "BAD BAD ");
}

#define HEADER "url,status,attempts,elapsed,fetched_at,content_type,error,encoding,body\n"

TEST(csv_rows_that_are_none_are_refused_one_by_one)
{
    expect_rows(RECORD_CSV, HEADER "\"a\",200,1,1,t,,,,x\n\r\nb,,,,,,,,\n", "a b? ");
    expect_rows(RECORD_CSV, HEADER "a,200,1,1,t,,e,,x\n", "a? ");
    expect_rows(RECORD_CSV, HEADER "a,200\na,200,1,1,t,,,,x,y\n,200,,,,,,,\nb,2,,,,,,,\n",
                "BAD BAD BAD b ");
    expect_rows(RECORD_CSV, HEADER "\"a\"b,200,,,,,,,\na\"b,200,,,,,,,\na,2x,,,,,,,\n",
                "BAD BAD BAD ");
    expect_rows(RECORD_CSV, HEADER "a,200,,,,,,,x\"y\nb,2,,,,,,,\n", "BAD b ");
    expect_rows(RECORD_CSV, "name,age\nx,1\n", "BAD BAD ");
}

TEST(a_refusal_names_the_row)
{
    struct record_reader *reader = record_reader_new(RECORD_CSV);
    struct complaint complaint = {0};
    struct landed_row row;
    record_reader_feed(reader, "a,b\n", 4);
    assert_int_equal(record_reader_next(reader, &row, &complaint), -EBADMSG);
    EXPECT_SAYS(complaint, "header");
    record_reader_feed(reader, "x\n", 2);
    assert_int_equal(record_reader_next(reader, &row, &complaint), -EBADMSG);
    EXPECT_SAYS(complaint, "row 1 ");
    assert_int_equal(record_reader_whole_size(reader), 6);
    record_reader_free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_judged_by_its_bytes),
        cmocka_unit_test(a_json_body_is_a_value_on_one_line),
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(bytes_are_base64_and_say_so),
        cmocka_unit_test(a_failure_has_no_status_and_no_body),
        cmocka_unit_test(times_before_and_after_1970_are_written),
        cmocka_unit_test(ndjson_is_read_back_torn_at_every_byte),
        cmocka_unit_test(csv_is_read_back_torn_at_every_byte),
        cmocka_unit_test(ndjson_of_other_writers_is_understood),
        cmocka_unit_test(lines_that_are_no_rows_are_refused_one_by_one),
        cmocka_unit_test(csv_rows_that_are_none_are_refused_one_by_one),
        cmocka_unit_test(a_refusal_names_the_row),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
