/* SPDX-License-Identifier: MIT */
/*
 * bio.c: connects OpenSSL to the stream below.
 *
 * A read takes the bytes that have arrived, or asks for a retry. A write always succeeds, because
 * the stream queues. So nothing here waits, and OpenSSL never asks for a retry because of a write.
 */
#include "tls.h"

#include <errno.h>
#include <pthread.h>

#include <openssl/bio.h>

#include <eddy/stream_layer.h>

static int read_below(BIO *bio, char *buf, int size)
{
    struct tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t n = eddy_stream_receive_below(tls->stream, buf, (size_t)size);
    tls->has_ended = n == 0;
    if (n >= 0)
        return (int)n;
    if (n != -EAGAIN)
        tls->error = (int)n;
    BIO_set_retry_read(bio);    // after any error: a read that ran out of memory may be retried
    return -1;
}

static int write_below(BIO *bio, const char *data, int size)
{
    struct tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    int err = eddy_stream_send_below(tls->stream, data, (size_t)size);
    if (err == 0)
        return size;
    tls->error = err;
    return -1;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    const struct tls *tls = BIO_get_data(bio);
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return tls->has_ended;
    default: return 0;
    }
}

static BIO_METHOD *method;    // never freed

static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "eddy stream");
    if (!method)
        return;
    BIO_meth_set_read(method, read_below);
    BIO_meth_set_write(method, write_below);
    BIO_meth_set_ctrl(method, control);
}

BIO *eddy__tls_bio_new(struct tls *tls)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_method);
    BIO *bio = method ? BIO_new(method) : NULL;
    if (bio) {
        BIO_set_data(bio, tls);
        BIO_set_init(bio, 1);
    }
    return bio;
}
