// One value held against another: whether they are of one kind, and how far their elements are apart.
#pragma once

#include "core/executor/torch.h"
#include "core/wire/messages.h"

#include <map>
#include <string>

namespace hopscope::executor {

struct CompareOptions {
    // Each node was given the reference's values, so that errors do not add up; float32 and float64 are then
    // allowed two units in the last place of the tensor's largest value besides, as products that cancel need
    // (measured: matrix products of dup_tangents' backward are off by 1.1e-7 of the largest value where the
    // element is a tenth of it).
    bool alone = false;
    bool any_dtype = false; // the reference may have another precision
    bool strict = false; // by fixed tolerances and with the strides, not by verdict
    std::map<at::ScalarType, double> tolerances; // strict: in place of wire::tolerance()
};

// By tolerance: equal is |a - b| <= t * (1 + |b|), with the t of wire::tolerance() where the options name no
// other. Body and node are for the caller to set.
wire::ComparedValue compare(const std::string& path, const c10::IValue& found, const c10::IValue& expected,
    const CompareOptions& options);

// The parts of it, for those who judge the elements otherwise (value_comparer.h).
// Looks at everything but the elements, and sets dtype, tolerance and verdict; whether these are to be
// compared.
bool alike(wire::ComparedValue& row, const c10::IValue& found, const c10::IValue& expected,
    const CompareOptions& options);
// Integers and booleans, of one shape: equal or not, and the largest difference.
void compare_wholes(wire::ComparedValue& row, const at::Tensor& found, const at::Tensor& expected);
// Makes it unequal, for this reason.
void unequal(wire::ComparedValue& row, std::string reason);

} // namespace hopscope::executor
