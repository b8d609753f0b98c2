#include "views/shell/notehistory.h"

#include <QCoreApplication>
#include <QUndoCommand>

#include <optional>

namespace hopscope {

namespace {
constexpr int kMostSteps = 1000;

QString stepText(const char* text) {
    return QCoreApplication::translate("NoteHistory", text);
}

// One note before and after; none = it was not there. Does nothing by itself: a command of QUndoStack cannot
// fail, writing a file can, so that the history changes the note first and moves through the stack after
// that.
class Step : public QUndoCommand {
public:
    Step(const QString& text, std::optional<Note> was, std::optional<Note> is)
        : QUndoCommand(text)
        , before(std::move(was))
        , after(std::move(is)) { }

    const std::string& address() const { return before ? before->address : after->address; }

    const std::optional<Note> before, after;
};

Status change(NoteStore& store, const std::optional<Note>& from, const std::optional<Note>& to) {
    return to ? store.restore(*to) : store.remove(from->id);
}
} // namespace

NoteHistory::NoteHistory(NoteStore* store)
    : store_(store) {
    stack_.setUndoLimit(kMostSteps);
}

Status NoteHistory::add(const Dump& dump, const std::string& address, const std::string& text) {
    const Result<int64_t> id = store_->add(dump, address, text);
    if (!id)
        return id.error();
    if (std::optional<Note> note = store_->find(*id))
        stack_.push(new Step(stepText("add note"), std::nullopt, std::move(note)));
    return {};
}

Status NoteHistory::edit(int64_t id, const std::string& text) {
    std::optional<Note> before = store_->find(id);
    if (before && before->text == text)
        return {};
    if (Status status = store_->edit(id, text); !status)
        return status;
    if (std::optional<Note> after = store_->find(id); before && after)
        stack_.push(new Step(stepText("edit note"), std::move(before), std::move(after)));
    return {};
}

Status NoteHistory::remove(int64_t id) {
    std::optional<Note> before = store_->find(id);
    if (Status status = store_->remove(id); !status)
        return status;
    if (before)
        stack_.push(new Step(stepText("delete note"), std::move(before), std::nullopt));
    return {};
}

void NoteHistory::clear() {
    stack_.clear();
}

Result<std::string> NoteHistory::undo() {
    if (!canUndo())
        return make_error(Error::Kind::Usage, "there is nothing to undo");
    const auto& step = static_cast<const Step&>(*stack_.command(stack_.index() - 1));
    if (Status status = change(*store_, step.after, step.before); !status)
        return status.error();
    stack_.undo();
    return step.address();
}

Result<std::string> NoteHistory::redo() {
    if (!canRedo())
        return make_error(Error::Kind::Usage, "there is nothing to redo");
    const auto& step = static_cast<const Step&>(*stack_.command(stack_.index()));
    if (Status status = change(*store_, step.before, step.after); !status)
        return status.error();
    stack_.redo();
    return step.address();
}

} // namespace hopscope
