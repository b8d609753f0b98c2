#include "views/shell/statusline.h"

#include "core/base/text.h"
#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/shell/jobstrip.h"

#include <QLabel>
#include <QStatusBar>

namespace hopscope {

namespace {
void setTone(QLabel* label, Role role) {
    QPalette palette = label->palette();
    palette.setColor(QPalette::WindowText, color(role));
    label->setPalette(palette);
}
} // namespace

StatusLine::StatusLine(WindowState* state, QStatusBar* bar, Asks asks)
    : state_(state)
    , asks_(std::move(asks))
    , text_(new QLabel(bar))
    , counts_(new QLabel(bar))
    , zoom_(new QLabel(bar)) {
    text_->setObjectName(QStringLiteral("statusText"));
    text_->setAccessibleName(tr("Status"));
    text_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    counts_->setObjectName(QStringLiteral("statusCounts"));
    bar->setSizeGripEnabled(false);
    bar->setContentsMargins(metrics::kPad, 0, metrics::kPad, 0);
    bar->addWidget(text_, 1);
    bar->addPermanentWidget(new JobStrip(&state->jobs(), bar));
    bar->addPermanentWidget(counts_);
    zoom_->setObjectName(QStringLiteral("statusZoom"));
    zoom_->setAccessibleName(tr("Zoom"));
    zoom_->setToolTip(tr("Zoom of the focused graph"));
    zoom_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    zoom_->setMinimumWidth(zoom_->fontMetrics().horizontalAdvance(QStringLiteral("0000 %")));
    bar->addPermanentWidget(zoom_);
    connect(state, &WindowState::said, this, &StatusLine::say);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        sayPlace();
        showCounts(state_->document().get());
    });
}

void StatusLine::follow(const Shown& shown, Changes changed) {
    if (changed & (Change::Document | Change::Place | Change::Selection | Change::Drawing))
        sayPlace();
    if (changed & Change::Document)
        showCounts(shown.document.get());
}

void StatusLine::say(const QString& text, bool isError) {
    if (text.isEmpty())
        return sayPlace();
    setTone(text_, isError ? Role::Failed : Role::Quiet);
    text_->setText(text);
    text_->setToolTip({});
}

void StatusLine::sayPlace() {
    if (!state_->document()) {
        say(tr("Open a dump, or drop one here"), false);
        return;
    }
    const QString remark = asks_.remark();
    say(qs(state_->navigator().title(state_->at()))
            + (remark.isEmpty() ? QString() : QStringLiteral(" · ") + remark),
        false);
    text_->setToolTip(asks_.detail());
}

void StatusLine::showZoom(double zoom) {
    setTone(zoom_, Role::Quiet);
    const double percent = zoom * 100;
    zoom_->setText(zoom > 0 ? tr("%1 %").arg(percent, 0, 'f', percent < 9.95 ? 1 : 0) : QString());
}

void StatusLine::showCounts(const Document* document) {
    setTone(counts_, Role::Quiet);
    if (!document) {
        counts_->clear();
        return;
    }
    const Dump& dump = document->dump();
    size_t nodes = 0;
    uint64_t bytes = 0;
    for (const Graph& graph : dump.graphs)
        nodes += graph.module ? graph.module->node_count() : 0;
    for (const DumpFile& file : dump.files)
        bytes += file.bytes;
    QStringList parts;
    if (bytes)
        parts << qs(format_bytes(bytes));
    parts << tr("%1 in %2")
                 .arg(qs(counted(nodes, "node")).replace(QString::number(nodes), grouped(nodes)),
                     qs(counted(dump.graphs.size(), "graph")));
    if (const ProblemCount problems = problemCount(*document); !problems.none())
        parts << qs(problems.text());
    if (const std::optional<double> seconds = asks_.readSeconds())
        parts << tr("read in %1").arg(qs(format_milliseconds(*seconds * 1000)));
    counts_->setText(parts.join(QStringLiteral(" · ")));
}

} // namespace hopscope
