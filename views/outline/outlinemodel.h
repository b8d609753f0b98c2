// The tree: rank → compilation → stage → body, and region → invocation.
#pragma once

#include "core/browse/document.h"
#include "views/base/callstrip.h"

#include <QAbstractItemModel>

#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hopscope {

class OutlineModel : public QAbstractItemModel {
    Q_OBJECT

public:
    enum class Kind { Rank, Compilation, RegionItem, InvocationItem, StageItem, BodyItem, FailureItem };
    enum DataRole {
        KindRole = Qt::UserRole,
        DotsRole, // RegionItem: QByteArray, one byte a call: Decision, + 16 where it was put inline
        CurrentDotRole, // RegionItem: which of its dots is the current invocation; invalid = none
        DetailRole, // the quiet text behind the name; RegionItem: its counts
        FunctionRole, // RegionItem: the marked function
        CurrentRole, // whether this row is, or holds, what is current
        HitsRole, // what a search found in this row and all below it, 0 = nothing
    };
    static constexpr int kInlinedBit = CallStrip::kInlinedBit;

    explicit OutlineModel(QObject* parent = nullptr);
    ~OutlineModel() override;

    void setDocument(std::shared_ptr<const Document> document);
    const std::shared_ptr<const Document>& document() const { return document_; }
    // Marks the invocation and the bodies shown.
    void setCurrent(std::optional<int> row, const Place& left, const Place& right);
    // How many nodes a search found in each body; empty: no search.
    void setHits(std::vector<std::pair<Place, size_t>> hits);

    QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
    QModelIndex parent(const QModelIndex& child) const override;
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    Kind kindOf(const QModelIndex& index) const;
    CompilationId compilationOf(const QModelIndex& index) const;
    RegionRef regionOf(const QModelIndex& index) const; // RegionItem
    std::optional<int> rowOf(const QModelIndex& index) const; // InvocationItem: into Document::rows()
    Place placeOf(const QModelIndex& index) const; // StageItem, BodyItem
    std::optional<int> failureOf(const QModelIndex& index) const; // FailureItem: into Dump::failures

    QModelIndex indexOfRow(std::optional<int> row) const; // the invocation's item
    QModelIndex indexOfRegion(RegionRef region) const;
    QModelIndex indexOfBody(const Place& place) const;
    // What is worth seeing at once: compilations and their regions.
    bool opensAtFirst(const QModelIndex& index) const;

private:
    struct Item;
    Item* item(const QModelIndex& index) const;
    QModelIndex indexOf(const Item* item) const;
    template <class Predicate> QModelIndex find(Predicate predicate) const;
    void build();
    void addCompilation(Item& parent, CompilationId id);
    void addRegion(Item& parent, RegionRef ref);
    void addStage(Item& parent, GraphId id);
    void addNewStages();
    QString name(const Item& item) const;
    QString detail(const Item& item) const;
    QString toolTip(const Item& item) const;
    QByteArray dots(const Item& item) const;
    bool isCurrent(const Item& item) const;

    std::shared_ptr<const Document> document_;
    std::unique_ptr<Item> root_;
    std::optional<int> currentRow_;
    std::unordered_map<const Item*, size_t> hits_; // with what is below them
    Place left_, right_;
};

} // namespace hopscope
