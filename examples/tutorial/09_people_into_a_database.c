/* SPDX-License-Identifier: MIT */
/*
 * 09_people_into_a_database.c: all of it: chunks of five over one session, each inserted by a task
 * of its own while the next is fetched. The group waits for them, and ends them all if one fails.
 *
 *     09_people_into_a_database [URL [DATABASE]]
 */
#include "tutorial_http.h"

#include <eddy/sql.h>

enum { MAX_CHUNK = 5, LAST_ID = 19 };

typedef struct chunk {
    person people[MAX_CHUNK];
    size_t count;
} chunk;

EDDY_ASYNC(insert_records, (eddy_sql *, db), (chunk, records))
{
    eddy_sql_value names[MAX_CHUNK];
    for (size_t i = 0; i < records.count; i++)
        names[i] = eddy_sql_text(records.people[i].name);
    EDDY_TRY(eddy_sql_execute_many(db, "INSERT INTO swapi_people (name) VALUES ($1)", names, 1,
                                   records.count));
    return 0;
}

EDDY_ASYNC(load, (eddy_sql *, db), (const char *, url))
{
    EDDY_AUTO(eddy_http_session) *session = NULL;
    EDDY_TRY(eddy_http_session_new(NULL, &session));

    eddy_group inserts;
    eddy_group_begin(&inserts);
    for (int first = 1; first <= LAST_ID; first += MAX_CHUNK) {
        eddy_coroutine *coros[MAX_CHUNK];
        chunk records = {.count = 0};
        for (int id = first; id < first + MAX_CHUNK && id <= LAST_ID; id++)
            coros[records.count++] = eddy_coro(get_person, session, url, id);
        EDDY_TRY(eddy_gather_all_to(records.people, coros, records.count));
        eddy_group_create_task(&inserts, insert_records, db, records);
    }
    return eddy_group_end(&inserts, 0);
}

EDDY_ASYNC(app, (const char *, url), (const char *, path))
{
    char database[1024];
    snprintf(database, sizeof database, "sqlite:%s", path);
    EDDY_AUTO(eddy_sql) *db = NULL;
    EDDY_TRY(eddy_sql_open(database, NULL, &db));
    EDDY_TRY(eddy_sql_run(db, "CREATE TABLE IF NOT EXISTS swapi_people "
                              "(id INTEGER PRIMARY KEY, name TEXT)"));
    EDDY_TRY(load(db, url));

    int64_t count;
    EDDY_TRY(eddy_sql_fetch_int(db, "SELECT count(*) FROM swapi_people", NULL, 0, &count));
    printf("%d people\n", (int)count);
    return eddy_sql_close(db);
}

int main(int argc, char **argv)
{
    return tutorial_main(eddy_coro(app, url_argument(argc, argv), argc > 2 ? argv[2] : ":memory:"));
}
