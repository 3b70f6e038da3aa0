/* SPDX-License-Identifier: MIT */
/*
 * tutorial.h: how the programs of this folder begin.
 *
 *     int main(void) { return tutorial_main(eddy_coro(app)); }
 *
 * With EDDY_VIRTUAL_CLOCK=1 in the environment a program runs under the virtual clock: an hour of
 * sleeps takes no time, and the times it prints are exact. EDDY_TUTORIAL_INTERRUPT=SECONDS presses
 * Ctrl-C after so many seconds, for programs that never end by themselves.
 */
#ifndef TUTORIAL_H
#define TUTORIAL_H

#include <eddy.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline bool tutorial_is_virtual(void)
{
    const char *value = getenv("EDDY_VIRTUAL_CLOCK");
    return value != NULL && value[0] == '1';
}

static inline eddy_run_options tutorial_options(void)
{
    return (eddy_run_options){.virtual_clock = tutorial_is_virtual()};
}

static double tutorial_start; // of the loop's clock

/* Seconds since the program began. */
static inline double tutorial_time(void)
{
    return eddy_time() - tutorial_start;
}

/* Keeps the thread for `seconds`, as time.sleep() or computing would: nothing else runs. */
static inline void tutorial_block(double seconds)
{
    struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    if (tutorial_is_virtual())
        EDDY_IGNORE(eddy_advance_clock(seconds));
    else
        nanosleep(&time, NULL);
}

static inline int tutorial_press_ctrl_c(void *data)
{
    (void)data;
    raise(SIGINT);
    return 0;
}

EDDY_ASYNC(tutorial_interrupted, (eddy_coroutine *, main), (double, seconds))
{
    EDDY_TRY(eddy_call_later(seconds, tutorial_press_ctrl_c, NULL, NULL));
    return eddy_await(main);
}

/* As eddy_main(), under the clock that the environment asks for. */
static inline int tutorial_main(eddy_coroutine *main)
{
    setvbuf(stdout, NULL, _IOLBF, 0); // also into a pipe, so that reports stand where they belong
    tutorial_start = tutorial_is_virtual() ? 0 : eddy_time();
    const char *interrupt = getenv("EDDY_TUTORIAL_INTERRUPT");
    if (interrupt != NULL)
        main = eddy_coro(tutorial_interrupted, main, atof(interrupt));
    if (!tutorial_is_virtual())
        return eddy_main(main);

    eddy_run_options options = tutorial_options();
    int rc = eddy_run(main, &options);
    if (rc == EDDY_INTERRUPTED)
        return 130;
    if (rc >= 0)
        return EXIT_SUCCESS;
    char text[1024];
    eddy_error_format(rc, eddy_error_get(rc), text, sizeof text);
    fprintf(stderr, "eddy: %s\n", text);
    return EXIT_FAILURE;
}

#endif
