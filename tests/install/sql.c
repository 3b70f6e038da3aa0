/* SPDX-License-Identifier: MIT */
/* A program that uses eddy-sql. Also compiled as C++. */
#include <eddy.h>
#include <eddy/sql.h>
#include <stdio.h>

EDDY_ASYNC(app)
{
    eddy_sql *db = NULL;
    EDDY_TRY(eddy_sql_open("sqlite::memory:", NULL, &db));
    EDDY_TRY(eddy_sql_close(db));
    eddy_sql_free(db);
    printf("%d\n", 42);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
