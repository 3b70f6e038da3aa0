/* SPDX-License-Identifier: MIT */
/*
 * response.h: the response while it arrives: what transports put into it.
 */
#ifndef EDDY_HTTP_RESPONSE_H
#define EDDY_HTTP_RESPONSE_H

#include <eddy/http_client.h>
#include <eddy/http_url.h>

struct http_decoder;
struct http_origin;
struct http_transport;

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
    bool follows_redirects;        // a redirect is not handed to the caller
    bool is_discarded;             // it is a redirect that is followed: its body does not count
    double discard_until;          // eddy_time() when its body is given up
    int outcome;                   // of a streamed body: 0, or why it ended early
    double began;                  // eddy_time() when it had its slots
    double deadline;               // for the whole of it, by eddy_time()
    double read_timeout;
    const struct http_transport *transport;    // that carries it
    void *channel;                             // the transport's own

    int status;
    int version;    // 10, 11, 20
    int redirect_count;
    eddy_http_url *url;    // that it answers
    eddy_http_timings timings;

    char *head;    // names and values, each with a zero behind it
    size_t head_size, head_capacity;
    eddy_http_header *fields;    // they point into `head`
    size_t field_count, field_capacity;
    bool is_head_too_large;
    bool has_message;         // what is too large has been said
    bool is_head_complete;    // lines that follow are trailers, and dropped

    char *body;
    size_t body_start;    // streamed: what lies before it has been read
    size_t body_size;     // from body_start on
    size_t body_capacity;
    size_t body_max;        // of body_total
    uint64_t body_total;    // bytes that ever arrived, decoded

    struct http_decoder *decoder;    // NULL: the body comes as it is
    char *raw;                       // streamed: came already, waits to be decoded
    size_t raw_size;
    uint64_t raw_total;    // bytes that ever came, before they are decoded
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
 * (also when the length that the head announces is above the limit), EDDY_HTTP_DECODE when the body
 * has too many codings, EDDY_HTTP_PROTOCOL or -ENOMEM.
 */
int eddy__http_response_line(eddy_http_response *response, const char *line, size_t size);

/* The same for what somebody has taken apart already: status line, field, empty line. */
void eddy__http_response_begin(eddy_http_response *response, int version, int status);
int eddy__http_response_field(eddy_http_response *response, eddy_span name, eddy_span value);
int eddy__http_response_end_head(eddy_http_response *response);

/* Whether a body can follow. The answer to a HEAD, and a 304, announce what they don't send. */
bool eddy__http_response_has_body(const eddy_http_response *response);

/*
 * Takes bytes of the body as they come, and decodes them. Of a streamed one no more is decoded than
 * there is room for; the rest is kept. 0, EDDY_HTTP_TOO_LARGE, EDDY_HTTP_DECODE, -ENOMEM.
 */
int eddy__http_response_receive(eddy_http_response *response, const char *data, size_t size);

/* Decodes more of what was kept, when the reader has taken the rest. The same errors. */
int eddy__http_response_decode_more(eddy_http_response *response);

/* No more of the body will come: 0, or EDDY_HTTP_PARTIAL if its coding says that more should. */
int eddy__http_response_finish(const eddy_http_response *response);

/* `status` with a sentence about it, if it is one of those above. In a task. */
int eddy__http_response_explain(const eddy_http_response *response, int status);

/* Whether a streamed body has room for `size` more. */
bool eddy__http_response_has_room(const eddy_http_response *response, size_t size);

/* Takes at most `size` bytes off the front of what waits for its reader; their number. */
size_t eddy__http_response_take(eddy_http_response *response, void *buf, size_t size);

/* --- session_redirect.c ----------------------------------------------------------------------- */

/* The Location of a redirect that is followed; NULL for any other response. */
const char *eddy__http_response_location(const eddy_http_response *response);

/* The head of such a redirect is complete: sets the limits on reading its body. */
void eddy__http_response_begin_discarding(eddy_http_response *response);

/* Whether the transport stops here, and leaves the body to the reader. */
static inline bool eddy__http_response_is_for_reader(const eddy_http_response *response)
{
    return response->is_streamed && response->is_head_complete && !response->is_discarded;
}

/* Counts `size` bytes of that body. 0, or EDDY_HTTP_TOO_LARGE: no more of it is read. */
int eddy__http_response_discard(eddy_http_response *response, size_t size);

/* --- Between response.c and response_body.c --------------------------------------------------- */

/* Room for a body of `size` bytes and the zero behind it. 0 or -ENOMEM. */
int eddy__http_response_reserve(eddy_http_response *response, size_t size);

/* The head is whole: finds out how the body is encoded. 0, EDDY_HTTP_DECODE, -ENOMEM. */
int eddy__http_response_begin_decoding(eddy_http_response *response);
void eddy__http_response_end_decoding(eddy_http_response *response);

#endif
