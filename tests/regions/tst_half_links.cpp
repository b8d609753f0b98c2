// Which backward node is the derivative of which forward node.
#include "core/graph/reading.h"
#include "core/read/open.h"
#include "core/regions/half_links.h"
#include "core/regions/roles.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QtTest>

#include <algorithm>
#include <map>
#include <string>

using namespace hopscope;

namespace {

Dump opened(const QString& path) {
    auto dump = open_dump({path.toStdString()});
    if (!dump)
        qFatal("%s", dump.error().message.c_str());
    return std::move(*dump);
}

// The body whose nodes that compute something are these.
Place bodyWith(const Dump& dump, QStringList names) {
    names.sort();
    for (uint32_t g = 0; g < dump.graphs.size(); ++g) {
        const GraphModule* module = dump.graphs[g].module.get();
        for (uint32_t b = 0; module && b < module->bodies.size(); ++b) {
            QStringList own;
            for (const Node& node : module->bodies[b].nodes)
                if (node.op == Opcode::CallFunction || node.op == Opcode::CallMethod)
                    own << QString::fromStdString(std::string(module->text(node.name)));
            own.sort();
            if (own == names)
                return {GraphId(g), BodyId(b), {}};
        }
    }
    return {};
}

} // namespace

class TestHalfLinks : public QObject {
    Q_OBJECT

private Q_SLOTS:
    // An operator that is only ever a derivative belongs to the one it is the derivative of.
    void derivativesByName_data() {
        QTest::addColumn<QString>("dump");
        for (const char* name :
            {"gpt12/trace", "mlp4/trace", "dup_tangents/trace", "hf_llama/values", "gpu_op_flash/values"})
            QTest::newRow(name) << QString::fromLatin1(name);
    }
    void derivativesByName() {
        QFETCH(QString, dump);
        const Dump read = opened(QStringLiteral(HOPSCOPE_TEST_DATA "/") + dump);
        size_t pairs = 0;
        for (uint32_t g = 0; g < read.graphs.size(); ++g) {
            const Graph& graph = read.graphs[g];
            for (uint32_t b = 0; graph.module && b < graph.module->bodies.size(); ++b) {
                if (half_of(read, GraphId(g), BodyId(b)) != Half::Forward)
                    continue;
                const Place forward{GraphId(g), BodyId(b), {}},
                    backward = other_half(read, GraphId(g), BodyId(b));
                if (!backward.graph)
                    continue;
                ++pairs;
                const HalfLinks links = link_halves(read, forward, backward);
                const GraphModule& to = *read.graph(backward.graph).module;
                const Body& bw = to.body(backward.body);
                QVERIFY(links.linked <= links.backward_nodes);
                QVERIFY(
                    std::is_sorted(links.links.begin(), links.links.end(), [](const auto& x, const auto& y) {
                        return std::pair(x.backward, x.forward) < std::pair(y.backward, y.forward);
                    }));
                const Body& fw = graph.module->body(BodyId(b));
                for (const HalfLink& link : links.links) {
                    QVERIFY(link.forward.index < fw.nodes.size() && link.backward.index < bw.nodes.size());
                    const auto op = [](const GraphModule& module, const Node& node) {
                        return std::string(operator_name(module.text(node.target)));
                    };
                    const std::string back = op(to, bw.node(link.backward)),
                                      front = op(*graph.module, fw.node(link.forward));
                    if (back == "native_layer_norm_backward" || back == "gelu_backward"
                        || back == "tanh_backward")
                        QCOMPARE(front + "_backward", back);
                }
            }
        }
        QVERIFY(pairs > 0);
    }

    // Against autograd's own sequence numbers, which no trace has (tests/tools/record_halves.py). A sum of
    // gradients has the number of whatever ran before it, and so no truth.
    void asAutogradNumbersThem() {
        const Dump dump = opened(QStringLiteral(HOPSCOPE_TEST_DATA "/halves/trace.log.gz"));
        QFile file(QStringLiteral(HOPSCOPE_TEST_DATA "/halves/truth_halves.json"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        int compared = 0, right = 0, wrong = 0, none = 0;
        const QJsonArray cases = QJsonDocument::fromJson(file.readAll()).array();
        for (const QJsonValue& one : cases) {
            const QJsonObject back = one[QStringLiteral("backward")][QStringLiteral("")].toObject();
            const QJsonObject front = one[QStringLiteral("forward")][QStringLiteral("")].toObject();
            const Place backward = bodyWith(dump, back.keys());
            if (!backward.graph)
                continue;
            ++compared;
            const Place forward = other_half(dump, backward.graph, backward.body);
            QVERIFY(forward.graph.valid());
            const GraphModule &fw = *dump.graph(forward.graph).module,
                              &bw = *dump.graph(backward.graph).module;
            const HalfLinks links = link_halves(dump, forward, backward);
            none += static_cast<int>(links.unlinked.size());
            QCOMPARE(links.unlinked.size() + links.linked, links.backward_nodes);
            const auto name = [](const GraphModule& module, BodyId body, NodeId node) {
                return QString::fromStdString(std::string(module.text(module.body(body).node(node).name)));
            };
            std::map<NodeId, bool> found; // by backward node: one of its links is the true one
            for (const HalfLink& link : links.links) {
                const QJsonValue number = back.value(name(bw, backward.body, link.backward));
                const bool known = std::any_of(
                    front.begin(), front.end(), [&](const QJsonValue& other) { return other == number; });
                if (link.evidence == HalfEvidence::Sum || link.evidence == HalfEvidence::Again || !known)
                    continue;
                found[link.backward] |= front.value(name(fw, forward.body, link.forward)) == number;
            }
            for (const auto& [node, is_right] : found)
                (is_right ? right : wrong) += 1;
        }
        QVERIFY2(compared >= 6, qPrintable(QString::number(compared)));
        const QString told =
            QStringLiteral("%1 right, %2 wrong, %3 not linked").arg(right).arg(wrong).arg(none);
        QVERIFY2(right >= 300 && wrong <= 1 && none <= 1, qPrintable(told));
    }

    // A sum of gradients is that of a value: it is as large, the value has several uses, and where the
    // backward returns it, it stands at the place of that input, as a backward returns the gradients of all
    // inputs in their order (torch/_functorch/_aot_autograd, CompiledFunction.backward).
    void sumsAreThoseOfTheirValue() {
        size_t sums = 0, returned = 0;
        for (const char* name : {"gpt12/trace", "mlp4/trace", "hf_llama/values", "gpt4_dropout/values",
                 "gpt4_bf16/values", "gpu_op_norms/values", "gpu_op_flash/values", "halves/trace.log.gz"}) {
            const QString path = QStringLiteral(HOPSCOPE_TEST_DATA "/") + QString::fromLatin1(name);
            if (!QFile::exists(path))
                continue;
            const Dump dump = opened(path);
            for (uint32_t g = 0; g < dump.graphs.size(); ++g) {
                const Graph& graph = dump.graphs[g];
                for (uint32_t b = 0; graph.module && b < graph.module->bodies.size(); ++b) {
                    if (half_of(dump, GraphId(g), BodyId(b)) != Half::Forward)
                        continue;
                    const Place backward = other_half(dump, GraphId(g), BodyId(b));
                    if (!backward.graph)
                        continue;
                    const GraphModule &fw = *graph.module, &bw = *dump.graph(backward.graph).module;
                    const Body &front = fw.bodies[b], &back = bw.body(backward.body);
                    std::vector<NodeId> inputs;
                    for (size_t n = 0; n < front.nodes.size(); ++n)
                        if (front.nodes[n].op == Opcode::Placeholder)
                            inputs.push_back(NodeId(n));
                    const auto same = [](const GraphModule& m, const ValueType& x, const GraphModule& n,
                                          const ValueType& y) {
                        const auto one = m.shape(x), other = n.shape(y);
                        return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                            [&](StringId i, StringId j) { return m.text(i) == n.text(j); });
                    };
                    const auto told = [&](NodeId sum, NodeId value) {
                        return QStringLiteral("%1 %2: %3 of %4")
                            .arg(path)
                            .arg(g)
                            .arg(QString::fromStdString(std::string(bw.text(back.node(sum).name))),
                                QString::fromStdString(std::string(fw.text(front.node(value).name))));
                    };
                    const std::vector<const Arg*> outputs = results_of(back);
                    for (const HalfLink& link :
                        link_halves(dump, {GraphId(g), BodyId(b), {}}, backward).links) {
                        if (link.evidence != HalfEvidence::Sum)
                            continue;
                        ++sums;
                        const ValueType *made = bw.type(back.node(link.backward).type),
                                        *of = fw.type(front.node(link.forward).type);
                        if (made && of && made->kind == TypeKind::Tensor && of->kind == TypeKind::Tensor)
                            QVERIFY2(same(bw, *made, fw, *of), qPrintable(told(link.backward, link.forward)));
                        QVERIFY2(front.users_of(front.node(link.forward)).size() > 1,
                            qPrintable(told(link.backward, link.forward)));
                        if (outputs.size() != inputs.size())
                            continue;
                        for (size_t k = 0; k < outputs.size(); ++k)
                            if (outputs[k]->kind == ArgKind::Node && outputs[k]->node() == link.backward) {
                                ++returned;
                                QVERIFY2(
                                    inputs[k] == link.forward, qPrintable(told(link.backward, link.forward)));
                            }
                    }
                }
            }
        }
        const QString found = QStringLiteral("%1 sums, %2 returned").arg(sums).arg(returned);
        QVERIFY2(sums >= 20 && returned >= 4, qPrintable(found));
    }

    // Two norms of a block have a derivative each.
    void eachOfTwo() {
        const Dump dump = opened(QStringLiteral(HOPSCOPE_TEST_DATA "/gpt12/trace"));
        const Place forward = *resolve(dump, "0/0:forward:partitioned_fw_subgraph_0_0"),
                    backward = *resolve(dump, "0/0:backward:partitioned_bw_subgraph_0_0");
        const HalfLinks links = link_halves(dump, forward, backward);
        const GraphModule &fw = *dump.graph(forward.graph).module, &bw = *dump.graph(backward.graph).module;
        std::vector<NodeId> of_norms;
        for (const HalfLink& link : links.links)
            if (fw.text(fw.body(forward.body).node(link.forward).name).starts_with("native_layer_norm")
                && bw.text(bw.body(backward.body).node(link.backward).name)
                       .starts_with("native_layer_norm_backward"))
                of_norms.push_back(link.forward);
        QCOMPARE(of_norms.size(), size_t{2});
        QVERIFY(of_norms[0] != of_norms[1]);
    }
};

QTEST_APPLESS_MAIN(TestHalfLinks)
#include "tst_half_links.moc"
