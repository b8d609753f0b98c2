// The pages of the explanation as rich text, with links to what they name (views/base/facts.h).
#pragma once

#include "core/browse/document.h"

#include <QString>

#include <optional>

namespace hopscope {

// What is asked about: the first of these that is set.
struct Question {
    bool dump = false; // what the dump has and lacks
    std::optional<int> row; // a call, into Document::rows()
    RegionRef region;
    CompilationId compilation;

    friend bool operator==(const Question&, const Question&) = default;
};

QString answerPage(const Document& document, const Question& question);
// The same as the command line prints it.
QString answerText(const Document& document, const Question& question);

} // namespace hopscope
