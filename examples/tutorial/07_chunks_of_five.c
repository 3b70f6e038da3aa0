/* SPDX-License-Identifier: MIT */
/*
 * 07_chunks_of_five.c: many requests, five at a time, over one session, whose connections are used
 * again and again.
 *
 *     cc 07_chunks_of_five.c $(pkg-config --cflags --libs eddy-http) -o 07
 *     ./07 [URL]
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

enum { MAX_CHUNK = 5, LAST_ID = 89 };

EDDY_ASYNC(app, (const char *, url))
{
    puts("start");
    EDDY_AUTO(eddy_http_session) *session = NULL;
    EDDY_TRY(eddy_http_session_new(NULL, &session));

    for (int first = 1; first <= LAST_ID; first += MAX_CHUNK) {
        eddy_coroutine *coros[MAX_CHUNK];
        size_t count = 0;
        for (int id = first; id < first + MAX_CHUNK && id <= LAST_ID; id++)
            coros[count++] = eddy_coro(get_person, session, url, id);

        person people[MAX_CHUNK];
        EDDY_TRY(eddy_gather_all_to(people, coros, count));
        for (size_t i = 0; i < count; i++)
            printf("%s%s", people[i].name, i + 1 < count ? ", " : "\n");
    }
    return 0;
}

int main(int argc, char **argv)
{
    return eddy_main(eddy_coro(app, argc > 1 ? argv[1] : "http://127.0.0.1:8080"));
}
