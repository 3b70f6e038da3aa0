/* SPDX-License-Identifier: MIT */
/* 51_result_of_a_program.c: a run returns the main coroutine's result to plain code. */
#include <eddy.h>

#include <stdio.h>
#include <stdlib.h>

typedef struct reply {
    char text[32];
} reply;

EDDY_ASYNC_TO(reply, process_request, (const char *, request))
{
    puts(request);
    snprintf(result->text, sizeof result->text, "Processed %s", request);
    return 0;
}

EDDY_ASYNC_TO(reply, app)
{
    return process_request(result, "aaa");
}

int main(void)
{
    reply result;
    int rc = eddy_run_to(&result, eddy_coro(app), NULL);
    puts(rc < 0 ? eddy_strerror(rc) : result.text);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
