// What nodes are: operators by table, placeholders by what is known of them.
#include "core/draw/kinds.h"
#include "core/draw/palette.h"
#include "tests/draw/samples.h"

#include <QtTest>

using namespace hopscope;
using namespace hopscope::draw;
using namespace hopscope::test;

namespace {

struct Row {
    const char* target;
    char letter;
    Opcode op = Opcode::CallFunction;
};

constexpr Row kRows[] = {
    {"torch.ops.aten.mm.default", 'M'},
    {"torch.ops.aten.addmm.default", 'M'},
    {"torch.ops.aten.bmm.default", 'M'},
    {"torch.ops.aten.baddbmm.default", 'M'},
    {"torch.ops.aten.convolution.default", 'M'},
    {"torch.ops.aten.convolution_backward.default", 'M'},
    {"torch.ops.aten._scaled_dot_product_flash_attention_for_cpu.default", 'M'},
    {"torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward.default", 'M'},
    {"torch.nn.functional.scaled_dot_product_attention", 'M'},
    {"torch.ops.higher_order.flex_attention", 'M'},
    {"torch._C._nn.linear", 'M'},
    {"torch.matmul", 'M'},
    {"operator.matmul", 'M'},
    {"torch.einsum", 'M'},
    {"torch.ops.aten.view.default", 'V'},
    {"torch.ops.aten._unsafe_view.default", 'V'},
    {"torch.ops.aten.t.default", 'V'},
    {"torch.ops.aten.transpose.int", 'V'},
    {"torch.ops.aten.permute.default", 'V'},
    {"torch.ops.aten.expand.default", 'V'},
    {"torch.ops.aten.slice.Tensor", 'V'},
    {"torch.ops.aten.select.int", 'V'},
    {"torch.ops.aten.split.Tensor", 'V'},
    {"torch.ops.aten.unsqueeze.default", 'V'},
    {"torch.ops.aten.squeeze.dim", 'V'},
    {"torch.ops.aten.detach.default", 'V'},
    {"torch.ops.aten.alias.default", 'V'},
    {"operator.getitem", 'V'},
    {"chunk", 'V', Opcode::CallMethod},
    {"size", 'V', Opcode::CallMethod},
    {"torch.ops.aten.sum.dim_IntList", 'R'},
    {"torch.ops.aten.mean.dim", 'R'},
    {"torch.ops.aten._softmax.default", 'R'},
    {"torch.ops.aten._softmax_backward_data.default", 'R'},
    {"torch.ops.aten.native_layer_norm.default", 'R'},
    {"torch.ops.aten.native_layer_norm_backward.default", 'R'},
    {"torch.ops.aten._native_batch_norm_legit_functional.default", 'R'},
    {"torch.nn.functional.layer_norm", 'R'},
    {"torch.ops.aten.var_mean.correction", 'R'},
    {"torch.ops.aten.argmax.default", 'R'},
    {"torch.ops.aten.topk.default", 'R'},
    {"torch.ops.aten.cumsum.default", 'R'},
    {"torch.ops.aten.amax.default", 'R'},
    {"softmax", 'R', Opcode::CallMethod},
    {"torch.ops.aten.clone.default", 'C'},
    {"torch.ops.aten.copy.default", 'C'},
    {"torch.ops.aten._to_copy.default", 'C'},
    {"torch.ops.prims.convert_element_type.default", 'C'},
    {"contiguous", 'C', Opcode::CallMethod},
    {"float", 'C', Opcode::CallMethod},
    {"torch.ops.aten.cat.default", 'C'},
    {"torch.stack", 'C'},
    {"torch.ops.aten.scatter.src", 'C'},
    {"torch.ops.aten.gather.default", 'C'},
    {"torch.ops.aten.index.Tensor", 'C'},
    {"torch.ops.aten.index_put_.default", 'C'},
    {"torch.ops.aten.embedding.default", 'C'},
    {"torch.ops.aten.embedding_dense_backward.default", 'C'},
    {"torch.ops.aten.select_backward.default", 'C'},
    {"torch.ops.aten.view_copy.default", 'C'},
    {"torch.ops.aten.native_dropout.default", 'N'},
    {"torch.nn.functional.dropout", 'N'},
    {"torch.ops.aten.rand.default", 'N'},
    {"torch.ops.aten.bernoulli_.float", 'N'},
    {"torch.ops.prims.inductor_random.default", 'N'},
    {"torch.ops.higher_order.cond", 'X'},
    {"torch.ops.higher_order.scan", 'X'},
    {"torch.ops.higher_order.while_loop", 'X'},
    {"torch.ops.higher_order.map_impl", 'X'},
    {"torch.ops.higher_order.with_effects", 'X'},
    {"torch.ops.higher_order.tag_activation_checkpoint", 'X'},
    {"torch._C._set_grad_enabled", 'X'},
    {"torch.ops.aten.copy_.default", 'X'},
    {"torch.ops.aten._assert_async.msg", 'X'},
    {"torch.ops.aten._local_scalar_dense.default", 'X'},
    {"operator.setitem", 'X'},
    {"item", 'X', Opcode::CallMethod},
    {"torch.ops._c10d_functional.all_reduce.default", 'X'},
    {"torch.ops.demo.log.default", 'X'},
    {"torch.ops.higher_order.invoke_subgraph", 'G'},
    {"torch.ops.aten.add.Tensor", 'E'},
    {"torch.ops.aten.add_.Tensor", 'E'},
    {"torch.ops.aten.gelu_backward.default", 'E'},
    {"torch.ops.aten.threshold_backward.default", 'E'},
    {"torch.ops.aten.native_dropout_backward.default", 'E'},
    {"torch.ops.aten.masked_fill.Scalar", 'E'},
    {"torch.ops.aten.maximum.default", 'E'},
    {"torch.ops.aten.an_operator_of_next_year.default", 'E'},
    {"operator.add", 'E'},
    {"operator.and_", 'E'},
    {"__and__", 'E', Opcode::CallMethod},
    {"add_", 'E', Opcode::CallMethod},
    {"torch.sin", 'E'},
    {"layers.0.up_proj", 'M', Opcode::CallModule},
    {"layers.0.norm1", 'R', Opcode::CallModule},
    {"layers.3.dropout", 'N', Opcode::CallModule},
};

} // namespace

class TestKinds : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void targets_data() {
        QTest::addColumn<int>("row");
        for (size_t i = 0; i < std::size(kRows); ++i)
            QTest::newRow(kRows[i].target) << static_cast<int>(i);
    }

    void targets() {
        QFETCH(int, row);
        const Row& expected = kRows[row];
        QCOMPARE(kind_letter(kind_of_target(expected.target, expected.op)), expected.letter);
    }

    void everyKindHasAName() {
        QStringList letters;
        for (size_t k = 0; k < kKindCount; ++k) {
            QVERIFY(!kind_name(static_cast<Kind>(k)).empty());
            letters << QString(QChar::fromLatin1(kind_letter(static_cast<Kind>(k))));
        }
        QCOMPARE(letters.removeDuplicates(), 0);
    }

    // A placeholder is what its body is told that it is.
    void placeholders() {
        const auto module = recorded("gpt12/values/00_forward.txt");
        const BodyRoles roles = told(module, BodyId(0)).roles;
        const auto kind = [&](const char* name, const BodyRoles& by) {
            return kind_of(*module, BodyId(0), node_named(*module, BodyId(0), name), by);
        };
        QCOMPARE(kind("primals_2", roles), Kind::Input);
        QCOMPARE(kind("primals_3", roles), Kind::Parameter);
        QCOMPARE(kind("primals_3", {}), Kind::Input);
        QCOMPARE(kind("invoke_subgraph_24", {}), Kind::Region);
    }

    void lettersAreReadable() {
        for (size_t k = 0; k < kKindCount; ++k) {
            const Kind kind = static_cast<Kind>(k);
            QVERIFY2(contrast(color(kind_color(kind), Theme::Light), letter_color(kind)) >= 4.7,
                std::string(kind_name(kind)).c_str());
        }
    }

    void textColoursAreReadable() {
        for (const Theme theme : {Theme::Light, Theme::Dark})
            for (const ColorRole ground : {ColorRole::Window, ColorRole::Surface})
                for (const ColorRole role : {ColorRole::Text, ColorRole::Quiet, ColorRole::Accent,
                         ColorRole::Reused, ColorRole::Traced, ColorRole::TracedAgain, ColorRole::Failed,
                         ColorRole::Saved, ColorRole::Warning})
                    QVERIFY(contrast(color(role, theme), color(ground, theme)) >= 4.5);
    }
};

QTEST_GUILESS_MAIN(TestKinds)
#include "tst_kinds.moc"
