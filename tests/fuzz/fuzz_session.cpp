// Fuzzes session files: whatever the bytes are, opening, loading, searching and checking end with an answer.
#include "core/session/session.h"
#include "tests/fuzz/use.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace hopscope;
    fuzz::MemoryFile file("session");
    file.set({reinterpret_cast<const char*>(data), size});
    const auto session = Session::open(file.path(), OpenMode::Read);
    if (!session)
        return 0;
    if (const auto dump = (*session)->load())
        fuzz::use(*dump);
    (void)(*session)->notes();
    (void)(*session)->bookmarks();
    (void)(*session)->search("aten mm");
    (void)(*session)->check();
    if (const auto runs = (*session)->runs())
        for (const StoredRun& run : *runs)
            (void)(*session)->run_values(run.id);
    return 0;
}
