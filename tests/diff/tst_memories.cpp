// What is kept for the backward: each storage once, in one dump and against another.
#include "core/diff/ledgers.h"
#include "core/diff/memories.h"

#include "tests/testdata.h"

#include <QTest>

#include <algorithm>

using namespace hopscope;
using namespace hopscope::test;

class TestMemories : public QObject {
    Q_OBJECT

private slots:
    void rowsAddUp_data();
    void rowsAddUp();
    void withAndWithoutRegions();
    void storagesThatOthersKeep();
    void oneStorageHandedOverAgain();
    void anotherDtype();
    void ledgerOfAModelWithoutRegions();
};

namespace {

std::vector<MemoryReport> reports_of(const Dump& dump) {
    const Ledger ledger = build_ledger(dump);
    std::vector<MemoryReport> out;
    for (const CompilationLedger& c : ledger.compilations)
        if (MemoryReport report = memory_of(dump, c); report.forward.graph)
            out.push_back(std::move(report));
    return out;
}

} // namespace

void TestMemories::rowsAddUp_data() {
    QTest::addColumn<QString>("recording");
    for (const QString& name : recordings())
        QTest::newRow(qPrintable(name)) << name;
}

// The totals are the rows' storages, each counted in one row; no value is its own alias, and none that takes
// no storage of its own is said to be spared by computing it again.
void TestMemories::rowsAddUp() {
    QFETCH(QString, recording);
    const auto dump = open_dump({traceOf(recording)});
    QVERIFY(dump);
    const Ledger ledger = build_ledger(*dump);
    for (const CompilationLedger& c : ledger.compilations) {
        const MemoryReport report = memory_of(*dump, c);
        int64_t kept = 0, alive = 0;
        for (const KeptValue& v : report.saved) {
            (v.alive_anyway ? alive : kept) += v.bytes.value_or(0) * v.counted;
            QVERIFY(v.alias_of != v.at);
            QVERIFY(v.counted <= v.times);
            QVERIFY(v.counted == v.times || v.counted_with.graph);
            QVERIFY(!v.recomputable || (v.counted > 0 && !v.alive_anyway));
        }
        QCOMPARE(kept, report.kept_bytes);
        QCOMPARE(alive, report.alive_bytes);
        QCOMPARE(c.totals.saved_bytes, report.kept_bytes);
        kept = alive = 0;
        for (const KeptStorage& s : report.storages)
            (s.alive_anyway ? alive : kept) += s.bytes.value_or(0) * s.times;
        QCOMPARE(kept, report.kept_bytes);
        QCOMPARE(alive, report.alive_bytes);
        for (const Region& region : c.regions) {
            int64_t by_value = 0;
            for (const SavedValue& v : region.saved)
                by_value += v.kept_bytes.value_or(0);
            // What a call makes, another may hand over: its result.
            if (region.saved_bytes)
                QVERIFY(by_value <= *region.saved_bytes);
            QVERIFY(region.saved_bytes.value_or(0) <= region.saved_bytes_all.value_or(0));
            QVERIFY(region.saved_bytes_all.value_or(0) <= report.kept_bytes);
        }
    }
}

// gpt12 with its blocks as regions, and without: PyTorch's own saved tensors hold 425,152 bytes in both.
void TestMemories::withAndWithoutRegions() {
    const auto region = open_dump({traceOf("gpt12")}), flat = open_dump({traceOf("explain/gpt12_flat")});
    QVERIFY(region && flat);
    const auto a = reports_of(*region), b = reports_of(*flat);
    QCOMPARE(a.size(), size_t{1});
    QCOMPARE(b.size(), size_t{1});
    const auto diffs = diff_memories(*region, a, *flat, b);
    QCOMPARE(diffs.size(), size_t{1});
    QCOMPARE(diffs[0].kept_bytes_a, int64_t{425152});
    QCOMPARE(diffs[0].kept_bytes_b, int64_t{425152});
    for (const MemoryChange& c : diffs[0].changes) {
        const Place& at = (c.a.shown ? c.a.shown : c.b.shown)->at;
        QFAIL(address_of(*(c.a.shown ? region : flat), at.graph, at.body, at.node).c_str());
    }
    QVERIFY(diffs[0].same > 185);
}

// A cheap view of a value that is kept as well spares nothing; a cheap value that nobody else keeps does.
void TestMemories::storagesThatOthersKeep() {
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("log.txt"));
    QVERIFY(writeFile(path,
        R"( ===== Forward graph 0 =====
class GraphModule(torch.nn.Module):
    def forward(self, primals_1: "f32[4, 4]", primals_2: "f32[4, 4]"):
        mm: "f32[4, 4]" = torch.ops.aten.mm.default(primals_1, primals_2)
        view: "f32[16]" = torch.ops.aten.view.default(mm, [16])
        sin: "f32[4, 4]" = torch.ops.aten.sin.default(primals_1)
        return (view, view, mm, sin)

 ===== Backward graph 0 =====
class GraphModule(torch.nn.Module):
    def forward(self, view: "f32[16]", mm: "f32[4, 4]", sin: "f32[4, 4]", tangents_1: "f32[16]"):
        mul: "f32[16]" = torch.ops.aten.mul.Tensor(tangents_1, view)
        view_1: "f32[4, 4]" = torch.ops.aten.view.default(mul, [4, 4])
        mul_1: "f32[4, 4]" = torch.ops.aten.mul.Tensor(view_1, mm)
        mul_2: "f32[4, 4]" = torch.ops.aten.mul.Tensor(mul_1, sin)
        return (mul_2, None)
)"));
    const auto dump = open_dump({path.toStdString()});
    QVERIFY(dump);
    const auto reports = reports_of(*dump);
    QCOMPARE(reports.size(), size_t{1});
    const MemoryReport& report = reports.front();
    QCOMPARE(report.kept_bytes, int64_t{128});
    QStringList cheap;
    for (const KeptValue& v : report.saved)
        if (v.recomputable)
            cheap << QString::fromStdString(address_of(*dump, v.at.graph, v.at.body, v.at.node));
    QVERIFY2(cheap.size() == 1 && cheap[0].endsWith("@sin"), qPrintable(cheap.join(' ')));
}

// Gemma's rotary tables are made once and handed over by each of its layers.
void TestMemories::oneStorageHandedOverAgain() {
    const auto dump = open_dump({traceOf("explain/gpu_gemma3")});
    QVERIFY(dump);
    int again = 0;
    for (const MemoryReport& report : reports_of(*dump))
        for (const KeptValue& v : report.saved)
            if (!v.alive_anyway && v.counted < v.times) {
                QVERIFY(v.counted_with.graph && v.counted_with != v.at);
                again += v.times - v.counted;
            }
    QCOMPARE(again, 20);
}

// The same model in bfloat16: each storage that is kept is paired with one that differs in dtype.
void TestMemories::anotherDtype() {
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("bf16.log"));
    QVERIFY(writeFile(path, traceBytes(QStringLiteral("gpt12")).replace(": \"f32[", ": \"bf16[")));
    const auto full = open_dump({traceOf("gpt12")}), half = open_dump({path.toStdString()});
    QVERIFY(full && half);
    const auto a = reports_of(*full), b = reports_of(*half);
    int dtypes = 0;
    const auto pairs = diff_memories(*full, a, *half, b);
    QCOMPARE(pairs.size(), size_t{1});
    for (const MemoryChange& c : pairs[0].changes) {
        const KeptValue* shown = c.a.shown ? c.a.shown : c.b.shown;
        if (shown->alive_anyway)
            continue; // its record is of another dtype, so that its name is not known
        QVERIFY(std::find(c.fields.begin(), c.fields.end(), "dtype") != c.fields.end());
        ++dtypes;
    }
    QVERIFY2(dtypes > 5, qPrintable(QString::number(dtypes)));
}

// A compilation that calls no region is there all the same.
void TestMemories::ledgerOfAModelWithoutRegions() {
    const auto region = open_dump({traceOf("gpt12")}), flat = open_dump({traceOf("explain/gpt12_flat")});
    const auto pairs = compare_ledgers(*region, build_ledger(*region), *flat, build_ledger(*flat));
    QCOMPARE(pairs.size(), size_t{1});
    QVERIFY(pairs[0].a && pairs[0].b);
    QVERIFY(pairs[0].in_a && !pairs[0].in_b);
    QVERIFY(!pairs[0].equal());
    QCOMPARE(pairs[0].rows.size(), size_t{12});
    // Without a region on either side there is nothing to say.
    QVERIFY(compare_ledgers(*flat, build_ledger(*flat), *flat, build_ledger(*flat)).empty());
}

QTEST_GUILESS_MAIN(TestMemories)
#include "tst_memories.moc"
