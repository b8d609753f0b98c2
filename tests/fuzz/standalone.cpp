// Runs a fuzz target's entry point over files and folders, for builds without libFuzzer, and over inputs that
// are made of them.
//
//     fuzz_X FILE…                       each of them
//     fuzz_X --rounds N FILE…            then N inputs made of them, always the same ones
//     fuzz_X --write ROUND OUT FILE…     writes one of those, and runs none
#include "core/read/file.h"
#include "tests/fuzz/mutate.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;

std::vector<std::string> files_of(char** first, char** last) {
    std::vector<std::string> files;
    for (; first != last; ++first) {
        std::error_code error;
        if (!fs::is_directory(*first, error)) {
            files.emplace_back(*first);
            continue;
        }
        for (const auto& entry : fs::recursive_directory_iterator(*first, error))
            if (entry.is_regular_file())
                files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
}

void run(std::string_view bytes) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

} // namespace

int main(int argc, char** argv) {
    long rounds = 0, wanted = 0;
    const char* out = nullptr;
    int first = 1;
    if (argc > 2 && std::strcmp(argv[1], "--rounds") == 0) {
        rounds = std::atol(argv[2]);
        first = 3;
    } else if (argc > 3 && std::strcmp(argv[1], "--write") == 0) {
        rounds = wanted = std::atol(argv[2]);
        out = argv[3];
        first = 4;
    }
    std::vector<std::string> seeds;
    for (const std::string& path : files_of(argv + first, argv + argc)) {
        const auto file = hopscope::read::map_file(path);
        if (!file) {
            std::fprintf(stderr, "%s\n", file.error().text().c_str());
            return 1;
        }
        seeds.emplace_back(file->bytes);
        if (out)
            continue;
        std::printf("%s, %zu bytes\n", path.c_str(), file->bytes.size());
        std::fflush(stdout);
        run(file->bytes);
    }
    if (seeds.empty())
        return 1;
    hopscope::fuzz::Mutator mutator(std::move(seeds), 1);
    for (long round = 1; round <= rounds; ++round) {
        const std::string input = mutator.next();
        if (out && round == wanted)
            return std::ofstream(out, std::ios::binary)
                       .write(input.data(), static_cast<std::streamsize>(input.size()))
                ? 0
                : 1;
        if (out)
            continue;
        std::printf("round %ld\n", round); // the last one printed is the one that crashed
        std::fflush(stdout);
        run(input);
    }
    return 0;
}
