#include "core/browse/note_history.h"

namespace hopscope {

namespace {
constexpr size_t kMostSteps = 1000;
}

std::optional<Note> NoteHistory::copy(int64_t id) const {
    const Note* note = store_->find(id);
    return note ? std::optional<Note>(*note) : std::nullopt;
}

void NoteHistory::push(Step step) {
    steps_.resize(at_);
    steps_.push_back(std::move(step));
    if (steps_.size() > kMostSteps)
        steps_.pop_front();
    at_ = steps_.size();
}

Status NoteHistory::change(const std::optional<Note>& from, const std::optional<Note>& to) {
    return to ? store_->restore(*to) : store_->remove(from->id);
}

Status NoteHistory::add(const std::string& address, const std::string& text) {
    const Result<int64_t> id = store_->add(address, text);
    if (!id)
        return id.error();
    push({Kind::Add, std::nullopt, copy(*id)});
    return {};
}

Status NoteHistory::edit(int64_t id, const std::string& text) {
    std::optional<Note> before = copy(id);
    if (before && before->text == text)
        return {};
    if (Status status = store_->edit(id, text); !status)
        return status;
    push({Kind::Edit, std::move(before), copy(id)});
    return {};
}

Status NoteHistory::remove(int64_t id) {
    std::optional<Note> before = copy(id);
    if (Status status = store_->remove(id); !status)
        return status;
    push({Kind::Remove, std::move(before), std::nullopt});
    return {};
}

void NoteHistory::clear() {
    steps_.clear();
    at_ = 0;
}

std::optional<NoteHistory::Kind> NoteHistory::undo_kind() const {
    return can_undo() ? std::optional<Kind>(steps_[at_ - 1].kind) : std::nullopt;
}

std::optional<NoteHistory::Kind> NoteHistory::redo_kind() const {
    return can_redo() ? std::optional<Kind>(steps_[at_].kind) : std::nullopt;
}

Result<std::string> NoteHistory::undo() {
    if (!can_undo())
        return make_error(Error::Kind::Usage, "there is nothing to undo");
    const Step& step = steps_[at_ - 1];
    if (Status status = change(step.after, step.before); !status)
        return status.error();
    --at_;
    return step.address();
}

Result<std::string> NoteHistory::redo() {
    if (!can_redo())
        return make_error(Error::Kind::Usage, "there is nothing to redo");
    const Step& step = steps_[at_];
    if (Status status = change(step.before, step.after); !status)
        return status.error();
    ++at_;
    return step.address();
}

} // namespace hopscope
