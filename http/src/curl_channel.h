/* SPDX-License-Identifier: MIT */
/*
 * curl_channel.h: a libcurl easy handle, reused for one request after another.
 */
#ifndef EDDY_HTTP_CURL_CHANNEL_H
#define EDDY_HTTP_CURL_CHANNEL_H

#include <eddy/curl.h>

#include "curl_engine.h"
#include "session.h"

/* An easy handle, reused for one request after another. */
struct curl_channel {
    struct curl_job job;             // first: on_done finds the channel by it
    eddy_http_response *response;    // of the current request
    struct curl_channel *next;       // in the list of spare channels
    struct curl_sockets *sockets;    // the engine's

    bool is_altered;               // it has options that the next request must not inherit
    bool is_tls;                   // the version of HTTP is set for TLS
    bool has_cookie, has_names;    // these are set, and reset one by one
    double connect_timeout;        // as set
    struct curl_slist *headers;    // the request's own
    struct curl_slist *names;      // CURLOPT_RESOLVE

    eddy_semaphore wakeups;    // the task waits on it
    bool is_awaited;        // the task waits
    bool is_connected, is_paused, has_ended;
    bool waits_to_connect;    // the task must be woken when it is connected
    bool is_stale;            // the idle connection is unusable; nothing has been sent
    bool has_ended_idle;      // the bytes received don't answer the request
    int idle_fd;              // of the connection, if it is HTTP/1.1 and was idle; else -1
    size_t request_body_size;    // bytes
    int failure;              // why a callback ended it, or 0
    double heard_at;          // eddy_time() of the last byte, or when the wait began
    curl_off_t sent;          // bytes sent when the read timeout was last checked
    char message[CURL_ERROR_SIZE];
};

/* What a session keeps for this transport. */
struct curl_client {
    struct curl_engine *engine;
    struct curl_slist *headers;    // the session's fields
    struct curl_channel *spare;
    unsigned spare_count;
};

/* Sets the options that `request` needs besides the channel's. 0 or -ENOMEM. */
int eddy__curl_set_request(struct curl_channel *channel, const eddy_http_session *session,
                           const struct http_request *request);

/*
 * Appends a request's fields to a list, in the form that libcurl wants. 0 or -ENOMEM; the earlier
 * items stay in both cases.
 */
int eddy__curl_append_fields(struct curl_slist **list, const struct http_fields *fields);

#endif
