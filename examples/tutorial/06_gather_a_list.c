/* SPDX-License-Identifier: MIT */
/*
 * 06_gather_a_list.c: 89 requests at once. The next program bounds their number.
 *
 *     cc 06_gather_a_list.c $(pkg-config --cflags --libs eddy-http) -o 06
 *     ./06 [URL]
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

enum { COUNT = 89 };

EDDY_ASYNC(app, (const char *, url))
{
    EDDY_AUTO(eddy_http_session) *session = NULL;
    EDDY_TRY(eddy_http_session_new(NULL, &session));

    eddy_coroutine *coros[COUNT];
    for (int i = 0; i < COUNT; i++)
        coros[i] = eddy_coro(get_person, session, url, i + 1);

    person people[COUNT];
    EDDY_TRY(eddy_gather_all_to(people, coros, COUNT)); // await gather(*coros)
    for (int i = 0; i < COUNT; i++)
        puts(people[i].name);
    return 0;
}

int main(int argc, char **argv)
{
    return eddy_main(eddy_coro(app, argc > 1 ? argv[1] : "http://127.0.0.1:8080"));
}
