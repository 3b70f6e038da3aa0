/* SPDX-License-Identifier: MIT */
/*
 * parser_second.c: parses every message a second time, with llhttp.
 *
 * Request smuggling is possible where two programs parse the same bytes differently. llhttp is
 * widely used, so each message that Eddy's rules accept is passed to it too, and parser.c compares
 * the results: the number of fields, the framing, the size of the body, the end of the message.
 * llhttp alone can only refuse a message.
 *
 * Invariants:
 *   - It gets exactly the bytes of one message, never those of the next: each begins with a reset,
 *     so nothing of one request can leak into the parsing of another.
 *   - Its callbacks count and never keep a pointer; the caller's bytes are free after each call.
 *   - Only calls and fields are used that releases 8 and 9 have in common.
 *
 * Owns one `struct http_second` for each parser. Called by parser.c alone.
 */
#include <llhttp.h>
#include <string.h>

#include <eddy/alloc.h>

#include "parser_parts.h"

struct http_second {
    llhttp_t reader;    // first: callbacks cast it back
    struct http_second_view view;
    bool skips_body;
};

static struct http_second *second_of(llhttp_t *reader)
{
    return (struct http_second *)reader;
}

static int on_field(llhttp_t *reader)
{
    second_of(reader)->view.field_count++;
    return 0;
}

static int on_head(llhttp_t *reader)
{
    struct http_second *second = second_of(reader);
    second->view.is_head_complete = true;
    second->view.content_length = reader->content_length;
    second->view.is_chunked = (reader->flags & F_CHUNKED) != 0;
    return second->skips_body ? 1 : 0;
}

static int on_body(llhttp_t *reader, const char *data, size_t size)
{
    (void)data;
    second_of(reader)->view.body_size += size;
    return 0;
}

static int on_complete(llhttp_t *reader)
{
    second_of(reader)->view.is_complete = true;
    return 0;
}

static const llhttp_settings_t settings = {
    .on_header_value_complete = on_field,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

struct http_second *eddy__http_second_new(enum http_mode mode)
{
    struct http_second *second = eddy_calloc(1, sizeof *second);
    if (second != NULL)
        llhttp_init(&second->reader, mode == HTTP_MODE_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE,
                    &settings);
    return second;
}

void eddy__http_second_free(struct http_second *second)
{
    eddy_free(second);
}

void eddy__http_second_reset(struct http_second *second)
{
    llhttp_reset(&second->reader);
    second->view = (struct http_second_view){0};
    second->skips_body = false;
}

void eddy__http_second_skip_body(struct http_second *second)
{
    second->skips_body = true;
}

static const char *reason_of(const struct http_second *second, llhttp_errno_t err)
{
    // It pauses after a CONNECT or an upgrade when it has read all bytes, which counts as success.
    if (err == HPE_OK || err == HPE_PAUSED_UPGRADE)
        return NULL;
    const char *reason = llhttp_get_error_reason(&second->reader);
    return reason != NULL ? reason : "llhttp refuses the message";
}

const char *eddy__http_second_read(struct http_second *second, const char *data, size_t size)
{
    return reason_of(second, llhttp_execute(&second->reader, data, size));
}

/* The HTTP methods that llhttp knows, the common ones first. */
static const char *const methods[] = {
    "GET",         "POST",   "HEAD",     "PUT",    "DELETE",     "OPTIONS",  "PATCH",
    "CONNECT",     "TRACE",  "COPY",     "LOCK",   "MKCOL",      "MOVE",     "PROPFIND",
    "PROPPATCH",   "SEARCH", "UNLOCK",   "BIND",   "REBIND",     "UNBIND",   "ACL",
    "REPORT",      "MERGE",  "M-SEARCH", "NOTIFY", "MKACTIVITY", "CHECKOUT", "SUBSCRIBE",
    "UNSUBSCRIBE", "PURGE",  "LINK",     "UNLINK", "MKCALENDAR",
};

size_t eddy__http_second_method(struct http_span method, const char **out_instead)
{
    bool is_known = method.size == 0;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0] && !is_known; i++)
        is_known = method.size == strlen(methods[i]) &&
                   memcmp(method.data, methods[i], method.size) == 0;
    *out_instead = is_known ? "" : "POST";
    return is_known ? 0 : method.size;
}

const char *eddy__http_second_finish(struct http_second *second)
{
    return reason_of(second, llhttp_finish(&second->reader));
}

const struct http_second_view *eddy__http_second_look(const struct http_second *second)
{
    return &second->view;
}
