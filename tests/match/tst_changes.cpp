// One change to a body, and what the match says of it.
#include "core/match/classes.h"

#include "tests/match/bodies.h"
#include "tests/testdata.h"

#include <QRegularExpression>
#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestChanges : public QObject {
    Q_OBJECT

private slots:
    void changedConstant();
    void changedStride();
    void changedOperator();
    void swappedOperands();
    void addedNode();
    void changeInACalledBody();
    void writesInPlaceHaveATime();
    void modesHaveATime();
};

void TestChanges::changedConstant() {
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

void TestChanges::changedStride() {
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

void TestChanges::changedOperator() {
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

void TestChanges::swappedOperands() {
    const std::string a = body("x, y", "        s = torch.ops.aten.sub.Tensor(x, y)\n        return (s,)\n");
    const std::string b = body("x, y", "        s = torch.ops.aten.sub.Tensor(y, x)\n        return (s,)\n");
    QCOMPARE(told(a, b), std::string("node s: operand of argument 0: expected x, found y"));
}

void TestChanges::addedNode() {
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

void TestChanges::changeInACalledBody() {
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

void TestChanges::writesInPlaceHaveATime() {
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

void TestChanges::modesHaveATime() {
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

QTEST_GUILESS_MAIN(TestChanges)
#include "tst_changes.moc"
