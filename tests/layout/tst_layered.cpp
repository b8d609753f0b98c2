// The whole layered layout: what holds of every picture, and the inputs that are known to hurt.
#include "tests/layout/graphs.h"

#include <QtTest>

#include <atomic>
#include <set>

using namespace hopscope;
using namespace hopscope::layout;
using namespace hopscope::layout::test;

Q_DECLARE_METATYPE(Input)

namespace {

std::vector<std::pair<uint32_t, uint32_t>> star_down(uint32_t users) {
    std::vector<std::pair<uint32_t, uint32_t>> edges;
    for (uint32_t i = 1; i <= users; ++i)
        edges.emplace_back(0, i);
    return edges;
}

Input users_down_a_chain(uint32_t n) {
    std::vector<std::pair<uint32_t, uint32_t>> edges;
    for (uint32_t i = 1; i < n; ++i) {
        edges.emplace_back(0, i);
        if (i > 1)
            edges.emplace_back(i - 1, i);
    }
    return graph(n, edges);
}

Input bipartite(uint32_t n, uint64_t seed) {
    Random random(seed);
    std::vector<std::pair<uint32_t, uint32_t>> edges;
    for (uint32_t i = 0; i < n; ++i)
        for (uint32_t k = 0; k < 2; ++k)
            edges.emplace_back(i, n + random.below(n));
    return graph(2 * n, edges);
}

Input components(uint32_t n) {
    std::vector<std::pair<uint32_t, uint32_t>> edges;
    for (uint32_t i = 0; i < n; ++i) {
        edges.emplace_back(3 * i, 3 * i + 1);
        edges.emplace_back(3 * i, 3 * i + 2);
    }
    return graph(3 * n, edges);
}

} // namespace

class TestLayered : public QObject {
    Q_OBJECT

private slots:
    void pictures_data() {
        QTest::addColumn<Input>("input");
        QTest::newRow("empty") << Input{};
        QTest::newRow("one box") << boxes(1);
        QTest::newRow("value without users")
            << Input{.boxes = {{40, 34}}, .values = {{.producer = 0, .users = {}}}};
        QTest::newRow("boxes of no size") << Input{.boxes = {{0, 0}, {0, 0}}, .values = {{0, {{1, 1}}}}};
        QTest::newRow("odd sizes") << Input{
            .boxes = {{41, 33}, {7, 21}, {1, 1}}, .values = {{0, {{1, 1}, {2, 1}}}}};
        QTest::newRow("two boxes") << chain(2);
        QTest::newRow("diamond") << graph(4, {{0, 1}, {0, 2}, {1, 3}, {2, 3}});
        QTest::newRow("same value twice") << graph(2, {{0, 1}, {0, 1}});
        QTest::newRow("parallel values") << Input{
            .boxes = {{60, 34}, {60, 34}}, .values = {{0, {{1, 3}}}, {0, {{1, 1}}}, {0, {{1, 1}, {1, 1}}}}};
        QTest::newRow("against graph order") << graph(4, {{3, 2}, {2, 1}, {1, 0}});
        QTest::newRow("isolated beside connected") << graph(30, {{0, 1}, {1, 2}});
        QTest::newRow("5000 isolated") << boxes(5000);
        QTest::newRow("1000 components") << components(1000);
        QTest::newRow("chain of 50000") << chain(50000);
        QTest::newRow("5000 users on one row") << graph(5001, star_down(5000));
        QTest::newRow("5000 users down a chain") << users_down_a_chain(5000);
        std::vector<std::pair<uint32_t, uint32_t>> up;
        for (uint32_t i = 0; i < 5000; ++i)
            up.emplace_back(i, 5000);
        QTest::newRow("5000 producers of one box") << graph(5001, up);
        Input parallel = boxes(2);
        for (int i = 0; i < 1000; ++i)
            parallel.values.push_back({.producer = 0, .users = {{.box = 1, .count = 1}}});
        QTest::newRow("1000 values side by side") << parallel;
        QTest::newRow("random bipartite") << bipartite(500, 1);
        QTest::newRow("large random bipartite") << bipartite(5000, 2);
        QTest::newRow("12 blocks") << blocks(12);
        QTest::newRow("600 blocks") << blocks(600);
        for (uint64_t seed = 1; seed <= 40; ++seed)
            QTest::addRow("random %d", static_cast<int>(seed))
                << random_dag(2 + 5 * seed, seed, seed % 2 == 0);
        QTest::newRow("random 1500") << random_dag(1500, 7);
        QTest::newRow("random 4000") << random_dag(4000, 8, true);
    }

    void pictures() {
        QFETCH(Input, input);
        const Result<Output> first = run_layered(input);
        QVERIFY2(first.ok(), first.error().message.c_str());
        QCOMPARE(QString::fromStdString(flaw(input, *first)), QString());
        QCOMPARE(first->engine, std::string("layered"));
        QVERIFY(first->note.empty());
        const Result<Output> second = run_layered(input);
        QVERIFY(second.ok());
        QVERIFY(text(*first) == text(*second));
    }

    void emptyPictureHasNoSize() {
        const Result<Output> out = run_layered({});
        QVERIFY(out.ok());
        QCOMPARE(out->width, 0);
        QCOMPARE(out->height, 0);
        QVERIFY(out->edges.empty());
    }

    void chainIsStraight() {
        const Result<Output> out = run_layered(chain(40));
        QVERIFY(out.ok());
        QCOMPARE(out->width, 120);
        QCOMPARE(out->height, 40 * 34 + 39 * 28);
        for (const Edge& edge : out->edges)
            QCOMPARE(edge.points.size(), size_t{2});
        for (int i = 0; i < 40; ++i)
            QCOMPARE(out->rows[static_cast<size_t>(i)], i);
    }

    void crossedPairIsUncrossed() {
        // 0 -> 3, 1 -> 2: by index the lines cross.
        const Result<Output> out = run_layered(graph(5, {{0, 3}, {1, 2}, {3, 4}, {2, 4}}));
        QVERIFY(out.ok());
        QCOMPARE(out->places[0].x < out->places[1].x, out->places[3].x < out->places[2].x);
    }

    // Columns: nothing overlaps, lines reach their boxes and pass none, and the picture gets wide instead of
    // tall.
    void columns_data() {
        QTest::addColumn<Input>("input");
        QTest::newRow("chain") << chain(200);
        QTest::newRow("blocks") << blocks(20);
        QTest::newRow("joint") << joint(12);
        QTest::newRow("random") << random_dag(300, 3);
        QTest::newRow("one row") << boxes(5);
    }
    void columns() {
        QFETCH(Input, input);
        const auto tall = run(input);
        QVERIFY(tall.ok());
        for (const int count : {2, 5, 100}) {
            Options options;
            options.columns = count;
            const auto out = run(input, options);
            QVERIFY(out.ok());
            QVERIFY(out->height <= tall->height || count == 100 || out->width == tall->width);
            const auto hits = [&](int left, int top, int right, int bottom) {
                int found = 0;
                for (uint32_t i = 0; i < input.boxes.size(); ++i)
                    found += left < out->places[i].x + input.boxes[i].width && right > out->places[i].x
                        && top < out->places[i].y + input.boxes[i].height && bottom > out->places[i].y;
                return found;
            };
            for (uint32_t i = 0; i < input.boxes.size(); ++i) {
                const Point p = out->places[i];
                QVERIFY(p.x >= 0 && p.y >= 0 && p.x + input.boxes[i].width <= out->width
                    && p.y + input.boxes[i].height <= out->height);
                QCOMPARE(hits(p.x, p.y, p.x + input.boxes[i].width, p.y + input.boxes[i].height), 1);
            }
            for (const Edge& edge : out->edges) {
                if (edge.cut)
                    continue;
                const Value& value = input.values[edge.value];
                const uint32_t from = value.producer, to = value.users[edge.use].box;
                QCOMPARE(edge.points.front().y, out->places[from].y + input.boxes[from].height);
                QCOMPARE(edge.points.back().y, out->places[to].y);
                for (size_t k = 1; k < edge.points.size(); ++k) {
                    const Point a = edge.points[k - 1], b = edge.points[k];
                    QVERIFY(a.x == b.x || a.y == b.y);
                    QVERIFY(std::min(a.x, b.x) >= 0 && std::max(a.x, b.x) <= out->width);
                    QVERIFY(std::min(a.y, b.y) >= 0 && std::max(a.y, b.y) <= out->height);
                    QCOMPARE(
                        hits(std::min(a.x, b.x), std::min(a.y, b.y), std::max(a.x, b.x), std::max(a.y, b.y)),
                        0);
                }
            }
        }
    }

    void isolatedBoxesWrap() {
        const Result<Output> out = run_layered(boxes(5000));
        QVERIFY(out.ok());
        QVERIFY(out->width < 3 * out->height);
        QVERIFY(out->height < 3 * out->width);
    }

    void partsLieApart() {
        const Input input = components(1000);
        const Result<Output> out = run_layered(input);
        QVERIFY(out.ok());
        QVERIFY(out->width < 4 * out->height);
        QVERIFY(out->height < 4 * out->width);
    }

    void longSpansAreCut() {
        // A value used along a long chain: the trunk alone is cheap, thousands of them are not.
        std::vector<std::pair<uint32_t, uint32_t>> edges;
        const uint32_t n = 600;
        for (uint32_t i = 1; i < n; ++i) {
            edges.emplace_back(i - 1, i);
            edges.emplace_back(i - 1, n + i - 1);
        }
        for (uint32_t i = 0; i + 1 < n; ++i)
            edges.emplace_back(
                n + i, 2 * n - 1 + (n - 2 - i)); // joined again in reverse order: spans up to 1,200
        for (uint32_t i = 0; i + 1 < n; ++i)
            edges.emplace_back(i == 0 ? n - 1 : 2 * n - 2 + i, 2 * n - 1 + i);
        const Input input = graph(3 * n, edges);
        const Result<Output> out = run_layered(input);
        QVERIFY2(out.ok(), out.ok() ? "" : out.error().message.c_str());
        QCOMPARE(QString::fromStdString(flaw(input, *out)), QString());
        QVERIFY(out->cut_links > 100);
        // Nothing short is cut.
        for (const Edge& edge : out->edges) {
            const Value& value = input.values[edge.value];
            const int span = out->rows[value.users[edge.use].box] - out->rows[value.producer];
            QCOMPARE(edge.cut, span > 64);
        }
    }

    void blocksHaveNoCrossings() {
        const Input input = blocks(12);
        const Result<Output> out = run_layered(input);
        QVERIFY(out.ok());
        // Three branches side by side, the residual line and the mask's trunk: about four boxes wide.
        QVERIFY2(out->width < 900, qPrintable(QString::number(out->width)));
        QCOMPARE(out->cut_links, 0);
    }

    void cycleIsAnError_data() {
        QTest::addColumn<Input>("input");
        QTest::addColumn<QString>("path");
        QTest::newRow("itself") << graph(3, {{0, 1}, {1, 1}}) << "1 -> 1,";
        QTest::newRow("two") << graph(4, {{0, 1}, {1, 2}, {2, 1}, {2, 3}}) << "";
        QTest::newRow("three, below a chain")
            << graph(6, {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 2}, {4, 5}}) << "";
        std::vector<std::pair<uint32_t, uint32_t>> ring;
        for (uint32_t i = 0; i < 1000; ++i)
            ring.emplace_back(i, (i + 1) % 1000);
        QTest::newRow("ring of 1000") << graph(1000, ring) << "(1000 boxes)";
    }

    void cycleIsAnError() {
        QFETCH(Input, input);
        QFETCH(QString, path);
        const Result<Output> out = run_layered(input);
        QVERIFY(!out.ok());
        QCOMPARE(out.error().kind, Error::Kind::Damaged);
        const QString message = QString::fromStdString(out.error().message);
        QVERIFY2(
            message.startsWith("found a cycle of boxes ") && message.contains(path), qPrintable(message));
        // The named boxes are a way along edges.
        const QStringList names = message.section("boxes ", 1).section(", expected", 0, 0).split(" -> ");
        QVERIFY(names.size() >= 2);
        QCOMPARE(names.first(), names.last());
        for (int i = 0; i + 1 < names.size(); ++i) {
            bool ok = false, ok_next = false;
            const uint32_t from = names[i].toUInt(&ok), to = names[i + 1].toUInt(&ok_next);
            if (!ok || !ok_next)
                continue; // the part left out
            bool found = false;
            for (const Value& value : input.values)
                for (const Use& use : value.users)
                    found |= value.producer == from && use.box == to;
            QVERIFY2(found, qPrintable(message));
        }
    }

    void badNumbersAreErrors() {
        Input input = chain(2);
        input.values[0].users[0].box = 7;
        QCOMPARE(run_layered(input).error().kind, Error::Kind::Usage);
        input = chain(2);
        input.values[0].producer = 2;
        QCOMPARE(run_layered(input).error().kind, Error::Kind::Usage);
        input = chain(2);
        input.boxes[1].width = -2;
        QCOMPARE(run_layered(input).error().kind, Error::Kind::Usage);
    }

    void cancelStops() {
        const Input input = random_dag(3000, 5);
        std::atomic<bool> cancel{true};
        Job job;
        job.cancel = &cancel;
        const Result<Output> out = run_layered(input, {}, job);
        QVERIFY(!out.ok());
        QCOMPARE(out.error().kind, Error::Kind::Cancelled);
    }

    void reportsProgress() {
        std::vector<std::pair<uint64_t, uint64_t>> seen;
        Job job;
        job.progress = [&](uint64_t done, uint64_t total, std::string_view) {
            seen.emplace_back(done, total);
        };
        QVERIFY(run_layered(random_dag(300, 5), {}, job).ok());
        QVERIFY(seen.size() >= 2);
        for (size_t i = 1; i < seen.size(); ++i)
            QVERIFY(seen[i].first >= seen[i - 1].first);
        QCOMPARE(seen.back().first, seen.back().second);
    }
};

QTEST_GUILESS_MAIN(TestLayered)
#include "tst_layered.moc"
