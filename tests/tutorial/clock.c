/* SPDX-License-Identifier: MIT */
/*
 * clock.c: linked into the tutorials' programs for their test, which themselves know nothing of it.
 *
 * The linker sends their calls of eddy_main(), eddy_run_to(), sleep() and usleep() here (--wrap). With
 * EDDY_VIRTUAL_CLOCK=1 in the environment the programs run under the virtual clock: an hour of sleeps
 * takes no time, and the times they print are exact. EDDY_TUTORIAL_INTERRUPT=SECONDS presses Ctrl-C
 * after so many seconds, for programs that never end by themselves.
 */
#include <eddy.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int __real_eddy_main(eddy_coroutine *main);
int __real_eddy__run_to(void *out_value, size_t size, eddy_coroutine *main,
                        const eddy_run_options *options);
unsigned __real_sleep(unsigned seconds);
int __real_usleep(useconds_t microseconds);

int __wrap_eddy_main(eddy_coroutine *main);
int __wrap_eddy__run_to(void *out_value, size_t size, eddy_coroutine *main,
                        const eddy_run_options *options);
unsigned __wrap_sleep(unsigned seconds);
int __wrap_usleep(useconds_t microseconds);

static bool is_virtual(void)
{
    const char *value = getenv("EDDY_VIRTUAL_CLOCK");
    return value != NULL && value[0] == '1';
}

/* Output goes line by line, also into a pipe, so that reports on stderr stand where they belong. */
__attribute__((constructor)) static void write_lines(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
}

static int press_ctrl_c(void *data)
{
    (void)data;
    raise(SIGINT);
    return 0;
}

EDDY_ASYNC(interrupted, (eddy_coroutine *, main), (double, seconds))
{
    EDDY_TRY(eddy_call_later(seconds, press_ctrl_c, NULL, NULL));
    return eddy_await(main);
}

int __wrap_eddy_main(eddy_coroutine *main)
{
    const char *interrupt = getenv("EDDY_TUTORIAL_INTERRUPT");
    if (interrupt != NULL)
        main = eddy_coro(interrupted, main, atof(interrupt));
    if (!is_virtual())
        return __real_eddy_main(main);

    int rc = eddy_run(main, &(eddy_run_options){.virtual_clock = true});
    if (rc == EDDY_INTERRUPTED)
        return 130;
    if (rc >= 0)
        return EXIT_SUCCESS;
    char text[1024];
    eddy_error_format(rc, eddy_error_get(rc), text, sizeof text);
    fprintf(stderr, "eddy: %s\n", text);
    return EXIT_FAILURE;
}

int __wrap_eddy__run_to(void *out_value, size_t size, eddy_coroutine *main,
                        const eddy_run_options *options)
{
    eddy_run_options chosen = options != NULL ? *options : (eddy_run_options){.virtual_clock = false};
    chosen.virtual_clock = is_virtual();
    return __real_eddy__run_to(out_value, size, main, &chosen);
}

/* What keeps the thread moves the clock: nothing else runs meanwhile. */
unsigned __wrap_sleep(unsigned seconds)
{
    if (!is_virtual())
        return __real_sleep(seconds);
    EDDY_IGNORE(eddy_advance_clock(seconds));
    return 0;
}

int __wrap_usleep(useconds_t microseconds)
{
    if (!is_virtual())
        return __real_usleep(microseconds);
    EDDY_IGNORE(eddy_advance_clock(microseconds / 1e6));
    return 0;
}
