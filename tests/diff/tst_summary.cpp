// What keeps two bodies apart, in one sentence, and what of two ledgers' bodies is no difference.
#include "core/diff/ledgers.h"
#include "core/diff/summary.h"

#include "tests/testdata.h"

#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestSummary : public QObject {
    Q_OBJECT

private slots:
    void texts_data();
    void texts();
    void ledgersOfTwoVersions();
    void whatOnlyOneDumpTellsIsNoOtherBody();
};

namespace {

const char* const kPlain = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[4, 8][8, 1]cpu", w: "f32[4, 8][8, 1]cpu"):
        sin: "f32[4, 8][8, 1]cpu" = torch.ops.aten.sin.default(x);  x = None
        mul: "f32[4, 8][8, 1]cpu" = torch.ops.aten.mul.Tensor(sin, w);  sin = w = None
        return (mul,)
)";

std::string changed(const char* from, const char* to) {
    return QString::fromUtf8(kPlain).replace(QString::fromUtf8(from), QString::fromUtf8(to)).toStdString();
}

} // namespace

void TestSummary::texts_data() {
    QTest::addColumn<QString>("other");
    QTest::addColumn<QString>("told");
    const auto row = [](const char* name, const std::string& other, const char* told) {
        QTest::newRow(name) << QString::fromStdString(other) << QString::fromUtf8(told);
    };
    row("the same", kPlain, "");
    row("a detach between",
        changed("        mul: \"f32[4, 8][8, 1]cpu\" = torch.ops.aten.mul.Tensor(sin, w);  sin = w = None\n",
            "        detach: \"f32[4, 8][8, 1]cpu\" = torch.ops.aten.detach.default(sin);  sin = None\n"
            "        mul: \"f32[4, 8][8, 1]cpu\" = torch.ops.aten.mul.Tensor(detach, w);  detach = w = "
            "None\n"),
        "aten.detach.default only in the second, which passes its value on: both compute the same");
    row("a detach of another value",
        changed("        mul: \"f32[4, 8][8, 1]cpu\" = torch.ops.aten.mul.Tensor(sin, w);  sin = w = None\n",
            "        detach: \"f32[4, 8][8, 1]cpu\" = torch.ops.aten.detach.default(w);  w = None\n"
            "        mul: \"f32[4, 8][8, 1]cpu\" = torch.ops.aten.mul.Tensor(sin, detach);  sin = detach = "
            "None\n"),
        "aten.detach.default only in the second, which passes its value on: both compute the same");
    row("a detach, and the other operand",
        changed("        mul: \"f32[4, 8][8, 1]cpu\" = torch.ops.aten.mul.Tensor(sin, w);  sin = w = None\n",
            "        detach: \"f32[4, 8][8, 1]cpu\" = torch.ops.aten.detach.default(sin)\n"
            "        mul: \"f32[4, 8][8, 1]cpu\" = torch.ops.aten.mul.Tensor(sin, detach);  sin = detach = "
            "None\n"),
        "aten.detach.default only in the second");
    row("another layout of an input", changed("w: \"f32[4, 8][8, 1]cpu\"):", "w: \"f32[4, 8][1, 4]cpu\"):"),
        "stride of 1 node (w: (8, 1) → (1, 4))");
}

void TestSummary::texts() {
    QFETCH(QString, other);
    QFETCH(QString, told);
    const auto a = readText(kPlain).module, b = readText(other.toStdString()).module;
    QVERIFY(a && b);
    QCOMPARE(
        QString::fromStdString(difference_summary(*a, *b, diff_bodies(*a, BodyId(0), *b, BodyId(0)))), told);
}

// PyTorch 2.9 put four more detaches into each forward body.
void TestSummary::ledgersOfTwoVersions() {
    const auto then = open_dump({traceOf("v2.9-dup_tangents")}), now = open_dump({traceOf("dup_tangents")});
    const auto pairs = compare_ledgers(*then, build_ledger(*then), *now, build_ledger(*now));
    QCOMPARE(pairs.size(), size_t(1));
    QCOMPARE(pairs[0].other_bodies.size(), size_t(4));
    for (const OtherBody& o : pairs[0].other_bodies)
        QCOMPARE(o.what,
            std::string("4 aten.detach.default only in the first, which pass their value on: "
                        "both compute the same"));
}

// The same run's text log, its graphs printed without strides and devices.
void TestSummary::whatOnlyOneDumpTellsIsNoOtherBody() {
    QString log = QString::fromUtf8(bytesOf(dataPath("mlp4/torch_logs.txt.gz")));
    const qsizetype before = log.size();
    log.replace(QRegularExpression("\\]\\[[0-9, ]*\\]cpu\""), "]\"");
    QVERIFY(log.size() < before);
    QTemporaryDir folder;
    const QString path = folder.filePath("log.txt");
    QVERIFY(writeFile(path, log.toUtf8()));
    const auto trace = open_dump({traceOf("mlp4")}), text = open_dump({path.toStdString()});
    const auto pairs = compare_ledgers(*trace, build_ledger(*trace), *text, build_ledger(*text));
    QCOMPARE(pairs.size(), size_t(1));
    QVERIFY(pairs[0].compared_bodies > 0);
    QCOMPARE(pairs[0].other_bodies.size(), size_t(0));
    QCOMPARE(pairs[0].told_less, pairs[0].compared_bodies);
}

QTEST_GUILESS_MAIN(TestSummary)
#include "tst_summary.moc"
