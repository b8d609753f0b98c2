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

namespace {

struct Kept {
    std::shared_ptr<const Document> document; // which the picture refers to
    NumberedPicture picture;
};

Result<std::shared_ptr<const NumberedPicture>> drawn(
    const std::shared_ptr<const Document>& document, const SceneStore::Key& key, const Job& job) {
    const Place place{key.graph, key.body, {}};
    const draw::Options options = sceneOptions(*document, place, key.fold, key.dot);
    const Place beside{key.beside.graph, key.beside.body, {}};
    auto made = !beside.graph
        ? make_picture(document->dump(), &document->ledger(), place, options, key.choice, job)
        : make_half_picture(document->dump(), &document->ledger(),
            {.forward = key.backward ? beside : place,
                .backward = key.backward ? place : beside,
                .forward_choice = key.backward ? key.beside_choice : key.choice,
                .backward_choice = key.backward ? key.choice : key.beside_choice,
                .want_backward = key.backward},
            options, job);
    if (!made)
        return made.error();
    auto kept = std::make_shared<const Kept>(
        Kept{document, NumberedPicture(document->dump(), std::move(*made), place)});
    return std::shared_ptr<const NumberedPicture>(kept, &kept->picture);
}

} // namespace

std::shared_ptr<const NumberedPicture> SceneStore::get(const Key& key) {
    if (const auto found = scenes_.find(key); found != scenes_.end())
        return found->second;
    if (!document_ || running_.contains(key))
        return nullptr;
    using Made = Result<std::shared_ptr<const NumberedPicture>>;
    auto result = std::make_shared<Made>(make_error(Error::Kind::Cancelled, "cancelled"));
    const std::shared_ptr<const Document> document = document_;
    const Place place{key.graph, key.body, {}};
    const QString name = tr("Laying out %1").arg(countOf(document->body(place).nodes.size(), "node"));
    const int generation = generation_;
    running_[key] = jobs_->start(
        name, [=](const Job& job) { *result = drawn(document, key, job); },
        [=, this] {
            if (generation != generation_)
                return;
            running_.erase(key);
            if (*result) {
                scenes_[key] = std::move(result->value());
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
