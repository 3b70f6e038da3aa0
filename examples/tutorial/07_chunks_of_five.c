/* SPDX-License-Identifier: MIT */
/*
 * 07_chunks_of_five.c: many requests, five at a time, over one session, whose connections are used
 * again and again.
 *
 *     07_chunks_of_five [URL]
 */
#include "tutorial_http.h"

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
    return tutorial_main(eddy_coro(app, url_argument(argc, argv)));
}
