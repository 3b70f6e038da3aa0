/* SPDX-License-Identifier: MIT */
/*
 * progress.c: formats rates, times and bars as text.
 *
 * A rate is an exponential moving average, with a weight that says how much of the average is based
 * on data. The quotient of the two is correct from the first step on; a plain average would climb
 * from zero. The time left is predicted from the slower average and rounded coarsely, so that it
 * counts down steadily.
 *
 * The percentage is on the left, the words are on the right, and the bar fills the columns between.
 * If fewer than BAR_MIN columns remain for the bar, words are left out one after the other.
 *
 * Invariant: no line has more columns than requested. Everything except the bar is ASCII, so bytes
 * are columns there.
 *
 * Owns nothing. Called by the fetch command. The summary is in summary.c.
 */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    BAR_MIN = 6,    // columns
    BAR_MAX = 40,
    TERMINAL_MAX = 200,
    TERMINAL_DEFAULT = 80,
};

static const double quick_time = 5, slow_time = 30;    // time constants of the averages, seconds
static const double step_time = 0.1;                   // shorter steps are noise

static const char green[] = "\033[32m", red[] = "\033[31m", plain[] = "\033[0m";

void progress_init(struct progress *progress, double now, bool has_total, uint64_t total)
{
    *progress = (struct progress){
        .started = now, .marked = now, .last_line = now, .has_total = has_total, .total = total};
}

static void average(double *sum, double *weight, double value, double step, double time)
{
    double share = step / (time + step);
    *sum += (value - *sum) * share;
    *weight += (1 - *weight) * share;
}

void progress_update(struct progress *progress, double now, uint64_t done, uint64_t failed)
{
    progress->done = done;
    progress->failed = failed;
    double step = now - progress->marked;
    if (step < step_time)
        return;
    double rate = (double)(done - progress->marked_done) / step;
    average(&progress->quick, &progress->quick_weight, rate, step, quick_time);
    average(&progress->slow, &progress->slow_weight, rate, step, slow_time);
    progress->marked = now;
    progress->marked_done = done;
}

double progress_rate(const struct progress *progress)
{
    return progress->quick_weight > 0 ? progress->quick / progress->quick_weight : 0;
}

double progress_time_left(const struct progress *progress)
{
    if (!progress->has_total || progress->slow_weight <= 0 || progress->slow <= 0)
        return -1;
    if (progress->done >= progress->total)
        return 0;
    return (double)(progress->total - progress->done) * progress->slow_weight / progress->slow;
}

static uint64_t whole_seconds(double seconds)
{
    return seconds > 0 && seconds < 1e15 ? (uint64_t)seconds : 0;
}

/* Formats 0:04, 12:30, 1:02:03; days are shown as hours. */
static void format_time(uint64_t seconds, char out[32])
{
    uint64_t hours = seconds / 3600, minutes = seconds / 60 % 60;
    if (hours > 0)
        snprintf(out, 32, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, hours, minutes, seconds % 60);
    else
        snprintf(out, 32, "%" PRIu64 ":%02" PRIu64, minutes, seconds % 60);
}

/* Formats "0:04 left", "took 0:09", "0:09 so far". The longer the time left, the coarser. */
static void format_outlook(const struct progress *progress, double now, char out[48])
{
    char time[32];
    double left = progress_time_left(progress);
    if (progress->has_total && progress->done >= progress->total) {
        format_time(whole_seconds(now - progress->started), time);
        snprintf(out, 48, "took %s", time);
    } else if (!progress->has_total) {
        format_time(whole_seconds(now - progress->started), time);
        snprintf(out, 48, "%s so far", time);
    } else if (left < 0 || left > 1e9) {
        snprintf(out, 48, "-:-- left");
    } else {
        uint64_t grain = left >= 3600 ? 60 : left >= 120 ? 5 : 1;
        format_time((whole_seconds(left) + grain) / grain * grain, time);
        snprintf(out, 48, "%s left", time);
    }
}

static void format_rate(double rate, char out[32])
{
    if (rate < 9.95)
        snprintf(out, 32, "%.1f/s", rate);
    else if (rate < 9999.5)
        snprintf(out, 32, "%.0f/s", rate);
    else
        snprintf(out, 32, "%.1fk/s", rate < 1e12 ? rate / 1000 : 1e9);
}

static unsigned percent(const struct progress *progress)
{
    if (progress->total == 0 || progress->done >= progress->total)
        return 100;
    return (unsigned)((double)progress->done / (double)progress->total * 100);
}

static int count_digits(uint64_t number)
{
    return snprintf(NULL, 0, "%" PRIu64, number);
}

/* The words right of the bar, in order of appearance. */
enum word { WORD_COUNT, WORD_RATE, WORD_FAILED, WORD_TIME, WORD_PAUSE, WORD_END };

struct words {
    char text[WORD_END][64];
    bool is_shown[WORD_END];
};

static void make_words(const struct progress *progress, double now, struct words *words)
{
    memset(words->is_shown, true, sizeof words->is_shown);
    if (progress->has_total)
        snprintf(words->text[WORD_COUNT], 64, "%*" PRIu64 "/%" PRIu64,
                 count_digits(progress->total), progress->done, progress->total);
    else
        snprintf(words->text[WORD_COUNT], 64, "%" PRIu64, progress->done);
    format_rate(progress_rate(progress), words->text[WORD_RATE]);
    snprintf(words->text[WORD_FAILED], 64, "%" PRIu64 " failed", progress->failed);
    format_outlook(progress, now, words->text[WORD_TIME]);
    snprintf(words->text[WORD_PAUSE], 64, "%s", progress->pause);
    words->is_shown[WORD_PAUSE] = progress->pause[0] != '\0';
}

static unsigned words_width(const struct words *words)
{
    unsigned width = 0;
    for (int i = 0; i < WORD_END; i++)
        if (words->is_shown[i])
            width += (width > 0 ? 2 : 0) + (unsigned)strlen(words->text[i]);
    return width;
}

/* Leaves out words until the rest fits `width`; the count is left out last. */
static void fit_words(struct words *words, unsigned width)
{
    static const enum word order[] = {WORD_RATE, WORD_TIME, WORD_FAILED, WORD_PAUSE};
    for (size_t i = 0; i < sizeof order / sizeof *order && words_width(words) > width; i++)
        words->is_shown[order[i]] = false;
    if (words_width(words) > width)
        words->text[WORD_COUNT][width] = '\0';
}

/* A line under construction. Text that doesn't fit is dropped; the callers exclude that. */
struct line {
    char *text;
    size_t size, at;
};

static void put(struct line *line, const char *text)
{
    size_t n = strlen(text);
    if (line->at + n >= line->size)
        return;
    memcpy(line->text + line->at, text, n + 1);
    line->at += n;
}

static void put_bar(struct line *line, const struct progress *progress,
                    const struct progress_style *style, unsigned width)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    double share = progress->total > 0 ? (double)progress->done / (double)progress->total : 1;
    unsigned filled = share >= 1 ? width * 8 : (unsigned)(share * width * 8);
    put(line, style->is_utf8 ? "▕" : "[");
    if (style->has_colour)
        put(line, green);
    for (unsigned i = 0; i < filled / 8; i++)
        put(line, style->is_utf8 ? "█" : "#");
    unsigned used = filled / 8;
    if (style->is_utf8 && filled % 8 > 0) {
        put(line, eighths[filled % 8]);
        used++;
    }
    if (style->has_colour)
        put(line, plain);
    for (; used < width; used++)
        put(line, style->is_utf8 ? " " : "-");
    put(line, style->is_utf8 ? "▏" : "]");
}

static void put_words(struct line *line, const struct progress *progress,
                      const struct progress_style *style, const struct words *words)
{
    bool is_first = true;
    for (int i = 0; i < WORD_END; i++) {
        if (!words->is_shown[i])
            continue;
        bool is_red = i == WORD_FAILED && progress->failed > 0 && style->has_colour;
        put(line, is_first ? "" : "  ");
        put(line, is_red ? red : "");
        put(line, words->text[i]);
        put(line, is_red ? plain : "");
        is_first = false;
    }
}

size_t progress_bar(const struct progress *progress, double now, const struct progress_style *style,
                    char *out_line, size_t size)
{
    struct line line = {.text = out_line, .size = size};
    unsigned width = style->width > 0 ? style->width : TERMINAL_DEFAULT;
    if (width > TERMINAL_MAX)
        width = TERMINAL_MAX;
    struct words words;
    make_words(progress, now, &words);
    out_line[0] = '\0';
    unsigned beside = words_width(&words) + 9;    // "100% [", "]  "
    if (progress->has_total && beside + BAR_MIN <= width) {
        char head[16];
        snprintf(head, sizeof head, "%3u%% ", percent(progress));
        put(&line, head);
        put_bar(&line, progress, style, width - beside < BAR_MAX ? width - beside : BAR_MAX);
        put(&line, "  ");
    } else {
        fit_words(&words, width);
    }
    put_words(&line, progress, style, &words);
    return line.at;
}

size_t progress_line(const struct progress *progress, double now, char *out_line, size_t size)
{
    char rate[32], outlook[48];
    format_rate(progress_rate(progress), rate);
    format_outlook(progress, now, outlook);
    const char *comma = progress->pause[0] != '\0' ? ", " : "";
    int n;
    if (progress->has_total)
        n = snprintf(out_line, size,
                     "%" PRIu64 " of %" PRIu64 " (%u %%), %s, %" PRIu64 " failed, %s%s%s",
                     progress->done, progress->total, percent(progress), rate, progress->failed,
                     outlook, comma, progress->pause);
    else
        n = snprintf(out_line, size, "%" PRIu64 " done, %s, %" PRIu64 " failed, %s%s%s",
                     progress->done, rate, progress->failed, outlook, comma, progress->pause);
    return n > 0 ? (size_t)n : 0;
}

bool progress_is_line_due(struct progress *progress, double now, double every)
{
    if (now < progress->last_line + every)
        return false;
    progress->last_line = now;
    return true;
}
