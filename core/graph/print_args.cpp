#include "core/graph/print_args.h"

#include "core/graph/print.h"

namespace hopscope {

namespace {

std::string_view closing(ArgKind kind) {
    switch (kind) {
    case ArgKind::List:
        return "]";
    case ArgKind::Dict:
        return "}";
    case ArgKind::Tuple:
    case ArgKind::Slice:
    case ArgKind::Range:
    case ArgKind::Call:
        return ")";
    default:
        return "";
    }
}

void append_opening(std::string& out, const GraphModule& module, const Arg& arg) {
    switch (arg.kind) {
    case ArgKind::Tuple:
        out += '(';
        break;
    case ArgKind::List:
        out += '[';
        break;
    case ArgKind::Dict:
        out += '{';
        break;
    case ArgKind::Slice:
        out += "slice(";
        break;
    case ArgKind::Range:
        out += "range(";
        break;
    case ArgKind::Call:
        out += module.text(arg.text());
        out += '(';
        break;
    case ArgKind::Keyword:
        out += module.text(arg.text());
        out += " = ";
        break;
    default:
        break;
    }
}

bool is_container(ArgKind kind) {
    return kind == ArgKind::Keyword || !closing(kind).empty();
}

void append_leaf(std::string& out, const GraphModule& module, const Body& body, const Arg& arg) {
    switch (arg.kind) {
    case ArgKind::Node:
        out += module.text(body.node(arg.node()).name);
        break;
    case ArgKind::None:
        out += "None";
        break;
    case ArgKind::Ellipsis:
        out += "Ellipsis";
        break;
    default:
        out += module.text(arg.text());
    }
}

} // namespace

void append_args(std::string& out, const GraphModule& module, const Body& body, std::span<const Arg> args) {
    struct Open {
        ArgKind kind;
        size_t end;
        size_t items = 0;
    };
    std::vector<Open> open{{ArgKind::Call, args.size()}};
    for (size_t i = 0; i < args.size(); ++i) {
        Open& outer = open.back();
        if (outer.items && outer.kind != ArgKind::Keyword)
            out += outer.kind == ArgKind::Dict && outer.items % 2 ? ": " : ", ";
        ++outer.items;
        const Arg& arg = args[i];
        if (is_container(arg.kind)) {
            append_opening(out, module, arg);
            open.push_back({arg.kind, i + arg.size});
        } else {
            append_leaf(out, module, body, arg);
        }
        while (open.size() > 1 && open.back().end == i + 1) {
            if (open.back().kind == ArgKind::Tuple && open.back().items == 1)
                out += ',';
            out += closing(open.back().kind);
            open.pop_back();
        }
    }
}

std::string print_args(const GraphModule& module, const Body& body, const Node& node) {
    std::string out;
    append_args(out, module, body, body.args_of(node));
    return out;
}

std::string print_arg(const GraphModule& module, const Body& body, const Arg& arg) {
    std::string out;
    append_args(out, module, body, std::span(&arg, arg.size));
    return out;
}

} // namespace hopscope
