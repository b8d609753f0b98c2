#include "views/ledger/twoledgersmodel.h"

#include "views/base/decision.h"
#include "views/base/text.h"
#include "views/base/theme.h"

namespace hopscope {

namespace {

// Told by sign and words, not by colour alone.
struct Look {
    const char* sign;
    const char* words;
    std::optional<Role> role; // none: quiet
};
constexpr Look kLooks[] = {
    {"=", QT_TRANSLATE_NOOP("TwoLedgersModel", "the same in both"), {}},
    {"≈", QT_TRANSLATE_NOOP("TwoLedgersModel", "the same decision, another body"), Role::Warning},
    {"~", QT_TRANSLATE_NOOP("TwoLedgersModel", "changed"), Role::Warning},
    {"−", QT_TRANSLATE_NOOP("TwoLedgersModel", "only here"), Role::Failed},
    {"+", QT_TRANSLATE_NOOP("TwoLedgersModel", "only there"), Role::Reused},
};

QString decision(const Document& document, std::optional<int> row) {
    if (!row)
        return QStringLiteral("–");
    const Invocation& invocation = document.invocation(*row);
    return glyphText(glyphOf(invocation.decision, invocation.inlined)) + QLatin1Char(' ')
        + qs(decision_label(invocation.decision));
}

} // namespace

TwoLedgersModel::TwoLedgersModel(QObject* parent)
    : QAbstractTableModel(parent) { }

void TwoLedgersModel::setLedgers(std::shared_ptr<const TwoLedgers> of) {
    beginResetModel();
    of_ = std::move(of);
    fill();
    endResetModel();
}

void TwoLedgersModel::setOnlyDifferences(bool on) {
    if (on == only_differences_)
        return;
    beginResetModel();
    only_differences_ = on;
    fill();
    endResetModel();
}

void TwoLedgersModel::fill() {
    shown_.clear();
    for (size_t i = 0; of_ && i < of_->lines.size(); ++i)
        if (!only_differences_ || of_->lines[i].kind != LedgerLine::Kind::Equal)
            shown_.push_back(i);
}

const LedgerLine* TwoLedgersModel::line(int row) const {
    return row >= 0 && size_t(row) < shown_.size() ? &of_->lines[shown_[size_t(row)]] : nullptr;
}

int TwoLedgersModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(shown_.size());
}
int TwoLedgersModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

QString TwoLedgersModel::text(const LedgerLine& line, int column) const {
    const auto number = [](const Document& document, std::optional<int> row) {
        return row ? QString::number(document.rows()[size_t(*row)].invocation.index) : QStringLiteral("–");
    };
    const LedgerPair& pair = of_->pairs[line.pair];
    switch (column) {
    case Sign:
        return QString::fromUtf8(kLooks[size_t(line.kind)].sign);
    case Compile:
        return qs(pair.a ? of_->here->compile_label(pair.a) : of_->there->compile_label(pair.b));
    case Function:
        return qs(line.function);
    case Here:
        return number(*of_->here, line.here);
    case DecisionHere:
        return decision(*of_->here, line.here);
    case There:
        return number(*of_->there, line.there);
    case DecisionThere:
        return decision(*of_->there, line.there);
    case What:
        return line.kind == LedgerLine::Kind::OnlyHere || line.kind == LedgerLine::Kind::OnlyThere
            ? tr(kLooks[size_t(line.kind)].words)
            : qs(line.what);
    default:
        return {};
    }
}

QVariant TwoLedgersModel::data(const QModelIndex& index, int role) const {
    const LedgerLine* at = index.isValid() ? line(index.row()) : nullptr;
    if (!at)
        return {};
    const Look& look = kLooks[size_t(at->kind)];
    const int column = index.column();
    switch (role) {
    case Qt::DisplayRole:
        return text(*at, column);
    case Qt::AccessibleTextRole:
        return column == Sign ? tr(look.words) : text(*at, column);
    case Qt::ToolTipRole:
        if (column == Sign)
            return tr(look.words);
        return at->body_here.graph && at->body_there.graph
            ? text(*at, column) + tr("\nDouble click or press Return to compare the two bodies")
            : text(*at, column);
    case Qt::TextAlignmentRole:
        return column == Sign                   ? QVariant(Qt::AlignCenter)
            : column == Here || column == There ? QVariant(Qt::AlignRight | Qt::AlignVCenter)
                                                : QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    case Qt::FontRole:
        return column == Function ? monoFont(Size::Small) : uiFont(Size::Small);
    case Qt::ForegroundRole:
        if (column == DecisionHere || column == DecisionThere) {
            const bool here = column == DecisionHere;
            const std::optional<int>& row = here ? at->here : at->there;
            if (!row)
                return color(Role::Quiet);
            const Invocation& invocation = (here ? of_->here : of_->there)->invocation(*row);
            return color(roleOf(invocation.decision, invocation.inlined));
        }
        if (column == Sign || column == What)
            return color(look.role.value_or(Role::Quiet));
        return color(at->kind == LedgerLine::Kind::Equal ? Role::Quiet : Role::Text);
    default:
        return {};
    }
}

QVariant TwoLedgersModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Compile:
        return tr("compile");
    case Function:
        return tr("function");
    case Here:
        return tr("# here");
    case DecisionHere:
        return tr("here");
    case There:
        return tr("# there");
    case DecisionThere:
        return tr("there");
    case What:
        return tr("what differs");
    default:
        return {};
    }
}

} // namespace hopscope
