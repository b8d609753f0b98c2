// Nodes as JSON: keys, their order, and what stands in them.
#ifndef Q_MOC_RUN // Qt 6.4's moc cannot read what nlohmann-json includes
#include "core/export/graph_json.h"
#endif
#include "tests/draw/samples.h"

#include <QtTest>

using namespace hopscope;
using namespace hopscope::test;
using nlohmann::ordered_json;

class TestGraphJson : public QObject {
    Q_OBJECT

    static ordered_json node(const GraphModule& module, std::string_view path, std::string_view name) {
        const BodyId body = find_body(module, path);
        return node_json(module, body, node_named(module, body, name));
    }

private Q_SLOTS:
    void keysInTheirOrder() {
        const auto module = recorded("mlp4/values/00_forward.txt");
        const ordered_json json = node(*module, "", "getitem");
        std::vector<std::string> keys;
        for (const auto& item : json.items())
            keys.push_back(item.key());
        QCOMPARE(keys,
            (std::vector<std::string>{"name", "op", "target", "inputs", "users", "args", "val", "call_id",
                "identifier", "body", "source"}));
    }

    void operatorNode() {
        const auto module = recorded("mlp4/values/00_forward.txt");
        const ordered_json json = node(*module, "partitioned_fw_subgraph_0_0", "addmm");
        QCOMPARE(json["name"], "addmm");
        QCOMPARE(json["op"], "call_function");
        QCOMPARE(json["target"], "aten.addmm.default");
        QCOMPARE(json["inputs"], (ordered_json{"primals_4", "getitem", "t"}));
        QCOMPARE(json["users"], (ordered_json{"gelu", "output"}));
        QCOMPARE(json["args"], "primals_4, getitem, t");
        QCOMPARE(json["val"].dump(),
            R"({"dtype":"float32","shape":["8","64"],"stride":["64","1"],"device":"cpu"})");
        QVERIFY(json["call_id"].is_null() && json["identifier"].is_null() && json["body"].is_null());
        QCOMPARE(json["source"]["line"], 26);
        QCOMPARE(json["source"]["function"], "forward");
        QVERIFY(json["source"]["file"].get<std::string>().ends_with("workloads.py"));
        QCOMPARE(json["source"]["code"], "return x + self.down(F.gelu(self.up(self.norm(x))))");
    }

    void regionNode() {
        const auto module = recorded("mlp4/values/00_forward.txt");
        const ordered_json json = node(*module, "", "invoke_subgraph_8");
        QCOMPARE(json["target"], "invoke_subgraph");
        QCOMPARE(json["call_id"], 4);
        QCOMPARE(json["identifier"], "partitioned_fw_subgraph_0_0");
        QCOMPARE(json["body"], "partitioned_fw_subgraph_0_0");
        QVERIFY(json["val"].is_null());
        QCOMPARE(json["inputs"].size(), size_t(8));
        // The second call names its get_attr otherwise, but the body is the same.
        QCOMPARE(node(*module, "", "invoke_subgraph_10")["body"], "partitioned_fw_subgraph_0_0");
    }

    void outputAndPlaceholder() {
        const auto module = recorded("mlp4/values/00_forward.txt");
        const ordered_json output = node(*module, "partitioned_fw_subgraph_0_0", "output");
        QCOMPARE(output["op"], "output");
        QVERIFY(output["users"].empty() && output["val"].is_null());
        QCOMPARE(output["inputs"].size(), size_t(11));
        const ordered_json input = node(*module, "partitioned_fw_subgraph_0_0", "primals_0");
        QCOMPARE(input["op"], "placeholder");
        QCOMPARE(input["inputs"], ordered_json::array());
        QVERIFY(input["source"].is_null());
    }

    void values_data() {
        QTest::addColumn<QString>("annotation");
        QTest::addColumn<QString>("json");
        QTest::newRow("no stride") << "f32[2, 4]"
                                   << R"({"dtype":"float32","shape":["2","4"],"stride":null,"device":null})";
        QTest::newRow("scalar") << "b8[][]cuda:0"
                                << R"({"dtype":"bool","shape":[],"stride":[],"device":"cuda:0"})";
        QTest::newRow("symbols")
            << "bf16[s77, 2*s27][2*s27, 1]cpu"
            << R"({"dtype":"bfloat16","shape":["s77","2*s27"],"stride":["2*s27","1"],"device":"cpu"})";
        QTest::newRow("int") << "Sym(s77)"
                             << R"j({"py":"SymInt","value":"s77"})j";
        QTest::newRow("unbacked int") << "Sym(u0)"
                                      << R"j({"py":"SymInt","value":"u0"})j";
        QTest::newRow("negative") << "Sym(-1)"
                                  << R"j({"py":"SymInt","value":"-1"})j";
        QTest::newRow("expression") << "Sym(s0 + 2*s1)"
                                    << R"j({"py":"SymInt","value":"s0 + 2*s1"})j";
        QTest::newRow("float") << "Sym(zf34)"
                               << R"j({"py":"SymFloat","value":"zf34"})j";
        QTest::newRow("unbacked float") << "Sym(zuf0)"
                                        << R"j({"py":"SymFloat","value":"zuf0"})j";
        QTest::newRow("decimal") << "Sym(0.00100)"
                                 << R"j({"py":"SymFloat","value":"0.00100"})j";
        QTest::newRow("Eq") << "Sym(Eq(s0, 4))"
                            << R"j({"py":"SymBool","value":"Eq(s0, 4)"})j";
        QTest::newRow("less") << "Sym(s0 < 4)"
                              << R"j({"py":"SymBool","value":"s0 < 4"})j";
        QTest::newRow("none") << ""
                              << "null";
    }

    void values() {
        QFETCH(QString, annotation);
        QFETCH(QString, json);
        const std::string type = annotation.isEmpty() ? "" : ": \"" + annotation.toStdString() + "\"";
        const auto module = parsed("class GraphModule(torch.nn.Module):\n    def forward(self, x" + type
            + "):\n        return (x,)\n");
        QCOMPARE(node_json(*module, BodyId(0), NodeId(0))["val"].dump(), json.toStdString());
    }

    // Whatever bytes a dump holds, the document is one that others can read.
    void hostileNames() {
        const auto module = hostile({"a\"b\\c", "\xFF\xFE\xC0", std::string("\x01\n\0", 3), "ok"});
        for (size_t i = 0; i < module->body(BodyId(0)).nodes.size(); ++i) {
            const std::string text = node_json(*module, BodyId(0), NodeId(i)).dump();
            QVERIFY(ordered_json::accept(text));
        }
        QCOMPARE(node_json(*module, BodyId(0), NodeId(1))["name"], "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    }
};

QTEST_GUILESS_MAIN(TestGraphJson)
#include "tst_graph_json.moc"
