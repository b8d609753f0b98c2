// What colours, letters, shapes and lines mean: of every picture (core/draw/legend.h), and of what the window
// marks on it.
#pragma once

#include <QScrollArea>

namespace hopscope {

class LegendView : public QScrollArea {
    Q_OBJECT

public:
    explicit LegendView(QWidget* parent = nullptr);
    QString text() const; // all words of it, a line each: what a screen reader is told

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    class Sheet;
    Sheet* sheet_;
};

} // namespace hopscope
