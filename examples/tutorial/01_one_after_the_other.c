/* SPDX-License-Identifier: MIT */
/*
 * 01_one_after_the_other.c: two requests, line by line. The second is not sent before the first has
 * been answered.
 *
 *     cc 01_one_after_the_other.c $(pkg-config --cflags --libs eddy-http) -o 01
 *     ./01 [URL]
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

EDDY_ASYNC(app, (const char *, url))
{
    double start = eddy_time();
    EDDY_AUTO(eddy_http_session) *session = NULL;
    EDDY_TRY(eddy_http_session_new(NULL, &session));

    person person_1, person_2;
    EDDY_TRY(get_person(&person_1, session, url, 1)); // await get_person(...)
    EDDY_TRY(get_person(&person_2, session, url, 2));
    puts(person_1.name);
    puts(person_2.name);
    printf("%.2f s\n", eddy_time() - start);
    return 0;
}

int main(int argc, char **argv)
{
    return eddy_main(eddy_coro(app, argc > 1 ? argv[1] : "http://127.0.0.1:8080"));
}
