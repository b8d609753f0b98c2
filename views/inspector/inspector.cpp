#include "views/inspector/inspector.h"

#include "views/base/facts.h"
#include "views/base/theme.h"

#include <QHBoxLayout>
#include <QTabBar>
#include <QTextBrowser>
#include <QToolButton>
#include <QVBoxLayout>

namespace hopscope {

Inspector::Inspector(QWidget* parent)
    : QWidget(parent)
    , tabs_(new QTabBar(this))
    , pin_(new QToolButton(this))
    , text_(new QTextBrowser(this))
    , notes_(new NotesPane(this)) {
    tabs_->setObjectName(QStringLiteral("inspectorPages"));
    tabs_->setAccessibleName(tr("Pages of the inspector"));
    tabs_->setDrawBase(false);
    tabs_->setExpanding(false);
    tabs_->setUsesScrollButtons(true); // a row of tabs does not hold the window wide
    for (const QString& name : {tr("Node"), tr("Call"), tr("Region"), tr("Body")})
        tabs_->addTab(name);
    pin_->setObjectName(QStringLiteral("inspectorPin"));
    pin_->setCheckable(true);
    pin_->setAutoRaise(true);
    pin_->setFocusPolicy(Qt::TabFocus);
    pin_->setToolTip(tr("Keep what is shown here, whatever is selected"));
    pin_->setAccessibleName(pin_->toolTip());
    pin_->setIcon(icon(QStringLiteral("pin")));
    connect(pin_, &QToolButton::toggled, this, [this](bool on) {
        if (!on)
            inspect(latest_.about, latest_.page);
    });
    text_->setObjectName(QStringLiteral("inspectorText"));
    text_->setAccessibleName(tr("Inspector"));
    text_->setOpenLinks(false);
    text_->setFrameShape(QFrame::NoFrame);
    text_->document()->setDocumentMargin(metrics::kPadLarge);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* top = new QHBoxLayout;
    top->setContentsMargins(0, 0, metrics::kPadSmall, 0);
    top->addWidget(tabs_, 1);
    top->addWidget(pin_);
    column->addLayout(top);
    column->addWidget(text_, 1);
    column->addWidget(notes_);

    connect(tabs_, &QTabBar::currentChanged, this, [this](int page) {
        if (quiet_)
            return; // inspect() fills it
        fill();
        Q_EMIT pageChosen(page);
    });
    connect(text_, &QTextBrowser::anchorClicked, this, [this](const QUrl& url) { followLink(this, url); });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        pin_->setIcon(icon(QStringLiteral("pin")));
        fill();
    });
    setDocument(nullptr);
}

void Inspector::setDocument(std::shared_ptr<const Document> document) {
    if (extends(document_, document)) {
        document_ = std::move(document);
        return; // what is shown stays
    }
    document_ = std::move(document);
    latest_ = {};
    setPinned(false);
    inspect({}, BodyPage);
}

void Inspector::inspect(const About& about, Page page) {
    about_ = about;
    quiet_ = true;
    tabs_->setTabEnabled(NodePage, document_ && about.node.node);
    tabs_->setTabEnabled(InvocationPage, document_ && about.row);
    tabs_->setTabEnabled(RegionPage, document_ && about.region.valid());
    tabs_->setTabEnabled(BodyPage, document_ && about.body.graph);
    tabs_->setTabToolTip(NodePage, about.node.node ? QString() : tr("No node is selected"));
    tabs_->setTabToolTip(InvocationPage, about.row ? QString() : tr("No invocation is current"));
    tabs_->setTabToolTip(RegionPage, about.region.valid() ? QString() : tr("No region is current"));
    tabs_->setCurrentIndex(page);
    quiet_ = false;
    fill();
}

void Inspector::setPinned(bool pinned) {
    pin_->setChecked(pinned);
}

bool Inspector::isPinned() const {
    return pin_->isChecked();
}

Inspector::Page Inspector::page() const {
    return Page(tabs_->currentIndex());
}
QString Inspector::text() const {
    return text_->toPlainText();
}
QString Inspector::html() const {
    return text_->toHtml();
}

void Inspector::fill() {
    if (!document_) {
        shown_.clear();
        text_->clear();
        return;
    }
    QString html;
    switch (page()) {
    case NodePage:
        html = nodePage(*document_, about_.node, about_.crossing);
        if (const QString told = forecaster_ ? forecaster_(about_.node) : QString(); !told.isEmpty())
            html += QStringLiteral("<p style='margin:10px 0 2px 0;color:%1;font-weight:600'>%2</p><p>%3</p>")
                        .arg(color(Role::Quiet).name(), tr("On the executor"), told.toHtmlEscaped());
        break;
    case InvocationPage:
        html = invocationPage(*document_, about_.row);
        break;
    case RegionPage:
        html = regionPage(*document_, about_.region, about_.proof);
        break;
    case BodyPage:
        html = bodyPage(*document_, about_.body);
        break;
    case PageCount:
        break;
    }
    // To lay out a page costs more than all else that a selection does: the same page stays.
    const QString links =
        QStringLiteral("a { color: %1; text-decoration: none }").arg(color(Role::Accent).name());
    if (html == shown_ && text_->document()->defaultStyleSheet() == links)
        return;
    shown_ = html;
    text_->document()->setDefaultStyleSheet(links);
    text_->setHtml(html);
}

void Inspector::follow(const Shown& shown, Changes changed) {
    if (changed & Change::Document)
        setDocument(shown.document);
    if (!shown.document
        || !(changed & (Change::Document | Change::Place | Change::Selection | Change::Proof)))
        return;
    const NavState& at = shown.at;
    Page page = BodyPage;
    if (at.subject == Subject::Node && at.node.node)
        page = NodePage;
    else if (at.subject == Subject::Invocation)
        page = InvocationPage;
    else if (at.subject == Subject::Region)
        page = RegionPage;
    latest_ = {{at.node, at.row, at.region, shown.body(), shown.crossing, shown.proof}, page};
    if (!isPinned())
        inspect(latest_.about, latest_.page);
}

} // namespace hopscope
