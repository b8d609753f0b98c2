// Texts as people paste them, and what was read of them as one line.
#pragma once

#include "core/read/paste.h"
#include "tests/testdata.h"

namespace hopscope::test {

inline const char* const kGraph = R"(class GraphModule(torch.nn.Module):
    def forward(self, primals_1: "f32[4, 3][3, 1]cpu", primals_2: "f32[3][1]cpu"):
        # File: /w/a.py:3 in f, code: y = x * w
        mul: "f32[4, 3][3, 1]cpu" = torch.ops.aten.mul.Tensor(primals_1, primals_2);  primals_2 = None
        sin: "f32[4, 3][3, 1]cpu" = torch.ops.aten.sin.default(mul)
        return (sin, primals_1, mul)
)";
inline const QString kNodes = QStringLiteral("primals_1 primals_2 mul sin output");

inline Result<Dump> openText(const QByteArray& text, const char* name = "case.txt") {
    return open_bytes(name, text.toStdString());
}

inline QString nodesOf(const Graph& g) {
    QStringList out;
    for (const Node& node : g.module->bodies[0].nodes)
        out << QString::fromUtf8(std::string(g.module->text(node.name)).c_str());
    return out.join(' ');
}

// "name: operator(inputs)" of a node.
inline QString nodeText(const Graph& g, const char* name) {
    const Body& body = g.module->bodies[0];
    for (const Node& node : body.nodes) {
        if (g.module->text(node.name) != name)
            continue;
        QStringList inputs;
        for (uint32_t i = node.args_begin; i < node.args_end; ++i)
            if (const NodeId input = body.args[i].node())
                inputs << QString::fromStdString(std::string(g.module->text(body.node(input).name)));
        return QString::fromStdString(std::string(g.module->text(node.target))) + '(' + inputs.join(", ")
            + ')';
    }
    return QStringLiteral("no such node");
}

inline QString graphsOf(const Dump& dump) {
    QStringList out;
    for (size_t i = 0; i < dump.graphs.size(); ++i)
        out << QString::fromStdString(address_of(dump, GraphId(i))) + " [" + nodesOf(dump.graphs[i]) + ']';
    return out.join("; ");
}

} // namespace hopscope::test
