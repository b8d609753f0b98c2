#include "views/shell/pane.h"

#include "core/base/text.h"
#include "core/graph/print.h"
#include "views/base/decision.h"
#include "views/base/findbar.h"
#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/canvas/canvas.h"
#include "views/shell/crumbs.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QRegularExpression>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace hopscope {

PaneView::PaneView(const QString& name, QWidget* parent)
    : QWidget(parent)
    , crumbs_(new QLabel(this))
    , half_(new QLabel(this))
    , choose_(new QToolButton(this))
    , menu_(new QMenu(this))
    , canvas_(new Canvas(this))
    , find_(new FindBar(
          tr("Find name, operator, shape, source; /regex/"), tr("In all bodies of the dump"), this)) {
    setObjectName(name);
    crumbs_->setObjectName(name + QStringLiteral("Crumbs"));
    crumbs_->setAccessibleName(tr("Which body this is"));
    crumbs_->setTextFormat(Qt::RichText);
    crumbs_->setTextInteractionFlags(Qt::LinksAccessibleByMouse | Qt::LinksAccessibleByKeyboard);
    crumbs_->setMinimumWidth(40);
    crumbs_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    half_->setObjectName(name + QStringLiteral("Half"));
    choose_->setObjectName(name + QStringLiteral("Choose"));
    choose_->setAccessibleName(tr("Show another body in this pane"));
    choose_->setToolTip(tr("Show another body in this pane"));
    choose_->setText(tr("Body"));
    choose_->setToolButtonStyle(Qt::ToolButtonTextOnly);
    choose_->setPopupMode(QToolButton::InstantPopup);
    choose_->setAutoRaise(true);
    choose_->setMenu(menu_);
    canvas_->setObjectName(name + QStringLiteral("Canvas"));
    canvas_->installEventFilter(this);
    find_->installEventFilter(this);

    auto* header = new QWidget(this);
    header->setObjectName(QStringLiteral("paneHeader"));
    auto* row = new QHBoxLayout(header);
    row->setContentsMargins(metrics::kPadLarge, metrics::kPadSmall, metrics::kPadSmall, metrics::kPadSmall);
    row->setSpacing(metrics::kPad);
    row->addWidget(half_);
    row->addWidget(crumbs_, 1);
    row->addWidget(choose_);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(header);
    column->addWidget(find_);
    column->addWidget(canvas_, 1);

    connect(menu_, &QMenu::aboutToShow, this, &PaneView::fillMenu);
    const auto follow = [this](const QString& link) {
        const QStringList parts = link.split(QLatin1Char(':'));
        if (parts.value(0) == QStringLiteral("compile"))
            Q_EMIT compilationChosen(CompilationId(parts.value(1).toUInt()));
        else if (parts.value(0) == QStringLiteral("body"))
            Q_EMIT bodyChosen({body_.graph, BodyId(parts.value(1).toUInt()), {}});
        else if (parts.value(0) == QStringLiteral("row"))
            Q_EMIT rowChosen(parts.value(1).toInt());
    };
    connect(crumbs_, &QLabel::linkActivated, this, follow);
    connect(half_, &QLabel::linkActivated, this, follow);
    connect(&Theme::instance(), &Theme::changed, this, &PaneView::updateHeader);
    updateHeader();
}

void PaneView::setDocument(std::shared_ptr<const Document> document) {
    if (extends(document_, document)) {
        document_ = std::move(document);
        return; // what is shown stays
    }
    document_ = std::move(document);
    body_ = {};
    row_.reset();
    updateHeader();
}

void PaneView::setBody(const Place& body, std::optional<int> row, bool focused) {
    body_ = {body.graph, body.body, {}};
    row_ = row;
    isFocused_ = focused;
    updateHeader();
}

namespace {
constexpr int kNarrow = 300; // of a header: the choice of another body shows its arrow alone

QString halfTitle(const std::string& stage) {
    QString name = qs(stage);
    name.replace(QLatin1Char('_'), QLatin1Char(' '));
    if (!name.isEmpty())
        name[0] = name[0].toUpper();
    return name;
}

QString plain(QString html) {
    return html.remove(QRegularExpression(QStringLiteral("<[^>]*>")));
}
} // namespace

void PaneView::updateHeader() {
    choose_->setEnabled(document_ != nullptr);
    if (!document_ || !body_.graph) {
        half_->clear();
        crumbs_->clear();
        return;
    }
    const Graph& graph = document_->dump().graph(body_.graph);
    const QColor tone = color(isFocused_ ? Role::Accent : Role::Text);
    half_->setText(QStringLiteral("<a href='body:0' style='text-decoration:none;color:%1'><b>%2</b></a>")
                       .arg(tone.name(), halfTitle(document_->stage_label(body_.graph)).toHtmlEscaped()));

    const bool narrow = width() < metrics::scaled(kNarrow);
    choose_->setText(narrow ? QStringLiteral("…") : tr("Body"));
    std::vector<Crumb> all;
    all.push_back({qs(document_->compile_label(graph.compilation)),
        QStringLiteral("compile:%1").arg(graph.compilation.index), false, false, {}});
    std::vector<BodyId> chain;
    for (BodyId b = body_.body; b && document_->module(body_.graph).body(b).parent;
         b = document_->module(body_.graph).body(b).parent)
        chain.push_back(b);
    for (auto b = chain.rbegin(); b != chain.rend(); ++b) {
        const Place place{body_.graph, *b, {}};
        all.push_back({qs(document_->module(body_.graph).text(document_->body(place).class_name)),
            QStringLiteral("body:%1").arg(b->index), false, false, {}});
    }
    if (row_)
        all.push_back({(narrow ? tr("call %1") : tr("▶ call %1")).arg(document_->invocation(*row_).index),
            QStringLiteral("row:%1").arg(*row_), true, false, {}});

    QFont bold = crumbs_->font();
    bold.setBold(true);
    const QFontMetrics face = crumbs_->fontMetrics(), strong(bold);
    // Measured, not asked of the label, which is as wide as its neighbours let it be only after this turn.
    const int spaces = metrics::kPadLarge + metrics::kPadSmall + 2 * metrics::kPad + 4;
    const int room = width() - half_->sizeHint().width() - choose_->sizeHint().width() - spaces;
    QString glyph, word;
    Role role = Role::Text;
    if (row_) {
        const Invocation& invocation = document_->invocation(*row_);
        role = roleOf(invocation.decision, invocation.inlined);
        glyph = QLatin1Char(' ') + glyphText(glyphOf(invocation.decision, invocation.inlined));
        word = QLatin1Char(' ') + decisionText(invocation);
        // The word goes where there is no room for it; the shape says the same.
        if (widthOf(all, face, strong) + face.horizontalAdvance(glyph + word) > room)
            word.clear();
    }
    const std::vector<Crumb> shown = fitted(all, room - face.horizontalAdvance(glyph + word), face, strong);
    const QString quiet = color(Role::Quiet).name();
    QStringList links;
    for (const Crumb& crumb : shown) {
        const QString text = crumb.text.toHtmlEscaped();
        links << QStringLiteral("<a href='%1' style='text-decoration:none;color:%2'>%3</a>")
                     .arg(crumb.link, crumb.strong ? color(Role::Accent).name() : quiet,
                         crumb.strong ? QStringLiteral("<b>%1</b>").arg(text) : text);
    }
    QString text =
        links.join(QStringLiteral("<span style='color:%1'>%2</span>").arg(quiet, crumbSeparator()));
    if (row_)
        text += QStringLiteral("<span style='color:%1'>%2</span>")
                    .arg(color(role).name(), (glyph + word).toHtmlEscaped());
    crumbs_->setText(text);
    // What is cut stands whole in the tooltip.
    QStringList whole{halfTitle(document_->stage_label(body_.graph))};
    for (const Crumb& crumb : all)
        whole << crumb.text;
    crumbs_->setToolTip(whole.join(crumbSeparator()) + QLatin1Char('\n') + qs(document_->address(body_)));
}

QString PaneView::breadcrumb() const {
    return plain(half_->text() + QStringLiteral(" › ") + crumbs_->text());
}

void PaneView::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    updateHeader();
}

// Every body of the pane's compilation, by stage; other compilations as submenus.
void PaneView::fillMenu() {
    menu_->clear();
    if (!document_)
        return;
    const Dump& dump = document_->dump();
    const CompilationId here = body_.graph ? dump.graph(body_.graph).compilation : CompilationId();
    const auto fill = [&](QMenu* menu, CompilationId id) {
        for (GraphId graph : dump.compilation(id).graphs) {
            if (!dump.graph(graph).module)
                continue;
            const GraphModule& module = document_->module(graph);
            for (size_t b = 0; b < module.bodies.size(); ++b) {
                const Place place{graph, BodyId(b), {}};
                const QString name = b == 0 ? qs(document_->stage_label(graph))
                                            : QStringLiteral("    ") + qs(document_->body_name(place));
                QAction* action = menu->addAction(
                    QStringLiteral("%1\t%2").arg(name, qs(counted(module.bodies[b].nodes.size(), "node"))));
                action->setCheckable(true);
                action->setChecked(graph == body_.graph && BodyId(b) == body_.body);
                connect(action, &QAction::triggered, this, [this, place] { Q_EMIT bodyChosen(place); });
            }
        }
    };
    if (here)
        fill(menu_, here);
    if (dump.compilations.size() > 1) {
        menu_->addSeparator();
        for (size_t i = 0; i < dump.compilations.size(); ++i) {
            if (CompilationId(i) != here && !dump.compilations[i].graphs.empty())
                fill(menu_->addMenu(qs(document_->compile_label(CompilationId(i)))), CompilationId(i));
        }
    }
}

bool PaneView::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::FocusIn || event->type() == QEvent::MouseButtonPress)
        Q_EMIT focused();
    return QWidget::eventFilter(watched, event);
}

} // namespace hopscope
