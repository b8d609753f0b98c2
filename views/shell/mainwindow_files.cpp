#include "views/shell/mainwindow.h"

#include "core/base/text.h"
#include "core/browse/open.h"
#include "core/session/session.h"
#include "views/base/text.h"
#include "views/bodytext/bodytext.h"
#include "views/export/exportdialog.h"
#include "views/inspector/inspector.h"
#include "views/ledger/ledgerview.h"
#include "views/outline/outlineview.h"
#include "views/problems/problemsview.h"
#include "views/run/stepsview.h"
#include "views/shell/pane.h"
#include "views/shell/recents.h"
#include "views/shell/startpage.h"
#include "views/values/valueview.h"

#include <QCoreApplication>
#include <QDir>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>
#include <QMessageBox>
#include <QMimeData>
#include <QStackedWidget>
#include <QStatusBar>

namespace hopscope {

// What a reading job hands over.
struct MainWindow::Loaded {
    QStringList paths;
    QString at;
    bool sameRun = false; // a reload
    std::shared_ptr<const Document> document;
    std::unique_ptr<Session> session;
    Error error;
    bool failed = false;
    double seconds = 0;
};

namespace {
QString shortNames(const QStringList& paths) {
    QStringList names;
    for (const QString& path : paths)
        names << QFileInfo(path).fileName();
    return names.join(QStringLiteral(" + "));
}
} // namespace

// --- opening

void MainWindow::openPaths(const QStringList& paths, const QString& at) {
    if (paths.isEmpty())
        return;
    const bool sameRun = document_ && paths == paths_;
    if (!sameRun && !mayDiscard())
        return;
    if (loading_)
        jobs_.cancel(loading_);
    const int generation = ++loadGeneration_;
    auto result = std::make_shared<Loaded>();
    result->paths = paths;
    result->at = at;
    result->sameRun = sameRun;
    hasError_ = false;
    if (!document_) {
        start_->setError({}, {});
        note(tr("Reading %1").arg(shortNames(paths)));
    }
    loading_ = jobs_.start(
        tr("Reading %1").arg(shortNames(paths)),
        [result](const Job& job) {
            QElapsedTimer clock;
            clock.start();
            std::vector<std::string> files;
            for (const QString& path : result->paths)
                files.push_back(ss(QDir::fromNativeSeparators(path)));
            Result<Opened> opened = open_document(files, job);
            if (!opened) {
                result->failed = true;
                result->error = opened.error();
                return;
            }
            result->document = std::move(opened->document);
            result->session = std::move(opened->session);
            result->seconds = double(clock.nsecsElapsed()) / 1e9;
        },
        [=, this] {
            if (generation != loadGeneration_)
                return; // another file was asked for meanwhile
            loading_ = 0;
            loaded(result);
        });
}

void MainWindow::loaded(const std::shared_ptr<Loaded>& result) {
    if (result->failed) {
        if (result->error.kind == Error::Kind::Cancelled) {
            hasError_ = true;
            lastError_ = result->error;
            note(tr("Reading %1 was cancelled").arg(shortNames(result->paths)));
        } else {
            showError(tr("%1 cannot be opened").arg(shortNames(result->paths)), result->error);
        }
        Q_EMIT failed();
        return;
    }
    readSeconds_ = result->seconds;
    if (!result->sameRun || result->session) {
        // A session's own are read again; what no file holds yet stays while it is about the same run.
        result->sameRun ? notes_.detach() : notes_.clear();
        history_.clear();
    }
    paths_ = result->paths;
    notes_.set_document(result->document);
    const Status noted = result->session ? notes_.attach(std::move(result->session)) : Status();
    setDocument(result->document, result->sameRun);
    if (settings_) {
        Recents::add(*settings_, paths_);
        start_->setRecents(Recents::list(*settings_));
    }
    if (!result->sameRun && notes_.has_file())
        restoreView();
    if (!result->at.isEmpty()) {
        const Status status = navigator_.go_to(ss(result->at));
        if (!status) {
            hasError_ = true;
            lastError_ = status.error();
            note(qs(status.error().text()), true);
        }
    }
    updateNotes();
    updateActions();
    if (!noted)
        note(qs(noted.error().text()), true);
    if (document_->dump().cancelled)
        note(tr("Reading was stopped; what had been read is shown"), true);
    Q_EMIT opened();
}

void MainWindow::setDocument(std::shared_ptr<const Document> document, bool sameRun) {
    // With graphs added to the same reading, all that is shown, set and run stays.
    const bool extended = extends(document_, document);
    if (!extended) {
        // A run is of the dump that was read: another reading has other nodes.
        run_.stop();
        run_.forgetBreakpoints();
        views_.clear();
        shown_ = {};
    }
    document_ = std::move(document);
    notes_.set_document(document_);
    scenes_.setDocument(document_);
    for (PaneView* pane : panes_) {
        pane->setDocument(document_);
        if (!extended)
            pane->canvas().setScene(nullptr);
    }
    outline_->setDocument(document_);
    ledger_->setDocument(document_);
    problems_->setDocument(document_);
    bodyText_->setDocument(document_);
    inspector_->setDocument(document_);
    values_->setDocument(document_);
    steps_->setDocument(document_);
    stack_->setCurrentIndex(document_ ? 1 : 0);
    if (extended) {
        navigator_.replace_document(document_);
        return;
    }
    if (sameRun)
        navigator_.replace_document(document_);
    else
        navigator_.set_document(document_);
    if (!document_) {
        start_->setRecents(settings_ ? Recents::list(*settings_) : QList<QStringList>{});
        updateStatus();
        updateTitle();
        updateActions();
        updateNotes();
        return;
    }
    if (problems_->count() > 0)
        note(tr("%1: see the list of problems").arg(qs(counted(uint64_t(problems_->count()), "problem"))));
    panes_[size_t(navigator_.state().focus)]->canvas().setFocus();
}

void MainWindow::showError(const QString& title, const Error& error) {
    hasError_ = true;
    lastError_ = error;
    if (document_) {
        // What is open stays; the error stands where messages stand, and the whole of it can be copied.
        note(title + QStringLiteral(": ") + qs(error.text()), true);
        auto* box = findChild<QMessageBox*>(QStringLiteral("errorBox"));
        delete box;
        box = new QMessageBox(QMessageBox::Warning, title, qs(error.text()), QMessageBox::Close, this);
        box->setObjectName(QStringLiteral("errorBox"));
        box->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
        box->setModal(false);
        box->setAttribute(Qt::WA_DeleteOnClose);
        box->show();
        return;
    }
    start_->setError(title, qs(error.text()));
    note(title, true);
}

void MainWindow::note(const QString& message, bool isError) {
    QPalette palette = statusText_->palette();
    palette.setColor(QPalette::WindowText, color(isError ? Role::Failed : Role::Quiet));
    statusText_->setPalette(palette);
    statusText_->setText(message);
}

void MainWindow::openDialog(bool folder) {
    const QString from = paths_.isEmpty() ? QString() : QFileInfo(paths_.first()).path();
    if (folder) {
        const QString path = QFileDialog::getExistingDirectory(this, tr("Open a folder of dumps"), from);
        if (!path.isEmpty())
            openPaths({path});
        return;
    }
    const QStringList files = QFileDialog::getOpenFileNames(this,
        tr("Open dumps: several are read together as evidence about one run"), from,
        tr("Dumps and sessions (*.log *.txt *.py *.hopscope);;All files (*)"));
    openPaths(files);
}

// The sample's trace and its text log: two kinds of evidence about one run.
QStringList MainWindow::samplePaths() {
    const QString program = QCoreApplication::applicationDirPath();
    for (const QString& folder : {QStringLiteral(HOPSCOPE_SAMPLES),
             program + QStringLiteral("/../share/hopscope/samples"), program + QStringLiteral("/samples")}) {
        QStringList paths;
        for (const QFileInfo& file :
            QDir(folder).entryInfoList({QStringLiteral("gpt12*")}, QDir::Files, QDir::Name))
            paths << file.absoluteFilePath();
        if (!paths.isEmpty())
            return paths;
    }
    return {};
}

void MainWindow::openSample() {
    openPaths(samplePaths());
}

void MainWindow::closeDump() {
    saveView();
    if (loading_)
        jobs_.cancel(loading_);
    ++loadGeneration_;
    loading_ = 0;
    notes_.clear();
    history_.clear();
    paths_.clear();
    setDocument(nullptr, false);
}

// Notes that are in no file would be lost: the one thing that is asked about.
bool MainWindow::mayDiscard() {
    if (!notes_.has_unsaved() || options_.reproducible)
        return true;
    QMessageBox box(QMessageBox::Question, tr("Keep the notes?"),
        tr("There are notes or bookmarks that no session keeps yet. Save them as a session?"),
        QMessageBox::Save | QMessageBox::Discard | QMessageBox::Cancel, this);
    box.setObjectName(QStringLiteral("discardBox"));
    const int answer = box.exec();
    if (answer == QMessageBox::Save)
        saveDialog();
    return answer == QMessageBox::Discard;
}

// --- dropping

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    if (event->mimeData()->hasUrls())
        event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
    QStringList paths;
    for (const QUrl& url : event->mimeData()->urls()) {
        if (url.isLocalFile())
            paths << url.toLocalFile();
    }
    if (paths.isEmpty())
        return;
    event->acceptProposedAction();
    openPaths(paths);
}

// --- sessions

void MainWindow::saveDialog() {
    const QString start = paths_.isEmpty() ? QString()
                                           : QFileInfo(paths_.first()).path() + QLatin1Char('/')
            + qs(document_->dump().name) + QStringLiteral(".hopscope");
    QString path = QFileDialog::getSaveFileName(
        this, tr("Save as session"), start, tr("Hopscope sessions (*.hopscope)"));
    if (path.isEmpty())
        return;
    if (!path.endsWith(QStringLiteral(".hopscope")))
        path += QStringLiteral(".hopscope");
    saveSession(path);
}

void MainWindow::saveSession(const QString& path) {
    if (!document_)
        return;
    const std::shared_ptr<const Document> document = document_;
    struct Saved {
        std::unique_ptr<Session> session;
        Error error;
    };
    auto saved = std::make_shared<Saved>();
    saveBegun_ = true;
    hasError_ = false;
    if (notes_.has_file() && QFileInfo(qs(notes_.session()->path())) == QFileInfo(path)) {
        saveView();
        const Status status = notes_.save_unsaved();
        updateTitle();
        note(status ? tr("Everything is in %1 already").arg(path) : qs(status.error().text()), !status);
        return;
    }
    jobs_.start(
        tr("Saving %1").arg(QFileInfo(path).fileName()),
        [=](const Job& job) {
            CreateOptions options;
            options.replace = true; // the dialog asked
            Result<std::unique_ptr<Session>> session =
                Session::create(ss(path), document->dump(), document->ledger(), options, job);
            if (session)
                saved->session = std::move(*session);
            else
                saved->error = session.error();
        },
        [=, this] {
            if (!document_ || !document->same_reading(*document_))
                return;
            if (!saved->session) {
                if (saved->error.kind == Error::Kind::Cancelled)
                    note(tr("Saving was cancelled"));
                else
                    showError(tr("%1 cannot be saved").arg(QFileInfo(path).fileName()), saved->error);
                return;
            }
            // A session that is saved under another name takes its notes along.
            const Status status = notes_.attach(std::move(saved->session));
            paths_ = {path};
            saveView();
            if (settings_)
                Recents::add(*settings_, paths_);
            updateTitle();
            updateNotes();
            updateActions();
            if (!status) {
                closeAfterSave_ = false; // they would be lost
                showError(tr("%1 was saved without all of the notes").arg(QFileInfo(path).fileName()),
                    status.error());
                return;
            }
            if (closeAfterSave_)
                close();
            note(tr("Saved %1; notes and this view are kept there from now on").arg(path));
        });
}

void MainWindow::saveView() {
    saveTimer_.stop();
    if (!document_ || !notes_.has_file() || notes_.read_only())
        return;
    for (Pane pane : {Pane::Left, Pane::Right})
        rememberView(pane);
    QJsonObject window;
    window.insert(QStringLiteral("place"), qs(navigator_.describe()));
    window.insert(QStringLiteral("fold"), actions_[Do::Fold]->isChecked());
    window.insert(QStringLiteral("filter"), ledger_->filterText());
    QJsonObject zooms;
    for (const auto& [key, view] : views_) {
        const QString name = qs(document_->address({key.graph, key.body, {}}))
            + (key.fold ? QString() : QStringLiteral(" unfolded"))
            + (key.dot ? QStringLiteral(" dot") : QString());
        zooms.insert(name,
            QJsonObject{{QStringLiteral("zoom"), view.zoom}, {QStringLiteral("x"), view.centre.x()},
                {QStringLiteral("y"), view.centre.y()}});
    }
    window.insert(QStringLiteral("views"), zooms);
    const Status status = notes_.session()->set_view(
        "window", QJsonDocument(window).toJson(QJsonDocument::Compact).toStdString());
    if (!status)
        note(qs(status.error().text()), true);
}

void MainWindow::restoreView() {
    const std::string text = notes_.session()->view("window");
    const QJsonObject window = QJsonDocument::fromJson(QByteArray::fromStdString(text)).object();
    if (window.isEmpty())
        return;
    const QJsonObject zooms = window.value(QStringLiteral("views")).toObject();
    for (auto zoom = zooms.begin(); zoom != zooms.end(); ++zoom) {
        QString name = zoom.key();
        const bool dot = name.endsWith(QStringLiteral(" dot"));
        name.chop(dot ? 4 : 0);
        const bool unfolded = name.endsWith(QStringLiteral(" unfolded"));
        name.chop(unfolded ? 9 : 0);
        const Result<Place> place = resolve(document_->dump(), ss(name));
        if (!place)
            continue;
        const QJsonObject at = zoom.value().toObject();
        ViewState view;
        view.zoom = at.value(QStringLiteral("zoom")).toDouble();
        view.centre =
            QPointF(at.value(QStringLiteral("x")).toDouble(), at.value(QStringLiteral("y")).toDouble());
        views_[{place->graph, place->body, !unfolded, dot}] = view;
    }
    actions_[Do::Fold]->setChecked(window.value(QStringLiteral("fold")).toBool(true));
    ledger_->setFilterText(window.value(QStringLiteral("filter")).toString());
    navigator_.restore(ss(window.value(QStringLiteral("place")).toString()));
}

// --- export

void MainWindow::exportDialog() {
    std::vector<std::pair<QString, Place>> bodies;
    int chosen = 0;
    for (Pane pane : {Pane::Left, Pane::Right}) {
        if (!navigator_.pane(pane).graph)
            continue;
        if (pane == navigator_.state().focus)
            chosen = int(bodies.size());
        bodies.emplace_back(pane == Pane::Left ? tr("Left pane") : tr("Right pane"), navigator_.pane(pane));
    }
    if (bodies.empty())
        return;
    const QString folder = paths_.isEmpty() ? QDir::currentPath() : QFileInfo(paths_.first()).absolutePath();
    auto* dialog = new ExportDialog(document_, bodies, chosen, folder, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &ExportDialog::exportRequested, this, [this](ExportRequest request) {
        request.fold = actions_[Do::Fold]->isChecked();
        request.dot = actions_[Do::LayoutDot]->isChecked();
        exportTo(request);
    });
    dialog->open();
}

void MainWindow::exportTo(const ExportRequest& request) {
    const std::shared_ptr<const Document> document = document_;
    auto status = std::make_shared<Status>();
    hasError_ = false;
    jobs_.start(
        tr("Exporting %1").arg(QFileInfo(request.path).fileName()),
        [=](const Job& job) { *status = exportBody(*document, request, job); },
        [=, this] {
            if (*status) {
                note(tr("Exported %1").arg(request.path));
            } else if (status->error().kind == Error::Kind::Cancelled) {
                note(tr("The export was cancelled"));
            } else {
                showError(
                    tr("%1 cannot be exported").arg(QFileInfo(request.path).fileName()), status->error());
            }
        });
}

} // namespace hopscope
