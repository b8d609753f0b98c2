// Parameters of a request, checked: what has the wrong type is the client's mistake and is answered as such.
#pragma once

#include "core/wire/protocol.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace hopscope::executor {

// An error answer.
struct Fault {
    int code;
    std::string message;
    nlohmann::json data = nullptr;
};

template <class T>
T parameter(const nlohmann::json& params, const char* name, T otherwise,
    bool (nlohmann::json::*is)() const noexcept) {
    const auto found = params.find(name);
    if (found == params.end() || found->is_null())
        return otherwise;
    if (!((*found).*is)())
        throw Fault{wire::kInvalidParams, std::string("parameter '") + name + "' has the wrong type"};
    return found->get<T>();
}
inline std::string text_of(const nlohmann::json& params, const char* name) {
    return parameter<std::string>(params, name, {}, &nlohmann::json::is_string);
}
inline bool flag_of(const nlohmann::json& params, const char* name) {
    return parameter(params, name, false, &nlohmann::json::is_boolean);
}
inline int64_t number_of(const nlohmann::json& params, const char* name, int64_t otherwise) {
    return parameter<int64_t>(params, name, otherwise, &nlohmann::json::is_number_integer);
}
inline std::vector<int64_t> numbers_of(const nlohmann::json& list, const char* name) {
    if (!list.is_array() || !std::all_of(list.begin(), list.end(), [](const nlohmann::json& n) {
            return n.is_number_integer();
        }))
        throw Fault{wire::kInvalidParams, std::string("parameter '") + name + "' must be a list of integers"};
    return list.get<std::vector<int64_t>>();
}

} // namespace hopscope::executor
