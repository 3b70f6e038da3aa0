/* SPDX-License-Identifier: MIT */
/*
 * prepared.c: prepares statements, caches them by their text, and binds values to them.
 *
 * Preparing costs more than executing a small insert, so the last statements are cached, most
 * recently used first. For a few dozen entries a linear search is fastest.
 *
 * Invariants:
 *   - A statement is used by one command or cursor at a time (is_busy); a command that finds it
 *     busy prepares another one for itself.
 *   - Values are bound without a copy, because the command owns them, and bindings are cleared
 *     before it ends (put); only those of a cursor, which outlives its command, are copied.
 *
 * Owns the statements. "$2" means the second value, as in PostgreSQL; SQLite itself would take it
 * for a name and number it by first appearance.
 */
#include <ctype.h>
#include <errno.h>
#include <eddy/alloc.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

/* Returns the text after a statement, without blanks, comments and semicolons; NULL: nothing. */
static const char *skip_blank(const char *at)
{
    for (;;) {
        if (isspace((unsigned char)*at) || *at == ';') {
            at++;
        } else if (at[0] == '-' && at[1] == '-') {
            at += strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            const char *end = strstr(at + 2, "*/");
            at = end != NULL ? end + 2 : at + strlen(at);
        } else {
            return *at != '\0' ? at : NULL;
        }
    }
}

static void finalize(struct prepared *prepared)
{
    if (prepared == NULL)
        return;
    sqlite3_finalize(prepared->statement);
    eddy_free(prepared->order);
    eddy_free(prepared->sql);
    eddy_free(prepared);
}

/* Returns the number, from 1, of the value for parameter `index`. */
static int wanted_value(sqlite3_stmt *statement, int index)
{
    const char *name = sqlite3_bind_parameter_name(statement, index);
    if (name == NULL || name[0] != '$' || name[1] < '1' || name[1] > '9')
        return index;
    char *end;
    long number = strtol(name + 1, &end, 10);
    return *end == '\0' && number <= 65535 ? (int)number : index;
}

static int find_order(struct prepared *prepared)
{
    int count = sqlite3_bind_parameter_count(prepared->statement);
    prepared->parameter_count = count;
    if (count == 0)
        return 0;
    int *order = eddy_malloc((size_t)count * sizeof *order);
    if (order == NULL)
        return -ENOMEM;
    int max = 0;
    bool is_plain = true;
    for (int i = 0; i < count; i++) {
        order[i] = wanted_value(prepared->statement, i + 1);
        max = order[i] > max ? order[i] : max;
        is_plain = is_plain && order[i] == i + 1;
    }
    if (is_plain) {
        eddy_free(order);
        return 0;
    }
    prepared->order = order;
    prepared->parameter_count = max;
    return 0;
}

/*
 * Copies the text of the statement that ends at `tail`. A blank rest is included, because the cache
 * is searched by the whole text. Other text is not, or each statement of a script would copy the
 * script.
 */
static char *copy_of_one(const char *sql, const char *tail)
{
    if (skip_blank(tail) == NULL)
        return eddy_strdup(sql);
    size_t size = (size_t)(tail - sql);
    char *copy = eddy_malloc(size + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, sql, size);
    copy[size] = '\0';
    return copy;
}

int eddy__sqlite_prepare(struct engine *engine, const char *sql, const char **out_rest,
                         struct prepared **out_prepared)
{
    struct prepared *prepared = eddy_calloc(1, sizeof *prepared);
    if (prepared == NULL)
        return -ENOMEM;
    const char *tail = NULL;
    int status = 0;
    engine->actions = 0;                // set by note_action()
    int code = sqlite3_prepare_v3(engine->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                  &prepared->statement, &tail);
    if (code != SQLITE_OK) {
        status = eddy__sqlite_status(engine, code);
        status = status == EDDY_SQL_ERROR ? EDDY_SQL_SYNTAX : status;
    } else if ((prepared->sql = copy_of_one(sql, tail)) == NULL || find_order(prepared) < 0) {
        status = -ENOMEM;
    }
    if (status < 0) {
        finalize(prepared);
        return status;
    }
    sqlite3_stmt *statement = prepared->statement;
    bool writes = statement != NULL && !sqlite3_stmt_readonly(statement) &&
                  !sqlite3_stmt_isexplain(statement);
    prepared->actions = engine->actions | (writes ? ACTION_WRITE : 0);
    prepared->hash = hash_of(prepared->sql);
    prepared->is_busy = true;
    *out_rest = skip_blank(tail);
    *out_prepared = prepared;
    return 0;
}

/* Removes the statement with this text from the cache; NULL if there is none that is free. */
static struct prepared *find(struct engine *engine, const char *sql)
{
    uint32_t hash = hash_of(sql);
    for (struct prepared **at = &engine->cache; *at != NULL; at = &(*at)->next) {
        struct prepared *prepared = *at;
        if (prepared->hash != hash || prepared->is_busy || strcmp(prepared->sql, sql) != 0)
            continue;
        *at = prepared->next;
        engine->cache_count--;
        return prepared;
    }
    return NULL;
}

static void drop_last(struct engine *engine)
{
    struct prepared **last = NULL;
    for (struct prepared **at = &engine->cache; *at != NULL; at = &(*at)->next)
        if (!(*at)->is_busy)
            last = at;
    if (last == NULL)
        return;
    struct prepared *prepared = *last;
    *last = prepared->next;
    engine->cache_count--;
    finalize(prepared);
}

/* Adds the statement at the front of the cache. */
static void keep(struct engine *engine, struct prepared *prepared)
{
    while (engine->cache_count >= engine->options->statement_cache)
        drop_last(engine);
    prepared->next = engine->cache;
    engine->cache = prepared;
    engine->cache_count++;
}

int eddy__sqlite_get(struct engine *engine, struct command *command, const char **out_rest,
                     struct prepared **out_prepared)
{
    struct prepared *prepared = command->remote_statement;
    const char *rest = NULL;
    const char *sql = prepared != NULL ? prepared->sql : command->sql;
    if (prepared == NULL || prepared->is_busy)
        prepared = find(engine, sql);
    if (prepared == NULL)
        EDDY_TRY(eddy__sqlite_prepare(engine, sql, &rest, &prepared));
    prepared->is_busy = true;
    if (rest != NULL && out_rest == NULL) {
        prepared->is_doomed = true;
        eddy__sqlite_put(engine, prepared);
        return eddy__sqlite_say(command, EDDY_EMISUSE, "one statement is wanted; more follow: "
                                                       "\"%.40s\"", rest);
    }
    if (rest != NULL)
        prepared->is_doomed = true;     // texts of several statements are not cached
    if (out_rest != NULL)
        *out_rest = rest;
    *out_prepared = prepared;
    return 0;
}

void eddy__sqlite_put(struct engine *engine, struct prepared *prepared)
{
    if (prepared->statement != NULL) {      // NULL: the text was empty
        sqlite3_reset(prepared->statement);
        sqlite3_clear_bindings(prepared->statement);
    }
    prepared->is_busy = false;
    if (prepared->is_doomed)
        finalize(prepared);
    else if (prepared->is_kept)
        return;
    else if (engine->options->statement_cache > 0 && prepared->statement != NULL)
        keep(engine, prepared);
    else
        finalize(prepared);
}

int eddy__sqlite_pin(struct engine *engine, struct command *command)
{
    struct prepared *prepared;
    const char *rest;
    EDDY_TRY(eddy__sqlite_prepare(engine, command->sql, &rest, &prepared));
    prepared->is_busy = false;
    if (rest != NULL || prepared->statement == NULL) {
        finalize(prepared);
        return eddy__sqlite_say(command, EDDY_EMISUSE, "one statement is wanted");
    }
    prepared->is_kept = true;
    prepared->next = engine->pinned;
    prepared->place = &engine->pinned;
    if (prepared->next != NULL)
        prepared->next->place = &prepared->next;
    engine->pinned = prepared;
    command->remote_statement = prepared;
    command->parameter_count = (size_t)prepared->parameter_count;
    return 0;
}

void eddy__sqlite_unpin(struct prepared *prepared)
{
    *prepared->place = prepared->next;
    if (prepared->next != NULL)
        prepared->next->place = prepared->place;
    prepared->is_doomed = true;
    if (!prepared->is_busy)
        finalize(prepared);
}

static void finalize_list(struct prepared **list)
{
    while (*list != NULL) {
        struct prepared *prepared = *list;
        *list = prepared->next;
        finalize(prepared);
    }
}

void eddy__sqlite_forget_all(struct engine *engine)
{
    finalize_list(&engine->cache);
    finalize_list(&engine->pinned);
    engine->cache_count = 0;
}

static int bind_one(sqlite3_stmt *statement, int index, const eddy_sql_value *value,
                    sqlite3_destructor_type how)
{
    const char *data = value->bytes.data != NULL ? value->bytes.data : "";
    switch (value->type) {
    case EDDY_SQL_INT: return sqlite3_bind_int64(statement, index, value->integer);
    case EDDY_SQL_DOUBLE: return sqlite3_bind_double(statement, index, value->real);
    case EDDY_SQL_TEXT:
        return sqlite3_bind_text64(statement, index, data, value->bytes.size, how, SQLITE_UTF8);
    case EDDY_SQL_BLOB:
        return sqlite3_bind_blob64(statement, index, data, value->bytes.size, how);
    default: return sqlite3_bind_null(statement, index);
    }
}

int eddy__sqlite_bind(struct engine *engine, const struct prepared *prepared,
                      const eddy_sql_value *values, size_t count)
{
    if (count != (size_t)prepared->parameter_count)
        return eddy__sqlite_say(engine->command, EDDY_SQL_MISMATCH,
                                "the statement has %d parameters, but %zu values were given",
                                prepared->parameter_count, count);
    // A cursor outlives its command.
    bool outlives = engine->command->kind == COMMAND_QUERY && !engine->command->only_first;
    int slots = sqlite3_bind_parameter_count(prepared->statement);
    for (int i = 0; i < slots; i++) {
        int from = prepared->order != NULL ? prepared->order[i] - 1 : i;
        int code = bind_one(prepared->statement, i + 1, &values[from],
                            outlives ? SQLITE_TRANSIENT : SQLITE_STATIC);
        if (code != SQLITE_OK)
            return eddy__sqlite_status(engine, code);
    }
    return 0;
}
