// hopscope export, as a person or a script starts it.
#include "tests/commandline.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

using namespace hopscope::test;

namespace {

const QString kDump = QStringLiteral(HOPSCOPE_TEST_DATA "/mlp4/values/00_forward.txt");
const QString kBody = QStringLiteral("-:graph:partitioned_fw_subgraph_0_0");

QByteArray read(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

} // namespace

class TestExportCli : public QObject {
    Q_OBJECT

    QTemporaryDir folder_;
    QString file(const QString& name) const { return folder_.filePath(name); }

private Q_SLOTS:
    void formats_data() {
        QTest::addColumn<QString>("extension");
        QTest::addColumn<QByteArray>("begin");
        QTest::newRow("svg") << "svg" << QByteArray("<?xml");
        QTest::newRow("dot") << "dot" << QByteArray("digraph {");
        QTest::newRow("json") << "json" << QByteArray("{\"address\":");
        QTest::newRow("txt") << "txt" << QByteArray("class ");
        QTest::newRow("capitals") << "SVG" << QByteArray("<?xml");
    }

    void formats() {
        QFETCH(QString, extension);
        QFETCH(QByteArray, begin);
        const QString path = file("a." + extension);
        const Run first = run({"export", kDump, "--at", kBody, "-o", path});
        QCOMPARE(first.err, QByteArray());
        QCOMPARE(first.status, 0);
        const QByteArray bytes = read(path);
        QVERIFY(bytes.trimmed().startsWith(begin));
        QCOMPARE(run({"export", kDump, "--at", kBody, "-o", path}).status, 0);
        QCOMPARE(read(path), bytes);
    }

    void standardOutput() {
        const Run svg = run({"export", kDump, "--at", kBody, "-o", "-"});
        QCOMPARE(svg.status, 0);
        QVERIFY(svg.out.startsWith("<?xml") && svg.out.endsWith("</svg>\n"));
        const Run json = run({"export", kDump, "--at", kBody, "-o", "-", "--format", "json"});
        const QJsonObject object = QJsonDocument::fromJson(json.out).object();
        QCOMPARE(object["nodes"].toArray().size(), 20);
        QVERIFY(object["nodes"].toArray()[0].toObject()["w"].toInt() > 0);
    }

    // What a terminal or an editor obeys (escape sequences, C1 controls, DEL, marks that turn the writing)
    // stands in no file and no answer as it came, whatever name, path, source line or argument of a trace has
    // it.
    void controlCharacters() {
        const QByteArray bad = "\x1b]0;own\x07\x1b[2J\xc2\x9b"
                               "31m\xe2\x80\xae\xe2\x81\xa6\x7f\xe2\x80\xa8\x08";
        const QByteArray payload =
            "\tclass GraphModule(torch.nn.Module):\n\t    def forward(self, L_x_: \"f32[4]cpu\"):\n"
            "\t        l_x_ = L_x_\n\t        # File: /w/"
            + bad + ".py:3 in f" + bad + ", code: x * '" + bad + "'\n\t        mul: \"f32[4]" + bad
            + "\" = torch.ops.my" + bad + ".mul.default(l_x_, '" + bad
            + "');  l_x_ = None\n\t        return (mul,)\n";
        const QByteArray record = "V1123 16:05:55.284000 5578 a/b.py:1] {";
        const QByteArray ids = ", \"frame_id\": 0, \"frame_compile_id\": 0, \"attempt\": 0";
        QByteArray name = bad;
        name.replace("\x1b", "\\u001b").replace("\x07", "\\u0007").replace("\x08", "\\b");
        QFile trace(file("t\u202e\u009b\x1b[2J.log"));
        QVERIFY(trace.open(QIODevice::WriteOnly));
        trace.write(record + "\"graph_dump\": {\"name\": \"d" + name + "\"}" + ids
            + ", \"has_payload\": \"0\"}\n" + payload + record + "\"compilation_metrics\": {\"co_name\": \""
            + name + "\", \"fail_type\": \"E\", \"fail_reason\": \"" + name + "\"}" + ids + "}\n");
        trace.close();
        const auto clean = [](const QByteArray& bytes) {
            const QString text = QString::fromUtf8(bytes);
            for (const QChar c : text) {
                const ushort u = c.unicode();
                if ((u < 0x20 && u != '\n' && u != '\t') || (u >= 0x7f && u < 0xa0)
                    || (u >= 0x2028 && u <= 0x202e) || (u >= 0x2066 && u <= 0x2069))
                    return false;
            }
            return true;
        };
        for (const char* extension : {"svg", "dot", "json", "txt"}) {
            const QString path = file(QString("c.") + extension);
            const Run ran = run({"export", trace.fileName(), "--at", "0/0:graph", "-o", path});
            QVERIFY2(ran.status == 0, ran.err);
            QVERIFY2(clean(read(path)) && clean(ran.err), extension);
            QVERIFY(!read(path).isEmpty());
        }
        const QList<QStringList> commands{
            {"graphs"}, {"graph", "--at", "0/0:graph"}, {"regions"}, {"explain"}, {"memory"}, {"info"}};
        for (QStringList words : commands) {
            words.insert(1, trace.fileName());
            for (const bool json : {false, true}) {
                const Run ran = run(json ? words + QStringList{"--json"} : words);
                QVERIFY2(ran.status == 0 || ran.status == 1, ran.err);
                QVERIFY2(
                    clean(ran.out) && clean(ran.err), qPrintable(words.join(' ') + (json ? " as JSON" : "")));
                QVERIFY(!json || !QJsonDocument::fromJson(ran.out).isNull());
            }
        }
    }

    void unfolded() {
        const Run folded = run({"export", kDump, "--at", kBody, "-o", "-", "--format", "dot"});
        const Run whole = run({"export", kDump, "--at", kBody, "-o", "-", "--format", "dot", "--no-fold"});
        QCOMPARE(whole.status, 0);
        QVERIFY(!folded.out.contains("\"getitem_1\" [label"));
        QVERIFY(whole.out.contains("\"getitem_1\" [label"));
    }

    void withBackward() {
        const QString dump = QStringLiteral(HOPSCOPE_TEST_DATA "/gpt12/trace");
        const QString forward = QStringLiteral("0/0:forward:partitioned_fw_subgraph_0_0");
        const QString backward = QStringLiteral("0/0:backward:partitioned_bw_subgraph_0_0");
        const Run svg = run({"export", dump, "--at", forward, "-o", "-", "--with-backward"});
        QCOMPARE(svg.status, 0);
        QVERIFY(svg.out.contains("data-half=\"forward\"") && svg.out.contains("data-half=\"backward\""));
        QVERIFY(svg.out.contains("class=\"saved\""));
        // From either half it is the same picture.
        QCOMPARE(run({"export", dump, "--at", backward, "-o", "-", "--with-backward"}).out, svg.out);
        const Run json =
            run({"export", dump, "--at", forward, "-o", "-", "--with-backward", "--format", "json"});
        QCOMPARE(json.status, 2);
        const Run neither = run({"export", dump, "--at", "0/0:joint", "-o", "-", "--with-backward"});
        QCOMPARE(neither.status, 2);
        QVERIFY(neither.err.contains("neither a forward nor a backward"));
        const Run alone = run({"export", kDump, "--at", kBody, "-o", "-", "--with-backward"});
        QVERIFY(alone.status != 0 && alone.err.contains("found no backward body"));
    }

    void theme() {
        const Run dark = run({"export", kDump, "--at", kBody, "-o", "-", "--theme", "dark"});
        QVERIFY(dark.out.contains("#16181c"));
        QCOMPARE(run({"export", kDump, "--at", kBody, "-o", "-", "--theme", "pink"}).status == 0, false);
    }

    void withoutAddress() {
        const Run ran = run({"export", kDump, "-o", file("b.svg")});
        QCOMPARE(ran.status, 2);
        QVERIFY(ran.err.contains("-:forward:partitioned_fw_subgraph_0_0"));
        QVERIFY(!QFile::exists(file("b.svg")));
    }

    void wrongAddress() {
        const Run ran = run({"export", kDump, "--at", "9/9:forward", "-o", file("b.svg")});
        QCOMPARE(ran.status, 2);
        QVERIFY(!ran.err.isEmpty());
        QVERIFY(!QFile::exists(file("b.svg")));
    }

    void wrongExtension() {
        const Run ran = run({"export", kDump, "--at", kBody, "-o", file("b.xyz")});
        QCOMPARE(ran.status, 2);
        QVERIFY(
            ran.err.contains(".xyz") && ran.err.contains("expected svg, pdf, png, dot, json, html or txt"));
        QCOMPARE(run({"export", kDump, "--at", kBody, "-o", file("b")}).status, 2);
        QCOMPARE(run({"export", kDump, "--at", kBody, "-o", "-", "--format", "png"}).status, 2);
    }

    void missingDump() {
        const Run ran = run({"export", file("none.log"), "--at", kBody, "-o", file("b.svg")});
        QCOMPARE(ran.status, 3);
        QVERIFY(ran.err.contains("none.log"));
    }

    void unwritable() {
        const Run ran = run({"export", kDump, "--at", kBody, "-o", file("no/such/b.svg")});
        QCOMPARE(ran.status, 5);
        QVERIFY2(ran.err.contains("No such file or directory"), ran.err.constData());
    }
};

QTEST_GUILESS_MAIN(TestExportCli)
#include "tst_export_cli.moc"
