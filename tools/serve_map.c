/* SPDX-License-Identifier: MIT */
/*
 * serve_map.c: the documents of `eddy serve FILE`, by path.
 *
 * Documents are served exactly as they are in the file, so nothing is parsed into values. The whole
 * file is first checked to be valid JSON (json_check.h); then the members of the outermost object
 * are found by counting brackets outside strings. Names are decoded in place: no escape is shorter
 * than the character it encodes.
 *
 * Invariants:
 *   - The scan relies on the check before it, and doesn't check for errors itself.
 *   - If a name occurs twice, the last one is used, as in most JSON readers.
 *
 * Owns the bytes and the table. Called by serve.c.
 */
#include "serve_map.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complaint.h"
#include "json_check.h"

enum { CAPACITY_FIRST = 64, BLOCK_SIZE = 64 * 1024, TARGET_SIZE_MAX = 8 * 1024 };

/* --- Escapes ---------------------------------------------------------------------------------- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

long percent_decode(const char *text, size_t size, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < size ? hex_value(text[i + 1]) : -1;
            int low = high >= 0 ? hex_value(text[i + 2]) : -1;
            if (low < 0 || high + low == 0)
                return -1;
            c = (char)(high * 16 + low);
            i += 2;
        }
        out[n++] = c;
    }
    return (long)n;
}

/* Reads the four digits of a \u escape. */
static uint32_t read_unit(const char *digits)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++)
        unit = unit * 16 + (uint32_t)hex_value(digits[i]);
    return unit;
}

static char *put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    } else {
        *out++ = (char)(0xf0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3f));
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    }
    return out;
}

/* Reads the \u escape (of a pair, both) whose digits begin at *at; moves *at behind it. */
static uint32_t read_code(const char **at)
{
    uint32_t code = read_unit(*at);
    *at += 4;
    if (code < 0xd800 || code > 0xdbff || (*at)[0] != '\\' || (*at)[1] != 'u')
        return code;
    uint32_t low = read_unit(*at + 2);
    if (low < 0xdc00 || low > 0xdfff)
        return code;
    *at += 6;
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

/* Decodes the string at `text`, which is behind the opening quote; returns the closing quote. */
static char *decode_string(char *text, size_t *out_size)
{
    static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
    const char *at = text;
    char *out = text;
    while (*at != '"') {
        if (*at != '\\') {
            *out++ = *at++;
            continue;
        }
        at++;
        const char *letter = strchr(letters, *at);
        if (*at == 'u') {
            at++;
            out = put_utf8(out, read_code(&at));
        } else {
            *out++ = letter != NULL ? bytes[letter - letters] : *at;
            at++;
        }
    }
    *out_size = (size_t)(out - text);
    return (char *)at;
}

/* --- The walk --------------------------------------------------------------------------------- */

static char *skip_space(char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* Returns the position behind the string that begins with a quote at `at`. */
static char *skip_string(char *at)
{
    at++;
    while (*at != '"')
        at += *at == '\\' ? 2 : 1;
    return at + 1;
}

/* Returns the position behind the value that begins at `at`. */
static char *skip_value(char *at)
{
    size_t depth = 0;
    do {
        if (*at == '"') {
            at = skip_string(at);
            continue;
        }
        if (*at == '{' || *at == '[')
            depth++;
        else if (*at == '}' || *at == ']')
            depth--;
        at++;
    } while (depth > 0 || strchr(",]} \t\r\n", *at) == NULL);
    return at;
}

static int put(struct serve_map *map, struct serve_document document)
{
    if (map->count == map->capacity) {
        size_t capacity = map->capacity > 0 ? map->capacity * 2 : CAPACITY_FIRST;
        struct serve_document *grown = realloc(map->documents, capacity * sizeof *grown);
        if (grown == NULL)
            return -ENOMEM;
        map->documents = grown;
        map->capacity = capacity;
    }
    map->documents[map->count++] = document;
    return 0;
}

static int split(struct serve_map *map, const char *name, struct complaint *complaint)
{
    char *at = skip_space(map->bytes);
    if (*at != '{')
        return complain(complaint, -EINVAL, 0,
                        "%.200s is JSON, but no object; it must map paths to documents, as in "
                        "{\"/people/1\": {\"name\": \"Luke\"}}",
                        name);
    at = skip_space(at + 1);
    while (*at != '}') {
        struct serve_document document = {.target = at + 1};
        at = skip_space(decode_string(at + 1, &document.target_size) + 1);
        if (document.target_size == 0 || document.target[0] != '/')
            return complain(complaint, -EINVAL, 0,
                            "%.200s has a member named \"%.*s\", which is no path; let it begin "
                            "with '/'",
                            name, (int)(document.target_size < 100 ? document.target_size : 100),
                            document.target);
        document.data = skip_space(at + 1);    // behind the colon
        at = skip_value((char *)document.data);
        document.size = (size_t)(at - document.data);
        if (put(map, document) < 0)
            return complain(complaint, -ENOMEM, 0, "there is no memory for %.200s", name);
        at = skip_space(at);
        if (*at == ',')
            at = skip_space(at + 1);
    }
    return 0;
}

/* --- The table -------------------------------------------------------------------------------- */

static int compare_targets(const struct serve_document *a, const struct serve_document *b)
{
    size_t size = a->target_size < b->target_size ? a->target_size : b->target_size;
    int order = memcmp(a->target, b->target, size);
    if (order != 0)
        return order;
    return (a->target_size > b->target_size) - (a->target_size < b->target_size);
}

/* Compares by name; equal names keep their order in the file: by address. */
static int compare(const void *a, const void *b)
{
    const struct serve_document *first = a, *second = b;
    int order = compare_targets(first, second);
    return order != 0 ? order : (first->data > second->data) - (first->data < second->data);
}

static void sort(struct serve_map *map)
{
    if (map->count == 0)
        return;
    qsort(map->documents, map->count, sizeof *map->documents, compare);
    size_t kept = 0;
    for (size_t i = 0; i < map->count; i++) {
        bool is_last =
            i + 1 == map->count || compare_targets(&map->documents[i], &map->documents[i + 1]) != 0;
        if (is_last)
            map->documents[kept++] = map->documents[i];
    }
    map->count = kept;
}

static const struct serve_document *find_exactly(const struct serve_map *map, const char *target,
                                                 size_t size)
{
    const struct serve_document wanted = {.target = target, .target_size = size};
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_targets(&wanted, &map->documents[middle]);
        if (order == 0)
            return &map->documents[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct serve_document *serve_map_find(const struct serve_map *map, const char *target,
                                            size_t size)
{
    char decoded[TARGET_SIZE_MAX];
    const struct serve_document *document = find_exactly(map, target, size);
    if (document != NULL || size > sizeof decoded || memchr(target, '%', size) == NULL)
        return document;
    long decoded_size = percent_decode(target, size, decoded);
    return decoded_size >= 0 ? find_exactly(map, decoded, (size_t)decoded_size) : NULL;
}

/* --- Life ------------------------------------------------------------------------------------- */

/* Builds the table; takes over map->bytes, which end with a zero that is not counted. */
static int build(struct serve_map *map, const char *name, struct complaint *complaint)
{
    int err = 0;
    if (!json_is_valid(map->bytes, map->size))
        err = complain(complaint, -EINVAL, 0, "%.200s is not valid JSON", name);
    if (err == 0)
        err = split(map, name, complaint);
    if (err < 0)
        serve_map_fini(map);
    else
        sort(map);
    return err;
}

int serve_map_read(struct serve_map *map, const char *bytes, size_t size, const char *name,
                   struct complaint *complaint)
{
    *map = (struct serve_map){.bytes = malloc(size + 1), .size = size};
    if (map->bytes == NULL)
        return complain(complaint, -ENOMEM, 0, "there is no memory for %.200s", name);
    if (size > 0)
        memcpy(map->bytes, bytes, size);
    map->bytes[size] = '\0';
    return build(map, name, complaint);
}

/* Reads up to the end of the file, and appends a zero. */
static int read_all(struct serve_map *map, FILE *file)
{
    size_t capacity = 0;
    do {
        if (capacity - map->size < BLOCK_SIZE + 1) {
            capacity = capacity * 2 + BLOCK_SIZE + 1;
            char *grown = realloc(map->bytes, capacity);
            if (grown == NULL)
                return -ENOMEM;
            map->bytes = grown;
        }
        map->size += fread(map->bytes + map->size, 1, BLOCK_SIZE, file);
        if (ferror(file))
            return errno != 0 ? -errno : -EIO;
    } while (!feof(file));
    map->bytes[map->size] = '\0';
    return 0;
}

int serve_map_load(struct serve_map *map, const char *path, struct complaint *complaint)
{
    *map = (struct serve_map){0};
    FILE *file = fopen(path, "re");
    int err = file != NULL ? read_all(map, file) : -errno;
    if (file != NULL)
        fclose(file);
    if (err == 0)
        return build(map, path, complaint);
    serve_map_fini(map);
    return complain(complaint, err, 0, "%.200s can't be read: %s", path, strerror(-err));
}

void serve_map_fini(struct serve_map *map)
{
    free(map->bytes);
    free(map->documents);
    *map = (struct serve_map){0};
}
