#include "views/shell/gotobox.h"

#include "core/base/text.h"
#include "core/browse/fuzzy.h"
#include "views/base/decision.h"
#include "views/base/text.h"
#include "views/base/theme.h"

#include <QApplication>
#include <QFileInfo>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QPointer>
#include <QVBoxLayout>

#include <algorithm>

namespace hopscope {

namespace {
constexpr int kWidth = 560, kRows = 12;

std::string_view baseName(std::string_view path) {
    const size_t slash = path.find_last_of('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// "file.py:26", "26" or "file.py:": what names a source line.
bool looksLikeSource(std::string_view query) {
    return query.find(".py") != std::string_view::npos && query.find('@') == std::string_view::npos;
}

void addNodes(
    const Document& document, const Place& near, const std::string& query, std::vector<GotoHit>& out) {
    const bool bySource = looksLikeSource(query);
    std::string source;
    for (size_t g = 0; g < document.dump().graphs.size(); ++g) {
        if (!document.dump().graphs[g].module)
            continue;
        const GraphModule& module = document.module(GraphId(g));
        for (size_t b = 0; b < module.bodies.size(); ++b) {
            const bool here = GraphId(g) == near.graph && BodyId(b) == near.body;
            const bool sameGraph = GraphId(g) == near.graph;
            const Body& body = module.bodies[b];
            for (size_t n = 0; n < body.nodes.size(); ++n) {
                std::string_view text = module.text(body.nodes[n].name);
                if (bySource) {
                    const Source* at = module.source(body.nodes[n].source);
                    if (!at || !at->has_place())
                        continue;
                    source = std::string(baseName(module.text(at->file))) + ":" + std::to_string(at->line);
                    text = source;
                }
                int score = fuzzy_score(
                    !query.empty() && query[0] == '%' ? std::string_view(query).substr(1) : query, text);
                if (score < 0 || query.empty())
                    continue;
                score += here ? 60 : sameGraph ? 10 : 0;
                GotoHit hit;
                hit.place = {GraphId(g), BodyId(b), NodeId(n)};
                hit.score = score;
                out.push_back(std::move(hit));
            }
        }
    }
}

void addBodies(const Document& document, const std::string& query, std::vector<GotoHit>& out) {
    for (size_t g = 0; g < document.dump().graphs.size(); ++g) {
        if (!document.dump().graphs[g].module)
            continue;
        for (size_t b = 0; b < document.module(GraphId(g)).bodies.size(); ++b) {
            GotoHit hit;
            hit.place = {GraphId(g), BodyId(b), {}};
            const std::string address = document.address(hit.place);
            hit.score =
                std::max(fuzzy_score(query, address), fuzzy_score(query, document.body_name(hit.place)));
            if (hit.score < 0)
                continue;
            hit.score += 20;
            hit.title = qs(address);
            out.push_back(std::move(hit));
        }
    }
}

void addRegions(const Document& document, const std::string& query, std::vector<GotoHit>& out) {
    for (const CompilationLedger& compilation : document.ledger().compilations) {
        for (size_t r = 0; r < compilation.regions.size(); ++r) {
            const Region& region = compilation.regions[r];
            GotoHit hit;
            hit.region = {compilation.compilation, int(r)};
            hit.score = std::max(fuzzy_score(query, region.identifier), fuzzy_score(query, region.function));
            if (hit.score < 0)
                continue;
            hit.score += 40;
            hit.title = qs(region.identifier);
            hit.detail = QObject::tr("region %1 in %2")
                             .arg(qs(region.function), qs(document.compile_label(compilation.compilation)));
            out.push_back(std::move(hit));
        }
    }
    for (size_t row = 0; row < document.rows().size(); ++row) {
        const std::string name = "call " + std::to_string(document.invocation(int(row)).index);
        GotoHit hit;
        hit.row = int(row);
        hit.score = fuzzy_score(query, name);
        if (hit.score < 0 || query.empty())
            continue;
        hit.title = qs(name);
        hit.detail = decisionText(document.invocation(int(row))) + QStringLiteral(" · ")
            + qs(document.compile_label(document.rows()[row].compilation));
        out.push_back(std::move(hit));
    }
}

void describe(const Document& document, GotoHit& hit) {
    if (!hit.place.graph)
        return;
    if (!hit.place.node) {
        hit.detail = qs(counted(document.body(hit.place).nodes.size(), "node"));
        return;
    }
    const Node* node = document.node(hit.place);
    const GraphModule& module = document.module(hit.place.graph);
    hit.title = qs(document.node_name(hit.place));
    hit.detail = qs(short_target(module, *node)) + QStringLiteral(" · ")
        + qs(document.address({hit.place.graph, hit.place.body, {}}));
    if (const Source* at = module.source(node->source); at && at->has_place())
        hit.detail += QStringLiteral(" · ") + qs(baseName(module.text(at->file))) + QLatin1Char(':')
            + QString::number(at->line);
}
} // namespace

std::vector<GotoHit> gotoHits(
    const Document& document, const Place& near, const QString& text, size_t limit) {
    const std::string query = ss(text.trimmed());
    std::vector<GotoHit> hits;
    if (const Result<Place> exact = resolve(document.dump(), query); exact) {
        GotoHit hit;
        hit.place = *exact;
        hit.score = 100000;
        hit.title = text.trimmed();
        hits.push_back(std::move(hit));
    }
    addRegions(document, query, hits);
    addBodies(document, query, hits);
    addNodes(document, near, query, hits);
    // Equal scores in the dump's order: the list must not jump about.
    const auto better = [](const GotoHit& a, const GotoHit& b) { return a.score > b.score; };
    std::stable_sort(hits.begin(), hits.end(), better);
    if (hits.size() > limit)
        hits.resize(limit);
    for (GotoHit& hit : hits)
        describe(document, hit);
    return hits;
}

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
    document_ = std::move(document);
    near_ = near;
    before_ = QApplication::focusWidget();
    const int width = qMin(kWidth, parentWidget()->width() - 40);
    setGeometry((parentWidget()->width() - width) / 2, 64, width, (kRows + 2) * metrics::kRow + 24);
    raise();
    show();
    input_->clear();
    refresh();
    input_->setFocus(Qt::ShortcutFocusReason);
}

void GotoBox::refresh() {
    list_->clear();
    hits_ = document_ ? gotoHits(*document_, near_, input_->text()) : std::vector<GotoHit>{};
    for (const GotoHit& hit : hits_)
        list_->addItem(hit.title + QStringLiteral("    ") + hit.detail);
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
    const GotoHit hit = hits_[size_t(item)];
    leave();
    if (hit.row >= 0)
        Q_EMIT rowChosen(hit.row);
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
