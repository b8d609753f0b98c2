// A comparison of values as JSON.
#pragma once

#include "core/wire/messages.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace hopscope {

// {"path","dtype","equal","max_abs_error",…,"reason"}
nlohmann::ordered_json compared_value_json(const wire::ComparedValue& value);
// {"against","basis",…,"values"}; `against` is what it was compared with, in words, and `basis` what is to be
// said of the inputs on which it was (null where it is empty).
nlohmann::ordered_json comparison_json(
    const std::string& against, const std::string& basis, const wire::CompareAnswer& comparison);
// The same as text, two spaces a level.
std::string comparison_text(
    const std::string& against, const std::string& basis, const wire::CompareAnswer& comparison);

} // namespace hopscope
