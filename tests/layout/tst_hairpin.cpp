// Two graphs beside each other on shared rows.
#include "core/layout/hairpin.h"
#include "tests/layout/graphs.h"

#include <QtTest>

#include <algorithm>

using namespace hopscope;
using namespace hopscope::layout;
using namespace hopscope::layout::test;

namespace {

// A forward of `layers` steps, and a backward that takes them in turn from the last to the first, each linked
// to its step: box i of the right is the step back of box layers - 1 - i.
HairpinInput mirrored(size_t layers) {
    HairpinInput input{chain(layers), chain(layers), {}};
    for (uint32_t i = 0; i < layers; ++i)
        input.links.push_back({static_cast<uint32_t>(layers) - 1 - i, i});
    return input;
}

HairpinInput random_pair(size_t n, uint64_t seed) {
    HairpinInput input{random_dag(n, seed), random_dag(n + n / 2, seed + 1, true), {}};
    Random random(seed);
    for (size_t i = 0; i < n / 2; ++i)
        input.links.push_back(
            {random.below(static_cast<uint32_t>(n)), random.below(static_cast<uint32_t>(n))});
    return input;
}

// The right side upside down, as a picture of its own in which lines run down.
Output turned(const Input& input, Output side, int rows) {
    for (uint32_t i = 0; i < side.places.size(); ++i) {
        side.places[i].y = side.height - side.places[i].y - input.boxes[i].height;
        side.rows[i] = rows - 1 - side.rows[i];
    }
    for (Edge& edge : side.edges)
        for (Point& p : edge.points)
            p.y = side.height - p.y;
    return side;
}

bool cuts(Point a, Point b, Point place, Box box) {
    return std::min(a.x, b.x) < place.x + box.width && std::max(a.x, b.x) > place.x
        && std::min(a.y, b.y) < place.y + box.height && std::max(a.y, b.y) > place.y;
}

std::string flaw_of_links(const HairpinInput& input, const HairpinOutput& out) {
    if (out.links.size() != input.links.size())
        return "not a line for each link";
    int cut = 0;
    for (size_t i = 0; i < input.links.size(); ++i) {
        const Link& link = input.links[i];
        const LinkLine& line = out.links[i];
        if (out.right.rows[link.right] < out.left.rows[link.left])
            return "a box on the right lies above what it needs";
        cut += line.cut;
        if (line.cut != line.points.empty())
            return "a link without a line that is not cut";
        for (size_t k = 1; k < line.points.size(); ++k) {
            const Point a = line.points[k - 1], b = line.points[k];
            if (a == b || (a.x != b.x && a.y != b.y))
                return "a link is not orthogonal";
            if (std::min(a.x, b.x) < 0 || std::max(a.x, b.x) > out.width || std::max(a.y, b.y) > out.height)
                return "a link leaves the picture";
            for (uint32_t box = 0; box < input.left.boxes.size(); ++box)
                if (cuts(a, b, out.left.places[box], input.left.boxes[box]))
                    return "link " + std::to_string(i) + " passes behind box " + std::to_string(box)
                        + " on the left";
            for (uint32_t box = 0; box < input.right.boxes.size(); ++box)
                if (cuts(a, b, out.right.places[box], input.right.boxes[box]))
                    return "link " + std::to_string(i) + " passes behind box " + std::to_string(box)
                        + " on the right";
        }
        if (line.points.empty())
            continue;
        const Point first = line.points.front(), last = line.points.back();
        const Point from = out.left.places[link.left], to = out.right.places[link.right];
        const Box a = input.left.boxes[link.left], b = input.right.boxes[link.right];
        if (first.x <= from.x + a.width || first.x > from.x + a.width + 16 || first.y < from.y
            || first.y > from.y + a.height)
            return "a link does not begin beside its box";
        if (last.x >= to.x || last.x < to.x - 16 || last.y < to.y || last.y > to.y + b.height)
            return "a link does not end beside its box";
    }
    return cut == out.cut_links ? "" : "the cut links are not counted";
}

std::string flaw_of(const HairpinInput& input, const HairpinOutput& out) {
    if (std::string bad = flaw(input.left, out.left); !bad.empty())
        return "left: " + bad;
    if (std::string bad = flaw(input.right, turned(input.right, out.right, out.rows)); !bad.empty())
        return "right: " + bad;
    for (const Point& place : out.right.places)
        if (place.x < out.right_start)
            return "a box of the right lies in the left half";
    return flaw_of_links(input, out);
}

} // namespace

Q_DECLARE_METATYPE(HairpinInput)

class TestHairpin : public QObject {
    Q_OBJECT

private slots:
    void pictures_data() {
        QTest::addColumn<HairpinInput>("input");
        QTest::newRow("mirrored chains") << mirrored(30);
        QTest::newRow("layers") << HairpinInput{blocks(4), blocks(4), {{3, 30}, {12, 20}, {20, 12}, {30, 2}}};
        QTest::newRow("no links") << HairpinInput{chain(5), chain(9), {}};
        QTest::newRow("nothing on the left") << HairpinInput{{}, chain(3), {}};
        QTest::newRow("nothing on the right") << HairpinInput{chain(3), {}, {}};
        QTest::newRow("boxes that hang on nothing") << HairpinInput{boxes(20), chain(3), {{7, 1}}};
        QTest::newRow("the same link twice") << HairpinInput{chain(3), chain(3), {{0, 2}, {0, 2}}};
        QTest::newRow("too large for the simplex") << random_pair(4000, 5);
        for (uint64_t seed = 1; seed < 30; ++seed)
            QTest::addRow("random %d", static_cast<int>(seed)) << random_pair(4 + 5 * seed, seed);
    }

    void pictures() {
        QFETCH(HairpinInput, input);
        const auto out = run_hairpin(input);
        QVERIFY2(out.ok(), out.ok() ? "" : out.error().message.c_str());
        QCOMPARE(QString::fromStdString(flaw_of(input, *out)), QString());
        const auto again = run_hairpin(input);
        QCOMPARE(text(again->left) + text(again->right), text(out->left) + text(out->right));
    }

    // What mirrors its forward faces it: each step back on the row of its step, no link longer than it must
    // be.
    void mirrorFaces() {
        const HairpinInput input = mirrored(30);
        const auto out = run_hairpin(input);
        QVERIFY(out.ok());
        QCOMPARE(out->rows, 30);
        for (size_t i = 0; i < input.links.size(); ++i) {
            QCOMPARE(out->right.rows[input.links[i].right], out->left.rows[input.links[i].left]);
            QCOMPARE(out->links[i].points.size(), size_t{2}); // straight across
        }
    }

    // The left reaches down, the right up.
    void directions() {
        const HairpinInput input{chain(3), chain(3), {{2, 0}}};
        const auto out = run_hairpin(input);
        QVERIFY(out.ok());
        QVERIFY(out->left.rows[0] < out->left.rows[2]);
        QVERIFY(out->right.rows[0] > out->right.rows[2]);
        const auto& points = out->right.edges[0].points;
        QVERIFY(points.front().y > points.back().y);
    }

    // Boxes of a band have rows of their own on their side, later ones below on the left and above on the
    // right, with room between them for a frame's title.
    void bandsHaveRowsOfTheirOwn() {
        for (uint64_t seed = 1; seed < 8; ++seed) {
            HairpinInput input = random_pair(40, seed);
            for (Input* side : {&input.left, &input.right})
                for (uint32_t box = 0; box < side->boxes.size(); ++box)
                    side->bands.push_back(box / 9);
            const auto out = run_hairpin(input);
            QVERIFY(out.ok());
            QCOMPARE(QString::fromStdString(flaw_of(input, *out)), QString());
            for (const bool left : {true, false}) {
                const Input& side = left ? input.left : input.right;
                const Output& placed = left ? out->left : out->right;
                for (uint32_t a = 0; a < side.boxes.size(); ++a)
                    for (uint32_t b = 0; b < side.boxes.size(); ++b) {
                        if (side.bands[a] >= side.bands[b])
                            continue;
                        const uint32_t upper = left ? a : b, lower = left ? b : a;
                        QVERIFY(placed.rows[upper] < placed.rows[lower]);
                        QVERIFY(
                            placed.places[lower].y - placed.places[upper].y - side.boxes[upper].height >= 36);
                    }
            }
        }
    }

    // Bands that need each other's values cannot be held: then the picture is the one without them.
    void bandsThatLeadBackAreLetGo() {
        HairpinInput input = mirrored(6);
        const auto plain = run_hairpin(input);
        input.left.bands = {0, 1, 0, 1, 0, 1};
        const auto out = run_hairpin(input);
        QVERIFY(plain.ok() && out.ok());
        QCOMPARE(text(out->left) + text(out->right), text(plain->left) + text(plain->right));
    }

    // A few values that are needed far away are drawn; where there are many they are marked at both ends, and
    // the near ones alone are drawn.
    void farLinksAreDrawnWhereTheyAreFew() {
        const auto few = run_hairpin({chain(40), chain(40), {{39, 0}, {0, 0}}});
        QVERIFY(few.ok());
        QCOMPARE(few->cut_links, 0);
        QVERIFY(!few->links[0].cut && !few->links[1].cut);

        HairpinInput input{chain(40), chain(40), {{39, 0}}};
        for (uint32_t i = 0; i < 20; ++i)
            input.links.push_back({i, 0});
        const auto many = run_hairpin(input);
        QVERIFY(many.ok());
        QCOMPARE(many->cut_links, 20);
        QVERIFY(!many->links[0].cut);
        for (size_t i = 1; i < many->links.size(); ++i)
            QVERIFY(many->links[i].cut && many->links[i].points.empty());
    }

    void badNumbersAreErrors() {
        const auto out = run_hairpin({chain(3), chain(3), {{3, 0}}});
        QVERIFY(!out.ok());
        QVERIFY(out.error().kind == Error::Kind::Usage);
        const auto cycle = run_hairpin({graph(2, {{0, 1}, {1, 0}}), chain(3), {}});
        QVERIFY(!cycle.ok());
        QVERIFY(cycle.error().kind == Error::Kind::Damaged);
    }
};

QTEST_GUILESS_MAIN(TestHairpin)
#include "tst_hairpin.moc"
