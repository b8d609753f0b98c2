// A disk that fails on demand, put between SQLite and the real one through SQLite's own VFS interface.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hopscope::test {

enum class DiskFault : uint8_t {
    Full, // a write ends with SQLITE_FULL
    ReadOnly, // a write, and making a file, end with SQLITE_READONLY
    WriteError, // writing, cutting, syncing, making and removing a file end with their I/O error
    TornWrite, // half of what was to be written is on the disk, then an I/O error
    ReadError, // a read ends with SQLITE_IOERR_READ
};
const char* name(DiskFault fault);

// From its making to its end all of SQLite's files go through it. One at a time, in one thread.
class FailingDisk {
public:
    FailingDisk();
    ~FailingDisk();
    FailingDisk(const FailingDisk&) = delete;
    FailingDisk& operator=(const FailingDisk&) = delete;

    // The `nth` call (from 1) that `fault` concerns fails; where it is `lasting`, each one after it too.
    void arm(DiskFault fault, size_t nth, bool lasting);
    void disarm();
    size_t failed() const; // calls that were made to fail since arm()
};

} // namespace hopscope::test
