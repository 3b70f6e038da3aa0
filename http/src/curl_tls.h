/* SPDX-License-Identifier: MIT */
/*
 * curl_tls.h: calls OpenSSL below libcurl. With another TLS library below libcurl it knows nothing.
 */
#ifndef EDDY_HTTP_CURL_TLS_H
#define EDDY_HTTP_CURL_TLS_H

#include <stdbool.h>

#include <curl/curl.h>

struct curl_channel;

/*
 * Makes OpenSSL verify the server's certificate for the host of the channel's request, by its
 * subjectAltName alone: libcurl falls back to the common name (against RFC 9525).
 */
void eddy__curl_expect_host(CURL *easy, struct curl_channel *channel);

/* The host to verify; NULL if none must be, or the peer is a proxy. In curl_transport.c. */
const char *eddy__curl_host_of(const struct curl_channel *channel);

/* Whether the connected transfer uses HTTP/2; true if that is unknown. */
bool eddy__curl_has_http2(CURL *easy);

#endif
