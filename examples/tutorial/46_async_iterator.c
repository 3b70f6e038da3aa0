/* SPDX-License-Identifier: MIT */
/*
 * 46_async_iterator.c: a user's type that eddy_for iterates over. EDDY_ITERATOR is the class
 * with __aiter__ and __anext__; the end is EDDY_STOPITERATION.
 */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

typedef struct crowd {
    const char *const *people;
    int count;
    int i;
} crowd;

typedef struct answer {
    char text[64];
} answer;

EDDY_ITERATOR(answer, crowd)
{
    static const int delays[] = {2, 3, 3, 2};
    if (self->i == self->count)
        return EDDY_STOPITERATION;

    const char *human = self->people[self->i];
    int delay = delays[self->i % 4];
    printf("Hey, %s!\n", human);
    self->i++;
    EDDY_TRY(eddy_sleep(delay));
    snprintf(result->text, sizeof result->text, "wait for %s %ds", human, delay);
    return 0;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    static const char *const people[] = {"Andrey", "Alex", "Artem", "Igor"};
    crowd crowd = {people, 4, 0};
    int rc;
    eddy_for (answer, i, crowd_aiter(&crowd), &rc)
        puts(i.text);
    printf("after %.0f s\n", eddy_time() - start);
    return rc;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
