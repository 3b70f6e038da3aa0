/* SPDX-License-Identifier: MIT */
/*
 * curl_tls.c: what is asked of OpenSSL below libcurl.
 *
 * Owns nothing. Called by curl_transport.c.
 */
#include "curl_tls.h"

#include <string.h>

#include <openssl/ssl.h>

/* The connection's own, if it is over TLS by OpenSSL. */
static SSL *ssl_of(CURL *easy, bool *out_is_unknown)
{
    struct curl_tlssessioninfo *info = NULL;
    *out_is_unknown = false;
    if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || !info)
        return NULL;
    if (info->backend == CURLSSLBACKEND_OPENSSL)
        return info->internals;
    *out_is_unknown = info->backend != CURLSSLBACKEND_NONE && info->internals;
    return NULL;
}

bool eddy__curl_has_http2(CURL *easy)
{
    bool is_unknown;
    const unsigned char *protocol = NULL;
    unsigned size = 0;
    const SSL *ssl = ssl_of(easy, &is_unknown);
    if (!ssl)
        return is_unknown;
    SSL_get0_alpn_selected(ssl, &protocol, &size);
    return size == 2 && memcmp(protocol, "h2", 2) == 0;
}
