// hopscope diff -o: the comparison of two bodies as a picture.
#pragma once

#include "core/export/united_picture.h"

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <vector>

namespace hopscope::cli {

struct DiffPicture {
    std::string output; // empty: none is asked for
    std::string theme = "light", direction = "down";
    std::optional<int> around;
    bool no_legend = false;

    UnitedChoice choice() const { return {around, direction == "right", !no_legend}; }
};

void add_diff_picture(CLI::App& command, DiffPicture& picture);
// What is wrong with the options by themselves and with what is read. Error: Usage.
Status check_diff_picture(const DiffPicture& picture, const std::vector<std::string>& inputs);
// Writes it. `words`: what the window's program, which paints PNG and PDF, needs to find the two bodies.
Status write_diff_picture(const DiffPicture& picture, const ComparedBody& a, const ComparedBody& b,
    const BodyDiff& diff, const std::vector<std::string>& words);

} // namespace hopscope::cli
