// print_readable text: classes, signatures and statements (torch/fx/graph_module.py, print_readable).
#pragma once

#include "core/graph/dump.h"
#include "core/read/place.h"

#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace hopscope::read {

struct ReadableModule {
    std::shared_ptr<const GraphModule> module;
    std::string_view label; // what stood before "class" on its line: a file name, "fw_graph:"
    uint32_t line = 0; // of its class or def, in the file
    size_t offset = 0; // of the same, within the text
    uint64_t file_offset = 0;
};

struct ReadableOptions {
    bool tabbed = false; // each line starts with a tab that is no part of it
    uint32_t first_line =
        1; // number of the text's first line in its file: nodes and problems carry file lines
    uint64_t first_offset = 0;
    // Where each line of the text stood, for a text that is no run of the file's lines; else the two above
    // tell.
    std::span<const Place> places;
    bool partial = false; // tracing stopped: the body is known to lack its return
};

// Every graph module in a text, in order. Text around them is passed over. Problems name lines and offsets of
// the file, their `file` is unset.
std::vector<ReadableModule> read_modules(std::string_view text, const std::shared_ptr<const void>& storage,
    const ReadableOptions& options, std::vector<Problem>& problems);

// "class NAME(torch.nn.Module):" on a line; NAME, or empty if there is none. Other spellings of the base that
// people's own code has (nn.Module, torch.fx.GraphModule) count too. `before` = what stands before it.
std::string_view class_on_line(std::string_view line, std::string_view* before = nullptr);

} // namespace hopscope::read
