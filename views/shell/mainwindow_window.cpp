// The window itself: its size and colours, its dialogs, and what reaches all of it.
#include "core/base/text.h"
#include "views/base/errortext.h"
#include "views/base/findbar.h"
#include "views/base/text.h"
#include "views/help/helpview.h"
#include "views/ledger/ledgerview.h"
#include "views/shell/docks.h"
#include "views/shell/errorbar.h"
#include "views/shell/focusmark.h"
#include "views/shell/keylist.h"
#include "views/shell/loader.h"
#include "views/shell/mainwindow.h"
#include "views/shell/pane.h"
#include "views/shell/panepresenter.h"
#include "views/shell/sessionkeeper.h"
#include "views/shell/startpage.h"

#include <QApplication>
#include <QClipboard>
#include <QCloseEvent>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QMessageBox>
#include <QMimeData>
#include <QMouseEvent>
#include <QScreen>
#include <QSplitter>

#include <algorithm>
#include <utility>

namespace hopscope {

namespace {
constexpr int kLayoutVersion = 3; // of saveState: docks that are new put themselves in their place

struct ThemeName {
    Mode mode;
    Do action;
    const char* name; // in the settings
};
constexpr ThemeName kThemes[] = {
    {Mode::System, Do::ThemeSystem, "system"},
    {Mode::Light, Do::ThemeLight, "light"},
    {Mode::Dark, Do::ThemeDark, "dark"},
};

struct ArrangementName {
    Docks::Arrangement as;
    Do action;
    const char* name; // in the settings
};
constexpr ArrangementName kArrangements[] = {
    {Docks::Arrangement::Default, Do::DefaultLayout, "default"},
    {Docks::Arrangement::Debug, Do::DebugLayout, "debug"},
    {Docks::Arrangement::Compare, Do::CompareLayout, "compare"},
};

// Whether what is typed or pasted goes into it.
bool isField(const QWidget* widget) {
    const QVariant readOnly = widget ? widget->property("readOnly") : QVariant();
    return readOnly.isValid() && !readOnly.toBool();
}

QStringList localFiles(const QMimeData& data) {
    QStringList paths;
    for (const QUrl& url : data.urls()) {
        if (url.isLocalFile())
            paths << url.toLocalFile();
    }
    return paths;
}
} // namespace

// No larger than the screen, and all of it there: what was remembered may be of another screen.
void MainWindow::fitToScreen() {
    if (isMaximized() || isFullScreen())
        return;
    const QRect room = screen()->availableGeometry();
    resize(size().boundedTo(room.size()));
    const QRect now(pos(), size());
    // A window whose least size is more than the screen begins at its corner.
    if (!room.contains(now))
        move(std::max(room.left(), std::min(now.left(), room.right() + 1 - now.width())),
            std::max(room.top(), std::min(now.top(), room.bottom() + 1 - now.height())));
}

void MainWindow::restoreWindow() {
    if (!settings_)
        return;
    const QByteArray geometry = settings_->value(QStringLiteral("window/geometry")).toByteArray();
    if (!geometry.isEmpty() && restoreGeometry(geometry))
        fitToScreen();
    for (const ArrangementName& of : kArrangements) {
        if (settings_->value(QStringLiteral("window/arrangement")).toString() == qs(of.name))
            arrangement_ = of.as;
    }
    setTextScale(settings_->value(QStringLiteral("window/textScale"), 1.0).toDouble());
    ledger().setUsedFilters(settings_->value(QStringLiteral("ledger/filters")).toStringList());
    restored_ = restoreState(settings_->value(QStringLiteral("window/docks")).toByteArray(), kLayoutVersion);
    if (restored_)
        checkArrangement();
    panes_->widget()->restoreState(settings_->value(QStringLiteral("window/panes")).toByteArray());
    const bool dot = settings_->value(QStringLiteral("window/layout")).toString() == QStringLiteral("dot");
    actions_[Do::WheelZooms]->setChecked(
        settings_->value(QStringLiteral("window/wheelZooms"), false).toBool());
    actions_[dot ? Do::LayoutDot : Do::LayoutLayered]->setChecked(true);
    const QString theme = settings_->value(QStringLiteral("window/theme")).toString();
    Mode mode = Mode::System;
    for (const ThemeName& of : kThemes) {
        if (theme == qs(of.name))
            mode = of.mode;
    }
    setTheme(mode);
}

void MainWindow::saveWindow() {
    if (!settings_)
        return;
    settings_->setValue(QStringLiteral("window/geometry"), saveGeometry());
    settings_->setValue(QStringLiteral("window/docks"), saveState(kLayoutVersion));
    settings_->setValue(QStringLiteral("window/textScale"), textScale());
    settings_->setValue(QStringLiteral("ledger/filters"), ledger().usedFilters());
    settings_->setValue(QStringLiteral("window/wheelZooms"), actions_[Do::WheelZooms]->isChecked());
    settings_->setValue(QStringLiteral("window/panes"), panes_->widget()->saveState());
    settings_->sync();
}

void MainWindow::setTheme(Mode mode) {
    applyTheme(*qApp, mode);
    for (const ThemeName& of : kThemes) {
        if (of.mode != mode)
            continue;
        actions_[of.action]->setChecked(true);
        if (settings_)
            settings_->setValue(QStringLiteral("window/theme"), qs(of.name));
    }
}

void MainWindow::setTextScale(double scale) {
    applyTextScale(*qApp, scale);
    actions_.setReason(
        Do::TextLarger, textScale() >= kMostTextScale ? tr("texts are as large as they get") : QString());
    actions_.setReason(
        Do::TextSmaller, textScale() <= kLeastTextScale ? tr("texts are as small as they get") : QString());
    actions_.setReason(
        Do::TextReset, qFuzzyCompare(textScale(), 1.0) ? tr("they are as the system says") : QString());
    if (state_.document())
        state_.say(tr("Texts at %1 %").arg(qRound(textScale() * 100)));
}

void MainWindow::checkArrangement() {
    for (const ArrangementName& of : kArrangements) {
        if (of.as == arrangement_)
            actions_[of.action]->setChecked(true);
    }
}

// Each layout is kept as the person left it, until it is made anew.
void MainWindow::arrange(Docks::Arrangement as, bool anew) {
    const auto keyOf = [](Docks::Arrangement of) {
        for (const ArrangementName& name : kArrangements)
            if (name.as == of)
                return QStringLiteral("window/layout.") + qs(name.name);
        return QString();
    };
    if (settings_ && as != arrangement_)
        settings_->setValue(keyOf(arrangement_), saveState(kLayoutVersion));
    arrangement_ = as;
    checkArrangement();
    const QByteArray kept = settings_ && !anew ? settings_->value(keyOf(as)).toByteArray() : QByteArray();
    if (!restoreState(kept, kLayoutVersion)) {
        docks_->arrange(as);
        panes_->widget()->setSizes({1000, 1000});
    }
    if (!settings_)
        return;
    if (anew)
        settings_->remove(keyOf(as));
    for (const ArrangementName& of : kArrangements)
        if (of.as == as)
            settings_->setValue(QStringLiteral("window/arrangement"), qs(of.name));
}

// Where nobody has arranged it, it is made for the size that the window turned out to have.
void MainWindow::showEvent(QShowEvent* event) {
    QMainWindow::showEvent(event);
    if (!std::exchange(restored_, true))
        arrange(arrangement_, true);
}

void MainWindow::markFocus(const QWidget* focus) {
    if (!focus || focus->window() != this)
        return; // a menu or another window has it for a moment
    if (PaneView* pane = panes_->paneOf(focus))
        focusMark_->setArea(pane);
    else
        focusMark_->setArea(docks_->dockOf(focus));
}

// A key that reached nobody: its action may be one that cannot apply now.
void MainWindow::keyPressEvent(QKeyEvent* event) {
    const QString why = actions_.whyNot(QKeySequence(event->keyCombination()));
    if (why.isEmpty())
        return QMainWindow::keyPressEvent(event);
    state_.say(why);
}

void MainWindow::closeEvent(QCloseEvent* event) {
    if (settings_ && !keeper_->mayDiscard([this] { close(); })) {
        event->ignore();
        return;
    }
    state_.run().stop();
    state_.jobs().cancelAll();
    keeper_->saveView();
    saveWindow();
    event->accept();
}

// Mouse side buttons go back and forward wherever the pointer is; Ctrl+E exports wherever the cursor is, also
// where a text field would take it for the end of the line; Ctrl+V opens a dump wherever it does not go into
// a field.
bool MainWindow::eventFilter(QObject* watched, QEvent* event) {
    const auto* widget = qobject_cast<QWidget*>(watched);
    if (!widget || widget->window() != this)
        return QMainWindow::eventFilter(watched, event);
    if (event->type() == QEvent::MouseButtonPress) {
        const Qt::MouseButton button = static_cast<QMouseEvent*>(event)->button();
        if (button == Qt::BackButton || button == Qt::ForwardButton) {
            button == Qt::BackButton ? state_.navigator().back() : state_.navigator().forward();
            return true;
        }
    }
    if (event->type() == QEvent::ShortcutOverride) {
        const QKeySequence keys(static_cast<QKeyEvent*>(event)->keyCombination());
        if (actions_[Do::Export]->shortcut() == keys
            || (actions_[Do::Paste]->shortcut() == keys && !isField(widget))) {
            event->ignore();
            return true;
        }
    }
    return QMainWindow::eventFilter(watched, event);
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    if (event->mimeData()->hasUrls())
        event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
    const QStringList paths = localFiles(*event->mimeData());
    if (paths.isEmpty())
        return;
    event->acceptProposedAction();
    openPaths(paths);
}

// Files that a file manager copied, a path, or a text with graphs in it.
void MainWindow::paste() {
    if (QWidget* field = QApplication::focusWidget(); isField(field) && field->window() == this) {
        QMetaObject::invokeMethod(field, "paste"); // from the menu, while one types
        return;
    }
    const QMimeData* held = QApplication::clipboard()->mimeData();
    if (const QStringList files = held ? localFiles(*held) : QStringList(); !files.isEmpty()) {
        openPaths(files);
        return;
    }
    const QString text = held && held->hasText() ? held->text() : held ? held->html() : QString();
    const QString line = text.trimmed();
    if (line.isEmpty())
        state_.say(tr("The clipboard holds no text"), true);
    else if (!line.contains(QLatin1Char('\n')) && QFileInfo(line).isAbsolute() && QFileInfo::exists(line))
        openPaths({line});
    else
        openText(text);
}

void MainWindow::openDialog(bool folder) {
    if (folder) {
        const QString path =
            QFileDialog::getExistingDirectory(this, tr("Open a folder of dumps"), loader_->folder());
        if (!path.isEmpty())
            openPaths({path});
        return;
    }
    openPaths(QFileDialog::getOpenFileNames(this,
        tr("Open dumps: several are read together as evidence about one run"), loader_->folder(),
        tr("Dumps and sessions (*.log *.txt *.py *.hopscope);;All files (*)")));
}

void MainWindow::showError(const QString& title, const Error& error) {
    const QString text = errorText(error);
    if (!state_.document()) {
        start_->setError(title, text);
        state_.say(title, true);
        return;
    }
    // What is open stays, below the whole error.
    state_.say(title, true);
    error_->setError(title, text);
}

void MainWindow::showKeys() {
    auto* list = new KeyList(keys_, this);
    list->setAttribute(Qt::WA_DeleteOnClose);
    list->show();
}

void MainWindow::showHelp() {
    if (!help_) {
        help_ = new HelpView(this);
        connect(&help_->pages(), &HelpPages::keysAsked, this, &MainWindow::showKeys);
        help_->pages().showPage();
    }
    help_->show();
    help_->raise();
    help_->activateWindow();
}

void MainWindow::showAbout() {
    auto* box = new QMessageBox(QMessageBox::NoIcon, tr("About Hopscope"),
        tr("<b>Hopscope %1</b><p>Inspector for the graphs of PyTorch's nested compile regions.</p>"
           "<p>Apache License 2.0</p>")
            .arg(QStringLiteral(HOPSCOPE_VERSION)),
        QMessageBox::Ok, this);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->open();
}

} // namespace hopscope
