/* SPDX-License-Identifier: MIT */
/*
 * fetch_options.c: parses and checks the command line of `eddy fetch`.
 *
 * Three steps: parse the table of options into the struct; interpret texts such as --into and
 * --fail-on; refuse options that contradict each other, with a message that says which of the two
 * to leave out. A mistake that could cost data (replacing rows that were to be resumed) is always
 * refused, never resolved by a guess.
 *
 * Owns the two lists. Called by the fetch command.
 */
#include "fetch_options.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "complaint.h"
#include "foreign.h"

enum { TABLE_NAME_MAX = 63 };    // PostgreSQL's limit, the shorter of the two databases' limits

static int check_status_list(const char *text, struct complaint *complaint)
{
    struct status_set unused;
    return status_set_read(text, &unused, complaint);
}

static int check_target(const char *text, struct complaint *complaint)
{
    struct target unused;
    return target_read(text, &unused, complaint);
}

#define FIELD(name) offsetof(struct fetch_options, name)

static const struct option_spec rows[] = {
    {"into", 'o', "TARGET", OPTION_TEXT, FIELD(into), .group = "Where from, where to",
     .is_single = true, .check = check_target,
     .help = "Where the documents go: people.db or sqlite:PATH (an SQLite database), x.ndjson, "
             "x.csv, or - for NDJSON on standard output, which is the default."},
    {"urls", 'f', "FILE", OPTION_TEXT, FIELD(urls), .is_single = true,
     .help = "Reads further URLs from FILE, one a line, taken as written; - is standard input. "
             "The file is read as the job goes, however long it is."},
    {"table", 0, "NAME", OPTION_TEXT, FIELD(table), .check = table_name_check,
     .help = "The table of the database (documents)."},
    {"batch", 0, "N", OPTION_COUNT, FIELD(batch), .min = 1, .max = 1e6,
     .help = "Rows in one transaction (500)."},
    {"resume", 'r', NULL, OPTION_FLAG, FIELD(is_resuming),
     .help = "Goes on with a job that was stopped: what was answered stays; what failed, or was "
             "answered 401, 403 or 407, is tried again."},
    {"replace", 0, NULL, OPTION_FLAG, FIELD(is_replacing),
     .help = "Throws away what the target holds and begins anew."},

    {"concurrency", 'c', "N", OPTION_COUNT, FIELD(concurrency), .group = "How fast", .min = 1,
     .max = 100000, .help = "Requests under way at a time (10)."},
    {"rate", 0, "RATE", OPTION_RATE, FIELD(rate), .min = 1e-6, .max = 1e9,
     .help = "Starts no more than so many requests: 10, 10/s, 600/m."},
    {"timeout", 't', "TIME", OPTION_DURATION, FIELD(timeout), .min = 0.001, .max = 864000,
     .help = "For one request, from its start to its last byte (30 s); 500ms, 1.5, 2m."},
    {"retries", 0, "N", OPTION_COUNT, FIELD(retries), .min = 0, .max = 1000,
     .help = "How often a failed request is tried again (3), after about 1, 3, 9, ... 30 s."},
    {"max-wait", 0, "TIME", OPTION_DURATION, FIELD(max_wait), .min = 0, .max = 1e8,
     .help = "How long a server may ask to be left alone (5m): with 429 or 503 and Retry-After it "
             "pauses all requests to it, which costs no retry. URLs that would have to wait longer "
             "fail at once; --resume tries them again."},
    {"max-size", 0, "SIZE", OPTION_SIZE, FIELD(max_size), .min = 1, .max = 0x1p40,
     .help = "Longer bodies are failures (16M)."},

    {"header", 'H', "'NAME: VALUE'", OPTION_LIST, FIELD(headers), .group = "What is sent",
     .check = header_check, .help = "Sends this header with each request; may be repeated."},
    {"cookies", 0, NULL, OPTION_FLAG, FIELD(has_cookies),
     .help = "Keeps the cookies that servers set, and sends them with later requests."},
    {"path-as-is", 0, NULL, OPTION_FLAG, FIELD(keeps_dots),
     .help = "Sends /./ and /../ in a URL as they are written."},
    {"cacert", 0, "FILE", OPTION_TEXT, FIELD(cacert),
     .help = "Trusts the certificates in FILE instead of the system's."},
    {"insecure", 'k', NULL, OPTION_FLAG, FIELD(is_insecure),
     .help = "Doesn't check certificates. Whoever is in between can read and change everything."},

    {"fail-on", 0, "LIST", OPTION_TEXT, FIELD(fail_on_text), .group = "What is told",
     .check = check_status_list,
     .help = "Statuses that count as failures for the exit status, such as 404,5xx, or none "
             "(408,425,429,5xx). Any answer is recorded, whatever its status."},
    {"verbose", 'v', NULL, OPTION_FLAG, FIELD(is_verbose),
     .help = "Tells each URL that isn't loaded, and why, and each that is to be tried again."},
    {"quiet", 'q', NULL, OPTION_FLAG, FIELD(is_quiet),
     .help = "No progress and no summary; errors are still told."},
    {"json-summary", 0, NULL, OPTION_FLAG, FIELD(has_json_summary),
     .help = "The summary as one JSON object, for programs: on standard output, or on standard "
             "error when the documents go there."},
    {"version", 'V', NULL, OPTION_VERSION, 0, .help = "Prints the version and ends."},
    {"help", 'h', NULL, OPTION_HELP, 0, .help = "Prints this text and ends."},
};

static const struct command command = {
    .name = "eddy fetch",
    .usage = "[OPTION...] URL-PATTERN...",
    .description =
        "Fetches many documents at once and lands each as one row: its URL, status, attempts, time "
        "and body.\n"
        "\n"
        "A pattern stands for many URLs: {1..90} for numbers, also {90..1}, {1..90..3} and "
        "{01..90}; {people,films} for each of these texts; \\{ for a brace itself. Put patterns in "
        "single quotes, or the shell expands them. A URL that comes twice is fetched once.\n"
        "\n"
        "Ctrl-C finishes and keeps what is under way; the same command with --resume goes on where "
        "it stopped.\n"
        "\n"
        "Exit status: 0 when every URL was answered, 1 when one failed, 2 for a command line that "
        "can't be understood, 130 after Ctrl-C.",
    .options = rows,
    .option_count = sizeof rows / sizeof *rows,
    .hints = foreign_options,
    .examples = "  eddy fetch 'https://swapi.example/api/people/{1..90}/' --into people.db\n"
                "  eddy fetch 'https://host/{people,films}/{1..9}' --into all.csv --rate 10/s\n"
                "  eddy fetch --urls list.txt --into pages.ndjson --concurrency 100 --resume\n"
                "  generate-urls | eddy fetch --urls - | jq -r .url\n",
};

static bool has_ending(const char *text, const char *ending)
{
    size_t size = strlen(text), n = strlen(ending);
    return size > n && strcasecmp(text + size - n, ending) == 0;
}

static bool has_beginning(const char *text, const char *beginning)
{
    return strncasecmp(text, beginning, strlen(beginning)) == 0;
}

struct target_form {
    const char *beginning;    // or NULL
    const char *ending;       // or NULL
    enum target_kind kind;
};

static const struct target_form forms[] = {
    {"sqlite:", NULL, TARGET_SQLITE}, {"ndjson:", NULL, TARGET_NDJSON},
    {"csv:", NULL, TARGET_CSV},       {NULL, ".db", TARGET_SQLITE},
    {NULL, ".sqlite", TARGET_SQLITE}, {NULL, ".sqlite3", TARGET_SQLITE},
    {NULL, ".ndjson", TARGET_NDJSON}, {NULL, ".jsonl", TARGET_NDJSON},
    {NULL, ".csv", TARGET_CSV},
};

static int refuse_target(const char *text, struct complaint *complaint)
{
    if (has_beginning(text, "postgresql:") || has_beginning(text, "postgres:"))
        return complain(complaint, -EINVAL, 0,
                        "--into: PostgreSQL is not in this build; load an SQLite file (people.db), "
                        "x.csv or x.ndjson instead");
    return complain(complaint, -EINVAL, 0,
                    "--into: '%.60s' doesn't tell what to write; name a file such as people.db, "
                    "people.ndjson or people.csv, write sqlite:PATH, or - for standard output",
                    text);
}

int target_read(const char *text, struct target *out_target, struct complaint *complaint)
{
    if (strcmp(text, "-") == 0) {
        *out_target = (struct target){TARGET_NDJSON, "-", true};
        return 0;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const struct target_form *form = &forms[i];
        bool fits = form->beginning != NULL ? has_beginning(text, form->beginning)
                                            : has_ending(text, form->ending);
        if (!fits)
            continue;
        const char *path = form->beginning != NULL ? text + strlen(form->beginning) : text;
        if (*path == '\0')
            return complain(complaint, -EINVAL, 0, "--into: after %s comes the path of a file",
                            text);
        if (form->beginning == NULL && strstr(text, "://") != NULL)
            break;    // mysql://host/people.db names a server, not a file
        bool is_stdout = form->kind != TARGET_SQLITE && strcmp(path, "-") == 0;
        *out_target = (struct target){form->kind, path, is_stdout};
        return 0;
    }
    return refuse_target(text, complaint);
}

/* Reads one "404" or "5xx". Returns false if it is neither. */
static bool put_status(struct status_set *set, const char *text, size_t size)
{
    if (size != 3 || text[0] < '1' || text[0] > '5')
        return false;
    int hundred = (text[0] - '0') * 100;
    if (strncasecmp(text + 1, "xx", 2) == 0) {
        memset(&set->has[hundred], true, 100);
        return true;
    }
    if (text[1] < '0' || text[1] > '9' || text[2] < '0' || text[2] > '9')
        return false;
    set->has[hundred + (text[1] - '0') * 10 + text[2] - '0'] = true;
    return true;
}

int status_set_read(const char *text, struct status_set *out_set, struct complaint *complaint)
{
    struct status_set set = {{false}};
    if (strcmp(text, "none") == 0) {
        *out_set = set;
        return 0;
    }
    for (const char *c = text;; c++) {
        size_t size = strcspn(c, ",");
        if (!put_status(&set, c, size))
            return complain(complaint, -EINVAL, 0,
                            "--fail-on wants statuses such as 404,5xx, or none, not '%.60s'", text);
        c += size;
        if (*c == '\0')
            break;
    }
    *out_set = set;
    return 0;
}

bool status_set_has(const struct status_set *set, int status)
{
    return status >= 0 && status < STATUS_END && set->has[status];
}

bool fetch_options_keeps(const struct fetch_options *options, int status)
{
    bool is_unauthorized = status == 401 || status == 403 || status == 407;
    return status > 0 && !is_unauthorized && !status_set_has(&options->fail_on, status);
}

/* Headers that frame the message. The client writes them; a second one could contradict it. */
static const char *const framing_headers[] = {
    "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade"};

int header_check(const char *text, struct complaint *complaint)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789"
                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t size = strspn(text, token);
    if (size == 0 || text[size] != ':')
        return complain(complaint, -EINVAL, size + 1,
                        "--header wants 'Name: value', not '%.60s'; a name has no spaces and ends "
                        "with a colon",
                        text);
    for (const char *c = text + size; *c != '\0'; c++)
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
            return complain(complaint, -EINVAL, (size_t)(c - text) + 1,
                            "--header: the value of '%.*s' has a control character in it",
                            (int)(size < 60 ? size : 60), text);
    for (size_t i = 0; i < sizeof framing_headers / sizeof *framing_headers; i++)
        if (strlen(framing_headers[i]) == size && strncasecmp(text, framing_headers[i], size) == 0)
            return complain(complaint, -EINVAL, 0,
                            "--header: %s is written by eddy itself; leave it out",
                            framing_headers[i]);
    return 0;
}

int table_name_check(const char *text, struct complaint *complaint)
{
    static const char allowed[] = "_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t size = strlen(text);
    if (size > TABLE_NAME_MAX || strspn(text, allowed) != size || (*text >= '0' && *text <= '9'))
        return complain(complaint, -EINVAL, 0,
                        "--table wants letters, digits and underscores, at most %d and no digit "
                        "first, not '%.60s'",
                        TABLE_NAME_MAX, text);
    if (has_beginning(text, "sqlite_"))
        return complain(complaint, -EINVAL, 0,
                        "--table: names beginning with sqlite_ belong to SQLite; take another");
    return 0;
}

static int check_sources(const struct fetch_options *options, struct complaint *complaint)
{
    for (size_t i = 0; i < options->patterns.count; i++)
        if (strcmp(options->patterns.items[i], "-") == 0)
            return complain(complaint, -EINVAL, 0,
                            "- is no URL; to read URLs from standard input write --urls -");
    if (options->patterns.count == 0 && options->urls == NULL)
        return complain(complaint, -EINVAL, 0,
                        "no URL was given; write eddy fetch 'https://host/{1..90}' --into x.db, or "
                        "--urls FILE ('eddy fetch --help' tells more)");
    if (options->urls != NULL && strcmp(options->urls, "-") != 0 &&
        strcmp(options->urls, options->target.path) == 0)
        return complain(complaint, -EINVAL, 0,
                        "--urls and --into name the same file, '%.60s'; the list would be "
                        "overwritten",
                        options->urls);
    return 0;
}

static int check_conflicts(const struct fetch_options *options, struct complaint *complaint)
{
    if (options->is_resuming && options->is_replacing)
        return complain(complaint, -EINVAL, 0,
                        "--resume keeps what is there and --replace throws it away; leave one out");
    if (options->target.is_stdout && (options->is_resuming || options->is_replacing))
        return complain(complaint, -EINVAL, 0,
                        "--%s needs a target that stays; name a file with --into (people.db)",
                        options->is_resuming ? "resume" : "replace");
    if (options->table != NULL && options->target.kind != TARGET_SQLITE)
        return complain(complaint, -EINVAL, 0,
                        "--table names a table of a database, and --into %.60s is none; leave "
                        "--table out",
                        options->into);
    if (options->is_quiet && options->is_verbose)
        return complain(complaint, -EINVAL, 0,
                        "--verbose tells more and --quiet less; leave one out");
    if (options->is_insecure && options->cacert != NULL)
        return complain(complaint, -EINVAL, 0,
                        "--cacert says whom to trust and --insecure trusts everyone; leave one "
                        "out");
    return 0;
}

int fetch_options_parse(struct fetch_options *options, int argc, char **argv,
                        struct complaint *complaint)
{
    *options = (struct fetch_options){
        .into = "-",
        .fail_on_text = "408,425,429,5xx",
        .concurrency = 10,
        .retries = 3,
        .timeout = 30,
        .max_wait = 300,
        .max_size = 16 << 20,
        .batch = 500,
    };
    int outcome = options_parse(&command, argc, argv, options, &options->patterns, complaint);
    if (outcome != 0)
        return outcome;
    int err = target_read(options->into, &options->target, complaint);
    if (err == 0)
        err = status_set_read(options->fail_on_text, &options->fail_on, complaint);
    if (err == 0)
        err = check_sources(options, complaint);
    if (err == 0)
        err = check_conflicts(options, complaint);
    if (options->table == NULL)
        options->table = "documents";
    return err;
}

void fetch_options_fini(struct fetch_options *options)
{
    text_list_fini(&options->patterns);
    text_list_fini(&options->headers);
}

void fetch_options_print_help(FILE *out)
{
    options_print_help(&command, out);
}
