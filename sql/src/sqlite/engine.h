/* SPDX-License-Identifier: MIT */
/*
 * engine.h: commands executed on SQLite, by the thread of the connection and no other.
 *
 * Everything here runs on that thread, blocks as it likes, and knows neither loop nor tasks. It
 * looks at two things that others write: a command's is_cancelled, and the pause it is given.
 */
#ifndef EDDY_SQLITE_ENGINE_H
#define EDDY_SQLITE_ENGINE_H

#include <sqlite3.h>

#include "../command.h"

/* A statement that SQLite has prepared. */
struct prepared {
    struct prepared *next;              // in the cache, the last used first
    uint32_t hash;                      // of the text
    char *sql;
    sqlite3_stmt *statement;
    int parameter_count;                // values that it wants
    int *order;                         // value number of each parameter; NULL: as they come
    bool is_busy;                       // a command or cursor works with it
    bool is_kept;                       // in the cache, or a statement that the user prepared
    bool is_doomed;                     // the user has freed it while it was busy
};

/* A query with rows left to fetch. */
struct sqlite_cursor {
    struct sqlite_cursor *next;
    struct prepared *prepared;
};

struct engine {
    sqlite3 *db;                        // NULL: not open
    const eddy_sql_options *options;
    char *path;
    struct command *command;            // the one that runs
    struct prepared *cache;
    int cache_count;
    struct prepared *pinned;            // those the user prepared
    struct sqlite_cursor *cursors;
    bool is_query_only;                 // inside a transaction that only reads
    int64_t busy_since_ns;
    /* Sleeps for so long or until the command is cancelled; false: it is. The worker's. */
    bool (*pause)(void *data, int64_t ns);
    void *pause_data;
};

/* engine.c: executes the command, filling in its answer; closes, whatever is open. */
void eddy__sqlite_run(struct engine *engine, struct command *command);
void eddy__sqlite_close(struct engine *engine);
bool eddy__sqlite_may_interrupt(const struct engine *engine, const struct command *command);
bool eddy__sqlite_is_cancelled(const struct engine *engine);
int64_t eddy__sqlite_now_ns(void);

/* open.c */
int eddy__sqlite_open(struct engine *engine, struct command *command);

/* status.c: our status for SQLite's code, with its message in the command; and our own message. */
int eddy__sqlite_status(struct engine *engine, int code);
EDDY_PRINTF(3, 4)
int eddy__sqlite_say(struct command *command, int status, const char *format, ...);

/*
 * prepared.c. get: what the command names, by text or prepared, ready to be bound; `out_rest` is
 * NULL when there must be no more than one statement, or receives the text after the first. All
 * return 0 or a status.
 */
int eddy__sqlite_get(struct engine *engine, struct command *command, const char **out_rest,
                     struct prepared **out_prepared);
int eddy__sqlite_prepare(struct engine *engine, const char *sql, const char **out_rest,
                         struct prepared **out_prepared);
int eddy__sqlite_bind(struct engine *engine, const struct prepared *prepared,
                      const eddy_sql_value *values, size_t count);
void eddy__sqlite_put(struct engine *engine, struct prepared *prepared);
int eddy__sqlite_pin(struct engine *engine, struct command *command);
void eddy__sqlite_unpin(struct engine *engine, struct prepared *prepared);
void eddy__sqlite_forget_all(struct engine *engine);

/* execute.c: statements that answer with a number. */
ssize_t eddy__sqlite_execute(struct engine *engine, struct command *command);
ssize_t eddy__sqlite_execute_many(struct engine *engine, struct command *command);
int eddy__sqlite_simple(struct engine *engine, const char *sql);
int eddy__sqlite_begin(struct engine *engine, struct command *command);
int eddy__sqlite_commit(struct engine *engine);
int eddy__sqlite_rollback(struct engine *engine);

/* rows.c: statements that answer with rows. */
int eddy__sqlite_query(struct engine *engine, struct command *command);
int eddy__sqlite_fetch(struct engine *engine, struct command *command);
void eddy__sqlite_close_cursor(struct engine *engine, struct sqlite_cursor *cursor);

#endif
