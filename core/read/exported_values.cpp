#include "core/read/exported_values.h"

#include "core/base/text.h"
#include "core/graph/types.h"
#include "core/read/exported_program.h"
#include "core/read/sympy.h"

#include <array>
#include <charconv>
#include <cmath>

namespace hopscope::read {

namespace {

constexpr size_t kMostNotes = 20;
constexpr int kDeepest = 8; // of an argument inside of arguments

// ScalarType of schema.py: c10's numbers plus one at first, then its own.
struct Scalar {
    int64_t number;
    std::string_view name;
};
constexpr std::array kScalars{Scalar{1, "uint8"}, Scalar{2, "int8"}, Scalar{3, "int16"}, Scalar{4, "int32"},
    Scalar{5, "int64"}, Scalar{6, "float16"}, Scalar{7, "float32"}, Scalar{8, "float64"},
    Scalar{9, "complex32"}, Scalar{10, "complex64"}, Scalar{11, "complex128"}, Scalar{12, "bool"},
    Scalar{13, "bfloat16"}, Scalar{28, "uint16"}, Scalar{29, "float8_e4m3fn"}, Scalar{30, "float8_e5m2"},
    Scalar{31, "float8_e4m3fnuz"}, Scalar{32, "float8_e5m2fnuz"}, Scalar{33, "float8_e8m0fnu"},
    Scalar{34, "uint32"}, Scalar{35, "uint64"}};
constexpr std::array<std::string_view, 8> kLayouts{"", "torch.sparse_coo", "torch.sparse_csr",
    "torch.sparse_csc", "torch.sparse_bsr", "torch.sparse_bsc", "torch._mkldnn", "torch.strided"};
constexpr int64_t kStrided = 7;
constexpr std::array<std::string_view, 5> kMemoryFormats{
    "", "torch.contiguous_format", "torch.channels_last", "torch.channels_last_3d", "torch.preserve_format"};

template <size_t N>
std::string of(const std::array<std::string_view, N>& names, std::optional<int64_t> number) {
    if (!number || *number < 1 || *number >= static_cast<int64_t>(N))
        return "<unknown>";
    return std::string(names[static_cast<size_t>(*number)]);
}

} // namespace

std::string_view exported_dtype(int64_t number) {
    for (const Scalar& scalar : kScalars)
        if (scalar.number == number)
            return scalar.name;
    return {};
}

std::string safe_name(std::string_view name) {
    std::string out;
    for (const char c : name.substr(0, 1000))
        out += is_identifier_char(c) ? c : '_';
    if (out.empty() || is_digit(out.front()))
        out.insert(out.begin(), '_');
    return out;
}

std::string python_float(double value) {
    if (std::isnan(value))
        return "nan";
    if (std::isinf(value))
        return value < 0 ? "-inf" : "inf";
    std::array<char, 64> buffer{};
    const auto print = [&](std::chars_format format) {
        const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format).ptr;
        return std::string(buffer.data(), end);
    };
    std::string text = print(std::chars_format::scientific);
    const int exponent = std::atoi(text.c_str() + text.find('e') + 1);
    // Python's repr: an exponent below -4 and from 16 on.
    if (value != 0 && (exponent < -4 || exponent >= 16))
        return text;
    text = print(std::chars_format::fixed);
    return text.find('.') == std::string::npos ? text + ".0" : text;
}

std::string python_text(std::string_view text) {
    const bool double_quotes =
        text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
    const char quote = double_quotes ? '"' : '\'';
    std::string out(1, quote);
    for (const char c : text) {
        if (c == quote || c == '\\') {
            (out += '\\') += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c == '\r') {
            out += "\\r";
        } else if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) {
            constexpr std::string_view kHex = "0123456789abcdef";
            out += "\\x";
            out += kHex[static_cast<unsigned char>(c) >> 4];
            out += kHex[c & 15];
        } else {
            out += c;
        }
    }
    return out + quote;
}

void ExportedValues::note(std::string text) {
    if (notes.size() < kMostNotes)
        notes.push_back(std::move(text));
    else if (!notes_left_out_++)
        notes.push_back("more of this kind are not listed");
}

std::string ExportedValues::symbol(std::optional<Json> value) {
    const Variant v = variant(value);
    if (const auto number = integer(v.value))
        return std::to_string(*number);
    if (v.name != "as_expr")
        return "?";
    const std::string_view raw = text_or(field(v.value, "expr_str"));
    const auto plain = plain_expression(raw);
    if (!plain) {
        note("the expression '" + utf8(raw.substr(0, 80)) + "' cannot be read; '?' stands for it");
        return "?";
    }
    if (is_identifier(*plain) && *plain != "True" && *plain != "False"
        && known_symbols_.try_emplace(*plain, symbols.size()).second) {
        SymbolHint hint;
        hint.name = *plain;
        // {"as_int": 8}; a bare number in the first versions.
        const auto given = field(v.value, "hint");
        const auto number = integer(given) ? integer(given) : integer(variant(given).value);
        hint.value = number ? std::to_string(*number) : "";
        symbols.push_back(std::move(hint));
    }
    return *plain;
}

std::string ExportedValues::symbol_type(std::optional<Json> value) {
    const Variant v = variant(value);
    if (const auto flag = boolean(v.value))
        return *flag ? "Sym(True)" : "Sym(False)";
    if (v.name == "as_float")
        return "Sym(" + number(v.value) + ")";
    return "Sym(" + symbol(value) + ")";
}

std::string ExportedValues::tensor_type(std::optional<Json> meta) {
    const std::string_view name = exported_dtype(integer(field(meta, "dtype")).value_or(0));
    const DType* dtype = dtype_by_name(name);
    if (!dtype) {
        note("dtype " + std::to_string(integer(field(meta, "dtype")).value_or(0)) + " is not known");
        return "";
    }
    const auto dims = [&](std::string_view key) {
        std::string out = "[";
        for (const Json& size : items(field(meta, key)))
            out += (out.size() > 1 ? ", " : "") + symbol(size);
        return out + ']';
    };
    std::string out(dtype->abbreviation);
    out += dims("sizes");
    if (integer(field(meta, "layout")).value_or(kStrided) == kStrided && field(meta, "strides"))
        out += dims("strides");
    const std::string_view type = text_or(field(field(meta, "device"), "type"));
    const auto index = integer(field(field(meta, "device"), "index"));
    return out + (type.empty() ? "" : safe_name(type)) + (index ? ':' + std::to_string(*index) : "");
}

std::string ExportedValues::listed(
    std::optional<Json> value, std::string (ExportedValues::*one)(std::optional<Json>), bool tuple) {
    std::string out;
    size_t count = 0;
    for (const Json& item : items(value))
        out += (count++ ? ", " : "") + (this->*one)(item);
    return tuple ? '(' + out + (count == 1 ? ",)" : ")") : '[' + out + ']';
}

std::string ExportedValues::named(std::optional<Json> value) {
    return safe_name(text_or(field(value, "name")));
}

std::string ExportedValues::integer_or_name(std::optional<Json> value) {
    const Variant v = variant(value);
    if (const auto name = text(v.value))
        return safe_name(*name);
    if (const auto flag = boolean(v.value))
        return *flag ? "True" : "False";
    return number(v.value);
}

std::string ExportedValues::number(std::optional<Json> value) {
    if (const auto flag = boolean(value))
        return *flag ? "True" : "False";
    double real = 0;
    if (value && value->type() == simdjson::dom::element_type::DOUBLE
        && value->get_double().get(real) == simdjson::SUCCESS)
        return python_float(real);
    if (const auto whole = integer(value))
        return std::to_string(*whole);
    const std::string_view word = text_or(value);
    return word == "Infinity" ? "inf" : word == "-Infinity" ? "-inf" : word == "NaN" ? "nan" : "<unknown>";
}

std::string ExportedValues::optional_tensor(std::optional<Json> value) {
    const Variant v = variant(value);
    return v.name == "as_tensor" ? named(v.value) : "None";
}

std::string ExportedValues::named_list(std::optional<Json> value) {
    return listed(value, &ExportedValues::named);
}

std::string ExportedValues::number_list(std::optional<Json> value) {
    return listed(value, &ExportedValues::number);
}

std::string ExportedValues::quoted(std::optional<Json> value) {
    return python_text(text_or(value));
}

std::string ExportedValues::complex(std::optional<Json> value) {
    std::string real = number(field(value, "real")), imag = number(field(value, "imag"));
    if (real != "0.0" || !is_digit(imag.back()) || imag == "-0.0")
        return "complex(" + real + ", " + imag + ")";
    return (imag.ends_with(".0") ? imag.substr(0, imag.size() - 2) : imag) + 'j';
}

std::string ExportedValues::device(std::optional<Json> value) {
    const auto index = integer(field(value, "index"));
    return "device(type=" + python_text(text_or(field(value, "type")))
        + (index ? ", index=" + std::to_string(*index) : "") + ")";
}

std::string ExportedValues::argument(std::optional<Json> value, bool tuples, int depth) {
    const Variant v = variant(value);
    const auto is = [&](auto... names) { return ((v.name == names) || ...); };
    if (v.name.empty() || is("as_none"))
        return "None";
    if (is("as_tensor", "as_custom_obj", "as_opaque"))
        return named(v.value);
    if (is("as_tensors"))
        return listed(v.value, &ExportedValues::named, tuples);
    if (is("as_optional_tensor"))
        return optional_tensor(v.value);
    if (is("as_optional_tensors"))
        return listed(v.value, &ExportedValues::optional_tensor, tuples);
    if (is("as_nested_tensors"))
        return listed(v.value, &ExportedValues::named_list);
    if (is("as_int", "as_bool"))
        return number(v.value);
    if (is("as_float")) { // a float without a fraction may stand there as an integer
        const auto whole = integer(v.value);
        return whole ? python_float(static_cast<double>(*whole)) : number(v.value);
    }
    if (is("as_ints", "as_floats", "as_bools"))
        return number_list(v.value);
    if (is("as_int_lists", "as_float_lists"))
        return listed(v.value, &ExportedValues::number_list);
    if (is("as_string"))
        return quoted(v.value);
    if (is("as_strings"))
        return listed(v.value, &ExportedValues::quoted);
    if (is("as_sym_int", "as_sym_float", "as_sym_bool"))
        return integer_or_name(v.value);
    if (is("as_sym_ints", "as_sym_floats", "as_sym_bools"))
        return listed(v.value, &ExportedValues::integer_or_name, tuples);
    if (is("as_scalar_type")) {
        const std::string_view name = exported_dtype(integer(v.value).value_or(0));
        return name.empty() ? "<unknown>" : "torch." + std::string(name);
    }
    if (is("as_memory_format"))
        return of(kMemoryFormats, integer(v.value));
    if (is("as_layout"))
        return of(kLayouts, integer(v.value));
    if (is("as_device"))
        return device(v.value);
    if (is("as_complex"))
        return complex(v.value);
    if (is("as_operator")) {
        const std::string_view name = text_or(v.value);
        std::string out;
        for (const char c : name)
            out += is_identifier_char(c) || c == '.' ? c : '_';
        return out.starts_with("torch.") ? out : "torch.ops." + out;
    }
    if (is("as_string_to_argument") && depth < kDeepest) {
        std::string out = "{";
        for (const auto& [key, inner] : fields(v.value))
            out +=
                (out.size() > 1 ? ", " : "") + python_text(key) + ": " + argument(inner, tuples, depth + 1);
        return out + '}';
    }
    note("an argument of the kind '" + utf8(v.name.substr(0, 40))
        + "' is not known; its place holds <unknown>");
    return "<unknown>";
}

std::string quoted_infinities(std::string_view json) {
    std::string out;
    out.reserve(json.size() + 64);
    bool in_text = false;
    for (size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_text) {
            out += c;
            if (c == '\\' && i + 1 < json.size())
                out += json[++i];
            in_text = c != '"';
            continue;
        }
        in_text = c == '"';
        bool replaced = false;
        for (const std::string_view word :
            {std::string_view("NaN"), std::string_view("Infinity"), std::string_view("-Infinity")})
            if (json.substr(i, word.size()) == word) {
                ((out += '"') += word) += '"';
                i += word.size() - 1;
                replaced = true;
                break;
            }
        if (!replaced)
            out += c;
    }
    return out;
}

} // namespace hopscope::read
