/* SPDX-License-Identifier: MIT */
/*
 * sink_sqlite.h: shared by the two files of the sink for SQLite: sink_sqlite.c, which writes, and
 * sink_sqlite_open.c, which inspects the database and opens it for writing.
 */
#ifndef EDDY_TOOLS_SINK_SQLITE_H
#define EDDY_TOOLS_SINK_SQLITE_H

#include <stdint.h>

#include <eddy/sql.h>

#include "sink.h"
#include "target_file.h"

struct complaint;
struct seen;

enum {
    SQLITE_COLUMN_COUNT = 9,
    SQLITE_TIME_SIZE = 32,
    SQLITE_TEXT_SIZE = 1024,    // bytes for the text of a statement
};

struct sqlite_sink {
    struct sink sink;
    const struct fetch_options *options;
    struct target_file file;
    eddy_sql *db;         // NULL: not yet open for writing
    bool is_replacing;    // the old rows are still there
    uint64_t log_size;    // bytes of rows since the last checkpoint
    char insert[SQLITE_TEXT_SIZE];
    eddy_sql_value *values;    // of a batch, SQLITE_COLUMN_COUNT for each row
    char (*times)[SQLITE_TIME_SIZE];
    size_t row_max;    // capacity of both
};

/* Complains about a failure, unless `complaint` is set already. Returns `status`. */
int sqlite_complain(const struct sqlite_sink *sqlite, int status, struct complaint *complaint);

/*
 * Inspects an existing database, and adds the answered URLs to `known`. Suspends. Returns 0 if it
 * may be written; or an error, with a message if the reason is its content.
 */
int sqlite_look(struct sqlite_sink *sqlite, struct seen *known, struct complaint *complaint);

/* Opens the database for writing if it isn't, and creates the table if it is missing. Suspends. */
int sqlite_open_for_writing(struct sqlite_sink *sqlite, struct complaint *complaint);

/* Closes the connection; interrupts commands under way. */
void sqlite_close_connection(struct sqlite_sink *sqlite);

#endif
