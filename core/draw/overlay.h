// A picture coloured by a number of each box: bytes, users, time, error, or what became of a call. Which
// numbers, the caller says; drawing chooses the shades and tells what they mean.
#pragma once

#include "core/draw/display.h"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hopscope::draw {

struct Overlay {
    std::string title; // "Bytes of each value"
    // By box: from 0, the least, to kShades - 1; none where there is nothing to tell. Shades grow stronger,
    // so that their order is seen in grey too; in the dark, where they must stay dark under text, their hue
    // helps.
    std::vector<std::optional<uint8_t>> shade;
    std::vector<std::string> words; // by box: the number as it is said, "24.0 KiB"; empty where there is none
    std::array<std::string, kShades> steps; // what each shade stands for; empty where no box has it
    std::array<ColorRole, kShades> fills{
        shade_color(0), shade_color(1), shade_color(2), shade_color(3), shade_color(4)};
    std::string none; // what a box without a shade is, where there are such: "not known"; else empty
};

// The shades are equal steps of the logarithm between the least number above zero and the most; zero has the
// least shade. With `bounds`, ascending and one fewer than shades, a number has the shade of how many of them
// it has reached. A step says the least and the most of the numbers in it, as `say` puts them into words.
Overlay make_overlay(std::string title, const std::vector<std::optional<double>>& by_box,
    const std::function<std::string(double)>& say, std::string none, std::span<const double> bounds = {});
// An overlay of the boxes of several pictures behind each other, as one for each: `sizes` boxes of each. All
// have the same scale.
std::vector<Overlay> split_overlay(Overlay&& whole, std::span<const size_t> sizes);

// What the shades mean, below what is in the list; or alone, at (0, 0).
void append_scale(const Overlay& overlay, int margin, DisplayList& list);
DisplayList make_scale(const Overlay& overlay);

} // namespace hopscope::draw
