#include "views/outline/outlinemodel.h"

#include "core/base/text.h"
#include "core/explain/lookup.h"
#include "views/base/decision.h"
#include "views/base/text.h"
#include "views/base/theme.h"

#include <QFont>

namespace hopscope {

struct OutlineModel::Item {
    Kind kind = Kind::Compilation;
    Item* parent = nullptr;
    int position = 0; // in its parent
    std::optional<int> rank;
    CompilationId compilation;
    RegionRef region;
    std::optional<int> row; // InvocationItem
    Place place;
    std::optional<int> failure; // FailureItem
    std::vector<std::unique_ptr<Item>> children;

    Item& add(Kind k) {
        auto child = std::make_unique<Item>();
        child->kind = k;
        child->parent = this;
        child->position = int(children.size());
        child->compilation = compilation;
        child->region = region;
        children.push_back(std::move(child));
        return *children.back();
    }
};

OutlineModel::OutlineModel(QObject* parent)
    : QAbstractItemModel(parent)
    , root_(std::make_unique<Item>()) { }

OutlineModel::~OutlineModel() = default;

void OutlineModel::setDocument(std::shared_ptr<const Document> document) {
    if (extends(document_, document)) {
        document_ = std::move(document);
        addNewStages();
        return; // what is shown stays
    }
    beginResetModel();
    document_ = std::move(document);
    root_ = std::make_unique<Item>();
    hits_.clear();
    currentRow_.reset();
    left_ = right_ = {};
    build();
    endResetModel();
}

void OutlineModel::build() {
    if (!document_)
        return;
    const Dump& dump = document_->dump();
    bool ranks = false;
    for (const Compilation& compilation : dump.compilations)
        ranks = ranks || compilation.key.rank;
    Item* rankItem = nullptr;
    for (size_t i = 0; i < dump.compilations.size(); ++i) {
        Item* parent = root_.get();
        if (ranks) {
            const std::optional<int> rank = dump.compilations[i].key.rank;
            if (!rankItem || rankItem->rank != rank) {
                rankItem = &root_->add(Kind::Rank);
                rankItem->rank = rank;
            }
            parent = rankItem;
        }
        addCompilation(*parent, CompilationId(i));
    }
}

void OutlineModel::addCompilation(Item& parent, CompilationId id) {
    Item& item = parent.add(Kind::Compilation);
    item.compilation = id;
    const Dump& dump = document_->dump();
    for (size_t i = 0; i < dump.failures.size(); ++i) {
        if (dump.failures[i].compilation == id)
            item.add(Kind::FailureItem).failure = int(i);
    }
    const CompilationLedger& ledger = document_->ledger().of(id);
    for (size_t r = 0; r < ledger.regions.size(); ++r)
        addRegion(item, {id, RegionId(r)});
    for (GraphId graph : dump.compilation(id).graphs) {
        if (dump.graph(graph).module)
            addStage(item, graph);
    }
}

void OutlineModel::addRegion(Item& parent, RegionRef ref) {
    Item& item = parent.add(Kind::RegionItem);
    item.region = ref;
    for (int row : document_->rows_of(ref))
        item.add(Kind::InvocationItem).row = row;
}

// The graphs that a document of the same reading has more than the one before: the last of their
// compilations.
void OutlineModel::addNewStages() {
    std::vector<Item*> todo{root_.get()};
    while (!todo.empty()) {
        Item* at = todo.back();
        todo.pop_back();
        GraphId last;
        for (const auto& child : at->children) {
            if (child->kind == Kind::Rank || child->kind == Kind::Compilation)
                todo.push_back(child.get());
            else if (child->kind == Kind::StageItem)
                last = child->place.graph;
        }
        if (at->kind != Kind::Compilation || !at->compilation)
            continue;
        for (GraphId graph : document_->dump().compilation(at->compilation).graphs) {
            if (!document_->dump().graph(graph).module || (last && graph.index <= last.index))
                continue;
            const int position = int(at->children.size());
            beginInsertRows(indexOf(at), position, position);
            addStage(*at, graph);
            endInsertRows();
        }
    }
}

void OutlineModel::addStage(Item& parent, GraphId id) {
    Item& stage = parent.add(Kind::StageItem);
    stage.place = {id, BodyId(0), {}};
    const GraphModule& module = document_->module(id);
    // A parent stands before its children, so one pass finds every parent's item.
    std::vector<Item*> items(module.bodies.size(), nullptr);
    if (!items.empty())
        items[0] = &stage;
    for (size_t b = 1; b < module.bodies.size(); ++b) {
        const BodyId parentBody = module.bodies[b].parent;
        Item* above = parentBody && parentBody.index < b ? items[parentBody.index] : nullptr;
        Item& body = (above ? *above : stage).add(Kind::BodyItem);
        body.place = {id, BodyId(b), {}};
        items[b] = &body;
    }
}

// --- the model

OutlineModel::Item* OutlineModel::item(const QModelIndex& index) const {
    return index.isValid() ? static_cast<Item*>(index.internalPointer()) : root_.get();
}

QModelIndex OutlineModel::indexOf(const Item* item) const {
    return item && item->parent ? createIndex(item->position, 0, item) : QModelIndex();
}

QModelIndex OutlineModel::index(int row, int column, const QModelIndex& parent) const {
    const Item* above = item(parent);
    if (column != 0 || row < 0 || size_t(row) >= above->children.size())
        return {};
    return createIndex(row, 0, above->children[size_t(row)].get());
}

QModelIndex OutlineModel::parent(const QModelIndex& child) const {
    return child.isValid() ? indexOf(item(child)->parent) : QModelIndex();
}

int OutlineModel::rowCount(const QModelIndex& parent) const {
    return parent.column() > 0 ? 0 : int(item(parent)->children.size());
}

int OutlineModel::columnCount(const QModelIndex&) const {
    return 1;
}

QVariant OutlineModel::headerData(int section, Qt::Orientation orientation, int role) const {
    return section == 0 && orientation == Qt::Horizontal && role == Qt::DisplayRole ? QVariant(tr("Graphs"))
                                                                                    : QVariant();
}

QString OutlineModel::name(const Item& item) const {
    switch (item.kind) {
    case Kind::Rank:
        return item.rank ? tr("rank %1").arg(*item.rank) : tr("no rank");
    case Kind::Compilation: {
        const CompileKey& key = document_->dump().compilation(item.compilation).key;
        return key.id == "-"
            ? tr("graph")
            : qs(key.id) + (key.attempt > 0 ? tr(" attempt %1").arg(key.attempt) : QString());
    }
    case Kind::RegionItem: {
        const std::string& identifier = document_->region(item.region).identifier;
        return identifier.empty() ? tr("never installed") : qs(identifier);
    }
    case Kind::InvocationItem:
        return tr("call %1").arg(document_->invocation(*item.row).index);
    case Kind::StageItem:
        return qs(document_->stage_label(item.place.graph));
    case Kind::BodyItem:
        return qs(document_->module(item.place.graph).text(document_->body(item.place).class_name));
    case Kind::FailureItem:
        return qs(document_->dump().failures[size_t(*item.failure)].kind);
    }
    return {};
}

namespace {
int countRows(const Document& document, RegionRef ref, bool reused) {
    int n = 0;
    for (int row : document.rows_of(ref)) {
        const Invocation& i = document.invocation(row);
        const bool isReuse = i.decision == Decision::Reused || i.decision == Decision::ReusedByKey;
        n += reused ? isReuse : i.traced_to_end;
    }
    return n;
}
} // namespace

QString OutlineModel::detail(const Item& item) const {
    switch (item.kind) {
    case Kind::Rank:
        return {};
    case Kind::Compilation: {
        const Compilation& compilation = document_->dump().compilation(item.compilation);
        QStringList parts;
        if (!compilation.function.empty())
            parts << qs(compilation.function);
        if (!compilation.fail_type.empty())
            parts << tr("failed: %1").arg(qs(compilation.fail_type));
        else if (!compilation.last_attempt)
            parts << tr("restarted");
        if (const std::string reason = recompile_headline(compilation); !reason.empty())
            parts << tr("compiled again: %1").arg(qs(reason));
        return parts.join(QStringLiteral(" · "));
    }
    case Kind::RegionItem: {
        const Region& region = document_->region(item.region);
        const int calls = int(region.invocations.size());
        const int traced = countRows(*document_, item.region, false),
                  reused = countRows(*document_, item.region, true);
        QStringList parts;
        parts << tr("%1 ×").arg(calls);
        if (traced)
            parts << tr("%1 traced").arg(traced);
        if (reused)
            parts << tr("%1 reused").arg(reused);
        int failed = 0;
        for (int row : document_->rows_of(item.region))
            failed += document_->invocation(row).decision == Decision::Failed;
        if (failed)
            parts << tr("%1 failed").arg(failed);
        if (region.inlined)
            parts << tr("put inline");
        return parts.join(QStringLiteral(" · "));
    }
    case Kind::InvocationItem: {
        const Invocation& invocation = document_->invocation(*item.row);
        return decisionText(invocation)
            + (invocation.trace_ms ? QStringLiteral(" · ") + qs(format_milliseconds(*invocation.trace_ms))
                                   : QString());
    }
    case Kind::StageItem:
    case Kind::BodyItem:
        return countOf(document_->body(item.place).nodes.size(), "node");
    case Kind::FailureItem:
        return qs(document_->dump().failures[size_t(*item.failure)].message);
    }
    return {};
}

QString OutlineModel::toolTip(const Item& item) const {
    switch (item.kind) {
    case Kind::InvocationItem: {
        const Invocation& invocation = document_->invocation(*item.row);
        QString text = tr("%1: %2").arg(name(item), detail(item));
        if (!invocation.reason.empty())
            text += QLatin1Char('\n') + qs(invocation.reason);
        return text;
    }
    case Kind::StageItem:
    case Kind::BodyItem:
        return qs(document_->address(item.place));
    case Kind::FailureItem:
        return qs(document_->dump().failures[size_t(*item.failure)].message);
    default: {
        const QString more = detail(item);
        return more.isEmpty() ? name(item) : name(item) + QStringLiteral(" – ") + more;
    }
    }
}

QByteArray OutlineModel::dots(const Item& item) const {
    QByteArray out;
    for (int row : document_->rows_of(item.region)) {
        const Invocation& invocation = document_->invocation(row);
        out.append(char(int(invocation.decision) + (invocation.inlined ? kInlinedBit : 0)));
    }
    return out;
}

bool OutlineModel::isCurrent(const Item& item) const {
    switch (item.kind) {
    case Kind::InvocationItem:
        return item.row == currentRow_;
    case Kind::RegionItem:
        return currentRow_ && document_->region_of(*currentRow_) == item.region;
    case Kind::StageItem:
    case Kind::BodyItem:
        return (item.place.graph == left_.graph && item.place.body == left_.body)
            || (item.place.graph == right_.graph && item.place.body == right_.body);
    default:
        return false;
    }
}

QVariant OutlineModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || !document_)
        return {};
    const Item& it = *item(index);
    switch (role) {
    case Qt::DisplayRole:
        return name(it);
    case FunctionRole:
        return it.kind == Kind::RegionItem ? QVariant(qs(document_->region(it.region).function)) : QVariant();
    case DetailRole:
        return detail(it);
    case KindRole:
        return int(it.kind);
    case Qt::ToolTipRole:
        return toolTip(it);
    case Qt::AccessibleTextRole: {
        const QString more = detail(it);
        QString text = more.isEmpty() ? name(it) : name(it) + QStringLiteral(", ") + more;
        if (const auto found = hits_.find(&it); found != hits_.end())
            text += tr(", %1 found").arg(found->second);
        return text;
    }
    case HitsRole: {
        const auto found = hits_.find(&it);
        return found == hits_.end() ? 0 : qulonglong(found->second);
    }
    case CurrentRole:
        return isCurrent(it);
    case DotsRole:
        return it.kind == Kind::RegionItem ? QVariant(dots(it)) : QVariant();
    case CurrentDotRole: {
        if (it.kind != Kind::RegionItem)
            return {};
        const std::vector<int> rows = document_->rows_of(it.region);
        for (size_t i = 0; i < rows.size(); ++i) {
            if (rows[i] == currentRow_)
                return int(i);
        }
        return {};
    }
    default:
        return {};
    }
}

void OutlineModel::setCurrent(std::optional<int> row, const Place& left, const Place& right) {
    const QModelIndexList old{indexOfRow(currentRow_), indexOfBody(left_), indexOfBody(right_)};
    const QModelIndex oldRegion =
        currentRow_ ? indexOfRegion(document_->region_of(*currentRow_)) : QModelIndex();
    currentRow_ = row;
    left_ = left;
    right_ = right;
    QModelIndexList changed = old;
    changed << oldRegion << indexOfRow(row) << indexOfBody(left) << indexOfBody(right);
    if (row && document_)
        changed << indexOfRegion(document_->region_of(*row));
    for (const QModelIndex& index : changed) {
        if (index.isValid())
            Q_EMIT dataChanged(index, index, {CurrentRole, CurrentDotRole});
    }
}

void OutlineModel::setHits(std::vector<std::pair<Place, size_t>> hits) {
    std::unordered_map<const Item*, size_t> next;
    for (const auto& [body, count] : hits) {
        const QModelIndex index = indexOfBody(body);
        for (const Item* at = index.isValid() ? item(index) : nullptr; at && at->parent; at = at->parent)
            next[at] += count;
    }
    std::unordered_map<const Item*, size_t> before = std::exchange(hits_, std::move(next));
    before.insert(hits_.begin(), hits_.end());
    for (const auto& [at, count] : before) {
        const QModelIndex index = indexOf(at);
        Q_EMIT dataChanged(index, index, {HitsRole});
    }
}

// --- what an item stands for

OutlineModel::Kind OutlineModel::kindOf(const QModelIndex& index) const {
    return item(index)->kind;
}
CompilationId OutlineModel::compilationOf(const QModelIndex& index) const {
    return item(index)->compilation;
}
RegionRef OutlineModel::regionOf(const QModelIndex& index) const {
    return item(index)->region;
}
std::optional<int> OutlineModel::rowOf(const QModelIndex& index) const {
    return item(index)->row;
}
Place OutlineModel::placeOf(const QModelIndex& index) const {
    return item(index)->place;
}
std::optional<int> OutlineModel::failureOf(const QModelIndex& index) const {
    return item(index)->failure;
}

template <class Predicate> QModelIndex OutlineModel::find(Predicate predicate) const {
    std::vector<const Item*> open{root_.get()};
    while (!open.empty()) {
        const Item* at = open.back();
        open.pop_back();
        if (at->parent && predicate(*at))
            return indexOf(at);
        for (auto child = at->children.rbegin(); child != at->children.rend(); ++child)
            open.push_back(child->get());
    }
    return {};
}

QModelIndex OutlineModel::indexOfRow(std::optional<int> row) const {
    return row ? find([row](const Item& i) { return i.kind == Kind::InvocationItem && i.row == row; })
               : QModelIndex();
}

QModelIndex OutlineModel::indexOfRegion(RegionRef region) const {
    return !region.valid()
        ? QModelIndex()
        : find([&](const Item& i) { return i.kind == Kind::RegionItem && i.region == region; });
}

QModelIndex OutlineModel::indexOfBody(const Place& place) const {
    if (!place.graph)
        return {};
    return find([&](const Item& i) {
        return (i.kind == Kind::StageItem || i.kind == Kind::BodyItem) && i.place.graph == place.graph
            && i.place.body == place.body;
    });
}

bool OutlineModel::opensAtFirst(const QModelIndex& index) const {
    const Kind kind = kindOf(index);
    return kind == Kind::Rank || kind == Kind::Compilation;
}

} // namespace hopscope
