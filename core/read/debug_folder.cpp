#include "core/read/debug_folder.h"

#include "core/base/text.h"

#include <algorithm>
#include <charconv>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

// Takes the last part of a path off.
std::string_view take_last(std::string_view& path) {
    while (path.ends_with('/'))
        path.remove_suffix(1);
    const size_t slash = path.rfind('/');
    const std::string_view last = slash == npos ? path : path.substr(slash + 1);
    path = slash == npos ? std::string_view{} : path.substr(0, slash);
    return last;
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// "model__0_forward_1.0", with whatever name the model was given before the two underscores.
bool model_folder(std::string_view name, DebugPlace& place) {
    const size_t marks = name.rfind("__");
    if (marks == npos)
        return false;
    std::string_view rest = name.substr(marks + 2);
    const size_t digits = std::min(rest.find('_'), rest.size());
    if (!all_digits(rest.substr(0, digits)))
        return false;
    std::from_chars(rest.data(), rest.data() + digits, place.model.emplace());
    rest = rest.substr(std::min(digits + 1, rest.size()));
    const size_t end = rest.find('_');
    if (end == npos)
        return false;
    const std::string_view number = rest.substr(end + 1);
    const size_t dot = number.find('.');
    if (!all_digits(number.substr(0, dot)) || (dot != npos && !all_digits(number.substr(dot + 1))))
        return false;
    std::from_chars(number.data(), number.data() + std::min(dot, number.size()), place.sequence);
    const auto stage = stage_from_name(rest.substr(0, end));
    if (stage == Stage::Forward || stage == Stage::Backward || stage == Stage::Inference
        || stage == Stage::Joint)
        place.stage = stage;
    return place.stage.has_value();
}

DebugPlace::Role role_of(std::string_view file) {
    using Role = DebugPlace::Role;
    if (file == "fx_graph_readable.py")
        return Role::Readable;
    if (file == "fx_graph_transformed.py")
        return Role::Transformed;
    if (file == "fx_graph_runnable.py")
        return Role::Runnable;
    return Role::Other;
}

} // namespace

std::optional<DebugPlace> debug_place(std::string_view path) {
    DebugPlace place;
    std::string_view rest = path;
    const std::string_view file = take_last(rest);
    const std::string_view folder = take_last(rest);
    if (model_folder(folder, place)) {
        place.role = role_of(file);
        std::string_view above = rest;
        place.run = take_last(above) == "torchinductor" ? above : rest;
        return place;
    }
    place = {};
    place.run = rest;
    if (folder == "torchdynamo" && file.ends_with("debug.log"))
        place.role = DebugPlace::Role::DynamoLog;
    else if (folder == "torchinductor" && file.starts_with("aot_") && file.ends_with("_debug.log"))
        place.role = DebugPlace::Role::AotLog;
    else
        return std::nullopt;
    return place;
}

} // namespace hopscope::read
