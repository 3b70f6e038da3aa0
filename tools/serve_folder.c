/* SPDX-License-Identifier: MIT */
/*
 * serve_folder.c: the files of `eddy serve FOLDER`.
 *
 * A path is walked name by name; each name is opened below the folder before it, so no combined
 * path is ever interpreted again. The first block of a file is read on the loop's thread, because
 * it is mostly in memory. The blocks of a large file are read on another thread, so that a slow
 * disk does not block the other clients.
 *
 * Invariant:
 *   - The answer has the length that the file had when it was opened. If the file shrinks later,
 *     the answer is cut off, which the client can detect.
 *
 * Owns nothing. Called by serve.c.
 */
#include "serve_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <eddy/thread.h>

#include "serve_map.h"

enum { BLOCK_SIZE = 64 * 1024, PATH_SIZE_MAX = 4096, DEPTH_MAX = 64 };

/* --- What is behind a name -------------------------------------------------------------------- */

struct content_type {
    const char *ending, *type;
};

static const struct content_type content_types[] = {
    {".html", "text/html; charset=utf-8"},
    {".htm", "text/html; charset=utf-8"},
    {".json", "application/json"},
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/markdown; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".csv", "text/csv; charset=utf-8"},
    {".ndjson", "application/x-ndjson"},
    {".xml", "application/xml"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".pdf", "application/pdf"},
    {".gz", "application/gzip"},
    {".zip", "application/zip"},
};

static const char *type_of(const char *name)
{
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending != NULL && i < sizeof content_types / sizeof *content_types; i++)
        if (strcasecmp(ending, content_types[i].ending) == 0)
            return content_types[i].type;
    return "application/octet-stream";
}

/* Opens `name`, which contains no '/', below `folder`. Doesn't block on a FIFO or device. */
static int open_below(int folder, const char *name)
{
    if (name[0] == '.')
        return -ENOENT;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0)
        return fd;
    switch (errno) {
    case ELOOP:           // a symbolic link
    case ENXIO:           // a socket
    case ENAMETOOLONG:    // no file can have that name
        return -ENOENT;
    default: return -errno;
    }
}

static int duplicate(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? -errno : copy;
}

/* Opens `path` below `folder`, which it closes. Returns a descriptor; *out_name: the last name. */
static int walk(int folder, char *path, const char **out_name)
{
    *out_name = "index.html";
    while (*path != '\0' && folder >= 0) {
        char *end = path + strcspn(path, "/");
        bool is_last = *end == '\0';
        *end = '\0';
        int next = open_below(folder, path);
        close(folder);
        *out_name = path;
        path = is_last ? end : end + 1;
        folder = next;
    }
    return folder;
}

/* --- Opening ---------------------------------------------------------------------------------- */

/* Decodes the path without its first '/'; refuses empty names in it. */
static int decode_path(eddy_span path, char out[PATH_SIZE_MAX])
{
    if (path.size == 0 || path.data[0] != '/' || path.size > PATH_SIZE_MAX)
        return -ENOENT;
    long size = percent_decode(path.data + 1, path.size - 1, out);
    if (size < 0)
        return -ENOENT;
    out[size] = '\0';
    return out[0] == '/' || strstr(out, "//") != NULL ? -ENOENT : 0;
}

/* Opens the index of a folder, given its descriptor. */
static int open_index(int folder, struct stat *out_status)
{
    int fd = open_below(folder, "index.html");
    close(folder);
    if (fd >= 0 && fstat(fd, out_status) < 0) {
        int err = -errno;
        close(fd);
        return err;
    }
    return fd;
}

int serve_folder_open(int root, eddy_span path, struct serve_file *out_file)
{
    char decoded[PATH_SIZE_MAX];
    const char *name;
    struct stat status;
    int err = decode_path(path, decoded);
    if (err < 0)
        return err;
    bool names_folder = path.data[path.size - 1] == '/';
    int fd = walk(duplicate(root), decoded, &name);
    if (fd < 0)
        return fd;
    err = fstat(fd, &status) < 0 ? -errno : 0;
    if (err == 0 && S_ISDIR(status.st_mode) && !names_folder)
        err = SERVE_FOLDER_REDIRECT;
    if (err == 0 && S_ISDIR(status.st_mode)) {
        name = "index.html";
        fd = open_index(fd, &status);
        if (fd < 0)
            return fd;
    } else if (err == 0 && names_folder) {
        err = -ENOTDIR;
    }
    if (err == 0 && !S_ISREG(status.st_mode))
        err = -ENOENT;
    if (err != 0) {
        close(fd);
        return err;
    }
    *out_file = (struct serve_file){fd, (uint64_t)status.st_size, type_of(name)};
    return 0;
}

/* --- Sending ---------------------------------------------------------------------------------- */

/* A block of a file; it is dropped if it isn't taken. */
struct block {
    char *data;
    ssize_t size;    // 0: end of the file
};

static void drop_block(struct block *block)
{
    free(block->data);
}

static int read_block(struct block *block, int fd, uint64_t offset)
{
    *block = (struct block){.data = malloc(BLOCK_SIZE)};
    if (block->data == NULL)
        return -ENOMEM;
    do
        block->size = pread(fd, block->data, BLOCK_SIZE, (off_t)offset);
    while (block->size < 0 && errno == EINTR);
    if (block->size >= 0)
        return 0;
    int err = -errno;
    free(block->data);
    block->data = NULL;
    return err;
}

static void close_fd(int *fd)
{
    close(*fd);
}

/* Reads on a thread. The thread has its own descriptor: a cancelled request doesn't wait for it. */
EDDY_ASYNC_TO_OWNED(struct block, drop_block, read_on_thread, (int, fd, close_fd),
                    (uint64_t, offset))
{
    int rc = read_block(result, fd, offset);
    close(fd);
    return rc;
}

static int next_block(const struct serve_file *file, uint64_t offset, struct block *out_block)
{
    if (offset == 0)
        return read_block(out_block, file->fd, 0);
    int fd = duplicate(file->fd);
    if (fd < 0)
        return fd;
    return eddy_to_thread(eddy_coro(read_on_thread, fd, offset), out_block);
}

static int send_blocks(const struct serve_file *file, struct block *block, eddy_http_reply *reply)
{
    EDDY_TRY(eddy_http_reply_begin(reply, 200, file->content_type, file->size));
    uint64_t offset = 0;
    for (;;) {
        uint64_t left = file->size - offset;
        size_t size = (uint64_t)block->size < left ? (size_t)block->size : (size_t)left;
        if (size == 0)
            return -EIO;    // the file has shrunk
        EDDY_TRY(eddy_http_reply_write(reply, block->data, size));
        offset += size;
        if (offset == file->size)
            return eddy_http_reply_end(reply);
        free(block->data);
        block->data = NULL;
        EDDY_TRY(next_block(file, offset, block));
    }
}

/* Sends a large file. Reads the first block before the head, so that the status tells an error. */
static int send_large(const struct serve_file *file, eddy_http_reply *reply)
{
    struct block block = {0};
    EDDY_TRY(next_block(file, 0, &block));
    int rc = send_blocks(file, &block, reply);
    free(block.data);
    return rc;
}

int serve_folder_send(const struct serve_file *file, bool head_only, eddy_http_reply *reply)
{
    if (head_only) {
        EDDY_TRY(eddy_http_reply_begin(reply, 200, file->content_type, file->size));
        return eddy_http_reply_end(reply);
    }
    if (file->size > BLOCK_SIZE)
        return send_large(file, reply);
    struct block block;
    EDDY_TRY(read_block(&block, file->fd, 0));
    int rc = eddy_http_reply_send(reply, 200, file->content_type, block.data, (size_t)block.size);
    free(block.data);
    return rc;
}

/* --- Counting --------------------------------------------------------------------------------- */

static int count_below(int folder, int depth, size_t *count);

/* Counts `fd`, a file or a folder, which it closes. */
static int count_one(int fd, int depth, size_t *count)
{
    struct stat status;
    int err = fstat(fd, &status) < 0 ? -errno : 0;
    if (err == 0 && S_ISDIR(status.st_mode) && depth < DEPTH_MAX)
        return count_below(fd, depth + 1, count);
    *count += err == 0 && S_ISREG(status.st_mode);
    close(fd);
    return err;
}

static bool is_left_out(int err)
{
    return err == -ENOENT || err == -EACCES || err == -EPERM;
}

static int count_below(int folder, int depth, size_t *count)
{
    DIR *dir = fdopendir(folder);
    if (dir == NULL) {
        int err = -errno;
        close(folder);
        return err;
    }
    const struct dirent *entry;
    int err = 0;
    while (err == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
        int fd = open_below(dirfd(dir), entry->d_name);
        err = fd >= 0 ? count_one(fd, depth, count) : is_left_out(fd) ? 0 : fd;
    }
    if (err == 0)
        err = -errno;
    closedir(dir);
    return err;
}

int serve_folder_count(int root, size_t *out_count)
{
    *out_count = 0;
    int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 ? count_below(fd, 0, out_count) : -errno;
}
