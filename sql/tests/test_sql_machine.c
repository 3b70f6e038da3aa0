/* SPDX-License-Identifier: MIT */
/*
 * test_sql_machine.c: a machine whose calls fail by number: reads, writes, syncs, locks, SQLite's memory.
 *
 * SQLite's own interfaces for files and memory are wrapped. A scenario makes every kind of call; call
 * number n fails, alone, with some that follow, or with all, for each n. Afterwards, on a sound machine, what was told as
 * done must be there, and what failed for lack of memory must not.
 */
#include "sql_test.h"

#include <limits.h>
#include <sqlite3.h>

enum fault { FAULT_READ, FAULT_WRITE, FAULT_SYNC, FAULT_LOCK, FAULT_OPEN, FAULT_MEMORY };

static struct {
    unsigned kinds;                 // bits: the faults that are counted
    long count;                     // of calls of those kinds
    long failing;                   // the number of the call that fails; -1: none
    long length;                    // of the failure, in calls
    bool has_failed;
} machine;

/* The connection's thread is the only one that calls, while the test waits for it. */
static bool fails(enum fault fault)
{
    if (!(machine.kinds & 1u << fault))
        return false;
    long number = machine.count++;
    bool is_failing = machine.failing >= 0 && number >= machine.failing &&
                      number - machine.failing < machine.length;
    machine.has_failed = machine.has_failed || is_failing;
    return is_failing;
}

static void break_machine(unsigned kinds, long failing, long length)
{
    memset(&machine, 0, sizeof machine);
    machine.kinds = kinds;
    machine.failing = failing;
    machine.length = length;
}

static void mend_machine(void)
{
    machine.kinds = 0;
}

/* --- Files ------------------------------------------------------------------------------------- */

struct wrapped_file {
    sqlite3_file base;
    sqlite3_file *real;             // behind this struct
};

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct wrapped_file *)file)->real;
}

#define REAL(file, method, ...) real_of(file)->pMethods->method(real_of(file), ##__VA_ARGS__)

static int wrap_close(sqlite3_file *file)
{
    return REAL(file, xClose);
}

static int wrap_read(sqlite3_file *file, void *data, int size, sqlite3_int64 at)
{
    return fails(FAULT_READ) ? SQLITE_IOERR_READ : REAL(file, xRead, data, size, at);
}

static int wrap_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 at)
{
    return fails(FAULT_WRITE) ? SQLITE_IOERR_WRITE : REAL(file, xWrite, data, size, at);
}

static int wrap_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return fails(FAULT_WRITE) ? SQLITE_IOERR_TRUNCATE : REAL(file, xTruncate, size);
}

static int wrap_sync(sqlite3_file *file, int flags)
{
    (void)file, (void)flags;        // the machine has no power cuts, so it needs no syncs
    return fails(FAULT_SYNC) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int wrap_size(sqlite3_file *file, sqlite3_int64 *out_size)
{
    return fails(FAULT_READ) ? SQLITE_IOERR_FSTAT : REAL(file, xFileSize, out_size);
}

static int wrap_lock(sqlite3_file *file, int kind)
{
    return fails(FAULT_LOCK) ? SQLITE_IOERR_LOCK : REAL(file, xLock, kind);
}

static int wrap_unlock(sqlite3_file *file, int kind)
{
    return REAL(file, xUnlock, kind);
}

static int wrap_is_reserved(sqlite3_file *file, int *out_answer)
{
    return REAL(file, xCheckReservedLock, out_answer);
}

static int wrap_control(sqlite3_file *file, int operation, void *argument)
{
    return REAL(file, xFileControl, operation, argument);
}

static int wrap_sector_size(sqlite3_file *file)
{
    return REAL(file, xSectorSize);
}

static int wrap_characteristics(sqlite3_file *file)
{
    return REAL(file, xDeviceCharacteristics);
}

static int wrap_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out_memory)
{
    return fails(FAULT_LOCK) ? SQLITE_IOERR_SHMMAP
                             : REAL(file, xShmMap, page, size, extend, out_memory);
}

static int wrap_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    bool locks = (flags & SQLITE_SHM_LOCK) != 0;
    return locks && fails(FAULT_LOCK) ? SQLITE_IOERR_SHMLOCK
                                      : REAL(file, xShmLock, offset, n, flags);
}

static void wrap_shm_barrier(sqlite3_file *file)
{
    REAL(file, xShmBarrier);
}

static int wrap_shm_unmap(sqlite3_file *file, int deletes)
{
    return REAL(file, xShmUnmap, deletes);
}

static const sqlite3_io_methods wrapped_methods = {
    2, wrap_close, wrap_read, wrap_write, wrap_truncate, wrap_sync, wrap_size, wrap_lock,
    wrap_unlock, wrap_is_reserved, wrap_control, wrap_sector_size, wrap_characteristics,
    wrap_shm_map, wrap_shm_lock, wrap_shm_barrier, wrap_shm_unmap, NULL, NULL,
};

static sqlite3_vfs *real_vfs, wrapped_vfs;

static int wrap_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    (void)vfs;
    struct wrapped_file *wrapped = (struct wrapped_file *)file;
    wrapped->base.pMethods = NULL;
    wrapped->real = (sqlite3_file *)(wrapped + 1);
    if (fails(FAULT_OPEN))
        return SQLITE_CANTOPEN;
    int code = real_vfs->xOpen(real_vfs, name, wrapped->real, flags, out_flags);
    if (wrapped->real->pMethods != NULL)
        wrapped->base.pMethods = &wrapped_methods;
    return code;
}

static int wrap_delete(sqlite3_vfs *vfs, const char *name, int syncs)
{
    (void)vfs;
    return fails(FAULT_WRITE) ? SQLITE_IOERR_DELETE : real_vfs->xDelete(real_vfs, name, syncs);
}

/* --- Memory ------------------------------------------------------------------------------------ */

static sqlite3_mem_methods real_memory;

static void *wrap_malloc(int size)
{
    return fails(FAULT_MEMORY) ? NULL : real_memory.xMalloc(size);
}

static void *wrap_realloc(void *memory, int size)
{
    return fails(FAULT_MEMORY) ? NULL : real_memory.xRealloc(memory, size);
}

/* Before SQLite is used for the first time. */
__attribute__((constructor)) static void wrap_machine(void)
{
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory);
    sqlite3_mem_methods wrapped = real_memory;
    wrapped.xMalloc = wrap_malloc;
    wrapped.xRealloc = wrap_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &wrapped);
    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);      // so that all memory comes from there
    sqlite3_initialize();
    real_vfs = sqlite3_vfs_find(NULL);
    wrapped_vfs = *real_vfs;
    wrapped_vfs.zName = "machine";
    wrapped_vfs.szOsFile = (int)sizeof(struct wrapped_file) + real_vfs->szOsFile;
    wrapped_vfs.xOpen = wrap_open;
    wrapped_vfs.xDelete = wrap_delete;
    sqlite3_vfs_register(&wrapped_vfs, 1);
}

/* --- The scenario ------------------------------------------------------------------------------ */

enum { ID_MAX = 12 };

struct told {
    ssize_t of[ID_MAX];             // what was told about each row: 0 or more: it is there
    bool was_any_error;
    int closed;
};

static void note(struct told *told, int first_id, int last_id, ssize_t rc)
{
    for (int id = first_id; id <= last_id; id++)
        told->of[id] = rc;
    told->was_any_error = told->was_any_error || rc < 0;
}

static int insert(eddy_sql *db, int id, int64_t size)
{
    return (int)eddy_sql_run(db, "INSERT INTO t VALUES ($1, zeroblob($2))", eddy_sql_int(id),
                             eddy_sql_int(size));
}

static int insert_two(eddy_sql *db, int id)
{
    EDDY_TRY(insert(db, id, 10));
    return insert(db, id + 1, 10);
}

static int insert_in_loop(eddy_sql *db, int id)
{
    int rc;
    eddy_for (const eddy_sql_value *, row,
              eddy_sql_each(db, "INSERT INTO t VALUES ($1, '') RETURNING id", eddy_sql_int(id)), &rc)
        EXPECT_EQ(row[0].integer, id);
    return rc;
}

static int read_all(eddy_sql *db)
{
    int rc;
    eddy_for (const eddy_sql_value *, row, eddy_sql_each(db, "SELECT id, b FROM t ORDER BY b"), &rc)
        EXPECT(row[0].type == EDDY_SQL_INT);
    return rc;
}

static void undo_two(eddy_sql *db, struct told *told, int id)
{
    int rc = eddy_sql_begin(db);
    if (rc >= 0)
        rc = insert_two(db, id);
    note(told, 0, 0, rc);
    if (eddy_sql_in_transaction(db))
        note(told, 0, 0, eddy_sql_rollback(db));
    told->of[id] = told->of[id + 1] = EDDY_SQL_ABORTED;     // in every case
}

/* A batch that fails at its second row, inside a transaction that is committed all the same. */
static int insert_without_batch(eddy_sql *db, int id)
{
    eddy_sql_value many[] = {eddy_sql_int(id + 1), eddy_sql_int(id + 1)};
    EDDY_TRY(insert(db, id, 10));
    EXPECT(eddy_sql_execute_many(db, "INSERT INTO t VALUES ($1, '')", many, 1, 2) < 0);
    return 0;
}

static void run_scenario(const char *url, int64_t blob_size, struct told *told)
{
    eddy_sql *db = NULL;
    eddy_sql_options options = {.synchronous = "normal"};
    memset(told, 0, sizeof *told);
    int rc = eddy_sql_open(url, &options, &db);
    if (rc < 0) {
        note(told, 0, ID_MAX - 1, rc);
        return;
    }
    int64_t id = 0;
    eddy_sql_value many[] = {eddy_sql_int(5), eddy_sql_int(6)};
    note(told, 1, 1, insert(db, 1, blob_size));
    note(told, 2, 2, eddy_sql_fetch_int(db, "INSERT INTO t VALUES (2, '') RETURNING id", NONE, &id) - 1);
    note(told, 3, 4, eddy_sql_transaction(db, insert_two(db, 3)));
    note(told, 5, 6, eddy_sql_execute_many(db, "INSERT INTO t VALUES ($1, '')", many, 1, 2));
    undo_two(db, told, 7);
    note(told, 9, 9, insert_in_loop(db, 9));
    note(told, 0, 0, read_all(db));
    note(told, 10, 10, eddy_sql_transaction(db, insert_without_batch(db, 10)));
    told->of[11] = EDDY_SQL_CONSTRAINT;
    told->closed = eddy_sql_close(db);
    note(told, 0, 0, told->closed);
    eddy_sql_free(db);
}

/* On a sound machine; `is_exact`: an error means that the row is absent. */
static void check_rows(const char *url, const struct told *told, bool is_exact)
{
    EDDY_AUTO(eddy_sql) *db = NULL;
    bool is_there[ID_MAX] = {false};
    REQUIRE(eddy_sql_open(url, NULL, &db) == 0);
    int rc;
    eddy_for (const eddy_sql_value *, row, eddy_sql_each(db, "SELECT id FROM t"), &rc)
        is_there[row[0].integer] = true;
    EXPECT_EQ(rc, 0);
    for (int id = 1; id < ID_MAX; id++) {
        bool was_told = told->of[id] >= 0;
        harness_expect(is_there[id] == was_told || (!was_told && !is_exact), __FILE__, __LINE__,
                       "row %d to be as told (%zd); call %ld failed", id, told->of[id],
                       machine.failing);
    }
    EXPECT(!is_there[7] && !is_there[8] && !is_there[11]);
    EXPECT(eddy_sql_run(db, "DELETE FROM t") >= 0);
    EXPECT_EQ(eddy_sql_close(db), 0);
}

static void make_table(const char *url)
{
    EDDY_AUTO(eddy_sql) *db = NULL;
    REQUIRE(eddy_sql_open(url, NULL, &db) == 0);
    EXPECT_EQ(eddy_sql_run(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, b)"), 0);
    EXPECT_EQ(eddy_sql_close(db), 0);
}

static long try_one(const char *url, unsigned kinds, int64_t blob_size, long failing, long length)
{
    struct told told;
    break_machine(kinds, failing, length);
    run_scenario(url, blob_size, &told);
    bool has_failed = machine.has_failed;
    mend_machine();
    EXPECT(failing >= 0 || !told.was_any_error);
    if (kinds == 1u << FAULT_SYNC)
        EXPECT_EQ(told.was_any_error, has_failed);      // none is silent
    check_rows(url, &told, kinds == 1u << FAULT_MEMORY);
    return machine.count;
}

/* Fails each call of `kinds`, or each `step`th; returns how many there are. */
static long try_all(const char *url, unsigned kinds, int64_t blob_size, long step)
{
    static const long lengths[] = {1, 3, 8, LONG_MAX};
    long count = try_one(url, kinds, blob_size, -1, 0);
    for (long n = 0; n < count; n += step)
        for (int i = 0; i < 4; i++)
            try_one(url, kinds, blob_size, n, lengths[i]);
    return count;
}

/* Some of the calls; all of them with SQL_MACHINE_STEP=1 test_sql_machine. */
static long step(void)
{
    const char *text = getenv("SQL_MACHINE_STEP");
    return text != NULL ? strtol(text, NULL, 10) : is_watched() ? 11 : 3;
}

TEST(no_success_is_told_for_writes_that_failed)
{
    struct folder folder = make_folder();
    make_table(folder.url);
    unsigned all = 1u << FAULT_READ | 1u << FAULT_WRITE | 1u << FAULT_LOCK | 1u << FAULT_OPEN;
    EXPECT(try_all(folder.url, all, 5000, step()) > 50);
    remove_folder(&folder);
}

TEST(every_sync_that_fails_is_told)
{
    struct folder folder = make_folder();
    make_table(folder.url);
    EXPECT(try_all(folder.url, 1u << FAULT_SYNC, 5000, 1) >= 2);
    // So large that the log is checkpointed before the end.
    EXPECT(try_all(folder.url, 1u << FAULT_SYNC, 5000000, 1) >= 4);
    remove_folder(&folder);
}

TEST(what_fails_for_lack_of_memory_is_not_done)
{
    struct folder folder = make_folder();
    make_table(folder.url);
    EXPECT(try_all(folder.url, 1u << FAULT_MEMORY, 5000, step()) > 100);
    remove_folder(&folder);
}

RUN_TESTS(TEST_OF(no_success_is_told_for_writes_that_failed),
          TEST_OF(every_sync_that_fails_is_told), TEST_OF(what_fails_for_lack_of_memory_is_not_done))
