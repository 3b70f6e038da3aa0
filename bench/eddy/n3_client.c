/* SPDX-License-Identifier: MIT */
/* N3: N GETs of a small document, AT_ONCE at a time, over kept-alive connections.
   usage: n3_client PORT N AT_ONCE; over TLS if CAFILE names whom to trust */
#include <eddy.h>
#include <eddy/http_client.h>

#include "figures.h"

struct job {
    eddy_http_session *session;
    const char *scheme;
    long port, next, count;
};

static int get_one(struct job *job)
{
    char url[64];
    snprintf(url, sizeof url, "%s://127.0.0.1:%ld/people/%ld/", job->scheme, job->port,
             job->next++);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EDDY_TRY(eddy_http_session_get(job->session, url, NULL, &response));
    if (eddy_http_response_status(response) != 200 || eddy_http_response_body(response).size < 500)
        return eddy_fail(EDDY_EVALUE, "%s: not the document", url);
    return 0;
}

EDDY_ASYNC(work, (struct job *, job))
{
    while (job->next < job->count)
        EDDY_TRY(get_one(job));
    return 0;
}

EDDY_ASYNC(app, (long, port), (long, count), (long, at_once))
{
    EDDY_AUTO(eddy_http_session) *session = NULL;
    const char *cafile = getenv("CAFILE");
    EDDY_TRY(eddy_http_session_new(&(eddy_http_session_options){
        .connections_max = (unsigned)at_once,
        .cacert = cafile,
    }, &session));
    struct job job = {session, cafile ? "https" : "http", port, 0, count};

    struct watch watch = watch_start();
    eddy_coroutine *workers[at_once];
    for (long i = 0; i < at_once; i++)
        workers[i] = eddy_coro(work, &job);
    EDDY_TRY(eddy_gather_all(workers, (size_t)at_once));
    struct watch took = watch_read(watch);
    printf("per_s=%.0f cpu_us_per_op=%.2f rss_kb=%ld\n", (double)count / took.wall,
           took.cpu * 1e6 / (double)count, status_kb("VmHWM:"));
    return 0;
}

int main(int argc, char **argv)
{
    return eddy_main(eddy_coro(app, argument(argc, argv, 1, 8080), argument(argc, argv, 2, 50000),
                               argument(argc, argv, 3, 100)));
}
