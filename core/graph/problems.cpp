#include "core/graph/problems.h"

#include "core/base/text.h"

namespace hopscope {

std::string ProblemCount::text() const {
    std::string out;
    if (problems)
        out = counted(problems, "problem");
    if (notes)
        out += (problems ? ", " : "") + counted(notes, "note");
    return out;
}

ProblemCount& ProblemCount::operator+=(const ProblemCount& other) {
    problems += other.problems;
    notes += other.notes;
    return *this;
}

ProblemCount count_problems(std::span<const Problem> problems) {
    ProblemCount count;
    for (const Problem& p : problems)
        ++(p.severity == Severity::Note ? count.notes : count.problems);
    return count;
}

} // namespace hopscope
