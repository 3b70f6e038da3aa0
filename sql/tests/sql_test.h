/* SPDX-License-Identifier: MIT */
/* sql_test.h: what the tests of this library share: a database for each, and short questions. */
#ifndef EDDY_SQL_TESTS_SQL_TEST_H
#define EDDY_SQL_TESTS_SQL_TEST_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <eddy/sql.h>

#include "harness.h"

#define NONE EDDY_SQL_VALUES()

/* A connection to a new database in memory, with a table of ids and names. */
static inline eddy_sql *open_people(void)
{
    eddy_sql *db = NULL;
    EXPECT_EQ(eddy_sql_open("sqlite::memory:", NULL, &db), 0);
    EXPECT_EQ(eddy_sql_run(db, "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)"), 0);
    return db;
}

static inline int64_t count_people(eddy_sql *db)
{
    int64_t n = -1;
    EXPECT_EQ(eddy_sql_fetch_int(db, "SELECT count(*) FROM person", NONE, &n), 1);
    return n;
}

/* Ids 1 to `count`, each with the name "name". */
static inline void add_people(eddy_sql *db, int count)
{
    EXPECT_EQ(eddy_sql_run(db,
                           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                           "WHERE i < $1) "
                           "INSERT INTO person SELECT i, 'name' FROM n",
                           eddy_sql_int(count)),
              count);
}

/* A statement that would run for minutes. */
#define ENDLESS                                                                                   \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000) "     \
    "SELECT count(*) FROM n"

/* What is known about the error that was just returned. */
static inline bool message_has(int status, const char *part)
{
    const char *message = eddy_error_message(eddy_error_get(status));
    return harness_expect(message != NULL && strstr(message, part) != NULL, __FILE__, __LINE__,
                          "\"%s\" in the message \"%s\"", part, message != NULL ? message : "");
}

/* A folder of the test's own, and URLs in it. */
struct folder {
    char path[32];
    char url[64];
};

static inline struct folder make_folder(void)
{
    struct folder folder = {"/tmp/eddy-sql-XXXXXX", ""};
    EXPECT(mkdtemp(folder.path) != NULL);
    snprintf(folder.url, sizeof folder.url, "sqlite:%s/test.db", folder.path);
    return folder;
}

static inline void remove_folder(struct folder *folder)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", folder->path);
    EXPECT_EQ(system(command), 0);
}

#endif
