#include "views/ledger/ledgerdelegate.h"

#include "views/base/decision.h"
#include "views/base/theme.h"
#include "views/ledger/ledgermodel.h"

#include <QApplication>
#include <QPainter>
#include <QStyledItemDelegate>

namespace hopscope {

namespace {

constexpr int kMark = 14; // room for the mark of the current invocation

int glyphSize() {
    return metrics::scaled(10);
}

class LedgerDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(
        QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        const int column = index.column();
        const bool decision = column == LedgerModel::DecisionColumn, mark = column == LedgerModel::Index;
        if (!decision && !mark) {
            QStyledItemDelegate::paint(painter, option, index);
            return;
        }
        QStyleOptionViewItem o = option;
        initStyleOption(&o, index);
        const QString text = o.text;
        o.text.clear();
        const QWidget* widget = option.widget;
        QStyle* style = widget ? widget->style() : QApplication::style();
        style->drawControl(QStyle::CE_ItemViewItem, &o, painter, widget);
        QRect inner = option.rect.adjusted(metrics::kPad, 0, -metrics::kPad, 0);
        painter->save();
        painter->setFont(o.font);
        if (decision) {
            const auto value = Decision(index.data(LedgerModel::DecisionRole).toInt());
            const bool inlined = index.data(LedgerModel::InlinedRole).toBool();
            const QColor tone = color(roleOf(value, inlined));
            paintGlyph(*painter, QPointF(inner.left() + glyphSize() / 2.0, inner.center().y() + 0.5),
                glyphSize(), glyphOf(value, inlined), tone);
            inner.setLeft(inner.left() + glyphSize() + metrics::kPad);
            painter->setPen(tone);
        } else {
            if (index.data(LedgerModel::CurrentRole).toBool()) {
                painter->setRenderHint(QPainter::Antialiasing);
                painter->setPen(Qt::NoPen);
                painter->setBrush(color(Role::Accent));
                const QPointF c(inner.left() + 3, inner.center().y() + 0.5);
                painter->drawPolygon(QPolygonF{c + QPointF(-3, -5), c + QPointF(5, 0), c + QPointF(-3, 5)});
            }
            painter->setPen(color(Role::Text));
        }
        const QString shown = painter->fontMetrics().elidedText(text, Qt::ElideRight, inner.width());
        painter->drawText(inner, int(o.displayAlignment), shown);
        painter->restore();
    }

    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        QSize size = QStyledItemDelegate::sizeHint(option, index);
        if (index.column() == LedgerModel::DecisionColumn)
            size.rwidth() += glyphSize() + 2 * metrics::kPad;
        if (index.column() == LedgerModel::Index)
            size.rwidth() += kMark + metrics::kPad;
        size.setHeight(metrics::row());
        return size;
    }
};

} // namespace

QAbstractItemDelegate* makeLedgerDelegate(QObject* parent) {
    return new LedgerDelegate(parent);
}

} // namespace hopscope
