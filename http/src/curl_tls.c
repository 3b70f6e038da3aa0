/* SPDX-License-Identifier: MIT */
/*
 * curl_tls.c: calls OpenSSL below libcurl.
 *
 * Owns nothing. Called by curl_transport.c.
 */
#include "curl_tls.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* Returns the connection's SSL if it uses TLS by OpenSSL, else NULL. */
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

/* Called before libcurl connects: makes OpenSSL verify the name before libcurl's own check. */
static CURLcode set_expectation(CURL *easy, void *context, void *data)
{
    const char *host = eddy__curl_host_of(data);
    (void)easy;
    if (!host)
        return CURLE_OK;
    X509_VERIFY_PARAM *expected = SSL_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                                  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    size_t size = strlen(host);
    if (size > 1 && host[size - 1] == '.')
        size--;    // the DNS root, which certificates leave out
    bool is_set = X509_VERIFY_PARAM_set1_ip_asc(expected, host) == 1 ||
                  X509_VERIFY_PARAM_set1_host(expected, host, size) == 1;
    ERR_clear_error();
    return is_set ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

void eddy__curl_expect_host(CURL *easy, struct curl_channel *channel)
{
    // A libcurl with another TLS library refuses this, and verifies in its own way.
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, set_expectation);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, channel);
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
