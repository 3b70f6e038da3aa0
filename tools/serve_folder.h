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
 * Opens what a request's path names below the folder `root`. Nothing outside can be named: neither
 * "..", nor a name that begins with a dot, nor a symbolic link is followed. A folder stands for the
 * index.html in it. Returns 0, SERVE_FOLDER_REDIRECT, -ENOENT or -ENOTDIR if there is no such file
 * that may be served, -EACCES, or another error, which says nothing about what is there.
 */
int serve_folder_open(int root, eddy_span path, struct serve_file *out_file);

/* Answers with the file: at once if small, else block by block; or its head alone. Suspends. */
int serve_folder_send(const struct serve_file *file, bool head_only, eddy_http_reply *reply);

/*
 * Counts the files to be served, in all folders below. Folders that may not be read are left out.
 * 0, or a negative errno.
 */
int serve_folder_count(int root, size_t *out_count);

#endif
