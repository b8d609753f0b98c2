#include "views/shell/jobstrip.h"

#include "views/base/jobs.h"
#include "views/base/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QToolButton>

namespace hopscope {

namespace {
constexpr int kShowAfterMs = 300, kTickMs = 100;
}

JobStrip::JobStrip(JobRunner* jobs, QWidget* parent)
    : QWidget(parent)
    , jobs_(jobs)
    , text_(new QLabel(this))
    , bar_(new QProgressBar(this))
    , cancel_(new QToolButton(this)) {
    setObjectName(QStringLiteral("jobStrip"));
    bar_->setObjectName(QStringLiteral("jobProgress"));
    bar_->setAccessibleName(tr("Progress of the running job"));
    bar_->setTextVisible(false);
    bar_->setFixedSize(96, 6);
    cancel_->setObjectName(QStringLiteral("jobCancel"));
    cancel_->setIcon(icon(QStringLiteral("cancel")));
    cancel_->setAutoRaise(true);
    cancel_->setAccessibleName(tr("Cancel the running job"));
    cancel_->setToolTip(tr("Cancel the running job"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(metrics::kPad);
    row->addWidget(text_);
    row->addWidget(bar_);
    row->addWidget(cancel_);
    connect(cancel_, &QToolButton::clicked, this, [this] { jobs_->cancel(shown_); });
    timer_.setInterval(kTickMs);
    connect(&timer_, &QTimer::timeout, this, &JobStrip::update);
    connect(jobs_, &JobRunner::changed, this, [this] {
        if (jobs_->idle())
            timer_.stop();
        else if (!timer_.isActive())
            timer_.start();
        update();
    });
    hide();
}

void JobStrip::update() {
    const std::vector<JobRunner::Status> all = jobs_->statuses();
    const JobRunner::Status* job = nullptr;
    for (const JobRunner::Status& status : all) {
        if (!job && status.elapsedMs >= kShowAfterMs)
            job = &status;
    }
    setVisible(job);
    if (!job)
        return;
    shown_ = job->id;
    QString text = job->name;
    if (!job->phase.isEmpty())
        text += QStringLiteral(" · ") + job->phase;
    if (job->percent)
        text += tr(" %1 %").arg(*job->percent);
    text += tr(" · %1 s").arg(double(job->elapsedMs) / 1000, 0, 'f', 1);
    if (all.size() > 1)
        text += tr(" · %1 more").arg(all.size() - 1);
    text_->setText(job->cancelling ? tr("%1 · stopping").arg(job->name) : text);
    bar_->setRange(0, job->percent ? 100 : 0);
    bar_->setValue(job->percent.value_or(0));
    cancel_->setEnabled(!job->cancelling);
}

} // namespace hopscope
