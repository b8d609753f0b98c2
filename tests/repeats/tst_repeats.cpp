// Equal blocks of nodes: in recordings of models without regions, and in generated texts.
#include "core/read/open.h"
#include "core/repeats/repeats.h"
#include "core/repeats/sequence.h"

#include <QTemporaryDir>
#include <QtTest>

#include <set>

using namespace hopscope;

namespace {

// Lines of a forward in print_readable's form.
class Text {
public:
    std::string call(const std::string& op, const std::string& arguments) {
        const std::string name = "n" + std::to_string(next_++);
        lines_ += "        " + name + ": \"f32[8, 8]\" = torch.ops.aten." + op + "(" + arguments + ")\n";
        return name;
    }
    // Two products and a sum around them, with weights of its own.
    std::string layer(size_t i, const std::string& x, const std::string& activation = "relu.default") {
        const std::string w = "layers_" + std::to_string(i);
        parameters_ += ", " + w + "_up_weight: \"f32[8, 8]\", " + w + "_down_weight: \"f32[8, 8]\"";
        const std::string up = call("mm.default", x + ", " + w + "_up_weight");
        const std::string act = call(activation, up);
        const std::string scaled = call("mul.Tensor", act + ", 0.5");
        const std::string down = call("mm.default", scaled + ", " + w + "_down_weight");
        return call("add.Tensor", down + ", " + x);
    }
    std::string finish(const std::string& result) const {
        return "class GraphModule(torch.nn.Module):\n    def forward(self, x: \"f32[8, 8]\"" + parameters_
            + "):\n" + lines_ + "        return (" + result + ",)\n";
    }

private:
    std::string parameters_, lines_;
    size_t next_ = 0;
};

Dump opened(const QString& path) {
    auto dump = open_dump({path.toStdString()});
    if (!dump)
        qFatal("%s", dump.error().message.c_str());
    return std::move(*dump);
}

Dump parsed(const std::string& text) {
    QTemporaryDir folder;
    QFile file(folder.filePath("graph.txt"));
    if (!file.open(QIODevice::WriteOnly))
        qFatal("no folder to write to");
    file.write(QByteArray::fromStdString(text));
    file.close();
    return opened(file.fileName());
}

QString describe(const Repeats& repeats) {
    QString text;
    for (const RepeatGroup& group : repeats.groups)
        text += QString("%1x%2 ").arg(group.blocks.size()).arg(group.nodes());
    return text;
}

Repeats repeats_of(const std::string& text, const RepeatOptions& options = {}) {
    const Dump dump = parsed(text);
    return find_repeats(*dump.graphs.at(0).module, BodyId(0), options);
}

// Nothing outside of a block that is reached from inside leads back into it.
bool is_convex(const Body& body, const RepeatBlock& block) {
    const std::set<NodeId> inside(block.nodes.begin(), block.nodes.end());
    std::vector<bool> reached(body.nodes.size(), false);
    for (size_t i = 0; i < body.nodes.size(); ++i) {
        const bool own = inside.contains(NodeId(i));
        bool from_outside = false, from_block = false;
        for (const NodeId input : body.inputs_of(body.nodes[i])) {
            from_outside |= reached[input.index];
            from_block |= inside.contains(input);
        }
        if (own && from_outside)
            return false;
        reached[i] = !own && (from_outside || from_block);
    }
    return true;
}

// What holds of every answer; empty or what does not.
QString flaw(const GraphModule& module, BodyId id, const Repeats& repeats) {
    const Body& body = module.body(id);
    std::set<NodeId> seen;
    size_t covered = 0;
    for (const RepeatGroup& group : repeats.groups) {
        if (group.blocks.size() < 2)
            return "a group of one block";
        for (const RepeatBlock& block : group.blocks) {
            if (block.nodes.size() != group.nodes())
                return "blocks of different size";
            for (size_t k = 0; k < block.nodes.size(); ++k) {
                if (!seen.insert(block.nodes[k]).second)
                    return "a node in two blocks";
                const Node &a = body.node(group.blocks.front().nodes[k]), &b = body.node(block.nodes[k]);
                if (module.text(a.target) != module.text(b.target))
                    return "nodes that correspond call different operators";
                if (body.inputs_of(a).size() != body.inputs_of(b).size())
                    return "nodes that correspond take different numbers of operands";
            }
            covered += block.nodes.size();
            if (!is_convex(body, block))
                return "a block that is not convex";
        }
    }
    return covered == repeats.covered ? "" : "the covered nodes are not counted";
}

} // namespace

class TestRepeats : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void layersOfAChain() {
        for (const size_t n : {2u, 3u, 12u, 48u}) {
            Text text;
            std::string x = text.call("sin.default", "x");
            for (size_t i = 0; i < n; ++i)
                x = text.layer(i, x);
            const Repeats repeats = repeats_of(text.finish(text.call("cos.default", x)));
            QCOMPARE(describe(repeats), QString("%1x5 ").arg(n));
            // Whole layers, cut where one value crosses, named after their parameters.
            const RepeatGroup& group = repeats.groups[0];
            QCOMPARE(group.values_in, size_t{3});
            QCOMPARE(group.values_out, size_t{1});
            for (size_t i = 0; i < n; ++i) {
                QCOMPARE(group.blocks[i].path, "layers." + std::to_string(i));
                QCOMPARE(group.blocks[i].follows, i > 0);
            }
        }
    }

    // One layer that is different parts the others, which are still one group.
    void exceptionStandsBetween() {
        Text text;
        std::string x = "x";
        for (size_t i = 0; i < 9; ++i)
            x = text.layer(i, x, i == 4 ? "gelu.default" : "relu.default");
        const Repeats repeats = repeats_of(text.finish(x));
        QCOMPARE(describe(repeats), QString("8x5 "));
        QCOMPARE(repeats.groups[0].blocks[4].path, std::string("layers.5"));
        QVERIFY(!repeats.groups[0].blocks[4].follows);
    }

    // A mask that the first layer makes and all use belongs to none of them.
    void sharedConstantIsOutside() {
        Text text;
        std::string x = text.call("sin.default", "x"), mask;
        for (size_t i = 0; i < 6; ++i) {
            const std::string up = text.call("exp.default", x);
            if (i == 0)
                mask = text.call("triu.default", text.call("ones.default", "[8, 8]"));
            const std::string masked = text.call("masked_fill.Scalar", up + ", " + mask + ", 0");
            x = text.call("add.Tensor", text.call("neg.default", masked) + ", " + x);
        }
        QCOMPARE(describe(repeats_of(text.finish(x))), QString("6x4 "));
    }

    // Beside each other instead of one after the other.
    void expertsInParallel() {
        Text text;
        const std::string shared = text.call("sin.default", "x");
        std::string all;
        for (size_t i = 0; i < 6; ++i)
            all += (i ? ", " : "[") + text.layer(i, shared);
        const Repeats repeats = repeats_of(text.finish(text.call("cat.default", all + "]")));
        QCOMPARE(describe(repeats), QString("6x5 "));
    }

    // Steps of two chains in turn, in an order that does not return: no stretch of the dump's order repeats,
    // but each chain does once the output asks for it.
    void scatteredInTheDump() {
        Text text;
        std::string a = text.call("sin.default", "x"), b = text.call("cos.default", "x");
        const char* const steps[] = {
            "exp.default", "neg.default", "abs.default", "tanh.default", "sigmoid.default"};
        size_t done_a = 0, done_b = 0;
        for (uint32_t state = 7; done_a < 60 || done_b < 60;) {
            state = state * 1664525u + 1013904223u;
            if (done_b >= 60 || (done_a < 60 && (state >> 16) % 2))
                a = text.call(steps[done_a++ % 5], a);
            else
                b = text.call(steps[4 - done_b++ % 5], b);
        }
        const Dump dump = parsed(text.finish(text.call("add.Tensor", a + ", " + b)));
        const Repeats repeats = find_repeats(*dump.graphs.at(0).module, BodyId(0));
        QCOMPARE(flaw(*dump.graphs[0].module, BodyId(0), repeats), QString());
        QCOMPARE(describe(repeats), QString("12x5 12x5 "));
    }

    // What only looks alike is none: constants differ, or there is nothing twice.
    void differentOnesAreNone() {
        Text text;
        std::string x = "x";
        for (int i = 0; i < 12; ++i) {
            const std::string scaled = text.call("mul.Tensor", x + ", " + std::to_string(i) + ".5");
            x = text.call("add.Tensor", scaled + ", x");
        }
        QCOMPARE(describe(repeats_of(text.finish(x))), QString());
        Text one, none;
        QCOMPARE(describe(repeats_of(one.finish(one.layer(0, "x")))), QString());
        QCOMPARE(describe(repeats_of(none.finish("x"))), QString());
    }

    void pathsOfParameters_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("path");
        QTest::newRow("Dynamo") << "l_self_modules_blocks_modules_11_modules_n1_parameters_weight_"
                                << "blocks.11";
        QTest::newRow("descriptor") << "ParamAOTInput(target='model.layers.3.mlp.weight')"
                                    << "model.layers.3";
        QTest::newRow("attribute") << "layers.0"
                                   << "layers.0";
        QTest::newRow("input") << "primals_12"
                               << "";
        QTest::newRow("argument") << "arg0_1"
                                  << "";
        QTest::newRow("no number") << "ParamAOTInput(target='head.weight')"
                                   << "";
        QTest::newRow("nothing") << ""
                                 << "";
    }
    void pathsOfParameters() {
        QFETCH(QString, text);
        QFETCH(QString, path);
        QCOMPARE(QString::fromStdString(repeats::layer_path(text.toStdString())), path);
    }

    void recordings_data() {
        QTest::addColumn<QString>("path");
        const QDir data(qEnvironmentVariable("HOPSCOPE_TRACES", HOPSCOPE_TEST_DATA));
        QDirIterator files(
            data.path(), {"dedicated_log_torch_trace*"}, QDir::Files, QDirIterator::Subdirectories);
        QStringList paths;
        while (files.hasNext())
            paths.append(files.next());
        paths.sort();
        for (const QString& path : paths)
            QTest::addRow("%s", qPrintable(data.relativeFilePath(path))) << path;
    }
    void recordings() {
        QFETCH(QString, path);
        const Dump dump = opened(path);
        for (const Graph& graph : dump.graphs)
            for (uint32_t b = 0; graph.module && b < graph.module->bodies.size(); ++b)
                QCOMPARE(flaw(*graph.module, BodyId(b), find_repeats(*graph.module, BodyId(b))), QString());
    }

    void callsInARow() {
        const Dump dump = opened(QStringLiteral(HOPSCOPE_TEST_DATA "/gpt12/trace"));
        for (const char* address : {"0/0:dynamo", "0/0:forward", "0/0:backward"}) {
            const auto place = resolve(dump, address);
            QVERIFY(place.ok());
            const Repeats repeats = find_repeats(
                *dump.graph(place->graph).module, place->body, {.least_nodes = 1, .least_count = 2});
            QVERIFY(!repeats.groups.empty());
            QCOMPARE(repeats.groups[0].blocks.size(), size_t{12});
        }
    }

    // A call with its one result is two nodes: short, but a layer; not six pairs of layers.
    void aCallIsStructureHoweverShort() {
        const Dump dump = opened(QStringLiteral(HOPSCOPE_TEST_DATA "/gpt12/trace"));
        for (const auto& [address, groups] :
            {std::pair("0/0:dynamo", size_t{1}), {"0/0:joint", size_t{2}}, {"0/0:forward", size_t{1}}}) {
            const auto place = resolve(dump, address);
            QVERIFY(place.ok());
            const Repeats repeats = find_repeats(*dump.graph(place->graph).module, place->body);
            QCOMPARE(repeats.groups.size(), groups);
            for (const RepeatGroup& group : repeats.groups)
                QCOMPARE(group.blocks.size(), size_t{12});
        }
    }
};

QTEST_GUILESS_MAIN(TestRepeats)
#include "tst_repeats.moc"
