/* SPDX-License-Identifier: MIT */
/*
 * check.c: loads, runs, compares. Both traces are texts with an event a line, written by the same
 * writer, so they are the same when their bytes are.
 */
#include "check.h"

#include <fnmatch.h>
#include <string.h>

#include "json.h"
#include "machine.h"

enum { LINES_AROUND = 4 };    // shown before and after the first difference

/* The length of the line that begins here, its newline included; 0 at the end. */
static size_t line_size(const char *at)
{
    size_t size = strcspn(at, "\n");
    return at[size] == '\n' ? size + 1 : size;
}

static void add_lines(struct text *report, const char *mark, const char *at, int count)
{
    for (int i = 0; i < count && *at != '\0'; i++) {
        size_t size = line_size(at);
        text_add_string(report, mark);
        text_add(report, at, size);
        at += size;
    }
}

/* Where the last LINES_AROUND lines before `at` begin. */
static const char *back_up(const char *start, const char *at)
{
    for (int i = 0; i < LINES_AROUND && at > start; i++) {
        at--;
        while (at > start && at[-1] != '\n')
            at--;
    }
    return at;
}

static void report_difference(struct checker *checker, struct text *report)
{
    const char *expected = checker->expected.bytes;
    const char *got = checker->trace.bytes;
    size_t size;
    int same = 0;
    while ((size = line_size(expected)) > 0 && strncmp(expected, got, size) == 0) {
        expected += size;
        got += size;
        same++;
    }
    text_print(report, "  event %d differs (- expected, + got):\n", same + 1);
    const char *before = back_up(checker->trace.bytes, got);
    add_lines(report, "      ", before, same < LINES_AROUND ? same : LINES_AROUND);
    add_lines(report, "    - ", expected, LINES_AROUND);
    add_lines(report, "    + ", got, LINES_AROUND);
}

/* What a line must have: a map with these two. */
static bool read_line(struct checker *checker, const char *line, size_t size, struct value *entry,
                      struct text *report)
{
    size_t column;
    const char *problem = json_read(line, size, &checker->arena, entry, &column);
    if (problem != NULL) {
        text_print(report, "FAILED (column %zu) %s\n", column, problem);
        return false;
    }
    const struct value *program = value_find(entry, "program");
    if (program == NULL || program->type != VALUE_MAP) {
        text_add_string(report, "FAILED there is no program\n");
        return false;
    }
    return true;
}

static void set_name(struct checker *checker, const struct value *entry)
{
    const struct value *name = value_find(entry, "name");
    const char *text = name != NULL && name->type == VALUE_TEXT ? name->text : "(no name)";
    size_t size = strnlen(text, sizeof checker->name - 1);
    memcpy(checker->name, text, size);
    checker->name[size] = '\0';
    if (checker->shared_name != NULL)
        memcpy(checker->shared_name, checker->name, size + 1);
}

static void write_expected(struct checker *checker, const struct value *trace)
{
    text_clear(&checker->expected);
    for (uint32_t i = 0; trace != NULL && trace->type == VALUE_LIST && i < trace->count; i++) {
        value_write(&trace->items[i], &checker->expected);
        text_add_string(&checker->expected, "\n");
    }
    text_add_string(&checker->expected, "");
}

static enum verdict compare(struct checker *checker, const struct value *entry, struct text *report)
{
    write_expected(checker, value_find(entry, "trace"));
    if (strcmp(checker->trace.bytes, checker->expected.bytes) == 0)
        return VERDICT_PASSED;
    text_add_string(report, "FAILED ");
    text_add_string(report, checker->name);
    text_add_string(report, "\n  ");
    value_write(value_find(entry, "program"), report);
    text_add_string(report, "\n");
    report_difference(checker, report);
    return VERDICT_FAILED;
}

/* A corpus's line, with the trace that was got. */
static enum verdict show(struct checker *checker, const struct value *entry, struct text *report)
{
    struct value name = value_of_text(checker->name);
    text_add_string(report, "{\"name\":");
    value_write(&name, report);
    text_add_string(report, ",\"program\":");
    value_write(value_find(entry, "program"), report);
    text_add_string(report, ",\"trace\":[");
    for (size_t i = 0; i + 1 < checker->trace.size; i++) {
        char c = checker->trace.bytes[i];
        text_add(report, c == '\n' ? "," : &c, 1);
    }
    text_add_string(report, "]}\n");
    return VERDICT_PASSED;
}

static enum verdict refuse(struct checker *checker, const struct program *program,
                           struct text *report)
{
    bool is_skipped = program->is_unsupported && checker->only_supported;
    if (is_skipped && checker->shows_traces)
        return VERDICT_SKIPPED;
    text_add_string(report, is_skipped ? "skipped " : "FAILED ");
    text_add_string(report, checker->name);
    text_add_string(report, ": ");
    text_add_string(report, program->problem);
    text_add_string(report, "\n");
    return is_skipped ? VERDICT_SKIPPED : VERDICT_FAILED;
}

enum verdict check_line(struct checker *checker, const char *line, size_t size, struct text *report)
{
    struct value entry;
    struct program program;
    arena_reset(&checker->arena);
    if (!read_line(checker, line, size, &entry, report))
        return VERDICT_FAILED;
    set_name(checker, &entry);
    const char *pattern = checker->name_pattern;
    if (pattern != NULL && fnmatch(pattern, checker->name, 0) != 0)
        return VERDICT_NOT_SELECTED;
    program_load(&program, &checker->arena, value_find(&entry, "program"));
    if (program.problem != NULL)
        return refuse(checker, &program, report);
    text_clear(&checker->trace);
    program_run(&program, &checker->trace);
    return checker->shows_traces ? show(checker, &entry, report) : compare(checker, &entry, report);
}

void checker_fini(struct checker *checker)
{
    arena_fini(&checker->arena);
    text_fini(&checker->trace);
    text_fini(&checker->expected);
}
