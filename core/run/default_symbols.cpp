#include "core/run/default_symbols.h"

#include "core/base/text.h"
#include "core/graph/calls.h"
#include "core/run/index_bounds.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace hopscope::run {

namespace {

// A model has a handful of symbols. Behind so many none is looked for, and behind the first hundred none is
// tried against the others: a text made for it would take hours.
constexpr size_t kMostSymbols = 1000, kMostTried = 100;

// Names in an expression that are no functions: "2*s77 + Max(1, u0)" has s77 and u0.
void add_symbols(std::string_view text, const Bindings& symbols, std::vector<std::string>& names) {
    for (size_t at = 0; at < text.size() && names.size() < kMostSymbols;) {
        if (!is_identifier_start(text[at])) {
            ++at;
            continue;
        }
        size_t end = at;
        while (end < text.size() && is_identifier_char(text[end]))
            ++end;
        const std::string name(text.substr(at, end - at));
        const bool after_digit = at > 0 && (is_digit(text[at - 1]) || text[at - 1] == '.'); // 1e5
        const bool function = end < text.size() && text[end] == '(';
        if (!after_digit && !function && name != "True" && name != "False" && !symbols.contains(name)
            && std::find(names.begin(), names.end(), name) == names.end())
            names.push_back(name);
        at = end;
    }
}

void add_symbols(
    const GraphModule& module, const Node& n, const Bindings& symbols, std::vector<std::string>& names) {
    const ValueType* type = module.type(n.type);
    if (type && type->kind == TypeKind::Sym)
        add_symbols(module.text(type->symbol), symbols, names);
    if (!type || type->kind != TypeKind::Tensor)
        return;
    for (const StringId dim : module.shape(*type))
        add_symbols(module.text(dim), symbols, names);
    for (const StringId dim : module.stride(*type))
        add_symbols(module.text(dim), symbols, names);
}

std::vector<std::string> unbound_symbols(const GraphModule& module, BodyId id, const Bindings& symbols) {
    std::vector<std::string> names;
    for (const Node& n : module.body(id).nodes)
        if (n.op == Opcode::Placeholder || n.op == Opcode::GetAttr)
            add_symbols(module, n, symbols, names);
    return names;
}

// The body and those that it calls, each once.
std::vector<BodyId> reached_bodies(const GraphModule& module, BodyId root) {
    std::vector<BodyId> all{root};
    for (size_t i = 0; i < all.size(); ++i)
        for (size_t n = 0; n < module.body(all[i]).nodes.size(); ++n)
            for (const BodyId called : called_bodies(module, all[i], NodeId(n)))
                if (std::find(all.begin(), all.end(), called) == all.end())
                    all.push_back(called);
    return all;
}

// Whether "s77 >= 2", "Eq(s77, 4)", "Ne(u0, 1)" holds; nothing where it is no comparison of known numbers.
std::optional<bool> holds(std::string_view text, const Bindings& symbols) {
    for (const std::string_view name : {"Eq(", "Ne("}) {
        const size_t comma = text.rfind(", ");
        if (!text.starts_with(name) || !text.ends_with(")") || comma == std::string_view::npos)
            continue;
        const auto a = evaluate_symbolic(text.substr(3, comma - 3), symbols);
        const auto b = evaluate_symbolic(text.substr(comma + 2, text.size() - comma - 3), symbols);
        return a && b ? std::optional((*a == *b) == (name == "Eq(")) : std::nullopt;
    }
    for (const std::string_view op : {" >= ", " <= ", " > ", " < ", " == ", " != "}) {
        const size_t at = text.find(op);
        if (at == std::string_view::npos)
            continue;
        const auto a = evaluate_symbolic(text.substr(0, at), symbols);
        const auto b = evaluate_symbolic(text.substr(at + op.size()), symbols);
        if (!a || !b)
            return std::nullopt;
        return op == " >= " ? *a >= *b
            : op == " <= "  ? *a <= *b
            : op == " > "   ? *a > *b
            : op == " < "   ? *a < *b
            : op == " == "  ? *a == *b
                            : *a != *b;
    }
    return std::nullopt;
}

// What the values of symbols must fulfil.
class Constraints {
public:
    Constraints(const GraphModule& module, BodyId body)
        : module_(module)
        , bodies_(reached_bodies(module, body)) {
        for (const BodyId id : bodies_)
            for (size_t i = 0; i < module.body(id).nodes.size(); ++i)
                collect(id, NodeId(i));
    }

    // False where something that can be known does not hold.
    bool allow(const Bindings& symbols) const {
        for (const StringId size : sizes_)
            if (const auto value = evaluate_symbolic(module_.text(size), symbols); value && *value < 0)
                return false;
        for (const StringId condition : asserted_)
            if (holds(module_.text(condition), symbols) == false)
                return false;
        for (const auto& [body, node] : counted_) {
            const ValueType* type = module_.type(module_.body(body).node(node).type);
            const auto size = evaluate_symbolic(module_.text(module_.shape(*type)[0]), symbols);
            const IntegerRange range = IndexBounds(module_, symbols).of(body, node);
            if (size && range.high && *size > *range.high)
                return false;
        }
        return true;
    }

private:
    bool symbolic(StringId text) const {
        std::vector<std::string> names;
        add_symbols(module_.text(text), {}, names);
        return !names.empty();
    }
    void collect(BodyId body, NodeId id) {
        const Node& n = module_.body(body).node(id);
        const std::string_view target = short_target(module_, n);
        const ValueType* type = module_.type(n.type);
        if (type && type->kind == TypeKind::Tensor) {
            for (const StringId dim : module_.shape(*type))
                if (symbolic(dim))
                    sizes_.insert(dim);
            if (target.starts_with("aten.arange.") && type->rank == 1 && symbolic(module_.shape(*type)[0]))
                counted_.emplace_back(body, id);
        }
        if (!target.starts_with("aten._assert_scalar."))
            return;
        for (const NodeId input : module_.body(body).inputs_of(n)) {
            const ValueType* condition = module_.type(module_.body(body).node(input).type);
            if (condition && condition->kind == TypeKind::Sym)
                asserted_.insert(condition->symbol);
        }
    }

    const GraphModule& module_;
    std::vector<BodyId> bodies_;
    std::set<StringId> sizes_, asserted_;
    std::vector<std::pair<BodyId, NodeId>> counted_;
};

int64_t choose(const std::string& name, const Constraints& constraints, Bindings symbols) {
    std::vector<int64_t> candidates;
    for (int64_t n = 8; n <= 64; n += 8)
        candidates.push_back(n);
    for (int64_t n = 2; n <= 64; ++n)
        candidates.push_back(n);
    for (const int64_t candidate : candidates) {
        const bool taken = std::any_of(
            symbols.begin(), symbols.end(), [&](const auto& entry) { return entry.second == candidate; });
        if (taken)
            continue;
        Bindings tried = symbols;
        tried[name] = candidate;
        if (constraints.allow(tried))
            return candidate;
    }
    return 8;
}

} // namespace

Bindings symbol_hints(const Dump& dump, GraphId graph) {
    Bindings hints;
    const CompilationId compilation = dump.graph(graph).compilation;
    for (const SymbolHint& symbol : dump.symbols) {
        int64_t value = 0;
        const char* end = symbol.value.data() + symbol.value.size();
        if (symbol.compilation == compilation && !symbol.value.empty()
            && std::from_chars(symbol.value.data(), end, value).ptr == end)
            hints.emplace(symbol.name, value);
    }
    return hints;
}

std::vector<DefaultSymbol> bind_default_symbols(
    const GraphModule& module, BodyId body, const Bindings& hints, Bindings& symbols) {
    std::vector<DefaultSymbol> chosen;
    const std::vector<std::string> names = unbound_symbols(module, body, symbols);
    if (names.empty())
        return chosen;
    for (const std::string& name : names)
        if (const auto hint = hints.find(name); hint != hints.end())
            symbols[name] = hint->second;
    const Constraints constraints(module, body);
    for (const std::string& name : names) {
        const bool hinted = hints.contains(name);
        if (!hinted)
            symbols[name] = chosen.size() < kMostTried ? choose(name, constraints, symbols) : 8;
        chosen.push_back({name, symbols[name], hinted});
    }
    return chosen;
}

std::vector<std::string> symbols_of(const GraphModule& module) {
    std::vector<std::string> names;
    for (const Body& body : module.bodies)
        for (const Node& n : body.nodes)
            add_symbols(module, n, {}, names);
    return names;
}

std::string in_words(const Bindings& symbols, const std::vector<DefaultSymbol>& defaults) {
    std::string words;
    for (const auto& [name, value] : symbols) {
        words += (words.empty() ? "" : ", ") + name + '=' + std::to_string(value);
        for (const DefaultSymbol& symbol : defaults)
            if (symbol.name == name)
                words += symbol.hinted ? " (as traced)" : " (chosen)";
    }
    return words;
}

} // namespace hopscope::run
