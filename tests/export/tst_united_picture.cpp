// A comparison as one picture: what it shows, and how `hopscope diff -o` writes it.
#include "core/draw/legend.h"
#include "core/export/united_picture.h"
#include "core/read/open.h"
#include "tests/commandline.h"
#include "tests/export/golden.h"
#include "tests/testdata.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include <algorithm>

using namespace hopscope;
using namespace hopscope::test;

namespace {

const QString kTwo = QStringLiteral(HOPSCOPE_TEST_DATA "/dup_tangents/trace");
const QString kFirst = QStringLiteral("0/0:backward:partitioned_bw_subgraph_0_0");
const QString kSecond = QStringLiteral("0/0:backward:partitioned_bw_subgraph_0_1");
const QString kBlock = QStringLiteral("-:forward:partitioned_fw_subgraph_0_0");

Dump opened(const QString& path) {
    auto dump = open_dump({path.toStdString()});
    if (!dump)
        qFatal("%s", dump.error().message.c_str());
    return std::move(*dump);
}

Result<UnitedPicture> picture_of(const Dump& a, const QString& at, const Dump& b, const QString& with,
    const UnitedChoice& choice = {}, const MatchOptions& options = {}) {
    const auto first = resolve(a, at.toStdString());
    const auto second = resolve(b, with.toStdString());
    if (!first || !second)
        return (first ? second : first).error();
    const auto diffs = diff_bodies(
        *a.graph(first->graph).module, first->body, *b.graph(second->graph).module, second->body, options);
    return make_united_picture({&a, *first}, {&b, *second}, diffs.front(), choice);
}

size_t boxes_of(const draw::Scene& scene, draw::Side side) {
    return static_cast<size_t>(std::count_if(
        scene.boxes.begin(), scene.boxes.end(), [&](const draw::Box& box) { return box.side == side; }));
}

QByteArray bytes_of(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

} // namespace

class TestUnitedPicture : public QObject {
    Q_OBJECT

    QTemporaryDir folder_;
    QString file(const QString& name) const { return folder_.filePath(name); }

private Q_SLOTS:
    void golden() {
        const Dump dump = opened(kTwo);
        const auto picture = picture_of(dump, kFirst, dump, kSecond);
        QVERIFY(picture.ok());
        const auto svg = export_united_picture(*picture, *export_format("svg"), draw::Theme::Light);
        QVERIFY(svg.ok());
        const QString error =
            compare_golden("pictures/dup_tangents_compared.svg", QByteArray::fromStdString(*svg));
        QVERIFY2(error.isEmpty(), qPrintable(error));
    }

    // Every node of either body is in a box, and none that differs is hidden in one that says nothing of it.
    void nothingThatDiffersIsFolded() {
        const Dump a = opened(QStringLiteral(HOPSCOPE_TEST_DATA "/gpt4_bf16/values"));
        const Dump b = opened(QStringLiteral(HOPSCOPE_TEST_DATA "/gpt4_dropout/values"));
        for (const bool dtypes : {true, false}) {
            MatchOptions options;
            options.dtypes = dtypes;
            const auto picture = picture_of(a, kBlock, b, kBlock, {}, options);
            QVERIFY(picture.ok());
            const draw::Scene& scene = picture->scene;
            QVERIFY(scene.compared);
            QCOMPARE(picture->nodes.size(), scene.box_of_node.size());
            for (size_t i = 0; i < picture->nodes.size(); ++i) {
                const draw::Box& box = scene.boxes[scene.box_of_node[i]];
                if (picture->nodes[i].side != UnitedSide::Both)
                    QVERIFY(box.side != draw::Side::Both);
                if (picture->nodes[i].side == UnitedSide::Changed)
                    QCOMPARE(box.node, NodeId(i));
            }
            // The dropout and what comes of it.
            QVERIFY(boxes_of(scene, draw::Side::Second) >= 4);
            QCOMPARE(boxes_of(scene, draw::Side::Changed) > 20, dtypes);
            const auto dropout = std::find_if(scene.boxes.begin(), scene.boxes.end(),
                [](const draw::Box& box) { return box.title == "+ native_dropout"; });
            QVERIFY(dropout != scene.boxes.end());
        }
    }

    void changesSayWhatDiffers() {
        const Dump dump = opened(kTwo);
        const auto picture = picture_of(dump, kFirst, dump, kSecond);
        QVERIFY(picture.ok());
        const auto changed = std::find_if(picture->scene.boxes.begin(), picture->scene.boxes.end(),
            [](const draw::Box& box) { return box.side == draw::Side::Changed; });
        QVERIFY(changed != picture->scene.boxes.end());
        QCOMPARE(changed->title, std::string("≠ tangents_0"));
        QCOMPARE(changed->warning, std::string("stride: (16, 1) → (0, 0)"));
        QCOMPARE(picture->summary, std::string("7 same, 1 changed"));
    }

    // The neighbourhood alone; the rest is counted.
    void aroundWhatDiffers() {
        const Dump a = opened(QStringLiteral(HOPSCOPE_TEST_DATA "/gpt4_bf16/values"));
        const Dump b = opened(QStringLiteral(HOPSCOPE_TEST_DATA "/gpt4_dropout/values"));
        MatchOptions options;
        options.dtypes = false;
        const auto whole = picture_of(a, kBlock, b, kBlock, {}, options);
        const auto part = picture_of(a, kBlock, b, kBlock, {.around = 1}, options);
        QVERIFY(whole.ok() && part.ok());
        QVERIFY(part->left_out > 10);
        QVERIFY(part->scene.boxes.size() < whole->scene.boxes.size());
        QCOMPARE(boxes_of(part->scene, draw::Side::Second), boxes_of(whole->scene, draw::Side::Second));
        QCOMPARE(boxes_of(part->scene, draw::Side::Changed), boxes_of(whole->scene, draw::Side::Changed));
        QVERIFY(part->note.find("far from what differs are left out") != std::string::npos);
        // Of two equal bodies nothing is near a difference.
        const auto equal = picture_of(a, kBlock, a, kBlock, {.around = 2});
        QVERIFY(equal.ok());
        QVERIFY(equal->scene.boxes.empty());
    }

    void theLegendHasWhatThereIs() {
        const auto words = [](const draw::Scene& scene) {
            QStringList list;
            for (const std::string& text : draw::make_legend(&scene, 800).texts)
                list << QString::fromStdString(text);
            return list;
        };
        const Dump dump = opened(kTwo);
        const auto picture = picture_of(dump, kFirst, dump, kSecond);
        QVERIFY(words(picture->scene).contains(QStringLiteral("differs")));
        QVERIFY(!words(picture->scene).contains(QStringLiteral("only in the first")));
        const auto turned =
            picture_of(dump, QStringLiteral("0/0:forward"), dump, QStringLiteral("0/0:backward"));
        QVERIFY(turned.ok());
        for (const char* entry : {"only in the first", "only in the second", "used so only in the first"})
            QVERIFY2(words(turned->scene).contains(QLatin1String(entry)), entry);
    }

    void commandLine() {
        const QStringList bodies{"diff", kTwo, "--at", kFirst, "--with", kSecond};
        const Run text = run(bodies);
        QCOMPARE(text.status, 1);
        const Run drawn = run(bodies + QStringList{"-o", file("a.svg")});
        QCOMPARE(drawn.status, 1); // they differ, as without a picture
        QCOMPARE(drawn.out, text.out);
        QVERIFY(bytes_of(file("a.svg")).contains("data-side=\"differs\""));
        const Run out = run(bodies + QStringList{"-o", "-"});
        QCOMPARE(out.status, 1);
        QCOMPARE(out.out, bytes_of(file("a.svg")));
        QCOMPARE(run(bodies + QStringList{"-o", file("a.html"), "--theme", "dark", "--no-legend"}).status, 1);
        QVERIFY(bytes_of(file("a.html")).startsWith("<!DOCTYPE html>"));
        QVERIFY(!bytes_of(file("a.html")).contains(">Comparison<"));
        const Run equal = run({"diff", kTwo, "--at", kFirst, "--with", kFirst, "-o", file("b.svg")});
        QCOMPARE(equal.status, 0);
        QVERIFY(!bytes_of(file("b.svg")).contains("data-side"));
    }

    void wrongWords_data() {
        QTest::addColumn<QStringList>("words");
        QTest::addColumn<QByteArray>("says");
        const QStringList two{"--at", kFirst, "--with", kSecond};
        QTest::newRow("no bodies") << QStringList{"--other", kTwo, "-o", "x.svg"}
                                   << QByteArray("-o draws two bodies");
        QTest::newRow("dot") << two + QStringList{"-o", "x.dot"}
                             << QByteArray("\"dot\", expected svg, html, png or pdf");
        QTest::newRow("no ending") << two + QStringList{"-o", "x"}
                                   << QByteArray("no extension, expected svg");
        QTest::newRow("no picture") << two + QStringList{"--around", "2"}
                                    << QByteArray("-o, which is missing");
    }

    void wrongWords() {
        QFETCH(QStringList, words);
        QFETCH(QByteArray, says);
        const Run wrong = run(QStringList{"diff", kTwo} + words);
        QCOMPARE(wrong.status, 2);
        QVERIFY2(wrong.err.contains(says), wrong.err.constData());
    }
};

QTEST_APPLESS_MAIN(TestUnitedPicture)
#include "tst_united_picture.moc"
