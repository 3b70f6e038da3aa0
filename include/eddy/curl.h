/* SPDX-License-Identifier: MIT */
/*
 * curl.h: performing transfers of libcurl's easy interface in tasks.
 *
 *     CURL *easy = curl_easy_init();
 *     curl_easy_setopt(easy, CURLOPT_URL, "https://example.org/");
 *     int rc = eddy_curl_perform(easy);           // other tasks run meanwhile
 *     curl_easy_cleanup(easy);
 *
 * For programs that use libcurl already or need one of its many options and protocols. For plain
 * HTTP requests, http_client.h needs less code and does more.
 */
#ifndef EDDY_CURL_H
#define EDDY_CURL_H

#include <curl/curl.h>

#include <eddy/api.h>
#include <eddy/http_error.h>

EDDY_BEGIN_DECLS

/*
 * Performs the transfer that `easy` describes, as curl_easy_perform() does, but suspends only the
 * calling task. Transfers of one loop share connections, resolved names and TLS sessions.
 *
 * `easy` is borrowed until the call returns, and may be used by one task at a time. Its callbacks
 * run on the loop's thread, outside any task. They must not suspend (functions that would suspend
 * return EDDY_EMISUSE), and should be quick: nothing else runs meanwhile. The call sets
 * CURLOPT_NOSIGNAL and CURLOPT_QUICK_EXIT in it, and leaves them set.
 *
 * Returns 0, or
 *   EDDY_CANCELLED  the task was cancelled, or the limit of a scope around the call passed; the
 *                   transfer has been removed, and its connection closed,
 *   EDDY_TIMEDOUT   a limit set by CURLOPT_TIMEOUT_MS or a similar option passed,
 *   -EBUSY          another task is already performing it,
 *   EDDY_EMISUSE    called outside a task, or with NULL,
 *   -ENOMEM, or a code of http_error.h, as eddy_curl_status() maps libcurl's, with libcurl's
 *                   text as its message (CURLOPT_ERRORBUFFER has more details).
 */
EDDY_API EDDY_SUSPENDS int eddy_curl_perform(CURL *easy);

/* Returns the status that corresponds to a libcurl code; 0 for CURLE_OK. */
EDDY_API int eddy_curl_status(CURLcode code);

EDDY_END_DECLS

#endif
