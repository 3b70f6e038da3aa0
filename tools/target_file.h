/* SPDX-License-Identifier: MIT */
/*
 * target_file.h: the file that rows are written to: opened or created, locked, removed if empty.
 *
 *     struct target_file file;
 *     int err = target_file_open(&file, "people.db", "documents");
 *     ...                                    // before each write, and when all is written:
 *     err = target_file_check(&file);        // does the name still lead to the locked file?
 *     ...
 *     target_file_keep(&file);               // the job is complete: an empty file is its result
 *     target_file_close(&file);
 *
 * All functions block; call them on a thread, or where a short wait for a disk is acceptable.
 */
#ifndef EDDY_TOOLS_TARGET_FILE_H
#define EDDY_TOOLS_TARGET_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct target_file {
    char *path;          // absolute, symbolic links followed; NULL: not open, or standard output
    int fd;              // open for reading and appending, a pipe for writing; -1: not open
    bool is_regular;     // else a pipe or a device, which is not locked, checked or removed
    bool was_created;    // this run created it, and nothing is known to have landed in it
    bool is_shared;      // locked for one table, not as a whole
    uint64_t size;       // bytes, when it was locked
    dev_t device;
    ino_t inode;
};

/* Makes a target_file that is not open: target_file_close() on it does nothing. */
void target_file_init(struct target_file *file);

/*
 * Opens the file `path`, creates it if it is missing (also through a dangling symbolic link), and
 * locks it: the whole file, or one `table` of a database. Table names are compared without regard
 * to case, as in SQLite.
 *
 * Returns 0 or a negative errno; -EBUSY: another run holds the lock; -EPIPE: `path` is a pipe that
 * has no reader yet, and `table` is NULL. After an error the file is not open. If this call created
 * it, it has been removed again, or belongs to another run.
 */
int target_file_open(struct target_file *file, const char *path, const char *table);

/* Locks `fd`, a new file that will replace the file. Returns 0 or a negative errno. */
int target_file_lock_beside(int fd);

/* Switches to `fd`, which has been renamed to file->path; closes the old one. 0 or an error. */
int target_file_take_place(struct target_file *file, int fd);

/* Returns 0 if the path still leads to the open, locked file, else -ESTALE or another error. */
int target_file_check(const struct target_file *file);

/* Syncs the file's entry in its folder to disk. Returns 0, also where folders can't be synced. */
int target_file_sync_folder(const struct target_file *file);

/* Keeps the file, even if it is empty. */
void target_file_keep(struct target_file *file);

/*
 * Closes and unlocks the file. Removes it if this run created it and it is empty; see the head of
 * target_file.c. Close a database before: closing any descriptor of a file drops the locks that
 * SQLite holds on it in this process.
 */
void target_file_close(struct target_file *file);

#endif
