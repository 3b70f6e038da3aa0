/* SPDX-License-Identifier: MIT */
/*
 * engine.h: commands executed on SQLite, by the thread of the connection and no other.
 *
 * Everything here runs on that thread, may block, and knows neither loop nor tasks. Of what other
 * threads write it reads one thing: a command's is_cancelled.
 */
#ifndef EDDY_SQLITE_ENGINE_H
#define EDDY_SQLITE_ENGINE_H

#include <sqlite3.h>

#include "../command.h"

/* A statement that SQLite has prepared. */
struct prepared {
    struct prepared *next;              // in the cache, the last used first; or among the pinned
    struct prepared **place;            // of one that is pinned: the pointer to it in their list
    uint32_t hash;                      // of the text
    char *sql;
    sqlite3_stmt *statement;
    int parameter_count;                // values that it wants
    int *order;                         // value number of each parameter; NULL: as they come
    unsigned actions;                   // enum action
    bool is_busy;                       // a command or cursor works with it
    bool is_kept;                       // in the cache, or a statement that the user prepared
    bool is_doomed;                     // the user has freed it while it was busy
};

/* What a statement does that the engine must know before it runs. */
enum action {
    ACTION_TRANSACTION = 1,             // BEGIN, COMMIT, END, ROLLBACK
    ACTION_SAVEPOINT = 2,               // SAVEPOINT, RELEASE, ROLLBACK TO
    ACTION_PRAGMA = 4,
    ACTION_WRITE = 8,
};

/* A query with rows left to fetch: it reads only. */
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
    unsigned actions;                   // of the statement that is being prepared
    uint64_t transaction;               // the number of the one that BEGIN opened; 0: none
    bool is_doomed;                     // ... of which a part could not be undone
    bool is_query_only;                 // inside a transaction that only reads
    int sync_failure;                   // the log could not be synced: SQLite's code; 0: it could
    int64_t busy_since_ns;
    /* Sleeps for so long or until the command is cancelled; false: it is. The worker's. */
    bool (*pause)(void *data, int64_t ns);
    void *pause_data;
};

/* engine.c: executes the command, filling in its answer; closes, whatever is open. */
void eddy__sqlite_run(struct engine *engine, struct command *command);
void eddy__sqlite_close(struct engine *engine);
bool eddy__sqlite_is_cancelled(const struct engine *engine);
int64_t eddy__sqlite_now_ns(void);

/* open.c */
int eddy__sqlite_open(struct engine *engine, struct command *command);

/* log.c: checkpoints and syncs the write-ahead log: as it grows, and before closing (0 or a status). */
void eddy__sqlite_log_watch(struct engine *engine);
int eddy__sqlite_log_flush(struct engine *engine);

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
void eddy__sqlite_unpin(struct prepared *prepared);
void eddy__sqlite_forget_all(struct engine *engine);

/* execute.c: statements that answer with a number. */
ssize_t eddy__sqlite_execute(struct engine *engine, struct command *command);
ssize_t eddy__sqlite_execute_many(struct engine *engine, struct command *command);
int eddy__sqlite_simple(struct engine *engine, const char *sql);

/*
 * transaction.c. may_run: 0 if the command's transaction, or none, is open, as it must be. must_be_closed:
 * the command may not leave a transaction of its own; `status` is what it has achieved. part: what lies
 * between part_begin and part_end (all of it, or nothing if `status` is an error) is one unit.
 */
int eddy__sqlite_may_run(struct engine *engine, const struct command *command);
ssize_t eddy__sqlite_must_be_closed(struct engine *engine, struct command *command, ssize_t status);
int eddy__sqlite_may_step(struct engine *engine, const struct prepared *prepared);
bool eddy__sqlite_in_transaction(const struct engine *engine);
int eddy__sqlite_begin(struct engine *engine, struct command *command);
int eddy__sqlite_commit(struct engine *engine);
int eddy__sqlite_rollback(struct engine *engine, uint64_t transaction);
int eddy__sqlite_part_begin(struct engine *engine);
ssize_t eddy__sqlite_part_end(struct engine *engine, ssize_t status);

/* rows.c: statements that answer with rows. One that writes is run to its end by the query. */
int eddy__sqlite_query(struct engine *engine, struct command *command);
int eddy__sqlite_fetch(struct engine *engine, struct command *command);
void eddy__sqlite_close_cursor(struct engine *engine, struct sqlite_cursor *cursor);

#endif
