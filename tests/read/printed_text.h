// A printed graph with a region, and what programs do to the lines of a text.
#pragma once

#include "tests/testdata.h"

namespace hopscope::test {

inline const char* const kGraph = R"(class GraphModule(torch.nn.Module):
    def forward(self, primals_1: "f32[4, 12][12, 1]cpu", primals_2: "f32[12][1]cpu"):
        # File: /home/dev/net.py:12 in forward, code: x = block(x, w)
        repeated_subgraph0 = self.repeated_subgraph0
        invoke_subgraph = torch.ops.higher_order.invoke_subgraph(repeated_subgraph0, 'fw_subgraph_0', primals_1, primals_2);  repeated_subgraph0 = None
        getitem: "f32[4, 12][12, 1]cpu" = invoke_subgraph[0];  invoke_subgraph = None

        # File: /home/dev/net.py:13 in forward, code: return x & 3 < y
        mul: "f32[4, 12][12, 1]cpu" = torch.ops.aten.mul.Tensor(getitem, primals_2);  getitem = primals_2 = None
        return (mul, primals_1)

    class repeated_subgraph0(torch.nn.Module):
        def forward(self, arg0_1: "f32[4, 12][12, 1]cpu", arg1_1: "f32[12][1]cpu"):
            # File: /home/dev/net.py:7 in block, code: return torch.relu(x * w)
            mul: "f32[4, 12][12, 1]cpu" = torch.ops.aten.mul.Tensor(arg0_1, arg1_1);  arg0_1 = arg1_1 = None
            relu: "f32[4, 12][12, 1]cpu" = torch.ops.aten.relu.default(mul);  mul = None
            return (relu,)
)";

inline Result<Dump> openBytes(const QByteArray& bytes, const QString& name = QStringLiteral("case.txt")) {
    QTemporaryDir folder;
    const QString path = folder.filePath(name);
    if (!writeFile(path, bytes))
        return make_error(Error::Kind::CannotRead, "cannot write the test's file");
    return open_dump({path.toStdString()});
}

// Every line behind what `before` gives for its number.
inline QByteArray prefixed(const std::function<QByteArray(int)>& before, const QByteArray& text = kGraph) {
    QByteArray out;
    int n = 0;
    for (const QByteArray& line : text.split('\n'))
        out += before(++n) + line + '\n';
    return out;
}

// Lines broken at a width, as a terminal does; `at_blanks`: as a mail program does.
inline QByteArray wrapped(int width, bool at_blanks) {
    QByteArray out;
    for (QByteArray line : QByteArray(kGraph).split('\n')) {
        while (line.size() > width) {
            const qsizetype blank = line.lastIndexOf(' ', width);
            const qsizetype indent = line.size() - line.trimmed().size();
            if (at_blanks && blank > indent + 8) {
                out += line.left(blank) + '\n';
                line = line.mid(blank + 1);
            } else if (at_blanks) {
                break;
            } else {
                out += line.left(width) + '\n';
                line = line.mid(width);
            }
        }
        out += line + '\n';
    }
    return out;
}

inline QString problems(const Dump& dump, bool notes = false) {
    QStringList out;
    for (const Problem& p : dump.problems)
        if (notes || p.severity != Severity::Note)
            out << QString::number(p.line) + ": " + QString::fromStdString(p.message);
    return out.join("\n");
}

inline QString listed(const Dump& dump) {
    QStringList out;
    for (size_t i = 0; i < dump.graphs.size(); ++i) {
        const Graph& g = dump.graphs[i];
        out << QString::fromStdString(address_of(dump, GraphId(i))) + (g.label.empty() ? "" : " ")
                + QString::fromStdString(g.label) + ' ' + QString::number(g.module->bodies[0].nodes.size());
    }
    return out.join(", ");
}

} // namespace hopscope::test
