/* SPDX-License-Identifier: MIT */
/*
 * curl.h: libcurl's easy interface, awaited.
 *
 *     CURL *easy = curl_easy_init();
 *     curl_easy_setopt(easy, CURLOPT_URL, "https://example.org/");
 *     int rc = eddy_curl_perform(easy);           // other tasks run meanwhile
 *     curl_easy_cleanup(easy);
 *
 * For whoever has code for libcurl, or needs one of its many options and protocols. To fetch things
 * by HTTP, http_client.h says less and does more.
 */
#ifndef EDDY_CURL_H
#define EDDY_CURL_H

#include <curl/curl.h>

#include <eddy/api.h>
#include <eddy/http_error.h>

EDDY_BEGIN_DECLS

/*
 * Performs the transfer that `easy` describes, as curl_easy_perform() does, but suspends only the
 * calling task. Transfers of one loop share connections, names and TLS sessions.
 *
 * `easy` is borrowed until the call returns, and may be used by one task at a time. Its callbacks
 * run on the loop's thread, outside any task: they may not suspend (what would answers
 * EDDY_EMISUSE), and should be quick, for nothing else runs meanwhile. CURLOPT_NOSIGNAL and
 * CURLOPT_QUICK_EXIT are set in it, and stay set.
 *
 * Returns 0, or
 *   EDDY_CANCELLED  the task was cancelled, or the limit of a scope around the call passed; the
 *                   transfer has been removed, and its connection closed,
 *   EDDY_TIMEDOUT   a limit set by CURLOPT_TIMEOUT_MS and its like passed,
 *   -EBUSY          another task performs it already,
 *   EDDY_EMISUSE    called outside a task, or with NULL,
 *   -ENOMEM, or a code of http_error.h, as eddy_curl_status() maps libcurl's, with libcurl's
 *                   sentence as its message (CURLOPT_ERRORBUFFER knows more).
 */
EDDY_API EDDY_SUSPENDS int eddy_curl_perform(CURL *easy);

/* The status that stands for a code of libcurl; 0 for CURLE_OK. */
EDDY_API int eddy_curl_status(CURLcode code);

EDDY_END_DECLS

#endif
