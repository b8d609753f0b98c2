// Pictures of bodies, laid out in the background and kept: one per body and way of drawing it.
#pragma once

#include "core/browse/document.h"
#include "core/export/numbered.h"
#include "views/base/jobs.h"

#include <QObject>

#include <compare>
#include <map>
#include <memory>
#include <set>

namespace hopscope {

class SceneStore : public QObject {
    Q_OBJECT

public:
    struct Key {
        GraphId graph;
        BodyId body;
        bool fold = true;
        bool dot = false;
        PictureChoice choice{};
        // The body in the pane beside, where the two are drawn on shared rows, and how that one is drawn.
        struct Body {
            GraphId graph;
            BodyId body;
            friend auto operator<=>(const Body&, const Body&) = default;
        } beside{};
        PictureChoice beside_choice{};
        bool backward = false; // which of the two this one is
        Body place() const { return {graph, body}; }
        // Of the two on shared rows, the other one, which is laid out with this one.
        Key other() const {
            return {beside.graph, beside.body, fold, dot, beside_choice, place(), choice, !backward};
        }
        // The same body alone: from where it is seen is remembered by that.
        Key alone() const { return {graph, body, fold, dot, choice}; }
        friend auto operator<=>(const Key&, const Key&) = default;
    };

    SceneStore(JobRunner* jobs, QObject* parent = nullptr);

    void setDocument(std::shared_ptr<const Document> document); // forgets all pictures
    // The picture if it is there; else null, and ready() or failed() follows. Pictures that are asked for no
    // more are not waited for: keep() says which are. A picture keeps its document.
    std::shared_ptr<const NumberedPicture> get(const Key& key);
    void keep(const std::set<Key>& wanted); // cancels the layout of all others
    void cancel(const Key& key);

Q_SIGNALS:
    void ready(const hopscope::SceneStore::Key& key);
    void failed(const hopscope::SceneStore::Key& key, const QString& message);

private:
    JobRunner* jobs_;
    std::shared_ptr<const Document> document_;
    std::map<Key, std::shared_ptr<const NumberedPicture>> scenes_;
    std::map<Key, JobRunner::Id> running_;
    int generation_ = 0; // of the document: results of an older one are dropped
};

} // namespace hopscope
