/* SPDX-License-Identifier: MIT */
/*
 * serve_folder.h: the files of `eddy serve FOLDER`.
 */
#ifndef EDDY_TOOLS_SERVE_FOLDER_H
#define EDDY_TOOLS_SERVE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <eddy/http_server.h>

enum { SERVE_FOLDER_REDIRECT = 1 };    // the path is a folder's, without its '/'

/* A file that may be served. */
struct serve_file {
    int fd;    // the caller's to close
    uint64_t size;
    const char *content_type;    // static
};

/*
 * Opens the file of a request's path below the folder `root`. Files outside can't be reached: "..",
 * names that begin with a dot and symbolic links are not followed. A folder means the index.html in
 * it. Returns 0, SERVE_FOLDER_REDIRECT, -ENOENT or -ENOTDIR if there is no such file that may be
 * served, -EACCES, or another error, which doesn't say whether the file exists.
 */
int serve_folder_open(int root, eddy_span path, struct serve_file *out_file);

/* Answers with the file: at once if small, else block by block; or only the head. Suspends. */
int serve_folder_send(const struct serve_file *file, bool head_only, eddy_http_reply *reply);

/*
 * Counts the files that can be served, in all folders below. Unreadable folders are left out.
 * Returns 0, or a negative errno.
 */
int serve_folder_count(int root, size_t *out_count);

#endif
