// The status bar: where one is or what was said last, the running job, and what is open in numbers.
#pragma once

#include "core/graph/problems.h"
#include "views/shell/windowstate.h"

#include <functional>
#include <optional>

class QLabel;
class QStatusBar;

namespace hopscope {

// Together as many as the list of problems has rows.
inline ProblemCount problemCount(const Document& document) {
    ProblemCount count = count_problems(document.dump().problems);
    count += count_problems(document.ledger().problems);
    count.problems += document.dump().failures.size();
    return count;
}

class StatusLine : public QObject, public Follower {
    Q_OBJECT

public:
    // What it asks when it needs it.
    struct Asks {
        std::function<QString()> remark; // to add to the place: why a picture is not as it was asked for
        std::function<QString()> detail; // of the remark, for the tooltip; empty = nothing to add
        // Not shown where none is told, as it differs from run to run.
        std::function<std::optional<double>()> readSeconds;
    };
    StatusLine(WindowState* state, QStatusBar* bar, Asks asks);

    void follow(const Shown& shown, Changes changed) override;
    void say(const QString& text, bool isError); // empty: where one is
    void sayPlace();

    void showZoom(double zoom); // 0: no picture

private:
    void showCounts(const Document* document);

    WindowState* state_;
    Asks asks_;
    QLabel* text_;
    QLabel *counts_, *zoom_;
};

} // namespace hopscope
