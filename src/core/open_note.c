/* SPDX-License-Identifier: MIT */
/*
 * open_note.c: objects that were opened and not closed, in debug mode.
 *
 * Code that opens something that must be closed (a stream, a listener, a session) makes a note and
 * keeps it; closing removes it. Notes left when the loop closes are reported with the place where
 * the object was opened, like asyncio's ResourceWarning.
 *
 * A note belongs to its object and may outlive the loop with it: it is in the loop's list until it
 * is removed or reported.
 */
#include "core/debug.h"

#include <stdio.h>

struct eddy_open_note {
    struct link link;
    const char *kind;
    uint32_t loop_id; // of the loop that it is noted in
    struct trace trace; // the code that opened it
};

eddy_open_note *eddy_note_open(const char *kind)
{
    struct eddy_loop *loop = eddy__loop_current();
    if (EDDY__LIKELY(loop == NULL || loop->debug == NULL))
        return NULL;
    struct eddy_open_note *note = eddy__zalloc(sizeof *note);
    if (note == NULL)
        return NULL;
    note->kind = kind;
    note->loop_id = loop->id;
    eddy__trace_take(&note->trace);
    list_push(&loop->debug->open_notes, &note->link);
    return note;
}

void eddy_note_closed(eddy_open_note *note)
{
    if (EDDY__LIKELY(note == NULL))
        return;
    if (note->loop_id != eddy__loop_id() && eddy__loop_is_elsewhere(note->loop_id)) {
        eddy__report_misuse("eddy_note_closed: the note belongs to the loop of another thread");
        return;
    }
    if (link_is_linked(&note->link))
        link_remove(&note->link);
    eddy__free(note);
}

static void report(const struct eddy_open_note *note)
{
    char place[192];
    char message[320];
    eddy__trace_format(&note->trace, place, sizeof place);
    snprintf(message, sizeof message, "%s was still open when the loop closed; it was opened in %s",
             note->kind, place);
    eddy__report(&(eddy_report){.kind = EDDY_REPORT_UNCLOSED, .message = message});
}

void eddy__debug_report_unclosed(struct eddy_loop *loop)
{
    struct link *link;
    while (loop->debug != NULL && (link = list_pop(&loop->debug->open_notes)) != NULL)
        report(container_of(link, struct eddy_open_note, link));
}
