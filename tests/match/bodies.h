// Two bodies matched, and what differs as one line.
#pragma once

#include "core/graph/print.h"
#include "core/match/classes.h"
#include "tests/testdata.h"
#include <QRegularExpression>
#include <random>

namespace hopscope::test {

// "0/0:forward:partitioned_fw_subgraph_0_0" of a recording, with its module.
struct At {
    std::shared_ptr<const GraphModule> module;
    BodyId body;
};

inline At at(const Dump& dump, std::string_view address) {
    const auto place = resolve(dump, address);
    if (!place)
        return {};
    return {dump.graph(place->graph).module, place->body};
}

inline MatchResult matched(const At& a, const At& b, const MatchOptions& options = {}) {
    return match_bodies(Canon(*a.module, options), a.body, Canon(*b.module, options), b.body);
}

inline MatchResult matched(const std::string& a, const std::string& b, const MatchOptions& options = {}) {
    return matched({readText(a).module, BodyId(0)}, {readText(b).module, BodyId(0)}, options);
}

inline std::string told(const At& a, const At& b, const MatchOptions& options = {}) {
    const MatchResult r = matched(a, b, options);
    return r.equal() ? "equal" : difference_text(*a.module, *b.module, *r.difference, a.body);
}

inline std::string told(const std::string& a, const std::string& b, const MatchOptions& options = {}) {
    return told({readText(a).module, BodyId(0)}, {readText(b).module, BodyId(0)}, options);
}

inline std::string body(const std::string& signature, const std::string& lines) {
    return "class G(torch.nn.Module):\n    def forward(self, " + signature + "):\n" + lines;
}

// The body's text with its nodes in another order that their operands allow, and all of them renamed.
inline std::string shuffled(const GraphModule& module, BodyId id, unsigned seed) {
    const Body& b = module.body(id);
    std::mt19937 random(seed);
    std::vector<std::string> lines;
    std::vector<size_t> missing(b.nodes.size());
    std::vector<size_t> ready;
    for (size_t i = 0; i < b.nodes.size(); ++i) {
        missing[i] = b.inputs_of(b.nodes[i]).size();
        if (b.nodes[i].op != Opcode::Placeholder && missing[i] == 0)
            ready.push_back(i);
    }
    const auto release = [&](size_t i) {
        for (const NodeId user : b.users_of(b.nodes[i]))
            if (--missing[user.index] == 0)
                ready.push_back(user.index);
    };
    std::string signature;
    for (size_t i = 0; i < b.placeholder_count(); ++i) {
        const ValueType* type = module.type(b.nodes[i].type);
        signature += ", " + std::string(module.text(b.nodes[i].name))
            + (type ? ": \"" + std::string(module.text(type->text)) + '"' : "");
        release(i);
    }
    std::string out = "class G(torch.nn.Module):\n    def forward(self" + signature + "):\n";
    while (!ready.empty()) {
        const size_t k = random() % ready.size();
        const size_t i = ready[k];
        ready.erase(ready.begin() + static_cast<long>(k));
        if (b.nodes[i].op == Opcode::Output) {
            continue;
        }
        out += "        " + print_statement(module, id, NodeId(i)) + '\n';
        release(i);
    }
    out += "        " + print_statement(module, id, NodeId(b.nodes.size() - 1)) + '\n';
    QString text = QString::fromStdString(out);
    for (size_t i = 0; i + 1 < b.nodes.size(); ++i) {
        const QString name = test::text(module.text(b.nodes[i].name));
        text.replace(
            QRegularExpression("(?<![\\w.'])" + name + "(?![\\w'])"), "renamed_" + QString::number(i));
    }
    return text.toStdString();
}

// A region body of gpt12 as text, for changes by hand.
inline QString gptText() {
    const auto dump = open_dump({traceOf("gpt12")});
    const At a = at(*dump, "0/0:forward:partitioned_fw_subgraph_0_0");
    PrintOptions plain;
    plain.sources = plain.deletions = false;
    return QString::fromStdString(print_readable(*a.module, a.body, plain));
}

inline QString changed(QString text, const QString& from, const QString& to) {
    const qsizetype where = text.indexOf(from);
    return where < 0 ? QString() : text.replace(where, from.size(), to);
}

} // namespace hopscope::test
