#include "core/graph/dump.h"

#include <array>
#include <utility>

namespace hopscope {

namespace {

constexpr std::array<std::string_view, 9> kStageNames{
    "dynamo", "pre_grad", "joint", "forward", "backward", "inference", "post_grad", "export", "graph"};

} // namespace

std::string_view stage_name(Stage stage) {
    return kStageNames[static_cast<size_t>(stage)];
}

std::optional<Stage> stage_from_name(std::string_view name) {
    for (size_t i = 0; i < kStageNames.size(); ++i)
        if (kStageNames[i] == name)
            return static_cast<Stage>(i);
    return std::nullopt;
}

std::string_view severity_name(Severity s) {
    switch (s) {
    case Severity::Note:
        return "note";
    case Severity::Warning:
        return "warning";
    case Severity::Error:
        return "error";
    }
    return "";
}

} // namespace hopscope
