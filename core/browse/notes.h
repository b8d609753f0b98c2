// The user's notes and bookmarks: in the session's file as soon as there is one, until then in memory.
#pragma once

#include "core/session/session.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hopscope {

class NoteStore {
public:
    // Takes the session whose file everything goes to from now on. What was kept in memory is written to it
    // first, the notes under the ids that they have.
    Status attach(std::unique_ptr<Session> session, const Dump& dump);
    void clear(); // closes the session, forgets everything

    Session* session() const { return session_.get(); }
    bool has_file() const { return session_ != nullptr; }
    bool read_only() const { return session_ && session_->read_only(); }
    bool has_unsaved() const { return !session_ && (!notes_.empty() || !bookmarks_.empty()); }

    // The new note's id.
    Result<int64_t> add(const Dump& dump, const std::string& address, const std::string& text);
    Status edit(int64_t id, const std::string& text);
    Status remove(int64_t id);
    Status restore(const Note& note); // the note is as given, id included, whether it is there or not
    std::optional<Note> find(int64_t id) const;
    std::vector<Note> all() const;
    std::vector<Note> at(const std::string& address) const;

    // Sets a bookmark in the first free slot from 1 on, or takes the one at the address away.
    Status toggle_bookmark(const Dump& dump, const std::string& address, const std::string& label);
    std::vector<Bookmark> bookmarks() const;
    std::string bookmark_at(int slot) const; // its address, empty = none

private:
    std::unique_ptr<Session> session_;
    std::vector<Note> notes_; // while there is no session
    std::vector<Bookmark> bookmarks_;
    int64_t last_ = 0;
};

} // namespace hopscope
