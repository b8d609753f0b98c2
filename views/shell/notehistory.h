// Undo and redo for the user's notes, in memory and in a session's file alike.
#pragma once

#include "core/browse/notes.h"

#include <QString>
#include <QUndoStack>

namespace hopscope {

// Changes notes and remembers how to take each change back. A change that the store refuses is no step: the
// notes and the steps stay as they were, and the error says why.
class NoteHistory {
public:
    explicit NoteHistory(NoteStore* store);

    Status add(const Dump& dump, const std::string& address, const std::string& text);
    Status edit(int64_t id, const std::string& text);
    Status remove(int64_t id);
    void clear(); // the notes are others now: their steps are of no use

    bool canUndo() const { return stack_.canUndo(); }
    bool canRedo() const { return stack_.canRedo(); }
    QString undoText() const { return stack_.undoText(); } // "delete note"; empty = nothing to undo
    QString redoText() const { return stack_.redoText(); }
    // The address of the note that came back, changed or went. Usage error where there is no step.
    Result<std::string> undo();
    Result<std::string> redo();

private:
    NoteStore* store_;
    QUndoStack stack_;
};

} // namespace hopscope
