#include "views/values/valueview.h"

#include "core/base/text.h"
#include "views/base/plot.h"
#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/base/valuetext.h"

#include <QAction>
#include <QApplication>
#include <QBoxLayout>
#include <QClipboard>
#include <QComboBox>
#include <QFileDialog>
#include <QLabel>
#include <QPushButton>
#include <QResizeEvent>
#include <QSpinBox>
#include <QStackedWidget>
#include <QTableView>
#include <QToolButton>

#include <algorithm>
#include <cmath>

namespace hopscope {

namespace {
constexpr int kBins = 48;

int64_t elementsOf(const wire::ValueFigures& tensor) {
    int64_t elements = 1;
    for (const int64_t n : tensor.shape)
        elements *= n;
    return elements;
}

QString plainText(QString html) {
    html.replace(QStringLiteral("</td><td"), QStringLiteral(" </td><td"));
    html.replace(QStringLiteral("</tr>"), QStringLiteral("\n"));
    return html.remove(QRegularExpression(QStringLiteral("<[^>]*>"))).trimmed();
}
} // namespace

ValueView::ValueView(RunController* controller, QAction* run, QAction* restart, QWidget* parent)
    : QWidget(parent)
    , controller_(controller)
    , parts_(new QBoxLayout(QBoxLayout::TopToBottom, this))
    , runAction_(run)
    , restartAction_(restart) {
    setObjectName(QStringLiteral("valueView"));
    parts_->setContentsMargins(0, 0, 0, 0);
    parts_->setSpacing(0);
    QWidget* facts = buildFacts(run, restart);
    histogram_ = new Histogram(this);
    histogram_->setMinimumHeight(96);
    histogram_->setMaximumHeight(180);
    sliceBox_ = buildSlice();
    parts_->addWidget(facts);
    parts_->addWidget(histogram_, 1);
    parts_->addWidget(sliceBox_, 3);
    parts_->addStretch(0);
    connect(controller_, &RunController::stateChanged, this, &ValueView::refresh);
    connect(controller_, &RunController::moved, this, &ValueView::refresh);
    connect(controller_, &RunController::valuesReady, this, &ValueView::refresh);
    connect(&Theme::instance(), &Theme::changed, this, &ValueView::refresh);
    refresh();
}

void ValueView::setDocument(std::shared_ptr<const Document> document) {
    if (extends(document_, document)) {
        document_ = std::move(document);
        return; // what is shown stays
    }
    document_ = std::move(document);
    setNode({});
}

void ValueView::setNode(const Place& node) {
    node_ = node;
    refresh();
}

// --- which value

std::optional<size_t> ValueView::stepOf(QString* why) const {
    if (!document_) {
        *why = tr("No dump is open.");
        return {};
    }
    const auto stepper = controller_->stepper();
    switch (controller_->state()) {
    case RunController::State::None:
        *why = tr("Not recorded: a dump holds types, no values. Run the body to see them.");
        return {};
    case RunController::State::Starting:
        *why = tr("The run is being started…");
        return {};
    case RunController::State::Failed:
        *why = tr("The run could not begin: %1").arg(controller_->error());
        return {};
    case RunController::State::Died:
        *why = controller_->diedAt().isEmpty()
            ? tr("The executor died, and its values with it: %1").arg(controller_->error())
            : tr("The executor died at %1, and its values with it: %2")
                  .arg(controller_->diedAt(), controller_->error());
        return {};
    case RunController::State::Ready:
        break;
    }
    if (!node_.node) {
        *why = tr("Select a node to see its value.");
        return {};
    }
    if (!stepper)
        return {};
    if (node_.graph != controller_->graph()) {
        *why =
            tr("Not run: this node is of another graph than %1, which runs.").arg(qs(controller_->address()));
        return {};
    }
    const std::optional<size_t> step = stepper->step_of(node_.body, node_.node);
    if (!step) {
        *why = tr("Not run yet.");
        if (stepper->complete() && stepper->at_end())
            *why = tr("Not run: the run ended without coming here.");
        return {};
    }
    if (!stepper->done(*step)) {
        *why = stepper->failure() && stepper->failure()->step == *step
            ? tr("This node failed: %1").arg(qs(stepper->failure()->message))
            : *step == stepper->position() ? tr("Not run yet: it runs next.")
                                           : tr("Not run yet: it is being run, the position is in its body.");
        return {};
    }
    if (stepper->steps()[*step].values == 0) {
        *why = tr("This node yields no value.");
        return {};
    }
    return step;
}

ValueQuery ValueView::statsQuery() const {
    return {*step_, std::max(0, items_->currentIndex()), kBins, {}};
}

ValueQuery ValueView::sliceQuery() const {
    return {
        *step_, std::max(0, items_->currentIndex()), 0, ValueQuery::Slice{window_.start(), window_.count()}};
}

void ValueView::say(const QString& text, bool error, QAction* way) {
    message_->setText(text);
    QPalette palette = message_->palette();
    palette.setColor(QPalette::WindowText, color(error ? Role::Failed : Role::Quiet));
    message_->setPalette(palette);
    message_->setVisible(!text.isEmpty());
    run_->setVisible(way == runAction_);
    restart_->setVisible(way == restartAction_);
    copyError_->setVisible(error);
    const bool value = text.isEmpty();
    facts_->setVisible(value);
    if (!value) {
        items_->hide();
        histogram_->hide();
        sliceBox_->hide();
        value_.reset();
        hasSlice_ = false;
        model_->setPage({});
        picture_->setPage({});
    }
}

void ValueView::refresh() {
    title_->setText(document_ && node_.node ? qs(document_->node_name(node_)) : tr("No node"));
    const bool runs = controller_->active();
    origin_->setVisible(runs);
    if (runs) {
        const Role tone = controller_->synthetic() ? Role::Warning : Role::Quiet;
        origin_->setText(QStringLiteral("<span style='color:%1'>%2</span>")
                             .arg(color(tone).name(), controller_->inputsText().toHtmlEscaped()));
    }
    QString why;
    const std::optional<size_t> step = stepOf(&why);
    const RunController::State state = controller_->state();
    const auto stepper = controller_->stepper();
    const bool nodeFailed = state == RunController::State::Ready && stepper && stepper->failure()
        && node_ == controller_->placeOf(stepper->failure()->step.value_or(SIZE_MAX));
    const bool broken =
        state == RunController::State::Died || state == RunController::State::Failed || nodeFailed;
    if (!step) {
        step_.reset();
        say(why, broken,
            state == RunController::State::Died ? restartAction_
                : state == RunController::State::None || state == RunController::State::Failed ? runAction_
                                                                                               : nullptr);
        if (state == RunController::State::Ready)
            controller_->want(objectName(), {});
        return;
    }
    if (step_ != step) {
        step_ = step;
        sliceShown_ = false;
        fillItems(controller_->stepper()->steps()[*step]);
    }
    if (wantedItem_ && *wantedItem_ >= 0 && *wantedItem_ < items_->count()
        && controller_->stepper()->path(*step) == wantedPath_) {
        filling_ = true;
        items_->setCurrentIndex(*wantedItem_);
        filling_ = false;
        wantedItem_.reset();
    }
    items_->setVisible(items_->count() > 1);
    const ValueQuery query = statsQuery();
    const ValueAnswer* answer = controller_->answer(query);
    if (!answer) {
        // What is shown stays until the new value is there: no flicker while stepping.
        controller_->want(objectName(), {query});
        if (!value_)
            say(tr("Fetching the value…"));
        return;
    }
    if (!answer->error.isEmpty())
        return say(answer->error, true);
    value_ = answer->value;
    say({});
    showFacts();
    showHistogram();
    hasSlice_ = value_->is_tensor();
    if (hasSlice_) {
        window_.setShape(value_->shape);
        hasSlice_ = !window_.isEmpty();
    }
    sliceBox_->setVisible(hasSlice_);
    if (hasSlice_) {
        fillChoosers();
        wantSlice();
    }
}

// --- what it is

void ValueView::fillItems(const run::Step& step) {
    filling_ = true;
    const int before = items_->currentIndex();
    items_->clear();
    if (step.tuple) {
        for (uint32_t i = 0; i < step.values; ++i)
            items_->addItem(tr("item %1 of %2").arg(i).arg(step.values));
        items_->setCurrentIndex(std::clamp(before, 0, std::max(0, items_->count() - 1)));
    }
    filling_ = false;
}

void ValueView::showFacts() {
    const auto row = [](const QString& name, const QString& text, Role role = Role::Text) {
        return QStringLiteral("<td style='color:%1;padding-right:8px'>%2</td>"
                              "<td style='color:%3;padding-right:16px'>%4</td>")
            .arg(color(Role::Quiet).name(), name, color(role).name(), text.toHtmlEscaped());
    };
    const wire::ValueAnswer& value = *value_;
    QStringList rows;
    if (!value.is_tensor()) {
        rows << row(tr("Python"), qs(value.python));
        if (value.number)
            rows << row(tr("value"), pythonText(value, 6));
        if (value.items)
            rows << row(tr("items"), grouped(*value.items));
    } else {
        const bool dense = isContiguous(value);
        const wire::Statistics s = value.statistics.value_or(wire::Statistics());
        rows << row(tr("dtype"), qs(value.dtype)) + row(tr("min"), numberText(s.min, 5));
        rows << row(tr("shape"), QStringLiteral("[%1]").arg(listText(value.shape)))
                + row(tr("max"), numberText(s.max, 5));
        rows << row(tr("stride"), QStringLiteral("(%1)").arg(listText(value.stride)),
                    dense ? Role::Text : Role::Warning)
                + row(tr("mean"), numberText(s.mean, 5));
        rows << row(tr("bytes"), qs(format_bytes(value.bytes))) + row(tr("std"), numberText(s.std, 5));
        const auto count = [&](uint64_t n) { return value.statistics ? grouped(n) : QStringLiteral("–"); };
        const auto tone = [](uint64_t n) { return n > 0 ? Role::Failed : Role::Text; };
        rows << row(tr("elements"), grouped(qulonglong(elementsOf(value)))) + row(tr("zero"), count(s.zero));
        rows << row(tr("NaN"), count(s.nan), tone(s.nan)) + row(tr("Inf"), count(s.inf), tone(s.inf));
        if (!dense)
            rows << QStringLiteral("<td></td><td colspan='3' style='color:%1'>%2</td>")
                        .arg(color(Role::Warning).name(), tr("not contiguous"));
    }
    facts_->setText(QStringLiteral("<table cellspacing='0' cellpadding='1'><tr>%1</tr></table>")
                        .arg(rows.join(QStringLiteral("</tr><tr>"))));
}

void ValueView::showHistogram() {
    const std::optional<wire::Histogram>& histogram = value_->histogram;
    const bool any = histogram && !histogram->counts.empty() && std::isfinite(histogram->low)
        && std::isfinite(histogram->high) && elementsOf(*value_) > 1;
    histogram_->setVisible(any);
    if (any)
        histogram_->setCounts(
            histogram->low, histogram->high, {histogram->counts.begin(), histogram->counts.end()});
}

// --- the slice

void ValueView::fillChoosers() {
    filling_ = true;
    while (indices_.size() > window_.leading.size()) {
        delete indices_.back();
        indices_.pop_back();
    }
    while (indices_.size() < window_.leading.size()) {
        auto* box = new QSpinBox(choosers_);
        const int d = int(indices_.size());
        box->setObjectName(QStringLiteral("sliceIndex%1").arg(d));
        box->setAccessibleName(tr("Index into dimension %1").arg(d));
        box->setWrapping(true);
        static_cast<QHBoxLayout*>(choosers_->layout())->insertWidget(d, box);
        connect(box, &QSpinBox::valueChanged, this, [this, d](int index) {
            if (filling_ || size_t(d) >= window_.leading.size())
                return;
            window_.leading[size_t(d)] = index;
            wantSlice();
        });
        indices_.push_back(box);
    }
    for (size_t d = 0; d < indices_.size(); ++d) {
        indices_[d]->setMaximum(int(std::max<int64_t>(0, window_.shape[d] - 1)));
        indices_[d]->setValue(int(window_.leading[d]));
        indices_[d]->setToolTip(tr("Index into dimension %1, of %2").arg(d).arg(window_.shape[d]));
    }
    filling_ = false;
    const bool paged = window_.rows() > SliceWindow::kPage || window_.columns() > SliceWindow::kPage;
    pageBack_->setVisible(paged);
    pageOn_->setVisible(paged);
    const auto range = [](int64_t from, int64_t count, int64_t all) {
        return count == all ? QString::number(all)
                            : QStringLiteral("%1–%2 of %3").arg(from).arg(from + count - 1).arg(all);
    };
    QString text = range(window_.column, window_.pageColumns(), window_.columns());
    if (window_.shape.size() >= 2)
        text = range(window_.row, window_.pageRows(), window_.rows()) + QStringLiteral(" × ") + text;
    pageText_->setToolTip(window_.shape.size() >= 2 ? tr("Rows × columns: the last two dimensions")
                                                    : tr("Columns: the last dimension"));
    // The leading dimensions' indices stand in boxes before it: "[0, 3, :, :]".
    open_->setVisible(!indices_.empty());
    pageText_->setText(indices_.empty() ? text : QStringLiteral(", :, :]   ") + text);
    pageBack_->setEnabled(window_.row > 0 || window_.column > 0);
    pageOn_->setEnabled(window_.row + window_.pageRows() < window_.rows()
        || window_.column + window_.pageColumns() < window_.columns());
}

void ValueView::wantSlice() {
    if (!step_)
        return;
    const ValueQuery query = sliceQuery();
    const ValueAnswer* answer = controller_->answer(query);
    if (!answer) {
        sliceShown_ = false;
        controller_->want(objectName(), {query});
        return;
    }
    SlicePage page;
    page.window = window_;
    if (answer->error.isEmpty() && answer->value.slice && value_) {
        page.cells = *answer->value.slice;
        const wire::Statistics s = value_->statistics.value_or(wire::Statistics());
        for (const std::optional<double>& end : {s.min, s.max})
            if (end && std::isfinite(*end))
                page.limit = std::max(page.limit, std::abs(*end));
    }
    sliceShown_ = true;
    model_->setPage(page);
    picture_->setPage(page);
}

// Columns first, then rows, as one reads.
void ValueView::turnPage(int direction) {
    const int64_t step = SliceWindow::kPage * direction;
    if (direction > 0) {
        if (window_.column + SliceWindow::kPage < window_.columns()) {
            window_.column += step;
        } else {
            window_.column = 0;
            window_.row = std::min(window_.row + SliceWindow::kPage,
                (window_.rows() - 1) / SliceWindow::kPage * SliceWindow::kPage);
        }
    } else if (window_.column > 0) {
        window_.column += step;
    } else {
        window_.row = std::max<int64_t>(0, window_.row - SliceWindow::kPage);
        window_.column = (window_.columns() - 1) / SliceWindow::kPage * SliceWindow::kPage;
    }
    fillChoosers();
    wantSlice();
}

void ValueView::setWantedItem(const std::string& path) {
    const size_t mark = path.rfind('#');
    wantedPath_ = path.substr(0, mark);
    wantedItem_.reset();
    if (mark != std::string::npos)
        wantedItem_ = QByteArray::fromStdString(path.substr(mark + 1)).toInt();
}

void ValueView::showPicture(bool picture) {
    (picture ? asPicture_ : asTable_)->setChecked(true);
    stack_->setCurrentIndex(picture ? 1 : 0);
}

// --- out of the window

void ValueView::copy() {
    if (stack_->currentIndex() == 1)
        QApplication::clipboard()->setImage(picture_->picture());
    else
        QApplication::clipboard()->setText(model_->tsv());
}

void ValueView::save() {
    if (!step_)
        return;
    const QString path = QFileDialog::getSaveFileName(this, tr("Save the value"),
        title_->text() + QStringLiteral(".safetensors"), tr("Tensors (*.safetensors);;NumPy arrays (*.npy)"));
    if (!path.isEmpty())
        controller_->saveValue(*step_, std::max(0, items_->currentIndex()), path);
}

QString ValueView::message() const {
    return message_->isHidden() ? QString() : message_->text();
}
QString ValueView::facts() const {
    return facts_->isHidden() ? QString() : plainText(facts_->text());
}
QString ValueView::origin() const {
    return origin_->isHidden() ? QString() : plainText(origin_->text());
}

// Side by side where the dock is wide and low.
void ValueView::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    const bool wide = event->size().width() > 2 * event->size().height();
    parts_->setDirection(wide ? QBoxLayout::LeftToRight : QBoxLayout::TopToBottom);
    histogram_->setMaximumHeight(wide ? QWIDGETSIZE_MAX : 180);
}

void ValueView::follow(const Shown& shown, Changes changed) {
    if (changed & Change::Document)
        setDocument(shown.document);
    if (shown.document && changed & (Change::Document | Change::Selection))
        setNode(shown.at.node);
}

} // namespace hopscope
