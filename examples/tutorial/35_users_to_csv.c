/* SPDX-License-Identifier: MIT */
/*
 * 35_users_to_csv.c: a plain program that runs one coroutine after the other until it is complete,
 * and writes what it returns as a line of a CSV file.
 *
 *     35_users_to_csv [FILE]
 */
#include <eddy.h>

#include <stdio.h>
#include <stdlib.h>

typedef struct user {
    int id;
    char name[32];
    char email[40];
} user;

EDDY_ASYNC_TO(user, request_users_data, (int, uid))
{
    static const char *const first[] = {"Danielle", "Thomas", "Holly", "Robert", "Maria"};
    static const char *const last[] = {"Guerra", "Knight", "Morton"};
    EDDY_TRY(eddy_sleep(0.5));
    result->id = uid;
    snprintf(result->name, sizeof result->name, "%s %s", first[uid % 5], last[uid % 3]);
    snprintf(result->email, sizeof result->email, "%s%d@example.org", last[uid % 3], uid);
    return 0;
}

int main(int argc, char **argv)
{
    FILE *file = fopen(argc > 1 ? argv[1] : "out.csv", "w");
    if (file == NULL) {
        perror("35_users_to_csv");
        return EXIT_FAILURE;
    }
    fputs("id,name,email\n", file);
    for (int uid = 1; uid <= 10; uid++) {
        user data;
        int rc = eddy_run_to(&data, eddy_coro(request_users_data, uid), NULL);
        if (rc < 0) {
            fprintf(stderr, "35_users_to_csv: %s\n", eddy_strerror(rc));
            break;
        }
        fprintf(file, "%d,%s,%s\n", data.id, data.name, data.email);
    }
    return fclose(file) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
