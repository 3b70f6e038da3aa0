/* SPDX-License-Identifier: MIT */
/*
 * people.c: counts the people in a database that `eddy fetch` has filled, and prints five names.
 *
 *     cc people.c $(pkg-config --cflags --libs eddy-sql) -o people
 *     eddy fetch 'http://127.0.0.1:8080/api/people/{1..90}/' --into people.db
 *     ./people people.db
 */
#include <eddy.h>
#include <eddy/sql.h>
#include <stdio.h>

EDDY_ASYNC(print_counts, (eddy_sql *, db))
{
    int64_t found, missing;
    EDDY_TRY(eddy_sql_fetch_int(db, "SELECT count(*) FROM documents WHERE status = 200", NULL, 0,
                                &found));
    EDDY_TRY(eddy_sql_fetch_int(db, "SELECT count(*) FROM documents WHERE status = 404", NULL, 0,
                                &missing));
    printf("%lld people, %lld not found; the first of them:\n", (long long)found,
           (long long)missing);
    return 0;
}

EDDY_ASYNC(print_names, (eddy_sql *, db))
{
    int rc;
    eddy_for (const eddy_sql_value *, row,
              eddy_sql_each(db,
                            "SELECT json_extract(body, '$.name') FROM documents "
                            "WHERE status = $1 ORDER BY rowid LIMIT $2",
                            eddy_sql_int(200), eddy_sql_int(5)),
              &rc)
        puts(row[0].type == EDDY_SQL_TEXT ? row[0].bytes.data : "(no name)");
    return rc;
}

EDDY_ASYNC(app, (const char *, path))
{
    char url[4096];
    snprintf(url, sizeof url, "sqlite:%s", path);
    EDDY_AUTO(eddy_sql) *db = NULL;
    EDDY_TRY(eddy_sql_open(url, &(eddy_sql_options){.read_only = true, .must_exist = true}, &db));
    EDDY_TRY(print_counts(db));
    return print_names(db);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: people FILE.db\n", stderr);
        return 2;
    }
    return eddy_main(eddy_coro(app, argv[1]));
}
