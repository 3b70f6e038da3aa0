/* SPDX-License-Identifier: MIT */
/*
 * program.h: a program of the suite, read and resolved: every name in it has become a pointer.
 *
 * A program is loaded, run once (machine.h) and dropped with its arena; so what a variable or a
 * cell holds stands beside its name.
 *
 *     struct program program;
 *     program_load(&program, &arena, json);
 *     if (program.problem == NULL)
 *         program_run(&program, &trace);
 */
#ifndef CONFORMANCE_PROGRAM_H
#define CONFORMANCE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "value.h"

enum { OPS_MAX = 100000 };    // what `ops_max` is for a program that was loaded

struct arena;
struct object;
struct op;
struct run;

struct variable {
    struct variable *next;    // of the program
    const char *name;
    struct object *object;    // NULL: unbound
    bool is_self;             // stands for the current task; nothing is bound to it
};

/* An integer cell; they have a namespace of their own. */
struct cell {
    struct cell *next;    // of the program
    const char *name;
    int64_t value;
};

struct block {
    struct op *ops;
    size_t count;
    bool is_given;    // an `else` or `finally` may be missing, which isn't the same as empty
};

/* A coroutine function, a generator function or a callback. */
struct function {
    const char *name;
    struct run *run;    // set when the program is run: callbacks have nothing else
    struct block body;
};

struct functions {
    struct function *items;
    size_t count;
};

/* What can be awaited: a variable, or a call of a coroutine function; one of the two is NULL. */
struct awaitable {
    struct variable *variable;
    struct function *call;
};

/* One `except` clause. */
struct clause {
    const char **kinds;
    size_t kind_count;
    struct block body;
};

/* An argument; its letter in the shape of the operation says which member counts. */
struct arg {
    struct value value;    // as written: what the trace shows
    union {
        struct variable *variable;
        struct function *function;
        struct cell *cell;
        struct block block;
        struct op *op;
        int status;    // of an error's name
        struct {
            struct awaitable *awaitables;
            size_t awaitable_count;
        };
        struct {
            struct clause *clauses;
            size_t clause_count;
        };
    };
};

/* An operation. Those of its arguments that may be left out are there all the same, as null. */
struct op {
    const struct op_kind *kind;
    struct arg *args;
};

struct program {
    const char *name;
    struct arena *arena;
    const char *problem;    // why it can't be run; NULL if it can
    bool is_unsupported;    // the problem is an operation or a type that the API doesn't have yet
    bool is_eager;
    unsigned ops_max;    // it is stopped when it has done more: so every program ends

    struct functions coros;
    struct functions gens;
    struct functions callbacks;
    struct function *main;
    struct value objects;    // a map: name to [type, argument, ...]
    struct variable *variables;
    struct cell *cells;
    struct error_name *error_names;    // of the program's own errors; see errors.h
};

/*
 * Reads the program out of `json`, which lies in `arena` as everything else will. Whatever is
 * wrong with it is said in `problem`.
 */
void program_load(struct program *program, struct arena *arena, const struct value *json);

/* The variable or cell of this name, made if it is new. */
struct variable *program_variable(struct program *program, const char *name);
struct cell *program_cell(struct program *program, const char *name);

#endif
