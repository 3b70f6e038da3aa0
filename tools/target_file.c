/* SPDX-License-Identifier: MIT */
/*
 * target_file.c: the file that rows are written to, shared safely by several runs of eddy fetch.
 *
 * The states of a path, and its transitions:
 *
 *     absent --open with O_EXCL--> empty, unlocked --lock, then check--> empty, locked
 *                                    |       ^                            |        |
 *            another run locks first |       | close, kill                | a row  | close, and this
 *                                    v       |                            v lands  v run created it
 *                                  refused   +--------- unlocked <------ filled   absent
 *                                                          ^  | close, kill
 *                                                          |  v
 *     replaced: a new file is locked, filled, synced and renamed over the path; then the old one
 *     is closed.
 *
 * Locks are open file description locks (F_OFD_SETLK), which end with the process. Their offsets
 * are far behind the end of any file, so they don't collide with SQLite's locks:
 *
 *     lock_base          shared by every run that writes a table; exclusive to remove the file
 *     lock_base + 1 + h  exclusive for the table whose name has the hash h
 *     lock_base ... end  exclusive for a run that writes the whole file (NDJSON, CSV)
 *
 * Invariants:
 *   - A lock is valid only if the path leads to the locked file. Every run checks that after
 *     locking, and starts again if not: so a file that was removed or renamed is never filled.
 *   - A file is removed only by the run that created it, only while that run holds the exclusive
 *     lock, only if the file is empty, and only if the path leads to it. For a database, the run
 *     also holds SQLite's lock bytes, so no other program is inside a transaction; and if there is
 *     a -wal or -journal file, the database may have more content than the file itself.
 *   - A run that was refused, or that lost the race for the lock, removes nothing.
 *
 * Owns the descriptor and the path. Called by the sinks.
 */
#include "target_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "seen.h"

enum { OPEN_TRIES_MAX = 100, LINKS_MAX = 40, LOCK_TRIES_MAX = 50, LOCK_PAUSE_NS = 2000000 };

static const off_t lock_base = (off_t)1 << 62;
static const off_t sqlite_lock_base = 0x40000000, sqlite_lock_size = 512;

void target_file_init(struct target_file *file)
{
    *file = (struct target_file){.fd = -1};
}

/* --- The path --------------------------------------------------------------------------------- */

/* Returns the target of the link `name`, relative to the current folder; NULL with errno set. */
static char *follow_link(const char *name)
{
    char text[PATH_MAX], *next;
    ssize_t size = readlink(name, text, sizeof text);
    if (size < 0)
        return NULL;
    const char *slash = strrchr(name, '/');
    int folder_size = slash != NULL && text[0] != '/' ? (int)(slash + 1 - name) : 0;
    return asprintf(&next, "%.*s%.*s", folder_size, name, (int)size, text) < 0 ? NULL : next;
}

/* Returns the path of a missing file in an existing folder; NULL with errno set. */
static char *name_in_folder(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash != NULL ? slash + 1 : name;
    char *given = slash != NULL ? strndup(name, (size_t)(base - name)) : strdup(".");
    char *folder = given != NULL ? realpath(given, NULL) : NULL;
    free(given);
    if (folder == NULL)
        return NULL;
    char *path;
    int n = asprintf(&path, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, base);
    free(folder);
    if (n < 0)
        return NULL;
    if (*base != '\0')
        return path;
    free(path);
    errno = EISDIR;
    return NULL;
}

/* Resolves `given` to an absolute path; follows links, also a last one that is dangling. */
static int resolve(const char *given, char **out_path)
{
    char *name = strdup(given), *path = NULL;
    for (int links = 0; name != NULL; links++) {
        path = realpath(name, NULL);
        if (path != NULL || errno != ENOENT)
            break;
        char *next = follow_link(name);
        if (next == NULL) {
            // It is not a link: the file itself is missing, or its folder.
            path = errno == ENOENT || errno == EINVAL ? name_in_folder(name) : NULL;
            break;
        }
        free(name);
        name = links < LINKS_MAX ? next : NULL;
        if (name == NULL) {
            free(next);
            errno = ELOOP;
        }
    }
    int err = path != NULL ? 0 : errno != 0 ? -errno : -ENOMEM;
    free(name);
    *out_path = path;
    return err;
}

/* --- Locks ------------------------------------------------------------------------------------ */

/* Locks. `type`: F_RDLCK or F_WRLCK; `size` 0: up to the end. 0, -EBUSY or another error. */
static int lock_range(int fd, short type, off_t start, off_t size)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = size};
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return 0;
    switch (errno) {
    case EACCES:
    case EAGAIN: return -EBUSY;
    case EINVAL:
    case ENOSYS:
    case EOPNOTSUPP: return -ENOLCK;    // this file system or kernel has no such locks
    default: return -errno;
    }
}

/* Takes the shared lock. Waits for a run that holds the lock briefly to remove its empty file. */
static int lock_shared(int fd)
{
    int err = lock_range(fd, F_RDLCK, lock_base, 1);
    for (int tries = 1; err == -EBUSY && tries < LOCK_TRIES_MAX; tries++) {
        nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NS}, NULL);
        err = lock_range(fd, F_RDLCK, lock_base, 1);
    }
    return err;
}

static off_t place_of(const char *table)
{
    static const uint64_t key[2] = {0, 0};    // the same in every run
    char name[64];
    size_t size = 0;
    for (; table[size] != '\0' && size < sizeof name; size++)
        name[size] = (char)tolower((unsigned char)table[size]);
    uint64_t hash = seen_hash_of(key, name, size).high;
    return lock_base + 1 + (off_t)(hash >> 3);
}

static int lock_for(int fd, const char *table)
{
    if (table == NULL)
        return lock_range(fd, F_WRLCK, lock_base, 0);
    int err = lock_shared(fd);
    return err < 0 ? err : lock_range(fd, F_WRLCK, place_of(table), 1);
}

/* --- Opening ---------------------------------------------------------------------------------- */

static void note_identity(struct target_file *file, const struct stat *status)
{
    file->device = status->st_dev;
    file->inode = status->st_ino;
    file->size = (uint64_t)status->st_size;
    file->is_regular = S_ISREG(status->st_mode);
}

int target_file_check(const struct target_file *file)
{
    struct stat status;
    if (!file->is_regular)
        return 0;
    if (lstat(file->path, &status) < 0)
        return errno == ENOENT || errno == ENOTDIR ? -ESTALE : -errno;
    bool is_same = status.st_dev == file->device && status.st_ino == file->inode;
    return is_same ? 0 : -ESTALE;
}

/*
 * Opens a named pipe for writing only, so that a write fails when it has no reader any more; opened
 * for both, the pipe would swallow the rows. Returns -EPIPE if it has no reader yet.
 */
static int open_pipe(struct target_file *file, const char *given)
{
    file->fd = open(given, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (file->fd < 0)
        return errno == ENXIO ? -EPIPE : -errno;
    file->path = strdup(given);
    return file->path != NULL ? 0 : -ENOMEM;
}

/* Opens the existing file, or creates it. -ESTALE: it was created or removed at the same time. */
static int open_or_create(struct target_file *file, const char *given)
{
    struct stat status;
    bool is_there = stat(given, &status) == 0;
    if (!is_there && errno != ENOENT)
        return -errno;
    if (is_there && S_ISFIFO(status.st_mode) && !file->is_shared)
        return open_pipe(file, given);
    file->fd = open(given, O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY);
    if (file->fd < 0 && errno != ENOENT)
        return -errno;
    if (file->fd >= 0 && fstat(file->fd, &status) < 0)
        return -errno;
    // A pipe may have no path: /dev/stdout may lead to one that can't be resolved.
    if (file->fd >= 0 && !S_ISREG(status.st_mode)) {
        file->path = strdup(given);
        return file->path != NULL ? 0 : -ENOMEM;
    }
    int err = resolve(given, &file->path);
    if (err < 0 || file->fd >= 0)
        return err;
    file->fd = open(file->path, O_RDWR | O_APPEND | O_CLOEXEC | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
    file->was_created = file->fd >= 0;
    if (file->fd >= 0)
        return 0;
    return errno == EEXIST ? -ESTALE : -errno;
}

static int open_and_lock(struct target_file *file, const char *given, const char *table)
{
    int err = open_or_create(file, given);
    if (err < 0)
        return err;
    struct stat status;
    if (fstat(file->fd, &status) < 0)
        return -errno;
    note_identity(file, &status);
    if (!file->is_regular)
        return 0;
    err = lock_for(file->fd, table);
    if (err < 0)
        return err;
    err = target_file_check(file);
    if (err < 0)
        return err;
    // Read the size only now: another run may have filled the file before we got the lock.
    if (fstat(file->fd, &status) < 0)
        return -errno;
    note_identity(file, &status);
    return 0;
}

int target_file_open(struct target_file *file, const char *path, const char *table)
{
    int err = -ESTALE;
    for (int tries = 0; err == -ESTALE && tries < OPEN_TRIES_MAX; tries++) {
        *file = (struct target_file){.fd = -1, .is_shared = table != NULL};
        err = open_and_lock(file, path, table);
        if (err < 0)
            target_file_close(file);
    }
    return err;
}

int target_file_lock_beside(int fd)
{
    return lock_range(fd, F_WRLCK, lock_base, 0);
}

int target_file_take_place(struct target_file *file, int fd)
{
    struct stat status;
    int err = fstat(fd, &status) < 0 ? -errno : 0;
    close(file->fd);
    file->fd = fd;
    file->was_created = false;
    if (err == 0)
        note_identity(file, &status);
    return err;
}

int target_file_sync_folder(const struct target_file *file)
{
    const char *slash = file->is_regular ? strrchr(file->path, '/') : NULL;
    if (slash == NULL)
        return 0;
    char *folder = strndup(file->path, slash > file->path ? (size_t)(slash - file->path) : 1);
    if (folder == NULL)
        return -ENOMEM;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    // A folder with write but no read permission can't be synced.
    if (fd < 0)
        return errno == EACCES ? 0 : -errno;
    int err = fsync(fd) < 0 && errno != EINVAL && errno != ENOTSUP ? -errno : 0;
    close(fd);
    return err;
}

/* --- Closing ---------------------------------------------------------------------------------- */

void target_file_keep(struct target_file *file)
{
    file->was_created = false;
}

static bool is_there(const char *path, const char *ending)
{
    char *name;
    if (asprintf(&name, "%s%s", path, ending) < 0)
        return true;
    bool is_missing = access(name, F_OK) < 0 && errno == ENOENT;
    free(name);
    return !is_missing;
}

/* Whether it is a database without a table, opened once: it has the first page and no cells. */
static bool is_bare_database(int fd)
{
    // Offsets of SQLite's file format: size in pages, user version, application id, kind, cells.
    static const unsigned char zero[4] = {0}, one_page[4] = {0, 0, 0, 1};
    unsigned char page[112];
    return pread(fd, page, sizeof page, 0) == (ssize_t)sizeof page &&
           memcmp(page, "SQLite format 3", 16) == 0 && memcmp(page + 28, one_page, 4) == 0 &&
           memcmp(page + 60, zero, 4) == 0 && memcmp(page + 68, zero, 4) == 0 &&
           page[100] == 0x0d && memcmp(page + 103, zero, 2) == 0;
}

/* Takes the exclusive locks, which end with the descriptor. */
static bool can_lock_all(const struct target_file *file)
{
    if (!file->is_shared)
        return lock_range(file->fd, F_WRLCK, lock_base, 0) == 0;
    return lock_range(file->fd, F_WRLCK, lock_base, 1) == 0 &&
           lock_range(file->fd, F_WRLCK, sqlite_lock_base, sqlite_lock_size) == 0;
}

/* Whether the file is empty, and no other program can write to it any more. */
static bool is_empty(const struct target_file *file)
{
    struct stat status;
    if (!can_lock_all(file))
        return false;
    if (fstat(file->fd, &status) < 0 || target_file_check(file) < 0)
        return false;
    if (!file->is_shared)
        return status.st_size == 0;
    return (status.st_size == 0 || is_bare_database(file->fd)) && !is_there(file->path, "-wal") &&
           !is_there(file->path, "-journal");
}

void target_file_close(struct target_file *file)
{
    if (file->path != NULL && file->fd >= 0) {
        if (file->is_regular && file->was_created && is_empty(file))
            unlink(file->path);
        close(file->fd);
    }
    free(file->path);
    target_file_init(file);
}
