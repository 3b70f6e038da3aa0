/* SPDX-License-Identifier: MIT */
/*
 * session_fields.c: the header fields of requests.
 *
 * A session keeps its default fields as one list. A request without fields of its own sends that
 * list itself, so the common request builds nothing. Others merge the two into a list of pointers.
 *
 * Invariant: no field in a list can break out of its line. A name is a token; a value has no
 * control bytes except tabs. Content-Length and Transfer-Encoding are refused, because they must
 * agree with the body, and the transport sets them.
 */
#include <eddy/alloc.h>

#include "session.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

bool eddy__http_is_token(const char *text)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    if (!text || text[0] == '\0')
        return false;
    for (const char *at = text; *at; at++) {
        bool is_alphanumeric =
            (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
        if (!is_alphanumeric && !strchr(others, *at))
            return false;
    }
    return true;
}

static bool is_value(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++)
        if ((*at < 0x20 && *at != '\t') || *at == 0x7f)
            return false;
    return true;
}

static int check_text(const eddy_http_header *header)
{
    if (!eddy__http_is_token(header->name))
        return eddy_fail(EDDY_EVALUE, "\"%.64s\" is no name for a header", header->name);
    if (header->value && !is_value(header->value))
        return eddy_fail(EDDY_EVALUE, "the value of header %.64s has a control byte in it",
                         header->name);
    return 0;
}

static int check_header(const eddy_http_header *header)
{
    EDDY_TRY(check_text(header));
    if (strcasecmp(header->name, "Content-Length") == 0 ||
        strcasecmp(header->name, "Transfer-Encoding") == 0)
        return eddy_fail(EDDY_EVALUE, "header %s is set by the client itself", header->name);
    return 0;
}

static bool is_named(const eddy_http_header *headers, const char *name)
{
    for (; headers && headers->name; headers++)
        if (strcasecmp(headers->name, name) == 0)
            return true;
    return false;
}

bool eddy__http_fields_have(const struct http_fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (strcasecmp(fields->items[i].name, name) == 0)
            return true;
    return false;
}

static char *append_text(char *at, const char *text, const char **out_kept)
{
    *out_kept = at;
    return stpcpy(at, text) + 1;
}

/* The session's default fields; one whose value is NULL is not sent. */
static void choose_defaults(eddy_http_header *defaults, size_t count,
                            const eddy_http_header *headers)
{
    for (size_t i = 0; i < count; i++)
        if (is_named(headers, defaults[i].name))
            defaults[i].value = NULL;
}

static size_t size_of(const eddy_http_header *header)
{
    return header->value ? strlen(header->name) + strlen(header->value) + 2 : 0;
}

static void append_field(struct http_fields *fields, char **inout_text,
                         const eddy_http_header *header)
{
    if (!header->value)
        return;
    eddy_http_header *item = (eddy_http_header *)&fields->items[fields->count++];
    *inout_text = append_text(*inout_text, header->name, &item->name);
    *inout_text = append_text(*inout_text, header->value, &item->value);
}

/* Copies `count` defaults, and `headers` after them, into one block. */
static int copy(struct http_fields *out_fields, const eddy_http_header *defaults, size_t count,
                const eddy_http_header *headers)
{
    size_t item_count = count, size = 1;
    for (size_t i = 0; i < count; i++)
        size += size_of(&defaults[i]);
    for (const eddy_http_header *at = headers; at && at->name; at++) {
        size += size_of(at);
        item_count++;
    }
    eddy_http_header *items = eddy_malloc(item_count * sizeof *items + size);
    if (!items)
        return -ENOMEM;
    char *text = (char *)(items + item_count);
    *out_fields = (struct http_fields){items, 0, true};
    for (size_t i = 0; i < count; i++)
        append_field(out_fields, &text, &defaults[i]);
    for (const eddy_http_header *at = headers; at && at->name; at++)
        append_field(out_fields, &text, at);
    return 0;
}

int eddy__http_fields_copy(struct http_fields *out_fields, const char *user_agent,
                           const char *accept_encoding, const eddy_http_header *headers)
{
    eddy_http_header defaults[] = {
        {"User-Agent", user_agent}, {"Accept", "*/*"}, {"Accept-Encoding", accept_encoding}};
    enum { DEFAULTS = sizeof defaults / sizeof defaults[0] };
    if (!is_value(user_agent))
        return eddy_fail(EDDY_EVALUE, "the user agent has a control byte in it");
    if (user_agent[0] == '\0')
        defaults[0].value = NULL;
    choose_defaults(defaults, DEFAULTS, headers);
    for (const eddy_http_header *at = headers; at && at->name; at++)
        EDDY_TRY(check_header(at));
    return copy(out_fields, defaults, DEFAULTS, headers);
}

int eddy__http_fields_copy_answer(struct http_fields *out_fields, const eddy_http_header *headers)
{
    for (const eddy_http_header *at = headers; at && at->name; at++)
        EDDY_TRY(check_text(at));
    return copy(out_fields, NULL, 0, headers);
}

int eddy__http_fields_merge(struct http_fields *out_fields, const struct http_fields *defaults,
                            const eddy_http_header *headers, bool has_body)
{
    bool needs_type = has_body && !is_named(headers, "Content-Type") &&
                      !eddy__http_fields_have(defaults, "Content-Type");
    if (!needs_type && (!headers || !headers->name)) {
        *out_fields = (struct http_fields){defaults->items, defaults->count, false};
        return 0;
    }
    size_t count = defaults->count + needs_type;
    for (const eddy_http_header *at = headers; at && at->name; at++) {
        EDDY_TRY(check_header(at));
        count++;
    }
    eddy_http_header *items = eddy_malloc(count * sizeof *items);
    if (!items)
        return -ENOMEM;
    count = 0;
    for (size_t i = 0; i < defaults->count; i++)
        if (!is_named(headers, defaults->items[i].name))
            items[count++] = defaults->items[i];
    for (const eddy_http_header *at = headers; at && at->name; at++)
        if (at->value)
            items[count++] = *at;
    if (needs_type)
        items[count++] = (eddy_http_header){"Content-Type", "application/octet-stream"};
    *out_fields = (struct http_fields){items, count, true};
    return 0;
}

static bool is_among(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcasecmp(name, *names) == 0)
            return true;
    return false;
}

int eddy__http_fields_remove(struct http_fields *fields, const char *const *names)
{
    size_t kept = 0;
    for (size_t i = 0; i < fields->count; i++)
        kept += !is_among(fields->items[i].name, names);
    if (kept == fields->count)
        return 0;
    eddy_http_header *items = eddy_malloc((kept + 1) * sizeof *items);
    if (!items)
        return -ENOMEM;
    kept = 0;
    for (size_t i = 0; i < fields->count; i++)
        if (!is_among(fields->items[i].name, names))
            items[kept++] = fields->items[i];
    eddy__http_fields_fini(fields);
    *fields = (struct http_fields){items, kept, true};
    return 0;
}

void eddy__http_fields_fini(struct http_fields *fields)
{
    if (fields->is_owned)
        eddy_free((void *)fields->items);
    *fields = (struct http_fields){0};
}
