// Verdicts by the noise floor: how far a value is from the same operator in double precision, and how far
// rounding alone would take it.
//
// The floor of an element is one unit in the last place of its dtype, plus how far the exact value moves when
// each operand is moved by half a unit in its own last place. That is what a sound kernel may do with rounded
// operands and intermediate results: a backward stable algorithm computes the exact result of operands that
// are a rounding away. How far it moves is taken for each element and, as signs that happen to cancel say
// nothing, over the whole tensor (root of the mean square).
#pragma once

#include "core/executor/foreign.h"
#include "core/executor/torch.h"
#include "core/wire/messages.h"

#include <string_view>
#include <vector>

namespace hopscope::executor {

struct Precision {
    int digits = 53; // of the significand, the hidden one included
    int least = -1022; // exponent of the smallest normal number
    double largest = 0; // finite number; 0 = whatever a double holds
    double unit() const; // half a unit in the last place of 1: what rounding does at most, relative
};
Precision precision_of(at::ScalarType type);
Precision precision_of(const ForeignType& type);

// What an operator makes of the same operands in double precision. Undefined: it could not be had.
struct Exact {
    at::Tensor value;
    // Of operands moved by half a unit in their last place, one or several times. Signs that cancel in the
    // one do not in the other: of a tensor of few elements several are wanted.
    std::vector<at::Tensor> moved;
    // Of operands moved by a quarter, the same way. Where that is as far away as `moved`, the operator jumps
    // there (floor, a comparison) and the distance is no noise. Empty: every distance counts, as it does over
    // whole bodies.
    std::vector<at::Tensor> moved_less;
    double growth = 1; // growth_of()
};

// How much larger than one rounding of the terms the error of a long sum is, that is added up one by one in
// the precision of its result: 0.3 sqrt(length), for products of matrices, convolutions, attention and
// running sums. 1 for other operators, whose sums are trees, and where the sum is kept in more digits than
// the result.
double growth_of(
    const c10::FunctionSchema& schema, const std::vector<c10::IValue>& operands, const at::Tensor& result);

// Whether PyTorch computes the operator in half precision step by step, on the CPU and on GPUs: places,
// weights and intermediate results are rounded each, which no bound of operands that are moved by a rounding
// covers.
bool rounds_at_each_step(std::string_view name);

// Sets verdict, figures and the worst place of a row, for floating and complex tensors of equal shape.
// Without `expected` the exact value is what is expected. `exact.value` is there. A value of which both sides
// have the same bits is not looked at again: two kernels that agree are right.
void judge(wire::ComparedValue& row, const at::Tensor& found, const at::Tensor& expected, const Exact& exact,
    const Precision& precision);

// A floating or complex tensor in double precision, with its strides; others as they are.
c10::IValue widened(const c10::IValue& value);
// The same, each element moved up or down by `share` times half a unit in the last place of the tensor's
// dtype. `salt` decides which way: equal numbers, equal signs.
c10::IValue moved(const c10::IValue& value, double share, uint64_t salt);
// In place, by `share` times half a unit in the last place of `as`. Tensors that overlap themselves are left
// as they are.
void move_in_place(const at::Tensor& tensor, const Precision& as, double share, uint64_t salt);

// Whether two tensors have the same elements bit for bit, NaN equal to NaN.
bool same_elements(const at::Tensor& a, const at::Tensor& b);

// Where order decides (topk, argmax, sort, pooling): whether result `output` of the operator names elements
// of the same value as `expected` does. False for other operators and results.
bool equal_choice(const c10::FunctionSchema& schema, const std::vector<c10::IValue>& operands, size_t output,
    const at::Tensor& found, const at::Tensor& expected);

} // namespace hopscope::executor
