// The canonical form: what makes bodies equal, what makes them differ, and that a difference is named.
#include "core/match/classes.h"

#include "core/graph/calls.h"
#include "core/graph/print.h"
#include "tests/testdata.h"

#include <QRegularExpression>
#include <QTest>

#include <algorithm>
#include <random>

using namespace hopscope;
using namespace hopscope::test;

class TestMatch : public QObject {
    Q_OBJECT

private slots:
    void everyBodyEqualsItself_data();
    void everyBodyEqualsItself();
    void renamedAndPermuted_data();
    void renamedAndPermuted();
    void equalUnderOtherIdentifiers();
    void sharedBodyPrintedUnderSeveralParents();
    void sameRegionInSeveralCompilations();
    void variantsDifferByStrideOnly();
    void nestedBodiesCount();
    void changedConstant();
    void changedStride();
    void changedOperator();
    void swappedOperands();
    void addedNode();
    void changeInACalledBody();
    void writesInPlaceHaveATime();
    void modesHaveATime();
    void twinsAreToldApartByTheirUse();
    void unusedNodes();
    void layerIndices();
    void keywordsHaveNoOrder();
    void whatIsNotToldIsNoDifference();
    void namesOrderPlacesAndIdsWhereAsked();
    void sameLiterals();
    void longChain();
};

namespace {

// "0/0:forward:partitioned_fw_subgraph_0_0" of a recording, with its module.
struct At {
    std::shared_ptr<const GraphModule> module;
    BodyId body;
};

At at(const Dump& dump, std::string_view address) {
    const auto place = resolve(dump, address);
    if (!place)
        return {};
    return {dump.graph(place->graph).module, place->body};
}

MatchResult matched(const At& a, const At& b, const MatchOptions& options = {}) {
    return match_bodies(Canon(*a.module, options), a.body, Canon(*b.module, options), b.body);
}

MatchResult matched(const std::string& a, const std::string& b, const MatchOptions& options = {}) {
    return matched({readText(a).module, BodyId(0)}, {readText(b).module, BodyId(0)}, options);
}

std::string told(const At& a, const At& b, const MatchOptions& options = {}) {
    const MatchResult r = matched(a, b, options);
    return r.equal() ? "equal" : difference_text(*a.module, *b.module, *r.difference, a.body);
}

std::string told(const std::string& a, const std::string& b, const MatchOptions& options = {}) {
    return told({readText(a).module, BodyId(0)}, {readText(b).module, BodyId(0)}, options);
}

std::string body(const std::string& signature, const std::string& lines) {
    return "class G(torch.nn.Module):\n    def forward(self, " + signature + "):\n" + lines;
}

// The body's text with its nodes in another order that their operands allow, and all of them renamed.
std::string shuffled(const GraphModule& module, BodyId id, unsigned seed) {
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

bool isIdentity(const BodyMapping& m) {
    for (size_t i = 0; i < m.to_b.size(); ++i)
        if (m.to_b[i] != NodeId(i))
            return false;
    return true;
}

} // namespace

void TestMatch::everyBodyEqualsItself_data() {
    QTest::addColumn<QString>("recording");
    for (const QString& name : recordings())
        QTest::newRow(qPrintable(name)) << name;
}

// Each body of each recording, against its own text read again; and what is one class has one mapping.
void TestMatch::everyBodyEqualsItself() {
    QFETCH(QString, recording);
    const auto dump = open_dump({traceOf(recording)});
    QVERIFY(dump.ok());
    DumpCanons canons(*dump, {});
    for (size_t g = 0; g < dump->graphs.size(); ++g) {
        const GraphModule& module = *dump->graphs[g].module;
        const ReadText again = readText(print_readable(module, BodyId(0)));
        QVERIFY(again.module);
        const Canon second(*again.module);
        const Canon& first = canons.of(GraphId(g));
        for (size_t b = 0; b < module.bodies.size(); ++b) {
            // The reader may list bodies in another order: they are found by path.
            const BodyId other = find_body(*again.module, body_path(module, BodyId(b)));
            QVERIFY(other);
            QCOMPARE(second.hash(other), first.hash(BodyId(b)));
            const MatchResult r = match_bodies(first, BodyId(b), second, other);
            QVERIFY2(
                r.equal(), r.equal() ? "" : difference_text(module, *again.module, *r.difference).c_str());
            QVERIFY(isIdentity(r.bodies.front()));
        }
    }
}

void TestMatch::renamedAndPermuted_data() {
    QTest::addColumn<QString>("recording");
    QTest::addColumn<QString>("address");
    QTest::newRow("gpt12 fw") << "gpt12"
                              << "0/0:forward:partitioned_fw_subgraph_0_0";
    QTest::newRow("gpt12 bw") << "gpt12"
                              << "0/0:backward:partitioned_bw_subgraph_0_0";
    QTest::newRow("gpt12 joint") << "gpt12"
                                 << "0/0:joint:repeated_subgraph1";
    QTest::newRow("ddp4 bw") << "ddp4"
                             << "r1/0/0:backward:partitioned_bw_subgraph_0_0";
    QTest::newRow("dup_tangents bw") << "dup_tangents"
                                     << "0/0:backward:partitioned_bw_subgraph_0_1";
    QTest::newRow("outputs_mixed") << "outputs_mixed"
                                   << "0/0:joint:repeated_subgraph1";
    QTest::newRow("lstm_like") << "lstm_like"
                               << "0/0:joint:repeated_subgraph1";
}

void TestMatch::renamedAndPermuted() {
    QFETCH(QString, recording);
    QFETCH(QString, address);
    const auto dump = open_dump({traceOf(recording)});
    QVERIFY(dump.ok());
    const At a = at(*dump, address.toStdString());
    QVERIFY(a.module);
    const Body& original = a.module->body(a.body);
    bool any_moved = false;
    for (unsigned seed = 1; seed <= 3; ++seed) {
        const ReadText other = readText(shuffled(*a.module, a.body, seed));
        QVERIFY(other.module);
        QVERIFY2(other.problems.empty(), qPrintable(problemText(other.problems)));
        const At b{other.module, BodyId(0)};
        const MatchResult r = matched(a, b);
        bool moved = false;
        QVERIFY2(r.equal(), told(a, b).c_str());
        QCOMPARE(Canon(*b.module).hash(b.body), Canon(*a.module).hash(a.body));
        // Each node went to the one that carries its number.
        for (size_t i = 0; i + 1 < original.nodes.size(); ++i) {
            const NodeId to = r.bodies.front().to_b[i];
            QVERIFY(to);
            const std::string_view name = b.module->text(b.module->body(b.body).node(to).name);
            // Twins may be swapped: what they compute and how they are used is the same.
            if (name != "renamed_" + std::to_string(i)) {
                const auto places = Canon(*a.module).places(a.body);
                QVERIFY(std::count(places.begin(), places.end(), places[i]) > 1);
            }
            moved = moved || to != NodeId(i);
        }
        MatchOptions order;
        order.order = true;
        if (moved)
            QVERIFY(!matched(a, b, order).equal());
        any_moved = any_moved || moved;
    }
    QVERIFY(any_moved);
}

void TestMatch::equalUnderOtherIdentifiers() {
    const auto dump = open_dump({traceOf("two_functions")});
    QVERIFY(dump.ok());
    QCOMPARE(
        told(at(*dump, "0/0:dynamo:subgraph_0"), at(*dump, "0/0:dynamo:subgraph_1")), std::string("equal"));
    DumpCanons canons(*dump, {});
    const auto classes = equal_bodies(canons, WhichBodies::Called);
    const Place first = *resolve(*dump, "0/0:dynamo:subgraph_0");
    const Place second = *resolve(*dump, "0/0:dynamo:subgraph_1");
    const auto holds = [](const std::vector<Place>& c, const Place& p) {
        return std::find(c.begin(), c.end(), p) != c.end();
    };
    QVERIFY(std::any_of(
        classes.begin(), classes.end(), [&](const auto& c) { return holds(c, first) && holds(c, second); }));
}

void TestMatch::sharedBodyPrintedUnderSeveralParents() {
    const auto dump = open_dump({traceOf("checkpointed")});
    QVERIFY(dump.ok());
    const At first = at(*dump, "0/0:dynamo:wrap_body_0");
    const At second = at(*dump, "0/0:dynamo:wrap_body_1");
    QVERIFY(first.module && second.module);
    const MatchResult r = matched(first, second);
    QVERIFY(r.equal());
    QCOMPARE(r.bodies.size(), size_t{2}); // and the region that both call
}

void TestMatch::sameRegionInSeveralCompilations() {
    const auto dump = open_dump({traceOf("graph_breaks")});
    QVERIFY(dump.ok());
    DumpCanons canons(*dump, {});
    size_t dynamo_bodies = 0;
    size_t largest = 0;
    for (const auto& members : equal_bodies(canons, WhichBodies::Called)) {
        const auto n = static_cast<size_t>(std::count_if(members.begin(), members.end(),
            [&](const Place& p) { return dump->graph(p.graph).stage == Stage::Dynamo; }));
        dynamo_bodies += n;
        largest = std::max(largest, n);
    }
    QVERIFY(largest >= 2);
    QVERIFY(dynamo_bodies >= largest);
}

void TestMatch::variantsDifferByStrideOnly() {
    const auto dump = open_dump({traceOf("dup_tangents")});
    QVERIFY(dump.ok());
    const At first = at(*dump, "0/0:backward:partitioned_bw_subgraph_0_0");
    const At second = at(*dump, "0/0:backward:partitioned_bw_subgraph_0_1");
    const MatchResult r = matched(first, second);
    QVERIFY(!r.equal());
    QCOMPARE(r.difference->what.field, Field::Stride);
    QVERIFY(r.difference->a && r.difference->b);
    const Node& node = first.module->body(first.body).node(r.difference->a);
    QCOMPARE(text(first.module->text(node.name)), QStringLiteral("tangents_0"));
    MatchOptions options;
    options.strides = false;
    QCOMPARE(told(first, second, options), std::string("equal"));
    QCOMPARE(told(at(*dump, "0/0:forward:partitioned_fw_subgraph_0_0"),
                 at(*dump, "0/0:forward:partitioned_fw_subgraph_0_1")),
        std::string("equal"));
}

void TestMatch::nestedBodiesCount() {
    const auto dump = open_dump({traceOf("gpt12_nested")});
    QVERIFY(dump.ok());
    const At outer = at(*dump, "0/0:dynamo:subgraph_1");
    QVERIFY(outer.module);
    const MatchResult r = matched(outer, outer);
    QVERIFY(r.equal());
    QCOMPARE(r.bodies.size(), size_t{2});
    QVERIFY(r.bodies[1].a != r.bodies[0].a);
}

namespace {

// A region body of gpt12 as text, for changes by hand.
QString gptText() {
    const auto dump = open_dump({traceOf("gpt12")});
    const At a = at(*dump, "0/0:forward:partitioned_fw_subgraph_0_0");
    PrintOptions plain;
    plain.sources = plain.deletions = false;
    return QString::fromStdString(print_readable(*a.module, a.body, plain));
}

QString changed(QString text, const QString& from, const QString& to) {
    const qsizetype where = text.indexOf(from);
    return where < 0 ? QString() : text.replace(where, from.size(), to);
}

} // namespace

void TestMatch::changedConstant() {
    const QString text = gptText();
    const QString other = changed(text, "[8, 32]", "[8, 31]");
    const std::string a = text.toStdString();
    for (const auto& [from, to] :
        std::vector<std::pair<QString, QString>>{{", 1e-05", ", 1e-06"}, {"'tanh'", "'none'"}}) {
        const QString b = changed(text, from, to);
        if (b.isEmpty())
            continue;
        const MatchResult r = matched(a, b.toStdString());
        QVERIFY(!r.equal());
        QCOMPARE(r.difference->what.field, Field::Constant);
        QVERIFY(r.difference->a && r.difference->a == r.difference->b);
        QVERIFY2(r.difference->what.expected == from.mid(from.startsWith(',') ? 2 : 0).toStdString(),
            r.difference->what.expected.c_str());
        QCOMPARE(r.difference->what.found, to.mid(to.startsWith(',') ? 2 : 0).toStdString());
        MatchOptions options;
        options.constants = false;
        QVERIFY(matched(a, b.toStdString(), options).equal());
    }
    const std::string small = body("x: \"f32[4]\"",
        "        mul = torch.ops.aten.mul.Tensor(x, 2.0)\n"
        "        sin = torch.ops.aten.sin.default(mul)\n"
        "        return (sin,)\n");
    std::string three = small;
    three.replace(three.find("2.0"), 3, "3.0");
    QCOMPARE(told(small, three), std::string("node mul: constant of argument 1: expected 2.0, found 3.0"));
    Q_UNUSED(other)
}

void TestMatch::changedStride() {
    const QString text = gptText();
    const QRegularExpression typed(R"(([a-z_0-9]+): "f32\[(\d+), (\d+)\]\[(\d+), 1\]cpu" = torch)");
    const auto hit = typed.match(text);
    QVERIFY(hit.hasMatch());
    const QString from =
        "[" + hit.captured(2) + ", " + hit.captured(3) + "][" + hit.captured(4) + ", 1]cpu\" = torch";
    const QString to =
        "[" + hit.captured(2) + ", " + hit.captured(3) + "][1, " + hit.captured(2) + "]cpu\" = torch";
    QString other = text;
    other.replace(text.indexOf(from, hit.capturedStart()), from.size(), to);
    const At a{readText(text.toStdString()).module, BodyId(0)};
    const At b{readText(other.toStdString()).module, BodyId(0)};
    const MatchResult r = matched(a, b);
    QVERIFY(!r.equal());
    QCOMPARE(r.difference->what.field, Field::Stride);
    QCOMPARE(test::text(a.module->text(a.module->body(a.body).node(r.difference->a).name)), hit.captured(1));
    QCOMPARE(QString::fromStdString(r.difference->what.expected), "(" + hit.captured(4) + ", 1)");
    QCOMPARE(QString::fromStdString(r.difference->what.found), "(1, " + hit.captured(2) + ")");
    MatchOptions options;
    options.strides = false;
    QVERIFY(matched(a, b, options).equal());
}

void TestMatch::changedOperator() {
    const std::string a = body("x",
        "        a = torch.ops.aten.sin.default(x)\n        b = torch.ops.aten.exp.default(a)\n"
        "        return (b,)\n");
    const std::string b = body("x",
        "        u = torch.ops.aten.cos.default(x)\n        v = torch.ops.aten.exp.default(u)\n"
        "        return (v,)\n");
    QCOMPARE(told(a, b),
        std::string("node a (there u): target: expected aten.sin.default, found aten.cos.default"));
    QVERIFY(!matched(a, b, structure_only()).equal());
}

void TestMatch::swappedOperands() {
    const std::string a = body("x, y", "        s = torch.ops.aten.sub.Tensor(x, y)\n        return (s,)\n");
    const std::string b = body("x, y", "        s = torch.ops.aten.sub.Tensor(y, x)\n        return (s,)\n");
    QCOMPARE(told(a, b), std::string("node s: operand of argument 0: expected x, found y"));
}

void TestMatch::addedNode() {
    const std::string a = body("x", "        s = torch.ops.aten.sin.default(x)\n        return (s,)\n");
    const std::string b = body("x",
        "        s = torch.ops.aten.sin.default(x)\n"
        "        r = torch.ops.aten.relu.default(s)\n        return (r,)\n");
    QCOMPARE(told(a, b), std::string("node output: operand of output 0: expected s, found r"));
    const std::string c = body("x",
        "        s = torch.ops.aten.sin.default(x)\n"
        "        r = torch.ops.aten.relu.default(s)\n        return (s,)\n");
    QCOMPARE(told(a, c), std::string("node r: found only in the second"));
    QCOMPARE(told(c, a), std::string("node r: found only in the first"));
    QCOMPARE(told(body("x, y", "        return (x,)\n"), body("x", "        return (x,)\n")),
        std::string("node y: found only in the first"));
}

void TestMatch::changeInACalledBody() {
    const std::string a = R"(class G(torch.nn.Module):
    def forward(self, x: "f32[4][1]cpu"):
        region = self.region
        call = torch.ops.higher_order.invoke_subgraph(region, 'region', x)
        getitem: "f32[4][1]cpu" = call[0]
        return (getitem,)

    class region(torch.nn.Module):
        def forward(self, u: "f32[4][1]cpu"):
            mul: "f32[4][1]cpu" = torch.ops.aten.mul.Tensor(u, 2.0)
            return (mul,)
)";
    QString other = QString::fromStdString(a);
    other.replace("region", "subgraph_7");
    QCOMPARE(told(a, other.toStdString()), std::string("equal"));
    other.replace("2.0", "2.5");
    QCOMPARE(told(a, other.toStdString()),
        std::string("in region: node mul: constant of argument 1: expected 2.0, found 2.5"));
    MatchOptions ids;
    ids.ids = true;
    other = QString::fromStdString(a).replace("'region'", "'other'");
    QCOMPARE(told(a, other.toStdString(), ids),
        std::string("node call: constant of argument 1: expected 'region', found 'other'"));
}

void TestMatch::writesInPlaceHaveATime() {
    const std::string before = body("x",
        "        y = torch.ops.aten.sin.default(x)\n"
        "        w = torch.ops.aten.add_.Tensor(x, 1)\n        return (y, w)\n");
    const std::string after = body("x",
        "        w = torch.ops.aten.add_.Tensor(x, 1)\n"
        "        y = torch.ops.aten.sin.default(x)\n        return (y, w)\n");
    QVERIFY(!matched(before, after).equal());
    QCOMPARE(matched(before, after).difference->what.field, Field::Mutation);
    // Through a view, too.
    const std::string view_before = body("x",
        "        v = torch.ops.aten.view.default(x, [4])\n"
        "        y = torch.ops.aten.sin.default(v)\n"
        "        w = torch.ops.aten.add_.Tensor(x, 1)\n        return (y, w)\n");
    const std::string view_after = body("x",
        "        v = torch.ops.aten.view.default(x, [4])\n"
        "        w = torch.ops.aten.add_.Tensor(x, 1)\n"
        "        y = torch.ops.aten.sin.default(v)\n        return (y, w)\n");
    QVERIFY(!matched(view_before, view_after).equal());
    // What does not touch x may move.
    const std::string free_before = body("x, z",
        "        y = torch.ops.aten.sin.default(z)\n"
        "        w = torch.ops.aten.add_.Tensor(x, 1)\n        return (y, w)\n");
    const std::string free_after = body("x, z",
        "        w = torch.ops.aten.add_.Tensor(x, 1)\n"
        "        y = torch.ops.aten.sin.default(z)\n        return (y, w)\n");
    QVERIFY(matched(free_before, free_after).equal());
}

void TestMatch::modesHaveATime() {
    const std::string in = body("x",
        "        g = torch._C._set_grad_enabled(False)\n        y = torch.sin(x)\n"
        "        return (y,)\n");
    const std::string out = body("x",
        "        y = torch.sin(x)\n        g = torch._C._set_grad_enabled(False)\n"
        "        return (y,)\n");
    const MatchResult r = matched(in, out);
    QVERIFY(!r.equal());
    QCOMPARE(r.difference->what.field, Field::SideEffect);
}

void TestMatch::twinsAreToldApartByTheirUse() {
    const std::string two = body("x",
        "        a = torch.sin(x)\n        b = torch.sin(x)\n        c = torch.cos(a)\n"
        "        d = torch.exp(b)\n        return (c, d)\n");
    const std::string crossed = body("x",
        "        a = torch.sin(x)\n        b = torch.sin(x)\n        d = torch.exp(a)\n"
        "        c = torch.cos(b)\n        return (c, d)\n");
    const std::string one = body("x",
        "        a = torch.sin(x)\n        b = torch.sin(x)\n        c = torch.cos(a)\n"
        "        d = torch.exp(a)\n        return (c, d)\n");
    const MatchResult r = matched(two, crossed);
    QVERIFY(r.equal());
    QCOMPARE(r.bodies[0].to_b[1], NodeId(2)); // a is the second sin there
    QVERIFY(!matched(two, one).equal());
}

void TestMatch::unusedNodes() {
    const std::string a = body("x, y",
        "        a = torch.sin(x)\n        b = torch.sin(x)\n        p = torch.exp(a)\n"
        "        q = torch.exp(b)\n        r = torch.cos(b)\n        return (x,)\n");
    const std::string b = body("x, y",
        "        a = torch.sin(x)\n        b = torch.sin(x)\n        r = torch.cos(a)\n"
        "        q = torch.exp(a)\n        p = torch.exp(b)\n        return (x,)\n");
    const std::string c = body("x, y",
        "        a = torch.sin(x)\n        b = torch.sin(x)\n        r = torch.cos(a)\n"
        "        q = torch.exp(a)\n        p = torch.exp(a)\n        return (x,)\n");
    QCOMPARE(told(a, b), std::string("equal"));
    QVERIFY(!matched(a, c).equal());
}

void TestMatch::layerIndices() {
    const auto layer = [](const char* first, const char* second) {
        return body("x",
            std::string("        w = self.") + first + "\n        v = self." + second
                + "\n        a = torch.mm(x, w)\n        b = torch.mm(a, v)\n        return (b,)\n");
    };
    MatchOptions options;
    options.layer_indices = false;
    const std::string zero = layer("layers_0_weight", "layers_0_bias");
    QVERIFY(!matched(zero, layer("layers_1_weight", "layers_1_bias")).equal());
    QVERIFY(matched(zero, layer("layers_1_weight", "layers_1_bias"), options).equal());
    QVERIFY(!matched(zero, layer("layers_1_weight", "layers_1_gain"), options).equal());
    // One to one: the same parameter twice is not two parameters.
    QVERIFY(!matched(layer("w_0", "w_1"), layer("w_2", "w_2"), options).equal());
    QCOMPARE(
        matched(layer("w_0", "w_1"), layer("w_2", "w_2"), options).difference->what.field, Field::Attribute);
}

void TestMatch::keywordsHaveNoOrder() {
    const std::string a = body("x", "        a = torch.f(x, p = 1, q = 2)\n        return (a,)\n");
    const std::string b = body("x", "        a = torch.f(x, q = 2, p = 1)\n        return (a,)\n");
    const std::string c = body("x", "        a = torch.f(x, q = 2, p = 3)\n        return (a,)\n");
    const std::string d = body("x", "        a = torch.f(x, q = 2)\n        return (a,)\n");
    QVERIFY(matched(a, b).equal());
    QCOMPARE(told(a, c), std::string("node a: constant of keyword p: expected 1, found 3"));
    QCOMPARE(told(a, d), std::string("node a: count of keyword p: expected 1, found none"));
}

// Recorded text without strides and devices against the trace's own, as a debug folder has it.
void TestMatch::whatIsNotToldIsNoDifference() {
    const auto dump = open_dump({traceOf("gpt12")});
    QVERIFY(dump.ok());
    const At a = at(*dump, "0/0:forward");
    QString stripped = QString::fromStdString(print_readable(*a.module, a.body));
    stripped.replace(QRegularExpression(R"((\[[^\]]*\])\[[^\]]*\]cpu")"), R"(\1")");
    const At b{readText(stripped.toStdString()).module, BodyId(0)};
    QVERIFY(!matched(a, b).equal());
    MatchOptions open;
    open.open = true;
    QCOMPARE(told(a, b, open), std::string("equal"));
    // What both tell must still agree.
    QString other = changed(stripped, "f32[", "f64[");
    const At c{readText(other.toStdString()).module, BodyId(0)};
    const MatchResult r = matched(a, c, open);
    QVERIFY(!r.equal());
    QCOMPARE(r.difference->what.field, Field::Dtype);
    // A region whose body was not printed (fx_graph_runnable until 2.13).
    PrintOptions no_bodies;
    no_bodies.nested = no_bodies.types = no_bodies.sources = false;
    const At d{readText(print_readable(*a.module, a.body, no_bodies)).module, BodyId(0)};
    QVERIFY(!matched(a, d).equal());
    QCOMPARE(told(a, d, open), std::string("equal"));
}

void TestMatch::namesOrderPlacesAndIdsWhereAsked() {
    const std::string a =
        body("x", "        # File: /a/b.py:3 in f, code: y\n        s = torch.sin(x)\n        return (s,)\n");
    const std::string b =
        body("x", "        # File: /a/b.py:4 in f, code: y\n        t = torch.sin(x)\n        return (t,)\n");
    QVERIFY(matched(a, b).equal());
    MatchOptions options;
    options.names = true;
    QCOMPARE(told(a, b, options), std::string("node s (there t): name: expected s, found t"));
    options = {};
    options.locations = true;
    QCOMPARE(told(a, b, options),
        std::string("node s (there t): location: expected /a/b.py:3 in f, found /a/b.py:4 in f"));
}

void TestMatch::sameLiterals() {
    const auto one = [](const std::string& arg) {
        return body("x", "        a = torch.f(x, " + arg + ")\n        return (a,)\n");
    };
    QVERIFY(matched(one("1e-05"), one("0.00001")).equal());
    QVERIFY(matched(one("'a'"), one("\"a\"")).equal());
    QVERIFY(!matched(one("1"), one("1.0")).equal());
    QVERIFY(!matched(one("0.0"), one("-0.0")).equal());
    QVERIFY(!matched(one("[1, 2]"), one("[1, [2]]")).equal());
    QVERIFY(!matched(one("None"), one("0")).equal());
    MatchOptions devices;
    devices.devices = false;
    QVERIFY(matched(one("device = device(type='cpu')"), one("device = device(type='cuda', index=0)"), devices)
                .equal());
    QVERIFY(
        !matched(one("device = device(type='cpu')"), one("device = device(type='cuda', index=0)")).equal());
}

// Deep as nothing recorded is; nothing may recurse.
void TestMatch::longChain() {
    std::string lines;
    for (int i = 0; i < 60'000; ++i)
        lines += "        n" + std::to_string(i) + " = torch.sin(" + (i ? "n" + std::to_string(i - 1) : "x")
            + ")\n";
    const std::string a = body("x", lines + "        return (n59999,)\n");
    const std::string b = body("x", lines + "        return (n59998,)\n");
    QVERIFY(matched(a, a).equal());
    QVERIFY(!matched(a, b).equal());
}

QTEST_GUILESS_MAIN(TestMatch)
#include "tst_match.moc"
