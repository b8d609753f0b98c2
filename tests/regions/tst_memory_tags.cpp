// What checkpointing asked to be saved, beside what the forward saves.
#include "core/regions/memory.h"

#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestMemoryTags : public QObject {
    Q_OBJECT

private slots:
    void selectiveCheckpointing();
    void withoutTags();
};

// Selective checkpointing around region calls: the policy asks for matrix products to be saved, but sees each
// region as one operator; PyTorch marks what one checkpoint hands to the next, and computes it again all the
// same (0/0:backward@getitem takes it from a forward call that the backward repeats).
void TestMemoryTags::selectiveCheckpointing() {
    const auto dump = open_dump({traceOf("explain/gpu_sac")});
    QVERIFY(dump);
    const MemoryReport report = memory_of(*dump, build_ledger(*dump).compilations.front());
    QCOMPARE(report.kept_values, 0);
    QCOMPARE(report.against_tags.size(), size_t(7));
    for (const TaggedValue& t : report.against_tags) {
        QCOMPARE(t.tag, std::string("MUST_SAVE"));
        QVERIFY(!t.saved);
    }
    QCOMPARE(address_of(*dump, report.against_tags[0].at.graph, report.against_tags[0].at.body,
                 report.against_tags[0].at.node),
        std::string("0/0:forward@getitem"));
    QCOMPARE(report.untagged_bodies.size(), size_t(1));
    QCOMPARE(address_of(*dump, report.untagged_bodies[0].graph, report.untagged_bodies[0].body),
        std::string("0/0:forward:partitioned_fw_subgraph_0_0"));
}

void TestMemoryTags::withoutTags() {
    const auto dump = open_dump({traceOf("gpt12")});
    QVERIFY(dump);
    const MemoryReport report = memory_of(*dump, build_ledger(*dump).compilations.front());
    QVERIFY(report.kept_values > 0);
    QVERIFY(report.against_tags.empty());
    QVERIFY(report.untagged_bodies.empty());
}

QTEST_GUILESS_MAIN(TestMemoryTags)
#include "tst_memory_tags.moc"
