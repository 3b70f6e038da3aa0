/* SPDX-License-Identifier: MIT */
/*
 * curl_tls.h: calls OpenSSL below libcurl. It knows nothing about a libcurl with another TLS library.
 */
#ifndef EDDY_HTTP_CURL_TLS_H
#define EDDY_HTTP_CURL_TLS_H

#include <stdbool.h>

#include <curl/curl.h>

struct curl_channel;

/*
 * Has the server's certificate verified for the host of the channel's request, by its
 * subjectAltName alone: libcurl falls back to the common name (against RFC 9525).
 */
void eddy__curl_expect_host(CURL *easy, struct curl_channel *channel);

/* The host to verify; NULL if none is to be, or the connection is to a proxy; curl_transport.c. */
const char *eddy__curl_host_of(const struct curl_channel *channel);

/* Whether the transfer's connection speaks HTTP/2, as far as is known. It is connected. */
bool eddy__curl_has_http2(CURL *easy);

#endif
