/* SPDX-License-Identifier: MIT */
/*
 * curl_options.c: sets the options of an easy handle for a request.
 *
 * A plain GET with the session's own fields sets only the URL: the rest was set when the channel
 * was created. A request that sets more sets `is_altered`, and the handle is reset afterwards. The
 * URL, cookies, names, the version and the connect timeout are common, so these are reset one by
 * one.
 */
#include <eddy/alloc.h>

#include "curl_channel.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "session_origin.h"

/* Appends "name: value" in libcurl's form: an empty value is written "name;". */
static int append_field(struct curl_slist **list, const char *name, const char *value)
{
    char text[512];
    size_t size = strlen(name) + strlen(value) + 3;
    char *line = size <= sizeof text ? text : eddy_malloc(size);
    if (!line)
        return -ENOMEM;
    if (value[0] == '\0')
        snprintf(line, size, "%s;", name);
    else
        snprintf(line, size, "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (line != text)
        eddy_free(line);
    if (!longer)
        return -ENOMEM;
    *list = longer;
    return 0;
}

/* Suppresses a field that libcurl would add by itself. */
static int suppress_field(struct curl_slist **list, const char *name_and_colon)
{
    struct curl_slist *longer = curl_slist_append(*list, name_and_colon);
    if (!longer)
        return -ENOMEM;
    *list = longer;
    return 0;
}

int eddy__curl_append_fields(struct curl_slist **list, const struct http_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        EDDY_TRY(append_field(list, fields->items[i].name, fields->items[i].value));
    return eddy__http_fields_have(fields, "Accept") ? 0 : suppress_field(list, "Accept:");
}

static int set_fields(struct curl_channel *channel, const struct http_request *request,
                      const struct http_fields *of_session)
{
    if (request->fields->items == of_session->items && !request->has_body &&
        !request->authorization)
        return 0;
    channel->is_altered = true;
    EDDY_TRY(eddy__curl_append_fields(&channel->headers, request->fields));
    if (request->authorization)
        EDDY_TRY(append_field(&channel->headers, "Authorization", request->authorization));
    if (request->has_body) {
        // libcurl would wait a second for "100 Continue", and declare any body as a form.
        if (!eddy__http_fields_have(request->fields, "Expect"))
            EDDY_TRY(suppress_field(&channel->headers, "Expect:"));
        if (!eddy__http_fields_have(request->fields, "Content-Type"))
            EDDY_TRY(suppress_field(&channel->headers, "Content-Type:"));
    }
    curl_easy_setopt(channel->job.easy, CURLOPT_HTTPHEADER, channel->headers);
    return 0;
}

static int set_body(struct curl_channel *channel, const struct http_request *request)
{
    CURL *easy = channel->job.easy;
    const char *data = request->body.size > 0 ? request->body.data : "";
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
    // A streamed response may begin before all is sent, and the caller may then free the body.
    bool is_copied = channel->response->is_streamed;
    CURLoption option = is_copied ? CURLOPT_COPYPOSTFIELDS : CURLOPT_POSTFIELDS;
    return curl_easy_setopt(easy, option, data) == CURLE_OK ? 0 : -ENOMEM;
}

static int set_method(struct curl_channel *channel, const struct http_request *request)
{
    CURL *easy = channel->job.easy;
    if (strcmp(request->method, "GET") == 0 && !request->has_body)
        return 0;
    channel->is_altered = true;
    if (strcmp(request->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return 0;
    }
    if (request->has_body)
        EDDY_TRY(set_body(channel, request));
    if (strcmp(request->method, "POST") == 0 && request->has_body)
        return 0;
    return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK ? 0 : -ENOMEM;
}

/* Passes libcurl the addresses that the session has looked up, unless it has them already. */
static int set_names(struct curl_channel *channel, const struct http_origin *origin)
{
    if (!origin->name || origin->loaded_generation == origin->generation)
        return 0;
    size_t size = strlen(origin->name) + strlen(origin->addresses) + 16;
    char *line = eddy_malloc(size);
    if (!line)
        return -ENOMEM;
    snprintf(line, size, "+%s:%d:%s", origin->name, origin->port, origin->addresses);
    channel->names = curl_slist_append(NULL, line);
    eddy_free(line);
    if (!channel->names)
        return -ENOMEM;
    channel->has_names = true;
    curl_easy_setopt(channel->job.easy, CURLOPT_RESOLVE, channel->names);
    return 0;
}

/* Over TLS, HTTP/2 if offered: requests then wait briefly for a connection that they can share. */
static void set_version(struct curl_channel *channel, const eddy_http_session *session, bool is_tls)
{
    CURL *easy = channel->job.easy;
    if (is_tls == channel->is_tls || session->refuses_http2)
        return;
    channel->is_tls = is_tls;
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     (long)(is_tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, (long)is_tls);
}

static int set_way(struct curl_channel *channel, const eddy_http_session *session,
                   const struct http_request *request)
{
    CURL *easy = channel->job.easy;
    const struct http_origin *origin = request->origin;
    set_version(channel, session, strcmp(origin->authority.scheme, "https") == 0);
    if (origin->proxy) {
        channel->is_altered = true;
        curl_easy_setopt(easy, CURLOPT_PROXY, origin->proxy);
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "");    // the session has read no_proxy
    }
    if (request->connect_timeout != channel->connect_timeout) {
        channel->connect_timeout = request->connect_timeout;
        long limit_ms = INT_MAX;    // libcurl stores only an int
        if (request->connect_timeout < 2e6)
            limit_ms = (long)ceil(request->connect_timeout * 1e3);
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, limit_ms);
    }
    return set_names(channel, origin);
}

/*
 * libcurl parses only the origin, which it reads as url.c does. This file sets the request line:
 * path and query unchanged or, for a proxy that forwards, the whole URL.
 */
static int set_url(CURL *easy, const struct http_request *request)
{
    const struct http_origin *origin = request->origin;
    eddy_span target = request->url->target;
    size_t size = origin->text_size + target.size + 1;
    char *text = eddy_malloc(size);
    if (!text)
        return -ENOMEM;
    snprintf(text, size, "%s%.*s", origin->sends_absolute_form ? origin->text : "",
             (int)target.size, target.data);
    CURLcode code = curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, text);
    eddy_free(text);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_URL, origin->text);
    return code == CURLE_OK ? 0 : -ENOMEM;
}

int eddy__curl_set_request(struct curl_channel *channel, const eddy_http_session *session,
                           const struct http_request *request)
{
    CURL *easy = channel->job.easy;
    EDDY_TRY(set_url(easy, request));
    if (request->cookie) {
        channel->has_cookie = true;
        if (curl_easy_setopt(easy, CURLOPT_COOKIE, request->cookie) != CURLE_OK)
            return -ENOMEM;
    }
    EDDY_TRY(set_way(channel, session, request));
    EDDY_TRY(set_method(channel, request));
    return set_fields(channel, request, &session->fields);
}
