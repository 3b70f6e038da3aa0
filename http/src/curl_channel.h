/* SPDX-License-Identifier: MIT */
/*
 * curl_channel.h: a libcurl easy handle, reused for one request after another.
 */
#ifndef EDDY_HTTP_CURL_CHANNEL_H
#define EDDY_HTTP_CURL_CHANNEL_H

#include <eddy/curl.h>

#include "curl_engine.h"
#include "session.h"

/* An easy handle, for one request after another. */
struct curl_channel {
    struct curl_job job;             // first: on_done finds the channel by it
    eddy_http_response *response;    // that it works for
    struct curl_channel *next;       // in the list of spare ones
    struct curl_sockets *sockets;    // the engine's

    bool is_altered;               // it has options that the next request must not inherit
    bool is_tls;                   // the version of HTTP is set for TLS
    bool has_cookie, has_names;    // these two are set, and taken back one by one
    double connect_timeout;        // as set
    struct curl_slist *headers;    // the request's own
    struct curl_slist *names;      // CURLOPT_RESOLVE

    eddy_semaphore news;    // what the task waits on
    bool is_awaited;        // it does
    bool is_connected, is_paused, has_ended;
    bool waits_to_connect;    // the task wants to know when it is connected
    bool is_stale;            // the idle connection is of no use; nothing has been sent
    bool has_ended_idle;      // what came over it does not answer the request
    int idle_fd;              // of the connection, if it is of HTTP/1.1 and had idled; else -1
    size_t request_body_size;    // bytes
    int failure;              // why a callback ended it, or 0
    double heard_at;          // eddy_time() of the last byte, or when the wait began
    curl_off_t sent;          // bytes that had been sent when silence was last noticed
    char message[CURL_ERROR_SIZE];
};

/* What a session keeps for this transport. */
struct curl_client {
    struct curl_engine *engine;
    struct curl_slist *headers;    // the session's fields
    struct curl_channel *spare;
    unsigned spare_count;
};

/* Sets what `request` needs beyond what the channel has. 0 or -ENOMEM. */
int eddy__curl_set_request(struct curl_channel *channel, const eddy_http_session *session,
                           const struct http_request *request);

/*
 * Appends a request's fields to a list, written as libcurl wants them. 0 or -ENOMEM; what was there
 * stays.
 */
int eddy__curl_append_fields(struct curl_slist **list, const struct http_fields *fields);

#endif
