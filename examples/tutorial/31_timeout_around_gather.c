/* SPDX-License-Identifier: MIT */
/* 31_timeout_around_gather.c: two seconds for both; foo() needs all of them, and is too late. */
#include <eddy.h>

#include <stdio.h>

EDDY_ASYNC_TO(const char *, foo)
{
    puts("foo() begins...");
    EDDY_TRY(eddy_sleep(2));
    puts("foo() has a value");
    *result = "foo";
    return 0;
}

EDDY_ASYNC_TO(const char *, bar)
{
    puts("bar() begins...");
    EDDY_TRY(eddy_sleep(1));
    puts("bar() has a value");
    *result = "bar";
    return 0;
}

EDDY_ASYNC(get_something)
{
    puts("get_something() begins...");
    const char *results[2];
    EDDY_TRY(eddy_timeout_begin(2));
    int rc = eddy_gather_to(results, eddy_coro(foo), eddy_coro(bar));
    EDDY_TRY(eddy_timeout_end(rc));
    printf("%s\n%s\n", results[0], results[1]);
    return 0;
}

EDDY_ASYNC(app)
{
    int rc = get_something();
    if (rc == EDDY_TIMEDOUT)
        puts("TimeoutError");
    return rc == EDDY_TIMEDOUT ? 0 : rc;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
