#include "core/graph/symbols.h"

#include "core/base/text.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace hopscope {

namespace {

constexpr int kDeepest = 64; // of brackets: the input's depth is never ours

int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

class Evaluator {
public:
    Evaluator(std::string_view text, const Bindings& symbols, std::string* missing)
        : text_(text)
        , symbols_(symbols)
        , missing_(missing) { }

    std::optional<int64_t> all() {
        const auto value = sum();
        skip();
        return at_ == text_.size() ? value : std::nullopt;
    }

private:
    using Number = std::optional<int64_t>;

    void skip() {
        while (at_ < text_.size() && text_[at_] == ' ')
            ++at_;
    }
    bool take(std::string_view token) {
        skip();
        if (!text_.substr(at_).starts_with(token))
            return false;
        at_ += token.size();
        return true;
    }
    Number sum() {
        Number left = product();
        while (left) {
            const bool plus = take("+");
            if (!plus && !take("-"))
                break;
            const Number right = product();
            int64_t result = 0;
            if (!right
                || (plus ? __builtin_add_overflow(*left, *right, &result)
                         : __builtin_sub_overflow(*left, *right, &result)))
                return std::nullopt;
            left = result;
        }
        return left;
    }
    Number product() {
        Number left = unary();
        while (left) {
            if (take("//"))
                left = divide(left, unary());
            else if (take("%"))
                left = modulo(left, unary());
            else if (!text_.substr(std::min(at_, text_.size())).starts_with("**") && take("*"))
                left = multiply(left, unary());
            else
                break;
        }
        return left;
    }
    Number unary() {
        bool negative = false;
        while (take("-"))
            negative = !negative;
        Number value = atom();
        if (value && take("**")) {
            const Number power = atom();
            if (!power || *power < 0 || *power > 62)
                return std::nullopt;
            Number result = 1;
            for (int64_t i = 0; i < *power; ++i)
                result = multiply(result, value);
            value = result;
        }
        return value && negative ? multiply(value, -1) : value;
    }
    Number atom() {
        skip();
        if (at_ >= text_.size() || ++depth_ > kDeepest)
            return std::nullopt;
        Number value;
        if (take("(")) {
            value = sum();
            if (!take(")"))
                value.reset();
        } else if (is_digit(text_[at_])) {
            int64_t number = 0;
            const auto [end, error] =
                std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
            at_ = static_cast<size_t>(end - text_.data());
            if (error == std::errc())
                value = number;
        } else {
            value = named();
        }
        --depth_;
        return value;
    }
    Number named() {
        size_t end = at_;
        while (end < text_.size() && is_identifier_char(text_[end]))
            ++end;
        const std::string_view name = text_.substr(at_, end - at_);
        at_ = end;
        if (name.empty())
            return std::nullopt;
        if (take("("))
            return function(name);
        const auto found = symbols_.find(name);
        if (found != symbols_.end())
            return found->second;
        if (missing_ && missing_->empty())
            *missing_ = name;
        return std::nullopt;
    }
    Number function(std::string_view name) {
        Number left = sum();
        if (name == "CeilToInt" || name == "FloorToInt" || name == "TruncToInt" || name == "ToFloat")
            return take(")") ? left : std::nullopt;
        constexpr std::string_view kKnown[] = {"Max", "Min", "Mod", "PythonMod", "FloorDiv", "CeilDiv"};
        if (std::find(std::begin(kKnown), std::end(kKnown), name) == std::end(kKnown))
            return std::nullopt;
        while (left && take(",")) {
            const Number right = sum();
            if (!right)
                return std::nullopt;
            if (name == "Max")
                left = std::max(*left, *right);
            else if (name == "Min")
                left = std::min(*left, *right);
            else if (name == "Mod" || name == "PythonMod")
                left = modulo(left, right);
            else if (name == "FloorDiv")
                left = divide(left, right);
            else if (name == "CeilDiv" && *left != INT64_MIN)
                left = divide(-*left, right) ? Number(-*divide(-*left, right)) : std::nullopt;
            else
                return std::nullopt;
        }
        return take(")") ? left : std::nullopt;
    }
    static Number multiply(Number a, Number b) {
        int64_t result = 0;
        return a && b && !__builtin_mul_overflow(*a, *b, &result) ? Number(result) : std::nullopt;
    }
    static Number divide(Number a, Number b) {
        return a && b && *b != 0 && !(*a == INT64_MIN && *b == -1) ? Number(floor_div(*a, *b)) : std::nullopt;
    }
    static Number modulo(Number a, Number b) {
        const Number quotient = divide(a, b);
        return quotient ? Number(*a - *quotient * *b) : std::nullopt;
    }

    std::string_view text_;
    const Bindings& symbols_;
    std::string* missing_;
    size_t at_ = 0;
    int depth_ = 0;
};

} // namespace

std::optional<int64_t> evaluate_symbolic(
    std::string_view text, const Bindings& symbols, std::string* missing) {
    return Evaluator(text, symbols, missing).all();
}

} // namespace hopscope
