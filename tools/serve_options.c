/* SPDX-License-Identifier: MIT */
/*
 * serve_options.c: the command line of `eddy serve`.
 *
 * The server is for practice and tests, so its defaults are harmless: it listens only on this
 * machine, answers at once and never fails. The random seed has a default too, so that two runs
 * with the same options fail at the same requests.
 *
 * Owns nothing. Called by the serve command.
 */
#include "serve_options.h"

#include <errno.h>
#include <stddef.h>

#include "complaint.h"
#include "options.h"

#define FIELD(name) offsetof(struct serve_options, name)

static const struct option_spec rows[] = {
    {"host", 0, "ADDRESS", OPTION_TEXT, FIELD(host), .group = "Where",
     .help = "The address to listen on (127.0.0.1: this machine alone); 0.0.0.0 or :: for all."},
    {"port", 'p', "N", OPTION_COUNT, FIELD(port), .min = 0, .max = 65535,
     .help = "The port (8080); 0 takes any that is free. The first line printed names it."},
    {"certificate", 0, "FILE", OPTION_TEXT, FIELD(certificate),
     .help = "Serves HTTPS, with the certificate in this PEM file, and those that vouch for it "
             "behind it."},
    {"key", 0, "FILE", OPTION_TEXT, FIELD(key),
     .help = "The certificate's private key; without this option it is in the same file."},

    {"delay", 'd', "TIME", OPTION_DURATION, FIELD(delay), .group = "How badly", .min = 0,
     .max = 86400, .help = "Waits before each answer (0): 100ms, 1.5."},
    {"jitter", 'j', "TIME", OPTION_DURATION, FIELD(jitter), .min = 0, .max = 86400,
     .help = "Adds a random time between 0 and TIME to each delay (0)."},
    {"fail-rate", 0, "SHARE", OPTION_SHARE, FIELD(fail_rate),
     .help = "Lets so many answers fail (0): 0.1 or 10%."},
    {"seed", 0, "N", OPTION_COUNT, FIELD(seed),
     .help = "Where the random numbers begin (1); the same seed gives the same delays and "
             "failures."},

    {"quiet", 'q', NULL, OPTION_FLAG, FIELD(is_quiet), .group = "What is told",
     .help = "No line for each request."},
    {"version", 'V', NULL, OPTION_VERSION, 0, .help = "Prints the version and ends."},
    {"help", 'h', NULL, OPTION_HELP, 0, .help = "Prints this text and ends."},
};

static const struct command command = {
    .name = "eddy serve",
    .usage = "[OPTION...] FILE|FOLDER",
    .description =
        "Serves documents over HTTP, as slowly and as unreliably as asked: a counterpart to "
        "practise 'eddy fetch' on, and to test clients against.\n"
        "\n"
        "FILE is a JSON object that maps a path to the document to be answered there, such as "
        "{\"/api/people/1/\": {\"name\": \"Luke\"}}; any other path is answered 404. Of a FOLDER "
        "the files are served as they are. Ctrl-C ends the server.\n"
        "\n"
        "Exit status: 0 after Ctrl-C, 1 when it can't serve, 2 for a command line that can't be "
        "understood.",
    .options = rows,
    .option_count = sizeof rows / sizeof *rows,
    .examples = "  eddy serve swapi.json\n"
                "  eddy serve swapi.json --port 0 --delay 100ms --jitter 50ms\n"
                "  eddy serve public/ --fail-rate 10% --seed 7\n"
                "  eddy serve swapi.json --certificate localhost.pem\n",
};

int serve_options_parse(struct serve_options *options, int argc, char **argv,
                        struct complaint *complaint)
{
    *options = (struct serve_options){.host = "127.0.0.1", .port = 8080, .seed = 1};
    struct text_list arguments = {0};
    int outcome = options_parse(&command, argc, argv, options, &arguments, complaint);
    if (outcome != 0)
        goto fini_arguments;
    if (arguments.count == 0)
        outcome = complain(complaint, -EINVAL, 0,
                           "nothing to serve was named; write eddy serve FILE or eddy serve FOLDER "
                           "('eddy serve --help' tells more)");
    else if (arguments.count > 1)
        outcome = complain(complaint, -EINVAL, 0,
                           "one file or folder can be served, and '%.60s' is a second; drop it",
                           arguments.items[1]);
    else if (options->key != NULL && options->certificate == NULL)
        outcome = complain(complaint, -EINVAL, 0,
                           "--key names the key of a certificate; add --certificate FILE");
    else
        options->path = arguments.items[0];

fini_arguments:
    text_list_fini(&arguments);
    return outcome;
}

void serve_options_print_help(FILE *out)
{
    options_print_help(&command, out);
}
