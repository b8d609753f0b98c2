#include "core/run/executor.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace hopscope::run {

Result<std::vector<std::string>> find_executors() {
    constexpr const char* kName = "hopscope-executor";
    std::vector<std::string> found;
    const auto usable = [](const std::string& path) {
        std::error_code error;
        return std::filesystem::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
    };
    if (const char* named = std::getenv("HOPSCOPE_EXECUTOR"); named && *named) {
        if (!usable(named))
            return make_error(Error::Kind::NotFound,
                std::string("HOPSCOPE_EXECUTOR names '") + named + "', which is no program that can be run");
        return std::vector<std::string>{named};
    }
    std::vector<std::string> places;
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) {
        places.push_back((self.parent_path() / kName).string());
        places.push_back((self.parent_path().parent_path() / "libexec/hopscope" / kName).string());
        places.push_back((self.parent_path().parent_path() / "bin" / kName).string()); // tests lie beside bin
    }
    const char* variable = std::getenv("PATH");
    const std::string_view path = variable ? variable : "";
    for (size_t at = 0; at < path.size();) {
        const size_t end = std::min(path.find(':', at), path.size());
        if (end > at)
            places.push_back(std::string(path.substr(at, end - at)) + '/' + kName);
        at = end + 1;
    }
    for (const std::string& place : places)
        if (usable(place) && std::find(found.begin(), found.end(), place) == found.end())
            found.push_back(place);
    if (!found.empty())
        return found;
    return make_error(Error::Kind::NotFound,
        "no hopscope-executor was found beside this program (" + (places.empty() ? "" : places.front())
            + ") or in PATH; build it (libtorch-dev) or name one with HOPSCOPE_EXECUTOR");
}

} // namespace hopscope::run
