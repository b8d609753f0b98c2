#include "core/browse/notes.h"

#include <algorithm>
#include <ctime>

namespace hopscope {

namespace {
// As in a session: "2026-01-31T12:00:00Z".
std::string now() {
    const std::time_t seconds = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}
} // namespace

Status NoteStore::attach(std::unique_ptr<Session> session, const Dump& dump) {
    Status first;
    if (!session->read_only()) {
        for (const Note& note : notes_) {
            const Status added = session->restore_note(note);
            if (!added && first)
                first = added;
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

Result<int64_t> NoteStore::add(const Dump& dump, const std::string& address, const std::string& text) {
    if (session_)
        return session_->add_note(dump, address, text);
    Note note;
    note.id = ++last_;
    note.address = address;
    note.text = text;
    note.created = now();
    notes_.push_back(std::move(note));
    return last_;
}

Status NoteStore::edit(int64_t id, const std::string& text) {
    if (session_)
        return session_->edit_note(id, text);
    for (Note& note : notes_) {
        if (note.id == id) {
            note.text = text;
            note.changed = now();
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

Status NoteStore::restore(const Note& note) {
    if (session_)
        return session_->restore_note(note);
    const auto at = std::lower_bound(
        notes_.begin(), notes_.end(), note.id, [](const Note& other, int64_t id) { return other.id < id; });
    if (at != notes_.end() && at->id == note.id)
        *at = note;
    else
        notes_.insert(at, note);
    return {};
}

std::optional<Note> NoteStore::find(int64_t id) const {
    std::vector<Note> notes = all();
    for (Note& note : notes) {
        if (note.id == id)
            return std::move(note);
    }
    return std::nullopt;
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

std::string NoteStore::bookmark_at(int slot) const {
    for (const Bookmark& bookmark : bookmarks()) {
        if (bookmark.slot == slot)
            return bookmark.address;
    }
    return {};
}

Status NoteStore::toggle_bookmark(const Dump& dump, const std::string& address, const std::string& label) {
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
