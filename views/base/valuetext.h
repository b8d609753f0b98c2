// A value of a run in words and numbers, from the answer of Stepper::value.
#pragma once

#include <nlohmann/json.hpp>

#include <QString>

#include <cstdint>
#include <vector>

namespace hopscope {

// A number as the worker gives it: a number, or "nan", "inf", "-inf". NaN where it is none of these.
double numberOf(const nlohmann::json& json);
// Four digits at most, a real minus sign: "−2.1", "3.4e−5", "NaN", "∞".
QString numberText(double value, int digits = 3);
QString numberText(const nlohmann::json& json, int digits = 3);
// The same with all digits, as other programs read it back: for the clipboard.
QString plainNumber(const nlohmann::json& json);

bool isTensor(const nlohmann::json& value);
std::vector<int64_t> shapeOf(const nlohmann::json& value);
std::vector<int64_t> strideOf(const nlohmann::json& value);
bool isContiguous(const nlohmann::json& value); // of a tensor, as PyTorch means it
QString listText(const std::vector<int64_t>& list); // "2, 8"
// "f32[2, 8]", "int 8": what it is.
QString typeText(const nlohmann::json& value);
// One line: "−2.1 … 3.4  μ 0.02", "⚠ 3 NaN, 1 Inf", "= 8", "empty".
QString shortValue(const nlohmann::json& value);
bool hasNonFinite(const nlohmann::json& value);

} // namespace hopscope
