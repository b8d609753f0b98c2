// How bodies are drawn, step by step: expanding, folding, hiding, and taking it back; and the numbers that
// nodes have in such a picture.
#include "core/browse/picture_history.h"
#include "tests/browse/dumps.h"

#include <QtTest>

#include <algorithm>
#include <set>

using namespace hopscope;

class TestPictureHistory : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        document_ = openDocument(QStringLiteral("gpt12"));
        QVERIFY(document_);
        forward_ = *resolve(document_->dump(), "0/0:forward");
    }

    void plainKeepsTheIds() {
        const NumberedPicture shown = picture(forward_, {});
        const size_t nodes = document_->body(forward_).nodes.size();
        QCOMPARE(shown.scene().box_of_node.size(), nodes);
        for (size_t i = 0; i < nodes; ++i) {
            const NodeId node(i);
            QCOMPARE(shown.origin(node).node, node);
            QCOMPARE(shown.name(node), document_->node_name({forward_.graph, forward_.body, node}));
            QVERIFY(shown.scene().box_of_node[i] != draw::kNoBox);
        }
    }

    // Of every kind of picture: each number that is drawn has an origin, and is one of its origin's numbers.
    void numbersLeadThereAndBack() {
        PictureChoice hairpin, expanded, both, folded;
        hairpin.with_backward = true;
        expanded.expand = {"all"};
        both.with_backward = true;
        both.expand = {"all"};
        folded.fold_repeats = true;
        const Place backward = *resolve(document_->dump(), "0/0:backward");
        for (const Place& own : {forward_, backward})
            for (const PictureChoice& choice : {hairpin, expanded, both, folded}) {
                const NumberedPicture shown = picture(own, choice);
                const size_t nodes = document_->body(own).nodes.size();
                size_t drawn = 0;
                for (size_t i = 0; i < shown.scene().box_of_node.size(); ++i) {
                    if (shown.name(NodeId(i)).empty())
                        continue;
                    ++drawn;
                    const Place origin = shown.origin(NodeId(i));
                    const auto all = shown.numbers_of(origin);
                    QVERIFY(std::find(all.begin(), all.end(), NodeId(i)) != all.end());
                    QVERIFY(i >= nodes || (origin.body == own.body && origin.graph == own.graph));
                    QVERIFY(document_->node(origin));
                    for (const NodeId user : shown.users(NodeId(i))) {
                        const auto back = shown.producers(user);
                        QVERIFY(std::find(back.begin(), back.end(), NodeId(i)) != back.end());
                    }
                }
                QVERIFY(drawn >= nodes - 12 * 15);
                for (size_t b = 0; b < shown.scene().boxes.size(); ++b)
                    QCOMPARE(shown.scene().box_of_node[shown.scene().boxes[b].node.index], uint32_t(b));
                for (const draw::Edge& edge : shown.scene().edges) {
                    QCOMPARE(shown.scene().box_of_node[edge.from.index], edge.from_box);
                    QCOMPARE(shown.scene().box_of_node[edge.to.index], edge.to_box);
                }
            }
    }

    // A node of a body that is called twelve times is there twelve times.
    void aBodyThatIsDrawnTwelveTimes() {
        PictureChoice choice;
        choice.expand = {"all"};
        const NumberedPicture shown = picture(forward_, choice);
        QCOMPARE(shown.expanded_calls().size(), size_t{12});
        const Place body = *resolve(document_->dump(), "0/0:forward:partitioned_fw_subgraph_0_0");
        const NodeId addmm = find_node(document_->module(body.graph), document_->body(body), "addmm");
        QVERIFY(addmm);
        const auto all = shown.numbers_of({body.graph, body.body, addmm});
        QCOMPARE(all.size(), size_t{12});
        std::set<std::string> names;
        for (const NodeId number : all)
            names.insert(shown.name(number));
        QCOMPARE(names.size(), size_t{12});
    }

    void expandingAndCollapsing() {
        PictureHistory history;
        const auto shown = [&] { return picture(forward_, history.of(forward_)); };
        const auto calls = [&] {
            const NumberedPicture now = shown();
            return std::count_if(now.scene().boxes.begin(), now.scene().boxes.end(),
                [](const draw::Box& box) { return box.region; });
        };
        QCOMPARE(calls(), 12);
        const NodeId call = node("invoke_subgraph_24");
        QVERIFY(!why_not_expand(shown(), node("add")).empty());
        QVERIFY(!why_not_collapse(shown(), call).empty());
        history.change(forward_, expand_call(shown(), history.of(forward_), call));
        QCOMPARE(calls(), 11);
        // The call lies in the first box of what stands for it, and can be closed from there.
        const NumberedPicture opened = shown();
        const uint32_t box = opened.scene().box_of_node[call.index];
        QVERIFY(box != draw::kNoBox);
        QVERIFY(opened.name(opened.scene().boxes[box].node).starts_with("invoke_subgraph_24/"));
        QVERIFY(why_not_collapse(opened, call).empty());
        history.change(forward_, collapse(opened, history.of(forward_), call));
        QVERIFY(history.of(forward_).plain());
        QCOMPARE(calls(), 12);
        history.change(forward_, expand_all(history.of(forward_)));
        QCOMPARE(calls(), 0);
        // One of all that were opened by one word.
        history.change(forward_, collapse(shown(), history.of(forward_), call));
        QCOMPARE(calls(), 1);
        history.change(forward_, expand_one_level(shown(), history.of(forward_)));
        QCOMPARE(calls(), 0);
        history.change(forward_, collapse_all(history.of(forward_)));
        QCOMPARE(calls(), 12);

        // All of it back and forth.
        int steps = 0;
        for (; history.can_undo(); ++steps)
            QCOMPARE(history.undo().graph, forward_.graph);
        QCOMPARE(steps, 6);
        QVERIFY(history.of(forward_).plain());
        while (history.can_redo())
            history.redo();
        QVERIFY(history.of(forward_).plain());
        history.undo();
        QCOMPARE(calls(), 0);
        history.change(forward_, PictureChoice()); // another step from here: what was undone is gone
        QVERIFY(!history.can_redo());
    }

    // What is done to two bodies at once is one step.
    void twoBodiesInOneStep() {
        PictureHistory history;
        const Place backward = *resolve(document_->dump(), "0/0:backward");
        PictureChoice sideways;
        sideways.sideways = true;
        history.change({{forward_, sideways}, {backward, sideways}});
        QVERIFY(history.of(forward_).sideways && history.of(backward).sideways);
        history.change({{forward_, sideways}, {backward, sideways}}); // no step
        QVERIFY(history.undo() == forward_);
        QVERIFY(history.of(forward_).plain() && history.of(backward).plain());
        QVERIFY(!history.can_undo());
        history.redo();
        QVERIFY(history.of(forward_).sideways && history.of(backward).sideways);
    }

    void unfoldingOneBlock() {
        PictureChoice choice;
        choice.fold_repeats = true;
        const NumberedPicture shown = picture(forward_, choice);
        const NodeId call = node("invoke_subgraph_24");
        QVERIFY(why_not_unfold(shown, call).empty());
        QVERIFY(!why_not_unfold(shown, node("add")).empty());
        const NumberedPicture open = picture(forward_, unfold(shown, choice, call));
        QVERIFY(open.scene().boxes.size() > shown.scene().boxes.size());
        QVERIFY(!why_not_unfold(open, call).empty());
    }

    void hidingAndRevealing() {
        PictureHistory history;
        const Place body = *resolve(document_->dump(), "0/0:forward:partitioned_fw_subgraph_0_0");
        const auto named = [&](const char* name) {
            return find_node(document_->module(body.graph), document_->body(body), name);
        };
        const NodeId addmm = named("addmm"), view = named("view");
        const size_t all = document_->body(body).nodes.size();
        const auto shown = [&] { return picture(body, history.of(body)); };
        QVERIFY(reveal(shown(), {}, {"view"}).plain()); // nothing is left out

        history.change(body, hide(shown(), history.of(body), {view}));
        NumberedPicture now = shown();
        QVERIFY(now.left_out() == 1);
        // Its value is still an operand: a mark that stands for it.
        QCOMPARE(now.scene().boxes[now.scene().box_of_node[view.index]].node, addmm);
        const auto inputs = now.names_beside(addmm, false);
        QVERIFY(std::find(inputs.begin(), inputs.end(), "view") != inputs.end());
        history.change(body, reveal(now, history.of(body), inputs));
        QCOMPARE(shown().left_out(), size_t{0});

        history.change(body, extract(shown(), history.of(body), {addmm}));
        now = shown();
        QVERIFY(now.left_out() > all / 2);
        QCOMPARE(now.shown_names().size(), size_t{2}); // with its bias
        history.change(body, reveal(now, history.of(body), now.names_beside(addmm, true)));
        const std::vector<std::string> users = shown().shown_names();
        QVERIFY(std::find(users.begin(), users.end(), "view_1") != users.end());
        history.change(body, show_whole(history.of(body)));
        QVERIFY(history.of(body).plain());
    }

    void partsByWords() {
        QVERIFY(!parse_part("mm").ok());
        QVERIFY(!parse_part("ancestors:").ok());
        QVERIFY(!parse_part("ancestors:a,b").ok());
        QVERIFY(!parse_part("between:a").ok());
        QVERIFY(!parse_part("around:a,x").ok());
        QCOMPARE(parse_part("around:a,3")->steps, 3);
        QCOMPARE(parse_part("nodes:a,b,c")->names.size(), size_t{3});
        PictureChoice choice;
        choice.part = *parse_part("ancestors:nobody");
        const auto made = make_picture(document_->dump(), nullptr, forward_, {}, choice);
        QVERIFY(!made.ok());
        QVERIFY(made.error().message.find("nobody") != std::string::npos);
    }

private:
    NodeId node(const char* name) const {
        return find_node(document_->module(forward_.graph), document_->body(forward_), name);
    }
    NumberedPicture picture(const Place& place, const PictureChoice& choice) const {
        auto made = make_picture(document_->dump(), &document_->ledger(), place,
            picture_options(document_->dump(), &document_->ledger(), place), choice);
        if (!made)
            qFatal("%s", made.error().message.c_str());
        return {document_->dump(), std::move(*made), place};
    }

    std::shared_ptr<const Document> document_;
    Place forward_;
};

QTEST_APPLESS_MAIN(TestPictureHistory)
#include "tst_picture_history.moc"
