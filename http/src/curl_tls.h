/* SPDX-License-Identifier: MIT */
/*
 * curl_tls.h: what is asked of OpenSSL below libcurl. Of a libcurl over another library nothing is
 * known here.
 */
#ifndef EDDY_HTTP_CURL_TLS_H
#define EDDY_HTTP_CURL_TLS_H

#include <stdbool.h>

#include <curl/curl.h>

/* Whether the transfer's connection speaks HTTP/2, as far as is known. It is connected. */
bool eddy__curl_has_http2(CURL *easy);

#endif
