// Which backward node is the derivative of which forward node.
#include "core/graph/reading.h"
#include "core/read/open.h"
#include "core/regions/half_links.h"
#include "core/regions/roles.h"

#include <QtTest>

#include <algorithm>
#include <string>

using namespace hopscope;

namespace {

Dump opened(const QString& path) {
    auto dump = open_dump({path.toStdString()});
    if (!dump)
        qFatal("%s", dump.error().message.c_str());
    return std::move(*dump);
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
