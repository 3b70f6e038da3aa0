/* SPDX-License-Identifier: MIT */
/*
 * serve.c: `eddy serve`, an HTTP server for practice and tests.
 *
 *      options --> documents or folder --> listen --> ... a signal --> drain --> exit status 0
 *
 * The first line on standard output is the URL, for scripts. Messages for people are written to
 * standard error: the address, and a line for each request.
 *
 * Random numbers are drawn when a request arrives, always the same number of them. So with the same
 * seed, request number n has the same delay and failure in every run, whatever its path is.
 *
 * Stopping the server on purpose is a success: after Ctrl-C or SIGTERM, requests may finish for a
 * few seconds and the exit status is 0. A second signal ends the program at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <eddy.h>
#include <eddy/http_server.h>
#include <eddy/tls.h>

#include "backoff.h"
#include "complaint.h"
#include "options.h"
#include "serve_folder.h"
#include "serve_map.h"
#include "serve_options.h"
#include "tool.h"

enum {
    DRAIN_SECONDS = 5,
    TARGET_SHOWN_MAX = 200,
    LINE_SIZE_MAX = 320,
};

struct serve {
    struct serve_options options;
    struct serve_map map;    // the documents of a file
    int folder;              // or the descriptor of a folder; else -1
    size_t count;            // documents or files
    struct backoff chance;
    eddy_tls_context *tls;   // NULL: plain HTTP
    eddy_future *stopped;    // done when a signal has come
    bool was_stopped;        // on purpose
    bool has_complained;     // a message has said why it can't serve
};

/* The delay and failure drawn for a request. */
struct fate {
    double delay;
    bool fails, is_dropped;
};

/* --- For people ------------------------------------------------------------------------------- */

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    char text[LINE_SIZE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "eddy serve: %s\n", text);
}

/* Logs one line for a request: GET /api/people/1/ 200 637 12.3 ms */
static void log_request(const eddy_http_request *request, const eddy_http_reply *reply,
                        double seconds)
{
    char line[LINE_SIZE_MAX], status[12] = "dropped";
    eddy_span method = eddy_http_request_method(request);
    eddy_span target = eddy_http_request_target(request);
    int shown = target.size < TARGET_SHOWN_MAX ? (int)target.size : TARGET_SHOWN_MAX;
    if (eddy_http_reply_status(reply) != 0)
        snprintf(status, sizeof status, "%d", eddy_http_reply_status(reply));
    int n = snprintf(line, sizeof line, "%.*s %.*s %s %llu %.1f ms\n", (int)method.size,
                     method.data, shown, target.data, status,
                     (unsigned long long)eddy_http_reply_size(reply), seconds * 1000);
    // Non-ASCII bytes could control a terminal.
    for (char *c = line; c < line + n; c++)
        if ((*c < ' ' || *c > '~') && *c != '\n')
            *c = '?';
    fwrite(line, 1, (size_t)n, stderr);
}

/* --- Answers ---------------------------------------------------------------------------------- */

static struct fate draw(struct serve *serve)
{
    const struct serve_options *options = &serve->options;
    double late = backoff_random(&serve->chance), bad = backoff_random(&serve->chance),
           worse = backoff_random(&serve->chance);
    return (struct fate){
        .delay = options->delay + options->jitter * late,
        .fails = bad < options->fail_rate,
        .is_dropped = worse < 0.5,
    };
}

static int send_detail(eddy_http_reply *reply, int status, const char *detail)
{
    char body[64];
    int n = snprintf(body, sizeof body, "{\"detail\": \"%s\"}", detail);
    return eddy_http_reply_send(reply, status, "application/json", body, (size_t)n);
}

static int send_document(const struct serve *serve, const eddy_http_request *request,
                         eddy_http_reply *reply)
{
    // Joins path and query; a target in absolute form has a host before them.
    eddy_span target = eddy_http_request_path(request);
    eddy_span query = eddy_http_request_query(request);
    if (query.size > 0 && query.data == target.data + target.size + 1)
        target.size = (size_t)(query.data + query.size - target.data);
    const struct serve_document *found = serve_map_find(&serve->map, target.data, target.size);
    if (found == NULL)
        return send_detail(reply, 404, "Not found");
    return eddy_http_reply_send(reply, 200, "application/json", found->data, found->size);
}

static int send_redirect(const eddy_http_request *request, eddy_http_reply *reply)
{
    char location[LINE_SIZE_MAX];
    eddy_span path = eddy_http_request_path(request);
    int n = snprintf(location, sizeof location, "%.*s/", (int)path.size, path.data);
    if (n >= (int)sizeof location)
        return send_detail(reply, 404, "Not found");
    EDDY_TRY(eddy_http_reply_header(reply, "Location", location));
    return send_detail(reply, 301, "Moved permanently");
}

/* Sends 404 only if the file doesn't exist: clients treat that as a valid answer. */
static int send_failure(eddy_http_reply *reply, int err)
{
    switch (-err) {
    case ENOENT:
    case ENOTDIR: return send_detail(reply, 404, "Not found");
    case EACCES:
    case EPERM: return send_detail(reply, 403, "Forbidden");
    case EMFILE:
    case ENFILE: return send_detail(reply, 503, "Too many open files");
    case ENOMEM: return send_detail(reply, 503, "Not enough memory");
    default: return send_detail(reply, 500, "The file can't be read");
    }
}

static int send_file(const struct serve *serve, const eddy_http_request *request,
                     eddy_http_reply *reply)
{
    struct serve_file file;
    int rc = serve_folder_open(serve->folder, eddy_http_request_path(request), &file);
    if (rc == SERVE_FOLDER_REDIRECT)
        return send_redirect(request, reply);
    if (rc < 0)
        return send_failure(reply, rc);
    rc = serve_folder_send(&file, eddy_http_request_is(request, "HEAD"), reply);
    close(file.fd);
    return rc;
}

static int answer(struct serve *serve, const eddy_http_request *request, eddy_http_reply *reply)
{
    struct fate fate = draw(serve);
    if (fate.delay > 0)
        EDDY_TRY(eddy_sleep(fate.delay));
    if (fate.fails && fate.is_dropped) {
        eddy_http_reply_abort(reply);
        return 0;
    }
    if (fate.fails)
        return send_detail(reply, 500, "Failed on purpose");
    if (!eddy_http_request_is(request, "GET") && !eddy_http_request_is(request, "HEAD")) {
        EDDY_TRY(eddy_http_reply_header(reply, "Allow", "GET, HEAD"));
        return send_detail(reply, 405, "Method not allowed");
    }
    return serve->folder >= 0 ? send_file(serve, request, reply)
                              : send_document(serve, request, reply);
}

static int handle(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    struct serve *serve = data;
    if (serve->options.is_quiet)
        return answer(serve, request, reply);
    double start = eddy_time();
    int rc = answer(serve, request, reply);
    log_request(request, reply, eddy_time() - start);
    return rc;
}

/* --- The run ---------------------------------------------------------------------------------- */

static int on_signal(void *data)
{
    struct serve *serve = data;
    if (!eddy_future_done(serve->stopped))
        return eddy_future_set_result(serve->stopped);
    return 0;
}

/* Handles SIGTERM and Ctrl-C, unless Ctrl-C is ignored, as shells have it for background jobs. */
static int watch_signals(struct serve *serve)
{
    struct sigaction before;
    if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        EDDY_TRY(eddy_add_signal_handler(SIGINT, on_signal, serve));
    return eddy_add_signal_handler(SIGTERM, on_signal, serve);
}

/* Prints the server's URL; with --port 0 it is not known otherwise. */
static int announce(const struct serve *serve, const eddy_http_server *server)
{
    const char *host = serve->options.host;
    bool is_v6 = strchr(host, ':') != NULL;
    int port = eddy_http_server_port(server);
    if (port < 0)
        return port;
    char url[LINE_SIZE_MAX];
    snprintf(url, sizeof url, "http%s://%s%s%s:%d/", serve->tls != NULL ? "s" : "",
             is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
    fprintf(stderr, "serving %zu %s%s at %s (Ctrl-C stops)\n", serve->count,
            serve->folder >= 0 ? "file" : "document", serve->count == 1 ? "" : "s", url);
    errno = 0;
    if (printf("%s\n", url) < 0 || fflush(stdout) != 0) {
        tell("the address can't be written to standard output: %s", strerror(errno));
        clearerr(stdout);    // this must not make the exit status a failure
    }
    return 0;
}

static int open_server(struct serve *serve, eddy_http_server **out_server)
{
    char port[8];
    snprintf(port, sizeof port, "%u", (unsigned)serve->options.port);
    int rc = eddy_http_server_open(
        &(eddy_http_server_options){
            .host = serve->options.host,
            .port = port,
            .handler = handle,
            .data = serve,
            .tls = serve->tls,
        },
        out_server);
    serve->has_complained = rc < 0;
    if (rc < 0)
        tell("can't listen on %s port %s: %s%s", serve->options.host, port, eddy_strerror(rc),
             rc == -EADDRINUSE ? "; choose another with --port, or 0 for any that is free" : "");
    return rc;
}

EDDY_ASYNC(serve_until_stopped, (struct serve *, serve))
{
    EDDY_AUTO(eddy_http_server) *server = NULL;
    EDDY_TRY(open_server(serve, &server));
    serve->stopped = eddy_future_new(void);
    // If it is done already, there was no memory for it.
    int rc = eddy_future_done(serve->stopped) ? eddy_future_exception(serve->stopped) : 0;
    if (rc == 0)
        rc = watch_signals(serve);
    if (rc == 0)
        rc = announce(serve, server);
    if (rc == 0) {
        rc = eddy_await(serve->stopped);
        eddy_remove_signal_handler(SIGINT);    // the next one ends the program
        eddy_remove_signal_handler(SIGTERM);
    }
    eddy_future_free(serve->stopped);
    if (rc < 0)
        return rc;
    // It was stopped on purpose, so errors of the connections are reported, but are not a failure.
    serve->was_stopped = true;
    rc = eddy_http_server_shutdown(server, DRAIN_SECONDS);
    if (rc < 0)
        tell("connections were cut off: %s", eddy_strerror(rc));
    if (rc > 0)
        tell("%d %s cut off while waiting for an answer", rc,
             rc == 1 ? "connection was" : "connections were");
    return 0;
}

static int open_documents(struct serve *serve, struct complaint *complaint)
{
    const char *path = serve->options.path;
    struct stat status;
    if (stat(path, &status) < 0)
        return complain(complaint, -errno, 0, "%.200s can't be served: %s", path, strerror(errno));
    if (!S_ISDIR(status.st_mode)) {
        int rc = serve_map_load(&serve->map, path, complaint);
        serve->count = serve->map.count;
        return rc;
    }
    serve->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (serve->folder < 0)
        return complain(complaint, -errno, 0, "%.200s can't be served: %s", path, strerror(errno));
    int rc = serve_folder_count(serve->folder, &serve->count);
    if (rc < 0)
        return complain(complaint, rc, 0, "%.200s can't be served: %s", path, strerror(-rc));
    return 0;
}

static int open_certificate(struct serve *serve, struct complaint *complaint)
{
    const struct serve_options *options = &serve->options;
    if (options->certificate == NULL)
        return 0;
    int rc = eddy_tls_context_new(
        &(eddy_tls_context_options){
            .certificate = options->certificate,
            .private_key = options->key,
            .alpn = (const char *const[]){"http/1.1", NULL},
        },
        &serve->tls);
    if (rc == 0)
        return 0;
    const char *message = eddy_error_message(eddy_error_get(rc));
    return complain(complaint, rc, 0, "no HTTPS: %s", message ? message : eddy_strerror(rc));
}

/* Raises the limit on descriptors: each connection takes one, and the default limit is low. */
static void allow_many_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int serve_main(int argc, char **argv)
{
    struct serve serve = {.folder = -1};
    struct complaint complaint;
    int rc = serve_options_parse(&serve.options, argc, argv, &complaint);
    if (rc == OPTIONS_HELP) {
        serve_options_print_help(stdout);
        return EXIT_SUCCESS;
    }
    if (rc == OPTIONS_VERSION) {
        printf("eddy %s\n", eddy_version());
        return EXIT_SUCCESS;
    }
    if (rc < 0) {
        tell("%s", complaint.text);
        return EXIT_USAGE;
    }
    rc = open_documents(&serve, &complaint);
    if (rc == 0)
        rc = open_certificate(&serve, &complaint);
    if (rc < 0) {
        tell("%s", complaint.text);
        return EXIT_FAILURE;
    }
    allow_many_descriptors();
    backoff_init(&serve.chance, serve.options.seed);
    rc = eddy_run(eddy_coro(serve_until_stopped, &serve), &(eddy_run_options){.keep_sigint = true});
    if (rc < 0 && !serve.was_stopped && !serve.has_complained)
        tell("can't serve: %s", eddy_strerror(rc));
    eddy_tls_context_free(serve.tls);
    serve_map_fini(&serve.map);
    if (serve.folder >= 0)
        close(serve.folder);
    return rc < 0 && !serve.was_stopped ? EXIT_FAILURE : EXIT_SUCCESS;
}
