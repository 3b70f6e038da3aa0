/* SPDX-License-Identifier: MIT */
/*
 * curl_transport.c: the transport that sends requests with libcurl.
 *
 * A channel is an easy handle with its callbacks and the task that waits for it. Channels are kept
 * for the next request with their options set: a plain GET only sets its URL. A request that sets
 * more marks the channel altered, and an altered channel is reset before it is kept.
 *
 *     on_connected --> on_head, line by line --> on_body, piece by piece --> on_done
 *
 * Invariants:
 *   - Callbacks copy and return; they never suspend. If the reader of a streamed body is slow,
 *     on_body pauses the transfer; resume(), called from the reader's task, continues it.
 *   - A callback that refuses (a limit, no memory) stores its reason in `failure`, and libcurl ends
 *     the transfer. The caller gets that reason, not libcurl's.
 *   - The waiting task is woken at the end of the transfer or, when streaming, for the head and for
 *     bytes. A wake may be spurious; the task checks its condition again.
 *   - Memory that a transfer refers to (header lists, a copied body) is freed only after the handle
 *     has left the engine and been reset.
 *   - A connection that has received bytes since its last response is not used: libcurl 7.88 would
 *     use it, so on_connected checks the socket before the request is sent. With HTTP/2, where
 *     frames may arrive at any time, libcurl tells them apart.
 *   - libcurl follows no redirect, keeps no cookie, decodes no body and limits only the time to
 *     connect: the session does the rest, in the same way for every transport.
 *
 * The read timeout needs no timer for each piece: the waiting task sleeps until the limit, checks
 * when bytes last arrived, and sleeps for the remaining time.
 */
#include "curl_channel.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <eddy/alloc.h>
#include <eddy/curl.h>
#include <eddy/task.h>
#include <eddy/timeout.h>

#include "curl_tls.h"
#include "idle.h"
#include "session_origin.h"

enum {
    NAMES_KEPT_SECONDS = 120,    // in libcurl's cache: longer than the session's answers are valid
    RESUME_BELOW = HTTP_FETCH_AHEAD_MAX / 2,
};

/* --- Waking and waiting ----------------------------------------------------------------------- */

static void wake(struct curl_channel *channel)
{
    if (!channel->is_awaited)
        return;
    channel->is_awaited = false;
    eddy_semaphore_release(&channel->wakeups);
}

static int sleep_until_woken(struct curl_channel *channel)
{
    channel->is_awaited = true;
    int rc = eddy_semaphore_acquire(&channel->wakeups);
    channel->is_awaited = false;
    return rc;
}

static bool has_sent_more(struct curl_channel *channel)
{
    curl_off_t before = channel->sent;
    curl_easy_getinfo(channel->job.easy, CURLINFO_SIZE_UPLOAD_T, &channel->sent);
    return channel->sent > before;
}

/* Sleeps once, until woken or until the read timeout has passed without bytes. 0 or an error. */
static int hear(struct curl_channel *channel)
{
    double limit = channel->response->read_timeout;
    if (isinf(limit) || (channel->waits_to_connect && !channel->is_connected))
        return sleep_until_woken(channel);
    EDDY_TRY(eddy_timeout_at_begin(channel->heard_at + limit));
    int rc = eddy_timeout_end(sleep_until_woken(channel));
    if (rc != EDDY_TIMEDOUT)
        return rc;
    if (!channel->is_connected) {
        channel->waits_to_connect = true;    // the time to connect has its own limit
        return 0;
    }
    if (channel->heard_at + limit > eddy_time())
        return 0;
    if (has_sent_more(channel)) {
        channel->heard_at = eddy_time();
        return 0;
    }
    return eddy_fail(EDDY_TIMEDOUT, "silence for %g s", limit);
}

static bool has_ended(const struct curl_channel *channel)
{
    return channel->has_ended;
}

static bool has_head(const struct curl_channel *channel)
{
    return channel->has_ended || eddy__http_response_is_for_reader(channel->response);
}

static bool has_bytes(const struct curl_channel *channel)
{
    return channel->has_ended || channel->response->body_size > 0;
}

static int wait_until(struct curl_channel *channel, bool (*holds)(const struct curl_channel *))
{
    channel->heard_at = eddy_time();    // the read timeout starts when a reader waits
    while (!holds(channel))
        EDDY_TRY(hear(channel));
    return 0;
}

/* --- libcurl's callbacks ---------------------------------------------------------------------- */

static int on_socket_opened(void *data, curl_socket_t fd, curlsocktype purpose)
{
    (void)purpose;
    eddy__curl_sockets_add(data, fd);
    return CURL_SOCKOPT_OK;
}

/* Whether the connection has carried another request, and is HTTP/1.1. */
static bool has_idled(const struct curl_channel *channel)
{
    long new_count = 1;
    curl_easy_getinfo(channel->job.easy, CURLINFO_NUM_CONNECTS, &new_count);
    return new_count == 0 && !eddy__curl_has_http2(channel->job.easy);
}

static int on_connected(void *data, char *peer, char *own, int peer_port, int own_port)
{
    struct curl_channel *channel = data;
    struct http_origin *origin = channel->response->origin;
    (void)own;
    channel->is_connected = true;
    channel->heard_at = eddy_time();
    channel->response->timings.connect = channel->heard_at - channel->response->began;
    if (channel->has_names)
        origin->loaded_generation = origin->generation;
    if (channel->waits_to_connect)
        wake(channel);
    if (!has_idled(channel))
        return CURL_PREREQFUNC_OK;
    channel->idle_fd = eddy__curl_sockets_find(channel->sockets, own_port, peer, peer_port);
    channel->is_stale = channel->idle_fd < 0 || !eddy__http_socket_is_quiet(channel->idle_fd);
    return channel->is_stale ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t refuse(struct curl_channel *channel, int failure)
{
    channel->failure = failure;
    return 0;
}

static size_t on_head(char *line, size_t unit, size_t size, void *data)
{
    struct curl_channel *channel = data;
    eddy_http_response *response = channel->response;
    (void)unit;
    if (response->status == 0) {
        if (channel->idle_fd >= 0 &&
            eddy__http_socket_is_premature(channel->idle_fd, 0, channel->request_body_size)) {
            channel->has_ended_idle = true;
            return 0;
        }
        channel->heard_at = eddy_time();
        response->timings.first_byte = channel->heard_at - response->began;
    }
    int rc = eddy__http_response_line(response, line, size);
    if (rc < 0)
        return refuse(channel, rc);
    if (rc > 0 && (response->is_streamed || response->is_discarded))
        wake(channel);    // on a redirect, the read timeout has changed
    return size;
}

static size_t on_body(char *data, size_t unit, size_t size, void *of_channel)
{
    struct curl_channel *channel = of_channel;
    eddy_http_response *response = channel->response;
    (void)unit;
    channel->heard_at = eddy_time();
    if (response->is_streamed && !eddy__http_response_has_room(response, size)) {
        channel->is_paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    int err = eddy__http_response_receive(response, data, size);
    if (err < 0)
        return refuse(channel, err);
    if (response->is_streamed)
        wake(channel);
    return size;
}

static void on_done(struct curl_job *job)
{
    struct curl_channel *channel = (struct curl_channel *)job;
    channel->has_ended = true;
    wake(channel);
}

/* --- Channels --------------------------------------------------------------------------------- */

const char *eddy__curl_host_of(const struct curl_channel *channel)
{
    const eddy_http_response *response = channel->response;
    const struct http_origin *origin = response->origin;
    // The same applies to the connection to a proxy over TLS, which has its own name.
    bool is_secure_proxy = origin->proxy && strncasecmp(origin->proxy, "https:", 6) == 0;
    return response->session->is_insecure || is_secure_proxy ? NULL : origin->authority.host;
}

static void trust(CURL *easy, const eddy_http_session *session)
{
    if (session->is_insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    // OpenSSL's defaults decide which authorities are trusted, as in Eddy's own transport.
    const char *file = session->cacert ? session->cacert : getenv("SSL_CERT_FILE");
    const char *folder = session->cacert ? NULL : getenv("SSL_CERT_DIR");
    if (file || folder) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, folder);
    }
}

/* Sets the options that every request of the session has. */
static void set_up(struct curl_channel *channel, const eddy_http_session *session)
{
    const struct curl_client *client = session->transport_data[HTTP_BY_CURL];
    CURL *easy = channel->job.easy;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);    // see curl_engine.c
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, channel);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, channel);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, channel);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket_opened);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, channel->sockets);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, channel->message);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)NAMES_KEPT_SECONDS);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");    // the session reads the environment
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, client->headers);
    trust(easy, session);
    eddy__curl_expect_host(easy, channel);
    channel->is_altered = channel->is_tls = false;
    channel->connect_timeout = 0.0;
}

static struct curl_channel *take_channel(const eddy_http_session *session)
{
    struct curl_client *client = session->transport_data[HTTP_BY_CURL];
    struct curl_channel *channel = client->spare;
    if (channel) {
        client->spare = channel->next;
        client->spare_count--;
        return channel;
    }
    channel = eddy_calloc(1, sizeof *channel);
    if (!channel)
        return NULL;
    channel->job.done = on_done;
    channel->sockets = eddy__curl_engine_sockets(client->engine);
    channel->job.easy = curl_easy_init();
    if (!channel->job.easy) {
        eddy_free(channel);
        return NULL;
    }
    set_up(channel, session);
    return channel;
}

static void destroy_channel(struct curl_channel *channel)
{
    curl_easy_cleanup(channel->job.easy);
    curl_slist_free_all(channel->headers);
    curl_slist_free_all(channel->names);
    eddy_free(channel);
}

static void give_channel_back(const eddy_http_session *session, struct curl_channel *channel)
{
    struct curl_client *client = session->transport_data[HTTP_BY_CURL];
    channel->response = NULL;
    if (client->spare_count >= session->connections_max) {
        destroy_channel(channel);
        return;
    }
    if (channel->is_altered) {
        curl_easy_reset(channel->job.easy);
        set_up(channel, session);
    } else {
        if (channel->has_cookie)
            curl_easy_setopt(channel->job.easy, CURLOPT_COOKIE, NULL);
        if (channel->has_names)
            curl_easy_setopt(channel->job.easy, CURLOPT_RESOLVE, NULL);
    }
    curl_slist_free_all(channel->headers);
    curl_slist_free_all(channel->names);
    channel->headers = channel->names = NULL;
    channel->has_cookie = channel->has_names = false;
    channel->next = client->spare;
    client->spare = channel;
    client->spare_count++;
}

/* --- The end of a transfer -------------------------------------------------------------------- */

/* Returns 0, or why the transfer ended early, with libcurl's message. */
static int outcome(const struct curl_channel *channel)
{
    CURLcode code = channel->job.result;
    int status = eddy_curl_status(code);
    if (channel->failure < 0)
        return channel->failure;
    if (status == 0)
        return 0;
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return eddy_fail(status, "the loop has ended");
    if (code == CURLE_UNSUPPORTED_PROTOCOL)
        status = EDDY_HTTP_PROTOCOL;    // the scheme was checked before, so it is HTTP/0.9
    const char *message = channel->message[0] ? channel->message : curl_easy_strerror(code);
    if (code == CURLE_HTTP2_STREAM || code == CURLE_HTTP2)
        status = EDDY_HTTP_DISCONNECTED;    // the stream was reset, or the connection closed
    if (status == EDDY_HTTP_DISCONNECTED && channel->response->is_head_complete)
        status = strstr(message, "chunked-encoding") ? EDDY_HTTP_PROTOCOL : EDDY_HTTP_PARTIAL;
    long number = 0;
    if (status == EDDY_HTTP_CONNECT)
        curl_easy_getinfo(channel->job.easy, CURLINFO_OS_ERRNO, &number);
    if (number != 0)
        return eddy_fail(status, "%s (%s)", message, eddy_strerror(-(int)number));
    return eddy_fail(status, "%s", message);
}

/* --- The transport ---------------------------------------------------------------------------- */

static int attach(eddy_http_session *session)
{
    struct curl_client *client = eddy_calloc(1, sizeof *client);
    if (!client)
        return -ENOMEM;
    int err = eddy__curl_engine_get(&client->engine);
    if (err < 0) {
        eddy_free(client);
        return err;
    }
    err = eddy__curl_append_fields(&client->headers, &session->fields);
    if (err < 0) {
        curl_slist_free_all(client->headers);
        eddy__curl_engine_unref(client->engine);
        eddy_free(client);
        return err;
    }
    eddy__curl_engine_keep(client->engine, (long)session->connections_max);
    session->transport_data[HTTP_BY_CURL] = client;
    return 0;
}

static void detach(eddy_http_session *session)
{
    struct curl_client *client = session->transport_data[HTTP_BY_CURL];
    while (client->spare) {
        struct curl_channel *channel = client->spare;
        client->spare = channel->next;
        destroy_channel(channel);
    }
    curl_slist_free_all(client->headers);
    eddy__curl_engine_unref(client->engine);
    eddy_free(client);
}

/* Whether "Connection: close" came with the response. */
static bool closes(const eddy_http_response *response)
{
    const char *value = eddy_http_response_header(response, "Connection");
    return value && strcasestr(value, "close");
}

/*
 * Whether the connection had been idle, and the bytes received don't answer the request: they were
 * sent before the server had it, are not HTTP, or are a load balancer's 408 that crossed it.
 */
static bool has_ended_idle(const struct curl_channel *channel, bool may_repeat)
{
    const eddy_http_response *response = channel->response;
    if (channel->has_ended_idle)
        return true;
    if (channel->idle_fd < 0 || !may_repeat || channel->failure < 0)
        return false;
    if (response->status == 0)
        return channel->has_ended && channel->job.result == CURLE_UNSUPPORTED_PROTOCOL;
    return response->status == 408 && closes(response);
}

/* Makes one attempt. 0 at the end or, if the response is streamed, when its head has arrived. */
static int carry(struct curl_channel *channel)
{
    const struct curl_client *client = channel->response->session->transport_data[HTTP_BY_CURL];
    const eddy_http_response *response = channel->response;
    channel->is_connected = channel->is_paused = channel->has_ended = false;
    channel->waits_to_connect = channel->is_stale = channel->has_ended_idle = false;
    channel->idle_fd = -1;
    channel->failure = 0;
    channel->sent = 0;
    channel->message[0] = '\0';
    EDDY_TRY(eddy__curl_job_start(client->engine, &channel->job));
    return wait_until(channel, response->is_streamed ? has_head : has_ended);
}

/* Sends the request, retrying while an idle connection is unusable; libcurl closes each. */
static int carry_past_idle(struct curl_channel *channel, const struct http_request *request)
{
    const struct curl_client *client = channel->response->session->transport_data[HTTP_BY_CURL];
    bool may_repeat = eddy__http_is_idempotent(request->method);
    do
        EDDY_TRY(carry(channel));
    while (channel->is_stale);
    if (!has_ended_idle(channel, may_repeat))
        return 0;
    if (!may_repeat)
        return eddy__http_ended_idle("the server sent bytes before it had the request");
    eddy__curl_job_stop(client->engine, &channel->job);
    eddy__http_response_clear(channel->response);
    channel->is_altered = true;
    curl_easy_setopt(channel->job.easy, CURLOPT_FRESH_CONNECT, 1L);
    return carry(channel);
}

static int open_exchange(const struct http_request *request, eddy_http_response *response)
{
    const eddy_http_session *session = response->session;
    struct curl_channel *channel = take_channel(session);
    if (!channel)
        return -ENOMEM;
    response->channel = channel;
    response->is_open = true;
    channel->response = response;
    channel->wakeups = (eddy_semaphore)EDDY_SEMAPHORE(0);
    channel->is_awaited = false;
    channel->request_body_size = request->body.size;
    EDDY_TRY(eddy__curl_set_request(channel, session, request));
    EDDY_TRY(carry_past_idle(channel, request));
    return eddy__http_response_is_for_reader(response) ? 0 : outcome(channel);
}

static int fetch(eddy_http_response *response)
{
    struct curl_channel *channel = response->channel;
    EDDY_TRY(wait_until(channel, has_bytes));
    return response->body_size > 0 ? 1 : outcome(channel);
}

static void resume(eddy_http_response *response)
{
    const struct curl_client *client = response->session->transport_data[HTTP_BY_CURL];
    struct curl_channel *channel = response->channel;
    if (!channel->is_paused || channel->has_ended || response->raw ||
        response->body_size > RESUME_BELOW)
        return;
    channel->is_paused = false;
    // This calls on_body with the bytes held back, and on_body may pause it again.
    CURLcode code = curl_easy_pause(channel->job.easy, CURLPAUSE_CONT);
    if (code == CURLE_OK)
        return;
    eddy__curl_job_stop(client->engine, &channel->job);
    channel->job.result = code;
    channel->has_ended = true;
}

static void close_exchange(eddy_http_response *response)
{
    const struct curl_client *client = response->session->transport_data[HTTP_BY_CURL];
    struct curl_channel *channel = response->channel;
    eddy__curl_job_stop(client->engine, &channel->job);
    response->channel = NULL;
    give_channel_back(response->session, channel);
}

const struct http_transport eddy__http_transport_curl = {
    .index = HTTP_BY_CURL,
    .attach = attach,
    .detach = detach,
    .open = open_exchange,
    .fetch = fetch,
    .resume = resume,
    .close = close_exchange,
};
