// Inputs made of others, the same ones on every machine: what a build without libFuzzer tries.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope::fuzz {

class Mutator {
public:
    // `seeds` is not empty. Long ones are cut: what is learned from a megabyte is learned from its beginning.
    Mutator(std::vector<std::string> seeds, uint32_t seed);

    // One of the seeds with one to eight changes: bytes, numbers, whole lines, pieces of other seeds.
    std::string next();

private:
    size_t below(size_t n) { return n == 0 ? 0 : static_cast<size_t>(random_() % n); }
    // From, to of a line of the text, or of some bytes where it has none.
    std::pair<size_t, size_t> piece_of(std::string_view text);
    void change(std::string& text);

    std::vector<std::string> seeds_;
    std::mt19937 random_; // the same numbers everywhere; distributions are not
};

} // namespace hopscope::fuzz
