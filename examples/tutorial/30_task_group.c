/* SPDX-License-Identifier: MIT */
/* 30_task_group.c: the end of a group waits for its tasks; none outlives it. */
#include <eddy.h>

#include <stdio.h>

typedef struct reply {
    char text[16];
} reply;

EDDY_ASYNC_TO(reply, aget_data, (int, seconds))
{
    EDDY_TRY(eddy_sleep(seconds));
    snprintf(result->text, sizeof result->text, "%d s.", seconds);
    return 0;
}

EDDY_ASYNC(app)
{
    double start_time = eddy_time();
    eddy_group tg;
    eddy_group_begin(&tg);
    puts("The group begins...");
    EDDY_AUTO(eddy_task) *task1 = eddy_task_ref(eddy_group_create_task(&tg, aget_data, 1));
    printf("Task added: %s, done: %d\n", eddy_task_get_name(task1), eddy_task_done(task1));
    EDDY_AUTO(eddy_task) *task2 = eddy_task_ref(eddy_group_create_task(&tg, aget_data, 2));
    printf("Task added: %s, done: %d\n", eddy_task_get_name(task2), eddy_task_done(task2));
    EDDY_TRY(eddy_group_end(&tg, 0));
    puts("The group has ended");
    printf("Time taken (async): %.2f s\n", eddy_time() - start_time);

    reply first, second;
    EDDY_TRY(eddy_task_result(task1, &first));
    EDDY_TRY(eddy_task_result(task2, &second));
    puts(first.text);
    puts(second.text);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
