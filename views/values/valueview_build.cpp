// The widgets of the values dock.
#include "views/base/plot.h"
#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/values/valueview.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QStackedWidget>
#include <QTableView>
#include <QToolButton>

namespace hopscope {

QWidget* ValueView::buildFacts(QAction* run, QAction* restart) {
    auto* box = new QWidget(this);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(metrics::kPadLarge, metrics::kPad, metrics::kPadLarge, metrics::kPadSmall);
    column->setSpacing(metrics::kPadSmall);
    title_ = new QLabel(box);
    title_->setObjectName(QStringLiteral("valueNode"));
    keepFont(title_, [] {
        QFont bold = monoFont();
        bold.setBold(true);
        return bold;
    });
    title_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    title_->setMinimumWidth(40);
    title_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    items_ = new QComboBox(box);
    items_->setObjectName(QStringLiteral("valueItem"));
    items_->setAccessibleName(tr("Item of the tuple"));
    auto* head = new QHBoxLayout;
    head->addWidget(title_, 1);
    head->addWidget(items_);
    origin_ = new QLabel(box);
    origin_->setObjectName(QStringLiteral("valueOrigin"));
    origin_->setAccessibleName(tr("Which inputs the run has"));
    message_ = new QLabel(box);
    message_->setObjectName(QStringLiteral("valueMessage"));
    message_->setAccessibleName(tr("Why there is no value"));
    message_->setWordWrap(true);
    message_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    const auto button = [&](QAction* action) {
        auto* b = new QPushButton(QString(action->text()).remove(QLatin1Char('&')), box);
        b->setToolTip(action->toolTip());
        connect(b, &QPushButton::clicked, action, &QAction::trigger);
        const auto follow = [b, action] {
            b->setEnabled(action->isEnabled());
            b->setToolTip(action->toolTip());
        };
        connect(action, &QAction::changed, b, follow);
        follow();
        return b;
    };
    run_ = button(run);
    restart_ = button(restart);
    copyError_ = new QPushButton(icon(QStringLiteral("copy")), tr("Copy"), box);
    copyError_->setAccessibleName(tr("Copy the error"));
    copyError_->setToolTip(tr("Copy the error"));
    connect(copyError_, &QPushButton::clicked, this,
        [this] { QApplication::clipboard()->setText(message_->text()); });
    auto* ways = new QHBoxLayout;
    ways->addWidget(run_);
    ways->addWidget(restart_);
    ways->addWidget(copyError_);
    ways->addStretch(1);
    facts_ = new QLabel(box);
    facts_->setObjectName(QStringLiteral("valueFacts"));
    facts_->setAccessibleName(tr("The value"));
    facts_->setTextFormat(Qt::RichText);
    keepFont(facts_, [] { return monoFont(Size::Small); });
    facts_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    column->addLayout(head);
    column->addWidget(origin_);
    column->addWidget(message_);
    column->addLayout(ways);
    column->addWidget(facts_);
    connect(items_, &QComboBox::currentIndexChanged, this, [this] {
        if (!filling_)
            refresh();
    });
    return box;
}

QWidget* ValueView::buildSlice() {
    auto* box = new QWidget(this);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    const auto tool = [box](const QString& name, const QString& iconName, const QString& text) {
        auto* b = new QToolButton(box);
        b->setObjectName(name);
        b->setAutoRaise(true);
        if (iconName.isEmpty())
            b->setText(text);
        else
            b->setIcon(icon(iconName));
        b->setAccessibleName(text);
        b->setToolTip(text);
        return b;
    };
    choosers_ = new QWidget(box);
    auto* dims = new QHBoxLayout(choosers_);
    dims->setContentsMargins(0, 0, 0, 0);
    dims->setSpacing(2);
    open_ = new QLabel(QStringLiteral("["), box);
    open_->setForegroundRole(QPalette::PlaceholderText);
    pageText_ = new QLabel(box);
    keepFont(pageText_, [] { return uiFont(Size::Small); });
    pageText_->setForegroundRole(QPalette::PlaceholderText);
    pageText_->setMinimumWidth(20);
    pageText_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    pageBack_ = tool(QStringLiteral("slicePageBack"), QStringLiteral("back"), tr("The page before"));
    pageOn_ = tool(QStringLiteral("slicePageOn"), QStringLiteral("forward"), tr("The next page"));
    asTable_ = tool(QStringLiteral("sliceAsTable"), QStringLiteral("table"), tr("As a table"));
    asPicture_ = tool(QStringLiteral("sliceAsPicture"), QStringLiteral("picture"), tr("As a picture"));
    for (QToolButton* b : {asTable_, asPicture_}) {
        b->setCheckable(true);
        b->setAutoExclusive(true);
    }
    copy_ = tool(QStringLiteral("sliceCopy"), QStringLiteral("copy"),
        tr("Copy the page: the table as text with tabs, or the picture"));
    save_ = tool(QStringLiteral("valueSave"), QStringLiteral("save"),
        tr("Save the whole value as .safetensors or .npy"));
    auto* bar = new QHBoxLayout;
    bar->setContentsMargins(metrics::kPadLarge, metrics::kPadSmall, metrics::kPadSmall, metrics::kPadSmall);
    bar->setSpacing(2);
    bar->addWidget(open_);
    bar->addWidget(choosers_);
    bar->addWidget(pageText_, 1);
    for (QToolButton* b : {pageBack_, pageOn_, asTable_, asPicture_, copy_, save_})
        bar->addWidget(b);
    model_ = new SliceModel(this);
    table_ = new QTableView(box);
    table_->setObjectName(QStringLiteral("sliceTable"));
    table_->setAccessibleName(tr("The slice as a table"));
    table_->setModel(model_);
    keepFont(table_, [] { return monoFont(Size::Small); });
    table_->setFrameShape(QFrame::NoFrame);
    table_->setShowGrid(false);
    table_->setTabKeyNavigation(false);
    table_->verticalHeader()->setDefaultSectionSize(20);
    table_->verticalHeader()->setMinimumSectionSize(18);
    table_->horizontalHeader()->setDefaultSectionSize(
        QFontMetrics(monoFont(Size::Small)).horizontalAdvance(QStringLiteral("−0.00000e−00")));
    picture_ = new SlicePicture(box);
    stack_ = new QStackedWidget(box);
    stack_->addWidget(table_);
    stack_->addWidget(picture_);
    stack_->setMinimumHeight(120);
    column->addLayout(bar);
    column->addWidget(stack_, 1);
    showPicture(true);
    connect(asTable_, &QToolButton::toggled, this, [this](bool on) { stack_->setCurrentIndex(on ? 0 : 1); });
    connect(pageBack_, &QToolButton::clicked, this, [this] { turnPage(-1); });
    connect(pageOn_, &QToolButton::clicked, this, [this] { turnPage(1); });
    connect(copy_, &QToolButton::clicked, this, &ValueView::copy);
    connect(save_, &QToolButton::clicked, this, &ValueView::save);
    return box;
}

} // namespace hopscope
