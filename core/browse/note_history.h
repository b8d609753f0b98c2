// Undo and redo for the user's notes, in memory and in a session's file alike.
#pragma once

#include "core/browse/notes.h"

#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace hopscope {

// Changes notes and remembers how to take each change back. A change that the store refuses is no step: the
// notes and the steps stay as they were, and the error says why.
class NoteHistory {
public:
    enum class Kind { Add, Edit, Remove };

    explicit NoteHistory(NoteStore* store)
        : store_(store) { }

    Status add(const std::string& address, const std::string& text);
    Status edit(int64_t id, const std::string& text);
    Status remove(int64_t id);
    void clear(); // the notes are others now: their steps are of no use

    bool can_undo() const { return at_ > 0; }
    bool can_redo() const { return at_ < steps_.size(); }
    // What undo() would take back, and redo() do again; none = nothing.
    std::optional<Kind> undo_kind() const;
    std::optional<Kind> redo_kind() const;
    // The address of the note that came back, changed or went. Usage error where there is no step.
    Result<std::string> undo();
    Result<std::string> redo();

private:
    // One note before and after; none = it was not there.
    struct Step {
        Kind kind;
        std::optional<Note> before, after;
        const std::string& address() const { return before ? before->address : after->address; }
    };
    void push(Step step);
    Status change(const std::optional<Note>& from, const std::optional<Note>& to);
    std::optional<Note> copy(int64_t id) const;

    NoteStore* store_;
    std::deque<Step> steps_;
    size_t at_ = 0; // steps before it are done, those from it on were undone
};

} // namespace hopscope
