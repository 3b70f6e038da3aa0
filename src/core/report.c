/* SPDX-License-Identifier: MIT */
/*
 * report.c: passes errors that no caller can receive to the loop's exception handler.
 */
#include "core/core.h"

#include <stdio.h>

void eddy_default_exception_handler(const eddy_report *report)
{
    char text[1024];
    if (report == NULL)
        return;
    fprintf(stderr, "eddy: %s", report->message);
    if (report->name != NULL)
        fprintf(stderr, ": %s", report->name);
    if (report->place != NULL)
        fprintf(stderr, " (made at %s:%d)", report->place->file, report->place->line);
    if (report->status < 0 && report->kind != EDDY_REPORT_DEADLOCK) {
        eddy_error_format(report->status, report->error, text, sizeof text);
        fprintf(stderr, ": %s", text);
    }
    fputc('\n', stderr);
}

void eddy__report(const eddy_report *report)
{
    struct eddy_loop *loop = eddy__loop_current();
    if (loop == NULL || loop->exception_handler == NULL)
        eddy_default_exception_handler(report);
    else
        loop->exception_handler(report, loop->exception_handler_data);
}

void eddy__report_misuse(const char *sentence)
{
    eddy__report(
        &(eddy_report){.kind = EDDY_REPORT_MISUSE, .message = sentence, .status = EDDY_EMISUSE});
}

void eddy_call_exception_handler(const eddy_report *report)
{
    if (report == NULL)
        eddy__report_misuse("eddy_call_exception_handler: the report is NULL");
    else
        eddy__report(report);
}

void eddy_set_exception_handler(eddy_exception_handler *handler, void *data)
{
    struct eddy_loop *loop = eddy__loop_current();
    if (loop == NULL)
        return;
    loop->exception_handler = handler;
    loop->exception_handler_data = data;
}

eddy_exception_handler *eddy_get_exception_handler(void **out_data)
{
    const struct eddy_loop *loop = eddy__loop_current();
    if (out_data != NULL)
        *out_data = loop != NULL ? loop->exception_handler_data : NULL;
    return loop != NULL ? loop->exception_handler : NULL;
}

void eddy__report_task(eddy_report_kind kind, struct eddy_future *task, const char *message)
{
    eddy__report(&(eddy_report){
        .kind = kind,
        .message = message,
        .status = task->status,
        .error = task->error,
        .task = task,
        .name = eddy_task_get_name(task),
        .place = eddy_task_place(task),
    });
}
