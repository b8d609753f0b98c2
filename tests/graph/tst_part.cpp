// Parts of bodies: what belongs together, and what a part is as a body of its own.
#include "core/graph/part.h"
#include "core/graph/print.h"
#include "core/read/open.h"

#include <QtTest>

#include <algorithm>

using namespace hopscope;

namespace {

Dump opened(const char* path) {
    auto dump = open_dump({std::string(HOPSCOPE_TEST_DATA "/") + path});
    if (!dump)
        qFatal("%s", dump.error().message.c_str());
    return std::move(*dump);
}

size_t count(const std::vector<bool>& set) {
    return static_cast<size_t>(std::count(set.begin(), set.end(), true));
}

} // namespace

class TestPart : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { dump_ = opened("gpt12/trace"); }

    // Against the definition: a node is an ancestor where the other is its descendant.
    void ancestorsAndDescendants() {
        const Place place = *resolve(dump_, "0/0:forward:partitioned_fw_subgraph_0_0");
        const Body& body = dump_.graph(place.graph).module->body(place.body);
        std::vector<std::vector<bool>> down;
        for (size_t i = 0; i < body.nodes.size(); ++i)
            down.push_back(descendants_of(body, NodeId(i)));
        for (size_t i = 0; i < body.nodes.size(); ++i) {
            const std::vector<bool> up = ancestors_of(body, NodeId(i));
            QVERIFY(up[i] && down[i][i]);
            for (size_t k = 0; k < body.nodes.size(); ++k)
                QCOMPARE(up[k], down[k][i]);
            const std::vector<bool> near = neighbours_of(body, NodeId(i), 1);
            const Node& node = body.nodes[i];
            for (const NodeId other : body.inputs_of(node))
                QVERIFY(near[other.index]);
            QVERIFY(count(near) <= 1 + body.inputs_of(node).size() + body.users_of(node).size());
        }
        const NodeId first(0), last(body.nodes.size() - 1);
        const std::vector<bool> way = between(body, last, first), same = between(body, first, last);
        QVERIFY(way == same);
        for (size_t k = 0; k < body.nodes.size(); ++k)
            QCOMPARE(way[k], down[0][k] && ancestors_of(body, last)[k]);
    }

    // All saved values are two steps apart by the output that returns them, all calls by the body's name:
    // that is no neighbourhood.
    void outputAndBodyNamesDoNotConduct() {
        for (const char* address : {"0/0:forward:partitioned_fw_subgraph_0_0", "0/0:forward"}) {
            const Place place = *resolve(dump_, address);
            const Body& body = dump_.graph(place.graph).module->body(place.body);
            for (size_t i = 0; i < body.nodes.size(); ++i) {
                const NodeId from(i);
                if (body.node(from).op == Opcode::Output || body.node(from).op == Opcode::GetAttr)
                    continue;
                // By definition: what is next to what is next to it, those two apart.
                const std::vector<bool> near = neighbours_of(body, from, 1);
                std::vector<bool> expected = near;
                for (size_t k = 0; k < body.nodes.size(); ++k) {
                    const Opcode op = body.node(NodeId(k)).op;
                    if (!near[k] || op == Opcode::Output || op == Opcode::GetAttr)
                        continue;
                    const std::vector<bool> next = neighbours_of(body, NodeId(k), 1);
                    for (size_t m = 0; m < next.size(); ++m)
                        expected[m] = expected[m] || next[m];
                }
                QVERIFY(neighbours_of(body, from, 2) == expected);
            }
        }
    }

    void allOfItIsTheBodyItself() {
        for (const char* address :
            {"0/0:forward", "0/0:backward", "0/0:forward:partitioned_fw_subgraph_0_0"}) {
            const Place place = *resolve(dump_, address);
            const GraphModule& module = *dump_.graph(place.graph).module;
            const size_t nodes = module.body(place.body).nodes.size();
            const BodyPart part = keep_nodes(module, place.body, std::vector<bool>(nodes, true));
            QCOMPARE(part.left_out, size_t{0});
            QVERIFY(same_body(module, place.body, part.module, place.body));
        }
    }

    // One node: its operands stand in as placeholders under their own names and types.
    void whatIsLeftOutStandsIn() {
        const Place place = *resolve(dump_, "0/0:forward:partitioned_fw_subgraph_0_0");
        const GraphModule& module = *dump_.graph(place.graph).module;
        const Body& body = module.body(place.body);
        for (size_t i = 0; i < body.nodes.size(); ++i) {
            if (body.nodes[i].op != Opcode::CallFunction)
                continue;
            std::vector<bool> kept(body.nodes.size(), false);
            kept[i] = true;
            const BodyPart part = keep_nodes(module, place.body, kept);
            const Body& made = part.module.body(place.body);
            QCOMPARE(made.nodes.size(), 1 + body.inputs_of(body.nodes[i]).size());
            const Node& last = made.nodes.back();
            QCOMPARE(part.origins.back(), NodeId(i));
            QCOMPARE(made.inputs_of(last).size(), body.inputs_of(body.nodes[i]).size());
            for (size_t k = 0; k + 1 < made.nodes.size(); ++k) {
                const Node& from = body.node(part.origins[k]);
                QCOMPARE(made.nodes[k].op, Opcode::Placeholder);
                QCOMPARE(made.nodes[k].name, from.name);
                QCOMPARE(made.nodes[k].type, from.type);
                QCOMPARE(part.stands_in[k], from.op != Opcode::Placeholder);
                QCOMPARE(part.origin_to_new[part.origins[k].index], NodeId(k));
            }
            // Its statement is the same.
            QVERIFY(
                print_readable(part.module, place.body).find(module.text(last.name)) != std::string::npos);
        }
    }

    void nothingIsAnEmptyBody() {
        const Place place = *resolve(dump_, "0/0:forward");
        const GraphModule& module = *dump_.graph(place.graph).module;
        const BodyPart part = keep_nodes(module, place.body, {});
        QVERIFY(part.module.body(place.body).nodes.empty());
        QCOMPARE(part.left_out, module.body(place.body).nodes.size());
    }

private:
    Dump dump_;
};

QTEST_APPLESS_MAIN(TestPart)
#include "tst_part.moc"
