// The body as PyTorch prints it, with the selected node's line marked; a click on a line selects its node.
#pragma once

#include "core/browse/document.h"
#include "views/base/follower.h"

#include <QPlainTextEdit>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace hopscope {

class FindBar;

class BodyText : public QPlainTextEdit, public Follower {
    Q_OBJECT

public:
    explicit BodyText(QWidget* parent = nullptr);

    void follow(const Shown& shown, Changes changed) override;
    void setDocument(std::shared_ptr<const Document> document);
    // Shows a body (nothing where the graph is none) and marks a node of it. Emits nothing.
    void showBody(const Place& body, NodeId selected);

    std::optional<int> lineOf(NodeId node) const; // from 0
    NodeId nodeAt(int line) const; // of a statement's line or the source comment above it

    // The text is searched, not the nodes: every match is marked, F3 goes from one to the next.
    void openFind();
    void findStep(int direction);
    FindBar& findBar() { return *find_; }

Q_SIGNALS:
    void nodeChosen(hopscope::NodeId node);

protected:
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyReleaseEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void fill(const Place& body);
    void mark();
    void chooseAtCursor();
    void search();
    void layOut();
    void sayHits(bool wrapped);

    std::shared_ptr<const Document> document_;
    Place body_;
    NodeId selected_;
    std::vector<std::optional<int>> lineOfNode_;
    std::vector<NodeId> nodeOfLine_;
    FindBar* find_;
    std::vector<std::pair<int, int>> hits_; // characters of the document
    std::optional<size_t> hit_; // the one that F3 is at
    QString findError_;
};

} // namespace hopscope
