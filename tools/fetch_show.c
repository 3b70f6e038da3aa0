/* SPDX-License-Identifier: MIT */
/*
 * fetch_show.c: writes bars, lines and messages to standard error.
 *
 * The loop must not wait for a terminal that is stopped with Ctrl-S, or for a full pipe that is not
 * read. So a bar or line is skipped if the descriptor can't take it at once; the next one replaces
 * it anyway. Messages are few and are always written.
 *
 * Owns its timer. Called by the tasks of the fetch command.
 */
#include "fetch_show.h"

#include "secret.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const double bar_every = 0.1, line_every = 5;    // seconds

static void write_error(const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = write(STDERR_FILENO, text, size);
        if (n <= 0)
            return;    // standard error has no reader any more
        text += n;
        size -= (size_t)n;
    }
}

static bool can_write(void)
{
    struct pollfd wanted = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&wanted, 1, 0) == 1 && (wanted.revents & POLLOUT) != 0;
}

static bool has_value(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0';
}

/* Whether the locale is UTF-8. The first of these variables that is set decides (setlocale(3)). */
static bool is_utf8_locale(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (has_value(names[i]))
            return strcasestr(getenv(names[i]), "utf-8") != NULL ||
                   strcasestr(getenv(names[i]), "utf8") != NULL;
    return false;
}

static unsigned terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *columns = getenv("COLUMNS");
    int width = columns != NULL ? atoi(columns) : 0;
    return width > 0 ? (unsigned)width : 0;
}

/*
 * Whether we may draw on the terminal. In the background (Ctrl-Z and bg, or &), it shows the prompt
 * or another program. A terminal that isn't the controlling one has no such state.
 */
static bool is_foreground(void)
{
    pid_t group = tcgetpgrp(STDERR_FILENO);
    return group < 0 || group == getpgrp();
}

static void draw_bar(struct show *show, double now)
{
    char text[PROGRESS_LINE_MAX + 16] = "\r";
    // The last column stays free, because some terminals wrap after a full line.
    unsigned width = terminal_width();
    show->style.width = width > 1 ? width - 1 : 79;
    size_t size = 1 + progress_bar(&show->progress, now, &show->style, text + 1, PROGRESS_LINE_MAX);
    memcpy(text + size, "\033[K", 3);
    write_error(text, size + 3);
    show->is_drawn = true;
}

static void draw_line(struct show *show, double now)
{
    char text[PROGRESS_LINE_MAX + 16];
    size_t size = progress_line(&show->progress, now, text, PROGRESS_LINE_MAX);
    text[size] = '\n';
    write_error(text, size + 1);
}

static void look(struct show *show, double now)
{
    show->progress.total = show->total > show->spared ? show->total - show->spared : 0;
    progress_update(&show->progress, now, show->done, show->failed);
    hosts_describe_pause(show->hosts, now, show->progress.pause, sizeof show->progress.pause);
}

static int tick(void *data)
{
    struct show *show = data;
    double now = eddy_time();
    look(show, now);
    if (show->is_bar && !is_foreground())
        show->is_drawn = false;    // the shell has overwritten it
    else if (show->is_bar && can_write())
        draw_bar(show, now);
    else if (!show->is_bar && progress_is_line_due(&show->progress, now, line_every) && can_write())
        draw_line(show, now);
    eddy_handle_free(show->timer);
    show->timer = NULL;
    return eddy_call_later(bar_every, tick, show, &show->timer);
}

void show_begin(struct show *show, const struct hosts *hosts, bool is_quiet, bool has_total,
                uint64_t total)
{
    const char *term = getenv("TERM");
    bool is_dumb = term == NULL || strcmp(term, "dumb") == 0;
    *show = (struct show){
        .total = total,
        .hosts = hosts,
        .is_quiet = is_quiet,
        .is_bar = !is_dumb && isatty(STDERR_FILENO) == 1,
        .style = {.is_utf8 = is_utf8_locale(), .has_colour = !has_value("NO_COLOR")},
    };
    progress_init(&show->progress, eddy_time(), has_total, total);
    // If there is no memory for a timer, the job runs without showing progress.
    if (!is_quiet)
        EDDY_IGNORE(eddy_call_later(bar_every, tick, show, &show->timer));
}

void show_end(struct show *show)
{
    if (show->timer != NULL)
        eddy_handle_cancel(show->timer);
    eddy_handle_free(show->timer);
    show->timer = NULL;
    if (!show->is_bar || show->is_quiet || !is_foreground())
        return;
    double now = eddy_time();
    look(show, now);
    draw_bar(show, now);
    write_error("\n", 1);
    show->is_drawn = false;
}

void show_clear(struct show *show)
{
    if (show->is_drawn && is_foreground())
        write_error("\r\033[K", 4);
    show->is_drawn = false;
}

void show_say(struct show *show, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int n = snprintf(text, sizeof text, "eddy fetch: ");
    vsnprintf(text + n, sizeof text - (size_t)n - 1, format, arguments);
    va_end(arguments);
    size_t size = secret_remove(text);
    text[size] = '\n';
    show_clear(show);
    write_error(text, size + 1);
}
