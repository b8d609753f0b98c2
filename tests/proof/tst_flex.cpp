// The joint graph that is derived through flex_attention, against that of its definition.
#include "tests/worker/worker.h"

#include "core/proof/difference.h"
#include "core/proof/joint.h"
#include "core/proof/trials.h"
#include "core/run/inputs.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

namespace {

const std::string kInputs = R"(class GraphModule(torch.nn.Module):
    def forward(self, q: "f32[2, 4, 6, 8][192, 48, 8, 1]cpu", k: "f32[2, 2, 10, 8][160, 8, 16, 1]cpu", v: "f32[2, 2, 10, 8][160, 80, 8, 1]cpu", w: "f32[4][1]cpu"):
)";

// One block of keys, which the mask cuts.
std::string flex(const std::string& compares, const std::string& results) {
    return kInputs + R"(        score0 = self.score0
        mask0 = self.mask0
        counts: "i32[1, 1, 1][1, 1, 1]cpu" = torch.ops.aten.ones.default([1, 1, 1], dtype = torch.int32)
        blocks: "i32[1, 1, 1, 1][1, 1, 1, 1]cpu" = torch.ops.aten.zeros.default([1, 1, 1, 1], dtype = torch.int32)
        flex_attention = torch.ops.higher_order.flex_attention(q, k, v, score0, (6, 10, counts, blocks, None, None, None, None, None, None, 128, 128, mask0), 0.25, {'OUTPUT_MAX': False}, (w,), ())
        out: "f32[2, 4, 6, 8][192, 48, 8, 1]cpu" = flex_attention[0]
        lse: "f32[2, 4, 6][24, 6, 1]cpu" = flex_attention[1]
        return )"
        + results + R"(

    class score0(torch.nn.Module):
        def forward(self, arg0_1: "f32[][]cpu", arg1_1: "i32[][]cpu", arg2_1: "i32[][]cpu", arg3_1: "i32[][]cpu", arg4_1: "i32[][]cpu", arg5_1: "f32[4][1]cpu"):
            index: "f32[][]cpu" = torch.ops.aten.index.Tensor(arg5_1, [arg2_1])
            add: "f32[][]cpu" = torch.ops.aten.add.Tensor(arg0_1, index)
            tanh: "f32[][]cpu" = torch.ops.aten.tanh.default(add)
            return tanh

    class mask0(torch.nn.Module):
        def forward(self, arg0_1: "i32[][]cpu", arg1_1: "i32[][]cpu", arg2_1: "i32[][]cpu", arg3_1: "i32[][]cpu"):
            visible: "b8[][]cpu" = torch.ops.aten.)"
        + compares + R"(.Tensor(arg2_1, arg3_1)
            return visible
)";
}

const std::string kDefinition = kInputs + R"(        keys = torch.ops.aten.repeat_interleave.self_int(k, 2, 1)
        values = torch.ops.aten.repeat_interleave.self_int(v, 2, 1)
        turned = torch.ops.aten.transpose.int(keys, 2, 3)
        product = torch.ops.aten.matmul.default(q, turned)
        scaled = torch.ops.aten.mul.Tensor(product, 0.25)
        heads = torch.ops.aten.view.default(w, [4, 1, 1])
        changed = torch.ops.aten.add.Tensor(scaled, heads)
        bounded = torch.ops.aten.tanh.default(changed)
        ones = torch.ops.aten.ones.default([6, 10])
        above = torch.ops.aten.triu.default(ones, 1)
        hidden = torch.ops.aten.gt.Scalar(above, 0)
        scores = torch.ops.aten.masked_fill.Scalar(bounded, hidden, -inf)
        weights = torch.ops.aten._softmax.default(scores, -1, False)
        out = torch.ops.aten.matmul.default(weights, values)
        sums = torch.ops.aten.logsumexp.default(scores, [-1])
        lse = torch.ops.aten.div.Tensor(sums, 0.6931471805599453)
        return (out, lse)
)";

} // namespace

class TestFlex : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void isDifferentiatedAsItsDefinition();
    void hasNoGradientWhereAllIsHidden();

private:
    // What the derived joint graph of `text` gives, always on the same inputs: the first graph's.
    Result<std::vector<tensors::Value>> gradients(const std::string& text);

    std::unique_ptr<worker::Worker> executor_;
    std::vector<proof::BodyResults> held_;
    std::optional<run::Inputs> made_;
};

void TestFlex::initTestCase() {
    auto started = startExecutor();
    QVERIFY2(started.ok(), started.ok() ? "" : started.error().text().c_str());
    executor_ = std::move(*started);
}

Result<std::vector<tensors::Value>> TestFlex::gradients(const std::string& text) {
    const auto module = readText(text).module;
    if (!module)
        return make_error(Error::Kind::Damaged, "the graph is not read");
    Bindings symbols;
    const auto inputs = run::synthetic_inputs(*module, BodyId(0), 1, symbols);
    if (!inputs)
        return inputs.error();
    if (const auto loaded = executor_->load(module, BodyId(0), {}); !loaded)
        return loaded.error();
    if (const Status status = executor_->bind(inputs->values, wire::BindRequest::As::Inputs); !status)
        return status.error();
    const auto derived = proof::derive_joint(*executor_, *module, BodyId(0), {});
    if (!derived)
        return derived.error();
    const GraphModule& joint = *derived->module;
    if (!made_) {
        auto given = run::synthetic_inputs(joint, BodyId(0), 1, symbols);
        if (!given)
            return given.error();
        made_ = std::move(*given);
    }
    if (const auto loaded = executor_->load(derived->module, BodyId(0), {}); !loaded)
        return loaded.error();
    std::string refusal;
    auto ran = proof::run_body(
        *executor_, joint, BodyId(0), proof::named_for(joint, BodyId(0), made_->values), 1, refusal, {});
    if (!ran)
        return ran.error();
    if (!*ran)
        return make_error(Error::Kind::External, refusal);
    held_.push_back(std::move(**ran));
    return held_.back().results;
}

void TestFlex::isDifferentiatedAsItsDefinition() {
    const auto found = gradients(flex("ge", "(out, lse)")), expected = gradients(kDefinition);
    QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
    QVERIFY2(expected.ok(), expected.ok() ? "" : expected.error().text().c_str());
    QCOMPARE(found->size(), size_t{6}); // gradients of q, k, v and w, then both results
    QCOMPARE(expected->size(), size_t{6});
    for (size_t i = 0; i < found->size(); ++i) {
        const proof::Difference d = proof::difference((*found)[i], (*expected)[i], 1);
        QVERIFY2(d.equal, qPrintable(QStringLiteral("result %1 is %2 away").arg(i).arg(d.absolute)));
        QVERIFY(proof::largest_of((*found)[i]) > 0);
    }
    // As what they are gradients of (sdpa_dense_backward).
    const std::vector<int64_t> of_queries{192, 48, 8, 1}, of_keys{160, 8, 16, 1}, of_values{160, 80, 8, 1};
    QCOMPARE((*found)[0].stride, of_queries);
    QCOMPARE((*found)[1].stride, of_keys);
    QCOMPARE((*found)[2].stride, of_values);
}

// Query 0 sees no key: it gives 0, and neither it nor anybody else gets NaN for it.
void TestFlex::hasNoGradientWhereAllIsHidden() {
    const auto found = gradients(flex("gt", "(out,)"));
    QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
    QCOMPARE(found->size(), size_t{5});
    for (const tensors::Value& value : *found)
        QVERIFY(proof::is_finite(value));
    std::vector<double> of_queries;
    QVERIFY(proof::elements_of((*found)[0], of_queries));
    QCOMPARE(of_queries.size(), size_t{2 * 4 * 6 * 8});
    for (size_t e = 0; e < 8; ++e)
        QCOMPARE(of_queries[e], 0.0);
}

QTEST_GUILESS_MAIN(TestFlex)
#include "tst_flex.moc"
