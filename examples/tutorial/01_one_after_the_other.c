/* SPDX-License-Identifier: MIT */
/*
 * 01_one_after_the_other.c: two requests, line by line. The second is not sent before the first has
 * been answered.
 *
 *     01_one_after_the_other [URL]
 */
#include "tutorial_http.h"

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
    return tutorial_main(eddy_coro(app, url_argument(argc, argv)));
}
