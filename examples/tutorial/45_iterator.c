/* SPDX-License-Identifier: MIT */
/* 45_iterator.c: an iterator in C: a state, and a function that returns whether there was a next item. */
#include <eddy.h>

#include <stdio.h>
#include <stdlib.h>

typedef struct iterator {
    int limit;
    int counter;
} iterator;

static bool iterator_next(iterator *it, int *out_item)
{
    if (it->counter == it->limit)
        return false;
    *out_item = ++it->counter;
    return true;
}

int main(void)
{
    iterator it = {.limit = 5};
    int i;
    while (iterator_next(&it, &i))
        printf("%d\n", i);
    return EXIT_SUCCESS;
}
