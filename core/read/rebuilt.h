// A graph's text in print_readable's form, made of a text in another form: the lines, and where each came
// from.
#pragma once

#include "core/read/place.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hopscope::read {

// One line of the file, without what other programs put before it.
struct RawLine {
    std::string_view text;
    Place place;
    size_t width = 0; // of the whole line, prefix included
    bool foreign = false; // it lacks the prefix that its neighbours have
    std::optional<size_t> indent = {}; // of a text that stood behind a mark; others have theirs
};

// Owns the text that a graph's strings point into.
struct Rebuilt {
    std::string text;
    Places places; // of each line
    std::shared_ptr<const void> original; // what the text was made of, where views into it remain
    size_t joined = 0; // lines that a terminal broke and that are one here

    void line(std::string_view words, size_t indent, Place place) {
        text.append(indent, ' ');
        text += words;
        text += '\n';
        places.push_back(place);
    }
};

// Stands before the name of a function that may be taken for a node's or a method's (`::relu(x)` where a node
// is called relu). No code generator writes it: only texts made of other forms have it.
inline constexpr std::string_view kFunctionMark = "::";

// A graph in pieces, for forms that are no Python: parameters, statements, and graphs inside of it.
struct GraphPieces {
    using Lines = std::vector<std::pair<std::string, Place>>;
    std::string class_name = "GraphModule";
    Place head;
    Lines parameters; // `x: "f32[4]" = None`, without the comma
    Lines statements; // and the return
    std::vector<size_t> children; // into the list that holds them all
};
// Writes pieces[0] and, as nested classes, those below it.
void write_pieces(const std::vector<GraphPieces>& pieces, Rebuilt& out);

} // namespace hopscope::read
