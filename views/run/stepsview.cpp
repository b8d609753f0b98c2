#include "views/run/stepsview.h"

#include "core/base/text.h"
#include "views/base/plot.h"
#include "views/base/text.h"
#include "views/base/theme.h"

#include <QAction>
#include <QCheckBox>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPainter>
#include <QShortcut>
#include <QSignalBlocker>
#include <QSlider>
#include <QSplitter>
#include <QTabWidget>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace hopscope {

namespace {
// Says what belongs there while it is empty.
class HintTable : public QTableView {
public:
    HintTable(const QString& hint, QWidget* parent)
        : QTableView(parent)
        , hint_(hint) { }

protected:
    void paintEvent(QPaintEvent* event) override {
        QTableView::paintEvent(event);
        if (model() && model()->rowCount() > 0)
            return;
        QPainter painter(viewport());
        painter.setPen(color(Role::Quiet));
        painter.drawText(viewport()->rect().adjusted(metrics::kPad, metrics::kPad, -metrics::kPad, 0),
            Qt::AlignTop | Qt::AlignLeft | Qt::TextWordWrap, hint_);
    }

private:
    QString hint_;
};
} // namespace

StepsView::StepsView(RunController* controller, QAction* computeAll, QAction* measure, QWidget* parent)
    : QWidget(parent)
    , controller_(controller)
    , breakpoints_(new BreakpointModel(controller, this))
    , watch_(new WatchModel(controller, this))
    , stack_(new StackModel(controller, this))
    , times_(new TimeModel(controller, this)) {
    setObjectName(QStringLiteral("stepsView"));
    tabs_ = new QTabWidget(this);
    tabs_->setObjectName(QStringLiteral("stepsTabs"));
    tabs_->setAccessibleName(tr("Lists of the run"));
    tabs_->setDocumentMode(true);
    tabs_->addTab(buildBreakpoints(), tr("Breakpoints"));
    QTableView* watched = table(QStringLiteral("watchTable"), tr("Watched nodes"),
        tr("Ctrl+Shift+W watches the selected node."), watch_);
    tabs_->addTab(watched, tr("Watch"));
    auto* forget = new QAction(tr("Stop Watching"), watched);
    forget->setShortcut(QKeySequence::Delete);
    forget->setShortcutContext(Qt::WidgetShortcut);
    watched->addAction(forget);
    watched->setContextMenuPolicy(Qt::ActionsContextMenu);
    connect(forget, &QAction::triggered, this,
        [this, watched] { watch_->remove(watched->currentIndex().row()); });
    connect(watched, &QTableView::activated, this, [this](const QModelIndex& at) {
        if (size_t(at.row()) < watch_->places().size())
            Q_EMIT placeChosen(watch_->places()[size_t(at.row())]);
    });
    QTableView* calls = table(
        QStringLiteral("stackTable"), tr("Calls around the position"), tr("The run is in no body."), stack_);
    tabs_->addTab(calls, tr("Calls"));
    connect(calls, &QTableView::activated, this,
        [this](const QModelIndex& at) { Q_EMIT placeChosen(stack_->placeOf(at.row())); });
    tabs_->addTab(buildTimes(measure), tr("Times"));

    auto* split = new QSplitter(Qt::Horizontal, this);
    split->setChildrenCollapsible(false);
    split->addWidget(buildRun(computeAll));
    split->addWidget(tabs_);
    split->setStretchFactor(0, 3);
    split->setStretchFactor(1, 2);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(split);
    connect(controller_, &RunController::moved, this, &StepsView::refresh);
    connect(controller_, &RunController::stateChanged, this, &StepsView::refresh);
    connect(&Theme::instance(), &Theme::changed, this, &StepsView::refresh);
    refresh();
}

void StepsView::setDocument(std::shared_ptr<const Document> document) {
    document_ = document;
    breakpoints_->setDocument(document);
    watch_->setDocument(document);
    stack_->setDocument(document);
    times_->setDocument(document);
    refresh();
}

// --- the run

QWidget* StepsView::buildRun(QAction* computeAll) {
    auto* box = new QWidget(this);
    text_ = new QLabel(box);
    text_->setObjectName(QStringLiteral("stepsText"));
    text_->setAccessibleName(tr("Where the run stands"));
    text_->setMinimumWidth(60);
    text_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    failure_ = new QLabel(box);
    failure_->setObjectName(QStringLiteral("stepsFailure"));
    failure_->setAccessibleName(tr("Why the run stopped"));
    origin_ = new QLabel(box);
    origin_->setObjectName(QStringLiteral("stepsOrigin"));
    notes_ = new QLabel(box);
    notes_->setObjectName(QStringLiteral("stepsNotes"));
    notes_->setAccessibleName(tr("What to know of this run"));
    keepFont(notes_, [] { return uiFont(Size::Small); });
    notes_->setForegroundRole(QPalette::PlaceholderText);
    // Whole messages: they wrap, and can be copied.
    for (QLabel* label : {text_, failure_, notes_}) {
        label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
        label->setWordWrap(true);
    }
    failure_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    notes_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    all_ = new QToolButton(box);
    all_->setObjectName(QStringLiteral("stepsComputeAll"));
    all_->setDefaultAction(computeAll);
    all_->setAutoRaise(true);
    all_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    curve_ = new BytesCurve(box);
    curve_->setMinimumHeight(64);
    scrubber_ = new QSlider(Qt::Horizontal, box);
    scrubber_->setObjectName(QStringLiteral("scrubber"));
    scrubber_->setAccessibleName(tr("Position in the execution order"));
    scrubber_->setToolTip(tr("Position in the execution order"));
    scrubber_->setPageStep(10);
    auto* head = new QHBoxLayout;
    head->setSpacing(metrics::kPad);
    head->addWidget(text_, 1);
    head->addWidget(origin_);
    head->addWidget(all_);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(
        metrics::kPadLarge, metrics::kPadSmall, metrics::kPadSmall, metrics::kPadSmall);
    column->setSpacing(metrics::kPadSmall);
    column->addLayout(head);
    column->addWidget(failure_);
    column->addWidget(notes_);
    column->addWidget(curve_, 1);
    column->addWidget(scrubber_);
    column->addStretch(0);
    connect(scrubber_, &QSlider::valueChanged, this, [this](int at) { controller_->scrub(size_t(at)); });
    connect(curve_, &BytesCurve::stepChosen, controller_, &RunController::scrub);
    return box;
}

void StepsView::refresh() {
    const auto stepper = controller_->stepper();
    const bool runs = controller_->active() && stepper;
    scrubber_->setEnabled(runs && controller_->state() == RunController::State::Ready);
    all_->setVisible(runs && !stepper->complete());
    origin_->setVisible(runs);
    if (!runs) {
        text_->setText(controller_->state() == RunController::State::Starting
                ? tr("The run is being started…")
                : controller_->state() == RunController::State::Failed
                ? QStringLiteral("<span style='color:%1'>%2</span>")
                      .arg(color(Role::Failed).name(),
                          tr("The run could not begin: %1").arg(controller_->error()).toHtmlEscaped())
                : tr("Nothing runs. F5 runs the shown body."));
        failure_->hide();
        curve_->setBytes({}, 0, {});
        curve_->setVisible(false);
        notes_->hide();
        scrubber_->setVisible(false);
        const QSignalBlocker quiet(scrubber_);
        scrubber_->setRange(0, 0);
        plotted_ = nullptr;
        plottedSteps_ = 0;
        return;
    }
    curve_->setVisible(true);
    scrubber_->setVisible(true);
    origin_->setText(QStringLiteral("<span style='color:%1'>%2</span> <span style='color:%3'>· %4</span>")
                         .arg(color(controller_->synthetic() ? Role::Warning : Role::Quiet).name(),
                             controller_->inputsText().toHtmlEscaped(), color(Role::Quiet).name(),
                             controller_->executor().section(QStringLiteral(" · "), 0, 0).toHtmlEscaped()));
    origin_->setToolTip(controller_->executor());
    const QStringList notes = controller_->notes();
    notes_->setVisible(!notes.isEmpty());
    notes_->setText(notes.join(QStringLiteral(" · ")));
    const std::vector<run::Step>& steps = stepper->steps();
    const size_t total = controller_->totalSteps();
    if (plotted_ != stepper.get() || plottedSteps_ != steps.size()) {
        if (plotted_ != stepper.get() || curve_->bytes().size() > steps.size())
            curve_->setBytes({}, total, {});
        // What is plotted stays as it is: only new steps are looked at.
        std::vector<double> more;
        double last = curve_->bytes().empty() ? 0 : curve_->bytes().back();
        for (size_t i = curve_->bytes().size(); i < steps.size(); ++i) {
            // A call's own figure is of its end, which lies behind what it calls.
            const bool leaf = steps[i].end == i + 1;
            if (!steps[i].end && i + 1 == steps.size())
                break; // at the frontier
            more.push_back(last = leaf ? double(steps[i].live) : last);
        }
        curve_->addBytes(more, total, stepper->peak());
        plotted_ = stepper.get();
        plottedSteps_ = steps.size();
    }
    const size_t position = stepper->position();
    curve_->setPosition(position);
    {
        const QSignalBlocker quiet(scrubber_);
        scrubber_->setRange(0, int(total));
        if (!scrubber_->isSliderDown())
            scrubber_->setValue(int(position));
    }
    QString text = (stepper->complete() ? tr("step <b>%1</b> of %2") : tr("step <b>%1</b> of about %2"))
                       .arg(grouped(position), grouped(total));
    if (controller_->state() == RunController::State::Died) {
        text += QStringLiteral(" · <span style='color:%1'>%2</span>")
                    .arg(color(Role::Failed).name(),
                        (controller_->diedAt().isEmpty()
                                ? tr("the executor died")
                                : tr("the executor died at %1").arg(controller_->diedAt()))
                            .toHtmlEscaped());
    } else if (stepper->at_end()) {
        text += tr(" · at the end");
    } else {
        text += tr(" · next <b>%1</b>").arg(qs(stepper->path(position)).toHtmlEscaped());
    }
    const bool stopped = stepper->failure() && controller_->state() == RunController::State::Ready
        && stepper->failure()->step == position;
    if (stopped)
        text += QStringLiteral(" · <span style='color:%1'>%2</span>")
                    .arg(color(Role::Failed).name(), tr("it failed"));
    const QString why = stopped                              ? qs(stepper->failure()->message)
        : controller_->state() == RunController::State::Died ? controller_->error()
                                                             : QString();
    failure_->setVisible(!why.isEmpty());
    failure_->setText(
        QStringLiteral("<span style='color:%1'>%2</span>")
            .arg(color(Role::Failed).name(),
                (help_.isEmpty() || !stopped ? why : tr("%1; %2").arg(why, help_)).toHtmlEscaped()));
    if (const std::optional<size_t> last = controller_->ranLast())
        text += tr(" · %1 live").arg(qs(format_bytes(steps[*last].live)));
    text_->setText(text);
}

void StepsView::setHelp(const QString& help) {
    if (help == help_)
        return;
    help_ = help;
    refresh();
}

QString StepsView::text() const {
    QString plain = text_->text();
    return plain.remove(QRegularExpression(QStringLiteral("<[^>]*>")));
}

// --- the lists

QTableView* StepsView::table(
    const QString& name, const QString& title, const QString& hint, QAbstractItemModel* model) {
    auto* view = new HintTable(hint, this);
    view->setObjectName(name);
    view->setAccessibleName(title);
    view->setModel(model);
    view->setSelectionBehavior(QAbstractItemView::SelectRows);
    view->setSelectionMode(QAbstractItemView::SingleSelection);
    view->setShowGrid(false);
    view->setWordWrap(false);
    view->setTabKeyNavigation(false);
    view->setFrameShape(QFrame::NoFrame);
    view->verticalHeader()->hide();
    keepRows(view);
    view->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    view->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    return view;
}

QWidget* StepsView::buildBreakpoints() {
    auto* box = new QWidget(this);
    QTableView* view = table(QStringLiteral("breakpointTable"), tr("Breakpoints"),
        tr("F9 stops before the selected node."), breakpoints_);
    auto* remove = new QAction(tr("Remove Breakpoint"), view);
    remove->setShortcut(QKeySequence::Delete);
    remove->setShortcutContext(Qt::WidgetShortcut);
    view->addAction(remove);
    view->setContextMenuPolicy(Qt::ActionsContextMenu);
    connect(remove, &QAction::triggered, this, [this, view] {
        if (view->currentIndex().isValid())
            controller_->removeBreakpoint(size_t(view->currentIndex().row()));
    });
    connect(view, &QTableView::activated, this, [this](const QModelIndex& at) {
        const Place place = breakpoints_->placeOf(at.row());
        if (place.node)
            Q_EMIT placeChosen(place);
    });
    breakpointEdit_ = new QLineEdit(box);
    breakpointEdit_->setObjectName(QStringLiteral("breakpointEdit"));
    breakpointEdit_->setAccessibleName(tr("Operator or shape to stop at"));
    breakpointEdit_->setPlaceholderText(tr("Stop at an operator or a shape: aten.mm, [16, 96]"));
    connect(breakpointEdit_, &QLineEdit::returnPressed, this, [this] {
        addBreakpoint(breakpointEdit_->text());
        breakpointEdit_->clear();
    });
    auto* nonFinite = new QCheckBox(tr("NaN or Inf"), box);
    nonFinite->setObjectName(QStringLiteral("breakNonFinite"));
    nonFinite->setToolTip(tr("Stop behind a node that makes a NaN or an infinity of finite inputs"));
    const auto breakpoint = [] {
        run::Breakpoint b;
        b.kind = run::Breakpoint::Kind::NonFinite;
        return b;
    };
    connect(nonFinite, &QCheckBox::clicked, this,
        [this, breakpoint] { controller_->toggleBreakpoint(breakpoint()); });
    connect(controller_, &RunController::breakpointsChanged, nonFinite, [this, nonFinite, breakpoint] {
        const auto& all = controller_->breakpoints();
        nonFinite->setChecked(std::find(all.begin(), all.end(), breakpoint()) != all.end());
    });
    auto* bar = new QHBoxLayout;
    bar->setContentsMargins(metrics::kPadSmall, metrics::kPadSmall, metrics::kPad, metrics::kPadSmall);
    bar->setSpacing(metrics::kPad);
    bar->addWidget(breakpointEdit_, 1);
    bar->addWidget(nonFinite);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(bar);
    column->addWidget(view, 1);
    return box;
}

void StepsView::addBreakpoint(const QString& text) {
    run::Breakpoint breakpoint;
    breakpoint.text = ss(text.simplified());
    if (breakpoint.text.empty())
        return;
    breakpoint.kind =
        breakpoint.text.front() == '[' ? run::Breakpoint::Kind::Shape : run::Breakpoint::Kind::Operator;
    const auto& all = controller_->breakpoints();
    if (std::find(all.begin(), all.end(), breakpoint) == all.end())
        controller_->toggleBreakpoint(breakpoint);
}

QWidget* StepsView::buildTimes(QAction* measure) {
    auto* box = new QWidget(this);
    QTableView* view =
        table(QStringLiteral("timeTable"), tr("Times"), tr("Nothing was measured yet."), times_);
    view->setSortingEnabled(true);
    view->horizontalHeader()->setSortIndicator(TimeModel::Total, Qt::DescendingOrder);
    connect(view, &QTableView::activated, this, [this](const QModelIndex& at) {
        const Place place = times_->placeOf(at.row());
        if (place.node)
            Q_EMIT placeChosen(place);
    });
    auto* start = new QToolButton(box);
    start->setDefaultAction(measure);
    start->setAutoRaise(true);
    start->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    auto* byOperator = new QCheckBox(tr("By operator"), box);
    byOperator->setObjectName(QStringLiteral("timesByOperator"));
    byOperator->setToolTip(tr("Add up the times of all nodes of an operator"));
    connect(byOperator, &QCheckBox::toggled, times_, &TimeModel::setByOperator);
    auto* about = new QLabel(box);
    about->setForegroundRole(QPalette::PlaceholderText);
    connect(controller_, &RunController::timingReady, about, [this, about] {
        const run::Timing& t = controller_->timing();
        about->setText(t.repeat > 0
                ? tr("median of %1 runs, %2 each").arg(t.repeat).arg(qs(format_milliseconds(t.wall_ms)))
                : QString());
    });
    auto* bar = new QHBoxLayout;
    bar->setContentsMargins(metrics::kPadSmall, metrics::kPadSmall, metrics::kPad, metrics::kPadSmall);
    bar->setSpacing(metrics::kPad);
    bar->addWidget(start);
    bar->addWidget(byOperator);
    bar->addWidget(about, 1);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(bar);
    column->addWidget(view, 1);
    return box;
}

void StepsView::showTimes() {
    tabs_->setCurrentIndex(3);
}

bool StepsView::isWatched(const Place& node) const {
    const auto& all = watch_->places();
    return std::find(all.begin(), all.end(), node) != all.end();
}

void StepsView::follow(const Shown& shown, Changes changed) {
    if (changed & Change::Document)
        setDocument(shown.document);
}

} // namespace hopscope
