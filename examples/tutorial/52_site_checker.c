/* SPDX-License-Identifier: MIT */
/*
 * 52_site_checker.c: asks several sites at once for their status, and prints each as it comes.
 *
 *     cc 52_site_checker.c $(pkg-config --cflags --libs eddy-http) -o 52
 *     ./52 URL...
 */
#include <eddy.h>
#include <eddy/http_client.h>

#include <stdio.h>

enum { SITES_MAX = 32 };

EDDY_ASYNC(check, (eddy_http_session *, session), (const char *, url))
{
    EDDY_AUTO(eddy_http_response) *response = NULL;
    int rc = eddy_http_session_get(session, url, NULL, &response);
    if (rc == EDDY_CANCELLED)
        return rc;
    if (rc < 0)
        printf("%s: %s\n", url, eddy_strerror(rc)); // one bad site does not end the others
    else
        printf("%s: status -> %d\n", url, eddy_http_response_status(response));
    return 0;
}

EDDY_ASYNC(app, (int, count), (char **, urls))
{
    EDDY_AUTO(eddy_http_session) *session = NULL;
    EDDY_TRY(eddy_http_session_new(NULL, &session));
    eddy_coroutine *checks[SITES_MAX];
    for (int i = 0; i < count; i++)
        checks[i] = eddy_coro(check, session, urls[i]);
    return eddy_gather_all(checks, (size_t)count);
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc - 1 > SITES_MAX) {
        fprintf(stderr, "usage: 52_site_checker URL... (%d at most)\n", SITES_MAX);
        return 2;
    }
    return eddy_main(eddy_coro(app, argc - 1, argv + 1));
}
