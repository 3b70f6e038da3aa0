/* SPDX-License-Identifier: MIT */
/*
 * curl_socket.h: the sockets that libcurl has opened, and which of them a transfer uses.
 *
 * libcurl 7.88 reports the socket of a transfer only afterwards (CURLINFO_ACTIVESOCKET). Before the
 * request is sent it reports the addresses of both ends, and the socket is found by these.
 */
#ifndef EDDY_HTTP_CURL_SOCKET_H
#define EDDY_HTTP_CURL_SOCKET_H

#include <stddef.h>

#include <curl/curl.h>

struct curl_socket;

struct curl_sockets {
    struct curl_socket *items;
    size_t count, capacity;
};

/* Records a socket that was just opened. If memory is out, it can't be found later. */
void eddy__curl_sockets_add(struct curl_sockets *sockets, int fd);

/* Returns the socket between these ports with the peer address `peer`; -1 if none is known. */
int eddy__curl_sockets_find(struct curl_sockets *sockets, int own_port, const char *peer,
                            int peer_port);

void eddy__curl_sockets_fini(struct curl_sockets *sockets);

#endif
