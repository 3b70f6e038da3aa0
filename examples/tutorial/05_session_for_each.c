/* SPDX-License-Identifier: MIT */
/*
 * 05_session_for_each.c: four requests at once, each with a session of its own: opened, used, and
 * closed at the end of the scope, on every way out.
 *
 *     cc 05_session_for_each.c $(pkg-config --cflags --libs eddy-http) -o 05
 *     ./05 [URL]
 */
#include <eddy.h>
#include <eddy/http_client.h>

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

EDDY_ASYNC_TO(person, get_person_alone, (const char *, url), (int, person_id))
{
    EDDY_AUTO(eddy_http_session) *session = NULL;
    EDDY_TRY(eddy_http_session_new(NULL, &session));
    return get_person(result, session, url, person_id);
}

EDDY_ASYNC(app, (const char *, url))
{
    double start = eddy_time();
    person people[4];
    EDDY_TRY(eddy_gather_to(
        people, eddy_coro(get_person_alone, url, 1), eddy_coro(get_person_alone, url, 2),
        eddy_coro(get_person_alone, url, 3), eddy_coro(get_person_alone, url, 4)));
    for (int i = 0; i < 4; i++)
        puts(people[i].name);
    printf("%.2f s\n", eddy_time() - start);
    return 0;
}

int main(int argc, char **argv)
{
    return eddy_main(eddy_coro(app, argc > 1 ? argv[1] : "http://127.0.0.1:8080"));
}
