/* SPDX-License-Identifier: MIT */
/*
 * fault_shim.c: makes the n-th call of a function of libc fail, or wait; loaded with LD_PRELOAD.
 *
 *     FAULT_CALL=mmap FAULT_AT=3 FAULT_ERRNO=12 LD_PRELOAD=fault_shim.so eddy fetch ...
 *
 *     FAULT_CALL    a name of the table below; "malloc" stands for all functions that allocate
 *     FAULT_AT      which call, from 1; calls of all threads are counted together
 *     FAULT_LAST    up to which call it goes on failing; FAULT_AT unless given, 0 for ever
 *     FAULT_ERRNO   the error
 *     FAULT_PATH    only calls about a path that begins with this, or about a descriptor that was
 *                   opened with one, are counted
 *     FAULT_MARK    a file that is created when the call is reached, so that a test knows it was
 *     FAULT_PAUSE   a FIFO: instead of failing, the call first opens it for writing and then for
 *                   reading, so it waits until a test has opened both ends; then it goes on
 *     FAULT_CALL=any, with FAULT_PATH and FAULT_PAUSE: whichever call is about the path
 *
 * The shim allocates nothing and calls the kernel through syscall(2) for its own needs.
 */
// Both names of each function are wanted: open and open64.
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = 1024 };

static struct {
    const char *call, *path, *mark, *pause;
    long at, last;
    int error;
    bool is_ready;
} plan;

static atomic_long count;
static atomic_bool is_about_path[DESCRIPTORS_MAX];    // by descriptor

static long number_of(const char *name, long otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtol(text, NULL, 10) : otherwise;
}

__attribute__((constructor)) static void read_plan(void)
{
    plan.call = getenv("FAULT_CALL");
    plan.path = getenv("FAULT_PATH");
    plan.mark = getenv("FAULT_MARK");
    plan.pause = getenv("FAULT_PAUSE");
    plan.at = number_of("FAULT_AT", 0);
    plan.last = number_of("FAULT_LAST", plan.at);
    plan.error = (int)number_of("FAULT_ERRNO", EIO);
    plan.is_ready = plan.call != NULL && plan.at > 0;
}

/* The real function, looked up once. */
#define REAL(name)                                        \
    static __typeof__(name) *real;                        \
    if (real == NULL)                                     \
        *(void **)&real = dlsym(RTLD_NEXT, #name)

static void make_mark(void)
{
    if (plan.mark == NULL)
        return;
    long fd = syscall(SYS_openat, AT_FDCWD, plan.mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        syscall(SYS_close, (int)fd);
}

static void wait_for_test(void)
{
    const int ends[] = {O_WRONLY, O_RDONLY};
    for (int i = 0; i < 2; i++) {
        long fd;
        do
            fd = syscall(SYS_openat, AT_FDCWD, plan.pause, ends[i] | O_CLOEXEC, 0);
        while (fd < 0 && errno == EINTR);
        if (fd >= 0)
            syscall(SYS_close, (int)fd);
    }
}

/* Counts a call. Whether it is to fail, with errno set. */
static bool is_hit(const char *call, bool matches_path)
{
    if (!plan.is_ready || (plan.path != NULL && !matches_path) ||
        (strcmp(plan.call, call) != 0 && strcmp(plan.call, "any") != 0))
        return false;
    long number = atomic_fetch_add(&count, 1) + 1;
    if (number < plan.at || (plan.last != 0 && number > plan.last))
        return false;
    int before = errno;
    if (number == plan.at)
        make_mark();
    if (plan.pause != NULL && number == plan.at)
        wait_for_test();
    errno = plan.pause != NULL ? before : plan.error;
    return plan.pause == NULL;
}

static bool names_path(const char *path)
{
    return plan.path != NULL && path != NULL && strncmp(path, plan.path, strlen(plan.path)) == 0;
}

static bool has_path(int fd)
{
    return fd >= 0 && fd < DESCRIPTORS_MAX && is_about_path[fd];
}

static int note(int fd, const char *path)
{
    if (fd >= 0 && fd < DESCRIPTORS_MAX)
        is_about_path[fd] = names_path(path);
    return fd;
}

/* --- Memory ----------------------------------------------------------------------------------- */

extern void *__libc_malloc(size_t size), *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    return is_hit("malloc", false) ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
    return is_hit("malloc", false) ? NULL : __libc_calloc(number, size);
}

void *realloc(void *block, size_t size)
{
    return is_hit("malloc", false) ? NULL : __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return is_hit("malloc", false) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    if (is_hit("malloc", false))
        return ENOMEM;
    *out = __libc_memalign(alignment, size);
    return *out != NULL ? 0 : ENOMEM;
}

/* --- Calls that a macro can describe ---------------------------------------------------------- */

#define SHIM(type, failure, name, parameters, arguments, matches)  \
    type name parameters                                           \
    {                                                              \
        REAL(name);                                                \
        return is_hit(#name, (matches)) ? (failure) : real arguments; \
    }
#define SHIM64(type, failure, name, call, parameters, arguments, matches) \
    type name parameters                                                  \
    {                                                                     \
        REAL(name);                                                       \
        return is_hit(call, (matches)) ? (failure) : real arguments;      \
    }

SHIM(void *, MAP_FAILED, mmap,
     (void *address, size_t size, int protection, int flags, int fd, off_t offset),
     (address, size, protection, flags, fd, offset), has_path(fd))
SHIM64(void *, MAP_FAILED, mmap64, "mmap",
       (void *address, size_t size, int protection, int flags, int fd, off64_t offset),
       (address, size, protection, flags, fd, offset), has_path(fd))
SHIM(int, -1, mprotect, (void *address, size_t size, int protection), (address, size, protection),
     false)
SHIM(ssize_t, -1, read, (int fd, void *data, size_t size), (fd, data, size), has_path(fd))
SHIM(ssize_t, -1, pread, (int fd, void *data, size_t size, off_t at), (fd, data, size, at),
     has_path(fd))
SHIM64(ssize_t, -1, pread64, "pread", (int fd, void *data, size_t size, off64_t at),
       (fd, data, size, at), has_path(fd))
SHIM(ssize_t, -1, write, (int fd, const void *data, size_t size), (fd, data, size), has_path(fd))
SHIM(ssize_t, -1, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at),
     has_path(fd))
SHIM64(ssize_t, -1, pwrite64, "pwrite", (int fd, const void *data, size_t size, off64_t at),
       (fd, data, size, at), has_path(fd))
SHIM(ssize_t, -1, writev, (int fd, const struct iovec *parts, int number), (fd, parts, number),
     has_path(fd))
SHIM(int, -1, fsync, (int fd), (fd), has_path(fd))
SHIM(int, -1, fdatasync, (int fd), (fd), has_path(fd))
SHIM(int, -1, ftruncate, (int fd, off_t size), (fd, size), has_path(fd))
SHIM64(int, -1, ftruncate64, "ftruncate", (int fd, off64_t size), (fd, size), has_path(fd))
SHIM(int, -1, fstat, (int fd, struct stat *out), (fd, out), has_path(fd))
SHIM64(int, -1, fstat64, "fstat", (int fd, struct stat64 *out), (fd, out), has_path(fd))
SHIM(int, -1, stat, (const char *path, struct stat *out), (path, out), names_path(path))
SHIM64(int, -1, stat64, "stat", (const char *path, struct stat64 *out), (path, out),
       names_path(path))
SHIM(int, -1, lstat, (const char *path, struct stat *out), (path, out), names_path(path))
SHIM64(int, -1, lstat64, "lstat", (const char *path, struct stat64 *out), (path, out),
       names_path(path))
SHIM(int, -1, access, (const char *path, int mode), (path, mode), names_path(path))
SHIM(int, -1, unlink, (const char *path), (path), names_path(path))
SHIM(int, -1, rename, (const char *from, const char *to), (from, to), names_path(to))
SHIM(ssize_t, -1, readlink, (const char *path, char *out, size_t size), (path, out, size),
     names_path(path))
SHIM(int, -1, fchmod, (int fd, mode_t mode), (fd, mode), has_path(fd))
SHIM(int, -1, socket, (int domain, int type, int protocol), (domain, type, protocol), false)
SHIM(int, -1, bind, (int fd, const struct sockaddr *address, socklen_t size), (fd, address, size),
     false)
SHIM(int, -1, listen, (int fd, int backlog), (fd, backlog), false)
SHIM(int, -1, accept4, (int fd, struct sockaddr *address, socklen_t *size, int flags),
     (fd, address, size, flags), false)
SHIM(int, -1, connect, (int fd, const struct sockaddr *address, socklen_t size),
     (fd, address, size), false)
SHIM(int, -1, getsockname, (int fd, struct sockaddr *address, socklen_t *size),
     (fd, address, size), false)
SHIM(int, -1, setsockopt, (int fd, int level, int name, const void *value, socklen_t size),
     (fd, level, name, value, size), false)
SHIM(int, -1, getsockopt, (int fd, int level, int name, void *value, socklen_t *size),
     (fd, level, name, value, size), false)
SHIM(ssize_t, -1, send, (int fd, const void *data, size_t size, int flags),
     (fd, data, size, flags), false)
SHIM(ssize_t, -1, sendmsg, (int fd, const struct msghdr *message, int flags),
     (fd, message, flags), false)
SHIM(ssize_t, -1, recv, (int fd, void *data, size_t size, int flags), (fd, data, size, flags),
     false)
SHIM(ssize_t, -1, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags),
     false)
SHIM(int, -1, epoll_create1, (int flags), (flags), false)
SHIM(int, -1, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event),
     (epoll, operation, fd, event), false)
SHIM(int, -1, epoll_wait, (int epoll, struct epoll_event *events, int number, int timeout),
     (epoll, events, number, timeout), false)
SHIM64(int, -1, epoll_pwait2, "epoll_wait",
       (int epoll, struct epoll_event *events, int number, const struct timespec *timeout,
        const sigset_t *mask),
       (epoll, events, number, timeout, mask), false)
SHIM64(int, -1, epoll_pwait, "epoll_wait",
       (int epoll, struct epoll_event *events, int number, int timeout, const sigset_t *mask),
       (epoll, events, number, timeout, mask), false)
SHIM(int, -1, eventfd, (unsigned start, int flags), (start, flags), false)
SHIM(int, -1, pipe2, (int ends[2], int flags), (ends, flags), false)
SHIM(int, -1, sigaction, (int number, const struct sigaction *action, struct sigaction *before),
     (number, action, before), false)

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument)
{
    REAL(pthread_create);
    return is_hit("pthread_create", false) ? plan.error : real(thread, attributes, run, argument);
}

/* --- Calls with more arguments at times ------------------------------------------------------- */

static mode_t mode_of(int flags, va_list arguments)
{
    bool has_mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
    return has_mode ? va_arg(arguments, mode_t) : 0;
}

#define SHIM_OPEN(name)                                                             \
    int name(const char *path, int flags, ...)                                      \
    {                                                                               \
        REAL(name);                                                                 \
        va_list arguments;                                                          \
        va_start(arguments, flags);                                                 \
        mode_t mode = mode_of(flags, arguments);                                    \
        va_end(arguments);                                                          \
        if (is_hit("open", names_path(path)))                                       \
            return -1;                                                              \
        return note(real(path, flags, mode), path);                                 \
    }
SHIM_OPEN(open)
SHIM_OPEN(open64)

#define SHIM_OPENAT(name)                                                           \
    int name(int folder, const char *path, int flags, ...)                          \
    {                                                                               \
        REAL(name);                                                                 \
        va_list arguments;                                                          \
        va_start(arguments, flags);                                                 \
        mode_t mode = mode_of(flags, arguments);                                    \
        va_end(arguments);                                                          \
        if (is_hit("openat", names_path(path)))                                     \
            return -1;                                                              \
        return note(real(folder, path, flags, mode), path);                         \
    }
SHIM_OPENAT(openat)
SHIM_OPENAT(openat64)

#define SHIM_FCNTL(name)                                                            \
    int name(int fd, int command, ...)                                              \
    {                                                                               \
        REAL(name);                                                                 \
        va_list arguments;                                                          \
        va_start(arguments, command);                                               \
        void *argument = va_arg(arguments, void *);                                 \
        va_end(arguments);                                                          \
        return is_hit("fcntl", has_path(fd)) ? -1 : real(fd, command, argument);    \
    }
SHIM_FCNTL(fcntl)
SHIM_FCNTL(fcntl64)
