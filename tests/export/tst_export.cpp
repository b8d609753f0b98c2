// Pictures as files: SVG, DOT, JSON, and how they get to the disk.
#include "core/base/printable.h"
#include "core/draw/metrics.h"
#include "core/export/body.h"
#include "core/export/dot.h"
#ifndef Q_MOC_RUN // Qt 6.4's moc cannot read what nlohmann-json includes
#include "core/export/json.h"
#endif
#include "core/base/save.h"
#include "core/export/picture.h"
#include "core/export/svg.h"
#include "core/export/xml.h"
#include "tests/draw/samples.h"
#include "tests/export/golden.h"

#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QXmlStreamReader>
#include <QtTest>

using namespace hopscope;
using namespace hopscope::test;

Q_DECLARE_METATYPE(Sample)

namespace {

SvgOptions named(const std::string& address) {
    SvgOptions options;
    options.dump = "mlp4";
    options.address = address;
    return options;
}

// A dump with one graph, as a person would open it.
// What a reader of the SVG sees: how often each data-node stands on a group, and all texts.
struct Seen {
    QStringList nodes, edges, texts;
    QString title, error;
};

Seen read_svg(const std::string& svg) {
    Seen seen;
    QXmlStreamReader xml(QByteArray::fromStdString(svg));
    while (!xml.atEnd()) {
        if (xml.readNext() != QXmlStreamReader::StartElement)
            continue;
        const auto attributes = xml.attributes();
        if (xml.name() == QLatin1String("title") && attributes.value("id") == QLatin1String("title"))
            seen.title = xml.readElementText();
        else if (xml.name() == QLatin1String("text"))
            seen.texts << xml.readElementText();
        else if (attributes.value("class") == QLatin1String("node"))
            seen.nodes << attributes.value("data-node").toString();
        else if (attributes.value("class") == QLatin1String("edge"))
            seen.edges << attributes.value("data-from").toString() + ">"
                    + attributes.value("data-to").toString();
    }
    if (xml.hasError())
        seen.error = xml.errorString();
    return seen;
}

} // namespace

class TestExport : public QObject {
    Q_OBJECT

    static void add_samples() {
        QTest::addColumn<Sample>("sample");
        for (const Sample& sample : samples())
            QTest::newRow(sample.name.c_str()) << sample;
    }

private Q_SLOTS:
    void svgIsWellFormed_data() { add_samples(); }
    void svgIsWellFormed() {
        QFETCH(Sample, sample);
        draw::Options options = told(sample.module, sample.body);
        options.layout.engine = layout::Engine::Layered;
        const auto scene = draw::make_scene(*sample.module, sample.body, options);
        QVERIFY(scene.ok());
        const std::string svg = to_svg(*sample.module, sample.body, *scene, named("0/0:forward"));
        const Seen seen = read_svg(svg);
        QVERIFY2(seen.error.isEmpty(), qPrintable(seen.error));
        QCOMPARE(seen.title, QStringLiteral("mlp4 · 0/0:forward"));
        QCOMPARE(static_cast<size_t>(seen.nodes.size()), scene->boxes.size());
        QCOMPARE(static_cast<size_t>(seen.edges.size()),
            scene->edges.size() - static_cast<size_t>(scene->cut_links));
        for (const draw::Box& box : scene->boxes)
            QVERIFY(seen.texts.contains(QString::fromStdString(box.title)));
        const auto again = draw::make_scene(*sample.module, sample.body, options);
        QCOMPARE(to_svg(*sample.module, sample.body, *again, named("0/0:forward")), svg);
    }

    void themes() {
        const auto module = recorded("mlp4/values/00_forward.txt");
        const auto scene = stacked_scene(*module, BodyId(0), told(module, BodyId(0)));
        SvgOptions dark = named("x");
        dark.theme = draw::Theme::Dark;
        const std::string light_svg = to_svg(*module, BodyId(0), *scene, named("x"));
        const std::string dark_svg = to_svg(*module, BodyId(0), *scene, dark);
        QVERIFY(
            light_svg.find("#f6f7f9") != std::string::npos && light_svg.find("#16181c") == std::string::npos);
        QVERIFY(
            dark_svg.find("#16181c") != std::string::npos && dark_svg.find("#f6f7f9") == std::string::npos);
    }

    // Places by the tests' own stack, so that these files change with the drawing and not with the layout.
    void golden() {
        const auto module = recorded("mlp4/values/00_forward.txt");
        const BodyId body = find_body(*module, "partitioned_fw_subgraph_0_0");
        const auto scene = stacked_scene(*module, body, told(module, body));
        QVERIFY(scene.ok());
        const std::string svg =
            to_svg(*module, body, *scene, named("0/0:forward:partitioned_fw_subgraph_0_0"));
        QString error = compare_golden("export/mlp4_forward.svg", QByteArray::fromStdString(svg));
        QVERIFY2(error.isEmpty(), qPrintable(error));
        const std::string dot = to_dot(*module, body, *scene, "mlp4");
        error = compare_golden("export/mlp4_forward.dot", QByteArray::fromStdString(dot));
        QVERIFY2(error.isEmpty(), qPrintable(error));
        const Dump dump = dump_of(module);
        const std::string json = scene_json(dump, {GraphId(0), body, {}}, *scene).dump(1) + "\n";
        error = compare_golden("export/mlp4_forward.json", QByteArray::fromStdString(json));
        QVERIFY2(error.isEmpty(), qPrintable(error));
    }

    void jsonHasEveryNodeWithItsPlace() {
        const auto module = recorded("gpt12/values/00_forward.txt");
        const BodyId body = find_body(*module, "partitioned_fw_subgraph_0_0");
        const auto scene = stacked_scene(*module, body, told(module, body));
        const auto json = scene_json(dump_of(module), {GraphId(0), body, {}}, *scene);
        QCOMPARE(json["address"], "-:graph:partitioned_fw_subgraph_0_0");
        QCOMPARE(json["nodes"].size(), module->body(body).nodes.size());
        QCOMPARE(json["edges"].size(), scene->edges.size());
        for (size_t i = 0; i < json["nodes"].size(); ++i) {
            const auto& node = json["nodes"][i];
            const draw::Box& box = scene->boxes[scene->box_of_node[i]];
            QCOMPARE(node["x"], box.x);
            QCOMPARE(node["y"], box.y);
            QCOMPARE(node["w"], box.w);
            QCOMPARE(node["h"], box.h);
            QCOMPARE(node["folded_into"].is_null(), box.node == NodeId(i));
        }
        for (const auto& edge : json["edges"])
            QVERIFY(edge["points"].size() >= 2 && edge["points"][0].size() == 2);
    }

    void dotIsReadByGraphviz() {
        const QString program = QStandardPaths::findExecutable(QStringLiteral("dot"));
        QVERIFY2(!program.isEmpty(), "graphviz is one of the packages that tests need");
        const auto module = hostile({"x", "a\"b", "c\\", "d\\n<e>", "\xFF", "-> }"});
        const auto scene = stacked_scene(*module, BodyId(0), told(module, BodyId(0)));
        QProcess dot;
        dot.start(program, {QStringLiteral("-Tplain")});
        dot.write(QByteArray::fromStdString(to_dot(*module, BodyId(0), *scene, "t\"\\")));
        dot.closeWriteChannel();
        QVERIFY(dot.waitForFinished());
        QCOMPARE(dot.exitCode(), 0);
        const QByteArray plain = dot.readAllStandardOutput();
        QCOMPARE(plain.count("\nnode "), static_cast<int>(scene->boxes.size()));
        QCOMPARE(plain.count("\nedge "), static_cast<int>(scene->edges.size()));
    }

    void hostileNames() {
        const std::vector<std::string> names = {"<script>&\"'", "a\x01\x1F\x7F", "\xFF\xC3",
            "\xEF\xBF\xBE\xED\xA0\x80", "]]>", "<!--", std::string("nul\0nul", 7), "\xF0\x9F\x98\x80"};
        const auto module = hostile(names);
        const auto scene = stacked_scene(*module, BodyId(0), told(module, BodyId(0)));
        QVERIFY(scene.ok());
        SvgOptions options;
        options.dump = "<&\xFF\x02";
        options.address = "\"--><x";
        const Seen seen = read_svg(to_svg(*module, BodyId(0), *scene, options));
        QVERIFY2(seen.error.isEmpty(), qPrintable(seen.error));
        QCOMPARE(static_cast<size_t>(seen.nodes.size()), names.size() + 1);
        QCOMPARE(seen.nodes[0], QStringLiteral("<script>&\"'"));
        QCOMPARE(seen.nodes[4], QStringLiteral("]]>"));
        QVERIFY(seen.title.startsWith(QStringLiteral("<&")));
    }

    // What the command line and the window both write.
    void everyFormatThatNeedsNoPainter() {
        const Dump dump = dump_of(hostile({"a\x01\x1B[2J", "\xFF\xC3", "<script>"}));
        const Place place{GraphId(0), BodyId(0), {}};
        for (const ExportFormat& format : export_formats()) {
            const auto options = picture_options(dump, nullptr, place);
            const auto body = export_body(dump, place, format, options, draw::Theme::Light);
            QCOMPARE(body.ok(), !format.painted);
            if (!body) {
                QCOMPARE(body.error().kind, Error::Kind::Usage);
                continue;
            }
            QVERIFY(body->bytes.find("script") != std::string::npos);
            // Well-formed, and nothing in it that a terminal obeys.
            QCOMPARE(
                QByteArray::fromStdString(body->bytes), QByteArray::fromStdString(printable(body->bytes)));
            const auto again = export_body(dump, place, format, options, draw::Theme::Light);
            QVERIFY(again.ok());
            QCOMPARE(again->bytes, body->bytes);
        }
    }

    void escaping() {
        QCOMPARE(xml_escaped("a<b>&\"c"), std::string("a&lt;b&gt;&amp;&quot;c"));
        QCOMPARE(xml_escaped("a\tb\nc"), std::string("a b c"));
        QCOMPARE(xml_escaped("\x01"), std::string("\\x01")); // shown, not carried out
        QCOMPARE(xml_escaped("\xEF\xBF\xBF"), std::string("\xEF\xBF\xBD"));
        QCOMPARE(xml_escaped("λ…"), std::string("λ…"));
    }

    void savedValuesByName() {
        Dump dump = dump_of(recorded("gpt12/values/00_forward.txt"));
        dump.graphs[0].stage = Stage::Forward;
        Graph backward = dump.graphs[0];
        backward.stage = Stage::Backward;
        backward.module = recorded("gpt12/values/01_backward.txt");
        dump.graphs.push_back(backward);
        dump.compilations[0].graphs.push_back(GraphId(1));

        const GraphModule& fw = *dump.graphs[0].module;
        const GraphModule& bw = *dump.graphs[1].module;
        const BodyId left = find_body(fw, "partitioned_fw_subgraph_0_0");
        const BodyId right = find_body(bw, "partitioned_bw_subgraph_0_0");
        const auto count = [](const std::vector<bool>& flags) {
            return std::count(flags.begin(), flags.end(), true);
        };
        const auto saved = [&](size_t graph, BodyId body) {
            return picture_options(dump, nullptr, {GraphId(graph), body, {}}).roles.saved;
        };
        const auto forward = saved(0, left);
        const auto other = saved(1, right);
        QCOMPARE(count(forward), 23);
        QCOMPARE(count(other), 23);
        QVERIFY(forward[node_named(fw, left, "_softmax").index]);
        QVERIFY(other[node_named(bw, right, "_softmax").index]);
        QVERIFY(!other[node_named(bw, right, "tangents_0").index]);
        QVERIFY(!forward[node_named(fw, left, "add_1").index]);
        // The root's: everything that the root of the backward takes.
        const auto root = saved(0, BodyId(0));
        const auto root_other = saved(1, BodyId(0));
        QCOMPARE(count(root), count(root_other));
        QVERIFY(picture_options(dump, nullptr, {GraphId(0), left, {}}).roles.half == Half::Forward);
    }

    void saving() {
        QTemporaryDir folder;
        const std::string path = folder.filePath("a.svg").toStdString();
        QVERIFY(save_file(path, "first").ok());
        QVERIFY(save_file(path, "second").ok());
        QFile file(QString::fromStdString(path));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.readAll(), QByteArray("second"));
        QVERIFY(QFileInfo(file).permissions() & QFile::ReadGroup);
        // Nothing else is left in the folder.
        QCOMPARE(QDir(folder.path()).entryList(QDir::Files), QStringList{"a.svg"});
    }

    void savingFails() {
        QTemporaryDir folder;
        const Status missing = save_file(folder.filePath("none/a.svg").toStdString(), "x");
        QVERIFY(!missing.ok());
        QCOMPARE(missing.error().text(),
            (folder.filePath("none/a.svg") + ": cannot write: No such file or directory").toStdString());
        const Status directory = save_file(folder.path().toStdString(), "x");
        QVERIFY(!directory.ok());
        QVERIFY(directory.error().message.find("directory") != std::string::npos);
        QVERIFY(QDir(folder.path()).entryList(QDir::Files).isEmpty());
    }
};

QTEST_GUILESS_MAIN(TestExport)
#include "tst_export.moc"
