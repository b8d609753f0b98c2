#include "views/shell/notes.h"

#include <algorithm>

namespace hopscope {

Status NoteStore::attach(std::unique_ptr<Session> session, const Dump& dump) {
    Status first;
    if (!session->read_only()) {
        for (const Note& note : notes_) {
            const Result<int64_t> added = session->add_note(dump, note.address, note.text);
            if (!added && first)
                first = added.error();
        }
        for (const Bookmark& bookmark : bookmarks_) {
            const Status set = session->set_bookmark(dump, bookmark.slot, bookmark.address, bookmark.label);
            if (!set && first)
                first = set;
        }
    }
    session_ = std::move(session);
    notes_.clear();
    bookmarks_.clear();
    return first;
}

void NoteStore::clear() {
    session_.reset();
    notes_.clear();
    bookmarks_.clear();
    last_ = 0;
}

Status NoteStore::add(const Dump& dump, const std::string& address, const std::string& text) {
    if (session_) {
        const Result<int64_t> added = session_->add_note(dump, address, text);
        return added ? Status() : Status(added.error());
    }
    Note note;
    note.id = ++last_;
    note.address = address;
    note.text = text;
    notes_.push_back(std::move(note));
    return {};
}

Status NoteStore::edit(int64_t id, const std::string& text) {
    if (session_)
        return session_->edit_note(id, text);
    for (Note& note : notes_) {
        if (note.id == id) {
            note.text = text;
            return {};
        }
    }
    return make_error(Error::Kind::NotFound, "there is no note " + std::to_string(id));
}

Status NoteStore::remove(int64_t id) {
    if (session_)
        return session_->remove_note(id);
    std::erase_if(notes_, [id](const Note& note) { return note.id == id; });
    return {};
}

std::vector<Note> NoteStore::all() const {
    if (!session_)
        return notes_;
    Result<std::vector<Note>> notes = session_->notes();
    return notes ? std::move(*notes) : std::vector<Note>{};
}

std::vector<Note> NoteStore::at(const std::string& address) const {
    std::vector<Note> here = all();
    std::erase_if(here, [&](const Note& note) { return note.address != address; });
    return here;
}

std::vector<Bookmark> NoteStore::bookmarks() const {
    if (!session_)
        return bookmarks_;
    Result<std::vector<Bookmark>> bookmarks = session_->bookmarks();
    return bookmarks ? std::move(*bookmarks) : std::vector<Bookmark>{};
}

std::string NoteStore::bookmarkAt(int slot) const {
    for (const Bookmark& bookmark : bookmarks()) {
        if (bookmark.slot == slot)
            return bookmark.address;
    }
    return {};
}

Status NoteStore::toggleBookmark(const Dump& dump, const std::string& address, const std::string& label) {
    const std::vector<Bookmark> there = bookmarks();
    for (const Bookmark& bookmark : there) {
        if (bookmark.address != address)
            continue;
        if (session_)
            return session_->remove_bookmark(bookmark.slot);
        std::erase_if(bookmarks_, [&](const Bookmark& b) { return b.slot == bookmark.slot; });
        return {};
    }
    for (int slot = 1; slot < kBookmarkSlots; ++slot) {
        if (std::any_of(there.begin(), there.end(), [slot](const Bookmark& b) { return b.slot == slot; }))
            continue;
        if (session_)
            return session_->set_bookmark(dump, slot, address, label);
        Bookmark bookmark;
        bookmark.slot = slot;
        bookmark.address = address;
        bookmark.label = label;
        bookmarks_.push_back(std::move(bookmark));
        return {};
    }
    return make_error(Error::Kind::Usage, "all nine bookmarks are taken: take one away first");
}

} // namespace hopscope
