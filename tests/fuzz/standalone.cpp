// Runs a fuzz target's entry point over files and folders, for builds without libFuzzer.
#include "core/read/file.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
    namespace fs = std::filesystem;
    std::vector<std::string> files;
    for (int i = 1; i < argc; ++i) {
        std::error_code error;
        if (!fs::is_directory(argv[i], error)) {
            files.emplace_back(argv[i]);
            continue;
        }
        for (const auto& entry : fs::recursive_directory_iterator(argv[i], error))
            if (entry.is_regular_file())
                files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    for (const std::string& path : files) {
        const auto file = hopscope::read::map_file(path);
        if (!file) {
            std::fprintf(stderr, "%s\n", file.error().text().c_str());
            return 1;
        }
        std::printf("%s, %zu bytes\n", path.c_str(), file->bytes.size());
        std::fflush(stdout);
        LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(file->bytes.data()), file->bytes.size());
    }
    return files.empty() ? 1 : 0;
}
