#include "views/shell/itemmenu.h"

#include "core/draw/scene.h"
#include "core/export/body.h"
#include "core/graph/print.h"
#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/export/exporting.h"
#include "views/ledger/ledgerview.h"

#include <QApplication>
#include <QClipboard>
#include <QDesktopServices>
#include <QFileInfo>
#include <QLineEdit>
#include <QMenu>
#include <QUrl>

namespace hopscope {

namespace {
constexpr size_t kMostNodes = 30; // in a submenu
constexpr size_t kMostDot = 2000; // nodes of a body that is laid out for the clipboard, at once
} // namespace

ItemMenus::ItemMenus(WindowState* state, LedgerView* ledger)
    : state_(state)
    , ledger_(ledger) { }

void ItemMenus::fill(QMenu& menu, const Item& item) {
    menu.setToolTipsVisible(true);
    if (!state_->document())
        return;
    addPlaces(menu, item);
    menu.addSeparator();
    addFilters(menu, item);
    menu.addSeparator();
    addNotes(menu, item);
    menu.addSeparator();
    addCopies(menu, item);
    addSources(menu, item);
}

// Greyed with the reason where there is one.
QAction* ItemMenus::add(
    QMenu& menu, const char* name, const QString& text, const QString& why, std::function<void()> act) {
    QAction* action = menu.addAction(text, this, std::move(act));
    action->setObjectName(QLatin1String("item.") + QLatin1String(name));
    action->setEnabled(why.isEmpty());
    QString tip = text;
    tip.remove(QLatin1Char('&'));
    action->setProperty("accessibleName", tip);
    action->setToolTip(why.isEmpty() ? tip : tip + QStringLiteral(" – ") + why);
    return action;
}

// The body that it is, that it is in, or the first that the call or region has.
Place ItemMenus::bodyOf(const Item& item) const {
    if (item.place.graph)
        return {item.place.graph, item.place.body, {}};
    std::optional<int> row = item.row;
    if (!row && item.region.valid())
        row = state_->document()->first_row_of(item.region);
    if (row) {
        for (const Place& body : state_->document()->invocation(*row).bodies)
            if (body.graph && body.body)
                return {body.graph, body.body, {}};
    }
    return {};
}

void ItemMenus::goTo(const Item& item) {
    Navigator& navigator = state_->navigator();
    if (item.place.node || (item.place.graph && !item.row))
        navigator.go_to(item.place);
    else if (item.row)
        navigator.select_invocation(*item.row);
    else if (item.region.valid())
        navigator.select_region(item.region);
}

void ItemMenus::addPlaces(QMenu& menu, const Item& item) {
    const bool somewhere = item.place.graph || item.row || item.region.valid();
    add(menu, "goTo", tr("&Go there"), somewhere ? QString() : tr("it is no place in a graph"), [this, item] {
        goTo(item);
    })->setIcon(icon(QStringLiteral("goto")));
    const Place body = bodyOf(item);
    add(menu, "beside", tr("Open Besi&de"), body.graph ? QString() : tr("it has no body"),
        [this, body] { state_->navigator().open_beside(body); });
    addNodes(menu, "inputs", tr("&Inputs"), item, false);
    addNodes(menu, "users", tr("&Users"), item, true);
    const auto why = [&](const std::function<QString(const Place&)>& ask) {
        return item.place.node && ask ? ask(item.place) : tr("it is no node");
    };
    add(menu, "hide", tr("&Hide in the Graph"), why(pictures_.whyNotHide),
        [this, item] { pictures_.hide(item.place); });
    add(menu, "reveal", tr("Re&veal in the Graph"), why(pictures_.whyNotReveal),
        [this, item] { pictures_.reveal(item.place); });
}

// Those that make its operands, or that use its value: each leads there.
void ItemMenus::addNodes(QMenu& menu, const char* name, const QString& text, const Item& item, bool users) {
    const std::shared_ptr<const Document> document = state_->document();
    std::span<const NodeId> nodes;
    const Node* node = document->node(item.place);
    if (node) {
        const Body& body = document->body(item.place);
        nodes = users ? body.users_of(*node) : body.inputs_of(*node);
    }
    if (nodes.empty()) {
        add(menu, name, text,
            !node       ? tr("it is no node")
                : users ? tr("nothing uses its value")
                        : tr("it takes no value of another node"),
            [] {});
        return;
    }
    QMenu* sub = menu.addMenu(QStringLiteral("%1 (%2)").arg(text).arg(nodes.size()));
    sub->menuAction()->setObjectName(QLatin1String("item.") + QLatin1String(name));
    for (size_t i = 0; i < nodes.size() && i < kMostNodes; ++i) {
        const Place place{item.place.graph, item.place.body, nodes[i]};
        sub->addAction(QStringLiteral("%1\t%2").arg(qs(document->node_name(place)),
                           qs(short_target(document->module(place.graph), *document->node(place)))),
            this, [this, place] { state_->navigator().go_to(place); });
    }
    if (nodes.size() > kMostNodes)
        sub->addAction(tr("and %1 more").arg(nodes.size() - kMostNodes))->setEnabled(false);
}

// The ledger's filter, by the region: that is what its rows, the tree and the graphs have in common.
void ItemMenus::addFilters(QMenu& menu, const Item& item) {
    const Document& document = *state_->document();
    RegionRef region = item.region;
    if (!region.valid() && item.row)
        region = document.region_of(*item.row);
    if (!region.valid() && item.place.graph && item.place.body)
        region = document.region_of_body(item.place.graph, item.place.body);
    const QString identifier = region.valid() ? qs(document.region(region).identifier) : QString();
    const QString why = identifier.isEmpty() ? tr("it belongs to no region") : QString();
    const auto term = [this, identifier](const QString& sign) {
        const QString before = ledger_->filterText().trimmed();
        ledger_->setFilterText((before.isEmpty() ? QString() : before + QLatin1Char(' ')) + sign
            + QStringLiteral("region:") + identifier);
    };
    add(menu, "filterIn", tr("Ledger: &only this region"), why, [term] {
        term(QStringLiteral("+"));
    })->setIcon(icon(QStringLiteral("filter")));
    add(menu, "filterOut", tr("Ledger: &without this region"), why, [term] { term(QStringLiteral("-")); });
    add(menu, "filterReset", tr("Ledger: all again"),
        ledger_->filterText().isEmpty() ? tr("nothing is filtered") : QString(),
        [this] { ledger_->setFilterText({}); });
}

void ItemMenus::addNotes(QMenu& menu, const Item& item) {
    const Place place = item.place.graph ? item.place : bodyOf(item);
    const std::string address = place.graph ? state_->document()->address(place) : std::string();
    const QString why = state_->notes().read_only() ? tr("the session's file cannot be written")
        : address.empty()                           ? tr("it has no address")
                                                    : QString();
    add(menu, "bookmark", tr("&Bookmark, or no more"), why, [this, address, label = ss(item.name)] {
        const Status status = state_->notes().toggle_bookmark(address, label);
        state_->touch(Change::Notes);
        if (!status)
            state_->say(status.error());
    })->setIcon(icon(QStringLiteral("bookmark")));
}

void ItemMenus::addCopies(QMenu& menu, const Item& item) {
    const std::shared_ptr<const Document> document = state_->document();
    const auto copy = [this](const QString& text, const QString& what) {
        QApplication::clipboard()->setText(text);
        state_->say(tr("Copied %1").arg(what));
    };
    add(menu, "copyName", tr("Copy &Name"), item.name.isEmpty() ? tr("it has no name") : QString(), [=] {
        copy(item.name, item.name);
    })->setIcon(icon(QStringLiteral("copy")));
    const Place at = item.place.graph ? item.place : bodyOf(item);
    add(menu, "copyText", tr("Copy Te&xt"),
        item.text.isEmpty() && !at.graph ? tr("it has no text") : QString(), [=] {
            if (!item.text.isEmpty())
                return copy(item.text, tr("its text"));
            const GraphModule& module = document->module(at.graph);
            copy(qs(at.node ? print_statement(module, at.body, at.node) : print_readable(module, at.body)),
                at.node ? tr("its statement") : tr("the body's text"));
        });
    const size_t nodes = at.graph ? document->body(at).nodes.size() : 0;
    add(menu, "copyDot", tr("Copy Body as &DOT"),
        !at.graph              ? tr("it is in no body")
            : nodes > kMostDot ? tr("the body has %1 nodes; File > Export writes it").arg(grouped(nodes))
                               : QString(),
        [=, this] {
            const Place body{at.graph, at.body, {}};
            const Result<ExportedBody> dot = export_body(document->dump(), body, *export_format("dot"),
                sceneOptions(*document, body, true, false), draw::Theme::Light);
            if (dot)
                copy(qs(dot->bytes), tr("the body as DOT"));
            else
                state_->say(dot.error());
        });
    add(menu, "copyAddress", tr("Copy &Address"), at.graph ? QString() : tr("it has no address"),
        [=] { copy(qs(document->address(at)), qs(document->address(at))); });
}

void ItemMenus::addSources(QMenu& menu, const Item& item) {
    menu.addSeparator();
    const Source* source = item.place.node ? state_->document()->source(item.place) : nullptr;
    const QString path = source && source->has_place()
        ? exact(state_->document()->module(item.place.graph).text(source->file))
        : QString();
    add(menu, "source", tr("Open &Source"),
        path.isEmpty()                ? tr("its source line is not told")
            : QFileInfo::exists(path) ? QString()
                                      : tr("%1 is not on this machine").arg(visible(path)),
        [path] { QDesktopServices::openUrl(QUrl::fromLocalFile(path)); });
    add(menu, "dumpLine", tr("Show Line in the Dump"),
        item.file && item.line > 0 ? QString() : tr("it rests on no line of its own"),
        [this, item] { Q_EMIT spotChosen(item.file, item.line); });
}

} // namespace hopscope
