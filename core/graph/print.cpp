#include "core/graph/print.h"

#include "core/graph/operators.h"
#include "core/graph/print_args.h"
#include "core/graph/reading.h"

#include <algorithm>

namespace hopscope {

namespace {

std::string_view symbol_of(std::string_view target, size_t operands) {
    if (operands == 1)
        for (const PythonOperator& op : kUnaryOperators)
            if (op.name == target)
                return op.symbol;
    for (const PythonOperator& op : kPythonOperators)
        if (op.name == target)
            return op.symbol;
    for (const PythonOperator& op : kInplaceOperators)
        if (op.name == target)
            return op.symbol;
    return "";
}

// "a.b.0" as an expression: atoms that are no identifiers need getattr.
std::string attribute_path(std::string_view target) {
    std::string out = "self";
    size_t at = 0;
    while (at <= target.size()) {
        const size_t dot = std::min(target.find('.', at), target.size());
        const std::string_view atom = target.substr(at, dot - at);
        const bool plain = !atom.empty() && !(atom.front() >= '0' && atom.front() <= '9')
            && atom.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
                == std::string_view::npos;
        if (plain)
            (out += '.') += atom;
        else
            (out.insert(0, "getattr(") += ", \"").append(atom) += "\")";
        at = dot + 1;
    }
    return out;
}

class Printer {
public:
    Printer(const GraphModule& module, const PrintOptions& options)
        : module_(module)
        , options_(options) { }

    std::string take() { return std::move(out_); }
    void print_tree(BodyId root);
    void statement(const Body& body, const Node& node);
    void expression(const Body& body, const Node& node);

private:
    void print_body(BodyId id, size_t indent);
    void signature(const Body& body, size_t indent);
    void parameter(const Body& body, const Node& node);
    void annotation(const Node& node);
    void comment(SourceId source, size_t indent);
    void result(const Body& body, const Node& node, size_t indent);
    void line(size_t indent) { out_.append(indent, ' '); }
    std::string_view text(StringId id) const { return module_.text(id); }
    std::vector<std::vector<NodeId>> deletions(const Body& body) const;

    const GraphModule& module_;
    const PrintOptions& options_;
    std::string out_;
};

void Printer::annotation(const Node& node) {
    if (!options_.types || !node.type)
        return;
    // A text in quotes, as FX writes it; what has quotes of its own was an expression.
    const std::string_view type = text(module_.types[node.type.index].text);
    const std::string_view quote = type.find('"') == type.npos ? "\"" : "";
    out_ += ": ";
    out_ += quote;
    out_ += type;
    out_ += quote;
}

void Printer::expression(const Body& body, const Node& node) {
    const auto args = body.args_of(node);
    const std::string_view target = text(node.target);
    switch (node.op) {
    case Opcode::Placeholder:
        out_ += target;
        return;
    case Opcode::GetAttr:
        out_ += attribute_path(target);
        return;
    case Opcode::CallModule:
        out_ += attribute_path(target);
        out_ += '(';
        append_args(out_, module_, body, args);
        out_ += ')';
        return;
    case Opcode::CallMethod: {
        const size_t self = args.empty() ? 0 : args[0].size;
        append_args(out_, module_, body, args.first(self));
        (out_ += '.') += target;
        out_ += '(';
        append_args(out_, module_, body, args.subspan(self));
        out_ += ')';
        return;
    }
    case Opcode::Output:
        append_args(out_, module_, body, args);
        return;
    case Opcode::CallFunction:
        break;
    }
    if (node.syntax == Syntax::Attribute && args.size() == 2) {
        append_args(out_, module_, body, args.first(1));
        const std::string_view name = text(args[1].text());
        (out_ += '.') += name.size() > 2 ? name.substr(1, name.size() - 2) : name;
        return;
    }
    if (node.syntax == Syntax::Operator && !args.empty()) {
        const size_t first = args[0].size;
        if (target == "operator.getitem") {
            append_args(out_, module_, body, args.first(first));
            out_ += '[';
            append_args(out_, module_, body, args.subspan(first));
            out_ += ']';
            return;
        }
        const std::string_view symbol = symbol_of(target, first == args.size() ? 1 : 2);
        if (first == args.size()) {
            out_ += symbol;
            append_args(out_, module_, body, args);
        } else {
            append_args(out_, module_, body, args.first(first));
            ((out_ += ' ') += symbol) += ' ';
            append_args(out_, module_, body, args.subspan(first));
        }
        return;
    }
    out_ += target;
    out_ += '(';
    append_args(out_, module_, body, args);
    out_ += ')';
}

// Without deletions. In-place forms are two statements on one line, as FX writes them.
void Printer::statement(const Body& body, const Node& node) {
    const auto args = body.args_of(node);
    if (node.syntax == Syntax::InplaceOperator && !args.empty()) {
        const size_t first = args[0].size;
        append_args(out_, module_, body, args.first(first));
        ((out_ += ' ') += symbol_of(text(node.target), 2)) += ' ';
        append_args(out_, module_, body, args.subspan(first));
        (out_ += ";  ") += text(node.name);
        annotation(node);
        out_ += " = ";
        append_args(out_, module_, body, args.first(first));
        return;
    }
    if (node.syntax == Syntax::SetItem && !args.empty()) {
        const size_t object = args[0].size;
        const size_t key = object < args.size() ? args[object].size : 0;
        append_args(out_, module_, body, args.first(object));
        out_ += '[';
        append_args(out_, module_, body, args.subspan(object, key));
        out_ += "] = ";
        append_args(out_, module_, body, args.subspan(object + key));
        (out_ += ";  ") += text(node.name);
        annotation(node);
        out_ += " = ";
        append_args(out_, module_, body, args.first(object));
        return;
    }
    out_ += text(node.name);
    annotation(node);
    out_ += " = ";
    expression(body, node);
}

void Printer::parameter(const Body& body, const Node& node) {
    out_ += text(node.target);
    annotation(node);
    if (node.args_end > node.args_begin) {
        out_ += " = ";
        append_args(out_, module_, body, body.args_of(node));
    }
}

void Printer::signature(const Body& body, size_t indent) {
    const size_t count = body.placeholder_count();
    const auto described = [](const Node& n) { return n.descriptor.valid(); };
    const bool expanded =
        std::any_of(body.nodes.begin(), body.nodes.begin() + static_cast<ptrdiff_t>(count), described)
        || std::any_of(body.output_descriptors.begin(), body.output_descriptors.end(),
            [](StringId d) { return d.valid(); });
    line(indent);
    if (!expanded) {
        out_ += "def forward(self";
        for (size_t i = 0; i < count; ++i) {
            out_ += ", ";
            parameter(body, body.nodes[i]);
        }
        out_ += "):\n";
        return;
    }
    out_ += "def forward(\n";
    line(indent + 4);
    out_ += "self,\n";
    for (size_t i = 0; i < count; ++i) {
        line(indent + 4);
        parameter(body, body.nodes[i]);
        out_ += ',';
        if (body.nodes[i].descriptor)
            (out_ += "  # ") += text(body.nodes[i].descriptor);
        out_ += '\n';
    }
    line(indent);
    out_ += "):\n";
}

void Printer::comment(SourceId id, size_t indent) {
    line(indent);
    out_ += print_source(module_, id);
    out_ += '\n';
}

// The nodes whose last use each node is, in the order in which FX deletes them (torch/fx/graph.py,
// register_last_uses and delete_unused_values).
std::vector<std::vector<NodeId>> Printer::deletions(const Body& body) const {
    std::vector<std::vector<NodeId>> result(body.nodes.size());
    std::vector<bool> seen(body.nodes.size(), false);
    for (size_t i = body.nodes.size(); i-- > 0;) {
        for (const NodeId input : body.inputs_of(body.nodes[i])) {
            if (seen[input.index])
                continue;
            seen[input.index] = true;
            result[i].push_back(input);
        }
        if (body.nodes[i].users_begin == body.nodes[i].users_end)
            result[i].push_back(NodeId(i));
    }
    return result;
}

void Printer::result(const Body& body, const Node& node, size_t indent) {
    line(indent);
    const auto args = body.args_of(node);
    const bool described = std::any_of(
        body.output_descriptors.begin(), body.output_descriptors.end(), [](StringId d) { return d.valid(); });
    if (!described || args.empty() || !is_sequence(&args[0])) {
        out_ += "return ";
        append_args(out_, module_, body, args);
        out_ += '\n';
        return;
    }
    const bool tuple = args[0].kind == ArgKind::Tuple;
    out_ += tuple ? "return (\n" : "return [\n";
    size_t i = 0;
    for (const Arg& item : items_of(&args[0])) {
        line(indent + 4);
        append_args(out_, module_, body, subtree(item));
        out_ += ',';
        if (i < body.output_descriptors.size() && body.output_descriptors[i])
            (out_ += "  # ") += text(body.output_descriptors[i]);
        out_ += '\n';
        ++i;
    }
    line(indent);
    out_ += tuple ? ")\n" : "]\n";
}

void Printer::print_body(BodyId id, size_t indent) {
    const Body& body = module_.body(id);
    line(indent);
    ((out_ += "class ") += text(body.class_name)) += "(torch.nn.Module):\n";
    signature(body, indent + 4);
    const size_t inner = indent + 8;
    bool after_signature = true;
    const size_t placeholders = body.placeholder_count();
    for (size_t i = 0; i < placeholders; ++i) {
        const Node& n = body.nodes[i];
        std::string_view target = text(n.target);
        while (target.starts_with('*'))
            target.remove_prefix(1);
        if (target == text(n.name))
            continue;
        line(inner);
        ((out_ += text(n.name)) += " = ") += target;
        out_ += '\n';
        after_signature = false;
    }
    for (size_t i = 0; options_.note && i < placeholders; ++i)
        if (const std::string note = options_.note(id, NodeId(i)); !note.empty()) {
            line(inner);
            ((((out_ += "# ") += text(body.nodes[i].name)) += ": ") += note) += '\n';
            after_signature = false;
        }
    const auto last_uses = options_.deletions ? deletions(body) : std::vector<std::vector<NodeId>>{};
    SourceId current;
    bool commented = false;
    for (size_t i = 0; i < body.nodes.size(); ++i) {
        const Node& node = body.nodes[i];
        if (node.op == Opcode::Placeholder)
            continue;
        if (node.op == Opcode::Output) {
            result(body, node, inner);
            continue;
        }
        if (options_.sources
            && (node.source.valid() ? !commented || node.source != current : commented && current.valid())) {
            if (!after_signature)
                out_ += '\n';
            comment(node.source, inner);
            current = node.source;
            commented = true;
        }
        after_signature = false;
        line(inner);
        statement(body, node);
        if (options_.deletions && !last_uses[i].empty()) {
            out_ += ";  ";
            for (const NodeId dead : last_uses[i])
                (out_ += text(body.node(dead).name)) += " = ";
            out_ += "None";
        }
        out_ += '\n';
    }
    if (body.nodes.empty()) {
        line(inner);
        out_ += "pass\n";
    } else if (options_.close && std::none_of(body.nodes.begin(), body.nodes.end(), [](const Node& n) {
                   return n.op == Opcode::Output;
               })) {
        line(inner);
        out_ += "return (";
        for (const Node& n : body.nodes)
            if (n.op != Opcode::Placeholder && n.users_begin == n.users_end)
                (out_ += text(n.name)) += ", ";
        out_ += ")\n";
    }
}

void Printer::print_tree(BodyId root) {
    std::vector<size_t> indents(module_.bodies.size(), 0);
    walk_bodies(module_, root, [&](BodyId id) {
        if (id != root) {
            indents[id.index] = indents[module_.body(id).parent.index] + 4;
            out_ += '\n';
        }
        print_body(id, indents[id.index]);
        return options_.nested ? Walk::Advance : Walk::Stop;
    });
}

} // namespace

std::string print_source(const GraphModule& module, SourceId id) {
    if (!id)
        return "# No stacktrace found for following nodes";
    const Source& s = module.sources[id.index];
    const auto text = [&](StringId string) { return std::string(module.text(string)); };
    std::string out = "#";
    if (s.annotation)
        out += " Annotation: " + text(s.annotation);
    if (s.recompute)
        out += ' ' + text(s.recompute);
    if (s.backward_of)
        out += " Backward of forward node:";
    if (s.has_place()) {
        out += " File: " + text(s.file) + ':' + std::to_string(s.line);
        if (s.function)
            out += " in " + text(s.function);
        out += ", code:";
        if (s.code)
            out += ' ' + text(s.code);
    } else if (s.recompute) {
        out += " No stacktrace found for following nodes";
    }
    return out;
}

std::string print_readable(const GraphModule& module, BodyId body, const PrintOptions& options) {
    Printer printer(module, options);
    printer.print_tree(body);
    return printer.take();
}

std::string print_statement(const GraphModule& module, BodyId body, NodeId node, bool types) {
    PrintOptions options;
    options.types = types;
    Printer printer(module, options);
    const Body& b = module.body(body);
    const Node& n = b.node(node);
    if (n.op == Opcode::Output)
        return "return " + print_args(module, b, n);
    printer.statement(b, n);
    return printer.take();
}

} // namespace hopscope
