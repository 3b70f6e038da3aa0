/* SPDX-License-Identifier: MIT */
/*
 * 09_people_into_a_database.c: all of it: chunks of five over one session, each inserted by a task
 * of its own while the next is fetched. The group waits for them, and ends them all if one fails.
 *
 *     cc 09_people_into_a_database.c $(pkg-config --cflags --libs eddy-http eddy-sql) -o 09
 *     ./09 [URL [DATABASE]]
 */
#include <eddy.h>
#include <eddy/http_client.h>
#include <eddy/sql.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef struct person {
    char name[64];
} person;

/* Asks `session` for person `id`, waits for the whole answer, and takes "name" from its JSON. */
EDDY_ASYNC_TO(person, get_person, (eddy_http_session *, session), (const char *, url), (int, id))
{
    char person_url[1024];
    snprintf(person_url, sizeof person_url, "%s/api/people/%d/", url, id);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EDDY_TRY(eddy_http_session_get(session, person_url, NULL, &response));
    const char *at = strstr(eddy_http_response_body(response).data, "\"name\""); // zero-terminated
    if (at == NULL || sscanf(at, "\"name\" : \"%63[^\"]\"", result->name) != 1)
        strcpy(result->name, "?"); // the answer is another document
    return 0;
}

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
    return eddy_main(eddy_coro(app, argc > 1 ? argv[1] : "http://127.0.0.1:8080", argc > 2 ? argv[2] : ":memory:"));
}
