#include "views/run/runmodels.h"

#include "core/base/text.h"
#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/base/valuetext.h"

#include <algorithm>

namespace hopscope {

namespace {
QVariant aligned(bool right) {
    return QVariant((right ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
}

QString nodeName(const GraphModule& module, BodyId body, NodeId node) {
    const std::string_view name = module.text(module.body(body).node(node).name);
    return name.empty() ? QStringLiteral("output") : qs(name);
}

QString bodyName(const GraphModule& module, BodyId body) {
    const std::string path = body_path(module, body);
    return path.empty() ? QObject::tr("root") : qs(path);
}

bool there(const GraphModule* module, BodyId body, NodeId node) {
    return module && body && node && body.index < module->bodies.size()
        && node.index < module->body(body).nodes.size();
}
} // namespace

QString breakpointText(const GraphModule* module, const run::Breakpoint& breakpoint) {
    switch (breakpoint.kind) {
    case run::Breakpoint::Kind::Node:
        if (!there(module, breakpoint.body, breakpoint.node))
            return QObject::tr("a node that is not there");
        return breakpoint.body.index == 0 ? nodeName(*module, breakpoint.body, breakpoint.node)
                                          : QObject::tr("%1 in %2")
                                                .arg(nodeName(*module, breakpoint.body, breakpoint.node),
                                                    bodyName(*module, breakpoint.body));
    case run::Breakpoint::Kind::Operator:
    case run::Breakpoint::Kind::Shape:
        return qs(breakpoint.text);
    case run::Breakpoint::Kind::NonFinite:
        return QObject::tr("NaN or Inf appears");
    }
    return {};
}

// --- breakpoints

BreakpointModel::BreakpointModel(RunController* controller, QObject* parent)
    : QAbstractTableModel(parent)
    , controller_(controller) {
    connect(controller, &RunController::breakpointsChanged, this, &BreakpointModel::reload);
}

void BreakpointModel::setDocument(std::shared_ptr<const Document> document) {
    document_ = std::move(document);
    reload();
}

void BreakpointModel::reload() {
    const std::vector<run::Breakpoint>& now = controller_->breakpoints();
    // The rows that stay keep the selection.
    if (now == list_) {
        list_ = now;
        if (!list_.empty())
            Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
        return;
    }
    beginResetModel();
    list_ = now;
    endResetModel();
}

Place BreakpointModel::placeOf(int row) const {
    if (row < 0 || size_t(row) >= list_.size() || list_[size_t(row)].kind != run::Breakpoint::Kind::Node)
        return {};
    return {controller_->breakpointGraph(), list_[size_t(row)].body, list_[size_t(row)].node};
}

int BreakpointModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(list_.size());
}

QVariant BreakpointModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || size_t(index.row()) >= list_.size())
        return {};
    const run::Breakpoint& at = list_[size_t(index.row())];
    const GraphId graph = controller_->breakpointGraph();
    const GraphModule* module = document_ && graph ? &document_->module(graph) : nullptr;
    switch (role) {
    case Qt::DisplayRole:
    case Qt::AccessibleTextRole:
        if (index.column() == What)
            return breakpointText(module, at);
        if (index.column() == Hits)
            return grouped(at.hits);
        switch (at.kind) {
        case run::Breakpoint::Kind::Node:
            return tr("before the node");
        case run::Breakpoint::Kind::Operator:
            return tr("before the operator");
        case run::Breakpoint::Kind::Shape:
            return tr("after a value of this shape");
        case run::Breakpoint::Kind::NonFinite:
            return tr("after the node that made it");
        }
        return {};
    case Qt::CheckStateRole:
        return index.column() == What ? QVariant(at.enabled ? Qt::Checked : Qt::Unchecked) : QVariant();
    case Qt::FontRole:
        return index.column() == What ? QVariant(monoFont()) : QVariant();
    case Qt::ForegroundRole:
        return at.enabled ? QVariant() : QVariant(color(Role::Quiet));
    case Qt::TextAlignmentRole:
        return aligned(index.column() == Hits);
    default:
        return {};
    }
}

bool BreakpointModel::setData(const QModelIndex& index, const QVariant& value, int role) {
    if (!index.isValid() || role != Qt::CheckStateRole || index.column() != What)
        return false;
    controller_->enableBreakpoint(size_t(index.row()), value.toInt() == Qt::Checked);
    return true;
}

Qt::ItemFlags BreakpointModel::flags(const QModelIndex& index) const {
    const Qt::ItemFlags flags = QAbstractTableModel::flags(index);
    return index.isValid() && index.column() == What ? flags | Qt::ItemIsUserCheckable : flags;
}

QVariant BreakpointModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    if (role == Qt::TextAlignmentRole)
        return aligned(section == Hits);
    const QString titles[] = {tr("breakpoint"), tr("stops"), tr("hits")};
    return role == Qt::DisplayRole ? QVariant(titles[section]) : QVariant();
}

// --- watched nodes

WatchModel::WatchModel(RunController* controller, QObject* parent)
    : QAbstractTableModel(parent)
    , controller_(controller) {
    setObjectName(QStringLiteral("watch"));
    const auto changed = [this] {
        if (!places_.empty())
            Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
    };
    connect(controller, &RunController::moved, this, [this, changed] {
        follow();
        changed();
    });
    connect(controller, &RunController::valuesReady, this, changed);
}

void WatchModel::setDocument(std::shared_ptr<const Document> document) {
    if (extends(document_, document)) {
        document_ = std::move(document);
        return; // what is shown stays
    }
    beginResetModel();
    document_ = std::move(document);
    places_.clear();
    endResetModel();
}

void WatchModel::toggle(const Place& node) {
    const auto found = std::find(places_.begin(), places_.end(), node);
    if (found != places_.end())
        return remove(int(found - places_.begin()));
    beginInsertRows({}, rowCount(), rowCount());
    places_.push_back(node);
    endInsertRows();
    follow();
}

void WatchModel::remove(int row) {
    if (row < 0 || row >= rowCount())
        return;
    beginRemoveRows({}, row, row);
    places_.erase(places_.begin() + row);
    endRemoveRows();
}

std::optional<ValueQuery> WatchModel::queryOf(int row, QString* why) const {
    const Place& at = places_[size_t(row)];
    const auto stepper = controller_->stepper();
    if (controller_->state() != RunController::State::Ready || !stepper) {
        *why = tr("nothing runs");
        return {};
    }
    if (at.graph != controller_->graph()) {
        *why = tr("of another graph");
        return {};
    }
    const std::optional<size_t> step = stepper->step_of(at.body, at.node);
    if (!step || !stepper->done(*step)) {
        *why = tr("not run yet");
        return {};
    }
    if (stepper->steps()[*step].values == 0) {
        *why = tr("no value");
        return {};
    }
    return ValueQuery{*step, 0, 0, {}};
}

void WatchModel::follow() {
    std::vector<ValueQuery> queries;
    QString why;
    for (int row = 0; row < rowCount(); ++row) {
        if (const auto query = queryOf(row, &why))
            queries.push_back(*query);
    }
    controller_->want(objectName(), queries);
}

int WatchModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(places_.size());
}

QVariant WatchModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || size_t(index.row()) >= places_.size() || !document_)
        return {};
    const Place& at = places_[size_t(index.row())];
    QString why;
    const std::optional<ValueQuery> query = queryOf(index.row(), &why);
    const ValueAnswer* answer = query ? controller_->answer(*query) : nullptr;
    const bool value = answer && answer->error.isEmpty();
    switch (role) {
    case Qt::DisplayRole:
    case Qt::AccessibleTextRole:
        if (index.column() == Name) {
            const std::string body = document_->body_name(at);
            const QString name = qs(document_->node_name(at));
            return body.empty() ? name : tr("%1 in %2").arg(name, qs(body));
        }
        if (index.column() == Type)
            return value ? typeText(answer->value) : QString();
        return value ? shortValue(answer->value) : answer ? answer->error : query ? QStringLiteral("…") : why;
    case Qt::ForegroundRole:
        if (index.column() == Value && value && hasNonFinite(answer->value))
            return color(Role::Failed);
        return index.column() == Value && value ? QVariant()
            : index.column() == Name            ? QVariant()
                                                : QVariant(color(Role::Quiet));
    case Qt::FontRole:
        return monoFont();
    case Qt::ToolTipRole:
        return qs(document_->address(at));
    default:
        return {};
    }
}

QVariant WatchModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    if (role == Qt::TextAlignmentRole)
        return aligned(false);
    const QString titles[] = {tr("node"), tr("value"), tr("type")};
    return role == Qt::DisplayRole ? QVariant(titles[section]) : QVariant();
}

// --- call stack

StackModel::StackModel(RunController* controller, QObject* parent)
    : QAbstractTableModel(parent)
    , controller_(controller) {
    connect(controller, &RunController::moved, this, &StackModel::reload);
}

void StackModel::setDocument(std::shared_ptr<const Document> document) {
    document_ = std::move(document);
    reload();
}

void StackModel::reload() {
    beginResetModel();
    frames_.clear();
    if (const auto stepper = controller_->stepper(); stepper && document_ && !stepper->at_end()) {
        frames_ = stepper->stack();
        std::reverse(frames_.begin(), frames_.end());
        frames_.insert(frames_.begin(), stepper->position());
    }
    endResetModel();
}

Place StackModel::placeOf(int row) const {
    return row >= 0 && size_t(row) < frames_.size() ? controller_->placeOf(frames_[size_t(row)]) : Place();
}

int StackModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(frames_.size());
}

QVariant StackModel::data(const QModelIndex& index, int role) const {
    const Place at = index.isValid() ? placeOf(index.row()) : Place();
    if (!at.node || !document_)
        return {};
    switch (role) {
    case Qt::DisplayRole:
    case Qt::AccessibleTextRole:
        switch (index.column()) {
        case Call:
            return qs(document_->node_name(at));
        case In: {
            const std::optional<uint32_t> round =
                controller_->stepper()->steps()[frames_[size_t(index.row())]].round;
            const QString body = bodyName(document_->module(at.graph), at.body);
            return round ? tr("%1, round %2").arg(body).arg(*round) : body;
        }
        default:
            return tr("step %1").arg(frames_[size_t(index.row())]);
        }
    case Qt::FontRole:
        return index.column() == At ? QVariant() : QVariant(monoFont());
    case Qt::ForegroundRole:
        return index.column() == Call ? QVariant() : QVariant(color(Role::Quiet));
    case Qt::TextAlignmentRole:
        return aligned(index.column() == At);
    default:
        return {};
    }
}

QVariant StackModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    if (role == Qt::TextAlignmentRole)
        return aligned(section == At);
    const QString titles[] = {tr("node"), tr("in"), tr("at")};
    return role == Qt::DisplayRole ? QVariant(titles[section]) : QVariant();
}

} // namespace hopscope
