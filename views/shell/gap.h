// The two panes with the gap between them. Where a forward body and its backward stand on the same rows, what
// leads from one to the other is drawn across the gap; it is still the handle that moves the border.
#pragma once

#include <QSplitter>

#include <functional>
#include <optional>
#include <vector>

namespace hopscope {

// A line from the right border of the left picture to the left border of the right one. Heights are those of
// PaneSplitter's coordinates, and may lie outside of it.
struct GapLine {
    double left = 0, right = 0;
    bool saved = false; // dashed; else the line of two nodes that belong together
    bool lit = false; // of what is selected, or under the pointer
};

class PaneSplitter : public QSplitter {
    Q_OBJECT

public:
    using QSplitter::QSplitter;

    // Called whenever the gap is painted; unset = a plain border. `top` and `bottom` of what it draws in.
    struct Lines {
        double top = 0, bottom = 0;
        std::vector<GapLine> lines;
    };
    void setLines(std::function<Lines()> lines);
    void updateGap(); // they moved, or others are lit
    const std::function<Lines()>& lines() const { return lines_; }

protected:
    QSplitterHandle* createHandle() override;

private:
    std::function<Lines()> lines_;
    std::optional<int> plainWidth_; // of the handle, as the style has it
};

} // namespace hopscope
