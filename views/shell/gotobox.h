// Go to: type a part of a node's, body's or region's name, an address, or file.py:line; pick from the list.
#pragma once

#include "core/browse/go_to.h"

#include <QFrame>

#include <memory>
#include <vector>

class QLineEdit;
class QListWidget;

namespace hopscope {

class GotoBox : public QFrame {
    Q_OBJECT

public:
    explicit GotoBox(QWidget* parent);

    void open(std::shared_ptr<const Document> document, const Place& near);
    QLineEdit& input() { return *input_; }
    QListWidget& list() { return *list_; }

Q_SIGNALS:
    void placeChosen(const hopscope::Place& place);
    void rowChosen(int row);
    void regionChosen(hopscope::RegionRef region);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    void refresh();
    void choose(int item);
    void leave();

    std::shared_ptr<const Document> document_;
    Place near_;
    std::vector<GoToHit> hits_;
    QStringList chosen_; // of this document, the latest last
    QLineEdit* input_;
    QListWidget* list_;
    QWidget* before_ = nullptr; // had the focus
};

} // namespace hopscope
