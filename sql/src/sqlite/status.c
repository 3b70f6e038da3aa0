/* SPDX-License-Identifier: MIT */
/*
 * status.c: maps SQLite's result codes to Eddy's, with a message.
 *
 * For an error of a file (locked, full, damaged) the message has the file's name and the system's
 * reason; for an error in a statement it is SQLite's own, which quotes the position.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"

int eddy__sqlite_say(struct command *command, int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command->message, sizeof command->message, format, arguments);
    va_end(arguments);
    return status;
}

/* SQLITE_ERROR has many causes; eddy__sqlite_status() finds out whether it is a syntax error. */
static int status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_NOMEM: return -ENOMEM;
    case SQLITE_CONSTRAINT: return EDDY_SQL_CONSTRAINT;
    case SQLITE_MISMATCH:
    case SQLITE_RANGE: return EDDY_SQL_MISMATCH;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return EDDY_SQL_BUSY;
    case SQLITE_READONLY: return EDDY_SQL_READONLY;
    case SQLITE_FULL: return EDDY_SQL_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return EDDY_SQL_CORRUPT;
    case SQLITE_CANTOPEN: return EDDY_SQL_CANTOPEN;
    case SQLITE_IOERR: return EDDY_SQL_IO;
    case SQLITE_AUTH:
    case SQLITE_PERM: return EDDY_SQL_DENIED;
    case SQLITE_TOOBIG: return EDDY_SQL_TOOBIG;
    case SQLITE_INTERRUPT: return EDDY_SQL_INTERRUPTED;
    case SQLITE_ABORT: return EDDY_SQL_ABORTED;
    default: return EDDY_SQL_ERROR;
    }
}

static bool is_about_the_file(int status)
{
    switch (status) {
    case EDDY_SQL_BUSY:
    case EDDY_SQL_READONLY:
    case EDDY_SQL_FULL:
    case EDDY_SQL_CORRUPT:
    case EDDY_SQL_CANTOPEN:
    case EDDY_SQL_IO: return true;
    default: return false;
    }
}

static bool is_disk_full(int system_error)
{
    return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
}

/*
 * If SQLite can't create a file, it tries to open it read-only, and reports why that failed:
 * ENOENT. The user needs the first reason, for example a read-only file system, so this finds it.
 */
static int reason_of(const struct engine *engine, int status, int system_error)
{
    bool may_create = !engine->options->must_exist && !engine->options->read_only;
    char folder[4096];
    if (status != EDDY_SQL_CANTOPEN || system_error != ENOENT || !may_create)
        return system_error;
    const char *slash = strrchr(engine->path, '/');
    size_t length = slash == NULL ? 0 : slash == engine->path ? 1 : (size_t)(slash - engine->path);
    if (length >= sizeof folder)
        return system_error;
    memcpy(folder, engine->path, length);
    folder[length] = '\0';
    return access(length > 0 ? folder : ".", W_OK | X_OK) < 0 ? errno : system_error;
}

int eddy__sqlite_status(struct engine *engine, int code)
{
    int status = status_of(code);
    const char *text = engine->db != NULL ? sqlite3_errmsg(engine->db) : sqlite3_errstr(code);
    int system_error = engine->db != NULL ? sqlite3_system_errno(engine->db) : 0;
    if ((code & 0xff) == SQLITE_ERROR && engine->db != NULL &&
        sqlite3_error_offset(engine->db) >= 0)
        status = EDDY_SQL_SYNTAX;
    // SQLite sometimes reports a full disk as a failed write, as for the log's shared memory.
    if (status == EDDY_SQL_IO && is_disk_full(system_error))
        status = EDDY_SQL_FULL;
    if (!is_about_the_file(status))
        return eddy__sqlite_say(engine->command, status, "%s", text);
    bool has_reason = system_error != 0 && (status == EDDY_SQL_CANTOPEN || status == EDDY_SQL_IO ||
                                            status == EDDY_SQL_FULL);
    char reason[128] = "";
    if (has_reason)
        snprintf(reason, sizeof reason, " (%s)", eddy_strerror(-reason_of(engine, status, system_error)));
    return eddy__sqlite_say(engine->command, status, "%s: %s%s", engine->path, text, reason);
}
