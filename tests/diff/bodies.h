// Bodies by their address, and the command line.
#pragma once

#include "core/diff/diff.h"
#include "core/graph/print.h"
#include "tests/commandline.h"
#include "tests/testdata.h"

namespace hopscope::test {

struct At {
    std::shared_ptr<const GraphModule> module;
    BodyId body;
};

inline At at(const Dump& dump, std::string_view address) {
    const auto place = resolve(dump, address);
    return place ? At{dump.graph(place->graph).module, place->body} : At{};
}

inline std::vector<BodyDiff> diff(const At& a, const At& b, const MatchOptions& options = {}) {
    return diff_bodies(*a.module, a.body, *b.module, b.body, options);
}

inline At module(const std::string& text) {
    return {readText(text).module, BodyId(0)};
}

inline std::string body(const std::string& signature, const std::string& lines) {
    return "class G(torch.nn.Module):\n    def forward(self, " + signature + "):\n" + lines;
}

inline std::string name(const At& side, BodyId body_id, NodeId node) {
    return std::string(side.module->text(side.module->body(body_id).node(node).name));
}

// "mul→mul_1 constant of argument 1: 2.0 → 3.0; …", "-a", "+b", "[x]→[y,z]": all that is not the same, in
// order.
inline QStringList told(const At& a, const At& b, const BodyDiff& d) {
    QStringList list;
    const auto names = [](const At& side, BodyId id, const std::vector<NodeId>& nodes) {
        QStringList out;
        for (const NodeId n : nodes)
            out << QString::fromStdString(name(side, id, n));
        return out.join(',');
    };
    for (const PairedNodes& p : d.pairs)
        for (const FieldDifference& f : p.fields)
            list << QString::fromStdString(
                name(a, d.body_a, p.a) + "→" + name(b, d.body_b, p.b) + " " + change_text(f));
    for (const NodeGroup& g : d.groups)
        list << "[" + names(a, d.body_a, g.a) + "]→[" + names(b, d.body_b, g.b) + "]";
    for (const NodeId n : d.only_a)
        list << "-" + QString::fromStdString(name(a, d.body_a, n));
    for (const NodeId n : d.only_b)
        list << "+" + QString::fromStdString(name(b, d.body_b, n));
    return list;
}

inline QStringList told(const std::string& a, const std::string& b, const MatchOptions& options = {}) {
    const At x = module(a);
    const At y = module(b);
    return told(x, y, diff(x, y, options).front());
}

inline QString gptForward() {
    const auto dump = open_dump({traceOf("gpt12")});
    const At a = at(*dump, "0/0:forward:partitioned_fw_subgraph_0_0");
    return QString::fromStdString(print_readable(*a.module, a.body));
}

} // namespace hopscope::test
