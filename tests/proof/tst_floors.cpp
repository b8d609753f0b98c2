// What bodies of one trace draw and in which precision they compute.
#include "core/proof/floors.h"
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::proof;
using namespace hopscope::test;

namespace {

std::shared_ptr<const GraphModule> body(const std::string& statements) {
    return readText(
        "class GraphModule(torch.nn.Module):\n    def forward(self, x: \"f32[2, 3][3, 1]cuda:0\"):\n"
        + statements + "        return (out,)\n")
        .module;
}
const char* const kRand = "        r: \"f32[2, 3][3, 1]cuda:0\" = torch.ops.aten.rand.default([2, 3])\n"
                          "        out: \"f32[2, 3][3, 1]cuda:0\" = torch.ops.aten.mul.Tensor(x, r)\n";
const char* const kInductor =
    "        seed: \"i64[][]cuda:0\" = torch.ops.prims.inductor_seed.default(0)\n"
    "        drawn: \"f32[2, 3][3, 1]cuda:0\" = torch.ops.prims.inductor_random.default([2, 3], seed, "
    "'rand')\n"
    "        out: \"f32[2, 3][3, 1]cuda:0\" = torch.ops.aten.mul.Tensor(x, drawn)\n";
const char* const kNothing = "        out: \"bf16[2, 3][3, 1]cuda:0\" = torch.ops.aten._to_copy.default(x)\n";

} // namespace

class TestFloors : public QObject {
    Q_OBJECT

private slots:
    void handsOnWhatWasDrawnByAnotherOperator();
    void leavesSeedsToTheSameOperators();
    void saysWhatCannotBePaired();
    void namesHalfPrecisions();
};

void TestFloors::handsOnWhatWasDrawnByAnotherOperator() {
    const auto from = body(kInductor), to = body(kRand);
    QVERIFY(from && to);
    std::string header = R"({"drawn":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})";
    header.resize((header.size() + 7) / 8 * 8, ' ');
    std::string bytes(8, '\0');
    bytes[0] = static_cast<char>(header.size());
    bytes += header + std::string(24, '\0');
    const auto file = tensors::TensorFile::read(bytes, nullptr);
    QVERIFY2(file.ok(), file.ok() ? "" : file.error().text().c_str());
    const Drawn drawn = drawn_values(*from, BodyId(0), *file, *to, BodyId(0));
    QCOMPARE(drawn.problem, std::string());
    QCOMPARE(drawn.values.size(), size_t{1});
    QCOMPARE(drawn.values[0].name, std::string("r"));
    // A value that the file does not have.
    const Drawn lost = drawn_values(*from, BodyId(0), tensors::TensorFile(), *to, BodyId(0));
    QVERIFY(lost.values.empty());
    QVERIFY2(lost.problem.find("'r'") != std::string::npos, lost.problem.c_str());
}

void TestFloors::leavesSeedsToTheSameOperators() {
    const auto both = body(kRand);
    const Drawn drawn = drawn_values(*both, BodyId(0), tensors::TensorFile(), *both, BodyId(0));
    QVERIFY(drawn.values.empty());
    QVERIFY(drawn.problem.empty());
}

void TestFloors::saysWhatCannotBePaired() {
    const auto from = body(kNothing), to = body(kRand);
    const Drawn drawn = drawn_values(*from, BodyId(0), tensors::TensorFile(), *to, BodyId(0));
    QVERIFY2(drawn.problem.find("0 and 1 nodes") != std::string::npos, drawn.problem.c_str());
}

void TestFloors::namesHalfPrecisions() {
    QCOMPARE(half_precisions(*body(kNothing), BodyId(0)), std::string("bfloat16"));
    QCOMPARE(half_precisions(*body(kRand), BodyId(0)), std::string());
}

QTEST_GUILESS_MAIN(TestFloors)
#include "tst_floors.moc"
