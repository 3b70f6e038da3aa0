/* SPDX-License-Identifier: MIT */
/*
 * guard.c: makes memory below a stack fault when touched, and makes it usable again.
 *
 * There are two ways. mprotect(2) splits the mapping, so that each stack takes two entries of
 * vm.max_map_count (65,530 by default): 32,000 stacks are the limit. MADV_GUARD_INSTALL, since
 * Linux 6.13, marks page-table entries and splits nothing: a million stacks are fine.
 *
 *   - A kernel that doesn't know the advice returns EINVAL, but qemu-user returns 0 and does
 *     nothing. So one guard is installed and its page written into a pipe: it is a guard only if
 *     the kernel can't read it (EFAULT). A handler for SIGSEGV could test it too, but the signal
 *     isn't ours.
 *   - One process_madvise(2) for a whole mapping costs half of one madvise(2) for each stack. On
 *     our own process it takes PIDFD_SELF since Linux 6.14. Before that it takes a pidfd, made for
 *     each batch and closed, since one that is kept would name the parent after a fork. Where it is
 *     refused (containers may), each stack gets its own call.
 *   - The same call commits the tops of some stacks at once, in two thirds of the time of as many
 *     page faults. (Linux 6.13 and later too; earlier kernels accept only a few advices.)
 *   - Locked memory (mlockall) accepts no such guards; it gets those of mprotect.
 *
 * Depends on libc. Called by stack.c.
 */
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    ADVICE_GUARD_INSTALL = 102,    // MADV_GUARD_INSTALL; Linux 6.13, not in our libc's headers
    ADVICE_POPULATE_WRITE = 23,    // MADV_POPULATE_WRITE; Linux 5.14
    FD_SELF = -10000,              // PIDFD_SELF_THREAD; Linux 6.14
    BATCH_MAX = 64,                // guards a call
};

/* Whether the kernel can't read `page` either. */
static bool is_unreadable(const char *page)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return false;
    ssize_t n = write(ends[1], page, 1);
    bool is_fault = n < 0 && errno == EFAULT;
    close(ends[0]);
    close(ends[1]);
    return is_fault;
}

static enum guard_kind try_one(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    char *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return GUARD_MPROTECT;
    bool works = madvise(page, size, ADVICE_GUARD_INSTALL) == 0 && is_unreadable(page);
    munmap(page, size);
    return works ? GUARD_MADVISE : GUARD_MPROTECT;
}

enum guard_kind eddy__guard_probe(void)
{
    // A fact about the machine, so the process may share it; racing threads find the same.
    static _Atomic int known = GUARD_UNKNOWN;

    int kind = atomic_load_explicit(&known, memory_order_relaxed);
    if (kind == GUARD_UNKNOWN) {
        kind = (int)try_one();
        atomic_store_explicit(&known, kind, memory_order_relaxed);
    }
    return (enum guard_kind)kind;
}

/* Returns how many bytes were advised, or a negative errno. */
static ssize_t advise_all(int pidfd, const struct iovec *vec, size_t count, int advice)
{
    long n = syscall(SYS_process_madvise, pidfd, vec, count, advice, 0);
    return n < 0 ? -errno : n;
}

/*
 * Gives the same advice on the first `size` bytes of up to BATCH_MAX slots with one call, where
 * possible. Returns how many slots were advised.
 */
static size_t advise_batch(char *base, size_t count, size_t stride, size_t size, int advice)
{
    struct iovec vec[BATCH_MAX];
    for (size_t i = 0; i < count; i++)
        vec[i] = (struct iovec){base + i * stride, size};
    ssize_t n = advise_all(FD_SELF, vec, count, advice);
    if (n == -EBADF) {
        int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
        if (pidfd < 0)
            return 0;
        n = advise_all(pidfd, vec, count, advice);
        close(pidfd);
    }
    return n < 0 ? 0 : (size_t)n / size;
}

/* Returns 0, or a negative errno when one could not be installed. */
static int install_by_madvise(char *base, size_t count, size_t stride, size_t guard_size)
{
    // Valgrind doesn't know the call and would warn each time.
    bool can_batch = count > 1 && !eddy__fiber_is_watched();
    while (count > 0) {
        size_t batch = count < BATCH_MAX ? count : BATCH_MAX;
        size_t done = 0;
        if (can_batch)
            done = advise_batch(base, batch, stride, guard_size, ADVICE_GUARD_INSTALL);
        for (; done < batch; done++)
            if (madvise(base + done * stride, guard_size, ADVICE_GUARD_INSTALL) < 0)
                return -errno;
        base += batch * stride;
        count -= batch;
    }
    return 0;
}

static int install_by_mprotect(char *base, size_t count, size_t stride, size_t guard_size)
{
    for (size_t i = 0; i < count; i++)
        if (mprotect(base + i * stride, guard_size, PROT_NONE) < 0)
            return -errno;
    return 0;
}

int eddy__guard_install(enum guard_kind kind, char *base, size_t count, size_t stride,
                        size_t guard_size)
{
    if (kind == GUARD_MADVISE && install_by_madvise(base, count, stride, guard_size) == 0)
        return 0;
    return install_by_mprotect(base, count, stride, guard_size);
}

bool eddy__pages_commit(char *base, size_t count, size_t stride, size_t size)
{
    return !eddy__fiber_is_watched() && count <= BATCH_MAX &&
           advise_batch(base, count, stride, size, ADVICE_POPULATE_WRITE) == count;
}
