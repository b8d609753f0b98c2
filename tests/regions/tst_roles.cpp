// Which half a body is of, what is a tangent, what is saved, what a body's own results are. Each question
// once had several answers in the program; a test each for where they differed.
#include "core/graph/reading.h"
#include "core/regions/roles.h"
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestRoles : public QObject {
    Q_OBJECT

private slots:
    void tangentsByName_data();
    void tangentsByName();
    void stagesOfLoneTexts_data();
    void stagesOfLoneTexts();
    void halves();
    void bothHalvesAgreeOnWhatIsSaved_data();
    void bothHalvesAgreeOnWhatIsSaved();
    void aLoneForwardSavesTheSame_data();
    void aLoneForwardSavesTheSame();
    void recomputedForwardIsNoBackward();
    void innerRegionsSaveNothing();
    void tangentsByPosition();
    void variantsSaveTheirOwn();
    void otherBodiesInABackwardTakeNothingSaved();
    void ownResults();
    void inputsOfARegion();
    void inputsOfARoot();
    void inputsByNamesAndDescriptors();
};

namespace {

// A dump of graphs in one compilation, each of a stage.
Dump dumpOf(const std::vector<std::pair<Stage, std::shared_ptr<const GraphModule>>>& graphs) {
    Dump dump;
    Compilation compilation;
    compilation.key.id = "0/0";
    for (const auto& [stage, module] : graphs) {
        Graph graph;
        graph.compilation = CompilationId(0);
        graph.stage = stage;
        graph.module = module;
        compilation.graphs.push_back(GraphId(dump.graphs.size()));
        dump.graphs.push_back(graph);
    }
    dump.compilations.push_back(compilation);
    return dump;
}

std::shared_ptr<const GraphModule> module(const std::string& text) {
    return readText(text).module;
}

QStringList savedNames(const Dump& dump, GraphId graph, BodyId body) {
    const GraphModule& m = *dump.graph(graph).module;
    const BodyRoles roles = roles_of(dump, graph, body);
    QStringList names;
    for (size_t i = 0; i < m.body(body).nodes.size(); ++i)
        if (roles.is_saved(NodeId(i)))
            names << text(m.text(m.body(body).nodes[i].name));
    names.sort();
    return names;
}

QStringList inputWords(const Dump& dump, GraphId graph, BodyId body) {
    const char* const words[]{"?", "data", "parameter", "symbol", "tangent"};
    const BodyRoles roles = roles_of(dump, graph, body);
    QStringList list;
    for (size_t i = 0; i < dump.graph(graph).module->body(body).placeholder_count(); ++i)
        list << words[static_cast<size_t>(roles.input(NodeId(i)))];
    return list;
}

Result<Dump> opened(const QString& recording) {
    return open_dump({traceOf(recording)});
}

Place placeOf(const Dump& dump, const char* address) {
    const auto place = resolve(dump, std::string_view(address));
    return place ? *place : Place{};
}

} // namespace

void TestRoles::tangentsByName_data() {
    QTest::addColumn<QString>("parameter");
    QTest::addColumn<bool>("tangent");
    QTest::newRow("of a graph") << "tangents_1: \"f32[4]\"," << true;
    QTest::newRow("of a region") << "tangents_0: \"f32[4]\"," << true;
    QTest::newRow("a user's name") << "tangents_of_all: \"f32[4]\"," << false;
    QTest::newRow("another name") << "tangent_1: \"f32[4]\"," << false;
    QTest::newRow("primal") << "primals_1: \"f32[4]\"," << false;
    QTest::newRow("descriptor") << "arg1_1: \"f32[4]\",  # TangentAOTInput(output=PlainAOTOutput(idx=0))"
                                << true;
    QTest::newRow("descriptor of a subclass")
        << "arg1_1: \"f32[4]\",  # "
           "SubclassGetAttrAOTInput(base=TangentAOTInput(output=PlainAOTOutput(idx=0)), "
           "attr='a')"
        << true;
    // What the dump says counts more than a name.
    QTest::newRow("descriptor against name") << "tangents_1: \"f32[4]\",  # PlainAOTInput(idx=0)" << false;
}

void TestRoles::tangentsByName() {
    QFETCH(QString, parameter);
    QFETCH(bool, tangent);
    const auto m = module(("class GraphModule(torch.nn.Module):\n    def forward(\n        self,\n        "
        + parameter + "\n    ):\n        sin = torch.ops.aten.sin.default(" + parameter.section(':', 0, 0)
        + ")\n        return (sin,)\n")
                              .toStdString());
    QVERIFY(m);
    QCOMPARE(is_tangent(*m, m->bodies[0].nodes[0]), tangent);
}

void TestRoles::stagesOfLoneTexts_data() {
    QTest::addColumn<QString>("recording");
    for (const char* name : {"mlp4", "gpt12", "dup_tangents", "checkpointed", "lstm_like", "outputs_mixed",
             "shapes", "recompiles", "v2.9-mlp4", "v2.9-dup_tangents", "two_functions"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

// What a graph shows of itself is what the record that held it says.
void TestRoles::stagesOfLoneTexts() {
    QFETCH(QString, recording);
    const auto dump = opened(recording);
    QVERIFY(dump.ok());
    int found = 0;
    for (size_t g = 0; g < dump->graphs.size(); ++g) {
        const Stage stage = dump->graphs[g].stage;
        if (!dump->graphs[g].label.empty()
            || (stage != Stage::Joint && stage != Stage::Forward && stage != Stage::Backward))
            continue;
        const Dump lone = dumpOf({{Stage::Graph, dump->graphs[g].module}});
        QCOMPARE(text(stage_name(stage_of(lone, GraphId(0)))), text(stage_name(stage)));
        ++found;
    }
    QVERIFY(found > 0);
}

void TestRoles::halves() {
    const auto dump = opened("mlp4");
    QVERIFY(dump.ok());
    const auto half = [&](const char* address) {
        const Place place = placeOf(*dump, address);
        return half_of(*dump, place.graph, place.body);
    };
    QVERIFY(half("0/0:forward") == Half::Forward);
    QVERIFY(half("0/0:forward:partitioned_fw_subgraph_0_0") == Half::Forward);
    QVERIFY(half("0/0:backward") == Half::Backward);
    QVERIFY(half("0/0:backward:partitioned_bw_subgraph_0_0") == Half::Backward);
    for (const char* whole : {"0/0:dynamo", "0/0:dynamo:subgraph_0", "0/0:joint",
             "0/0:joint:repeated_subgraph0", "0/0:joint:repeated_subgraph1"})
        QVERIFY2(!half(whole), whole);
}

void TestRoles::bothHalvesAgreeOnWhatIsSaved_data() {
    QTest::addColumn<QString>("recording");
    for (const QString& name : recordings())
        QTest::newRow(qPrintable(name)) << name;
}

// What a forward body returns for the backward is what its backward body takes besides tangents, by name.
void TestRoles::bothHalvesAgreeOnWhatIsSaved() {
    QFETCH(QString, recording);
    const auto dump = opened(recording);
    QVERIFY(dump.ok());
    for (size_t g = 0; g < dump->graphs.size(); ++g) {
        const GraphModule& m = *dump->graphs[g].module;
        if (dump->graphs[g].stage != Stage::Forward)
            continue;
        for (size_t b = 0; b < m.bodies.size(); ++b) {
            const Place other = other_half(*dump, GraphId(g), BodyId(b));
            if (!other.graph)
                continue;
            const QStringList given = savedNames(*dump, GraphId(g), BodyId(b));
            QCOMPARE(given, savedNames(*dump, other.graph, other.body));
            QStringList taken;
            const GraphModule& bw = *dump->graph(other.graph).module;
            const Body& taker = bw.body(other.body);
            for (size_t i = 0; i < taker.placeholder_count(); ++i)
                if (!is_tangent(bw, taker.nodes[i]))
                    taken << text(bw.text(taker.nodes[i].name));
            taken.sort();
            QCOMPARE(given, taken);
            QCOMPARE(static_cast<qsizetype>(saved_values(*dump, {GraphId(g), BodyId(b), {}}, other).size()),
                given.size());
        }
    }
}

void TestRoles::aLoneForwardSavesTheSame_data() {
    QTest::addColumn<QString>("recording");
    // Not "checkpointed": its forward graph drops what the backward graph computes again.
    for (const char* name : {"mlp4", "gpt12", "dup_tangents", "lstm_like", "outputs_mixed", "shapes",
             "two_functions", "recompiles"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

// Without the backward, the getitems that carry their call's id tell. By what calls only return, the second
// result of lstm_like's region was taken for a saved one.
void TestRoles::aLoneForwardSavesTheSame() {
    QFETCH(QString, recording);
    const auto dump = opened(recording);
    QVERIFY(dump.ok());
    int bodies = 0;
    for (size_t g = 0; g < dump->graphs.size(); ++g) {
        const GraphModule& m = *dump->graphs[g].module;
        if (dump->graphs[g].stage != Stage::Forward)
            continue;
        const Dump lone = dumpOf({{Stage::Graph, dump->graphs[g].module}});
        for (size_t b = 1; b < m.bodies.size(); ++b) {
            QCOMPARE(savedNames(lone, GraphId(0), BodyId(b)), savedNames(*dump, GraphId(g), BodyId(b)));
            ++bodies;
        }
    }
    QVERIFY(bodies > 0);
}

// With activation checkpointing the backward graph runs the forward body again: it takes inputs, and what it
// returns is saved for the backward body beside it. It was drawn as a backward body all of whose inputs are
// saved.
void TestRoles::recomputedForwardIsNoBackward() {
    const auto dump = opened("checkpointed");
    QVERIFY(dump.ok());
    const Place again = placeOf(*dump, "0/0:backward:partitioned_fw_subgraph_0_0");
    const Place first = placeOf(*dump, "0/0:forward:partitioned_fw_subgraph_0_0");
    QVERIFY(again.graph && first.graph);
    QVERIFY(half_of(*dump, again.graph, again.body) == Half::Forward);
    const QStringList saved = savedNames(*dump, again.graph, again.body);
    QVERIFY(saved.contains("gelu"));
    QVERIFY(!saved.contains("primals_3"));
    const Place other = other_half(*dump, again.graph, again.body);
    QCOMPARE(other.graph, again.graph);
    QCOMPARE(saved, savedNames(*dump, other.graph, other.body));
}

// Only calls at the top are partitioned: inside, a forward body returns its own results alone, and the
// backward body is the inner joint graph. All its inputs, the tangent too, were taken for saved values.
void TestRoles::innerRegionsSaveNothing() {
    const auto dump = opened("gpt12_nested");
    QVERIFY(dump.ok());
    const Place forward = placeOf(*dump, "0/0:forward:partitioned_fw_subgraph_1_0.repeated_subgraph0");
    QVERIFY(forward.graph);
    QVERIFY(half_of(*dump, forward.graph, forward.body) == Half::Forward);
    QCOMPARE(savedNames(*dump, forward.graph, forward.body), QStringList{});
    QVERIFY(own_results(*dump, forward.graph, forward.body)
        == results_of(dump->graph(forward.graph).module->body(forward.body)).size());
    const Place backward = placeOf(*dump, "0/0:backward:partitioned_bw_subgraph_1_0.repeated_subgraph1");
    QVERIFY(backward.graph);
    QVERIFY(half_of(*dump, backward.graph, backward.body) == Half::Backward);
    const QStringList inputs = inputWords(*dump, backward.graph, backward.body);
    QCOMPARE(inputs.count("tangent"), 1);
    QCOMPARE(inputs.last(), QStringLiteral("tangent"));
    // What the outer body hands on of its own saved values, and not what it has computed itself.
    const QStringList saved = savedNames(*dump, backward.graph, backward.body);
    QVERIFY(!saved.contains("arg7_1"));
    const GraphModule& m = *dump->graph(backward.graph).module;
    const BodyId outer = m.body(backward.body).parent;
    for (const RegionCall& call : region_calls(m, outer))
        if (call.body == backward.body)
            for (size_t i = 0; i < call.operands.size(); ++i) {
                const Node& operand = m.body(outer).node(call.operands[i]);
                const bool from_outside = operand.op == Opcode::Placeholder && !is_tangent(m, operand);
                QCOMPARE(saved.contains(text(m.text(m.body(backward.body).nodes[i].name))), from_outside);
            }
}

// In the joint graph a region's backward body takes primals and tangents as arg0_1, arg1_1, …
void TestRoles::tangentsByPosition() {
    const auto dump = opened("mlp4");
    QVERIFY(dump.ok());
    const Place body = placeOf(*dump, "0/0:joint:repeated_subgraph1");
    QVERIFY(body.graph);
    const QStringList inputs = inputWords(*dump, body.graph, body.body);
    QCOMPARE(inputs.count("tangent"), 1);
    QCOMPARE(inputs.last(), QStringLiteral("tangent"));
    const Place forward = placeOf(*dump, "0/0:joint:repeated_subgraph0");
    QCOMPARE(inputWords(*dump, forward.graph, forward.body).count("tangent"), 0);
}

// Each tangent variant has its own two bodies. The names that another variant saves were marked too.
void TestRoles::variantsSaveTheirOwn() {
    const char* const kForward = R"py(class GraphModule(torch.nn.Module):
    def forward(self, primals_1: "f32[4]"):
        partitioned_fw_subgraph_0_0 = self.partitioned_fw_subgraph_0_0
        a = torch.ops.higher_order.invoke_subgraph(partitioned_fw_subgraph_0_0, 'partitioned_fw_subgraph_0_0', primals_1)
        getitem_2: "f32[4]" = a[2]
        getitem_1: "f32[4]" = a[1]
        getitem: "f32[4]" = a[0]
        partitioned_fw_subgraph_0_1 = self.partitioned_fw_subgraph_0_1
        b = torch.ops.higher_order.invoke_subgraph(partitioned_fw_subgraph_0_1, 'partitioned_fw_subgraph_0_1', getitem)
        getitem_4: "f32[4]" = b[1]
        getitem_3: "f32[4]" = b[0]
        return (getitem_3, getitem_1, getitem_2, getitem_4)

    class partitioned_fw_subgraph_0_0(torch.nn.Module):
        def forward(self, primals_0: "f32[4]"):
            sin: "f32[4]" = torch.ops.aten.sin.default(primals_0)
            cos: "f32[4]" = torch.ops.aten.cos.default(primals_0)
            return (sin, cos, primals_0)

    class partitioned_fw_subgraph_0_1(torch.nn.Module):
        def forward(self, primals_0: "f32[4]"):
            sin: "f32[4]" = torch.ops.aten.sin.default(primals_0)
            cos: "f32[4]" = torch.ops.aten.cos.default(primals_0)
            return (sin, primals_0, cos)
)py";
    const char* const kBackward = R"py(class GraphModule(torch.nn.Module):
    def forward(self, getitem_1: "f32[4]", getitem_2: "f32[4]", getitem_4: "f32[4]", tangents_1: "f32[4]"):
        partitioned_bw_subgraph_0_1 = self.partitioned_bw_subgraph_0_1
        b = torch.ops.higher_order.invoke_subgraph(partitioned_bw_subgraph_0_1, 'partitioned_bw_subgraph_0_1', getitem_4, tangents_1)
        getitem: "f32[4]" = b[0]
        partitioned_bw_subgraph_0_0 = self.partitioned_bw_subgraph_0_0
        a = torch.ops.higher_order.invoke_subgraph(partitioned_bw_subgraph_0_0, 'partitioned_bw_subgraph_0_0', getitem_1, getitem_2, getitem)
        getitem_3: "f32[4]" = a[0]
        return (getitem_3,)

    class partitioned_bw_subgraph_0_1(torch.nn.Module):
        def forward(self, primals_0: "f32[4]", tangents_0: "f32[4]"):
            cos: "f32[4]" = torch.ops.aten.cos.default(primals_0)
            mul: "f32[4]" = torch.ops.aten.mul.Tensor(tangents_0, cos)
            return (mul,)

    class partitioned_bw_subgraph_0_0(torch.nn.Module):
        def forward(self, cos: "f32[4]", primals_0: "f32[4]", tangents_0: "f32[4]"):
            mul: "f32[4]" = torch.ops.aten.mul.Tensor(tangents_0, cos)
            mul_1: "f32[4]" = torch.ops.aten.mul.Tensor(mul, primals_0)
            return (mul_1,)
)py";
    const Dump dump = dumpOf({{Stage::Forward, module(kForward)}, {Stage::Backward, module(kBackward)}});
    const auto body = [&](size_t graph, const char* path) {
        return find_body(*dump.graphs[graph].module, path);
    };
    const BodyId first = body(0, "partitioned_fw_subgraph_0_0"),
                 second = body(0, "partitioned_fw_subgraph_0_1");
    QCOMPARE(savedNames(dump, GraphId(0), first), (QStringList{"cos", "primals_0"}));
    QCOMPARE(savedNames(dump, GraphId(0), second), QStringList{"primals_0"});
    QCOMPARE(other_half(dump, GraphId(0), second).body, body(1, "partitioned_bw_subgraph_0_1"));
    QVERIFY(own_results(dump, GraphId(0), first) == size_t{1});
    QVERIFY(own_results(dump, GraphId(0), second) == size_t{2});
}

// A body that another operator calls inside of a backward body (flex attention's score) takes numbers: not
// everything in a backward graph that is no tangent is a saved value.
void TestRoles::otherBodiesInABackwardTakeNothingSaved() {
    const Dump dump = dumpOf({{Stage::Backward, module(R"py(class GraphModule(torch.nn.Module):
    def forward(self, mm: "f32[4, 4]", tangents_1: "f32[4, 4]"):
        true_graph_0 = self.true_graph_0
        cond = torch.ops.higher_order.cond(True, true_graph_0, true_graph_0, (mm, tangents_1))
        getitem: "f32[4, 4]" = cond[0]
        return (getitem,)

    class true_graph_0(torch.nn.Module):
        def forward(self, arg0_1: "f32[4, 4]", arg1_1: "f32[4, 4]"):
            mul: "f32[4, 4]" = torch.ops.aten.mul.Tensor(arg0_1, arg1_1)
            return (mul,)
)py")}});
    QCOMPARE(savedNames(dump, GraphId(0), BodyId(0)), QStringList{"mm"});
    QCOMPARE(savedNames(dump, GraphId(0), BodyId(1)), QStringList{});
}

void TestRoles::ownResults() {
    const auto dump = opened("mlp4");
    QVERIFY(dump.ok());
    const Place forward = placeOf(*dump, "0/0:forward:partitioned_fw_subgraph_0_0");
    QVERIFY(own_results(*dump, forward.graph, forward.body) == size_t{1});
    // By the backward body, where there is no joint graph.
    const auto& fw = dump->graph(forward.graph).module;
    const auto& bw = dump->graph(placeOf(*dump, "0/0:backward").graph).module;
    const Dump two = dumpOf({{Stage::Forward, fw}, {Stage::Backward, bw}});
    QVERIFY(own_results(two, GraphId(0), forward.body) == size_t{1});
    const Dump one = dumpOf({{Stage::Forward, fw}});
    QVERIFY(!own_results(one, GraphId(0), forward.body));
    // A forward graph as a whole: what its backward graph takes is saved.
    QVERIFY(own_results(two, GraphId(0), BodyId(0)) == size_t{1});
    QVERIFY(own_results(one, GraphId(0), BodyId(0)) == results_of(fw->body(BodyId(0))).size());
    QVERIFY(results_of(fw->body(BodyId(0))).size() > 1);
}

// The region's first operand is computed by the call before; the others are the model's weights.
void TestRoles::inputsOfARegion() {
    const auto dump = opened("gpt12");
    QVERIFY(dump.ok());
    const Place body = placeOf(*dump, "0/0:forward:partitioned_fw_subgraph_0_0");
    const QStringList inputs = inputWords(*dump, body.graph, body.body);
    QCOMPARE(inputs.first(), QStringLiteral("data"));
    QCOMPARE(inputs.count("parameter"), inputs.size() - 1);
}

void TestRoles::inputsOfARoot() {
    const auto dump = opened("gpt12");
    QVERIFY(dump.ok());
    const QStringList inputs = inputWords(*dump, placeOf(*dump, "0/0:forward").graph, BodyId(0));
    // 12 weights of each of 12 blocks, two embeddings, the last norm's two and the head.
    QCOMPARE(inputs.count("parameter"), 12 * 12 + 2 + 2 + 1);
}

void TestRoles::inputsByNamesAndDescriptors() {
    const Dump dump = dumpOf({{Stage::Graph, module(R"py(class GraphModule(torch.nn.Module):
    def forward(self, L_x_: "f32[4]", L_self_modules_up_parameters_weight_: "f32[4]", s0: "Sym(s77)", y: "f32[4]"):
        add: "f32[4]" = torch.ops.aten.add.Tensor(L_x_, L_self_modules_up_parameters_weight_)
        return (add,)
)py")}});
    QCOMPARE(inputWords(dump, GraphId(0), BodyId(0)), (QStringList{"data", "parameter", "symbol", "?"}));
}

QTEST_GUILESS_MAIN(TestRoles)
#include "tst_roles.moc"
