/* SPDX-License-Identifier: MIT */
/*
 * 08_inserts_in_the_background.c: inserting a chunk takes longer than fetching one. As a task it
 * does not hold up the next chunk; at the end all tasks that are left are waited for.
 */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

enum { MAX_CHUNK = 5, LAST_ID = 19, TASKS_MAX = 16 };

typedef struct chunk {
    int ids[MAX_CHUNK];
    size_t count;
} chunk;

EDDY_ASYNC_TO(int, get_person, (int, person_id))
{
    EDDY_TRY(eddy_sleep(0.1 * (1 + person_id % 3)));
    *result = person_id;
    return 0;
}

EDDY_ASYNC(insert_records, (chunk, records)) // by value: the task has a copy of its own
{
    EDDY_TRY(eddy_sleep(1));
    printf("%.1f: inserted from %d, %zu records\n", eddy_time() - start, records.ids[0], records.count);
    return 0;
}

/* await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()})) */
static int wait_for_the_others(void)
{
    eddy_task *tasks[TASKS_MAX];
    size_t count = eddy_all_tasks(tasks, TASKS_MAX), others = 0;
    for (size_t i = 0; i < count; i++) {
        if (tasks[i] == eddy_current_task())
            eddy_task_free(tasks[i]); // each came with a reference
        else
            tasks[others++] = tasks[i];
    }
    int rc = eddy_gather_all(tasks, others);
    for (size_t i = 0; i < others; i++)
        eddy_task_free(tasks[i]);
    return rc;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    for (int first = 1; first <= LAST_ID; first += MAX_CHUNK) {
        eddy_coroutine *coros[MAX_CHUNK];
        chunk records = {.count = 0};
        for (int id = first; id < first + MAX_CHUNK && id <= LAST_ID; id++)
            coros[records.count++] = eddy_coro(get_person, id);
        EDDY_TRY(eddy_gather_all_to(records.ids, coros, records.count));
        eddy_start(insert_records, records); // does not hold up the next chunk
        printf("%.1f: fetched from %d\n", eddy_time() - start, records.ids[0]);
    }
    EDDY_TRY(wait_for_the_others());
    printf("%.1f: everything has been inserted\n", eddy_time() - start);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
