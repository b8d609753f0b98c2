#include "core/match/fields.h"

#include "core/base/text.h"
#include "core/graph/print.h"
#include "core/match/literals.h"
#include "core/match/tokens.h"

#include <algorithm>
#include <array>

namespace hopscope {

using namespace match;

std::string_view field_name(Field field) {
    static constexpr std::array<std::string_view, 20> kNames{"count", "kind", "target", "attribute", "tree",
        "constant", "operand", "dtype", "shape", "stride", "device", "symbol", "type", "name", "location",
        "id", "mutation", "side_effect", "order", "body"};
    return kNames[static_cast<size_t>(field)];
}

namespace {

bool same_texts(
    const GraphModule& a, std::span<const StringId> x, const GraphModule& b, std::span<const StringId> y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(),
        [&](StringId p, StringId q) { return a.text(p) == b.text(q); });
}

// "(8, 1)"
std::string dims_text(const GraphModule& module, std::span<const StringId> dims) {
    std::string out = "(";
    for (size_t i = 0; i < dims.size(); ++i)
        (out += i ? ", " : "") += module.text(dims[i]);
    return out + (dims.size() == 1 ? ",)" : ")");
}

std::string type_text(const GraphModule& module, const ValueType* type) {
    return type ? std::string(module.text(type->text)) : std::string();
}

std::string dtype_text(const GraphModule& module, const ValueType& type) {
    const std::string_view abbreviation = module.text(type.dtype);
    const DType* known = dtype_by_abbreviation(abbreviation);
    return std::string(known ? known->name : abbreviation);
}

void compare_tensors(const GraphModule& a, const ValueType& x, const GraphModule& b, const ValueType& y,
    const MatchOptions& o, std::vector<FieldDifference>& out) {
    if (o.dtypes && a.text(x.dtype) != b.text(y.dtype))
        out.push_back({Field::Dtype, {}, dtype_text(a, x), dtype_text(b, y)});
    if (o.shapes && !same_texts(a, a.shape(x), b, b.shape(y)))
        out.push_back({Field::Shape, {}, dims_text(a, a.shape(x)), dims_text(b, b.shape(y))});
    const bool strides = x.has_stride && y.has_stride ? !same_texts(a, a.stride(x), b, b.stride(y))
                                                      : x.has_stride != y.has_stride && !o.open;
    if (o.strides && strides)
        out.push_back({Field::Stride, {}, x.has_stride ? dims_text(a, a.stride(x)) : "",
            y.has_stride ? dims_text(b, b.stride(y)) : ""});
    if (o.devices && a.text(x.device) != b.text(y.device)
        && !(o.open && x.device.valid() != y.device.valid()))
        out.push_back({Field::Device, {}, std::string(a.text(x.device)), std::string(b.text(y.device))});
}

// The nodes of two modules that are compared, and what is found.
class Pair {
public:
    Pair(const GraphModule& a, BodyId body_a, NodeId node_a, const GraphModule& b, BodyId body_b,
        NodeId node_b, const MatchOptions& options, std::vector<FieldDifference>& out)
        : a_(a)
        , b_(b)
        , scope_a_(body_a)
        , scope_b_(body_b)
        , id_a_(node_a)
        , id_b_(node_b)
        , x_(a.body(body_a).node(node_a))
        , y_(b.body(body_b).node(node_b))
        , options_(options)
        , out_(out) { }

    void run() {
        if (x_.op != y_.op) {
            // A method and a function of one name are two operators rather than two kinds of node.
            if (is_call(x_) && is_call(y_))
                add(Field::Target, {}, called(a_, x_), called(b_, y_));
            else
                add(Field::Kind, {}, std::string(opcode_name(x_.op)), std::string(opcode_name(y_.op)));
            return;
        }
        if (!targets())
            return; // arguments of another operator are other arguments
        arguments();
        compare_types(a_, x_.type, b_, y_.type, options_, out_);
        labels();
    }

private:
    void add(Field field, std::string where, std::string expected, std::string found) {
        out_.push_back({field, std::move(where), std::move(expected), std::move(found)});
    }

    static bool is_call(const Node& node) {
        return node.op == Opcode::CallFunction || node.op == Opcode::CallMethod
            || node.op == Opcode::CallModule;
    }
    static std::string called(const GraphModule& module, const Node& node) {
        const std::string_view target = plain_target(module.text(node.target));
        return (node.op == Opcode::CallMethod          ? "method "
                       : node.op == Opcode::CallModule ? "module "
                                                       : "")
            + std::string(target);
    }

    bool targets() {
        const std::string_view s = a_.text(x_.target);
        const std::string_view t = b_.text(y_.target);
        switch (x_.op) {
        case Opcode::Output:
        case Opcode::Placeholder:
            return true;
        case Opcode::GetAttr: {
            const bool body_a = child_body(a_, scope_a_, x_.target).valid();
            const bool body_b = child_body(b_, scope_b_, y_.target).valid();
            if (body_a != body_b && !options_.open)
                add(Field::Body, {}, body_a ? std::string(s) : "", body_b ? std::string(t) : "");
            if (body_a || body_b)
                return true;
            if (!options_.open || s.empty() || t.empty())
                paths(s, t);
            return true;
        }
        case Opcode::CallModule:
            paths(s, t);
            return true;
        case Opcode::CallFunction:
        case Opcode::CallMethod:
            if (plain_target(s) == plain_target(t))
                return true;
            add(Field::Target, {}, std::string(plain_target(s)), std::string(plain_target(t)));
            return false;
        }
        return true;
    }

    void paths(std::string_view s, std::string_view t) {
        if (s != t && (options_.layer_indices || without_indices(s) != without_indices(t)))
            add(Field::Attribute, {}, std::string(s), std::string(t));
    }

    void arguments() {
        std::vector<Token> s;
        std::vector<Token> t;
        tokens_of(a_, scope_a_, id_a_, options_, s);
        tokens_of(b_, scope_b_, id_b_, options_, t);
        size_t i = 0;
        size_t k = 0;
        while (i < s.size() && k < t.size()) {
            const size_t end_i = argument_end(s, i);
            const size_t end_k = argument_end(t, k);
            if (s[i].kind == Token::Kind::Keyword || t[k].kind == Token::Kind::Keyword) {
                // Keywords are sorted: one that stands on one side alone is named, the rest still compared.
                const std::string p = keyword(a_, s[i]);
                const std::string q = keyword(b_, t[k]);
                if (p != q) {
                    if (!p.empty() && (q.empty() || p < q)) {
                        add(Field::Count, argument_name(a_, s, i), argument(a_, scope_a_, s, i), {});
                        i = end_i;
                    } else {
                        add(Field::Count, argument_name(b_, t, k), {}, argument(b_, scope_b_, t, k));
                        k = end_k;
                    }
                    continue;
                }
            }
            one_argument(s, i, end_i, t, k, end_k);
            i = end_i;
            k = end_k;
        }
        for (; i < s.size(); i = argument_end(s, i))
            add(Field::Count, where(a_, s, i), argument(a_, scope_a_, s, i), {});
        for (; k < t.size(); k = argument_end(t, k))
            add(Field::Count, where(b_, t, k), {}, argument(b_, scope_b_, t, k));
    }

    static std::string keyword(const GraphModule& module, const Token& token) {
        return token.kind == Token::Kind::Keyword ? std::string(module.text(token.arg->text()))
                                                  : std::string();
    }
    static size_t argument_end(const std::vector<Token>& tokens, size_t at) {
        do
            ++at;
        while (at < tokens.size() && tokens[at].depth > 0);
        return at;
    }
    static std::string argument(
        const GraphModule& module, BodyId scope, const std::vector<Token>& tokens, size_t at) {
        return print_arg(module, module.body(scope), *tokens[argument_start(tokens, at)].arg);
    }
    std::string where(const GraphModule& module, const std::vector<Token>& tokens, size_t at) const {
        return argument_name(module, tokens, at);
    }

    void one_argument(const std::vector<Token>& s, size_t i, size_t end_i, const std::vector<Token>& t,
        size_t k, size_t end_k) {
        const size_t start_i = i;
        const size_t start_k = k;
        while (i < end_i && k < end_k && same_token(a_, s[i], b_, t[k])) {
            ++i;
            ++k;
        }
        if (i == end_i && k == end_k)
            return;
        if (x_.op == Opcode::Output) {
            output(s, start_i, end_i, t, start_k, end_k);
            return;
        }
        const auto nodes = [](const std::vector<Token>& list, size_t from, size_t to) {
            return std::count_if(list.begin() + static_cast<long>(from), list.begin() + static_cast<long>(to),
                [](const Token& token) { return token.kind == Token::Kind::Node; });
        };
        const auto nodes_a = nodes(s, start_i, end_i);
        const auto nodes_b = nodes(t, start_k, end_k);
        Field field = Field::Tree;
        if (nodes_a != nodes_b)
            field = nodes_a == 0 || nodes_b == 0 ? Field::Kind : Field::Count;
        else if (i < end_i && k < end_k && s[i].kind == Token::Kind::Leaf && t[k].kind == Token::Kind::Leaf)
            field = leaf_field(s[i], t[k]);
        else if (nodes_a == 0)
            field = Field::Constant;
        add(field, where(a_, s, start_i), argument(a_, scope_a_, s, start_i),
            argument(b_, scope_b_, t, start_k));
    }

    // A returned value more or less, or a None for a value, is told as such, not by printing all of them.
    void output(const std::vector<Token>& s, size_t i, size_t end_i, const std::vector<Token>& t, size_t k,
        size_t end_k) {
        const auto items = [](const std::vector<Token>& list, size_t from, size_t to) {
            return std::count_if(list.begin() + static_cast<long>(from), list.begin() + static_cast<long>(to),
                [](const Token& token) { return token.depth == 1; });
        };
        const auto n = items(s, i, end_i);
        const auto m = items(t, k, end_k);
        if (n != m) {
            add(Field::Count, "outputs", std::to_string(n), std::to_string(m));
            return;
        }
        size_t item = 0;
        for (; i < end_i && k < end_k; ++i, ++k) {
            item += s[i].depth == 1;
            if (!same_token(a_, s[i], b_, t[k])) {
                add(s[i].kind != t[k].kind ? Field::Kind : Field::Constant,
                    item ? "output " + std::to_string(item - 1) : "outputs",
                    print_arg(a_, a_.body(scope_a_), *s[i].arg), print_arg(b_, b_.body(scope_b_), *t[k].arg));
                return;
            }
        }
    }

    Field leaf_field(const Token& s, const Token& t) const {
        if (s.arg->kind == t.arg->kind) {
            if (s.arg->kind == ArgKind::Dtype)
                return Field::Dtype;
            if (s.arg->kind == ArgKind::Device)
                return Field::Device;
            if (s.arg->kind == ArgKind::Operator)
                return Field::Target;
        }
        return Field::Constant;
    }

    void labels() {
        if (options_.names && x_.op != Opcode::Output && a_.text(x_.name) != b_.text(y_.name))
            add(Field::Name, {}, std::string(a_.text(x_.name)), std::string(b_.text(y_.name)));
        else if (options_.names && x_.op == Opcode::Placeholder && a_.text(x_.target) != b_.text(y_.target))
            add(Field::Name, "parameter", std::string(a_.text(x_.target)), std::string(b_.text(y_.target)));
        const Source* s = a_.source(x_.source);
        const Source* t = b_.source(y_.source);
        if (options_.open && (!s || !t))
            return;
        if (options_.locations && place(a_, s) != place(b_, t))
            add(Field::Location, {}, place(a_, s), place(b_, t));
        if (options_.ids && call_id(s) != call_id(t))
            add(Field::Id, "call_id", call_id(s), call_id(t));
    }

    static std::string call_id(const Source* s) {
        return s && s->call_id ? std::to_string(*s->call_id) : std::string();
    }
    static std::string place(const GraphModule& module, const Source* s) {
        if (!s || !s->has_place())
            return {};
        return std::string(module.text(s->file)) + ':' + std::to_string(s->line) + " in "
            + std::string(module.text(s->function));
    }

    const GraphModule& a_;
    const GraphModule& b_;
    BodyId scope_a_, scope_b_;
    NodeId id_a_, id_b_;
    const Node& x_;
    const Node& y_;
    const MatchOptions& options_;
    std::vector<FieldDifference>& out_;
};

} // namespace

void compare_types(const GraphModule& a, TypeId type_a, const GraphModule& b, TypeId type_b,
    const MatchOptions& o, std::vector<FieldDifference>& out) {
    const ValueType* x = a.type(type_a);
    const ValueType* y = b.type(type_b);
    if (!o.dtypes && !o.shapes && !o.strides && !o.devices)
        return;
    if (!x || !y) {
        if (x != y && !o.open)
            out.push_back({Field::Type, {}, type_text(a, x), type_text(b, y)});
        return;
    }
    if (x->kind != y->kind) {
        out.push_back({Field::Type, {}, type_text(a, x), type_text(b, y)});
        return;
    }
    if (x->kind == TypeKind::Tensor)
        compare_tensors(a, *x, b, *y, o, out);
    else if (x->kind == TypeKind::Sym && o.shapes && a.text(x->symbol) != b.text(y->symbol))
        out.push_back({Field::Symbol, {}, std::string(a.text(x->symbol)), std::string(b.text(y->symbol))});
    else if (x->kind != TypeKind::Sym && o.shapes && a.text(x->text) != b.text(y->text))
        out.push_back({Field::Type, {}, type_text(a, x), type_text(b, y)});
}

void compare_nodes(const GraphModule& a, BodyId body_a, NodeId node_a, const GraphModule& b, BodyId body_b,
    NodeId node_b, const MatchOptions& options, std::vector<FieldDifference>& out) {
    Pair(a, body_a, node_a, b, body_b, node_b, options, out).run();
}

} // namespace hopscope
