#include "views/shell/exporter.h"

#include "views/base/text.h"
#include "views/export/exportdialog.h"
#include "views/shell/actions.h"
#include "views/shell/loader.h"
#include "views/shell/panepresenter.h"

#include <QDesktopServices>
#include <QDir>
#include <QFileInfo>
#include <QPointer>
#include <QSplitter>
#include <QUrl>

namespace hopscope {

Exporter::Exporter(WindowState* state, Actions* actions, PanePresenter* panes, Loader* loader)
    : state_(state)
    , actions_(actions)
    , panes_(panes)
    , loader_(loader) {
    actions_->connectTo(this, {{Do::Export, [this] { openDialog(); }}});
}

void Exporter::openDialog() {
    int chosen = 0;
    const std::vector<ExportScope> scopes = panes_->scopes(&chosen);
    if (scopes.empty())
        return;
    const QString folder =
        loader_->paths().isEmpty() ? QDir::currentPath() : QFileInfo(loader_->paths().first()).absolutePath();
    auto* dialog = new ExportDialog(state_->document(), scopes, chosen, folder, panes_->widget()->window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &ExportDialog::exportRequested, this, [this, dialog](ExportRequest request) {
        request.fold = (*actions_)[Do::Fold]->isChecked();
        request.dot = (*actions_)[Do::LayoutDot]->isChecked();
        write(request, dialog->opensFolder());
    });
    dialog->open();
}

void Exporter::write(const ExportRequest& request, bool openFolder) {
    const std::shared_ptr<const Document> document = state_->document();
    auto status = std::make_shared<Result<std::string>>(std::string());
    state_->clearError();
    state_->jobs().start(
        tr("Exporting %1").arg(QFileInfo(request.path).fileName()),
        [=](const Job& job) { *status = exportBody(*document, request, job); },
        [=, self = QPointer(this)] {
            if (!self)
                return;
            if (*status) {
                const QString note = qs(**status);
                self->state_->say(tr("Exported %1").arg(request.path)
                    + (note.isEmpty() ? QString() : QStringLiteral(" · ") + note));
                Q_EMIT self->written(note);
                if (openFolder)
                    QDesktopServices::openUrl(QUrl::fromLocalFile(QFileInfo(request.path).absolutePath()));
            } else if (status->error().kind == Error::Kind::Cancelled) {
                self->state_->say(tr("The export was cancelled"));
            } else {
                self->state_->fail(
                    tr("%1 cannot be exported").arg(QFileInfo(request.path).fileName()), status->error());
            }
        });
}

} // namespace hopscope
