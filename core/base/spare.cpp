#include "core/base/spare.h"

#include "core/base/printable.h"

#include <algorithm>
#include <filesystem>

namespace hopscope {

namespace fs = std::filesystem;

namespace {

// Both in their canonical form; an empty one is of what cannot be reached.
bool lies_in(const fs::path& file, const fs::path& folder) {
    return !file.empty() && !folder.empty()
        && std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first == folder.end();
}

} // namespace

Status spares(const std::vector<std::string>& inputs, const std::string& output) {
    std::error_code none;
    if (output.empty() || !fs::is_regular_file(output, none))
        return {};
    const fs::path there = fs::canonical(output, none);
    for (const std::string& input : inputs) {
        if (fs::is_regular_file(input, none) && fs::equivalent(input, output, none))
            return make_error(Error::Kind::Usage,
                "the output " + printable(output) + " is a file that is read; expected another one");
        if (!input.empty() && fs::is_directory(input, none) && lies_in(there, fs::canonical(input, none)))
            return make_error(Error::Kind::Usage,
                "the output " + printable(output) + " is there and lies in " + printable(input)
                    + ", which is read; expected a new name, or one elsewhere");
    }
    return {};
}

} // namespace hopscope
