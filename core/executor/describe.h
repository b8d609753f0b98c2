// What this executor can do, told without serving anybody.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace hopscope::executor {

// {"libtorch": "1.13.1", "protocol": 2, "composed": [names], "operators": [names]}: every operator that the
// dispatcher has by now, named as graphs name them ("aten.mm.default", "aten.add.Tensor"), sorted.
nlohmann::json describe(const std::vector<std::string>& composed);

} // namespace hopscope::executor
