#include "views/base/style.h"

#include <QHeaderView>
#include <QPainter>
#include <QProxyStyle>
#include <QStyleFactory>
#include <QStyleOption>

namespace hopscope {

namespace {

// Fusion with thinner lines: what a stylesheet cannot say without taking over the whole control.
class Style : public QProxyStyle {
public:
    Style()
        : QProxyStyle(QStyleFactory::create(QStringLiteral("Fusion"))) { }

    int pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const override {
        switch (metric) {
        case PM_SplitterWidth:
        case PM_DockWidgetSeparatorExtent:
            return metrics::kSplitterGrip;
        case PM_DockWidgetFrameWidth:
        case PM_ToolBarFrameWidth:
            return 0;
        case PM_DefaultFrameWidth:
            return widget && widget->inherits("QAbstractScrollArea") ? 0 : 1;
        case PM_SmallIconSize:
        case PM_ToolBarIconSize:
        case PM_ButtonIconSize:
        case PM_ListViewIconSize:
        case PM_TitleBarButtonIconSize:
            return metrics::icon();
        case PM_ToolBarItemSpacing:
            return 2;
        case PM_ToolBarItemMargin:
            return 2;
        case PM_ScrollBarExtent:
            return 12;
        case PM_ToolBarExtensionExtent:
            return metrics::icon() + metrics::kPad;
        case PM_FocusFrameHMargin:
            return metrics::kPadSmall + 1; // and Qt's own pixel: texts of items start at 6
        case PM_DockWidgetTitleBarButtonMargin:
            return 2;
        default:
            return QProxyStyle::pixelMetric(metric, option, widget);
        }
    }

    int styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
        QStyleHintReturn* data) const override {
        switch (hint) {
        case SH_ItemView_ActivateItemOnSingleClick:
            return 0;
        case SH_EtchDisabledText:
        case SH_DitherDisabledText:
            return 0;
        case SH_Widget_Animation_Duration:
            return 0;
        default:
            return QProxyStyle::styleHint(hint, option, widget, data);
        }
    }

    QSize sizeFromContents(ContentsType type, const QStyleOption* option, const QSize& size,
        const QWidget* widget) const override {
        QSize result = QProxyStyle::sizeFromContents(type, option, size, widget);
        if (type == CT_ItemViewItem)
            result.setHeight(qMax(result.height(), metrics::row()));
        return result;
    }

    using QProxyStyle::polish;
    void polish(QWidget* widget) override {
        QProxyStyle::polish(widget);
        // Columns that the selection touches would turn bold: bold is for the current item only.
        if (auto* header = qobject_cast<QHeaderView*>(widget))
            header->setHighlightSections(false);
    }

    QIcon standardIcon(
        StandardPixmap which, const QStyleOption* option, const QWidget* widget) const override {
        switch (which) {
        case SP_TitleBarCloseButton:
        case SP_DockWidgetCloseButton:
        case SP_LineEditClearButton:
            return icon(QStringLiteral("close"), Role::Quiet);
        case SP_ToolBarHorizontalExtensionButton: // Fusion's is four pixels
            return icon(QStringLiteral("next-invocation"));
        case SP_TitleBarNormalButton:
            return icon(QStringLiteral("float"), Role::Quiet);
        default:
            return QProxyStyle::standardIcon(which, option, widget);
        }
    }

    void drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
        const QWidget* widget) const override {
        if (element == CE_Splitter) {
            drawSeparator(option->rect, option->state & State_Horizontal, option, painter);
            return;
        }
        QProxyStyle::drawControl(element, option, painter, widget);
    }

    void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
        const QWidget* widget) const override {
        switch (element) {
        case PE_IndicatorDockWidgetResizeHandle:
            drawSeparator(option->rect, option->state & State_Horizontal, option, painter);
            return;
        case PE_FrameDockWidget:
        case PE_FrameStatusBarItem:
        case PE_PanelStatusBar:
            return;
        case PE_IndicatorBranch:
            if (option->state & State_Children)
                drawArrow(option, painter);
            return;
        case PE_IndicatorHeaderArrow:
            drawSortArrow(option, painter);
            return;
        case PE_IndicatorCheckBox:
            QProxyStyle::drawPrimitive(element, option, painter, widget);
            // Fusion's outline is the window's colour, darker: on a dark window there is none to be seen.
            painter->save();
            painter->setPen(option->palette.color(QPalette::PlaceholderText));
            painter->setBrush(Qt::NoBrush);
            painter->drawRect(option->rect.adjusted(0, 0, -1, -1));
            painter->restore();
            return;
        default:
            QProxyStyle::drawPrimitive(element, option, painter, widget);
        }
    }

private:
    // Fusion's own would stick out of the little room above the words.
    static void drawSortArrow(const QStyleOption* option, QPainter* painter) {
        const auto* header = qstyleoption_cast<const QStyleOptionHeader*>(option);
        if (!header || header->sortIndicator == QStyleOptionHeader::None)
            return;
        const double up = header->sortIndicator == QStyleOptionHeader::SortUp ? -1 : 1;
        const QPointF c = QRectF(option->rect).center();
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        painter->setBrush(color(Role::Text));
        painter->drawPolygon(
            QPolygonF{c + QPointF(-4, -2 * up), c + QPointF(4, -2 * up), c + QPointF(0, 2 * up)});
        painter->restore();
    }

    // Fusion's own is six pixels of grey, whatever the size of the texts.
    static void drawArrow(const QStyleOption* option, QPainter* painter) {
        const double r = metrics::scaled(8) / 2.0;
        const QPointF c = QRectF(option->rect).center();
        QPolygonF arrow{{-r * 0.6, -r}, {r * 0.8, 0}, {-r * 0.6, r}};
        if (option->state & State_Open)
            arrow = QPolygonF{{-r, -r * 0.6}, {r, -r * 0.6}, {0, r * 0.8}};
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        painter->setBrush(color(option->state & State_MouseOver ? Role::Text : Role::Quiet));
        painter->drawPolygon(arrow.translated(c));
        painter->restore();
    }

    // One pixel in the middle of the grip; the accent under the mouse says that it can be taken.
    static void drawSeparator(
        const QRect& rect, bool horizontal, const QStyleOption* option, QPainter* painter) {
        const bool hover = option->state & State_MouseOver && option->state & State_Enabled;
        const QColor line = color(hover ? Role::Accent : Role::Line);
        // Qt calls a splitter horizontal when it lays out side by side, and a dock separator by its own
        // shape.
        const bool upright = rect.height() > rect.width() || (rect.height() == rect.width() && horizontal);
        if (upright)
            painter->fillRect(rect.center().x(), rect.top(), 1, rect.height(), line);
        else
            painter->fillRect(rect.left(), rect.center().y(), rect.width(), 1, line);
    }
};

} // namespace

QStyle* makeStyle() {
    return new Style;
}

// Legible, but plainly not to be used.
static QColor disabledText(Scheme scheme) {
    return mixed(color(Role::Quiet, scheme), color(Role::Window, scheme), 0.45);
}

QPalette paletteOf(Scheme scheme) {
    const auto c = [scheme](Role role) { return color(role, scheme); };
    QPalette p;
    p.setColor(QPalette::Window, c(Role::Window));
    p.setColor(QPalette::WindowText, c(Role::Text));
    p.setColor(QPalette::Base, c(Role::Surface));
    p.setColor(QPalette::AlternateBase, mixed(c(Role::Surface), c(Role::Window), 0.6));
    p.setColor(QPalette::Text, c(Role::Text));
    p.setColor(QPalette::PlaceholderText, c(Role::Quiet));
    p.setColor(QPalette::Button, scheme == Scheme::Dark ? c(Role::Raised) : c(Role::Window));
    p.setColor(QPalette::ButtonText, c(Role::Text));
    p.setColor(QPalette::BrightText, c(Role::Failed));
    p.setColor(QPalette::ToolTipBase, c(Role::Raised));
    p.setColor(QPalette::ToolTipText, c(Role::Text));
    p.setColor(
        QPalette::Highlight, c(Role::AccentSoft)); // text on it stays text: one look for all selections
    p.setColor(QPalette::HighlightedText, c(Role::Text));
    p.setColor(QPalette::Link, c(Role::Accent));
    p.setColor(QPalette::LinkVisited, c(Role::Accent));
    // Fusion makes its outlines from these.
    p.setColor(QPalette::Light, mixed(c(Role::Line), c(Role::Surface), 0.5));
    p.setColor(QPalette::Midlight, mixed(c(Role::Line), c(Role::Surface), 0.3));
    p.setColor(QPalette::Mid, c(Role::Line));
    p.setColor(QPalette::Dark, c(Role::Line));
    p.setColor(QPalette::Shadow, c(Role::Line));
    const QColor off = disabledText(scheme);
    for (QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText,
             QPalette::HighlightedText, QPalette::PlaceholderText})
        p.setColor(QPalette::Disabled, role, off);
    p.setColor(QPalette::Disabled, QPalette::Highlight, c(Role::Line));
    return p;
}

QString styleSheetOf(Scheme scheme) {
    const auto hex = [scheme](Role role) { return color(role, scheme).name(); };
    const QString handle = mixed(color(Role::Line, scheme), color(Role::Quiet, scheme), 0.35).name();
    const QString frame = mixed(color(Role::Line, scheme), color(Role::Quiet, scheme), 0.4).name();
    const QString off = disabledText(scheme).name();
    const QString hover = mixed(color(Role::Window, scheme), color(Role::Line, scheme), 0.6).name();
    // Kept small: a rule on a control switches that control from Fusion to the stylesheet's own drawing.
    return QStringLiteral(
        "QToolTip { background: %raised; color: %text; border: 1px solid %line; padding: 4px 6px; }\n"
        "QToolBar { background: %window; border: 0; border-bottom: 1px solid %line; padding: 2px 4px; }\n"
        "QToolBar::separator { background: %line; width: 1px; margin: 6px 6px; }\n"
        "QToolBar QToolButton { border: 0; border-radius: 4px; padding: 4px; }\n"
        "QToolBar QToolButton:hover, QToolBar QToolButton:checked { background: %hover; }\n"
        "QToolBar QToolButton:pressed { background: %line; }\n"
        "QToolBar QToolButton:focus { outline: none; border: 1px solid %accent; padding: 3px; }\n"
        "QStatusBar { background: %window; color: %quiet; border-top: 1px solid %line; }\n"
        "QStatusBar::item { border: 0; }\n"
        "QHeaderView { background: %surface; }\n"
        "QHeaderView::section { background: %surface; color: %quiet; border: 0;"
        " border-bottom: 1px solid %line; padding: 0 8px; min-height: %rowpx; font-weight: normal; }\n"
        // Above the words: beside them it would lie over those of columns that are right-aligned.
        "QHeaderView::up-arrow, QHeaderView::down-arrow { subcontrol-origin: padding;"
        " subcontrol-position: top center; width: 8px; height: 6px; }\n"
        "QTableView { gridline-color: %surface; }\n"
        "QMenuBar { background: %window; }\n"
        "QTabBar::tab { background: transparent; color: %quiet; border: 0; padding: 5px 10px;"
        " border-bottom: 2px solid transparent; }\n"
        "QTabBar::tab:selected { color: %text; border-bottom: 2px solid %quiet; }\n"
        "QTabBar::tab:hover { color: %text; }\n"
        "QTabBar::tab:focus { border-bottom: 2px solid %accent; background: %hover; }\n"
        "QTabWidget::pane { border: 0; }\n"
        "QDockWidget { color: %quiet; }\n"
        "QDockWidget::title { background: %window; padding: 5px 8px; text-align: left; }\n"
        "QPushButton { background: %surface; border: 1px solid %frame; border-radius: 4px; padding: 4px "
        "12px; }\n"
        "QPushButton:hover { background: %hover; }\n"
        "QPushButton:pressed { background: %line; }\n"
        "QPushButton:default { border-color: %accent; }\n"
        "QPushButton:focus { border-color: %accent; }\n"
        "QPushButton:disabled { color: %off; border-color: %line; }\n"
        "QLineEdit { background: %surface; border: 1px solid %frame; border-radius: 4px; padding: 3px 6px; "
        "}\n"
        "QLineEdit:focus { border-color: %accent; }\n"
        "QLineEdit:disabled { color: %off; border-color: %line; }\n"
        "QProgressBar { background: %line; border: 0; border-radius: 2px; }\n"
        "QProgressBar::chunk { background: %accent; border-radius: 2px; }\n"
        "QScrollBar { background: transparent; border: 0; margin: 0; }\n"
        "QScrollBar:vertical { width: 12px; }\n"
        "QScrollBar:horizontal { height: 12px; }\n"
        "QScrollBar::handle { background: %handle; border-radius: 3px; margin: 3px; }\n"
        "QScrollBar::handle:vertical { min-height: 24px; }\n"
        "QScrollBar::handle:horizontal { min-width: 24px; }\n"
        "QScrollBar::handle:hover, QScrollBar::handle:pressed { background: %quiet; }\n"
        "QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; border: 0; }\n"
        "QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }\n"
        "QAbstractScrollArea::corner { background: %window; border: 0; }\n")
        .replace(QLatin1String("%row"), QString::number(metrics::row() - 1))
        .replace(QLatin1String("%raised"), hex(Role::Raised))
        .replace(QLatin1String("%surface"), hex(Role::Surface))
        .replace(QLatin1String("%window"), hex(Role::Window))
        .replace(QLatin1String("%text"), hex(Role::Text))
        .replace(QLatin1String("%quiet"), hex(Role::Quiet))
        .replace(QLatin1String("%line"), hex(Role::Line))
        .replace(QLatin1String("%accent"), hex(Role::Accent))
        .replace(QLatin1String("%hover"), hover)
        .replace(QLatin1String("%handle"), handle)
        .replace(QLatin1String("%frame"), frame)
        .replace(QLatin1String("%off"), off);
}

} // namespace hopscope
