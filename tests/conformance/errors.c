/* SPDX-License-Identifier: MIT */
/*
 * errors.c: a table for Eddy's codes, a list for the program's own.
 *
 * Statuses that are neither (a system's error, say) are written "Status:-12": no trace has that, so
 * it shows up as the difference it is.
 */
#include "errors.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "program.h"
#include "text.h"

struct error_name {
    struct error_name *next;    // found later
    int status;
    const char *name;
};

static const struct error_name known[] = {
    {NULL, EDDY_CANCELLED, "Cancelled"},
    {NULL, EDDY_TIMEDOUT, "Timeout"},
    {NULL, EDDY_EINVALIDSTATE, "InvalidState"},
    {NULL, EDDY_EMISUSE, "Runtime"},
    {NULL, EDDY_EVALUE, "Value"},
    {NULL, EDDY_ETYPE, "Type"},
    {NULL, EDDY_QUEUE_EMPTY, "QueueEmpty"},
    {NULL, EDDY_QUEUE_FULL, "QueueFull"},
    {NULL, EDDY_QUEUE_SHUTDOWN, "QueueShutDown"},
    {NULL, EDDY_EBROKENBARRIER, "BrokenBarrier"},
    {NULL, EDDY_STOPITERATION, "StopIter"},
    {NULL, EDDY_GENERATOREXIT, "GenExit"},
};

static const size_t known_count = sizeof known / sizeof *known;

int error_status(struct program *program, const char *name)
{
    for (size_t i = 0; i < known_count; i++) {
        if (strcmp(known[i].name, name) == 0)
            return known[i].status;
    }
    if (strncmp(name, "Error:", 6) != 0)
        return 0;
    int status = EDDY_ERROR_USER;
    struct error_name **link = &program->error_names;
    for (; *link != NULL; link = &(*link)->next) {
        if (strcmp((*link)->name, name) == 0)
            return (*link)->status;
        status = (*link)->status - 1;
    }
    *link = arena_take(program->arena, sizeof **link);
    **link = (struct error_name){.status = status, .name = name};
    return status;
}

static const char *find_name(const struct program *program, int status)
{
    for (size_t i = 0; i < known_count; i++) {
        if (known[i].status == status)
            return known[i].name;
    }
    const struct error_name *own = program->error_names;
    while (own != NULL && own->status != status)
        own = own->next;
    return own != NULL ? own->name : NULL;
}

static void write_error(struct program *program, int status, const eddy_error *error,
                        struct text *text)
{
    const char *name = find_name(program, status);
    if (name != NULL) {
        text_add_string(text, name);
        return;
    }
    if (status != EDDY_EGROUP) {
        text_print(text, "Status:%d", status);
        return;
    }
    text_add_string(text, "Group[");
    for (size_t i = 0; i < eddy_error_member_count(error); i++) {
        const eddy_error *member = eddy_error_member(error, i);
        text_add_string(text, i > 0 ? "," : "");
        write_error(program, eddy_error_code(member), member, text);
    }
    text_add_string(text, "]");
}

const char *error_text(struct program *program, int status, const eddy_error *error)
{
    const char *name = find_name(program, status);
    if (name != NULL)
        return name;
    struct text text = {0};
    write_error(program, status, error, &text);
    name = arena_text(program->arena, text.bytes, text.size);
    text_fini(&text);
    return name;
}

bool error_is_kind(const char *text, const char *kind)
{
    if (strcmp(kind, "any") == 0 || strcmp(kind, text) == 0)
        return true;
    if (strcmp(kind, "exc") == 0)
        return strcmp(text, "Cancelled") != 0 && strcmp(text, "GenExit") != 0;
    size_t size = strcspn(text, ":[");
    return strlen(kind) == size && memcmp(kind, text, size) == 0;
}
