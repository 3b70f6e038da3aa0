/* SPDX-License-Identifier: MIT */
/*
 * curl_socket.c: records the sockets that libcurl has opened.
 *
 * A descriptor is recorded when it is opened, and removed when its number is opened again, or when
 * it is found to be a different socket. So a lookup relies only on what the kernel reports.
 *
 * Owns the list. Called by curl_transport.c through the engine.
 */
#include "curl_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include <eddy/alloc.h>

struct curl_socket {
    int fd;
    int own_port;    // 0: not queried yet
};

typedef int name_call(int fd, struct sockaddr *address, socklen_t *size);

/* Returns the port of one end, and stores its address as text; 0 if there is none. */
static int end_of(int fd, name_call *call, char text[INET6_ADDRSTRLEN])
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    text[0] = '\0';
    if (call(fd, (struct sockaddr *)&address, &size) < 0)
        return 0;
    if (address.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
        inet_ntop(AF_INET, &v4->sin_addr, text, INET6_ADDRSTRLEN);
        return ntohs(v4->sin_port);
    }
    if (address.ss_family != AF_INET6)
        return 0;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
    inet_ntop(AF_INET6, &v6->sin6_addr, text, INET6_ADDRSTRLEN);
    return ntohs(v6->sin6_port);
}

void eddy__curl_sockets_add(struct curl_sockets *sockets, int fd)
{
    size_t i = 0;
    while (i < sockets->count && sockets->items[i].fd != fd)
        i++;
    if (i == sockets->capacity) {
        size_t capacity = sockets->capacity ? sockets->capacity * 2 : 16;
        struct curl_socket *items = eddy_realloc(sockets->items, capacity * sizeof *items);
        if (!items)
            return;
        sockets->items = items;
        sockets->capacity = capacity;
    }
    if (i == sockets->count)
        sockets->count++;
    sockets->items[i] = (struct curl_socket){.fd = fd};
}

static bool is_between(int fd, int own_port, const char *peer, int peer_port)
{
    char text[INET6_ADDRSTRLEN];
    return end_of(fd, getsockname, text) == own_port &&
           end_of(fd, getpeername, text) == peer_port && strcmp(text, peer) == 0;
}

int eddy__curl_sockets_find(struct curl_sockets *sockets, int own_port, const char *peer,
                            int peer_port)
{
    for (size_t i = 0; i < sockets->count; i++) {
        struct curl_socket *at = &sockets->items[i];
        char text[INET6_ADDRSTRLEN];
        if (at->own_port == 0)
            at->own_port = end_of(at->fd, getsockname, text);
        if (at->own_port != own_port)
            continue;
        if (is_between(at->fd, own_port, peer, peer_port))
            return at->fd;
        at->own_port = 0;    // the descriptor or the port belongs to another socket now
    }
    return -1;
}

void eddy__curl_sockets_fini(struct curl_sockets *sockets)
{
    eddy_free(sockets->items);
    *sockets = (struct curl_sockets){0};
}
