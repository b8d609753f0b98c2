// Looking into a parsed JSON document whose shape is not to be trusted.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hopscope::read {

using Json = simdjson::dom::element;

// Null for whatever is no object or lacks the key.
inline std::optional<Json> field(std::optional<Json> object, std::string_view key) {
    simdjson::dom::object fields;
    Json value;
    if (!object || object->get_object().get(fields) != simdjson::SUCCESS
        || fields.at_key(key).get(value) != simdjson::SUCCESS)
        return std::nullopt;
    return value;
}

inline std::optional<std::string_view> text(std::optional<Json> value) {
    std::string_view found;
    if (!value || value->get_string().get(found) != simdjson::SUCCESS)
        return std::nullopt;
    return found;
}

inline std::string_view text_or(std::optional<Json> value, std::string_view otherwise = {}) {
    return text(value).value_or(otherwise);
}

inline std::optional<int64_t> integer(std::optional<Json> value) {
    int64_t found = 0;
    if (!value || value->get_int64().get(found) != simdjson::SUCCESS)
        return std::nullopt;
    return found;
}

inline std::optional<bool> boolean(std::optional<Json> value) {
    bool found = false;
    if (!value || value->get_bool().get(found) != simdjson::SUCCESS)
        return std::nullopt;
    return found;
}

// Empty for whatever is no array.
inline std::vector<Json> items(std::optional<Json> value) {
    simdjson::dom::array found;
    if (!value || value->get_array().get(found) != simdjson::SUCCESS)
        return {};
    return {found.begin(), found.end()};
}

// Empty for whatever is no object.
inline std::vector<std::pair<std::string_view, Json>> fields(std::optional<Json> value) {
    std::vector<std::pair<std::string_view, Json>> found;
    simdjson::dom::object object;
    if (value && value->get_object().get(object) == simdjson::SUCCESS)
        for (auto [key, inner] : object)
            found.emplace_back(key, inner);
    return found;
}

// A union of schema.py: an object with one key that names the variant.
struct Variant {
    std::string_view name;
    std::optional<Json> value;
};
inline Variant variant(std::optional<Json> object) {
    simdjson::dom::object found;
    if (object && object->get_object().get(found) == simdjson::SUCCESS)
        for (auto [key, value] : found)
            return {key, value};
    return {};
}

// Python writes NaN and Infinity bare, which is no JSON: the same text with them in quotes.
std::string quoted_infinities(std::string_view json);

} // namespace hopscope::read
