/* SPDX-License-Identifier: MIT */
/* statement.h: a prepared statement, and a statement with its values. */
#ifndef EDDY_SQL_STATEMENT_H
#define EDDY_SQL_STATEMENT_H

#include <eddy/sql.h>

struct command;

struct eddy_sql_statement {
    struct eddy_sql *connection;        // a reference
    void *remote;                       // the driver's
    size_t parameter_count;
    struct command *closer;             // frees `remote`
};

/* Text or a prepared statement, with its values. */
struct question {
    const char *sql;
    const struct eddy_sql_statement *statement;
    const eddy_sql_value *values;
    size_t column_count, row_count;
};

int eddy__sql_question_check(const struct question *question, const char *function);
struct command *eddy__sql_question_command(struct eddy_sql *connection, int kind,
                                           const struct question *question);

#endif
