// Every body of the recordings in tests/data, laid out as it is drawn: folded and not, by our own layout.
#include "core/draw/scene.h"
#include "core/graph/dump.h"
#include "core/read/open.h"
#include "tests/layout/graphs.h"

#include <QtTest>

using namespace hopscope;

namespace {

// The scene in layout's terms, one value per line.
std::string flaw_of(const draw::Scene& scene) {
    layout::Input input;
    layout::Output output;
    for (const draw::Box& box : scene.boxes) {
        input.boxes.push_back({box.w, box.h});
        output.places.push_back({box.x, box.y});
        output.rows.push_back(2 * box.y + box.h); // boxes of a row share their middle
    }
    for (const draw::Edge& edge : scene.edges) {
        layout::Edge line;
        line.value = static_cast<uint32_t>(input.values.size());
        line.points = edge.points;
        line.cut = edge.cut;
        input.values.push_back(
            {.producer = edge.from_box, .users = {{.box = edge.to_box, .count = edge.count}}});
        output.edges.push_back(std::move(line));
    }
    output.width = scene.width;
    output.height = scene.height;
    output.cut_links = scene.cut_links;
    output.engine = scene.engine;
    return layout::test::flaw(input, output);
}

} // namespace

class TestBodies : public QObject {
    Q_OBJECT

private slots:
    void pictures_data() {
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
        if (paths.isEmpty())
            QTest::newRow("none") << QString();
    }

    void pictures() {
        QFETCH(QString, path);
        none_ = path.isEmpty();
        if (none_)
            QSKIP("no recordings in tests/data; set HOPSCOPE_TRACES to a folder with some");
        const Result<Dump> dump = open_dump({path.toStdString()});
        QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().message.c_str());
        for (const Graph& graph : dump->graphs)
            for (uint32_t b = 0; graph.module && b < graph.module->bodies.size(); ++b)
                for (const bool fold : {true, false}) {
                    draw::Options options;
                    options.fold = fold;
                    options.layout.engine = layout::Engine::Layered;
                    const Result<draw::Scene> scene = draw::make_scene(*graph.module, BodyId(b), options);
                    QVERIFY2(scene.ok(), scene.ok() ? "" : scene.error().message.c_str());
                    QCOMPARE(QString::fromStdString(flaw_of(*scene)), QString());
                    ++pictures_;
                }
    }

    // Some recordings hold no graph, but not all of them.
    void cleanupTestCase() { QVERIFY(none_ || pictures_ > 0); }

private:
    bool none_ = false;
    size_t pictures_ = 0;
};

QTEST_GUILESS_MAIN(TestBodies)
#include "tst_bodies.moc"
