#include "views/shell/loader.h"

#include "core/base/text.h"
#include "core/browse/open.h"
#include "core/read/payloads.h"
#include "views/base/resources.h"
#include "views/base/text.h"
#include "views/shell/statusline.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFileInfo>
#include <QPointer>

#include <algorithm>

namespace hopscope {

// What a reading job hands over.
struct Loader::Loaded {
    QStringList paths; // empty: `text` was pasted
    QString text;
    QString name; // for messages
    QString at;
    bool sameRun = false; // a reload
    Result<Opened> opened = make_error(Error::Kind::CannotRead, "nothing was read");
    double seconds = 0;
};

namespace {
constexpr qsizetype kMostWatched =
    64; // files; a folder of thousands of ranks would use up the system's watches

QString shortNames(const QStringList& paths) {
    QStringList names;
    for (const QString& path : paths)
        names << QFileInfo(path).fileName();
    return visible(names.join(QStringLiteral(" + ")));
}
} // namespace

Loader::Loader(WindowState* state)
    : state_(state) {
    connect(&watched_, &QFileSystemWatcher::fileChanged, this, [this](const QString& path) {
        state_->say(tr("%1 has changed on disk since it was read: Ctrl+R reads it again")
                        .arg(visible(QFileInfo(path).fileName())));
    });
}

// The files that were read, so that a change of them is told; a session changes by what is done here.
void Loader::watch() {
    if (!watched_.files().isEmpty())
        watched_.removePaths(watched_.files());
    const auto is_session = [](const QString& path) { return path.endsWith(QStringLiteral(".hopscope")); };
    if (std::any_of(paths_.begin(), paths_.end(), is_session))
        return;
    QStringList files;
    for (const DumpFile& file : state_->document()->dump().files)
        if (files.size() < kMostWatched && QFileInfo(qs(file.path)).isFile())
            files << qs(file.path);
    if (!files.isEmpty())
        watched_.addPaths(files);
}

void Loader::open(const QStringList& paths, const QString& at) {
    if (paths.isEmpty())
        return;
    auto result = std::make_shared<Loaded>();
    result->paths = paths;
    result->name = shortNames(paths);
    result->at = at;
    result->sameRun = sameRun(paths);
    start(std::move(result));
}

void Loader::openText(const QString& text) {
    auto result = std::make_shared<Loaded>();
    result->text = text;
    result->name = tr("the pasted text");
    start(std::move(result));
}

void Loader::start(std::shared_ptr<Loaded> result) {
    for (const JobRunner::Id job : {job_, check_})
        state_->jobs().cancel(job);
    const int generation = ++generation_;
    state_->clearError();
    Q_EMIT reading(result->name);
    job_ = state_->jobs().start(
        tr("Reading %1").arg(result->name),
        [result](const Job& job) {
            QElapsedTimer clock;
            clock.start();
            std::vector<std::string> files;
            for (const QString& path : result->paths)
                files.push_back(ss(QDir::fromNativeSeparators(path)));
            result->opened =
                files.empty() ? open_pasted("pasted text", ss(result->text), job) : open_document(files, job);
            if (result->opened)
                result->opened->document->first_to_explain(); // the window asks it first
            result->seconds = double(clock.nsecsElapsed()) / 1e9;
        },
        [=, self = QPointer(this)] {
            if (!self || generation != self->generation_)
                return; // another file was asked for meanwhile
            self->job_ = 0;
            self->take(result);
        });
}

void Loader::refuse(const Loaded& result) {
    const Error& error = result.opened.error();
    if (error.kind == Error::Kind::Cancelled) {
        state_->fail({}, error);
        state_->say(tr("Reading %1 was cancelled").arg(result.name));
    } else if (result.paths.isEmpty()) {
        state_->fail(tr("The pasted text cannot be opened"), error);
    } else {
        state_->fail(tr("%1 cannot be opened").arg(result.name), error);
    }
    // What was shown stays, and its check was stopped for the sake of this reading.
    if (state_->document())
        checkPayloads();
    Q_EMIT failed();
}

Status Loader::takeNotes(Loaded& result) {
    NoteStore& notes = state_->notes();
    std::unique_ptr<Session>& session = result.opened->session;
    if (!result.sameRun || session) {
        // A session's own are read again; what no file holds yet stays while it is about the same run.
        result.sameRun ? notes.detach() : notes.clear();
        state_->history().clear();
    }
    notes.set_document(result.opened->document);
    return session ? notes.attach(std::move(session)) : Status();
}

void Loader::take(const std::shared_ptr<Loaded>& result) {
    if (!result->opened)
        return refuse(*result);
    seconds_ = result->seconds;
    paths_ = result->paths;
    const Status noted = takeNotes(*result);
    state_->setDocument(result->opened->document, result->sameRun);
    state_->flush();
    const Document& document = *state_->document();
    if (const uint64_t problems = problemCount(document).problems)
        state_->say(tr("%1: see the list of problems").arg(qs(counted(problems, "problem"))));
    Q_EMIT shown(result->sameRun);
    if (!result->at.isEmpty()) {
        const Status there = state_->navigator().go_to(ss(result->at));
        if (!there) {
            state_->fail({}, there.error());
            state_->say(there.error());
        }
    }
    if (!noted)
        state_->say(noted.error());
    if (document.dump().cancelled)
        state_->say(tr("Reading was stopped; what had been read is shown"), true);
    Q_EMIT opened();
    watch();
    checkPayloads();
}

// In a job of its own: what was read is shown before, and damage is told when it is found.
void Loader::checkPayloads() {
    const std::shared_ptr<const Document> document = state_->document();
    if (document->dump().payloads.empty())
        return;
    struct Checked {
        std::vector<Problem> found;
        bool whole = false;
    };
    auto checked = std::make_shared<Checked>();
    const int generation = generation_;
    check_ = state_->jobs().start(
        tr("Checking md5 sums"),
        [=](const Job& job) {
            checked->found = check_payloads(document->dump().payloads, job);
            checked->whole = !job.cancelled();
        },
        [=, self = QPointer(this)] {
            if (!self || generation != self->generation_ || !self->state_->document()
                || !document->same_reading(*self->state_->document()))
                return; // another dump came meanwhile, or is being read: that stopped this check, no person
                        // did
            if (!checked->whole)
                return self->state_->say(
                    tr("Checking md5 sums was cancelled: damage may not be listed"), true);
            if (checked->found.empty())
                return;
            self->state_->setDocument(
                with_payload_problems(*self->state_->document(), checked->found), /*sameRun=*/true);
            self->state_->say(tr("%1 in the payloads: see the list of problems")
                                  .arg(qs(counted(checked->found.size(), "problem"))),
                true);
        });
}

void Loader::close() {
    for (const JobRunner::Id job : {job_, check_})
        state_->jobs().cancel(job);
    ++generation_;
    job_ = 0;
    state_->notes().clear();
    state_->history().clear();
    paths_.clear();
    if (!watched_.files().isEmpty())
        watched_.removePaths(watched_.files());
    state_->setDocument(nullptr, false);
    state_->flush();
}

QString Loader::folder() const {
    return paths_.isEmpty() ? QString() : QFileInfo(paths_.first()).absolutePath() + QLatin1Char('/');
}

// The sample's trace and its text log: two kinds of evidence about one run.
QStringList Loader::samplePaths() {
    QStringList paths;
    const QDir folder(resourceFolder(QStringLiteral("samples")));
    for (const QFileInfo& file : folder.entryInfoList({QStringLiteral("gpt12*")}, QDir::Files, QDir::Name))
        paths << file.absoluteFilePath();
    return paths;
}

} // namespace hopscope
