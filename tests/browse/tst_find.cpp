// Finding nodes in one body and in all, go-to, and the ledger's rows of text.
#include "tests/browse/dumps.h"

#include "core/browse/find.h"
#include "core/browse/go_to.h"
#include "core/browse/ledger_rows.h"
#include "core/read/paste.h"

#include <QTest>

#include <algorithm>
#include <atomic>
#include <set>

using namespace hopscope;

namespace {
Find find_of(const char* text) {
    Result<Find> find = Find::parse(text);
    return find ? std::move(*find) : Find();
}

QStringList names(const Document& document, const char* text) {
    const Result<FindResult> found = find_all(document.dump(), find_of(text), 1000);
    QStringList out;
    for (const FindHit& hit : found ? found->hits : std::vector<FindHit>{})
        out << QString::fromStdString(document.node_name(hit.place));
    return out;
}
} // namespace

class TestFind : public QObject {
    Q_OBJECT

    std::shared_ptr<const Document> document_;

private slots:
    void initTestCase() {
        document_ = openDocument("mlp4");
        QVERIFY(document_);
    }

    void everyWordMustOccur() {
        const QStringList both = names(*document_, "mm forward");
        const QStringList one = names(*document_, "mm");
        QVERIFY(!one.isEmpty());
        QVERIFY(both.size() <= one.size());
        for (const QString& name : both)
            QVERIFY(one.contains(name));
        QVERIFY(names(*document_, "mm nosuchword").isEmpty());
        QVERIFY(names(*document_, "").isEmpty());
        QVERIFY(names(*document_, "   ").isEmpty());
        QCOMPARE(names(*document_, "MM"), one); // upper and lower case alike
    }

    // Names, operators, types and source lines of every body, counted by hand over the graphs.
    void findsInEveryText_data() {
        QTest::addColumn<QString>("what");
        QTest::newRow("name") << "name";
        QTest::newRow("operator") << "operator";
        QTest::newRow("type") << "type";
        QTest::newRow("source") << "source";
    }
    void findsInEveryText() {
        QFETCH(QString, what);
        // The first node that has such a text serves as question; all with the same text must be found.
        std::string wanted;
        std::set<std::string> expected;
        const Dump& dump = document_->dump();
        for (size_t g = 0; g < dump.graphs.size(); ++g) {
            if (!dump.graphs[g].module)
                continue;
            const GraphModule& module = *dump.graphs[g].module;
            for (size_t b = 0; b < module.bodies.size(); ++b)
                for (size_t n = 0; n < module.bodies[b].nodes.size(); ++n) {
                    const Node& node = module.bodies[b].nodes[n];
                    const ValueType* type = module.type(node.type);
                    const Source* source = module.source(node.source);
                    std::string text;
                    if (what == "name")
                        text = module.text(node.name);
                    else if (what == "operator")
                        text = module.text(node.target);
                    else if (what == "type" && type)
                        text = short_type(module, *type);
                    else if (what == "source" && source && source->has_place())
                        text = std::string(module.text(source->file)) + ":" + std::to_string(source->line);
                    if (wanted.empty() && text.size() > 2 && text.find(' ') == std::string::npos)
                        wanted = text;
                    if (!wanted.empty() && text == wanted)
                        expected.insert(document_->address({GraphId(g), BodyId(b), NodeId(n)}));
                }
        }
        QVERIFY(!wanted.empty());
        const Result<FindResult> found = find_all(dump, find_of(wanted.c_str()), 100000);
        QVERIFY(found.ok());
        std::set<std::string> got;
        for (const FindHit& hit : found->hits) {
            got.insert(document_->address(hit.place));
            QVERIFY(!hit.marks.empty());
            for (const auto& [first, last] : hit.marks)
                QVERIFY(first < last && last <= hit.snippet.size());
        }
        QCOMPARE(found->total, found->hits.size());
        for (const std::string& address : expected)
            QVERIFY2(got.contains(address), address.c_str());
    }

    // Annotations abbreviate what code writes out.
    void dtypesByTorchsName() {
        const QStringList all = names(*document_, "f32[");
        QVERIFY(!all.isEmpty());
        QCOMPARE(names(*document_, "float32"), all);
        QCOMPARE(names(*document_, "torch.float32"), all);
        QCOMPARE(names(*document_, "FLOAT32"), all);
        QVERIFY(names(*document_, "float64").isEmpty());
        const auto half = open_bytes("half",
            "class G(torch.nn.Module):\n"
            "    def forward(self, a: \"bf16[2]cpu\", b: \"f16[2]cpu\"):\n"
            "        c: \"bf16[2]cpu\" = torch.ops.aten.add.Tensor(a, b)\n"
            "        return (c,)\n");
        QVERIFY(half.ok());
        QCOMPARE(find_all(*half, find_of("bfloat16"), 10)->total, size_t(2));
        QCOMPARE(find_all(*half, find_of("float16"), 10)->total, size_t(1)); // not by "bf16["
        const FindHit hit = find_all(document_->dump(), find_of("torch.float32"), 1)->hits.front();
        const auto [first, last] = hit.marks.front();
        QCOMPARE(hit.snippet.substr(first, last - first), std::string("f32"));
    }

    void regularExpressions() {
        const QStringList all = names(*document_, "/^(t|mm)(_\\d+)?$/");
        QVERIFY(!all.isEmpty());
        for (const QString& name : all)
            QVERIFY2(QRegularExpression("^(t|mm)(_\\d+)?$").match(name).hasMatch(), qPrintable(name));
        const Result<Find> bad = Find::parse("/mm(/");
        QVERIFY(!bad.ok());
        QCOMPARE(int(bad.error().kind), int(Error::Kind::Usage));
        QCOMPARE(bad.error().offset, uint64_t(4));
        // Bytes that are no UTF-8 are looked at as well, not refused.
        QVERIFY(Find::parse("/\xff/").ok() || !Find::parse("/\xff/").error().message.empty());
    }

    void switches() {
        const auto count = [&](const char* text, FindOptions options) {
            const Result<Find> find = Find::parse(text, options);
            const Result<Hits> hits = find ? find_hits(document_->dump(), *find) : Result<Hits>(find.error());
            return hits ? long(hits->total()) : -1L;
        };
        QVERIFY(count("MM", {}) > 0);
        QCOMPARE(count("MM", {false, true}), 0L);
        QCOMPARE(count("mm", {false, true}), count("mm", {}));
        QCOMPARE(count("^(t|mm)(_\\d+)?$", {true, false}), count("/^(t|mm)(_\\d+)?$/", {}));
        QCOMPARE(count("^MM$", {true, true}), 0L);
        QCOMPARE(count("", {true, false}), 0L);
        const Result<Find> bad = Find::parse("mm(", {true, false});
        QVERIFY(!bad.ok());
        QCOMPARE(bad.error().offset, uint64_t(3));
    }

    // From the place where one is, over body after body, and around.
    void steps() {
        const Result<Hits> all = find_hits(document_->dump(), find_of("mm"));
        QVERIFY(all.ok() && all->total() >= 3 && all->bodies().size() >= 2);
        const Place first{all->bodies()[0].body.graph, all->bodies()[0].body.body, all->bodies()[0].nodes[0]};
        Place at{GraphId(0), BodyId(0), {}};
        std::set<std::string> seen;
        for (size_t i = 0; i < all->total(); ++i) {
            const std::optional<HitStep> next = all->step(at, 1, i == 0);
            QVERIFY(next && !next->wrapped);
            QCOMPARE(next->number, i + 1);
            seen.insert(document_->address(next->place));
            at = next->place;
        }
        QCOMPARE(seen.size(), all->total());
        const std::optional<HitStep> around = all->step(at, 1);
        QVERIFY(around->wrapped && around->place == first);
        QVERIFY(all->step(first, -1)->wrapped);
        QCOMPARE(all->step(first, -1)->place, at);
        QCOMPARE(all->step(first, 1, true)->place, first); // a hit where one stands is the next one
        QVERIFY(!Hits().step(first, 1));
        QVERIFY(all->in({GraphId(0), BodyId(9999), {}}).empty());
        const Result<Hits> one = find_hits(document_->dump(), first, find_of("mm"));
        QCOMPARE(one->bodies().size(), size_t(1));
        QCOMPARE(one->total(), all->in(first).size());
    }

    void texts() {
        const std::string text = "a = mm(b)\nMM = 1; mm = mm\n\n\xc3\xa9 mm\n";
        const auto in = [&](const char* what, FindOptions options = {}) {
            std::vector<std::string> got;
            const Result<Find> find = Find::parse(what, options);
            const auto ranges = find->in_text(text);
            for (const auto& [first, last] : *ranges)
                got.push_back(text.substr(first, last - first));
            return got;
        };
        using Texts = std::vector<std::string>;
        QCOMPARE(in("mm"), (Texts{"mm", "MM", "mm", "mm", "mm"}));
        QCOMPARE(in("mm", {false, true}), (Texts{"mm", "mm", "mm", "mm"}));
        QCOMPARE(in("mm b"), (Texts{"mm", "b"})); // one line has both words
        QCOMPARE(in("^mm", {true, false}), (Texts{"MM"}));
        QCOMPARE(in("\\(.\\)|\xc3\xa9", {true, false}), (Texts{"(b)", "\xc3\xa9"}));
        QVERIFY(in("x*", {true, false}).empty()); // what matches nothing is no hit
    }

    // An expression that would take years says so.
    void hostileExpression() {
        const Result<FindResult> found =
            find_all(document_->dump(), find_of("/^(([a-z0-9._]+)+)+[@%]$/"), 10);
        QVERIFY(!found.ok());
        QCOMPARE(int(found.error().kind), int(Error::Kind::Usage));
        QVERIFY(found.error().message.find("too many steps") != std::string::npos);
    }

    void bestFirstAndLimited() {
        const Result<FindResult> found = find_all(document_->dump(), find_of("mm"), 2);
        QVERIFY(found.ok());
        QCOMPARE(found->hits.size(), size_t(2));
        QVERIFY(found->total > 2);
        QCOMPARE(found->hits[0].rank, 0); // the node whose whole name it is
        QCOMPARE(document_->node_name(found->hits[0].place), std::string("mm"));
        QVERIFY(found->hits[0].snippet.starts_with("mm  torch.ops.aten.mm"));
    }

    void cancelled() {
        std::atomic<bool> cancel{true};
        Job job;
        job.cancel = &cancel;
        const Result<FindResult> found = find_all(document_->dump(), find_of("mm"), 10, job);
        QVERIFY(!found.ok());
        QCOMPARE(int(found.error().kind), int(Error::Kind::Cancelled));
    }

    // --- go to

    void goesToWhatIsTyped() {
        const auto d = openDocument("gpt12");
        const Place here{GraphId(0), BodyId(0), {}};
        const auto best = [&](std::string_view typed) {
            const std::vector<GoToHit> hits = go_to_hits(*d, here, typed);
            return hits.empty() ? GoToHit{} : hits.front();
        };
        const std::string address = "0/0:forward:partitioned_fw_subgraph_0_0@mm";
        if (const Result<Place> place = resolve(d->dump(), address)) {
            QVERIFY(best(address).place == *place);
            QCOMPARE(best(address).title, std::string("mm"));
        }
        const std::vector<GoToHit> named = go_to_hits(*d, here, "subgraph_0");
        QVERIFY(std::any_of(named.begin(), named.end(),
            [](const GoToHit& hit) { return hit.region.valid() && hit.title == "subgraph_0"; }));
        QCOMPARE(best("call 4").row, 4);
        QVERIFY(best("call 4").detail.starts_with("reused"));
        QVERIFY(go_to_hits(*d, here, "zzzzzz").empty());
        // As FX prints them, and by number.
        QCOMPARE(best("%" + d->node_name({here.graph, here.body, NodeId(3)})).place.node, NodeId(3));
        QCOMPARE(best("%5").place, Place(here.graph, here.body, NodeId(5)));
        QVERIFY(best("%999999").place.node != NodeId(999999));
        // Nothing typed: regions and bodies, no nodes.
        for (const GoToHit& hit : go_to_hits(*d, here, ""))
            QVERIFY(!hit.place.node && !hit.row);
        QCOMPARE(go_to_hits(*d, here, "m", 7).size(), size_t(7));
    }

    void goesToSourceLines() {
        const auto d = openDocument("gpt12");
        const std::string source = d->source_of(0);
        QVERIFY(!source.empty());
        const std::vector<GoToHit> hits = go_to_hits(*d, {GraphId(0), BodyId(0), {}}, source);
        QVERIFY(!hits.empty());
        QVERIFY(hits.front().detail.ends_with(source));
    }

    // --- the ledger's rows

    void rowsHaveEveryField() {
        for (const char* name : {"gpt12", "dup_tangents", "failing", "graph_breaks"}) {
            const auto d = openDocument(name);
            for (const CompilationLedger& ledger : d->ledger().compilations)
                for (const Invocation& invocation : ledger.invocations) {
                    const FilterRow row = filter_row(d->dump(), ledger, invocation);
                    QCOMPARE(row.size(), field_names().size());
                    for (size_t i = 0; i < row.size(); ++i)
                        QCOMPARE(row[i].first, field_names()[i]);
                    QCOMPARE(row[0].second, std::to_string(invocation.index));
                }
        }
    }
};

QTEST_APPLESS_MAIN(TestFind)
#include "tst_find.moc"
