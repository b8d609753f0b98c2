#include "views/shell/onepicture.h"

#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/canvas/canvas.h"
#include "views/shell/actions.h"
#include "views/shell/diffpresenter.h"
#include "views/shell/marks.h"

#include <QAction>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPointer>
#include <QToolButton>
#include <QVBoxLayout>

namespace hopscope {

OnePicture::OnePicture(WindowState* state, Actions* actions, DiffPresenter* diff, QWidget* parent)
    : QObject(parent)
    , state_(state)
    , actions_(actions)
    , diff_(diff)
    , widget_(new QWidget(parent))
    , title_(new QLabel(widget_))
    , canvas_(new Canvas(widget_)) {
    widget_->setObjectName(QStringLiteral("onePicture"));
    title_->setObjectName(QStringLiteral("onePictureTitle"));
    title_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    canvas_->setObjectName(QStringLiteral("onePictureCanvas"));
    canvas_->setAccessibleName(tr("Both compared bodies as one graph"));
    auto* top = new QHBoxLayout;
    top->setContentsMargins(metrics::kPad, metrics::kPadSmall, metrics::kPad, metrics::kPadSmall);
    top->addWidget(title_, 1);
    for (const Do what : {Do::PreviousDifference, Do::NextDifference, Do::OnePicture}) {
        auto* button = new QToolButton(widget_);
        button->setDefaultAction((*actions_)[what]);
        button->setAutoRaise(true);
        button->setToolButtonStyle(Qt::ToolButtonTextOnly);
        button->setAccessibleName((*actions_)[what]->text().remove(QLatin1Char('&')));
        top->addWidget(button);
    }
    auto* column = new QVBoxLayout(widget_);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(top);
    column->addWidget(canvas_, 1);
    widget_->addActions({(*actions_)[Do::NextDifference], (*actions_)[Do::PreviousDifference]});
    widget_->hide();
    title_->installEventFilter(this);
    connect((*actions_)[Do::OnePicture], &QAction::toggled, this, &OnePicture::update);
    connect(canvas_, &Canvas::nodeSelected, this, &OnePicture::choose);
    connect(canvas_, &Canvas::cancelRequested, this, [this] { state_->jobs().cancel(job_); });
    connect(
        canvas_, &Canvas::escapePressed, this, [this] { (*actions_)[Do::OnePicture]->setChecked(false); });
    canvas_->setHoverProvider([this](NodeId node) { return cardOf(node); });
}

bool OnePicture::isShown() const {
    return !widget_->isHidden();
}

void OnePicture::update() {
    const bool wanted = (*actions_)[Do::OnePicture]->isChecked() && state_->comparison();
    if (wanted && (comparison_ != state_->comparison() || document_ != state_->document()))
        make();
    if (wanted == isShown())
        return;
    widget_->setVisible(wanted);
    Q_EMIT shownChanged(wanted);
    if (wanted)
        canvas_->setFocus();
}

void OnePicture::make() {
    comparison_ = state_->comparison();
    document_ = state_->document();
    picture_.reset();
    canvas_->setScene(nullptr);
    Placeholder busy;
    busy.kind = Placeholder::Kind::Busy;
    busy.title = tr("Laying out both bodies as one");
    canvas_->setPlaceholder(busy);
    setTitle({}, {});
    auto made = std::make_shared<Result<UnitedPicture>>(Error{});
    const int generation = ++generation_;
    job_ = state_->jobs().start(
        busy.title,
        [=, document = document_, comparison = comparison_](const Job& job) {
            *made = make_united_picture({&document->dump(), comparison->a},
                {&document->dump(), comparison->b}, comparison->diff, {}, job);
        },
        [=, self = QPointer(this)] {
            if (self && generation == self->generation_)
                self->take(made);
        });
}

// What the two have in common, then which they are: that is cut where there is no room.
void OnePicture::setTitle(const QString& summary, const QString& note) {
    words_ =
        tr("%1 → %2").arg(qs(document_->address(comparison_->a)), qs(document_->address(comparison_->b)));
    if (!summary.isEmpty())
        words_ = summary + QStringLiteral("  ·  ") + words_;
    title_->setToolTip(note.isEmpty() ? words_ : words_ + QLatin1Char('\n') + note);
    fitTitle();
}

void OnePicture::fitTitle() {
    title_->setText(title_->fontMetrics().elidedText(words_, Qt::ElideRight, title_->width()));
}

bool OnePicture::eventFilter(QObject* watched, QEvent* event) {
    if (watched == title_ && event->type() == QEvent::Resize)
        fitTitle();
    return QObject::eventFilter(watched, event);
}

void OnePicture::take(const std::shared_ptr<const Result<UnitedPicture>>& made) {
    picture_ = made;
    if (!*made) {
        Placeholder error;
        error.kind = Placeholder::Kind::Error;
        error.title = tr("There is no picture of both");
        error.detail = qs(made->error().text());
        canvas_->setPlaceholder(error);
        return;
    }
    const UnitedPicture& picture = **made;
    setTitle(qs(picture.summary), qs(picture.note));
    canvas_->setScene(std::shared_ptr<const draw::Scene>(made, &picture.scene));
    if (!picture.note.empty())
        state_->say(qs(picture.note));
    markSelected();
}

// The node that is selected in either body, where it stands here.
void OnePicture::markSelected() {
    if (!picture_ || !*picture_)
        return;
    const Place& at = state_->at().node;
    const auto in = [&](const Place& body) { return at.graph == body.graph && at.body == body.body; };
    const bool of_a = in(comparison_->a) && (state_->at().focus == Pane::Left || !in(comparison_->b));
    const std::vector<UnitedNode>& nodes = (*picture_)->nodes;
    NodeId found;
    if (at.node && (of_a || in(comparison_->b)))
        for (size_t i = 0; i < nodes.size() && !found; ++i)
            if ((of_a ? nodes[i].a : nodes[i].b) == at.node)
                found = NodeId(i);
    canvas_->setSelected(found);
    if (found)
        canvas_->ensureVisible(found);
}

void OnePicture::choose(NodeId drawn) {
    if (!picture_ || !*picture_ || !drawn)
        return;
    const UnitedNode& node = (*picture_)->nodes[drawn.index];
    if (const auto row = comparison_->row_of(node.a.valid(), node.a ? node.a : node.b))
        diff_->choose(*row);
}

HoverCard OnePicture::cardOf(NodeId drawn) const {
    if (!picture_ || !*picture_)
        return {};
    const UnitedNode& node = (*picture_)->nodes[drawn.index];
    Place place = node.b ? comparison_->b : comparison_->a;
    place.node = node.b ? node.b : node.a;
    HoverCard card = hoverCardOf(*document_, place);
    if (node.apart)
        card.note = node.a ? tr("the second has it too, where it would lead in a circle")
                           : tr("the first has it too, where it would lead in a circle");
    else if (node.side == UnitedSide::OnlyA)
        card.note = tr("only in the first");
    else if (node.side == UnitedSide::OnlyB)
        card.note = tr("only in the second");
    else if (node.pair)
        for (const FieldDifference& field : comparison_->diff.pairs[*node.pair].fields)
            card.note += (card.note.isEmpty() ? QString() : QStringLiteral("\n")) + qs(change_text(field));
    return card;
}

void OnePicture::follow(const Shown& shown, Changes changed) {
    if (changed & (Change::Document | Change::Comparison)) {
        actions_->setReason(Do::OnePicture, shown.comparison ? QString() : tr("nothing is compared"));
        update();
        if (!shown.comparison) {
            comparison_.reset();
            document_.reset();
            picture_.reset();
            canvas_->setScene(nullptr);
        }
    }
    if (isShown() && (changed & (Change::Selection | Change::Place)))
        markSelected();
}

} // namespace hopscope
