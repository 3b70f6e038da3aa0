/* SPDX-License-Identifier: MIT */
/*
 * 46_async_iterator.c: an iterator whose next may wait: 1 for an item, 0 at the end, or an error.
 * Everything in Eddy that has items follows that rule.
 */
#include "tutorial.h"

typedef struct crowd {
    const char *const *people;
    int count;
    int i;
} crowd;

typedef struct answer {
    char text[64];
} answer;

static EDDY_SUSPENDS int crowd_next(crowd *self, answer *out_answer)
{
    static const int delays[] = {2, 3, 3, 2};
    if (self->i == self->count)
        return 0;
    const char *human = self->people[self->i];
    int delay = delays[self->i % 4];
    printf("Hey, %s!\n", human);
    self->i++;
    EDDY_TRY(eddy_sleep(delay));
    snprintf(out_answer->text, sizeof out_answer->text, "wait for %s %ds", human, delay);
    return 1;
}

EDDY_ASYNC(app)
{
    static const char *const people[] = {"Andrey", "Alex", "Artem", "Igor"};
    crowd crowd = {people, 4, 0};
    answer answer;
    int rc;
    while ((rc = crowd_next(&crowd, &answer)) > 0)
        puts(answer.text);
    printf("after %.0f s\n", tutorial_time());
    return rc;
}

int main(void)
{
    return tutorial_main(eddy_coro(app));
}
