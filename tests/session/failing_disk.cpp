#include "tests/session/failing_disk.h"

#include <sqlite3.h>

#include <cstring>
#include <new>
#include <optional>

namespace hopscope::test {
namespace {

struct Plan {
    std::optional<DiskFault> fault;
    size_t nth = 0;
    bool lasting = false;
    size_t seen = 0;
    size_t failed = 0;
};
Plan g_plan;
sqlite3_vfs* g_real = nullptr;

bool fails_now() {
    ++g_plan.seen;
    if (g_plan.seen < g_plan.nth || (g_plan.seen > g_plan.nth && !g_plan.lasting))
        return false;
    ++g_plan.failed;
    return true;
}

// What a call that changes the disk answers; `io_error` is the extended code of its own.
int change(int io_error, bool is_write) {
    if (!g_plan.fault)
        return SQLITE_OK;
    switch (*g_plan.fault) {
    case DiskFault::Full:
        return is_write && fails_now() ? SQLITE_FULL : SQLITE_OK;
    case DiskFault::ReadOnly:
        return is_write && fails_now() ? SQLITE_READONLY : SQLITE_OK;
    case DiskFault::WriteError:
        return fails_now() ? io_error : SQLITE_OK;
    case DiskFault::TornWrite:
        return is_write && fails_now() ? io_error : SQLITE_OK;
    case DiskFault::ReadError:
        return SQLITE_OK;
    }
    return SQLITE_OK;
}

// SQLite gives room for this and, behind it, the real file.
struct File {
    sqlite3_file base;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
sqlite3_file* real(sqlite3_file* file) {
    return reinterpret_cast<File*>(file)->real();
}

int close_file(sqlite3_file* f) {
    return real(f)->pMethods ? real(f)->pMethods->xClose(real(f)) : SQLITE_OK;
}
int read_file(sqlite3_file* f, void* to, int bytes, sqlite3_int64 at) {
    if (g_plan.fault == DiskFault::ReadError && fails_now())
        return SQLITE_IOERR_READ;
    return real(f)->pMethods->xRead(real(f), to, bytes, at);
}
int write_file(sqlite3_file* f, const void* from, int bytes, sqlite3_int64 at) {
    if (const int code = change(SQLITE_IOERR_WRITE, true); code != SQLITE_OK) {
        if (g_plan.fault == DiskFault::TornWrite)
            real(f)->pMethods->xWrite(real(f), from, bytes / 2, at);
        return code;
    }
    return real(f)->pMethods->xWrite(real(f), from, bytes, at);
}
int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
    if (const int code = change(SQLITE_IOERR_TRUNCATE, false); code != SQLITE_OK)
        return code;
    return real(f)->pMethods->xTruncate(real(f), size);
}
int sync_file(sqlite3_file* f, int flags) {
    if (const int code = change(SQLITE_IOERR_FSYNC, false); code != SQLITE_OK)
        return code;
    // Nobody pulls the plug here, and waiting for a real disk would take most of the test's time.
    (void)f;
    (void)flags;
    return SQLITE_OK;
}
int file_size(sqlite3_file* f, sqlite3_int64* size) {
    return real(f)->pMethods->xFileSize(real(f), size);
}
int lock(sqlite3_file* f, int level) {
    return real(f)->pMethods->xLock(real(f), level);
}
int unlock(sqlite3_file* f, int level) {
    return real(f)->pMethods->xUnlock(real(f), level);
}
int check_lock(sqlite3_file* f, int* held) {
    return real(f)->pMethods->xCheckReservedLock(real(f), held);
}
int control(sqlite3_file* f, int verb, void* argument) {
    return real(f)->pMethods->xFileControl(real(f), verb, argument);
}
int sector(sqlite3_file* f) {
    return real(f)->pMethods->xSectorSize(real(f));
}
int traits(sqlite3_file* f) {
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}
int map_shared(sqlite3_file* f, int region, int size, int extend, void volatile** memory) {
    return real(f)->pMethods->xShmMap(real(f), region, size, extend, memory);
}
int lock_shared(sqlite3_file* f, int offset, int n, int flags) {
    return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}
void barrier(sqlite3_file* f) {
    real(f)->pMethods->xShmBarrier(real(f));
}
int unmap_shared(sqlite3_file* f, int remove) {
    return real(f)->pMethods->xShmUnmap(real(f), remove);
}

const sqlite3_io_methods kMethods = {
    .iVersion = 2, // no memory mapping: every byte passes here
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = check_lock,
    .xFileControl = control,
    .xSectorSize = sector,
    .xDeviceCharacteristics = traits,
    .xShmMap = map_shared,
    .xShmLock = lock_shared,
    .xShmBarrier = barrier,
    .xShmUnmap = unmap_shared,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open_file(sqlite3_vfs*, const char* path, sqlite3_file* f, int flags, int* got) {
    f->pMethods = nullptr;
    // A journal or WAL that has to be made: there the disk can refuse at once.
    const bool makes = (flags & SQLITE_OPEN_CREATE) && !(flags & SQLITE_OPEN_MAIN_DB);
    if (makes)
        if (const int code = change(SQLITE_CANTOPEN, g_plan.fault == DiskFault::ReadOnly); code != SQLITE_OK)
            return code;
    const int code = g_real->xOpen(g_real, path, real(f), flags, got);
    if (code == SQLITE_OK)
        f->pMethods = &kMethods;
    return code;
}
int remove_file(sqlite3_vfs*, const char* path, int sync) {
    if (const int code = change(SQLITE_IOERR_DELETE, false); code != SQLITE_OK)
        return code;
    return g_real->xDelete(g_real, path, sync);
}

sqlite3_vfs g_vfs;

} // namespace

const char* name(DiskFault fault) {
    switch (fault) {
    case DiskFault::Full:
        return "full";
    case DiskFault::ReadOnly:
        return "read-only";
    case DiskFault::WriteError:
        return "write error";
    case DiskFault::TornWrite:
        return "torn write";
    case DiskFault::ReadError:
        return "read error";
    }
    return "";
}

FailingDisk::FailingDisk() {
    g_real = sqlite3_vfs_find(nullptr);
    g_plan = {};
    g_vfs = *g_real; // what is not replaced takes the real one's functions, which look at its data only
    g_vfs.zName = "failing disk";
    g_vfs.szOsFile = static_cast<int>(sizeof(File)) + g_real->szOsFile;
    g_vfs.pNext = nullptr;
    g_vfs.xOpen = open_file;
    g_vfs.xDelete = remove_file;
    sqlite3_vfs_register(&g_vfs, 1);
}

FailingDisk::~FailingDisk() {
    sqlite3_vfs_unregister(&g_vfs);
    sqlite3_vfs_register(g_real, 1);
}

void FailingDisk::arm(DiskFault fault, size_t nth, bool lasting) {
    g_plan = {.fault = fault, .nth = nth, .lasting = lasting, .seen = 0, .failed = 0};
}

void FailingDisk::disarm() {
    g_plan.fault.reset();
}

size_t FailingDisk::failed() const {
    return g_plan.failed;
}

} // namespace hopscope::test
