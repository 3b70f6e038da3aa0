/* SPDX-License-Identifier: MIT */
/*
 * curl.c: eddy_curl_perform(), and the conversion of libcurl's codes.
 *
 * The task starts a job in its loop's engine and waits on a semaphore in its own frame. The frame
 * always outlives the job: either the job has ended, or it is stopped before the function returns.
 */
#include <eddy/curl.h>

#include <errno.h>
#include <string.h>

#include <eddy/semaphore.h>
#include <eddy/task.h>

#include "curl_engine.h"

int eddy_curl_status(CURLcode code)
{
    switch (code) {
    case CURLE_OK: return 0;
    case CURLE_OUT_OF_MEMORY: return -ENOMEM;
    case CURLE_OPERATION_TIMEDOUT: return EDDY_TIMEDOUT;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return EDDY_ERESOLVE;
    case CURLE_URL_MALFORMAT: return EDDY_HTTP_URL;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_NOT_BUILT_IN: return EDDY_HTTP_UNSUPPORTED;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED: return EDDY_HTTP_CONNECT;
    case CURLE_PROXY: return EDDY_HTTP_PROXY;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_USE_SSL_FAILED: return EDDY_HTTP_TLS;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_HTTP3: return EDDY_HTTP_PROTOCOL;
    case CURLE_PARTIAL_FILE: return EDDY_HTTP_PARTIAL;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: return EDDY_HTTP_DISCONNECTED;
    case CURLE_FILESIZE_EXCEEDED: return EDDY_HTTP_TOO_LARGE;
    case CURLE_TOO_MANY_REDIRECTS: return EDDY_HTTP_TOO_MANY_REDIRECTS;
    case CURLE_BAD_CONTENT_ENCODING: return EDDY_HTTP_DECODE;
    case CURLE_WRITE_ERROR:
    case CURLE_READ_ERROR:
    case CURLE_ABORTED_BY_CALLBACK: return EDDY_HTTP_ABORTED;
    default: return EDDY_HTTP_FAILED;
    }
}

/* A transfer and the task that waits for it. */
struct performance {
    struct curl_job job;    // first: the callback casts it back
    eddy_semaphore ended;
    bool has_ended;
};

static void on_done(struct curl_job *job)
{
    struct performance *it = (struct performance *)job;
    it->has_ended = true;
    eddy_semaphore_release(&it->ended);
}

static int outcome(const struct performance *it)
{
    CURLcode code = it->job.result;
    int status = eddy_curl_status(code);
    if (status == 0)
        return 0;
    long number = 0;
    curl_easy_getinfo(it->job.easy, CURLINFO_OS_ERRNO, &number);
    if (number != 0)
        return eddy_fail(status, "%s (%s)", curl_easy_strerror(code), eddy_strerror(-(int)number));
    return eddy_fail(status, "%s", curl_easy_strerror(code));
}

static int perform(struct curl_engine *engine, CURL *easy)
{
    struct performance it = {
        .job = {.easy = easy, .done = on_done},
        .ended = EDDY_SEMAPHORE(0),
    };
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    EDDY_TRY(eddy__curl_job_start(engine, &it.job));
    int rc = eddy_semaphore_acquire(&it.ended);
    if (rc < 0) {
        eddy__curl_job_stop(engine, &it.job);
        return rc;
    }
    return outcome(&it);
}

int eddy_curl_perform(CURL *easy)
{
    struct curl_engine *engine;
    if (!easy || !eddy_current_task())
        return eddy_fail(EDDY_EMISUSE, "eddy_curl_perform: %s",
                         easy ? "called outside a task" : "the handle is NULL");
    EDDY_TRY(eddy__curl_engine_get(&engine));
    int rc = perform(engine, easy);
    eddy__curl_engine_unref(engine);
    return rc;
}
