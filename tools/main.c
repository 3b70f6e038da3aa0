/* SPDX-License-Identifier: MIT */
/*
 * main.c: the command `eddy`: runs a subcommand, or lists them.
 *
 * Signals that would kill the program without a message are ignored, so that a closed pipe or a
 * file that is too large becomes an error of the write, which is reported. The standard output of a
 * command is flushed and checked here.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <eddy.h>

#include "options.h"
#include "spelling.h"
#include "tool.h"

struct tool {
    const char *name;
    int (*run)(int argc, char **argv);
};

static const struct tool tools[] = {{"fetch", fetch_main}, {"serve", serve_main}};
enum { TOOL_COUNT = sizeof tools / sizeof *tools, WORD_MAX = 79 };

static int print_help(FILE *out)
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
    return EXIT_SUCCESS;
}

static const char *const other_words[] = {"help", "--help", "--version"};

/* Returns the command or option that was probably meant, or NULL. */
static const char *nearest(const char *word)
{
    const char *found = NULL;
    size_t least = 4;    // a greater distance means another word
    size_t other_count = sizeof other_words / sizeof *other_words;
    for (size_t i = 0; i < TOOL_COUNT + other_count; i++) {
        const char *known = i < TOOL_COUNT ? tools[i].name : other_words[i - TOOL_COUNT];
        size_t n = spelling_distance(word, strlen(word), known);
        if (n < least) {
            least = n;
            found = known;
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
    if (strstr(word, "://") != NULL)
        fprintf(stderr, "eddy: there is no command '%s'; to fetch a URL, write eddy fetch '%s'\n",
                shown, shown);
    else if (meant != NULL)
        fprintf(stderr, "eddy: there is no %s '%s'; did you mean 'eddy %s'?\n", kind, shown, meant);
    else
        fprintf(stderr, "eddy: there is no %s '%s'; 'eddy --help' tells which there are\n", kind,
                shown);
    return EXIT_USAGE;
}

/* Runs `eddy help WORD`. */
static int help_about(char *word)
{
    for (size_t i = 0; i < TOOL_COUNT; i++)
        if (strcmp(word, tools[i].name) == 0)
            return tools[i].run(2, (char *[]){word, "--help", NULL});
    bool is_help = strcmp(word, "help") == 0 || strcmp(word, "--help") == 0;
    return is_help ? print_help(stdout) : refuse(word);
}

/*
 * Occupies standard descriptors that are closed. Otherwise a file that is opened later could become
 * one, and messages would be written into it. Using them still fails with EBADF. Returns 0 or -1.
 */
static int occupy_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        bool is_closed = fcntl(fd, F_GETFD) < 0 && errno == EBADF;
        if (is_closed && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return -1;
    }
    return 0;
}

/* Reports a failed write to standard output, unless the pipe has no reader any more. */
static int finish_output(int status)
{
    int err = fflush(stdout) != 0 ? errno : 0;
    if (status != EXIT_SUCCESS || !ferror(stdout) || err == EPIPE)
        return status;
    fprintf(stderr, "eddy: standard output can't be written: %s\n", strerror(err != 0 ? err : EIO));
    return EXIT_FAILURE;
}

static int run_command(int argc, char **argv)
{
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
    return strcmp(word, "help") == 0 && argc > 2 ? help_about(argv[2]) : print_help(stdout);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (occupy_standard_descriptors() < 0) {
        fputs("eddy: /dev/null can't be opened\n", stderr);
        return EXIT_FAILURE;
    }
    return finish_output(run_command(argc, argv));
}
