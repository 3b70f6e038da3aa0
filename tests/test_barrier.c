/* SPDX-License-Identifier: MIT */
/* Barriers: what the conformance suite can't count, indices after many have been cancelled. */
#include "harness.h"

#include <string.h>

enum { PARTIES = 40, ROUNDS = 200 };

static eddy_barrier barrier;
static int seen[PARTIES]; // how often each index was given in this round

EDDY_ASYNC(meets)
{
    int index = eddy_barrier_wait(&barrier);
    if (index < 0)
        return index;
    EXPECT(index < PARTIES);
    seen[index]++;
    return 0;
}

/* Lets all that are ready run. */
static void settle(void)
{
    for (int i = 0; i < 2 * PARTIES + 4; i++)
        EXPECT_EQ(eddy_sleep(0), 0);
}

/* One round in which some leave before it is full, chosen by `seed`. */
static void meet_with_cancellations(unsigned seed)
{
    eddy_task *tasks[2 * PARTIES];
    int count = 0, waiting = 0;
    memset(seen, 0, sizeof seen);
    while (waiting < PARTIES) {
        seed = seed * 1103515245u + 12345u;
        if (waiting > 0 && count + PARTIES - waiting < 2 * PARTIES && (seed >> 16) % 3 == 0) {
            int i = (int)((seed >> 8) % (unsigned)count);
            if (eddy_task_cancel(tasks[i]) == 1) {
                waiting--;
                settle();
            }
            continue;
        }
        tasks[count++] = eddy_create_task(meets);
        waiting++;
        if (waiting < PARTIES)
            settle();
    }
    settle();
    for (int i = 0; i < count; i++) {
        EXPECT(eddy_task_done(tasks[i]));
        eddy_task_free(tasks[i]);
    }
    for (int i = 0; i < PARTIES; i++)
        EXPECT_EQ(seen[i], 1);
}

TEST(those_who_pass_have_all_indices_whoever_was_cancelled)
{
    EXPECT_EQ(eddy_barrier_init(&barrier, PARTIES), 0);
    for (unsigned round = 0; round < (is_watched() ? 5 : ROUNDS); round++)
        meet_with_cancellations(round);
}

TEST(a_barrier_is_empty_for_the_next_run)
{
    EXPECT_EQ(eddy_barrier_init(&barrier, 1), 0);
    EXPECT_EQ(eddy_barrier_wait(&barrier), 0);
    EXPECT_EQ(eddy_barrier_n_waiting(&barrier), 0);
}

RUN_TESTS(TEST_OF(those_who_pass_have_all_indices_whoever_was_cancelled),
          TEST_OF(a_barrier_is_empty_for_the_next_run))
