/* SPDX-License-Identifier: MIT */
/*
 * response.h: the response while it arrives: what transports put into it.
 */
#ifndef EDDY_HTTP_RESPONSE_H
#define EDDY_HTTP_RESPONSE_H

#include <eddy/http_client.h>

struct http_origin;

enum {
    HTTP_HEAD_MAX = 256 * 1024,          // bytes of a head, all lines together
    HTTP_FETCH_AHEAD_MAX = 64 * 1024,    // bytes of a streamed body that wait for their reader
};

/*
 * Made by the session, filled by its transport, read by the caller. It is recycled with the memory
 * of its head and of a small body, so a request in the long run allocates none of them.
 */
struct eddy_http_response {
    eddy_http_session *session;       // one reference
    eddy_http_response *next_free;    // in the session's list of spare ones

    /* Of the session: the exchange that this response belongs to. */
    struct http_origin *origin;    // one reference; whose slot is held, while has_slots
    bool has_slots;                // one of the session's and, if limited, one of the origin's
    bool is_open;                  // the transport works for it: `channel` is valid
    bool is_streamed;              // the body waits here for eddy_http_response_read()
    bool is_bodiless;              // the request was a HEAD
    bool is_reading;               // a task is inside eddy_http_response_read()
    int outcome;                   // of a streamed body: 0, or why it ended early
    double began;                  // eddy_time() when it had its slots
    double deadline;               // for the whole of it, by eddy_time()
    double read_timeout;
    void *channel;    // the transport's own

    int status;
    int version;    // 10, 11, 20
    int redirect_count;
    char *url;
    eddy_http_timings timings;

    char *head;    // names and values, each with a zero behind it
    size_t head_size, head_capacity;
    eddy_http_header *fields;    // they point into `head`
    size_t field_count, field_capacity;
    bool is_head_complete;    // lines that follow are trailers, and dropped

    char *body;
    size_t body_start;    // streamed: what lies before it has been read
    size_t body_size;     // from body_start on
    size_t body_capacity;
    size_t body_max;        // of body_total
    uint64_t body_total;    // bytes that ever arrived
};

/* One for `session`, recycled or new; NULL without memory. */
eddy_http_response *eddy__http_response_new(eddy_http_session *session);

/* Frees the memory; what is open has been closed, what is held has been given back. */
void eddy__http_response_destroy(eddy_http_response *response);

/* Forgets what has arrived so far: another response takes its place, after a redirect say. */
void eddy__http_response_clear(eddy_http_response *response);

/*
 * Takes a line of the head: the status line, a field, or the empty line. A status line begins
 * anew, so that interim responses (100, 103) leave nothing behind.
 *
 * Returns 1 when the head of the final response is complete, 0 when it is not, EDDY_HTTP_TOO_LARGE
 * (also when the length that the head announces is above the limit), EDDY_HTTP_PROTOCOL or -ENOMEM.
 */
int eddy__http_response_line(eddy_http_response *response, const char *line, size_t size);

/* Takes bytes of the body, decoded. 0, EDDY_HTTP_TOO_LARGE, -ENOMEM. */
int eddy__http_response_append(eddy_http_response *response, const char *data, size_t size);

/* Whether a streamed body has room for `size` more. */
bool eddy__http_response_has_room(const eddy_http_response *response, size_t size);

/* Takes at most `size` bytes off the front of what waits for its reader; their number. */
size_t eddy__http_response_take(eddy_http_response *response, void *buf, size_t size);

#endif
