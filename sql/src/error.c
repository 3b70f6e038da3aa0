/* SPDX-License-Identifier: MIT */
/*
 * error.c: the names of this library's codes, for eddy_strerror().
 *
 * The first eddy_sql_open() registers them, not a constructor: registering allocates memory, and a
 * program must be able to set Eddy's allocator before Eddy has allocated anything.
 */
#include "error.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <eddy/sql.h>

static const char *const names[] = {
    [EDDY_SQL_ERROR - EDDY_SQL_ERROR] = "error of the database",
    [EDDY_SQL_ERROR - EDDY_SQL_SYNTAX] = "statement not understood",
    [EDDY_SQL_ERROR - EDDY_SQL_CONSTRAINT] = "constraint violated",
    [EDDY_SQL_ERROR - EDDY_SQL_MISMATCH] = "value of the wrong type or number",
    [EDDY_SQL_ERROR - EDDY_SQL_BUSY] = "database locked by another connection",
    [EDDY_SQL_ERROR - EDDY_SQL_READONLY] = "database can only be read",
    [EDDY_SQL_ERROR - EDDY_SQL_FULL] = "no room left for the database",
    [EDDY_SQL_ERROR - EDDY_SQL_CORRUPT] = "not a database, or a damaged one",
    [EDDY_SQL_ERROR - EDDY_SQL_CANTOPEN] = "database can't be opened",
    [EDDY_SQL_ERROR - EDDY_SQL_IO] = "reading or writing the database failed",
    [EDDY_SQL_ERROR - EDDY_SQL_DENIED] = "not allowed by the database",
    [EDDY_SQL_ERROR - EDDY_SQL_TOOBIG] = "value or statement too big for the database",
    [EDDY_SQL_ERROR - EDDY_SQL_INTERRUPTED] = "statement interrupted",
    [EDDY_SQL_ERROR - EDDY_SQL_ABORTED] = "transaction rolled back already",
    [EDDY_SQL_ERROR - EDDY_SQL_CLOSED] = "database connection closed",
};

static const char *name_of(int status)
{
    int index = EDDY_SQL_ERROR - status;
    if (index < 0 || index >= (int)(sizeof names / sizeof names[0]))
        return NULL;
    return names[index];
}

static int outcome;

static void register_names(void)
{
    outcome = eddy_error_register(EDDY_SQL_ERROR, EDDY_ERROR_SQL - 199, name_of);
}

int eddy__sql_error_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_names);
    return outcome;
}

void eddy__sql_die(const char *sentence)
{
    fprintf(stderr, "eddy: %s\n", sentence);
    abort();
}
