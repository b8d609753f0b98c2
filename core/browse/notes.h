// The user's notes and bookmarks: in the session's file as soon as there is one, until then in memory.
//
// Nothing that the user wrote is lost or hidden: what a session refuses to take stays here as unsaved, what
// cannot be read is said, and notes about places that the dump does not have are told apart and not left out.
// The store reads a session once; after that a look-up asks memory, never the file.
#pragma once

#include "core/browse/document.h"
#include "core/session/session.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hopscope {

class NoteStore {
public:
    // What the notes are about; notes and bookmarks stay. Null: nothing is open.
    void set_document(std::shared_ptr<const Document> document);
    // Takes the session whose file everything goes to from now on, and reads what is in it. What the store
    // holds already is written to it: a note under its number, or under the next free one where the session
    // has another note of that number; a bookmark in its slot, in the next free one, or as a note. What
    // cannot be written stays in the store as unsaved. Error: what could not be read or written, counted,
    // with the first reason. The session is taken all the same.
    Status attach(std::unique_ptr<Session> session);
    // Closes the session and forgets what it holds; what is unsaved stays.
    void detach();
    void clear(); // closes the session, forgets everything

    Session* session() const { return session_.get(); }
    bool has_file() const { return session_ != nullptr; }
    bool read_only() const { return session_ && session_->read_only(); }
    // Whether anything would be lost if the store were cleared now.
    bool has_unsaved() const { return unsaved() > 0; }
    size_t unsaved() const;
    // Tries again to write what is unsaved into the session. Error: as attach.
    Status save_unsaved();
    // Why the session's notes or bookmarks are not (all) here; empty = they are.
    const std::string& unreadable() const { return unreadable_; }

    // The new note's id. Errors: those of the address, and of writing; then nothing has changed.
    Result<int64_t> add(const std::string& address, const std::string& text);
    Status edit(int64_t id, const std::string& text);
    Status remove(int64_t id);
    Status restore(const Note& note); // the note is as given, id included, whether it is there or not

    const std::vector<Note>& all() const { return notes_; } // by id
    const Note* find(int64_t id) const; // null = there is none; until the next change
    // Those about one place, however the address was spelled.
    std::vector<Note> at(std::string_view address) const;
    // Those whose address is of no place in the document.
    std::vector<Note> elsewhere() const;
    // The nodes of a body that have a note or a bookmark, in graph order.
    const std::vector<NodeId>& marked(GraphId graph, BodyId body) const;

    // Sets a bookmark in the first free slot from 1 on, or takes the one at the address away.
    Status toggle_bookmark(const std::string& address, const std::string& label);
    const std::vector<Bookmark>& bookmarks() const { return bookmarks_; } // by slot
    std::string bookmark_at(int slot) const; // its address, empty = none

private:
    void read();
    Status write(const std::vector<Note>& notes, const std::vector<Bookmark>& bookmarks);
    Status take(Note note);
    Status take(Bookmark bookmark);
    Result<std::string> checked_address(const std::string& address) const;
    void put(const Note& note);
    void put(const Bookmark& bookmark);
    const Bookmark* bookmark_in(int slot) const;
    int free_slot() const; // from 1 on; kBookmarkSlots = none is free
    std::vector<Note>::iterator place_of(int64_t id);
    std::optional<Place> resolved(std::string_view address) const;
    void located() const;
    void changed() { located_ = false; }

    std::shared_ptr<const Document> document_;
    std::unique_ptr<Session> session_;
    std::vector<Note> notes_; // by id: those of the session, and those that are in no file
    std::vector<Bookmark> bookmarks_; // by slot, likewise
    std::set<int64_t> unsaved_notes_; // in no file
    std::set<int> unsaved_bookmarks_; // slots, likewise
    std::string unreadable_;
    int64_t last_ = 0; // the highest number given so far

    // Where they are in the document: found once after each change.
    mutable bool located_ = false;
    mutable std::vector<std::optional<Place>> places_; // of notes_
    mutable std::unordered_map<uint64_t, std::vector<NodeId>> marked_; // by body
};

} // namespace hopscope
