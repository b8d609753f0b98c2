#include "views/outline/outlineview.h"

#include "views/base/decision.h"
#include "views/base/text.h"
#include "views/base/theme.h"

#include <QApplication>
#include <QContextMenuEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>
#include <QStyledItemDelegate>

#include <span>

namespace hopscope {

namespace {
using Kind = OutlineModel::Kind;
int dotSize() {
    return metrics::scaled(9);
}
int countsRow() {
    return metrics::scaled(17);
}

class OutlineDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    static QRect stripRect(const QRect& item) {
        return item.adjusted(metrics::kPadSmall, metrics::row() + countsRow() - 2, -metrics::kPadSmall, 0);
    }

    void paint(
        QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        QStyleOptionViewItem o = option;
        initStyleOption(&o, index);
        o.text.clear();
        QStyle* style = option.widget ? option.widget->style() : QApplication::style();
        style->drawControl(QStyle::CE_ItemViewItem, &o, painter, option.widget);

        painter->save();
        const Kind kind = Kind(index.data(OutlineModel::KindRole).toInt());
        const bool current = index.data(OutlineModel::CurrentRole).toBool();
        QRect line = option.rect;
        line.setHeight(metrics::row());
        line.adjust(metrics::kPadSmall, 0, -metrics::kPadSmall, 0);
        if (current && kind == Kind::InvocationItem) {
            painter->setRenderHint(QPainter::Antialiasing);
            painter->setPen(Qt::NoPen);
            painter->setBrush(color(Role::Accent));
            const QPointF c(line.left() + 2, line.center().y() + 0.5);
            painter->drawPolygon(QPolygonF{c + QPointF(-3, -5), c + QPointF(5, 0), c + QPointF(-3, 5)});
        }
        if (kind == Kind::InvocationItem)
            line.setLeft(line.left() + metrics::scaled(12));
        paintHits(*painter, line, index.data(OutlineModel::HitsRole).toULongLong());

        QFont font = nameFont(kind);
        font.setBold(current);
        painter->setFont(font);
        QString name = index.data(Qt::DisplayRole).toString();
        // What a record calls a stage, in brackets, is quieter and smaller: then both are read whole.
        QString record;
        if (const qsizetype open = name.indexOf(QStringLiteral(" ("));
            kind == Kind::StageItem && open > 0 && name.endsWith(QLatin1Char(')'))) {
            record = name.mid(open + 2).chopped(1);
            name.truncate(open);
        }
        painter->setPen(color(kind == Kind::FailureItem ? Role::Failed : Role::Text));
        const QString shown = painter->fontMetrics().elidedText(name, Qt::ElideMiddle, line.width());
        painter->drawText(line, Qt::AlignLeft | Qt::AlignVCenter, shown);
        line.setLeft(line.left() + painter->fontMetrics().horizontalAdvance(shown) + metrics::kPad);
        if (!record.isEmpty())
            line.setLeft(paintQuiet(*painter, line, record, Qt::ElideMiddle) + metrics::kPad);

        if (kind == Kind::RegionItem) {
            paintQuiet(*painter, line, index.data(OutlineModel::FunctionRole).toString());
            const QRect counts(option.rect.left() + metrics::kPadSmall, line.bottom() - 2,
                option.rect.width() - 2 * metrics::kPadSmall, countsRow());
            paintQuiet(*painter, counts, index.data(OutlineModel::DetailRole).toString());
            paintStrip(*painter, stripRect(option.rect), index);
        } else {
            paintDetail(*painter, line, index, kind);
        }
        painter->restore();
    }

    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        int height = metrics::row();
        if (Kind(index.data(OutlineModel::KindRole).toInt()) == Kind::RegionItem) {
            const auto* view = qobject_cast<const QTreeView*>(option.widget);
            int depth = 1;
            for (QModelIndex up = index.parent(); up.isValid(); up = up.parent())
                ++depth;
            const int width = view ? view->viewport()->width() - depth * view->indentation() : 200;
            const CallStrip strip(
                index.data(OutlineModel::DotsRole).toByteArray(), width - 2 * metrics::kPadSmall);
            height += countsRow() + strip.height() + metrics::kPadSmall;
        }
        return {120, height};
    }

private:
    static QFont nameFont(Kind kind) {
        const bool mono = kind == Kind::RegionItem || kind == Kind::BodyItem || kind == Kind::StageItem;
        return mono ? monoFont() : uiFont();
    }

    // What a search found in it, as a marked number at the right; takes its room from the line.
    static void paintHits(QPainter& painter, QRect& line, qulonglong hits) {
        if (hits == 0)
            return;
        painter.setFont(uiFont(Size::Small));
        const QString text = grouped(hits);
        QRect badge = line;
        badge.setLeft(line.right() - painter.fontMetrics().horizontalAdvance(text) - metrics::kPad);
        const int height = painter.fontMetrics().height();
        badge = QRect(badge.left(), line.center().y() - height / 2, badge.width(), height);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(Qt::NoPen);
        painter.setBrush(color(Role::Hit));
        painter.drawRoundedRect(badge, 3, 3);
        painter.setPen(Qt::black);
        painter.drawText(badge, Qt::AlignCenter, text);
        line.setRight(badge.left() - metrics::kPadSmall);
    }

    // Gives where it ends.
    static int paintQuiet(
        QPainter& painter, const QRect& line, const QString& text, Qt::TextElideMode elide = Qt::ElideRight) {
        painter.setPen(color(Role::Quiet));
        painter.setFont(uiFont(Size::Small));
        const QString shown = painter.fontMetrics().elidedText(text, elide, line.width());
        painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, shown);
        return line.left() + painter.fontMetrics().horizontalAdvance(shown);
    }

    static void paintDetail(QPainter& painter, QRect line, const QModelIndex& index, Kind kind) {
        const QString detail = index.data(OutlineModel::DetailRole).toString();
        if (detail.isEmpty() || line.width() < 24)
            return;
        if (kind == Kind::InvocationItem) {
            const auto* model = static_cast<const OutlineModel*>(index.model());
            const QByteArray dots = model->parent(index).data(OutlineModel::DotsRole).toByteArray();
            if (index.row() < dots.size()) {
                const int code = dots[index.row()];
                const bool inlined = code & OutlineModel::kInlinedBit;
                const auto decision = Decision(code & ~OutlineModel::kInlinedBit);
                painter.setPen(color(roleOf(decision, inlined)));
                paintGlyph(painter, QPointF(line.left() + dotSize() / 2.0, line.center().y() + 0.5),
                    dotSize(), glyphOf(decision, inlined), color(roleOf(decision, inlined)));
                line.setLeft(line.left() + dotSize() + metrics::kPadSmall + 2);
            }
        } else {
            painter.setPen(color(Role::Quiet));
        }
        painter.setFont(uiFont(Size::Small));
        if (kind == Kind::StageItem && painter.fontMetrics().horizontalAdvance(detail) > line.width())
            return; // half of a count is none
        painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter,
            painter.fontMetrics().elidedText(detail, Qt::ElideRight, line.width()));
    }

    static void paintStrip(QPainter& painter, const QRect& area, const QModelIndex& index) {
        const QVariant current = index.data(OutlineModel::CurrentDotRole);
        CallStrip(index.data(OutlineModel::DotsRole).toByteArray(), area.width())
            .paint(
                painter, area.topLeft(), current.isValid() ? std::optional(current.toInt()) : std::nullopt);
    }
};
} // namespace

OutlineView::OutlineView(QWidget* parent)
    : QTreeView(parent)
    , model_(new OutlineModel(this)) {
    setObjectName(QStringLiteral("outlineTree"));
    setAccessibleName(tr("Outline of compilations, stages, regions and invocations"));
    setModel(model_);
    setItemDelegate(new OutlineDelegate(this));
    setHeaderHidden(true);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        setIndentation(metrics::scaled(14));
        scheduleDelayedItemsLayout();
    });
    setIndentation(metrics::scaled(14));
    setUniformRowHeights(false);
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    setExpandsOnDoubleClick(false);
    connect(selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& index) {
        if (!quiet_)
            choose(index);
    });
    connect(this, &QTreeView::doubleClicked, this,
        [this](const QModelIndex& index) { setExpanded(index, !isExpanded(index)); });
}

void OutlineView::setDocument(std::shared_ptr<const Document> document) {
    const bool extended = extends(model_->document(), document);
    quiet_ = true;
    model_->setDocument(std::move(document));
    quiet_ = false;
    if (extended)
        return; // what the person opened and closed stays so
    quiet_ = true;
    std::vector<QModelIndex> open{QModelIndex()};
    while (!open.empty()) {
        const QModelIndex at = open.back();
        open.pop_back();
        if (at.isValid() && !model_->opensAtFirst(at))
            continue;
        setExpanded(at, true);
        for (int i = 0; i < model_->rowCount(at); ++i)
            open.push_back(model_->index(i, 0, at));
    }
    quiet_ = false;
}

void OutlineView::setCurrent(
    std::optional<int> row, const Place& left, const Place& right, const Place& focused) {
    quiet_ = true;
    model_->setCurrent(row, left, right);
    // The cursor stays where the person put it as long as that means the same; else it follows.
    const QModelIndex at = currentIndex();
    const Kind kind = at.isValid() ? model_->kindOf(at) : Kind::Rank;
    const bool onBody = at.isValid() && (kind == Kind::StageItem || kind == Kind::BodyItem);
    const QModelIndex body = model_->indexOfBody(focused), call = model_->indexOfRow(row);
    QModelIndex wanted;
    if (onBody && body.isValid())
        wanted = body;
    else if (call.isValid())
        wanted = isExpanded(call.parent()) ? call : call.parent();
    else
        wanted = body;
    if (at.isValid() && kind == Kind::Compilation && !hasFocus() && call.isValid())
        wanted = isExpanded(call.parent()) ? call : call.parent();
    if (wanted.isValid() && wanted != at && !(hasFocus() && kind == Kind::Compilation)) {
        setCurrentIndex(wanted);
        scrollTo(wanted);
    }
    quiet_ = false;
    viewport()->update();
}

void OutlineView::choose(const QModelIndex& index) {
    if (!index.isValid())
        return;
    switch (model_->kindOf(index)) {
    case Kind::Rank:
        break;
    case Kind::Compilation:
        Q_EMIT compilationChosen(model_->compilationOf(index));
        break;
    case Kind::RegionItem:
        Q_EMIT regionChosen(model_->regionOf(index));
        break;
    case Kind::InvocationItem:
        if (const std::optional<int> row = model_->rowOf(index))
            Q_EMIT rowChosen(*row);
        break;
    case Kind::StageItem:
    case Kind::BodyItem:
        Q_EMIT bodyChosen(model_->placeOf(index));
        break;
    case Kind::FailureItem:
        if (const std::optional<int> failure = model_->failureOf(index))
            Q_EMIT failureChosen(*failure);
        break;
    }
}

// A call, or a region, as the first body that it has.
void OutlineView::chooseBeside(const QModelIndex& index) {
    if (!index.isValid())
        return;
    Place body;
    std::optional<int> row = model_->rowOf(index);
    switch (model_->kindOf(index)) {
    case Kind::StageItem:
    case Kind::BodyItem:
        body = model_->placeOf(index);
        break;
    case Kind::RegionItem:
        row = model_->document()->first_row_of(model_->regionOf(index));
        [[fallthrough]];
    case Kind::InvocationItem:
        for (const Place& of :
            row ? std::span(model_->document()->invocation(*row).bodies) : std::span<const Place>())
            if (!body.graph)
                body = of;
        break;
    default:
        break;
    }
    if (body.graph)
        Q_EMIT besideChosen(body);
}

std::optional<int> OutlineView::dotAt(const QModelIndex& index, const QPoint& at) const {
    if (!index.isValid() || model_->kindOf(index) != Kind::RegionItem)
        return {};
    const QRect area = OutlineDelegate::stripRect(visualRect(index));
    return CallStrip(index.data(OutlineModel::DotsRole).toByteArray(), area.width()).at(at - area.topLeft());
}

void OutlineView::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::RightButton) {
        event->accept(); // the menu is about the item under the pointer: asking for it goes nowhere
        return;
    }
    const QModelIndex index = indexAt(event->pos());
    if (event->button() == Qt::LeftButton && event->modifiers() & Qt::ControlModifier) {
        chooseBeside(index);
        event->accept();
        return;
    }
    const std::optional<int> dot =
        event->button() == Qt::LeftButton ? dotAt(index, event->pos()) : std::nullopt;
    const std::optional<int> row = dot ? model_->rowOf(model_->index(*dot, 0, index)) : std::nullopt;
    if (!row) {
        const bool again = index.isValid() && index == currentIndex() && event->button() == Qt::LeftButton;
        QTreeView::mousePressEvent(event);
        if (again && visualRect(index).contains(event->pos()))
            choose(index); // a second click on the same row goes there again
        return;
    }
    quiet_ = true;
    setCurrentIndex(index);
    quiet_ = false;
    Q_EMIT rowChosen(*row);
    event->accept();
}

void OutlineView::resizeEvent(QResizeEvent* event) {
    QTreeView::resizeEvent(event);
    if (event->oldSize().width() != event->size().width())
        scheduleDelayedItemsLayout(); // strips may wrap elsewhere
}

void OutlineView::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        if (event->modifiers() & Qt::ControlModifier)
            chooseBeside(currentIndex());
        else
            choose(currentIndex());
        return;
    }
    QTreeView::keyPressEvent(event);
}

void OutlineView::contextMenuEvent(QContextMenuEvent* event) {
    const QModelIndex index = indexAt(event->pos());
    if (!index.isValid())
        return;
    QMenu menu(this);
    if (itemMenu_)
        itemMenu_(menu, itemOf(index));
    menu.addSeparator();
    QAction* open = menu.addAction(isExpanded(index) ? tr("Collapse") : tr("Expand"), this,
        [=, this] { setExpanded(index, !isExpanded(index)); });
    open->setEnabled(model_->rowCount(index) > 0);
    open->setToolTip(open->isEnabled() ? open->text() : tr("It holds nothing"));
    menu.exec(event->globalPos());
}

Item OutlineView::itemOf(const QModelIndex& index) const {
    Item item;
    item.name = index.data().toString();
    switch (model_->kindOf(index)) {
    case Kind::RegionItem:
        item.region = model_->regionOf(index);
        break;
    case Kind::InvocationItem:
        item.row = model_->rowOf(index);
        break;
    case Kind::StageItem:
    case Kind::BodyItem:
        item.place = model_->placeOf(index);
        break;
    case Kind::FailureItem:
        item.text = index.data(Qt::ToolTipRole).toString();
        break;
    case Kind::Rank:
    case Kind::Compilation:
        break;
    }
    return item;
}

void OutlineView::follow(const Shown& shown, Changes changed) {
    if (changed & Change::Document)
        setDocument(shown.document);
    if (shown.document && changed & (Change::Document | Change::Place))
        setCurrent(shown.at.row, shown.at.panes[0], shown.at.panes[1], shown.body());
}

} // namespace hopscope
