/* SPDX-License-Identifier: MIT */
/*
 * corpus.c: reads files whole and cuts them into lines. What gzip has packed it unpacks itself.
 */
#include "corpus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Reads to the end, and closes the descriptor. */
static int read_all(int fd, struct text *text)
{
    static char buf[1 << 16];
    ssize_t n;
    while ((n = read(fd, buf, sizeof buf)) > 0)
        text_add(text, buf, (size_t)n);
    int err = n < 0 ? -errno : 0;
    close(fd);
    return err;
}

static int read_unpacked(int fd, struct text *text)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    pid_t child = fork();
    if (child == 0) {
        dup2(fd, STDIN_FILENO);
        dup2(ends[1], STDOUT_FILENO);
        execlp("gzip", "gzip", "-dc", (char *)NULL);
        _exit(127);
    }
    int err = child < 0 ? -errno : 0;
    close(ends[1]);
    close(fd);
    int read_err = read_all(ends[0], text);
    int status = 0;
    if (child > 0 && (waitpid(child, &status, 0) < 0 || status != 0))
        err = -EIO;
    return err < 0 ? err : read_err;
}

static void add_lines(struct corpus *corpus, const char *file, size_t start)
{
    struct entry entry = {.file = file, .start = start};
    while (entry.start < corpus->text.size) {
        const char *bytes = corpus->text.bytes + entry.start;
        const char *newline = memchr(bytes, '\n', corpus->text.size - entry.start);
        entry.size = newline != NULL ? (size_t)(newline - bytes) : corpus->text.size - entry.start;
        entry.line++;
        if (entry.size > 0)
            text_add(&corpus->entries, (const char *)&entry, sizeof entry);
        entry.start += entry.size + 1;
    }
}

int corpus_read(struct corpus *corpus, const char *file)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t start = corpus->text.size;
    size_t length = strlen(file);
    bool is_packed = length > 3 && strcmp(file + length - 3, ".gz") == 0;
    int err = is_packed ? read_unpacked(fd, &corpus->text) : read_all(fd, &corpus->text);
    if (err < 0)
        return err;
    add_lines(corpus, file, start);
    return 0;
}

size_t corpus_count(const struct corpus *corpus)
{
    return corpus->entries.size / sizeof(struct entry);
}

const struct entry *corpus_entry(const struct corpus *corpus, size_t index)
{
    return (const struct entry *)corpus->entries.bytes + index;
}

void corpus_fini(struct corpus *corpus)
{
    text_fini(&corpus->text);
    text_fini(&corpus->entries);
}
