#include "views/shell/scenes.h"

#include "views/base/text.h"
#include "views/export/exporting.h"

namespace hopscope {

SceneStore::SceneStore(JobRunner* jobs, QObject* parent)
    : QObject(parent)
    , jobs_(jobs) { }

void SceneStore::setDocument(std::shared_ptr<const Document> document) {
    if (extends(document_, document)) {
        document_ = std::move(document);
        return; // the pictures are of the same bodies
    }
    for (const auto& [key, id] : running_)
        jobs_->cancel(id);
    running_.clear();
    scenes_.clear();
    document_ = std::move(document);
    ++generation_;
}

std::shared_ptr<const draw::Scene> SceneStore::get(const Key& key) {
    if (const auto found = scenes_.find(key); found != scenes_.end())
        return found->second;
    if (!document_ || running_.contains(key))
        return nullptr;
    auto result = std::make_shared<Result<draw::Scene>>(make_error(Error::Kind::Cancelled, "cancelled"));
    const std::shared_ptr<const Document> document = document_;
    const Place place{key.graph, key.body, {}};
    const QString name = tr("Laying out %1").arg(countOf(document->body(place).nodes.size(), "node"));
    const int generation = generation_;
    running_[key] = jobs_->start(
        name,
        [=](const Job& job) {
            const draw::Options options = sceneOptions(*document, place, key.fold, key.dot);
            *result = draw::make_scene(document->module(place.graph), place.body, options, job);
        },
        [=, this] {
            if (generation != generation_)
                return;
            running_.erase(key);
            if (*result) {
                scenes_[key] = std::make_shared<const draw::Scene>(std::move(result->value()));
                Q_EMIT ready(key);
            } else {
                Q_EMIT failed(key, qs(result->error().text()));
            }
        });
    return nullptr;
}

void SceneStore::keep(const std::set<Key>& wanted) {
    for (const auto& [key, id] : running_) {
        if (!wanted.contains(key))
            jobs_->cancel(id);
    }
}

void SceneStore::cancel(const Key& key) {
    if (const auto found = running_.find(key); found != running_.end())
        jobs_->cancel(found->second);
}

} // namespace hopscope
