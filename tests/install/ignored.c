/* SPDX-License-Identifier: MIT */
/*
 * Ignores a status on each line that says so: the compiler must warn of each, and of nothing else.
 * Also compiled as C++.
 */
#include <eddy.h>

EDDY_ASYNC_TO(int, square, (int, n))
{
    *result = n * n;
    return 0;
}

EDDY_GENERATOR(int, numbers, (int, n))
{
    eddy_yield(n); // ignored
    return 0;
}

EDDY_ASYNC(awaits, (eddy_stream *, stream), (eddy_queue *, queue), (eddy_lock *, lock))
{
    int value = 0;
    int values[2];
    eddy_sleep(0.001);                                                   // ignored
    square(&value, 2);                                                   // ignored
    eddy_await(eddy_coro(square, 2));                                    // ignored
    eddy_await(eddy_coro(square, 2), &value);                            // ignored
    eddy_gather(eddy_coro(square, 1), eddy_coro(square, 2));             // ignored
    eddy_gather_to(values, eddy_coro(square, 1), eddy_coro(square, 2));  // ignored
    eddy_wait_for(eddy_coro(square, 1), 1.0);                            // ignored
    eddy_wait_for(eddy_coro(square, 1), 1.0, &value);                    // ignored
    eddy_within(1, eddy_sleep(0.001));                                   // ignored
    eddy_shielded(eddy_sleep(0.001));                                    // ignored
    eddy_locked(lock, eddy_sleep(0.001));                                // ignored
    eddy_lock_acquire(lock);                                             // ignored
    eddy_anext(queue, &value);                                           // ignored
    eddy_anext(queue, &value, 7);                                        // ignored
    eddy_queue_get(queue, &value);                                       // ignored
    eddy_queue_put(queue, &value);                                       // ignored
    eddy_queue_put_nowait(queue, &value);                                // ignored
    eddy_stream_write(stream, "x", 1);                                   // ignored
    eddy_to_thread(eddy_coro(square, 2), &value);                        // ignored
    return 0;
}

EDDY_ASYNC(sets, (eddy_future *, future))
{
    eddy_future_set_result(future, int, 1); // ignored
    eddy_group_enter(NULL);                 // ignored
    eddy_group_end(NULL, 0);                // ignored
    eddy_timeout_begin(1);
    eddy_timeout_end(0);                    // ignored
    return 0;
}

int main(void)
{
    eddy_main(eddy_coro(awaits, NULL, NULL, NULL)); // ignored
    eddy_run(eddy_coro(sets, NULL), NULL);          // ignored
    eddy_generator_free(eddy_generator_new(numbers, 1));
    return 0;
}
