#include "core/worker/worker.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace hopscope::worker {

Result<std::vector<std::string>> find_executors() {
    constexpr const char* kName = "hopscope-executor";
    std::vector<std::string> found;
    const auto usable = [](const std::string& path) {
        std::error_code error;
        return std::filesystem::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
    };
    const auto split = [](const char* variable) {
        std::vector<std::string> parts;
        const std::string_view text = variable ? variable : "";
        for (size_t at = 0; at < text.size();) {
            const size_t end = std::min(text.find(':', at), text.size());
            if (end > at)
                parts.emplace_back(text.substr(at, end - at));
            at = end + 1;
        }
        return parts;
    };
    for (const std::string& named : split(std::getenv("HOPSCOPE_EXECUTOR"))) {
        if (!usable(named))
            return make_error(Error::Kind::NotFound,
                "HOPSCOPE_EXECUTOR names '" + named + "', which is no program that can be run");
        // A path, never a name that PATH is searched for.
        found.push_back(named.find('/') == std::string::npos ? "./" + named : named);
    }
    if (!found.empty())
        return found;
    std::vector<std::string> places;
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) {
        places.push_back((self.parent_path() / kName).string());
        places.push_back((self.parent_path().parent_path() / "libexec/hopscope" / kName).string());
        places.push_back((self.parent_path().parent_path() / "bin" / kName).string()); // tests lie beside bin
        // Built against pip's torch by packaging/executor-pip.sh.
        places.push_back((self.parent_path().parent_path() / "pip/bin" / kName).string());
        places.push_back((self.parent_path().parent_path() / "libexec/hopscope/pip" / kName).string());
    }
    for (const std::string& folder : split(std::getenv("PATH")))
        places.push_back(folder + '/' + kName);
    for (const std::string& place : places)
        if (usable(place) && std::find(found.begin(), found.end(), place) == found.end())
            found.push_back(place);
    if (!found.empty())
        return found;
    return make_error(Error::Kind::NotFound,
        "no hopscope-executor was found beside this program (" + (places.empty() ? "" : places.front())
            + ") or in PATH; build it (libtorch-dev, or packaging/executor-pip.sh) or name one with "
              "HOPSCOPE_EXECUTOR");
}

} // namespace hopscope::worker
