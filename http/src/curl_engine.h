/* SPDX-License-Identifier: MIT */
/*
 * curl_engine.h: runs libcurl's multi interface on the thread's loop.
 */
#ifndef EDDY_HTTP_CURL_ENGINE_H
#define EDDY_HTTP_CURL_ENGINE_H

#include <stdbool.h>

#include <curl/curl.h>

#include <eddy/loop.h>

#include "curl_socket.h"

struct curl_engine;

/* A transfer in progress. The caller owns the memory, and sets `easy` and `done`. */
struct curl_job {
    CURL *easy;
    void (*done)(struct curl_job *job);    // called once: it ended with `result`, left the engine
    CURLcode result;
    bool is_active;           // it is in the engine
    bool is_broken;           // its socket could not be watched
    struct curl_job *next;    // in its hash bucket
};

/*
 * Gets the engine of the loop that runs on this thread, created at the first call. The caller gets
 * a reference. 0, EDDY_EMISUSE without a loop, -ENOMEM.
 */
int eddy__curl_engine_get(struct curl_engine **out_engine);
void eddy__curl_engine_unref(struct curl_engine *engine);

/* Whether its loop has ended, which ends every transfer. */
bool eddy__curl_engine_is_closed(const struct curl_engine *engine);

/* Returns the sockets of its transfers. They live as long as the engine. */
struct curl_sockets *eddy__curl_engine_sockets(struct curl_engine *engine);

/* Raises the number of idle connections that are kept to at least `count`. */
void eddy__curl_engine_keep(struct curl_engine *engine, long count);

/*
 * Starts a transfer. job->done is called later, from the loop, outside any task. 0, -EBUSY if the
 * handle is in a transfer already, -ENOMEM, EDDY_EMISUSE from a libcurl callback or after the loop
 * has ended.
 */
int eddy__curl_job_start(struct curl_engine *engine, struct curl_job *job);

/* Removes a transfer that has not ended; job->done is not called. Never blocks. */
void eddy__curl_job_stop(struct curl_engine *engine, struct curl_job *job);

#endif
