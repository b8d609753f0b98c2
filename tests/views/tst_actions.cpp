// Every action and every item's menu: named, told, reached by one key, greyed with a reason; the legend and
// the help.
#include "tests/views/window.h"

#include "core/draw/legend.h"
#include "core/export/body.h"
#include "views/base/findbar.h"
#include "views/base/resources.h"
#include "views/help/helpview.h"
#include "views/help/legendview.h"
#include "views/ledger/ledgerview.h"
#include "views/outline/outlineview.h"
#include "views/shell/docks.h"
#include "views/shell/keylist.h"
#include "views/shell/ownkeys.h"

#include <QDir>
#include <QDockWidget>
#include <QKeySequenceEdit>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QPushButton>
#include <QRegularExpression>
#include <QTableWidget>
#include <QTest>
#include <QToolButton>

#include <set>

using namespace hopscope;

namespace {
QList<QAction*> allOf(MainWindow& window) {
    return window.actions().all() + window.docks().actions() + window.pane(Pane::Left).findBar().switches();
}

// Where a key works: actions of one place, and those of the whole window, must differ.
bool meet(const QAction* a, const QAction* b) {
    const bool window =
        a->shortcutContext() == Qt::WindowShortcut || b->shortcutContext() == Qt::WindowShortcut;
    for (const QObject* x : a->associatedObjects())
        for (const QObject* y : b->associatedObjects())
            if (window || x == y)
                return true;
    return false;
}
} // namespace

class TestActions : public QObject {
    Q_OBJECT

    OwnSettings settings_;

    static QMap<QString, QAction*> itemMenu(MainWindow& w, QMenu& menu, const Item& item) {
        w.fillItemMenu(menu, item);
        QMap<QString, QAction*> actions;
        for (QAction* action : menu.actions())
            if (!action->isSeparator())
                actions[action->objectName()] = action;
        return actions;
    }

private slots:
    void everyActionIsTold_data() {
        QTest::addColumn<QString>("trace");
        QTest::newRow("nothing open") << QString();
        QTest::newRow("mlp4") << QStringLiteral("mlp4");
        QTest::newRow("no region") << QStringLiteral("failing");
    }
    void everyActionIsTold() {
        QFETCH(QString, trace);
        Opened opened(trace.isEmpty() ? QStringList() : QStringList{tracePath(trace)});
        std::set<QString> names;
        for (const QAction* action : allOf(opened.window)) {
            const QByteArray name = action->objectName().toUtf8();
            QVERIFY2(!name.isEmpty() && names.insert(action->objectName()).second, name.constData());
            QVERIFY2(!action->text().isEmpty(), name.constData());
            QVERIFY2(!action->property("accessibleName").toString().isEmpty(), name.constData());
            // What it does, and last its key.
            const QString tip = action->toolTip();
            QVERIFY2(tip.size() > 3, name.constData());
            if (!action->shortcut().isEmpty())
                QVERIFY2(tip.endsWith(QStringLiteral("(%1)").arg(
                             action->shortcut().toString(QKeySequence::NativeText))),
                    qPrintable(action->objectName() + QStringLiteral(": ") + tip));
            if (!action->isEnabled())
                QVERIFY2(
                    !action->property("reason").toString().isEmpty() && tip.contains(QStringLiteral(" – ")),
                    qPrintable(action->objectName() + QStringLiteral(" is greyed without a reason")));
        }
        QVERIFY(names.size() > 90);
    }

    void noKeyMeansTwoThings() {
        Opened opened({tracePath(QStringLiteral("mlp4"))});
        const QList<QAction*> actions = allOf(opened.window);
        for (const QAction* a : actions) {
            for (const QAction* b : actions) {
                if (a == b || !meet(a, b))
                    continue;
                for (const QKeySequence& key : a->shortcuts())
                    QVERIFY2(!b->shortcuts().contains(key),
                        qPrintable(QStringLiteral("%1: %2 and %3")
                                       .arg(key.toString(), a->objectName(), b->objectName())));
            }
        }
        // F10 is no menu's and no other's.
        for (const QAction* action : opened.window.menuBar()->actions())
            QVERIFY(action->shortcut().isEmpty());
    }

    // Another key for an action: kept, refused where it would mean two things or is text, and taken back.
    void keysCanBeChanged() {
        const auto toolTip = [](MainWindow& w) { return w.actions()[Do::Export]->toolTip(); };
        {
            Opened opened({tracePath(QStringLiteral("mlp4"))});
            MainWindow& w = opened.window;
            w.actions()[Do::KeyList]->trigger();
            auto* list = w.findChild<KeyList*>();
            QVERIFY(list);
            const auto choose = [&](const QAction* action) {
                const QString name = action->text().remove(QLatin1Char('&')).remove(QChar(0x2026));
                for (int row = 0; row < list->table().rowCount(); ++row)
                    if (list->table().item(row, 0)->text() == name)
                        return list->table().setCurrentCell(row, 0);
                QFAIL(qPrintable(name));
            };
            const auto button = [&](const char* name) {
                return list->findChild<QPushButton*>(QLatin1String(name));
            };
            const auto give = [&](const char* key) {
                list->key().setKeySequence(QKeySequence(QLatin1String(key)));
                button("keySet")->click();
            };
            QAction* action = w.actions()[Do::Export];
            choose(action);
            QVERIFY(!button("keyRestore")->isEnabled());
            give("Ctrl+O"); // is Open's
            QVERIFY2(list->message().contains(QStringLiteral("Open")), qPrintable(list->message()));
            give("X"); // is text in a field
            QVERIFY(!list->message().isEmpty());
            give("Down");
            QVERIFY(!list->message().isEmpty());
            QCOMPARE(action->shortcut(), QKeySequence(QStringLiteral("Ctrl+E")));
            give("Ctrl+Alt+X");
            QVERIFY2(list->message().isEmpty(), qPrintable(list->message()));
            QCOMPARE(action->shortcut(), QKeySequence(QStringLiteral("Ctrl+Alt+X")));
            QVERIFY(toolTip(w).endsWith(QStringLiteral("(Ctrl+Alt+X)")));
            // Ctrl+E is free now.
            choose(w.actions()[Do::About]);
            give("Ctrl+E");
            QCOMPARE(w.actions()[Do::About]->shortcut(), QKeySequence(QStringLiteral("Ctrl+E")));
            // What depends on a run cannot be chosen, nor what a graph does by itself.
            choose(w.actions()[Do::StepOut]);
            QVERIFY(!button("keySet")->isEnabled() && !list->message().isEmpty());
            list->table().setCurrentCell(list->table().rowCount() - 1, 0);
            QVERIFY(!button("keySet")->isEnabled());
        }
        // The next window has them too.
        Opened again({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = again.window;
        QVERIFY(toolTip(w).endsWith(QStringLiteral("(Ctrl+Alt+X)")));
        QCOMPARE(w.actions()[Do::About]->shortcut(), QKeySequence(QStringLiteral("Ctrl+E")));
        auto* own = w.findChild<OwnKeys*>();
        QVERIFY(own && own->isOwn(w.actions()[Do::Export]));
        own->restoreAll();
        QCOMPARE(w.actions()[Do::Export]->shortcut(), QKeySequence(QStringLiteral("Ctrl+E")));
        QVERIFY(w.actions()[Do::About]->shortcut().isEmpty());
        QVERIFY(!own->isOwn(w.actions()[Do::Export]));
    }

    // What every panel and every button is for (Shift+F1).
    void everythingSaysWhatItIs() {
        Opened opened({tracePath(QStringLiteral("mlp4"))});
        for (const QDockWidget* dock : opened.window.findChildren<QDockWidget*>())
            QVERIFY2(dock->whatsThis().size() > 30, qPrintable(dock->objectName()));
        for (const QAction* action : allOf(opened.window))
            QVERIFY2(!action->whatsThis().isEmpty(), qPrintable(action->objectName()));
        for (const Pane pane : {Pane::Left, Pane::Right})
            QVERIFY(!opened.window.pane(pane).whatsThis().isEmpty());
    }

    // In a dark window the help's pictures are of a dark one, and as many.
    void helpHasPicturesForBothThemes() {
        const QDir folder(resourceFolder(QStringLiteral("help")) + QStringLiteral("/pictures"));
        int pairs = 0;
        for (const QString& name : folder.entryList({QStringLiteral("*.png")})) {
            if (name.endsWith(QStringLiteral("-dark.png")))
                continue;
            const QString dark = name.chopped(4) + QStringLiteral("-dark.png");
            const QImage light(folder.filePath(name)), night(folder.filePath(dark));
            QVERIFY2(!light.isNull() && !night.isNull(), qPrintable(name));
            QVERIFY2(qGray(light.pixel(3, 3)) > 200 && qGray(night.pixel(3, 3)) < 60, qPrintable(name));
            ++pairs;
        }
        QVERIFY(pairs >= 7);
        Opened opened;
        opened.window.actions()[Do::HelpPages]->trigger();
        HelpPages& pages = opened.window.help()->pages();
        const auto shown = [&](Mode mode) {
            applyTheme(*qApp, mode);
            pages.showPage(QStringLiteral("backward.md"));
            const QUrl picture(QStringLiteral("pictures/backward.png"));
            return qGray(pages.document()
                             ->resource(QTextDocument::ImageResource, picture)
                             .value<QImage>()
                             .pixel(3, 3));
        };
        QVERIFY(shown(Mode::Dark) < 60);
        QVERIFY(shown(Mode::Light) > 200);
    }

    // Whatever can be done stands in a menu, so that nobody must know a key.
    void everyActionIsInAMenu() {
        Opened opened({tracePath(QStringLiteral("mlp4"))});
        std::set<const QAction*> seen;
        std::vector<const QMenu*> todo;
        for (const QAction* action : opened.window.menuBar()->actions())
            todo.push_back(action->menu());
        while (!todo.empty()) {
            const QMenu* menu = todo.back();
            todo.pop_back();
            for (const QAction* action : menu->actions()) {
                seen.insert(action);
                if (action->menu())
                    todo.push_back(action->menu());
            }
        }
        for (const QAction* action : opened.window.actions().all() + opened.window.docks().actions())
            QVERIFY2(seen.contains(action) || action->objectName() == QStringLiteral("file.clearRecents"),
                qPrintable(action->objectName()));
    }

    void buttonsHaveNames() {
        Opened opened({tracePath(QStringLiteral("mlp4"))});
        for (const QToolButton* button : opened.window.findChildren<QToolButton*>()) {
            // Qt's own: of a field, of a toolbar's or tab bar's overflow.
            if (!button->isVisible() || qobject_cast<QLineEdit*>(button->parent())
                || button->objectName().startsWith(QStringLiteral("qt_"))
                || button->objectName().startsWith(QStringLiteral("Scroll")))
                continue;
            QVERIFY2(!button->accessibleName().isEmpty() || !button->text().isEmpty(),
                qPrintable(button->objectName()));
        }
    }

    // The same entries for a node, a body, a call and a region; what cannot apply says why.
    void oneMenuForAnItem() {
        Opened opened({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = opened.window;
        const Place body = w.navigator().pane(Pane::Left);
        const Body& nodes = w.document()->body(body);
        Item node;
        for (size_t i = 0; i < nodes.nodes.size(); ++i)
            if (!nodes.users_of(nodes.nodes[i]).empty() && !nodes.inputs_of(nodes.nodes[i]).empty())
                node.place = {body.graph, body.body, NodeId(i)};
        QVERIFY(node.place.node);
        node.name = QString::fromStdString(w.document()->node_name(node.place));
        Item call, nothing;
        call.row = 1;
        call.name = QStringLiteral("call 1");
        nothing.text = QStringLiteral("what failed");
        QMenu forNode, forCall, forNothing;
        const QMap<QString, QAction*> a = itemMenu(w, forNode, node), b = itemMenu(w, forCall, call),
                                      c = itemMenu(w, forNothing, nothing);
        QCOMPARE(a.keys(), b.keys());
        QCOMPARE(a.keys(), c.keys());
        QVERIFY(a.size() >= 13);
        for (const QMap<QString, QAction*>& menu : {a, b, c})
            for (const QAction* action : menu)
                QVERIFY2(action->isEnabled() || action->toolTip().contains(QStringLiteral(" – ")),
                    qPrintable(action->objectName()));
        QVERIFY(a[QStringLiteral("item.users")]->menu() && a[QStringLiteral("item.inputs")]->menu());
        QVERIFY(!b[QStringLiteral("item.users")]->isEnabled());
        QVERIFY(
            !c[QStringLiteral("item.goTo")]->isEnabled() && c[QStringLiteral("item.copyText")]->isEnabled());

        // Opening it selects nothing; going there does.
        const uint64_t hash = w.navigator().hash();
        QMenu again;
        itemMenu(w, again, call);
        QCOMPARE(w.navigator().hash(), hash);
        b[QStringLiteral("item.goTo")]->trigger();
        QCOMPARE(w.navigator().state().row, std::optional(1));
        a[QStringLiteral("item.copyDot")]->trigger();
        QVERIFY(QApplication::clipboard()->text().startsWith(QStringLiteral("digraph")));
        a[QStringLiteral("item.copyText")]->trigger();
        QVERIFY(QApplication::clipboard()->text().contains(node.name));
        a[QStringLiteral("item.bookmark")]->trigger();
        QCOMPARE(w.notes().bookmarks().size(), size_t(1));
        b[QStringLiteral("item.filterOut")]->trigger();
        QVERIFY(w.ledger().filterText().startsWith(QStringLiteral("-region:")));
        w.ledger().setFilterText({});
    }

    // The legend tells every kind and every mark, and below a picture those that occur in it.
    void legend() {
        Opened opened({tracePath(QStringLiteral("mlp4"))});
        MainWindow& w = opened.window;
        w.showDock(QStringLiteral("legend"));
        const QString text = w.legend().text();
        for (size_t kind = 0; kind < draw::kKindCount; ++kind)
            QVERIFY(text.contains(QString::fromUtf8(draw::kind_name(static_cast<draw::Kind>(kind)).data())));
        const Place body = w.navigator().pane(Pane::Left);
        const auto svg = [&](bool legend, const char* format) {
            PictureChoice choice;
            choice.legend = legend;
            const auto picture = make_picture(w.document()->dump(), &w.document()->ledger(), body,
                picture_options(w.document()->dump(), &w.document()->ledger(), body), choice);
            return export_picture(w.document()->dump(), *picture, *export_format(format), draw::Theme::Light);
        };
        const auto with = svg(true, "svg"), without = svg(false, "svg");
        QVERIFY(with.ok() && without.ok());
        QVERIFY(with->bytes.find("matrix product") != std::string::npos);
        QVERIFY(without->bytes.find(">matrix product<") == std::string::npos);
        QVERIFY(with->bytes.find(">random<") == std::string::npos); // nothing of it is in the picture
        QVERIFY(with->bytes.size() > without->bytes.size());
        QVERIFY(!svg(true, "dot").ok()); // it has no colours
    }

    // Each page that another leads to is there, and each picture.
    void help() {
        Opened opened;
        MainWindow& w = opened.window;
        w.actions()[Do::HelpPages]->trigger();
        QVERIFY(w.help() && w.help()->isVisible());
        const QString folder = resourceFolder(QStringLiteral("help"));
        QStringList todo{QStringLiteral("index.md")};
        std::set<QString> seen;
        while (!todo.isEmpty()) {
            const QString page = todo.takeLast();
            if (!seen.insert(page).second)
                continue;
            w.help()->pages().showPage(page);
            QVERIFY2(w.help()->pages().toPlainText().size() > 200, qPrintable(page));
            QFile file(folder + QLatin1Char('/') + page);
            QVERIFY2(file.open(QIODevice::ReadOnly), qPrintable(page));
            const QString text = QString::fromUtf8(file.readAll());
            static const QRegularExpression link(QStringLiteral("\\]\\(([^)#]+?\\.(md|png))\\)"));
            for (const QRegularExpressionMatch& match : link.globalMatch(text)) {
                const QString target = match.captured(1);
                QVERIFY2(QFileInfo::exists(folder + QLatin1Char('/') + target),
                    qPrintable(page + QStringLiteral(" leads to ") + target));
                if (target.endsWith(QStringLiteral(".md")))
                    todo << target;
            }
        }
        QVERIFY(seen.size() >= 8);
        for (const char* page :
            {"why-compiled.md", "two-backwards.md", "backward.md", "right.md", "show.md", "inputs.md"})
            QVERIFY2(seen.contains(QLatin1String(page)), page);
    }
};

QTEST_MAIN(TestActions)
#include "tst_actions.moc"
