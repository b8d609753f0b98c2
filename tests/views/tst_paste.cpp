// What a person pastes: a dump, a path, nothing.
#include "tests/views/window.h"

#include "views/bodytext/bodytext.h"
#include "views/ledger/ledgerview.h"
#include "views/shell/docks.h"
#include "views/shell/mainwindow.h"
#include "views/shell/pane.h"
#include "views/shell/startpage.h"

#include "core/graph/print.h"
#include "core/session/session.h"

#include <QApplication>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTemporaryDir>

using namespace hopscope;

namespace {
QString quoted(const char* text) {
    QString all = QString::fromUtf8(text);
    all.chop(1);
    return QStringLiteral("> ") + all.replace(QLatin1Char('\n'), QStringLiteral("\n> ")) + QLatin1Char('\n');
}
} // namespace

class TestPaste : public QObject {
    Q_OBJECT

private slots:
    // What stands on the clipboard is an untitled dump, which a session keeps.
    void pastesADump() {
        QApplication::clipboard()->setText(quoted(kPasted));
        Opened o;
        QPushButton* button =
            o.window.startPage().findChild<QPushButton*>(QStringLiteral("start.edit.paste"));
        QVERIFY(button && button->isVisible());
        button->click();
        QVERIFY(o.settle());
        MainWindow& w = o.window;
        QVERIFY(w.document());
        QCOMPARE(w.document()->dump().graphs.size(), size_t(1));
        QCOMPARE(w.document()->dump().graphs[0].module->bodies[0].nodes.size(), size_t(4));
        QVERIFY(w.windowTitle().startsWith(QStringLiteral("pasted text")));
        QVERIFY(!w.actions()[Do::Reload]->isEnabled());
        QVERIFY(w.actions()[Do::Reload]->toolTip().contains(QStringLiteral("no file")));
        const std::string text = print_readable(w.document()->module(GraphId(0)), BodyId(0));

        QTemporaryDir folder;
        const QString session = folder.filePath(QStringLiteral("kept.hopscope"));
        w.saveSession(session);
        QVERIFY(o.settle());
        QVERIFY(!w.lastError());
        QVERIFY(w.actions()[Do::Reload]->isEnabled());
        Opened again({session});
        QVERIFY(again.window.document());
        QCOMPARE(print_readable(again.window.document()->module(GraphId(0)), BodyId(0)), text);
        QCOMPARE(again.window.document()->dump().name, std::string("pasted text"));
    }

    // Ctrl+V goes into the field that has the focus, and opens a dump everywhere else.
    void pasteKey() {
        Opened o({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = o.window;
        const auto before = w.document();
        QApplication::clipboard()->setText(QStringLiteral("reused"));
        w.actions()[Do::FilterLedger]->trigger();
        QLineEdit& filter = w.ledger().filterEdit();
        QTRY_VERIFY(filter.hasFocus());
        QTest::keyClick(&filter, Qt::Key_V, Qt::ControlModifier);
        QCOMPARE(filter.text(), QStringLiteral("reused"));
        w.actions()[Do::Paste]->trigger(); // from the menu
        QCOMPARE(filter.text(), QStringLiteral("reusedreused"));
        filter.clear();
        QVERIFY(o.settle());
        QCOMPARE(w.document(), before);

        QApplication::clipboard()->setText(QString::fromUtf8(kPasted));
        QVERIFY(w.showDock(QStringLiteral("text")));
        w.bodyText().setFocus();
        QTRY_VERIFY(w.bodyText().hasFocus());
        QTest::keyClick(&w.bodyText(), Qt::Key_V, Qt::ControlModifier);
        QVERIFY(o.settle());
        QCOMPARE(w.document()->dump().name, std::string("pasted text"));

        // A path is opened, and files that a file manager copied.
        QApplication::clipboard()->setText(
            QLatin1Char(' ') + tracePath(QStringLiteral("mlp4")) + QLatin1Char('\n'));
        w.pane(Pane::Left).canvas().setFocus();
        QTest::keyClick(&w.pane(Pane::Left).canvas(), Qt::Key_V, Qt::ControlModifier);
        QVERIFY(o.settle());
        QCOMPARE(w.document()->dump().name, before->dump().name);
    }

    // What tells nothing is said where the data would be, with the forms that are nearest; nothing is modal.
    void pasteOfNothing() {
        Opened o;
        QApplication::clipboard()->setText(QStringLiteral("dear all,\nthe class GraphModule is slow\n"));
        o.window.actions()[Do::Paste]->trigger();
        QVERIFY(o.settle());
        QVERIFY(!o.window.document());
        QVERIFY(o.window.lastError());
        QVERIFY(o.window.startPage().isVisible());
        QVERIFY2(o.window.startPage().errorText().contains(QStringLiteral("print_readable")),
            qPrintable(o.window.startPage().errorText()));
        QVERIFY(!QApplication::activeModalWidget());
        QApplication::clipboard()->clear();
        o.window.actions()[Do::Paste]->trigger();
        QVERIFY(o.window.findChild<QLabel*>(QStringLiteral("statusText"))
                    ->text()
                    .contains(QStringLiteral("no text")));
    }

private:
    OwnSettings settings_;
};

QTEST_MAIN(TestPaste)
#include "tst_paste.moc"
