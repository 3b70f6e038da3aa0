/* SPDX-License-Identifier: MIT */
/*
 * program_mutator.c: changes programs by their structure, so that most of the results can run.
 *
 * A program is parsed into values in our arena, so their lists can be changed. The parts to change
 * are collected first: the blocks, the names of variables, the integers. Then one to four changes
 * are made, and the program is written out again. A generated operation usually has the arguments
 * that its shape requires (machine.h lists the letters); the interpreter must tolerate the others.
 *
 * Owns one arena and its tables, all of which are reset with each call.
 */
#include "program_mutator.h"

#include <stdbool.h>
#include <string.h>

#include "arena.h"
#include "json.h"
#include "machine.h"
#include "text.h"
#include "value.h"

enum { BLOCKS_MAX = 512, NAMES_MAX = 512, LEAVES_MAX = 4096 };

struct mutator {
    struct arena arena;
    struct value *program;
    struct value *blocks[BLOCKS_MAX];
    size_t block_count;
    const char *names[NAMES_MAX];    // of variables
    size_t name_count;
    struct value *leaves[LEAVES_MAX];    // all integers and texts
    size_t leaf_count;
    uint64_t random;
};

static size_t below(struct mutator *mutator, size_t limit)
{
    mutator->random = mutator->random * 6364136223846793005u + 1442695040888963407u;
    return limit == 0 ? 0 : (size_t)(mutator->random >> 33) % limit;
}

static bool one_in(struct mutator *mutator, size_t n)
{
    return below(mutator, n) == 0;
}

/* Returns the items of a list or map that we have read or made, so they may be changed. */
static struct value *items_of(struct value *list)
{
    return (struct value *)list->items;
}

/* --- What there is ---------------------------------------------------------------------------- */

static void collect_leaves(struct mutator *mutator, struct value *value)
{
    size_t count = value->type == VALUE_LIST  ? value->count
                   : value->type == VALUE_MAP ? 2 * (size_t)value->count
                                              : 0;
    bool is_leaf = value->type == VALUE_INT || value->type == VALUE_TEXT;
    if (is_leaf && mutator->leaf_count < LEAVES_MAX)
        mutator->leaves[mutator->leaf_count++] = value;
    // Keys are texts too, but changing them changes the structure, which is rarely a valid program.
    for (size_t i = value->type == VALUE_MAP; i < count; i += 1 + (value->type == VALUE_MAP))
        collect_leaves(mutator, &items_of(value)[i]);
}

static void collect_block(struct mutator *mutator, struct value *block);

static void collect_argument(struct mutator *mutator, char letter, struct value *value)
{
    if (letter == 'B') {
        collect_block(mutator, value);
    } else if (letter == 'H' && value->type == VALUE_LIST) {
        for (size_t i = 0; i < value->count; i++) {
            struct value *clause = &items_of(value)[i];
            if (clause->type == VALUE_LIST && clause->count == 2)
                collect_block(mutator, &items_of(clause)[1]);
        }
    } else if (strchr("vFTnN", letter) != NULL && value->type == VALUE_TEXT) {
        if (mutator->name_count < NAMES_MAX)
            mutator->names[mutator->name_count++] = value->text;
    }
}

static void collect_op(struct mutator *mutator, struct value *op)
{
    if (op->type != VALUE_LIST || op->count == 0 || op->items[0].type != VALUE_TEXT)
        return;
    const struct op_kind *kind = find_op_kind(op->items[0].text);
    size_t i = 1;
    for (const char *letter = kind != NULL ? kind->shape : ""; *letter != '\0'; letter++) {
        if (*letter != '|' && i < op->count)
            collect_argument(mutator, *letter, &items_of(op)[i++]);
    }
}

static void collect_block(struct mutator *mutator, struct value *block)
{
    if (block->type != VALUE_LIST || mutator->block_count == BLOCKS_MAX)
        return;
    mutator->blocks[mutator->block_count++] = block;
    for (size_t i = 0; i < block->count; i++)
        collect_op(mutator, &items_of(block)[i]);
}

static struct value *functions_of(struct mutator *mutator, const char *key)
{
    struct value *map = (struct value *)value_find(mutator->program, key);
    return map != NULL && map->type == VALUE_MAP ? map : NULL;
}

static void collect(struct mutator *mutator)
{
    static const char *const keys[] = {"coros", "gens", "callbacks"};
    mutator->block_count = mutator->name_count = mutator->leaf_count = 0;
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        struct value *map = functions_of(mutator, keys[k]);
        for (size_t i = 0; map != NULL && i < map->count; i++)
            collect_block(mutator, &items_of(map)[2 * i + 1]);
    }
    struct value *objects = functions_of(mutator, "objects");
    for (size_t i = 0; objects != NULL && i < objects->count; i++) {
        if (mutator->name_count < NAMES_MAX)
            mutator->names[mutator->name_count++] = objects->items[2 * i].text;
    }
    collect_leaves(mutator, mutator->program);
}

/* --- What can be made up ---------------------------------------------------------------------- */

static struct value make_list(struct mutator *mutator, const struct value *items, size_t count)
{
    struct value *copy = arena_take(&mutator->arena, (count + 1) * sizeof *copy);
    memcpy(copy, items, count * sizeof *copy);
    return value_of_list(copy, (uint32_t)count);
}
#define LIST(mutator, ...)                              \
    make_list((mutator), (struct value[]){__VA_ARGS__}, \
              sizeof((struct value[]){__VA_ARGS__}) / sizeof(struct value))

/* Copies deeply: if two places shared a list, changing one would change the other (or itself). */
static struct value copy_of(struct mutator *mutator, const struct value *value)
{
    if (value->type != VALUE_LIST)
        return *value;
    struct value copy = make_list(mutator, value->items, value->count);
    for (size_t i = 0; i < copy.count; i++)
        items_of(&copy)[i] = copy_of(mutator, &value->items[i]);
    return copy;
}

static struct value make_int(struct mutator *mutator)
{
    static const int64_t rare[] = {-1,
                                   -2,
                                   100,
                                   1000,
                                   65536,
                                   INT32_MAX,
                                   INT64_MAX,
                                   INT64_MIN,
                                   INT64_MAX / 1000,
                                   INT64_MAX / 1000000,
                                   -INT64_MAX / 1000};
    if (one_in(mutator, 8))
        return value_of_int(rare[below(mutator, sizeof rare / sizeof *rare)]);
    return value_of_int((int64_t)below(mutator, 8));
}

static struct value make_name(struct mutator *mutator)
{
    static const char *const fresh[] = {"v1", "v2", "v3", "self", "main"};
    if (mutator->name_count == 0 || one_in(mutator, 8))
        return value_of_text(fresh[below(mutator, sizeof fresh / sizeof *fresh)]);
    return value_of_text(mutator->names[below(mutator, mutator->name_count)]);
}

/* Makes the name of a function with `suffix`; null if there is none. */
static struct value make_function(struct mutator *mutator, const char *key, const char *suffix)
{
    struct value *map = functions_of(mutator, key);
    if (map == NULL || map->count == 0)
        return (struct value){0};
    const char *name = map->items[2 * below(mutator, map->count)].text;
    size_t size = strlen(name);
    char *text = arena_take(&mutator->arena, size + strlen(suffix) + 1);
    memcpy(text, name, size);
    memcpy(text + size, suffix, strlen(suffix));
    return value_of_text(text);
}

static struct value make_awaitable(struct mutator *mutator)
{
    return one_in(mutator, 2) ? make_name(mutator) : make_function(mutator, "coros", "()");
}

static struct value make_awaitables(struct mutator *mutator)
{
    struct value items[4];
    size_t count = below(mutator, 4);
    for (size_t i = 0; i < count; i++)
        items[i] = make_awaitable(mutator);
    return make_list(mutator, items, count);
}

static struct value make_text(struct mutator *mutator)
{
    static const char *const texts[] = {"==",  "!=", "<",    ">=",    "ALL",   "FIRST",
                                        "EXC", "n0", "name", "async", "plain", ""};
    return value_of_text(texts[below(mutator, sizeof texts / sizeof *texts)]);
}

static struct value make_error(struct mutator *mutator)
{
    static const char *const errors[] = {"Error:a", "Error:b", "Cancelled", "Timeout"};
    return value_of_text(errors[below(mutator, sizeof errors / sizeof *errors)]);
}

static struct value make_object_spec(struct mutator *mutator)
{
    static const char *const types[] = {"lock",    "event",     "cond",   "sem",     "bsem",
                                        "queue",   "pqueue",    "lqueue", "barrier", "future",
                                        "timeout", "taskgroup", "int"};
    struct value type = value_of_text(types[below(mutator, sizeof types / sizeof *types)]);
    return one_in(mutator, 2) ? LIST(mutator, type) : LIST(mutator, type, make_int(mutator));
}

static struct value make_op(struct mutator *mutator, unsigned depth);

static struct value make_block(struct mutator *mutator, unsigned depth)
{
    if (mutator->block_count > 0 && one_in(mutator, 4))
        return copy_of(mutator, mutator->blocks[below(mutator, mutator->block_count)]);
    struct value items[3];
    size_t count = depth < 3 ? below(mutator, 3) : 0;
    for (size_t i = 0; i < count; i++)
        items[i] = make_op(mutator, depth + 1);
    return make_list(mutator, items, count);
}

static struct value make_clauses(struct mutator *mutator, unsigned depth)
{
    static const char *const kinds[] = {"any", "exc", "Cancelled", "Error", "GenExit", "Timeout"};
    struct value kind = value_of_text(kinds[below(mutator, sizeof kinds / sizeof *kinds)]);
    return LIST(mutator, LIST(mutator, kind, make_block(mutator, depth)));
}

/* Makes an argument for a letter of a shape: one flat switch. */
static struct value make_argument(struct mutator *mutator, char letter, unsigned depth)
{
    switch (letter) {
    case 'v':
    case 'F':
    case 'T':
    case 'n': return make_name(mutator);
    case 'N': return one_in(mutator, 2) ? make_name(mutator) : (struct value){0};
    case 'a': return make_awaitable(mutator);
    case 'A': return make_awaitables(mutator);
    case 'c': return make_function(mutator, "coros", "");
    case 'g': return make_function(mutator, "gens", "");
    case 'b': return make_function(mutator, "callbacks", "");
    case 'B': return make_block(mutator, depth);
    case 'H': return make_clauses(mutator, depth);
    case 'O': return make_op(mutator, 3);
    case 'I': return one_in(mutator, 3) ? (struct value){0} : make_int(mutator);
    case 's': return make_text(mutator);
    case 'S': return one_in(mutator, 2) ? (struct value){0} : make_text(mutator);
    case 'f': return value_of_bool(one_in(mutator, 2));
    case 'e': return make_error(mutator);
    case 'l': return value_of_text("n0");
    case 'o': return make_object_spec(mutator);
    default: return make_int(mutator);
    }
}

static struct value make_op(struct mutator *mutator, unsigned depth)
{
    const struct op_kind *kind = op_kind_at(below(mutator, op_kind_count()));
    struct value items[10] = {value_of_text(kind->name)};
    size_t count = 1;
    for (const char *letter = kind->shape; *letter != '\0'; letter++) {
        if (*letter == '|' && one_in(mutator, 2))
            break;
        if (*letter != '|')
            items[count++] = make_argument(mutator, *letter, depth);
    }
    return make_list(mutator, items, count);
}

/* --- The changes ------------------------------------------------------------------------------ */

static void insert(struct mutator *mutator, struct value *block, struct value op)
{
    size_t at = below(mutator, block->count + 1);
    struct value *items = arena_take(&mutator->arena, (block->count + 1) * sizeof *items);
    memcpy(items, block->items, at * sizeof *items);
    items[at] = op;
    memcpy(items + at + 1, block->items + at, (block->count - at) * sizeof *items);
    *block = value_of_list(items, block->count + 1);
}

static void drop(struct mutator *mutator, struct value *block)
{
    if (block->count == 0)
        return;
    size_t at = below(mutator, block->count);
    struct value *items = items_of(block);
    memmove(items + at, items + at + 1, (block->count - at - 1) * sizeof *items);
    block->count--;
}

static void swap(struct mutator *mutator, struct value *block)
{
    if (block->count == 0)
        return;
    struct value *left = &items_of(block)[below(mutator, block->count)];
    struct value *right = &items_of(block)[below(mutator, block->count)];
    struct value kept = *left;
    *left = *right;
    *right = kept;
}

/* Moves an operation into a new one that has a block. */
static void wrap(struct mutator *mutator, struct value *block)
{
    if (block->count == 0)
        return;
    struct value *op = &items_of(block)[below(mutator, block->count)];
    struct value inside = LIST(mutator, *op);
    switch (below(mutator, 5)) {
    case 0: *op = LIST(mutator, value_of_text("try"), inside, make_clauses(mutator, 2)); break;
    case 1:
        *op =
            LIST(mutator, value_of_text("timeout"), make_name(mutator), make_int(mutator), inside);
        break;
    case 2: *op = LIST(mutator, value_of_text("taskgroup"), make_name(mutator), inside); break;
    case 3: *op = LIST(mutator, value_of_text("with"), make_name(mutator), inside); break;
    default: *op = LIST(mutator, value_of_text("repeat"), make_int(mutator), inside); break;
    }
}

/* Changes an integer to another one, or a text usually to another text of the program. */
static void change_leaf(struct mutator *mutator)
{
    if (mutator->leaf_count == 0)
        return;
    struct value *leaf = mutator->leaves[below(mutator, mutator->leaf_count)];
    const struct value *other = mutator->leaves[below(mutator, mutator->leaf_count)];
    if (leaf->type == VALUE_INT)
        *leaf = make_int(mutator);
    else if (other->type == VALUE_TEXT || one_in(mutator, 16))
        *leaf = *other;
}

static void copy_op(struct mutator *mutator, struct value *block)
{
    const struct value *from = mutator->blocks[below(mutator, mutator->block_count)];
    if (from->count > 0)
        insert(mutator, block, copy_of(mutator, &from->items[below(mutator, from->count)]));
}

static void change(struct mutator *mutator)
{
    if (mutator->block_count == 0) {
        change_leaf(mutator);
        return;
    }
    struct value *block = mutator->blocks[below(mutator, mutator->block_count)];
    switch (below(mutator, 9)) {
    case 0:
    case 1: drop(mutator, block); break;
    case 2: swap(mutator, block); break;
    case 3: wrap(mutator, block); break;
    case 4: copy_op(mutator, block); break;
    case 5:
    case 6: change_leaf(mutator); break;
    default: insert(mutator, block, make_op(mutator, 0)); break;
    }
}

/* --- In and out ------------------------------------------------------------------------------- */

/* Reads a program: from a corpus line, with its name and trace; else it is the whole document. */
static struct value *read_program(struct mutator *mutator, const uint8_t *data, size_t size)
{
    size_t column;
    struct value *document = arena_take(&mutator->arena, sizeof *document);
    if (json_read((const char *)data, size, &mutator->arena, document, &column) != NULL)
        return NULL;
    struct value *program = (struct value *)value_find(document, "program");
    program = program != NULL ? program : document;
    return program->type == VALUE_MAP ? program : NULL;
}

/* Replaces a block by one of the other program, or inserts one of that block's operations. */
static void take_over(struct mutator *mutator, const uint8_t *other, size_t size)
{
    static struct mutator theirs;
    arena_reset(&theirs.arena);
    theirs.program = read_program(&theirs, other, size);
    if (theirs.program == NULL || mutator->block_count == 0)
        return;
    collect(&theirs);
    if (theirs.block_count == 0)
        return;
    struct value *block = mutator->blocks[below(mutator, mutator->block_count)];
    const struct value *from = theirs.blocks[below(mutator, theirs.block_count)];
    if (one_in(mutator, 2))
        *block = *from;
    else if (from->count > 0)
        insert(mutator, block, from->items[below(mutator, from->count)]);
}

size_t program_mutate(uint8_t *data, size_t size, size_t size_max, const uint8_t *other,
                      size_t other_size, unsigned seed)
{
    static struct mutator mutator;
    static struct text text;
    arena_reset(&mutator.arena);
    mutator.random = seed;
    mutator.program = read_program(&mutator, data, size);
    if (mutator.program == NULL)
        return 0;
    collect(&mutator);
    if (other != NULL) {
        take_over(&mutator, other, other_size);
    } else {
        for (size_t left = 1 + below(&mutator, 4); left > 0; left--) {
            change(&mutator);
            collect(&mutator);
        }
    }
    text_clear(&text);
    value_write(mutator.program, &text);
    if (text.size > size_max)
        return 0;
    memcpy(data, text.bytes, text.size);
    return text.size;
}
