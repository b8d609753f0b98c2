// Scenes and display lists: places, measures, texts.
#include "core/draw/boxes.h"
#include "core/draw/display.h"
#include "core/draw/metrics.h"
#include "core/draw/scene.h"
#include "tests/draw/samples.h"

#include <QtTest>

#include <algorithm>
#include <atomic>

using namespace hopscope;
using namespace hopscope::draw;
using namespace hopscope::test;

Q_DECLARE_METATYPE(Sample)

namespace {

bool overlap(const Box& a, const Box& b) {
    return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

Options layered(bool fold) {
    Options options;
    options.fold = fold;
    options.layout.engine = layout::Engine::Layered;
    return options;
}
Options layered(const Sample& sample, bool fold) {
    Options options = layered(fold);
    options.roles = told(sample.module, sample.body).roles;
    return options;
}

bool same(const Primitive& a, const Primitive& b) {
    return a.type == b.type && a.part == b.part && a.fill == b.fill && a.stroke == b.stroke && a.x == b.x
        && a.y == b.y && a.w == b.w && a.h == b.h && a.node == b.node && a.box == b.box && a.edge == b.edge
        && a.text == b.text && a.points_begin == b.points_begin && a.points_end == b.points_end;
}

} // namespace

class TestScene : public QObject {
    Q_OBJECT

    static void add_samples() {
        QTest::addColumn<Sample>("sample");
        QTest::addColumn<bool>("fold");
        for (const Sample& sample : samples())
            for (const bool fold : {true, false})
                QTest::newRow((sample.name + (fold ? "" : " unfolded")).c_str()) << sample << fold;
    }

private Q_SLOTS:
    void boxesStandApart_data() { add_samples(); }
    void boxesStandApart() {
        QFETCH(Sample, sample);
        QFETCH(bool, fold);
        const auto scene = make_scene(*sample.module, sample.body, layered(sample, fold));
        QVERIFY2(scene.ok(), scene ? "" : scene.error().message.c_str());
        for (size_t i = 0; i < scene->boxes.size(); ++i) {
            const Box& box = scene->boxes[i];
            QVERIFY(
                box.x >= 0 && box.y >= 0 && box.x + box.w <= scene->width && box.y + box.h <= scene->height);
            for (size_t j = i + 1; j < scene->boxes.size(); ++j)
                QVERIFY2(
                    !overlap(box, scene->boxes[j]), (box.title + " and " + scene->boxes[j].title).c_str());
            for (const Port& port : box.ports) {
                QVERIFY(port.at.x >= box.x - kPortOut && port.at.x <= box.x + box.w + kPortOut);
                QVERIFY(port.at.y >= box.y && port.at.y <= box.y + box.h);
            }
        }
    }

    void everyNodeIsShownOnce_data() { add_samples(); }
    void everyNodeIsShownOnce() {
        QFETCH(Sample, sample);
        QFETCH(bool, fold);
        const auto scene = stacked_scene(*sample.module, sample.body, layered(sample, fold));
        QVERIFY(scene.ok());
        std::vector<int> times(sample.module->body(sample.body).nodes.size(), 0);
        for (const Box& box : scene->boxes) {
            ++times[box.node.index];
            for (const NodeId node : box.folded)
                ++times[node.index];
        }
        QVERIFY(std::all_of(times.begin(), times.end(), [](int n) { return n == 1; }));
    }

    void linesMeetTheirBoxes_data() { add_samples(); }
    void linesMeetTheirBoxes() {
        QFETCH(Sample, sample);
        QFETCH(bool, fold);
        const auto scene = make_scene(*sample.module, sample.body, layered(sample, fold));
        QVERIFY(scene.ok());
        for (const Edge& edge : scene->edges) {
            if (edge.cut)
                continue;
            const Box& from = scene->boxes[edge.from_box];
            const Box& to = scene->boxes[edge.to_box];
            QVERIFY(edge.points.size() >= 2);
            QCOMPARE(edge.points.front().y, from.y + from.h);
            QVERIFY(edge.points.front().x >= from.x && edge.points.front().x <= from.x + from.w);
            QCOMPARE(edge.points.back().y, to.y);
            QVERIFY(edge.points.back().x >= to.x && edge.points.back().x <= to.x + to.w);
            QCOMPARE(scene->box_of_node[edge.from.index], edge.from_box);
            QCOMPARE(scene->box_of_node[edge.to.index], edge.to_box);
        }
    }

    void sameTwice_data() { add_samples(); }
    void sameTwice() {
        QFETCH(Sample, sample);
        QFETCH(bool, fold);
        const auto a = make_scene(*sample.module, sample.body, layered(sample, fold));
        const auto b = make_scene(*sample.module, sample.body, layered(sample, fold));
        QVERIFY(a.ok() && b.ok());
        const DisplayList x = make_display_list(*a);
        const DisplayList y = make_display_list(*b);
        QVERIFY(std::equal(x.items.begin(), x.items.end(), y.items.begin(), y.items.end(), same));
        QVERIFY(x.texts == y.texts && x.points == y.points);
    }

    // No text is wider than the box it stands in.
    void textsFit_data() { add_samples(); }
    void textsFit() {
        QFETCH(Sample, sample);
        QFETCH(bool, fold);
        const auto scene = stacked_scene(*sample.module, sample.body, layered(sample, fold));
        QVERIFY(scene.ok());
        const DisplayList list = make_display_list(*scene);
        int texts = 0;
        for (const Primitive& p : list.items) {
            if (p.type != Primitive::Type::Text || !p.box || p.part == Primitive::Part::Letter)
                continue;
            const Box& box = scene->boxes[*p.box];
            const double left = p.anchor == Primitive::Anchor::End ? p.x - p.w : p.x;
            QVERIFY2(left >= box.x + kBarWidth && left + p.w <= box.x + box.w, list.texts[*p.text].c_str());
            QVERIFY(p.y > box.y && p.y < box.y + box.h);
            ++texts;
        }
        QVERIFY(texts >= static_cast<int>(scene->boxes.size()));
    }

    // Painters rely on it: all items of one box or edge stand together.
    void itemsStandTogether() {
        const auto module = recorded("gpt12/values/00_forward.txt");
        const auto scene = stacked_scene(*module, BodyId(0), told(module, BodyId(0)));
        const DisplayList list = make_display_list(*scene);
        std::vector<bool> seen(scene->boxes.size(), false);
        std::optional<uint32_t> current;
        for (const Primitive& p : list.items) {
            if (p.box == current || !p.box)
                continue;
            QVERIFY(!seen[*p.box]);
            seen[*p.box] = true;
            current = p.box;
        }
        QVERIFY(std::all_of(seen.begin(), seen.end(), [](bool s) { return s; }));
    }

    void lessDetail() {
        const auto module = recorded("gpt12/values/00_forward.txt");
        const auto scene = stacked_scene(*module, BodyId(0), told(module, BodyId(0)));
        const auto count = [&](Detail detail, Primitive::Type type) {
            DisplayOptions options;
            options.detail = detail;
            const DisplayList list = make_display_list(*scene, options);
            return std::count_if(
                list.items.begin(), list.items.end(), [&](auto& p) { return p.type == type; });
        };
        // From afar a box has its operator, from further off nothing.
        QCOMPARE(count(Detail::Shapes, Primitive::Type::Text), static_cast<ptrdiff_t>(scene->boxes.size()));
        QCOMPARE(count(Detail::Blocks, Primitive::Type::Text), 0);
        QVERIFY(count(Detail::Names, Primitive::Type::Text) < count(Detail::Full, Primitive::Type::Text));
        const auto rects = static_cast<ptrdiff_t>(scene->boxes.size());
        QVERIFY(count(Detail::Shapes, Primitive::Type::Rect) >= rects);
        QVERIFY(count(Detail::Blocks, Primitive::Type::Rect) >= rects);
        QCOMPARE(detail_for(1), Detail::Full);
        QCOMPARE(detail_for(0.5), Detail::Names);
        QCOMPARE(detail_for(0.4), Detail::Shapes);
        QCOMPARE(detail_for(0.1), Detail::Blocks);
    }

    void regionsShowTheirInvocations() {
        const auto module = recorded("mlp4/values/00_forward.txt");
        const size_t nodes = module->body(BodyId(0)).nodes.size();
        const NodeId call = node_named(*module, BodyId(0), "invoke_subgraph_8");
        Options options;
        options.badges.resize(nodes);
        options.dots.resize(nodes);
        options.own_dot.resize(nodes);
        options.badges[call.index] = "×4";
        options.dots[call.index] = {0, 1, 3, 5, 7};
        options.own_dot[call.index] = 1;
        const auto scene = stacked_scene(*module, BodyId(0), options);
        QVERIFY(scene.ok());
        const uint32_t index = scene->box_of_node[call.index];
        const Box& box = scene->boxes[index];
        QVERIFY(box.region);
        QCOMPARE(box.kind, Kind::Region);
        QCOMPARE(box.subtitle, std::string("partitioned_fw_subgraph_0_0"));
        QVERIFY(box.detail.starts_with("7 → 11"));
        QCOMPARE(box.badge, std::string("×4"));
        DisplayList list;
        display_box(*scene, index, Detail::Full, 0, 0, list);
        const auto dots = [&](Primitive::Type type, ColorRole role) {
            return std::count_if(list.items.begin(), list.items.end(), [&](const Primitive& p) {
                return p.part == Primitive::Part::Dot && p.type == type
                    && (p.fill == role || p.stroke == role);
            });
        };
        QCOMPARE(dots(Primitive::Type::Circle, ColorRole::Traced), 1);
        QCOMPARE(dots(Primitive::Type::Circle, ColorRole::Reused), 1);
        QCOMPARE(dots(Primitive::Type::HalfCircle, ColorRole::TracedAgain), 1);
        QCOMPARE(dots(Primitive::Type::Cross, ColorRole::Failed), 1);
        QCOMPARE(dots(Primitive::Type::Circle, ColorRole::Quiet), 2); // the ring and its middle
    }

    void emptyBody() {
        GraphModule module;
        module.bodies.emplace_back();
        const auto scene = make_scene(module, BodyId(0));
        QVERIFY(scene.ok());
        QVERIFY(scene->boxes.empty() && scene->edges.empty());
        QVERIFY(make_display_list(*scene).items.empty());
    }

    void cancel() {
        const auto module = recorded("gpt12/values/00_forward.txt");
        const std::atomic<bool> stop{true};
        Job job;
        job.cancel = &stop;
        const auto scene = make_scene(*module, BodyId(0), layered(true), job);
        QVERIFY(!scene.ok());
        QCOMPARE(scene.error().kind, Error::Kind::Cancelled);
    }

    void labels() {
        QCOMPARE(clip_label("mm"), std::string("mm"));
        QCOMPARE(clip_label("abcdef", 4), std::string("abc…"));
        QCOMPARE(clip_label("abcd", 4), std::string("abcd"));
        QCOMPARE(clip_label("äöüß", 3), std::string("äö…"));
        QCOMPARE(glyph_count("äöü…"), size_t(4));
        QCOMPARE(clip_label("a\nb\tc"), std::string("a b c"));
        QCOMPARE(clip_label("a\xFF"
                            "b"),
            std::string("a\xEF\xBF\xBD"
                        "b"));
        QCOMPARE(clip_name("abcdefghij", 7), std::string("ab…ghij"));
        QCOMPARE(clip_name("abcdefg", 7), std::string("abcdefg"));
        QCOMPARE(clip_name("äöüäöüäöü", 7), std::string("äö…üäöü"));
        QCOMPARE(glyph_count(clip_name(std::string(1 << 22, 'x') + "end")), kLabelGlyphs);
        QVERIFY(clip_name(std::string(1 << 22, 'x') + "end").ends_with("xend"));
        QCOMPARE(glyph_count(clip_name(std::string(1 << 22, '\x80'))), kLabelGlyphs);
        const std::string huge(1 << 22, 'x');
        QCOMPARE(glyph_count(clip_label(huge)), kLabelGlyphs);
        QCOMPARE(text_width("0123456789", kFontSize), 72);
        QCOMPARE(text_width("", kFontSize), 0);
    }

    // A name of a megabyte gives a box of ordinary width.
    void longNames() {
        const auto module = hostile({"x", std::string(1 << 20, 'y'), "z"});
        const auto scene = stacked_scene(*module, BodyId(0), told(module, BodyId(0)));
        QVERIFY(scene.ok());
        for (const Box& box : scene->boxes)
            QVERIFY(box.w < 500);
    }

    void roundedCorners() {
        const Spot points[] = {{0, 0}, {0, 20}, {30, 20}};
        const auto steps = rounded_path(points, 3, 6, false);
        QCOMPARE(steps.size(), size_t(4));
        QCOMPARE(steps[1].to, (Spot{0, 14}));
        QCOMPARE(steps[2].type, PathStep::Type::Curve);
        QCOMPARE(steps[2].control, (Spot{0, 20}));
        QCOMPARE(steps[2].to, (Spot{6, 20}));
        QCOMPARE(steps[3].to, (Spot{30, 20}));
        QVERIFY(rounded_path(points, 0, 6, false).empty());
    }
};

QTEST_GUILESS_MAIN(TestScene)
#include "tst_scene.moc"
