/* SPDX-License-Identifier: MIT */
/*
 * summary.c: formats the results of a job, for people and for programs.
 *
 * For people, counts that are usually zero are shown only if they aren't. For programs, all counts
 * are always present, under stable names.
 *
 * Owns nothing. Declared in progress.h; called by the fetch command at its end.
 */
#include "progress.h"

#include <inttypes.h>
#include <string.h>

#include "reasons.h"
#include "record.h"

static uint64_t dealt_with(const struct summary *summary)
{
    return summary->loaded + summary->not_found + summary->refused + summary->failed;
}

static double rate(const struct summary *summary)
{
    return summary->elapsed > 0 ? (double)dealt_with(summary) / summary->elapsed : 0;
}

static void put_size(struct bytes *out, uint64_t size)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double value = (double)size;
    size_t unit = 0;
    while (value >= 1023.95 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1024;
        unit++;
    }
    bytes_put_format(out, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

static void put_nonzero(struct bytes *out, uint64_t count, const char *what)
{
    if (count > 0)
        bytes_put_format(out, ", %" PRIu64 " %s", count, what);
}

void summary_write(const struct summary *summary, struct bytes *out)
{
    uint64_t count = dealt_with(summary);
    bool is_stdout = strcmp(summary->into, "-") == 0;    // it can't be resumed
    if (summary->was_interrupted)
        bytes_put_text(out, is_stdout ? "Interrupted.\n"
                                      : "Interrupted; the same command with --resume goes on.\n");
    bytes_put_format(out, "%" PRIu64 " loaded, %" PRIu64 " not found", summary->loaded,
                     summary->not_found);
    put_nonzero(out, summary->refused, "refused");
    bytes_put_format(out, ", %" PRIu64 " failed", summary->failed);
    put_nonzero(out, summary->skipped, "there already");
    put_nonzero(out, summary->repeated, "repeated");
    bytes_put_format(out, ": %" PRIu64 " URL%s in ", count, count == 1 ? "" : "s");
    bytes_put_format(out, summary->elapsed < 100 ? "%.1f s" : "%.0f s", summary->elapsed);
    bytes_put_format(out, rate(summary) < 9.95 ? " (%.1f/s)" : " (%.0f/s)", rate(summary));
    put_nonzero(out, summary->retries, summary->retries == 1 ? "retry" : "retries");
    bytes_put_text(out, ", ");
    put_size(out, summary->body_size);
    if (!is_stdout)
        bytes_put_format(out, " into %s", summary->into);
    bytes_put_text(out, "\n");
}

static void put_thousandths(struct bytes *out, const char *name, double value)
{
    // As integers, because the locale's decimal point may be a comma.
    uint64_t whole = value > 0 && value < 1e15 ? (uint64_t)(value * 1000 + 0.5) : 0;
    bytes_put_format(out, ",\"%s\":%" PRIu64 ".%03u", name, whole / 1000, (unsigned)(whole % 1000));
}

void summary_write_json(const struct summary *summary, struct bytes *out)
{
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {
        {"urls", dealt_with(summary)},      {"loaded", summary->loaded},
        {"not_found", summary->not_found},  {"refused", summary->refused},
        {"failed", summary->failed},        {"skipped", summary->skipped},
        {"repeated", summary->repeated},    {"retries", summary->retries},
        {"body_bytes", summary->body_size},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        bytes_put_format(out, "%c\"%s\":%" PRIu64, i == 0 ? '{' : ',', counts[i].name,
                         counts[i].value);
    put_thousandths(out, "elapsed", summary->elapsed);
    put_thousandths(out, "rate", rate(summary));
    bytes_put_format(out,
                     ",\"interrupted\":%s,\"into\":", summary->was_interrupted ? "true" : "false");
    bytes_put_json(out, summary->into, strlen(summary->into));
    if (summary->reasons != NULL) {
        bytes_put_text(out, ",\"reasons\":");
        reasons_write_json(summary->reasons, out);
    }
    bytes_put_text(out, "}\n");
}
