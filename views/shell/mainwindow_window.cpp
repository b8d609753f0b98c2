// The window itself: its size and colours, its dialogs, and what reaches all of it.
#include "core/base/text.h"
#include "views/base/errortext.h"
#include "views/base/text.h"
#include "views/shell/docks.h"
#include "views/shell/keylist.h"
#include "views/shell/loader.h"
#include "views/shell/mainwindow.h"
#include "views/shell/panepresenter.h"
#include "views/shell/sessionkeeper.h"
#include "views/shell/startpage.h"

#include <QApplication>
#include <QClipboard>
#include <QCloseEvent>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QMimeData>
#include <QMouseEvent>
#include <QScreen>
#include <QSplitter>

#include <algorithm>

namespace hopscope {

namespace {
constexpr int kLayoutVersion = 2; // of saveState: docks that are new put themselves in their place

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
    restoreState(settings_->value(QStringLiteral("window/docks")).toByteArray(), kLayoutVersion);
    panes_->widget()->restoreState(settings_->value(QStringLiteral("window/panes")).toByteArray());
    const bool dot = settings_->value(QStringLiteral("window/layout")).toString() == QStringLiteral("dot");
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
    // What is open stays; the error stands where messages stand, and the whole of it can be copied.
    state_.say(title + QStringLiteral(": ") + text, true);
    delete errorBox_;
    errorBox_ = new QMessageBox(QMessageBox::Warning, title, text, QMessageBox::Close, this);
    errorBox_->setObjectName(QStringLiteral("errorBox"));
    errorBox_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    errorBox_->setModal(false);
    errorBox_->setAttribute(Qt::WA_DeleteOnClose);
    errorBox_->show();
}

void MainWindow::showKeys() {
    auto* list = new KeyList(actions_.all() + docks_->actions(), this);
    list->setAttribute(Qt::WA_DeleteOnClose);
    list->show();
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
