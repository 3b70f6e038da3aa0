/* SPDX-License-Identifier: MIT */
/* 18_lock.c: between two suspension points a task is alone; a lock is for what spans them. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

static eddy_lock lock = EDDY_LOCK;
static int balance = 100;

EDDY_ASYNC(withdraw, (const char *, name), (int, amount))
{
    EDDY_TRY(eddy_lock_acquire(&lock));
    int before = balance;
    int rc = eddy_sleep(1); // without the lock the others would read the same balance here
    if (rc >= 0)
        balance = before - amount;
    eddy_lock_release(&lock);
    printf("%.0f: %s leaves %d\n", eddy_time() - start, name, balance);
    return rc;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    EDDY_TRY(eddy_gather(eddy_coro(withdraw, "Anna", 10), eddy_coro(withdraw, "Boris", 20),
                         eddy_coro(withdraw, "Vera", 30)));
    printf("balance %d\n", balance);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
