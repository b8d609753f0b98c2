#include "views/shell/gotobox.h"

#include "views/base/text.h"
#include "views/base/theme.h"

#include <QApplication>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QPointer>
#include <QVBoxLayout>

#include <algorithm>

namespace hopscope {

namespace {
constexpr int kWidth = 560, kRows = 12;
constexpr int kChosen = 8; // that come first the next time

QString name(const GoToHit& hit) {
    return qs(hit.title) + QStringLiteral("    ") + qs(hit.detail);
}
} // namespace

GotoBox::GotoBox(QWidget* parent)
    : QFrame(parent)
    , input_(new QLineEdit(this))
    , list_(new QListWidget(this)) {
    setObjectName(QStringLiteral("gotoBox"));
    setAutoFillBackground(true);
    setFrameShape(QFrame::StyledPanel);
    input_->setObjectName(QStringLiteral("gotoInput"));
    input_->setAccessibleName(tr("Go to"));
    input_->setPlaceholderText(tr("Node, body, region, call 4, file.py:26 or an address"));
    input_->addAction(icon(QStringLiteral("goto")), QLineEdit::LeadingPosition)->setToolTip(tr("Go to"));
    input_->installEventFilter(this);
    list_->setObjectName(QStringLiteral("gotoList"));
    list_->setAccessibleName(tr("Where to go"));
    list_->setFrameShape(QFrame::NoFrame);
    list_->setFocusPolicy(Qt::NoFocus);
    list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    list_->setTextElideMode(Qt::ElideRight);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(metrics::kPad, metrics::kPad, metrics::kPad, metrics::kPad);
    column->setSpacing(metrics::kPadSmall);
    column->addWidget(input_);
    column->addWidget(list_);
    connect(input_, &QLineEdit::textChanged, this, &GotoBox::refresh);
    connect(
        list_, &QListWidget::itemClicked, this, [this](QListWidgetItem* item) { choose(list_->row(item)); });
    hide();
}

void GotoBox::open(std::shared_ptr<const Document> document, const Place& near) {
    if (document != document_)
        chosen_.clear();
    document_ = std::move(document);
    near_ = near;
    before_ = QApplication::focusWidget();
    const int width = qMin(metrics::scaled(kWidth), parentWidget()->width() - 40);
    setGeometry((parentWidget()->width() - width) / 2, 64, width,
        qMin((kRows + 2) * metrics::row() + 24, parentWidget()->height() - 80));
    raise();
    show();
    input_->clear();
    refresh();
    input_->setFocus(Qt::ShortcutFocusReason);
}

void GotoBox::refresh() {
    list_->clear();
    hits_ = document_ ? go_to_hits(*document_, near_, ss(input_->text())) : std::vector<GoToHit>{};
    // Where one went last comes first, the latest before all.
    for (const QString& title : chosen_)
        std::stable_partition(
            hits_.begin(), hits_.end(), [&](const GoToHit& hit) { return name(hit) == title; });
    for (const GoToHit& hit : hits_)
        list_->addItem(name(hit));
    if (hits_.empty())
        list_->addItem(tr("Nothing of that name"));
    list_->setCurrentRow(hits_.empty() ? -1 : 0);
    if (hits_.empty())
        list_->item(0)->setFlags(Qt::NoItemFlags);
}

void GotoBox::leave() {
    hide();
    if (before_ && before_->isVisible())
        before_->setFocus();
    before_ = nullptr;
}

void GotoBox::choose(int item) {
    if (item < 0 || size_t(item) >= hits_.size())
        return;
    const GoToHit hit = hits_[size_t(item)];
    chosen_.removeAll(name(hit));
    chosen_.append(name(hit));
    if (chosen_.size() > kChosen)
        chosen_.removeFirst();
    leave();
    if (hit.row)
        Q_EMIT rowChosen(*hit.row);
    else if (hit.region.valid())
        Q_EMIT regionChosen(hit.region);
    else
        Q_EMIT placeChosen(hit.place);
}

void GotoBox::focusOutEvent(QFocusEvent* event) {
    QFrame::focusOutEvent(event);
}

bool GotoBox::eventFilter(QObject* watched, QEvent* event) {
    if (watched == input_ && event->type() == QEvent::FocusOut && isVisible() && !list_->underMouse()) {
        hide();
        return false;
    }
    if (watched == input_ && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        const int last = list_->count() - 1, row = list_->currentRow();
        switch (key) {
        case Qt::Key_Down:
            list_->setCurrentRow(qMin(last, row + 1));
            return true;
        case Qt::Key_Up:
            list_->setCurrentRow(qMax(0, row - 1));
            return true;
        case Qt::Key_PageDown:
            list_->setCurrentRow(qMin(last, row + kRows));
            return true;
        case Qt::Key_PageUp:
            list_->setCurrentRow(qMax(0, row - kRows));
            return true;
        case Qt::Key_Return:
        case Qt::Key_Enter:
            choose(list_->currentRow());
            return true;
        case Qt::Key_Escape:
            leave();
            return true;
        default:
            break;
        }
    }
    return QFrame::eventFilter(watched, event);
}

} // namespace hopscope
