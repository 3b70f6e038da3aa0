/* SPDX-License-Identifier: MIT */
/*
 * main.c: the command `eddy`: picks the command to be run, and says which there are.
 *
 * Signals whose default is to kill without a word are set to be ignored here, so that a closed pipe
 * or a full disk is an error of the write that met it, which can be told.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <eddy.h>

#include "options.h"
#include "tool.h"

struct tool {
    const char *name;
    int (*run)(int argc, char **argv);
};

static const struct tool tools[] = {{"fetch", fetch_main}, {"serve", serve_main}};
enum { TOOL_COUNT = sizeof tools / sizeof *tools, WORD_MAX = 31 };

static void print_help(FILE *out)
{
    fputs(
        "Usage: eddy COMMAND [OPTION...] ...\n"
        "\n"
        "Commands\n"
        "  fetch    fetches many documents at once and lands each as a row of a database or file\n"
        "  serve    serves documents over HTTP, as slowly and unreliably as asked, for practice\n"
        "\n"
        "A first try, in two terminals; Ctrl-C ends the server:\n"
        "\n"
        "  eddy serve swapi.json --delay 100ms\n"
        "  eddy fetch 'http://127.0.0.1:8080/api/people/{1..90}/' --into people.db\n"
        "\n"
        "and what has landed:\n"
        "\n"
        "  sqlite3 people.db \"SELECT json_extract(body, '$.name') FROM documents LIMIT 5\"\n"
        "\n"
        "'eddy COMMAND --help' tells all about a command, 'man eddy-fetch' tells it at length.\n"
        "'eddy --version' prints the version.\n",
        out);
}

static size_t smallest(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters are to be changed, added or dropped to make the one word of the other. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1], b_size = strlen(b);
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b_size; j++) {
            size_t changed = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = smallest(changed, smallest(row[j], diagonal) + 1);
        }
    }
    return row[b_size];
}

/* The command that was probably meant, or NULL. */
static const char *nearest(const char *word)
{
    const char *found = NULL;
    size_t least = 4;    // a word further off is another word
    for (size_t i = 0; i < TOOL_COUNT && strlen(word) <= WORD_MAX; i++) {
        size_t n = distance(word, tools[i].name);
        if (n < least) {
            least = n;
            found = tools[i].name;
        }
    }
    return found;
}

static int refuse(const char *word)
{
    char shown[WORD_MAX + 1];
    snprintf(shown, sizeof shown, "%s", word);
    for (char *c = shown; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    const char *meant = nearest(word);
    const char *kind = *word == '-' ? "option" : "command";
    if (meant != NULL && *word != '-')
        fprintf(stderr, "eddy: there is no %s '%s'; did you mean 'eddy %s'?\n", kind, shown, meant);
    else
        fprintf(stderr, "eddy: there is no %s '%s'; 'eddy --help' tells which there are\n", kind,
                shown);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    const char *word = argv[1];
    for (size_t i = 0; i < TOOL_COUNT; i++)
        if (strcmp(word, tools[i].name) == 0)
            return tools[i].run(argc - 1, argv + 1);
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        printf("eddy %s\n", eddy_version());
        return EXIT_SUCCESS;
    }
    if (strcmp(word, "--help") != 0 && strcmp(word, "-h") != 0 && strcmp(word, "help") != 0)
        return refuse(word);
    for (size_t i = 0; argc > 2 && i < TOOL_COUNT; i++)
        if (strcmp(argv[2], tools[i].name) == 0)
            return tools[i].run(2, (char *[]){argv[2], "--help", NULL});
    print_help(stdout);
    return EXIT_SUCCESS;
}
