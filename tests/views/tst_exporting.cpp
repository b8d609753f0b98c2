// What leaves the window: exports and screenshots.
#include "tests/views/window.h"

#include "views/base/text.h"
#include "views/export/exportdialog.h"
#include "views/inspector/inspector.h"
#include "views/ledger/ledgerview.h"
#include "views/shell/mainwindow.h"
#include "views/shell/pane.h"
#include "views/shell/screenshot.h"

#include "core/export/body.h"
#include "core/export/formats.h"
#include "core/export/picture.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QSignalSpy>
#include <QTemporaryDir>

using namespace hopscope;

class TestExporting : public QObject {
    Q_OBJECT

private slots:
    void exportsEveryFormatTwiceTheSame() {
        QTemporaryDir folder;
        Opened o({tracePath(QStringLiteral("mlp4"))});
        for (const ExportFormat& offered : export_formats()) {
            const QString format = qs(offered.extension);
            QByteArray bytes[2];
            for (QByteArray& written : bytes) {
                ExportRequest request;
                request.place = o.window.navigator().pane(Pane::Left);
                request.path = folder.filePath(QStringLiteral("body.") + format);
                request.scale = 1;
                o.window.exportTo(request);
                QVERIFY(o.settle());
                QVERIFY2(!o.window.lastError(), qPrintable(format));
                QFile file(request.path);
                QVERIFY(file.open(QIODevice::ReadOnly));
                written = file.readAll();
            }
            QVERIFY2(bytes[0].size() > 200, qPrintable(format));
            QCOMPARE(bytes[0], bytes[1]);
            if (offered.painted)
                continue;
            // What core writes, and so the command line.
            const Document& document = *o.window.document();
            const Place place = o.window.navigator().pane(Pane::Left);
            const auto body = export_body(document.dump(), place, offered,
                picture_options(document.dump(), &document.ledger(), place), draw::Theme::Light);
            QVERIFY(body.ok());
            QCOMPARE(bytes[0], QByteArray::fromStdString(body->bytes));
        }
        ExportRequest bad;
        bad.place = o.window.navigator().pane(Pane::Left);
        bad.path = folder.filePath(QStringLiteral("body.docx"));
        o.window.exportTo(bad);
        QVERIFY(o.settle());
        QVERIFY(o.window.lastError());
        QCOMPARE(int(o.window.lastError()->kind), int(Error::Kind::Usage));
    }

    void exportsFromTextFields() {
        Opened o({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = o.window;
        w.activateWindow();
        for (QLineEdit* field : {&w.inspector().notes().input(), &w.ledger().filterEdit()}) {
            field->setFocus();
            QTRY_VERIFY(field->hasFocus());
            QTest::keyClick(field, Qt::Key_E, Qt::ControlModifier);
            auto* dialog = w.findChild<ExportDialog*>();
            QVERIFY2(dialog && dialog->isVisible(), qPrintable(field->objectName()));
            delete dialog;
        }
    }

    // What the body is one half of goes out beside it; a body that is no half cannot.
    void exportsBothHalves() {
        Opened o({tracePath(QStringLiteral("mlp4"))});
        o.window.actions()[Do::Export]->trigger();
        auto* dialog = o.window.findChild<ExportDialog*>();
        QVERIFY(dialog);
        auto* backward = dialog->findChild<QCheckBox*>(QStringLiteral("exportWithBackward"));
        auto* repeats = dialog->findChild<QCheckBox*>(QStringLiteral("exportFoldRepeats"));
        QVERIFY(backward && repeats);
        dialog->setPath(QStringLiteral("/tmp/a.svg"));
        const bool half = has_other_half(o.window.document()->dump(), dialog->request().place);
        QCOMPARE(backward->isEnabled(), half);
        backward->setChecked(true);
        QCOMPARE(dialog->request().choice.with_backward, half);
        QCOMPARE(repeats->isEnabled(), !half);
        dialog->setPath(QStringLiteral("/tmp/a.json"));
        QVERIFY(!dialog->request().choice.with_backward);
    }

    // What the person made of a picture goes out as it is drawn, and so do the nodes that are selected; a
    // PNG's size is told before.
    void exportsWhatIsDrawnOrSelected() {
        QTemporaryDir folder;
        Opened o({tracePath(QStringLiteral("gpt12"))}, QStringLiteral("0/0:forward"));
        MainWindow& w = o.window;
        const auto offered = [&] {
            w.actions()[Do::Export]->trigger();
            auto* dialog = w.findChild<ExportDialog*>();
            QStringList words;
            auto* what = dialog->findChild<QComboBox*>(QStringLiteral("exportScope"));
            for (int i = 0; i < what->count(); ++i)
                words << what->itemText(i);
            return std::pair(dialog, words);
        };
        auto [plain, few] = offered();
        QCOMPARE(few.size(), qsizetype(2)); // the panes
        plain->setPath(folder.filePath(QStringLiteral("a.png")));
        const auto* note = plain->findChild<QLabel*>(QStringLiteral("exportNote"));
        const int wide = w.pane(Pane::Left).canvas().scene()->width * 2;
        QVERIFY2(note->text().contains(grouped(qulonglong(wide))), qPrintable(note->text()));
        delete plain;

        w.actions()[Do::FoldRepeats]->setChecked(true);
        QVERIFY(o.settle());
        Canvas& canvas = w.pane(Pane::Left).canvas();
        const Place body = w.navigator().pane(Pane::Left);
        w.navigator().select_node(Pane::Left, named(w, body, "add"));
        w.state().flush();
        canvas.setAlsoSelected({named(w, body, "embedding")});
        auto [dialog, more] = offered();
        QCOMPARE(more.size(), qsizetype(4));
        QVERIFY(more[0].contains(QStringLiteral("as it is drawn")));
        QVERIFY(dialog->request().choice.fold_repeats); // what is looked at comes first
        QVERIFY(!dialog->findChild<QCheckBox*>(QStringLiteral("exportExpand"))->isEnabled());
        QVERIFY(!dialog->opensFolder());
        dialog->setScope(1);
        QVERIFY(dialog->request().choice.plain());
        QVERIFY(more[2].contains(QStringLiteral("2 selected nodes")));
        dialog->setScope(2);
        ExportRequest request = dialog->request();
        request.choice.fold_repeats = false;
        request.path = folder.filePath(QStringLiteral("two.svg"));
        w.exportTo(request);
        QVERIFY(o.settle());
        QVERIFY(!w.lastError());
        QFile file(request.path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray svg = file.readAll();
        QVERIFY(svg.contains("data-node=\"add\"") && svg.contains("data-node=\"embedding\""));
        QVERIFY(!svg.contains("data-node=\"invoke_subgraph_24\""));
    }

    // What a picture leaves out is said, of painted ones too.
    void exportsSayWhatTheyLeaveOut() {
        QTemporaryDir folder;
        Opened o({tracePath(QStringLiteral("gpt12"))}, QStringLiteral("0/0:forward"));
        QSignalSpy exported(&o.window, &MainWindow::exported);
        for (const char* extension : {"svg", "png", "pdf"}) {
            ExportRequest request;
            request.place = o.window.navigator().pane(Pane::Left);
            request.path = folder.filePath(QStringLiteral("a.") + QLatin1String(extension));
            request.scale = 0.5;
            for (const bool wrong : {false, true}) {
                request.choice.fold_repeats = true;
                request.choice.unfold =
                    wrong ? std::vector<std::string>{"nothing"} : std::vector<std::string>();
                exported.clear();
                o.window.exportTo(request);
                QVERIFY(o.settle());
                QVERIFY2(!o.window.lastError() && exported.size() == 1, extension);
                const QString note = exported.front().front().toString();
                QVERIFY2(wrong ? note.contains(QStringLiteral("nothing")) : note.isEmpty(), qPrintable(note));
            }
        }
    }

    void screenshotTwiceTheSame() {
        QTemporaryDir folder;
        QByteArray bytes[2];
        for (int i = 0; i < 2; ++i) {
            MainWindow::Options options;
            options.reproducible = true;
            MainWindow window(options);
            window.resize(1200, 800);
            window.show();
            window.openPaths({tracePath(QStringLiteral("dup_tangents"))});
            bool done = false;
            whenIdle(window, [&] { done = true; });
            QTRY_VERIFY_WITH_TIMEOUT(done, 30000);
            const QString path = folder.filePath(QString::number(i) + QStringLiteral(".png"));
            QString error;
            QVERIFY2(writeScreenshot(window, path, &error), qPrintable(error));
            QFile file(path);
            QVERIFY(file.open(QIODevice::ReadOnly));
            bytes[i] = file.readAll();
        }
        QVERIFY(bytes[0] == bytes[1]);
        const QImage image = QImage::fromData(bytes[0]);
        QCOMPARE(image.size(), QSize(1200, 800));
    }

private:
    static NodeId named(MainWindow& w, const Place& body, const char* name) {
        return find_node(w.document()->module(body.graph), w.document()->body(body), name);
    }

    OwnSettings settings_;
};

QTEST_MAIN(TestExporting)
#include "tst_exporting.moc"
