// How bodies are read: entries of argument lists, arguments by position and name, results, walks over bodies.
#include "core/graph/reading.h"
#include "tests/testdata.h"

#include <QTest>

using namespace hopscope;
using namespace hopscope::test;

class TestReading : public QObject {
    Q_OBJECT

private slots:
    void entries();
    void entriesOfABrokenList();
    void arguments();
    void literals();
    void results_data();
    void results();
    void noOutput();
    void tupleItems();
    void tupleItemsFromTheEnd();
    void resultsOfRecordedBodies();
    void walksBodies();
    void walksNodes();
    void walksASharedBodyOnce();
};

namespace {

std::shared_ptr<const GraphModule> graph(const std::string& statements, const std::string& result) {
    const ReadText read = readText("class GraphModule(torch.nn.Module):\n"
                                   "    def forward(self, x, y):\n"
        + statements + "        return " + result + "\n");
    return read.module;
}

const Node& named(const GraphModule& module, const char* name) {
    return module.bodies[0].node(find_node(module, module.bodies[0], name));
}

// Each entry as print_args would write it, or its name where it is a node.
QStringList words(const GraphModule& module, const Body& body, const Entries& entries) {
    QStringList list;
    for (const Arg& arg : entries)
        list << (arg.kind == ArgKind::Node ? text(module.text(body.node(arg.node()).name))
                : arg.text()               ? text(module.text(arg.text()))
                                           : QString::number(static_cast<int>(arg.kind)));
    return list;
}

// Two levels of regions and a body that both levels call.
const char* const kNested = R"py(class GraphModule(torch.nn.Module):
    def forward(self, x):
        a_0 = self.a_0
        first = torch.ops.higher_order.invoke_subgraph(a_0, 'a_0', x)
        item = first[0]
        a_1 = self.a_0
        second = torch.ops.higher_order.invoke_subgraph(a_1, 'a_0', item)
        return (second,)

    class a_0(torch.nn.Module):
        def forward(self, x):
            b_0 = self.b_0
            inner = torch.ops.higher_order.invoke_subgraph(b_0, 'b_0', x)
            return (inner,)

        class b_0(torch.nn.Module):
            def forward(self, x):
                sin = torch.ops.aten.sin.default(x)
                return (sin,)

    class c_0(torch.nn.Module):
        def forward(self, x):
            cos = torch.ops.aten.cos.default(x)
            return (cos,)
)py";

} // namespace

void TestReading::entries() {
    const auto module =
        graph("        z = torch.f(x, [1, [2, 3], ()], {'k': (4, 5)}, mode = 'm', list = [y])\n", "z");
    QVERIFY(module);
    const Body& body = module->bodies[0];
    const Entries all = entries_of(body, named(*module, "z"));
    QCOMPARE(all.count(), size_t{5});
    QVERIFY(!all.empty());
    QCOMPARE(words(*module, body, items_of(all.at(1))),
        (QStringList{"1", QString::number(static_cast<int>(ArgKind::List)),
            QString::number(static_cast<int>(ArgKind::Tuple))}));
    QCOMPARE(words(*module, body, items_of(items_of(all.at(1)).at(1))), (QStringList{"2", "3"}));
    QVERIFY(items_of(items_of(all.at(1)).at(2)).empty());
    QVERIFY(items_of(all.at(0)).empty()); // a node holds nothing
    QVERIFY(items_of(all.at(2)).empty()); // a dict is no sequence
    QCOMPARE(entries_in(*all.at(2)).count(), size_t{2}); // key and value
    QCOMPARE(subtree(*all.at(1)).size(), size_t{6});
    QVERIFY(!all.at(5));
    QVERIFY(items_of(nullptr).empty());
    QVERIFY(Entries().empty());
}

// Sizes that no reader writes neither stop the loop nor lead out of the list.
void TestReading::entriesOfABrokenList() {
    const std::vector<Arg> args{{ArgKind::Tuple, 100, 0}, {ArgKind::Int, 1, 0}};
    QCOMPARE(Entries(args).count(), size_t{1});
    const std::vector<Arg> zeros{{ArgKind::Int, 0, 0}, {ArgKind::Int, 0, 0}};
    QCOMPARE(Entries(zeros).count(), size_t{2});
}

void TestReading::arguments() {
    const auto module = graph("        z = torch.f(x, [y], dim = 1, mode = 'm')\n", "z");
    QVERIFY(module);
    const Arguments all = arguments_of(*module, module->bodies[0], named(*module, "z"));
    QCOMPARE(all.positional.size(), size_t{2});
    QCOMPARE(all.keywords.size(), size_t{2});
    QVERIFY(all.at(1)->kind == ArgKind::List);
    QVERIFY(!all.at(2));
    QCOMPARE(integer_of(*module, all.keyword("dim")).value_or(-1), int64_t{1});
    QVERIFY(!all.keyword("di"));
    QVERIFY(all.get(0, "input") == all.at(0)); // by position
    QVERIFY(all.get(2, "dim") == all.keyword("dim")); // by name
    QVERIFY(!all.get(2, "other"));
}

void TestReading::literals() {
    const auto module = graph("        z = torch.f(7, -3, 99999999999999999999, 2.0, 'it', x)\n", "z");
    QVERIFY(module);
    const Arguments all = arguments_of(*module, module->bodies[0], named(*module, "z"));
    QCOMPARE(integer_of(*module, all.at(0)).value_or(0), int64_t{7});
    QCOMPARE(integer_of(*module, all.at(1)).value_or(0), int64_t{-3});
    QVERIFY(!integer_of(*module, all.at(2))); // no 64 bits hold it
    QVERIFY(!integer_of(*module, all.at(3)));
    QVERIFY(!integer_of(*module, nullptr));
    QVERIFY(string_of(*module, all.at(4)) == "it");
    QVERIFY(!string_of(*module, all.at(5)));
    QVERIFY(!string_of(*module, nullptr));
}

void TestReading::results_data() {
    QTest::addColumn<QString>("result");
    QTest::addColumn<QStringList>("expected");
    QTest::newRow("tuple") << "(x, y)" << QStringList{"x", "y"};
    QTest::newRow("list") << "[x, None]"
                          << QStringList{"x", QString::number(static_cast<int>(ArgKind::None))};
    QTest::newRow("one of a tuple") << "(x,)" << QStringList{"x"};
    QTest::newRow("one alone") << "x" << QStringList{"x"};
    QTest::newRow("none") << "()" << QStringList{};
    // A caller takes the inner tuple as item 0.
    QTest::newRow("nested") << "((x, y), 3)"
                            << QStringList{QString::number(static_cast<int>(ArgKind::Tuple)), "3"};
    QTest::newRow("twice") << "(x, y, x)" << QStringList{"x", "y", "x"};
}

void TestReading::results() {
    QFETCH(QString, result);
    QFETCH(QStringList, expected);
    const auto module = graph({}, result.toStdString());
    QVERIFY(module);
    const Body& body = module->bodies[0];
    QVERIFY(output_of(body));
    QStringList found;
    for (const Arg* arg : results_of(body))
        found << words(*module, body, Entries(subtree(*arg)));
    QCOMPARE(found, expected);
}

void TestReading::noOutput() {
    Body body;
    QVERIFY(!output_of(body));
    QVERIFY(results_of(body).empty());
    body.nodes.emplace_back().op = Opcode::Placeholder;
    QVERIFY(!output_of(body));
    QVERIFY(results_of(body).empty());
}

void TestReading::tupleItems() {
    const auto module = graph("        pair = torch.f(x)\n"
                              "        one = pair[1]\n"
                              "        last = pair[-1]\n"
                              "        key = pair['k']\n"
                              "        t: \"f32[4]\" = torch.g(x)\n"
                              "        row = t[0]\n"
                              "        sum_1 = pair + 1\n",
        "(one, last, key, row, sum_1)");
    QVERIFY(module);
    const Body& body = module->bodies[0];
    const auto item = [&](const char* name) {
        return tuple_item(*module, body, find_node(*module, body, name));
    };
    const TupleItem expected{find_node(*module, body, "pair"), 1};
    QVERIFY(item("one") == expected);
    for (const char* name : {"last", "key", "row", "sum_1", "pair", "x"})
        QVERIFY2(!item(name), name);
}

// From the end, where the body that is called says how many there are.
void TestReading::tupleItemsFromTheEnd() {
    const ReadText read = readText(R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2]cpu"):
        f = self.f
        call = torch.ops.higher_order.invoke_subgraph(f, 'f', x)
        last = call[-1]
        first = call[-2]
        beyond = call[-3]
        return (last, first, beyond)

    class f(torch.nn.Module):
        def forward(self, p: "f32[2]cpu"):
            neg: "f32[2]cpu" = torch.ops.aten.neg.default(p)
            return (p, neg)
)");
    QVERIFY(read.module);
    const Body& body = read.module->bodies[0];
    const auto item = [&](const char* name) {
        return tuple_item(*read.module, body, find_node(*read.module, body, name));
    };
    const NodeId call = find_node(*read.module, body, "call");
    QVERIFY(item("last") == (TupleItem{call, 1}));
    QVERIFY(item("first") == (TupleItem{call, 0}));
    QVERIFY(!item("beyond"));
}

// Every subscript of a region call takes one of the results of the called body.
void TestReading::resultsOfRecordedBodies() {
    size_t items = 0;
    for (const QString& recording : recordings()) {
        const auto dump = open_dump({traceOf(recording)});
        QVERIFY2(dump.ok(), qPrintable(recording));
        for (const Graph& g : dump->graphs)
            for (size_t b = 0; b < g.module->bodies.size(); ++b) {
                const Body& body = g.module->bodies[b];
                // make_fx_fail_partial ends where tracing broke off.
                QVERIFY2(output_of(body) || g.label == "make_fx_fail_partial", qPrintable(recording));
                for (size_t n = 0; n < body.nodes.size(); ++n) {
                    const auto item = tuple_item(*g.module, body, NodeId(n));
                    const auto call = item ? region_call(*g.module, BodyId(b), item->of) : std::nullopt;
                    const std::string_view target =
                        item ? short_target(*g.module, body.node(item->of)) : std::string_view();
                    if (!call || !call->body || target.starts_with("auto_functionalized"))
                        continue; // whose results are followed by the mutated operands
                    ++items;
                    const size_t token = target == "with_effects"; // stands before the results
                    QVERIFY2(item->index < results_of(g.module->body(call->body)).size() + token,
                        qPrintable(recording));
                }
            }
    }
    QVERIFY(items > 500);
}

void TestReading::walksBodies() {
    const ReadText read = readText(kNested);
    QVERIFY(read.module);
    const auto visited = [&](const std::function<Walk(const std::string&)>& decide) {
        QStringList paths;
        const bool whole = walk_bodies(*read.module, BodyId(0), [&](BodyId id) {
            paths << QString::fromStdString('/' + body_path(*read.module, id));
            return decide(body_path(*read.module, id));
        });
        return paths << (whole ? "end" : "stopped");
    };
    QCOMPARE(visited([](const std::string&) { return Walk::Advance; }),
        (QStringList{"/", "/a_0", "/a_0.b_0", "/c_0", "end"}));
    QCOMPARE(visited([](const std::string& path) { return path == "a_0" ? Walk::Skip : Walk::Advance; }),
        (QStringList{"/", "/a_0", "/c_0", "end"}));
    QCOMPARE(visited([](const std::string& path) { return path == "a_0" ? Walk::Stop : Walk::Advance; }),
        (QStringList{"/", "/a_0", "stopped"}));
}

void TestReading::walksNodes() {
    const ReadText read = readText(kNested);
    QVERIFY(read.module);
    const auto visited = [&](const char* skip, const char* stop) {
        QStringList names;
        const bool whole = walk_nodes(*read.module, BodyId(0), [&](BodyId scope, NodeId node) {
            const QString name = text(read.module->text(read.module->body(scope).node(node).name));
            names << name;
            return name == QLatin1String(stop) ? Walk::Stop
                : name == QLatin1String(skip)  ? Walk::Skip
                                               : Walk::Advance;
        });
        return (names << (whole ? "end" : "stopped")).join(' ');
    };
    // Into a_0 at its first call, from there into b_0; c_0 is called by nobody.
    QCOMPARE(visited("", ""),
        QStringLiteral("x a_0 first x b_0 inner x sin output output item a_1 second output end"));
    // What the first call did not enter, the second does.
    QCOMPARE(visited("first", ""),
        QStringLiteral("x a_0 first item a_1 second x b_0 inner x sin output output output end"));
    QCOMPARE(
        visited("inner", ""), QStringLiteral("x a_0 first x b_0 inner output item a_1 second output end"));
    QCOMPARE(visited("", "sin"), QStringLiteral("x a_0 first x b_0 inner x sin stopped"));
}

// 64 bodies that each call the next one twice are walked in 64 steps, not in 2^64.
void TestReading::walksASharedBodyOnce() {
    GraphModule module;
    const StringId hop = module.strings.keep("torch.ops.higher_order.invoke_subgraph");
    constexpr size_t kBodies = 64;
    for (size_t b = 0; b < kBodies; ++b) {
        Body body;
        body.class_name = module.strings.keep("b_" + std::to_string(b));
        if (b > 0)
            body.parent = BodyId(b - 1);
        if (b + 1 < kBodies) {
            body.children.push_back(BodyId(b + 1));
            Node attr;
            attr.op = Opcode::GetAttr;
            attr.name = attr.target = module.strings.keep("b_" + std::to_string(b + 1));
            body.nodes.push_back(attr);
            for (int twice = 0; twice < 2; ++twice) {
                Node call;
                call.name = call.target = hop;
                call.args_begin = static_cast<uint32_t>(body.args.size());
                body.args.push_back({ArgKind::Node, 1, 0});
                call.args_end = static_cast<uint32_t>(body.args.size());
                body.nodes.push_back(call);
            }
        }
        derive_uses(body);
        module.bodies.push_back(std::move(body));
    }
    size_t visits = 0;
    QVERIFY(walk_nodes(module, BodyId(0), [&](BodyId, NodeId) {
        ++visits;
        return visits > 1000 ? Walk::Stop : Walk::Advance;
    }));
    QCOMPARE(visits, (kBodies - 1) * 3);
}

QTEST_GUILESS_MAIN(TestReading)
#include "tst_reading.moc"
