// Plots in the window's colours: a histogram, and bytes over steps. QCustomPlot draws them; it stays out of
// this header, as it uses Qt's keywords.
#pragma once

#include <QWidget>

#include <cstdint>
#include <optional>
#include <vector>

class QCPBars;
class QCPGraph;
class QCPItemLine;
class QCPItemText;
class QCustomPlot;

namespace hopscope {

// Takes its colours and fonts from the theme, and again when that changes.
class Plot : public QWidget {
    Q_OBJECT

public:
    explicit Plot(QWidget* parent = nullptr);

protected:
    virtual void restyle() = 0; // colours of what is plotted
    void applyStyle();

    QCustomPlot* plot_;
};

// How often which values occur.
class Histogram : public Plot {
    Q_OBJECT

public:
    explicit Histogram(QWidget* parent = nullptr);
    // `counts` of equal bins from low to high. Empty clears it.
    void setCounts(double low, double high, const std::vector<double>& counts);
    const std::vector<double>& counts() const { return counts_; }

protected:
    void restyle() override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    QCPBars* bins_;
    QCPItemLine* zero_;
    std::vector<double> counts_;
    double low_ = 0, width_ = 0;
};

// Live bytes after each step: a staircase with its peak and the position marked. A click asks for that step.
class BytesCurve : public Plot {
    Q_OBJECT

public:
    explicit BytesCurve(QWidget* parent = nullptr);
    // `total` steps are expected; the curve may end earlier.
    void setBytes(const std::vector<double>& bytes, size_t total, std::optional<size_t> peak);
    // Goes on with the same curve, at a cost that the steps before have no part in.
    void addBytes(const std::vector<double>& more, size_t total, std::optional<size_t> peak);
    const std::vector<double>& bytes() const { return bytes_; }
    void setPosition(size_t position);
    size_t steps() const { return bytes_.size(); }
    std::optional<size_t> peak() const { return peak_; }

Q_SIGNALS:
    void stepChosen(size_t step);

protected:
    void restyle() override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    size_t stepAt(QPointF pos) const;

    QCPGraph* graph_;
    QCPGraph* peakMark_;
    QCPItemLine* position_;
    QCPItemText* peakText_; // over the line of the position
    std::vector<double> bytes_;
    double most_ = 0;
    size_t total_ = 0;
    std::optional<size_t> peak_;
};

} // namespace hopscope
