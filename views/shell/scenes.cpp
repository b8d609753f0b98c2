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

using Drawn = std::map<SceneStore::Key, std::shared_ptr<const NumberedPicture>>;

// The picture that was asked for, and of two on shared rows the other one as well.
Result<Drawn> drawn(
    const std::shared_ptr<const Document>& document, const SceneStore::Key& key, const Job& job) {
    const Place place{key.graph, key.body, {}};
    const draw::Options options = sceneOptions(*document, place, key.fold, key.dot);
    Drawn pictures;
    const auto take = [&](const SceneStore::Key& of, Picture&& made) {
        const Place at{of.graph, of.body, {}};
        auto kept = std::make_shared<const Kept>(
            Kept{document, NumberedPicture(document->dump(), std::move(made), at)});
        pictures[of] = std::shared_ptr<const NumberedPicture>(kept, &kept->picture);
    };
    if (!key.beside.graph) {
        auto made = make_picture(document->dump(), &document->ledger(), place, options, key.choice, job);
        if (!made)
            return made.error();
        take(key, std::move(*made));
        return pictures;
    }
    const SceneStore::Key forward = key.backward ? key.other() : key, backward = forward.other();
    auto made = make_half_pictures(document->dump(), &document->ledger(),
        {.forward = {forward.graph, forward.body, {}},
            .backward = {backward.graph, backward.body, {}},
            .forward_choice = forward.choice,
            .backward_choice = backward.choice},
        options, job);
    if (!made)
        return made.error();
    take(forward, std::move(made->forward));
    take(backward, std::move(made->backward));
    return pictures;
}

} // namespace

std::shared_ptr<const NumberedPicture> SceneStore::get(const Key& key) {
    if (const auto found = scenes_.find(key); found != scenes_.end())
        return found->second;
    if (!document_ || running_.contains(key))
        return nullptr;
    auto result = std::make_shared<Result<Drawn>>(make_error(Error::Kind::Cancelled, "cancelled"));
    const std::shared_ptr<const Document> document = document_;
    const Place place{key.graph, key.body, {}};
    const QString name = tr("Laying out %1").arg(countOf(document->body(place).nodes.size(), "node"));
    const int generation = generation_;
    const std::vector<Key> keys =
        key.beside.graph ? std::vector<Key>{key, key.other()} : std::vector<Key>{key};
    const JobRunner::Id id = jobs_->start(
        name, [=](const Job& job) { *result = drawn(document, key, job); },
        [=, this] {
            if (generation != generation_)
                return;
            for (const Key& of : keys)
                running_.erase(of);
            if (*result) {
                for (auto& [of, picture] : **result)
                    scenes_[of] = std::move(picture);
                for (const Key& of : keys)
                    Q_EMIT ready(of);
            } else {
                for (const Key& of : keys)
                    Q_EMIT failed(of, qs(result->error().text()));
            }
        });
    for (const Key& of : keys)
        running_[of] = id;
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
