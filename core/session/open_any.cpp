#include "core/session/session.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace hopscope {

bool is_session_file(const std::string& path) {
    std::error_code ignored;
    // Nothing but files: reading the head of a pipe would take it from whoever reads it next.
    if (std::filesystem::is_directory(path, ignored))
        return false;
    if (path.ends_with(".hopscope"))
        return true;
    if (!std::filesystem::is_regular_file(path, ignored))
        return false;
    char head[16] = {};
    std::ifstream(path, std::ios::binary).read(head, sizeof head);
    return std::memcmp(head, "SQLite format 3", sizeof head) == 0;
}

Result<Dump> open_any(const std::vector<std::string>& paths, const OpenOptions& options, const Job& job) {
    const auto found = std::find_if(paths.begin(), paths.end(), is_session_file);
    if (found == paths.end())
        return open_dump(paths, options, job);
    if (paths.size() > 1)
        return make_error(Error::Kind::Usage,
            *found + " is a session, which holds its dumps: it is opened on its own, found "
                + std::to_string(paths.size()) + " paths");
    Result<std::unique_ptr<Session>> session = Session::open(*found, OpenMode::Read);
    if (!session.ok())
        return session.error();
    Result<Dump> dump = (*session)->load(job);
    if (dump.ok())
        dump->problems.insert(
            dump->problems.end(), (*session)->problems().begin(), (*session)->problems().end());
    return dump;
}

} // namespace hopscope
