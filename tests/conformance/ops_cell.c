/* SPDX-License-Identifier: MIT */
/*
 * ops_cell.c: integer cells, which are the interpreter's own, and new objects of any type.
 */
#include <string.h>

#include "machine.h"

OPERATION(set_cell)
{
    op->args[0].cell->value = op->args[1].value.number;
    return FLOW_NEXT;
}

OPERATION(add_to_cell)
{
    struct cell *cell = op->args[0].cell;
    if (__builtin_add_overflow(cell->value, op->args[1].value.number, &cell->value))
        return EDDY_EVALUE;
    *result = value_of_int(cell->value);
    return FLOW_NEXT;
}

bool compares(int64_t left, const char *comparison, int64_t right)
{
    bool is_negated = comparison[0] == '!';
    bool is_equal = strchr(comparison, '=') != NULL && !is_negated;
    return (is_equal && left == right) || (comparison[0] == '<' && left < right) ||
           (comparison[0] == '>' && left > right) || (is_negated && left != right);
}

OPERATION(compare_cell)
{
    *result = value_of_bool(
        compares(op->args[0].cell->value, op->args[1].value.text, op->args[2].value.number));
    return FLOW_NEXT;
}

OPERATION(new_object)
{
    int status = make_object(frame->run, &op->args[1].value, op->args[0].variable);
    return status < 0 ? status : FLOW_NEXT;
}

const struct op_kind cell_ops[] = {
    {"iset", "li", LOG_NOTHING, set_cell},
    {"iadd", "li", LOG_RESULT, add_to_cell},
    {"icmp", "lsi", LOG_RESULT, compare_cell},
    {"new", "no", LOG_NOTHING, new_object},
    {0},
};
