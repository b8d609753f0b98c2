// Folding: every node is in exactly one box, and no use of a value gets lost.
#include "core/draw/fold.h"
#include "core/graph/calls.h"
#include "tests/draw/samples.h"

#include <QtTest>

#include <algorithm>
#include <set>

using namespace hopscope;
using namespace hopscope::draw;
using namespace hopscope::test;

Q_DECLARE_METATYPE(Sample)

namespace {

std::string name_of(const GraphModule& module, BodyId body, NodeId node) {
    return std::string(module.text(module.body(body).node(node).name));
}

const Mark* mark_of(const Folded& folded, NodeId node) {
    for (const Mark& mark : folded.marks)
        if (mark.node == node)
            return &mark;
    return nullptr;
}

bool has_link(const Folded& folded, NodeId value, NodeId user) {
    return std::any_of(folded.links.begin(), folded.links.end(), [&](const Link& link) {
        return link.user == user && std::count(link.values.begin(), link.values.end(), value) == 1;
    });
}

} // namespace

class TestFold : public QObject {
    Q_OBJECT

    static void add_samples() {
        QTest::addColumn<Sample>("sample");
        for (const Sample& sample : samples())
            QTest::newRow(sample.name.c_str()) << sample;
    }

private Q_SLOTS:
    void everyNodeIsInOneBox_data() { add_samples(); }
    void everyNodeIsInOneBox() {
        QFETCH(Sample, sample);
        const Folded folded = fold(*sample.module, sample.body, told(sample.module, sample.body));
        const size_t nodes = sample.module->body(sample.body).nodes.size();
        QCOMPARE(folded.box_of_node.size(), nodes);
        QVERIFY(folded.boxes.size() <= nodes);
        QVERIFY(std::is_sorted(folded.boxes.begin(), folded.boxes.end()));
        for (size_t i = 0; i < nodes; ++i)
            QVERIFY(folded.box_of_node[i] < folded.boxes.size());
        for (uint32_t b = 0; b < folded.boxes.size(); ++b)
            QCOMPARE(folded.box_of_node[folded.boxes[b].index], b);
    }

    // Each operand of each box is a line, a mark on the user, a mark on the producer (of `output`), or inside
    // the box; only the get_attr that names a region's body has no trace.
    void noUseIsLost_data() { add_samples(); }
    void noUseIsLost() {
        QFETCH(Sample, sample);
        const GraphModule& module = *sample.module;
        const Body& body = module.body(sample.body);
        const Folded folded = fold(module, sample.body, told(sample.module, sample.body));
        std::set<std::pair<uint32_t, uint32_t>> pairs;
        for (const Link& link : folded.links) {
            QVERIFY(link.from_box != link.to_box);
            QVERIFY(!link.values.empty());
            QVERIFY2(pairs.insert({link.from_box, link.to_box}).second, "two lines between the same boxes");
        }
        for (const NodeId user : folded.boxes) {
            const bool output = body.node(user).op == Opcode::Output;
            for (const NodeId value : body.inputs_of(body.node(user))) {
                if (folded.box_of_node[value.index] == folded.box_of_node[user.index]
                    || has_link(folded, value, user))
                    continue;
                if (child_body(module, sample.body, body.node(value).target))
                    continue;
                if (output && body.node(value).op == Opcode::Placeholder)
                    continue; // a folded parameter that is returned as it came
                const uint32_t where =
                    output ? folded.box_of_node[value.index] : folded.box_of_node[user.index];
                const bool marked = std::any_of(folded.marks.begin(), folded.marks.end(),
                    [&](const Mark& mark) { return mark.box == where && mark.node == value; });
                QVERIFY2(marked,
                    (name_of(module, sample.body, value) + " of " + name_of(module, sample.body, user))
                        .c_str());
            }
        }
    }

    void withoutFolding_data() { add_samples(); }
    void withoutFolding() {
        QFETCH(Sample, sample);
        Options options;
        options.fold = false;
        const Folded folded = fold(*sample.module, sample.body, options);
        const Body& body = sample.module->body(sample.body);
        QCOMPARE(folded.boxes.size(), body.nodes.size());
        QVERIFY(folded.marks.empty());
        QCOMPARE(folded.links.size(), body.inputs.size());
    }

    void itemsBelongToTheirProducer() {
        const auto module = recorded("mlp4/values/00_forward.txt");
        const BodyId body = find_body(*module, "partitioned_fw_subgraph_0_0");
        const Folded folded = fold(*module, body, told(module, body));
        const NodeId norm = node_named(*module, body, "native_layer_norm");
        for (const char* item : {"getitem", "getitem_1", "getitem_2"}) {
            const NodeId node = node_named(*module, body, item);
            QCOMPARE(folded.box_of_node[node.index], folded.box_of_node[norm.index]);
            QVERIFY(mark_of(folded, node));
        }
    }

    void bodiesVanishIntoTheirCall() {
        const auto module = recorded("mlp4/values/00_forward.txt");
        const Folded folded = fold(*module, BodyId(0), told(module, BodyId(0)));
        const NodeId get_attr = node_named(*module, BodyId(0), "partitioned_fw_subgraph_0_0");
        const NodeId call = node_named(*module, BodyId(0), "invoke_subgraph_8");
        QCOMPARE(folded.box_of_node[get_attr.index], folded.box_of_node[call.index]);
        QVERIFY(!mark_of(folded, get_attr));
    }

    void savedValuesFaceTheOtherHalf() {
        const auto forward = recorded("gpt12/values/00_forward.txt");
        const BodyId fw = find_body(*forward, "partitioned_fw_subgraph_0_0");
        const Folded left = fold(*forward, fw, told(forward, fw));
        const Mark* softmax = mark_of(left, node_named(*forward, fw, "_softmax"));
        QVERIFY(softmax);
        QCOMPARE(softmax->role, Port::Role::Saved);
        QCOMPARE(softmax->side, Port::Side::Right);

        const auto backward = recorded("gpt12/values/01_backward.txt");
        const BodyId bw = find_body(*backward, "partitioned_bw_subgraph_0_0");
        const Folded right = fold(*backward, bw, told(backward, bw));
        const NodeId saved = node_named(*backward, bw, "_softmax");
        const Mark* mark = mark_of(right, saved);
        QVERIFY(mark);
        QCOMPARE(mark->role, Port::Role::Saved);
        QCOMPARE(mark->side, Port::Side::Left);
        QVERIFY(right.boxes[mark->box] != saved);
        // Tangents are data: they stay on top.
        const NodeId tangent = node_named(*backward, bw, "tangents_0");
        QCOMPARE(right.boxes[right.box_of_node[tangent.index]], tangent);
    }

    void parametersAreMarks() {
        const auto module = recorded("gpt12/values/00_forward.txt");
        const BodyId body = find_body(*module, "partitioned_fw_subgraph_0_0");
        const Folded folded = fold(*module, body, told(module, body));
        for (size_t i = 1; i < module->body(body).placeholder_count(); ++i) {
            const Mark* mark = mark_of(folded, NodeId(i));
            QVERIFY2(mark, name_of(*module, body, NodeId(i)).c_str());
            QCOMPARE(mark->role, Port::Role::Parameter);
            QCOMPARE(mark->side, Port::Side::Top);
        }
        QCOMPARE(folded.boxes.front(), NodeId(0)); // the block's input
    }

    void savedIsWhatTheCallerSays() {
        const auto module = parsed(R"py(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[4]"):
        sin: "f32[4]" = torch.ops.aten.sin.default(x)
        cos: "f32[4]" = torch.ops.aten.cos.default(sin)
        return (cos, sin)
)py");
        Options options;
        options.roles.half = Half::Forward;
        options.roles.saved = {false, true, false, false};
        const Folded folded = fold(*module, BodyId(0), options);
        const NodeId sin = node_named(*module, BodyId(0), "sin");
        QVERIFY(mark_of(folded, sin));
        QCOMPARE(mark_of(folded, sin)->role, Port::Role::Saved);
        QVERIFY(!has_link(folded, sin, NodeId(3)));
        QVERIFY(has_link(folded, node_named(*module, BodyId(0), "cos"), NodeId(3)));
    }

    void farResultsBecomeMarks() {
        std::string text = "class GraphModule(torch.nn.Module):\n    def forward(self, x: \"f32[4]\"):\n";
        std::string last = "x";
        for (int i = 0; i < 12; ++i) {
            const std::string name = "sin_" + std::to_string(i);
            text += "        " + name + ": \"f32[4]\" = torch.ops.aten.sin.default(" + last + ")\n";
            last = name;
        }
        text += "        return (sin_0, sin_11)\n";
        const auto module = parsed(text);
        const Folded folded = fold(*module, BodyId(0), told(module, BodyId(0)));
        const NodeId early = node_named(*module, BodyId(0), "sin_0");
        const NodeId output(module->body(BodyId(0)).nodes.size() - 1);
        QVERIFY(mark_of(folded, early));
        QCOMPARE(mark_of(folded, early)->role, Port::Role::CutOut);
        QVERIFY(!has_link(folded, early, output));
        QVERIFY(has_link(folded, node_named(*module, BodyId(0), "sin_11"), output));
    }

    void constantsAreMarksOnEveryUser() {
        const auto module = parsed(R"py(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[4]"):
        _tensor_constant0: "f32[4]" = self._tensor_constant0
        add: "f32[4]" = torch.ops.aten.add.Tensor(x, _tensor_constant0)
        mul: "f32[4]" = torch.ops.aten.mul.Tensor(add, _tensor_constant0)
        return (mul,)
)py");
        const Folded folded = fold(*module, BodyId(0), told(module, BodyId(0)));
        const NodeId constant = node_named(*module, BodyId(0), "_tensor_constant0");
        QCOMPARE(std::count_if(folded.marks.begin(), folded.marks.end(),
                     [&](const Mark& m) { return m.node == constant && m.role == Port::Role::Constant; }),
            2);
        QCOMPARE(folded.box_of_node[constant.index],
            folded.box_of_node[node_named(*module, BodyId(0), "add").index]);
    }

    // Indexing a tensor is an operation of its own, an item of a tuple is not.
    void tensorsAreNotTuples() {
        const auto module = parsed(R"py(class GraphModule(torch.nn.Module):
    def forward(self, l_x_: "f32[4, 4]"):
        row: "f32[4]" = l_x_[0]
        chunk = row.chunk(2)
        half: "f32[2]" = chunk[0]
        other: "f32[2]" = chunk[1]
        add: "f32[2]" = half + other
        return (add,)
)py");
        const Folded folded = fold(*module, BodyId(0), told(module, BodyId(0)));
        const auto box = [&](const char* name) {
            return folded.boxes[folded.box_of_node[node_named(*module, BodyId(0), name).index]];
        };
        QCOMPARE(box("row"), node_named(*module, BodyId(0), "row"));
        QCOMPARE(box("half"), node_named(*module, BodyId(0), "chunk"));
        // Two values from chunk to add, one line.
        const auto link = std::find_if(
            folded.links.begin(), folded.links.end(), [](const Link& l) { return l.values.size() == 2; });
        QVERIFY(link != folded.links.end());
        QCOMPARE(link->user, node_named(*module, BodyId(0), "add"));
    }

    void somethingStaysOnTop() {
        const auto module = parsed(R"py(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[4]", y: "f32[4]"):
        add: "f32[4]" = torch.ops.aten.add.Tensor(x, y)
        return (add,)
)py");
        const Folded folded = fold(*module, BodyId(0), told(module, BodyId(0)));
        QCOMPARE(folded.boxes.front(), NodeId(0));
        QVERIFY(has_link(folded, NodeId(0), NodeId(2)));
    }
};

QTEST_GUILESS_MAIN(TestFold)
#include "tst_fold.moc"
