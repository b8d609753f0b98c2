// A value of a run in words and numbers, from the answer of Stepper::value.
#pragma once

#include "core/wire/messages.h"

#include <QString>

#include <cstdint>
#include <optional>
#include <vector>

namespace hopscope {

// Three digits or as many as asked for, a real minus sign: "−2.1", "3.4e−5", "NaN", "∞".
QString numberText(double value, int digits = 3);
QString numberText(const std::optional<double>& value, int digits = 3); // "–" where there is none
// The same with all digits, as other programs read it back ("nan", "-inf"): for the clipboard.
QString plainNumber(double value);

bool isContiguous(const wire::ValueFigures& value); // of a tensor, as PyTorch means it
QString listText(const std::vector<int64_t>& list); // "2, 8"
// "f32[2, 8]", "int": what it is.
QString typeText(const wire::ValueFigures& value);
// Of what is no tensor: "8", "True", "None"; "–" where it has no number.
QString pythonText(const wire::ValueFigures& value, int digits = 3);
// One line: "−2.1 … 3.4  μ 0.02", "⚠ 3 NaN, 1 Inf", "= 8", "empty".
QString shortValue(const wire::ValueFigures& value);
bool hasNonFinite(const wire::ValueFigures& value);

} // namespace hopscope
