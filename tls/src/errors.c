/* SPDX-License-Identifier: MIT */
/*
 * errors.c: converts OpenSSL's errors to statuses and messages; names the codes of <eddy/tls.h>.
 */
#include "tls.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

/* --- Names ------------------------------------------------------------------------------------ */

static const char *name_of(int status)
{
    switch (status) {
    case EDDY_TLS_FAILED: return "TLS failed";
    case EDDY_TLS_CERTIFICATE: return "certificate not trusted";
    case EDDY_TLS_EOF: return "ended without saying so";
    default: return NULL;
    }
}

static void register_names(void)
{
    // If memory is out, the codes stay numbers; that is no reason to refuse connections.
    EDDY_IGNORE(eddy_error_register(EDDY_ERROR_TLS, EDDY_ERROR_TLS - 199, name_of));
}

void eddy__tls_errors_register(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_names);
}

/* --- OpenSSL's errors ------------------------------------------------------------------------- */

/* The text of an entry of OpenSSL's error queue. */
static const char *reason_of(unsigned long entry)
{
    const char *reason = ERR_reason_error_string(entry);
    return reason ? reason : "no reason is given";
}

int eddy__tls_fail(const char *what, const char *which)
{
    // The first entry is the cause; later entries are the calls it passed through.
    unsigned long entry = ERR_get_error();
    ERR_clear_error();
    if (ERR_SYSTEM_ERROR(entry)) {
        int err = -ERR_GET_REASON(entry);
        return eddy_fail(err, "%s %s: %s", what, which, strerror(-err));
    }
    if (ERR_GET_REASON(entry) == ERR_R_MALLOC_FAILURE)
        return -ENOMEM;
    return eddy_fail(EDDY_TLS_FAILED, "%s %s: %s", what, which, reason_of(entry));
}

static int certificate_error(const struct tls *tls, long result)
{
    return eddy_fail(EDDY_TLS_CERTIFICATE, "the certificate of %s is not trusted: %s",
                     tls->peer ? tls->peer : "the peer", X509_verify_cert_error_string(result));
}

static int protocol_error(struct tls *tls, const char *what)
{
    unsigned long entry = ERR_peek_last_error();
    long result = SSL_get_verify_result(tls->ssl);
    tls->is_broken = true;
    if (tls->has_ended)
        return eddy_fail(EDDY_TLS_EOF, "%s: the peer ended the connection without saying so", what);
    if (ERR_GET_REASON(entry) == SSL_R_CERTIFICATE_VERIFY_FAILED && result != X509_V_OK)
        return certificate_error(tls, result);
    if (ERR_GET_REASON(entry) == ERR_R_MALLOC_FAILURE)
        return -ENOMEM;
    return eddy_fail(EDDY_TLS_FAILED, "%s: %s", what, reason_of(entry));
}

int eddy__tls_outcome(struct tls *tls, int n, const char *what)
{
    int err = tls->error;
    if (err == 0) {
        switch (SSL_get_error(tls->ssl, n)) {
        case SSL_ERROR_WANT_READ: err = -EAGAIN; break;
        case SSL_ERROR_ZERO_RETURN: break;
        default: err = protocol_error(tls, what);
        }
    }
    ERR_clear_error();
    return err;
}
