#include "core/read/module_builder.h"

#include "core/base/text.h"
#include "core/graph/calls.h"
#include "core/read/comment.h"

#include <algorithm>

namespace hopscope::read {

ModuleBuilder::ModuleBuilder(std::shared_ptr<const void> storage)
    : module_(std::make_shared<GraphModule>()) {
    module_->storage = std::move(storage);
}

BodyId ModuleBuilder::begin_body(std::string_view class_name, BodyId parent) {
    current_ = BodyId(module_->bodies.size());
    ++scope_;
    Body& b = module_->bodies.emplace_back();
    // Most bodies grow to some tens of nodes: not in seven steps. A text of many bodies has small ones.
    constexpr size_t kWithRoom = 8, kNodes = 64, kArgs = 256;
    if (current_.index < kWithRoom) {
        b.nodes.reserve(kNodes);
        b.args.reserve(kArgs);
    }
    b.class_name = intern(class_name);
    b.parent = parent;
    if (parent)
        module_->bodies[parent.index].children.push_back(current_);
    return current_;
}

NodeId ModuleBuilder::node_named(StringId name) const {
    if (name.index >= names_.size() || names_[name.index].scope != scope_)
        return {};
    return names_[name.index].node;
}

NodeId ModuleBuilder::add_node(Node node) {
    Body& b = body();
    const NodeId id(b.nodes.size());
    b.nodes.push_back(node);
    rename(id, node.name);
    return id;
}

void ModuleBuilder::rename(NodeId node, StringId name) {
    body().nodes[node.index].name = name;
    also_named(node, name);
}

void ModuleBuilder::also_named(NodeId node, StringId name) {
    if (name.index >= names_.size())
        names_.resize(module_->strings.size());
    names_[name.index] = {scope_, node};
}

void ModuleBuilder::drop_nodes() {
    ++scope_; // a parameter may have been known under two names
    body().nodes.clear();
    body().args.clear();
}

void ModuleBuilder::add_free_inputs(const std::vector<StringId>& names, std::string_view descriptor) {
    Body& b = body();
    const auto at = static_cast<uint32_t>(b.placeholder_count());
    const auto added = static_cast<uint32_t>(names.size());
    std::vector<Node> nodes;
    for (const StringId name : names) {
        Node node;
        node.op = Opcode::Placeholder;
        node.name = node.target = name;
        node.descriptor = intern(descriptor);
        nodes.push_back(node);
    }
    b.nodes.insert(b.nodes.begin() + at, nodes.begin(), nodes.end());
    for (Arg& arg : b.args) {
        if (arg.kind == ArgKind::Node && arg.ref >= at)
            arg.ref += added;
        if (arg.kind != ArgKind::Symbol)
            continue;
        const auto known = std::find(names.begin(), names.end(), arg.text());
        if (known != names.end())
            arg = {ArgKind::Node, 1, at + static_cast<uint32_t>(known - names.begin())};
    }
    for (NameSlot& slot : names_)
        if (slot.scope == scope_ && slot.node && slot.node.index >= at)
            slot.node = NodeId(slot.node.index + added);
    for (uint32_t i = 0; i < added; ++i)
        rename(NodeId(at + i), names[i]);
}

bool ModuleBuilder::is_symbol(StringId name) const {
    // torch/utils/_sympy/symbol.py, prefix_str.
    const std::string_view text = module_->text(name);
    for (const std::string_view prefix : {"s", "u", "zf", "zuf", "ps"}) {
        const std::string_view number = text.starts_with(prefix) ? text.substr(prefix.size()) : "";
        if (!number.empty() && std::all_of(number.begin(), number.end(), is_digit))
            return true;
    }
    const auto speaks_of = [&](StringId expression) {
        const std::string_view words = module_->text(expression);
        for (size_t at = words.find(text); at != std::string_view::npos; at = words.find(text, at + 1)) {
            const size_t end = at + text.size();
            if ((at == 0 || !is_identifier_char(words[at - 1]))
                && (end == words.size() || !is_identifier_char(words[end])))
                return true;
        }
        return false;
    };
    return std::any_of(module_->dims.begin(), module_->dims.end(), speaks_of)
        || std::any_of(module_->types.begin(), module_->types.end(),
            [&](const ValueType& t) { return t.symbol && speaks_of(t.symbol); });
}

namespace {

// Splits "a, b(c, d), e" at top-level commas.
void split_dims(std::string_view list, GraphModule& module, uint16_t& count) {
    count = 0;
    size_t from = 0;
    int depth = 0;
    for (size_t i = 0; i <= list.size(); ++i) {
        const char c = i < list.size() ? list[i] : ',';
        if (c == '(' || c == '[')
            ++depth;
        else if (c == ')' || c == ']')
            --depth;
        if (c != ',' || (depth > 0 && i < list.size()) || count == UINT16_MAX)
            continue;
        const std::string_view dim = trimmed(list.substr(from, i - from));
        from = i + 1;
        if (dim.empty())
            continue;
        module.dims.push_back(module.strings.intern(dim));
        ++count;
    }
}

// The position after the bracket that closes the one at `open`; npos if none does.
size_t after_bracket(std::string_view text, size_t open) {
    int depth = 0;
    for (size_t i = open; i < text.size(); ++i) {
        if (text[i] == '[' || text[i] == '(')
            ++depth;
        else if ((text[i] == ']' || text[i] == ')') && --depth == 0)
            return i + 1;
    }
    return std::string_view::npos;
}

bool parse_tensor(std::string_view text, GraphModule& module, ValueType& type) {
    const size_t open = text.find('[');
    if (open == std::string_view::npos || !is_identifier(text.substr(0, open)))
        return false;
    const size_t end = after_bracket(text, open);
    if (end == std::string_view::npos)
        return false;
    size_t stride_end = end;
    if (end < text.size() && text[end] == '[') {
        stride_end = after_bracket(text, end);
        if (stride_end == std::string_view::npos)
            return false;
    }
    const std::string_view device = text.substr(stride_end);
    for (const char c : device)
        if (!is_identifier_char(c) && c != ':')
            return false;
    type.kind = TypeKind::Tensor;
    type.dtype = module.strings.intern(text.substr(0, open));
    if (!device.empty())
        type.device = module.strings.intern(device);
    type.dims_begin = static_cast<uint32_t>(module.dims.size());
    split_dims(text.substr(open + 1, end - open - 2), module, type.rank);
    if (stride_end != end) {
        uint16_t strides = 0;
        split_dims(text.substr(end + 1, stride_end - end - 2), module, strides);
        type.has_stride = strides == type.rank;
    }
    return true;
}

} // namespace

TypeId ModuleBuilder::type(std::string_view annotation) {
    const StringId text = intern(annotation);
    if (text.index >= types_.size())
        types_.resize(module_->strings.size());
    if (types_[text.index])
        return types_[text.index];
    ValueType type;
    type.text = text;
    if (annotation.starts_with("Sym(") && annotation.ends_with(')')) {
        type.kind = TypeKind::Sym;
        type.symbol = intern(annotation.substr(4, annotation.size() - 5));
    } else if (!parse_tensor(annotation, *module_, type)) {
        const size_t open = annotation.find('(');
        type.kind = open != std::string_view::npos && is_identifier(annotation.substr(0, open))
            ? TypeKind::Subclass
            : TypeKind::Other;
    }
    const TypeId id(module_->types.size());
    module_->types.push_back(type);
    return types_[text.index] = id;
}

SourceId ModuleBuilder::source(std::string_view comment) {
    const StringId text = intern(comment);
    if (const auto known = sources_.find(text); known != sources_.end())
        return known->second;
    SourceId id;
    Source source;
    if (parse_comment(comment, module_->strings, source)) {
        id = SourceId(module_->sources.size());
        module_->sources.push_back(source);
    }
    sources_.emplace(text, id);
    return id;
}

namespace {

// Graph deduplication writes no types at the inputs of its regions: they are those of what is passed, where
// all calls agree.
void infer_input_types(GraphModule& module) {
    const auto untyped = [](const Node& n) { return n.op == Opcode::Placeholder && !n.type; };
    for (size_t p = 0; p < module.bodies.size(); ++p) {
        const auto wanting = [&](BodyId child) {
            const auto& nodes = module.bodies[child.index].nodes;
            return std::any_of(nodes.begin(), nodes.end(), untyped);
        };
        const auto& children = module.bodies[p].children;
        if (std::none_of(children.begin(), children.end(), wanting))
            continue;
        const std::vector<RegionCall> calls = region_calls(module, BodyId(p));
        for (const BodyId child : children) {
            if (!wanting(child))
                continue;
            Body& body = module.bodies[child.index];
            for (size_t i = 0, n = body.placeholder_count(); i < n; ++i) {
                if (!untyped(body.nodes[i]))
                    continue;
                TypeId agreed;
                bool agree = true;
                for (const RegionCall& call : calls) {
                    if (call.body != child || i >= call.operands.size())
                        continue;
                    const NodeId operand = call.operands[i];
                    const TypeId type = operand ? module.bodies[p].node(operand).type : TypeId();
                    agree = agree && type && (!agreed || agreed == type);
                    agreed = type;
                }
                if (agree && agreed)
                    body.nodes[i].type = agreed;
            }
        }
    }
}

} // namespace

std::shared_ptr<const GraphModule> ModuleBuilder::finish() {
    for (Body& b : module_->bodies)
        derive_uses(b);
    infer_input_types(*module_);
    return std::move(module_);
}

} // namespace hopscope::read
