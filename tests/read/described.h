// What tests of printed graphs share: arguments and nodes in words, and a body around some lines.
#pragma once

#include "core/graph/body.h"
#include "tests/testdata.h"

#include <span>
#include <vector>

namespace hopscope::test {

inline const char* kindName(ArgKind kind) {
    static const char* const kNames[]{"node", "none", "bool", "int", "float", "complex", "string", "symbol",
        "dtype", "device", "layout", "format", "operator", "attribute", "opaque", "tuple", "list", "dict",
        "slice", "ellipsis", "range", "call", "kw"};
    return kNames[static_cast<size_t>(kind)];
}

// "node:x tuple(int:1 none) kw:alpha(int:2)"
inline QString described(const GraphModule& m, const Body& body, std::span<const Arg> args) {
    QString out;
    std::vector<size_t> ends;
    for (size_t i = 0; i < args.size(); ++i) {
        const Arg& a = args[i];
        if (!out.isEmpty() && !out.endsWith('('))
            out += ' ';
        out += QString::fromLatin1(kindName(a.kind));
        if (a.kind == ArgKind::Node)
            out += ':' + test::text(m.text(body.node(a.node()).name));
        else if (a.text() && a.kind != ArgKind::Slice && a.kind != ArgKind::Range)
            out += ':' + test::text(m.text(a.text()));
        const bool container = a.kind >= ArgKind::Tuple && a.kind != ArgKind::Ellipsis;
        if (container) {
            out += '(';
            ends.push_back(i + a.size);
        }
        while (!ends.empty() && ends.back() == i + 1) {
            out += ')';
            ends.pop_back();
        }
    }
    return out;
}

inline QString describedNode(const GraphModule& m, const Body& body, const Node& n) {
    return test::text(opcode_name(n.op)) + ' ' + test::text(m.text(n.target)) + " | "
        + described(m, body, body.args_of(n));
}

inline ReadText readBody(const QString& lines) {
    QString text = QStringLiteral("class GraphModule(torch.nn.Module):\n    def forward(self, x, y, z):\n");
    for (const QString& line : lines.split('\n'))
        text += "        " + line + '\n';
    return readText((text + "        return (x,)\n").toStdString());
}

} // namespace hopscope::test
