#include "core/executor/python.h"

#include "core/executor/torch.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace hopscope::executor {

namespace {

using Values = std::vector<c10::IValue>;

[[noreturn]] void refuse(const char* why) {
    throw std::runtime_error(why);
}

bool whole(const c10::IValue& v) {
    return v.isInt() || v.isBool();
}
int64_t as_int(const c10::IValue& v) {
    if (v.isBool())
        return v.toBool();
    if (v.isInt())
        return v.toInt();
    refuse("an integer was expected");
}
double as_double(const c10::IValue& v) {
    if (v.isDouble())
        return v.toDouble();
    if (whole(v))
        return static_cast<double>(as_int(v));
    refuse("a number was expected; tensors are combined by aten operators from the joint stage on");
}

template <class Whole, class Real> c10::IValue arithmetic(const Values& v, Whole of_ints, Real of_doubles) {
    if (whole(v[0]) && whole(v[1])) {
        int64_t result = 0;
        if (of_ints(as_int(v[0]), as_int(v[1]), &result))
            refuse("the integer result does not fit 64 bits");
        return result;
    }
    return of_doubles(as_double(v[0]), as_double(v[1]));
}

template <class Compare> c10::IValue compared(const Values& v, Compare compare) {
    if (whole(v[0]) && whole(v[1]))
        return compare(as_int(v[0]), as_int(v[1]));
    return compare(as_double(v[0]), as_double(v[1]));
}

template <class Op> c10::IValue bitwise(const Values& v, Op op) {
    const int64_t result = op(as_int(v[0]), as_int(v[1]));
    return v[0].isBool() && v[1].isBool() ? c10::IValue(result != 0) : c10::IValue(result);
}

c10::IValue add(const Values& v) {
    return arithmetic(
        v, [](int64_t a, int64_t b, int64_t* r) { return __builtin_add_overflow(a, b, r); },
        [](double a, double b) { return a + b; });
}
c10::IValue sub(const Values& v) {
    return arithmetic(
        v, [](int64_t a, int64_t b, int64_t* r) { return __builtin_sub_overflow(a, b, r); },
        [](double a, double b) { return a - b; });
}
c10::IValue mul(const Values& v) {
    return arithmetic(
        v, [](int64_t a, int64_t b, int64_t* r) { return __builtin_mul_overflow(a, b, r); },
        [](double a, double b) { return a * b; });
}
c10::IValue truediv(const Values& v) {
    if (as_double(v[1]) == 0)
        refuse("division by zero");
    return as_double(v[0]) / as_double(v[1]);
}
c10::IValue floordiv(const Values& v) {
    if (as_double(v[1]) == 0)
        refuse("division by zero");
    return arithmetic(
        v,
        [](int64_t a, int64_t b, int64_t* r) {
            if (a == INT64_MIN && b == -1)
                return true;
            *r = a / b - (a % b != 0 && (a < 0) != (b < 0));
            return false;
        },
        [](double a, double b) { return std::floor(a / b); });
}
c10::IValue mod(const Values& v) {
    if (as_double(v[1]) == 0)
        refuse("modulo by zero");
    return arithmetic(
        v,
        [](int64_t a, int64_t b, int64_t* r) {
            *r = b == -1 ? 0 : a % b;
            *r += *r != 0 && (*r < 0) != (b < 0) ? b : 0;
            return false;
        },
        [](double a, double b) { return a - b * std::floor(a / b); });
}
c10::IValue power(const Values& v) {
    if (whole(v[0]) && whole(v[1]) && as_int(v[1]) >= 0) {
        const int64_t base = as_int(v[0]), exponent = as_int(v[1]);
        if (base >= -1 && base <= 1) // else more than 63 steps overflow anyway
            return exponent == 0 ? int64_t{1} : base < 0 && exponent % 2 == 0 ? int64_t{1} : base;
        int64_t result = 1;
        for (int64_t i = 0; i < exponent; ++i)
            if (__builtin_mul_overflow(result, base, &result))
                refuse("the integer result does not fit 64 bits");
        return result;
    }
    return std::pow(as_double(v[0]), as_double(v[1]));
}
c10::IValue neg(const Values& v) {
    return whole(v[0]) ? c10::IValue(-as_int(v[0])) : c10::IValue(-as_double(v[0]));
}
c10::IValue to_int(const Values& v) {
    return whole(v[0]) ? c10::IValue(as_int(v[0])) : c10::IValue(static_cast<int64_t>(as_double(v[0])));
}
c10::IValue largest(const Values& v) {
    return as_double(v[0]) >= as_double(v[1]) ? v[0] : v[1];
}
c10::IValue smallest(const Values& v) {
    return as_double(v[0]) <= as_double(v[1]) ? v[0] : v[1];
}
c10::IValue sum(const Values& v) {
    c10::IValue total = int64_t{0};
    for (const c10::IValue& item : v)
        total = add({total, item});
    return total;
}
c10::IValue assert_scalar(const Values& v) {
    if (as_double(v[0]) == 0)
        throw std::runtime_error(v[1].isString() ? v[1].toStringRef() : "the assertion does not hold");
    return {};
}
int64_t dimension(const Values& v) {
    const int64_t n = v[0].toTensor().dim(), d = as_int(v[1]);
    if (d < -n || d >= n)
        refuse("the dimension is out of range");
    return d < 0 ? d + n : d;
}

struct Function {
    std::string_view target;
    int least, most; // arguments
    c10::IValue (*call)(const Values&);
};

const Function kFunctions[] = {
    {"operator.add", 2, 2, add},
    {"operator.sub", 2, 2, sub},
    {"operator.mul", 2, 2, mul},
    {"operator.truediv", 2, 2, truediv},
    {"operator.floordiv", 2, 2, floordiv},
    {"operator.mod", 2, 2, mod},
    {"operator.pow", 2, 2, power},
    {"operator.neg", 1, 1, neg},
    {"operator.pos", 1, 1, [](const Values& v) { return v[0]; }},
    {"operator.eq", 2, 2, [](const Values& v) { return compared(v, [](auto a, auto b) { return a == b; }); }},
    {"operator.ne", 2, 2, [](const Values& v) { return compared(v, [](auto a, auto b) { return a != b; }); }},
    {"operator.lt", 2, 2, [](const Values& v) { return compared(v, [](auto a, auto b) { return a < b; }); }},
    {"operator.le", 2, 2, [](const Values& v) { return compared(v, [](auto a, auto b) { return a <= b; }); }},
    {"operator.gt", 2, 2, [](const Values& v) { return compared(v, [](auto a, auto b) { return a > b; }); }},
    {"operator.ge", 2, 2, [](const Values& v) { return compared(v, [](auto a, auto b) { return a >= b; }); }},
    {"operator.and_", 2, 2, [](const Values& v) { return bitwise(v, [](auto a, auto b) { return a & b; }); }},
    {"operator.or_", 2, 2, [](const Values& v) { return bitwise(v, [](auto a, auto b) { return a | b; }); }},
    {"operator.xor", 2, 2, [](const Values& v) { return bitwise(v, [](auto a, auto b) { return a ^ b; }); }},
    {"operator.not_", 1, 1, [](const Values& v) { return c10::IValue(as_double(v[0]) == 0); }},
    {"torch.sym_not", 1, 1, [](const Values& v) { return c10::IValue(as_double(v[0]) == 0); }},
    {"torch.sym_max", 2, 2, largest},
    {"torch.sym_min", 2, 2, smallest},
    {"torch.sym_int", 1, 1, to_int},
    {"torch.sym_float", 1, 1, [](const Values& v) { return c10::IValue(as_double(v[0])); }},
    {"torch.sym_sum", 0, 64, sum},
    {"torch.sym_ite", 3, 3, [](const Values& v) { return as_double(v[0]) != 0 ? v[1] : v[2]; }},
    {"math.ceil", 1, 1,
        [](const Values& v) { return c10::IValue(static_cast<int64_t>(std::ceil(as_double(v[0])))); }},
    {"math.floor", 1, 1,
        [](const Values& v) { return c10::IValue(static_cast<int64_t>(std::floor(as_double(v[0])))); }},
    {"math.trunc", 1, 1, to_int},
    {"aten.sym_size.int", 2, 2,
        [](const Values& v) { return c10::IValue(v[0].toTensor().size(dimension(v))); }},
    {"aten.sym_stride.int", 2, 2,
        [](const Values& v) { return c10::IValue(v[0].toTensor().stride(dimension(v))); }},
    {"aten.sym_numel.default", 1, 1, [](const Values& v) { return c10::IValue(v[0].toTensor().numel()); }},
    {"aten.sym_storage_offset.default", 1, 1,
        [](const Values& v) { return c10::IValue(v[0].toTensor().storage_offset()); }},
    {"aten._assert_scalar.default", 2, 2, assert_scalar},
};

} // namespace

std::optional<int> python_function(std::string_view target) {
    for (size_t i = 0; i < std::size(kFunctions); ++i)
        if (kFunctions[i].target == target)
            return static_cast<int>(i);
    return {};
}

c10::IValue call_python(int function, const std::vector<c10::IValue>& arguments) {
    const Function& f = kFunctions[function];
    const int n = static_cast<int>(arguments.size());
    if (n < f.least || n > f.most)
        refuse("another number of arguments was expected");
    return f.call(arguments);
}

} // namespace hopscope::executor
