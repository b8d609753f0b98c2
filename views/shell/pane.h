// One of the two panes: a breadcrumb that says which body, a choice of any other body, the canvas, and find.
#pragma once

#include "core/browse/document.h"

#include <QWidget>

#include <memory>
#include <optional>
#include <vector>

class QLabel;
class QMenu;
class QToolButton;

namespace hopscope {

class Canvas;
class FindBar;

class PaneView : public QWidget {
    Q_OBJECT

public:
    explicit PaneView(const QString& name, QWidget* parent = nullptr);

    void setDocument(std::shared_ptr<const Document> document);
    // What the header says. `row` is the current invocation if the body is one of its bodies, else none.
    void setBody(const Place& body, std::optional<int> row, bool focused);
    const Place& body() const { return body_; }
    QString breadcrumb() const; // plain

    Canvas& canvas() { return *canvas_; }
    const Canvas& canvas() const { return *canvas_; }
    FindBar& findBar() { return *find_; }

Q_SIGNALS:
    void bodyChosen(const hopscope::Place& body);
    void rowChosen(int row);
    void compilationChosen(hopscope::CompilationId compilation);
    void focused();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void fillMenu();
    void updateHeader();

    std::shared_ptr<const Document> document_;
    Place body_;
    std::optional<int> row_;
    bool isFocused_ = false;
    QLabel* crumbs_;
    QLabel* half_; // "Forward": unmistakable, also in grey
    QToolButton* choose_;
    QMenu* menu_;
    Canvas* canvas_;
    FindBar* find_; // of whoever searches
};

} // namespace hopscope
