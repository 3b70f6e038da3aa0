/* SPDX-License-Identifier: MIT */
/*
 * curl_engine.h: libcurl's multi interface on the loop that runs.
 */
#ifndef EDDY_HTTP_CURL_ENGINE_H
#define EDDY_HTTP_CURL_ENGINE_H

#include <stdbool.h>

#include <curl/curl.h>

#include <eddy/loop.h>

#include "curl_socket.h"

struct curl_engine;

/* A transfer under way. The memory is the caller's; `easy` and `done` are his to set. */
struct curl_job {
    CURL *easy;
    void (*done)(struct curl_job *job);    // it has ended, by `result`, and left the engine; once
    CURLcode result;
    bool is_active;           // it is in the engine
    bool is_broken;           // its socket could not be watched
    struct curl_job *next;    // in its bucket
};

/*
 * The engine of the loop that runs on this thread, made at the first call; the caller holds a
 * reference. 0, EDDY_EMISUSE without a loop, -ENOMEM.
 */
int eddy__curl_engine_get(struct curl_engine **out_engine);
void eddy__curl_engine_unref(struct curl_engine *engine);

/* Whether its loop has ended, and with it every transfer. */
bool eddy__curl_engine_is_closed(const struct curl_engine *engine);

/* The sockets of its transfers. They live as long as the engine. */
struct curl_sockets *eddy__curl_engine_sockets(struct curl_engine *engine);

/* Sees to it that at least `count` idle connections are kept. */
void eddy__curl_engine_keep(struct curl_engine *engine, long count);

/*
 * Begins a transfer. job->done is called later, from the loop, outside any task. 0, -EBUSY when the
 * handle is performed already, -ENOMEM, EDDY_EMISUSE from one of libcurl's callbacks or after the
 * loop's end.
 */
int eddy__curl_job_start(struct curl_engine *engine, struct curl_job *job);

/* Removes a transfer that has not ended; job->done is not called. Never blocks. */
void eddy__curl_job_stop(struct curl_engine *engine, struct curl_job *job);

#endif
