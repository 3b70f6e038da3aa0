/* SPDX-License-Identifier: MIT */
/*
 * 06_gather_a_list.c: 89 requests at once. A few million of them would be an attack: see the next.
 *
 *     06_gather_a_list [URL]
 */
#include "tutorial_http.h"

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
    return tutorial_main(eddy_coro(app, url_argument(argc, argv)));
}
