#include "views/shell/otherdump.h"

#include "core/browse/open.h"
#include "views/base/text.h"
#include "views/ledger/twoledgersview.h"
#include "views/shell/actions.h"
#include "views/shell/diffpresenter.h"
#include "views/shell/docks.h"

#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QPointer>

namespace hopscope {

OtherDump::OtherDump(WindowState* state, Actions* actions, Docks* docks, DiffPresenter* diff, QWidget* window)
    : state_(state)
    , actions_(actions)
    , docks_(docks)
    , diff_(diff)
    , window_(window)
    , view_(docks->panel<TwoLedgersView>()) {
    actions_->connectTo(this, {{Do::CompareDump, [this] { choose(); }}});
    connect(view_, &TwoLedgersView::bodiesAsked, this, &OtherDump::compareBodies);
    connect(view_, &TwoLedgersView::rowChosen, this,
        [this](int row) { state_->navigator().select_invocation(row); });
}

void OtherDump::choose() {
    const QStringList paths =
        QFileDialog::getOpenFileNames(window_, tr("Compare with another dump (several files: one run)"));
    if (!paths.isEmpty())
        open(paths);
}

void OtherDump::open(const QStringList& paths) {
    const std::shared_ptr<const Document> here = state_->document();
    if (!here)
        return;
    QStringList names;
    std::vector<std::string> files;
    for (const QString& path : paths) {
        names << QFileInfo(path).fileName();
        files.push_back(ss(QDir::fromNativeSeparators(path)));
    }
    struct Read {
        std::optional<Error> error;
        std::shared_ptr<const TwoLedgers> ledgers;
    };
    auto read = std::make_shared<Read>();
    const QString name = visible(names.join(QStringLiteral(" + ")));
    const int generation = ++generation_;
    state_->jobs().start(
        tr("Reading %1").arg(name),
        [=](const Job& job) {
            const auto opened = open_document(files, job);
            if (!opened)
                read->error = opened.error();
            else
                read->ledgers = std::make_shared<const TwoLedgers>(compare_documents(here, opened->document));
        },
        [=, self = QPointer(this)] {
            if (!self || generation != self->generation_ || !self->state_->document()
                || !self->state_->document()->same_reading(*here))
                return; // another was asked for meanwhile
            if (read->error)
                return self->state_->fail(tr("%1 cannot be opened").arg(name), *read->error);
            self->view_->show(read->ledgers);
            self->docks_->show(QStringLiteral("ledgers"));
        });
}

// The other dump's graph is laid over this one, so that both bodies are of one document.
void OtherDump::compareBodies(const Place& here, const Place& there) {
    const TwoLedgers* of = view_->model().ledgers();
    if (!of || !state_->document())
        return;
    const Borrowed borrowed = borrow_body(*state_->document(), *of->there, there);
    if (borrowed.document)
        state_->setDocument(borrowed.document, /*sameRun=*/true);
    diff_->compare(here, borrowed.body);
}

void OtherDump::follow(const Shown& shown, Changes changed) {
    if (changed & Change::Document)
        actions_->setReason(Do::CompareDump, shown.document ? QString() : tr("no dump is open"));
}

} // namespace hopscope
