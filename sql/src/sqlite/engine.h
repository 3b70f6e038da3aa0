/* SPDX-License-Identifier: MIT */
/*
 * engine.h: executes commands on SQLite, only on the connection's thread.
 *
 * Everything here runs on that thread, may block, and knows neither loop nor tasks. The only value
 * that it reads while another thread may write it is a command's is_cancelled.
 */
#ifndef EDDY_SQLITE_ENGINE_H
#define EDDY_SQLITE_ENGINE_H

#include <sqlite3.h>

#include "../command.h"

/* A statement that SQLite has prepared. */
struct prepared {
    struct prepared *next;              // in the cache, most recently used first; or in `pinned`
    struct prepared **place;            // if pinned: the pointer to it in that list
    uint32_t hash;                      // of the text
    char *sql;
    sqlite3_stmt *statement;
    int parameter_count;                // how many values it takes
    int *order;                         // value number of each parameter; NULL: in order
    unsigned actions;                   // enum action
    bool is_busy;                       // a command or cursor is using it
    bool is_kept;                       // in the cache, or a statement that the user prepared
    bool is_doomed;                     // the user has freed it while it was busy
};

/* Actions of a statement that the engine must know before it runs. */
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
    struct command *command;            // the running command
    struct prepared *cache;
    int cache_count;
    struct prepared *pinned;            // statements that the user prepared
    struct sqlite_cursor *cursors;
    unsigned actions;                   // of the statement that is being prepared
    uint64_t transaction;               // the number of the open transaction; 0: none
    bool is_doomed;                     // ... a part of it could not be undone
    bool is_query_only;                 // inside a transaction that only reads
    int sync_failure;                   // SQLite's code of a failed sync of the log; 0: none
    int64_t busy_since_ns;
    /* Sleeps for that time, or until the command is cancelled: then false. Set by the worker. */
    bool (*pause)(void *data, int64_t ns);
    void *pause_data;
};

/* engine.c: executes the command and stores its answer; closes the database, whatever is open. */
void eddy__sqlite_run(struct engine *engine, struct command *command);
void eddy__sqlite_close(struct engine *engine);
bool eddy__sqlite_is_cancelled(const struct engine *engine);
int64_t eddy__sqlite_now_ns(void);

/* open.c */
int eddy__sqlite_open(struct engine *engine, struct command *command);

/* log.c: checkpoints and syncs the write-ahead log: as it grows, and on closing (0 or a status). */
void eddy__sqlite_log_watch(struct engine *engine);
int eddy__sqlite_log_flush(struct engine *engine);

/* status.c: returns our status for SQLite's code, with its message, or ours, in the command. */
int eddy__sqlite_status(struct engine *engine, int code);
EDDY_PRINTF(3, 4)
int eddy__sqlite_say(struct command *command, int status, const char *format, ...);

/*
 * prepared.c. get: the statement of the command, by text or prepared, ready to be bound; `out_rest`
 * is NULL if the text must have only one statement, or receives the text after the first. All
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

/* execute.c: statements that return a number. */
ssize_t eddy__sqlite_execute(struct engine *engine, struct command *command);
ssize_t eddy__sqlite_execute_many(struct engine *engine, struct command *command);
int eddy__sqlite_simple(struct engine *engine, const char *sql);

/*
 * transaction.c. may_run: returns 0 if the command's transaction is open, or none if it has none.
 * must_be_closed: fails if the command left a transaction open; `status` is the command's result.
 * part: everything between part_begin and part_end takes effect, or nothing if `status` is an
 * error.
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

/* rows.c: statements that return rows. The query runs a statement that writes to its end. */
int eddy__sqlite_query(struct engine *engine, struct command *command);
int eddy__sqlite_fetch(struct engine *engine, struct command *command);
void eddy__sqlite_close_cursor(struct engine *engine, struct sqlite_cursor *cursor);

#endif
