/* SPDX-License-Identifier: MIT */
/*
 * 05_session_for_each.c: four requests at once, each with a session of its own: opened, used, and
 * closed at the end of the scope, on every way out.
 *
 *     05_session_for_each [URL]
 */
#include "tutorial_http.h"

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
    return tutorial_main(eddy_coro(app, url_argument(argc, argv)));
}
