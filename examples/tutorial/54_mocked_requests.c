/* SPDX-License-Identifier: MIT */
/*
 * 54_mocked_requests.c: requests without a network: the answers are declared beforehand. The first
 * function is an ordinary client: it can't tell that no server answers it.
 *
 *     cc 54_mocked_requests.c $(pkg-config --cflags --libs eddy-http) -o 54 && ./54
 */
#include <eddy.h>
#include <eddy/http_mock.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

#define CROWD   "http://service.test/crowd"
#define WEATHER "http://service.test/weather"

/* Asks until there is an answer: three times at most, a second apart. */
EDDY_ASYNC(ask, (eddy_http_session *, session), (const char *, url))
{
    for (int attempt = 1;; attempt++) {
        EDDY_AUTO(eddy_http_response) *response = NULL;
        int rc = eddy_http_session_get(session, url, NULL, &response);
        if (rc >= 0)
            rc = eddy_http_response_raise_for_status(response);
        if (rc >= 0) {
            printf("%.1f: %s\n", eddy_time() - start, eddy_http_response_body(response).data);
            return 0;
        }
        printf("%.1f: %s\n", eddy_time() - start, eddy_strerror(rc));
        if (rc == EDDY_CANCELLED || attempt == 3)
            return rc;
        EDDY_TRY(eddy_sleep(1));
    }
}

EDDY_ASYNC(declare, (eddy_http_mock *, mock))
{
    EDDY_TRY(eddy_http_mock_add(mock, "GET", CROWD, &(eddy_http_mock_answer){
        .headers = (eddy_http_header[]){{"Content-Type", "application/json"}, {0}},
        .text = "{\"crowd\": [\"Andrey\", \"Alex\", \"Artem\", \"Igor\"]}",
        .delay = 2,
    }));
    EDDY_TRY(eddy_http_mock_add(mock, "GET", WEATHER, &(eddy_http_mock_answer){.status = 503}));
    EDDY_TRY(eddy_http_mock_add(mock, "GET", WEATHER, &(eddy_http_mock_answer){
        .error = EDDY_HTTP_DISCONNECTED,
        .delay = 0.5,
    }));
    return eddy_http_mock_add(mock, "GET", WEATHER, &(eddy_http_mock_answer){.text = "rain"});
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    EDDY_AUTO(eddy_http_mock) *mock = NULL;
    EDDY_TRY(eddy_http_mock_new(NULL, &mock)); // from here on nothing leaves this process
    EDDY_TRY(declare(mock));

    EDDY_AUTO(eddy_http_session) *session = NULL;
    EDDY_TRY(eddy_http_session_new(NULL, &session));
    EDDY_TRY(eddy_gather(eddy_coro(ask, session, CROWD), eddy_coro(ask, session, WEATHER)));

    printf("%zu requests, %zu of them for the weather\n", eddy_http_mock_count(mock, NULL, NULL),
           eddy_http_mock_count(mock, "GET", WEATHER));
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
