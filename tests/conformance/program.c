/* SPDX-License-Identifier: MIT */
/*
 * program.c: turns the JSON of a program into operations with resolved arguments.
 *
 * Each kind of operation has a shape, a letter for each argument (machine.h lists them); load_arg()
 * is the one place that knows what they mean. Functions are entered by name first and filled after
 * that, since they may name each other.
 *
 * What always holds: after the first problem the rest is loaded as well as it can be, but never
 * run; the first problem is the one that is told.
 */
#include "program.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "errors.h"
#include "machine.h"
#include "text.h"

static const struct value null_value;

static void load_block(struct program *program, const struct value *list, struct block *block);

static void complain(struct program *program, const char *what, const char *name)
{
    if (program->problem != NULL)
        return;
    char text[200];
    int n = snprintf(text, sizeof text, "%s %s", what, name);
    size_t size = n < (int)sizeof text ? (size_t)n : sizeof text - 1;
    program->problem = arena_text(program->arena, text, size);
}

static void lack(struct program *program, const char *what, const char *name)
{
    if (program->problem == NULL)
        program->is_unsupported = true;
    complain(program, what, name);
}

struct variable *program_variable(struct program *program, const char *name)
{
    for (struct variable *each = program->variables; each != NULL; each = each->next) {
        if (strcmp(each->name, name) == 0)
            return each;
    }
    struct variable *variable = arena_take(program->arena, sizeof *variable);
    variable->name = name;
    variable->is_self = strcmp(name, "self") == 0;
    variable->next = program->variables;
    program->variables = variable;
    return variable;
}

struct cell *program_cell(struct program *program, const char *name)
{
    for (struct cell *each = program->cells; each != NULL; each = each->next) {
        if (strcmp(each->name, name) == 0)
            return each;
    }
    struct cell *cell = arena_take(program->arena, sizeof *cell);
    cell->name = name;
    cell->next = program->cells;
    program->cells = cell;
    return cell;
}

/* The text of a value that must be one. */
static const char *text_of(struct program *program, const struct value *value)
{
    if (value->type == VALUE_TEXT)
        return value->text;
    complain(program, "malformed:", "a name is missing");
    return "?";
}

/* The items of a value that must be a list. */
static const struct value *items_of(struct program *program, const struct value *list,
                                    size_t *out_count)
{
    bool is_list = list->type == VALUE_LIST;
    if (!is_list)
        complain(program, "malformed:", "a list is missing");
    *out_count = is_list ? list->count : 0;
    return is_list ? list->items : NULL;
}

static struct function *load_function(struct program *program, const struct functions *functions,
                                      const char *name, size_t name_size)
{
    for (size_t i = 0; i < functions->count; i++) {
        const char *each = functions->items[i].name;
        if (strlen(each) == name_size && memcmp(each, name, name_size) == 0)
            return &functions->items[i];
    }
    complain(program, "malformed: no function", name);
    return NULL;
}

/* "t1" is a variable, "c1()" a call. */
static void load_awaitable(struct program *program, const struct value *value,
                           struct awaitable *awaitable)
{
    const char *text = text_of(program, value);
    size_t size = strlen(text);
    if (size > 2 && strcmp(text + size - 2, "()") == 0)
        awaitable->call = load_function(program, &program->coros, text, size - 2);
    else
        awaitable->variable = program_variable(program, text);
}

static void load_awaitables(struct program *program, const struct value *values, size_t count,
                            struct arg *arg)
{
    arg->awaitables = arena_take(program->arena, count * sizeof *arg->awaitables);
    arg->awaitable_count = count;
    for (size_t i = 0; i < count; i++)
        load_awaitable(program, &values[i], &arg->awaitables[i]);
}

/* [kinds, body], where kinds is one name or a list of them. */
static void load_clause(struct program *program, const struct value *value, struct clause *clause)
{
    size_t count;
    const struct value *pair = items_of(program, value, &count);
    if (count != 2) {
        complain(program, "malformed:", "an except clause isn't a pair");
        return;
    }
    bool is_one = pair[0].type != VALUE_LIST;
    const struct value *kinds = is_one ? &pair[0] : pair[0].items;
    clause->kind_count = is_one ? 1 : pair[0].count;
    clause->kinds = arena_take(program->arena, clause->kind_count * sizeof *clause->kinds);
    for (size_t i = 0; i < clause->kind_count; i++)
        clause->kinds[i] = text_of(program, &kinds[i]);
    load_block(program, &pair[1], &clause->body);
}

static void load_clauses(struct program *program, const struct value *list, struct arg *arg)
{
    const struct value *values = items_of(program, list, &arg->clause_count);
    arg->clauses = arena_take(program->arena, arg->clause_count * sizeof *arg->clauses);
    for (size_t i = 0; i < arg->clause_count; i++)
        load_clause(program, &values[i], &arg->clauses[i]);
}

/* Whether the API has such objects, [type, argument, ...]. */
static void check_object(struct program *program, const struct value *spec)
{
    size_t count;
    const struct value *items = items_of(program, spec, &count);
    const char *type = count > 0 ? text_of(program, &items[0]) : "?";
    if (find_object_kind(type) == NULL && strcmp(type, "int") != 0)
        lack(program, "unsupported type", type);
}

static void check_type(struct program *program, const struct value *value, enum value_type type,
                       bool may_be_null)
{
    if (value->type != type && !(may_be_null && value->type == VALUE_NULL))
        complain(program, "malformed:", "an argument of another type");
}

static struct op *load_op(struct program *program, const struct value *value, struct op *op);

/* One flat switch: what each letter of a shape means (machine.h lists them). */
static void load_arg(struct program *program, char letter, const struct value *value,
                     struct arg *arg)
{
    struct arena *arena = program->arena;
    const struct value *values;
    size_t count;
    arg->value = *value;
    switch (letter) {
    case 'v':
    case 'F':
    case 'T':
    case 'n': arg->variable = program_variable(program, text_of(program, value)); break;
    case 'N':
        if (value->type != VALUE_NULL)
            arg->variable = program_variable(program, text_of(program, value));
        break;
    case 'a': load_awaitables(program, value, 1, arg); break;
    case 'A':
        values = items_of(program, value, &count);
        load_awaitables(program, values, count, arg);
        break;
    case 'c':
    case 'b':
    case 'g': {
        const struct functions *functions = letter == 'c'   ? &program->coros
                                            : letter == 'b' ? &program->callbacks
                                                            : &program->gens;
        const char *name = text_of(program, value);
        arg->function = load_function(program, functions, name, strlen(name));
        break;
    }
    case 'B':
        if (value->type != VALUE_NULL)
            load_block(program, value, &arg->block);
        break;
    case 'H': load_clauses(program, value, arg); break;
    case 'O': arg->op = load_op(program, value, arena_take(arena, sizeof *arg->op)); break;
    case 'l': arg->cell = program_cell(program, text_of(program, value)); break;
    case 'o': check_object(program, value); break;
    case 'e':
        arg->status = error_status(program, text_of(program, value));
        if (arg->status == 0)
            complain(program, "malformed: no error", value->text);
        break;
    case 'i': check_type(program, value, VALUE_INT, false); break;
    case 'I': check_type(program, value, VALUE_INT, true); break;
    case 's': check_type(program, value, VALUE_TEXT, false); break;
    case 'S': check_type(program, value, VALUE_TEXT, true); break;
    case 'f': check_type(program, value, VALUE_BOOL, true); break;
    default: break;    // 'x': any value
    }
}

/* Loads [name, argument, ...] as the shape of the operation has it; letters behind | may lack. */
static struct op *load_op(struct program *program, const struct value *value, struct op *op)
{
    size_t count;
    const struct value *items = items_of(program, value, &count);
    const char *name = count > 0 ? text_of(program, &items[0]) : "?";
    op->kind = find_op_kind(name);
    if (op->kind == NULL) {
        lack(program, "unsupported operation", name);
        return op;
    }
    const char *shape = op->kind->shape;
    op->args = arena_take(program->arena, strlen(shape) * sizeof *op->args);
    size_t i = 1;
    bool may_lack = false;
    for (; *shape != '\0'; shape++) {
        if (*shape == '|') {
            may_lack = true;
        } else if (i < count || may_lack) {
            load_arg(program, *shape, i < count ? &items[i] : &null_value, &op->args[i - 1]);
            i++;
        } else {
            complain(program, "malformed: too few arguments for", name);
        }
    }
    if (count > i)
        complain(program, "malformed: too many arguments for", name);
    return op;
}

static void load_block(struct program *program, const struct value *list, struct block *block)
{
    const struct value *items = items_of(program, list, &block->count);
    block->is_given = true;
    block->ops = arena_take(program->arena, block->count * sizeof *block->ops);
    for (size_t i = 0; i < block->count; i++)
        load_op(program, &items[i], &block->ops[i]);
}

/* The map beside `key`, which may be missing. */
static const struct value *find_map(struct program *program, const struct value *json,
                                    const char *key)
{
    static const struct value empty = {.type = VALUE_MAP};
    const struct value *map = value_find(json, key);
    if (map == NULL || map->type == VALUE_MAP)
        return map != NULL ? map : &empty;
    complain(program, "malformed: not a map:", key);
    return &empty;
}

/* Enters the names of functions ... */
static void name_functions(struct program *program, const struct value *map,
                           struct functions *functions)
{
    functions->count = map->count;
    functions->items = arena_take(program->arena, map->count * sizeof *functions->items);
    for (size_t i = 0; i < map->count; i++)
        functions->items[i].name = map->items[2 * i].text;
}

/* ... and, once all names are known, their bodies. */
static void fill_functions(struct program *program, const struct value *map,
                           struct functions *functions)
{
    for (size_t i = 0; i < map->count; i++)
        load_block(program, &map->items[2 * i + 1], &functions->items[i].body);
}

void program_load(struct program *program, struct arena *arena, const struct value *json)
{
    *program = (struct program){.arena = arena, .ops_max = OPS_MAX};
    const struct value *coros = find_map(program, json, "coros");
    const struct value *gens = find_map(program, json, "gens");
    const struct value *callbacks = find_map(program, json, "callbacks");
    name_functions(program, coros, &program->coros);
    name_functions(program, gens, &program->gens);
    name_functions(program, callbacks, &program->callbacks);

    program->objects = *find_map(program, json, "objects");
    for (size_t i = 0; i < program->objects.count; i++)
        check_object(program, &program->objects.items[2 * i + 1]);
    fill_functions(program, coros, &program->coros);
    fill_functions(program, gens, &program->gens);
    fill_functions(program, callbacks, &program->callbacks);

    const struct value *eager = value_find(json, "eager");
    program->is_eager = eager != NULL && value_is_true(eager);
    const struct value *main = value_find(json, "main");
    const char *name = text_of(program, main != NULL ? main : &null_value);
    program->main = load_function(program, &program->coros, name, strlen(name));
}
