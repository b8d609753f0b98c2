// A two-dimensional part of a tensor: as a table and as a picture.
#pragma once

#include <QAbstractTableModel>
#include <QImage>
#include <QWidget>

#include <cstdint>
#include <vector>

namespace hopscope {

// What of a tensor is shown: the leading dimensions fixed, a page of the last two. A vector is one row, a
// number one cell.
struct SliceWindow {
    static constexpr int64_t kPage = 256; // rows and columns: 65,536 elements, the most that is handed over

    std::vector<int64_t> shape;
    std::vector<int64_t> leading; // one index for each dimension but the last two
    int64_t row = 0, column = 0; // where the page begins

    void setShape(const std::vector<int64_t>& newShape); // keeps what of the choice still fits
    int64_t rows() const { return shape.size() < 2 ? 1 : shape[shape.size() - 2]; }
    int64_t columns() const { return shape.empty() ? 1 : shape.back(); }
    int64_t pageRows() const { return std::min(kPage, rows() - row); }
    int64_t pageColumns() const { return std::min(kPage, columns() - column); }
    bool isEmpty() const { return rows() == 0 || columns() == 0 || pageRows() <= 0 || pageColumns() <= 0; }
    std::vector<int64_t> start() const;
    std::vector<int64_t> count() const;
    QString indexText(int64_t r, int64_t c) const; // "[0, 3, 17]", r and c within the page
};

// The elements of one page.
struct SlicePage {
    SliceWindow window;
    std::vector<double> cells; // row-major
    double limit = 0; // largest finite magnitude of the whole tensor: the scale of the colours
    bool empty() const { return cells.empty(); }
};

// Blue below 0, orange above, the surface at 0; as strong as the value is large against `limit`.
QColor cellColor(double value, double limit);

class SliceModel : public QAbstractTableModel {
    Q_OBJECT

public:
    explicit SliceModel(QObject* parent = nullptr);
    void setPage(const SlicePage& page);
    const SlicePage& page() const { return page_; }
    QString tsv() const; // the whole page, as other programs read it

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    SlicePage page_;
};

// One cell a square, with the scale under it. NaN is a cross on the failure colour, an infinity a full cell
// with a dot: neither is told by colour alone.
class SlicePicture : public QWidget {
    Q_OBJECT

public:
    explicit SlicePicture(QWidget* parent = nullptr);
    void setPage(const SlicePage& page);
    QImage picture() const; // with its scale, for the clipboard
    QSize sizeHint() const override { return {240, 160}; }
    QString cellText(QPoint pos) const; // index and value under a point

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    void paintInto(QPainter& painter, const QRect& room) const;
    QRectF cells(const QRect& room) const; // where the cells are

    SlicePage page_;
};

} // namespace hopscope
