#include "views/shell/sessionkeeper.h"

#include "core/browse/open.h"
#include "core/read/payloads.h"
#include "core/session/session.h"
#include "views/base/text.h"
#include "views/ledger/ledgerview.h"
#include "views/shell/actions.h"
#include "views/shell/loader.h"
#include "views/shell/panepresenter.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMessageBox>
#include <QPointer>

namespace hopscope {

namespace {
constexpr int kPauseMs = 400; // a view is written when the person rests, not at every step
const QString kUnfolded = QStringLiteral(" unfolded"), kDot = QStringLiteral(" dot");

bool takeEnd(QString& text, const QString& end) {
    if (!text.endsWith(end))
        return false;
    text.chop(end.size());
    return true;
}
} // namespace

SessionKeeper::SessionKeeper(WindowState* state, Actions* actions, Parts parts, QWidget* window)
    : state_(state)
    , actions_(actions)
    , parts_(parts)
    , window_(window) {
    timer_.setSingleShot(true);
    timer_.setInterval(kPauseMs);
    connect(&timer_, &QTimer::timeout, this, &SessionKeeper::saveView);
    connect(parts.panes, &PanePresenter::viewChanged, this, &SessionKeeper::saveSoon);
    connect(parts.loader, &Loader::shown, this, [this](bool sameRun) {
        if (!sameRun)
            restoreView();
    });
    actions_->connectTo(this, {{Do::SaveSession, [this] { saveDialog(); }}});
}

void SessionKeeper::follow(const Shown&, Changes changed) {
    if (changed & (Change::Place | Change::Selection | Change::Drawing))
        saveSoon();
}

void SessionKeeper::saveSoon() {
    if (state_->notes().has_file())
        timer_.start();
}

bool SessionKeeper::mayDiscard(std::function<void()> later) {
    later_ = nullptr;
    if (!state_->notes().has_unsaved())
        return true;
    QMessageBox box(QMessageBox::Question, tr("Keep the notes?"),
        tr("There are notes or bookmarks that no session keeps yet. Save them as a session?"),
        QMessageBox::Save | QMessageBox::Discard | QMessageBox::Cancel, window_);
    box.setObjectName(QStringLiteral("discardBox"));
    const int answer = box.exec();
    if (answer == QMessageBox::Save) {
        later_ = std::move(later);
        saveDialog();
    }
    return answer == QMessageBox::Discard;
}

void SessionKeeper::saveDialog() {
    const QString folder = parts_.loader->folder();
    // What was pasted lies nowhere: its name alone is proposed.
    const QString start = folder + qs(state_->document()->dump().name) + QStringLiteral(".hopscope");
    QString path = QFileDialog::getSaveFileName(
        window_, tr("Save as session"), start, tr("Hopscope sessions (*.hopscope)"));
    if (path.isEmpty()) {
        later_ = nullptr;
        return;
    }
    if (!path.endsWith(QStringLiteral(".hopscope")))
        path += QStringLiteral(".hopscope");
    save(path);
}

void SessionKeeper::save(const QString& path) {
    const std::shared_ptr<const Document> document = state_->document();
    if (!document)
        return;
    state_->clearError();
    NoteStore& notes = state_->notes();
    if (notes.has_file() && QFileInfo(exact(notes.session()->path())) == QFileInfo(path)) {
        saveView();
        const Status status = notes.save_unsaved();
        state_->touch(Change::Notes);
        state_->say(status ? tr("Everything is in %1 already").arg(visible(path)) : qs(status.error().text()),
            !status);
        // A failed save is over: what waited for it must not happen at the next one.
        if (const auto later = std::exchange(later_, nullptr); status && later)
            later();
        return;
    }
    auto made = std::make_shared<Result<std::unique_ptr<Session>>>(
        make_error(Error::Kind::Cancelled, "saving was cancelled"));
    state_->jobs().start(
        tr("Saving %1").arg(QFileInfo(path).fileName()),
        [=](const Job& job) {
            CreateOptions options;
            options.replace = true; // the dialog asked
            // The file keeps what is wrong with its payloads, also where the check beside it has not ended.
            const auto checked = document->dump().payloads.empty()
                ? document
                : with_payload_problems(*document, check_payloads(document->dump().payloads, job));
            *made = Session::create(ss(path), checked->dump(), checked->ledger(), options, job);
        },
        [=, self = QPointer(this)] {
            if (!self)
                return;
            if (!self->state_->document() || !document->same_reading(*self->state_->document())) {
                self->later_ = nullptr;
                return;
            }
            if (*made)
                return self->took(std::move(**made), path);
            self->later_ = nullptr;
            if (made->error().kind == Error::Kind::Cancelled)
                self->state_->say(tr("Saving was cancelled"));
            else
                self->state_->fail(tr("%1 cannot be saved").arg(QFileInfo(path).fileName()), made->error());
        });
}

void SessionKeeper::took(std::unique_ptr<Session> session, const QString& path) {
    // A session that is saved under another name takes its notes along.
    const Status status = state_->notes().attach(std::move(session));
    parts_.loader->setPaths({path});
    saveView();
    state_->touch(Change::Notes);
    Q_EMIT saved();
    if (!status) {
        later_ = nullptr; // they would be lost
        state_->fail(
            tr("%1 was saved without all of the notes").arg(QFileInfo(path).fileName()), status.error());
        return;
    }
    state_->say(tr("Saved %1; notes and this view are kept there from now on").arg(visible(path)));
    if (later_)
        std::exchange(later_, nullptr)();
}

// --- the view

void SessionKeeper::saveView() {
    timer_.stop();
    const NoteStore& notes = state_->notes();
    if (!state_->document() || !notes.has_file() || notes.read_only())
        return;
    QJsonObject zooms;
    for (const auto& [key, view] : parts_.panes->views()) {
        if (!key.choice.plain())
            continue; // how a body was expanded is not kept, and so neither is the view of it
        const QString name = exact(state_->document()->address({key.graph, key.body, {}}))
            + (key.fold ? QString() : kUnfolded) + (key.dot ? kDot : QString());
        zooms.insert(name,
            QJsonObject{{QStringLiteral("zoom"), view.zoom}, {QStringLiteral("x"), view.centre.x()},
                {QStringLiteral("y"), view.centre.y()}});
    }
    const QJsonObject window{{QStringLiteral("place"), exact(state_->navigator().describe())},
        {QStringLiteral("fold"), (*actions_)[Do::Fold]->isChecked()},
        {QStringLiteral("filter"), parts_.ledger->filterText()}, {QStringLiteral("views"), zooms}};
    const Status status = notes.session()->set_view(
        "window", QJsonDocument(window).toJson(QJsonDocument::Compact).toStdString());
    if (!status)
        state_->say(status.error());
}

void SessionKeeper::restoreView() {
    if (!state_->notes().has_file())
        return;
    const std::string text = state_->notes().session()->view("window");
    const QJsonObject window = QJsonDocument::fromJson(QByteArray::fromStdString(text)).object();
    if (window.isEmpty())
        return;
    PanePresenter::Views views;
    const QJsonObject zooms = window.value(QStringLiteral("views")).toObject();
    for (auto zoom = zooms.begin(); zoom != zooms.end(); ++zoom) {
        QString name = zoom.key();
        const bool dot = takeEnd(name, kDot), unfolded = takeEnd(name, kUnfolded);
        const Result<Place> place = resolve(state_->document()->dump(), ss(name));
        if (!place)
            continue;
        const QJsonObject at = zoom.value().toObject();
        ViewState view;
        view.zoom = at.value(QStringLiteral("zoom")).toDouble();
        view.centre =
            QPointF(at.value(QStringLiteral("x")).toDouble(), at.value(QStringLiteral("y")).toDouble());
        views[{place->graph, place->body, !unfolded, dot}] = view;
    }
    parts_.panes->setViews(std::move(views));
    (*actions_)[Do::Fold]->setChecked(window.value(QStringLiteral("fold")).toBool(true));
    parts_.ledger->setFilterText(window.value(QStringLiteral("filter")).toString());
    state_->navigator().restore(ss(window.value(QStringLiteral("place")).toString()));
}

} // namespace hopscope
