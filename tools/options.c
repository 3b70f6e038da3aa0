/* SPDX-License-Identifier: MIT */
/*
 * options.c: parses a command line by its table, and prints the table as help.
 *
 * The parser walks argv once. A word is an option, the value of the option before it, or an
 * argument; only the table decides which. The first error ends the walk with a message that quotes
 * the input and says what would be right; for an unknown name that is the nearest known name, by
 * the number of letters to change, add, drop or swap.
 *
 * Owns the arrays of the lists; all texts belong to argv. Called by fetch_options.c and
 * serve_options.c. option_value.c parses the numbers.
 */
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "complaint.h"
#include "spelling.h"

enum {
    HELP_WIDTH = 80,
    HELP_COLUMN = 27,    // where the explanations begin
};

struct parse {
    const struct command *command;
    char **words;
    int word_count;
    int at;    // index of the word after the current one
    char *target;
    struct text_list *arguments;
    uint64_t seen;    // a bit for each entry of the table
    struct complaint *complaint;
};

int text_list_put(struct text_list *list, const char *text)
{
    // The array grows when the count reaches a power of two, so it needs no field for the capacity.
    if ((list->count & (list->count - 1)) == 0) {
        size_t capacity = list->count == 0 ? 1 : list->count * 2;
        const char **items = realloc(list->items, capacity * sizeof *items);
        if (items == NULL)
            return -ENOMEM;
        list->items = items;
    }
    list->items[list->count++] = text;
    return 0;
}

void text_list_fini(struct text_list *list)
{
    free(list->items);
    *list = (struct text_list){0};
}

static bool takes_value(const struct option_spec *option)
{
    return option->kind != OPTION_FLAG && option->kind != OPTION_HELP &&
           option->kind != OPTION_VERSION;
}

static const struct option_spec *find_name(const struct command *command, const char *name,
                                           size_t size)
{
    for (size_t i = 0; i < command->option_count; i++) {
        const struct option_spec *option = &command->options[i];
        if (strlen(option->name) == size && memcmp(option->name, name, size) == 0)
            return option;
    }
    return NULL;
}

static const struct option_spec *find_letter(const struct command *command, char letter)
{
    for (size_t i = 0; i < command->option_count; i++)
        if (command->options[i].letter == letter)
            return &command->options[i];
    return NULL;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Returns the known name that was probably meant, or NULL if none is close. */
static const char *nearest_name(const struct command *command, const char *name, size_t size)
{
    const char *best = NULL;
    size_t best_distance = size / 3 + 2;    // a greater distance means another word
    if (size == 0)
        return NULL;
    for (size_t i = 0; i < command->option_count; i++) {
        const char *known = command->options[i].name;
        size_t changes = spelling_distance(name, size, known);
        if (size >= 3 && strncmp(known, name, size) == 0)
            changes = 1;    // an abbreviation
        if (changes < best_distance && changes < strlen(known)) {
            best = known;
            best_distance = changes;
        }
    }
    return best;
}

/* Returns the option of another program whose distance is at most `far` letters; NULL for none. */
static const struct option_hint *find_hint(const struct command *command, const char *name,
                                           size_t size, size_t far)
{
    const struct option_hint *hint = command->hints, *best = NULL;
    size_t least_changes = far + 1;
    for (; hint != NULL && hint->name != NULL; hint++) {
        size_t changes = spelling_distance(name, size, hint->name);
        if (changes < least_changes) {
            best = hint;
            least_changes = changes;
        }
    }
    return best;
}

static int refuse_unknown(struct parse *parse, const char *name, size_t size)
{
    const struct option_hint *hint = size > 1 ? find_hint(parse->command, name, size, 0) : NULL;
    if (hint != NULL)
        return complain(parse->complaint, -EINVAL, 0, "there is no option --%.*s; %s",
                        (int)least(size, 60), name, hint->advice);
    const char *nearest = nearest_name(parse->command, name, size);
    if (nearest != NULL)
        return complain(parse->complaint, -EINVAL, 0,
                        "there is no option --%.*s; did you mean --%s?", (int)least(size, 60), name,
                        nearest);
    hint = size > 4 ? find_hint(parse->command, name, size, 2) : NULL;
    if (hint != NULL)
        return complain(parse->complaint, -EINVAL, 0,
                        "there is no option --%.*s; if --%s was meant: %s", (int)least(size, 60),
                        name, hint->name, hint->advice);
    return complain(parse->complaint, -EINVAL, 0,
                    "there is no option --%.*s; '%s --help' lists them", (int)least(size, 60), name,
                    parse->command->name);
}

static int refuse_letter(struct parse *parse, char letter)
{
    const struct option_hint *hint = find_hint(parse->command, &letter, 1, 0);
    if (hint != NULL)
        return complain(parse->complaint, -EINVAL, 0, "there is no option -%c; %s", letter,
                        hint->advice);
    return complain(parse->complaint, -EINVAL, 0, "there is no option -%c; '%s --help' lists them",
                    letter, parse->command->name);
}

static const char *wanted(enum option_kind kind)
{
    switch (kind) {
    case OPTION_COUNT: return "a whole number";
    case OPTION_DURATION: return "a time such as 30, 1.5, 500ms or 2m";
    case OPTION_SIZE: return "a size such as 4096, 512K, 16M or 1GiB";
    case OPTION_RATE: return "a rate such as 10, 10/s or 600/m";
    case OPTION_SHARE: return "a share such as 0.1 or 10%";
    default: return "a text";
    }
}

/* Reads a number of any kind into its field; *out_number is the value to compare to the bounds. */
static int store_number(const struct option_spec *option, void *field, const char *value,
                        double *out_number)
{
    uint64_t *whole = field;
    double *number = field;
    int err;
    switch (option->kind) {
    case OPTION_COUNT: err = option_read_count(value, whole); break;
    case OPTION_SIZE: err = option_read_size(value, whole); break;
    case OPTION_DURATION: err = option_read_duration(value, number); break;
    case OPTION_RATE: err = option_read_rate(value, number); break;
    default: err = option_read_share(value, number); break;
    }
    if (err < 0)
        return err;
    bool is_whole = option->kind == OPTION_COUNT || option->kind == OPTION_SIZE;
    *out_number = is_whole ? (double)*whole : *number;
    return 0;
}

static int store_bounded(struct parse *parse, const struct option_spec *option, const char *value)
{
    double number;
    int err = store_number(option, parse->target + option->offset, value, &number);
    if (err < 0)
        return complain(parse->complaint, -EINVAL, 0, "--%s wants %s, not '%.60s'", option->name,
                        wanted(option->kind), value);
    if (option->max > 0 && (number < option->min || number > option->max))
        return complain(parse->complaint, -EINVAL, 0,
                        "--%s wants something from %.15g to %.15g, not '%.60s'", option->name,
                        option->min, option->max, value);
    return 0;
}

static int store_value(struct parse *parse, const struct option_spec *option, const char *value)
{
    if (*value == '\0')
        return complain(parse->complaint, -EINVAL, 0, "--%s needs a value that isn't empty",
                        option->name);
    if (option->kind != OPTION_TEXT && option->kind != OPTION_LIST)
        return store_bounded(parse, option, value);
    int err = option->check != NULL ? option->check(value, parse->complaint) : 0;
    if (err < 0)
        return err;
    void *field = parse->target + option->offset;
    if (option->kind == OPTION_TEXT) {
        *(const char **)field = value;
        return 0;
    }
    err = text_list_put(field, value);
    return err < 0 ? complain(parse->complaint, err, 0, "no memory for the command line") : 0;
}

static int mark_seen(struct parse *parse, const struct option_spec *option)
{
    uint64_t bit = (uint64_t)1 << ((option - parse->command->options) % 64);
    if (option->is_single && (parse->seen & bit))
        return complain(parse->complaint, -EINVAL, 0, "--%s can be given only once", option->name);
    parse->seen |= bit;
    return 0;
}

/*
 * Whether a word looks like an option: then it is not taken as a value, because in "--into
 * --resume" the value was probably forgotten. The form with `=` accepts such a value.
 */
static bool looks_like_option(const struct parse *parse, const char *word)
{
    if (strncmp(word, "--", 2) != 0)
        return false;
    size_t size = strcspn(word + 2, "=");
    return size == 0 || find_name(parse->command, word + 2, size) != NULL;
}

/* Applies an option. `value` is the value in the same word, or NULL. */
static int apply(struct parse *parse, const struct option_spec *option, const char *value)
{
    int err = mark_seen(parse, option);
    if (err < 0)
        return err;
    if (!takes_value(option)) {
        if (value != NULL)
            return complain(parse->complaint, -EINVAL, 0, "--%s takes no value; leave out '=%.60s'",
                            option->name, value);
        if (option->kind == OPTION_FLAG)
            *(bool *)(parse->target + option->offset) = true;
        return option->kind == OPTION_HELP      ? OPTIONS_HELP
               : option->kind == OPTION_VERSION ? OPTIONS_VERSION
                                                : 0;
    }
    if (value == NULL) {
        const char *next = parse->at < parse->word_count ? parse->words[parse->at] : NULL;
        if (next == NULL || looks_like_option(parse, next))
            return complain(parse->complaint, -EINVAL, 0, "--%s needs a value: --%s %s",
                            option->name, option->name, option->argument);
        parse->at++;
        value = next;
    }
    return store_value(parse, option, value);
}

static int parse_long(struct parse *parse, const char *name)
{
    size_t size = strcspn(name, "=");
    const char *value = name[size] == '=' ? name + size + 1 : NULL;
    const struct option_spec *option = find_name(parse->command, name, size);
    if (option != NULL)
        return apply(parse, option, value);
    if (size > 3 && strncmp(name, "no-", 3) == 0 && value == NULL) {
        option = find_name(parse->command, name + 3, size - 3);
        if (option != NULL && option->kind == OPTION_FLAG) {
            *(bool *)(parse->target + option->offset) = false;
            return 0;
        }
    }
    return refuse_unknown(parse, name, size);
}

static int parse_short(struct parse *parse, const char *letters)
{
    for (; *letters != '\0'; letters++) {
        const struct option_spec *option = find_letter(parse->command, *letters);
        if (option == NULL)
            return refuse_letter(parse, *letters);
        bool has_rest = takes_value(option) && letters[1] != '\0';
        int outcome = apply(parse, option, has_rest ? letters + 1 : NULL);
        if (outcome != 0 || has_rest)
            return outcome;
        if (takes_value(option))
            break;
    }
    return 0;
}

static int parse_argument(struct parse *parse, const char *word)
{
    int err = text_list_put(parse->arguments, word);
    return err < 0 ? complain(parse->complaint, err, 0, "no memory for the command line") : 0;
}

int options_parse(const struct command *command, int argc, char **argv, void *target,
                  struct text_list *arguments, struct complaint *complaint)
{
    struct parse parse = {.command = command,
                          .words = argv,
                          .word_count = argc,
                          .at = 1,
                          .target = target,
                          .arguments = arguments,
                          .complaint = complaint};
    bool has_options_ended = false;
    int outcome = 0;
    while (outcome == 0 && parse.at < argc) {
        const char *word = argv[parse.at++];
        if (has_options_ended || word[0] != '-' || word[1] == '\0')
            outcome = parse_argument(&parse, word);
        else if (strcmp(word, "--") == 0)
            has_options_ended = true;
        else if (word[1] == '-')
            outcome = parse_long(&parse, word + 2);
        else
            outcome = parse_short(&parse, word + 1);
    }
    return outcome;
}

/* Prints the words of the first line of `text`, from `column` on, wrapped with an indent. */
static void print_wrapped(FILE *out, const char *text, int column, int indent)
{
    bool is_first = true;
    while (*text != '\0' && *text != '\n') {
        int size = (int)strcspn(text, " \n");
        if (!is_first && column + 1 + size > HELP_WIDTH) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
            is_first = true;
        }
        fprintf(out, "%s%.*s", is_first ? "" : " ", size, text);
        column += size + !is_first;
        is_first = false;
        text += size;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static void print_option(FILE *out, const struct option_spec *option)
{
    int column =
        option->letter != '\0' ? fprintf(out, "  -%c, ", option->letter) : fprintf(out, "      ");
    column += fprintf(out, "--%s", option->name);
    if (option->argument != NULL)
        column += fprintf(out, " %s", option->argument);
    if (column > HELP_COLUMN - 2) {
        fputc('\n', out);
        column = 0;
    }
    fprintf(out, "%*s", HELP_COLUMN - column, "");
    print_wrapped(out, option->help, HELP_COLUMN, HELP_COLUMN);
}

void options_print_help(const struct command *command, FILE *out)
{
    fprintf(out, "Usage: %s %s\n\n", command->name, command->usage);
    for (const char *line = command->description; *line != '\0';) {
        print_wrapped(out, line, 0, 0);
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    for (size_t i = 0; i < command->option_count; i++) {
        if (command->options[i].group != NULL)
            fprintf(out, "\n%s:\n", command->options[i].group);
        print_option(out, &command->options[i]);
    }
    if (command->examples != NULL)
        fprintf(out, "\nExamples:\n%s", command->examples);
}
