/* SPDX-License-Identifier: MIT */
/* cursor.h: a cursor, as cursor.c (fetching) and row.c (reading values) see it. */
#ifndef EDDY_SQL_SRC_CURSOR_H
#define EDDY_SQL_SRC_CURSOR_H

#include <eddy/sql.h>

struct command;
struct rows;

struct eddy_sql_cursor {
    struct eddy_sql *connection;        // a reference
    void *remote;                       // the driver's; valid while is_open
    struct rows *rows;                  // the current batch; NULL: none has arrived yet
    char *names;                        // column names, each with its zero
    size_t column_count;
    size_t position;                    // the current row of the batch, from 1; 0: before the first
    bool is_open;                       // the driver has rows left: counted in the lease, listed
    bool is_cut;                        // to be closed as soon as its command is settled
    bool is_dropped;                    // ... and freed
    bool is_freed;                      // read after the free, to report a second free
    int failure;                        // what eddy_sql_next() returns from now on; 0: no error
    struct command *fetching;           // the command under way, borrowed; NULL: none
    struct command *closer;             // closes `remote`
    struct eddy_sql_cursor *next;       // in the connection's list
};

#endif
