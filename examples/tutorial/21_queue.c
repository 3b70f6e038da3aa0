/* SPDX-License-Identifier: MIT */
/* 21_queue.c: a producer that is faster than its consumers, and waits while the queue is full. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

EDDY_ASYNC(producer, (eddy_queue *, queue))
{
    for (int item = 1; item <= 6; item++) {
        EDDY_TRY(eddy_queue_put(queue, &item));
        printf("%.1f: put %d\n", eddy_time() - start, item);
        EDDY_TRY(eddy_sleep(0.1));
    }
    return 0;
}

EDDY_ASYNC(consumer, (eddy_queue *, queue), (int, number))
{
    int rc;
    eddy_for (int, item, queue, &rc) { // until it is shut down and empty
        EDDY_TRY(eddy_sleep(1));
        printf("%.1f: consumer %d has done %d\n", eddy_time() - start, number, item);
        eddy_queue_task_done(queue);
    }
    return rc;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 2);
    eddy_group workers;
    eddy_group_begin(&workers);
    for (int i = 1; i <= 2; i++)
        eddy_group_create_task(&workers, consumer, queue, i);

    EDDY_TRY(producer(queue));
    EDDY_TRY(eddy_queue_join(queue)); // until every item has been done
    eddy_queue_shutdown(queue, false);
    EDDY_TRY(eddy_group_end(&workers, 0));
    puts("the queue is empty");
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
