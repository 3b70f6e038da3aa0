/* SPDX-License-Identifier: MIT */
/*
 * workers.c: how the lines of a corpus are shared among processes.
 *
 * A worker writes what it has to say into a file of its own, without a name, and keeps its counts
 * and its place in memory that it shares with its parent. So when it dies, the parent knows where,
 * and starts another behind that place.
 */
#include "workers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "corpus.h"

enum { PROGRAM_SECONDS_MAX = 60 };

/* Shared by a worker with its parent. */
struct share {
    struct totals totals;
    size_t next;                   // the line that comes after the one under way
    char name[CHECK_NAME_SIZE];    // of the program under way
};

struct worker {
    pid_t pid;    // 0: it is done
    FILE *output;
    struct share *share;
};

static void count(enum verdict verdict, struct totals *totals)
{
    totals->passed += verdict == VERDICT_PASSED;
    totals->failed += verdict == VERDICT_FAILED;
    totals->skipped += verdict == VERDICT_SKIPPED;
}

static enum verdict check_entry(struct checker *checker, const struct corpus *corpus, size_t index,
                                FILE *output)
{
    struct text report = {0};
    const struct entry *entry = corpus_entry(corpus, index);
    const char *line = corpus->text.bytes + entry->start;
    enum verdict verdict = check_line(checker, line, entry->size, &report);
    if (verdict == VERDICT_FAILED)
        fprintf(output, "%s:%zu: ", entry->file, entry->line);
    if (report.size > 0)
        fwrite(report.bytes, 1, report.size, output);
    text_fini(&report);
    return verdict;
}

void check_all(struct checker *checker, const struct corpus *corpus, struct totals *totals)
{
    for (size_t i = 0; i < corpus_count(corpus); i++)
        count(check_entry(checker, corpus, i, stdout), totals);
}

static void work(struct checker *checker, const struct corpus *corpus, size_t step,
                 struct worker *worker)
{
    struct share *share = worker->share;
    while (share->next < corpus_count(corpus)) {
        size_t index = share->next;
        share->next += step;
        alarm(PROGRAM_SECONDS_MAX);
        enum verdict verdict = check_entry(checker, corpus, index, worker->output);
        fflush(worker->output);
        count(verdict, &share->totals);
    }
}

static int start_worker(struct checker *checker, const struct corpus *corpus, size_t step,
                        struct worker *worker)
{
    fflush(NULL);
    worker->pid = fork();
    if (worker->pid < 0)
        return -errno;
    if (worker->pid > 0)
        return 0;
    checker->shared_name = worker->share->name;
    work(checker, corpus, step, worker);
    _exit(0);
}

static int open_worker(size_t index, struct worker *worker)
{
    worker->output = tmpfile();
    if (worker->output == NULL)
        return -errno;
    worker->share = mmap(NULL, sizeof *worker->share, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (worker->share == MAP_FAILED)
        return -errno;
    worker->share->next = index;
    return 0;
}

/* Waits until the worker has gone through its lines, starting it again as often as it dies. */
static int finish_worker(struct checker *checker, const struct corpus *corpus, size_t step,
                         struct worker *worker)
{
    int status;
    for (;;) {
        if (waitpid(worker->pid, &status, 0) < 0)
            return -errno;
        if (status == 0)
            return 0;
        fseek(worker->output, 0, SEEK_END);
        fprintf(worker->output, "FAILED %s: ended by %s %d\n", worker->share->name,
                WIFSIGNALED(status) ? "signal" : "status",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        worker->share->totals.failed++;
        int err = start_worker(checker, corpus, step, worker);
        if (err < 0)
            return err;
    }
}

static void copy_output(FILE *output)
{
    char buf[4096];
    size_t n;
    rewind(output);
    while ((n = fread(buf, 1, sizeof buf, output)) > 0)
        fwrite(buf, 1, n, stdout);
}

int check_in_workers(struct checker *checker, const struct corpus *corpus, size_t worker_count,
                     struct totals *totals)
{
    struct worker workers[WORKERS_MAX];
    int err = 0;
    size_t started = 0;
    for (; started < worker_count && err == 0; started++) {
        err = open_worker(started, &workers[started]);
        if (err == 0)
            err = start_worker(checker, corpus, worker_count, &workers[started]);
    }
    for (size_t i = 0; i < started && err == 0; i++) {
        err = finish_worker(checker, corpus, worker_count, &workers[i]);
        copy_output(workers[i].output);
        fclose(workers[i].output);
        totals->passed += workers[i].share->totals.passed;
        totals->failed += workers[i].share->totals.failed;
        totals->skipped += workers[i].share->totals.skipped;
        munmap(workers[i].share, sizeof *workers[i].share);
    }
    return err;
}
