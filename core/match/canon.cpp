#include "core/match/canon.h"

#include "core/match/effects.h"
#include "core/match/hash.h"
#include "core/match/literals.h"
#include "core/match/tokens.h"

namespace hopscope {

using namespace match;

class Canon::Builder {
public:
    Builder(const GraphModule& module, const MatchOptions& options, std::vector<Form>& forms)
        : module_(module)
        , options_(options)
        , forms_(forms)
        , texts_(module.strings.size(), 0)
        , types_(module.types.size(), 0) { }

    // A parent stands before its children: from the end, called bodies are done before their callers.
    void run() {
        for (size_t b = module_.bodies.size(); b-- > 0;)
            body(BodyId(b));
    }

private:
    uint64_t text(StringId id) {
        if (!id)
            return 0;
        uint64_t& h = texts_[id.index];
        if (!h)
            h = text_hash(module_.text(id)) | 1;
        return h;
    }

    uint64_t type(TypeId id) {
        const MatchOptions& o = options_;
        if (!id || o.open || !(o.dtypes || o.shapes || o.strides || o.devices))
            return 0;
        uint64_t& h = types_[id.index];
        if (!h)
            h = type_hash(module_.types[id.index]) | 1;
        return h;
    }

    uint64_t type_hash(const ValueType& t) {
        uint64_t h = static_cast<uint64_t>(t.kind);
        if (t.kind != TypeKind::Tensor)
            return options_.shapes ? mix(h, text(t.kind == TypeKind::Sym ? t.symbol : t.text)) : h;
        if (options_.dtypes)
            h = mix(h, text(t.dtype));
        if (options_.shapes) {
            h = mix(h, t.rank);
            for (const StringId dim : module_.shape(t))
                h = mix(h, text(dim));
        }
        if (options_.strides) {
            h = mix(h, t.has_stride);
            for (const StringId step : module_.stride(t))
                h = mix(h, text(step));
        }
        if (options_.devices)
            h = mix(h, text(t.device));
        return h;
    }

    uint64_t path(StringId id) {
        return options_.layer_indices ? text(id) : text_hash(without_indices(module_.text(id)));
    }

    // What the node is called by: its operator, its position, its attribute.
    uint64_t target(const Body& body, BodyId scope, const Node& node, size_t at) {
        switch (node.op) {
        case Opcode::Placeholder:
            return options_.names ? mix(at, text(node.target)) : at;
        case Opcode::GetAttr:
            // A region is what it computes, not what it is called; one whose body is not printed is just
            // some.
            if (const BodyId called = child_body(module_, scope, node.target))
                return options_.open ? 1 : mix(2, forms_[called.index].hash);
            return options_.open && names_a_body(body, node) ? 1 : mix(3, path(node.target));
        case Opcode::CallModule:
            return path(node.target);
        case Opcode::CallFunction:
            return text_hash(plain_target(module_.text(node.target)));
        case Opcode::CallMethod:
            return text(node.target);
        case Opcode::Output:
            break;
        }
        return 0;
    }

    // Whether a higher-order operator takes it: then a body stands behind it, printed or not.
    bool names_a_body(const Body& body, const Node& node) const {
        for (const NodeId user : body.users_of(node))
            if (module_.text(body.node(user).target).starts_with("torch.ops.higher_order."))
                return true;
        return false;
    }

    uint64_t own(const Body& body, BodyId scope, const Node& node, size_t at) {
        uint64_t h = mix(static_cast<uint64_t>(node.op), target(body, scope, node, at));
        h = mix(h, type(node.type));
        if (options_.names && node.op != Opcode::Output)
            h = mix(h, text(node.name));
        if (options_.order)
            h = mix(h, at);
        const Source* source = options_.locations || options_.ids ? module_.source(node.source) : nullptr;
        if (source && options_.locations && !options_.open)
            h = mix(mix(mix(h, text(source->file)), source->line), text(source->function));
        if (source && options_.ids && !options_.open)
            h = mix(h, source->call_id ? static_cast<uint64_t>(*source->call_id) + 1 : 0);
        return h;
    }

    void body(BodyId id) {
        const Body& body = module_.body(id);
        Form& form = forms_[id.index];
        const size_t n = body.nodes.size();
        const Effects effects = effects_of(module_, body);
        form.kinds.resize(n);
        form.values.resize(n);
        form.places.assign(n, 0);
        for (size_t i = 0; i < n; ++i) {
            const uint64_t own_hash = own(body, id, body.nodes[i], i);
            tokens_of(module_, id, NodeId(i), options_, tokens_);
            uint64_t kind = own_hash;
            uint64_t value = mix(own_hash, effects.moments[i]);
            for (const Token& t : tokens_) {
                const uint64_t h = token_hash(module_, t);
                kind = mix(kind, h);
                value = mix(value, h);
                if (t.kind == Token::Kind::Node) {
                    const NodeId operand = t.arg->node();
                    value = mix(value, operand.index < i ? form.values[operand.index] : 0);
                }
            }
            form.kinds[i] = kind;
            form.values[i] = value;
        }
        // Uses, from the outputs up: a sum, since users have no order of their own.
        uint64_t sum = 0;
        for (size_t i = n; i-- > 0;) {
            form.places[i] = mix(form.values[i], form.places[i]);
            sum += mix(7, form.places[i]);
            tokens_of(module_, id, NodeId(i), options_, tokens_);
            for (size_t k = 0; k < tokens_.size(); ++k)
                if (const Token& t = tokens_[k]; t.kind == Token::Kind::Node && t.arg->node().index < i)
                    form.places[t.arg->node().index] += mix(form.places[i], k);
        }
        form.hash = mix(mix(n, body.placeholder_count()), sum);
    }

    const GraphModule& module_;
    const MatchOptions& options_;
    std::vector<Form>& forms_;
    std::vector<uint64_t> texts_, types_; // by StringId, by TypeId; 0 = not made yet
    std::vector<Token> tokens_;
};

Canon::Canon(const GraphModule& module, const MatchOptions& options)
    : module_(&module)
    , options_(options)
    , bodies_(module.bodies.size()) {
    Builder(module, options_, bodies_).run();
}

} // namespace hopscope
