// Whole pictures as text, layout included: what changes in them should be seen in a review. And what must
// hold of two halves in one picture.
#include "core/export/body.h"
#include "core/export/picture.h"
#include "core/read/open.h"
#include "core/regions/ledger.h"
#include "core/regions/roles.h"
#include "tests/export/golden.h"

#include <QtTest>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <set>

using namespace hopscope;

namespace {

Dump opened(const char* path) {
    auto dump = open_dump({std::string(HOPSCOPE_TEST_DATA "/") + path});
    if (!dump)
        qFatal("%s", dump.error().message.c_str());
    return std::move(*dump);
}

Result<Picture> picture_of(const Dump& dump, const char* address, const PictureChoice& choice) {
    const auto place = resolve(dump, address);
    if (!place)
        return place.error();
    const Ledger ledger = build_ledger(dump);
    return make_picture(dump, &ledger, *place, picture_options(dump, &ledger, *place), choice);
}

} // namespace

class TestPictures : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void golden_data() {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("dump");
        QTest::addColumn<QString>("address");
        QTest::addColumn<bool>("withBackward");
        QTest::addColumn<bool>("foldRepeats");
        QTest::addColumn<QString>("expand");
        const auto add = [](const char* file, const char* dump, const char* address,
                             bool withBackward = false, bool foldRepeats = false, const char* expand = "") {
            QTest::newRow(file) << file << dump << address << withBackward << foldRepeats << expand;
        };
        add("gpt12_block", "gpt12/trace", "0/0:forward:partitioned_fw_subgraph_0_0");
        add("gpt12_block_hairpin", "gpt12/trace", "0/0:forward:partitioned_fw_subgraph_0_0", true);
        add("gpt12_model_hairpin", "gpt12/trace", "0/0:forward", true);
        add("gpt12_model_folded", "gpt12/trace", "0/0:forward", false, true);
        add("gpt12_dynamo_block", "gpt12/trace", "0/0:dynamo:subgraph_0");
        add("dup_tangents_hairpin", "dup_tangents/trace", "0/0:backward:partitioned_bw_subgraph_0_0", true);
        add("flash_backward", "gpu_op_flash/values", "-:backward:partitioned_bw_subgraph_0_0");
        add("mutated_buffer", "mutated_buffer/trace", "0/0:inference:auto_functionalized_subgraph_0");
        add("mlp4_model_expanded_hairpin", "mlp4/trace", "0/0:forward", true, false, "all");
        add("gpt12_one_call_expanded", "gpt12/trace", "0/0:forward", false, false, "invoke_subgraph_24");
        add("llama_backward", "hf_llama/values", "-:backward:partitioned_bw_subgraph_0_0");
    }

    void golden() {
        QFETCH(QString, file);
        QFETCH(QString, dump);
        QFETCH(QString, address);
        QFETCH(bool, withBackward);
        QFETCH(bool, foldRepeats);
        QFETCH(QString, expand);
        const Dump read = opened(qPrintable(dump));
        PictureChoice choice;
        choice.with_backward = withBackward;
        choice.fold_repeats = foldRepeats;
        if (!expand.isEmpty())
            choice.expand = {expand.toStdString()};
        const auto picture = picture_of(read, qPrintable(address), choice);
        QVERIFY2(picture.ok(), picture.ok() ? "" : picture.error().message.c_str());
        const auto svg = export_picture(read, *picture, *export_format("svg"), draw::Theme::Light);
        QVERIFY(svg.ok());
        const QString error =
            test::compare_golden("pictures/" + file + ".svg", QByteArray::fromStdString(svg->bytes));
        QVERIFY2(error.isEmpty(), qPrintable(error));
    }

    // Twelve calls in a row are one box that says so; every node is still in some box, and what follows hangs
    // on it.
    void repeatsAreDrawnOnce() {
        const Dump dump = opened("gpt12/trace");
        PictureChoice choice;
        choice.fold_repeats = true;
        const auto picture = picture_of(dump, "0/0:forward", choice);
        QVERIFY(picture.ok());
        const draw::Scene& scene = picture->scene;
        const auto regions = std::count_if(scene.boxes.begin(), scene.boxes.end(),
            [](const draw::Box& box) { return box.kind == draw::Kind::Region; });
        QCOMPARE(regions, 1);
        const Body& body = dump.graph(picture->place.graph).module->body(picture->place.body);
        QCOMPARE(scene.box_of_node.size(), body.nodes.size());
        for (const uint32_t box : scene.box_of_node)
            QVERIFY(box < scene.boxes.size());
        const auto call = std::find_if(scene.boxes.begin(), scene.boxes.end(),
            [](const draw::Box& box) { return box.kind == draw::Kind::Region; });
        QCOMPARE(call->times, 12);
        QCOMPARE(scene.frames.size(), size_t{1});
        QVERIFY(scene.frames[0].closed);
        QCOMPARE(scene.frames[0].label.substr(0, 4), std::string("×12"));
        const auto at = static_cast<uint32_t>(call - scene.boxes.begin());
        const auto edges_at = [&](uint32_t draw::Edge::*end) {
            return std::count_if(scene.edges.begin(), scene.edges.end(),
                [&](const draw::Edge& edge) { return edge.*end == at; });
        };
        QVERIFY(edges_at(&draw::Edge::from_box) > 0 && edges_at(&draw::Edge::to_box) > 0);
        for (const draw::Edge& edge : scene.edges)
            QVERIFY(edge.from_box != edge.to_box);
    }

    // A call that is expanded is a frame around what its body does; the others stay as they are, with their
    // dots.
    void callsAreExpandedInPlace() {
        const Dump dump = opened("gpt12/trace");
        PictureChoice choice;
        choice.expand = {"invoke_subgraph_24"};
        const auto picture = picture_of(dump, "0/0:forward", choice);
        QVERIFY(picture.ok());
        QVERIFY(picture->expanded != nullptr);
        QCOMPARE(picture->scene.frames.size(), size_t{1});
        QVERIFY(picture->scene.frames[0].closed);
        const auto regions = std::count_if(picture->scene.boxes.begin(), picture->scene.boxes.end(),
            [](const draw::Box& box) { return box.kind == draw::Kind::Region && box.dots.size() == 12; });
        QCOMPARE(regions, 11);
        // By region: all of its calls, twelve layers that are one block again when repeats are folded.
        choice.expand = {"subgraph_0"};
        choice.fold_repeats = true;
        const auto folded = picture_of(dump, "0/0:forward", choice);
        QVERIFY(folded.ok());
        QCOMPARE(folded->scene.frames.size(), size_t{1});
        QCOMPARE(folded->scene.frames[0].label.substr(0, 4), std::string("×12"));
        choice.expand = {"nobody"};
        const auto none = picture_of(dump, "0/0:forward", choice);
        QVERIFY(!none.ok());
        QCOMPARE(none.error().kind, Error::Kind::NotFound);
        QVERIFY(none.error().message.ends_with("it calls partitioned_fw_subgraph_0_0"));
    }

    // In a joint graph the last forward call and the first backward one are near to each other: its weights
    // are marks all the same.
    void callsOfOneBodyLookAlike() {
        const Dump dump = opened("mlp4/trace");
        const auto picture = picture_of(dump, "0/0:joint", {});
        QVERIFY(picture.ok());
        std::map<std::string, std::set<std::ptrdiff_t>> weights; // by region: how many marks its calls have
        for (const draw::Box& box : picture->scene.boxes)
            if (box.kind == draw::Kind::Region)
                weights[box.subtitle].insert(std::count_if(box.ports.begin(), box.ports.end(),
                    [](const draw::Port& port) { return port.role == draw::Port::Role::Parameter; }));
        QCOMPARE(weights.size(), size_t{2});
        for (const auto& [region, counts] : weights)
            QCOMPARE(counts, std::set<std::ptrdiff_t>{6});
    }

    // A tangent that was expanded looks like no dense one: it is what makes a second backward body.
    void stridesAreOnTheNode() {
        const Dump dump = opened("dup_tangents/trace");
        const auto picture = picture_of(dump, "0/0:backward", {});
        QVERIFY(picture.ok());
        std::set<std::string> warnings;
        for (const draw::Box& box : picture->scene.boxes)
            warnings.insert(box.warning);
        QVERIFY(warnings.contains("[0, 0]"));
        QVERIFY(warnings.contains(""));
    }

    // Every saved value that a node of the backward takes is a line to it, drawn or cut.
    void hairpinHasEverySavedValue() {
        const Dump dump = opened("gpt12/trace");
        PictureChoice choice;
        choice.with_backward = true;
        const auto picture = picture_of(dump, "0/0:forward:partitioned_fw_subgraph_0_0", choice);
        QVERIFY(picture.ok());
        std::set<uint32_t> linked;
        for (const draw::Edge& edge : picture->scene.edges) {
            if (!edge.saved)
                continue;
            QVERIFY(!picture->scene.boxes[edge.from_box].right);
            QVERIFY(picture->scene.boxes[edge.to_box].right);
            for (const NodeId value : edge.values)
                linked.insert(value.index);
        }
        const Body& taker = dump.graph(picture->right.graph).module->body(picture->right.body);
        size_t used = 0;
        for (const SavedValue& value : saved_values(dump, picture->place, picture->right))
            if (!taker.users_of(taker.node(value.placeholder)).empty()) {
                ++used;
                QVERIFY(linked.contains(value.node.index));
            }
        QVERIFY(used > 10);
    }

    // Two pictures for two panes: equally high, what is linked near the same height, each link in both.
    void halvesShareTheirRows() {
        const Dump dump = opened("gpt12/trace");
        const Ledger ledger = build_ledger(dump);
        const Place forward = *resolve(dump, "0/0:forward:partitioned_fw_subgraph_0_0"),
                    backward = *resolve(dump, "0/0:backward:partitioned_bw_subgraph_0_0");
        QVERIFY(can_share_rows(dump, forward, backward));
        QVERIFY(!can_share_rows(dump, backward, forward));
        std::vector<draw::Scene> scenes;
        auto pictures = make_half_pictures(dump, &ledger, {.forward = forward, .backward = backward},
            picture_options(dump, &ledger, forward));
        QVERIFY2(pictures.ok(), pictures.ok() ? "" : pictures.error().message.c_str());
        for (Picture* picture : {&pictures->forward, &pictures->backward}) {
            QCOMPARE(picture->place.graph, (picture == &pictures->forward ? forward : backward).graph);
            QVERIFY(!picture->right.graph);
            scenes.push_back(std::move(picture->scene));
        }
        QCOMPARE(scenes[0].height, scenes[1].height);
        std::array<std::vector<const draw::Edge*>, 2> links;
        for (size_t s = 0; s < 2; ++s)
            for (const draw::Edge& edge : scenes[s].edges)
                if (edge.across) {
                    QCOMPARE(size_t(*edge.across), links[s].size());
                    links[s].push_back(&edge);
                }
        QVERIFY(links[0].size() >= 15);
        QCOMPARE(links[0].size(), links[1].size());
        size_t near = 0;
        for (size_t i = 0; i < links[0].size(); ++i) {
            const draw::Edge &out = *links[0][i], &in = *links[1][i];
            QCOMPARE(out.to_box, draw::kNoBox);
            QCOMPARE(in.from_box, draw::kNoBox);
            QVERIFY(out.from.valid() && !out.to.valid() && in.to.valid() && !in.from.valid());
            QCOMPARE(out.cut, in.cut);
            const draw::Box &from = scenes[0].boxes[out.from_box], &to = scenes[1].boxes[in.to_box];
            near += std::abs((from.y + from.h / 2) - (to.y + to.h / 2)) < 60;
            if (out.cut)
                continue;
            // It leaves the picture level, towards the other half.
            const auto& points = out.points;
            QVERIFY(points.size() >= 2 && points.back().x > scenes[0].width);
            QCOMPARE(points.back().y, points[points.size() - 2].y);
            QVERIFY(in.points.front().x < 0);
            QCOMPARE(in.points.front().y, in.points[1].y);
        }
        QVERIFY2(near * 3 >= links[0].size() * 2, qPrintable(QString::number(near)));
        // No line of a link lies behind a box.
        for (size_t s = 0; s < 2; ++s)
            for (const draw::Edge* link : links[s])
                for (size_t i = 1; i < link->points.size(); ++i) {
                    const layout::Point a = link->points[i - 1], b = link->points[i];
                    for (const draw::Box& box : scenes[s].boxes)
                        QVERIFY(std::max(a.x, b.x) <= box.x || std::min(a.x, b.x) >= box.x + box.w
                            || std::max(a.y, b.y) <= box.y || std::min(a.y, b.y) >= box.y + box.h);
                }
    }

    // The boxes of an expanded call have a frame with nothing else in it, and no line runs through its title.
    void expandedCallsHaveFrames_data() {
        QTest::addColumn<QString>("dump");
        QTest::addColumn<QString>("address");
        QTest::addColumn<bool>("both");
        QTest::newRow("dup_tangents") << "dup_tangents/trace"
                                      << "0/0:backward" << false;
        QTest::newRow("dup_tangents forward") << "dup_tangents/trace"
                                              << "0/0:forward" << false;
        QTest::newRow("dup_tangents both") << "dup_tangents/trace"
                                           << "0/0:forward" << true;
        QTest::newRow("mlp4 both") << "mlp4/trace"
                                   << "0/0:forward" << true;
        QTest::newRow("checkpointed") << "checkpointed/trace"
                                      << "0/0:joint" << false;
        QTest::newRow("gpt12") << "gpt12/trace"
                               << "0/0:forward" << false;
        QTest::newRow("gpt12 both") << "gpt12/trace"
                                    << "0/0:forward" << true;
    }
    void expandedCallsHaveFrames() {
        QFETCH(QString, dump);
        QFETCH(QString, address);
        QFETCH(bool, both);
        const Dump read = opened(qPrintable(dump));
        PictureChoice choice;
        choice.expand = {"all"};
        choice.with_backward = both;
        const auto picture = picture_of(read, qPrintable(address), choice);
        QVERIFY2(picture.ok(), picture.ok() ? "" : picture.error().message.c_str());
        const draw::Scene& scene = picture->scene;
        QVERIFY(!scene.frames.empty());
        for (const draw::Frame& frame : scene.frames) {
            QVERIFY2(frame.closed, frame.label.c_str());
            for (const draw::Frame& other : scene.frames) {
                const bool apart = frame.x + frame.w <= other.x || other.x + other.w <= frame.x
                    || frame.y + frame.h <= other.y || other.y + other.h <= frame.y;
                const auto inside = [](const draw::Frame& a, const draw::Frame& b) {
                    return a.x >= b.x && a.y >= b.y && a.x + a.w <= b.x + b.w && a.y + a.h <= b.y + b.h;
                };
                QVERIFY(&frame == &other || apart || inside(frame, other) || inside(other, frame));
            }
        }
    }

    // Shades grow with the numbers, and the scale says what they stand for.
    void overlaysSayWhatTheyMean() {
        const Dump dump = opened("gpt12/trace");
        PictureChoice choice;
        choice.overlay = OverlayKind::Bytes;
        const auto picture = picture_of(dump, "0/0:forward:partitioned_fw_subgraph_0_0", choice);
        QVERIFY(picture.ok() && picture->overlay);
        const draw::Overlay& overlay = *picture->overlay;
        QCOMPARE(overlay.shade.size(), picture->scene.boxes.size());
        const GraphModule& module = *dump.graph(picture->place.graph).module;
        const Body& body = module.body(picture->place.body);
        std::map<int64_t, uint8_t> shades;
        for (size_t b = 0; b < overlay.shade.size(); ++b)
            if (const ValueType* type = module.type(body.node(picture->scene.boxes[b].node).type))
                if (const auto bytes = byte_size(module, *type); bytes && overlay.shade[b]) {
                    shades[*bytes] = *overlay.shade[b];
                    QVERIFY(!overlay.words[b].empty());
                }
        QVERIFY(shades.size() > 2);
        QVERIFY(std::is_sorted(
            shades.begin(), shades.end(), [](const auto& a, const auto& b) { return a.second < b.second; }));
        QCOMPARE(int(shades.rbegin()->second), int(draw::kShades) - 1);
        for (const auto& [bytes, shade] : shades)
            QVERIFY(!overlay.steps[shade].empty());
        const auto svg = export_picture(dump, *picture, *export_format("svg"), draw::Theme::Light);
        QVERIFY(svg.ok());
        QVERIFY(svg->bytes.find("Bytes of each value") != std::string::npos);
        choice.overlay = OverlayKind::Time;
        const auto without = picture_of(dump, "0/0:forward", choice);
        QVERIFY(!without.ok() && without.error().kind == Error::Kind::Usage);
        for (const draw::Theme theme : {draw::Theme::Light, draw::Theme::Dark})
            for (uint8_t shade = 0; shade < draw::kShades; ++shade)
                QVERIFY(draw::contrast(draw::color(draw::ColorRole::Text, theme),
                            draw::color(draw::shade_color(shade), theme))
                    >= 4.5);
    }

    // Where there is nothing to colour it is said where there is.
    void decisionsAreThoseOfCalls() {
        const Dump dump = opened("gpt12/trace");
        PictureChoice choice;
        choice.overlay = OverlayKind::Decision;
        const auto calls = picture_of(dump, "0/0:forward", choice);
        const auto none = picture_of(dump, "0/0:forward:partitioned_fw_subgraph_0_0", choice);
        QVERIFY(calls.ok() && none.ok());
        QCOMPARE(calls->overlay->title, std::string("What the cache decided"));
        QVERIFY(none->overlay->title.find("the body that calls this one") != std::string::npos);
    }

    void linksThatAreNotDrawnAreNamed() {
        QVERIFY(undrawn_text({}).empty());
        QCOMPARE(undrawn_text({{"a", "b"}}),
            std::string("1 link is too long to be drawn and stands as a pair of marks: a → b"));
        const std::vector<std::pair<std::string, std::string>> nine(9, {"a", "b"});
        const std::string text = undrawn_text(nine);
        QVERIFY(text.starts_with("9 links are too long"));
        QVERIFY(text.ends_with(" and 3 more"));
        // Of a picture: as many as it counts, and the export's note says so.
        const Dump dump = opened("gpt12/trace");
        const auto whole = picture_of(dump, "0/0:forward", {});
        QVERIFY(whole.ok());
        QVERIFY(undrawn_links(dump, *whole).empty());
        Picture cut = *picture_of(dump, "0/0:forward", {});
        draw::Edge& edge = cut.scene.edges.front();
        edge.cut = true;
        edge.points.clear();
        const GraphModule& module = *dump.graph(cut.place.graph).module;
        const Body& body = module.body(cut.place.body);
        const std::string name(module.text(body.node(edge.from).name));
        const auto svg = export_picture(dump, cut, *export_format("svg"), draw::Theme::Light);
        QVERIFY(svg.ok());
        QVERIFY(svg->note.find(": " + name + " → ") != std::string::npos);
    }

    // Pictures beside each other have one scale, and each box the shade that it would have in the other one.
    void overlaysShareTheirScale() {
        const Dump dump = opened("gpt12/trace");
        std::vector<Picture> pictures;
        for (const char* address :
            {"0/0:forward:partitioned_fw_subgraph_0_0", "0/0:backward:partitioned_bw_subgraph_0_0"}) {
            auto picture = picture_of(dump, address, {});
            QVERIFY(picture.ok());
            pictures.push_back(std::move(*picture));
        }
        std::vector<OverlaidScene> scenes;
        for (const Picture& picture : pictures) {
            const GraphModule* module = dump.graph(picture.place.graph).module.get();
            const BodyId body = picture.place.body;
            scenes.push_back({&picture.scene, [module, body](NodeId node, bool) {
                                  return SceneNode{module, body, node};
                              }});
        }
        for (const OverlayKind kind : {OverlayKind::Bytes, OverlayKind::Users}) {
            const std::vector<draw::Overlay> overlays = make_overlays(kind, scenes);
            QCOMPARE(overlays.size(), size_t{2});
            QVERIFY(overlays[0].steps == overlays[1].steps);
            std::map<std::string, uint8_t> shades;
            for (size_t s = 0; s < 2; ++s) {
                QCOMPARE(overlays[s].shade.size(), pictures[s].scene.boxes.size());
                for (size_t b = 0; b < overlays[s].shade.size(); ++b)
                    if (overlays[s].shade[b])
                        QCOMPARE(shades.emplace(overlays[s].words[b], *overlays[s].shade[b]).first->second,
                            *overlays[s].shade[b]);
            }
            QVERIFY(shades.size() > 2);
        }
        // Whole numbers are said as such: "1 user", "2 users", "3 to 5 users".
        const auto users = make_overlays(OverlayKind::Users, scenes);
        QCOMPARE(users[0].steps[0], std::string("1 user"));
    }

    // The strongest shade of an error is kept for what is suspicious.
    void errorsAreShadedByWhatTheyMean() {
        const draw::Overlay calm = make_overlay(OverlayKind::Error, {0.0, 0.5, 1.5, 3.0, std::nullopt});
        QVERIFY(calm.steps[draw::kShades - 1].empty());
        QCOMPARE(int(*calm.shade[0]), 0);
        QCOMPARE(int(*calm.shade[2]), 1);
        QCOMPARE(int(*calm.shade[3]), 2);
        QVERIFY(!calm.shade[4]);
        QCOMPARE(calm.none, std::string("not compared"));
        const draw::Overlay worse = make_overlay(OverlayKind::Error, {1.5, 7.9, 8.0, 900.0});
        QCOMPARE(int(*worse.shade[1]), 3);
        QCOMPARE(int(*worse.shade[2]), 4);
        QCOMPARE(worse.steps[4], std::string("suspicious: 8 to 900 × the noise floor"));
    }

    // A letter says "parameter" of no plain value, whatever the operators and calls make of it.
    void plainInputsAreNoParameters() {
        const Dump dump = opened("dup_tangents/trace");
        for (const char* address : {"0/0:forward", "0/0:forward:partitioned_fw_subgraph_0_0"}) {
            const auto place = resolve(dump, address);
            QVERIFY(place.ok());
            const BodyRoles roles = named_roles_of(dump, place->graph, place->body);
            QVERIFY(std::find(roles.inputs.begin(), roles.inputs.end(), InputRole::Parameter)
                == roles.inputs.end());
        }
        const Dump model = opened("gpt12/trace");
        const auto root = resolve(model, "0/0:forward");
        const BodyRoles named = named_roles_of(model, root->graph, root->body);
        QVERIFY(std::count(named.inputs.begin(), named.inputs.end(), InputRole::Parameter) > 100);
    }

    // From left to right: every line leaves a right border for a left one further right, and no two boxes
    // overlap; what is folded is marked above and below, where no line is.
    void runsFromLeftToRight() {
        const Dump dump = opened("gpt12/trace");
        PictureChoice choice;
        choice.sideways = true;
        for (const char* address : {"0/0:forward", "0/0:forward:partitioned_fw_subgraph_0_0"}) {
            const auto picture = picture_of(dump, address, choice);
            QVERIFY(picture.ok());
            const draw::Scene& scene = picture->scene;
            QVERIFY(scene.sideways && scene.width > scene.height);
            for (const draw::Edge& edge : scene.edges) {
                if (edge.points.empty())
                    continue;
                const draw::Box &from = scene.boxes[edge.from_box], &to = scene.boxes[edge.to_box];
                QCOMPARE(edge.points.front().x, from.x + from.w);
                QCOMPARE(edge.points.back().x, to.x);
                QVERIFY(from.x + from.w < to.x);
            }
            for (const draw::Box& box : scene.boxes) {
                for (const draw::Box& other : scene.boxes)
                    QVERIFY(&box == &other || box.x + box.w <= other.x || other.x + other.w <= box.x
                        || box.y + box.h <= other.y || other.y + other.h <= box.y);
                for (const draw::Port& port : box.ports)
                    if (port.role != draw::Port::Role::Result)
                        QVERIFY(port.at.y == box.y || port.at.y == box.y + box.h);
            }
        }
    }

    void badChoicesAreErrors() {
        const Dump dump = opened("gpt12/trace");
        PictureChoice choice;
        choice.with_backward = choice.sideways = true;
        QVERIFY(picture_of(dump, "0/0:forward", choice).error().kind == Error::Kind::Usage);
        choice = {};
        choice.columns = 0;
        QVERIFY(picture_of(dump, "0/0:forward", choice).error().kind == Error::Kind::Usage);
        choice.columns = 2;
        choice.with_backward = true;
        QVERIFY(picture_of(dump, "0/0:forward", choice).error().kind == Error::Kind::Usage);
    }
};

QTEST_GUILESS_MAIN(TestPictures)
#include "tst_pictures.moc"
