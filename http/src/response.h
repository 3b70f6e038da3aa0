/* SPDX-License-Identifier: MIT */
/*
 * response.h: a response while it arrives, and the functions through which transports fill it.
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
    HTTP_FETCH_AHEAD_MAX = 64 * 1024,    // bytes of a streamed body that are buffered unread
};

/*
 * The session creates a response, its transport fills it, and the caller reads it. It is recycled
 * together with the memory of its head and of a small body, so requests soon allocate none of them.
 */
struct eddy_http_response {
    eddy_http_session *session;       // one reference
    eddy_http_response *next_free;    // in the session's list of spare responses

    /* Used by the session: the exchange that this response belongs to. */
    struct http_origin *origin;    // one reference; its slot is held while has_slots
    bool has_slots;                // holds a session slot and, if limited, an origin slot
    bool is_open;                  // the transport works on it: `channel` is valid
    bool is_streamed;              // the body is buffered for eddy_http_response_read()
    bool is_bodiless;              // the request was a HEAD
    bool is_reading;               // a task is inside eddy_http_response_read()
    bool follows_redirects;        // a redirect is not returned to the caller
    bool is_discarded;             // it is a redirect that is followed: its body is ignored
    double discard_until;          // eddy_time() at which reading its body is abandoned
    int outcome;                   // of a streamed body: 0, or why it ended early
    double began;                  // eddy_time() when it got its slots
    double deadline;               // for the whole exchange, by eddy_time()
    double read_timeout;
    const struct http_transport *transport;    // the one that carries it
    void *channel;                             // the transport's private data

    int status;
    int version;    // 10, 11, 20
    int redirect_count;
    eddy_http_url *url;    // the URL of the request
    eddy_http_timings timings;

    char *head;    // names and values, each zero-terminated
    size_t head_size, head_capacity;
    eddy_http_header *fields;    // pointers into `head`
    size_t field_count, field_capacity;
    bool is_head_too_large;
    bool has_message;         // the error message about the size has been set
    bool is_head_complete;    // further lines are trailers, and dropped

    char *body;
    size_t body_start;    // streamed: bytes before it have been read
    size_t body_size;     // counted from body_start
    size_t body_capacity;
    size_t body_max;        // the limit on body_total
    uint64_t body_total;    // all bytes received, decoded

    struct http_decoder *decoder;    // NULL: the body is not encoded
    char *raw;                       // streamed: received bytes that are not decoded yet
    size_t raw_size;
    uint64_t raw_total;    // all bytes received, before decoding
};

/* Returns a response for `session`, recycled or new; NULL if memory is out. */
eddy_http_response *eddy__http_response_new(eddy_http_session *session);

/* Frees the memory. The exchange must have been closed and the slots released before. */
void eddy__http_response_destroy(eddy_http_response *response);

/* Discards what has arrived, because another response replaces it, for instance on a redirect. */
void eddy__http_response_clear(eddy_http_response *response);

/*
 * Takes a line of the head: the status line, a field, or the empty line. A status line starts
 * the head over, so that interim responses (100, 103) leave nothing behind.
 *
 * Returns 1 when the head of the final response is complete, 0 when it is not, EDDY_HTTP_TOO_LARGE
 * (also when the length that the head announces is above the limit), EDDY_HTTP_DECODE when the body
 * has too many codings, EDDY_HTTP_PROTOCOL or -ENOMEM.
 */
int eddy__http_response_line(eddy_http_response *response, const char *line, size_t size);

/* The same for lines that are parsed already: status line, field, empty line. */
void eddy__http_response_begin(eddy_http_response *response, int version, int status);
int eddy__http_response_field(eddy_http_response *response, eddy_span name, eddy_span value);
int eddy__http_response_end_head(eddy_http_response *response);

/* Whether a body can follow. The answer to a HEAD, and a 304, announce a body but send none. */
bool eddy__http_response_has_body(const eddy_http_response *response);

/*
 * Takes the next bytes of the body and decodes them. For a streamed body it decodes only what fits
 * the buffer and keeps the rest in `raw`. 0, EDDY_HTTP_TOO_LARGE, EDDY_HTTP_DECODE, -ENOMEM.
 */
int eddy__http_response_receive(eddy_http_response *response, const char *data, size_t size);

/* Decodes more of `raw` after the reader has emptied the buffer. The same errors. */
int eddy__http_response_decode_more(eddy_http_response *response);

/* Ends the body. 0, or EDDY_HTTP_PARTIAL if its coding is not complete. */
int eddy__http_response_finish(const eddy_http_response *response);

/* Returns `status` and sets a message if it is one of the errors above. Call it in a task. */
int eddy__http_response_explain(const eddy_http_response *response, int status);

/* Whether the buffer of a streamed body has room for `size` more bytes. */
bool eddy__http_response_has_room(const eddy_http_response *response, size_t size);

/* Moves at most `size` buffered bytes of the body to `buf`. Returns their number. */
size_t eddy__http_response_take(eddy_http_response *response, void *buf, size_t size);

/* --- session_redirect.c ----------------------------------------------------------------------- */

/* The Location of a redirect that is followed; NULL for any other response. */
const char *eddy__http_response_location(const eddy_http_response *response);

/* Sets the limits on reading the body of such a redirect, once its head is complete. */
void eddy__http_response_begin_discarding(eddy_http_response *response);

/* Whether the transport stops at this point and leaves the body to the reader. */
static inline bool eddy__http_response_is_for_reader(const eddy_http_response *response)
{
    return response->is_streamed && response->is_head_complete && !response->is_discarded;
}

/* Counts `size` bytes of a discarded body. 0, or EDDY_HTTP_TOO_LARGE: stop reading it. */
int eddy__http_response_discard(eddy_http_response *response, size_t size);

/* --- Between response.c and response_body.c --------------------------------------------------- */

/* Reserves room for a body of `size` bytes and its terminating zero. 0 or -ENOMEM. */
int eddy__http_response_reserve(eddy_http_response *response, size_t size);

/* Sets up decoding once the head is complete. 0, EDDY_HTTP_DECODE, -ENOMEM. */
int eddy__http_response_begin_decoding(eddy_http_response *response);
void eddy__http_response_end_decoding(eddy_http_response *response);

#endif
