/* SPDX-License-Identifier: MIT */
/*
 * test_server_wire.h: the other end of a server's connection, in bytes.
 *
 *     struct wire wire;
 *     wire_open(&wire, &(eddy_http_server_options){.handler = hello});
 *     wire_send(&wire, "GET / HTTP/1.0\r\n\r\n");
 *     EXPECT(wire_has(wire_read_all(&wire), "\r\n\r\nhello"));
 *     wire_close(&wire);
 *
 * A socket pair, so nothing but the kernel lies between the test and the server. The texts that are
 * returned live until the next read.
 */
#ifndef EDDY_TEST_SERVER_WIRE_H
#define EDDY_TEST_SERVER_WIRE_H

#include <stdlib.h>
#include <string.h>

#include <eddy/http_server.h>

#include "harness.h"

enum { WIRE_SIZE_MAX = 1024 * 1024 };

struct wire {
    eddy_http_server *server;
    eddy_stream *stream;
    char *got;    // with a zero behind it
    size_t size;
};

/* A second connection to the same server: `server` is set, and stays the other wire's. */
static void wire_connect(struct wire *wire)
{
    eddy_stream *theirs;
    wire->got = calloc(1, WIRE_SIZE_MAX + 1);
    EXPECT_EQ(eddy_stream_pair(NULL, &wire->stream, &theirs), 0);
    EXPECT_EQ(eddy_http_server_adopt(wire->server, theirs), 0);
}

static void wire_disconnect(struct wire *wire)
{
    eddy_stream_free(wire->stream);
    free(wire->got);
}

static void wire_open(struct wire *wire, const eddy_http_server_options *options)
{
    *wire = (struct wire){0};
    EXPECT_EQ(eddy_http_server_open(options, &wire->server), 0);
    wire_connect(wire);
}

static void wire_close(struct wire *wire)
{
    wire_disconnect(wire);
    EXPECT_EQ(eddy_http_server_shutdown(wire->server, 5), 0);
    EXPECT_EQ(eddy_http_server_connection_count(wire->server), 0);
    eddy_http_server_free(wire->server);
}

__attribute__((unused)) static void wire_send_bytes(struct wire *wire, const char *data,
                                                    size_t size)
{
    EXPECT_EQ(eddy_stream_write(wire->stream, data, size), 0);
}

__attribute__((unused)) static void wire_send(struct wire *wire, const char *text)
{
    wire_send_bytes(wire, text, strlen(text));
}

__attribute__((unused)) static bool wire_has(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        return true;
    fprintf(stderr, "# looked for \"%s\" in:\n%s\n", part, text);
    return false;
}

__attribute__((unused)) static bool wire_begins(const char *text, const char *start)
{
    if (strncmp(text, start, strlen(start)) == 0)
        return true;
    fprintf(stderr, "# looked for \"%s\" at the start of:\n%s\n", start, text);
    return false;
}

/* Reads up to the end of the stream. */
__attribute__((unused)) static const char *wire_read_all(struct wire *wire)
{
    ssize_t n;
    wire->size = 0;
    while ((n = eddy_stream_read(wire->stream, wire->got + wire->size,
                                 WIRE_SIZE_MAX - wire->size)) > 0)
        wire->size += (size_t)n;
    wire->got[wire->size] = '\0';
    return wire->got;
}

/* Reads until the text ends with `ending`, or the stream ends. */
__attribute__((unused)) static const char *wire_read_to(struct wire *wire, const char *ending)
{
    size_t size = strlen(ending);
    wire->size = 0;
    do {
        ssize_t n = eddy_stream_read(wire->stream, wire->got + wire->size, 1);
        if (n <= 0)
            break;
        wire->size++;
    } while (wire->size < size || memcmp(wire->got + wire->size - size, ending, size) != 0);
    wire->got[wire->size] = '\0';
    return wire->got;
}

/* What comes back for these bytes until the server closes; the client ends its side at once. */
__attribute__((unused)) static const char *wire_exchange(struct wire *wire, const char *text)
{
    wire_send(wire, text);
    EXPECT_EQ(eddy_stream_shutdown(wire->stream), 0);
    return wire_read_all(wire);
}

/* How often `part` is found in `text`. */
__attribute__((unused)) static int wire_count(const char *text, const char *part)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
        n++;
    return n;
}

#endif
