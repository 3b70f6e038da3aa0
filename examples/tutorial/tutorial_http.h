/* SPDX-License-Identifier: MIT */
/* tutorial_http.h: what the programs that ask for people share. Their first argument is a URL. */
#ifndef TUTORIAL_HTTP_H
#define TUTORIAL_HTTP_H

#include "tutorial.h"

#include <eddy/http_client.h>
#include <string.h>

typedef struct person {
    char name[64];
} person;

/* The value of "name" in a person's JSON document; "?" in any other. */
static inline person person_from(eddy_span json)
{
    person result = {"?"};
    const char *at = strstr(json.data, "\"name\""); // a zero stands behind a body
    if (at != NULL)
        sscanf(at + strlen("\"name\""), " : \"%63[^\"]\"", result.name);
    return result;
}

/* Asks `session` for person `id`, and waits for the whole answer. */
EDDY_ASYNC_TO(person, get_person, (eddy_http_session *, session), (const char *, url), (int, id))
{
    char person_url[1024];
    snprintf(person_url, sizeof person_url, "%s/api/people/%d/", url, id);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EDDY_TRY(eddy_http_session_get(session, person_url, NULL, &response));
    *result = person_from(eddy_http_response_body(response));
    return 0;
}

static inline const char *url_argument(int argc, char **argv)
{
    return argc > 1 ? argv[1] : "http://127.0.0.1:8080"; // where `eddy serve` is by default
}

#endif
