/* SPDX-License-Identifier: MIT */
/*
 * iterator.c: iterating over anything that has items.
 *
 * The user's loop holds an iterator by value and asks it for one item after another. Each iterable
 * makes its own iterator (eddy__generator_iterator(), eddy__queue_iterator(), ...) in its own file;
 * this file has only the shared part.
 *
 * Ownership: none here. The maker of an iterator decides whether its object is freed with it.
 */
#include "core/core.h"

#include <eddy/iterator.h>

#include <string.h>

/* Returns 0, the error with which the iterator could not be made, or EDDY_EMISUSE. */
static int check(const eddy_iterator *iterator, size_t item_size)
{
    if (iterator->status < 0)
        return iterator->status;
    if (item_size != iterator->item_size)
        return eddy__misuse("eddy_for: the source has items of another size");
    return 0;
}

bool eddy__for_begin(eddy__for *loop, eddy_iterator iterator, size_t item_size)
{
    loop->is_new = false;
    loop->iterator = iterator;
    *loop->out_rc = check(&iterator, item_size);
    return *loop->out_rc == 0;
}

int eddy__anext(eddy_iterator iterator, void *out_item, size_t item_size, const void *otherwise)
{
    int status = check(&iterator, item_size);
    if (status == 0)
        status = iterator.next(iterator.object, out_item);
    if (status != 0)
        return status < 0 ? status : 0;
    if (otherwise == NULL)
        return EDDY_STOPITERATION;
    memcpy(out_item, otherwise, item_size);
    return 0;
}

static int next_of_other(void *object, void *out_item)
{
    eddy_iterator *other = object;
    return other->next(other->object, out_item);
}

/* Borrows another iterator, which its owner keeps. */
eddy_iterator eddy__iterator_iterator(eddy_iterator *iterator)
{
    return (eddy_iterator){.next = next_of_other,
                           .object = iterator,
                           .item_size = iterator->item_size,
                           .status = iterator->status};
}

/* The result of every function that makes an iterator begins with an eddy_iterator. */
eddy_iterator eddy__made_iterator(const void *made)
{
    return *(const eddy_iterator *)made;
}
