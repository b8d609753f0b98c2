#include "tests/browse/dumps.h"

#include "core/browse/navigator.h"

#include <set>

using namespace hopscope;

namespace {
QString bodyOf(const Navigator& n, Pane pane) {
    return QString::fromStdString(n.document()->address(n.pane(pane)));
}
} // namespace

class TestNavigator : public QObject {
    Q_OBJECT

private slots:
    void opensOnTheFirstInvocation() {
        Navigator n;
        n.set_document(openDocument("gpt12"));
        QCOMPARE(n.state().row, 0);
        QCOMPARE(bodyOf(n, Pane::Left), "0/0:forward:partitioned_fw_subgraph_0_0");
        QCOMPARE(bodyOf(n, Pane::Right), "0/0:backward:partitioned_bw_subgraph_0_0");
        QVERIFY(!n.can_go_back());
        QVERIFY(!n.crossings().empty());
    }

    void opensOnRootsWithoutRegions() {
        // Inference shows Dynamo beside it.
        Navigator n;
        n.set_document(openDocument("gpt4_infer"));
        QVERIFY(n.pane(Pane::Left).graph.valid());
        QCOMPARE(int(n.document()->dump().graph(n.pane(Pane::Left).graph).stage), int(Stage::Dynamo));
        QCOMPARE(int(n.document()->dump().graph(n.pane(Pane::Right).graph).stage), int(Stage::Inference));
    }

    void stepsThereAndBack() {
        Navigator n;
        n.set_document(openDocument("gpt12"));
        n.select_invocation(2);
        n.select_node(Pane::Right, NodeId(7));
        const uint64_t hash = n.hash();
        std::vector<uint64_t> seen;
        for (int i = 0; i < 5; ++i) {
            QVERIFY(n.step(StepTo::Any, 1));
            seen.push_back(n.hash());
        }
        QCOMPARE(n.state().row, 7);
        QVERIFY(seen.back() != hash);
        for (int i = 0; i < 5; ++i)
            QVERIFY(n.step(StepTo::Any, -1));
        QCOMPARE(n.hash(), hash);
        // The history walks the same way.
        n.step(StepTo::Any, 1);
        QVERIFY(n.back());
        QCOMPARE(n.hash(), hash);
        QVERIFY(n.forward());
        QCOMPARE(n.state().row, 3);
    }

    void stepsAcrossVariantsKeepTheNode() {
        // dup_tangents has more than one backward body: a node that one of them lacks comes back with it.
        Navigator n;
        n.set_document(openDocument("dup_tangents"));
        const int rows = int(n.document()->rows().size());
        QVERIFY(rows > 1);
        std::set<uint32_t> backwardBodies;
        for (int row = 0; row < rows; ++row) {
            n.select_invocation(row);
            if (n.pane(Pane::Right).graph)
                backwardBodies.insert(n.pane(Pane::Right).body.index);
        }
        QVERIFY(backwardBodies.size() > 1);
        n.select_invocation(0);
        const size_t count = n.document()->body(n.pane(Pane::Right)).nodes.size();
        for (size_t node = 0; node < count; ++node) {
            n.select_node(Pane::Right, NodeId(node));
            const uint64_t hash = n.hash();
            const Place place = n.state().node;
            QVERIFY(n.step(StepTo::Any, 1));
            QVERIFY(n.step(StepTo::Any, -1));
            QCOMPARE(n.hash(), hash);
            QVERIFY(n.state().node == place);
        }
    }

    void filteredSteps() {
        Navigator n;
        n.set_document(openDocument("gpt12"));
        QVERIFY(!n.step(StepTo::Traced, 1));
        QCOMPARE(QString::fromStdString(n.why_no_step(StepTo::Traced, 1)), "no later invocation was traced");
        QVERIFY(n.step(StepTo::Reused, 1));
        QCOMPARE(n.state().row, 1);
        n.select_invocation(11);
        QVERIFY(!n.step(StepTo::Any, 1));
        QVERIFY(n.step(StepTo::Traced, -1));
        QCOMPARE(n.state().row, 0);
        QVERIFY(n.why_no_step(StepTo::Any, 1).empty());
    }

    void intoAndOut() {
        Navigator n;
        n.set_document(openDocument("gpt12"));
        n.select_invocation(4);
        QVERIFY(!n.why_not_into().empty()); // its bodies are shown
        QVERIFY(n.step_out());
        QCOMPARE(bodyOf(n, Pane::Left), "0/0:forward");
        QCOMPARE(bodyOf(n, Pane::Right), "0/0:backward");
        QCOMPARE(n.document()->row_of_call(n.state().node), 4);
        QVERIFY(!n.why_not_out().empty());
        QVERIFY(!n.why_not_up().empty());
        QVERIFY(n.step_into());
        QCOMPARE(n.state().row, 4);
        QCOMPARE(bodyOf(n, Pane::Left), "0/0:forward:partitioned_fw_subgraph_0_0");
        QVERIFY(n.up());
        QCOMPARE(bodyOf(n, Pane::Left), "0/0:forward");
    }

    void callsOfOneInvocationCross() {
        Navigator n;
        n.set_document(openDocument("gpt12"));
        QVERIFY(n.go_to(std::string("0/0:forward")).ok());
        QCOMPARE(bodyOf(n, Pane::Right), "0/0:backward");
        int calls = 0;
        for (const Crossing& crossing : n.crossings()) {
            const auto left = n.document()->row_of_call({n.pane(Pane::Left).graph, BodyId(0), crossing.left});
            const auto right =
                n.document()->row_of_call({n.pane(Pane::Right).graph, BodyId(0), crossing.right});
            if (left && right) {
                QCOMPARE(left, right);
                ++calls;
            }
        }
        QCOMPARE(calls, 12);
    }

    void savedValuesCross() {
        Navigator n;
        const std::shared_ptr<const Document> d = openDocument("gpt12");
        n.set_document(d);
        const Region& region = d->region(n.state().region);
        QCOMPARE(n.crossings().size(), region.saved.size());
        for (const Crossing& crossing : n.crossings()) {
            const Place left{n.pane(Pane::Left).graph, n.pane(Pane::Left).body, crossing.left};
            const Place right{n.pane(Pane::Right).graph, n.pane(Pane::Right).body, crossing.right};
            QCOMPARE(d->node_name(left), d->node_name(right));
            QVERIFY(d->node(right)->op == Opcode::Placeholder);
        }
    }

    void goesToAddresses() {
        Navigator n;
        n.set_document(openDocument("gpt12"));
        QVERIFY(!n.go_to(std::string("0/0:nonsense")).ok());
        const std::string address = "0/0:backward:partitioned_bw_subgraph_0_0@bmm_2";
        QVERIFY(n.go_to(address).ok());
        QCOMPARE(int(n.state().focus), int(Pane::Right));
        QCOMPARE(QString::fromStdString(n.current_address()), QString::fromStdString(address));
        QCOMPARE(bodyOf(n, Pane::Left), "0/0:forward:partitioned_fw_subgraph_0_0");
    }

    void describesAndRestores() {
        const std::shared_ptr<const Document> d = openDocument("gpt12");
        Navigator n;
        n.set_document(d);
        n.select_invocation(5);
        n.select_node(Pane::Right, NodeId(3));
        Navigator other;
        other.set_document(openDocument("gpt12"));
        QVERIFY(other.hash() != n.hash());
        QVERIFY(other.restore(n.describe()));
        QCOMPARE(other.describe(), n.describe());
        QCOMPARE(other.hash(), n.hash());
        QVERIFY(!other.restore("nonsense\nleft 9/9:forward"));
    }

    void cursorIsNoHistory() {
        Navigator n;
        n.set_document(openDocument("gpt12"));
        int changes = 0;
        n.changed = [&](const NavState&) { ++changes; };
        n.select_node(Pane::Left, NodeId(2));
        QVERIFY(n.step_node(1));
        QCOMPARE(n.state().node.node.index, 3u);
        QVERIFY(!n.can_go_back());
        QCOMPARE(changes, 2);
        n.select_node(Pane::Left, NodeId(3)); // nothing new
        QCOMPARE(changes, 2);
    }

    void stages() {
        Navigator n;
        n.set_document(openDocument("gpt12"));
        QVERIFY(n.step_stage(-1) || n.step_stage(1));
        const RegionRef region =
            n.document()->region_of_body(n.pane(Pane::Left).graph, n.pane(Pane::Left).body);
        QVERIFY(region.valid()); // stays in the region's body of the other stage
    }

    // Everything that was recorded opens, and every step works in it.
    void everyRecording_data() {
        QTest::addColumn<QString>("name");
        for (const QString& name :
            QDir(QStringLiteral(HOPSCOPE_TEST_DATA)).entryList(QDir::Dirs | QDir::NoDotAndDotDot)) {
            if (QDir(tracePath(name)).exists())
                QTest::newRow(qPrintable(name)) << name;
        }
    }
    void everyRecording() {
        QFETCH(QString, name);
        Navigator n;
        n.set_document(openDocument(name));
        QVERIFY(n.document());
        if (!n.document()->dump().graphs.empty())
            QVERIFY(n.pane(Pane::Left).graph.valid());
        const uint64_t opened = n.hash();
        // It opens where there is something to ask about, which need not be the first call.
        while (n.step(StepTo::Any, -1))
            ;
        const uint64_t hash = n.hash();
        int steps = 0;
        while (n.step(StepTo::Any, 1))
            ++steps;
        QCOMPARE(steps, std::max(0, int(n.document()->rows().size()) - 1));
        for (int i = 0; i < steps; ++i)
            QVERIFY(n.step(StepTo::Any, -1));
        QCOMPARE(n.hash(), hash);
        n.step_out();
        n.step_into();
        n.up();
        while (n.can_go_back())
            QVERIFY(n.back());
        QCOMPARE(n.hash(), opened);
        QVERIFY(!n.title(n.state()).empty() || n.document()->dump().compilations.empty());
    }

    // Graphs that are laid over a document leave all that was there as it was.
    void derivedGraphsComeOnTop() {
        const std::shared_ptr<const Document> d = openDocument("dup_tangents");
        Navigator n;
        n.set_document(d);
        n.select_invocation(1);
        n.select_node(Pane::Left, NodeId(3));
        n.select_invocation(2);
        const std::string was = n.describe();
        const size_t before = n.back_titles().size();
        const auto crossing = n.crossings().size();

        GraphId id;
        const std::shared_ptr<const Document> more = withDerived(*d, &id);
        QVERIFY(extends(d, more));
        QVERIFY(!extends(d, openDocument("dup_tangents"))); // read again: ids are others
        QVERIFY(more->rows() == d->rows());
        QCOMPARE(&more->ledger(), &d->ledger());

        n.replace_document(more);
        QCOMPARE(n.describe(), was);
        QCOMPARE(n.back_titles().size(), before);
        QCOMPARE(n.crossings().size(), crossing);
        const std::string address = more->address({id, BodyId(0), {}});
        QVERIFY(n.go_to(address).ok());
        QVERIFY(n.pane(n.state().focus).graph == id);
        QVERIFY(n.back());
        QCOMPARE(n.describe(), was);
        QVERIFY(n.back());
        QCOMPARE(n.state().node.node, NodeId(3));
    }

    // The rows that a step leads to, against a walk over all of them.
    void stepsFindWhatAWalkFinds() {
        for (const char* name : {"gpt12", "dup_tangents", "failing", "ddp4", "graph_breaks", "mlp4"}) {
            const auto d = openDocument(name);
            const int count = int(d->rows().size());
            for (StepTo to : {StepTo::Any, StepTo::Reused, StepTo::Traced})
                for (int direction : {-1, 1})
                    for (int from = -1; from < count; ++from) { // -1: before the first
                        std::optional<int> expected;
                        for (int at = from + direction; at >= 0 && at < count && !expected; at += direction) {
                            const Decision decision = d->invocation(at).decision;
                            if (to == StepTo::Any || (to == StepTo::Reused ? is_reused : is_traced)(decision))
                                expected = at;
                        }
                        const std::optional<int> row = from < 0 ? std::nullopt : std::optional(from);
                        QCOMPARE(next_row(*d, row, to, direction), expected);
                    }
        }
    }
};

QTEST_MAIN(TestNavigator)
#include "tst_navigator.moc"
