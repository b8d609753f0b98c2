#include "core/read/module_builder.h"

#include "core/base/text.h"
#include "core/read/comment.h"

namespace hopscope::read {

ModuleBuilder::ModuleBuilder(std::shared_ptr<const void> storage)
    : module_(std::make_shared<GraphModule>()) {
    module_->storage = std::move(storage);
}

BodyId ModuleBuilder::begin_body(std::string_view class_name, BodyId parent) {
    current_ = BodyId(module_->bodies.size());
    ++scope_;
    Body& b = module_->bodies.emplace_back();
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
    if (name.index >= names_.size())
        names_.resize(module_->strings.size());
    names_[name.index] = {scope_, node};
}

void ModuleBuilder::drop_nodes() {
    ++scope_; // a parameter may have been known under two names
    body().nodes.clear();
    body().args.clear();
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

std::shared_ptr<const GraphModule> ModuleBuilder::finish() {
    for (Body& b : module_->bodies)
        derive_uses(b);
    return std::move(module_);
}

} // namespace hopscope::read
