/* SPDX-License-Identifier: MIT */
/*
 * 47_context_manager.c: a pair of functions around a body. The end is told how the body went, may
 * await, and says how the whole went; whoever leaves early, with EDDY_TRY say, runs the clean-up
 * that must not wait.
 */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

typedef struct manager {
    bool is_open;
} manager;

static EDDY_SUSPENDS int manager_begin(manager *self)
{
    printf("%.2f: begin\n", eddy_time() - start);
    EDDY_TRY(eddy_sleep(1));
    self->is_open = true;
    return 0;
}

EDDY_ASYNC(action)
{
    printf("%.2f: start sleep\n", eddy_time() - start);
    EDDY_TRY(eddy_sleep(1));
    printf("%.2f: end sleep\n", eddy_time() - start);
    return 0;
}

static EDDY_SUSPENDS int manager_end(manager *self, int status)
{
    printf("%.2f: end, the body's status is %d\n", eddy_time() - start, status);
    self->is_open = false;
    int rc = action();
    return status < 0 ? status : rc;
}

/* What EDDY_AUTO(manager) calls at the end of the scope. */
static void manager__auto(manager *self)
{
    if (self->is_open)
        printf("%.2f: left early\n", eddy_time() - start);
}

EDDY_ASYNC(body, (bool, is_failing))
{
    EDDY_AUTO(manager) self = {false};
    EDDY_TRY(manager_begin(&self));
    EDDY_TRY(is_failing ? EDDY_ERROR_USER : 0);
    return manager_end(&self, 0);
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    EDDY_TRY(body(false));
    int rc = body(true);
    return rc == EDDY_ERROR_USER ? 0 : rc;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
